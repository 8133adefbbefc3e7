"""Running things at once in tests: threads that start together, end, and hand back their errors."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

LIMIT_SECONDS = 60
"""A guard against hangs, never a measure of speed."""


def run_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Make every call in a thread of its own, all starting at the same moment; the results, or the first error."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def work(position: int, call: Callable[[], Any]) -> None:
        try:
            start.wait(LIMIT_SECONDS)
            results[position] = call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=item, daemon=True) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_SECONDS)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    return results


def until(claim: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.0005)


async def until_async(claim: Callable[[], bool]) -> None:
    """Wait on an event loop, which stays free, for what another thread or task is about to do."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        await asyncio.sleep(0.0005)
