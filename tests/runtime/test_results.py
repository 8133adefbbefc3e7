import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import terrazzo.runtime.results as results_module
from terrazzo.runtime import SharedResults, pause, run_inline
from tests.interruption import Interruption


class Maker:
    def __init__(self, results):
        self.results = results
        self.made = 0

    async def make(self):
        self.made += 1
        return self.made

    async def make_many(self, keys):
        return [await self.make() for _ in keys]

    def get(self, key, version, **keeps):
        return run_inline(self.results.get("owner", key, version, self.make, **keeps))

    def get_many(self, keys, version):
        return run_inline(self.results.get_many("owner", keys, version, self.make_many))


@pytest.fixture
def maker():
    return Maker(SharedResults(3, lambda result: 1))


def test_a_result_is_kept_as_long_as_its_version_is_the_same(maker):
    assert [maker.get("a", 1), maker.get("a", 1), maker.get("a", 2), maker.get("a", 2)] == [1, 1, 2, 2]


def test_a_result_without_a_version_is_kept_until_it_is_forgotten(maker):
    assert [maker.get("a", None), maker.get("a", None)] == [1, 1]
    maker.results.forget("another")
    assert maker.get("a", None) == 1
    maker.results.forget("owner")
    assert maker.get("a", None) == 2


def test_a_result_that_is_not_to_be_kept_is_not(maker):
    for number in (1, 2):
        assert maker.get("a", 1, keeps=False) == number
    assert not maker.results.is_used
    assert maker.get("a", 1) == 3


def test_what_was_not_used_for_longest_goes_first_when_there_is_too_much(maker):
    for key in "abcad":
        maker.get(key, 1)
    assert [maker.get(key, 1) for key in "dac"] == [4, 1, 3]
    assert maker.results.total == 3
    assert maker.get("b", 1) == 5


def test_less_is_kept_when_less_is_allowed(maker):
    for key in "abc":
        maker.get(key, 1)
    maker.results.limit(1)
    assert [maker.results.peek("owner", key, 1) for key in "abc"] == [None, None, 3]
    maker.results.limit(0)
    assert not maker.results.is_used


def test_a_result_that_is_too_large_drops_no_other():
    maker = Maker(SharedResults(3, lambda result: 5 if result == 2 else 1))
    assert [maker.get(key, 1) for key in "aba"] == [1, 2, 1]
    assert maker.results.total == 1


def test_a_result_without_a_cost_is_not_kept():
    maker = Maker(SharedResults(3, lambda result: None))
    assert [maker.get("a", 1), maker.get("a", 1)] == [1, 2]


def test_a_result_that_is_not_confirmed_is_not_kept(maker):
    async def changed():
        return False

    assert maker.get("a", 1, confirm=changed) == 1
    assert maker.get("a", 1) == 2


def test_of_several_results_only_those_are_made_that_nobody_has(maker):
    assert maker.get("b", 1) == 1
    assert maker.get_many("abc", 1) == [2, 1, 3]
    assert maker.get_many("abc", 1) == [2, 1, 3]
    assert maker.get_many("abc", 2) == [4, 5, 6]
    assert maker.results.total == 3


def test_owners_are_forgotten_one_by_one(maker):
    for owner in ("a", "b", "c"):
        run_inline(maker.results.get(owner, 0, 1, maker.make))
    maker.results.forget_all(lambda owner: owner > "a")
    assert [maker.results.peek(owner, 0, 1) for owner in "abc"] == [1, None, None]


def test_an_error_is_raised_and_not_kept(maker):
    async def fail():
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        run_inline(maker.results.get("owner", "a", 1, fail))
    assert not maker.results.is_used
    assert maker.get("a", 1) == 1


def test_many_threads_make_one_result(maker):
    started, release = threading.Event(), threading.Event()

    async def slow():
        started.set()
        release.wait(10)
        return await maker.make()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(run_inline, maker.results.get("owner", "a", None, slow, keeps=False))
        started.wait(10)
        others = [
            pool.submit(run_inline, maker.results.get("owner", "a", None, maker.make, keeps=False)) for _ in range(5)
        ]
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
        first = pool.submit(run_inline, maker.results.get("owner", "a", None, slow))
        started.wait(10)
        maker.results.forget("owner")
        assert maker.get("a", None) == 1
        release.set()
        assert first.result(10) == "old"
    assert maker.get("a", None) == 1


def test_coroutines_share_a_result_and_outlive_one_that_is_cancelled(maker):
    async def main():
        async def slow():
            await pause(0.01)
            return await maker.make()

        tasks = [asyncio.create_task(maker.results.get("owner", "a", None, slow, keeps=False)) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, *others = asyncio.run(main())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [1] * 4


def test_who_takes_over_from_one_that_is_cancelled_is_joined_by_those_who_come_later(maker):
    async def main():
        at_it = []

        async def slow():
            at_it.append(len(at_it))
            await pause(0.02)
            return await maker.make()

        first = asyncio.create_task(maker.results.get("owner", "a", None, slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(maker.results.get("owner", "a", None, slow))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.005)
        third = asyncio.create_task(maker.results.get("owner", "a", None, slow))
        return await asyncio.gather(first, second, third, return_exceptions=True), at_it

    (first, *others), at_it = asyncio.run(main())
    assert isinstance(first, asyncio.CancelledError)
    assert others == [1, 1]
    assert at_it == [0, 1]


def test_who_waits_in_vain_leaves_nothing_behind(maker):
    async def main():
        go_on = asyncio.Event()

        async def slow(keys):
            await go_on.wait()
            return await maker.make_many(keys)

        first = asyncio.create_task(maker.results.get_many("owner", "b", None, slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(maker.results.get_many("owner", "abc", None, slow))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        go_on.set()
        return await first, list(maker.results._owners["owner"].flights)

    assert asyncio.run(main()) == ([1], [])
    assert maker.results._locks.held() == 0


def test_an_error_of_one_fails_no_other(maker):
    async def main():
        async def broken(keys):
            await pause(0.01)
            raise OSError("broken")

        first = asyncio.create_task(maker.results.get_many("owner", "abc", 1, broken))
        await asyncio.sleep(0)
        others = [maker.results.get_many("owner", key, 1, maker.make_many) for key in ("b", "bc", "c")]
        return await asyncio.gather(first, *others, return_exceptions=True)

    error, (b,), both, (c,) = asyncio.run(main())
    assert isinstance(error, OSError)
    assert both == [b, c]
    assert maker.made == 2


def test_who_wants_the_same_in_parts_does_not_wait_for_ever(maker):
    async def slow(keys):
        await pause(0)
        return await maker.make_many(keys)

    async def main():
        wanted = ["ab", "bc", "abc", "c", "a", "bcd", "ad"] * 5
        gets = [maker.results.get_many("owner", keys, None, slow, keeps=False) for keys in wanted]
        await asyncio.wait_for(asyncio.gather(*gets), 30)

    asyncio.run(main())
    assert not maker.results.is_used
    assert maker.results._locks.held() == 0


def test_a_child_of_a_fork_starts_with_nothing(maker):
    maker.get("a", 1)
    maker.results.reset()
    assert maker.get("a", 1) == 2


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_ctrl_c_at_any_step_leaves_no_lock_held_and_counts_right():
    step = 0
    while True:
        step += 1
        maker = Maker(SharedResults(3, lambda result: 1))
        maker.get_many("ab", 1)

        def use(maker=maker):
            maker.get_many("bcd", 1)
            maker.results.forget("owner")
            maker.get_many("ab", 2)

        interrupted = Interruption(results_module, step).hits(use)
        assert maker.results._locks.held() == 0
        first = maker.get_many("xyz", 3)
        assert maker.get_many("xyz", 3) == first
        assert maker.results.total == 3
        if not interrupted:
            return
