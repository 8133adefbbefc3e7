"""Keeping the copies of documents right, that groups may hold of all that is below them (consolidated metadata).

A copy that is older than what it is a copy of is worse than none, as nothing tells its reader. So whoever changes a
document drops the copies above it first, and looks again afterwards whether somebody has made new ones meanwhile;
whoever makes copies looks afterwards whether somebody has changed something. Copies that handles hold in memory are
checked against what has been changed in this process since they were read.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager

from terrazzo.abc.store import Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import context
from terrazzo.metadata import GroupMetadata
from terrazzo.metadata.json import parse_document
from terrazzo.runtime import Changes, map_concurrent
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["COPIES_V2", "ancestors_of", "changes_in", "changing", "changing_all"]

COPIES_V2 = ".zmetadata"
HINT = b'"consolidated_metadata"'
AT_ONCE = 16


def changes_in(store: Store) -> Changes:
    """What this process has changed in a store."""
    changes: Changes | None = store.__dict__.get("_changes")
    if changes is None:
        changes = store.__dict__["_changes"] = Changes.of(store.lock_identity)
    return changes


def ancestors_of(place: StorePath) -> list[StorePath]:
    """The places above one, the root first."""
    if not place.path:
        return []
    segments = place.path.split("/")[:-1]
    return [StorePath(place.store, "/".join(segments[:depth])) for depth in range(len(segments) + 1)]


@asynccontextmanager
async def changing(
    place: StorePath, zarr_format: ZarrFormat, groups: Iterable[StorePath] | None = None
) -> AsyncGenerator[None]:
    """While a document at a place changes: no copy of it that is older stays.

    Parameters
    ----------
    groups
        Those above that may have copies, where the caller knows; by default all.
    """
    async with changing_all((place,), zarr_format, ancestors_of(place) if groups is None else groups):
        yield


@asynccontextmanager
async def changing_all(
    places: Sequence[StorePath], zarr_format: ZarrFormat, groups: Iterable[StorePath]
) -> AsyncGenerator[None]:
    """While the documents at some places of one store change; see ``changing``."""
    if not places:
        yield
        return
    changes = changes_in(places[0].store)
    made = changes.copies_made
    await _drop_copies(places, zarr_format, groups)
    try:
        yield
    finally:
        for place in places:
            changes.record(place.path)
        if changes.copies_made != made:
            above = {ancestor.path: ancestor for place in places for ancestor in ancestors_of(place)}
            await _drop_copies(places, zarr_format, above.values())


async def _drop_copies(places: Iterable[StorePath], zarr_format: ZarrFormat, groups: Iterable[StorePath]) -> None:
    if zarr_format == 2:
        # The copies of a group of format 2 include its own attributes.
        held = {group.path: group for group in (*groups, *places)}
        await map_concurrent(_drop_copies_v2, held.values(), concurrency=AT_ONCE)
    else:
        await map_concurrent(_drop_copies_v3, groups, concurrency=AT_ONCE)


async def _drop_copies_v2(group: StorePath) -> None:
    key = group.prefix + COPIES_V2
    with context("while dropping the consolidated metadata", key, group.store):
        if await group.store.exists(key):
            await group.store.delete(key)


async def _drop_copies_v3(group: StorePath) -> None:
    key = f"{group.prefix}zarr.json"
    with context("while dropping the consolidated metadata in", key, group.store):
        if await _read_if_copies(group.store, key) is None:
            return
        async with group.store.lock(key):
            text = await _read_if_copies(group.store, key)
            if text is None:
                return
            metadata = GroupMetadata.from_dict(parse_document(text))
            if metadata.consolidated_metadata is not None:
                documents = metadata.with_consolidated(None).to_buffer_dict(default_buffer_prototype())
                await group.store.set(key, documents["zarr.json"])


async def _read_if_copies(store: Store, key: str) -> bytes | None:
    """The text of a document that may hold copies, else None."""
    data = await store.get(key, numpy_buffer_prototype())
    text = b"" if data is None else bytes(data.as_buffer_like())
    return text if HINT in text else None
