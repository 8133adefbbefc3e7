import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import BoundsCheckError, NegativeStepError
from terrazzo.grid import ChunkGrid, RegularAxis, RegularChunkGridMetadata
from terrazzo.indexing import BasicIndexer, ChunkProjection, Indexer, OrthogonalIndexer
from terrazzo.indexing.orthogonal import crossed
from terrazzo.testing import strategies
from tests.selecting import check_projections, grids, read_orthogonal, write_orthogonal


def grid_of(shape, chunks):
    return RegularChunkGridMetadata(chunk_shape=chunks).grid_for(shape)


@given(data=st.data())
def test_the_projections_make_up_what_numpy_selects(data):
    shape = data.draw(strategies.shapes(max_side=6))
    grid = data.draw(grids(shape))
    selection = data.draw(strategies.orthogonal_selections(shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    indexer = OrthogonalIndexer(selection, shape, grid)
    check_projections(
        indexer,
        grid,
        read_orthogonal(array, selection),
        write=lambda model, values: write_orthogonal(model, selection, values),
    )
    coords = [projection.chunk_coords for projection in indexer]
    assert coords == list(itertools.product(*indexer.chunk_indices))
    assert indexer.count == len(coords)


@given(data=st.data())
def test_a_basic_selection_is_an_orthogonal_one(data):
    shape = data.draw(strategies.shapes(max_side=6))
    grid = data.draw(grids(shape))
    selection = data.draw(strategies.basic_selections(shape))
    orthogonal = OrthogonalIndexer(selection, shape, grid)
    assert list(orthogonal) == list(BasicIndexer(selection, shape, grid))
    assert not orthogonal.is_advanced
    assert orthogonal.drop_axes == ()


@pytest.mark.parametrize(
    ("indices", "same"),
    [
        ([0, 1, 2, 3], slice(0, 4)),
        ([3], slice(3, 4)),
        ([1, 3, 5], slice(1, 6, 2)),
        ([-3, -2, -1], slice(4, 7)),
        ([True, True, False, False, False, False, False], slice(0, 2)),
        (np.arange(1, 7, 3, dtype="u1"), slice(1, 7, 3)),
        (np.zeros(7, dtype=bool), slice(0, 0)),
        (np.zeros(0, dtype=int), slice(0, 0)),
    ],
)
def test_indices_that_make_a_slice_are_planned_as_one(indices, same):
    shape, grid = (7, 5), grid_of((7, 5), (2, 3))
    found = OrthogonalIndexer((indices, slice(1, 4)), shape, grid)
    assert list(found) == list(BasicIndexer((same, slice(1, 4)), shape, grid))
    assert found.shape == BasicIndexer((same, slice(1, 4)), shape, grid).shape
    assert not found.is_advanced


def as_lists(projection):
    def listed(items):
        return tuple(item.tolist() if isinstance(item, np.ndarray) else item for item in items)

    return ChunkProjection(
        projection[0], listed(projection.chunk_selection), listed(projection.out_selection), projection[3]
    )


def test_a_projection_says_which_part_of_which_chunk_goes_where():
    indexer = OrthogonalIndexer(([6, 1, 0], 4), (7, 5), grid_of((7, 5), (4, 3)))
    assert indexer.shape == (3,)
    assert indexer.is_advanced
    assert indexer.drop_axes == (1,)
    assert list(map(as_lists, indexer)) == [
        ((0, 1), ([1, 0], slice(1, 2, 1)), (slice(1, 3, 1),), False),
        ((1, 1), (slice(2, 3, 1), slice(1, 2, 1)), (slice(0, 1, 1),), False),
    ]


def test_all_of_a_chunk_in_another_order_is_complete():
    indexer = OrthogonalIndexer([1, 0, 1, 3, 4], (5,), grid_of((5,), (2,)))
    assert [projection.is_complete_chunk for projection in indexer] == [True, False, True]


def test_several_arrays_make_a_product_and_keep_the_order_of_the_axes():
    chunk = np.arange(120).reshape(2, 3, 4, 5)
    one, other = np.array([2, 0]), np.array([3, 3, 1])
    selection = crossed((slice(0, 2, 1), one, slice(1, 4, 2), other))
    assert np.array_equal(chunk[selection], chunk[:, [2, 0]][:, :, 1:4:2][..., [3, 3, 1]])
    assert crossed((slice(0, 2, 1), one)) == (slice(0, 2, 1), one)


def test_an_indexer_can_be_gone_through_twice():
    indexer = OrthogonalIndexer(([3, 0], [1, 1]), (5, 5), grid_of((5, 5), (2, 2)))
    assert list(map(as_lists, indexer)) == list(map(as_lists, indexer))
    assert isinstance(indexer, Indexer)


def test_what_is_declared_costs_nothing():
    length = 2**60
    grid = ChunkGrid((RegularAxis(length, 2), RegularAxis(length, 1)))
    indexer = OrthogonalIndexer(([length - 1, 5, 4], slice(-3, None)), (length, length), grid)
    assert indexer.shape == (3, 3)
    assert indexer.count == 6
    assert [projection.chunk_coords[0] for projection in indexer] == [2] * 3 + [length // 2 - 1] * 3


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        ([7], BoundsCheckError),
        ([-8], BoundsCheckError),
        (([0], [5]), BoundsCheckError),
        (np.array([2**63], dtype="u8"), BoundsCheckError),
        ([2**70], BoundsCheckError),
        (7, BoundsCheckError),
        ([], IndexError),
        ([1.0], IndexError),
        (["a"], IndexError),
        ([[0]], IndexError),
        ([[0], [1, 2]], IndexError),
        (np.array([1.0]), IndexError),
        (np.array(1), IndexError),
        (np.array([[1]]), IndexError),
        (np.ones((7, 5), dtype=bool), IndexError),
        ([True], IndexError),
        (np.ones(8, dtype=bool), IndexError),
        (True, IndexError),
        (None, IndexError),
        (1.0, IndexError),
        ("a", IndexError),
        (range(3), IndexError),
        ((0, 0, 0), IndexError),
        ((..., ...), IndexError),
        (((0, 1), 0), IndexError),
        (slice(None, None, -1), NegativeStepError),
        (([1], slice(None, None, -1)), NegativeStepError),
    ],
    ids=lambda value: str(value)[:25],
)
def test_what_does_not_fit_is_refused(selection, error):
    with pytest.raises(error) as caught:
        OrthogonalIndexer(selection, (7, 5), grid_of((7, 5), (2, 3)))
    assert len(str(caught.value)) < 600
