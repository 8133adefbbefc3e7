"""The background event loop: one daemon thread that runs what a blocking caller must wait for.

It is started on first use, again after a fork, and needs no shutdown: at exit it is silenced, and ends with the
process.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Coroutine
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from terrazzo.errors import SyncError
from terrazzo.runtime.blocking import wait_for_all

if TYPE_CHECKING:
    import asyncio
    from concurrent import futures
    from concurrent.futures import Future
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")
    futures = LazyModule("concurrent.futures")

__all__ = ["background_loop", "run_on_loop", "settle", "stop_loop"]

R = TypeVar("R")

GRACE_SECONDS = 0.5
"""How long an interrupted caller waits for the work it cancelled to end."""

_starting = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """The loop, started if it does not run yet."""
    global _loop, _thread
    if _loop is None:
        with _starting:
            if _loop is None:
                loop = asyncio.new_event_loop()
                _thread = threading.Thread(target=_run, args=(loop,), name="terrazzo-loop", daemon=True)
                _thread.start()
                _loop = loop
    return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    while True:
        try:
            loop.run_forever()
        except (KeyboardInterrupt, SystemExit):  # raised in a task: its caller gets it, and others still wait here
            continue
        return


def run_on_loop(coroutine: Coroutine[Any, Any, R], timeout: float | None = None) -> R:
    """Run a coroutine on the background loop and block until it ends.

    Whatever ends the wait early, a timeout or Ctrl-C, cancels the coroutine and gives it ``GRACE_SECONDS`` to stop
    before the exception is raised.

    Raises
    ------
    SyncError
        Called on the loop's own thread, which would wait for itself.
    TimeoutError
        The coroutine did not end within `timeout` seconds.
    """
    loop = background_loop()
    if threading.current_thread() is _thread:
        coroutine.close()
        raise SyncError("a blocking call was made from a coroutine on terrazzo's own event loop; await it instead")
    outcome: Future[R] = futures.Future()
    tasks: list[asyncio.Task[R]] = []

    def start() -> None:
        task = loop.create_task(coroutine)
        tasks.append(task)
        task.add_done_callback(lambda done: settle(done, outcome))

    def cancel() -> None:
        if tasks:
            tasks[0].cancel()
        else:  # callbacks run in order: Ctrl-C came before `start` was handed over
            coroutine.close()
            outcome.set_exception(asyncio.CancelledError())

    try:
        loop.call_soon_threadsafe(start, context=copy_context())
        if not wait_for_all([outcome], timeout):
            raise TimeoutError(f"no result within {timeout} s (config['async.timeout'])")
        return outcome.result()
    except BaseException:
        if not outcome.done():
            loop.call_soon_threadsafe(cancel)
            wait_for_all([outcome], GRACE_SECONDS)
        raise


def stop_loop() -> None:
    """End the loop and its thread, for whoever must not leave threads behind; the next call starts them anew.

    What still runs there is cancelled. Nothing happens where no loop runs, or when called on its own thread.
    """
    global _loop, _thread
    with _starting:
        loop, thread = _loop, _thread
        if loop is None or thread is None or thread is threading.current_thread():
            return
        _loop = _thread = None

    def stop() -> None:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        ended = asyncio.gather(*tasks, return_exceptions=True)
        ended.add_done_callback(lambda _: loop.stop())

    loop.call_soon_threadsafe(stop)
    thread.join()
    loop.close()


def settle(task: asyncio.Task[R], outcome: Future[R]) -> None:
    """Hand over how a task ended."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())


def _forget_loop() -> None:
    """In the child of a fork: the thread that ran the loop does not exist there."""
    global _loop, _thread, _starting
    _starting = threading.Lock()
    _loop = _thread = None


def _silence_loop() -> None:
    """At exit: tasks still in flight end with the process, without a complaint on stderr."""
    if _loop is not None:
        _loop.set_exception_handler(lambda loop, context: None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_loop)
atexit.register(_silence_loop)
