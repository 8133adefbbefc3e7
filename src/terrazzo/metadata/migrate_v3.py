"""Migrating from Zarr v2 to Zarr v3, under the names that zarr-python has for it.

What does it reads and writes nodes, which stand above metadata: it is imported when it is first named. As with
zarr-python, ``remove_metadata`` is a coroutine function and the others block.
"""

from __future__ import annotations

import importlib
from typing import Any

from terrazzo.runtime import mirror_function

__all__ = ["migrate_to_v3", "migrate_v2_to_v3", "remove_metadata"]  # noqa: F822 - `__getattr__` has them


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function = getattr(importlib.import_module("terrazzo.api.migrating"), name)
    found = globals()[name] = function if name == "remove_metadata" else mirror_function(function)
    return found
