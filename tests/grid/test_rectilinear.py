import itertools
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import MetadataValidationError
from terrazzo.grid import RegularAxis, parse_chunk_grid
from terrazzo.grid.edges import Edges
from terrazzo.grid.rectilinear import RectilinearAxis, RectilinearChunkGridMetadata, declare_chunks


def document(*chunk_shapes, **more):
    return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": list(chunk_shapes), **more}}


def grid_of(*chunk_shapes):
    return parse_chunk_grid(document(*chunk_shapes))


def field_of(data):
    with pytest.raises(MetadataValidationError) as caught:
        parse_chunk_grid(data)
    return caught.value.field


# -- axes

LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=9)


@given(LENGTHS, st.data())
def test_an_axis_agrees_with_its_lengths_laid_end_to_end(lengths, data):
    length = data.draw(st.integers(0, sum(lengths)))
    axis = RectilinearAxis(length, Edges.from_json(lengths))
    owner = np.repeat(np.arange(len(lengths)), lengths)[:length]
    starts = [0, *itertools.accumulate(lengths)]
    assert axis.count == (owner[-1] + 1 if length else 0)
    assert [axis.chunk_at(index) for index in range(length)] == owner.tolist()
    chunks = range(axis.count)
    assert [axis.start_of(chunk) for chunk in chunks] == starts[: axis.count]
    assert [axis.size_of(chunk) for chunk in chunks] == lengths[: axis.count]
    assert list(axis.held_lengths()) == np.bincount(owner, minlength=axis.count).tolist()
    assert axis.uniform == (lengths[0] if len(set(lengths[: max(1, axis.count)])) == 1 else None)
    asked = np.array(data.draw(st.lists(st.sampled_from(chunks))) if chunks else [], dtype=np.int64)
    assert axis.chunks_at(np.arange(length)).tolist() == owner.tolist()
    assert axis.starts_of(asked).tolist() == [starts[chunk] for chunk in asked]
    assert axis.sizes_of(asked).tolist() == [lengths[chunk] for chunk in asked]
    first = data.draw(st.integers(0, axis.count))
    assert axis.starts_between(first, axis.count) == starts[first : axis.count]


def test_an_axis_that_grows_beyond_its_chunks_gets_one_more():
    axis = RectilinearAxis(4, Edges.from_json([3, 1, 4]))
    assert axis.resized(8) == RectilinearAxis(8, axis.edges)
    assert axis.resized(0).count == 0
    assert axis.resized(13).edges == (3, 1, 4, 5)
    assert axis.resized(12).edges.to_json() == [3, 1, [4, 2]]


def test_huge_axes_are_arithmetic():
    most = (1 << 63) - 1
    axis = RectilinearAxis(most, Edges.from_json([[1, 10**12], [most, 7]]))
    assert (axis.count, axis.chunk_at(most - 1), axis.chunk_at(10**12 - 1)) == (10**12 + 1, 10**12, 10**12 - 1)
    assert (axis.start_of(10**12), axis.size_of(10**12), axis.held_by(10**12)) == (10**12, most, most - 10**12)
    assert axis.chunks_at(np.array([0, 10**12 - 1, most - 1])).tolist() == [0, 10**12 - 1, 10**12]
    assert axis.starts_between(10**12 - 1, 10**12 + 1) == [10**12 - 1, 10**12]


# -- documents


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ([4], [4]),
        ([[1, 2, 3]], [[1, 2, 3]]),
        ([[[1, 3], 3], 5], [[[1, 3], 3], 5]),
        ([[10] * 10], [[[10, 10]]]),
        ([[4, 2]], [[4, 2]]),
        ([[[4, 2]]], [[[4, 2]]]),
        ([[3, 3, 1, 2]], [[[3, 2], 1, 2]]),
        ([[4.0, 2]], [[4, 2]]),
        ([], []),
        ([[1, [1, 10**15]]], [[[1, 10**15 + 1]]]),
    ],
    ids=repr,
)
def test_a_document_is_written_as_zarr_python_writes_it(stored, written):
    grid = grid_of(*stored)
    assert grid.to_dict() == document(*written)
    assert parse_chunk_grid(json.loads(json.dumps(grid.to_dict()))) == grid
    assert grid.ndim == len(stored)


def test_two_lengths_and_one_that_is_repeated_are_told_apart():
    assert grid_of([4, 2]).chunk_shapes == ((4, 2),)
    assert grid_of([[4, 2]]).chunk_shapes == ((4, 4),)
    assert grid_of([4, 2]) != grid_of([[4, 2]])
    assert hash(grid_of([4, 4])) == hash(grid_of([[4, 2]]))


def test_a_grid_can_be_made_of_lengths():
    grid = RectilinearChunkGridMetadata(chunk_shapes=((1, 2), [3, 3], 4))
    assert grid.chunk_shapes == ((1, 2), (3, 3), 4)
    assert grid.first_chunk_shape == (1, 3, 4)
    assert [grid.distinct_lengths(axis) for axis in range(3)] == [{1, 2}, {3}, {4}]
    assert not grid.is_regular
    assert parse_chunk_grid(grid) is grid
    with pytest.raises(MetadataValidationError):
        RectilinearChunkGridMetadata(chunk_shapes=((1, 0),))


@pytest.mark.parametrize(
    ("configuration", "field"),
    [
        ({}, "kind"),
        ({"chunk_shapes": [2]}, "kind"),
        ({"kind": "inline"}, "chunk_shapes"),
        ({"kind": "outline", "chunk_shapes": [2]}, "kind"),
        ({"kind": None, "chunk_shapes": [2]}, "kind"),
        ({"kind": ["inline"], "chunk_shapes": [2]}, "kind"),
        ({"kind": "inline", "chunk_shapes": [2], "more": 1}, "more"),
        ({"kind": "inline", "chunk_shape": [2]}, "chunk_shape"),
        ({"kind": "inline", "chunk_shapes": 2}, "chunk_shapes"),
        ({"kind": "inline", "chunk_shapes": "22"}, "chunk_shapes"),
        ({"kind": "inline", "chunk_shapes": None}, "chunk_shapes"),
        ({"kind": "inline", "chunk_shapes": {"0": 2}}, "chunk_shapes"),
        ({"kind": "inline", "chunk_shapes": [2, 0]}, "chunk_shapes[1]"),
        ({"kind": "inline", "chunk_shapes": [-1]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": [True]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": [None]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": ["2"]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": [1 << 63]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": [[]]}, "chunk_shapes[0]"),
        ({"kind": "inline", "chunk_shapes": [2, [1, 0]]}, "chunk_shapes[1][1]"),
        ({"kind": "inline", "chunk_shapes": [[[3, 0]]]}, "chunk_shapes[0][0][1]"),
        ({"kind": "inline", "chunk_shapes": [[[3, 2, 1]]]}, "chunk_shapes[0][0]"),
        ({"kind": "inline", "chunk_shapes": [[[1, 1 << 62]]]}, "chunk_shapes[0]"),
    ],
    ids=repr,
)
def test_the_member_that_is_wrong_is_named(configuration, field):
    assert field_of({"name": "rectilinear", "configuration": configuration}) == f"configuration.{field}"


def test_a_regular_grid_with_lists_among_its_lengths_is_rectilinear():
    mixed = {"name": "regular", "configuration": {"chunk_shape": [[1, 5], 2]}}
    grid = parse_chunk_grid(mixed)
    assert grid == grid_of([1, 5], 2)
    assert grid.to_dict() == document([1, 5], 2)
    assert field_of({"name": "regular", "configuration": {"chunk_shape": [[1, 0], 2]}}) == (
        "configuration.chunk_shape[0][1]"
    )
    assert field_of({"name": "regular", "configuration": {"chunk_shape": [[1, 5], 2], "kind": "inline"}}) == (
        "configuration.kind"
    )
    assert field_of({"name": "regular", "configuration": {"chunk_shape": [[1, 5]]}}) == "configuration.chunk_shape[0]"


# -- fitting an array


def test_chunks_must_cover_the_array():
    grid = grid_of(2, [1, 2, 3])
    assert grid.fitted((10**9, 6)) is grid
    assert grid.fitted((0, 0)) is grid
    with pytest.raises(MetadataValidationError, match="cover 6 elements of an axis of 7") as caught:
        grid.grid_for((4, 7))
    assert caught.value.field == "chunk_grid.configuration.chunk_shapes[1]"


def test_an_axis_of_one_length_is_regular():
    grid = grid_of(2, [2, 2]).grid_for((3, 3))
    assert grid.dimensions == (RegularAxis(3, 2), RectilinearAxis(3, Edges.from_json([2, 2])))
    assert grid_of(2, 3).grid_for((3, 3)).is_regular


@pytest.mark.parametrize(
    ("old", "new", "shapes"),
    [
        ((5, 6), (5, 6), ([2, 3], 3)),
        ((5, 6), (6, 7), ([2, 3, 1], 3)),
        ((5, 6), (8, 0), ([2, [3, 2]], 3)),
        ((5, 6), (1, 6), ([2, 3], 3)),
        ((1, 6), (5, 99), ([2, 3], 3)),
        ((1, 6), (7, 6), ([2, 3, 2], 3)),
    ],
)
def test_a_resize_adds_one_chunk_where_the_declared_ones_do_not_reach(old, new, shapes):
    assert grid_of([2, 3], 3).update_shape(old, new) == grid_of(*shapes)


def test_a_grid_of_very_many_chunks_opens_and_grows_without_listing_them():
    tracemalloc.start()
    try:
        grid = grid_of([[1, 10**9]], 3, [[5, 10**15], 1])
        assert grid.grid_for((10**9, 10**15, 5 * 10**15)).grid_shape == (10**9, (10**15 + 2) // 3, 10**15)
        grown = grid.update_shape((10**9, 1, 1), (10**9 + 7, 1, 5 * 10**15 + 2))
        assert grown.to_dict() == document([[1, 10**9], 7], 3, [[5, 10**15], [1, 2]])
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


# -- what a caller declares


@pytest.mark.parametrize(
    ("chunks", "shape", "stored"),
    [
        ([[1, 2, 3], 2], (6, 4), [[1, 2, 3], 2]),
        ([(3, 3), (2, 2)], (6, 4), [[[3, 2]], [[2, 2]]]),
        ([np.array([1, 5])], (6,), [[1, 5]]),
        (np.array([[1, 5], [2, 4]]), (6, 6), [[1, 5], [2, 4]]),
        ([range(1, 4)], (6,), [[1, 2, 3]]),
        ([iter([1, 5])], (6,), [[1, 5]]),
        ([[np.int8(1), np.uint64(5)]], (6,), [[1, 5]]),
        ([[4, 9]], (0,), [[4, 9]]),
    ],
)
def test_lengths_are_declared_in_many_ways(chunks, shape, stored):
    assert declare_chunks(chunks, shape).to_dict() == document(*stored)


@pytest.mark.parametrize(
    ("chunks", "error", "match"),
    [
        ([[1, 2]], ValueError, "axis 0 have 3 elements together, the axis has 6"),
        ([[4, 4]], ValueError, "have 8 elements"),
        ([[0, 6]], ValueError, "outside"),
        ([[-1]], ValueError, "outside"),
        ([[]], ValueError, "at least one"),
        ([[1, 5.0]], TypeError, "integers"),
        ([[[1, 6]]], TypeError, "run lengths"),
        ([[True, 5]], TypeError, "integers"),
        ([[None]], TypeError, "integers"),
        (["123"], TypeError, "integers"),
        ([np.array([1.0, 5.0])], TypeError, "integers"),
        ([[1 << 63]], ValueError, "outside"),
    ],
    ids=repr,
)
def test_what_does_not_cut_the_axis_is_refused(chunks, error, match):
    with pytest.raises(error, match=match):
        declare_chunks(chunks, (6,))
