from terrazzo import experimental, grid
from terrazzo.grid import chunk


def test_chunk_grids_are_those_that_arrays_have():
    assert experimental.ChunkGrid is grid.ChunkGrid
    assert experimental.ChunkSpec is chunk.ChunkSpec
