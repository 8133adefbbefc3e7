"""Consolidated metadata: all documents below a group in one place, asynchronous."""

from __future__ import annotations

from typing import Any

from terrazzo.api.nodes import open_group
from terrazzo.api.opening import place_for
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.consolidated import consolidate_at
from terrazzo.storage import StoreLike
from terrazzo.types import ZarrFormat

__all__ = ["consolidate_metadata", "open_consolidated"]


async def consolidate_metadata(
    store: StoreLike, path: str | None = None, zarr_format: ZarrFormat | None = None
) -> AsyncGroup:
    """Copy the documents of all nodes below a group into one, so that the group is opened whole with one request.

    The copies are right as long as only terrazzo changes the nodes: a change drops them, and they have to be made
    again. Other programs that change a node leave them as they are, and wrong.

    Parameters
    ----------
    store, path
        Of the group.
    zarr_format
        Of the group; by default the one it has.

    Returns
    -------
    AsyncGroup
        The group, opened with the copies.

    Raises
    ------
    GroupNotFoundError, ContainsArrayError
        There is no group.
    TypeError
        The store does not take consolidated metadata.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group(None)
    >>> root["a/b"] = [1, 2, 3]
    >>> root = terrazzo.consolidate_metadata(root.store)
    >>> sorted(root.metadata.consolidated_metadata)
    ['a', 'a/b']
    """
    place = place_for(store, path, None, None)
    return AsyncGroup(await consolidate_at(place, zarr_format), place)


async def open_consolidated(*args: Any, use_consolidated: bool | str = True, **kwargs: Any) -> AsyncGroup:
    """Open a group by its consolidated metadata; other arguments are those of ``open_group``.

    Raises
    ------
    ValueError
        There are none.
    """
    return await open_group(*args, use_consolidated=use_consolidated, **kwargs)
