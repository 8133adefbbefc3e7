from terrazzo import experimental, grid


def test_chunk_grids_are_those_that_arrays_have():
    assert experimental.ChunkGrid is grid.ChunkGrid
    assert experimental.ChunkSpec is grid.ChunkSpec
