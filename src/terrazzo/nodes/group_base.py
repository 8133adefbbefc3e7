"""What asynchronous and blocking groups share: everything that needs no store."""

from __future__ import annotations

from terrazzo.metadata import ArrayMetadata, GroupMetadata
from terrazzo.nodes.locate import NodeMetadata
from terrazzo.nodes.node_base import NodeBase
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

    def _info(self, members: list[NodeMetadata] | None = None) -> GroupInfo:
        arrays = None if members is None else sum(isinstance(metadata, ArrayMetadata) for metadata in members)
        return GroupInfo(
            name=self.path,
            zarr_format=self.metadata.zarr_format,
            read_only=self.read_only,
            store_type=type(self.store).__name__,
            count_members=None if members is None else len(members),
            count_arrays=arrays,
            count_groups=None if members is None or arrays is None else len(members) - arrays,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store_path}>"
