import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import GzipCodec
from terrazzo.errors import ArrayNotFoundError, CorruptDataError
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import buffer_of, chunks_of


@pytest.fixture
def data():
    return np.arange(1, 71, dtype="int16").reshape(7, 10)


@pytest.fixture
def array(store, data):
    return terrazzo.create_array(store, name="a", data=data, chunks=(4, 3), fill_value=-1, attributes={"kept": 1})


def chunk_keys(inner, prefix="c"):
    return sorted(key for key in inner._store_dict if key.startswith(prefix))


# -- resize


@pytest.mark.parametrize("shape", [(7, 10), (3, 2), (8, 12), (4, 30), (30, 4), (0, 0), (0, 10), (7, 0), (1, 1)])
def test_what_is_kept_stays_and_what_is_new_is_the_fill_value(array, store, data, shape):
    assert array.resize(shape) is None
    expected = np.full(shape, -1, dtype="int16")
    kept = tuple(map(slice, np.minimum(shape, data.shape)))
    expected[kept] = data[kept]
    for handle in (array, terrazzo.open_array(store, path="a")):
        assert handle.shape == shape
        assert np.array_equal(handle[...], expected)
        assert handle.attrs.asdict() == {"kept": 1}


@pytest.mark.parametrize("first", [(3, 2), (5, 8), (0, 10), (7, 0)])
def test_WR_06_what_was_cut_off_does_not_come_back(array, data, first):
    array.resize(first)
    array.resize((9, 12))
    expected = np.full((9, 12), -1, dtype="int16")
    kept = tuple(map(slice, first))
    expected[kept] = data[kept]
    assert np.array_equal(array[...], expected)


@pytest.mark.parametrize("delete", [True, False])
def test_chunks_outside_are_deleted_when_asked(driven, data, delete):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), data=data, chunks=(4, 3))
    array.resize((4, 5), delete_outside_chunks=delete)
    inside = ["c/0/0", "c/0/1"]
    assert chunk_keys(inner) == (inside if delete else sorted(key for key, _ in chunks_of((7, 10), (4, 3))))
    array.resize((7, 10))
    assert (array[4:] == 0).all()
    assert (array[:, 5:] == 0).all()
    assert np.array_equal(array[:4, :5], data[:4, :5])


@given(data=st.data())
def test_only_chunks_with_elements_are_left(driven, data):
    shape = data.draw(strategies.shapes(min_dims=1, max_dims=3, max_side=6))
    chunks = data.draw(strategies.chunk_shapes(shape))
    new = tuple(data.draw(st.integers(0, 7)) for _ in shape)
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), data=np.ones(shape, dtype="u1"), chunks=chunks)
    array.resize(new)
    kept = tuple(map(min, shape, new))
    assert chunk_keys(inner) == sorted(key for key, _ in chunks_of(kept, chunks))
    assert array[...].sum() == np.prod(kept)


def lengths_of(array):
    return [list(lengths) for lengths in array.metadata.chunk_grid.chunk_shapes]


def test_chunks_that_differ_stay_where_they_are(store):
    array = terrazzo.create_array(store, data=np.arange(1, 7), chunks=[[1, 2, 3]])
    array.resize((8,))
    assert lengths_of(array) == [[1, 2, 3, 2]]
    assert array.append([7, 8, 9]) == (11,)
    assert lengths_of(array) == [[1, 2, 3, 2, 3]]
    array.resize((2,))
    assert lengths_of(terrazzo.open_array(store)) == [[1, 2, 3, 2, 3]]
    assert array.nchunks == 2
    array.resize((12,))
    assert lengths_of(array) == [[1, 2, 3, 2, 3, 1]]
    assert array[...].tolist() == [1, 2] + [0] * 10


def test_an_array_without_elements_grows_into_its_chunks(store):
    array = terrazzo.create_array(store, shape=(0,), chunks=[[3, 2]], dtype="i4")
    assert array.append([1, 2, 3, 4]) == (4,)
    assert array.append([5, 6]) == (6,)
    assert (array[...].tolist(), lengths_of(array)) == ([1, 2, 3, 4, 5, 6], [[3, 2, 1]])


def test_a_shard_that_is_added_holds_whole_chunks(store):
    array = terrazzo.create_array(store, data=np.arange(1, 7), chunks=(2,), shards=[[2, 4]])
    assert array.append([7, 8, 9]) == (9,)
    assert lengths_of(array) == [[2, 4, 4]]
    array.resize((15,))
    assert lengths_of(array) == [[2, 4, 4, 6]]
    assert terrazzo.open_array(store)[...].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9] + [0] * 6


def test_two_handles_grow_one_grid(store):
    first = terrazzo.create_array(store, data=np.array([1, 2], dtype=">i4"), chunks=[[1, 1]])
    second = terrazzo.open_array(store)
    for handle, value in ((first, 3), (second, 4), (second, 5), (first, 6)):
        handle.append([value, value])
    assert lengths_of(first) == [[1, 1, 2, 2, 2, 2]]
    assert first.dtype == np.dtype(">i4")
    assert first[...].tolist() == terrazzo.open_array(store)[...].tolist() == [1, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_very_many_declared_chunks_cost_nothing(driven):
    many = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[[1, 10**9]], 5]}}
    inner = MemoryStore()
    tracemalloc.start()
    array = terrazzo.create_array(driven(inner), shape=(10**9, 10**9), chunks=many, dtype="u1", compressors=None)
    array[10**8 : 10**8 + 2, 7] = 3
    array.resize((10**9 + 4, 10**9))
    array.resize((10**8 + 1, 10**9))
    opened = terrazzo.open_array(driven(inner))
    assert "<variable>" in repr(opened.info)
    assert (opened.nchunks, opened.nchunks_initialized) == ((10**8 + 1) * 2 * 10**8, 1)
    assert opened[10**8, 5:10].tolist() == [0, 0, 3, 0, 0]
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("shape", [5, np.int64(5), [5], (np.int32(5),), np.array([5])])
def test_a_shape_is_said_in_many_ways(store, shape):
    array = terrazzo.create_array(store, data=[1, 2, 3])
    array.resize(shape)
    assert array.shape == (5,)
    assert array[:].tolist() == [1, 2, 3, 0, 0]


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ((7,), ValueError),
        ((7, 10, 1), ValueError),
        ((), ValueError),
        ((-1, 10), ValueError),
        ((2**63, 1), ValueError),
        ((7.0, 1), TypeError),
        ("ab", TypeError),
    ],
    ids=str,
)
def test_other_shapes_are_refused_and_nothing_changes(array, data, shape, error):
    with pytest.raises(error):
        array.resize(shape)
    assert np.array_equal(array[...], data)


def test_an_array_without_axes_is_resized_to_itself(store):
    array = terrazzo.create_array(store, data=5)
    array.resize(())
    assert array[()] == 5


def test_nothing_is_written_where_the_shape_stays(driven, data):
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, data=data, chunks=(4, 3))
    counting.reset()
    array.resize((7, 10))
    assert counting.counts == {"get": 1}


def test_growing_over_whole_chunks_writes_only_the_document(driven, data):
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, data=data[:4, :9], chunks=(4, 3))
    counting.reset()
    array.resize((8, 9))
    assert counting.keys("set") == ["zarr.json"]


def test_MD_03_a_huge_array_is_resized_at_the_cost_of_what_is_stored(driven):
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, shape=(2**40, 2**40), chunks=(10, 10), dtype="u1")
    array[0, 0] = 1
    array[-1, -1] = 2
    counting.reset()
    array.resize((5, 5))
    assert sum(counting.counts.values()) < 20
    assert array.nchunks_initialized == 1
    array.resize((2**50, 2**50))
    assert (array[0, 0], array[2**40 - 1, 2**40 - 1]) == (1, 0)


def test_a_handle_takes_what_is_stored_for_the_old_shape(array, store, data):
    other = terrazzo.open_array(store, path="a")
    other.resize((20, 10))
    array.resize((20, 12))
    assert array.shape == (20, 12)
    assert np.array_equal(array[:7, :10], data)


def test_an_array_that_was_deleted_is_not_resized(array, store):
    del terrazzo.open_group(store)["a"]
    for attempt in (lambda: array.resize((1, 1)), lambda: array.append(np.zeros((1, 10)))):
        with pytest.raises(ArrayNotFoundError, match="any more"):
            attempt()
    assert "a" not in terrazzo.open_group(store)


def test_WR_07_a_document_that_cannot_be_written_leaves_handle_and_store_as_they_were(driven, data):
    inner = MemoryStore()
    fails = False
    failing = FailingStore(driven(inner), lambda request: fails and request == ("set", "zarr.json", None))
    array = terrazzo.create_array(failing, data=data, chunks=(4, 3))
    fails = True
    for shape in ((3, 3), (20, 20)):
        with pytest.raises(OSError, match="simulated"):
            array.resize(shape)
        assert array.shape == (7, 10)
        assert np.array_equal(array[...], data)
        assert np.array_equal(terrazzo.open_array(inner)[...], data)


def test_a_damaged_chunk_at_the_new_edge_is_named_and_nothing_is_lost(driven, data):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), data=data, chunks=(4, 3), compressors=GzipCodec())
    inner._store_dict["c/1/0"] = buffer_of(b"damaged")
    with pytest.raises(CorruptDataError) as caught:
        array.resize((20, 10))
    assert caught.value.key == "c/1/0"
    assert array.shape == (7, 10)
    assert terrazzo.open_array(inner).shape == (7, 10)
    assert inner._store_dict["c/1/0"].to_bytes() == b"damaged"


# -- append


@pytest.mark.parametrize(("axis", "count"), [(0, 1), (0, 9), (1, 2), (-1, 5), (-2, 3), (0, 0)])
def test_data_are_written_behind_the_end_of_an_axis(array, store, data, axis, count):
    shape = list(data.shape)
    shape[axis] = count
    more = np.arange(np.prod(shape), dtype="int16").reshape(shape) + 1000
    expected = np.concatenate([data, more], axis=axis)
    assert array.append(more, axis=axis) == expected.shape
    for handle in (array, terrazzo.open_array(store, path="a")):
        assert np.array_equal(handle[...], expected)


def test_the_first_axis_is_taken_where_none_is_said(array, data):
    assert array.append([range(10)]) == (8, 10)
    assert array[7].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("shape", "axis", "error"),
    [
        ((1, 9), 0, ValueError),
        ((10,), 0, ValueError),
        ((1, 1, 10), 0, ValueError),
        ((7, 1), 0, ValueError),
        ((1, 10), 1, ValueError),
        ((1, 10), 2, IndexError),
        ((1, 10), -3, IndexError),
        ((), 0, IndexError),
    ],
)
def test_data_that_do_not_fit_are_refused_and_nothing_changes(array, data, shape, axis, error):
    with pytest.raises(error):
        array.append(np.zeros(shape), axis=axis)
    assert np.array_equal(array[...], data)


def test_nothing_is_appended_to_an_array_without_axes(store):
    array = terrazzo.create_array(store, data=5)
    with pytest.raises(IndexError):
        array.append([1])
    assert array[()] == 5


def test_appended_data_are_cast_as_written_ones_are(array):
    array.append(np.full((1, 10), 1.9))
    assert (array[7] == 1).all()
    with pytest.raises(OverflowError):
        array.append([[100_000] * 10])
    assert array.shape == (8, 10)


def test_another_stored_array_is_appended(array, data):
    array.append(terrazzo.create_array({}, data=data))
    assert np.array_equal(array[7:], data)


def test_an_array_grows_from_nothing(store):
    array = terrazzo.create_array(store, shape=(0, 3), chunks=(2, 3), dtype="int32")
    for row in range(5):
        array.append([[row] * 3])
    assert array[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_WR_05_a_failed_append_can_be_repeated(driven, data):
    inner = MemoryStore()
    fails = False
    failing = FailingStore(driven(inner), lambda request: fails and request == ("set", "c/2/1", None))
    array = terrazzo.create_array(failing, data=data, chunks=(4, 3))
    fails = True
    with pytest.raises(OSError, match="simulated"):
        array.append(data)
    for handle in (array, terrazzo.open_array(inner)):
        assert np.array_equal(handle[...], data)
    fails = False
    array.append(data)
    assert np.array_equal(array[...], np.concatenate([data, data]))


def test_what_a_failed_append_left_does_not_show_when_the_array_grows(driven, data):
    inner = MemoryStore()
    fails = False
    failing = FailingStore(driven(inner), lambda request: fails and request == ("set", "zarr.json", None))
    array = terrazzo.create_array(failing, data=data, chunks=(4, 3), fill_value=-1)
    fails = True
    with pytest.raises(OSError, match="simulated"):
        array.append(data)
    fails = False
    array.resize((14, 10))
    assert (array[7:] == -1).all()


def test_the_document_is_written_last(driven, data):
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, data=data, chunks=(4, 3))
    counting.reset()
    array.append(data)
    assert counting.keys("set")[-1] == "zarr.json"
    assert counting.keys("set").count("zarr.json") == 1
    assert sorted(set(counting.keys("get")) - {"zarr.json"}) == ["c/1/0", "c/1/1", "c/1/2", "c/1/3"]


def test_two_handles_append_one_after_the_other(array, store, data):
    other = terrazzo.open_array(store, path="a")
    array.append(data)
    assert other.append(data) == (21, 10)
    assert np.array_equal(other[...], np.concatenate([data] * 3))
