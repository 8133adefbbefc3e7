"""A store in front of a slower one, that keeps what was read.

Three rules keep it true. A value in the cache counts only while it is listed in ``_Kept``, and it is struck off the
list before anything is done to the store: whatever fails afterwards, the old value is not given any more. Reading a
value that is not kept, and writing one, hold a lock for its key: one request at a time goes to the store, and nobody
keeps what somebody else has just replaced. Deleting a folder changes a number which readers compare before they keep
what they have read.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal, NamedTuple, Self

from terrazzo.abc.store import ByteRequest, Store, validate_key
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import quote
from terrazzo.runtime import KeyedLocks
from terrazzo.runtime.mutex import Mutex
from terrazzo.storage import WrapperStore

__all__ = ["CacheStore"]


class _Entry(NamedTuple):
    size: int
    moment: float


class _Kept:
    """What is in the cache, and since when, the least recently used first."""

    def __init__(self, max_size: int | None, max_age: float) -> None:
        self.max_size = max_size
        self.max_age = max_age
        self.locks = KeyedLocks()
        self.mutex = Mutex()
        self.entries: OrderedDict[str, _Entry] = OrderedDict()
        self.size = 0
        self.generation = 0
        self.hits = self.misses = self.evictions = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.max_size, self.max_age)  # a copy starts with nothing

    def find(self, key: str) -> bool:
        """Whether a value is there and young enough; it is the most recently used one then."""
        with self.mutex:
            entry = self.entries.get(key)
            if entry is None:
                return False
            if time.monotonic() - entry.moment >= self.max_age:
                self.strike(key)
                return False
            self.entries.move_to_end(key)
            return True

    def add(self, key: str, size: int, generation: int) -> Sequence[str]:
        """List a value, unless something was deleted since the number was noted; what is not listed any more for it."""
        with self.mutex:
            self.strike(key)
            if generation != self.generation:
                return [key]
            self.entries[key] = _Entry(size, time.monotonic())
            self.size += size
            struck = []
            while self.max_size is not None and self.size > self.max_size:
                struck.append(next(iter(self.entries)))
                self.strike(struck[-1])
            self.evictions += len(struck)
            return struck

    def strike(self, key: str) -> None:
        """Take a value off the list."""
        with self.mutex:
            entry = self.entries.pop(key, None)
            if entry is not None:
                self.size -= entry.size

    def renew(self, key: str) -> None:
        """Take a value off the list, and whatever is read now with it."""
        with self.mutex:
            self.generation += 1
            self.strike(key)

    def strike_below(self, prefix: str) -> Sequence[str]:
        """Take all values in a folder off the list, and whatever is read now with them; their keys."""
        head = prefix.rstrip("/") + "/" if prefix else ""
        with self.mutex:
            self.generation += 1
            struck = [key for key in self.entries if key.startswith(head)]
            for key in struck:
                self.strike(key)
            return struck

    def count(self, *, hit: bool) -> None:
        """Count a request."""
        with self.mutex:
            if hit:
                self.hits += 1
            else:
                self.misses += 1


class CacheStore(WrapperStore[Store]):
    """Keeps in one store what was read from another one.

    What is written goes to the store first, and its errors are raised; errors of the cache are not, they only make it
    useless. After a write through this store, or one made of it, nobody reads the old value through it; what others
    write is seen when `max_age_seconds` have passed. Writes are as atomic as those of the store. Parts of values that
    are not in the cache are read from the store and not kept.

    Parameters
    ----------
    store
        What is read and written.
    cache_store
        Where values are kept; nothing in it is used that was there before.
    max_age_seconds
        How long a value is used; ``"infinity"`` for ever.
    max_size
        Bytes of all values that are kept; None for no bound. The least recently used make room.
    cache_set_data
        Whether what is written is kept.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.storage import MemoryStore
    >>> store = CacheStore(MemoryStore(), cache_store=MemoryStore(), max_size=1 << 20)
    >>> a = terrazzo.create_array(store, data=[1, 2, 3])
    >>> a[0]
    array(1)
    >>> store.cache_stats()["misses"] < store.cache_stats()["total_requests"]
    True
    """

    max_age_seconds: int | Literal["infinity"]
    max_size: int | None
    cache_set_data: bool

    _forwards_values = True

    def __init__(
        self,
        store: Store,
        *,
        cache_store: Store,
        max_age_seconds: int | Literal["infinity"] = "infinity",
        max_size: int | None = None,
        cache_set_data: bool = True,
    ) -> None:
        super().__init__(store)
        if not cache_store.supports_deletes or cache_store.read_only:
            raise ValueError(f"the cache needs a store that can be written and deleted from, got {cache_store}")
        self._cache = cache_store
        self.max_age_seconds = max_age_seconds
        self.max_size = max_size
        self.cache_set_data = cache_set_data
        self._kept = _Kept(_at_least_0("max_size", max_size), _seconds(max_age_seconds))

    def _with_store(self, store: Store) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _store=store)
        return other

    @property
    def inline(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether neither store ever waits."""
        return self._store.inline and self._cache.inline

    @property
    def reads_into(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """It makes buffers, which it keeps."""
        return False

    def with_read_only(self, read_only: bool = False) -> Self:
        return self._with_store(self._store.with_read_only(read_only))

    def __str__(self) -> str:
        return f"cached-{self._store}"

    def __repr__(self) -> str:
        about = f"max_age_seconds={self.max_age_seconds}, max_size={self.max_size}"
        return f"{type(self).__name__}({self._store!r}, cache_store={self._cache!r}, {about})"

    def __eq__(self, value: object) -> bool:
        return type(value) is type(self) and self._store == value._store and self._cache == value._cache

    __hash__ = None

    # -- reading

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        validate_key(key)
        value = await self._from_cache(key, prototype, byte_range)
        if value is not None:
            return value
        if byte_range is not None:
            self._kept.count(hit=False)
            return await self._store.get(key, prototype, byte_range)
        async with self._kept.locks(key):
            value = await self._from_cache(key, prototype)  # somebody else may have asked for it meanwhile
            if value is None:
                self._kept.count(hit=False)
                generation = self._kept.generation
                value = await self._store.get(key, prototype)
                if value is not None:
                    await self._keep(key, value, generation)
            return value

    async def _from_cache(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        if not self._kept.find(key):
            return None
        entry = self._kept.entries.get(key)
        try:
            value = await self._cache.get(key, prototype, byte_range)
        except Exception:  # noqa: BLE001 - the store has the value, and says what is wrong with a byte range
            value = None
        if value is None:
            self._kept.strike(key)
        if value is None or entry is None or self._kept.entries.get(key) is not entry:
            return None  # it was not there, or was replaced meanwhile
        self._kept.count(hit=True)
        return value

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def get_into(self, key: str, out: memoryview) -> int | None:
        return await Store.get_into(self, key, out)

    async def get_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, prototype: BufferPrototype, **limits: Any
    ) -> AsyncGenerator[Sequence[tuple[int, Buffer | None]], None]:
        read = partial(Store.get_ranges, self) if self._kept.find(key) else self._store.get_ranges
        async for batch in read(key, byte_ranges, prototype=prototype, **limits):
            yield batch

    async def _keep(self, key: str, value: Buffer, generation: int) -> None:
        """Put a value into the cache, whose errors do not matter. The lock of the key is held."""
        if self.max_size is not None and len(value) > self.max_size:
            await self._drop([key])
            return
        with suppress(Exception):
            await self._cache.set(key, value)
            await self._drop(self._kept.add(key, len(value), generation))

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        validate_key(key)
        async with self._kept.locks(key):
            self._kept.strike(key)
            generation = self._kept.generation
            await self._store.set(key, value)
            if self.cache_set_data and isinstance(value, Buffer):
                await self._keep(key, value, generation)
            else:
                await self._drop([key])

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        # Without the lock: the store may take its own for it, within which others wait for ours.
        self._kept.renew(key)
        try:
            await self._store.set_if_not_exists(key, value)
        finally:
            self._kept.renew(key)  # what was read meanwhile
        await self._drop([key])

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        async with self._kept.locks(key):
            self._kept.strike(key)
            is_written = await self._store.set_if_version(key, value, version)
            await self._drop([key])
            return is_written

    async def delete(self, key: str) -> None:
        self._check_writable()
        validate_key(key)
        async with self._kept.locks(key):
            self._kept.strike(key)
            await self._store.delete(key)
            await self._drop([key])

    async def delete_dir(self, prefix: str) -> None:
        struck = self._kept.strike_below(prefix)
        try:
            await self._store.delete_dir(prefix)
        finally:
            struck = [*struck, *self._kept.strike_below(prefix)]  # what was read while it was deleted
        await self._drop(struck)

    async def rename_dir(self, source: str, target: str) -> bool:
        struck = self._kept.strike_below("")
        try:
            return await self._store.rename_dir(source, target)
        finally:
            await self._drop([*struck, *self._kept.strike_below("")])

    async def clear(self) -> None:
        struck = self._kept.strike_below("")
        try:
            await self._store.clear()
        finally:
            struck = [*struck, *self._kept.strike_below("")]
        await self._drop(struck)

    async def _drop(self, keys: Iterable[str]) -> None:
        """Delete from the cache what is listed no more, to save the space."""
        with suppress(Exception):
            for key in keys:
                if key not in self._kept.entries:
                    await self._cache.delete(key)

    # -- the cache itself

    async def clear_cache(self) -> None:
        """Forget everything that was kept, and the counts."""
        struck = self._kept.strike_below("")
        with self._kept.mutex:
            self._kept.hits = self._kept.misses = self._kept.evictions = 0
        await self._drop(struck)

    def cache_info(self) -> dict[str, Any]:
        """What the cache is, and how much is in it, in bytes and keys."""
        kept = self._kept
        return {
            "cache_store_type": type(self._cache).__name__,
            "max_age_seconds": self.max_age_seconds,
            "max_size": self.max_size,
            "current_size": kept.size,
            "cache_set_data": self.cache_set_data,
            "tracked_keys": len(kept.entries),
            "cached_keys": len(kept.entries),
        }

    def cache_stats(self) -> dict[str, Any]:
        """How often a value was in the cache (``hits``), was not (``misses``), or had to make room (``evictions``)."""
        hits, misses, evictions = self._kept.hits, self._kept.misses, self._kept.evictions
        total = hits + misses
        rate = hits / total if total else 0.0
        return {"hits": hits, "misses": misses, "evictions": evictions, "total_requests": total, "hit_rate": rate}


def _at_least_0(name: str, value: Any) -> Any:
    if value is not None and not value >= 0:
        raise ValueError(f"{name} is not negative, got {quote(value)}")
    return value


def _seconds(value: Any) -> float:
    if value == "infinity":
        return float("inf")
    if isinstance(value, str):
        raise ValueError(f"max_age_seconds is a number or 'infinity', got {quote(value)}")
    return float(_at_least_0("max_age_seconds", value))
