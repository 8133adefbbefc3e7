import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.grid import ChunkGrid, RegularAxis
from terrazzo.indexing.region import region_of


def selections(draw, shape):
    """A selection as an indexer has it in a chunk, and numpy's answer to what it selects, without dropped axes."""
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    if draw(st.booleans(), label="points"):
        count = draw(st.integers(1, 8))
        points = tuple(np.array(draw(st.lists(st.integers(0, n - 1), min_size=count, max_size=count))) for n in shape)
        return points, whole[points], whole
    items, meant = [], []
    for length in shape:
        kind = draw(st.sampled_from(["int", "slice", "array", "mask"]))
        indices = np.array(sorted(draw(st.sets(st.integers(0, length - 1), min_size=1))))
        if kind == "int":
            items.append(int(indices[0]))
            meant.append(indices[:1])
        elif kind == "slice":
            step = draw(st.integers(1, length))
            items.append(slice(int(indices[0]), length, step))
            meant.append(np.arange(indices[0], length, step))
        else:
            items.append(draw(st.permutations(indices.tolist())) if kind == "array" else indices)
            items[-1] = np.array(items[-1])
            meant.append(items[-1])
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    if len(arrays) > 1:
        return np.ix_(*meant), whole[np.ix_(*meant)], whole
    return tuple(items), whole[np.ix_(*meant)], whole


@given(data=st.data())
def test_the_pieces_of_a_region_are_what_is_selected(data):
    counts = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=3))
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=len(counts), max_size=len(counts)))
    shape = tuple(count * size for count, size in zip(counts, sizes, strict=True))
    selection, expected, whole = selections(data.draw, shape)
    region = region_of(selection, shape)
    assert region.shape == expected.shape
    grid = ChunkGrid(tuple(map(RegularAxis, shape, sizes)))
    positions, parts = region.pieces(grid)
    found = np.full(region.shape, -1)
    assert len(set(positions.tolist())) == len(positions)
    for position, (selected, where, whole_chunk) in zip(positions.tolist(), parts, strict=True):
        coords = np.unravel_index(position, grid.grid_shape)
        chunk = whole[grid.region_of(tuple(map(int, coords)))]
        found[where] = chunk[selected]
        assert not whole_chunk or (chunk[selected].size == chunk.size and np.array_equal(chunk[selected], chunk))
    assert np.array_equal(found, expected)
    assert region.is_all_of(shape) == (
        not region.is_points and all(isinstance(axis, range) for axis in region.axes) and expected.shape == shape
    )


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_region_is_transposed_as_an_array_is(order):
    whole = np.arange(24).reshape(2, 3, 4)
    region = region_of((1, slice(0, 3, 2), np.array([3, 0])), whole.shape)
    moved = region.transposed(order)
    expected = whole[np.ix_([1], [0, 2], [3, 0])].transpose(order)
    assert moved.shape == expected.shape
    assert np.array_equal(whole.transpose(order)[np.ix_(*moved.axes)], expected)
    points = region_of((np.array([1, 0]), np.array([2, 2]), np.array([0, 3])), whole.shape)
    assert np.array_equal(whole.transpose(order)[points.transposed(order).axes], whole[[1, 0], [2, 2], [0, 3]])


def test_points_have_an_index_on_every_axis():
    with pytest.raises(IndexError, match="every axis"):
        region_of((np.array([1, 0]), np.array([2, 2]), slice(0, 1)), (2, 3, 4))


def test_a_mask_selects_where_it_is_true():
    region = region_of((np.array([True, False, True]), slice(0, 2, 1)), (3, 2))
    assert np.array_equal(region.axes[0], [0, 2])
    assert region.shape == (2, 2)


def test_a_region_in_one_chunk_is_one_piece():
    shape, sizes, counts = (6, 8), (3, 4), (2, 2)
    grid = ChunkGrid(tuple(map(RegularAxis, shape, sizes)))
    for selection in itertools.product([2, slice(3, 6), slice(0, 3, 2), slice(4, 5)], [7, slice(4, 8), slice(1, 4, 2)]):
        region = region_of(selection, shape)
        positions, parts = region.pieces(grid)
        assert region.only_piece(sizes, counts) == (positions[0], next(parts))
    for selection in [(2, slice(3, 5)), (slice(None), 0), (np.array([1]), 0), (np.array([1, 2]), np.array([0, 1]))]:
        assert region_of(selection, shape).only_piece(sizes, counts) is None
    assert region_of((), ()).only_piece((), ()) == (0, ((), (), True))
