"""Orthogonal selections: an integer, a slice, an array of integers or a mask per axis, each on its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from terrazzo.grid.base import ChunkGrid
from terrazzo.indexing.product import ProductIndexer
from terrazzo.indexing.projection import ChunkProjection, SelectorTuple
from terrazzo.indexing.selection import normalize_orthogonal

__all__ = ["OrthogonalIndexer"]


class OrthogonalIndexer(ProductIndexer):
    """An orthogonal selection on a grid.

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
    is_advanced
        Whether an axis is selected by indices that make no slice. Then integers select an axis of length 1 of the
        chunk, which is among ``drop_axes``: beside an array, numpy would move the axis of the array to the front.
    """

    __slots__ = ("is_advanced",)

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        selected = normalize_orthogonal(selection, shape)
        super().__init__(selected, chunk_grid)
        self.is_advanced = any(isinstance(item, np.ndarray) for item in selected)
        if self.is_advanced:
            self.drop_axes = tuple(axis for axis, item in enumerate(selected) if isinstance(item, int))
            for axis in self.drop_axes:
                (index,) = self._axes[axis].chunk_selections
                self._axes[axis] = self._axes[axis]._replace(chunk_selections=[slice(index, index + 1, 1)])

    def __iter__(self) -> Iterator[ChunkProjection]:
        if not self.is_advanced:
            return super().__iter__()
        coords, chunk_selections, out_selections, complete = self._parts()
        if _with_arrays(axis.chunk_selections for axis in self._axes) > 1:
            chunk_selections = map(crossed, chunk_selections)
        if _with_arrays(axis.out_selections or () for axis in self._axes) > 1:
            out_selections = map(crossed, out_selections)
        return map(ChunkProjection, coords, chunk_selections, out_selections, complete)


def _with_arrays(axes: Iterable[Iterable[Any]]) -> int:
    """Number of axes along which some selections are arrays."""
    return sum(any(type(item) is np.ndarray for item in items) for items in axes)


def crossed(selection: SelectorTuple) -> SelectorTuple:
    """Make numpy select along each axis on its own, and keep the order of the axes.

    One array among slices does; several are shaped so that they broadcast to a product, together with the slices
    between them, for arrays that stand apart would move their axes to the front.
    """
    arrays = [axis for axis, item in enumerate(selection) if type(item) is np.ndarray]
    if len(arrays) < 2:
        return selection
    first, last = arrays[0], arrays[-1]
    items = list(selection)
    for axis in range(first, last + 1):  # as ``numpy.ix_``, which takes 3 µs an axis
        item = items[axis]
        indices = np.arange(item.start, item.stop, item.step) if type(item) is slice else item
        items[axis] = indices.reshape((1,) * (axis - first) + (-1,) + (1,) * (last - axis))
    return tuple(items)
