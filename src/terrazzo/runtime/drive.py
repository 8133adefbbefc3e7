"""The drivers: how a coroutine is run, and the gate that chooses one of them.

==============================  =======================  ==============================
caller                          store and codecs inline  otherwise
==============================  =======================  ==============================
blocking API                    ``run_inline``           ``run_on_loop``
async API                       ``run_offloaded``        plain ``await``
==============================  =======================  ==============================

A thread that drives inline carries a `Scope` in a thread-local, so that code deep inside an operation can tell
whether it may block (``driven_inline``) and whether it should stop.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from terrazzo.errors import SuspendedError
from terrazzo.runtime.loop import background_loop, run_on_loop, settle
from terrazzo.runtime.workers import functions, operations
from terrazzo.settings import current_options

if TYPE_CHECKING:
    import asyncio
    from concurrent import futures
    from concurrent.futures import Future
else:
    from terrazzo.runtime.lazy import LazyModule

    asyncio = LazyModule("asyncio")
    futures = LazyModule("concurrent.futures")

__all__ = [
    "Scope",
    "close_stream",
    "compute",
    "current_scope",
    "driven_inline",
    "next_item",
    "offload",
    "operation",
    "operation_listing",
    "operation_stream",
    "pause",
    "run_inline",
    "run_offloaded",
    "run_there",
    "thread",
]

P = ParamSpec("P")
R = TypeVar("R")


HOP_NS = 100_000
"""Nanoseconds that handing work to another thread and its result back takes, about."""


MOST_ITEMS = 256
"""Items of a listing that are handed over at once."""


class Scope:
    """One operation driven inline; `stopped` asks it to end at its next item."""

    __slots__ = ("stopped",)

    def __init__(self) -> None:
        self.stopped = False

    def check(self) -> None:
        """Raise ``CancelledError`` if the async caller of this operation was cancelled."""
        if self.stopped:
            raise asyncio.CancelledError


class HasInline(Protocol):
    """An object that knows whether everything it uses runs without waiting."""

    @property
    def inline(self) -> bool: ...


S = TypeVar("S", bound=HasInline)

_BLOCKING_CALL = Scope()
"""The scope of a blocking caller, who stops an operation only by an exception on its own thread."""


class Place(Protocol):
    """What a driven thread holds, and must not keep when it is interrupted: a place in the line for a lock."""

    def leave(self) -> None: ...


class _Thread(threading.local):
    """What a thread drives inline.

    Attributes
    ----------
    scope
        The operation; None outside.
    places
        What it holds now. Whoever takes something adds it first, and removes it last.
    """

    scope: Scope | None = None

    def __init__(self) -> None:
        self.places: list[Place] = []


thread = _Thread()


def driven_inline() -> bool:
    """Whether this thread drives a coroutine inline, and may therefore block."""
    return thread.scope is not None


def current_scope() -> Scope | None:
    """The scope of the operation this thread drives inline, or None on an event loop."""
    return thread.scope


def run_inline(coroutine: Coroutine[Any, Any, R], scope: Scope = _BLOCKING_CALL) -> R:
    """Run a coroutine that never waits to its end, on this thread, without an event loop.

    Raises
    ------
    SuspendedError
        The coroutine waited. It is closed.
    """
    outer = thread.scope
    places = thread.places
    before = len(places)
    thread.scope = scope
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    except BaseException:
        for place in places[before:]:  # Ctrl-C came just before a block was entered, or just after it was left
            place.leave()
        del places[before:]
        raise
    finally:
        thread.scope = outer
    with suppress(RuntimeError):  # it waits again while it is closed
        coroutine.close()
    raise SuspendedError(
        f"{getattr(coroutine, '__qualname__', coroutine)} waited while it was driven inline: "
        "a store or codec in it says `inline = True` and yet suspends"
    )


async def run_offloaded(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that blocks, but never waits, in a worker thread: one hop for a whole operation.

    When the caller is cancelled the operation stops at its next item, and the cancellation is raised once it has.
    """
    scope = Scope()

    def stop() -> None:
        scope.stopped = True

    try:
        future = operations.submit(copy_context().run, run_inline, coroutine, scope)
    except RuntimeError:
        coroutine.close()
        raise
    try:
        return await _result_of(future, stop)
    finally:
        if future.cancelled():  # it never started
            coroutine.close()


async def offload(call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Make a call that blocks or computes: at once when driven inline, in a worker thread on an event loop."""
    if thread.scope is not None:
        return call(*args, **kwargs)
    return await _result_of(functions.submit(call, *args, **kwargs), _nothing)


async def compute(coroutine: Coroutine[Any, Any, R], ns: float) -> R:
    """Run a coroutine that computes and never waits, so that an event loop stays free.

    Parameters
    ----------
    ns
        Estimated nanoseconds; what takes less than a hop to another thread is done at once.
    """
    if thread.scope is not None or ns < HOP_NS:
        return await coroutine
    try:
        future = functions.submit(run_inline, coroutine)
    except RuntimeError:
        coroutine.close()
        raise
    try:
        return await _result_of(future, _nothing)
    finally:
        if future.cancelled():
            coroutine.close()


async def run_there(coroutine: Coroutine[Any, Any, R], loop: asyncio.AbstractEventLoop | None = None) -> R:
    """Await a coroutine on the one loop that what it uses is bound to, from any other.

    Parameters
    ----------
    loop
        By default the background loop.
    """
    loop = background_loop() if loop is None else loop
    if asyncio.get_running_loop() is loop:
        return await coroutine
    outcome: Future[R] = futures.Future()
    outcome.set_running_or_notify_cancel()
    tasks: list[asyncio.Task[R]] = []

    def start() -> None:
        tasks.append(loop.create_task(coroutine))
        tasks[0].add_done_callback(lambda done: settle(done, outcome))

    def cancel() -> None:
        tasks[0].cancel()

    try:
        loop.call_soon_threadsafe(start, context=copy_context())
    except RuntimeError:  # it is closed
        coroutine.close()
        raise
    return await _result_of(outcome, lambda: loop.call_soon_threadsafe(cancel))


async def pause(seconds: float = 0.0) -> None:
    """Give the event loop to others; for stores that simulate waiting."""
    await asyncio.sleep(seconds)


def _nothing() -> None:
    """A single call cannot be stopped half-way."""


async def _result_of(future: Future[R], stop: Callable[[], object]) -> R:
    """Await a worker's result; on cancellation, wait until the worker has really stopped."""
    result = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(result)
    except asyncio.CancelledError:
        if not future.cancel():
            stop()
            await _until_done(result)
        raise
    except TimeoutError:
        return future.result()  # raises the worker's own, with its notes and errno, of which asyncio has made a new one


async def _until_done(result: asyncio.Future[Any]) -> None:
    while not result.done():
        try:
            await asyncio.wait([result])
        except asyncio.CancelledError:  # the first cancellation is raised by the caller, once the work has ended
            continue
    if not result.cancelled():
        result.exception()  # retrieved, so that asyncio does not report it as lost


def operation(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Gate a public coroutine: pick the driver from who calls and from whether the first argument is ``inline``.

    Inside a gate every other gate on an inline object is a plain call, so operations compose without extra hops.
    """

    @functools.wraps(method)
    async def gated(owner: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        coroutine = method(owner, *args, **kwargs)
        if thread.scope is not None:
            if owner.inline:
                return await coroutine
            return run_on_loop(coroutine, current_options().timeout)
        if owner.inline:
            return await run_offloaded(coroutine)
        return await coroutine

    return gated


def operation_stream(
    method: Callable[Concatenate[S, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[S, P], AsyncGenerator[R, None]]:
    """Gate a public asynchronous generator, as `operation` does: where a blocking caller must wait, item by item."""
    return _gated_stream(method, 1)


def operation_listing(
    method: Callable[Concatenate[S, P], AsyncGenerator[R, None]],
) -> Callable[Concatenate[S, P], AsyncGenerator[R, None]]:
    """Gate a public asynchronous generator of many small items: a blocking caller that must wait asks for several at
    once, ever more of them, as each hop to the background loop takes longer than an item.
    """
    return _gated_stream(method, MOST_ITEMS)


def _gated_stream(
    method: Callable[Concatenate[S, P], AsyncGenerator[R, None]], most: int
) -> Callable[Concatenate[S, P], AsyncGenerator[R, None]]:
    @functools.wraps(method)
    async def gated(owner: S, /, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        items = method(owner, *args, **kwargs)
        waits = thread.scope is not None and not owner.inline
        count = 1
        try:
            while True:
                if waits:
                    found, end = run_on_loop(_next_items(items, count), current_options().timeout)
                    for item in found:
                        yield item
                    if end is not None:
                        raise end
                    if len(found) < count:
                        return
                    count = min(2 * count, most)
                else:
                    step = await next_item(items)
                    if step is None:
                        return
                    yield step[0]
        finally:
            close = close_stream(items)
            if waits:
                run_on_loop(close)
            else:
                await close

    return gated


async def _next_items(items: AsyncGenerator[R, None], count: int) -> tuple[list[R], Exception | None]:
    """So many next items, or fewer at the end; and the error that the next one has, where some came before it."""
    found: list[R] = []
    try:
        async for item in items:
            found.append(item)
            if len(found) == count:
                break
    except Exception as error:
        if not found:
            raise
        return found, error
    return found, None


async def next_item(items: AsyncGenerator[R, None]) -> tuple[R] | None:
    """The next item, in a tuple, or None at the end."""
    async for item in items:
        return (item,)
    return None


async def close_stream(items: AsyncGenerator[Any, None]) -> None:
    """Close an asynchronous generator; a coroutine, so that any driver can run it."""
    await items.aclose()
