"""What tests of terrazzo, and of stores and codecs written for it, are made of.

This package is also a plugin of pytest: it names the marks of its tests, and runs the tests and fixtures of
`StoreTests` that are coroutines. What
needs pytest or hypothesis is imported when it is first named.
"""

from __future__ import annotations

import functools
import inspect
import sys
from types import MethodType
from typing import TYPE_CHECKING, Any

from terrazzo.runtime.lazy import on_use

if TYPE_CHECKING:
    from terrazzo.testing.store import StoreTests
    from terrazzo.testing.utils import assert_bytes_equal

__all__ = ["StoreTests", "assert_bytes_equal", "pytest_configure", "pytest_fixture_setup", "pytest_pyfunc_call"]

_HOMES = {"StoreTests": ".store", "assert_bytes_equal": ".utils"}
_WITH_ASSERTIONS = ("hierarchy", "stateful", "store", "store_checks", "store_samples", "store_together", "utils")

if "pytest" in sys.modules:  # whose messages of failed assertions say what was compared, in these modules too
    sys.modules["pytest"].register_assert_rewrite(*[f"{__name__}.{module}" for module in _WITH_ASSERTIONS])


__getattr__ = on_use(__name__, _HOMES)


def pytest_configure(config: Any) -> None:
    """Tell pytest the marks of the tests here."""
    config.addinivalue_line("markers", "gpu: needs cupy and a GPU that it can use")


def pytest_fixture_setup(fixturedef: Any, request: Any) -> None:
    """Make a fixture of a subclass of `StoreTests` that is a coroutine one that blocks; pytest sets it up."""
    store = sys.modules.get("terrazzo.testing.store")
    if store is None or not isinstance(request.instance, store.StoreTests):
        return
    function = getattr(fixturedef.func, "__func__", None)
    if not inspect.iscoroutinefunction(function):
        return

    @functools.wraps(function)
    def blocking(*args: Any, **kwargs: Any) -> Any:
        return store.on_the_loop(function(*args, **kwargs))

    fixturedef.func = MethodType(blocking, fixturedef.func.__self__)


def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    """Run a test of a subclass of `StoreTests` that is a coroutine; leave all others to pytest."""
    store = sys.modules.get("terrazzo.testing.store")
    if store is None or not isinstance(pyfuncitem.instance, store.StoreTests):
        return None
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    pyfuncitem.instance.drive(pyfuncitem.obj(**arguments))
    return True
