import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import BoundsCheckError, BroadcastError, VindexInvalidSelectionError
from terrazzo.grid import ChunkGrid, RegularAxis, RegularChunkGridMetadata
from terrazzo.indexing import CoordinateIndexer, Indexer
from terrazzo.testing import strategies
from tests.selecting import check_projections, grids, write_points


def grid_of(shape, chunks):
    return RegularChunkGridMetadata(chunk_shape=chunks).grid_for(shape)


SHAPES = strategies.shapes(min_dims=1, max_side=6)


@given(data=st.data())
def test_the_projections_make_up_the_points(data):
    shape = data.draw(SHAPES)
    grid = data.draw(grids(shape))
    selection = data.draw(strategies.coordinate_selections(shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    indexer = CoordinateIndexer(selection, shape, grid)
    expected = np.atleast_1d(array[selection])
    assert indexer.sel_shape == expected.shape
    assert indexer.shape == (expected.size,)
    check_projections(
        indexer,
        grid,
        expected,
        write=lambda model, values: write_points(model, selection, values.reshape(expected.shape)),
    )
    assert indexer.count == len(list(indexer))


def test_a_projection_has_the_points_of_one_chunk_in_the_order_they_were_given():
    indexer = CoordinateIndexer(([1, 5, 1, 0], [2, 3, 4, 2]), (7, 10), grid_of((7, 10), (4, 3)))
    found = [
        (coords, [part.tolist() for part in inside], np.arange(4)[places[0]].tolist(), complete)
        for coords, inside, places, complete in indexer
    ]
    assert found == [
        ((0, 0), [[1, 0], [2, 2]], [0, 3], False),
        ((0, 1), [[1], [1]], [2], False),
        ((1, 1), [[1], [0]], [1], False),
    ]
    assert isinstance(indexer, Indexer)
    assert indexer.drop_axes == ()


def test_points_in_the_order_of_the_chunks_go_to_slices():
    indexer = CoordinateIndexer(([0, 1, 5], [9, 0, 0]), (7, 10), grid_of((7, 10), (4, 10)))
    assert [projection.out_selection for projection in indexer] == [(slice(0, 2, 1),), (slice(2, 3, 1),)]


def test_all_points_of_a_chunk_are_complete_in_any_order_but_not_the_same_ones_twice():
    grid = grid_of((3, 2), (2, 2))

    def complete(*points):
        indexer = CoordinateIndexer(tuple(np.array(points).T), (3, 2), grid)
        return [projection.is_complete_chunk for projection in indexer]

    assert complete((1, 1), (0, 0), (1, 0), (0, 1)) == [True]
    assert complete((1, 1), (0, 0), (1, 1), (1, 0), (0, 1)) == [True]
    assert complete((1, 1), (0, 0), (1, 1), (0, 1)) == [False]
    assert complete((2, 1), (2, 0)) == [True]


def test_what_is_declared_costs_nothing():
    length = 2**62
    grid = ChunkGrid(tuple(RegularAxis(length, 1) for _ in range(4)))
    ends = np.array([length - 1, 0, 5])
    indexer = CoordinateIndexer((ends, ends, ends[::-1], -1), (length,) * 4, grid)
    last = length - 1
    assert [projection.chunk_coords for projection in indexer] == [
        (0, 0, 0, last),
        (5, 5, last, last),
        (last, last, 5, last),
    ]


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (([7], [0]), BoundsCheckError),
        (([0], [-11]), BoundsCheckError),
        (([0, 1, 2], [0, 1]), BroadcastError),
        ([0, 1], VindexInvalidSelectionError),
        (([0], [0], [0]), VindexInvalidSelectionError),
        ((slice(None), [0]), VindexInvalidSelectionError),
        ((..., [0]), VindexInvalidSelectionError),
        (([], []), VindexInvalidSelectionError),
        (([1.0], [0]), VindexInvalidSelectionError),
        ((True, 0), VindexInvalidSelectionError),
        (([True], [0]), VindexInvalidSelectionError),
        ((None, 0), VindexInvalidSelectionError),
        ((), VindexInvalidSelectionError),
        ("ab", VindexInvalidSelectionError),
        (np.ones((7, 10), dtype=bool), VindexInvalidSelectionError),
    ],
    ids=lambda value: str(value)[:25],
)
def test_what_is_no_point_is_refused(selection, error):
    with pytest.raises(error) as caught:
        CoordinateIndexer(selection, (7, 10), grid_of((7, 10), (2, 3)))
    assert isinstance(caught.value, IndexError)
    assert len(str(caught.value)) < 600


def test_coordinates_that_do_not_broadcast_are_numpys_error_too():
    with pytest.raises(ValueError, match=r"\(3,\), \(2,\)"):
        CoordinateIndexer(([0, 1, 2], [0, 1]), (7, 10), grid_of((7, 10), (2, 3)))


def test_an_array_without_axes_has_no_points():
    for selection in ((), 0, np.array(0)):
        with pytest.raises(VindexInvalidSelectionError):
            CoordinateIndexer(selection, (), ChunkGrid(()))
