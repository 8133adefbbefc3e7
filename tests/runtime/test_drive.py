import asyncio
import contextvars
import gc
import inspect
import threading

import pytest

from terrazzo import config
from terrazzo.errors import SuspendedError
from terrazzo.runtime import (
    compute,
    drive,
    driven_inline,
    offload,
    operation,
    operation_listing,
    operation_stream,
    pause,
    run_inline,
    run_offloaded,
    share,
)
from terrazzo.runtime.drive import HOP_NS, Scope, close_stream, current_scope, next_item
from terrazzo.runtime.workers import Workers
from tests.parallel import LIMIT_SECONDS, until_async

flavour = contextvars.ContextVar("flavour", default="plain")


def thread_name():
    return threading.current_thread().name


class Gate:
    """A call that lasts until it is let go, and tells when it has begun and ended."""

    def __init__(self):
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, result=None):
        self.begun.set()
        assert self.go.wait(LIMIT_SECONDS)
        self.ended.set()
        return result

    async def until_begun(self):
        await until_async(self.begun.is_set)


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.go.set()


@pytest.fixture
def one_worker(monkeypatch):
    """Both pools have one thread only."""
    monkeypatch.setattr(drive, "operations", Workers("test-operation", 1))
    monkeypatch.setattr(drive, "functions", Workers("test-function", 1))


@pytest.fixture
def no_thread(monkeypatch):
    """No thread can be started, as when the interpreter shuts down."""

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(drive, "operations", Workers("test-operation", 1))
    monkeypatch.setattr(drive, "functions", Workers("test-function", 1))
    monkeypatch.setattr(threading.Thread, "start", refuse)


def complaints(main):
    """Run on a new loop; what was reported to the loop's exception handler, that is, lost."""
    reported = []

    async def watched():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))
        await main()
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(watched())
    return reported


# -- inline


def test_a_coroutine_runs_on_the_calling_thread_without_a_loop():
    async def inner():
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return threading.current_thread(), driven_inline()

    async def outer():
        return await inner()

    assert not driven_inline()
    assert run_inline(outer()) == (threading.current_thread(), True)
    assert not driven_inline()


def test_an_error_passes_and_the_thread_is_as_before():
    async def fail():
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        run_inline(fail())
    assert not driven_inline()


def test_a_coroutine_that_waits_is_refused_and_closed():
    cleaned = []

    async def store_that_lies():
        try:
            await pause()
        finally:
            cleaned.append(driven_inline())

    async def read():
        try:
            await store_that_lies()
        finally:
            cleaned.append("read")

    coroutine = read()
    with pytest.raises(SuspendedError, match=r"read waited while it was driven inline.*inline = True"):
        run_inline(coroutine)
    assert cleaned == [False, "read"]
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    assert not driven_inline()


def test_a_coroutine_that_waits_again_when_it_is_closed_is_refused_too():
    async def stubborn():
        try:
            await pause()
        finally:
            await pause()

    with pytest.raises(SuspendedError, match="stubborn waited"):
        run_inline(stubborn())


def test_driving_inside_what_is_driven_gives_the_outer_scope_back():
    inner, outer = Scope(), Scope()

    async def nested():
        return current_scope()

    async def nesting():
        before = current_scope()
        return before, run_inline(nested(), inner), current_scope()

    assert run_inline(nesting(), outer) == (outer, inner, outer)
    assert current_scope() is None


def test_other_threads_are_not_driven_inline():
    async def ask():
        seen = []
        thread = threading.Thread(target=lambda: seen.append(driven_inline()))
        thread.start()
        thread.join()
        return seen

    assert run_inline(ask()) == [False]


def test_a_scope_that_is_stopped_raises_a_cancellation():
    scope = Scope()
    scope.check()
    scope.stopped = True
    with pytest.raises(asyncio.CancelledError):
        scope.check()


# -- offloaded


def test_an_operation_takes_one_hop_as_a_whole():
    async def inner():
        return thread_name(), await offload(thread_name), await compute(inner_most(), 10 * HOP_NS)

    async def inner_most():
        return thread_name()

    async def main():
        return await run_offloaded(inner())

    first, second, third = asyncio.run(main())
    assert first == second == third
    assert first.startswith("terrazzo-operation-")


def test_the_loop_is_free_while_an_operation_blocks(gate):
    async def block():
        return gate("done")

    async def main():
        operation = asyncio.ensure_future(run_offloaded(block()))
        await gate.until_begun()
        gate.go.set()  # had the loop been blocked, nobody could have come here
        return await operation

    assert asyncio.run(main()) == "done"


def test_an_offloaded_operation_sees_the_context_of_its_caller():
    async def look():
        seen = flavour.get()
        flavour.set("changed")
        return seen

    async def main():
        flavour.set("sweet")
        return await run_offloaded(look()), flavour.get()

    assert asyncio.run(main()) == ("sweet", "sweet")


def test_an_error_of_an_offloaded_operation_passes():
    async def fail():
        raise LookupError("not here")

    async def lie():
        await pause()

    async def main():
        with pytest.raises(LookupError, match="not here"):
            await run_offloaded(fail())
        with pytest.raises(SuspendedError):
            await run_offloaded(lie())

    assert complaints(main) == []


def test_a_cancelled_operation_stops_at_its_next_item_and_only_then_raises(gate):
    done = []

    async def work():
        async def worker(items):
            for item in items:
                gate()
                done.append(item)

        await share(worker, range(10), 1)

    async def main():
        operation = asyncio.ensure_future(run_offloaded(work()))
        await gate.until_begun()
        operation.cancel()
        await asyncio.sleep(0.001)
        operation.cancel()  # impatience changes nothing
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not operation.done()
        assert done == []
        gate.go.set()
        with pytest.raises(asyncio.CancelledError):
            await operation
        assert done == [0]

    assert complaints(main) == []


def test_an_error_of_a_cancelled_operation_is_not_reported_as_lost(gate):
    async def work():
        gate()
        raise LookupError("not here")

    async def main():
        operation = asyncio.ensure_future(run_offloaded(work()))
        await gate.until_begun()
        operation.cancel()
        await asyncio.sleep(0)
        gate.go.set()
        with pytest.raises(asyncio.CancelledError):
            await operation

    assert complaints(main) == []


def test_a_cancellation_of_the_operation_itself_passes():
    async def cancelled():
        raise asyncio.CancelledError

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await run_offloaded(cancelled())

    assert complaints(main) == []


async def never():
    raise AssertionError("it was cancelled before it could start")


@pytest.mark.parametrize("start", [run_offloaded, lambda coroutine: compute(coroutine, 10 * HOP_NS)])
def test_an_operation_that_never_starts_is_closed(one_worker, gate, start):
    coroutine = never()

    async def main():
        busy = [drive.operations.submit(gate), drive.functions.submit(gate)]
        await gate.until_begun()
        operation = asyncio.ensure_future(start(coroutine))
        await asyncio.sleep(0.001)
        operation.cancel()
        with pytest.raises(asyncio.CancelledError):
            await operation
        assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
        gate.go.set()
        for future in busy:
            await asyncio.wrap_future(future)

    assert complaints(main) == []


@pytest.mark.parametrize("start", [run_offloaded, lambda coroutine: compute(coroutine, 10 * HOP_NS)])
def test_an_operation_for_which_there_is_no_thread_is_closed(no_thread, start):
    coroutine = never()
    with pytest.raises(RuntimeError, match="new thread"):
        asyncio.run(start(coroutine))
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


# -- single calls


def test_a_call_is_made_at_once_when_driven_inline():
    async def call():
        return await offload(lambda *args, **kwargs: (threading.current_thread(), args, kwargs), 1, key=2)

    assert run_inline(call()) == (threading.current_thread(), (1,), {"key": 2})


def test_a_call_is_made_in_a_worker_on_a_loop():
    async def main():
        return await offload(lambda *args, **kwargs: (thread_name(), args, kwargs), 1, key=2)

    name, args, kwargs = asyncio.run(main())
    assert name.startswith("terrazzo-function-")
    assert (args, kwargs) == ((1,), {"key": 2})


@pytest.mark.parametrize("run", [run_inline, asyncio.run])
def test_an_error_of_a_call_passes(run):
    with pytest.raises(ZeroDivisionError):
        run(offload(lambda: 1 // 0))


@pytest.mark.parametrize("run", [run_inline, asyncio.run])
def test_a_call_that_raises_stop_iteration_does_not_hang(run):
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        run(offload(next, iter(())))


def test_a_cancelled_call_has_ended_when_the_cancellation_is_raised(gate):
    async def main():
        call = asyncio.ensure_future(offload(gate))
        await gate.until_begun()
        call.cancel()
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not call.done()
        gate.go.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert gate.ended.is_set()

    assert complaints(main) == []


def test_a_cancelled_call_that_has_not_begun_is_never_made(one_worker, gate):
    made = []

    async def main():
        busy = asyncio.ensure_future(offload(gate))
        await gate.until_begun()
        call = asyncio.ensure_future(offload(made.append, 1))
        await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        gate.go.set()
        await busy
        await offload(int)

    assert complaints(main) == []
    assert made == []


# -- computing


async def where():
    return thread_name(), driven_inline()


@pytest.mark.parametrize("ns", [0, 10 * HOP_NS])
def test_driven_inline_everything_is_computed_at_once(ns):
    async def main():
        return await compute(where(), ns)

    assert run_inline(main()) == (thread_name(), True)


def test_on_a_loop_little_is_computed_at_once():
    assert asyncio.run(compute(where(), HOP_NS - 1)) == (thread_name(), False)


def test_on_a_loop_much_is_computed_in_a_worker():
    name, inline = asyncio.run(compute(where(), HOP_NS))
    assert name.startswith("terrazzo-function-")
    assert inline


def test_an_error_of_a_computation_passes():
    async def fail():
        raise LookupError("not here")

    async def main():
        for ns in (0, HOP_NS):
            with pytest.raises(LookupError, match="not here"):
                await compute(fail(), ns)

    assert complaints(main) == []


def test_a_cancelled_computation_has_ended_when_the_cancellation_is_raised(gate):
    async def work():
        gate()

    async def main():
        computation = asyncio.ensure_future(compute(work(), HOP_NS))
        await gate.until_begun()
        computation.cancel()
        for _ in range(10):
            await asyncio.sleep(0.001)
        assert not computation.done()
        gate.go.set()
        with pytest.raises(asyncio.CancelledError):
            await computation
        assert gate.ended.is_set()

    assert complaints(main) == []


def test_a_pause_lets_others_run():
    order = []

    async def other():
        order.append("other")

    async def main():
        task = asyncio.ensure_future(other())
        await pause()
        order.append("after the pause")
        await task

    asyncio.run(main())
    assert order == ["other", "after the pause"]


# -- the gates


class Node:
    """Something with gated operations, inline or not."""

    def __init__(self, inline, fails=False):
        self.inline = inline
        self.fails = fails
        self.closed_in = None

    @operation
    async def here(self, *extra, suffix=""):
        """Where this runs."""
        if not self.inline:
            await pause()
        if self.fails:
            raise LookupError("not here")
        return place(), extra, suffix

    @operation
    async def twice(self):
        return place(), (await self.here())[0]

    @operation_stream
    async def places(self, count):
        """Where this runs, for each item."""
        try:
            for _ in range(count):
                if not self.inline:
                    await pause()
                yield place(), await offload(thread_name)
            if self.fails:
                raise LookupError("not here")
        finally:
            self.closed_in = place()


def place():
    """Name of the thread, whether it is driven inline, and whether a loop runs in it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        looping = False
    else:
        looping = True
    return thread_name(), driven_inline(), looping


def test_a_blocking_caller_of_an_inline_node_is_driven_inline():
    assert run_inline(Node(True).here(1, suffix="x")) == ((thread_name(), True, False), (1,), "x")


def test_a_blocking_caller_of_a_node_that_waits_uses_the_background_loop():
    assert run_inline(Node(False).here(1, suffix="x")) == (("terrazzo-loop", False, True), (1,), "x")


def test_an_async_caller_of_an_inline_node_is_offloaded():
    async def main():
        return await Node(True).here(1, suffix="x")

    (name, inline, looping), *rest = asyncio.run(main())
    assert name.startswith("terrazzo-operation-")
    assert (inline, looping, rest) == (True, False, [(1,), "x"])


def test_an_async_caller_of_a_node_that_waits_just_awaits():
    async def main():
        return await Node(False).here(1, suffix="x")

    assert asyncio.run(main()) == ((thread_name(), False, True), (1,), "x")


def test_a_gate_inside_a_gate_costs_no_hop():
    async def main():
        return await Node(True).twice()

    first, second = asyncio.run(main())
    assert first == second
    assert len(set(run_inline(Node(True).twice()))) == 1
    assert len(set(run_inline(Node(False).twice()))) == 1


def test_a_blocking_call_inside_a_loop_works_both_ways():
    async def main():
        return run_inline(Node(True).here())[0], run_inline(Node(False).here())[0]

    assert asyncio.run(main()) == ((thread_name(), True, True), ("terrazzo-loop", False, True))


@pytest.mark.parametrize("inline", [True, False])
def test_an_error_passes_every_gate(inline):
    async def main():
        await Node(inline, fails=True).here()

    for run in (run_inline, asyncio.run):
        with pytest.raises(LookupError, match="not here"):
            run(main())


def test_a_gate_looks_like_what_it_gates():
    assert Node.here.__name__ == "here"
    assert Node.here.__doc__ == "Where this runs."
    assert inspect.iscoroutinefunction(Node.here)
    assert str(inspect.signature(Node.here)) == "(self, *extra, suffix='')"
    assert Node.places.__doc__ == "Where this runs, for each item."
    assert inspect.isasyncgenfunction(Node.places)


def test_the_timeout_of_the_settings_ends_a_blocking_call_that_waits():
    class Slow:
        inline = False
        ended = False

        @operation
        async def answer(self):
            try:
                await asyncio.Event().wait()
            finally:
                self.ended = True

        @operation_stream
        async def answers(self):
            try:
                yield await asyncio.Event().wait()
            finally:
                self.ended = True

    for ask in (Slow.answer, lambda slow: next_item(slow.answers())):
        slow = Slow()
        with config.set({"async.timeout": 0.01}), pytest.raises(TimeoutError, match=r"async\.timeout"):
            run_inline(ask(slow))
        assert slow.ended


async def listed(items):
    return [item async for item in items]


def test_a_blocking_caller_of_an_inline_stream_is_driven_inline():
    node = Node(True)
    here = thread_name(), True, False
    assert run_inline(listed(node.places(2))) == [(here, thread_name())] * 2
    assert node.closed_in == here


class Listing:
    """Items that are many and small."""

    def __init__(self, inline, count, fails=False):
        self.inline, self.count, self.fails = inline, count, fails
        self.made = 0
        self.closed = False

    @operation_listing
    async def items(self):
        """Numbers."""
        try:
            for number in range(self.count):
                self.made += 1
                yield number
            if self.fails:
                raise LookupError("not here")
        finally:
            self.closed = True


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 1000])
def test_a_listing_gives_all_items_in_order_and_its_error_after_them(inline, count):
    listing = Listing(inline, count)
    assert run_inline(listed(listing.items())) == list(range(count))
    assert listing.closed
    failing = Listing(inline, count, fails=True)
    got = []

    async def collect():
        async for item in failing.items():
            got.append(item)

    with pytest.raises(LookupError, match="not here"):
        run_inline(collect())
    assert got == list(range(count))
    assert failing.closed


def test_a_listing_hands_over_ever_more_items_at_once():
    listing = Listing(False, 1000)
    items = listing.items()
    made = []
    for _ in range(600):
        run_inline(next_item(items))
        made.append(listing.made)
    run_inline(close_stream(items))
    assert sorted(set(made)) == [1, 3, 7, 15, 31, 63, 127, 255, 511, 767]
    assert listing.closed


def test_a_blocking_caller_of_a_stream_that_waits_uses_the_background_loop():
    node = Node(False)
    items = run_inline(listed(node.places(2)))
    assert [item for item, _ in items] == [("terrazzo-loop", False, True)] * 2
    assert all(name.startswith("terrazzo-function-") for _, name in items)
    assert node.closed_in == ("terrazzo-loop", False, True)


def test_an_async_caller_of_an_inline_stream_blocks_only_workers():
    node = Node(True)
    items = asyncio.run(listed(node.places(2)))
    assert [item for item, _ in items] == [(thread_name(), False, True)] * 2
    assert all(name.startswith("terrazzo-function-") for _, name in items)
    assert node.closed_in == (thread_name(), False, True)


def test_an_async_caller_of_a_stream_that_waits_just_iterates():
    node = Node(False)
    items = asyncio.run(listed(node.places(2)))
    assert [item for item, _ in items] == [(thread_name(), False, True)] * 2
    assert node.closed_in == (thread_name(), False, True)


@pytest.mark.parametrize("inline", [True, False])
def test_a_stream_that_is_left_early_is_closed(inline):
    async def main():
        items = node.places(5)
        async for _ in items:
            break
        await items.aclose()

    for run in (run_inline, asyncio.run):
        node = Node(inline)
        run(main())
        assert node.closed_in is not None


@pytest.mark.parametrize("inline", [True, False])
def test_an_error_of_a_stream_passes_after_the_items_before_it(inline):
    async def main():
        async for item in node.places(2):
            seen.append(item)

    for run in (run_inline, asyncio.run):
        node = Node(inline, fails=True)
        seen = []
        with pytest.raises(LookupError, match="not here"):
            run(main())
        assert len(seen) == 2
        assert node.closed_in is not None


def test_the_end_of_a_stream_differs_from_an_item_that_is_none():
    async def items():
        yield None

    async def main():
        stream = items()
        return await next_item(stream), await next_item(stream)

    assert run_inline(main()) == ((None,), None)


def test_closing_a_stream_runs_its_cleanup():
    closed = []

    async def items():
        try:
            yield 1
        finally:
            closed.append(True)

    async def main():
        stream = items()
        await next_item(stream)
        await close_stream(stream)

    run_inline(main())
    assert closed == [True]
