import signal
import threading
from concurrent.futures import Future

import pytest

from terrazzo.runtime.blocking import wait_for_all, wait_for_event


def done():
    future = Future()
    future.set_result(None)
    return future


def later(call):
    timer = threading.Timer(0.005, call)
    timer.daemon = True
    timer.start()


def test_what_is_done_is_not_waited_for():
    assert wait_for_all([])
    assert wait_for_all([done(), done()], timeout=0)


def test_a_wait_ends_when_all_are_done():
    future = Future()
    later(lambda: future.set_result(None))
    assert wait_for_all([done(), future])
    assert future.done()


def test_a_wait_ends_at_its_deadline():
    assert not wait_for_all([done(), Future()], timeout=0.01)
    assert not wait_for_all([Future()], timeout=0)
    assert not wait_for_all([Future()], timeout=-1)


def test_an_event_ends_a_wait():
    event = threading.Event()
    later(event.set)
    wait_for_event(event)
    assert event.is_set()


@pytest.mark.parametrize(
    "wait",
    [
        lambda: wait_for_all([Future()]),
        lambda: wait_for_all([Future()], 100),
        lambda: wait_for_event(threading.Event()),
    ],
)
def test_ctrl_c_is_noticed_also_when_another_thread_receives_it(wait):
    with pytest.raises(KeyboardInterrupt):
        later(lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
        wait()
