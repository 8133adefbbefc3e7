"""Metadata documents: what they say, checked strictly, and written byte for byte as zarr-python writes them."""

from __future__ import annotations

from terrazzo.metadata.array import ArrayMetadata
from terrazzo.metadata.array_v2 import ArrayV2Metadata
from terrazzo.metadata.array_v3 import ArrayV3Metadata
from terrazzo.metadata.group import ConsolidatedMetadata, GroupMetadata, NodeMetadata, parse_node

__all__ = [
    "ArrayMetadata",
    "ArrayV2Metadata",
    "ArrayV3Metadata",
    "ConsolidatedMetadata",
    "GroupMetadata",
    "NodeMetadata",
    "parse_node",
]
