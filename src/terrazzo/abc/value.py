"""One value of a store, read in parts: an index first, and then what it leads to.

Whoever does that must know that all parts are of the same value, which another writer may replace in between. A store
that can hold on to a value as it is says that it ``is_pinned``; one that cannot may at least say its ``version``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Self

from terrazzo.abc.byte_range import ByteRequest, RangeByteRequest, resolve
from terrazzo.buffer.base import Buffer, BufferPrototype

if TYPE_CHECKING:
    from terrazzo.abc.store import ByteGetter, Store

__all__ = ["GetterValue", "PassingVersion", "StoreValue", "Value", "ValuePart"]


class PassingVersion(tuple[Hashable, ...]):
    """A version that may come again, soon after the value was written: enough to tell that nothing changed in between
    two looks, but nothing may be kept by it.
    """

    __slots__ = ()


class Value:
    """One value, read in parts, as an asynchronous context manager.

    Attributes
    ----------
    is_pinned
        Whether all parts are of the value as it was when the block was entered.
    identity
        Which value it is: what the store keeps apart from others, the key, and for a part where it starts. None when
        there is no telling.
    store
        The store that it is asked of, where there is one.
    size
        Bytes; None when nobody has asked the store yet, or there is no such value.
    """

    is_pinned: bool = False
    identity: tuple[Hashable, ...] | None = None
    size: int | None = None
    store: Store | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Let go of the value."""

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Read the value or a part of it; None when there is none."""
        raise NotImplementedError

    async def version(self) -> Hashable:
        """What changes whenever the value does; None when there is no telling."""
        return None

    async def ask_size(self) -> int | None:
        """Bytes of the value, at the cost of a request where they are not known."""
        return self.size


class StoreValue(Value):
    """A value of a store of which nothing more is known: every part is a request of its own."""

    __slots__ = ("_key", "_store")

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key

    @property
    def store(self) -> Store:  # type: ignore[override] # an attribute elsewhere
        return self._store

    @property
    def identity(self) -> tuple[Hashable, ...] | None:  # type: ignore[override] # an attribute elsewhere
        return self._store.lock_identity, self._key

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await self._store.get(self._key, prototype, byte_range)

    async def version(self) -> Hashable:
        return await self._store.version(self._key)

    async def ask_size(self) -> int | None:
        try:
            return await self._store.getsize(self._key)
        except FileNotFoundError:
            return None


class GetterValue(Value):
    """A value behind zarr-python's contract for one."""

    __slots__ = ("_getter",)

    def __init__(self, getter: ByteGetter) -> None:
        self._getter = getter

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await self._getter.get(prototype, byte_range)


class ValuePart(Value):
    """Some bytes of a value as a value of their own, such as a shard inside a shard."""

    __slots__ = ("_start", "_whole", "size")

    def __init__(self, whole: Value, start: int, size: int) -> None:
        self._whole = whole
        self._start = start
        self.size = size

    @property
    def is_pinned(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        return self._whole.is_pinned

    @property
    def store(self) -> Store | None:  # type: ignore[override] # an attribute elsewhere
        return self._whole.store

    @property
    def identity(self) -> tuple[Hashable, ...] | None:  # type: ignore[override] # an attribute elsewhere
        whole = self._whole.identity
        return None if whole is None else (*whole, self._start)

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        start, end = resolve(byte_range, self.size or 0)
        return await self._whole.get(prototype, RangeByteRequest(self._start + start, self._start + end))

    async def version(self) -> Hashable:
        return await self._whole.version()
