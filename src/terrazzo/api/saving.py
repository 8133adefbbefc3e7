"""Saving arrays in one call, and loading them, asynchronous."""

from __future__ import annotations

from typing import Any

import numpy as np

from terrazzo.api.creating import array
from terrazzo.api.nodes import create_group
from terrazzo.api.opening import place_for
from terrazzo.dtype.parse import parse_dtype
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import open_node_at
from terrazzo.nodes.loaded import AsyncLoadedGroup
from terrazzo.storage import StoreLike
from terrazzo.types import ZarrFormat

__all__ = ["load", "save", "save_array", "save_group"]


async def save(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Store one array as it is, or several in a group.

    Parameters
    ----------
    *args
        Arrays; one alone becomes an array at the place, several become ``arr_0``, ``arr_1`` … in a group.
    **kwargs
        Arrays by name, in a group.

    Examples
    --------
    >>> import terrazzo
    >>> kept = {}
    >>> terrazzo.save(kept, [1, 2, 3])
    >>> terrazzo.load(kept)
    array([1, 2, 3])
    """
    if len(args) == 1 and not kwargs:
        await save_array(store, args[0], zarr_format=zarr_format, path=path, storage_options=storage_options)
    else:
        await save_group(store, *args, zarr_format=zarr_format, path=path, storage_options=storage_options, **kwargs)


async def save_array(
    store: StoreLike,
    arr: Any,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Store an array; other arguments are those of ``create``.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there, and neither ``mode="w"`` nor ``overwrite=True`` says that it is to be replaced.
    """
    kwargs.setdefault("mode", "a")
    place = place_for(store, path, kwargs["mode"], storage_options)
    await array(arr, store=place, zarr_format=zarr_format, **kwargs)


async def save_group(
    store: StoreLike,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Store several arrays in a new group, which replaces whatever is at the place.

    Raises
    ------
    ValueError
        An array has a data type that cannot be stored. Nothing has been deleted then.
    """
    if not args and not kwargs:
        raise ValueError("there is nothing to save: give at least one array")
    named = {**{f"arr_{position}": data for position, data in enumerate(args)}, **kwargs}
    for name, data in named.items():
        named[name] = data if isinstance(data, ArrayBase) else np.asanyarray(data)
        parse_dtype(named[name].dtype, zarr_format=3)
    parent = await create_group(place_for(store, path, "w", storage_options), zarr_format=zarr_format, overwrite=True)
    for name, data in named.items():
        await save_array(parent.store_path / name, data, zarr_format=zarr_format)


async def load(store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None) -> Any:
    """Read the array at a place into memory, or those of a group when they are asked for.

    Returns
    -------
    numpy array, or a scalar for an array without axes, or a mapping
        Of a group, the mapping has its members by name or path: arrays, each read when it is first asked for, and
        mappings for groups. Here it is asked with ``await loaded.getitem(path)``.

    Raises
    ------
    NodeNotFoundError, FileNotFoundError
        There is no node.
    """
    node = await open_node_at(place_for(store, path, "r", None), zarr_format)
    return await node.getitem(...) if isinstance(node, AsyncArray) else AsyncLoadedGroup(node)
