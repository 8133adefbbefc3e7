"""What is selected inside one chunk, in one form whatever kind of selection it is part of, and cut along a finer grid.

A chunk that is made of subchunks is a small array on a small grid. `region_of` takes what an indexer says about the
chunk; `Region.pieces` says which subchunks that touches, which part of each, and where it goes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.grid.base import ChunkGrid
from terrazzo.indexing.dims import AxisProjections, project_axis
from terrazzo.indexing.projection import SelectorTuple

__all__ = ["Piece", "Pieces", "Region", "region_of"]

Piece: TypeAlias = tuple[SelectorTuple, SelectorTuple, bool]
"""What is selected in a subchunk, where that is in the region, and whether it is all of the subchunk."""

Indices: TypeAlias = npt.NDArray[np.int64]


class Pieces(NamedTuple):
    """The subchunks that a region touches.

    Attributes
    ----------
    positions
        Each once, counted in C order.
    parts
        A piece for each of them.
    """

    positions: Indices
    parts: Iterator[Piece]


class Region(NamedTuple):
    """Elements of a chunk.

    Attributes
    ----------
    axes
        A range or an array of indices for each axis of the chunk.
    is_points
        Whether the arrays are the coordinates of points; else the axes are combined with each other.
    shape
        Of the selected elements: one length for each axis, or one for all points.
    """

    axes: tuple[range | Indices, ...]
    is_points: bool
    shape: tuple[int, ...]

    def is_all_of(self, shape: tuple[int, ...]) -> bool:
        """Whether these are all elements of a chunk, in order."""
        return not self.is_points and all(
            type(selected) is range and selected == range(length)
            for selected, length in zip(self.axes, shape, strict=True)
        )

    def transposed(self, order: tuple[int, ...]) -> Region:
        """The same elements of a chunk whose axis ``i`` was axis ``order[i]``."""
        axes = tuple(self.axes[axis] for axis in order)
        return Region(axes, self.is_points, self.shape if self.is_points else tuple(self.shape[axis] for axis in order))

    def only_piece(self, sizes: tuple[int, ...], counts: tuple[int, ...]) -> tuple[int, Piece] | None:
        """The position of the only chunk touched, and the piece of it, for a region that lies in one; else None.

        Parameters
        ----------
        sizes, counts
            Of a grid, all of whose chunks have one shape.
        """
        if self.is_points:
            return None
        position = 0
        selection: list[slice] = []
        whole = True
        for selected, size, count in zip(self.axes, sizes, counts, strict=True):
            if type(selected) is not range or not selected:
                return None
            chunk = selected[0] // size
            start = chunk * size
            if selected[-1] - start >= size:
                return None
            position = position * count + chunk
            selection.append(slice(selected.start - start, selected[-1] + 1 - start, selected.step))
            whole = whole and len(selected) == size
        return position, (tuple(selection), self.everything, whole)

    @property
    def everything(self) -> SelectorTuple:
        """The selection of all of the region."""
        return tuple(slice(0, length, 1) for length in self.shape)

    def pieces(self, grid: ChunkGrid) -> Pieces:
        """Cut along a grid on the chunk, all of whose chunks have one shape and lie within it."""
        if self.is_points:
            return _pieces_of_points(self.axes, grid)
        axes = [_project(selected, axis) for selected, axis in zip(self.axes, grid.dimensions, strict=True)]
        positions = np.zeros(1, dtype=np.int64)
        for projected, count in zip(axes, grid.grid_shape, strict=True):
            positions = (positions[:, None] * count + np.asarray(projected.chunks, dtype=np.int64)).ravel()
        selections: Iterable[Any] = itertools.product(*[axis.chunk_selections for axis in axes])
        places: Iterable[Any] = itertools.product(*[axis.out_selections or () for axis in axes])
        if any(isinstance(selected, np.ndarray) for selected in self.axes):
            selections, places = map(_combined, selections), map(_combined, places)
        complete = map(all, itertools.product(*[axis.complete for axis in axes]))
        return Pieces(positions, zip(selections, places, complete))  # noqa: B905 - all of one length


def region_of(selection: SelectorTuple, shape: tuple[int, ...]) -> Region:
    """What an indexer says is selected in a chunk of a given shape.

    Parameters
    ----------
    selection
        For each axis an int, a slice, or an array of indices or of truth values. Several arrays are combined axis by
        axis where each has its own axis, as of ``numpy.ix_``, and are the coordinates of points where they share one.
    """
    arrays = [np.asarray(item) for item in selection if not isinstance(item, (int, slice, np.integer))]
    if len(arrays) > 1 and not _are_open_mesh(arrays):
        points = np.broadcast_arrays(*map(_as_indices, selection))
        axes = tuple(axis.ravel() for axis in points)
        return Region(axes, True, (len(axes[0]),))
    ranges = tuple(_along_axis(item, length) for item, length in zip(selection, shape, strict=True))
    return Region(ranges, False, tuple(map(len, ranges)))


def _are_open_mesh(arrays: list[npt.NDArray[Any]]) -> bool:
    """Whether each array varies along an axis of its own."""
    ndim = arrays[0].ndim
    if ndim < 2 or any(array.ndim != ndim or array.size != max(array.shape) for array in arrays):
        return ndim < 2 and any(array.dtype == np.bool_ for array in arrays)
    varying = [array.shape.index(max(array.shape)) for array in arrays if array.size != 1]
    return len(set(varying)) == len(varying)


def _as_indices(item: Any) -> Indices:
    if isinstance(item, slice):
        raise IndexError("points have an index on every axis")
    array: Indices = np.asarray(item, dtype=np.int64)
    return array


def _along_axis(item: Any, length: int) -> range | Indices:
    if isinstance(item, slice):
        return range(*item.indices(length))
    if isinstance(item, (int, np.integer)):
        return range(int(item), int(item) + 1)
    array = np.asarray(item).ravel()
    return np.flatnonzero(array) if array.dtype == np.bool_ else array.astype(np.int64, copy=False)


def _project(selected: range | Indices, axis: Any) -> AxisProjections:
    """As `project_axis`; all of a subchunk in another order does not count as all of it."""
    projected = project_axis(selected, axis)
    if isinstance(selected, range):
        return projected
    parts = zip(projected.complete, projected.chunk_selections, projected.out_selections or (), strict=True)
    in_order = [whole and type(inside) is type(place) is slice for whole, inside, place in parts]
    return projected._replace(complete=in_order)


def _combined(selection: SelectorTuple) -> SelectorTuple:
    """Indices along each axis as numpy combines them with one another; slices stay where there is one array only."""
    if sum(isinstance(item, np.ndarray) for item in selection) < 2:
        return selection
    return np.ix_(*[np.r_[item] if isinstance(item, slice) else item for item in selection])


def _pieces_of_points(axes: tuple[Any, ...], grid: ChunkGrid) -> Pieces:
    sizes = grid.chunk_shape
    positions = np.zeros(len(axes[0]), dtype=np.int64)
    for points, size, count in zip(axes, sizes, grid.grid_shape, strict=True):
        positions = positions * count + points // size
    order = np.argsort(positions, kind="stable")
    touched, starts = np.unique(positions[order], return_index=True)

    def parts() -> Iterator[Piece]:
        for group in np.split(order, starts[1:]):
            yield tuple(points[group] % size for points, size in zip(axes, sizes, strict=True)), (group,), False

    return Pieces(touched, parts())
