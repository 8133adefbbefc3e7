"""Consolidated metadata: copies of all documents below a group, made and read at once."""

from __future__ import annotations

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import ContainsArrayError, GroupNotFoundError, context, quote
from terrazzo.metadata import ConsolidatedMetadata, GroupMetadata
from terrazzo.metadata.json import dump_document, parse_document
from terrazzo.nodes.copies import COPIES_V2, changes_in
from terrazzo.nodes.locate import DOCUMENT, NodeMetadata, read_node, read_node_and
from terrazzo.nodes.members import iter_members
from terrazzo.runtime import operation
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["consolidate_at", "read_group", "read_with_copies", "with_copies"]


@operation
async def read_group(
    place: StorePath, zarr_format: ZarrFormat | None = None, use_consolidated: bool | str | None = None
) -> GroupMetadata:
    """Read the metadata of a group.

    Parameters
    ----------
    use_consolidated
        Whether to go by consolidated metadata: None where there are some; text names the key of those of format 2.

    Raises
    ------
    GroupNotFoundError
        There is no node.
    ContainsArrayError
        There is an array.
    ValueError
        Consolidated metadata are asked for, and there are none.
    TypeError
        A key is given, and the group is of format 3.
    """
    return _expect_group(await read_with_copies(place, zarr_format, use_consolidated), place, zarr_format)


async def read_with_copies(
    place: StorePath, zarr_format: ZarrFormat | None = None, use_consolidated: bool | str | None = None
) -> NodeMetadata | None:
    """The metadata of whatever node is at a place, of a group with the consolidated metadata it is to go by.

    Those of format 2 are read together with the documents.
    """
    moment = changes_in(place.store).now
    name = _name_of_copies(use_consolidated)
    metadata, text = await read_node_and(place, zarr_format, name)
    if not isinstance(metadata, GroupMetadata):
        return metadata
    return _adopt(metadata, place, use_consolidated, text, moment)


async def with_copies(
    metadata: GroupMetadata, place: StorePath, use_consolidated: bool | str | None = None
) -> GroupMetadata:
    """The metadata of a group with the consolidated metadata it is to go by; see ``read_group``."""
    moment = changes_in(place.store).now
    name, text = _name_of_copies(use_consolidated), None
    if metadata.zarr_format == 2 and name is not None:
        with context("in the consolidated metadata", place.prefix + name, place.store):
            text = await place.store.get(place.prefix + name, numpy_buffer_prototype())
    return _adopt(metadata, place, use_consolidated, text, moment)


def _name_of_copies(use_consolidated: bool | str | None) -> str | None:
    """The name under which copies of format 2 are looked for; None for none."""
    if use_consolidated is False:
        return None
    return use_consolidated if isinstance(use_consolidated, str) else COPIES_V2


def _adopt(
    metadata: GroupMetadata, place: StorePath, use_consolidated: bool | str | None, text: Buffer | None, moment: int
) -> GroupMetadata:
    """The metadata of a group with the copies it is to go by: those of format 2 are in `text`."""
    name = _name_of_copies(use_consolidated)
    if name is None:
        return metadata.with_consolidated(None)
    if metadata.zarr_format == 2:
        copies = None if text is None else _parse_zmetadata(place, name, text)
        if copies is not None:
            copies.moment = moment
        metadata = metadata.with_consolidated(copies)
    elif isinstance(use_consolidated, str):
        raise TypeError(
            f"use_consolidated is {quote(use_consolidated)}: in Zarr format 3 consolidated metadata have no key of "
            "their own; give True, False or None"
        )
    if use_consolidated and metadata.consolidated_metadata is None:
        raise ValueError(f"the group {place} has no consolidated metadata, which use_consolidated asks for")
    return metadata


def _expect_group(metadata: NodeMetadata | None, place: StorePath, zarr_format: ZarrFormat | None) -> GroupMetadata:
    if metadata is None:
        of_format = "" if zarr_format is None else f" of Zarr format {zarr_format}"
        raise GroupNotFoundError(f"there is no group{of_format} at {place}")
    if not isinstance(metadata, GroupMetadata):
        raise ContainsArrayError(f"there is an array at {place}, expected a group")
    return metadata


def _parse_zmetadata(place: StorePath, name: str, text: Buffer) -> ConsolidatedMetadata:
    with context("in the consolidated metadata", place.prefix + name, place.store):
        return ConsolidatedMetadata.from_zmetadata(parse_document(text.as_buffer_like()))


@operation
async def consolidate_at(place: StorePath, zarr_format: ZarrFormat | None = None) -> GroupMetadata:
    """Copy the documents of all nodes below a group into its own, or in format 2 beside it.

    Raises
    ------
    GroupNotFoundError, ContainsArrayError
        There is no group.
    TypeError
        The store does not take consolidated metadata.
    """
    store = place.store
    await store._ensure_open()
    if not store.supports_consolidated_metadata:
        raise TypeError(f"{store} does not take consolidated metadata")
    store._check_writable()
    changes = changes_in(store)
    async with store.lock(place.prefix + DOCUMENT):
        while True:
            moment = changes.now
            metadata = _expect_group(await read_node(place, zarr_format), place, zarr_format)
            found = {path: node async for path, _, node in iter_members(place, None, metadata.zarr_format)}
            copies = ConsolidatedMetadata(found)
            copies.moment = moment
            metadata = metadata.with_consolidated(copies)
            await _write(place, metadata, copies)
            if not changes.since(moment, place.path):
                break  # else somebody has changed a document after it was copied
        changes.note_copies()
    return metadata


async def _write(place: StorePath, metadata: GroupMetadata, copies: ConsolidatedMetadata) -> None:
    prototype = default_buffer_prototype()
    if metadata.zarr_format == 2:
        name, text = COPIES_V2, prototype.buffer.from_bytes(dump_document(copies.to_zmetadata(metadata), None))
    else:
        name, text = DOCUMENT, metadata.to_buffer_dict(prototype)[DOCUMENT]
    with context("while writing the consolidated metadata", place.prefix + name, place.store):
        await place.store.set(place.prefix + name, text)
