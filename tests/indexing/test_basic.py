import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.indexing import BasicIndexer, ChunkProjection, Indexer
from terrazzo.testing import strategies


def stored_chunk(array, grid, coords):
    """A chunk as it is stored: in full, with -1 where it reaches beyond the array."""
    chunk = np.full(grid.shape_of(coords), -1)
    part = array[grid.region_of(coords)]
    chunk[tuple(map(slice, part.shape))] = part
    return chunk


@given(data=st.data())
def test_the_projections_make_up_what_numpy_selects(data):
    shape = data.draw(strategies.shapes(max_side=6))
    grid = RegularChunkGridMetadata(chunk_shape=data.draw(strategies.chunk_shapes(shape))).grid_for(shape)
    selection = data.draw(strategies.basic_selections(shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)

    indexer = BasicIndexer(selection, shape, grid)
    projections = list(indexer)

    out = np.full(indexer.shape, -2)
    for projection in projections:
        chunk = stored_chunk(array, grid, projection.chunk_coords)
        out[projection.out_selection] = chunk[projection.chunk_selection]
        region = array[grid.region_of(projection.chunk_coords)]
        selected = np.zeros(chunk.shape, dtype=bool)
        selected[projection.chunk_selection] = True
        assert projection.is_complete_chunk == selected[tuple(map(slice, region.shape))].all()
    assert np.array_equal(out, array[selection])

    coords = [projection.chunk_coords for projection in projections]
    assert len(set(coords)) == len(coords) == indexer.count
    assert coords == list(itertools.product(*indexer.chunk_indices))
    assert coords == sorted(coords)


def test_an_indexer_can_be_gone_through_twice():
    grid = RegularChunkGridMetadata(chunk_shape=(2,)).grid_for((5,))
    indexer = BasicIndexer(slice(1, 4), (5,), grid)
    assert list(indexer) == list(indexer)
    assert isinstance(indexer, Indexer)
    assert indexer.drop_axes == ()


def test_a_projection_says_which_part_of_which_chunk_goes_where():
    grid = RegularChunkGridMetadata(chunk_shape=(2, 3)).grid_for((4, 5))
    assert list(BasicIndexer((slice(1, 3), 4), (4, 5), grid)) == [
        ChunkProjection((0, 1), (slice(1, 2, 1), 1), (slice(0, 1, 1),), False),
        ChunkProjection((1, 1), (slice(0, 1, 1), 1), (slice(1, 2, 1),), False),
    ]


def test_the_shape_and_count_cost_nothing_where_an_array_is_huge():
    shape = (2**60, 2**60)
    grid = RegularChunkGridMetadata(chunk_shape=(2**59, 2**40)).grid_for(shape)
    indexer = BasicIndexer((..., slice(0, 3)), shape, grid)
    assert indexer.shape == (2**60, 3)
    assert indexer.count == 2
