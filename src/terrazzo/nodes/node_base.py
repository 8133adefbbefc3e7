"""What arrays and groups, asynchronous and blocking, know about where they are."""

from __future__ import annotations

from typing import Any

from terrazzo.abc.store import Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.storage import StorePath

__all__ = ["NodeBase"]


class NodeBase:
    """A node: something at a path in a store."""

    store_path: StorePath
    metadata: Any

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

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What dask names results by: the same for every handle of a node, in every process that can reach it."""
        documents = self.metadata.to_buffer_dict(default_buffer_prototype())
        stored = tuple((name, document.to_bytes()) for name, document in documents.items())
        return type(self).__qualname__, self.store.__dask_tokenize__(), self.path, stored
