"""Masks: the elements of an array where a mask of its shape is true, in C order."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from terrazzo.errors import VindexInvalidSelectionError, quote
from terrazzo.grid.base import Axis, ChunkGrid
from terrazzo.indexing.arrays import AnyArray, as_array
from terrazzo.indexing.projection import ChunkProjection

__all__ = ["MaskIndexer", "as_mask"]


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
            band = self._mask[start : start + first.held_by(chunk)]
            count = int(np.count_nonzero(band))
            if count:
                yield from _in_band(chunk, band, self._grid.dimensions[1:], done)
            done += count


def _in_band(chunk: int, band: AnyArray, axes: tuple[Axis, ...], done: int) -> Iterator[ChunkProjection]:
    """The points of one row of chunks.

    Points come line by line, a line being all of the last axis, and each line goes through several chunks: where the
    points of a chunk go follows from how many there are in its part of each line, and in those before it.
    """
    lines = np.zeros(band.shape[:-1], dtype=np.int64)
    found = []
    for coords in itertools.product(*(range(axis.count) for axis in axes)):
        region = (slice(None), *(_held(axis, index) for axis, index in zip(axes, coords, strict=True)))
        part = band[region]
        flat = np.flatnonzero(part)
        if len(flat):
            line = flat // part.shape[-1] if axes else np.zeros_like(flat)
            counts = np.bincount(line, minlength=math.prod(part.shape[:-1])).reshape(part.shape[:-1])
            lines[region[:-1]] += counts
            found.append((coords, region[:-1], part.shape, flat, line, counts))
    starts = (np.cumsum(lines) - lines.ravel() + done).reshape(lines.shape)
    for coords, region, shape, flat, line, counts in found:
        before = starts[region].ravel() - (np.cumsum(counts) - counts.ravel())
        places: Any = before[line]
        places += np.arange(len(flat))
        starts[region] += counts
        rows = np.unravel_index(line, shape[:-1]) if len(shape) > 2 else (line,) * len(axes)
        columns = line * -shape[-1]
        columns += flat
        inside = (*rows, columns)
        if int(places[-1]) - int(places[0]) == len(flat) - 1:
            places = slice(int(places[0]), int(places[-1]) + 1, 1)
        yield ChunkProjection((chunk, *coords), inside, (places,), len(flat) == math.prod(shape))


def _held(axis: Axis, chunk: int) -> slice:
    start = axis.start_of(chunk)
    return slice(start, start + axis.held_by(chunk))


def as_mask(selection: object) -> AnyArray | None:
    """The mask that a selection is, alone or in a tuple; None if it is none."""
    if isinstance(selection, tuple):
        if len(selection) != 1:
            return None
        (selection,) = selection
    mask = as_array(selection)
    return mask if mask is not None and mask.dtype.kind == "b" else None
