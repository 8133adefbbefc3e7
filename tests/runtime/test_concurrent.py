import asyncio
import itertools
import os
import signal
import sys
import threading
from collections import Counter
from concurrent.futures import wait

import pytest

from terrazzo import config
from terrazzo.runtime import blocking, cpu_count, map_concurrent, pause, run_inline, run_offloaded, share, useful_width
from terrazzo.runtime import concurrent as concurrent_module
from terrazzo.runtime.concurrent import HELP_NS
from terrazzo.runtime.drive import Scope
from terrazzo.runtime.workers import Workers
from tests.interruption import Interruption
from tests.parallel import LIMIT_SECONDS, until_async

WIDTHS = range(1, 9)


@pytest.fixture(params=["inline", "loop"])
def run(request):
    """Both drivers; on a loop every item waits."""
    return run_inline if request.param == "inline" else asyncio.run


async def breathe():
    """Let the other workers go on, however this is driven."""
    if concurrent_module.current_scope() is None:
        await pause()
    else:
        sys.setswitchinterval(1e-6)


@pytest.fixture(autouse=True)
def _quick_switches():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def pool(monkeypatch):
    """A pool of two threads of its own."""
    pool = Workers("test-operation", 2)
    monkeypatch.setattr(concurrent_module, "operations", pool)
    return pool


class Crew:
    """Workers that count themselves, and what they have done."""

    def __init__(self):
        self.active = 0
        self.guard = threading.Lock()
        self.done = []
        self.threads = set()

    async def __call__(self, items):
        with self.guard:
            self.active += 1
        try:
            for item in items:
                self.threads.add(threading.current_thread().name)
                await self.work(item)
                self.done.append(item)
        finally:
            with self.guard:
                self.active -= 1

    async def work(self, item):
        await breathe()


# -- how many


def test_as_many_threads_compute_as_the_process_has_cores(monkeypatch):
    if hasattr(os, "sched_getaffinity"):
        assert cpu_count() == len(os.sched_getaffinity(0))
        monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert cpu_count() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu_count() == 1


def test_the_settings_say_how_many_threads_compute():
    with config.set({"threading.max_workers": 3}):
        assert cpu_count() == 3


@pytest.mark.parametrize(
    ("count", "item_ns", "crowded_ns", "width"),
    [
        (0, 0, 0, 1),
        (1, 10 * HELP_NS, 0, 1),
        (2, 10 * HELP_NS, 0, 2),
        (100, HELP_NS, 0, 4),
        (100, HELP_NS - 1, 0, 1),
        (3, HELP_NS, 0, 3),
        (100, HELP_NS, 1, 1),
        (100, 3 * HELP_NS, 2 * HELP_NS, 4),
    ],
)
def test_driven_inline_threads_help_where_an_item_outweighs_a_hand_over(count, item_ns, crowded_ns, width):
    async def main():
        return useful_width(count, item_ns, 1000, crowded_ns)

    with config.set({"threading.max_workers": 4}):
        assert run_inline(main()) == width


@pytest.mark.parametrize(("count", "concurrency", "width"), [(0, 10, 1), (1, 10, 1), (100, 10, 10), (7, 10, 7)])
def test_on_a_loop_as_many_wait_as_the_settings_allow(count, concurrency, width):
    async def main():
        return useful_width(count, 0, concurrency)

    assert asyncio.run(main()) == width


# -- sharing


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("count", [0, 1, 5, 200])
def test_every_item_is_worked_on_once(run, width, count):
    crew = Crew()
    run(share(crew, iter(range(count)), width))
    assert Counter(crew.done) == Counter(range(count))
    assert crew.active == 0


def test_a_helper_keeps_working_when_the_caller_finds_nothing_more_to_take(monkeypatch):
    helper_has_one, caller_waits = threading.Event(), threading.Event()

    def wait_for_all(helpers):
        caller_waits.set()
        return blocking.wait_for_all(helpers)

    class Unequal(Crew):
        async def work(self, item):
            if threading.current_thread() is threading.main_thread():
                assert helper_has_one.wait(LIMIT_SECONDS)
            else:
                helper_has_one.set()
                assert caller_waits.wait(LIMIT_SECONDS)

    monkeypatch.setattr(concurrent_module, "wait_for_all", wait_for_all)
    crew = Unequal()
    run_inline(share(crew, range(20), 2))
    assert sorted(crew.done) == list(range(20))


def test_the_caller_and_helpers_work():
    here = threading.current_thread().name
    meeting = threading.Barrier(3)

    class Meeting(Crew):
        async def work(self, item):
            meeting.wait(LIMIT_SECONDS)  # all three are needed at once

    crew = Meeting()
    run_inline(share(crew, range(3), 3))
    assert here in crew.threads
    assert all(name.startswith("terrazzo-operation-") for name in crew.threads - {here})
    assert len(crew.threads) == 3


def test_on_a_loop_no_item_waits_behind_another():
    """Whoever is free takes the next item, so that always as many wait as may."""
    meeting = asyncio.Barrier(4)

    class Requests(Crew):
        async def work(self, item):
            async with asyncio.timeout(LIMIT_SECONDS):
                await meeting.wait()

    crew = Requests()
    asyncio.run(share(crew, range(16), 4))
    assert len(crew.done) == 16


def test_items_are_made_when_somebody_is_free():
    taken = []
    ahead = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    async def worker(items):
        for number in items:
            ahead.append(len(taken) - number)

    run_inline(share(worker, items(), 2))
    assert max(ahead) <= 2


@pytest.mark.parametrize("width", WIDTHS)
def test_the_first_error_is_raised_when_all_have_stopped(run, width):
    class Failing(Crew):
        async def work(self, item):
            await breathe()
            if item == 5:
                raise LookupError("item 5")

    crew = Failing()
    with pytest.raises(LookupError, match="item 5"):
        run(share(crew, iter(range(1000)), width))
    assert crew.active == 0
    assert len(crew.done) < 999
    assert len(set(crew.done)) == len(crew.done)


def test_an_error_stops_workers_that_wait():
    class Stuck(Crew):
        async def work(self, item):
            if item == 3:
                raise LookupError("item 3")
            await asyncio.Event().wait()

    crew = Stuck()
    with pytest.raises(LookupError, match="item 3"):
        asyncio.run(share(crew, range(8), 4))
    assert crew.active == 0
    assert crew.done == []


def test_other_errors_are_notes_of_the_first():
    """Each worker fails; all are under way when the first does."""
    meeting = threading.Barrier(4)

    class Failing(Crew):
        async def work(self, item):
            meeting.wait(LIMIT_SECONDS)
            raise LookupError(f"item {item}")

    with pytest.raises(LookupError) as caught:
        run_inline(share(Failing(), range(4), 4))
    said = [str(caught.value), *(note.removeprefix("also: LookupError: ") for note in caught.value.__notes__)]
    assert sorted(said) == [f"item {number}" for number in range(4)]


def test_errors_while_stopping_on_a_loop_are_not_lost_track_of():
    """A worker that fails because it was told to stop fails for a reason of its own, which nobody asked about."""

    class Untidy(Crew):
        async def work(self, item):
            if item == 0:
                await pause()
                raise LookupError("item 0")
            try:
                await asyncio.Event().wait()
            finally:
                raise ValueError("while it was told to stop")

    with pytest.raises(LookupError, match="item 0") as caught:
        asyncio.run(share(Untidy(), range(4), 4))
    assert not hasattr(caught.value, "__notes__")


def test_there_are_ten_notes_at_most(monkeypatch):
    meeting = threading.Barrier(16)

    class Failing(Crew):
        async def work(self, item):
            meeting.wait(LIMIT_SECONDS)
            raise LookupError(f"item {item}")

    monkeypatch.setattr(concurrent_module, "operations", Workers("test-notes", 16))
    with pytest.raises(LookupError) as caught:
        run_inline(share(Failing(), range(16), 16))
    assert len(caught.value.__notes__) == 10


def test_one_error_raised_by_all_is_not_its_own_note():
    error = LookupError("for all")
    meeting = threading.Barrier(3)

    class Failing(Crew):
        async def work(self, item):
            meeting.wait(LIMIT_SECONDS)
            raise error

    with pytest.raises(LookupError) as caught:
        run_inline(share(Failing(), range(3), 3))
    assert caught.value is error
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize("width", [1, 4])
def test_an_error_of_the_items_is_raised(run, width):
    def items():
        yield from range(5)
        raise LookupError("no more items")

    crew = Crew()
    with pytest.raises(LookupError, match="no more items"):
        run(share(crew, items(), width))
    assert crew.active == 0


@pytest.mark.parametrize("width", [1, 4])
def test_a_worker_that_is_cancelled_by_itself_is_no_short_result(run, width):
    class Cancelled(Crew):
        async def work(self, item):
            await breathe()
            if item == 5:
                raise asyncio.CancelledError

    crew = Cancelled()
    with pytest.raises(asyncio.CancelledError):
        run(share(crew, range(100), width))
    assert crew.active == 0


def test_a_cancelled_sharing_ends_when_its_workers_have():
    class Slow(Crew):
        async def work(self, item):
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(5):
                    await pause()  # cleaning up takes a while

    crew = Slow()

    async def main():
        task = asyncio.ensure_future(share(crew, range(10), 4))
        await until_async(lambda: crew.active == 4)
        task.cancel()
        await pause()
        task.cancel()  # impatience changes nothing
        with pytest.raises(asyncio.CancelledError):
            await task
        assert crew.active == 0
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


@pytest.mark.parametrize("width", [1, 4])
def test_a_cancelled_offloaded_sharing_stops_at_the_next_items(width):
    begun, go = threading.Event(), threading.Event()

    class Slow(Crew):
        async def work(self, item):
            begun.set()
            assert go.wait(LIMIT_SECONDS)

    crew = Slow()

    async def main():
        task = asyncio.ensure_future(run_offloaded(share(crew, range(100), width)))
        await until_async(begun.is_set)
        task.cancel()
        await pause(0.001)
        assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert crew.active == 0

    asyncio.run(main())
    assert len(crew.done) <= width


def test_a_stopped_scope_ends_the_work_of_helpers():
    scope = Scope()

    class Stopping(Crew):
        async def work(self, item):
            scope.stopped = True

    crew = Stopping()
    with pytest.raises(asyncio.CancelledError):
        run_inline(share(crew, range(1000), 4), scope)
    assert crew.active == 0
    assert len(crew.done) <= 4


@pytest.mark.parametrize("depth", [3])
def test_nested_sharing_does_not_deadlock(run, pool, depth):
    """There are fewer threads than sharings that want one."""

    async def count(level):
        if level == 0:
            await breathe()
            return 1
        return sum(await map_concurrent(count, [level - 1] * 6, concurrency=3, item_ns=10 * HELP_NS))

    with config.set({"threading.max_workers": 4}):
        assert run(count(depth)) == 6**depth


def test_helpers_that_have_not_started_are_dropped(pool):
    """All threads are busy: the caller does everything, waits for nobody, and leaves nothing in the queue."""
    go = threading.Event()
    busy = [pool.submit(go.wait, LIMIT_SECONDS) for _ in range(2)]
    crew = Crew()
    run_inline(share(crew, range(50), 4))
    assert sorted(crew.done) == list(range(50))
    assert crew.threads == {threading.current_thread().name}
    go.set()
    assert not wait(busy, LIMIT_SECONDS).not_done
    pool.submit(int).result(LIMIT_SECONDS)
    assert crew.threads == {threading.current_thread().name}


def test_without_new_threads_the_caller_does_everything(pool, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    crew = Crew()
    run_inline(share(crew, range(50), 4))
    assert crew.done == list(range(50))


# -- Ctrl-C


def test_ctrl_c_in_the_caller_stops_the_helpers():
    begun = threading.Barrier(2)

    class Slow(Crew):
        async def work(self, item):
            if threading.current_thread() is threading.main_thread():
                begun.wait(LIMIT_SECONDS)
                signal.raise_signal(signal.SIGINT)
            elif item < 2:
                begun.wait(LIMIT_SECONDS)

    crew = Slow()
    with pytest.raises(KeyboardInterrupt):
        run_inline(share(crew, range(100_000), 2))
    assert crew.active == 0
    assert len(crew.done) < 100_000


def test_ctrl_c_while_helpers_are_called_stops_those_that_came(monkeypatch):
    class Interrupted(Workers):
        def submit(self, call, /, *args, **kwargs):
            if helpers:
                assert begun.wait(LIMIT_SECONDS)
                raise KeyboardInterrupt
            helpers.append(super().submit(call, *args, **kwargs))
            return helpers[0]

    class Endless(Crew):
        async def work(self, item):
            begun.set()

    helpers = []
    begun = threading.Event()
    monkeypatch.setattr(concurrent_module, "operations", Interrupted("test-operation", 2))
    crew = Endless()
    with pytest.raises(KeyboardInterrupt):
        run_inline(share(crew, itertools.count(), 3))
    assert helpers[0].done()
    assert crew.active == 0


def test_ctrl_c_while_waiting_for_helpers_waits_on_until_they_have_ended():
    """What a helper writes must not appear after the call has ended."""
    caller_done = threading.Event()

    class Slow(Crew):
        async def work(self, item):
            if threading.current_thread() is threading.main_thread():
                assert helper_has_one.wait(LIMIT_SECONDS)
                return
            helper_has_one.set()
            assert caller_done.wait(LIMIT_SECONDS)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            threading.Event().wait(0.02)

    class Items:
        """Tells when the caller has asked in vain."""

        def __init__(self):
            self.left = [2, 1]

        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                caller_done.set()
                raise StopIteration
            return self.left.pop()

    helper_has_one = threading.Event()
    crew = Slow()
    with pytest.raises(KeyboardInterrupt):
        run_inline(share(crew, Items(), 2))
    assert crew.active == 0
    assert sorted(crew.done) == [1, 2]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_ctrl_c_at_any_step_leaves_no_helper_at_work():
    class Slow(Crew):
        async def work(self, item):
            threading.Event().wait(0.0001)

    step = 1
    interrupted = True
    while interrupted:
        crew = Slow()
        call = share(crew, range(6), 3)
        interrupted = Interruption(concurrent_module, step).hits(lambda call=call: run_inline(call))
        assert crew.active == 0, step
        call.close()
        step += 1
    assert step > 20


# -- mapping


@pytest.mark.parametrize("concurrency", [1, 3, 100])
def test_results_come_in_the_order_of_the_items(run, concurrency):
    async def square(number):
        for _ in range(number % 3):
            await breathe()
        return number * number

    async def main():
        return await map_concurrent(square, iter(range(50)), concurrency=concurrency, item_ns=10 * HELP_NS)

    with config.set({"threading.max_workers": 4}):
        assert run(main()) == [number * number for number in range(50)]


def test_no_items_give_no_results(run):
    async def main():
        return await map_concurrent(pause, [], concurrency=10)

    assert run(main()) == []


def test_no_more_wait_at_once_than_allowed():
    waiting = most = 0

    async def ask(number):
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await pause()
        waiting -= 1

    asyncio.run(map_concurrent(ask, range(50), concurrency=7))
    assert most == 7


def test_an_error_of_one_call_is_raised(run):
    async def fail(number):
        await breathe()
        if number == 7:
            raise LookupError("number 7")

    with pytest.raises(LookupError, match="number 7"):
        run(map_concurrent(fail, range(20), concurrency=4))


# -- how many


def test_work_within_work_is_left_to_the_threads_that_are_there():
    inner, met = [], threading.Barrier(2)

    async def outer(items):
        for _ in items:
            met.wait(10)
            inner.append(useful_width(100, 10 * HELP_NS, 10))
            met.wait(10)

    with config.set({"threading.max_workers": 2}):
        run_inline(share(outer, range(2), 2))
    assert inner == [1, 1]
    assert not concurrent_module._working


def test_work_within_work_is_shared_where_threads_are_free():
    found = []

    async def outer(items):
        for _ in items:
            found.append(useful_width(100, 10 * HELP_NS, 10))

    async def main():
        await share(outer, range(1), 2)
        found.append(useful_width(100, 10 * HELP_NS, 10))

    with config.set({"threading.max_workers": 3}):
        run_inline(main())
    assert found[0] >= 2  # the helper has come, or not
    assert found[1] == 3
