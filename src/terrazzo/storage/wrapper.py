"""The base of stores that wrap another one: every operation goes to the store inside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Self, TypeVar

from terrazzo.abc.store import ByteRequest, Store, SupportsSyncStore
from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.storage.foreign import adopt_store
from terrazzo.storage.path import StorePath

__all__ = ["WrapperStore"]

S = TypeVar("S", bound=Store)


class WrapperStore(Store, Generic[S]):
    """A store that does everything through another one. Subclasses change single operations.

    A subclass that overrides an operation counts as waiting, unless it says ``inline`` itself.
    """

    _store: S

    def __init__(self, store: S) -> None:
        self._store = adopt_store(store)  # type: ignore[assignment] # the same, unless somebody else wrote it

    @classmethod
    async def open(cls, store_cls: type[S], *args: Any, **kwargs: Any) -> Self:
        """Make a store of `store_cls`, open it and wrap it."""
        return cls(await store_cls.open(*args, **kwargs))

    def _with_store(self, store: S) -> Self:
        """The same wrapper around another store."""
        return type(self)(store)

    @property
    def inline(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether the store inside never waits."""
        return self._store.inline

    @property
    def reads_into(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether ``get_into`` of the store inside saves a copy."""
        return self._store.reads_into

    @property
    def crowded_set_ns(self) -> float:  # type: ignore[override] # an attribute elsewhere
        """How much longer ``set`` of the store inside takes when another thread does it too."""
        return self._store.crowded_set_ns

    @property
    def set_ns_per_byte(self) -> float:  # type: ignore[override] # an attribute elsewhere
        """As of the store that is wrapped."""
        return self._store.set_ns_per_byte

    @property
    def deletes_folders_at_once(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether the store inside deletes a folder in one step."""
        return self._store.deletes_folders_at_once

    @property
    def is_shared(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether other processes can open the store inside."""
        return self._store.is_shared

    @property
    def _is_open(self) -> bool:
        return self._store._is_open

    @_is_open.setter
    def _is_open(self, value: bool) -> None:
        self._store._is_open = value

    async def _open(self) -> None:
        await self._store._open()

    async def _ensure_open(self) -> None:
        await self._store._ensure_open()

    def close(self) -> None:
        self._store.close()

    @property
    def read_only(self) -> bool:
        return self._store.read_only

    def with_read_only(self, read_only: bool = False) -> Self:
        return self._with_store(self._store.with_read_only(read_only))

    def _check_writable(self) -> None:
        self._store._check_writable()

    def __eq__(self, value: object) -> bool:
        return type(value) is type(self) and self._store == value._store

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"wrapping-{self._store}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._store!r})"

    @property
    def supports_writes(self) -> bool:
        return self._store.supports_writes

    @property
    def supports_deletes(self) -> bool:
        return self._store.supports_deletes

    @property
    def supports_listing(self) -> bool:
        return self._store.supports_listing

    @property
    def supports_partial_writes(self) -> bool:
        return self._store.supports_partial_writes

    @property
    def supports_conditional_writes(self) -> bool:
        return self._store.supports_conditional_writes and self._forwards_values

    @property
    def _forwards_values(self) -> bool:
        """Whether values are what the store inside holds; who overrides ``get`` or ``set`` says so itself."""
        return type(self).get is WrapperStore.get and type(self).set is WrapperStore.set

    @property
    def supports_consolidated_metadata(self) -> bool:
        return self._store.supports_consolidated_metadata

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await self._store.get(key, prototype, byte_range)

    @property
    def _supports_sync_io(self) -> bool:
        """Whether the store inside has the synchronous methods."""
        return isinstance(self._store, SupportsSyncStore)

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a value or a part of it, blocking, as ``get`` of the wrapper does."""
        return StorePath(self, key).get_sync(prototype=prototype, byte_range=byte_range)

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a value, blocking, as ``set`` of the wrapper does."""
        StorePath(self, key).set_sync(value)

    def delete_sync(self, key: str) -> None:
        """Delete a value, blocking, as ``delete`` of the wrapper does."""
        StorePath(self, key).delete_sync()

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await self._store.get_partial_values(prototype, key_ranges)

    async def get_into(self, key: str, out: memoryview) -> int | None:
        return await self._store.get_into(key, out)

    async def get_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, prototype: BufferPrototype, **limits: Any
    ) -> AsyncGenerator[Sequence[tuple[int, Buffer | None]], None]:
        async for batch in self._store.get_ranges(key, byte_ranges, prototype=prototype, **limits):
            yield batch

    def open_value(self, key: str) -> Value:
        if type(self).get is WrapperStore.get:
            return self._store.open_value(key)
        return super().open_value(key)  # the wrapper does something to values

    async def version(self, key: str) -> Hashable:
        if type(self).get is WrapperStore.get:
            return await self._store.version(key)
        return None  # what the wrapper gives may be of another version

    async def exists(self, key: str) -> bool:
        return await self._store.exists(key)

    async def getsize(self, key: str) -> int:
        return await self._store.getsize(key)

    async def getsize_prefix(self, prefix: str) -> int:
        return await self._store.getsize_prefix(prefix)

    async def set(self, key: str, value: Buffer) -> None:
        await self._store.set(key, value)

    async def get_versioned(self, key: str, prototype: BufferPrototype) -> tuple[Buffer | None, Any]:
        if not self._forwards_values:
            return await super().get_versioned(key, prototype)
        return await self._store.get_versioned(key, prototype)

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        if not self._forwards_values:
            return await super().set_if_version(key, value, version)
        return await self._store.set_if_version(key, value, version)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        await self._store.set_if_not_exists(key, value)

    async def delete(self, key: str) -> None:
        await self._store.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        await self._store.delete_dir(prefix)

    async def rename_dir(self, source: str, target: str) -> bool:
        return await self._store.rename_dir(source, target)

    async def clear(self) -> None:
        await self._store.clear()

    async def list(self) -> AsyncIterator[str]:
        async for key in self._store.list():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        async for key in self._store.list_prefix(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        async for key in self._store.list_dir(prefix):
            yield key

    async def is_empty(self, prefix: str) -> bool:
        return await self._store.is_empty(prefix)

    @property
    def lock_identity(self) -> Hashable:
        return self._store.lock_identity

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        return self._store.lock(key)
