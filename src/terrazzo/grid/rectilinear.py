"""The rectilinear grid: along each axis the chunks have lengths of their own.

A chunk is stored at the length that is declared for it, also where it reaches beyond the array; chunks may be declared
that lie beyond it altogether.

Specification: extension "rectilinear chunk grid".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.base import FEW, Axis, ChunkGrid, Indices
from terrazzo.grid.edges import Edges, parse_length
from terrazzo.grid.metadata import ChunkGridMetadata, check_members
from terrazzo.grid.regular import RegularAxis
from terrazzo.types import JSON

__all__ = ["RectilinearAxis", "RectilinearChunkGridMetadata", "declare_chunks"]


@dataclass(frozen=True, slots=True)
class RectilinearAxis(Axis):
    """An axis cut into chunks of declared lengths, which cover it."""

    length: int
    edges: Edges
    count: int = field(init=False, repr=False, compare=False)
    uniform: int | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = self.chunk_at(self.length - 1) + 1 if self.length else 0
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "uniform", self.edges.sizes[0] if count <= self.edges.counts[0] else None)

    def chunk_at(self, index: int) -> int:
        edges = self.edges
        run = bisect_right(edges.starts, index) - 1
        return edges.firsts[run] + (index - edges.starts[run]) // edges.sizes[run]

    def start_of(self, chunk: int) -> int:
        edges = self.edges
        run = edges.run_of(chunk)
        return edges.starts[run] + (chunk - edges.firsts[run]) * edges.sizes[run]

    def size_of(self, chunk: int) -> int:
        return self.edges.sizes[self.edges.run_of(chunk)]

    def chunks_at(self, indices: Indices) -> Indices:
        starts, firsts, sizes = self._arrays()
        runs = starts.searchsorted(indices, side="right") - 1
        return firsts[runs] + (indices - starts[runs]) // sizes[runs]

    def starts_of(self, chunks: Indices) -> Indices:
        starts, firsts, sizes = self._arrays()
        runs = firsts.searchsorted(chunks, side="right") - 1
        return starts[runs] + (chunks - firsts[runs]) * sizes[runs]

    def sizes_of(self, chunks: Indices) -> Indices:
        _, firsts, sizes = self._arrays()
        return sizes[firsts.searchsorted(chunks, side="right") - 1]

    def starts_between(self, first: int, stop: int) -> list[int]:
        if stop - first < FEW:
            return list(map(self.start_of, range(first, stop)))
        starts: list[int] = self.starts_of(np.arange(first, stop)).tolist()
        return starts

    def resized(self, length: int) -> RectilinearAxis:
        return RectilinearAxis(length, covering(self.edges, length))

    def _arrays(self) -> tuple[Indices, Indices, Indices]:
        """Starts, first chunks and sizes of the runs that an array can reach."""
        edges = self.edges
        starts = np.frombuffer(edges.starts, np.int64)
        return starts, np.frombuffer(edges.firsts, np.int64), np.frombuffer(edges.sizes, np.int64)


@dataclass(frozen=True, kw_only=True)
class RectilinearChunkGridMetadata(ChunkGridMetadata):
    """What a metadata document says about a rectilinear grid.

    Attributes
    ----------
    chunk_shapes
        For each axis an integer, the length of every chunk, or the lengths one by one.
    """

    name = "rectilinear"
    lengths_member = "chunk_shapes"
    is_regular = False

    chunk_shapes: tuple[int | Edges, ...]

    def __init__(self, *, chunk_shapes: Sequence[int | Sequence[int]]) -> None:
        object.__setattr__(self, "chunk_shapes", _parse_chunk_shapes(chunk_shapes))

    @property
    def ndim(self) -> int:
        return len(self.chunk_shapes)

    @property
    def first_chunk_shape(self) -> tuple[int, ...]:
        return tuple(lengths if isinstance(lengths, int) else lengths[0] for lengths in self.chunk_shapes)

    def distinct_lengths(self, axis: int) -> frozenset[int]:
        lengths = self.chunk_shapes[axis]
        return frozenset((lengths,) if isinstance(lengths, int) else lengths.sizes)

    def fitted(self, shape: tuple[int, ...]) -> Self:
        for position, (length, lengths) in enumerate(zip(shape, self.chunk_shapes, strict=True)):
            if isinstance(lengths, Edges) and lengths.total < length:
                raise MetadataValidationError(
                    f"the chunks cover {lengths.total} elements of an axis of {length}",
                    field=f"chunk_grid.configuration.chunk_shapes[{position}]",
                )
        return self

    def grid_for(self, shape: tuple[int, ...]) -> ChunkGrid:
        return ChunkGrid(tuple(map(_axis, shape, self.fitted(shape).chunk_shapes)))

    def update_shape(
        self, old_shape: tuple[int, ...], new_shape: tuple[int, ...], unit: tuple[int, ...] | None = None
    ) -> Self:
        """The grid after a resize: one more chunk on an axis that grows beyond those that are declared."""
        axes = zip(self.chunk_shapes, new_shape, unit or (1,) * self.ndim, strict=True)
        lengths = [given if isinstance(given, int) else covering(given, whole, one) for given, whole, one in axes]
        return self if tuple(lengths) == self.chunk_shapes else type(self)(chunk_shapes=lengths)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        kind = configuration.get("kind")
        if "kind" not in configuration:
            raise MetadataValidationError("this member is required", field="configuration.kind")
        if kind != "inline":
            raise MetadataValidationError(
                f"expected 'inline', the only kind there is, got {quote(kind)}", field="configuration.kind"
            )
        return cls._from_member(configuration, "chunk_shapes", "kind")

    @classmethod
    def from_regular(cls, configuration: Mapping[str, Any]) -> Self:
        """Read the configuration of a regular grid whose ``chunk_shape`` has lists of lengths."""
        return cls._from_member(configuration, "chunk_shape")

    @classmethod
    def _from_member(cls, configuration: Mapping[str, Any], member: str, *others: str) -> Self:
        try:
            check_members(configuration, member, *others)
            if member not in configuration:
                raise MetadataValidationError("this member is required", field=member)
            try:
                chunk_shapes = _parse_chunk_shapes(configuration[member])
            except MetadataValidationError as error:
                raise error.within(member) from None
        except MetadataValidationError as error:
            raise error.within("configuration") from None
        return cls(chunk_shapes=chunk_shapes)

    def to_dict(self) -> dict[str, JSON]:
        shapes = [lengths if isinstance(lengths, int) else lengths.to_json() for lengths in self.chunk_shapes]
        return {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": shapes}}


def covering(edges: Edges, length: int, unit: int = 1) -> Edges:
    """The edges with one more for what they do not cover of an axis, as zarr-python adds one; none is ever dropped.

    The new one is a multiple of `unit`.
    """
    return edges if length <= edges.total else edges.extended(-(-(length - edges.total) // unit) * unit)


def _axis(length: int, lengths: int | Edges) -> Axis:
    return RegularAxis(length, lengths) if isinstance(lengths, int) else RectilinearAxis(length, lengths)


def _parse_chunk_shapes(data: object) -> tuple[int | Edges, ...]:
    if not isinstance(data, (list, tuple)):
        raise MetadataValidationError(f"expected a list, one item an axis, got {quote(data)}")
    chunk_shapes: list[int | Edges] = []
    for position, lengths in enumerate(data):
        try:
            chunk_shapes.append(_parse_axis(lengths))
        except MetadataValidationError as error:
            raise error.within(f"[{position}]") from None
    return tuple(chunk_shapes)


def _parse_axis(data: object) -> int | Edges:
    if isinstance(data, Edges):
        return data
    return Edges.from_json(data) if isinstance(data, (list, tuple)) else parse_length(data)


def declare_chunks(chunks: Sequence[int | Iterable[Any]], shape: tuple[int, ...]) -> RectilinearChunkGridMetadata:
    """The grid that a caller declares: for each axis one length, or all of them.

    Raises
    ------
    ValueError
        A length is below 1, or they do not add up to the length of the axis. An empty axis may declare any, to grow
        into.
    TypeError
        A length is no integer.
    """
    axes = enumerate(zip(chunks, shape, strict=True))
    lengths = [given if isinstance(given, int) else _declared(given, whole, axis) for axis, (given, whole) in axes]
    return RectilinearChunkGridMetadata(chunk_shapes=lengths)


def _declared(given: Iterable[Any], whole: int, axis: int) -> Edges:
    lengths = given.tolist() if isinstance(given, np.ndarray) and given.dtype.kind in "iu" else list(given)
    plain = [
        int(length) if isinstance(length, (int, np.integer)) and not isinstance(length, bool) else length
        for length in lengths
    ]
    if not {int}.issuperset(map(type, plain)):
        wrong = next(length for length in plain if type(length) is not int)
        raise TypeError(
            f"the lengths of the chunks along axis {axis} are integers, got {quote(wrong)}; run lengths are said in a "
            "chunk grid of JSON"
        )
    try:
        edges = Edges.from_json(plain)
    except MetadataValidationError as error:
        raise ValueError(f"the chunks along axis {axis}: {error.reason}, got {quote(plain)}") from None
    if whole and edges.total != whole:
        raise ValueError(f"the chunks along axis {axis} have {edges.total} elements together, the axis has {whole}")
    return edges
