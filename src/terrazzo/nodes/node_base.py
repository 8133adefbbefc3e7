"""What arrays and groups, asynchronous and blocking, know about where they are."""

from __future__ import annotations

from terrazzo.abc.store import Store
from terrazzo.storage import StorePath

__all__ = ["NodeBase"]


class NodeBase:
    """A node: something at a path in a store."""

    store_path: StorePath

    @property
    def store(self) -> Store:
        """The store that the node is in."""
        return self.store_path.store

    @property
    def path(self) -> str:
        """Path in the store, such as ``a/b``; empty at the root."""
        return self.store_path.path

    @property
    def name(self) -> str:
        """Name in the hierarchy, such as ``/a/b``; ``/`` at the root."""
        return f"/{self.path}"

    @property
    def basename(self) -> str:
        """Last segment of the path."""
        return self.path.rpartition("/")[2]

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self.store_path.read_only
