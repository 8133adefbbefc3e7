"""Blocking on coroutines, as zarr-python lets other packages do: always on the background event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from terrazzo.errors import SyncError
from terrazzo.runtime import loop as background
from terrazzo.settings import config

__all__ = ["SyncError", "SyncMixin", "_collect_aiterator", "_get_executor", "_get_loop", "cleanup_resources", "sync"]

T = TypeVar("T")

_executor: ThreadPoolExecutor | None = None
_making = threading.Lock()


def sync(
    coro: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop | None = None, timeout: float | None = None
) -> T:
    """Run a coroutine on the background loop, or on a running `loop` of the caller, and wait for its result.

    Raises
    ------
    SyncError
        Called from a coroutine on that very loop, which would wait for itself.
    TimeoutError
        There is no result within `timeout` seconds.
    """
    timeout = config.get("async.timeout") if timeout is None else timeout
    if loop is None or loop is background.background_loop():
        return background.run_on_loop(coro, timeout)
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is loop:
        coro.close()
        raise SyncError(
            "a blocking call was made from a coroutine on the event loop that would run it; await it instead"
        )
    future = asyncio.run_coroutine_threadsafe(coro, loop)
    try:
        return future.result(timeout)
    except BaseException:
        future.cancel()
        raise


def _get_loop() -> asyncio.AbstractEventLoop:
    """The background loop, started if it does not run yet."""
    return background.background_loop()


def _get_executor() -> ThreadPoolExecutor:
    """A pool of threads; terrazzo does not use it."""
    global _executor
    with _making:
        if _executor is None:
            _executor = ThreadPoolExecutor(
                max_workers=config.get("threading.max_workers"), thread_name_prefix="zarr_pool"
            )
        return _executor


def cleanup_resources() -> None:
    """Stop the pool of ``_get_executor`` and the background loop; both start anew when they are needed."""
    global _executor
    with _making:
        pool, _executor = _executor, None
    if pool is not None:
        pool.shutdown(wait=True, cancel_futures=True)
    background.stop_loop()


async def _collect_aiterator(data: AsyncIterator[T]) -> tuple[T, ...]:
    """All items of an asynchronous iterator."""
    return tuple([item async for item in data])


class SyncMixin:
    """Gives a class ``_sync`` and ``_sync_iter``, with which its blocking methods call coroutines."""

    def _sync(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return sync(coroutine)

    def _sync_iter(self, async_iterator: AsyncIterator[T]) -> list[T]:
        return list(sync(_collect_aiterator(async_iterator)))
