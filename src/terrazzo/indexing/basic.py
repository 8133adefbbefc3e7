"""Basic selections: an integer or a slice per axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from terrazzo.grid.base import ChunkGrid
from terrazzo.indexing.dims import project_axis
from terrazzo.indexing.projection import ChunkProjection
from terrazzo.indexing.selection import normalize_basic

__all__ = ["BasicIndexer"]


class BasicIndexer:
    """A basic selection on a grid.

    Parameters
    ----------
    selection
        As written in brackets.
    shape
        Of the array, in elements.
    chunk_grid
        How the array is cut.

    Attributes
    ----------
    shape
        Of the result: axes selected by an integer are dropped.
    drop_axes
        Axes to drop from the result after it is filled; none.
    count
        Number of chunks touched.
    """

    __slots__ = ("_axes", "count", "drop_axes", "shape")

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        selected = normalize_basic(selection, shape)
        self.shape = tuple(len(item) for item in selected if isinstance(item, range))
        self.drop_axes: tuple[int, ...] = ()
        self._axes = list(map(project_axis, selected, chunk_grid.dimensions))
        self.count = math.prod(len(axis.chunks) for axis in self._axes)

    @property
    def chunk_indices(self) -> Sequence[Sequence[int]]:
        """The chunks touched along each axis; their product, in C order, are the chunks of the projections."""
        return [axis.chunks for axis in self._axes]

    def __iter__(self) -> Iterator[ChunkProjection]:
        axes = self._axes
        # Products and zip run in C: about 0.4 µs per chunk, whatever the number of axes.
        return map(
            ChunkProjection,
            itertools.product(*[axis.chunks for axis in axes]),
            itertools.product(*[axis.chunk_selections for axis in axes]),
            itertools.product(*[axis.out_selections for axis in axes if axis.out_selections is not None]),
            map(all, itertools.product(*[axis.complete for axis in axes])),
        )
