"""What stores share that never wait."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.buffer.foreign import own_buffer
from terrazzo.runtime import run_inline

__all__ = ["InlineStore", "bytes_of"]


class InlineStore(Store):
    """A store whose coroutines never wait: a blocking caller runs them on its own thread."""

    inline = True
    supports_writes: bool = True
    supports_deletes: bool = True
    supports_listing: bool = True

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a value or a part of it; None when there is no such key."""
        return run_inline(self.get(key, default_buffer_prototype() if prototype is None else prototype, byte_range))

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a value."""
        run_inline(self.set(key, value))

    def delete_sync(self, key: str) -> None:
        """Delete a value; nothing happens when there is none."""
        run_inline(self.delete(key))


def bytes_of(value: Any) -> memoryview:
    """The bytes of a value that is to be written.

    Raises
    ------
    TypeError
        It is no buffer.
    """
    return memoryview(own_buffer(value).as_buffer_like())
