"""Having an executor of ``concurrent.futures`` make calls: as many at once as asked for, each result as it comes.

The calls and what they are given may have to be pickled; nothing here is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from terrazzo.runtime.blocking import LISTEN_SECONDS
from terrazzo.runtime.drive import current_scope

if TYPE_CHECKING:
    import asyncio
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")

__all__ = ["Executor", "map_in_executor", "shares_memory"]

T = TypeVar("T")
R = TypeVar("R")

_END = object()


def shares_memory(executor: Executor) -> bool:
    """Whether calls are known to run in this process, with the very objects that they are given."""
    return isinstance(executor, ThreadPoolExecutor)


class _Arrivals:
    """Futures that are done, in the order in which they became so."""

    def __init__(self) -> None:
        scope = current_scope()
        self._scope = scope
        self._done: SimpleQueue[Future[Any]] = SimpleQueue()
        self._ring: asyncio.Event | None = None
        if scope is None:
            self._ring = asyncio.Event()
            self._loop = asyncio.get_running_loop()

    def expect(self, future: Future[Any]) -> None:
        future.add_done_callback(self._arrived)

    def _arrived(self, future: Future[Any]) -> None:
        self._done.put(future)
        if self._ring is not None:
            try:
                self._loop.call_soon_threadsafe(self._ring.set)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return

    async def next(self, *, checked: bool = True) -> Future[Any]:
        """Wait for one; unless not `checked`, an operation that is to stop does so here."""
        while True:
            if checked and self._scope is not None:
                self._scope.check()
            if self._ring is None:
                try:
                    return self._done.get(timeout=LISTEN_SECONDS)
                except Empty:
                    continue
            self._ring.clear()
            try:
                return self._done.get_nowait()
            except Empty:
                await self._ring.wait()


async def map_in_executor(
    executor: Executor, call: Callable[[T], R], items: Iterable[T], done: Callable[[T, R], Any], *, at_once: int
) -> None:
    """Have an executor call ``call(item)`` for every item.

    The first error cancels what has not started, and is raised when the rest has ended.

    Parameters
    ----------
    done
        Is told each item with its result, here, as they come; when it gives something to await, that is awaited.
    at_once
        How many calls are submitted and not done, at most.
    """
    stream = iter(items)
    waiting: dict[Future[Any], T] = {}
    arrivals = _Arrivals()
    try:
        while True:
            while len(waiting) < at_once and (item := next(stream, _END)) is not _END:
                future = executor.submit(call, item)  # type: ignore[arg-type] # not the end
                waiting[future] = item  # type: ignore[assignment]
                arrivals.expect(future)
            if not waiting:
                return
            future = await arrivals.next()
            told = done(waiting.pop(future), future.result())
            if told is not None:
                await told
    except BaseException:
        for future in waiting:
            future.cancel()
        left = {future for future in waiting if not future.cancelled()}
        while left:
            left.discard(await arrivals.next(checked=False))
        raise
