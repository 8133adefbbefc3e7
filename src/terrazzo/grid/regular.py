"""The regular grid: every chunk has the same shape.

Specification: Zarr v3.1 "Regular grids".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from terrazzo.errors import MetadataValidationError
from terrazzo.grid.base import Axis, ChunkGrid, Indices
from terrazzo.grid.metadata import EXTENSION, ChunkGridMetadata, check_members, parse_lengths
from terrazzo.types import JSON

__all__ = ["EXTENSION", "RegularAxis", "RegularChunkGridMetadata", "check_members", "parse_lengths"]


@dataclass(frozen=True, slots=True)
class RegularAxis(Axis):
    """An axis cut into chunks of one length; the last chunk may reach beyond the array."""

    is_regular = True

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

    def held_lengths(self) -> tuple[int, ...]:
        full, rest = divmod(self.length, self.chunk)
        return (self.chunk,) * full + ((rest,) if rest else ())

    def resized(self, length: int) -> RegularAxis:
        return RegularAxis(length, self.chunk)


@dataclass(frozen=True, kw_only=True)
class RegularChunkGridMetadata(ChunkGridMetadata):
    """What a metadata document says about a regular grid."""

    name = "regular"
    lengths_member = "chunk_shape"
    is_regular = True

    chunk_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "chunk_shape", parse_lengths(self.chunk_shape))
        except MetadataValidationError as error:
            raise error.within("chunk_shape") from None

    @property
    def ndim(self) -> int:
        return len(self.chunk_shape)

    @property
    def first_chunk_shape(self) -> tuple[int, ...]:
        return self.chunk_shape

    def distinct_lengths(self, axis: int) -> frozenset[int]:
        return frozenset((self.chunk_shape[axis],))

    def fitted(self, shape: tuple[int, ...]) -> Self:
        """The same for an array of a given shape.

        A stored chunk length of 0, which old files have on empty axes, counts as 1: no chunk can exist there.
        """
        if 0 not in self.chunk_shape:
            return self
        for position, (length, chunk) in enumerate(zip(shape, self.chunk_shape, strict=True)):
            if chunk == 0 and length:
                raise MetadataValidationError(
                    "a chunk length of 0 on an axis that is not empty",
                    field=f"chunk_grid.configuration.chunk_shape[{position}]",
                )
        return type(self)(chunk_shape=tuple(chunk or 1 for chunk in self.chunk_shape))

    def grid_for(self, shape: tuple[int, ...]) -> ChunkGrid:
        return ChunkGrid(tuple(map(RegularAxis, shape, self.fitted(shape).chunk_shape)))

    def update_shape(
        self, old_shape: tuple[int, ...], new_shape: tuple[int, ...], unit: tuple[int, ...] | None = None
    ) -> Self:
        return self.fitted(old_shape)

    @classmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        try:
            check_members(configuration, "chunk_shape")
            if "chunk_shape" not in configuration:
                raise MetadataValidationError("this member is required", field="chunk_shape")
            return cls(chunk_shape=configuration["chunk_shape"])
        except MetadataValidationError as error:
            raise error.within("configuration") from None

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "regular", "configuration": {"chunk_shape": [length or 1 for length in self.chunk_shape]}}
