"""Structs beside zarr-python's in both formats, small numbers beside tensorstore's: each reads what the other wrote."""

import json

import ml_dtypes
import numpy as np
import pytest
import tensorstore
import zarr

import terrazzo

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers

POINT = [("x", "<f4"), ("flag", "?")]
STRUCTS = {
    # name: fields, and fill values; zarr-python cannot compress times within structs in version 2
    "numbers": (POINT, [None, (-0.0, True), (np.nan, False)]),
    "one byte": ([("a", "i1"), ("b", "u1")], [None, (-1, 255)]),
    "orders": ([("a", "<i2"), ("b", ">i4"), ("c", ">c16")], [None, (1, 2, 3j)]),
    "nested": ([("id", "<u8"), ("at", [("p", POINT), ("q", ">i2")])], [None, (1, ((2.5, True), 3))]),
    "text": ([("name", "<U3"), ("tag", "S2"), ("raw", "V3")], [None, ("ab", b"c", b"xyz")]),
}
WAYS = {
    "v3": {"chunks": (2, 3)},
    "v3, stored": {"chunks": (2, 3), "compressors": None},
    "v3, sharded": {"chunks": (2, 3), "shards": (4, 3)},
    "v2": {"chunks": (2, 3), "zarr_format": 2},
    "v2, stored, F": {"chunks": (2, 3), "zarr_format": 2, "compressors": None, "order": "F"},
}
SHARED = (
    *("bfloat16", "float8_e3m4", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2"),
    *("float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "int2", "int4"),
)


def elements(native):
    """Elements in which every field counts."""
    found = np.zeros((5, 4), dtype=native)
    fill_fields(found, 1)
    return found


def fill_fields(array, seed):
    if array.dtype.names is not None:
        for position, name in enumerate(array.dtype.names):
            fill_fields(array[name], seed * 3 + position)
        return
    numbers = np.random.default_rng(seed).integers(0, 100, size=array.shape)
    kind = array.dtype.kind
    array[...] = (
        numbers.astype("S3").view("V3") if kind == "V" else numbers.astype(str) if kind in "SU" else numbers % 2
    )


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "fill"), [(name, fill) for name, (_, fills) in STRUCTS.items() for fill in fills], ids=ascii
)
@pytest.mark.parametrize("way", WAYS)
def test_both_leave_the_same_structs_and_read_the_others(name, fill, way, tmp_path):
    native = np.dtype(STRUCTS[name][0])
    data = elements(native)
    given = {} if fill is None else {"fill_value": fill}
    for module in (zarr, terrazzo):
        array = module.create_array(str(tmp_path / module.__name__), shape=(5, 4), dtype=native, **given, **WAYS[way])
        array[:3] = data[:3]
        array[3, 1] = data[3, 1]
    left, right = (content(tmp_path / module.__name__) for module in (zarr, terrazzo))
    assert left.keys() == right.keys()
    for key in left:
        if "stored" in way or key.endswith(("zarr.json", ".zarray", ".zattrs")):
            assert left[key] == right[key], key
    results = [
        np.asarray(reader.open_array(str(tmp_path / writer.__name__), mode="r")[...]).astype(native).tobytes()
        for reader in (zarr, terrazzo)
        for writer in (zarr, terrazzo)
    ]
    assert len(set(results)) == 1
    assert np.frombuffer(results[0], dtype=native).reshape(5, 4)[:3].tobytes() == data[:3].tobytes()


@pytest.mark.parametrize("endian", ["little", "big"])
def test_zarr_reads_structs_in_either_byte_order(endian, tmp_path):
    data = elements(np.dtype(STRUCTS["nested"][0]))
    serializer = {"name": "bytes", "configuration": {"endian": endian}}
    array = terrazzo.create_array(str(tmp_path), shape=data.shape, dtype=data.dtype, serializer=serializer)
    array[...] = data
    read = zarr.open_array(str(tmp_path), mode="r")[...]
    assert read.astype(data.dtype).tobytes() == data.tobytes()


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_small_numbers_are_exchanged_with_tensorstore(name, endian, tmp_path):
    data = np.array([1, 0.5, -1, 1, 0, 1]).astype(getattr(ml_dtypes, name))
    value = 1.0
    if name == "float8_e8m0fnu":
        data = np.array([1, 0.5, 2, 1, 4, 1]).astype(ml_dtypes.float8_e8m0fnu)
        value = 2.0**-127  # tensorstore 0.1.86 takes the first bits of a float32: 1.0 is 2^-64 to it
    serializer = {"name": "bytes", "configuration": {"endian": endian}}
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    array = terrazzo.create_array(str(ours), shape=8, chunks=4, dtype=name, fill_value=value, serializer=serializer)
    array[:6] = data
    expected = array[...].tobytes()
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{ours}/"}}
    assert tensorstore.open(spec, open=True).result().read().result().tobytes() == expected
    document = json.loads((ours / "zarr.json").read_text())
    members = {key: document[key] for key in ("shape", "data_type", "chunk_grid", "fill_value", "codecs")}
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{theirs}/"}, "metadata": members}
    tensorstore.open(spec, create=True).result()[:6].write(data).result()
    assert terrazzo.open_array(str(theirs), mode="r")[...].tobytes() == expected


@pytest.mark.parametrize("name", SHARED)
def test_the_default_fill_value_of_tensorstore_is_read(name, tmp_path):
    metadata = {"data_type": name, "shape": [3]}
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{tmp_path}/"}, "metadata": metadata}
    tensorstore.open(spec, create=True).result()
    array = terrazzo.open_array(str(tmp_path), mode="r")
    assert array[...].tobytes() == bytes(3 * array.dtype.itemsize)
