"""Whether the stored chunks of one array can stand as they are for those of another."""

from __future__ import annotations

from typing import Any

from terrazzo.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata
from terrazzo.metadata.migrate import convert_metadata

__all__ = ["as_format_3", "chunks_agree"]

V2_MEMBERS = ("shape", "chunks", "dtype", "fill_value", "order", "compressor", "filters")


def chunks_agree(source: ArrayMetadata, target: ArrayMetadata) -> bool:
    """Whether the same bytes are the same chunk of both arrays, and an absent chunk means the same.

    Keys may differ. Of codecs without an implementation it is enough that both arrays have the same.
    """
    if source.shape != target.shape:
        return False
    if isinstance(source, ArrayV2Metadata) and isinstance(target, ArrayV2Metadata):
        return _members_of_v2(source) == _members_of_v2(target)
    one, other = as_format_3(source), as_format_3(target)
    if one is None or other is None:
        return False
    return _members_of_v3(one) == _members_of_v3(other) and (_same_lists(one, other) or _same_chains(one, other))


def as_format_3(metadata: ArrayMetadata) -> ArrayV3Metadata | None:
    """The metadata as of Zarr v3, for the same chunks; None where Zarr v3 has no form for them."""
    if isinstance(metadata, ArrayV3Metadata):
        return metadata
    try:
        converted = convert_metadata(metadata)
    except (MetadataValidationError, UnknownCodecError, DataTypeValidationError):
        return None
    return converted if isinstance(converted, ArrayV3Metadata) else None


def _members_of_v2(metadata: ArrayV2Metadata) -> list[Any]:
    document = metadata.to_dict()
    return [document[name] for name in V2_MEMBERS]


def _members_of_v3(metadata: ArrayV3Metadata) -> list[Any]:
    data_type = metadata.data_type
    return [
        data_type.to_json(zarr_format=3),
        metadata.chunk_grid.to_dict(),
        data_type.to_json_scalar(metadata.fill_value, zarr_format=3),
    ]


def _same_lists(one: ArrayV3Metadata, other: ArrayV3Metadata) -> bool:
    return [codec.to_dict() for codec in one.codecs] == [codec.to_dict() for codec in other.codecs]


def _same_chains(one: ArrayV3Metadata, other: ArrayV3Metadata) -> bool:
    """Whether codecs are the same once everything in them is decided that depends on the array."""
    return [codec.to_dict() for codec in one.chain] == [codec.to_dict() for codec in other.chain]
