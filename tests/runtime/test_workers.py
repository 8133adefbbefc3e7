import threading
import weakref
from concurrent.futures import CancelledError, wait

import pytest

from terrazzo.runtime.workers import Workers, functions, operations
from tests.parallel import LIMIT_SECONDS, until


class Thing:
    """Something that can be looked at weakly."""


class Stop:
    """Calls that last until they are let go."""

    def __init__(self):
        self.go = threading.Event()
        self.running = threading.Semaphore(0)

    def __call__(self, *args):
        self.running.release()
        assert self.go.wait(LIMIT_SECONDS)
        return args

    def wait_for(self, count):
        for _ in range(count):
            assert self.running.acquire(timeout=LIMIT_SECONDS)


@pytest.fixture
def stop():
    stop = Stop()
    yield stop
    stop.go.set()


def result(future):
    return future.result(LIMIT_SECONDS)


def names(pool):
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(f"{pool.name}-")}


def test_a_call_is_made_in_a_daemon_thread_of_the_pool():
    pool = Workers("test-daemon", 2)
    thread = result(pool.submit(threading.current_thread))
    assert thread.name == "test-daemon-0"
    assert thread.daemon


def test_arguments_and_result_pass():
    assert result(Workers("test-pass", 1).submit(lambda *args, **kwargs: (args, kwargs), 1, a=2)) == ((1,), {"a": 2})


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
def test_an_error_passes_and_the_worker_lives_on(error):
    def fail():
        raise error

    pool = Workers("test-error", 1)
    assert pool.submit(fail).exception(LIMIT_SECONDS) is error
    assert result(pool.submit(int, "5")) == 5
    assert names(pool) == {"test-error-0"}


def test_stop_iteration_becomes_what_a_coroutine_makes_of_it():
    error = Workers("test-stop-iteration", 1).submit(next, iter(())).exception(LIMIT_SECONDS)
    assert type(error) is RuntimeError
    assert type(error.__cause__) is StopIteration


def test_calls_start_in_the_order_of_submission(stop):
    pool = Workers("test-order", 1)
    made = []
    futures = [pool.submit(stop), *(pool.submit(made.append, number) for number in range(20))]
    stop.go.set()
    assert not wait(futures, LIMIT_SECONDS).not_done
    assert made == list(range(20))


def test_threads_start_only_when_all_are_busy(stop):
    pool = Workers("test-grow", 3)
    assert names(pool) == set()
    futures = [pool.submit(stop) for _ in range(2)]
    stop.wait_for(2)
    assert len(names(pool)) == 2
    stop.go.set()
    assert not wait(futures, LIMIT_SECONDS).not_done
    until(lambda: pool._idle._value == 2)
    for _ in range(10):
        result(pool.submit(int))
        until(lambda: pool._idle._value == 2)
    assert len(names(pool)) == 2


def test_no_more_threads_start_than_the_pool_may_have(stop):
    pool = Workers("test-full", 2)
    futures = [pool.submit(stop, number) for number in range(6)]
    stop.wait_for(2)
    assert len(names(pool)) == 2
    assert not stop.running.acquire(timeout=0.01)
    stop.go.set()
    assert [result(future) for future in futures] == [(number,) for number in range(6)]
    assert len(names(pool)) == 2


def test_a_call_that_is_cancelled_in_time_is_not_made(stop):
    pool = Workers("test-cancel", 1)
    busy = pool.submit(stop)
    stop.wait_for(1)
    made = []
    cancelled, kept = pool.submit(made.append, "cancelled"), pool.submit(made.append, "kept")
    assert cancelled.cancel()
    stop.go.set()
    assert not wait([busy, kept], LIMIT_SECONDS).not_done
    assert made == ["kept"]
    with pytest.raises(CancelledError):
        cancelled.result()


def test_a_call_that_runs_cannot_be_cancelled(stop):
    future = Workers("test-running", 1).submit(stop)
    stop.wait_for(1)
    assert not future.cancel()
    stop.go.set()
    assert result(future) == ()


def test_an_idle_worker_keeps_no_result_alive():
    pool = Workers("test-alive", 1)
    thing = Thing()
    seen = weakref.ref(thing)
    future = pool.submit(lambda same: same, thing)
    assert result(future) is thing
    del thing, future
    until(lambda: seen() is None)


def test_a_reset_pool_starts_anew(stop):
    """In the child of a fork neither the threads nor the tasks of the parent exist."""
    pool = Workers("test-reset", 1)
    busy, forgotten = pool.submit(stop), pool.submit(int)
    stop.wait_for(1)
    pool.reset()
    assert result(pool.submit(int, "7")) == 7
    assert not forgotten.done()
    stop.go.set()
    result(busy)
    result(forgotten)  # the old thread still serves the old tasks here, where it exists


def no_thread(thread):
    raise RuntimeError("can't start new thread")


def test_without_any_thread_the_call_is_refused(monkeypatch):
    pool = Workers("test-shutdown", 2)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    made = []
    with pytest.raises(RuntimeError, match="new thread"):
        pool.submit(made.append, 1)
    monkeypatch.undo()
    pool.submit(made.append, 2).result(LIMIT_SECONDS)
    assert made == [2]


def test_without_a_new_thread_the_old_ones_do_it(monkeypatch, stop):
    pool = Workers("test-exhausted", 2)
    busy = pool.submit(stop)
    stop.wait_for(1)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    waiting = pool.submit(int, "3")
    stop.go.set()
    assert result(waiting) == 3
    assert result(busy) == ()
    assert names(pool) == {"test-exhausted-0"}


def test_operations_and_functions_are_pools_of_their_own():
    assert operations is not functions
    assert result(operations.submit(threading.current_thread)).name.startswith("terrazzo-operation-")
    assert result(functions.submit(threading.current_thread)).name.startswith("terrazzo-function-")
