"""What is made in a group, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from terrazzo.dtype.parse import ZDTypeLike
from terrazzo.errors import ContainsArrayError, ContainsGroupError, quote
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.metadata import NodeMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_members import AsyncMembers
from terrazzo.nodes.create import create_array_at, create_group_at
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    ChunksLike,
    CompressorsLike,
    FiltersLike,
    SerializerLike,
    parse_shape,
)
from terrazzo.nodes.older import arguments_like, create_older_at, without_fill_value
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.runtime import map_concurrent, operation
from terrazzo.spec import ArrayConfigLike
from terrazzo.types import JSON, MemoryOrder, ShapeLike

if TYPE_CHECKING:
    from terrazzo.nodes.async_group import AsyncGroup, AsyncNode

__all__ = ["AsyncMaking"]

REQUIRED_AT_ONCE = 16


class AsyncMaking(AsyncMembers):
    """The nodes that can be made in a group: all of the format of the group."""

    @operation
    async def create_group(
        self, name: str, *, overwrite: bool = False, attributes: Mapping[str, Any] | None = None
    ) -> AsyncGroup:
        """Create a group, with the groups above it.

        Raises
        ------
        ContainsGroupError, ContainsArrayError
            A node is there, and is not to be overwritten.
        """
        place = self._place(name)
        metadata = await create_group_at(
            place, overwrite=overwrite, attributes=attributes, zarr_format=self.metadata.zarr_format
        )
        return cast("AsyncGroup", self._node(metadata, place))

    @operation
    async def require_group(self, name: str, overwrite: bool = False) -> AsyncGroup:
        """Open the group at a path, or create it.

        Raises
        ------
        TypeError
            There is an array.
        """
        if overwrite:
            return await self.create_group(name, overwrite=True)
        node = await self.get(name)
        if node is None:
            try:
                return await self.create_group(name)
            except (ContainsArrayError, ContainsGroupError):  # somebody else made a node meanwhile
                node = await self.getitem(name)
        if isinstance(node, AsyncArray):
            raise TypeError(f"there is an array at {quote(name)}, expected a group")
        return node

    async def require_groups(self, *names: str) -> tuple[AsyncGroup, ...]:
        """Open the groups at several paths, or create them; see ``require_group``."""
        return tuple(await self._require_groups(names))

    @operation
    async def _require_groups(self, names: Iterable[str]) -> list[AsyncGroup]:
        return await map_concurrent(self.require_group, names, concurrency=REQUIRED_AT_ONCE)

    @operation
    async def create_array(
        self,
        name: str,
        *,
        shape: ShapeLike | None = None,
        dtype: ZDTypeLike | None = None,
        data: Any = None,
        chunks: ChunksLike = "auto",
        shards: ShardsLike = None,
        filters: FiltersLike = "auto",
        compressors: CompressorsLike = "auto",
        compressor: CompressorsLike = "auto",
        serializer: SerializerLike = "auto",
        fill_value: Any = DEFAULT_FILL_VALUE,
        order: MemoryOrder | None = None,
        attributes: Mapping[str, JSON] | None = None,
        chunk_key_encoding: ChunkKeyEncodingLike | None = None,
        dimension_names: Iterable[str | None] | None = None,
        storage_options: dict[str, Any] | None = None,
        overwrite: bool = False,
        config: ArrayConfigLike | None = None,
        write_data: bool = True,
    ) -> AsyncArray[Any]:
        """Create an array, with the groups above it.

        Parameters are those of ``terrazzo.create_array``; `compressor` is the older name of `compressors`.

        Raises
        ------
        ContainsArrayError, ContainsGroupError
            A node is there, and is not to be overwritten.
        """
        if not isinstance(compressor, str):
            if not isinstance(compressors, str):
                raise ValueError("`compressor` and `compressors` mean the same; give one of them")
            compressors = compressor
        if self.metadata.zarr_format == 2 and isinstance(compressors, str) and compressors == "auto":
            compressors = {"id": "blosc"}  # as zarr-python's groups choose, and only they
        return await create_array_at(
            self._place(name),
            shape=shape,
            dtype=dtype,
            data=data,
            chunks=chunks,
            shards=shards,
            filters=filters,
            compressors=compressors,
            serializer=serializer,
            fill_value=fill_value,
            order=order,
            attributes=attributes,
            chunk_key_encoding=chunk_key_encoding,
            dimension_names=dimension_names,
            overwrite=overwrite,
            zarr_format=self.metadata.zarr_format,
            config=config,
            write_data=write_data,
        )

    @operation
    async def require_array(
        self,
        /,
        name: str,
        *,
        shape: ShapeLike,
        dtype: Any = None,
        exact: bool = False,
        config: ArrayConfigLike | None = None,
        **kwargs: Any,
    ) -> AsyncArray[Any]:
        """Open the array at a path, or create it.

        Parameters
        ----------
        config
            How the handle reads and writes, of a new array and of one that is there.
        **kwargs
            Arguments of ``create_array``, for a new array.
        exact
            Whether the data type must be the same, rather than one that the requested type can be cast to safely.

        Raises
        ------
        TypeError
            There is a group, or an array of another shape or data type.
        """
        node = await self.get(name)
        if node is None:
            try:
                return await self.create_array(
                    name, shape=shape, dtype="float64" if dtype is None else dtype, config=config, **kwargs
                )
            except (ContainsArrayError, ContainsGroupError):
                node = await self.getitem(name)
        if not isinstance(node, AsyncArray):
            raise TypeError(f"there is a group at {quote(name)}, expected an array")
        wanted = parse_shape(shape)
        if wanted != node.shape:
            raise TypeError(f"the array at {quote(name)} has the shape {node.shape}, expected {wanted}")
        if dtype is not None:
            requested = np.dtype(dtype)
            if requested != node.dtype if exact else not np.can_cast(node.dtype, requested):
                raise TypeError(f"the array at {quote(name)} has the data type {node.dtype}, expected {requested}")
        return node if config is None else node.with_config(config)

    async def _older(self, name: str, arguments: Mapping[str, Any]) -> AsyncArray[Any]:
        """Create an array with the arguments of ``terrazzo.create``, in the format of the group."""
        return await create_older_at(self._place(name), **{"zarr_format": self.metadata.zarr_format, **arguments})

    def _like(self, data: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return arguments_like(data, kwargs, self.metadata.zarr_format)

    @operation
    async def empty(self, /, *, name: str, shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array without defined content; other arguments are those of ``terrazzo.create``."""
        return await self._older(name, {"shape": shape, **kwargs})

    @operation
    async def zeros(self, /, *, name: str, shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array whose fill value is 0; other arguments are those of ``terrazzo.create``."""
        return await self._older(name, {"shape": shape, "fill_value": 0, **kwargs})

    @operation
    async def ones(self, /, *, name: str, shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array whose fill value is 1; other arguments are those of ``terrazzo.create``."""
        return await self._older(name, {"shape": shape, "fill_value": 1, **kwargs})

    @operation
    async def full(self, /, *, name: str, shape: ShapeLike, fill_value: Any, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array with a given fill value; other arguments are those of ``terrazzo.create``."""
        return await self._older(name, {"shape": shape, "fill_value": fill_value, **kwargs})

    @operation
    async def empty_like(self, /, *, name: str, data: Any, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array like another, with its fill value; other arguments are those of ``terrazzo.create``."""
        return await self._older(name, self._like(data, kwargs))

    @operation
    async def zeros_like(self, /, *, name: str, data: Any, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array like another, whose fill value is 0; other arguments are those of ``terrazzo.create``."""
        like = without_fill_value(self._like(data, kwargs), kwargs)
        return await self._older(name, {"fill_value": 0, **like})

    @operation
    async def ones_like(self, /, *, name: str, data: Any, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array like another, whose fill value is 1; other arguments are those of ``terrazzo.create``."""
        like = without_fill_value(self._like(data, kwargs), kwargs)
        return await self._older(name, {"fill_value": 1, **like})

    @operation
    async def full_like(self, /, *, name: str, data: Any, **kwargs: Any) -> AsyncArray[Any]:
        """Create an array like another, with the given `fill_value`, or that of `data` when it has one.

        Raises
        ------
        TypeError
            `data` has no fill value, and none is given.
        """
        like = self._like(data, kwargs)
        if "fill_value" not in like:
            raise TypeError("full_like() needs `fill_value`, which a numpy array does not have")
        return await self._older(name, like)

    async def create_hierarchy(
        self, nodes: Mapping[str, NodeMetadata], *, overwrite: bool = False
    ) -> AsyncGenerator[tuple[str, AsyncNode], None]:
        """Create many nodes at once; see ``terrazzo.create_hierarchy``.

        Parameters
        ----------
        nodes
            Metadata by path relative to the group.

        Yields
        ------
        str, AsyncArray or AsyncGroup
            Path relative to the group, and the node: by depth and then by path. All are made before the first comes.

        Raises
        ------
        ValueError
            One of them is the group itself.
        """
        from terrazzo.nodes.hierarchy import create_nodes  # loaded on use: `import terrazzo` is to be quick

        for path, metadata, place in await create_nodes(
            self.store_path, nodes, overwrite=overwrite, within=self.metadata.zarr_format
        ):
            yield path, self._node(metadata, place)
