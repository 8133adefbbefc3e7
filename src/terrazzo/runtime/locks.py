"""Locks by key that threads and event loops share.

A thread that drives inline blocks on a lock; a coroutine on an event loop suspends. Both queue in one line, and a lock
is handed to the next in line by whoever releases it, so neither kind starves the other.

Tables are found by identity, an object that says which thing is protected: two stores over one folder share a table.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Hashable
from types import TracebackType
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from terrazzo.runtime.drive import driven_inline

if TYPE_CHECKING:
    import asyncio
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")

__all__ = ["KeyedLock", "KeyedLocks"]


class _Waiter:
    """Someone in line: a blocked thread, or a suspended coroutine on its own loop."""

    __slots__ = ("event", "future", "granted", "loop")

    def __init__(self) -> None:
        self.granted = False
        if driven_inline():
            self.event: threading.Event | None = threading.Event()
        else:
            self.event = None
            self.loop = asyncio.get_running_loop()
            self.future: asyncio.Future[None] = self.loop.create_future()

    def wake(self) -> None:
        if self.event is not None:
            self.event.set()
            return
        try:
            self.loop.call_soon_threadsafe(self._resolve)
        except RuntimeError:  # its loop is closed: it will never run again
            raise _GoneError from None

    def _resolve(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class _GoneError(Exception):
    """The next in line does not exist any more."""


class KeyedLocks:
    """A table of locks, one a key, that exist only while someone holds or wants them."""

    def __init__(self) -> None:
        self.reset()
        _tables.add(self)

    def reset(self) -> None:
        """Forget all holders: in the child of a fork, the threads that held a lock do not exist."""
        self._guard = threading.Lock()
        self._lines: dict[Hashable, deque[_Waiter] | None] = {}

    @staticmethod
    def of(identity: Hashable) -> KeyedLocks:
        """The table that protects `identity`; the same object for every caller while anyone keeps it."""
        with _tables_guard:
            table = _by_identity.get(identity)
            if table is None:
                table = _by_identity[identity] = KeyedLocks()
            return table

    def __call__(self, key: Hashable) -> KeyedLock:
        """The lock for `key`, to be held in an ``async with`` block. Not reentrant."""
        return KeyedLock(self, key)

    def held(self) -> int:
        """How many keys are locked now."""
        return len(self._lines)

    def take(self, key: Hashable) -> bool:
        """Lock `key` if nobody holds it."""
        with self._guard:
            if key in self._lines:
                return False
            self._lines[key] = None
            return True

    async def wait_for(self, key: Hashable) -> None:
        """Lock `key`, after everyone who came before."""
        waiter = _Waiter()
        with self._guard:
            if key not in self._lines:
                self._lines[key] = None
                return
            line = self._lines[key]
            if line is None:
                line = self._lines[key] = deque()
            line.append(waiter)
        try:
            if waiter.event is not None:
                waiter.event.wait()
            else:
                await waiter.future
        except BaseException:  # cancelled, or Ctrl-C
            self._leave(key, waiter)
            raise

    def _leave(self, key: Hashable, waiter: _Waiter) -> None:
        with self._guard:
            if not waiter.granted:
                line = self._lines.get(key)
                if line and waiter in line:
                    line.remove(waiter)
                return
        self.release(key)  # the lock was handed over just before the wait ended

    def release(self, key: Hashable) -> None:
        """Unlock `key`, or hand it to the next in line."""
        while True:
            with self._guard:
                line = self._lines.get(key)
                if not line:
                    self._lines.pop(key, None)
                    return
                waiter = line.popleft()
                waiter.granted = True
            try:
                waiter.wake()
            except _GoneError:
                continue
            return


class KeyedLock:
    """One lock of a table, as an asynchronous context manager."""

    __slots__ = ("_key", "_locks")

    def __init__(self, locks: KeyedLocks, key: Hashable) -> None:
        self._locks = locks
        self._key = key

    async def __aenter__(self) -> None:
        if not self._locks.take(self._key):
            await self._locks.wait_for(self._key)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._locks.release(self._key)


_tables_guard = threading.Lock()
_tables: WeakSet[KeyedLocks] = WeakSet()
_by_identity: WeakValueDictionary[Hashable, KeyedLocks] = WeakValueDictionary()


def _forget_holders() -> None:
    global _tables_guard
    _tables_guard = threading.Lock()
    for table in list(_tables):
        table.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_holders)
