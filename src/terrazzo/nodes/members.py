"""Who is in a group: found level by level, all of a level at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeAlias

from terrazzo.errors import BaseZarrError, InvalidKeyError, context
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.locate import DOCUMENT, JOURNAL, V2_DOCUMENTS, NodeMetadata, read_node
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath
from terrazzo.storage.path import normalize_path
from terrazzo.types import ZarrFormat

__all__ = ["AT_ONCE", "Found", "children_of", "iter_found", "iter_members"]

NO_NODES = frozenset({DOCUMENT, *V2_DOCUMENTS, ".zmetadata", JOURNAL})
RESERVED_PREFIX = "__zarr"
"""Names that start with it belong to the specification, and are not listed. It reserves all names that start with
``__``, too, but xarray gives such to arrays, and zarr-python lists them."""

AT_ONCE = 1024
"""Documents that are read, or groups that are listed, at the same time: as many are then in memory."""

LISTED_AHEAD = 256
"""Where a level has no more nodes than this, what is below each is listed before it is known to be a group: a round
trip less, for some listings of arrays. Those are short in format 3; in format 2 they may name every chunk."""

Listing: TypeAlias = "Sequence[StorePath] | Exception"

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
    """Find the nodes below a place, level by level: on a store that waits in a round or two of requests each.

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

    listings: dict[str, Listing] = {}

    async def list_ahead(child: StorePath) -> None:
        try:
            listings[child.path] = await children_of(child)
        except Exception as error:  # noqa: BLE001 - raised if there is a group
            listings[child.path] = error

    groups = [place]
    depth = 0
    while groups and (max_depth is None or depth <= max_depth):
        children = await _children_of_all(groups, listings)
        listings.clear()
        may_list = zarr_format == 3 and not place.inline and len(children) <= LISTED_AHEAD and depth != max_depth
        groups = []
        for start in range(0, len(children), AT_ONCE):
            some = children[start : start + AT_ONCE]
            jobs = [(read, child) for child in some] + [(list_ahead, child) for child in some if may_list]
            answers = await map_concurrent(lambda job: job[0](job[1]), jobs, concurrency=len(jobs))
            for child, found in zip(some, answers, strict=False):
                if found is None:
                    continue
                if isinstance(found, GroupMetadata):
                    groups.append(child)
                yield child.path.removeprefix(place.prefix), child, found
        depth += 1


async def _children_of_all(groups: Sequence[StorePath], listings: Mapping[str, Listing]) -> list[StorePath]:
    """Places below some groups that may hold a node, sorted; what is not listed yet is listed now."""
    missing = [group for group in groups if group.path not in listings]
    listed = dict(
        zip(
            (group.path for group in missing),
            await map_concurrent(children_of, missing, concurrency=AT_ONCE),
            strict=True,
        )
    )
    children: list[StorePath] = []
    for group in groups:
        listing = listings[group.path] if group.path in listings else listed[group.path]
        if isinstance(listing, Exception):
            raise listing
        children += listing
    return sorted(children, key=lambda child: child.path)


async def children_of(group: StorePath) -> Sequence[StorePath]:
    """Places below a group that may hold a node."""
    with context("while listing", group.path, group.store):
        names = [name async for name in group.store.list_dir(group.path)]
    return [group / name for name in names if name not in NO_NODES and _may_be_node(name)]


def _may_be_node(name: str) -> bool:
    """Whether a node can have this name: files of others may have any."""
    try:
        return bool(name) and not name.startswith(RESERVED_PREFIX) and normalize_path(name) == name
    except InvalidKeyError:
        return False
