"""Sharing work: the caller always works, helpers join when that pays.

`share` runs one worker coroutine several times over one stream of items. Driven inline, the caller's thread runs one
of them and pool threads run the others; helpers that have not started when the items run out are dropped, so nested
sharing cannot deadlock. On an event loop each of them is a task. Either way there is no task and no future per item.

Helping costs a hand-over of the interpreter lock at every call that releases it: below ``HELP_NS`` of work per item
two threads are slower than one (measured: 16 KiB lz4 chunks, 4 µs each, take 1.4 times as long on two threads).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from terrazzo.runtime.blocking import wait_for_all
from terrazzo.runtime.drive import Scope, current_scope, run_inline, thread
from terrazzo.runtime.workers import operations
from terrazzo.settings import max_workers

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")

__all__ = ["HELP_NS", "cpu_count", "map_concurrent", "share", "useful_width"]

T = TypeVar("T")
R = TypeVar("R")

HELP_NS = 60_000
"""Nanoseconds of work per item, spent outside the interpreter lock, from which a second thread pays."""

_END = object()

_working: set[int] = set()
"""Threads that share work now: work within work, and work of other callers, does not add threads to them."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_working.clear)


def cpu_count() -> int:
    """How many threads may compute at once: ``threading.max_workers``, or the cores this process may use."""
    limit = max_workers()
    if limit is not None:
        return limit
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def useful_width(count: int, item_ns: float, concurrency: int, crowded_ns: float = 0.0) -> int:
    """How many workers should share `count` items.

    Parameters
    ----------
    count
        Number of items.
    item_ns
        Estimated nanoseconds that one item computes outside the interpreter lock.
    concurrency
        How many items may wait at once, on an event loop.
    crowded_ns
        Nanoseconds that each item takes longer when there are several workers.
    """
    if current_scope() is None:
        return max(1, min(count, concurrency))
    if count < 2 or item_ns < HELP_NS + crowded_ns:
        return 1
    me = threading.get_ident()
    return max(1, min(count, cpu_count() - len(_working) + (me in _working)))


class _Seat:
    """The place of a thread among those that share work, unless it has one; interrupted, its driver finds it."""

    __slots__ = ("_me",)

    def __init__(self, me: int) -> None:
        self._me: int | None = None if me in _working else me

    def take(self) -> None:
        """Be counted."""
        if self._me is not None:
            thread.places.append(self)
            _working.add(self._me)

    def leave(self) -> None:
        """Be counted no more."""
        if self._me is not None:
            _working.discard(self._me)
            if self in thread.places:
                thread.places.remove(self)


class _Source(Generic[T]):
    """One stream of items for several workers, until it ends or one of them fails."""

    def __init__(self, items: Iterable[T], scope: Scope | None) -> None:
        self._items: Iterator[T | object] = iter(items)
        self._scope = scope
        self._guard = threading.Lock()
        self.stopped = False
        self.errors: list[BaseException] = []

    def take(self) -> Iterator[T]:
        """Items for one worker, one at a time: they are worth much more than the lock."""
        while not self.stopped:
            if self._scope is not None:
                self._scope.check()
            with self._guard:
                item = next(self._items, _END)
            if item is _END:
                return
            yield cast("T", item)

    def stop(self) -> None:
        self.stopped = True

    def fail(self, error: BaseException) -> None:
        self.errors.append(error)
        self.stopped = True

    def raise_first(self) -> None:
        """Raise the first error under its own class, with the others named in its notes."""
        if not self.errors:
            return
        first, *others = self.errors
        for other in others[:10]:
            if other is not first and not isinstance(other, asyncio.CancelledError):
                first.add_note(f"also: {type(other).__name__}: {other}")
        raise first


async def share(worker: Callable[[Iterator[T]], Awaitable[None]], items: Iterable[T], width: int) -> None:
    """Run `worker` up to `width` times at once, each over a part of `items`, until no item is left.

    The first error stops all workers, and is raised when each of them has ended: after the call nothing runs.
    """
    scope = current_scope()
    if width <= 1:
        await worker(iter(items) if scope is None else _checked(items, scope))
        return
    source = _Source(items, scope)
    if scope is None:
        await _share_tasks(worker, source, width)
    else:
        await _share_threads(worker, source, width, scope)
    source.raise_first()


def _checked(items: Iterable[T], scope: Scope) -> Iterator[T]:
    for item in items:
        if scope.stopped:
            scope.check()
        yield item


async def _share_threads(
    worker: Callable[[Iterator[T]], Awaitable[None]], source: _Source[T], width: int, scope: Scope
) -> None:
    async def work() -> None:
        seat = _Seat(threading.get_ident())
        seat.take()
        try:
            await worker(source.take())
        except BaseException as error:  # noqa: BLE001 - raised by `share`, once everyone has stopped
            source.fail(error)
        finally:
            seat.leave()

    helpers: list[Future[None]] = []
    try:
        with contextlib.suppress(RuntimeError):  # no thread can start at shutdown: the caller does it all
            helpers.extend(operations.submit(lambda: run_inline(work(), scope)) for _ in range(width - 1))
        await work()
        # Helpers still have items that they took; those that have not started have none.
        wait_for_all([helper for helper in helpers if not helper.cancel()])
    except BaseException:  # Ctrl-C, for errors of workers are collected; another one ends this wait too
        source.stop()
        wait_for_all([helper for helper in helpers if not helper.cancel()])
        raise


async def _share_tasks(worker: Callable[[Iterator[T]], Awaitable[None]], source: _Source[T], width: int) -> None:
    async def work() -> None:
        try:
            await worker(source.take())
        except BaseException as error:
            if not source.stopped:  # a worker that is cancelled after the stop is no failure of its own
                source.fail(error)
            raise

    tasks = [asyncio.ensure_future(work()) for _ in range(width)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        source.stop()
        await _end(tasks)


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    """Cancel what still runs, and return only when it has stopped."""
    interrupted = False
    for task in tasks:
        task.cancel()
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            interrupted = True
    for task in tasks:
        if not task.cancelled():
            task.exception()
    if interrupted:
        raise asyncio.CancelledError


async def map_concurrent(
    call: Callable[[T], Awaitable[R]], items: Iterable[T], *, concurrency: int, item_ns: float = 0.0
) -> list[R]:
    """Await ``call(item)`` for every item, several at once, and return the results in the order of the items."""
    listed = list(items)
    results: list[Any] = [None] * len(listed)

    async def worker(numbered: Iterator[tuple[int, T]]) -> None:
        for position, item in numbered:
            results[position] = await call(item)

    await share(worker, enumerate(listed), useful_width(len(listed), item_ns, concurrency))
    return results
