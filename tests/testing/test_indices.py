import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.testing import indices
from terrazzo.testing.parts import shapes


def numbered(shape):
    return np.arange(np.prod(shape)).reshape(shape)


@given(st.data())
def test_an_index_of_numpy_runs_forwards(data):
    values = numbered(data.draw(shapes(max_dims=3)))
    index = data.draw(indices.basic_indices(shape=values.shape))
    items = index if isinstance(index, tuple) else (index,)
    assert not any(map(indices.is_negative_slice, items))
    array = terrazzo.create_array({}, data=values)
    assert np.array_equal(array[index], values[index])


def test_a_slice_that_runs_backwards_is_told():
    assert indices.is_negative_slice(slice(None, None, -1))
    for other in (slice(None), slice(0, 5, 2), 3, Ellipsis):
        assert not indices.is_negative_slice(other)


@given(st.data())
def test_slices_reach_the_end(data):
    values = numbered(data.draw(shapes(min_dims=1, max_dims=3, min_side=1)))
    part = values[data.draw(indices.end_slices(shape=values.shape))]
    assert part.flat[-1] == values.flat[-1]


@given(st.data())
def test_an_orthogonal_index_stands_beside_what_selects_the_same_in_numpy(data):
    values = numbered(data.draw(shapes(min_dims=1, max_dims=3)))
    index, same = data.draw(indices.orthogonal_indices(shape=values.shape))
    array = terrazzo.create_array({}, data=values, chunks=2)
    assert np.array_equal(array.oindex[index], values[same])


@given(st.data())
def test_a_block_index_stands_beside_the_region(data):
    sizes = ((2, 2, 1), (3,), (1, 4))
    values = numbered((5, 3, 5))
    index, region = data.draw(indices.block_indices(chunk_sizes=sizes))
    array = terrazzo.create_array({}, data=values, chunks=sizes)
    assert np.array_equal(array.blocks[index], values[region])
