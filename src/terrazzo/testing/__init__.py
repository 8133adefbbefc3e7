"""What tests of terrazzo, and of stores and codecs written for it, are made of.

pytest finds the marks that tests use here, where the package is registered as one of its plugins; what needs pytest
or hypothesis is imported when it is first named.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terrazzo.testing.utils import assert_bytes_equal

__all__ = ["assert_bytes_equal", "pytest_configure"]

_MODULES = {"assert_bytes_equal": "utils"}


def pytest_configure(config: Any) -> None:
    """Tell pytest the marks of the tests here."""
    config.addinivalue_line("markers", "gpu: needs cupy and a GPU that it can use")


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found
