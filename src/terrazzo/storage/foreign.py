"""Stores of somebody else, that keep to the contract of stores without being subclasses of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Iterable
from typing import Any, Self

from terrazzo.abc.foreign import dialect_of, is_of_kind
from terrazzo.abc.key import split_prefix, validate_key, validate_prefix
from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer.base import Buffer, BufferPrototype

__all__ = ["ForeignStore", "adopt_store", "is_place", "is_store"]

OPERATIONS = ("get", "set", "delete", "exists", "list", "list_dir", "list_prefix", "supports_listing", "read_only")


def is_store(candidate: object) -> bool:
    """Whether an object has what every store must have."""
    return not isinstance(candidate, (type, Store)) and all(hasattr(candidate, name) for name in OPERATIONS)


def is_place(candidate: object) -> bool:
    """Whether an object is a store and a path, but not one of ours."""
    return hasattr(candidate, "path") and is_store(getattr(candidate, "store", None))


def adopt_store(store: Any) -> Store:
    """A store as one of ours; it stays as it is where it is one."""
    return store if isinstance(store, Store) else ForeignStore(store)


class ForeignStore(Store):
    """A store written against the contract of another implementation, zarr-python's above all.

    Values, byte requests and prototypes are turned into what the store expects, and what it gives into ours. It is
    taken to wait, so blocking calls run on the background loop.

    Parameters
    ----------
    wrapped
        What does everything.
    read_only
        Whether writing is refused, even where the store would allow it.
    """

    inline = False

    def __init__(self, wrapped: Any, *, read_only: bool = False) -> None:
        self.wrapped = wrapped
        self._read_only = read_only
        self._dialect = dialect_of(wrapped)

    def __getstate__(self) -> dict[str, Any]:
        return {"wrapped": self.wrapped, "read_only": self._read_only}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc] # the dialect is found again

    # -- life

    async def _open(self) -> None:
        if hasattr(self.wrapped, "_open"):
            await self.wrapped._open()

    async def _ensure_open(self) -> None:
        if hasattr(self.wrapped, "_ensure_open"):
            await self.wrapped._ensure_open()

    def close(self) -> None:
        if hasattr(self.wrapped, "close"):
            self.wrapped.close()

    @property
    def read_only(self) -> bool:
        return self._read_only or bool(self.wrapped.read_only)

    def with_read_only(self, read_only: bool = False) -> Self:
        if read_only or not self.wrapped.read_only:
            return type(self)(self.wrapped, read_only=read_only)
        return type(self)(self.wrapped.with_read_only(read_only))

    def __eq__(self, value: object) -> bool:
        return bool(self.wrapped == (value.wrapped if isinstance(value, ForeignStore) else value))

    __hash__ = None  # type: ignore[assignment] # as stores of zarr-python

    def __str__(self) -> str:
        return str(self.wrapped)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.wrapped!r})"

    # -- what it can do

    @property
    def supports_writes(self) -> bool:
        return bool(getattr(self.wrapped, "supports_writes", True))

    @property
    def supports_deletes(self) -> bool:
        return bool(getattr(self.wrapped, "supports_deletes", True))

    @property
    def supports_listing(self) -> bool:
        return bool(self.wrapped.supports_listing)

    @property
    def supports_consolidated_metadata(self) -> bool:
        return bool(getattr(self.wrapped, "supports_consolidated_metadata", True))

    @property
    def is_shared(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether other processes reach the values: all but those in memory, as the name of the class tells."""
        return not is_of_kind(self.wrapped, "MemoryStore")

    @property
    def lock_identity(self) -> Hashable:
        # Two handles of one place say the same of themselves; where two places do, sharing locks does no harm.
        return "foreign", type(self.wrapped).__qualname__, str(self.wrapped)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        from dask.base import normalize_token  # it is dask who asks

        return type(self).__qualname__, normalize_token(self.wrapped)

    # -- reading

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        found = await self.wrapped.get(validate_key(key), self._dialect.prototype, self._dialect.request(byte_range))
        return None if found is None else prototype.buffer.from_buffer(found)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        wanted = [(validate_key(key), self._dialect.request(byte_range)) for key, byte_range in key_ranges]
        found = await self.wrapped.get_partial_values(self._dialect.prototype, wanted)
        return [None if value is None else prototype.buffer.from_buffer(value) for value in found]

    async def exists(self, key: str) -> bool:
        return bool(await self.wrapped.exists(validate_key(key)))

    async def getsize(self, key: str) -> int:
        if hasattr(self.wrapped, "getsize"):
            return int(await self.wrapped.getsize(validate_key(key)))
        return await super().getsize(key)

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self.wrapped.set(validate_key(key), self._dialect.buffer(value))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        if hasattr(self.wrapped, "set_if_not_exists"):
            await self.wrapped.set_if_not_exists(validate_key(key), self._dialect.buffer(value))
        else:
            await super().set_if_not_exists(key, value)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await self.wrapped.delete(validate_key(key))

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        if hasattr(self.wrapped, "delete_dir"):
            await self.wrapped.delete_dir(validate_prefix(prefix))
        else:
            await super().delete_dir(prefix)

    # -- listing

    async def list(self) -> AsyncIterator[str]:
        async for key in self.wrapped.list():
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        split_prefix(prefix)
        async for key in self.wrapped.list_prefix(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        async for name in self.wrapped.list_dir(validate_prefix(prefix)):
            yield name
