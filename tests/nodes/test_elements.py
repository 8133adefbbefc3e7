"""What stands in brackets behind an array, and what is refused: as zarr-python 3.4.2 has it."""

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import BoundsCheckError, NegativeStepError, VindexInvalidSelectionError

MASK = np.arange(70).reshape(7, 10) % 3 == 0
ROWS = np.array([True, False, True, False, False, True, False])
COLUMNS = np.array([True, False] * 5)
ALL = slice(None)


@pytest.fixture
def data():
    return np.arange(70).reshape(7, 10)


@pytest.fixture
def array(store, data):
    return terrazzo.create_array(store, data=data, chunks=(4, 3))


@pytest.mark.parametrize(
    ("selection", "same"),
    [
        ([1, 2], np.s_[[1, 2]]),
        (([1, 2],), np.s_[[1, 2]]),
        ([-1, -2], np.s_[[-1, -2]]),
        (([1, 2], ALL), np.s_[[1, 2], :]),
        ((slice(1, 3), [1, 2]), np.s_[1:3, [1, 2]]),
        (([1, 2], 1), np.s_[[1, 2], 1]),
        ((1, [1, 2]), np.s_[1, [1, 2]]),
        (([1, 2], [0, 1]), np.s_[[1, 2], [0, 1]]),
        ((np.array([[1], [2]]), np.array([0, 1])), np.s_[[[1], [2]], [0, 1]]),
        (MASK, MASK),
        ((MASK,), MASK),
        (ROWS.tolist(), ROWS),
        ((ROWS, ALL), ROWS),
        ((ROWS, 1), np.s_[ROWS, 1]),
        ((ROWS, COLUMNS), np.ix_(ROWS, COLUMNS)),
        ((ROWS, [1, 2]), np.ix_(ROWS, [1, 2])),
        (np.array([], dtype=int), np.s_[[]]),
        (((1, 2),), np.s_[1, 2]),
    ],
    ids=lambda value: " ".join(str(value).split())[:30],
)
def test_brackets_take_what_is_clear(array, data, selection, same):
    assert array[selection].shape == data[same].shape
    assert np.array_equal(array[selection], data[same])
    array[selection] = -data[same]
    data[same] = -data[same]
    assert np.array_equal(array[...], data)


REFUSED = {
    "[]": [
        ([], IndexError),
        (([], []), IndexError),
        ([[1, 2]], IndexError),
        (([[1], [2]], [0, 1]), IndexError),
        ((..., [1, 2]), IndexError),
        (([1, 2], ...), IndexError),
        (None, IndexError),
        ((1, None), IndexError),
        (([1], None), IndexError),
        (True, IndexError),
        ((True, 1), IndexError),
        (1.0, IndexError),
        ([1.0, 2.0], IndexError),
        ([1, 2.0], IndexError),
        (np.array([1.0]), IndexError),
        (np.array([1], dtype=object), IndexError),
        (np.array(2), IndexError),
        (np.array([[1], [2]]), IndexError),
        (range(3), IndexError),
        ({}, IndexError),
        ("a", IndexError),
        (["a", "b"], IndexError),
        (b"a", IndexError),
        ((1, 2, 3), IndexError),
        (([1], 2, 3), IndexError),
        ((..., ...), IndexError),
        (([1], ..., ...), IndexError),
        (ROWS, VindexInvalidSelectionError),
        ((ROWS,), VindexInvalidSelectionError),
        (MASK[:3], VindexInvalidSelectionError),
        ([7], BoundsCheckError),
        ([-8], BoundsCheckError),
        (([7], [0]), BoundsCheckError),
        (([0], [-11]), BoundsCheckError),
        (slice(None, None, -1), NegativeStepError),
        (([1, 2], slice(None, None, -1)), NegativeStepError),
        (([1, 2, 3], [1, 2]), ValueError),
    ],
    "oindex": [
        ([], IndexError),
        ([7], BoundsCheckError),
        ([-8], BoundsCheckError),
        (([0], [10]), BoundsCheckError),
        (slice(None, None, -1), NegativeStepError),
        (MASK, IndexError),
        (np.array([[1, 2]]), IndexError),
        ([True, False], IndexError),
        ([1.0], IndexError),
        ((1, 2, 3), IndexError),
        (None, IndexError),
        (True, IndexError),
        ((np.array(2), np.array(1)), IndexError),
        ((..., ...), IndexError),
        (range(3), IndexError),
        (((1, 2), ALL), IndexError),
        ("a", IndexError),
        (["a"], IndexError),
    ],
    "vindex": [
        ([1, 2], VindexInvalidSelectionError),
        (ROWS, VindexInvalidSelectionError),
        ((ALL, [1]), VindexInvalidSelectionError),
        (..., VindexInvalidSelectionError),
        ((..., [1]), VindexInvalidSelectionError),
        (([7], [0]), BoundsCheckError),
        (([-8], [0]), BoundsCheckError),
        (([], []), VindexInvalidSelectionError),
        (([1, 2, 3], [1, 2]), ValueError),
        (([1.0], [2.0]), VindexInvalidSelectionError),
        (1, VindexInvalidSelectionError),
        ((), VindexInvalidSelectionError),
        (None, VindexInvalidSelectionError),
        (([1], [2], [3]), VindexInvalidSelectionError),
        (MASK[:3], VindexInvalidSelectionError),
        ("a", IndexError),
        (True, VindexInvalidSelectionError),
        (slice(0, 2), VindexInvalidSelectionError),
    ],
    "blocks": [
        (2, BoundsCheckError),
        (-3, BoundsCheckError),
        (slice(2, None), BoundsCheckError),
        (slice(-5, 2), BoundsCheckError),
        (slice(0, 2, 2), IndexError),
        (slice(None, None, -1), IndexError),
        ([0], IndexError),
        (np.array([True, False]), IndexError),
        ((..., ...), IndexError),
        ((0, 0, 0), IndexError),
        (1.0, IndexError),
        (True, IndexError),
        (None, IndexError),
        ("a", IndexError),
    ],
}


@pytest.mark.parametrize(
    ("way", "selection", "error"),
    [(way, selection, error) for way, rows in REFUSED.items() for selection, error in rows],
    ids=lambda value: " ".join(str(value).split())[:30],
)
def test_what_is_not_clear_is_refused_for_reading_and_writing(array, data, way, selection, error):
    place = array if way == "[]" else getattr(array, way)
    with pytest.raises(error):
        _ = place[selection]
    with pytest.raises(error):
        place[selection] = 0
    assert np.array_equal(array[...], data)


def test_arrays_between_slices_stay_in_place_where_numpy_would_move_them(store):
    data = np.arange(60).reshape(3, 4, 5)
    array = terrazzo.create_array(store, data=data, chunks=2)
    assert np.array_equal(array[1, [1, 2], :], data[1, [1, 2], :])
    assert np.array_equal(array[:, 1, [4, 0]], data[:, 1, [4, 0]])
    assert np.array_equal(array[[2, 0], :, 1], data[[2, 0]][:, :, 1])
    assert np.array_equal(array.oindex[[2, 0], :, [4, 1]], data[[2, 0]][:, :, [4, 1]])
    assert np.array_equal(array.oindex[1, [3, 0], [4, 1]], data[1][[3, 0]][:, [4, 1]])


# -- which chunks are read and written


def test_all_of_a_chunk_in_any_order_is_written_without_reading(counted):
    array, store = counted
    array.oindex[[3, 1, 2, 0], :] = np.arange(16).reshape(4, 4)
    assert store.counts == {"set": 4}
    assert array[:, 0].tolist() == [12, 4, 8, 0]
    store.reset()
    array.vindex[[1, 0, 1, 0], [0, 1, 1, 0]] = [1, 2, 3, 4]
    array[np.ones((4, 4), dtype=bool)] = 3
    array.blocks[1, 0] = 9
    assert store.counts == {"set": 6}
    assert array[...].tolist() == [[3] * 4, [3] * 4, [9, 9, 3, 3], [9, 9, 3, 3]]


def test_what_is_selected_twice_does_not_fill_a_chunk(counted):
    array, store = counted
    array[...] = 5
    store.reset()
    array.vindex[[0, 0, 0, 1], [0, 0, 1, 1]] = [1, 2, 3, 4]
    array.oindex[[2, 2], [0, 1]] = 7
    assert store.counts == {"get": 2, "set": 2}
    assert array[:, :2].tolist() == [[2, 3], [5, 4], [7, 7], [5, 5]]


@pytest.fixture
def counted(driven):
    from terrazzo.storage import MemoryStore
    from terrazzo.testing.stores import CountingStore

    store = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(store, shape=(4, 4), chunks=(2, 2), dtype="i4", fill_value=-1)
    store.reset()
    return array, store


# -- fields


@pytest.fixture
def records(store):
    data = np.array([(1, 1.5), (2, 2.5), (3, 3.5)], dtype=[("a", "i4"), ("b", "f8")])
    return terrazzo.create_array(store, data=data, chunks=2)


def test_fields_are_named_in_brackets(records):
    assert records["a"].tolist() == [1, 2, 3]
    assert records["b", 1:].tolist() == [2.5, 3.5]
    assert records[1:, "b"].tolist() == [2.5, 3.5]
    assert records["a", [2, 0]].tolist() == [3, 1]
    assert records["b", "a"].tolist() == [(1.5, 1), (2.5, 2), (3.5, 3)]
    assert records[["b"]].dtype == np.dtype([("b", "f8")])
    assert records.oindex["a", [2, 0]].tolist() == [3, 1]
    assert records.vindex["a", [2, 0]].tolist() == [3, 1]
    assert records.blocks["a", 1].tolist() == [3]
    assert records["a", 1] == 2


def test_a_field_is_written_and_the_others_stay(records):
    records["a"] = [7, 8, 9]
    records["b", 2] = 0.5
    records.oindex["a", [0]] = 6
    records.vindex["b", [1, 1]] = [4, 5]
    records.blocks["a", 1] = 5
    assert records[...].tolist() == [(6, 1.5), (8, 5.0), (5, 0.5)]


def test_several_fields_at_once_and_fields_that_are_not_there_are_refused(records):
    with pytest.raises(IndexError, match="one field"):
        records["a", "b"] = 5
    for fields in ("x", ["a", "x"], 3):
        with pytest.raises(IndexError, match="field"):
            records.get_basic_selection(..., fields=fields)
        with pytest.raises(IndexError, match="field"):
            records.set_basic_selection(..., 0, fields=fields)
    assert records[...].tolist() == [(1, 1.5), (2, 2.5), (3, 3.5)]
