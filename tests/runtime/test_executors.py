import asyncio
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from terrazzo.runtime import run_inline, run_on_loop
from terrazzo.runtime.executors import map_in_executor, shares_memory

DRIVERS = {"inline": run_inline, "on a loop": run_on_loop}


@pytest.fixture(params=DRIVERS)
def drive(request):
    return DRIVERS[request.param]


def test_every_item_is_done_once_and_told_here(drive):
    told = []
    with ThreadPoolExecutor(3) as executor:
        drive(map_in_executor(executor, lambda item: item * 2, range(50), lambda *done: told.append(done), at_once=7))
    assert sorted(told) == [(item, item * 2) for item in range(50)]


def test_what_is_told_may_be_awaited(drive):
    told = []

    async def done(item, result):
        told.append(result)

    with ThreadPoolExecutor(2) as executor:
        drive(map_in_executor(executor, str, range(5), done, at_once=2))
    assert sorted(told) == list("01234")


def test_no_more_is_submitted_at_once_than_asked_for(drive):
    class Counting(Executor):
        def __init__(self, inner):
            self.inner, self.now, self.most = inner, 0, 0

        def submit(self, call, /, *args, **kwargs):
            self.now += 1
            self.most = max(self.most, self.now)
            return self.inner.submit(call, *args, **kwargs)

    def done(item, result):
        counting.now -= 1

    with ThreadPoolExecutor(2) as inner:
        counting = Counting(inner)
        drive(map_in_executor(counting, str, iter(range(40)), done, at_once=5))
    assert counting.most == 5


def test_the_first_error_cancels_what_has_not_begun_and_waits_for_the_rest(drive):
    begun, ended = [], []

    def work(item):
        begun.append(item)
        if item == 0:
            raise OSError("broken")
        time.sleep(0.05)
        ended.append(item)

    with ThreadPoolExecutor(2) as executor, pytest.raises(OSError, match="broken"):
        try:
            drive(map_in_executor(executor, work, range(1000), lambda *done: None, at_once=100))
        finally:
            assert sorted(ended) == sorted(item for item in begun if item)
            assert len(begun) < 100


def test_a_caller_that_is_cancelled_leaves_nothing_running():
    running = threading.Event()
    ended = []

    def work(item):
        running.set()
        time.sleep(0.05)
        ended.append(item)

    async def main():
        with ThreadPoolExecutor(1) as executor:
            task = asyncio.ensure_future(map_in_executor(executor, work, range(100), lambda *done: None, at_once=50))
            await asyncio.to_thread(running.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return len(ended)

    count = asyncio.run(main())
    assert len(ended) == count < 100


def test_only_threads_of_this_process_share_its_memory():
    with ThreadPoolExecutor(1) as executor:
        assert shares_memory(executor)
    assert not shares_memory(ProcessPoolExecutor.__new__(ProcessPoolExecutor))


def test_futures_that_are_done_at_once_are_no_trouble(drive):
    class Now(Executor):
        def submit(self, call, /, *args, **kwargs):
            future = Future()
            future.set_result(call(*args, **kwargs))
            return future

    told = []
    drive(map_in_executor(Now(), abs, [-1, -2], lambda *done: told.append(done), at_once=1))
    assert told == [(-1, 1), (-2, 2)]
