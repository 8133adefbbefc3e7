"""The regular grid: every chunk has the same shape.

Specification: Zarr v3.1 "Regular grids".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.base import Axis, ChunkGrid, Indices
from terrazzo.types import JSON

__all__ = ["EXTENSION", "RegularAxis", "RegularChunkGridMetadata", "check_members", "parse_lengths"]

EXTENSION = ("name", "configuration", "must_understand")
"""Members of an object that names an extension."""


@dataclass(frozen=True, slots=True)
class RegularAxis(Axis):
    """An axis cut into chunks of one length; the last chunk may reach beyond the array."""

    length: int
    chunk: int

    @property
    def count(self) -> int:
        return -(-self.length // self.chunk)

    @property
    def uniform(self) -> int:
        return self.chunk

    def chunk_at(self, index: int) -> int:
        return index // self.chunk

    def start_of(self, chunk: int) -> int:
        return chunk * self.chunk

    def size_of(self, chunk: int) -> int:
        return self.chunk

    def chunks_at(self, indices: Indices) -> Indices:
        return indices // self.chunk

    def starts_of(self, chunks: Indices) -> Indices:
        return chunks * self.chunk

    def sizes_of(self, chunks: Indices) -> Indices:
        return np.full(chunks.shape, self.chunk, dtype=np.int64)

    def starts_between(self, first: int, stop: int) -> range:
        return range(first * self.chunk, stop * self.chunk, self.chunk)

    def resized(self, length: int) -> RegularAxis:
        return RegularAxis(length, self.chunk)


@dataclass(frozen=True, kw_only=True)
class RegularChunkGridMetadata:
    """What a metadata document says about a regular grid."""

    chunk_shape: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.chunk_shape)

    def grid_for(self, shape: tuple[int, ...]) -> ChunkGrid:
        """The grid of an array of this shape.

        A stored chunk length of 0, which old files have on empty axes, counts as 1: no chunk can exist there.
        """
        axes = []
        for position, (length, chunk) in enumerate(zip(shape, self.chunk_shape, strict=True)):
            if chunk == 0 and length:
                raise MetadataValidationError(
                    "a chunk length of 0 on an axis that is not empty",
                    field=f"chunk_grid.configuration.chunk_shape[{position}]",
                )
            axes.append(RegularAxis(length, chunk or 1))
        return ChunkGrid(tuple(axes))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the configuration of the grid."""
        try:
            check_members(data, "chunk_shape")
        except MetadataValidationError as error:
            raise error.within("configuration") from None
        try:
            chunk_shape = parse_lengths(data["chunk_shape"])
        except KeyError:
            raise MetadataValidationError("this member is required", field="configuration.chunk_shape") from None
        except MetadataValidationError as error:
            raise error.within("configuration.chunk_shape") from None
        return cls(chunk_shape=chunk_shape)

    def to_dict(self) -> dict[str, JSON]:
        """The member ``chunk_grid`` of a document."""
        return {"name": "regular", "configuration": {"chunk_shape": [length or 1 for length in self.chunk_shape]}}


def check_members(data: Mapping[str, Any], *known: str) -> None:
    """Refuse an object with a member that is not known: it may change what the others mean.

    Raises
    ------
    MetadataValidationError
        It has one; ``field`` names it.
    """
    for member in data:
        if member not in known:
            raise MetadataValidationError("this member is not known", field=str(member))


def parse_lengths(data: object) -> tuple[int, ...]:
    """Read a list of axis lengths from a document: integers in [0, 2^63) and nothing that only looks like one."""
    if not isinstance(data, (list, tuple)):
        raise MetadataValidationError(f"expected a list of integers, got {quote(data)}")
    for position, length in enumerate(data):
        if isinstance(length, bool) or not isinstance(length, int):
            raise MetadataValidationError(f"expected an integer, got {quote(length)}", field=f"[{position}]")
        if not 0 <= length < 1 << 63:
            raise MetadataValidationError(f"{quote(length)} is outside [0, 2^63)", field=f"[{position}]")
    return tuple(data)
