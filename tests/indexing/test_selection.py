import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import BoundsCheckError, NegativeStepError
from terrazzo.indexing import normalize_basic
from terrazzo.testing import strategies


@given(data=st.data())
def test_a_selection_selects_what_numpy_selects(data):
    shape = data.draw(strategies.shapes(max_side=6))
    selection = data.draw(strategies.basic_selections(shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    normalized = normalize_basic(selection, shape)
    assert len(normalized) == len(shape)
    for item, length in zip(normalized, shape, strict=True):
        assert item in range(length) if isinstance(item, int) else item.step >= 1
    picked = array[np.ix_(*[[item] if isinstance(item, int) else list(item) for item in normalized])]
    assert np.array_equal(picked.reshape(np.shape(array[selection])), array[selection])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ((), (range(3), range(4))),
        (..., (range(3), range(4))),
        ((..., 1), (range(3), 1)),
        ((1, ...), (1, range(4))),
        ((1, ..., 1), (1, 1)),
        ((1, 1, ...), (1, 1)),
        ((..., 1, 1), (1, 1)),
        (-1, (2, range(4))),
        (np.int8(-1), (2, range(4))),
        (np.array(2), (2, range(4))),
        ((slice(None, None, 3),), (range(0, 3, 3), range(4))),
        ((slice(5, 1), slice(-100, 100)), (range(3, 1), range(4))),
        ((slice(np.int64(1), None), 0), (range(1, 3), 0)),
    ],
    ids=repr,
)
def test_each_axis_gets_an_index_or_a_range(selection, expected):
    normalized = normalize_basic(selection, (3, 4))
    assert normalized == expected
    assert all(type(item) in (int, range) for item in normalized)


@pytest.mark.parametrize("index", [3, -4, 2**70, np.int64(3)])
def test_an_index_outside_its_axis_is_refused(index):
    with pytest.raises(BoundsCheckError, match=f"{index} .*length 3"):
        normalize_basic(index, (3, 4))
    with pytest.raises(BoundsCheckError):
        normalize_basic(0, (0,))


@pytest.mark.parametrize("step", [-1, -3, np.int64(-1)])
def test_a_slice_that_runs_backwards_is_refused(step):
    with pytest.raises(NegativeStepError, match="backwards"):
        normalize_basic((0, slice(None, None, step)), (3, 4))


def test_a_step_of_0_is_numpys_error():
    with pytest.raises(ValueError, match="zero"):
        normalize_basic(slice(None, None, 0), (3,))


@pytest.mark.parametrize(
    "selection",
    [
        None,
        (0, None),
        True,
        np.True_,
        (False, 0),
        1.0,
        np.float64(1),
        "0",
        b"0",
        [],
        [0],
        [0, 1],
        {},
        {0},
        np.array([0]),
        np.array([True, False, True]),
        np.array([], dtype=int),
        slice("a", None),
        slice(0.0, 1.0),
        (slice(None), "x" * 10_000),
        object(),
    ],
    ids=lambda selection: str(selection)[:20],
)
def test_nothing_else_is_a_basic_selection(selection):
    with pytest.raises(IndexError) as caught:
        normalize_basic(selection, (3, 4))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("selection", [(0, 0, 0), (slice(None),) * 3, (0, ..., 0, 0), (0, 0, 0, ...)])
def test_more_items_than_axes_are_refused(selection):
    with pytest.raises(IndexError, match="2 axes"):
        normalize_basic(selection, (3, 4))


def test_there_is_one_ellipsis_at_most():
    with pytest.raises(IndexError, match="one ellipsis"):
        normalize_basic((..., 0, ...), (3, 4))


def test_an_array_without_axes_takes_nothing_or_an_ellipsis():
    for selection in ((), ..., (...,)):
        assert normalize_basic(selection, ()) == ()
    for selection in (0, slice(None), (0,)):
        with pytest.raises(IndexError, match="0 axes"):
            normalize_basic(selection, ())
