"""Arrays, asynchronous: every operation on an array is written here, once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from terrazzo.abc.codec import CodecPipeline
from terrazzo.errors import ArrayNotFoundError, NodeTypeValidationError, context
from terrazzo.grid import ChunkGrid
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata
from terrazzo.metadata.json import normalize_attributes
from terrazzo.nodes import resize
from terrazzo.nodes.async_elements import AsyncElements
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.nodes.foreign_pipeline import make_pipeline
from terrazzo.nodes.locate import DOCUMENT, Seen, change_attributes, read_node, read_node_and
from terrazzo.nodes.stored import stored_chunks
from terrazzo.runtime import operation
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArrayConfigLike, parse_array_config
from terrazzo.storage import StoreLike, StorePath
from terrazzo.storage.path import make_store_path
from terrazzo.types import JSON, ChunkCoords, ShapeLike, ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes.buffered import AsyncBufferedWriter
    from terrazzo.nodes.report import ArrayInfo

__all__ = ["AsyncArray", "of_format", "open_array_at"]

T_ArrayMetadata = TypeVar("T_ArrayMetadata", bound=ArrayMetadata)


@dataclass(frozen=True, eq=False, repr=False)
class AsyncArray(AsyncElements, Generic[T_ArrayMetadata]):
    """An array in a store.

    Parameters
    ----------
    metadata
        What is stored about the array.
    store_path
        Where it is.
    config
        How this handle reads and writes; by default as the settings say.

    Examples
    --------
    >>> import asyncio
    >>> from terrazzo.api.asynchronous import create_array
    >>> async def main():
    ...     array = await create_array(None, shape=(4, 6), chunks=(2, 3), dtype="int16")
    ...     await array.setitem((slice(1, 3), 0), 7)
    ...     return await array.getitem((..., 0))
    >>> asyncio.run(main())
    array([0, 7, 7, 0], dtype=int16)
    """

    metadata: T_ArrayMetadata
    store_path: StorePath
    config: ArrayConfig = field(default=None)  # type: ignore[assignment] # the settings decide
    codec_pipeline: CodecPipeline = field(init=False)
    _io: ChunkIO = field(init=False)

    def __post_init__(self) -> None:
        if isinstance(self.metadata, Mapping):
            object.__setattr__(self, "metadata", _parse_metadata(self.metadata))
        config = parse_array_config(self.config, current_options())
        stored_order = self.metadata.order
        if stored_order is not None and config.order != stored_order:
            config = replace(config, order=stored_order)  # results lie as chunks do
        object.__setattr__(self, "config", config)
        self._adopt(self.metadata)

    def _adopt(self, metadata: ArrayMetadata) -> None:
        """Go on with new metadata. Readers on other threads see the old or the new, never a mixture."""
        pipeline, foreign = make_pipeline(metadata, self.store_path, self.config)
        object.__setattr__(self, "codec_pipeline", pipeline)
        object.__setattr__(self, "metadata", metadata)
        object.__setattr__(self, "_io", ChunkIO(metadata, self.store_path, self.config, foreign))

    @property
    def _chunk_grid(self) -> ChunkGrid:
        return self._io.grid

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AsyncArray):
            return NotImplemented
        return (self.metadata, self.store_path, self.config) == (other.metadata, other.store_path, other.config)

    def __hash__(self) -> int:
        return hash((AsyncArray, self.store_path.path))  # the metadata change

    # -- opening

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, JSON]) -> AsyncArray[Any]:
        """Make a handle of a metadata document; nothing is read."""
        return cls(metadata=_parse_metadata(data), store_path=store_path)  # type: ignore[arg-type]

    @classmethod
    async def open(
        cls, store: StoreLike, zarr_format: ZarrFormat | None = 3, *, config: ArrayConfigLike | None = None
    ) -> AsyncArray[Any]:
        """Open an array that exists.

        Raises
        ------
        ArrayNotFoundError
            There is none.
        """
        return await open_array_at(make_store_path(store), config, zarr_format)

    def with_config(self, config: ArrayConfigLike) -> Self:
        """Another handle of the same array, that reads and writes in another way."""
        if not isinstance(config, ArrayConfig):
            config = parse_array_config(cast("ArrayConfigLike", {**self.config.to_dict(), **config}), current_options())
        return type(self)(self.metadata, self.store_path, config)

    # -- changing

    def buffered(self, *, max_bytes: int | None = None) -> AsyncBufferedWriter:
        """Collect what is written, and store each chunk or shard once: for writing them piece by piece.

        Parameters
        ----------
        max_bytes
            What is held at most: of each chunk or shard that is written to all elements, and a byte for each of them.
            By default 512 MiB, or one of them where that takes more.

        Returns
        -------
        AsyncBufferedWriter
            To be used in an ``async with`` block. It reads and writes elements as the array does.

        Raises
        ------
        ValueError
            The store is read-only, or one chunk or shard takes more than `max_bytes`.

        Examples
        --------
        >>> import asyncio
        >>> from terrazzo.api.asynchronous import create_array
        >>> async def main():
        ...     array = await create_array(None, shape=(4, 6), chunks=(1, 3), shards=(4, 6), dtype="int16")
        ...     async with array.buffered() as writer:
        ...         for row in range(4):
        ...             await writer.setitem(row, row)
        ...     return await array.getitem((..., 0))
        >>> asyncio.run(main())
        array([0, 1, 2, 3], dtype=int16)
        """
        from terrazzo.nodes.buffered import AsyncBufferedWriter  # few programs need it

        return AsyncBufferedWriter(self, max_bytes)

    @operation
    async def resize(self, new_shape: ShapeLike, delete_outside_chunks: bool = True) -> None:
        """Change the shape. What is cut off is lost; what is new reads as the fill value.

        Interrupted anywhere, the array has the old shape with all its data, or the new one.

        Parameters
        ----------
        delete_outside_chunks
            Whether chunks outside the new shape are deleted; they are invisible anyway.

        Raises
        ------
        ValueError
            The number of axes differs, or a length is negative.

        Examples
        --------
        >>> import terrazzo
        >>> array = terrazzo.array([1, 2, 3, 4])
        >>> array.resize(2)
        >>> array.resize(3)
        >>> array[:]
        array([1, 2, 0])
        """
        await resize.resize(self, new_shape, delete_outside_chunks)

    @operation
    async def append(self, data: Any, axis: int = 0) -> tuple[int, ...]:
        """Write an array behind the end of an axis, and return the new shape.

        The data are written first: when that fails the array is as it was, and appending them again is right.

        Raises
        ------
        ValueError
            `data` differs from the array in another axis.
        IndexError
            There is no such axis.

        Examples
        --------
        >>> import terrazzo
        >>> array = terrazzo.create_array(None, shape=(0, 2), chunks=(10, 2), dtype="int32")
        >>> array.append([[1, 2], [3, 4]])
        (2, 2)
        """
        return await resize.append(self, data, axis)

    @operation
    async def update_attributes(self, new_attributes: Mapping[str, JSON]) -> Self:
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
        async with self.store.lock(self.document_key):
            self._adopt(await change_attributes(self.store_path, self._stored_metadata, change))

    # -- metadata

    @property
    def document_key(self) -> str:
        """Key of the metadata document; its lock is held while the metadata change."""
        return self.store_path.prefix + DOCUMENT

    async def _stored_metadata(self, seen: Seen) -> ArrayMetadata:
        """The metadata as they are stored now: another handle may have changed them.

        The byte order of the data type, which is not stored, stays as this handle has it.
        """
        stored, _ = await read_node_and(self.store_path, self.metadata.zarr_format, seen=seen)
        if not isinstance(stored, ArrayMetadata):
            raise ArrayNotFoundError(f"there is no array at {self.store_path} any more")
        return self.metadata.as_stored(stored)

    @property
    def attrs(self) -> dict[str, JSON]:
        """The attributes; change them with ``update_attributes``."""
        return self.metadata.attributes

    @operation
    async def nchunks_initialized(self) -> int:
        """Number of chunks that are stored; of a shard that is stored all count."""
        subchunk_shape, grid = self.metadata.subchunk_shape, self._io.grid
        stored = await self._stored_coords()
        if subchunk_shape is None:
            return len(stored)
        return sum(math.prod(grid.shape_of(coords)) for coords in stored) // math.prod(subchunk_shape)

    async def _stored_coords(self) -> list[ChunkCoords]:
        return [coords async for coords, _ in stored_chunks(self._io, self.store_path)]

    @operation
    async def nbytes_stored(self) -> int:
        """Bytes of everything that is stored for the array, its document included."""
        with context("while adding up the values below", self.path, self.store):
            return await self.store.getsize_prefix(self.path)

    @operation
    async def info_complete(self) -> ArrayInfo:
        """A report for people, with what is stored; reads a listing."""
        return self._info(len(await self._stored_coords()), await self.nbytes_stored())

    def __getstate__(self) -> dict[str, Any]:
        return {"metadata": self.metadata, "store_path": self.store_path, "config": self.config}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self._adopt(self.metadata)


def _parse_metadata(data: Mapping[str, Any]) -> ArrayMetadata:
    """Metadata from the members of a document of either format."""
    return (ArrayV2Metadata if data.get("zarr_format") == 2 else ArrayV3Metadata).from_dict(data)


def of_format(zarr_format: ZarrFormat | None) -> str:
    """What to say of a node that was looked for in one format only."""
    return "" if zarr_format is None else f" of Zarr format {zarr_format}"


@operation
async def open_array_at(
    place: StorePath, config: ArrayConfigLike | None = None, zarr_format: ZarrFormat | None = None
) -> AsyncArray[Any]:
    """Open the array at a place.

    Raises
    ------
    ArrayNotFoundError
        There is no node.
    NodeTypeValidationError
        There is a group.
    """
    metadata = await read_node(place, zarr_format)
    if metadata is None:
        raise ArrayNotFoundError(f"there is no array{of_format(zarr_format)} at {place}")
    if not isinstance(metadata, ArrayMetadata):
        raise NodeTypeValidationError(f"there is a group at {place}, expected an array", field="node_type")
    return AsyncArray(metadata, place, parse_array_config(config, current_options()))
