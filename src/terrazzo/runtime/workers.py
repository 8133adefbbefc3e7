"""Two pools of daemon threads, grown on demand and shared by the whole process.

``operations`` runs whole operations and the helpers that share one; these may wait for a lock. ``functions`` runs
single calls that never wait for another piece of terrazzo: reading one file, decoding one chunk. Keeping them apart
means that operations waiting for a lock can never starve the call whose end releases it.

``concurrent.futures.ThreadPoolExecutor`` is not used because the interpreter joins its threads at exit, so that one
read in flight would hold up the end of the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from concurrent import futures
    from concurrent.futures import Future
else:
    from terrazzo.runtime.lazy import LazyModule

    futures = LazyModule("concurrent.futures")

__all__ = ["Workers", "functions", "operations"]

P = ParamSpec("P")
R = TypeVar("R")
Task = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Workers:
    """Threads that run submitted calls in order of submission."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.reset()

    def reset(self) -> None:
        """Forget all threads and all tasks: in the child of a fork the threads do not exist."""
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._growing = threading.Lock()
        self._count = 0

    def submit(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a worker make the call.

        Raises
        ------
        RuntimeError
            The interpreter is shutting down and no thread is left to do it.
        """
        future: Future[R] = futures.Future()
        self._tasks.put((future, call, args, kwargs))
        if not self._idle.acquire(blocking=False):
            self._grow(future)
        return future

    def _grow(self, future: Future[Any]) -> None:
        with self._growing:
            if self._count >= self.size:
                return
            thread = threading.Thread(target=self._work, name=f"{self.name}-{self._count}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no new thread can start while the interpreter shuts down
                if self._count == 0 and future.cancel():
                    raise
                return
            self._count += 1

    def _work(self) -> None:
        tasks, idle = self._tasks, self._idle
        while True:
            future, call, args, kwargs = tasks.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call(*args, **kwargs))
                except StopIteration as error:  # no asyncio future takes it, and whoever awaits would wait for ever
                    future.set_exception(_as_coroutines_do(error))
                except BaseException as error:  # noqa: BLE001 - the caller gets whatever was raised
                    future.set_exception(error)
            del future, call, args, kwargs  # do not keep a result alive while idle
            idle.release()


def _as_coroutines_do(error: StopIteration) -> RuntimeError:
    """What a coroutine makes of an error that would pass for its own end."""
    converted = RuntimeError("a call raised StopIteration")
    converted.__cause__ = error
    return converted


def _pool_size() -> int:
    return min(32, (os.cpu_count() or 1) + 4)


operations = Workers("terrazzo-operation", _pool_size())
functions = Workers("terrazzo-function", _pool_size())

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=operations.reset)
    os.register_at_fork(after_in_child=functions.reset)
