import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from terrazzo.runtime import SharedResults, pause, run_inline


class Maker:
    def __init__(self, results):
        self.results = results
        self.made = 0

    async def make(self):
        self.made += 1
        return self.made

    def get(self, key, version):
        return run_inline(self.results.get(key, version, self.make))


@pytest.fixture
def maker():
    return Maker(SharedResults(3, lambda result: 1))


def test_a_result_is_kept_as_long_as_its_version_is_the_same(maker):
    assert [maker.get("a", 1), maker.get("a", 1), maker.get("a", 2), maker.get("a", 2)] == [1, 1, 2, 2]


def test_a_result_without_a_version_is_not_kept(maker):
    assert [maker.get("a", None), maker.get("a", None)] == [1, 2]


def test_a_result_that_is_not_to_be_kept_is_not(maker):
    for number in (1, 2):
        assert run_inline(maker.results.get("a", 1, maker.make, keeps=False)) == number
    assert maker.get("a", 1) == 3


def test_what_was_made_first_goes_first_when_there_is_too_much(maker):
    for key in "abcd":
        maker.get(key, 1)
    assert maker.get("d", 1) == 4
    assert maker.get("a", 1) == 5


def test_an_error_is_raised_and_not_kept(maker):
    async def fail():
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        run_inline(maker.results.get("a", 1, fail))
    assert maker.get("a", 1) == 1


def test_many_threads_make_one_result(maker):
    started, release = threading.Event(), threading.Event()

    async def slow():
        started.set()
        release.wait(10)
        return await maker.make()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(run_inline, maker.results.get("a", None, slow))
        started.wait(10)
        others = [pool.submit(run_inline, maker.results.get("a", None, maker.make)) for _ in range(5)]
        while len(maker.results._locks._lines) and len(next(iter(maker.results._locks._lines.values()))) < 6:
            pass
        release.set()
        assert {future.result(10) for future in [first, *others]} == {1}


def test_who_asks_after_a_change_does_not_get_what_was_being_made_before(maker):
    started, release = threading.Event(), threading.Event()

    async def slow():
        started.set()
        release.wait(10)
        return "old"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_inline, maker.results.get("a", None, slow))
        started.wait(10)
        maker.results.forget(lambda key: key == "a")
        assert maker.get("a", None) == 1
        release.set()
        assert first.result(10) == "old"


def test_coroutines_share_a_result_and_outlive_one_that_is_cancelled(maker):
    async def main():
        async def slow():
            await pause(0.01)
            return await maker.make()

        tasks = [asyncio.create_task(maker.results.get("a", None, slow)) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, *others = asyncio.run(main())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [1] * 4


def test_a_child_of_a_fork_starts_with_nothing(maker):
    maker.get("a", 1)
    maker.results.reset()
    assert maker.get("a", 1) == 2
