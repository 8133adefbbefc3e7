import asyncio
import contextlib
import os
import threading
import warnings

import pytest

from terrazzo.runtime import Budget, pause, run_on_loop, run_there


async def hold(budget, seconds=0.01):
    async with budget:
        await pause(seconds)


def test_no_more_are_held_at_once_than_there_are():
    budget = Budget(lambda: 3)

    async def many():
        await asyncio.gather(*(hold(budget) for _ in range(20)))

    asyncio.run(many())
    assert budget.most == 3
    assert budget.used == 0


def test_several_loops_share_one_budget():
    budget = Budget(lambda: 2)

    async def many():
        await asyncio.gather(*(hold(budget, 0.002) for _ in range(20)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    run_on_loop(many(), 30)
    for thread in threads:
        thread.join(30)
    assert budget.most == 2
    assert budget.used == 0


def test_whoever_is_cancelled_in_line_or_while_holding_gives_way():
    budget = Budget(lambda: 1)

    async def run():
        holder = asyncio.ensure_future(hold(budget, 60))
        waiter = asyncio.ensure_future(hold(budget, 60))
        last = asyncio.ensure_future(hold(budget))
        await pause(0.01)
        waiter.cancel()
        holder.cancel()
        await asyncio.wait_for(last, 10)
        for task in (holder, waiter):
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert budget.used == 0


def test_a_share_that_comes_together_with_the_cancellation_is_passed_on():
    budget = Budget(lambda: 1)

    async def run():
        await budget.__aenter__()
        waiter = asyncio.ensure_future(hold(budget, 60))
        await pause()
        await budget.__aexit__()  # the share is the waiter's now, which has not run yet
        assert budget.used == 1
        waiter.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiter

    asyncio.run(run())
    assert budget.used == 0


def test_who_waits_on_a_loop_that_is_closed_is_passed_over():
    budget = Budget(lambda: 1)
    run_on_loop(budget.__aenter__())
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(hold(budget))
    loop.run_until_complete(pause())
    loop.close()
    run_on_loop(budget.__aexit__())
    assert budget.used == 0
    run_on_loop(hold(budget), 10)
    waiting._log_destroy_pending = False


def test_one_identity_has_one_budget():
    first = Budget.of(("a", 1), lambda: 1)
    assert Budget.of(("a", 1), lambda: 2) is first
    assert Budget.of(("a", 2), lambda: 1) is not first


def test_a_reset_forgets_holders():
    budget = Budget(lambda: 1)
    run_on_loop(budget.__aenter__())
    budget.reset()
    run_on_loop(hold(budget), 10)


# -- run_there


async def loop_of(seconds=0.0):
    await pause(seconds)
    return asyncio.get_running_loop()


def test_a_coroutine_runs_on_the_loop_it_is_bound_to():
    async def ask():
        return asyncio.get_running_loop(), await run_there(loop_of())

    mine, there = asyncio.run(ask())
    assert mine is not there
    same, background = run_on_loop(ask(), 10)
    assert same is background is there


def test_its_error_is_raised_here():
    async def fail():
        raise KeyError("there")

    with pytest.raises(KeyError, match="there"):
        asyncio.run(run_there(fail()))


def test_when_the_caller_is_cancelled_it_has_ended():
    ended = []

    async def work():
        try:
            await pause(60)
        finally:
            await pause(0.05)
            ended.append(True)

    async def run():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run_there(work()), 0.05)

    asyncio.run(run())
    assert ended == [True]


def test_a_loop_that_is_closed_is_an_error():
    loop = asyncio.new_event_loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(run_there(loop_of(), loop))


def test_nobody_holds_a_share_in_the_child_of_a_fork():
    budget = Budget(lambda: 1)  # which no table knows
    run_on_loop(budget.__aenter__())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which is what is tested
        child = os.fork()
    if child == 0:
        os._exit(budget.used)
    assert os.waitpid(child, 0)[1] == 0
    assert budget.used == 1
