"""Functions on stores, asynchronous: every one is written once, in the modules beside this one.

A store is named by anything that ``StoreLike`` allows: a store, a local path, a dictionary, None for memory.
"""

from __future__ import annotations

from terrazzo.api.consolidating import consolidate_metadata, open_consolidated
from terrazzo.api.copying import from_array
from terrazzo.api.creating import (
    array,
    create,
    create_array,
    empty,
    empty_like,
    full,
    full_like,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from terrazzo.api.hierarchies import create_hierarchy
from terrazzo.api.migrating import migrate_v2_to_v3, remove_metadata
from terrazzo.api.nodes import create_group, group, open, open_array, open_group, open_like
from terrazzo.api.reporting import tree, verify
from terrazzo.api.saving import load, save, save_array, save_group
from terrazzo.api.transferring import copy, copy_all, copy_store, rechunk

__all__ = [
    "array",
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
    "rechunk",
    "remove_metadata",
    "save",
    "save_array",
    "save_group",
    "tree",
    "verify",
    "zeros",
    "zeros_like",
]
