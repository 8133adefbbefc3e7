"""Reading through an array: which requests a store sees, and what becomes of what it answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import BloscCodec, GzipCodec, TransposeCodec
from terrazzo.errors import ChunkNotFoundError, CorruptDataError
from terrazzo.registry import register_codec
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore
from tests.helpers import AsyncFlip, AsyncNegate, AsyncText, SyncFlip, buffer_of, chunks_of

FORMS = {
    "raw": {"compressors": None},
    "zstd": {},
    "blosc": {"compressors": BloscCodec()},
    "gzip, transposed": {"filters": TransposeCodec(order=(1, 0)), "compressors": GzipCodec()},
    "big endian": {"compressors": None, "serializer": {"name": "bytes", "configuration": {"endian": "big"}}},
}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))


def chunk_keys(store):
    return sorted(key for key in store.keys("get") if key.startswith("c"))


@pytest.fixture
def counting(store):
    return CountingStore(store)


@pytest.fixture
def data():
    return np.arange(70, dtype="int16").reshape(7, 10)


@each_form
@pytest.mark.parametrize(
    ("selection", "keys"),
    [
        (..., ["c/0/0", "c/0/1", "c/0/2", "c/1/0", "c/1/1", "c/1/2"]),
        ((slice(0, 4), slice(0, 4)), ["c/0/0"]),
        ((5, slice(3, 5)), ["c/1/0", "c/1/1"]),
        ((slice(None), 9), ["c/0/2", "c/1/2"]),
        ((slice(0, 7, 5), slice(0, 10, 9)), ["c/0/0", "c/0/2", "c/1/0", "c/1/2"]),
        ((6, 9), ["c/1/2"]),
        (slice(0, 0), []),
    ],
    ids=str,
)
def test_a_read_asks_once_for_each_chunk_it_needs_and_for_nothing_else(counting, form, selection, keys, data):
    terrazzo.create_array(counting, data=data, chunks=(4, 4), **form)
    array = terrazzo.open_array(counting)
    counting.reset()
    assert np.array_equal(array[selection], data[selection])
    assert chunk_keys(counting) == keys
    assert sum(counting.counts.values()) == len(keys)


@each_form
def test_opening_and_reading_one_element_is_two_requests(counting, form, data):
    terrazzo.create_array(counting, data=data, chunks=(4, 4), **form)
    counting.reset()
    assert terrazzo.open_array(counting, mode="r")[0, 0] == 0
    assert counting.counts == {"get": 2}


@given(data=st.data())
def test_the_requests_are_those_of_the_selection(driven, data):
    shape = data.draw(strategies.shapes(max_side=6))
    chunks = data.draw(strategies.chunk_shapes(shape))
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, shape=shape, chunks=chunks, dtype="u1")
    selection = data.draw(strategies.basic_selections(shape))
    selected = np.zeros(shape, dtype=bool)
    selected[selection] = True
    touched = [key for key, region in chunks_of(shape, chunks) if selected[region].any()]
    counting.reset()
    _ = array[selection]
    assert sorted(counting.keys("get")) == sorted(touched)


@each_form
def test_chunks_that_are_absent_read_as_the_fill_value(store, form):
    array = terrazzo.create_array(store, shape=(7, 10), chunks=(4, 4), dtype="int16", fill_value=-3, **form)
    array[0, 0] = 5
    expected = np.full((7, 10), -3, dtype="int16")
    expected[0, 0] = 5
    assert np.array_equal(array[...], expected)
    assert np.array_equal(array[4:, ::3], expected[4:, ::3])
    assert array[6, 9] == -3


@each_form
def test_chunks_that_are_absent_are_an_error_where_the_handle_says_so(driven, form, data):
    inner = MemoryStore()
    terrazzo.create_array(driven(inner), data=data, chunks=(4, 4), **form)
    array = terrazzo.open_array(driven(inner), config={"read_missing_chunks": False})
    assert np.array_equal(array[...], data)
    del inner._store_dict["c/1/2"]
    with pytest.raises(ChunkNotFoundError, match="c/1/2") as caught:
        _ = array[6, 9]
    assert caught.value.key == "c/1/2"
    assert np.array_equal(array[:4], data[:4])


# -- foreign codecs


@pytest.fixture
def registered():
    for codec in (SyncFlip, AsyncFlip, AsyncNegate, AsyncText):
        register_codec(codec.name, codec)


CHAINS = {
    "sync": {"compressors": [{"name": "test.sync_flip"}]},
    "async": {"compressors": [{"name": "test.async_flip"}]},
    "both": {"compressors": [{"name": "test.sync_flip"}, {"name": "zstd"}, {"name": "test.async_flip"}]},
    "async filter": {"filters": [{"name": "test.async_negate"}]},
    "async serializer": {"serializer": {"name": "test.async_text"}},
    "async everything": {
        "filters": [{"name": "test.async_negate"}, {"name": "transpose", "configuration": {"order": [1, 0]}}],
        "serializer": {"name": "test.async_text"},
        "compressors": [{"name": "test.async_flip"}],
    },
}


@pytest.mark.parametrize("arguments", CHAINS.values(), ids=list(CHAINS))
def test_codecs_of_others_are_driven_as_they_need(registered, store, arguments, data):
    array = terrazzo.create_array(store, shape=data.shape, chunks=(4, 4), dtype=data.dtype, **arguments)
    array[...] = data
    array[2:5, 3:9] = 77
    data = data.copy()
    data[2:5, 3:9] = 77
    reopened = terrazzo.open_array(store)
    assert np.array_equal(reopened[...], data)
    assert np.array_equal(reopened[1:6:2, ::3], data[1:6:2, ::3])
    assert reopened[6, 9] == data[6, 9]
    assert reopened.async_array.inline == (reopened.store.inline and "async" not in str(arguments))


# -- larger than a hop


@pytest.mark.parametrize(
    "form", [{}, {"compressors": GzipCodec(level=1)}, {"compressors": BloscCodec()}, {"compressors": None}]
)
def test_chunks_that_are_worth_a_worker_come_back(store, form):
    data = np.random.default_rng(0).integers(0, 50, size=(300, 2000), dtype="int32")
    array = terrazzo.create_array(store, data=data, chunks=(100, 1000), **form)
    assert np.array_equal(array[...], data)
    assert np.array_equal(array[50:250, 500:1500], data[50:250, 500:1500])


# -- damage


@each_form
def test_CH_12_the_chunk_that_is_damaged_is_named_and_the_others_stay_readable(driven, form, data):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), name="a", data=data, chunks=(4, 4), **form)
    inner._store_dict["a/c/1/0"] = buffer_of(b"damaged")
    for selection in (..., (slice(4, 7), slice(0, 4)), (5, 1)):
        with pytest.raises(CorruptDataError) as caught:
            _ = array[selection]
        error = caught.value
        assert (error.key, error.chunk_coords) == ("a/c/1/0", (1, 0))
        assert str(inner) in error.store
        assert any("reading chunk (1, 0)" in note and "'a/c/1/0'" in note for note in error.__notes__)
    assert np.array_equal(array[:4], data[:4])
    assert np.array_equal(array[4:, 4:], data[4:, 4:])


def test_the_document_is_read_once_for_a_handle(counting, data):
    terrazzo.create_array(counting, data=data, chunks=(4, 4))
    array = terrazzo.open_array(counting)
    counting.reset()
    for _ in range(3):
        _ = array[...]
    assert "zarr.json" not in counting.keys("get")
