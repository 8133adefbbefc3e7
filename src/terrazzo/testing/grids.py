"""Hypothesis strategies for chunk grids; needs the package ``hypothesis``."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata
from terrazzo.testing.parts import chunk_shapes

__all__ = [
    "chunk_grids",
    "chunks_param_from_rectilinear",
    "rectilinear_chunk_grids",
    "rectilinear_chunk_shape_declarations",
    "rectilinear_dim_edges",
]


def rectilinear_dim_edges(*, extent: int, max_chunks: int = 20) -> st.SearchStrategy[list[int]]:
    """Lengths of chunks along one axis, which add up to `extent`; any lengths where that is 0.

    Parameters
    ----------
    extent
        Length of the axis, in elements.
    """
    if not extent:
        return st.lists(st.integers(1, 5), min_size=1, max_size=min(3, max_chunks))

    def lengths(cuts: set[int]) -> list[int]:
        ends = [*sorted(cuts), extent]
        return [end - start for start, end in zip([0, *ends], ends, strict=False)]

    cuts = st.sets(st.integers(1, extent - 1), max_size=max_chunks - 1) if extent > 1 else st.just(set[int]())
    return cuts.map(lengths)


def rectilinear_chunk_shape_declarations(
    *, shape: tuple[int, ...]
) -> st.SearchStrategy[tuple[list[Any], tuple[int | tuple[int, ...], ...]]]:
    """The member ``chunk_shapes`` of a document, and what it means.

    An axis has one length for all chunks, or the lengths one by one, some of them run-length encoded; they may reach
    beyond the axis.

    Specification: chunk grid "rectilinear".
    """

    def axis(length: int) -> st.SearchStrategy[tuple[Any, Any]]:
        one = st.integers(1, length + 2).map(lambda step: (step, step))
        beyond = st.lists(st.integers(1, 3), max_size=2)
        several = st.builds(
            _declared, rectilinear_dim_edges(extent=length), beyond, st.lists(st.booleans(), max_size=8)
        )
        return one | several

    return st.tuples(*map(axis, shape)).map(
        lambda axes: ([stored for stored, _ in axes], tuple(own for _, own in axes))
    )


def _declared(edges: list[int], beyond: list[int], encoded: list[bool]) -> tuple[list[Any], tuple[int, ...]]:
    """Lengths as a document has them, runs of equal ones as a pair of length and count where `encoded` says so."""
    lengths = [*edges, *beyond]
    stored: list[Any] = []
    position = 0
    while position < len(lengths):
        count = 1
        while position + count < len(lengths) and lengths[position + count] == lengths[position]:
            count += 1
        as_run = encoded[len(stored)] if len(stored) < len(encoded) else False
        stored.extend([[lengths[position], count]] if as_run else [lengths[position]] * count)
        position += count
    return stored, tuple(lengths)


def rectilinear_chunk_grids(*, shape: tuple[int, ...]) -> st.SearchStrategy[RectilinearChunkGridMetadata]:
    """Rectilinear grids for arrays of a shape."""
    declared = rectilinear_chunk_shape_declarations(shape=shape)
    return declared.map(lambda both: RectilinearChunkGridMetadata(chunk_shapes=both[1]))


def chunk_grids(
    *, shape: tuple[int, ...]
) -> st.SearchStrategy[RegularChunkGridMetadata | RectilinearChunkGridMetadata]:
    """Regular and rectilinear grids for arrays of a shape."""
    regular = chunk_shapes(shape).map(lambda chunks: RegularChunkGridMetadata(chunk_shape=chunks))
    return regular | rectilinear_chunk_grids(shape=shape)


def chunks_param_from_rectilinear(meta: RectilinearChunkGridMetadata) -> list[int | list[int]]:
    """A rectilinear grid as the argument ``chunks`` of ``create_array``."""
    return [axis if isinstance(axis, int) else list(axis) for axis in meta.chunk_shapes]
