"""What numpy makes of each way to select, for tests that compare."""

import itertools

import numpy as np
from hypothesis import strategies as st

from terrazzo.grid import ChunkGrid, RegularAxis
from terrazzo.grid.edges import Edges
from terrazzo.grid.rectilinear import RectilinearAxis


def indices_of(selection, shape):
    """For each axis of an orthogonal selection a list of indices; and the axes that an integer drops."""
    items = list(selection) if isinstance(selection, tuple) else [selection]
    place = next((number for number, item in enumerate(items) if item is Ellipsis), None)
    if place is not None:
        items[place : place + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    items += [slice(None)] * (len(shape) - len(items))
    taken = [np.arange(length)[item] for item, length in zip(items, shape, strict=True)]
    dropped = tuple(axis for axis, indices in enumerate(taken) if indices.ndim == 0)
    return [np.atleast_1d(indices).tolist() for indices in taken], dropped


def read_orthogonal(array, selection):
    """``array.oindex[selection]`` of an array in memory."""
    indices, dropped = indices_of(selection, array.shape)
    part = array[np.ix_(*[np.asarray(axis, dtype=int) for axis in indices])] if array.ndim else array.copy()
    return part.reshape([length for axis, length in enumerate(part.shape) if axis not in dropped])


def write_orthogonal(array, selection, value):
    """``array.oindex[selection] = value`` of an array in memory, element by element: the last value stays."""
    indices, dropped = indices_of(selection, array.shape)
    shape = [len(axis) for axis in indices]
    value = np.broadcast_to(value, [length for axis, length in enumerate(shape) if axis not in dropped]).reshape(shape)
    for place in itertools.product(*map(range, shape)):
        array[tuple(axis[number] for axis, number in zip(indices, place, strict=True))] = value[place]


def write_points(array, selection, value):
    """``array.vindex[selection] = value`` of an array in memory, point by point."""
    coordinates = np.broadcast_arrays(*map(np.atleast_1d, selection))
    value = np.broadcast_to(value, coordinates[0].shape)
    for place in np.ndindex(coordinates[0].shape):
        array[tuple(int(axis[place]) for axis in coordinates)] = value[place]


def elements_of_blocks(selection, grid):
    """The slices of elements that a selection of chunks stands for."""
    indices, _ = indices_of(selection, grid.grid_shape)
    regions = []
    for axis, chunks in zip(grid.dimensions, indices, strict=True):
        elements = [axis.start_of(chunk) + element for chunk in chunks for element in range(axis.held_by(chunk))]
        regions.append(slice(elements[0], elements[-1] + 1) if elements else slice(0, 0))
    return tuple(regions)


def axes(length):
    """Axes of a length: regular ones, and ones whose chunks differ."""
    regular = st.integers(1, length + 2).map(lambda chunk: RegularAxis(length, chunk))
    sizes = st.lists(st.integers(1, 4), min_size=1, max_size=5)
    edges = sizes.map(lambda sizes: Edges.from_json([*sizes, max(1, length - sum(sizes))]))
    uneven = edges.map(lambda edges: RectilinearAxis(length, edges))
    return regular | uneven


def grids(shape):
    """Grids for arrays of a shape."""
    return st.tuples(*map(axes, shape)).map(ChunkGrid)


def check_projections(indexer, grid, expected, *, write=None):
    """Follow the projections of an indexer on an array of the numbers from 0, and compare.

    Parameters
    ----------
    expected
        What numpy selects of those numbers.
    write
        Writes values to an array, as the selection would; to be followed the other way round, too.
    """
    array = np.arange(np.prod(grid.shape, dtype=int)).reshape(grid.shape)
    out = np.full(indexer.shape, -2)
    values = np.arange(np.prod(indexer.shape, dtype=int)).reshape(indexer.shape) + 1000
    written = array.copy()
    seen = []
    for coords, chunk_selection, out_selection, is_complete in indexer:
        region = grid.region_of(coords)
        chunk = np.full(grid.shape_of(coords), -1)
        held = tuple(slice(0, part.stop - part.start) for part in region)
        chunk[held] = array[region]
        part = chunk[chunk_selection]
        out[out_selection] = part.squeeze(indexer.drop_axes)
        selected = np.zeros(chunk.shape, dtype=bool)
        selected[chunk_selection] = True
        assert is_complete == selected[held].all()
        assert not selected.any() or selected[held].sum() == selected.sum()
        given = values[out_selection]
        for axis in indexer.drop_axes:
            given = np.expand_dims(given, axis)
        chunk[held] = written[region]
        chunk[chunk_selection] = given
        written[region] = chunk[held]
        seen.append(coords)
        assert all(type(index) is int for index in coords)
        for item in (*chunk_selection, *out_selection):
            assert isinstance(item, (int, slice, np.ndarray))
            assert not isinstance(item, slice) or (item.step >= 1 and 0 <= item.start < item.stop)
            assert not isinstance(item, np.ndarray) or item.dtype.kind == "i"
    assert seen == sorted(set(seen))
    assert len(seen) <= indexer.count
    assert np.array_equal(out.reshape(np.shape(expected)), expected)
    if write is not None:
        model = array.copy()
        write(model, values.reshape(np.shape(expected)))
        assert np.array_equal(written, model)
