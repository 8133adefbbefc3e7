"""A plain lock for what is done in one go on one thread, such as writing to a file that several threads share."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["Mutex"]


class Mutex:
    """A reentrant lock, to be held in a ``with`` block in which nothing is awaited. Free in the child of a fork."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        self._lock.release()


_all: WeakSet[Mutex] = WeakSet()


def _free_all() -> None:
    for mutex in list(_all):
        mutex._lock = threading.RLock()  # whoever held it does not exist here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
