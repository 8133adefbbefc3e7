"""Copying the values of a store as they are: whatever they are, nodes or not.

Documents come last, and those of a node after those below it, so that no node is seen before its data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from terrazzo.abc.store import DOCUMENTS
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import ContainsGroupError, context
from terrazzo.nodes.copies import changing
from terrazzo.nodes.locate import DOCUMENT, JOURNAL
from terrazzo.nodes.transfer.journal import Journal, describe_place, fingerprint
from terrazzo.nodes.transfer.options import Copied, CopyOptions, last_line, log_of
from terrazzo.nodes.transfer.plan import Ends
from terrazzo.nodes.transfer.progress import progress_of
from terrazzo.pipeline.cache import forget_below, forget_value
from terrazzo.runtime import driven_inline, map_concurrent, operation, run_inline
from terrazzo.runtime.executors import map_in_executor
from terrazzo.settings import current_options
from terrazzo.storage import StorePath

__all__ = ["copy_keys", "copy_values", "document_depth", "keys_below"]

KEYS_IN_ITEM = 64


async def keys_below(place: StorePath) -> list[str]:
    """All keys below a place, relative to it; documents last, the deepest of them first."""
    with context("while listing what is below", place.path, place.store):
        keys = [key.removeprefix(place.prefix) async for key in place.store.list_prefix(place.prefix)]
    return sorted((key for key in keys if key.rpartition("/")[2] != JOURNAL), key=document_depth)


def document_depth(key: str) -> tuple[int, str]:
    """What brings keys into the order in which nodes are made of them."""
    path, _, name = key.rpartition("/")
    if name not in DOCUMENTS:
        return -1 << 30, key
    return (0 if not path else -1 - path.count("/")), key


@dataclass(frozen=True)
class _Values:
    """A work item: keys, relative to both ends."""

    ends: Ends
    keys: Sequence[str]

    @property
    def inline(self) -> bool:
        return self.ends.inline


@operation
async def _copy_values(values: _Values) -> int:
    return sum([await copy_value(values.ends, key) for key in values.keys])


def _copy_in_worker(item: _Values) -> int:
    return run_inline(_copy_values(item))


async def copy_value(ends: Ends, key: str, *, is_held: bool = False) -> int:
    """Copy one value, and return its bytes; one that is gone meanwhile is left out.

    Parameters
    ----------
    is_held
        Whether the caller has the lock of the target.
    """
    old, new = ends.source.prefix + key, ends.target.prefix + key
    with context("while copying the value of", old, ends.source.store):
        value = await ends.source.store.get(old, numpy_buffer_prototype())
        if value is None:
            return 0
    with context("while copying a value to", new, ends.target.store):
        async with nullcontext() if is_held else ends.target.store.lock(new):
            try:
                await ends.target.store.set(new, value)
            finally:
                forget_value(ends.target.store, new)
    return len(value)


async def copy_keys(ends: Ends, keys: Sequence[str], options: CopyOptions, *, is_held: bool = False) -> int:
    """Copy values, documents after all others and one after another, and return their bytes.

    Parameters
    ----------
    is_held
        Whether the caller has the lock of the document at the target.
    """
    plain = [key for key in keys if key.rpartition("/")[2] not in DOCUMENTS]
    copied = 0
    with progress_of(options.progress, len(keys), f"copy to {ends.target}", "values") as tally:
        if options.executor is None:

            async def one(key: str) -> int:
                size = await copy_value(ends, key)
                tally.add(1)
                return size

            width = 1 if driven_inline() else current_options().concurrency
            copied += sum(await map_concurrent(one, plain, concurrency=width))
        else:
            sizes: list[int] = []

            def done(item: _Values, size: int) -> None:
                sizes.append(size)
                tally.add(len(item.keys))

            items = [_Values(ends, plain[at : at + KEYS_IN_ITEM]) for at in range(0, len(plain), KEYS_IN_ITEM)]
            try:
                await map_in_executor(options.executor, _copy_in_worker, items, done, at_once=64)
            finally:
                forget_below(ends.target.store.lock_identity, ends.target.prefix)
            copied += sum(sizes)
        for key in keys[len(plain) :]:
            copied += await copy_value(ends, key, is_held=is_held and key == DOCUMENT)
            tally.add(1)
    return copied


@operation
async def copy_values(
    ends: Ends, options: CopyOptions, *, excludes: Sequence[str] = (), includes: Sequence[str] = (), flags: int = 0
) -> Copied:
    """Copy values from one place to another; see ``terrazzo.copy_store``."""
    source, target = ends.source, ends.target
    await source.store._ensure_open()
    await target.store._ensure_open()
    if not options.dry_run:
        target.store._check_writable()
    options.check_stores(source.store, target.store)
    keys = _selected(await keys_below(source), source, excludes, includes, flags)
    identity = fingerprint(["values", describe_place(source), target.path, keys])
    journal = Journal(target, identity, f"copy of all values of {describe_place(source)}")
    found = await journal.found()
    resumes = await journal.take_up()
    if found is not None and not resumes and options.if_exists != "replace":
        raise ContainsGroupError(
            f"at {target} there is what another copy has left unfinished, or is at: {found.get('about')}; "
            "if_exists='replace' starts over"
        )
    skipped = 0
    if options.if_exists != "replace" and not (resumes and options.if_exists == "raise"):
        there = {key.removeprefix(target.prefix) async for key in target.store.list_prefix(target.prefix)}
        if options.if_exists == "raise" and not there.isdisjoint(keys):
            first = next(key for key in keys if key in there)
            raise FileExistsError(
                f"there is a value under the key {target.prefix + first!r} already; if_exists='replace' replaces it, "
                "if_exists='skip' leaves it"
            )
        skipped = len(keys) - len(keys := [key for key in keys if key not in there])
    with log_of(options.log) as log:
        for key in keys:
            log(f"copy {source.prefix + key}" + ("" if source.path == target.path else f" -> {target.prefix + key}"))
        nbytes = 0
        if keys and not options.dry_run:
            await journal.save()
            async with changing(target, 3), changing(target, 2):
                nbytes = await copy_keys(ends, keys, options)
            await journal.close()
        done = Copied(len(keys), skipped, nbytes)
        log(last_line(done, options.dry_run))
    return done


def _selected(
    keys: list[str], source: StorePath, excludes: Sequence[str], includes: Sequence[str], flags: int
) -> list[str]:
    """The keys in which none of some patterns is found, or one of others."""
    without, within = [[re.compile(pattern, flags) for pattern in patterns] for patterns in (excludes, includes)]

    def wanted(key: str) -> bool:
        whole = source.prefix + key
        if not any(pattern.search(whole) for pattern in without):
            return True
        return any(pattern.search(whole) for pattern in within)

    return [key for key in keys if wanted(key)]
