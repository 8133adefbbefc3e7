"""Basic selections: an integer or a slice per axis."""

from __future__ import annotations

from terrazzo.grid.base import ChunkGrid
from terrazzo.indexing.product import ProductIndexer
from terrazzo.indexing.selection import normalize_basic

__all__ = ["BasicIndexer"]


class BasicIndexer(ProductIndexer):
    """A basic selection on a grid.

    Parameters
    ----------
    selection
        As written in brackets.
    shape
        Of the array, in elements.
    chunk_grid
        How the array is cut.
    """

    __slots__ = ()

    def __init__(self, selection: object, shape: tuple[int, ...], chunk_grid: ChunkGrid) -> None:
        super().__init__(normalize_basic(selection, shape), chunk_grid)
