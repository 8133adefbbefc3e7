"""Private members of classes and modules that other packages use, given to those of terrazzo."""

from __future__ import annotations

from typing import Any

from terrazzo.grid import ChunkGrid
from terrazzo.metadata import migrate_v3
from terrazzo.metadata.group import ConsolidatedMetadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group
from zarr._own.metadata import convert_array_metadata, flat_to_nested, save_metadata
from zarr._own.sync import SyncMixin

__all__ = ["attach"]


def attach() -> None:
    """Put them where zarr-python has them."""
    migrate_v3._convert_array_metadata = convert_array_metadata
    members: dict[tuple[type, str], Any] = {
        (Array, "_chunk_grid"): property(_chunk_grid),
        (AsyncArray, "_save_metadata"): _save_array,
        (AsyncGroup, "_save_metadata"): _save_group,
        (ConsolidatedMetadata, "_flat_to_nested"): staticmethod(flat_to_nested),
        (Group, "_sync"): SyncMixin._sync,
        (Group, "_sync_iter"): SyncMixin._sync_iter,
    }
    for (owner, name), member in members.items():
        setattr(owner, name, member)


def _chunk_grid(array: Array[Any]) -> ChunkGrid:
    """The grid of the chunks, or of the shards."""
    return array.async_array._chunk_grid


async def _save_array(array: AsyncArray[Any], metadata: Any, ensure_parents: bool = False) -> None:
    """Write the documents of an array with the metadata given."""
    await save_metadata(array.store_path, metadata, ensure_parents)


async def _save_group(group: AsyncGroup, ensure_parents: bool = False) -> None:
    """Write the documents of a group with the metadata that it has."""
    await save_metadata(group.store_path, group.metadata, ensure_parents)
