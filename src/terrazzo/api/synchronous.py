"""Functions on stores, blocking: mirrors of ``terrazzo.api.asynchronous``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from terrazzo.api import asynchronous
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup, AsyncNode
from terrazzo.nodes.group import Group, Node, blocking
from terrazzo.nodes.loaded import AsyncLoadedGroup, LoadedGroup
from terrazzo.runtime import mirror_function, mirror_function_items
from terrazzo.spec import ArrayConfigLike
from terrazzo.storage import StoreLike
from terrazzo.types import AccessModeLiteral, ShapeLike, ZarrFormat

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


def _to_array(node: AsyncArray[Any]) -> Array[Any]:
    return Array(node)


def _to_group(node: AsyncGroup) -> Group:
    return Group(node)


def _named_node(item: tuple[str, AsyncNode]) -> tuple[str, Node]:
    return item[0], blocking(item[1])


def _loaded(data: Any) -> Any:
    return LoadedGroup(data) if isinstance(data, AsyncLoadedGroup) else data


array = mirror_function(asynchronous.array, _to_array)
consolidate_metadata = mirror_function(asynchronous.consolidate_metadata, _to_group)
copy = mirror_function(asynchronous.copy)
copy_all = mirror_function(asynchronous.copy_all)
copy_store = mirror_function(asynchronous.copy_store)
create = mirror_function(asynchronous.create, _to_array)
create_array = mirror_function(asynchronous.create_array, _to_array)
create_group = mirror_function(asynchronous.create_group, _to_group)
create_hierarchy = mirror_function_items(asynchronous.create_hierarchy, _named_node)
empty = mirror_function(asynchronous.empty, _to_array)
empty_like = mirror_function(asynchronous.empty_like, _to_array)
from_array = mirror_function(asynchronous.from_array, _to_array)
full = mirror_function(asynchronous.full, _to_array)
full_like = mirror_function(asynchronous.full_like, _to_array)
group = mirror_function(asynchronous.group, _to_group)
load = mirror_function(asynchronous.load, _loaded)
migrate_v2_to_v3 = mirror_function(asynchronous.migrate_v2_to_v3)
ones = mirror_function(asynchronous.ones, _to_array)
ones_like = mirror_function(asynchronous.ones_like, _to_array)
open_array = mirror_function(asynchronous.open_array, _to_array)
open_consolidated = mirror_function(asynchronous.open_consolidated, _to_group)
open_group = mirror_function(asynchronous.open_group, _to_group)
open_like = mirror_function(asynchronous.open_like, _to_array)
rechunk = mirror_function(asynchronous.rechunk)
remove_metadata = mirror_function(asynchronous.remove_metadata)
save = mirror_function(asynchronous.save)
save_array = mirror_function(asynchronous.save_array)
save_group = mirror_function(asynchronous.save_group)
tree = mirror_function(asynchronous.tree)
verify = mirror_function(asynchronous.verify)
zeros = mirror_function(asynchronous.zeros, _to_array)
zeros_like = mirror_function(asynchronous.zeros_like, _to_array)

if TYPE_CHECKING:  # a mirror has one signature, and who gives a shape gets an array

    @overload
    def open(
        store: StoreLike | None = None,
        *,
        mode: AccessModeLiteral | None = None,
        zarr_format: ZarrFormat | None = None,
        path: str | None = None,
        storage_options: dict[str, Any] | None = None,
        config: ArrayConfigLike | None = None,
        shape: ShapeLike,
        **kwargs: Any,
    ) -> Array[Any]: ...
    @overload
    def open(
        store: StoreLike | None = None,
        *,
        mode: AccessModeLiteral | None = None,
        zarr_format: ZarrFormat | None = None,
        path: str | None = None,
        storage_options: dict[str, Any] | None = None,
        config: ArrayConfigLike | None = None,
        **kwargs: Any,
    ) -> Node: ...
    def open(*args: Any, **kwargs: Any) -> Any:
        """Open whatever node is at a place, or create one."""
else:
    open = mirror_function(asynchronous.open, blocking)
