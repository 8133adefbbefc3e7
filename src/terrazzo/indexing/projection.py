"""What an indexer yields, and what it is asked for.

Selections within a chunk, and places in the result, are tuples with one item per axis, whatever the user wrote:

- an int, which drops its axis; only where no array stands beside it,
- a slice with a start, a stop and a positive step, none of them None or negative,
- an array of int64, not negative. One array among slices selects along its axis. Several broadcast, as numpy has it:
  they stand side by side and are either shaped so that they make a product (orthogonal selections), or have one axis
  each and make points (coordinates and masks), for which `out_selection` has one item.

``out[out_selection] = chunk[chunk_selection]`` is what reading means, and the other way round what writing does, with
``drop_axes`` squeezed from the chunk. Nothing else may be expected of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from terrazzo.types import ChunkCoords

__all__ = ["PLAIN", "ChunkProjection", "Indexer", "SelectorTuple"]

SelectorTuple: TypeAlias = tuple[Any, ...]

PLAIN = frozenset({int, slice})
"""Types in a selection of elements that lie as they do in the chunk: no array may put them in another order."""


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
    """A selection on a grid: the shape of its result, and one projection per chunk it touches.

    It may have ``count``, the number of chunks at most; ``chunk_indices``, the chunks along each axis, where those it
    touches are their product; and ``sel_shape``, what the result is reshaped to.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def drop_axes(self) -> tuple[int, ...]: ...
    def __iter__(self) -> Iterator[ChunkProjection]: ...
