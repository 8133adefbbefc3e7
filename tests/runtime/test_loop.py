import asyncio
import contextvars
import inspect
import signal
import threading

import pytest

from terrazzo.errors import SyncError
from terrazzo.runtime import loop as loop_module
from terrazzo.runtime import run_on_loop
from tests.interruption import Interruption
from tests.parallel import LIMIT_SECONDS, run_threads, until, until_async

flavour = contextvars.ContextVar("flavour", default="plain")


@pytest.fixture
def fresh_loop(monkeypatch):
    """A process in which the background loop has not been started yet; what is started here ends with the test."""
    monkeypatch.setattr(loop_module, "_loop", None)
    monkeypatch.setattr(loop_module, "_thread", None)
    yield
    if loop_module._loop is not None:
        loop_module._loop.call_soon_threadsafe(loop_module._loop.stop)
        loop_module._thread.join(LIMIT_SECONDS)
        loop_module._loop.close()


def tasks_left():
    """How many tasks are on the background loop, beside the one that asks."""

    async def count():
        return len(asyncio.all_tasks()) - 1

    return run_on_loop(count(), LIMIT_SECONDS)


class Sleeper:
    """A coroutine that waits until it is cancelled, and what became of it."""

    def __init__(self):
        self.started = threading.Event()
        self.ended = threading.Event()

    async def sleep(self):
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


def test_the_result_comes_from_the_one_background_thread():
    async def where():
        await asyncio.sleep(0)
        return threading.current_thread(), asyncio.get_running_loop()

    thread, loop = run_on_loop(where())
    assert thread.name == "terrazzo-loop"
    assert thread.daemon
    assert run_on_loop(where()) == (thread, loop)


def test_an_error_passes_under_its_own_class():
    error = LookupError("not here")

    async def fail():
        await asyncio.sleep(0)
        raise error

    with pytest.raises(LookupError) as caught:
        run_on_loop(fail())
    assert caught.value is error


def test_the_context_of_the_caller_is_seen_but_not_changed():
    async def look():
        seen = flavour.get()
        flavour.set("changed")
        return seen

    flavour.set("sweet")
    assert run_on_loop(look()) == "sweet"
    assert flavour.get() == "sweet"


def test_a_timeout_cancels_the_task():
    sleeper = Sleeper()
    with pytest.raises(TimeoutError, match=r"0\.01 s.*async\.timeout"):
        run_on_loop(sleeper.sleep(), timeout=0.01)
    assert sleeper.ended.is_set()
    assert tasks_left() == 0


def test_a_result_in_time_is_no_timeout():
    async def quick():
        return "quick"

    assert run_on_loop(quick(), timeout=LIMIT_SECONDS) == "quick"


def test_a_task_that_takes_long_to_stop_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(loop_module, "GRACE_SECONDS", 0.01)
    go = threading.Event()
    ended = threading.Event()

    async def stubborn():
        try:
            await asyncio.Event().wait()
        finally:
            await until_async(go.is_set)
            ended.set()

    with pytest.raises(TimeoutError):
        run_on_loop(stubborn(), timeout=0.01)
    assert not ended.is_set()
    go.set()
    assert ended.wait(LIMIT_SECONDS)
    until(lambda: tasks_left() == 0)


def test_a_timeout_error_of_the_coroutine_itself_passes():
    async def fail():
        raise TimeoutError("of the server")

    with pytest.raises(TimeoutError, match="of the server"):
        run_on_loop(fail(), timeout=LIMIT_SECONDS)


def test_a_task_that_is_cancelled_by_itself_raises():
    async def cancelled():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        run_on_loop(cancelled())


def test_a_blocking_call_on_the_loop_itself_is_refused():
    """It would wait for itself."""
    inner = Sleeper().sleep()

    async def outer():
        run_on_loop(inner)

    with pytest.raises(SyncError, match="await it instead"):
        run_on_loop(outer(), LIMIT_SECONDS)
    assert inspect.getcoroutinestate(inner) == inspect.CORO_CLOSED


def test_a_blocking_call_on_another_loop_works():
    async def inner():
        await asyncio.sleep(0)
        return threading.current_thread().name

    async def outer():
        return run_on_loop(inner())

    assert asyncio.run(outer()) == "terrazzo-loop"


def test_ctrl_c_cancels_the_task():
    sleeper = Sleeper()

    def interrupt():
        assert sleeper.started.wait(LIMIT_SECONDS)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_on_loop(sleeper.sleep())
    assert sleeper.ended.is_set()
    assert tasks_left() == 0


def test_ctrl_c_that_another_thread_receives_is_noticed():
    sleeper = Sleeper()

    def interrupt():
        assert sleeper.started.wait(LIMIT_SECONDS)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_on_loop(sleeper.sleep())
    assert sleeper.ended.is_set()


def test_ctrl_c_at_any_step_leaves_no_task_behind():
    async def work():
        await asyncio.sleep(0.001)

    run_on_loop(work())
    step = 1
    interrupted = True
    while interrupted:
        coroutine = work()
        interrupted = Interruption(loop_module, step).hits(lambda coroutine=coroutine: run_on_loop(coroutine))
        assert inspect.getcoroutinestate(coroutine) in (inspect.CORO_CREATED, inspect.CORO_CLOSED), step
        coroutine.close()
        assert tasks_left() == 0, step
        step += 1
    assert step > 5


@pytest.mark.parametrize("error", [KeyboardInterrupt("from a store"), SystemExit(3)], ids=repr)
def test_the_loop_survives_what_would_end_a_program(error):
    async def fail():
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as caught:
        run_on_loop(fail(), LIMIT_SECONDS)
    assert caught.value is error
    assert tasks_left() == 0


def test_CC_07_many_first_calls_at_once_start_one_loop(fresh_loop):
    async def where():
        await asyncio.sleep(0)
        return asyncio.get_running_loop(), threading.current_thread()

    assert len(set(run_threads(*[lambda: run_on_loop(where(), LIMIT_SECONDS)] * 16))) == 1


def test_calls_from_many_threads_wait_side_by_side():
    here = threading.Semaphore(0)

    async def meet():
        """Ends only when all have come."""
        here.release()
        await until_async(lambda: here._value == 32)

    run_threads(*[lambda: run_on_loop(meet(), LIMIT_SECONDS)] * 32)


def test_a_forgotten_loop_is_replaced(fresh_loop):
    """In the child of a fork the thread of the loop does not exist."""

    async def where():
        return asyncio.get_running_loop()

    old = run_on_loop(where())
    old_thread = loop_module._thread
    loop_module._forget_loop()
    assert run_on_loop(where()) is not old
    old.call_soon_threadsafe(old.stop)
    old_thread.join(LIMIT_SECONDS)
    old.close()


def test_a_stopped_loop_leaves_no_thread_and_no_task(fresh_loop):
    cancelled = threading.Event()

    async def wait_for_ever():
        try:
            await asyncio.sleep(LIMIT_SECONDS)
        finally:
            cancelled.set()

    async def start():
        return asyncio.create_task(wait_for_ever()), asyncio.get_running_loop()

    _task, loop = run_on_loop(start())
    run_on_loop(asyncio.sleep(0))  # so that the task has begun
    thread = loop_module._thread
    loop_module.stop_loop()
    assert cancelled.is_set()
    assert loop.is_closed()
    assert not thread.is_alive()
    loop_module.stop_loop()  # there is none
    assert run_on_loop(asyncio.sleep(0, "anew")) == "anew"
    assert loop_module._loop is not loop


def test_a_loop_does_not_stop_itself(fresh_loop):
    async def stop():
        loop_module.stop_loop()
        return asyncio.get_running_loop()

    assert run_on_loop(stop()) is loop_module._loop


def test_at_exit_the_loop_says_no_more(fresh_loop, caplog):
    async def report():
        asyncio.get_running_loop().call_exception_handler({"message": "a task is lost"})

    loop_module._silence_loop()  # nothing to silence
    run_on_loop(report())
    assert "a task is lost" in caplog.text
    caplog.clear()
    loop_module._silence_loop()
    run_on_loop(report())
    assert caplog.text == ""
