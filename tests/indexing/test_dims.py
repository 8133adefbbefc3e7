import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.grid import RegularAxis
from terrazzo.indexing.dims import Slices, project_axis
from terrazzo.testing import strategies
from tests.selecting import axes


def check(selected, axis):
    """Compare a projection with looking at every element."""
    indices = [selected] if isinstance(selected, int) else list(selected)
    expected = {}
    for place, index in enumerate(indices):
        chunk = axis.chunk_at(index)
        expected.setdefault(chunk, []).append((index - axis.start_of(chunk), place))
    projected = project_axis(selected, axis)
    assert projected.chunks == sorted(expected)
    for number, chunk in enumerate(projected.chunks):
        inside, places = map(list, zip(*expected[chunk], strict=True))
        part = projected.chunk_selections[number]
        if isinstance(selected, int):
            assert part == inside[0]
            assert projected.out_selections is None
        else:
            assert [*range(axis.size_of(chunk))[part]] == inside
            assert [*range(len(indices))[projected.out_selections[number]]] == places
        held = min(axis.size_of(chunk), axis.length - axis.start_of(chunk))
        assert projected.complete[number] == (inside == list(range(held)))


@given(data=st.data())
def test_a_range_is_cut_where_the_chunks_are(data):
    length = data.draw(st.integers(0, 20))
    axis = data.draw(axes(length))
    selected = range(length)[data.draw(strategies.axis_slices(length))]
    check(selected, axis)


@given(data=st.data())
def test_an_index_is_in_one_chunk(data):
    length = data.draw(st.integers(1, 20))
    check(data.draw(st.integers(0, length - 1)), data.draw(axes(length)))


def test_every_range_on_a_small_axis():
    for length in range(7):
        for chunk in range(1, 8):
            for start in range(length):
                for stop in range(start, length + 1):
                    for step in range(1, 5):
                        check(range(start, stop, step), RegularAxis(length, chunk))


def test_nothing_selected_touches_nothing():
    assert project_axis(range(0), RegularAxis(5, 2)) == ([], [], [], [])


@pytest.mark.parametrize("step", [1, 2**60])
def test_a_projection_does_not_depend_on_the_length_of_the_axis(step):
    axis = RegularAxis(2**62, 2**61)
    projected = project_axis(range(0, 2**62, step), axis)
    assert projected.chunks == [0, 1]
    assert sum(len(range(2**62)[part]) for part in projected.out_selections) == -(-(2**62) // step)


def test_slices_are_made_when_they_are_asked_for():
    slices = Slices(range(0, 10**12, 2), range(1, 10**12, 2), 1)
    assert len(slices) == 5 * 10**11
    assert slices[3] == slice(6, 7, 1)
    assert list(Slices([0, 4], [3, 9], 2)) == [slice(0, 3, 2), slice(4, 9, 2)]
