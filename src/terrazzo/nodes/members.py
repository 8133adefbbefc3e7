"""Who is in a group: found level by level, all of a level at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from terrazzo.errors import context
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.locate import DOCUMENT, READS_AT_ONCE, V2_DOCUMENTS, NodeMetadata, read_node
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["children_of", "iter_members"]

DOCUMENTS = (DOCUMENT, *V2_DOCUMENTS, ".zmetadata")
RESERVED_PREFIX = "__"
"""Names that start with it belong to extensions of the specification, and are not listed."""


async def iter_members(
    place: StorePath, max_depth: int | None, zarr_format: ZarrFormat
) -> AsyncIterator[tuple[str, StorePath, NodeMetadata]]:
    """Find the nodes below a place.

    Parameters
    ----------
    max_depth
        0 for the children only, 1 for theirs too; None for all.
    zarr_format
        Of the nodes: a group holds nodes of its own format.

    Yields
    ------
    str, StorePath, metadata
        Path relative to `place`, where it is, and its metadata; by depth, and by path within one.

    Raises
    ------
    MetadataValidationError, UnknownCodecError
        The document of a member cannot be read; the error names its key.
    """
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"max_depth must be None or at least 0, got {max_depth}")

    async def read(child: StorePath) -> NodeMetadata | None:
        return await read_node(child, zarr_format)

    groups = [place]
    depth = 0
    while groups and (max_depth is None or depth <= max_depth):
        listed = await map_concurrent(children_of, groups, concurrency=READS_AT_ONCE)
        children = sorted((child for names in listed for child in names), key=lambda child: child.path)
        found = await map_concurrent(read, children, concurrency=READS_AT_ONCE)
        groups = []
        for child, metadata in zip(children, found, strict=True):
            if metadata is None:
                continue
            if isinstance(metadata, GroupMetadata):
                groups.append(child)
            yield child.path.removeprefix(place.prefix), child, metadata
        depth += 1


async def children_of(group: StorePath) -> Sequence[StorePath]:
    """Places below a group that may hold a node."""
    with context("while listing", group.path, group.store):
        names = [name async for name in group.store.list_dir(group.path)]
    return [group / name for name in names if name and name not in DOCUMENTS and not name.startswith(RESERVED_PREFIX)]
