"""Stores that tests are run on: in memory and in a folder, inline and suspending.

``HYPOTHESIS_PROFILE=long`` makes property tests look for new examples, many of them, where the default tries the same
few each time.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

from terrazzo.abc.store import Store
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing import pytest_fixture_setup, pytest_pyfunc_call
from terrazzo.testing.stores import SuspendingStore
from tests.foreign import install_other

__all__ = [
    "pytest_fixture_setup",
    "pytest_pyfunc_call",
]  # run what is a coroutine, also where terrazzo is not installed

# A shell that runs a job in the background has it ignore Ctrl-C, which tests send to themselves and to their children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """What was collected stays to the end: nobody need look through it for garbage."""
    gc.collect()
    gc.freeze()


# Examples that share a store would depend on one another: fixtures that tests of properties use only choose a driver.
ALLOWED = [hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile(
    "default", deadline=None, max_examples=40, derandomize=True, database=None, suppress_health_check=ALLOWED
)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000, suppress_health_check=ALLOWED)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

STORES = ("memory", "local", "memory suspending", "local suspending")
"""With a suspending store every blocking call runs on the background loop, with the others on the calling thread."""


def make_store(kind: str, folder: Path) -> Store:
    """A new, empty store of one of the kinds."""
    store: Store = MemoryStore() if kind.startswith("memory") else LocalStore(folder / "store")
    return SuspendingStore(store) if kind.endswith("suspending") else store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store: a test that uses it runs on each kind."""
    return make_store(request.param, tmp_path)


@pytest.fixture(params=["inline", "suspending"])
def driven(request: pytest.FixtureRequest) -> Callable[[Store], Store]:
    """Makes a store be driven inline, or on an event loop: a test that uses it runs both ways."""
    return SuspendingStore if request.param == "suspending" else lambda store: store


@pytest.fixture
def other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with contracts of its own is imported; see ``tests/foreign.py``."""
    install_other(monkeypatch)
