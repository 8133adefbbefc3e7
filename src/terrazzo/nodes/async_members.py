"""What is in a group, asynchronous: found in the store, or in consolidated metadata."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from terrazzo.errors import context, quote
from terrazzo.metadata import ArrayMetadata, ConsolidatedMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.copies import changes_in
from terrazzo.nodes.group_base import GroupBase
from terrazzo.nodes.locate import read_node
from terrazzo.nodes.members import iter_members
from terrazzo.nodes.report import GroupInfo, TreeRepr
from terrazzo.runtime import operation, operation_stream
from terrazzo.storage import StorePath

if TYPE_CHECKING:
    from terrazzo.nodes.async_group import AsyncGroup, AsyncNode

__all__ = ["AsyncMembers"]

D = TypeVar("D")


class AsyncMembers(GroupBase):
    """The nodes in a group.

    Where the group was opened with consolidated metadata, and this process has changed nothing below it since, they
    say what there is, and no document is read.
    """

    @property
    def inline(self) -> bool:
        """Whether the store never waits."""
        return self.store_path.inline

    def _node(self, metadata: NodeMetadata, place: StorePath) -> AsyncNode:
        """The handle of a node."""
        raise NotImplementedError

    def _copies(self) -> ConsolidatedMetadata | None:
        """The consolidated metadata, unless they are older than a change."""
        copies = self.metadata.consolidated_metadata
        if copies is None:
            return None
        if copies.moment is not None and changes_in(self.store).since(copies.moment, self.path):
            return None
        return copies

    async def _find(self, place: StorePath) -> NodeMetadata | None:
        """The metadata of whatever node is at a place below; None when there is none."""
        copies = self._copies()
        if copies is None:
            return await read_node(place, self.metadata.zarr_format)
        path = place.path.removeprefix(self.store_path.prefix)
        with context("in the consolidated metadata of", path, self.store_path):
            return copies.get(path)

    async def _iter_members(self, max_depth: int | None) -> AsyncIterator[tuple[str, StorePath, NodeMetadata]]:
        copies = self._copies()
        if copies is None:
            async for found in iter_members(self.store_path, max_depth, self.metadata.zarr_format):
                yield found
            return
        for path in copies:
            if max_depth is None or path.count("/") <= max_depth:
                with context("in the consolidated metadata of", path, self.store_path):
                    metadata = copies[path]
                yield path, self.store_path / path, metadata

    def _place(self, key: str) -> StorePath:
        """The place of a member, by its path relative to the group."""
        return self.store_path / key

    @operation
    async def getitem(self, key: str) -> AsyncNode:
        """The member at a path relative to the group.

        Raises
        ------
        KeyError
            There is none.
        """
        place = self._place(key)
        metadata = await self._find(place)
        if metadata is None:
            missing = KeyError(key)
            missing.add_note(f"there is no node at {place}")
            raise missing
        return self._node(metadata, place)

    @overload
    async def get(self, /, key: str) -> AsyncNode | None: ...
    @overload
    async def get(self, /, key: str, default: D) -> AsyncNode | D: ...
    @operation
    async def get(self, key: str, default: Any = None) -> Any:
        """The member at a path, or `default` when there is none."""
        try:
            return await self.getitem(key)
        except KeyError:
            return default

    @operation
    async def get_array(self, path: str) -> AsyncArray[Any]:
        """The array at a path.

        Raises
        ------
        KeyError
            There is no node.
        TypeError
            There is a group.
        """
        node = await self.getitem(path)
        if not isinstance(node, AsyncArray):
            raise TypeError(f"the member {quote(path)} is a group, not an array")
        return node

    @operation
    async def get_group(self, path: str) -> AsyncGroup:
        """The group at a path.

        Raises
        ------
        KeyError
            There is no node.
        TypeError
            There is an array.
        """
        node = await self.getitem(path)
        if isinstance(node, AsyncArray):
            raise TypeError(f"the member {quote(path)} is an array, not a group")
        return node

    @operation
    async def contains(self, member: str) -> bool:
        """Whether there is a node at a path relative to the group."""
        return await self._find(self._place(member)) is not None

    @operation_stream
    async def members(
        self, max_depth: int | None = 0, *, use_consolidated_for_children: bool = True
    ) -> AsyncGenerator[tuple[str, AsyncNode], None]:
        """The nodes in the group, by depth and then by path.

        Parameters
        ----------
        max_depth
            0 for the children only, 1 for theirs too; None for all.
        use_consolidated_for_children
            Whether groups among them go by the consolidated metadata of this one, where this one does.

        Raises
        ------
        MetadataValidationError, UnknownCodecError
            A member cannot be understood; the error names its key, and the others stay reachable by name.
        """
        async for path, place, metadata in self._iter_members(max_depth):
            if not use_consolidated_for_children and isinstance(metadata, GroupMetadata):
                metadata = metadata.with_consolidated(None)
            yield path, self._node(metadata, place)

    @operation
    async def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of nodes in the group; see ``members``."""
        return len([path async for path, _, _ in self._iter_members(max_depth)])

    async def keys(self) -> AsyncGenerator[str, None]:
        """Names of the children."""
        async for name, _ in self.members():
            yield name

    async def arrays(self) -> AsyncGenerator[tuple[str, AsyncArray[Any]], None]:
        """Names and arrays among the children."""
        async for name, node in self.members():
            if isinstance(node, AsyncArray):
                yield name, node

    async def array_keys(self) -> AsyncGenerator[str, None]:
        """Names of the arrays among the children."""
        async for name, _ in self.arrays():
            yield name

    async def array_values(self) -> AsyncGenerator[AsyncArray[Any], None]:
        """Arrays among the children."""
        async for _, array in self.arrays():
            yield array

    async def groups(self) -> AsyncGenerator[tuple[str, AsyncGroup], None]:
        """Names and groups among the children."""
        async for name, node in self.members():
            if not isinstance(node, AsyncArray):
                yield name, node

    async def group_keys(self) -> AsyncGenerator[str, None]:
        """Names of the groups among the children."""
        async for name, _ in self.groups():
            yield name

    async def group_values(self) -> AsyncGenerator[AsyncGroup, None]:
        """Groups among the children."""
        async for _, group in self.groups():
            yield group

    @operation
    async def info_complete(self) -> GroupInfo:
        """A report for people, with all members counted."""
        return self._info([metadata async for _, _, metadata in self._iter_members(None)])

    @operation
    async def tree(
        self, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
    ) -> TreeRepr:
        """The members as a tree, to be printed.

        Parameters
        ----------
        level
            How many levels to show; None for all.
        max_nodes
            How many nodes to show; a last line says that some are missing.
        """
        leaves: list[tuple[str, str]] = []
        shortened = False
        if level is None or level > 0:
            async for path, _, metadata in self._iter_members(None if level is None else level - 1):
                if len(leaves) == max_nodes:
                    shortened = True
                    break
                leaves.append((path, _described(metadata)))
        leaves.sort(key=lambda leaf: leaf[0].split("/"))
        return TreeRepr(self.name, tuple(leaves), f"(only {max_nodes} nodes are shown)" if shortened else "")


def _described(metadata: NodeMetadata) -> str:
    """What stands after the name of a node in a tree."""
    if isinstance(metadata, ArrayMetadata):
        return f" {metadata.shape} {metadata.data_type.label}"
    return ""
