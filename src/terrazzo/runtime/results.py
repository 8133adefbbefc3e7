"""Results that many ask for at once, and one makes: kept as long as they are true, if that can be told.

Whoever finds that somebody is at it waits for the result. Threads that drive inline and coroutines on event loops wait
side by side, as they do for a lock.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from terrazzo.runtime.locks import KeyedLocks

__all__ = ["SharedResults"]

R = TypeVar("R")


class _Flight(Generic[R]):
    """One result on its way: empty, or with the result in it."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: list[R] = []


class SharedResults(Generic[R]):
    """Results by key.

    Parameters
    ----------
    most
        How much is kept; what was not used for longest goes first.
    cost
        How much one result counts.
    """

    def __init__(self, most: int, cost: Callable[[R], int]) -> None:
        self.most = most
        self._cost = cost
        self._locks = KeyedLocks()
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Forget everything: in the child of a fork, nobody is at it any more."""
        self._guard = threading.RLock()
        self._kept: OrderedDict[Hashable, tuple[Hashable, R]] = OrderedDict()
        self._flights: dict[tuple[Hashable, Hashable], _Flight[R]] = {}
        self._total = 0

    async def get(self, key: Hashable, version: Hashable, make: Callable[[], Awaitable[R]], *, keeps: bool = True) -> R:
        """The result for a key, made now if nobody has it.

        Parameters
        ----------
        version
            A result of another version is not true any more. None when there is no telling: then nothing is kept,
            and only those share it who ask while it is being made.
        keeps
            Whether the result may be kept at all.
        """
        if version is not None and keeps:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == version:
                return kept[1]
        flight = self._flights.setdefault((key, version), _Flight())
        async with self._locks(flight):
            if flight.result:
                return flight.result[0]
            try:
                result = await make()
            finally:
                if self._flights.get((key, version)) is flight:
                    del self._flights[key, version]
            flight.result.append(result)
        if version is not None and keeps:
            self._keep(key, version, result)
        return result

    def forget(self, concerns: Callable[[Any], bool]) -> None:
        """Let nobody who asks from now on have a result that is being made now, for the keys concerned."""
        for key, version in list(self._flights):
            if concerns(key):
                self._flights.pop((key, version), None)

    def _keep(self, key: Hashable, version: Hashable, result: R) -> None:
        with self._guard:
            old = self._kept.pop(key, None)
            self._total += self._cost(result) - (self._cost(old[1]) if old is not None else 0)
            self._kept[key] = version, result
            while self._total > self.most:
                _, (_, dropped) = self._kept.popitem(last=False)
                self._total -= self._cost(dropped)


_all: WeakSet[SharedResults[Any]] = WeakSet()


def _reset_all() -> None:
    for results in list(_all):
        results.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
