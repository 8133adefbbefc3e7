"""Selections that are made of one selection per axis: the chunks they touch are a product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from terrazzo.grid.base import ChunkGrid
from terrazzo.indexing.dims import project_axis
from terrazzo.indexing.projection import ChunkProjection, SelectorTuple
from terrazzo.indexing.selection import AxisSelection
from terrazzo.types import ChunkCoords

__all__ = ["ProductIndexer"]


class ProductIndexer:
    """One selection per axis, on a grid.

    Attributes
    ----------
    shape
        Of the result: axes selected by an integer are dropped.
    drop_axes
        Axes of length 1 that chunks have and the result does not.
    count
        Number of chunks touched.
    """

    __slots__ = ("_axes", "count", "drop_axes", "shape")

    def __init__(self, selected: Sequence[AxisSelection], chunk_grid: ChunkGrid) -> None:
        self.shape = tuple([len(item) for item in selected if not isinstance(item, int)])
        self.drop_axes: tuple[int, ...] = ()
        self._axes = list(map(project_axis, selected, chunk_grid.dimensions))
        self.count = math.prod([len(axis.chunks) for axis in self._axes])

    @property
    def chunk_indices(self) -> Sequence[Sequence[int]]:
        """The chunks touched along each axis; their product, in C order, are the chunks of the projections."""
        return [axis.chunks for axis in self._axes]

    def _only(self) -> ChunkProjection:
        """The projection of a single chunk, which takes a third of the time of the products."""
        axes = self._axes
        return ChunkProjection(
            tuple([axis.chunks[0] for axis in axes]),
            tuple([axis.chunk_selections[0] for axis in axes]),
            tuple([axis.out_selections[0] for axis in axes if axis.out_selections is not None]),
            all(axis.complete[0] for axis in axes),
        )

    def _parts(self) -> tuple[Iterable[ChunkCoords], Iterable[SelectorTuple], Iterable[SelectorTuple], Iterable[bool]]:
        axes = self._axes
        outs = [axis.out_selections for axis in axes if axis.out_selections is not None]
        if len(axes) == len(outs) == 1:  # `product` would keep what is only gone through once
            (axis,) = axes
            return zip(axis.chunks), zip(axis.chunk_selections), zip(outs[0]), iter(axis.complete)
        return (
            itertools.product(*[axis.chunks for axis in axes]),
            itertools.product(*[axis.chunk_selections for axis in axes]),
            itertools.product(*outs),
            map(all, itertools.product(*[axis.complete for axis in axes])),
        )

    def __iter__(self) -> Iterator[ChunkProjection]:
        if self.count == 1:
            return iter((self._only(),))
        # Products and zip run in C: about 0.4 µs per chunk, whatever the number of axes.
        return map(ChunkProjection, *self._parts())
