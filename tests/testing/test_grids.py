from hypothesis import find, given
from hypothesis import strategies as st

import terrazzo
from terrazzo.grid import RegularChunkGridMetadata, parse_chunk_grid
from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata
from terrazzo.testing import grids
from terrazzo.testing.parts import shapes


@given(st.data())
def test_lengths_add_up_to_the_axis(data):
    extent = data.draw(st.integers(0, 30))
    edges = data.draw(grids.rectilinear_dim_edges(extent=extent, max_chunks=5))
    assert edges
    assert all(length > 0 for length in edges)
    assert len(edges) <= 5
    assert not extent or sum(edges) == extent


@given(st.data())
def test_a_declaration_means_what_stands_beside_it(data):
    shape = data.draw(shapes(min_dims=1))
    stored, meaning = data.draw(grids.rectilinear_chunk_shape_declarations(shape=shape))
    document = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": stored}}
    assert parse_chunk_grid(document).chunk_shapes == meaning


@given(st.data())
def test_a_grid_can_be_given_as_chunks(data):
    shape = data.draw(shapes(min_dims=1, min_side=1))
    edges = [data.draw(grids.rectilinear_dim_edges(extent=length) | st.integers(1, 3)) for length in shape]
    grid = RectilinearChunkGridMetadata(chunk_shapes=edges)
    array = terrazzo.create_array({}, shape=shape, dtype="u1", chunks=grids.chunks_param_from_rectilinear(grid))
    assert array.write_chunk_sizes == grid.grid_for(shape).chunk_sizes


def test_some_lengths_are_encoded_as_runs():
    declarations = grids.rectilinear_chunk_shape_declarations(shape=(9,))
    assert find(declarations, lambda both: isinstance(both[0][0], list) and [1, 2] in both[0][0])


@given(st.data())
def test_grids_of_both_kinds_fit_the_shape(data):
    shape = data.draw(shapes())
    grid = data.draw(grids.chunk_grids(shape=shape))
    assert isinstance(grid, (RegularChunkGridMetadata, RectilinearChunkGridMetadata))
    assert tuple(map(sum, grid.grid_for(shape).chunk_sizes)) == shape
