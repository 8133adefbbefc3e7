"""How many requests one remote store is sent at once by the whole process, from all threads and event loops.

Requests that find the budget used up wait in one line, each on its own loop.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

if TYPE_CHECKING:
    import asyncio
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")

__all__ = ["Budget"]


class _Waiter:
    """A request in line. It has its share once `granted`, even if it has not noticed yet."""

    __slots__ = ("future", "granted", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.granted = False

    def wake(self) -> bool:
        """Tell it; False when its loop is closed."""
        try:
            self.loop.call_soon_threadsafe(_resolve, self.future)
        except RuntimeError:
            return False
        self.granted = True
        return True


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Budget:
    """Shares of one thing that is used at once, held in an ``async with`` block on an event loop.

    Attributes
    ----------
    used
        Shares that are held now.
    most
        The largest number of shares that were ever held at once.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Forget all holders: in the child of a fork they do not exist."""
        self._guard = threading.RLock()  # a finalizer, or the handler of a signal, may come in between
        self._line: deque[_Waiter] = deque()
        self.used = 0
        self.most = 0

    @staticmethod
    def of(identity: Hashable, limit: Callable[[], int]) -> Budget:
        """The budget for `identity`; the same object for every caller while anyone keeps it."""
        with _budgets_guard:
            budget = _budgets.get(identity)
            if budget is None:
                budget = _budgets[identity] = Budget(limit)
            return budget

    async def __aenter__(self) -> None:
        with self._guard:
            if not self._line and self.used < self._limit():
                self._take()
                return
            waiter = _Waiter()
            self._line.append(waiter)
        try:
            await waiter.future
        except BaseException:  # cancelled
            with self._guard:
                if waiter.granted:
                    self._give()
                elif waiter in self._line:  # unless its loop was found closed
                    self._line.remove(waiter)
            raise

    async def __aexit__(self, *exc_info: object) -> None:
        with self._guard:
            self._give()

    def _take(self) -> None:
        self.used += 1
        self.most = max(self.most, self.used)

    def _give(self) -> None:
        self.used -= 1
        while self._line and self.used < self._limit():
            if self._line.popleft().wake():
                self._take()


_budgets_guard = threading.RLock()
_budgets: WeakValueDictionary[Hashable, Budget] = WeakValueDictionary()
_all: WeakSet[Budget] = WeakSet()


def _forget_holders() -> None:
    global _budgets_guard
    _budgets_guard = threading.RLock()
    for budget in list(_all):
        budget.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_holders)
