"""Moving a node, with everything below it, to another path in its store.

A store that can rename does. Otherwise everything is copied, documents last, and then the source is deleted, its
documents first: at every moment there is a whole node at one of the two places. The journal says which of the two
steps is at work, so that the same call, after an interruption, does what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

from terrazzo.abc.store import DOCUMENTS
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import ContainsArrayError, ContainsGroupError, NodeNotFoundError, context
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.copies import changing
from terrazzo.nodes.foreign import require_no_foreign
from terrazzo.nodes.locate import DOCUMENT, create_ancestor, delete_node, look_above, read_node
from terrazzo.nodes.transfer.journal import COPYING, DELETING, Journal, describe_place, fingerprint
from terrazzo.nodes.transfer.options import CopyOptions
from terrazzo.nodes.transfer.plan import Ends
from terrazzo.nodes.transfer.values import copy_keys, keys_below
from terrazzo.pipeline.cache import forget_below
from terrazzo.runtime import driven_inline, map_concurrent, operation
from terrazzo.settings import current_options
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["move_node"]


@operation
async def move_node(ends: Ends, zarr_format: ZarrFormat) -> None:
    """Move a node to a place in the same store where no node is.

    Raises
    ------
    NodeNotFoundError
        There is no node at the source.
    ContainsArrayError, ContainsGroupError
        There is one at the target.
    ForeignFilesError
        Something that is not Zarr is left at the target, and would be deleted.
    ValueError
        The source is the root of the store, or one place is within the other. Or the same move was interrupted when
        everything was copied, and what is at the source differs from that now.
    """
    source, target = ends.source, ends.target
    store = source.store
    store._check_writable()
    if not source.path or not target.path:
        raise ValueError("the root of a store cannot be moved, and nothing can be moved there")
    if target.prefix.startswith(source.prefix) or source.prefix.startswith(target.prefix):
        raise ValueError(f"{source} cannot be moved to {target}: one of them is within the other")
    async with AsyncExitStack() as held:
        for prefix in sorted((source.prefix, target.prefix)):
            await held.enter_async_context(store.lock(prefix + DOCUMENT))
        journal = Journal(target, fingerprint(["move", describe_place(source), target.path]), f"move of {source}")
        resumes = await journal.take_up()
        if not resumes:
            await _check_ends(ends, zarr_format, journal)
        missing, _ = await look_above(target, zarr_format)
        await held.enter_async_context(changing(source, zarr_format))
        await held.enter_async_context(changing(target, zarr_format))
        for ancestor in missing:
            await create_ancestor(ancestor, zarr_format)
        if not resumes and await store.rename_dir(source.path, target.path):
            for prefix in (source.prefix, target.prefix):
                forget_below(store.lock_identity, prefix)
            return
        if journal.phase == COPYING:
            await _require_node(ends, zarr_format)
            await journal.save()
            keys = await keys_below(source)
            if resumes:
                await _delete(target, set(await keys_below(target)).difference(keys))
            await copy_keys(ends, keys, CopyOptions(), is_held=True)
            journal.phase = DELETING
            await journal.save()
        elif await read_node(source, zarr_format) is not None:
            await _check_same(ends)
        await delete_node(source)
        await journal.close()


async def _require_node(ends: Ends, zarr_format: ZarrFormat) -> None:
    if await read_node(ends.source, zarr_format) is None:
        raise NodeNotFoundError(f"there is no node at {ends.source} to move")


async def _check_ends(ends: Ends, zarr_format: ZarrFormat, journal: Journal) -> None:
    await _require_node(ends, zarr_format)
    there = await read_node(ends.target)
    if there is not None:
        is_group = isinstance(there, GroupMetadata)
        raise (ContainsGroupError if is_group else ContainsArrayError)(
            f"there is {'a group' if is_group else 'an array'} at {ends.target} already"
        )
    found = await journal.found()
    if found is not None:
        raise ContainsGroupError(
            f"at {ends.target} there is what a copy has left unfinished, or is at: {found.get('about')}"
        )
    if ends.target.store.supports_listing:
        await _clear(ends.target)


async def _clear(place: StorePath) -> None:
    """Delete what is left of a node that is gone: it would become part of what is moved there."""
    left = await keys_below(place)
    if any(key.rpartition("/")[2] in DOCUMENTS for key in left):
        raise ContainsGroupError(f"there are nodes below {place} already")
    await require_no_foreign(place)
    await _delete(place, left)


async def _delete(place: StorePath, keys: Iterable[str]) -> None:
    """Delete values of a node that is gone, or of an older copy."""
    for key in keys:
        with context("while deleting what is left of a node that is gone", place.prefix + key, place.store):
            await place.store.delete(place.prefix + key)


async def _check_same(ends: Ends) -> None:
    """Check that everything at the source is at the target, before a move that was interrupted deletes it.

    Raises
    ------
    ValueError
        It is not: somebody has changed one of them, or has made another node at the source.
    """
    source, target = ends.source, ends.target

    async def check(key: str) -> None:
        prototype = numpy_buffer_prototype()
        with context("while comparing the value of", source.prefix + key, source.store):
            old = await source.store.get(source.prefix + key, prototype)
            new = await target.store.get(target.prefix + key, prototype)
        if old is not None and (new is None or old.to_bytes() != new.to_bytes()):
            raise ValueError(
                f"an earlier move from {source} to {target} was interrupted when everything was copied, and now they "
                f"differ in {key!r}: delete the one that is not wanted"
            )

    width = 1 if driven_inline() else current_options().concurrency
    await map_concurrent(check, reversed(await keys_below(source)), concurrency=width)  # documents first
