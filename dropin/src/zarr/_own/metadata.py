"""Documents of nodes, as packages reach for them in ``zarr.core.metadata``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrazzo.abc.store import Store
from terrazzo.api.synchronous import open as open_node
from terrazzo.buffer import default_buffer_prototype
from terrazzo.metadata import ArrayV2Metadata, ArrayV3Metadata
from terrazzo.metadata.array_v3 import parse_dimension_names as parse_names
from terrazzo.metadata.group import ConsolidatedMetadata, GroupMetadata
from terrazzo.metadata.migrate import convert_metadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.copies import ancestors_of, changing
from terrazzo.nodes.group import Group
from terrazzo.nodes.locate import save_documents
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["convert_array_metadata", "flat_to_nested", "get_node", "parse_dimension_names", "save_metadata"]


def convert_array_metadata(metadata_v2: ArrayV2Metadata) -> ArrayV3Metadata:
    """The metadata of an array of format 2 as of format 3, for the same chunks."""
    converted = convert_metadata(metadata_v2)
    assert isinstance(converted, ArrayV3Metadata)
    return converted


def flat_to_nested(metadata: dict[str, Any]) -> None:
    """Put the metadata of nodes by path, in place, into those of the groups that they are in."""
    nested = ConsolidatedMetadata(dict(metadata)).metadata
    metadata.clear()
    metadata.update(nested)


def parse_dimension_names(data: object) -> tuple[str | None, ...] | None:
    """A name or None for each axis; None for none at all."""
    names = tuple(data) if isinstance(data, Iterable) and not isinstance(data, str) else data
    return parse_names(names, len(names) if isinstance(names, tuple) else 0)


async def save_metadata(store_path: StorePath, metadata: Any, ensure_parents: bool = False) -> None:
    """Write the documents of a node, and with `ensure_parents` those of groups above it where there are none."""
    prototype = default_buffer_prototype()
    if ensure_parents:
        for ancestor in ancestors_of(store_path):
            group = GroupMetadata(zarr_format=metadata.zarr_format)
            for name, document in group.to_buffer_dict(prototype).items():
                await ancestor.store.set_if_not_exists(ancestor.prefix + name, document)
    async with changing(store_path, metadata.zarr_format):
        await save_documents(store_path, metadata.to_buffer_dict(prototype))


def get_node(store: Store, path: str, zarr_format: ZarrFormat) -> Array[Any] | Group:
    """Open the array or the group at a path."""
    return open_node(store, path=path, zarr_format=zarr_format, mode="r+" if not store.read_only else "r")
