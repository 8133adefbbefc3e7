"""Block selections: chunks, by their index in the grid."""

from __future__ import annotations

import operator
from typing import Any

from terrazzo.errors import BoundsCheckError, quote
from terrazzo.grid.base import Axis, ChunkGrid
from terrazzo.indexing.arrays import is_integer
from terrazzo.indexing.product import ProductIndexer
from terrazzo.indexing.selection import per_axis

__all__ = ["BlockIndexer"]


class BlockIndexer(ProductIndexer):
    """Whole chunks of a grid.

    Parameters
    ----------
    selection
        For each axis the index of a chunk, or a slice of step 1; no axis is dropped.
    shape
        Of the array, in elements.
    chunk_grid
        How the array is cut.

    Raises
    ------
    BoundsCheckError
        There is no such chunk.
    IndexError
        There are too many items, several ellipses, or an item of another kind.
    """

    __slots__ = ()

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        axes = chunk_grid.dimensions
        items = per_axis(selection, len(shape))
        selected = [_elements(item, axis, position) for position, (item, axis) in enumerate(zip(items, axes))]  # noqa: B905
        super().__init__([*selected, *(range(axis.length) for axis in axes[len(items) :])], chunk_grid)


def _elements(item: Any, axis: Axis, position: int) -> range:
    """The elements of the chunks that are selected along one axis."""
    if isinstance(item, slice):
        first, stop = _bounds(item, axis, position)
    elif is_integer(item):
        first = _within(int(item), axis, position)
        stop = first + 1
    else:
        raise _unsupported(item)
    low = axis.start_of(first)
    return range(low, max(low, axis.length if stop >= axis.count else axis.start_of(stop)))


def _bounds(item: slice, axis: Axis, position: int) -> tuple[int, int]:
    """First chunk and end of a slice. It has to start in the grid, as in zarr-python, and may end beyond it."""
    if item.step not in (None, 1):
        raise _unsupported(item)
    try:
        _, stop, _ = item.indices(axis.count)
        first = 0 if item.start is None else operator.index(item.start)
    except TypeError:
        raise _unsupported(item) from None
    return _within(first, axis, position), stop


def _within(chunk: int, axis: Axis, position: int) -> int:
    if not -axis.count <= chunk < axis.count:
        raise BoundsCheckError(f"chunk {chunk} is out of bounds for axis {position}, which has {axis.count} chunks")
    return chunk + axis.count if chunk < 0 else chunk


def _unsupported(item: object) -> IndexError:
    return IndexError(f"{quote(item)} selects no chunks: expected integers, slices of step 1, or one ellipsis")
