"""Results that many ask for at once, and one makes: kept as long as they are true, if that can be told.

Whoever finds that somebody is at it waits for the result. Threads that drive inline and coroutines on event loops wait
side by side, as they do for a lock. When the one who is at it fails, or is cancelled, one of those who wait does it.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakSet

from terrazzo.runtime.locks import KeyedLock, KeyedLocks

__all__ = ["SharedResults"]

R = TypeVar("R")


class _Kept(NamedTuple, Generic[R]):
    """A result, what it is true for, and how much it counts."""

    version: Hashable
    result: R
    cost: int


class _Flight(Generic[R]):
    """One result on its way: empty, or with the result in it."""

    __slots__ = ("result",)

    def __init__(self) -> None:
        self.result: list[R] = []


class _OfOwner(Generic[R]):
    """What there is of one owner."""

    __slots__ = ("flights", "kept", "watchers")

    def __init__(self) -> None:
        self.watchers = 0
        self.kept: dict[Hashable, _Kept[R]] = {}
        self.flights: dict[tuple[Hashable, Hashable], _Flight[R]] = {}


class SharedResults(Generic[R]):
    """Results by owner, which is what they are made of, and key.

    Parameters
    ----------
    most
        How much is kept; what was not used for longest goes first.
    cost
        How much one result counts; None for one that must not be kept.

    Attributes
    ----------
    total
        How much is kept now.
    """

    def __init__(self, most: int, cost: Callable[[R], int | None]) -> None:
        self.most = most
        self._cost = cost
        self._locks = KeyedLocks()
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Forget everything: in the child of a fork, nobody is at it any more."""
        self._guard = threading.RLock()  # a finalizer, or the handler of a signal, may come in between
        self._owners: dict[Hashable, _OfOwner[R]] = {}
        # By identity of what is kept: numbers are hashed fast, and run nobody's code.
        self._order: OrderedDict[int, tuple[Hashable, Hashable, _Kept[R]]] = OrderedDict()
        self.total = 0
        self._is_exact = True

    @property
    def is_used(self) -> bool:
        """Whether anything is kept, or on its way."""
        return bool(self._owners)

    def peek(self, owner: Hashable, key: Hashable, version: Hashable) -> R | None:
        """A result that is kept; None when there is none that is true."""
        of_owner = self._owners.get(owner)
        kept = None if of_owner is None else of_owner.kept.get(key)
        if kept is not None and kept.version == version:
            try:  # noqa: SIM105 - `suppress` takes longer than all the rest
                self._order.move_to_end(id(kept))
            except KeyError:  # dropped since
                pass
            return kept.result
        return None

    async def get(
        self,
        owner: Hashable,
        key: Hashable,
        version: Hashable,
        make: Callable[[], Awaitable[R]],
        *,
        keeps: bool = True,
        confirm: Callable[[], Awaitable[bool]] | None = None,
    ) -> R:
        """The result for one key; the parameters are those of ``get_many``."""

        async def make_one(keys: Sequence[Hashable]) -> list[R]:
            return [await make()]

        return (await self.get_many(owner, [key], version, make_one, keeps=keeps, confirm=confirm))[0]

    async def get_many(
        self,
        owner: Hashable,
        keys: Sequence[Hashable],
        version: Hashable,
        make: Callable[[Sequence[Any]], Awaitable[Sequence[R]]],
        *,
        keeps: bool = True,
        confirm: Callable[[], Awaitable[bool]] | None = None,
    ) -> list[R]:
        """The results for several keys; those that nobody has are made now.

        Parameters
        ----------
        keys
            Each once, in an order that is the same for everyone: whoever waits for one may be at those before it.
        version
            A result of another version is not true any more. Where there is no telling, give None: results are true
            then until they are forgotten.
        make
            Makes the results for some of the keys.
        keeps
            Whether results may be kept. If not, only those share them who ask while they are made.
        confirm
            Says of results that were made whether they may be kept after all.
        """
        found: dict[Hashable, R] = {}
        while True:
            missing = []
            for key in keys:
                if key not in found:
                    kept = self.peek(owner, key, version) if keeps else None
                    if kept is None:
                        missing.append(key)
                    else:
                        found[key] = kept
            if not missing:
                return [found[key] for key in keys]
            await self._make(owner, missing, version, make, found, keeps, confirm)

    async def _make(
        self,
        owner: Hashable,
        keys: Sequence[Hashable],
        version: Hashable,
        make: Callable[[Sequence[Any]], Awaitable[Sequence[R]]],
        found: dict[Hashable, R],
        keeps: bool,
        confirm: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        """Make what nobody is at, and wait for the rest. What others failed to make is asked for again."""
        flights = [(key, self._flight(owner, key, version)) for key in keys]
        mine: list[tuple[Hashable, _Flight[R]]] = []
        entered: list[KeyedLock] = []
        try:
            for key, flight in flights:
                lock = self._locks(flight)
                await lock.__aenter__()
                entered.append(lock)
                if flight.result:
                    found[key] = flight.result[0]
                elif self._is_current(owner, key, version, flight):
                    mine.append((key, flight))
            if mine:
                made = await make([key for key, _ in mine])
                if confirm is not None:
                    keeps = keeps and await confirm()
                for (key, flight), result in zip(mine, made, strict=True):
                    self._settle(owner, key, version, flight, result, keeps)
                    found[key] = result
        finally:
            for lock in reversed(entered):
                await lock.__aexit__(None, None, None)
            for key, flight in flights:
                if not flight.result and self._locks.head(flight) is None:  # else who waits goes on with it
                    self._give_up(owner, key, version, flight)

    @contextmanager
    def watch(self, owner: Hashable) -> Iterator[Callable[[], bool]]:
        """For the time of a block, a function that says whether nothing of an owner was forgotten since it began."""
        with self._guard:
            of_owner = self._owners.setdefault(owner, _OfOwner())
            of_owner.watchers += 1
        try:
            yield lambda: self._owners.get(owner) is of_owner
        finally:
            with self._guard:
                of_owner.watchers -= 1
                if self._owners.get(owner) is of_owner:
                    self._drop_if_empty(owner)

    def forget(self, owner: Hashable) -> None:
        """Let nobody who asks from now on have what was made of something before, or is being made now."""
        with self._guard:
            of_owner = self._owners.pop(owner, None)
            if of_owner is not None:
                for kept in of_owner.kept.values():
                    self._uncount(kept)

    def forget_all(self, concerns: Callable[[Any], bool]) -> None:
        """Do that for all owners that are concerned."""
        for owner in [owner for owner in list(self._owners) if concerns(owner)]:
            self.forget(owner)

    def limit(self, most: int) -> None:
        """Keep so much from now on."""
        with self._guard:
            self.most = most
            self._shrink()

    def _flight(self, owner: Hashable, key: Hashable, version: Hashable) -> _Flight[R]:
        with self._guard:
            of_owner = self._owners.setdefault(owner, _OfOwner())
            return of_owner.flights.setdefault((key, version), _Flight())

    def _is_current(self, owner: Hashable, key: Hashable, version: Hashable, flight: _Flight[R]) -> bool:
        of_owner = self._owners.get(owner)
        return of_owner is not None and of_owner.flights.get((key, version)) is flight

    def _settle(
        self, owner: Hashable, key: Hashable, version: Hashable, flight: _Flight[R], result: R, keeps: bool
    ) -> None:
        """Hand a result to those who wait, and keep it unless it was forgotten while it was made."""
        cost = self._cost(result) if keeps else None
        with self._guard:
            flight.result.append(result)
            is_current = self._is_current(owner, key, version, flight)
            if is_current and cost is not None and cost <= self.most:
                of_owner = self._owners[owner]
                old = of_owner.kept.get(key)
                kept = _Kept(version, result, cost)
                self._count(owner, key, kept)
                of_owner.kept[key] = kept
                if old is not None:
                    self._uncount(old)
            self._give_up(owner, key, version, flight)
            self._shrink()

    def _give_up(self, owner: Hashable, key: Hashable, version: Hashable, flight: _Flight[R]) -> None:
        """Let nobody join a flight any more."""
        with self._guard:
            if self._is_current(owner, key, version, flight):
                self._owners[owner].flights.pop((key, version), None)
                self._drop_if_empty(owner)

    # Ctrl-C, or a finalizer that forgets something, may come between any two steps: what is in `_order` counts, whether
    # its owner still has it or not, and the total is counted again after a change that did not come to its end.

    def _count(self, owner: Hashable, key: Hashable, kept: _Kept[R]) -> None:
        self._make_exact()
        self._is_exact = False
        self._order[id(kept)] = owner, key, kept
        self.total += kept.cost
        self._is_exact = True

    def _uncount(self, kept: _Kept[R]) -> None:
        self._make_exact()
        self._is_exact = False
        if self._order.pop(id(kept), None) is not None:
            self.total -= kept.cost
        self._is_exact = True

    def _make_exact(self) -> None:
        if not self._is_exact:
            self.total = sum(kept.cost for _, _, kept in list(self._order.values()))

    def _shrink(self) -> None:
        self._make_exact()
        while self._order and self.total > self.most:
            owner, key, kept = next(iter(self._order.values()))
            of_owner = self._owners.get(owner)
            if of_owner is not None and of_owner.kept.get(key) is kept:
                del of_owner.kept[key]
                self._drop_if_empty(owner)
            self._uncount(kept)

    def _drop_if_empty(self, owner: Hashable) -> None:
        of_owner = self._owners.get(owner)
        if of_owner is not None and not (of_owner.kept or of_owner.flights or of_owner.watchers):
            self._owners.pop(owner, None)


_all: WeakSet[SharedResults[Any]] = WeakSet()


def _reset_all() -> None:
    for results in list(_all):
        results.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
