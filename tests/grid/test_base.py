import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.grid import ChunkGrid, RegularAxis, RegularChunkGridMetadata
from terrazzo.grid.edges import Edges
from terrazzo.grid.rectilinear import RectilinearAxis, declare_chunks
from terrazzo.testing import strategies


def grid_of(shape, chunks):
    return RegularChunkGridMetadata(chunk_shape=chunks).grid_for(shape)


def grids(shape):
    """Grids of both kinds."""
    regular = strategies.chunk_shapes(shape).map(lambda chunks: grid_of(shape, chunks))
    return regular | strategies.rectilinear_chunks(shape).map(
        lambda chunks: declare_chunks(chunks, shape).grid_for(shape)
    )


@given(data=st.data())
def test_every_element_is_in_exactly_one_chunk(data):
    shape = data.draw(strategies.shapes(max_dims=3, max_side=7))
    grid = data.draw(grids(shape))
    seen = np.zeros(shape, dtype=int)
    for coords in grid.all_chunk_coords():
        region = grid.region_of(coords)
        assert seen[region].size
        seen[region] += 1
        for position in itertools.product(*(range(part.start, part.stop) for part in region)):
            assert tuple(axis.chunk_at(index) for axis, index in zip(grid.dimensions, position, strict=True)) == coords
    assert (seen == 1).all()


@given(length=st.integers(0, 2**62), chunk=st.integers(1, 2**62), data=st.data())
def test_many_are_answered_as_one(length, chunk, data):
    axis = RegularAxis(length, chunk)
    indices = data.draw(st.lists(st.integers(0, length - 1), max_size=5) if length else st.just([]))
    chunks = [axis.chunk_at(index) for index in indices]
    asked = np.array(chunks, dtype=np.int64)
    assert axis.chunks_at(np.array(indices, dtype=np.int64)).tolist() == chunks
    assert axis.starts_of(asked).tolist() == list(map(axis.start_of, chunks))
    assert axis.sizes_of(asked).tolist() == list(map(axis.size_of, chunks))
    for number in chunks:
        first = max(0, number - 2)
        between = list(axis.starts_between(first, number + 1))
        assert between == list(map(axis.start_of, range(first, number + 1)))
        assert 1 <= axis.held_by(number) <= chunk


@given(data=st.data())
def test_the_counts_agree_with_the_chunks(data):
    shape = data.draw(strategies.shapes(max_dims=3, max_side=7))
    chunks = data.draw(strategies.chunk_shapes(shape))
    grid = grid_of(shape, chunks)
    coords = list(grid.all_chunk_coords())
    assert len(coords) == grid.get_nchunks() == np.prod(grid.grid_shape, dtype=int)
    assert coords == sorted(coords)
    assert (grid.ndim, grid.shape, grid.chunk_shape, grid.is_regular) == (len(shape), shape, chunks, True)
    assert all(grid.contains(found) and grid.shape_of(found) == chunks for found in coords)


def test_a_grid_without_dimensions_has_one_chunk():
    grid = grid_of((), ())
    assert list(grid.all_chunk_coords()) == [()]
    assert (grid.get_nchunks(), grid.chunk_shape, grid.region_of(())) == (1, (), ())
    assert grid.contains(())


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 0)])
def test_a_grid_with_an_empty_axis_has_no_chunks(shape):
    grid = grid_of(shape, (2,) * len(shape))
    assert not grid.get_nchunks()
    assert not list(grid.all_chunk_coords())
    assert not grid.contains((0,) * len(shape))


@pytest.mark.parametrize("coords", [(-1, 0), (2, 0), (0, 3), (0,), (0, 0, 0), ()])
def test_chunks_outside_are_not_contained(coords):
    assert not grid_of((4, 5), (2, 2)).contains(coords)


def test_the_last_chunk_ends_with_the_array_and_is_stored_in_full():
    grid = grid_of((5, 3), (2, 10))
    assert grid.grid_shape == (3, 1)
    assert grid.region_of((2, 0)) == (slice(4, 5, 1), slice(0, 3, 1))
    assert grid.shape_of((2, 0)) == (2, 10)


def test_another_shape_keeps_the_cut():
    grid = grid_of((5, 3), (2, 2)).update_shape((8, 0))
    assert (grid.shape, grid.grid_shape, grid.chunk_shape) == ((8, 0), (4, 0), (2, 2))


def test_nothing_depends_on_how_many_chunks_are_declared():
    grid = grid_of((2**62, 2**62), (1, 3))
    assert grid.get_nchunks() == 2**62 * -(-(2**62) // 3)
    assert next(iter(grid_of((2**62,), (2**61,)).all_chunk_coords())) == (0,)
    assert grid.contains((2**62 - 1, 0))
    assert grid.region_of((0, 2**62 // 3)) == (slice(0, 1, 1), slice(2**62 - 1, 2**62, 1))


def test_chunks_may_differ_in_shape():
    grid = ChunkGrid((RectilinearAxis(6, Edges.from_json([3, 1, 4])), RegularAxis(4, 2)))
    assert not grid.is_regular
    assert (grid.shape, grid.grid_shape, grid.get_nchunks()) == ((6, 4), (3, 2), 6)
    assert grid.shape_of((2, 1)) == (4, 2)
    assert grid.region_of((2, 1)) == (slice(4, 6, 1), slice(2, 4, 1))
    assert grid.chunk_sizes == ((3, 1, 2), (2, 2))
    assert grid.update_shape((3, 4)).grid_shape == (1, 2)
    assert grid.uniform_shape is None
    with pytest.raises(ValueError, match="differ in shape"):
        _ = grid.chunk_shape


def test_chunks_that_are_declared_one_by_one_may_be_equal():
    grid = ChunkGrid((RectilinearAxis(6, Edges.from_json([3, 3, 1])), RegularAxis(4, 2)))
    assert grid.uniform_shape == (3, 2)
    assert not grid.is_regular


@given(data=st.data())
def test_sizes_are_those_of_the_regions(data):
    shape = data.draw(strategies.shapes(max_dims=3, max_side=7))
    grid = data.draw(grids(shape))
    for axis, sizes in zip(grid.dimensions, grid.chunk_sizes, strict=True):
        assert list(sizes) == list(map(axis.held_by, range(axis.count)))
        assert sum(sizes) == axis.length


def test_chunks_are_counted_out_one_at_a_time():
    coords = grid_of((10**12, 10**12), (1, 1)).all_chunk_coords()
    assert list(itertools.islice(coords, 3)) == [(0, 0), (0, 1), (0, 2)]


# -- what zarr-python has under `experimental`


def test_a_grid_is_made_of_sizes():
    grid = ChunkGrid.from_sizes((6, 5), [[1, 2, 3], 2])
    assert grid.dimensions == (RectilinearAxis(6, Edges.from_json([1, 2, 3])), RegularAxis(5, 2))
    assert ChunkGrid.from_sizes(5, (2,)) == ChunkGrid.from_sizes(np.array([5]), [2]) == grid_of((5,), (2,))
    assert ChunkGrid.from_sizes((5,), [2]).chunk_shape == (2,)
    assert hash(grid) == hash(ChunkGrid.from_sizes([6, 5], ((1, 2, 3), 2)))


@pytest.mark.parametrize(("shape", "sizes"), [(6, [[1, 2]]), (6, [5, 5]), (6, [0]), ((6, 6), [[6], [3, 0, 3]])])
def test_sizes_that_do_not_cover_the_array_are_refused(shape, sizes):
    with pytest.raises(ValueError, match=r".+"):
        ChunkGrid.from_sizes(shape, sizes)


def test_a_grid_is_that_of_an_array():
    array = terrazzo.create_array({}, shape=(6,), chunks=[[1, 5]], dtype="i4")
    assert ChunkGrid.from_metadata(array.metadata) == ChunkGrid.from_sizes((6,), [[1, 5]])


def test_a_part_of_the_chunks_is_counted_out():
    grid = ChunkGrid.from_sizes((6, 5), [[1, 2, 3], 2])
    assert list(grid.all_chunk_coords(origin=(1, 1))) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert list(grid.all_chunk_coords(origin=(1, 1), selection_shape=(2, 1))) == [(1, 1), (2, 1)]
    assert list(grid.iter_chunk_regions(origin=(2, 1))) == [grid[2, 1].slices, grid[2, 2].slices]
    assert len(list(grid.iter_chunk_regions())) == 9
    with pytest.raises(IndexError, match="in a grid of"):
        grid.all_chunk_coords(origin=(1, 1), selection_shape=(3, 1))


def test_another_shape_has_as_many_axes():
    with pytest.raises(ValueError, match="has 1 axes"):
        grid_of((5, 3), (2, 2)).update_shape((5,))
