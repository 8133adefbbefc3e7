"""Migrating a hierarchy from Zarr v2 to Zarr v3: its documents change, its chunks stay."""

from __future__ import annotations

from terrazzo.buffer import default_buffer_prototype
from terrazzo.errors import ContainsArrayError, ContainsGroupError, NodeNotFoundError, context
from terrazzo.metadata import GroupMetadata, NodeMetadata
from terrazzo.metadata.migrate import convert_metadata
from terrazzo.nodes.copies import COPIES_V2, changing
from terrazzo.nodes.locate import DOCUMENT, V2_DOCUMENTS, read_node
from terrazzo.nodes.members import iter_members
from terrazzo.runtime import operation
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["migrate_at", "remove_documents_at"]


@operation
async def migrate_at(
    source: StorePath, target: StorePath | None = None, *, dry_run: bool = False, overwrite: bool = False
) -> dict[str, NodeMetadata]:
    """Write documents of Zarr v3 for all nodes of Zarr v2 at and below a place.

    Every document is made before the first is written. They are written from the leaves to the root, so that whoever
    opens the root finds all of one format or all of the other.

    Parameters
    ----------
    target
        Where to write them; by default where the nodes are, beside the documents of Zarr v2.
    overwrite
        Whether documents of Zarr v3 that are there already are replaced; otherwise it is an error.

    Returns
    -------
    dict
        The metadata by the path of the node relative to `source`.

    Raises
    ------
    NodeNotFoundError
        There is no node of Zarr v2.
    MetadataValidationError
        Zarr v3 has no form for what one of them says. Nothing has been written then.
    """
    where = source if target is None else target
    if not dry_run:
        await where.store._ensure_open()
        where.store._check_writable()
    converted: dict[str, NodeMetadata] = {}
    for path, node in (await _nodes_at(source, 2)).items():
        with context("while converting the metadata of", str(source / path), source.store):
            converted[path] = convert_metadata(node)
    if not overwrite:
        for path in converted:
            await _require_no_v3(where / path)
    if not dry_run:
        for path in sorted(converted, key=lambda path: (-path.count("/"), path == "", path)):
            await _write(where / path, converted[path])
    return converted


async def _nodes_at(place: StorePath, zarr_format: ZarrFormat) -> dict[str, NodeMetadata]:
    """The metadata of all nodes of one format at and below a place, by path relative to it."""
    root = await read_node(place, zarr_format)
    if root is None:
        raise NodeNotFoundError(f"there is no node of Zarr format {zarr_format} at {place}")
    found = {"": root}
    if isinstance(root, GroupMetadata):
        found |= {path: node async for path, _, node in iter_members(place, None, zarr_format)}
    return found


async def _require_no_v3(place: StorePath) -> None:
    found = await read_node(place, 3)
    if found is not None:
        error = ContainsGroupError if isinstance(found, GroupMetadata) else ContainsArrayError
        raise error(f"there is a node of Zarr format 3 at {place} already; overwrite=True replaces its document")


async def _write(place: StorePath, metadata: NodeMetadata) -> None:
    document = metadata.to_buffer_dict(default_buffer_prototype())[DOCUMENT]
    key = place.prefix + DOCUMENT
    async with place.store.lock(key), changing(place, 3):
        with context("while writing the document", key, place.store):
            await place.store.set(key, document)


@operation
async def remove_documents_at(
    place: StorePath, zarr_format: ZarrFormat, *, force: bool = False, dry_run: bool = False
) -> list[str]:
    """Delete the documents of one format of all nodes at and below a place, and nothing else.

    Parameters
    ----------
    force
        Whether to delete the documents of nodes that have none of the other format: their chunks cannot be read then.

    Returns
    -------
    list
        The keys of the documents.

    Raises
    ------
    NodeNotFoundError
        There is no node of the format.
    ValueError
        A node has no documents of the other format. Nothing has been deleted then.
    """
    store = place.store
    names = (*V2_DOCUMENTS, COPIES_V2) if zarr_format == 2 else (DOCUMENT,)
    keys: list[str] = []
    for path in await _nodes_at(place, zarr_format):
        node = place / path
        if not force and await read_node(node, 2 if zarr_format == 3 else 3) is None:
            raise ValueError(
                f"the node at {node} is of Zarr format {zarr_format} only: without its documents its data cannot be "
                "read; force=True deletes them nevertheless"
            )
        for name in names:
            key = node.prefix + name
            with context("while looking for", key, store):
                if await store.exists(key):
                    keys.append(key)
    if not dry_run:
        store._check_writable()
        async with changing(place, zarr_format):
            for key in keys:
                with context("while deleting the document", key, store):
                    await store.delete(key)
    return keys
