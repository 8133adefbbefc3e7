"""Points: selected by coordinates, which broadcast."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from terrazzo.errors import BroadcastError, VindexInvalidSelectionError, quote
from terrazzo.grid.base import ChunkGrid, Indices
from terrazzo.indexing.arrays import AnyArray, as_array, check_bounds, is_integer
from terrazzo.indexing.points import combine, group
from terrazzo.indexing.projection import ChunkProjection

__all__ = ["CoordinateIndexer"]


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

    __slots__ = ("_chunks", "_edges", "_held", "_offsets", "_order", "count", "drop_axes", "sel_shape", "shape")

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        arrays = _coordinates(selection, shape)
        try:
            self.sel_shape = np.broadcast_shapes(*[array.shape for array in arrays])
        except ValueError:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise BroadcastError(f"coordinates of the shapes {shapes} do not broadcast") from None
        self._sort([check_bounds(array, shape[axis], axis) for axis, array in enumerate(arrays)], chunk_grid)
        self.shape = (math.prod(self.sel_shape),)
        self.drop_axes: tuple[int, ...] = ()
        self.count = len(self._chunks)

    def _sort(self, indices: list[Indices], chunk_grid: ChunkGrid) -> None:
        """Sort the points by the chunks that they are in; what can be is computed before the arrays are broadcast."""
        axes = chunk_grid.dimensions
        chunks = [axis.chunks_at(array) for axis, array in zip(axes, indices, strict=True)]
        starts = [axis.starts_of(array) for axis, array in zip(axes, chunks, strict=True)]
        offsets = [array - start for array, start in zip(indices, starts, strict=True)]
        order, edges = group(self._flat(combine(chunks)))
        heads = edges[:-1] if order is None else order[edges[:-1]]
        self._order = order
        self._edges = edges
        self._offsets = [self._flat(array) if order is None else self._flat(array)[order] for array in offsets]
        touched = [self._flat(array)[heads] for array in chunks]
        self._chunks = list(zip(*[array.tolist() for array in touched], strict=True))
        self._held = np.ones(len(heads))  # of floats, which do not overflow
        for axis, array in zip(axes, touched, strict=True):
            self._held *= np.minimum(axis.sizes_of(array), axis.length - axis.starts_of(array))

    def _flat(self, array: Indices) -> Indices:
        return np.broadcast_to(array, self.sel_shape).reshape(-1)

    def __iter__(self) -> Iterator[ChunkProjection]:
        # Everything but what may be complete is made in C: about 1 µs per chunk.
        edges = self._edges.tolist()
        groups = list(map(slice, edges, edges[1:], itertools.repeat(1)))
        inside = zip(*[map(offsets.__getitem__, groups) for offsets in self._offsets], strict=True)
        places: Iterable[Any] = groups if self._order is None else map(self._order.__getitem__, groups)
        full = (np.diff(self._edges) >= self._held).tolist()
        complete = map(self._is_complete, full, groups, self._held.tolist())
        return map(ChunkProjection, self._chunks, inside, zip(places), complete)

    def _is_complete(self, full: bool, points: slice, held: float) -> bool:
        """Whether points are all elements of a chunk: they are not where some are there twice."""
        return full and len(np.unique(combine([offsets[points] for offsets in self._offsets]))) == held


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
    if isinstance(item, list) and not item:
        return None
    array = np.asarray(item) if is_integer(item) else as_array(item)
    return np.atleast_1d(array) if array is not None and array.dtype.kind in "iu" else None
