"""Documents of nodes, as packages reach for them in ``zarr.core.metadata``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from terrazzo.abc.store import Store
from terrazzo.api.synchronous import open as open_node
from terrazzo.metadata.array_v3 import parse_dimension_names as parse_names
from terrazzo.nodes.array import Array
from terrazzo.nodes.group import Group
from terrazzo.nodes.locate import save_document
from terrazzo.storage import StorePath

__all__ = ["get_node", "parse_dimension_names", "save_metadata"]


def parse_dimension_names(data: object) -> tuple[str | None, ...] | None:
    """A name or None for each axis; None for none at all."""
    names = tuple(data) if isinstance(data, Iterable) and not isinstance(data, str) else data
    return parse_names(names, len(names) if isinstance(names, tuple) else 0)


async def save_metadata(store_path: StorePath, metadata: Any, ensure_parents: bool = False) -> None:
    """Write the document of a node.

    `ensure_parents` asks for groups above it, which terrazzo makes with the node itself; they are not made here.
    """
    await save_document(store_path, metadata)


def get_node(store: Store, path: str, zarr_format: int) -> Array[Any] | Group:
    """Open the array or the group at a path."""
    return open_node(store, path=path, zarr_format=zarr_format, mode="r+" if not store.read_only else "r")
