"""Creating arrays and groups: what is stored, for every argument; and that nothing is when an argument is wrong."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo import dtype
from terrazzo.codecs import BytesCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.errors import (
    MetadataValidationError,
    ZarrRuntimeWarning,
)
from terrazzo.grid import DefaultChunkKeyEncoding, V2ChunkKeyEncoding, parse_chunk_grid
from terrazzo.settings import config
from terrazzo.spec import ArrayConfig
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore
from tests.dtype.test_numeric import TYPES


def document_of(inner, path=""):
    """The stored document of a node."""
    return json.loads(inner._store_dict[f"{path}/zarr.json".lstrip("/")].to_bytes())


def created(driven, **kwargs):
    """What is stored for an array that is created with these arguments."""
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), **{"shape": (4,), "dtype": "int16", **kwargs})
    return array, document_of(inner)


def rectilinear(*chunk_shapes):
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(chunk_shapes)}}


# -- defaults


@pytest.mark.parametrize("name", TYPES)
def test_an_array_gets_the_defaults_of_zarr_python(driven, name):
    _, document = created(driven, dtype=name, chunks=(2,))
    serializer = {"name": "bytes"}
    if TYPES[name][2] > 1:
        serializer["configuration"] = {"endian": "little"}
    zero = [0.0, 0.0] if "complex" in name else False if name == "bool" else 0
    assert document == {
        "shape": [4],
        "data_type": name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": zero,
        "codecs": [serializer, {"name": "zstd", "configuration": {"level": 0, "checksum": False}}],
        "attributes": {},
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def test_the_document_is_written_as_zarr_python_writes_it(driven):
    inner = MemoryStore()
    terrazzo.create_array(driven(inner), shape=(4,), chunks=(2,), dtype="uint8", dimension_names=["é"])
    assert inner._store_dict["zarr.json"].to_bytes().decode() == (
        "{\n"
        '  "shape": [\n    4\n  ],\n'
        '  "data_type": "uint8",\n'
        '  "chunk_grid": {\n    "name": "regular",\n    "configuration": {\n      "chunk_shape": [\n        2\n'
        "      ]\n    }\n  },\n"
        '  "chunk_key_encoding": {\n    "name": "default",\n'
        '    "configuration": {\n      "separator": "/"\n    }\n  },\n'
        '  "fill_value": 0,\n'
        '  "codecs": [\n    {\n      "name": "bytes"\n    },\n    {\n      "name": "zstd",\n      "configuration": {\n'
        '        "level": 0,\n        "checksum": false\n      }\n    }\n  ],\n'
        '  "attributes": {},\n'
        '  "dimension_names": [\n    "\\u00e9"\n  ],\n'
        '  "zarr_format": 3,\n'
        '  "node_type": "array",\n'
        '  "storage_transformers": []\n'
        "}"
    )


@given(data=st.data())
def test_what_is_created_is_what_is_opened(driven, data):
    shape = data.draw(strategies.shapes())
    element = data.draw(strategies.dtypes())
    store = driven(MemoryStore())
    array = terrazzo.create_array(
        store,
        name=data.draw(strategies.node_paths()),
        shape=shape,
        dtype=element,
        chunks=data.draw(strategies.chunk_shapes(shape)),
        fill_value=data.draw(strategies.fill_values(element)),
        attributes=data.draw(strategies.attributes()),
        chunk_key_encoding=data.draw(strategies.chunk_key_encodings()),
        **data.draw(strategies.codec_chains(len(shape))).as_kwargs(),
    )
    opened = terrazzo.open_array(store, path=array.path)
    assert opened.metadata == array.metadata
    assert opened.fill_value.tobytes() == array.fill_value.tobytes()
    assert opened.dtype == array.dtype.newbyteorder("<" if element.itemsize > 1 else "=")


# -- data types and fill values


def test_a_byte_order_is_kept_by_the_handle_and_not_stored(driven):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), data=np.array([1, 2], dtype=">i2"), compressors=None)
    assert document_of(inner)["data_type"] == "int16"
    assert inner._store_dict["c/0"].to_bytes() == b"\1\0\2\0"
    assert array[:].dtype == np.dtype(">i2")
    assert array[:].tolist() == [1, 2]
    assert terrazzo.open_array(driven(inner))[:].dtype == np.dtype("<i2")


@pytest.mark.parametrize(
    "spelling", ["uint16", "u2", "<u2", np.uint16, np.dtype("u2"), dtype.UInt16(), {"name": "uint16"}]
)
def test_a_data_type_is_said_in_many_ways(driven, spelling):
    assert created(driven, dtype=spelling)[1]["data_type"] == "uint16"


@pytest.mark.parametrize("spelling", ["int1000", object, np.dtype("O"), {"name": "int7"}, "float128!"])
def test_other_data_types_are_refused(driven, spelling):
    inner = MemoryStore()
    with pytest.raises((TypeError, ValueError)):
        terrazzo.create_array(driven(inner), shape=(2,), dtype=spelling)
    assert not inner._store_dict


@pytest.mark.parametrize(
    ("name", "fill_value", "stored"),
    [
        ("int8", -5, -5),
        ("int8", 1.7, 1),
        ("int8", np.int64(5), 5),
        ("int8", np.array(5), 5),
        ("int8", None, 0),
        ("int8", True, 1),
        ("float32", 1, 1.0),
        ("float32", "nan", "NaN"),
        ("float64", -np.inf, "-Infinity"),
        ("float32", np.array(0x7FC00001, "u4").view("f4")[()], "0x7fc00001"),
        ("bool", 1, True),
        ("complex64", 1 - 2j, [1.0, -2.0]),
        ("complex128", np.nan, ["NaN", 0.0]),
        ("complex64", 3, [3.0, 0.0]),
    ],
)
def test_a_fill_value_is_cast_and_stored(driven, name, fill_value, stored):
    array, document = created(driven, dtype=name, fill_value=fill_value)
    assert document["fill_value"] == stored
    assert array.fill_value.dtype == np.dtype(name)
    assert array[...].tobytes() == 4 * array.fill_value.tobytes()


@pytest.mark.parametrize(
    ("name", "fill_value", "error"),
    [
        ("int8", 128, OverflowError),
        ("uint8", -1, OverflowError),
        ("int8", np.int64(300), OverflowError),
        ("int8", np.array(300), OverflowError),
        ("int16", np.nan, ValueError),
        ("int16", "x", ValueError),
        ("int16", [1], TypeError),
        ("float32", {}, TypeError),
        ("float64", "x", ValueError),
    ],
)
def test_WR_04_a_fill_value_that_does_not_fit_is_refused(driven, name, fill_value, error):
    inner = MemoryStore()
    with pytest.raises(error):
        terrazzo.create_array(driven(inner), shape=(2,), dtype=name, fill_value=fill_value)
    assert not inner._store_dict


# -- shape and chunks


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (1, 1, 1, 1, 1)])
def test_an_array_has_any_number_of_axes(store, shape):
    array = terrazzo.create_array(store, shape=shape, dtype="int32", fill_value=4)
    assert terrazzo.open_array(store).shape == array.shape == shape
    assert np.array_equal(array[...], np.full(shape, 4))
    assert np.shape(array[...]) == shape


@pytest.mark.parametrize(("missing", "kwargs"), [("shape", {"dtype": "i4"}), ("dtype", {"shape": (2,)}), ("dtype", {})])
def test_shape_and_data_type_must_come_from_somewhere(driven, missing, kwargs):
    with pytest.raises(ValueError, match=f"`{missing}` is missing"):
        terrazzo.create_array(driven(MemoryStore()), **kwargs)


@pytest.mark.parametrize(
    ("chunks", "stored"), [(2, [2, 2]), (-1, [4, 6]), (False, [4, 6]), ((3, -1), [3, 6]), ("auto", [4, 6])]
)
def test_chunks_are_stored(driven, chunks, stored):
    array, document = created(driven, shape=(4, 6), chunks=chunks)
    assert document["chunk_grid"]["configuration"]["chunk_shape"] == stored
    assert array.chunks == tuple(stored)


@pytest.mark.parametrize(
    ("chunks", "stored"),
    [
        (lambda: [[1, 3], 2], [[1, 3], 2]),
        (lambda: ((1, 3), (2, 2, 2)), [[1, 3], [[2, 3]]]),
        (lambda: [[4], -1], [[4], 6]),
        (lambda: [iter([1, 3]), np.array([5, 1])], [[1, 3], [5, 1]]),
        (lambda: (np.int8(3), range(1, 4)), [3, [1, 2, 3]]),
        (lambda: rectilinear([[3, 9]], 7), [[[3, 9]], 7]),
        (lambda: parse_chunk_grid(rectilinear(4, 6)), [4, 6]),
    ],
)
def test_chunks_of_lengths_of_their_own_are_stored(driven, chunks, stored):
    array, document = created(driven, shape=(4, 6), chunks=chunks())
    assert document["chunk_grid"] == rectilinear(*stored)
    assert terrazzo.open_array(array.store).read_chunk_sizes == array.read_chunk_sizes


def test_a_regular_grid_may_be_given_as_a_document_has_it(driven):
    grid = {"name": "regular", "configuration": {"chunk_shape": [3, 5]}}
    array, document = created(driven, shape=(4, 6), chunks=grid)
    assert (document["chunk_grid"], array.chunks) == (grid, (3, 5))


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ([[1, 2], 2], ValueError),
        ([[1, 3]], ValueError),
        ([[1, 3], 0], ValueError),
        ([[1, 3], None], TypeError),
        ([[[1, 3], 3], 2], TypeError),
        ([[1, 3], "22"], TypeError),
        ({"name": "rectilinear"}, MetadataValidationError),
        (rectilinear([3], 6), MetadataValidationError),
        (rectilinear(4), MetadataValidationError),
    ],
    ids=repr,
)
def test_chunks_that_do_not_cut_the_array_leave_nothing_behind(driven, chunks, error):
    inner = MemoryStore()
    with pytest.raises(error):
        terrazzo.create_array(driven(inner), shape=(4, 6), chunks=chunks, dtype="i4")
    assert not inner._store_dict


def test_an_array_is_copied_into_chunks_of_lengths_of_their_own(driven):
    source = terrazzo.create_array(driven(MemoryStore()), data=np.arange(24).reshape(4, 6), chunks=(3, 4))
    copy = terrazzo.create_array(driven(MemoryStore()), data=source, chunks=[[1, 3], [2, 3, 1]])
    assert np.array_equal(copy[...], source[...])
    back = terrazzo.create_array(driven(MemoryStore()), data=copy, chunks=copy.metadata.chunk_grid)
    assert np.array_equal(back[...], source[...])
    assert back.metadata.chunk_grid == copy.metadata.chunk_grid


# -- codecs


def test_codecs_are_stored_in_order(driven):
    array, document = created(
        driven,
        shape=(2, 2),
        filters=[TransposeCodec(order=(1, 0))],
        serializer=BytesCodec(endian="big"),
        compressors=[GzipCodec(level=1), {"name": "crc32c"}],
    )
    assert document["codecs"] == [
        {"name": "transpose", "configuration": {"order": [1, 0]}},
        {"name": "bytes", "configuration": {"endian": "big"}},
        {"name": "gzip", "configuration": {"level": 1}},
        {"name": "crc32c"},
    ]
    assert array.filters == (TransposeCodec(order=(1, 0)),)
    assert array.serializer == BytesCodec(endian="big")
    assert [codec.to_dict()["name"] for codec in array.compressors] == ["gzip", "crc32c"]


def test_a_serializer_is_fitted_to_the_data_type(driven):
    _, document = created(driven, dtype="int8", serializer=BytesCodec(endian="big"), compressors=None)
    assert document["codecs"] == [{"name": "bytes"}]


# -- keys, names, attributes


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (None, DefaultChunkKeyEncoding()),
        ("v2", V2ChunkKeyEncoding()),
        ({"name": "v2", "separator": "/"}, V2ChunkKeyEncoding(separator="/")),
        ({"name": "default", "configuration": {"separator": "."}}, DefaultChunkKeyEncoding(separator=".")),
        (V2ChunkKeyEncoding(), V2ChunkKeyEncoding()),
    ],
    ids=repr,
)
def test_chunks_are_stored_under_the_keys_that_were_chosen(driven, spelling, expected):
    inner = MemoryStore()
    data = np.arange(4).reshape(2, 2)
    terrazzo.create_array(driven(inner), name="a", data=data, chunks=(1, 2), chunk_key_encoding=spelling)
    assert document_of(inner, "a")["chunk_key_encoding"] == expected.to_dict()
    assert f"a/{expected.encode_chunk_key((1, 0))}" in inner._store_dict
    assert np.array_equal(terrazzo.open_array(driven(inner), path="a")[...], data)


@pytest.mark.parametrize("names", [["x", None], ["", "y"], ["x", "x"]])
def test_dimension_names_are_stored(driven, names):
    array, document = created(driven, shape=(2, 2), dimension_names=iter(names))
    assert document["dimension_names"] == names
    assert array.metadata.dimension_names == tuple(names)


@pytest.mark.parametrize("names", [None, [], ()])
def test_no_dimension_names_are_not_stored(driven, names):
    array, document = created(driven, dimension_names=names)
    assert "dimension_names" not in document
    assert array.metadata.dimension_names is None


@pytest.mark.parametrize("names", [["x"], ["x", "y", "z"], ["x", 5], "xy", 5, {"x": 1}])
def test_other_dimension_names_are_refused(driven, names):
    with pytest.raises(MetadataValidationError, match="dimension_names"):
        created(driven, shape=(2, 2), dimension_names=names)


@pytest.mark.parametrize(
    ("attributes", "stored"),
    [
        (None, {}),
        ({}, {}),
        ({"a": 1, "b": [1, {"c": None}]}, {"a": 1, "b": [1, {"c": None}]}),
        ({"t": (1, 2)}, {"t": [1, 2]}),
        ({"big": 2**70}, {"big": 2**70}),
        ({1: 2}, {"1": 2}),
    ],
)
def test_attributes_are_stored_as_json(driven, attributes, stored):
    array, document = created(driven, attributes=attributes)
    assert document["attributes"] == stored
    assert array.attrs.asdict() == stored


def test_attributes_are_copied(driven):
    attributes = {"a": [1]}
    array, _ = created(driven, attributes=attributes)
    attributes["a"].append(2)
    attributes["b"] = 1
    assert array.attrs.asdict() == {"a": [1]}


@pytest.mark.parametrize("attributes", [{"a": object()}, {"a": np.arange(2)}, {("a",): 1}, "text", 5, [1]])
def test_attributes_that_are_not_json_are_refused(driven, attributes):
    inner = MemoryStore()
    with pytest.raises(TypeError):
        terrazzo.create_array(driven(inner), shape=(2,), dtype="i4", attributes=attributes)
    with pytest.raises(TypeError):
        terrazzo.create_group(driven(inner), attributes=attributes)
    assert not inner._store_dict


# -- config, order, format


@pytest.mark.parametrize("value", [{"order": "F"}, ArrayConfig(order="F", write_empty_chunks=False)])
def test_a_handle_reads_as_its_config_says(driven, value):
    array, document = created(driven, shape=(2, 3), config=value)
    assert array.order == "F"
    assert array[...].flags.f_contiguous
    assert "order" not in json.dumps(document)


def test_config_takes_no_other_members(driven):
    with pytest.raises(TypeError, match="no member"):
        created(driven, config={"chunks": (1,)})


def test_order_has_no_effect_and_says_so(driven):
    with pytest.warns(ZarrRuntimeWarning, match="no effect"):
        array, document = created(driven, shape=(2, 3), order="F")
    assert array.order == "C"
    assert len(document["codecs"]) == 2


@pytest.mark.parametrize("zarr_format", [1, 4, "3", True])
def test_there_are_two_formats(driven, zarr_format):
    inner = MemoryStore()
    with pytest.raises(ValueError, match="expected 2 or 3"):
        terrazzo.create_array(driven(inner), shape=(2,), dtype="i4", zarr_format=zarr_format)
    assert not inner._store_dict


def test_without_a_format_the_settings_choose(driven):
    inner, other = MemoryStore(), {}
    terrazzo.create_array(driven(inner), name="three", shape=(2,), dtype="i4", zarr_format=None)
    with config.set({"default_zarr_format": 2}):
        terrazzo.create_array(MemoryStore(other), name="two", shape=(2,), dtype="i4", zarr_format=None)
    assert "three/zarr.json" in inner._store_dict
    assert "two/.zarray" in other


# -- data


@pytest.mark.parametrize(
    "data", [[[1, 2], [3, 4]], np.arange(12.0).reshape(3, 4)[:, ::2], np.float32(3), 5, [], [True]]
)
def test_data_say_shape_and_type(store, data):
    expected = np.asarray(data)
    array = terrazzo.create_array(store, data=data)
    assert (array.shape, array.dtype) == (expected.shape, expected.dtype)
    assert np.array_equal(terrazzo.open_array(store)[...], expected)


@pytest.mark.parametrize("given_", [{"shape": (2,)}, {"dtype": "i8"}])
def test_data_and_what_they_say_are_not_both_given(driven, given_):
    with pytest.raises(ValueError, match="both given"):
        terrazzo.create_array(driven(MemoryStore()), data=[1, 2], **given_)


def test_data_need_not_be_written(driven):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), data=[1, 2], write_data=False)
    assert list(inner._store_dict) == ["zarr.json"]
    assert (array.shape, array[:].tolist()) == ((2,), [0, 0])


@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_another_array_is_copied_chunk_by_chunk(driven, kind):
    data = np.arange(35, dtype="int16").reshape(5, 7)
    source_store = CountingStore(driven(MemoryStore()))
    source = terrazzo.create_array(source_store, data=data, chunks=(2, 3), attributes={"a": 1})
    source_store.reset()
    inner = MemoryStore()
    copy = terrazzo.create_array(
        driven(inner), data=source if kind == "blocking" else source.async_array, chunks=(4, 4), fill_value=9
    )
    assert np.array_equal(copy[...], data)
    assert (copy.chunks, copy.fill_value) == ((4, 4), 9)
    assert not [request for request in source_store.requests if request.operation != "get"]


def test_a_copy_says_of_itself_what_the_array_says_unless_it_is_told_otherwise(driven):
    source = terrazzo.create_array(
        driven(MemoryStore()),
        data=[[1, 2]],
        fill_value=9,
        attributes={"a": [1]},
        chunk_key_encoding="v2",
        dimension_names=["y", "x"],
    )
    copy = terrazzo.create_array(driven(MemoryStore()), data=source)
    told = {"fill_value": 8, "attributes": {}, "chunk_key_encoding": "default", "dimension_names": ["b", "a"]}
    other = terrazzo.create_array(driven(MemoryStore()), data=source, **told)
    for array, fill_value, attributes, key, names in (
        (copy, 9, {"a": [1]}, "0.0", ("y", "x")),
        (other, 8, {}, "c/0/0", ("b", "a")),
    ):
        assert array[...].tolist() == [[1, 2]]
        assert (array.fill_value, array.attrs.asdict()) == (fill_value, attributes)
        assert array.metadata.encode_chunk_key((0, 0)) == key
        assert array.metadata.dimension_names == names


def test_an_array_can_be_replaced_by_a_copy_of_itself(store):
    array = terrazzo.create_array(store, name="a", data=np.arange(6), chunks=4)
    copy = terrazzo.create_array(store, name="a", data=array, chunks=2, overwrite=True)
    assert copy[:].tolist() == [0, 1, 2, 3, 4, 5]
    assert copy.chunks == (2,)


def test_the_document_is_written_after_the_data(driven):
    counting = CountingStore(driven(MemoryStore()))
    terrazzo.create_array(counting, name="a", data=[1, 2], chunks=1)
    assert counting.keys("set")[-1] == "a/zarr.json"
    assert counting.keys("set_if_not_exists") == ["zarr.json"]


def test_WR_04_data_that_cannot_be_written_leave_what_was_there(driven):
    inner = MemoryStore()
    store = driven(inner)
    terrazzo.create_array(store, name="a", data=[1, 2, 3])
    before = dict(inner._store_dict)
    for kwargs in (
        {"data": np.array([object()]), "chunks": 1},
        {"data": np.array(["x", b"x"], dtype=object), "dtype": "bytes", "chunks": 1},
        {"data": [1], "chunks": 0},
        {"data": [1], "compressors": {"name": "rot13"}},
        {"data": [1], "fill_value": "x"},
        {"data": [1], "attributes": {"a": object()}},
        {"data": [1], "dimension_names": ["a", "b"]},
        {"data": [1], "chunk_key_encoding": "v7"},
        {"data": [1], "config": {"x": 1}},
        {"data": [1], "zarr_format": 7},
        {"shape": (-1,), "dtype": "i4"},
        {"shape": (1,), "dtype": "nothing"},
        {"data": [1], "storage_options": {"a": 1}},
    ):
        with pytest.raises((ValueError, TypeError)):
            terrazzo.create_array(store, name="a", overwrite=True, **kwargs)
        assert inner._store_dict == before


# -- groups


def test_the_document_of_a_group_is_written_as_zarr_python_writes_it(driven):
    inner = MemoryStore()
    terrazzo.create_group(driven(inner))
    assert inner._store_dict["zarr.json"].to_bytes() == (
        b'{\n  "attributes": {},\n  "zarr_format": 3,\n  "node_type": "group"\n}'
    )


def test_the_default_compressor_is_the_documented_one(driven):
    assert created(driven)[0].compressors == (ZstdCodec(),)
