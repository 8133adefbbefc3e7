"""Decoded chunks that are kept: shared by all arrays of the process, off unless ``cache.max_bytes`` is set.

An entry is valid for one version of what is stored, which the store is asked for each time: so changes that others make
are seen. What this process writes drops entries at once. A store that cannot tell versions is trusted to be changed
through that store object only, and entries of it die with the object.

Entries are read-only, in memory of their own, and only copied from.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from terrazzo.abc.store import Store
from terrazzo.abc.value import PassingVersion, Value
from terrazzo.buffer import cpu
from terrazzo.buffer.base import NDBuffer
from terrazzo.errors import BadConfigError
from terrazzo.pipeline.held import bytes_of_objects, has_plain_elements
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import SharedResults, compute
from terrazzo.settings import config, current_options
from terrazzo.spec import ArraySpec

__all__ = [
    "Chunks",
    "cache_for",
    "cached_chunk",
    "chunks",
    "forget_below",
    "forget_value",
    "keeps_version",
    "sealed",
    "teller",
    "unchanged",
]

Chunks: TypeAlias = SharedResults[NDBuffer | None]

ENTRY_BYTES = 600
"""What an entry takes beside its elements."""


def _cost(chunk: NDBuffer | None) -> int | None:
    if chunk is None:  # absent; only some stores can tell that a value is still absent
        return None
    elements = chunk.as_numpy_array()
    if elements.dtype.hasobject and not has_plain_elements(elements):
        return None  # whoever reads them could change them
    return int(elements.nbytes) + bytes_of_objects(elements) + ENTRY_BYTES


chunks: Chunks = SharedResults(0, _cost)
"""By store and key; within that by what it is decoded with, and where it is in the value."""


def cache_for(spec: ArraySpec) -> Chunks | None:
    """The cache, if chunks of a spec are to be kept."""
    most = current_options().cache_max_bytes
    if not most or not spec.config.cache or not issubclass(spec.prototype.nd_buffer, cpu.NDBuffer):
        return None
    if chunks.most != most:
        chunks.limit(most)
    return chunks


def _follow_settings() -> None:
    """Let go of memory when there is to be less."""
    if chunks.total:
        try:
            most = current_options().cache_max_bytes
        except BadConfigError:  # which the next call that reads says
            return
        chunks.limit(most)


config.followers.append(_follow_settings)


async def cached_chunk(cache: Chunks, source: Any, key: str, chain: PreparedChain) -> NDBuffer | None:
    """A decoded chunk, to be copied from; None when it is absent."""
    version = await source.version(key)
    known = None if version is None else cache.peek((source.lock_identity, key), (chain.meaning, None), version)
    if known is not None:
        return known
    async with source.open_value(key) as value:

        async def make() -> NDBuffer | None:
            data = await value.get(chain.spec.prototype)
            if data is None:
                return None
            decoding = chain.decode(data)
            cost = chain.decode_ns + chain.held_ns
            return sealed(await (compute(decoding, cost) if chain.inline else decoding))

        if value.identity is None:
            return await make()
        version = await value.version()
        return await cache.get(
            value.identity[:2],
            (chain.meaning, teller(value, version)),
            version,
            make,
            keeps=keeps_version(value, version),
            confirm=unchanged(value, version),
        )


def sealed(chunk: NDBuffer) -> NDBuffer:
    """A chunk that nobody can write to."""
    chunk.as_numpy_array().flags.writeable = False
    return chunk


def unchanged(value: Value, version: Hashable) -> Callable[[], Awaitable[bool]] | None:
    """Asks whether a value is still of a version; None where it cannot be of another."""

    async def confirm() -> bool:
        return version == await value.version()

    return None if value.is_pinned else confirm


def teller(value: Value, version: Hashable) -> int | None:
    """What keeps apart values of one name in different stores, where no version does: stores may be called alike."""
    return id(value.store) if version is None else None


_watched: WeakValueDictionary[int, Store] = WeakValueDictionary()


def keeps_version(value: Value, version: Hashable) -> bool:
    """Whether what is made of a value may be kept."""
    if version is not None:
        return not isinstance(version, PassingVersion)
    store = value.store
    if store is None or type(store).version is not Store.version:
        return False  # there is no value, or what stands in between cannot tell
    if id(store) not in _watched:
        _watched[id(store)] = store
        weakref.finalize(store, _forget_store, store.lock_identity)
    return True


def _forget_store(identity: Hashable) -> None:
    chunks.forget_all(lambda owner: bool(owner[0] == identity))


def forget_value(store: Any, key: str) -> None:
    """A value was written as it is, or deleted."""
    if chunks.is_used:
        chunks.forget((store.lock_identity, key))


def forget_below(identity: Hashable, prefix: str) -> None:
    """Values below a prefix were deleted."""
    if chunks.is_used:
        chunks.forget_all(lambda owner: bool(owner[0] == identity and owner[1].startswith(prefix)))
