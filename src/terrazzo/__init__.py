"""N-dimensional arrays as compressed chunks in any key-value store, in the Zarr format.

A drop-in for zarr-python 3: ``import terrazzo as zarr``. The functions here block; ``terrazzo.api.asynchronous`` has
them as coroutines.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from terrazzo.api.synchronous import (
    array,
    consolidate_metadata,
    copy,
    copy_all,
    copy_store,
    create,
    create_array,
    create_group,
    create_hierarchy,
    empty,
    empty_like,
    from_array,
    full,
    full_like,
    group,
    load,
    migrate_v2_to_v3,
    ones,
    ones_like,
    open,
    open_array,
    open_consolidated,
    open_group,
    open_like,
    rechunk,
    remove_metadata,
    save,
    save_array,
    save_group,
    tree,
    verify,
    zeros,
    zeros_like,
)
from terrazzo.diagnostics import print_debug_info, set_format, set_log_level
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group
from terrazzo.settings import config

__version__ = "0.1.0"

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
    "migrate_v2_to_v3",
    "ones",
    "ones_like",
    "open",
    "open_array",
    "open_consolidated",
    "open_group",
    "open_like",
    "print_debug_info",
    "rechunk",
    "remove_metadata",
    "save",
    "save_array",
    "save_group",
    "set_format",
    "set_log_level",
    "tree",
    "verify",
    "zeros",
    "zeros_like",
]


def __getattr__(name: str) -> ModuleType:
    if name == "codecs":  # loaded on use: most programs name none
        return import_module("terrazzo.codecs")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
