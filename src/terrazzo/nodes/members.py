"""Who is in a group: found level by level, all of a level at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import islice
from typing import TypeAlias

from terrazzo.errors import BaseZarrError, InvalidKeyError, context
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.locate import DOCUMENT, V2_DOCUMENTS, NodeMetadata, read_node
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath
from terrazzo.storage.path import normalize_path
from terrazzo.types import ZarrFormat

__all__ = ["AT_ONCE", "Found", "children_of", "iter_found", "iter_members"]

DOCUMENTS = (DOCUMENT, *V2_DOCUMENTS, ".zmetadata")
RESERVED_PREFIX = "__zarr"
"""Names that start with it belong to the specification, and are not listed. It reserves all names that start with
``__``, too, but xarray gives such to arrays, and zarr-python lists them."""

AT_ONCE = 1024
"""Documents that are read, or groups that are listed, at the same time: as many are then in memory."""

Found: TypeAlias = NodeMetadata | BaseZarrError
"""The metadata of a member, or why its document cannot be understood."""


async def iter_members(
    place: StorePath, max_depth: int | None, zarr_format: ZarrFormat
) -> AsyncIterator[tuple[str, StorePath, NodeMetadata]]:
    """Find the nodes below a place; see ``iter_found``.

    Raises
    ------
    MetadataValidationError, UnknownCodecError
        The document of a member cannot be understood; the error names its key.
    """
    async for path, child, found in iter_found(place, max_depth, zarr_format):
        if isinstance(found, BaseZarrError):
            raise found
        yield path, child, found


async def iter_found(
    place: StorePath, max_depth: int | None, zarr_format: ZarrFormat
) -> AsyncIterator[tuple[str, StorePath, Found]]:
    """Find the nodes below a place: a round of listings and a round of reads for each level.

    Parameters
    ----------
    max_depth
        0 for the children only, 1 for theirs too; None for all.
    zarr_format
        Of the nodes: a group holds nodes of its own format.

    Yields
    ------
    str, StorePath, metadata or error
        Path relative to `place`, where it is, and its metadata or why they cannot be understood; by depth, and by path
        within one.
    """
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"max_depth must be None or at least 0, got {max_depth}")

    async def read(child: StorePath) -> Found | None:
        try:
            return await read_node(child, zarr_format)
        except OSError:  # something may be there
            raise
        except BaseZarrError as error:
            return error

    groups = [place]
    depth = 0
    while groups and (max_depth is None or depth <= max_depth):
        listed = await map_concurrent(children_of, groups, concurrency=AT_ONCE)
        children = iter(sorted((child for names in listed for child in names), key=lambda child: child.path))
        groups = []
        while some := list(islice(children, AT_ONCE)):
            for child, found in zip(some, await map_concurrent(read, some, concurrency=AT_ONCE), strict=True):
                if found is None:
                    continue
                if isinstance(found, GroupMetadata):
                    groups.append(child)
                yield child.path.removeprefix(place.prefix), child, found
        depth += 1


async def children_of(group: StorePath) -> Sequence[StorePath]:
    """Places below a group that may hold a node."""
    with context("while listing", group.path, group.store):
        names = [name async for name in group.store.list_dir(group.path)]
    return [group / name for name in names if name not in DOCUMENTS and _may_be_node(name)]


def _may_be_node(name: str) -> bool:
    """Whether a node can have this name: files of others may have any."""
    try:
        return bool(name) and not name.startswith(RESERVED_PREFIX) and normalize_path(name) == name
    except InvalidKeyError:
        return False
