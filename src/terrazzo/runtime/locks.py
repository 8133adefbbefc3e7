"""Locks by key that threads and event loops share.

A thread that drives inline blocks on a lock; a coroutine on an event loop suspends. Both queue in one line, whose head
holds the lock, and whoever leaves wakes the next head, so neither kind starves the other.

Ctrl-C may come between any two steps, also between getting a lock and entering the block that it guards. So a driven
thread keeps its places in lines where its driver finds them, and leaving can be repeated until it has been completed.

Tables are found by identity, an object that says which thing is protected: two stores over one folder share a table.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from terrazzo.runtime.blocking import wait_for_event
from terrazzo.runtime.drive import driven_inline, thread

if TYPE_CHECKING:
    import asyncio
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")

__all__ = ["KeyedLock", "KeyedLocks"]


class _Place:
    """The place of a thread, or of a coroutine on its own loop, in the line for one key."""

    __slots__ = ("key", "locks", "tell")

    def __init__(self, locks: KeyedLocks, key: Hashable) -> None:
        self.locks = locks
        self.key = key
        self.tell: Callable[[], object] | None = None
        """Wakes who waits; None when nobody does."""

    def signal(self) -> threading.Event | asyncio.Future[None]:
        """What is waited for here."""
        if driven_inline():
            event = threading.Event()
            self.tell = event.set
            return event
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self.tell = partial(loop.call_soon_threadsafe, _resolve, future)
        return future

    def wake(self) -> bool:
        """Tell that this place is the first now; False when there is nobody left to be told."""
        if self.tell is not None:
            try:
                self.tell()
            except RuntimeError:  # its loop is closed: it will never run again
                return False
            self.tell = None
        return True

    def leave(self) -> None:
        """Leave the line, and let the next one have the lock. The second time nothing happens."""
        self.locks.leave(self)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class KeyedLocks:
    """A table of locks, one a key, that exist only while someone holds or wants them."""

    def __init__(self) -> None:
        self.reset()
        _tables.add(self)

    def reset(self) -> None:
        """Forget all holders: in the child of a fork, the threads that held a lock do not exist."""
        self._guard = threading.RLock()  # a finalizer, or the handler of a signal, may come in between
        self._lines: dict[Hashable, deque[_Place]] = {}

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

    def line_up(self, place: _Place) -> threading.Event | asyncio.Future[None] | None:
        """Go to the end of the line; what to wait for, or None at its head."""
        alone = deque((place,))
        if self._lines.setdefault(place.key, alone) is alone:
            return None
        with self._guard:
            line = self._lines.setdefault(place.key, alone)
            if line is alone:
                return None
            signal = place.signal()
            line.append(place)
            return signal

    def leave(self, place: _Place) -> None:
        """Take a place out of its line, wherever it is, and wake the head. Every step may be the last, or be redone."""
        with self._guard:
            line = self._lines.get(place.key)
            if line is None:
                return
            if len(line) == 1 and line[0] is place:
                del self._lines[place.key]
                return
            if place in line:
                line.remove(place)
            while line and not line[0].wake():
                line.popleft()
            if not line:
                del self._lines[place.key]

    def head(self, key: Hashable) -> _Place | None:
        """Who holds the lock."""
        line = self._lines.get(key)
        return None if line is None else line[0]


class KeyedLock:
    """One lock of a table, as an asynchronous context manager."""

    __slots__ = ("_key", "_locks")

    def __init__(self, locks: KeyedLocks, key: Hashable) -> None:
        self._locks = locks
        self._key = key

    async def __aenter__(self) -> None:
        place = _Place(self._locks, self._key)
        if thread.scope is not None:
            thread.places.append(place)
        signal = self._locks.line_up(place)
        if signal is None:
            return
        try:
            if isinstance(signal, threading.Event):
                wait_for_event(signal)
            else:
                await signal
        except BaseException:  # cancelled, or Ctrl-C
            place.leave()
            raise

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        place = self._locks.head(self._key)
        if place is not None:  # unless a fork came in between
            self._locks.leave(place)
            if thread.places and thread.places[-1] is place:  # a thread may hold the locks of a whole hierarchy
                thread.places.pop()
            elif place in thread.places:
                thread.places.remove(place)


_tables_guard = threading.RLock()
_tables: WeakSet[KeyedLocks] = WeakSet()
_by_identity: WeakValueDictionary[Hashable, KeyedLocks] = WeakValueDictionary()


def _forget_holders() -> None:
    global _tables_guard
    _tables_guard = threading.RLock()
    thread.places.clear()
    for table in list(_tables):
        table.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_holders)
