"""Stores that misbehave on purpose, or keep a record: wrappers for tests."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.runtime import Budget, pause
from terrazzo.settings import current_options
from terrazzo.storage import WrapperStore

__all__ = ["CountingStore", "FailingStore", "HookedStore", "LatencyStore", "Request", "SuspendingStore"]


class Request(NamedTuple):
    """One operation that a store was asked for.

    Attributes
    ----------
    operation
        Name of the method; ``get_into`` counts as ``get``.
    key
        The key, or the prefix.
    byte_range
        The part of the value that was asked for; None for all of it.
    """

    operation: str
    key: str
    byte_range: ByteRequest | None = None


class HookedStore(WrapperStore[Store]):
    """A wrapper whose `before` is awaited ahead of every operation."""

    async def before(self, request: Request) -> None:
        """Do what the wrapper is for."""

    @property
    def inline(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        return self._store.inline

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        await self.before(Request("get", key, byte_range))
        return await self._store.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def get_into(self, key: str, out: memoryview) -> int | None:
        await self.before(Request("get", key))
        return await self._store.get_into(key, out)

    async def get_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, prototype: BufferPrototype, **limits: Any
    ) -> AsyncGenerator[Sequence[tuple[int, Buffer | None]], None]:
        # Not the wrapped store's own: the requests that it is split into are what counts.
        async for batch in Store.get_ranges(self, key, byte_ranges, prototype=prototype, **limits):
            yield batch

    async def version(self, key: str) -> Hashable:
        await self.before(Request("version", key))
        return await self._store.version(key)

    async def exists(self, key: str) -> bool:
        await self.before(Request("exists", key))
        return await self._store.exists(key)

    async def getsize(self, key: str) -> int:
        await self.before(Request("getsize", key))
        return await self._store.getsize(key)

    async def getsize_prefix(self, prefix: str) -> int:
        await self.before(Request("getsize_prefix", prefix))
        return await self._store.getsize_prefix(prefix)

    async def set(self, key: str, value: Buffer) -> None:
        await self.before(Request("set", key))
        await self._store.set(key, value)

    @property
    def supports_conditional_writes(self) -> bool:
        return self._store.supports_conditional_writes

    async def get_versioned(self, key: str, prototype: BufferPrototype) -> tuple[Buffer | None, Any]:
        await self.before(Request("get", key))
        return await self._store.get_versioned(key, prototype)

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        await self.before(Request("set_if_version", key))
        return await self._store.set_if_version(key, value, version)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        await self.before(Request("set_if_not_exists", key))
        await self._store.set_if_not_exists(key, value)

    async def delete(self, key: str) -> None:
        await self.before(Request("delete", key))
        await self._store.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        await self.before(Request("delete_dir", prefix))
        await self._store.delete_dir(prefix)

    async def rename_dir(self, source: str, target: str) -> bool:
        await self.before(Request("rename_dir", source))
        return await self._store.rename_dir(source, target)

    async def clear(self) -> None:
        await self.before(Request("clear", ""))
        await self._store.clear()

    async def list(self) -> AsyncIterator[str]:
        await self.before(Request("list", ""))
        async for key in self._store.list():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        await self.before(Request("list_prefix", prefix))
        async for key in self._store.list_prefix(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        await self.before(Request("list_dir", prefix))
        async for key in self._store.list_dir(prefix):
            yield key

    async def is_empty(self, prefix: str) -> bool:
        await self.before(Request("is_empty", prefix))
        return await self._store.is_empty(prefix)


class CountingStore(HookedStore):
    """Keeps a record of every operation.

    Attributes
    ----------
    requests
        All of them, in order.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.storage import MemoryStore
    >>> store = CountingStore(MemoryStore())
    >>> array = terrazzo.create_array(store, data=[1, 2, 3, 4], chunks=2)
    >>> store.reset()
    >>> array[3]
    array(4)
    >>> store.keys("get")
    ['c/1']
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.requests: list[Request] = []

    async def before(self, request: Request) -> None:
        self.requests.append(request)

    @property
    def counts(self) -> Counter[str]:
        """How often each operation was asked for."""
        return Counter(request.operation for request in self.requests)

    def keys(self, operation: str) -> Sequence[str]:
        """The keys of all requests of one kind, in order."""
        return [request.key for request in self.requests if request.operation == operation]

    def reset(self) -> None:
        """Forget what was recorded."""
        self.requests.clear()

    def _with_store(self, store: Store) -> CountingStore:
        other = type(self)(store)
        other.requests = self.requests
        return other


class SuspendingStore(HookedStore):
    """Suspends before every operation, so that only an event loop can drive it."""

    inline = False

    async def before(self, request: Request) -> None:
        await pause()


class LatencyStore(HookedStore):
    """Takes time to answer, as a store behind a network does, and as few requests at once from the whole process.

    Parameters
    ----------
    get_latency, set_latency
        Seconds that an operation that reads, or one that writes, takes longer.
    """

    inline = False
    get_latency: float
    set_latency: float

    def __init__(self, store: Store, *, get_latency: float = 0.0, set_latency: float = 0.0) -> None:
        super().__init__(store)
        self.get_latency = get_latency
        self.set_latency = set_latency

    @property
    def budget(self) -> Budget:
        """How many requests may be under way, of all handles on these values: ``config["async.requests"]``."""
        return Budget.of(self.lock_identity, lambda: current_options().requests)

    async def before(self, request: Request) -> None:
        writes = request.operation.startswith(("set", "delete", "clear", "rename"))
        async with self.budget:
            await pause(self.set_latency if writes else self.get_latency)

    def _with_store(self, store: Store) -> LatencyStore:
        return type(self)(store, get_latency=self.get_latency, set_latency=self.set_latency)


def input_output_error(request: Request) -> OSError:
    """What a broken disk says."""
    return OSError(errno.EIO, "simulated input/output error", request.key)


class FailingStore(HookedStore):
    """Fails when it is told to.

    Parameters
    ----------
    fails
        Decides for each request whether it fails.
    error
        Makes the error; by default ``OSError`` with EIO.

    Attributes
    ----------
    asked
        Number of requests so far, failed ones included.
    """

    def __init__(
        self,
        store: Store,
        fails: Callable[[Request], bool],
        error: Callable[[Request], BaseException] | None = None,
    ) -> None:
        super().__init__(store)
        self.fails = fails
        self.error = error or input_output_error
        self.asked = 0

    async def before(self, request: Request) -> None:
        self.asked += 1
        if self.fails(request):
            raise self.error(request)

    def _with_store(self, store: Store) -> FailingStore:
        return type(self)(store, self.fails, self.error)
