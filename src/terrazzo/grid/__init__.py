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
from terrazzo.grid.metadata import EXTENSION, ChunkGridMetadata, check_members, parse_configuration, parse_lengths
from terrazzo.grid.regular import RegularAxis, RegularChunkGridMetadata

__all__ = [
    "EXTENSION",
    "Axis",
    "ChunkGrid",
    "ChunkGridMetadata",
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


def parse_chunk_grid(data: object) -> ChunkGridMetadata:
    """Read the member ``chunk_grid`` of a document.

    A regular grid that gives a list of lengths for some axes, as zarr-python 3.2 wrote it, is a rectilinear one.

    Raises
    ------
    MetadataValidationError
        It is malformed, or of a kind that is not known. The field is relative to ``chunk_grid``.
    """
    if isinstance(data, ChunkGridMetadata):
        return data
    name, configuration = parse_configuration(data)
    if name == RegularChunkGridMetadata.name and not _is_mixed(configuration):
        return RegularChunkGridMetadata.from_configuration(configuration)
    from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata  # few arrays need it

    if name == RegularChunkGridMetadata.name:
        return RectilinearChunkGridMetadata.from_regular(configuration)
    if name == RectilinearChunkGridMetadata.name:
        return RectilinearChunkGridMetadata.from_configuration(configuration)
    raise MetadataValidationError(f"unknown chunk grid {quote(name)}; known are regular, rectilinear", field="name")


def _is_mixed(configuration: Mapping[str, Any]) -> bool:
    lengths = configuration.get("chunk_shape")
    return isinstance(lengths, list) and {type(length) is list for length in lengths} == {True, False}
