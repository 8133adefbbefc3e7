"""Times, text and bytes, in both formats: the same keys and documents, chunks that each reads from the other."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import zarr

import terrazzo

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers

TEXTS = ["", "a", "é€字", "a\0", "x" * 300]
BYTES = [b"", b"a", b"\xff\xfe", b"a\0", b"x" * 300]
NUMBERS = np.array([0, 1, -1, -(2**63), 2**63 - 1])

CASES = {
    # name: dtype, fill values, elements
    "points": ("M8[s]", [None, "2024-05-06", 0], NUMBERS.view("M8[s]")),
    "points in steps": (">M8[25us]", [None, 7], NUMBERS.astype(">i8").view(">M8[25us]")),
    "points without a unit": ("M8", [None], np.full(5, "NaT", dtype="M8")),
    "spans": ("m8[10s]", [None, -3], NUMBERS.view("m8[10s]")),
    "spans in the other order": (">m8[ns]", [None, 2**63 - 1], NUMBERS.astype(">i8").view(">m8[ns]")),
    "spans without a unit": ("m8", [None, 5], NUMBERS.view("m8")),
    "characters": ("U3", [None, "ab", "é€字"], np.array(["", "a", "é€字", "\0a", "xyz"])),
    "characters in the other order": (">U3", [None, "ab"], np.array(["", "a", "é€字", "\0a", "xyz"], dtype=">U3")),
    "terminated bytes": ("S3", [None, b"ab", b"a\0b"], np.array([b"", b"a", b"\xff\xfe\xfd", b"\0a", b"xyz"])),
    "raw bytes": ("V3", [None, b"abc", b"a"], np.array([b"", b"a", b"\xff\xfe\xfd", b"\0\0a", b"xyz"], dtype="V3")),
    "text": ("string", [None, "", 'é\n"', "x" * 50], np.array(TEXTS, dtype="T")),
    "bytes": ("bytes", [None, b"", b"\0\xff"], np.array(BYTES, dtype=object)),
}
WAYS = {
    "v3": {"chunks": 2},
    "v3, stored": {"chunks": 2, "compressors": None},
    "v3, sharded": {"chunks": 1, "shards": 2},
    "v2": {"chunks": 2, "zarr_format": 2},
    "v2, stored": {"chunks": 2, "zarr_format": 2, "compressors": None},
}
each_way = pytest.mark.parametrize("way", WAYS)
each_fill = pytest.mark.parametrize(
    ("name", "fill"), [(name, fill) for name, (_, fills, _) in CASES.items() for fill in fills], ids=ascii
)


def write(module, folder, name, fill, way):
    dtype, _, data = CASES[name]
    if name == "bytes":  # zarr-python takes the name in version 3 only
        dtype = module.dtype.VariableLengthBytes()
    given = {} if fill is None else {"fill_value": fill}
    array = module.create_array(str(folder), shape=9, dtype=dtype, **given, **WAYS[way])
    array[2:7] = data
    return array


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def same(left, right):
    left, right = np.asarray(left), np.asarray(right)
    if right.dtype.hasobject:
        return left.tolist() == right.tolist()
    return left.astype(right.dtype).tobytes() == right.tobytes()


@each_fill
@each_way
def test_both_leave_the_same_and_read_the_others(name, fill, way, tmp_path):
    for module in (zarr, terrazzo):
        write(module, tmp_path / module.__name__, name, fill, way)
    left, right = (content(tmp_path / module.__name__) for module in (zarr, terrazzo))
    assert left.keys() == right.keys()
    if "stored" in way:
        assert left == right
    documents = [key for key in left if key.endswith(("zarr.json", ".zarray", ".zattrs"))]
    assert {key: left[key] for key in documents} == {key: right[key] for key in documents}
    data = CASES[name][2]
    for reader, writer in ((zarr, terrazzo), (terrazzo, zarr)):
        array = reader.open_array(str(tmp_path / writer.__name__), mode="r")
        assert same(array[2:7], data)
    ours, theirs = (module.open_array(str(tmp_path / "zarr"), mode="r") for module in (terrazzo, zarr))
    assert same(ours[...], theirs[...])


@pytest.mark.parametrize("name", CASES)
def test_a_part_that_one_writes_the_other_reads(name, tmp_path):
    write(zarr, tmp_path, name, None, "v3")
    data = CASES[name][2]
    terrazzo.open_array(str(tmp_path), mode="r+")[4:6] = data[3:]
    zarr.open_array(str(tmp_path), mode="r+")[1:3] = data[:2]
    for module in (zarr, terrazzo):
        array = module.open_array(str(tmp_path), mode="r")
        assert same(array[4:6], data[3:])
        assert same(array[1:3], data[:2])


@pytest.mark.parametrize("module", [zarr, terrazzo], ids=lambda module: module.__name__)
def test_bytes_have_either_name(module, tmp_path):
    array = write(terrazzo, tmp_path, "bytes", b"ab", "v3")
    document = json.loads((tmp_path / "zarr.json").read_text())
    assert document["data_type"] == "variable_length_bytes"
    (tmp_path / "zarr.json").write_text(json.dumps({**document, "data_type": "bytes"}))
    read = module.open_array(str(tmp_path), mode="r")
    assert read[...].tolist() == array[...].tolist()
    assert document["fill_value"] == base64.b64encode(b"ab").decode()
