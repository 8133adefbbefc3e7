"""Groups, asynchronous: every operation on a group is written here, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar, overload

import numpy as np

from terrazzo.dtype.parse import ZDTypeLike
from terrazzo.errors import ContainsArrayError, ContainsGroupError, GroupNotFoundError, quote
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.metadata import ArrayMetadata, GroupMetadata
from terrazzo.metadata.json import normalize_attributes
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray, of_format
from terrazzo.nodes.async_members import AsyncMembers
from terrazzo.nodes.consolidated import read_group, with_copies
from terrazzo.nodes.copies import changing
from terrazzo.nodes.create import create_array_at, create_group_at
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    ChunksLike,
    CompressorsLike,
    FiltersLike,
    SerializerLike,
)
from terrazzo.nodes.locate import DOCUMENT, NodeMetadata, delete_node, read_node, save_attributes
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.runtime import operation
from terrazzo.spec import ArrayConfigLike
from terrazzo.storage import StoreLike, StorePath
from terrazzo.storage.path import make_store_path, normalize_path
from terrazzo.types import JSON, MemoryOrder, ShapeLike, ZarrFormat

__all__ = ["AsyncGroup", "AsyncNode", "as_node", "open_node_at"]

AsyncNode: TypeAlias = "AsyncArray[Any] | AsyncGroup"
D = TypeVar("D")


@dataclass(frozen=True, repr=False)
class AsyncGroup(AsyncMembers):
    """A group in a store: a node that holds arrays and groups by name.

    Parameters
    ----------
    metadata
        What is stored about the group.
    store_path
        Where it is.
    """

    metadata: GroupMetadata
    store_path: StorePath

    __hash__ = None  # type: ignore[assignment] # the attributes change

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes; change them with ``update_attributes``."""
        return self.metadata.attributes

    # -- opening

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, Any]) -> Self:
        """Make a handle of a metadata document; nothing is read."""
        return cls(metadata=GroupMetadata.from_dict(data), store_path=store_path)

    @classmethod
    async def from_store(
        cls,
        store: StoreLike,
        *,
        attributes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        zarr_format: ZarrFormat = 3,
    ) -> Self:
        """Create a group at the root of a store.

        Raises
        ------
        ContainsGroupError, ContainsArrayError
            A node is there, and is not to be overwritten.
        """
        place = make_store_path(store)
        metadata = await create_group_at(place, overwrite=overwrite, attributes=attributes, zarr_format=zarr_format)
        return cls(metadata, place)

    @classmethod
    async def open(
        cls, store: StoreLike, zarr_format: ZarrFormat | None = 3, use_consolidated: bool | str | None = None
    ) -> AsyncGroup:
        """Open a group that exists.

        Raises
        ------
        GroupNotFoundError
            There is none.
        """
        return await cls.open_at(make_store_path(store), zarr_format, use_consolidated)

    @classmethod
    async def open_at(
        cls,
        place: StorePath,
        zarr_format: ZarrFormat | None = None,
        use_consolidated: bool | str | None = None,
    ) -> AsyncGroup:
        """Open the group at a place; see ``read_group`` for the parameters and errors."""
        return AsyncGroup(await read_group(place, zarr_format, use_consolidated), place)

    # -- members

    def _node(self, metadata: NodeMetadata, place: StorePath) -> AsyncNode:
        return as_node(metadata, place)

    def _place(self, key: str) -> StorePath:
        """The place of a member, by its path relative to the group."""
        return self.store_path / key

    @operation
    async def getitem(self, key: str) -> AsyncNode:
        """The member at a path relative to the group.

        Raises
        ------
        KeyError
            There is none.
        """
        place = self._place(key)
        metadata = await self._find(place)
        if metadata is None:
            missing = KeyError(key)
            missing.add_note(f"there is no node at {place}")
            raise missing
        return self._node(metadata, place)

    @overload
    async def get(self, /, key: str) -> AsyncNode | None: ...
    @overload
    async def get(self, /, key: str, default: D) -> AsyncNode | D: ...
    @operation
    async def get(self, key: str, default: Any = None) -> Any:
        """The member at a path, or `default` when there is none."""
        try:
            return await self.getitem(key)
        except KeyError:
            return default

    @operation
    async def get_array(self, path: str) -> AsyncArray[Any]:
        """The array at a path.

        Raises
        ------
        KeyError
            There is no node.
        TypeError
            There is a group.
        """
        node = await self.getitem(path)
        if not isinstance(node, AsyncArray):
            raise TypeError(f"the member {quote(path)} is a group, not an array")
        return node

    @operation
    async def get_group(self, path: str) -> AsyncGroup:
        """The group at a path.

        Raises
        ------
        KeyError
            There is no node.
        TypeError
            There is an array.
        """
        node = await self.getitem(path)
        if not isinstance(node, AsyncGroup):
            raise TypeError(f"the member {quote(path)} is an array, not a group")
        return node

    @operation
    async def contains(self, member: str) -> bool:
        """Whether there is a node at a path relative to the group."""
        return await self._find(self._place(member)) is not None

    @operation
    async def delitem(self, key: str) -> None:
        """Delete the member at a path, with all that is below it; nothing happens when there is none."""
        self.store._check_writable()
        if not normalize_path(key):
            raise KeyError(f"{key!r} is the group itself")
        place = self._place(key)
        async with self.store.lock(place.prefix + DOCUMENT), changing(place, self.metadata.zarr_format):
            await delete_node(place)

    @operation
    async def setitem(self, key: str, value: Any) -> None:
        """Store an array under a path, instead of whatever is there."""
        data = value if isinstance(value, (np.ndarray, ArrayBase)) else np.asarray(value)
        await create_array_at(self._place(key), data=data, overwrite=True, zarr_format=self.metadata.zarr_format)

    # -- making

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
        return AsyncGroup(metadata, place)

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
        if not isinstance(node, AsyncGroup):
            raise TypeError(f"there is an array at {quote(name)}, expected a group")
        return node

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
        self, /, name: str, *, shape: ShapeLike, dtype: Any = None, exact: bool = False, **kwargs: Any
    ) -> AsyncArray[Any]:
        """Open the array at a path, or create it.

        Parameters
        ----------
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
                return await self.create_array(name, shape=shape, dtype="float64" if dtype is None else dtype, **kwargs)
            except (ContainsArrayError, ContainsGroupError):
                node = await self.getitem(name)
        if not isinstance(node, AsyncArray):
            raise TypeError(f"there is a group at {quote(name)}, expected an array")
        wanted = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if wanted != node.shape:
            raise TypeError(f"the array at {quote(name)} has the shape {node.shape}, expected {wanted}")
        if dtype is not None:
            requested = np.dtype(dtype)
            if requested != node.dtype if exact else not np.can_cast(node.dtype, requested):
                raise TypeError(f"the array at {quote(name)} has the data type {node.dtype}, expected {requested}")
        return node

    # -- attributes

    @operation
    async def update_attributes(self, new_attributes: Mapping[str, Any]) -> Self:
        """Add attributes, and replace those that have the same names.

        What another handle has changed meanwhile stays.

        Raises
        ------
        TypeError
            An attribute has no form in JSON. Nothing has changed then.
        """
        added = normalize_attributes(new_attributes)
        await self._change_attributes(lambda attributes: {**attributes, **added})
        return self

    @operation
    async def _change_attributes(self, change: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Apply a change to the attributes as they are stored now."""
        self.store._check_writable()
        async with self.store.lock(self.store_path.prefix + DOCUMENT):
            current = await read_node(self.store_path, self.metadata.zarr_format)
            if not isinstance(current, GroupMetadata):
                raise GroupNotFoundError(f"there is no group at {self.store_path} any more")
            changed = current.update_attributes(change(dict(current.attributes)))
            await save_attributes(self.store_path, changed)
            if self.metadata.consolidated_metadata is None:  # this handle does not go by them
                changed = changed.with_consolidated(None)
            object.__setattr__(self, "metadata", changed)


def as_node(metadata: NodeMetadata, place: StorePath) -> AsyncNode:
    """The handle for what was found at a place."""
    return AsyncArray(metadata, place) if isinstance(metadata, ArrayMetadata) else AsyncGroup(metadata, place)


@operation
async def open_node_at(
    place: StorePath, zarr_format: ZarrFormat | None = None, use_consolidated: bool | str | None = None
) -> AsyncNode:
    """Open whatever node is at a place; a group as ``read_group`` does.

    Raises
    ------
    GroupNotFoundError
        There is none; the class is zarr-python's, which looks for a group last.
    """
    metadata = await read_node(place, zarr_format)
    if metadata is None:
        raise GroupNotFoundError(f"there is neither an array nor a group{of_format(zarr_format)} at {place}")
    if isinstance(metadata, GroupMetadata):
        metadata = await with_copies(metadata, place, use_consolidated)
    return as_node(metadata, place)
