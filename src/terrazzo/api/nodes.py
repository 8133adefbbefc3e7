"""Opening arrays and groups, and creating groups, asynchronous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from terrazzo.api.creating import create
from terrazzo.api.opening import place_for, refuse_obsolete, require_empty
from terrazzo.errors import (
    ArrayNotFoundError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    NodeNotFoundError,
)
from terrazzo.nodes.async_array import AsyncArray, of_format, open_array_at
from terrazzo.nodes.async_group import AsyncGroup, AsyncNode, open_node_at
from terrazzo.nodes.create import create_group_at, parse_zarr_format
from terrazzo.nodes.older import arguments_like
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfigLike
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import JSON, AccessModeLiteral, ShapeLike, ZarrFormat

__all__ = ["create_group", "group", "open", "open_array", "open_group", "open_like"]


@overload
async def open(
    store: StoreLike | None = None,
    *,
    mode: AccessModeLiteral | None = None,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfigLike | None = None,
    shape: ShapeLike,
    **kwargs: Any,
) -> AsyncArray[Any]: ...
@overload
async def open(
    store: StoreLike | None = None,
    *,
    mode: AccessModeLiteral | None = None,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfigLike | None = None,
    **kwargs: Any,
) -> AsyncNode: ...
async def open(
    store: StoreLike | None = None,
    *,
    mode: AccessModeLiteral | None = None,
    zarr_format: ZarrFormat | None = None,
    path: str | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfigLike | None = None,
    **kwargs: Any,
) -> AsyncNode:
    """Open whatever node is at a place, or create one.

    Parameters
    ----------
    store
        Where: a store, the path of a folder, a dictionary, or None for a new store in memory.
    mode
        ``r`` and ``r+`` open, for reading and for writing too; ``a`` opens or creates; ``w`` replaces; ``w-`` creates
        where nothing is. By default ``a``, and ``r`` where the store is read-only.
    zarr_format
        Of a new node.
    path
        Path in the store; the root by default.
    config
        How the handle of an array reads and writes.
    **kwargs
        With `shape` among them an array is created where one is needed, and otherwise a group; arguments of
        ``create``, or of ``open_group``.

    Raises
    ------
    NodeNotFoundError
        There is no node, and the mode does not create one.
    FileNotFoundError
        There is not even a folder.
    FileExistsError
        The mode is ``w-`` and something is there.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group(None)
    >>> root["a/b"] = [1, 2, 3]
    >>> terrazzo.open(root.store, path="a/b", mode="r")[:]
    array([1, 2, 3])
    """
    place = place_for(store, path, mode, storage_options)
    chosen = mode or ("r" if place.read_only else "a")
    if chosen == "w-" or (chosen == "w" and "shape" in kwargs):
        return await _create_for(place, chosen, zarr_format, config, kwargs)
    if chosen == "w":
        return await open_group(place, mode=chosen, zarr_format=zarr_format, **kwargs)
    try:
        node = await open_node_at(place, zarr_format, kwargs.get("use_consolidated"))
    except NodeNotFoundError:
        if chosen != "a":
            if "shape" in kwargs:
                raise ArrayNotFoundError(f"there is no array{of_format(zarr_format)} at {place}") from None
            raise
        if "shape" in kwargs:
            return await _create_or_open(place, zarr_format, config, kwargs)
        return await open_group(place, mode="a", zarr_format=zarr_format, **kwargs)
    if isinstance(node, AsyncArray):
        return node if config is None else node.with_config(config)
    if "shape" in kwargs:
        raise TypeError(f"there is a group at {place}, and `shape` asks for an array")
    return node


async def open_array(
    store: StoreLike | None = None,
    *,
    zarr_format: ZarrFormat | None = None,
    path: str | None = "",
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfigLike | None = None,
    **kwargs: Any,
) -> AsyncArray[Any]:
    """Open an array, or create one.

    Parameters
    ----------
    store, path, zarr_format, config
        As in ``open``.
    **kwargs
        `mode`, as in ``open``; by default the array is only opened, for reading and writing. Arguments of ``create``
        for a new one.

    Raises
    ------
    ArrayNotFoundError
        There is no array, and the mode does not create one.
    NodeTypeValidationError
        There is a group.
    FileExistsError
        The mode is ``w-`` and something is there.
    """
    mode = kwargs.pop("mode", None)
    place = place_for(store, path, mode, storage_options)
    if mode in ("w", "w-"):
        return await _create_for(place, mode, zarr_format, config, kwargs)
    try:
        return await open_array_at(place, config, zarr_format)
    except ArrayNotFoundError:
        if mode != "a":
            raise
    return await _create_or_open(place, zarr_format, config, kwargs)


async def _create_or_open(
    place: StorePath, zarr_format: ZarrFormat | None, config: ArrayConfigLike | None, kwargs: dict[str, Any]
) -> AsyncArray[Any]:
    try:
        return await _create_for(place, None, zarr_format, config, kwargs)
    except (ContainsArrayError, ContainsGroupError) as obstacle:
        try:
            return await open_array_at(place, config, zarr_format)  # somebody else made it meanwhile
        except ArrayNotFoundError:  # it is of the other format
            raise obstacle from None


async def _create_for(
    place: StorePath,
    mode: AccessModeLiteral | None,
    zarr_format: ZarrFormat | None,
    config: ArrayConfigLike | None,
    kwargs: dict[str, Any],
) -> AsyncArray[Any]:
    if mode == "w-":
        await require_empty(place)
    if "shape" not in kwargs:
        raise TypeError(f"there is no array at {place} to open, and `shape` is needed to create one")
    overwrite = mode == "w" or kwargs.pop("overwrite", False)
    return await create(store=place, overwrite=overwrite, zarr_format=zarr_format, config=config, **kwargs)


async def create_group(
    store: StoreLike | None,
    *,
    path: str | None = None,
    zarr_format: ZarrFormat | None = None,
    overwrite: bool = False,
    attributes: Mapping[str, JSON] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> AsyncGroup:
    """Create a group.

    Parameters
    ----------
    store
        Where: a store, the path of a folder, a dictionary to be filled, or None for a new store in memory.
    path
        Path in the store; the root by default. Groups above it are made.
    overwrite
        Whether a node that is there is deleted, with all that is below it.
    attributes
        The user's attributes; whatever has a form in JSON.

    Raises
    ------
    ContainsGroupError, ContainsArrayError
        A node is there, and is not to be overwritten.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group(None, attributes={"title": "Soundings"})
    >>> root.create_group("north").name
    '/north'

    Specification: Zarr v3.1 "Group metadata".
    """
    chosen = parse_zarr_format(zarr_format, current_options())
    place = place_for(store, path, None, storage_options)
    metadata = await create_group_at(place, overwrite=overwrite, attributes=attributes, zarr_format=chosen)
    return AsyncGroup(metadata, place)


async def open_group(
    store: StoreLike | None = None,
    *,
    mode: AccessModeLiteral = "a",
    cache_attrs: bool | None = None,
    synchronizer: Any = None,
    path: str | None = None,
    chunk_store: StoreLike | None = None,
    storage_options: dict[str, Any] | None = None,
    zarr_format: ZarrFormat | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, JSON] | None = None,
    use_consolidated: bool | str | None = None,
) -> AsyncGroup:
    """Open a group, or create one.

    Parameters
    ----------
    store, path, mode
        As in ``open``.
    attributes
        For a new group.
    use_consolidated
        Whether to go by the consolidated metadata of the group: by default where it has some. Text names the key of
        those of format 2.
    cache_attrs
        No effect.

    Raises
    ------
    GroupNotFoundError
        There is no group, and the mode does not create one.
    ContainsArrayError
        There is an array.
    ValueError
        Consolidated metadata are asked for, and there are none.
    FileExistsError
        The mode is ``w-`` and something is there.
    """
    refuse_obsolete(synchronizer=synchronizer, chunk_store=chunk_store, meta_array=meta_array)
    place = place_for(store, path, mode, storage_options)
    if mode == "w-":
        await require_empty(place)
    if mode not in ("w", "w-"):
        try:
            return await AsyncGroup.open_at(place, zarr_format, use_consolidated)
        except GroupNotFoundError:
            if mode != "a":
                raise
    try:
        return await create_group(place, zarr_format=zarr_format, overwrite=mode == "w", attributes=attributes)
    except (ContainsArrayError, ContainsGroupError) as obstacle:
        if mode != "a":
            raise
        try:
            return await AsyncGroup.open_at(place, zarr_format)  # somebody else made it meanwhile
        except GroupNotFoundError:  # it is of the other format
            raise obstacle from None


async def group(
    store: StoreLike | None = None,
    *,
    overwrite: bool = False,
    chunk_store: StoreLike | None = None,
    cache_attrs: bool | None = None,
    synchronizer: Any = None,
    path: str | None = None,
    zarr_format: ZarrFormat | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, JSON] | None = None,
    storage_options: dict[str, Any] | None = None,
) -> AsyncGroup:
    """Open a group, or create one; with `overwrite`, always a new one.

    Raises
    ------
    ContainsArrayError
        There is an array.
    """
    refuse_obsolete(synchronizer=synchronizer, chunk_store=chunk_store, meta_array=meta_array)
    return await open_group(
        place_for(store, path, None, storage_options),
        mode="w" if overwrite else "a",
        zarr_format=zarr_format,
        attributes=attributes,
    )


async def open_like(a: Any, path: str, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Open the array at a path, or create one like another there."""
    return await open_array(
        path=path, zarr_format=zarr_format, **arguments_like(a, {"mode": "a", **kwargs}, zarr_format)
    )
