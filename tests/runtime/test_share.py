"""Sharing work between the calling thread and helpers."""

import concurrent.futures
import threading

from terrazzo.runtime import concurrent as sharing
from terrazzo.runtime import run_inline, share


def test_a_helper_finishes_what_it_has_taken_when_the_caller_finds_nothing_more_to_take(monkeypatch):
    helper_has_two, caller_waits = threading.Event(), threading.Event()
    caller, seen = threading.current_thread(), []

    def wait(futures):
        caller_waits.set()
        return concurrent.futures.wait(futures)

    async def worker(items):
        for number, item in enumerate(items):
            if threading.current_thread() is caller:
                assert helper_has_two.wait(30)  # after which nothing is left to take
            elif number == 1:  # the first of two items that it took together
                helper_has_two.set()
                assert caller_waits.wait(30)
            seen.append(item)

    monkeypatch.setattr(sharing, "wait", wait)
    run_inline(share(worker, range(4), 2))
    assert sorted(seen) == [0, 1, 2, 3]
