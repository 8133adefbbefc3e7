"""Groups, asynchronous: every operation on a group is written here, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from terrazzo.errors import GroupNotFoundError
from terrazzo.metadata import ArrayMetadata, GroupMetadata
from terrazzo.metadata.json import normalize_attributes
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray, of_format
from terrazzo.nodes.async_making import AsyncMaking
from terrazzo.nodes.consolidated import read_group, read_with_copies
from terrazzo.nodes.copies import changing
from terrazzo.nodes.create import create_array_at, create_group_at
from terrazzo.nodes.locate import DOCUMENT, NodeMetadata, Seen, change_attributes, delete_node, read_node, read_node_and
from terrazzo.runtime import operation
from terrazzo.storage import StoreLike, StorePath
from terrazzo.storage.path import make_store_path, normalize_path
from terrazzo.types import ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes import transfer
else:
    from terrazzo.runtime.lazy import LazyModule

    transfer = LazyModule("terrazzo.nodes.transfer")

__all__ = ["AsyncGroup", "AsyncNode", "as_node", "open_node_at"]

AsyncNode: TypeAlias = "AsyncArray[Any] | AsyncGroup"


@dataclass(frozen=True, repr=False)
class AsyncGroup(AsyncMaking):
    """A group in a store: a node that holds arrays and groups by name.

    Parameters
    ----------
    metadata
        What is stored about the group.
    store_path
        Where it is.
    """

    metadata: GroupMetadata
    store_path: StorePath

    def __hash__(self) -> int:
        return hash(self.path)  # all else may change while the handle is in a set

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes; change them with ``update_attributes``."""
        return self.metadata.attributes

    # -- opening

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, Any]) -> Self:
        """Make a handle of a metadata document; nothing is read."""
        return cls(metadata=GroupMetadata.from_dict(data), store_path=store_path)

    @classmethod
    async def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        zarr_format: ZarrFormat = 3,
    ) -> Self:
        """Create a group at the root of a store.

        Raises
        ------
        ContainsGroupError, ContainsArrayError
            A node is there, and is not to be overwritten.
        """
        place = make_store_path(store)
        metadata = await create_group_at(place, overwrite=overwrite, attributes=attributes, zarr_format=zarr_format)
        return cls(metadata, place)

    @classmethod
    async def open(
        cls, store: StoreLike, zarr_format: ZarrFormat | None = 3, use_consolidated: bool | str | None = None
    ) -> AsyncGroup:
        """Open a group that exists.

        Raises
        ------
        GroupNotFoundError
            There is none.
        """
        return await cls.open_at(make_store_path(store), zarr_format, use_consolidated)

    @classmethod
    async def open_at(
        cls,
        place: StorePath,
        zarr_format: ZarrFormat | None = None,
        use_consolidated: bool | str | None = None,
    ) -> AsyncGroup:
        """Open the group at a place; see ``read_group`` for the parameters and errors."""
        return AsyncGroup(await read_group(place, zarr_format, use_consolidated), place)

    # -- members

    def _node(self, metadata: NodeMetadata, place: StorePath) -> AsyncNode:
        return as_node(metadata, place)

    @operation
    async def delitem(self, key: str) -> None:
        """Delete the member at a path, with all that is below it; nothing happens when there is none.

        Raises
        ------
        ForeignFilesError
            Something that is not Zarr is below it, and would be deleted too.
        """
        self.store._check_writable()
        if not normalize_path(key):
            raise KeyError(f"{key!r} is the group itself")
        place = self._place(key)
        from terrazzo.nodes.foreign import require_no_foreign  # loaded on use: `import terrazzo` is to be quick

        await require_no_foreign(place)
        async with self.store.lock(place.prefix + DOCUMENT), changing(place, self.metadata.zarr_format):
            await delete_node(place)

    @operation
    async def move(self, source: str, dest: str) -> None:
        """Give a node, with everything below it, another path in the store; handles of it stay where they were.

        Where the store can rename, that is one step. Otherwise everything is copied, and deleted then; after an
        interruption one of the two places has all of it, and the same call does the rest.

        Parameters
        ----------
        source, dest
            Paths relative to the group, or from the root of the store where they start with a slash.

        Raises
        ------
        NodeNotFoundError
            There is nothing to move.
        ContainsArrayError, ContainsGroupError
            There is a node at `dest`.
        ForeignFilesError
            Files that are not Zarr are at `dest`, where what is left of a node would be deleted.
        ValueError
            One of the two is within the other, or is the root.

        Examples
        --------
        >>> import terrazzo
        >>> root = terrazzo.create_group({})
        >>> root["a/b"] = [1, 2, 3]
        >>> root.move("a/b", "c/d")
        >>> root["c/d"][:]
        array([1, 2, 3])
        """
        old, new = [
            StorePath(self.store, path) if path.startswith("/") else self._place(path) for path in (source, dest)
        ]
        await transfer.move_node(transfer.Ends(old, new), self.metadata.zarr_format)

    @operation
    async def rename(self, source: str, dest: str) -> None:
        """The same as ``move``."""
        await self.move(source, dest)

    @operation
    async def setitem(self, key: str, value: Any) -> None:
        """Store an array under a path, instead of whatever is there."""
        data = value if isinstance(value, (np.ndarray, ArrayBase)) else np.asarray(value)
        await create_array_at(self._place(key), data=data, overwrite=True, zarr_format=self.metadata.zarr_format)

    # -- attributes

    @operation
    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> Self:
        """Add attributes, and replace those that have the same names.

        What another handle has changed meanwhile stays.

        Raises
        ------
        TypeError
            An attribute has no form in JSON. Nothing has changed then.
        """
        added = normalize_attributes(new_attributes)
        await self._change_attributes(lambda attributes: {**attributes, **added})
        return self

    @operation
    async def _change_attributes(self, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Apply a change to the attributes as they are stored now."""
        self.store._check_writable()
        async with self.store.lock(self.store_path.prefix + DOCUMENT):
            changed = await change_attributes(self.store_path, self._stored_metadata, change)
            if self.metadata.consolidated_metadata is None:  # this handle does not go by them
                changed = changed.with_consolidated(None)
            object.__setattr__(self, "metadata", changed)

    async def _stored_metadata(self, seen: Seen) -> GroupMetadata:
        """The metadata as they are stored now."""
        current, _ = await read_node_and(self.store_path, self.metadata.zarr_format, seen=seen)
        if not isinstance(current, GroupMetadata):
            raise GroupNotFoundError(f"there is no group at {self.store_path} any more")
        return current

    @operation
    async def _reread(self) -> None:
        """Go by what is stored now; something that is not a method of this handle has changed it."""
        current = await read_node(self.store_path, self.metadata.zarr_format)
        if isinstance(current, GroupMetadata):
            if self.metadata.consolidated_metadata is None:
                current = current.with_consolidated(None)
            object.__setattr__(self, "metadata", current)


def as_node(metadata: NodeMetadata, place: StorePath) -> AsyncNode:
    """The handle for what was found at a place."""
    return AsyncArray(metadata, place) if isinstance(metadata, ArrayMetadata) else AsyncGroup(metadata, place)


@operation
async def open_node_at(
    place: StorePath, zarr_format: ZarrFormat | None = None, use_consolidated: bool | str | None = None
) -> AsyncNode:
    """Open whatever node is at a place; a group as ``read_group`` does.

    Raises
    ------
    GroupNotFoundError
        There is none; the class is zarr-python's, which looks for a group last.
    """
    metadata = await read_with_copies(place, zarr_format, use_consolidated)
    if metadata is None:
        raise GroupNotFoundError(f"there is neither an array nor a group{of_format(zarr_format)} at {place}")
    return as_node(metadata, place)
