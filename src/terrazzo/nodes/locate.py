"""Finding nodes: reading metadata documents, looking for what is in the way, making what is missing above."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import (
    BaseZarrError,
    ConcurrentWriteError,
    ContainsArrayAndGroupError,
    ContainsArrayError,
    ContainsGroupError,
    context,
)
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, GroupMetadata, NodeMetadata, parse_node
from terrazzo.metadata.array_v2 import parse_v2_format
from terrazzo.metadata.array_v3 import parse_zarr_format
from terrazzo.metadata.json import parse_document
from terrazzo.nodes.copies import ancestors_of, changes_in, changing
from terrazzo.pipeline.cache import forget_below
from terrazzo.runtime import map_concurrent, pause
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = [
    "NodeMetadata",
    "Seen",
    "change_attributes",
    "create_ancestor",
    "create_node",
    "delete_node",
    "look_above",
    "look_at_ancestor",
    "read_node",
    "read_node_and",
    "require_vacant",
    "save_document",
    "save_documents",
]

DOCUMENT = "zarr.json"
"""The document of format 3; its lock is held while a node of either format changes."""
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs")
JOURNAL = "__terrazzo_copy.json"
"""What a copy writes down of itself beside what it makes. Names that start with two underscores are no nodes.
Specification: Zarr v3.1 "Node names"."""
READS_AT_ONCE = 16

ATTEMPTS = 50
LONGEST_WAIT = 0.1
"""Seconds to wait, at most, after another process has been faster."""

Seen: TypeAlias = dict[str, Any]
"""Versions of documents by their names."""

M = TypeVar("M", bound="ArrayMetadata | GroupMetadata")


async def read_node(place: StorePath, zarr_format: ZarrFormat | None = None) -> NodeMetadata | None:
    """Read the metadata of whatever node is at a place; None when there is none.

    Parameters
    ----------
    zarr_format
        Of the documents to look for; by default format 3 first, and format 2 where there is nothing.

    Raises
    ------
    MetadataValidationError, UnknownCodecError
        A document cannot be read, with store, key and field.
    OSError
        A document may be there and cannot be read.
    """
    return (await read_node_and(place, zarr_format))[0]


async def read_node_and(
    place: StorePath, zarr_format: ZarrFormat | None, beside: str | None = None, seen: Seen | None = None
) -> tuple[NodeMetadata | None, Buffer | None]:
    """Read the metadata of a node as ``read_node`` does; in format 2 with what is stored under one more name.

    Parameters
    ----------
    seen
        Collects of which version each document is, where the store can make a write depend on it.
    """
    await place.store._ensure_open()
    moment = changes_in(place.store).now
    documents: dict[str, Buffer] = {}
    if zarr_format != 2:
        documents = await _get(place, (DOCUMENT,), seen)
    if zarr_format != 3 and not documents:
        documents = await _get(place, V2_DOCUMENTS if beside is None else (*V2_DOCUMENTS, beside), seen)
    metadata = _parse_node(place, documents)
    if isinstance(metadata, GroupMetadata) and metadata.consolidated_metadata is not None:
        metadata.consolidated_metadata.moment = moment
    return metadata, None if beside is None else documents.get(beside)


async def _get(place: StorePath, names: Sequence[str], seen: Seen | None = None) -> dict[str, Buffer]:
    """The documents that are there, by their names."""
    compares = seen is not None and place.store.supports_conditional_writes

    async def get(name: str) -> Buffer | None:
        key = place.prefix + name
        with context("in the document", key, place.store):
            if seen is not None and compares:
                value, seen[name] = await place.store.get_versioned(key, numpy_buffer_prototype())
                return value
            return await place.store.get(key, numpy_buffer_prototype())

    if len(names) == 1:
        values = [await get(names[0])]
    else:
        values = await map_concurrent(get, names, concurrency=READS_AT_ONCE)
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _parse_node(place: StorePath, documents: Mapping[str, Buffer]) -> NodeMetadata | None:
    """What the documents of a place say; where there are several, format 3 counts, and an array before a group."""

    def parse(name: str) -> dict[str, Any]:
        with context("in the document", place.prefix + name, place.store):
            return parse_document(documents[name].as_buffer_like())

    for name, understand in ((DOCUMENT, _parse_v3), (".zarray", ArrayV2Metadata.from_dict), (".zgroup", _parse_zgroup)):
        if name in documents:
            document = parse(name)
            if name != DOCUMENT:
                document["attributes"] = parse(".zattrs") if ".zattrs" in documents else {}
            with context("in the document", place.prefix + name, place.store):
                return understand(document)
    return None


def _parse_v3(document: dict[str, Any]) -> NodeMetadata:
    parse_zarr_format(document)
    return parse_node(document)


def _parse_zgroup(document: dict[str, Any]) -> GroupMetadata:
    parse_v2_format(document, ".zgroup")
    return GroupMetadata(attributes=document["attributes"], zarr_format=2)


async def save_document(place: StorePath, metadata: NodeMetadata, seen: Seen) -> None:
    """Write the document of a node that says everything but, in format 2, the attributes.

    Raises
    ------
    ConcurrentWriteError
        Another process has written it since it was read.
    """
    await _replace(place, metadata, metadata.document_key, seen)


async def change_attributes(
    place: StorePath,
    read: Callable[[Seen], Awaitable[M]],
    change: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> M:
    """Apply a change to the attributes of a node as they are stored now, and return its new metadata.

    Where the store can make a write depend on what is there, a change that another process has made meanwhile stays.

    Parameters
    ----------
    read
        Reads the metadata.

    Raises
    ------
    ConcurrentWriteError
        Others have been faster too often.
    """
    for left in reversed(range(ATTEMPTS)):
        seen: Seen = {}
        current = await read(seen)
        changed = cast("M", current.update_attributes(change(dict(current.attributes))))
        try:
            await _replace(place, changed, changed.attributes_key, seen)
        except ConcurrentWriteError:
            if not left:
                raise
            import random  # loaded on use: `import terrazzo` is to be quick

            await pause(random.uniform(0, LONGEST_WAIT))  # noqa: S311 - no secret
        else:
            break
    return changed


async def _replace(place: StorePath, metadata: NodeMetadata, name: str, seen: Seen) -> None:
    document = metadata.to_buffer_dict(default_buffer_prototype())[name]  # what cannot be encoded fails here
    store, key = place.store, place.prefix + name
    async with changing(place, metadata.zarr_format):
        if not store.supports_conditional_writes:
            await save_documents(place, {name: document})
            return
        with context("while writing the document", key, store):
            if not await store.set_if_version(key, document, seen.get(name)):
                raise ConcurrentWriteError(f"somebody else has written {key!r} of {store} since it was read")


async def save_documents(place: StorePath, documents: Mapping[str, Buffer]) -> None:
    """Write the documents of a node by their names, one after the other."""
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
    ForeignFilesError
        Something that is not Zarr is there, and would be deleted.
    ValueError
        An ancestor is an array, or the store is read-only.
    """
    await place.store._ensure_open()
    place.store._check_writable()
    documents = metadata.to_buffer_dict(default_buffer_prototype())  # what cannot be encoded fails here
    async with place.store.lock(place.prefix + DOCUMENT):
        replaces = overwrite and place.store.supports_deletes
        if replaces:
            from terrazzo.nodes.foreign import require_no_foreign  # loaded on use: `import terrazzo` is to be quick

            await require_no_foreign(place)
        else:
            await require_vacant(place)
        missing, holders = await look_above(place, metadata.zarr_format)
        async with changing(place, metadata.zarr_format, holders):
            if replaces:
                await delete_node(place)
            for ancestor in missing:
                await create_ancestor(ancestor, metadata.zarr_format)
            if write_data is not None:
                await write_data()
            await save_documents(place, documents)


async def delete_node(place: StorePath) -> None:
    """Delete everything below a place: the documents first, so that no node is seen that has lost its data."""
    if not place.store.deletes_folders_at_once:
        for name in (DOCUMENT, *V2_DOCUMENTS):
            with context("while deleting the document", place.prefix + name, place.store):
                await place.store.delete(place.prefix + name)
    with context("while deleting everything below", place.path, place.store):
        try:
            await place.delete_dir()
        finally:
            forget_below(place.store.lock_identity, place.prefix)


async def require_vacant(place: StorePath) -> None:
    """Raise if there is a node of either format; a document that cannot be read counts as one."""
    documents = await _get(place, (DOCUMENT, *V2_DOCUMENTS))
    found = _parse_node(place, documents)
    if found is None:
        return
    if isinstance(found, GroupMetadata):
        raise ContainsGroupError(f"there is a group at {place} already; overwrite=True replaces it")
    if ".zgroup" in documents:
        raise ContainsArrayAndGroupError(
            f"there are an array and a group at {place} already; overwrite=True replaces both"
        )
    raise ContainsArrayError(f"there is an array at {place} already; overwrite=True replaces it")


async def look_above(place: StorePath, zarr_format: ZarrFormat) -> tuple[list[StorePath], list[StorePath]]:
    """Ancestors without a document, root first; and those that may hold copies of the documents below them.

    Raises
    ------
    BaseZarrError
        One of them is an array, or a group of the other format.
    """
    ancestors = ancestors_of(place)

    async def look(ancestor: StorePath) -> GroupMetadata | None:
        return await look_at_ancestor(ancestor, place, zarr_format)

    found = await map_concurrent(look, ancestors, concurrency=READS_AT_ONCE)
    missing = [ancestor for ancestor, metadata in zip(ancestors, found, strict=True) if metadata is None]
    holders = [
        ancestor
        for ancestor, metadata in zip(ancestors, found, strict=True)
        if metadata is not None and (zarr_format == 2 or metadata.consolidated_metadata is not None)
    ]
    return missing, holders


async def look_at_ancestor(ancestor: StorePath, place: StorePath, zarr_format: ZarrFormat) -> GroupMetadata | None:
    """The group above a place where a node of the format is to be made; None when there is none.

    Raises
    ------
    BaseZarrError
        There is an array, or a group of the other format.
    """
    found = await read_node(ancestor, zarr_format)
    other = await read_node(ancestor, 2 if zarr_format == 3 else 3) if found is None else None
    if isinstance(found or other, ArrayMetadata):
        raise BaseZarrError(f"no node can be made at {place}: {ancestor} is an array, and arrays hold no nodes")
    if other is not None:  # a group of this format beside it would hide what the other one holds
        raise BaseZarrError(
            f"no node of format {zarr_format} can be made at {place}: the group {ancestor} is of format "
            f"{other.zarr_format}; give zarr_format={other.zarr_format}"
        )
    return found if isinstance(found, GroupMetadata) else None


async def create_ancestor(ancestor: StorePath, zarr_format: ZarrFormat) -> None:
    """Make an empty group where none is, without touching one that somebody else makes at the same time."""
    for name, value in GroupMetadata(zarr_format=zarr_format).to_buffer_dict(default_buffer_prototype()).items():
        key = ancestor.prefix + name
        with context("while writing the document", key, ancestor.store):
            await ancestor.store.set_if_not_exists(key, value)
