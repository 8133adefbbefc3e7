"""Blocking a thread so that Ctrl-C still reaches it.

A signal that comes while the main thread waits for its turn to run, or that the system delivers to another thread,
does not wake it from a wait without end: it would be noticed when the wait is over. So waits are made of short ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["wait_for_all", "wait_for_event"]

LISTEN_SECONDS = 0.2
"""How long a thread is deaf at most."""


def wait_for_all(futures: Collection[Future[Any]], timeout: float | None = None) -> bool:
    """Wait until all futures are done, or for `timeout` seconds; whether they are."""
    if not futures:
        return True
    from concurrent.futures import wait  # loaded on use: with what it imports, logging among it, it takes 3 ms

    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    while wait(futures, min(LISTEN_SECONDS, max(0.0, deadline - time.monotonic()))).not_done:
        if time.monotonic() >= deadline:
            return False
    return True


def wait_for_event(event: threading.Event) -> None:
    """Wait until an event is set."""
    while not event.wait(LISTEN_SECONDS):
        pass
