"""Finding nodes: reading metadata documents, looking for what is in the way, making what is missing above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import (
    BaseZarrError,
    ContainsArrayError,
    ContainsGroupError,
    MetadataValidationError,
    NodeTypeValidationError,
    context,
    quote,
)
from terrazzo.metadata import ArrayMetadata, ArrayV3Metadata, GroupMetadata
from terrazzo.metadata.json import parse_document
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath

__all__ = ["NodeMetadata", "create_node", "delete_node", "read_node", "refuse_v2", "save_document"]

NodeMetadata: TypeAlias = ArrayMetadata | GroupMetadata

DOCUMENT = "zarr.json"
V2_DOCUMENTS = {".zarray": "array", ".zgroup": "group"}
READS_AT_ONCE = 16


async def read_node(place: StorePath) -> NodeMetadata | None:
    """Read the metadata document of whatever node is at a place; None when there is none.

    Raises
    ------
    MetadataValidationError, UnknownCodecError
        The document cannot be read, with store, key and field.
    OSError
        The document may be there and cannot be read.
    """
    key = place.prefix + DOCUMENT
    with context("in the document", key, place.store):
        await place.store._ensure_open()
        data = await place.store.get(key, numpy_buffer_prototype())
        if data is None:
            return None
        document = parse_document(data.as_buffer_like())
        return _parse_node(document)


def _parse_node(document: dict[str, Any]) -> NodeMetadata:
    node_type = document.get("node_type")
    if node_type == "group":
        return GroupMetadata.from_dict(document)
    if node_type != "array" and "node_type" in document:
        raise NodeTypeValidationError(f"got {quote(node_type)}, expected 'array' or 'group'", field="node_type")
    return ArrayV3Metadata.from_dict(document)


async def refuse_v2(place: StorePath) -> None:
    """Raise if there is a node of Zarr format 2, which this version cannot read.

    Called only where no document of format 3 was found, so that such a node is never taken for nothing.
    """
    for name, kind in V2_DOCUMENTS.items():
        key = place.prefix + name
        with context("while looking for", key, place.store):
            found = await place.store.exists(key)
        if found:
            raise MetadataValidationError(
                f"the {kind} at {place} is of Zarr format 2; this version of terrazzo reads and writes format 3",
                field="zarr_format",
                store=str(place.store),
                key=key,
            )


async def save_document(place: StorePath, metadata: NodeMetadata) -> None:
    """Write the metadata document of a node."""
    await _save(place, metadata.to_buffer_dict(default_buffer_prototype()))


async def _save(place: StorePath, documents: dict[str, Buffer]) -> None:
    for name, value in documents.items():
        key = place.prefix + name
        with context("while writing the document", key, place.store):
            await place.store.set(key, value)


async def create_node(
    place: StorePath,
    metadata: NodeMetadata,
    *,
    overwrite: bool,
    write_data: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Write a new node, after everything about it is known to be right.

    Parameters
    ----------
    overwrite
        Whether a node that is there is deleted with all that is below it; otherwise it is an error.
    write_data
        Writes the first data of the node. The document is written after them, so that the node appears whole.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there.
    ValueError
        An ancestor is an array, or the store is read-only.
    """
    await place.store._ensure_open()
    place.store._check_writable()
    documents = metadata.to_buffer_dict(default_buffer_prototype())  # what cannot be encoded fails here
    async with place.store.lock(place.prefix + DOCUMENT):
        missing = await _missing_ancestors(place)
        if overwrite and place.store.supports_deletes:
            await delete_node(place)
        else:
            await _require_vacant(place)
        for ancestor in missing:
            await _create_ancestor(ancestor)
        if write_data is not None:
            await write_data()
        await _save(place, documents)


async def delete_node(place: StorePath) -> None:
    """Delete everything below a place: the document first, so that no node is seen that has lost its data."""
    document = place.prefix + DOCUMENT
    if not place.store.deletes_folders_at_once:
        with context("while deleting the document", document, place.store):
            await place.store.delete(document)
    with context("while deleting everything below", place.path, place.store):
        await place.delete_dir()


async def _require_vacant(place: StorePath) -> None:
    """Raise if there is a node; a document that cannot be read counts as one."""
    found = await read_node(place)
    if isinstance(found, ArrayMetadata):
        raise ContainsArrayError(f"there is an array at {place} already; overwrite=True replaces it")
    if isinstance(found, GroupMetadata):
        raise ContainsGroupError(f"there is a group at {place} already; overwrite=True replaces it")
    await refuse_v2(place)


async def _missing_ancestors(place: StorePath) -> list[StorePath]:
    """Ancestors without a document, root first.

    Raises
    ------
    BaseZarrError
        One of them is an array, or of format 2.
    """
    if not place.path:
        return []
    segments = place.path.split("/")[:-1]
    ancestors = [StorePath(place.store, "/".join(segments[:depth])) for depth in range(len(segments) + 1)]
    found = await map_concurrent(read_node, ancestors, concurrency=READS_AT_ONCE)
    for ancestor, metadata in zip(ancestors, found, strict=True):
        if isinstance(metadata, ArrayMetadata):
            raise BaseZarrError(f"no node can be made at {place}: {ancestor} is an array, and arrays hold no nodes")
        if metadata is None:
            await refuse_v2(ancestor)
    return [ancestor for ancestor, metadata in zip(ancestors, found, strict=True) if metadata is None]


async def _create_ancestor(ancestor: StorePath) -> None:
    """Make an empty group where none is, without touching one that somebody else makes at the same time."""
    for name, value in GroupMetadata().to_buffer_dict(default_buffer_prototype()).items():
        key = ancestor.prefix + name
        with context("while writing the document", key, ancestor.store):
            await ancestor.store.set_if_not_exists(key, value)
