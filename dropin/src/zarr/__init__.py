"""zarr, as terrazzo has it: the names of zarr-python for the objects of terrazzo.

``zarr`` is a module of its own, for it has a version and deprecated names of its own; every module below it is the
very module of terrazzo, or gathers objects of terrazzo under the private paths that other packages import.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zarr import _finder, _settings, _table
from zarr._own import deprecated, private

__version__ = "3.4.2"

__all__ = [
    "Array",
    "AsyncArray",
    "AsyncGroup",
    "Group",
    "__version__",
    "array",
    "config",
    "consolidate_metadata",
    "copy",
    "copy_all",
    "copy_store",
    "create",
    "create_array",
    "create_group",
    "create_hierarchy",
    "empty",
    "empty_like",
    "from_array",
    "full",
    "full_like",
    "group",
    "load",
    "ones",
    "ones_like",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "open_like",
    "print_debug_info",
    "save",
    "save_array",
    "save_group",
    "set_format",
    "set_log_level",
    "tree",
    "zeros",
    "zeros_like",
]

_finder.install()
_settings.adopt()
deprecated.attach()
private.attach()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in __all__:
        return getattr(import_module("terrazzo"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})


_MODULES = frozenset(_table.children(__name__))
