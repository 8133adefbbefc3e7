"""What is in a group, asynchronous: found in the store, or in consolidated metadata."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from terrazzo.errors import BaseZarrError, UnreadableMemberWarning, context, quote, warn
from terrazzo.metadata import ConsolidatedMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.copies import changes_in
from terrazzo.nodes.group_base import GroupBase
from terrazzo.nodes.locate import read_node
from terrazzo.nodes.members import Found, iter_found
from terrazzo.runtime import operation, operation_listing, run_inline
from terrazzo.storage import StorePath

if TYPE_CHECKING:
    from terrazzo.nodes.async_group import AsyncGroup, AsyncNode
    from terrazzo.nodes.report import GroupInfo
    from terrazzo.nodes.tree import TreeRepr

__all__ = ["AsyncMembers"]

D = TypeVar("D")
NOTEBOOK_LIMITS = 3, 60
"""How deep, and at how many members, a notebook looks that shows a group."""


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

    async def _iter_found(self, max_depth: int | None) -> AsyncIterator[tuple[str, StorePath, Found]]:
        copies = self._copies()
        if copies is None:
            async for item in iter_found(self.store_path, max_depth, self.metadata.zarr_format):
                yield item
            return
        for path in copies:
            if max_depth is None or path.count("/") <= max_depth:
                found: Found
                try:
                    with context("in the consolidated metadata of", path, self.store_path):
                        found = copies[path]
                except BaseZarrError as error:
                    found = error
                yield path, self.store_path / path, found

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

    @operation_listing
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

        Warns
        -----
        UnreadableMemberWarning
            The document of a member cannot be understood. The member is left out; ``unreadable`` has the error, and
            opening the member raises it. In ``keys`` and ``nmembers`` it counts.
        """
        async for path, place, metadata in self._iter_found(max_depth):
            if isinstance(metadata, BaseZarrError):
                warn(
                    f"the member {quote(path)} of {self.store_path} cannot be understood and is left out: "
                    f"{type(metadata).__name__}: {metadata}",
                    UnreadableMemberWarning,
                )
                continue
            if not use_consolidated_for_children and isinstance(metadata, GroupMetadata):
                metadata = metadata.with_consolidated(None)
            yield path, self._node(metadata, place)

    @operation
    async def nmembers(self, max_depth: int | None = 0) -> int:
        """Number of nodes in the group, down to a depth as in ``members``."""
        return len([path async for path, _, _ in self._iter_found(max_depth)])

    @operation
    async def unreadable(self, max_depth: int | None = 0) -> dict[str, BaseZarrError]:
        """The members whose documents cannot be understood: for the path of each the error that opening it raises.

        Parameters
        ----------
        max_depth
            As in ``members``.
        """
        return {path: found async for path, _, found in self._iter_found(max_depth) if isinstance(found, BaseZarrError)}

    @operation_listing
    async def keys(self) -> AsyncGenerator[str, None]:
        """Names of the children."""
        async for name, _, _ in self._iter_found(0):
            yield name

    async def items(self) -> AsyncGenerator[tuple[str, AsyncNode], None]:
        """Names of the children, and the children."""
        async for name, node in self.members():
            yield name, node

    async def values(self) -> AsyncGenerator[AsyncNode, None]:
        """The children."""
        async for _, node in self.members():
            yield node

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
        return self._info([found async for _, _, found in self._iter_found(None)])

    @operation
    async def tree(
        self, expand: bool | None = None, level: int | None = None, *, max_nodes: int = 500, plain: bool = False
    ) -> TreeRepr:
        """The members as a tree: printed as text, drawn by notebooks and by rich.

        A member that cannot be understood is shown as unreadable, with the reason.

        Parameters
        ----------
        expand
            Whether a notebook shows groups opened; by default those of the first two levels, while they are few.
        level
            How deep to look: 0 for the children only, 1 for theirs too; None for all.
        max_nodes
            How many members to look at; "… more" stands where there are more.
        plain
            Whether nothing is set in bold.
        """
        from terrazzo.nodes.tree import TreeRepr, browse  # loaded on use: `import terrazzo` is to be quick

        nodes, more = await browse(
            self.store_path, self.metadata.zarr_format, self._copies(), max_depth=level, most=max_nodes
        )
        return TreeRepr(self.name, nodes, more, expand, plain)

    def _repr_html_(self) -> str:
        """The group for a notebook, with its members where consolidated metadata tell them: nothing is read."""
        from terrazzo.nodes.html import group_html  # only a notebook asks

        return group_html(self, None if self._copies() is None else run_inline(self._few_members()))

    @operation
    async def _tree_for_notebook(self) -> TreeRepr:
        return await self._few_members()

    async def _few_members(self) -> TreeRepr:
        """The members that a notebook shows of a group: few, and not deep, for somebody waits for them."""
        from terrazzo.nodes.tree import TreeRepr, browse  # as above

        depth, most = NOTEBOOK_LIMITS
        zarr_format, copies = self.metadata.zarr_format, self._copies()
        found = await browse(self.store_path, zarr_format, copies, max_depth=depth, most=most, says_depth=True)
        return TreeRepr(self.name, *found)
