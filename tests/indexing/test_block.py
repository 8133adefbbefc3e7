import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import BoundsCheckError
from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.indexing import BlockIndexer
from terrazzo.testing import strategies
from tests.selecting import check_projections, elements_of_blocks, grids


@given(data=st.data())
def test_blocks_are_whole_chunks(data):
    shape = data.draw(strategies.shapes(max_side=6))
    grid = data.draw(grids(shape))
    selection = data.draw(strategies.block_selections(grid.grid_shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    indexer = BlockIndexer(selection, shape, grid)
    region = elements_of_blocks(selection, grid)
    check_projections(indexer, grid, array[region], write=lambda model, values: model.__setitem__(region, values))
    assert all(projection.is_complete_chunk for projection in indexer)


@pytest.mark.parametrize(
    ("selection", "shape"),
    [
        (2, (1,)),
        (-1, (1,)),
        (np.int8(0), (3,)),
        (slice(1, 3), (4,)),
        (slice(None, -1), (6,)),
        (slice(-2, None), (4,)),
        (slice(2, 9), (1,)),
        (slice(1, 1), (0,)),
        (slice(2, 1), (0,)),
        (slice(0, 2, 1), (6,)),
        (..., (7,)),
        ((), (7,)),
    ],
    ids=str,
)
def test_a_run_of_chunks_ends_where_the_array_does(selection, shape):
    grid = RegularChunkGridMetadata(chunk_shape=(3,)).grid_for((7,))
    assert BlockIndexer(selection, (7,), grid).shape == shape


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (3, BoundsCheckError),
        (-4, BoundsCheckError),
        (slice(3, None), BoundsCheckError),
        (slice(-4, None), BoundsCheckError),
        (slice(0, 2, 2), IndexError),
        (slice(None, None, -1), IndexError),
        (slice(0.0, 1.0), IndexError),
        ([0], IndexError),
        (np.array([0]), IndexError),
        (True, IndexError),
        (None, IndexError),
        (1.0, IndexError),
        ((0, 0), IndexError),
        ((..., ...), IndexError),
    ],
    ids=str,
)
def test_what_is_no_chunk_is_refused(selection, error):
    grid = RegularChunkGridMetadata(chunk_shape=(3,)).grid_for((7,))
    with pytest.raises(error):
        BlockIndexer(selection, (7,), grid)
