import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import GzipCodec
from terrazzo.errors import ContainsArrayError
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.stored import contents_of

NUMBERS = np.arange(48).reshape(6, 8)


@pytest.fixture
def source(store):
    return terrazzo.create_array(
        store,
        name="source",
        data=NUMBERS,
        chunks=(2, 4),
        shards=(4, 8),
        compressors=GzipCodec(),
        attributes={"a": [1]},
        dimension_names=("y", "x"),
        fill_value=3,
        chunk_key_encoding={"name": "v2", "separator": "."},
    )


def test_a_copy_is_the_same_array(source, store):
    copy = terrazzo.from_array(store, name="copy", data=source)
    assert copy.metadata == source.metadata
    np.testing.assert_array_equal(terrazzo.open_array(store, path="copy")[:], NUMBERS)
    stored = contents_of(store)
    ours = {key.removeprefix("copy/"): value for key, value in stored.items() if key.startswith("copy/")}
    theirs = {key.removeprefix("source/"): value for key, value in stored.items() if key.startswith("source/")}
    assert ours == theirs
    copy.attrs["a"].append(2)
    assert source.attrs["a"] == [1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"chunks": (3, 4), "shards": None}, {"chunks": (3, 4), "shards": None}),
        ({"chunks": "auto", "shards": None}, {"chunks": (6, 8), "shards": None}),
        ({"shards": (2, 4)}, {"chunks": (2, 4), "shards": (2, 4)}),
        ({"compressors": None}, {"compressors": ()}),
        ({"fill_value": 9}, {"fill_value": 9}),
        ({"attributes": {}}, {"attrs": {}}),
        ({"config": {"order": "F"}}, {"order": "F"}),
    ],
)
def test_what_is_given_differs_and_the_rest_stays(source, store, changes, expected):
    copy = terrazzo.from_array(store, name="copy", data=source, **changes)
    np.testing.assert_array_equal(copy[:], NUMBERS)
    for name in ("chunks", "shards", "compressors", "filters", "serializer", "fill_value", "attrs", "order"):
        found = getattr(copy, name)
        assert found == expected.get(name, getattr(source, name))


@pytest.mark.parametrize(
    "arguments", [{"order": "F"}, {"compressors": {"id": "zlib", "level": 3}}, {"compressors": None}]
)
def test_a_copy_within_format_2_keeps_what_is_there(store, arguments):
    source = terrazzo.create_array(None, data=NUMBERS, chunks=(2, 3), zarr_format=2, **arguments)
    copy = terrazzo.from_array(store, data=source)
    assert copy.metadata == source.metadata
    np.testing.assert_array_equal(copy[:], NUMBERS)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_in_another_format_the_codecs_are_the_defaults(store, zarr_format):
    source = terrazzo.create_array(None, data=NUMBERS, chunks=(2, 4), compressors=None, zarr_format=5 - zarr_format)
    copy = terrazzo.from_array(store, data=source, zarr_format=zarr_format)
    default = terrazzo.create_array(None, data=NUMBERS, chunks=(2, 4), zarr_format=zarr_format)
    assert (copy.metadata.zarr_format, copy.chunks) == (zarr_format, (2, 4))
    assert copy.compressors == default.compressors
    np.testing.assert_array_equal(copy[:], NUMBERS)


def test_chunks_of_several_shapes_are_kept(store):
    source = terrazzo.create_array(None, data=NUMBERS, chunks=[[1, 5], [3, 5]])
    copy = terrazzo.from_array(store, data=source)
    assert copy.metadata == source.metadata
    np.testing.assert_array_equal(copy[:], NUMBERS)


@pytest.mark.parametrize("data", [NUMBERS, NUMBERS.tolist()])
def test_other_arrays_get_the_defaults(store, data):
    copy = terrazzo.from_array(store, data=data, chunks=(2, 2))
    np.testing.assert_array_equal(copy[:], NUMBERS)
    assert copy.metadata == terrazzo.create_array(None, data=data, chunks=(2, 2)).metadata


def test_elements_are_copied_when_asked_for(source, store):
    empty = terrazzo.from_array(store, name="copy", data=source, write_data=False)
    assert empty.metadata == source.metadata
    assert empty.nchunks_initialized == 0


def test_elements_are_copied_a_chunk_of_the_new_array_at_a_time(driven):
    counting = CountingStore(driven(MemoryStore()))
    source = terrazzo.create_array(None, data=NUMBERS, chunks=(1, 8))
    terrazzo.from_array(counting, data=source, chunks=(2, 8))
    assert [key for key in counting.keys("set") if "/" in key] == ["c/0/0", "c/1/0", "c/2/0"]


@pytest.mark.parametrize("name", ["source", "source/below"])
def test_what_is_copied_is_not_overwritten(source, store, name):
    before = contents_of(store)
    with pytest.raises(ValueError, match="would be overwritten"):
        terrazzo.from_array(store, name=name, data=source, overwrite=True)
    if name == "source":
        with pytest.raises(ContainsArrayError):
            terrazzo.from_array(store, name=name, data=source)
    with pytest.raises(ValueError, match="would be overwritten"):
        terrazzo.from_array(store, data=source, overwrite=True)
    assert contents_of(store) == before
