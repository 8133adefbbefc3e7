"""What an indexer yields, and what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from terrazzo.types import ChunkCoords

__all__ = ["ChunkProjection", "Indexer", "SelectorTuple"]

SelectorTuple: TypeAlias = tuple[Any, ...]


class ChunkProjection(NamedTuple):
    """One chunk's share of a selection.

    Attributes
    ----------
    chunk_coords
        Coordinates of the chunk in the grid.
    chunk_selection
        What is selected in the chunk.
    out_selection
        Where that goes in the result.
    is_complete_chunk
        Whether all elements are selected that the chunk has within the array.
    """

    chunk_coords: ChunkCoords
    chunk_selection: SelectorTuple
    out_selection: SelectorTuple
    is_complete_chunk: bool


@runtime_checkable
class Indexer(Protocol):
    """A selection on a grid: the shape of its result, and one projection per chunk it touches."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def drop_axes(self) -> tuple[int, ...]: ...
    @property
    def count(self) -> int: ...
    @property
    def chunk_indices(self) -> Sequence[Sequence[int]]: ...
    def __iter__(self) -> Iterator[ChunkProjection]: ...
