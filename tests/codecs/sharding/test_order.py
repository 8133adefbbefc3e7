import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs.sharding.order import SUBCHUNK_WRITE_ORDER, in_order, write_sequence

grids = st.lists(st.integers(1, 6), max_size=4).map(tuple)


def coords_of(grid, order):
    return [tuple(map(int, np.unravel_index(position, grid))) for position in write_sequence(grid, order)]


def test_morton_order_is_that_of_zarr_python():
    assert coords_of((2, 2), "morton") == [(0, 0), (1, 0), (0, 1), (1, 1)]
    expected = "00 10 01 11 20 21 02 12 22"
    assert coords_of((3, 3), "morton") == [(int(text[0]), int(text[1])) for text in expected.split()]


@given(grids)
def test_morton_order_sorts_by_interleaved_bits(grid):
    def code(coords):
        return [coords[axis] >> bit & 1 for bit in reversed(range(3)) for axis in reversed(range(len(grid)))]

    every = list(itertools.product(*map(range, grid)))
    found = write_sequence(grid, "morton").tolist()
    assert [every[position] for position in found] == sorted(every, key=code)


def test_the_other_orders_count_along_one_axis_after_another():
    assert coords_of((2, 3), "lexicographic") == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert coords_of((2, 3), "colexicographic") == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
    assert coords_of((2, 3), "unordered") == coords_of((2, 3), "lexicographic")
    assert all(write_sequence((), order).tolist() == [0] for order in SUBCHUNK_WRITE_ORDER)


@given(grids, st.sampled_from(SUBCHUNK_WRITE_ORDER), st.data())
def test_a_shard_is_seen_in_the_order_of_its_subchunks(grid, order, data):
    subchunk = tuple(data.draw(st.integers(1, 3)) for _ in grid)
    shard = np.arange(np.prod(grid, dtype=int) * np.prod(subchunk, dtype=int))
    shard = shard.reshape([count * size for count, size in zip(grid, subchunk, strict=True)])
    axes = data.draw(st.permutations(range(len(grid))).map(tuple))
    seen = in_order(shard, grid, subchunk, order, axes)
    if seen is None:
        assert order == "morton"
        assert any(count & (count - 1) for count in grid)
        return
    assert np.shares_memory(seen, shard)
    rows = seen.reshape(-1, int(np.prod(subchunk, dtype=int)))
    for row, coords in zip(rows, coords_of(grid, order), strict=True):
        region = tuple(slice(at * size, (at + 1) * size) for at, size in zip(coords, subchunk, strict=True))
        assert np.array_equal(row, shard[region].transpose(axes).ravel())


def test_more_axes_than_numpy_has_are_not_seen_in_order():
    shard = np.zeros((1,) * 17)
    assert in_order(shard, (1,) * 17, (1,) * 17, "lexicographic", tuple(range(17))) is None


def test_a_sequence_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        write_sequence((2, 2), "morton")[0] = 1
