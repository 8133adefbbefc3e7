"""What stores share that never wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
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

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock of your own while a block runs, for steps that no single operation takes, such as ``a[0] += 1``.

        It keeps out whoever asks for the same name in this process, and in others too where the store has locks that
        processes share: `SQLiteStore`, and `LocalStore` with ``locks=True``. Not reentrant.

        Parameters
        ----------
        name
            Of the lock; it has nothing to do with keys.
        """
        lock = self.lock(f"\0{name}")
        run_inline(_enter(lock))
        try:
            yield
        finally:
            run_inline(_leave(lock))

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


async def _enter(lock: AbstractAsyncContextManager[None]) -> None:
    await lock.__aenter__()


async def _leave(lock: AbstractAsyncContextManager[None]) -> None:
    await lock.__aexit__(None, None, None)


def bytes_of(value: Any) -> memoryview:
    """The bytes of a value that is to be written.

    Raises
    ------
    TypeError
        It is no buffer.
    """
    return memoryview(own_buffer(value).as_buffer_like())
