import numpy as np
import pytest

from terrazzo.errors import BoundsCheckError
from terrazzo.indexing import check_fields, is_plain, kind_of, pop_fields, run_of

ROWS = np.array([True, False, True])
ALL = slice(None)


@pytest.mark.parametrize(
    ("ndim", "kind", "selections"),
    [
        (1, "basic", [2, slice(3), ..., (), None, [], [1.0], range(3), [[1]], (..., [1]), "a", np.array([1.0])]),
        (1, "vectorized", [[1, 2], ([1, 2],), np.array([1]), np.array([[1], [2]]), ROWS, (ROWS,), [True, False, True]]),
        (2, "basic", [(1, 2), (1, ...), (ALL, 1), ([1], ...), (..., [1]), ([[1]], [1]), ([], []), ([1], None)]),
        (2, "vectorized", [([1], [2]), ([1], 2), (2, np.array([1])), (np.array(1), 2), np.ones((3, 4), dtype=bool)]),
        (2, "vectorized", [ROWS, (ROWS,), (np.array([[1], [2]]), np.array([1, 2]))]),
        (2, "orthogonal", [[1, 2], ([1, 2],), ([1], ALL), (ALL, [1]), (ROWS, [1]), (ROWS, ROWS), (ROWS, 1), [True]]),
        (2, "orthogonal", [np.array([], dtype=int), np.array(1), (np.array([[1]]), ALL)]),
        (3, "basic", [([1], [1]), ([1], [1], ALL), ([1], ALL, [1]), (ROWS, [1], ALL), (ROWS, 1, ROWS), (1, 2)]),
        (3, "orthogonal", [[1], ([1], ALL), (ALL, 1, [1]), (1, [1], ALL), (ROWS, ROWS, ROWS), (ROWS, ROWS, [1])]),
        (3, "vectorized", [([1], [1], [1]), (1, [1], [1]), ([1], 1, 1), (1, 2, np.array(1))]),
    ],
)
def test_what_stands_in_brackets_says_how_to_select(ndim, kind, selections):
    for selection in selections:
        assert kind_of(selection, ndim) == kind, selection


def test_integers_slices_and_an_ellipsis_are_plain():
    for selection in (1, slice(2), ..., (), (1, slice(2), ...), np.int64(1), (np.uint8(1), slice(2))):
        assert is_plain(selection)
        assert kind_of(selection, 3) == "basic"
    for selection in (None, [1], (1, [1]), True, np.True_, "a", np.array(1)):
        assert not is_plain(selection)


def test_points_of_one_axis_that_ascend_by_one_step_are_a_slice():
    for points in ([2, 3, 4], ([2, 3, 4],), np.array([2, 3, 4], dtype="u1"), [-5, -4, -3]):
        assert run_of(points, (7,)) == slice(2, 5, 1)
    assert run_of([1, 4], (7,)) == slice(1, 5, 3)
    for points in ([4, 3], [3, 3], [], 3, np.array(3), np.array([[3]]), [True] * 7, slice(2), ..., None):
        assert run_of(points, (7,)) is None
    assert run_of([2, 3], (7, 7)) is None
    with pytest.raises(BoundsCheckError):
        run_of([6, 7], (7,))


@pytest.mark.parametrize(
    ("selection", "fields", "rest"),
    [
        ("a", "a", ...),
        (["a", "b"], ["a", "b"], ...),
        (("a", "b"), ["a", "b"], ...),
        (("a", 1), "a", 1),
        ((1, "a", slice(2)), "a", (1, slice(2))),
        (([1], "a", "b"), ["a", "b"], [1]),
        (1, None, 1),
        ((), None, ()),
        ((1, 2), None, (1, 2)),
        (((1, 2),), None, (1, 2)),
        ([1, 2], None, [1, 2]),
        ([], None, []),
        (["a", 1], None, ["a", 1]),
    ],
)
def test_names_of_fields_are_taken_out(selection, fields, rest):
    assert pop_fields(selection) == (fields, rest)


RECORD = np.dtype([("a", "i4"), ("b", "f8"), ("c", "u1")])


def test_fields_have_a_data_type():
    assert check_fields("b", RECORD) == np.dtype("f8")
    assert check_fields(["c", "a"], RECORD) == np.dtype([("c", "u1"), ("a", "i4")])
    assert check_fields(("a",), RECORD) == np.dtype([("a", "i4")])
    for nothing in (None, "", []):
        assert check_fields(nothing, RECORD) is RECORD


@pytest.mark.parametrize(
    ("fields", "dtype", "message"),
    [
        ("x", RECORD, "no field 'x'.*a, b, c"),
        (["a", "x"], RECORD, "no field 'x'"),
        ("a", np.dtype("i4"), "no fields"),
        (3, RECORD, "names"),
        ([3], RECORD, "names"),
    ],
)
def test_fields_that_are_not_there_are_refused(fields, dtype, message):
    with pytest.raises(IndexError, match=message):
        check_fields(fields, dtype)
