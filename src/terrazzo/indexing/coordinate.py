"""Points: selected by coordinates that broadcast, or by a mask of the shape of the array."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from terrazzo.errors import BroadcastError, VindexInvalidSelectionError, quote
from terrazzo.grid.base import ChunkGrid, Indices
from terrazzo.indexing.arrays import AnyArray, as_array, check_bounds
from terrazzo.indexing.points import combine, group
from terrazzo.indexing.projection import ChunkProjection

__all__ = ["CoordinateIndexer", "MaskIndexer", "as_mask", "is_mask"]


class CoordinateIndexer:
    """Points on a grid, by their coordinates.

    Parameters
    ----------
    selection
        An integer or an array of integers for each axis; they broadcast.
    shape
        Of the array, in elements.
    chunk_grid
        How the array is cut.

    Attributes
    ----------
    shape
        Number of points: ``(points,)``.
    sel_shape
        What the coordinates broadcast to.
    drop_axes
        None.
    count
        Number of chunks touched.

    Raises
    ------
    BoundsCheckError
        A coordinate is outside its axis.
    IndexError
        There is not one array of integers per axis, or they do not broadcast.
    """

    __slots__ = ("_points", "count", "drop_axes", "sel_shape", "shape")

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        arrays = _coordinates(selection, shape)
        try:
            self.sel_shape = np.broadcast_shapes(*[array.shape for array in arrays])
        except ValueError:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise BroadcastError(f"coordinates of the shapes {shapes} do not broadcast") from None
        indices = [check_bounds(array, shape[axis], axis) for axis, array in enumerate(arrays)]
        self._points = PointsByChunk(indices, self.sel_shape, chunk_grid)
        self.shape = (self._points.size,)
        self.drop_axes: tuple[int, ...] = ()
        self.count = len(self._points)

    def __iter__(self) -> Iterator[ChunkProjection]:
        return self._points.projections(0)


def _coordinates(selection: object, shape: tuple[int, ...]) -> list[AnyArray]:
    """One array of integers per axis, with at least one axis of their own."""
    items = selection if isinstance(selection, tuple) else (selection,)
    arrays = [_coordinate(item) for item in items]
    found = [array for array in arrays if array is not None]
    if len(found) != len(shape) or len(found) != len(items) or not shape:
        raise VindexInvalidSelectionError(
            f"expected an integer or an array of integers for each of {len(shape)} axes, or a mask of the shape "
            f"{shape}, got {quote(selection)}"
        )
    return found


def _coordinate(item: object) -> AnyArray | None:
    if isinstance(item, bool) or (isinstance(item, list) and not item):
        return None
    array = np.asarray(item) if isinstance(item, (int, np.integer)) else as_array(item)
    return np.atleast_1d(array) if array is not None and array.dtype.kind in "iu" else None


class PointsByChunk:
    """Points, sorted by the chunks that they are in.

    Parameters
    ----------
    indices
        For each axis the indices of the points; they broadcast.
    shape
        What they broadcast to.
    distinct
        Whether no point can be there twice.
    """

    __slots__ = ("_chunks", "_distinct", "_edges", "_full", "_held", "_offsets", "_order", "size")

    def __init__(
        self, indices: Sequence[Indices], shape: tuple[int, ...], chunk_grid: ChunkGrid, *, distinct: bool = False
    ) -> None:
        self._distinct = distinct
        axes = chunk_grid.dimensions
        # All that can be is computed before the arrays are broadcast.
        chunks = [axis.chunks_at(array) for axis, array in zip(axes, indices, strict=True)]
        starts = [axis.starts_of(array) for axis, array in zip(axes, chunks, strict=True)]
        offsets = [array - start for array, start in zip(indices, starts, strict=True)]
        code = np.broadcast_to(combine(chunks), shape).reshape(-1)
        self.size = len(code)
        order, edges = group(code)
        heads = edges[:-1] if order is None else order[edges[:-1]]
        self._order = order
        self._edges = edges
        self._offsets = [_sorted(array, shape, order) for array in offsets]
        touched = [np.broadcast_to(array, shape).reshape(-1)[heads] for array in chunks]
        self._chunks = list(zip(*[array.tolist() for array in touched], strict=True))
        held = np.ones(len(heads), dtype=np.float64)  # which does not overflow
        for axis, array in zip(axes, touched, strict=True):
            held *= np.minimum(axis.sizes_of(array), axis.length - axis.starts_of(array))
        self._full = np.diff(edges) >= held
        self._held = held

    def __len__(self) -> int:
        return len(self._chunks)

    def projections(self, done: int) -> Iterator[ChunkProjection]:
        """One projection per chunk, in C order.

        Parameters
        ----------
        done
            Where the first point goes in the result.
        """
        # Everything but what may be complete is made in C: about 1 µs per chunk.
        edges = self._edges.tolist()
        groups = list(map(slice, edges, edges[1:]))
        inside = zip(*[map(offsets.__getitem__, groups) for offsets in self._offsets], strict=True)
        places: Iterable[Any]
        if self._order is None:
            ends = [edge + done for edge in edges]
            places = map(slice, ends, ends[1:], itertools.repeat(1))
        else:
            places = map((self._order + done if done else self._order).__getitem__, groups)
        complete: Iterable[bool] = (
            self._full.tolist()
            if self._distinct
            else map(self._is_complete, itertools.count(), self._full.tolist(), groups)
        )
        return map(ChunkProjection, self._chunks, inside, zip(places), complete)

    def _is_complete(self, number: int, full: bool, group: slice) -> bool:
        """Whether as many points as a chunk holds elements are all of them."""
        return full and len(np.unique(combine([offsets[group] for offsets in self._offsets]))) == self._held[number]


def _sorted(array: Indices, shape: tuple[int, ...], order: Indices | None) -> Indices:
    flat = np.broadcast_to(array, shape).reshape(-1)
    return flat if order is None else flat[order]


class MaskIndexer:
    """Points on a grid, by a mask: they come in C order.

    Parameters
    ----------
    selection
        Booleans, of the shape of the array.
    shape
        Of the array, in elements.
    chunk_grid
        How the array is cut.

    Attributes
    ----------
    shape, sel_shape
        Number of points: ``(points,)``.
    drop_axes
        None.
    count
        Number of chunks touched at most.

    Raises
    ------
    IndexError
        It is no mask of that shape.
    """

    __slots__ = ("_grid", "_mask", "count", "drop_axes", "sel_shape", "shape")

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        mask = as_mask(selection)
        if mask is None or mask.shape != shape or not shape:
            raise VindexInvalidSelectionError(f"expected a mask of the shape {shape}, got {quote(selection)}")
        self._mask = mask
        self._grid = chunk_grid
        self.shape = self.sel_shape = (int(np.count_nonzero(mask)),)
        self.drop_axes: tuple[int, ...] = ()
        self.count = min(self.shape[0], chunk_grid.get_nchunks())

    def __iter__(self) -> Iterator[ChunkProjection]:
        """Look for the points of one row of chunks at a time: what that takes does not grow with the array."""
        first = self._grid.dimensions[0]
        done = 0
        for chunk in range(first.count):
            start = first.start_of(chunk)
            part = self._mask[start : start + first.held_by(chunk)]
            indices = np.unravel_index(np.flatnonzero(part), part.shape)
            if not len(indices[0]):
                continue
            points = PointsByChunk([indices[0] + start, *indices[1:]], indices[0].shape, self._grid, distinct=True)
            yield from points.projections(done)
            done += points.size


def as_mask(selection: object) -> AnyArray | None:
    """The mask that a selection is, alone or in a tuple; None if it is none."""
    if isinstance(selection, tuple):
        if len(selection) != 1:
            return None
        (selection,) = selection
    mask = as_array(selection)
    return mask if mask is not None and mask.dtype.kind == "b" else None


def is_mask(selection: object, shape: tuple[int, ...]) -> bool:
    """Whether a selection is a mask of the shape of an array."""
    mask = as_mask(selection)
    return mask is not None and mask.shape == shape
