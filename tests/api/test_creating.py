"""The functions that create arrays; what is stored for the arguments they share is tested with `create_array_at`."""

from types import SimpleNamespace

import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import BytesCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.errors import (
    ContainsArrayError,
    ContainsGroupError,
    ForeignFilesError,
    MetadataValidationError,
    ZarrRuntimeWarning,
)
from terrazzo.grid import V2ChunkKeyEncoding
from terrazzo.storage import MemoryStore
from tests.helpers import buffer_of


@pytest.fixture
def stored():
    """An array with everything that another can be made like."""
    return terrazzo.create_array(
        {},
        data=np.arange(12, dtype="int16").reshape(3, 4),
        chunks=(2, 2),
        fill_value=7,
        filters=TransposeCodec(order=(1, 0)),
        compressors=GzipCodec(level=1),
        attributes={"a": 1},
        chunk_key_encoding="v2",
        dimension_names=["y", "x"],
    )


# -- create_array


def test_create_array_makes_an_array_anywhere(call, store):
    array = call("create_array", store, name="a/b", shape=(3,), dtype="i4", chunks=2)
    assert (array.path, array.shape, array.chunks) == ("a/b", (3,), (2,))
    assert call("open_array", store, path="a/b") == array
    assert call("create_array", None, data=[1, 2])[:].tolist() == [1, 2]


def test_create_array_takes_no_options_for_a_store(call):
    with pytest.raises(TypeError, match="storage_options"):
        call("create_array", {}, data=[1], storage_options={"a": 1})


# -- create


def test_create_has_the_defaults_of_zarr_python_2(call):
    array = call("create", (4, 6))
    assert array.dtype == np.dtype("float64")
    assert array.fill_value == 0
    assert isinstance(array.store, MemoryStore)
    assert array.compressors == (ZstdCodec(level=0, checksum=False),)


def test_create_takes_the_arguments_of_both_versions(call, store):
    array = call(
        "create",
        (4, 6),
        chunks=(2, 3),
        dtype="int16",
        fill_value=5,
        store=store,
        path="a",
        codecs=[
            TransposeCodec(order=(1, 0)),
            {"name": "bytes", "configuration": {"endian": "big"}},
            GzipCodec(level=1),
        ],
        attributes={"x": 1},
        dimension_names=["y", "x"],
        chunk_key_encoding=("v2", "/"),
        write_empty_chunks=True,
        config={"order": "F"},
    )
    assert (array.path, array.chunks, array.fill_value) == ("a", (2, 3), 5)
    assert array.filters == (TransposeCodec(order=(1, 0)),)
    assert array.serializer == BytesCodec(endian="big")
    assert array.compressors == (GzipCodec(level=1),)
    assert array.attrs == {"x": 1}
    assert array.metadata.dimension_names == ("y", "x")
    assert array.metadata.chunk_key_encoding == V2ChunkKeyEncoding(separator="/")
    assert (array.config.write_empty_chunks, array.order) == (True, "F")


def test_create_takes_either_name_for_chunks(call):
    assert call("create", (6,), chunk_shape=(2,)).chunks == (2,)
    assert call("create", (6,), chunks=4).chunks == (4,)
    with pytest.raises(ValueError, match="same"):
        call("create", (6,), chunks=2, chunk_shape=2)


@pytest.mark.parametrize(
    ("argument", "value", "instead"),
    [
        ("compressor", None, "codecs"),
        ("compressor", GzipCodec(), "codecs"),
        ("filters", [], "codecs"),
        ("dimension_separator", "/", "chunk_key_encoding"),
        ("synchronizer", object(), "synchronizer"),
        ("chunk_store", {}, "chunk_store"),
        ("meta_array", np.empty(0), "meta_array"),
        ("object_codec", GzipCodec(), "object_codec"),
    ],
)
def test_create_refuses_arguments_without_a_meaning(call, argument, value, instead):
    store = {}
    with pytest.raises(ValueError, match=f"`{instead}`|{instead}"):
        call("create", (2,), store=store, **{argument: value})
    assert not store


@pytest.mark.parametrize("codecs", [[], [GzipCodec()], [BytesCodec(), BytesCodec()], [GzipCodec(), BytesCodec()]])
def test_create_refuses_codecs_out_of_order(call, codecs):
    with pytest.raises(MetadataValidationError):
        call("create", (2,), codecs=codecs)


def test_create_warns_of_an_order_that_has_no_effect(call):
    with pytest.warns(ZarrRuntimeWarning, match="no effect"):
        call("create", (2,), order="F")


def test_create_writes_data(call):
    assert call("create", None, data=[[1, 2]])[...].tolist() == [[1, 2]]
    array = call("create", (1, 2), data=[[1.9, 2]], dtype="int8")
    assert (array.dtype, array[...].tolist()) == (np.dtype("int8"), [[1, 2]])
    with pytest.raises(ValueError, match="shape"):
        call("create", (3,), data=[1, 2])


def test_create_copies_an_array_that_fits(call, stored):
    assert np.array_equal(call("create", (3, 4), data=stored, dtype="int16")[...], stored[...])
    for kwargs in ({"shape": (4, 3)}, {"shape": None, "dtype": "float32"}):
        with pytest.raises(ValueError, match=r"shape|data type"):
            call("create", data=stored, **kwargs)


MODES = {
    # mode: nothing there, an array, a group, keys of others
    None: ("made", ContainsArrayError, ContainsGroupError, "made"),
    "a": ("made", ContainsArrayError, ContainsGroupError, "made"),
    "r+": ("made", ContainsArrayError, ContainsGroupError, "made"),
    "r": (ValueError, ValueError, ValueError, ValueError),
    "w": ("made", "made", "made", ForeignFilesError),
    "w-": ("made", FileExistsError, FileExistsError, FileExistsError),
    "x": (ValueError, ValueError, ValueError, ValueError),
}
CONTENTS = ("nothing", "array", "group", "foreign keys")


@pytest.mark.parametrize("function", ["create", "empty", "zeros", "ones", "array", "save_array"])
@pytest.mark.parametrize(
    ("mode", "content", "outcome"),
    [
        (mode, content, outcome)
        for mode, outcomes in MODES.items()
        for content, outcome in zip(CONTENTS, outcomes, strict=True)
    ],
)
def test_a_mode_says_whether_what_is_there_is_replaced(call, function, mode, content, outcome):
    inner = MemoryStore()
    if content == "array":
        terrazzo.create_array(inner, name="n", data=[5])
    elif content == "group":
        terrazzo.create_group(inner, path="n/child")
    elif content == "foreign keys":
        inner._store_dict["n/readme.txt"] = buffer_of(b"text")
    before = dict(inner._store_dict)
    kwargs = {} if mode is None else {"mode": mode}
    argument = [0, 0] if function in ("array", "save_array") else (2,)
    arguments = (inner, argument) if function == "save_array" else (argument,)
    if function != "save_array":
        kwargs["store"] = inner
    if outcome == "made":
        call(function, *arguments, path="n", **kwargs)
        assert terrazzo.open_array(inner, path="n").shape == (2,)
        assert not [key for key in inner._store_dict if key.startswith("n/child")]
    else:
        with pytest.raises(outcome) as caught:
            call(function, *arguments, path="n", **kwargs)
        assert type(caught.value) is outcome
        assert inner._store_dict == before


@pytest.mark.parametrize("function", ["create", "empty", "zeros", "ones"])
def test_overwrite_replaces_what_is_there(call, function):
    store = {}
    terrazzo.create_group(store, path="n/child")
    call(function, (2,), store=store, path="n", overwrite=True)
    assert "n/child/zarr.json" not in store


def test_nothing_is_made_in_a_store_that_is_read_only(call, store):
    terrazzo.create_group(store)
    reader = store.with_read_only(True)
    for function, arguments in (("create", ((2,),)), ("zeros", ((2,),)), ("array", ([1],)), ("full", ((2,), 1))):
        with pytest.raises(ValueError, match="read-only"):
            call(function, *arguments, store=reader, path="n")
    with pytest.raises(ValueError, match="read-only"):
        call("create_array", reader, name="n", data=[1])
    assert not list(terrazzo.open_group(store))


# -- filled arrays


@pytest.mark.parametrize(
    ("function", "arguments", "value"),
    [("empty", (), 0), ("zeros", (), 0), ("ones", (), 1), ("full", (7,), 7)],
)
@pytest.mark.parametrize("shape", [5, (2, 3), (), [0, 2]])
def test_arrays_are_made_with_a_fill_value(call, store, function, arguments, value, shape):
    array = call(function, shape, *arguments, store=store, dtype="int16")
    assert np.array_equal(array[...], np.full(shape, value))
    assert array.fill_value == value
    assert array.nchunks_initialized == 0


def test_a_fill_value_must_fit(call):
    with pytest.raises(OverflowError):
        call("full", (2,), 300, dtype="int8")


# -- array


@pytest.mark.parametrize("data", [[[1, 2], [3, 4]], np.arange(6.0), np.float32(3), range(4), [True]])
def test_array_stores_data(call, store, data):
    array = call("array", data, store=store, chunks=2)
    expected = np.asanyarray(data)
    assert array.dtype == expected.dtype
    assert np.array_equal(call("open_array", store)[...], expected)


def test_array_casts_when_asked(call):
    assert call("array", [1.9, 2.1], dtype="int8")[:].tolist() == [1, 2]


def test_array_copies_another_with_its_chunks_and_codecs(call, stored):
    copy = call("array", stored)
    assert np.array_equal(copy[...], stored[...])
    assert (copy.chunks, copy.filters, copy.compressors) == (stored.chunks, stored.filters, stored.compressors)
    assert call("array", stored, chunks=3).chunks == (3, 3)
    assert call("array", stored.async_array)[0].tolist() == [0, 1, 2, 3]


# -- arrays like others


@pytest.mark.parametrize(
    ("function", "kwargs", "value"),
    [
        ("empty_like", {}, 7),
        ("zeros_like", {}, 0),
        ("ones_like", {}, 1),
        ("full_like", {}, 7),
        ("full_like", {"fill_value": 3}, 3),
        ("empty_like", {"fill_value": 3}, 3),
    ],
)
def test_an_array_is_made_like_a_stored_one(call, stored, function, kwargs, value):
    array = call(function, stored, **kwargs)
    assert (array.shape, array.dtype, array.chunks) == ((3, 4), np.dtype("int16"), (2, 2))
    assert (array.filters, array.compressors) == (stored.filters, stored.compressors)
    assert (array.attrs, array.metadata.dimension_names) == ({}, None)
    assert (array[...] == value).all()


@pytest.mark.parametrize("function", ["empty_like", "zeros_like", "ones_like", "full_like"])
@pytest.mark.parametrize("like", [np.zeros((2, 3), "f4"), [[1.0, 2.0, 3.0]] * 2])
def test_an_array_is_made_like_one_of_numpy(call, function, like):
    kwargs = {"fill_value": 2} if function == "full_like" else {}
    array = call(function, like, **kwargs)
    assert (array.shape, array.dtype) == ((2, 3), np.asarray(like).dtype)


def test_full_like_needs_a_value(call):
    with pytest.raises(TypeError, match="fill_value"):
        call("full_like", np.zeros(2))


@pytest.mark.parametrize("function", ["empty_like", "zeros_like", "ones_like"])
def test_chunks_of_lengths_of_their_own_are_passed_on(call, function):
    stored = terrazzo.create_array({}, shape=(6, 4), chunks=[[1, 2, 3], 3], dtype="i4")
    stored.resize((4, 4))
    assert call(function, stored).metadata.chunk_grid == stored.metadata.chunk_grid
    assert call(function, stored, shape=(8, 4)).write_chunk_sizes == ((1, 2, 3, 2), (3, 1))
    assert call(function, stored, shape=np.array([2, 4])).write_chunk_sizes == ((1, 1), (3, 1))
    assert call(function, stored, shape=5).chunks == (5,)
    assert call(function, stored, chunks=2).chunks == (2, 2)
    copy = call("array", stored)
    assert copy.metadata.chunk_grid == stored.metadata.chunk_grid


def test_shards_of_lengths_of_their_own_are_passed_on(call):
    stored = terrazzo.create_array({}, data=np.arange(12), chunks=(2,), shards=[[2, 4, 6]])
    like = call("zeros_like", stored, shape=15)
    assert (like.write_chunk_sizes, like.chunks) == (((2, 4, 6, 3),), (2,))
    copy = call("array", stored)
    assert copy.metadata.chunk_grid == stored.metadata.chunk_grid
    assert np.array_equal(copy[...], stored[...])
    assert call("zeros_like", stored, shape=(3, 4)).metadata.subchunk_shape is None


def test_what_the_caller_says_comes_first(call, stored):
    array = call("zeros_like", stored, shape=(8, 8), chunks=(4, 4), dtype="float32", path="a", store={})
    assert (array.shape, array.chunks, array.dtype, array.path) == ((8, 8), (4, 4), np.dtype("float32"), "a")
    assert call("empty_like", stored, shape=(8, 8)).chunks == (2, 2)
    other = call("zeros_like", stored, shape=(5,), codecs=[BytesCodec()])
    assert (other.shape, other.chunks) == ((5,), (5,))


def test_a_type_of_more_bytes_gets_a_byte_order(call):
    narrow = terrazzo.create_array({}, data=np.zeros(4, dtype="int8"))
    assert call("zeros_like", narrow, dtype="int32").serializer == BytesCodec(endian="little")


def test_a_byte_order_in_memory_is_passed_on(call):
    big = terrazzo.create_array({}, data=np.zeros(4, dtype=">i2"))
    assert call("zeros_like", big).dtype == np.dtype(">i2")


@pytest.mark.parametrize(
    ("argument", "members", "found"),
    [
        ("chunks", {"name": "regular", "configuration": {"chunk_shape": (2,)}}, lambda array: array.chunks == (2,)),
        (
            "chunk_key_encoding",
            {"name": "v2", "configuration": {"separator": "/"}},
            lambda array: array.metadata.encode_chunk_key((1,)) == "1",
        ),
        ("config", {"order": "F", "write_empty_chunks": True}, lambda array: array.order == "F"),
    ],
)
def test_what_another_implementation_means_is_taken_by_its_members(argument, members, found):
    theirs = SimpleNamespace(to_dict=lambda: members)
    assert found(terrazzo.create_array({}, shape=4, dtype="u1", **{argument: theirs}))
