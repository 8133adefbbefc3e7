"""The contract of a store: a map from keys to values, read and written asynchronously.

It is zarr-python's contract, so that stores written for it can be subclasses, with additions that have defaults:
``inline``, ``get_into``, ``open_value``, ``version``, ``lock`` and coalescing ``get_ranges``.

Rules that every store keeps:

- A key is text: segments between ``/``, none of them empty, ``.`` or ``..``, without backslashes and control
  characters (`validate_key`). Nothing leaves the root.
- Absent and unreadable are different: only a value that is not there gives None; everything else raises.
- A write is all or nothing.
- A store that says ``inline`` never waits: its coroutines run to their end when they are driven.

Specification: Zarr v3.1 "Stores".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, Protocol, Self, runtime_checkable

from terrazzo.abc.byte_range import (
    ByteRequest,
    Fetch,
    OffsetByteRequest,
    RangeByteRequest,
    SuffixByteRequest,
    coalesce,
)
from terrazzo.abc.key import split_prefix, validate_key, validate_prefix
from terrazzo.abc.value import StoreValue, Value
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.runtime import KeyedLocks, map_concurrent, operation, run_inline

__all__ = [
    "ByteGetter",
    "ByteRequest",
    "ByteSetter",
    "OffsetByteRequest",
    "RangeByteRequest",
    "Store",
    "SuffixByteRequest",
    "SupportsDeleteSync",
    "SupportsGetSync",
    "SupportsSetSync",
    "SupportsSyncStore",
    "SyncByteGetter",
    "SyncByteSetter",
    "set_or_delete",
    "split_prefix",
    "validate_key",
    "validate_prefix",
]

CONTRACT_IO = ("get", "get_into", "get_ranges", "set", "set_if_not_exists", "delete", "delete_dir", "exists", "getsize")
DOCUMENTS = frozenset({"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"})
"""Last segments of keys that make a node of what is beside them. Where not everything can be deleted in one step they
go first, so that no node is ever seen that has lost its data."""


@runtime_checkable
class ByteGetter(Protocol):
    """A place from which one value can be read."""

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None: ...


@runtime_checkable
class ByteSetter(Protocol):
    """A place at which one value can be read, written and deleted."""

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None: ...
    async def set(self, value: Buffer) -> None: ...
    async def delete(self) -> None: ...
    async def set_if_not_exists(self, default: Buffer) -> None: ...


@runtime_checkable
class SupportsGetSync(Protocol):
    """A store that reads without a coroutine."""

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None: ...


@runtime_checkable
class SupportsSetSync(Protocol):
    """A store that writes without a coroutine."""

    def set_sync(self, key: str, value: Buffer) -> None: ...


@runtime_checkable
class SupportsDeleteSync(Protocol):
    """A store that deletes without a coroutine."""

    def delete_sync(self, key: str) -> None: ...


@runtime_checkable
class SupportsSyncStore(SupportsGetSync, SupportsSetSync, SupportsDeleteSync, Protocol):
    """A store that reads, writes and deletes without a coroutine."""


@runtime_checkable
class SyncByteGetter(Protocol):
    """A place from which one value can be read without a coroutine."""

    def get_sync(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None: ...


@runtime_checkable
class SyncByteSetter(SyncByteGetter, Protocol):
    """A place at which one value can be read, written and deleted without a coroutine."""

    def set_sync(self, value: Buffer) -> None: ...
    def delete_sync(self) -> None: ...


class Store(ABC):
    """A map from keys to values.

    Parameters
    ----------
    read_only
        Whether writing is refused.

    Attributes
    ----------
    inline
        Whether no coroutine of the store ever waits, so that a blocking caller can run it on its own thread. A
        subclass that overrides an operation of an inline store is taken not to be, unless it says so itself.
    reads_into
        Whether ``get_into`` saves a copy over ``get``.
    crowded_set_ns
        Nanoseconds that ``set`` takes longer when another thread does it too; threads are only used for work that
        outweighs it.
    set_ns_per_byte
        Nanoseconds that ``set`` needs for a byte outside the interpreter lock, which threads can share.
    deletes_folders_at_once
        Whether ``delete_dir`` is one step: no reader, and no crash, sees a folder half deleted.
    is_shared
        Whether a copy of the store in another process is over the same values.
    """

    inline: bool = False
    reads_into: bool = False
    crowded_set_ns: float = 0.0
    set_ns_per_byte: float = 0.0
    deletes_folders_at_once: bool = False
    is_shared: bool = True

    def __init__(self, *, read_only: bool = False) -> None:
        self._is_open = False
        self._read_only = read_only

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "inline" not in cls.__dict__ and any(name in cls.__dict__ for name in CONTRACT_IO):
            cls.inline = False

    # -- life

    @classmethod
    async def open(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a store and open it."""
        store = cls(*args, **kwargs)
        await store._ensure_open()
        return store

    async def _open(self) -> None:
        """Do what must be done once, before the first operation."""
        if self._is_open:
            raise ValueError(f"{self} is open already")
        self._is_open = True

    async def _ensure_open(self) -> None:
        if not self._is_open:
            await self._open()

    def close(self) -> None:
        """Free what the store holds; it opens again when it is used."""
        self._is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def read_only(self) -> bool:
        """Whether writing is refused."""
        return self._read_only

    def with_read_only(self, read_only: bool = False) -> Self:
        """A store over the same values with another ``read_only``."""
        raise NotImplementedError(f"{type(self).__name__} cannot change `read_only`")

    def _check_writable(self) -> None:
        if self.read_only:
            raise ValueError(
                f"{self} is read-only: opened with mode 'r' or made with read_only=True; mode 'r+' allows writing"
            )

    @abstractmethod
    def __eq__(self, value: object) -> bool:
        """Whether two stores hold the same values."""

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_locks", None)  # found again by identity
        return state

    # -- what it can do

    @property
    @abstractmethod
    def supports_writes(self) -> bool:
        """Whether values can be written."""

    @property
    @abstractmethod
    def supports_deletes(self) -> bool:
        """Whether values can be deleted."""

    @property
    @abstractmethod
    def supports_listing(self) -> bool:
        """Whether keys can be listed."""

    @property
    def supports_partial_writes(self) -> bool:
        """Whether a part of a value can be written; no store does."""
        return False

    @property
    def supports_conditional_writes(self) -> bool:
        """Whether a write can be made to depend on the value that is there, whoever has written it."""
        return False

    @property
    def supports_consolidated_metadata(self) -> bool:
        """Whether it makes sense to consolidate metadata in this store."""
        return True

    # -- reading

    @abstractmethod
    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read a value or a part of it; None when there is no such key.

        Raises
        ------
        InvalidKeyError
            No store may hold the key.
        OSError
            The value may be there and cannot be read.
        """

    @abstractmethod
    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Read parts of several values, in the order asked for."""

    async def get_into(self, key: str, out: memoryview) -> int | None:
        """Read a whole value into memory that the caller owns.

        Returns
        -------
        int or None
            Bytes of the value, or None when there is no such key. Unless that is ``len(out)``, what `out` holds
            afterwards is not defined.
        """
        value = await self.get(key, numpy_buffer_prototype())
        if value is None:
            return None
        if len(value) == len(out):
            out[:] = value.as_buffer_like()
        return len(value)

    async def get_ranges(
        self,
        key: str,
        byte_ranges: Sequence[ByteRequest | None],
        *,
        prototype: BufferPrototype,
        max_concurrency: int = 10,
        max_gap_bytes: int = 1 << 20,
        max_coalesced_bytes: int = 16 << 20,
    ) -> AsyncGenerator[Sequence[tuple[int, Buffer | None]], None]:
        """Read many parts of one value with few requests.

        Yields
        ------
        sequence of (int, Buffer or None)
            For each request made: positions among `byte_ranges`, and their bytes.

        Raises
        ------
        FileNotFoundError
            There is no such key.
        """

        async def fetch(wanted: Fetch) -> list[tuple[int, Buffer | None]]:
            value = await self.get(key, prototype, wanted.byte_range)
            if value is None:
                raise FileNotFoundError(f"{self} has no key {key!r}")
            return [(position, value if part is None else value[part]) for position, part in wanted.parts]

        fetches = coalesce(byte_ranges, max_gap_bytes=max_gap_bytes, max_coalesced_bytes=max_coalesced_bytes)
        for batch in await map_concurrent(fetch, fetches, concurrency=max_concurrency):
            yield batch

    def get_ranges_sync(
        self,
        key: str,
        byte_ranges: Sequence[ByteRequest | None],
        *,
        prototype: BufferPrototype,
        max_gap_bytes: int = 1 << 20,
        max_coalesced_bytes: int = 16 << 20,
    ) -> Sequence[tuple[int, Buffer | None]]:
        """Read many parts of one value with few requests, blocking; pairs as ``get_ranges`` gives them."""
        limits = {"max_gap_bytes": max_gap_bytes, "max_coalesced_bytes": max_coalesced_bytes}
        return run_inline(_ranges(self, self.get_ranges(key, byte_ranges, prototype=prototype, **limits)))

    async def _get_many(
        self, requests: Iterable[tuple[str, BufferPrototype, ByteRequest | None]]
    ) -> AsyncGenerator[tuple[str, Buffer | None], None]:
        for key, prototype, byte_range in requests:
            yield key, await self.get(key, prototype, byte_range)

    def open_value(self, key: str) -> Value:
        """One value, to be read in parts within an ``async with`` block."""
        return StoreValue(self, key)

    async def version(self, key: str) -> Hashable:
        """What changes whenever the value of a key does; None when the store cannot tell."""
        return None

    @abstractmethod
    async def exists(self, key: str) -> bool:
        """Whether there is a value under the key."""

    async def getsize(self, key: str) -> int:
        """Bytes of a value.

        Raises
        ------
        FileNotFoundError
            There is no such key.
        """
        value = await self.get(key, numpy_buffer_prototype())
        if value is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return len(value)

    async def getsize_prefix(self, prefix: str) -> int:
        """Bytes of all values whose keys start with the segments of `prefix`."""
        keys = [key async for key in self.list_prefix(_as_folder(prefix))]
        return sum(await map_concurrent(self.getsize, keys, concurrency=16))

    # -- writing

    @abstractmethod
    async def set(self, key: str, value: Buffer) -> None:
        """Write a value, whole or not at all."""

    async def get_versioned(self, key: str, prototype: BufferPrototype) -> tuple[Buffer | None, Any]:
        """Read a value, and of which version it is: what ``set_if_version`` takes, and None when there is no value."""
        return await self.get(key, prototype), None

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        """Write a value if the one that is there is of a version; whether it was.

        Parameters
        ----------
        version
            As ``get_versioned`` told it; None if there must be no value.

        Raises
        ------
        NotImplementedError
            The store does not support conditional writes.
        """
        raise NotImplementedError(f"{self} does not support conditional writes")

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write a value unless there is one; of several at once, one wins."""
        async with self.lock(key):
            if not await self.exists(key):
                await self.set(key, value)

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        await map_concurrent(lambda item: self.set(*item), values, concurrency=16)

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Delete a value; nothing happens when there is none."""

    async def delete_dir(self, prefix: str) -> None:
        """Delete all values whose keys start with the segments of `prefix`, and no others: not ``ab`` for ``a``."""
        self._check_writable()
        if not self.supports_deletes:
            raise NotImplementedError(f"{self} does not support deleting")
        keys = [key async for key in self.list_prefix(_as_folder(prefix))]
        documents = [key for key in keys if key.rpartition("/")[2] in DOCUMENTS]
        await map_concurrent(self.delete, documents, concurrency=16)
        await map_concurrent(self.delete, set(keys).difference(documents), concurrency=16)

    async def rename_dir(self, source: str, target: str) -> bool:
        """Give all values below one folder the same keys below another one, where nothing may be.

        Returns
        -------
        bool
            False, with nothing changed, where it cannot be done in one step.
        """
        return False

    async def clear(self) -> None:
        """Delete all values."""
        await self.delete_dir("")

    # -- listing

    @abstractmethod
    def list(self) -> AsyncIterator[str]:
        """All keys."""

    @abstractmethod
    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """All keys that start with `prefix`, in full."""

    @abstractmethod
    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """One level: the segments that follow `prefix`, keys and folders alike, each once."""

    async def is_empty(self, prefix: str) -> bool:
        """Whether no key starts with the segments of `prefix`."""
        if not self.supports_listing:
            raise NotImplementedError(f"{self} does not support listing")
        async with aclosing(self.list_prefix(_as_folder(prefix))) as keys:  # type: ignore[type-var] # a generator
            async for _ in keys:
                return False
        return True

    # -- locking

    @property
    def lock_identity(self) -> Hashable:
        """What the locks protect; stores over the same values give the same."""
        return id(self)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What dask names results by: the values that the store is over."""
        return type(self).__qualname__, self.lock_identity

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Keep other writers of one value out, in this process: on any thread or event loop, through any handle."""
        locks: KeyedLocks | None = self.__dict__.get("_locks")
        if locks is None:
            locks = self.__dict__["_locks"] = KeyedLocks.of(self.lock_identity)
        return locks(key)


@operation
async def _ranges(store: Store, batches: AsyncGenerator[Sequence[tuple[int, Any]], None]) -> Sequence[tuple[int, Any]]:
    return [pair async for batch in batches for pair in batch]


def _as_folder(prefix: str) -> str:
    return prefix + "/" if prefix and not prefix.endswith("/") else prefix


async def set_or_delete(byte_setter: ByteSetter, value: Buffer | None) -> None:
    """Write a value, or delete what is there when the value is None."""
    await (byte_setter.delete() if value is None else byte_setter.set(value))
