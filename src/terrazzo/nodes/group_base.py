"""What asynchronous and blocking groups share: everything that needs no store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from terrazzo.metadata import ArrayMetadata, GroupMetadata
from terrazzo.nodes.node_base import NodeBase

if TYPE_CHECKING:
    from terrazzo.nodes.report import GroupInfo

__all__ = ["GroupBase"]


class GroupBase(NodeBase):
    """A group, as far as its metadata tell."""

    metadata: GroupMetadata

    @property
    def synchronizer(self) -> None:
        """None: writers of one chunk are always serialized."""
        return

    @property
    def info(self) -> GroupInfo:
        """A report for people, made without reading."""
        return self._info()

    def _info(self, members: Sequence[object] | None = None) -> GroupInfo:
        """The report, with the members counted: metadata, and errors for what cannot be understood."""

        def count(kind: type) -> int | None:
            return None if members is None else sum(isinstance(member, kind) for member in members)

        from terrazzo.nodes.report import GroupInfo  # loaded on use: `import terrazzo` is to be quick

        return GroupInfo(
            name=self.path,
            zarr_format=self.metadata.zarr_format,
            read_only=self.read_only,
            store_type=type(self.store).__name__,
            count_members=count(object),
            count_arrays=count(ArrayMetadata),
            count_groups=count(GroupMetadata),
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store_path}>"
