"""How arrays are cut into chunks, and under which keys chunks are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.base import Axis, ChunkGrid, Indices
from terrazzo.grid.guess import guess_chunks
from terrazzo.grid.keys import (
    ChunkKeyEncoding,
    ChunkKeyEncodingLike,
    ChunkKeyEncodingParams,
    DefaultChunkKeyEncoding,
    V2ChunkKeyEncoding,
    parse_chunk_key_encoding,
)
from terrazzo.grid.regular import EXTENSION, RegularAxis, RegularChunkGridMetadata, check_members, parse_lengths

__all__ = [
    "EXTENSION",
    "Axis",
    "ChunkGrid",
    "ChunkKeyEncoding",
    "ChunkKeyEncodingLike",
    "ChunkKeyEncodingParams",
    "DefaultChunkKeyEncoding",
    "Indices",
    "RegularAxis",
    "RegularChunkGridMetadata",
    "V2ChunkKeyEncoding",
    "check_members",
    "guess_chunks",
    "parse_chunk_grid",
    "parse_chunk_key_encoding",
    "parse_lengths",
]

GRIDS = {"regular": RegularChunkGridMetadata}


def parse_chunk_grid(data: object) -> RegularChunkGridMetadata:
    """Read the member ``chunk_grid`` of a document.

    Raises
    ------
    MetadataValidationError
        It is malformed, or of a kind that is not known. The field is relative to ``chunk_grid``.
    """
    if isinstance(data, RegularChunkGridMetadata):
        return data
    if not isinstance(data, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(data)}")
    check_members(data, *EXTENSION)
    name, configuration = data.get("name"), data.get("configuration", {})
    if not isinstance(name, str):
        raise MetadataValidationError(f"expected text, got {quote(name)}", field="name")
    if name not in GRIDS:
        raise MetadataValidationError(f"unknown chunk grid {quote(name)}; known are {', '.join(GRIDS)}", field="name")
    if not isinstance(configuration, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(configuration)}", field="configuration")
    return GRIDS[name].from_dict(_as_members(configuration))


def _as_members(configuration: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in configuration.items()}
