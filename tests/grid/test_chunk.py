import pytest

from terrazzo.grid import ChunkGrid
from terrazzo.grid.chunk import ChunkSpec


def test_a_chunk_says_where_it_is_and_how_it_is_stored():
    grid = ChunkGrid.from_sizes((6, 5), [[1, 2, 3], 2])
    assert grid[2, 2] == ChunkSpec((slice(3, 6, 1), slice(4, 5, 1)), (3, 2))
    assert (grid[2, 2].shape, grid[2, 2].is_boundary, grid[0, 0].is_boundary) == ((3, 1), True, False)
    assert [grid[coords] for coords in grid.all_chunk_coords()] == list(grid)
    assert grid[3, 0] is None
    assert grid[0, -1] is None
    assert ChunkGrid.from_sizes((5,), [2])[1].slices == (slice(2, 4, 1),)
    with pytest.raises(ValueError, match="1 coordinates"):
        grid[0]
