"""The arrays of a group as a mapping that reads them when they are asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.runtime import mirror, mirror_stream

__all__ = ["AsyncLoadedGroup", "LoadedGroup"]


class AsyncLoadedGroup:
    """What is in a group, loaded: arrays in memory by their path, each read when it is first asked for.

    Examples
    --------
    >>> import asyncio
    >>> import terrazzo
    >>> from terrazzo.api import asynchronous
    >>> root = terrazzo.create_group({})
    >>> root["a"] = [1, 2]
    >>> async def main():
    ...     loaded = await asynchronous.load(root.store)
    ...     return await loaded.getitem("a")
    >>> asyncio.run(main())
    array([1, 2])
    """

    def __init__(self, group: AsyncGroup) -> None:
        self._group = group
        self._loaded: dict[str, Any] = {}

    async def getitem(self, key: str) -> Any:
        """The elements of the array at a path, or the arrays of the group there, as a mapping too.

        Raises
        ------
        KeyError
            There is neither.
        """
        if key not in self._loaded:
            node = await self._group.getitem(key)
            self._loaded[key] = await node.getitem(...) if isinstance(node, AsyncArray) else type(self)(node)
        return self._loaded[key]

    async def contains(self, key: str) -> bool:
        """Whether there is a node at a path."""
        return key in self._loaded or await self._group.contains(key)

    async def keys(self) -> AsyncGenerator[str, None]:
        """Names of the members."""
        async for name in self._group.keys():
            yield name

    async def nmembers(self) -> int:
        """Number of members."""
        return await self._group.nmembers()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._group.store_path}>"


class LoadedGroup(Mapping[str, Any]):
    """What is in a group, loaded: arrays in memory by their path, each read when it is first asked for.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group({})
    >>> root["a"], root["b/c"] = [1, 2], [3.0]
    >>> loaded = terrazzo.load(root.store)
    >>> sorted(loaded), loaded["a"], loaded["b/c"]
    (['a', 'b'], array([1, 2]), array([3.]))
    """

    def __init__(self, loaded: AsyncLoadedGroup) -> None:
        self.async_counterpart = loaded

    _getitem = mirror(AsyncLoadedGroup.getitem)
    _contains = mirror(AsyncLoadedGroup.contains)
    _keys = mirror_stream(AsyncLoadedGroup.keys, str)
    _nmembers = mirror(AsyncLoadedGroup.nmembers)

    def __getitem__(self, key: str) -> Any:
        item = self._getitem(key)
        return type(self)(item) if isinstance(item, AsyncLoadedGroup) else item

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._contains(key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._keys()))

    def __len__(self) -> int:
        return self._nmembers()

    def __repr__(self) -> str:
        return repr(self.async_counterpart).replace("AsyncLoaded", "Loaded", 1)
