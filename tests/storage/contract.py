"""The checks of ``terrazzo.testing`` for stores that a test makes itself.

``contract`` runs a test once for each of them, driven by a blocking caller and awaited on a live event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from terrazzo.abc.store import Store
from terrazzo.testing.store import blocking
from terrazzo.testing.store_checks import CHECKS
from terrazzo.testing.store_samples import HOSTILE, KEYS, PROTOTYPE, fetch, gather_ranges, listed, put, value_of

__all__ = [
    "CHECKS",
    "HOSTILE",
    "KEYS",
    "PROTOTYPE",
    "awaited",
    "blocking",
    "contract",
    "fetch",
    "gather_ranges",
    "listed",
    "put",
    "value_of",
]

SECONDS = 60


def awaited(store: Store, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run as a task of somebody's event loop."""
    return asyncio.run(asyncio.wait_for(coroutine, SECONDS))


DRIVES = (blocking, awaited)


def contract(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test for every check, driven both ways; it gets ``check`` and ``drive`` and brings the store."""
    checks = pytest.mark.parametrize("check", CHECKS, ids=[check.__name__ for check in CHECKS])
    drives = pytest.mark.parametrize("drive", DRIVES, ids=[drive.__name__ for drive in DRIVES])
    return drives(checks(test))
