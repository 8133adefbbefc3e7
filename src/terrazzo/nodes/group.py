"""Groups, blocking: mirrors of the asynchronous ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, TypeVar, Unpack, overload

from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup, AsyncNode
from terrazzo.nodes.attributes import Attributes
from terrazzo.nodes.group_base import GroupBase
from terrazzo.runtime import mirror, mirror_items, mirror_stream, run_inline
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import ZarrFormat

__all__ = ["Group", "Node", "blocking"]

Node: TypeAlias = "Array[Any] | Group"
D = TypeVar("D")


def blocking(node: AsyncNode) -> Node:
    """The blocking counterpart of an asynchronous node."""
    return Array(node) if isinstance(node, AsyncArray) else Group(node)


def _to_group(group: AsyncGroup) -> Group:
    return Group(group)


def _to_groups(groups: tuple[AsyncGroup, ...]) -> tuple[Group, ...]:
    return tuple(Group(group) for group in groups)


def _to_array(array: AsyncArray[Any]) -> Array[Any]:
    return Array(array)


def _named_node(item: tuple[str, AsyncNode]) -> tuple[str, Node]:
    return item[0], blocking(item[1])


def _named_array(item: tuple[str, AsyncArray[Any]]) -> tuple[str, Array[Any]]:
    return item[0], Array(item[1])


def _named_group(item: tuple[str, AsyncGroup]) -> tuple[str, Group]:
    return item[0], Group(item[1])


def _name(name: str) -> str:
    return name


class _CreateGroupKeywords(TypedDict, total=False):
    overwrite: bool
    attributes: Mapping[str, Any] | None


class _RequireGroupKeywords(TypedDict, total=False):
    overwrite: bool


@dataclass(frozen=True, repr=False)
class Group(GroupBase):
    """A group in a store: a node that holds arrays and groups by name, blocking.

    Every method runs the coroutine of the same name of `AsyncGroup`: on the calling thread where the store never
    waits, and otherwise on a background event loop.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group({})
    >>> array = root.create_array("measured/height", shape=(3,), dtype="float32")
    >>> root.attrs["crs"] = "EPSG:4326"
    >>> print(root.tree())
    /
    └── measured
        └── height (3,) float32
    """

    _async_group: AsyncGroup

    def __hash__(self) -> int:
        return hash(self._async_group)

    @property
    def async_counterpart(self) -> AsyncGroup:
        """What the mirrored methods call."""
        return self._async_group

    @property
    def metadata(self) -> GroupMetadata:  # type: ignore[override] # an attribute elsewhere
        """What is stored about the group."""
        return self._async_group.metadata

    @property
    def store_path(self) -> StorePath:  # type: ignore[override] # an attribute elsewhere
        """Where the group is."""
        return self._async_group.store_path

    @property
    def attrs(self) -> Attributes:
        """The user's attributes, as a mutable mapping; each change is written at once."""
        return Attributes(self)

    @classmethod
    def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        zarr_format: ZarrFormat = 3,
        overwrite: bool = False,
    ) -> Group:
        """Create a group at the root of a store; see ``AsyncGroup.from_store``."""
        made = AsyncGroup.from_store(store, attributes=attributes, overwrite=overwrite, zarr_format=zarr_format)
        return cls(run_inline(made))

    @classmethod
    def open(cls, store: StoreLike, zarr_format: ZarrFormat | None = 3) -> Group:
        """Open a group that exists; see ``AsyncGroup.open``."""
        return cls(run_inline(AsyncGroup.open(store, zarr_format)))

    create_array = create = mirror(AsyncGroup.create_array, _to_array)
    create_hierarchy = mirror_items(AsyncGroup.create_hierarchy, _named_node)
    empty = mirror(AsyncGroup.empty, _to_array)
    empty_like = mirror(AsyncGroup.empty_like, _to_array)
    full = mirror(AsyncGroup.full, _to_array)
    full_like = mirror(AsyncGroup.full_like, _to_array)
    ones = mirror(AsyncGroup.ones, _to_array)
    ones_like = mirror(AsyncGroup.ones_like, _to_array)
    zeros = mirror(AsyncGroup.zeros, _to_array)
    zeros_like = mirror(AsyncGroup.zeros_like, _to_array)
    require_array = mirror(AsyncGroup.require_array, _to_array)
    require_groups = mirror(AsyncGroup.require_groups, _to_groups)
    get_array = mirror(AsyncGroup.get_array, _to_array)
    get_group = mirror(AsyncGroup.get_group, _to_group)
    nmembers = mirror(AsyncGroup.nmembers)
    move = mirror(AsyncGroup.move)
    rename = mirror(AsyncGroup.rename)
    info_complete = mirror(AsyncGroup.info_complete)
    tree = mirror(AsyncGroup.tree)
    unreadable = mirror(AsyncGroup.unreadable)
    items = mirror_stream(AsyncGroup.items, _named_node)
    values = mirror_stream(AsyncGroup.values, blocking)
    keys = mirror_stream(AsyncGroup.keys, _name)
    arrays = mirror_stream(AsyncGroup.arrays, _named_array)
    array_keys = mirror_stream(AsyncGroup.array_keys, _name)
    array_values = mirror_stream(AsyncGroup.array_values, _to_array)
    groups = mirror_stream(AsyncGroup.groups, _named_group)
    group_keys = mirror_stream(AsyncGroup.group_keys, _name)
    group_values = mirror_stream(AsyncGroup.group_values, _to_group)
    _members = mirror_stream(AsyncGroup.members, _named_node)

    # The keywords of these two have no names in zarr-python's signatures.

    def create_group(self, name: str, **kwargs: Unpack[_CreateGroupKeywords]) -> Group:
        """Create a group, with the groups above it; see ``AsyncGroup.create_group``."""
        return Group(run_inline(self._async_group.create_group(name, **kwargs)))

    def require_group(self, name: str, **kwargs: Unpack[_RequireGroupKeywords]) -> Group:
        """Open the group at a path, or create it; see ``AsyncGroup.require_group``."""
        return Group(run_inline(self._async_group.require_group(name, **kwargs)))

    @overload
    def get(self, path: str) -> Node | None: ...
    @overload
    def get(self, path: str, default: D) -> Node | D: ...
    def get(self, path: str, default: Any = None) -> Any:
        """The member at a path, or `default` when there is none."""
        node = run_inline(self._async_group.get(path, default))
        return blocking(node) if isinstance(node, (AsyncArray, AsyncGroup)) else node

    def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> tuple[tuple[str, Node], ...]:
        """The nodes in the group; see ``AsyncGroup.members``."""
        return tuple(self._members(max_depth, use_consolidated_for_children=use_consolidated_for_children))

    def update_attributes(self, new_attributes: Mapping[str, Any]) -> Group:
        """Add attributes, and replace those that have the same names; see ``AsyncGroup.update_attributes``."""
        return type(self)(run_inline(self._async_group.update_attributes(new_attributes)))

    async def update_attributes_async(self, new_attributes: Mapping[str, Any]) -> Group:
        """Add attributes as ``update_attributes`` does, from a coroutine."""
        return type(self)(await self._async_group.update_attributes(new_attributes))

    def __getitem__(self, path: str) -> Node:
        return blocking(run_inline(self._async_group.getitem(path)))

    def __setitem__(self, key: str, value: Any) -> None:
        """Store an array under a path, instead of whatever is there."""
        run_inline(self._async_group.setitem(key, value))

    def __delitem__(self, key: str) -> None:
        """Delete the member at a path, with all that is below it."""
        run_inline(self._async_group.delitem(key))

    def __contains__(self, member: str) -> bool:
        return run_inline(self._async_group.contains(member))

    def __iter__(self) -> Iterator[str]:
        yield from self.keys()

    def __len__(self) -> int:
        return self.nmembers()

    def _repr_html_(self) -> str:
        """The group for a notebook, with some of its members: what that costs does not depend on how many there are."""
        from terrazzo.nodes.html import group_html  # only a notebook asks

        try:
            tree = run_inline(self._async_group._tree_for_notebook())
        except (ValueError, OSError) as error:  # the group is shown nevertheless
            return group_html(self, None, f"the members cannot be listed: {error}")
        return group_html(self, tree)
