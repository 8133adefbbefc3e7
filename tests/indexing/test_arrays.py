import numpy as np
import pytest

import terrazzo
from terrazzo.errors import BoundsCheckError
from terrazzo.indexing.arrays import as_array, as_run, check_bounds, holds_indices, indices_along, is_array, is_integer


def test_arrays_of_other_libraries_are_arrays_and_scalars_are_none():
    for item in (np.zeros(2), np.array(1), terrazzo.array([1, 2])):
        assert is_array(item)
    for item in (1, np.int64(1), [1], (1,), None, "a", np.float64(1)):
        assert not is_array(item)


def test_lists_make_arrays_if_they_are_regular():
    assert as_array([1, 2]).tolist() == [1, 2]
    assert as_array([[1], [2]]).shape == (2, 1)
    assert as_array([[1], [2, 3]]) is None
    assert as_array((1, 2)) is None
    assert as_array(1) is None


@pytest.mark.parametrize(
    ("indices", "run"),
    [
        ([], range(0)),
        ([4], range(4, 5)),
        ([1, 2, 3], range(1, 4)),
        ([1, 4, 7], range(1, 8, 3)),
        ([0, 2**61, 2**62], range(0, 2**62 + 1, 2**61)),
    ],
)
def test_what_ascends_by_one_step_is_a_range(indices, run):
    assert as_run(np.array(indices, dtype="i8")) == run


@pytest.mark.parametrize("indices", [[1, 1], [2, 1], [1, 2, 4], [0, 1, 4, 6], [0, 3, 1, 6], [0, 0, 2]])
def test_what_does_not_stays_an_array(indices):
    array = np.array(indices)
    assert as_run(array) is array


@pytest.mark.parametrize("dtype", ["i1", "u1", "i8", "u8", ">i4"])
def test_indices_are_counted_from_the_start(dtype):
    assert check_bounds(np.array([0, 5, 3], dtype=dtype), 6, 0).tolist() == [0, 5, 3]
    assert check_bounds(np.array([0, 5, 3], dtype=dtype), 6, 0).dtype == np.int64


def test_negative_indices_are_counted_from_the_end():
    given = np.array([-1, 0, -6])
    assert check_bounds(given, 6, 0).tolist() == [5, 0, 0]
    assert given.tolist() == [-1, 0, -6]


@pytest.mark.parametrize("index", [6, -7, 2**40])
def test_an_index_outside_is_named(index):
    with pytest.raises(BoundsCheckError, match=f"{index} .*axis 3.*length 6"):
        check_bounds(np.array([0, index]), 6, 3)


def test_only_lists_and_arrays_select_by_indices():
    for item in (1, None, slice(0, 1), (1, 2), "ab", [], range(3)):
        assert indices_along(item, 5, 0) is None
    assert indices_along([3, 0], 5, 0).tolist() == [3, 0]
    assert indices_along([True, False, True, True, False], 5, 0).tolist() == [0, 2, 3]


def test_integers_and_booleans_are_indices():
    assert holds_indices(np.zeros(2, dtype="u2"))
    assert holds_indices(np.zeros(2, dtype=bool), 1)
    assert not holds_indices(np.zeros((2, 2), dtype=bool), 1)
    assert not holds_indices(np.zeros(2))


def test_integers_of_python_and_numpy_are_integers_and_truth_values_are_none():
    assert all(map(is_integer, (0, -1, 2**70, np.int8(3), np.uint64(5))))
    assert not any(map(is_integer, (True, np.True_, 1.0, np.float64(1), "1", None, np.array(1), [1], slice(1))))
