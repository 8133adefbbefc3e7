"""Making stores, which is a coroutine in zarr-python."""

from __future__ import annotations

from typing import Any

from terrazzo.abc.store import Store
from terrazzo.storage import StorePath
from terrazzo.storage import path as locations

__all__ = ["make_store", "make_store_path"]


async def make_store(store_like: Any, *, mode: Any = None, storage_options: dict[str, Any] | None = None) -> Store:
    """Make a store of whatever names one, and open it."""
    store = locations.make_store(store_like, mode=mode, storage_options=storage_options)
    await store._ensure_open()
    return store


async def make_store_path(
    store_like: Any, *, path: str | None = "", mode: Any = None, storage_options: dict[str, Any] | None = None
) -> StorePath:
    """Make a place in a store of whatever names one, and open the store."""
    place = locations.make_store_path(store_like, path=path, mode=mode, storage_options=storage_options)
    await place.store._ensure_open()
    return place
