import asyncio
import gc
import random
import signal
import sys
import threading

import pytest

from terrazzo.runtime import KeyedLocks, driven_inline, run_inline, run_on_loop
from terrazzo.runtime import locks as locks_module
from terrazzo.runtime.drive import thread
from tests.interruption import Interruption
from tests.parallel import LIMIT_SECONDS, run_threads, until, until_async


class Guarded:
    """Something that only the holder of a lock may touch."""

    def __init__(self, locks, key="key"):
        self.locks = locks
        self.key = key
        self.inside = 0
        self.visits = 0

    async def visit(self, pause):
        async with self.locks(self.key):
            assert self.inside == 0
            self.inside += 1
            before = self.visits
            await pause()
            self.visits = before + 1
            self.inside -= 1


async def no_pause():
    """Nothing that waits; another thread may run all the same."""
    sys.setswitchinterval(1e-6)


async def pause():
    await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _quick_switches():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def locks():
    locks = KeyedLocks()
    yield locks
    assert locks.held() == 0, "a lock was left behind"
    assert thread.places == []


class Holder:
    """Holds a lock in another thread, driven inline, until it is told to let go."""

    def __init__(self, locks, key="key"):
        self.go = threading.Event()
        begun = threading.Event()

        async def hold():
            async with locks(key):
                begun.set()
                assert self.go.wait(LIMIT_SECONDS)

        self.thread = threading.Thread(target=lambda: run_inline(hold()), daemon=True)
        self.thread.start()
        assert begun.wait(LIMIT_SECONDS)

    def end(self):
        self.go.set()
        self.thread.join(LIMIT_SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def holder(locks):
    holder = Holder(locks)
    yield holder
    holder.end()


def waiting(locks, key="key"):
    """How many stand in line behind the holder."""
    return len(locks._lines[key]) - 1


# -- what a lock is for


def test_a_lock_is_held_inside_the_block_only(locks):
    async def use():
        assert locks.held() == 0
        async with locks("one"), locks("two"):
            assert locks.held() == 2
        assert locks.held() == 0

    run_inline(use())
    asyncio.run(use())
    run_on_loop(use())


def test_a_lock_is_given_back_after_an_error(locks):
    async def use():
        async with locks("one"):
            raise ZeroDivisionError

    for run in (run_inline, asyncio.run, run_on_loop):
        with pytest.raises(ZeroDivisionError):
            run(use())
        assert locks.held() == 0


def test_one_lock_object_may_be_used_many_times_at_once(locks):
    lock = locks("one")
    inside = []

    async def use():
        async with lock:
            inside.append(len(inside))
            await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*(use() for _ in range(5)))

    asyncio.run(main())
    assert inside == [0, 1, 2, 3, 4]


def test_other_keys_are_not_locked(locks, holder):
    async def use():
        async with locks("other"):
            return locks.held()

    assert run_inline(use()) == 2
    assert asyncio.run(use()) == 2


def test_threads_exclude_each_other(locks):
    guarded = Guarded(locks)

    def visitor():
        for _ in range(200):
            run_inline(guarded.visit(no_pause))

    run_threads(*[visitor] * 8)
    assert guarded.visits == 8 * 200


def test_tasks_of_one_loop_exclude_each_other(locks):
    guarded = Guarded(locks)

    async def main():
        await asyncio.gather(*(guarded.visit(pause) for _ in range(200)))

    asyncio.run(main())
    assert guarded.visits == 200


def loop_visitor(guarded, rounds=20, width=10):
    async def main():
        for _ in range(rounds):
            await asyncio.gather(*(guarded.visit(pause) for _ in range(width)))

    return lambda: asyncio.run(main())


def test_loops_exclude_each_other(locks):
    guarded = Guarded(locks)
    run_threads(*[loop_visitor(guarded)] * 3)
    assert guarded.visits == 3 * 200


def test_threads_and_loops_exclude_each_other(locks):
    guarded = Guarded(locks)

    def inline_visitor():
        for _ in range(100):
            run_inline(guarded.visit(no_pause))

    def background_visitor():
        for _ in range(100):
            run_on_loop(guarded.visit(pause), LIMIT_SECONDS)

    run_threads(*[inline_visitor, background_visitor] * 3, *[loop_visitor(guarded, 10)] * 2)
    assert guarded.visits == 600 + 200


def test_many_keys_at_once(locks):
    places = [Guarded(locks, key) for key in range(20)]

    def visitor():
        order = list(range(20)) * 20
        random.Random(threading.get_ident()).shuffle(order)
        for key in order:
            run_inline(places[key].visit(no_pause))

    run_threads(*[visitor] * 4)
    assert [place.visits for place in places] == [80] * 20


# -- the line


def test_a_lock_goes_to_those_who_wait_in_the_order_of_their_coming(locks, holder):
    order = []

    async def come(name):
        async with locks("key"):
            order.append(name)

    def in_thread(name):
        return threading.Thread(target=lambda: run_inline(come(name)), daemon=True)

    async def main():
        came = []
        for number in range(8):
            if number % 2:
                visitor = in_thread(number)
                visitor.start()
            else:
                visitor = asyncio.ensure_future(come(number))
            came.append(visitor)
            await until_async(lambda number=number: waiting(locks) == number + 1)
        assert order == []
        holder.go.set()
        await asyncio.gather(*came[::2])
        for visitor in came[1::2]:
            await asyncio.to_thread(visitor.join, LIMIT_SECONDS)

    asyncio.run(main())
    assert order == list(range(8))


def test_nobody_overtakes_those_who_wait(locks):
    """Who gives a lock back and wants it again at once comes last."""
    order = []

    async def come(name, times):
        for _ in range(times):
            async with locks("key"):
                order.append(name)
                await asyncio.sleep(0)

    async def main():
        await asyncio.gather(come("a", 3), come("b", 3))

    asyncio.run(main())
    assert order == ["a", "b"] * 3


def test_a_waiter_that_is_cancelled_leaves_the_line(locks, holder):
    async def use():
        async with locks("key"):
            raise AssertionError("it was cancelled")

    async def main():
        task = asyncio.ensure_future(use())
        await until_async(lambda: waiting(locks) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert waiting(locks) == 0
        assert locks.held() == 1

    asyncio.run(main())


def test_a_waiter_that_is_cancelled_just_when_it_gets_the_lock_passes_it_on(locks):
    async def use():
        async with locks("key"):
            return "used"

    async def main():
        lock = locks("key")
        await lock.__aenter__()
        first, second = asyncio.ensure_future(use()), asyncio.ensure_future(use())
        await until_async(lambda: waiting(locks) == 2)
        await lock.__aexit__(None, None, None)  # `first` has been woken, and has not run yet
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await second == "used"

    asyncio.run(main())


def test_a_waiter_whose_loop_is_closed_is_skipped(locks, holder):
    async def use():
        async with locks("key"):
            return "used"

    lost_loop = asyncio.new_event_loop()
    lost = lost_loop.create_task(use())
    lost_loop.call_soon(lost_loop.stop)
    lost_loop.run_forever()
    assert waiting(locks) == 1
    lost_loop.close()

    results = []
    other = threading.Thread(target=lambda: results.append(run_inline(use())), daemon=True)
    other.start()
    until(lambda: waiting(locks) == 2)
    holder.end()
    other.join(LIMIT_SECONDS)
    assert results == ["used"]
    lost._log_destroy_pending = False
    del lost
    gc.collect()


def test_when_all_who_wait_are_gone_the_lock_is_free(locks, holder):
    async def use():
        async with locks("key"):
            return "used"

    lost_loop = asyncio.new_event_loop()
    lost = lost_loop.create_task(use())
    lost_loop.call_soon(lost_loop.stop)
    lost_loop.run_forever()
    lost_loop.close()
    holder.end()
    assert locks.held() == 0
    assert run_inline(use()) == "used"
    lost._log_destroy_pending = False
    del lost
    gc.collect()


def test_without_a_driver_and_without_a_loop_nobody_can_wait(locks, holder):
    async def use():
        async with locks("key"):
            pass

    coroutine = use()
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)
    assert waiting(locks) == 0


# -- Ctrl-C


@pytest.mark.parametrize("receiver", ["main thread", "another thread"])
def test_ctrl_c_ends_the_wait_of_a_thread(locks, holder, receiver):
    async def use():
        async with locks("key"):
            raise AssertionError("it was interrupted")

    def interrupt():
        until(lambda: waiting(locks) == 1)
        receiving = threading.main_thread() if receiver == "main thread" else threading.current_thread()
        signal.pthread_kill(receiving.ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_inline(use())
    assert waiting(locks) == 0
    assert not driven_inline()


def test_ctrl_c_at_any_step_leaves_no_lock_behind(locks):
    async def use():
        async with locks("outer"), locks("inner"):
            pass

    step = 1
    while Interruption(locks_module, step).hits(lambda: run_inline(use())):
        assert locks.held() == 0, step
        assert thread.places == [], step
        step += 1
    assert step > 15


@pytest.mark.parametrize("kind", ["thread", "task"])
def test_ctrl_c_at_any_step_wakes_who_waits(kind):
    """The lock is held by the main thread, which is interrupted, and wanted by another thread or on a loop."""
    step = 1
    interrupted = True
    while interrupted:
        locks = KeyedLocks()
        other = None
        results = []

        async def want(locks=locks):
            async with locks("key"):
                return "used"

        async def use(locks=locks, want=want, results=results):
            nonlocal other
            async with locks("key"):
                run = run_inline if kind == "thread" else lambda coroutine: run_on_loop(coroutine, LIMIT_SECONDS)
                other = threading.Thread(target=lambda: results.append(run(want())), daemon=True)
                other.start()
                until(lambda: waiting(locks) == 1)

        interrupted = Interruption(locks_module, step).hits(lambda use=use: run_inline(use()))
        if other is not None:
            other.join(LIMIT_SECONDS)
            assert results == ["used"], step
        assert locks.held() == 0, step
        step += 1
    assert step > 10


def test_ctrl_c_at_any_step_of_waiting_leaves_the_line():
    step = 1
    interrupted = True
    while interrupted:
        locks = KeyedLocks()
        holder = Holder(locks)

        async def use(locks=locks):
            async with locks("key"):
                pass

        done = threading.Event()

        def let_go(locks=locks, holder=holder, done=done):
            until(lambda: waiting(locks) == 1 or done.is_set())
            holder.go.set()

        helper = threading.Thread(target=let_go, daemon=True)
        helper.start()
        interrupted = Interruption(locks_module, step).hits(lambda use=use: run_inline(use()))
        done.set()
        helper.join(LIMIT_SECONDS)
        holder.end()
        assert locks.held() == 0, step
        assert thread.places == []
        step += 1
    assert step > 10


def test_a_generator_may_hold_a_lock_between_its_items(locks):
    """Also when another operation fails meanwhile: it gives back only what is its own."""

    async def items():
        async with locks("key"):
            yield 1
            yield 2

    async def fail():
        async with locks("other"):
            raise ZeroDivisionError

    stream = items()
    assert run_inline(anext(stream, None)) == 1
    with pytest.raises(ZeroDivisionError):
        run_inline(fail())
    assert locks.held() == 1
    assert run_threads(lambda: run_inline(anext(stream, None))) == [2]
    run_inline(stream.aclose())


# -- tables


def test_a_table_is_found_by_identity():
    table = KeyedLocks.of(("memory", 1))
    assert KeyedLocks.of(("memory", 1)) is table
    assert KeyedLocks.of(("memory", 2)) is not table


def test_a_table_lasts_as_long_as_somebody_keeps_it():
    KeyedLocks.of("a store that is gone")
    gc.collect()
    assert "a store that is gone" not in locks_module._by_identity


def test_threads_that_look_for_a_table_at_once_find_the_same():
    def find():
        return [KeyedLocks.of(("found at once", number)) for number in range(50)]

    first, *others = run_threads(*[find] * 8)
    assert all(mine is theirs for other in others for mine, theirs in zip(first, other, strict=True))


def test_after_a_fork_nothing_is_locked(monkeypatch):
    locks = KeyedLocks()
    monkeypatch.setattr(locks_module, "_tables", [locks])
    monkeypatch.setattr(locks_module, "_tables_guard", locks_module._tables_guard)

    async def use():
        async with locks("key"):
            locks_module._forget_holders()
            assert locks.held() == 0

    run_inline(use())
    assert locks.held() == 0
    assert thread.places == []
