"""Creating arrays, asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from terrazzo.api.opening import place_for, refuse_obsolete, require_empty
from terrazzo.dtype.parse import ZDTypeLike
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.create import create_array_at
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    ChunksLike,
    CompressorsLike,
    FiltersLike,
    SerializerLike,
)
from terrazzo.nodes.older import (
    arguments_like,
    chunks_of,
    codecs_of,
    create_older_at,
    fit_data,
    without_fill_value,
)
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.spec import ArrayConfigLike
from terrazzo.storage import StoreLike
from terrazzo.types import JSON, AccessModeLiteral, MemoryOrder, ShapeLike, ZarrFormat

__all__ = [
    "array",
    "create",
    "create_array",
    "empty",
    "empty_like",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


async def create_array(
    store: StoreLike | None,
    *,
    name: str | None = None,
    shape: ShapeLike | None = None,
    dtype: ZDTypeLike | None = None,
    data: Any = None,
    chunks: ChunksLike = "auto",
    shards: ShardsLike = None,
    filters: FiltersLike = "auto",
    compressors: CompressorsLike = "auto",
    serializer: SerializerLike = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: MemoryOrder | None = None,
    zarr_format: ZarrFormat | None = 3,
    attributes: Mapping[str, JSON] | None = None,
    chunk_key_encoding: ChunkKeyEncodingLike | None = None,
    dimension_names: Iterable[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    overwrite: bool = False,
    config: ArrayConfigLike | None = None,
    write_data: bool = True,
) -> AsyncArray[Any]:
    """Create an array.

    Parameters
    ----------
    store
        Where: a store, the path of a folder, a dictionary to be filled, or None for a new store in memory.
    name
        Path in the store; the root by default. Groups above it are made.
    shape
        Length of each axis, in elements; left out when `data` says it.
    dtype
        Anything that numpy takes for a data type; left out when `data` says it.
    data
        What to write at once. Another array of terrazzo is copied chunk by chunk, and passes on its fill value,
        attributes, dimension names and chunk keys where they are not given.
    chunks
        Elements of a chunk along each axis; one number for all axes, -1 for a whole axis, False for one chunk in all,
        ``"auto"`` for chunks from about 128 KiB in small arrays to some MiB in large ones. Where the chunks along an
        axis differ, the list of their lengths: the chunk grid is rectilinear then. A chunk grid as documents have it
        is taken as it is.
    shards
        Elements of a shard along each axis: a stored object that holds whole chunks, each of which can be read alone.
        One number for all axes, -1 for a whole axis, ``"auto"``, or a mapping of ``shape`` and ``index_location``
        (``"end"`` or ``"start"``). None to store every chunk for itself.
    filters, serializer, compressors
        Codecs from array to array, from array to bytes, and from bytes to bytes: a codec or its JSON, or several in
        the order of encoding. By default none, ``bytes`` little endian, and ``zstd``; None for no compressor.
    fill_value
        Value of elements that were never written; by default the zero of the data type.
    order
        In format 2 the memory order of elements in a chunk, and of results. In format 3 no effect, and warned about:
        the memory order of results is a member of `config` there.
    zarr_format
        2 or 3, or None for the one of the settings.
    attributes
        The user's attributes; whatever has a form in JSON.
    chunk_key_encoding
        By default ``/`` between indices: ``c/0/1``.
    dimension_names
        A name or None for each axis.
    storage_options
        For URLs of remote stores, which this version has not.
    overwrite
        Whether a node that is there is deleted, with all that is below it.
    config
        How the handle reads and writes: an `ArrayConfig`, or a mapping of its members.
    write_data
        Whether `data` are written, or only give shape and data type.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there, and is not to be overwritten.
    ValueError, TypeError, OverflowError
        A parameter is wrong. Nothing has been written or deleted then.

    Examples
    --------
    >>> import numpy as np
    >>> import terrazzo
    >>> array = terrazzo.create_array(None, shape=(4, 6), chunks=(2, 3), dtype="float32", fill_value=np.nan)
    >>> array[0] = 1
    >>> array.nchunks, array.nchunks_initialized
    (4, 2)
    >>> terrazzo.create_array(None, data=[[1, 2], [3, 4]])[:, 1]
    array([2, 4])

    Specification: Zarr v3.1 "Array metadata".
    """
    place = place_for(store, name, None, storage_options)
    return await create_array_at(
        place,
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
        zarr_format=zarr_format,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
        overwrite=overwrite,
        config=config,
        write_data=write_data,
    )


async def create(
    shape: ShapeLike | None,
    *,
    chunks: ChunksLike | None = None,
    dtype: ZDTypeLike | None = None,
    compressor: CompressorsLike = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: MemoryOrder | None = None,
    store: StoreLike | None = None,
    synchronizer: Any = None,
    overwrite: bool = False,
    path: str | None = None,
    chunk_store: StoreLike | None = None,
    filters: Iterable[Any] | None = None,
    cache_metadata: bool | None = None,
    cache_attrs: bool | None = None,
    read_only: bool | None = None,
    object_codec: Any = None,
    dimension_separator: str | None = None,
    write_empty_chunks: bool | None = None,
    zarr_format: ZarrFormat | None = None,
    meta_array: Any = None,
    attributes: Mapping[str, JSON] | None = None,
    chunk_shape: ChunksLike | None = None,
    chunk_key_encoding: ChunkKeyEncodingLike | tuple[str, str] | None = None,
    codecs: Iterable[Any] | None = None,
    dimension_names: Iterable[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    config: ArrayConfigLike | None = None,
    mode: AccessModeLiteral | None = None,
    data: Any = None,
) -> AsyncArray[Any]:
    """Create an array, with the parameters of zarr-python 2; prefer ``create_array``.

    Parameters
    ----------
    chunks, chunk_shape
        As in ``create_array``; by default chosen.
    dtype
        By default float64.
    chunk_key_encoding
        As in ``create_array``, or as a tuple of name and separator.
    codecs
        All codecs in order, instead of defaults.
    mode
        ``"w"`` replaces what is there, ``"w-"`` and ``"a"`` do not.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there, and is not to be overwritten.
    ValueError
        A parameter has no meaning in the format: in format 3 `compressor`, `filters`, `object_codec` and
        `dimension_separator` (use `codecs` and `chunk_key_encoding`); in format 2 `codecs` (use `filters` and
        `compressor`). In neither: `synchronizer`, `chunk_store`, `meta_array`.
    """
    refuse_obsolete(synchronizer=synchronizer, chunk_store=chunk_store, meta_array=meta_array)
    place = place_for(store, path, None if mode == "r+" else mode, storage_options)  # as with zarr-python, that creates
    if mode == "w-":
        await require_empty(place)
    return await create_older_at(
        place,
        shape,
        chunks=chunks,
        dtype=dtype,
        compressor=compressor,
        fill_value=fill_value,
        order=order,
        overwrite=overwrite or mode == "w",
        filters=filters,
        object_codec=object_codec,
        dimension_separator=dimension_separator,
        write_empty_chunks=write_empty_chunks,
        zarr_format=zarr_format,
        attributes=attributes,
        chunk_shape=chunk_shape,
        chunk_key_encoding=chunk_key_encoding,
        codecs=codecs,
        dimension_names=dimension_names,
        config=config,
        data=data,
    )


async def array(data: Any, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array filled with `data`; other arguments are those of ``create``.

    An array of terrazzo passes on its chunks and codecs too.

    Examples
    --------
    >>> import terrazzo
    >>> terrazzo.array([1, 2, 3], chunks=2)[1:]
    array([2, 3])
    """
    if isinstance(data, ArrayBase):
        kwargs = {
            "chunks": chunks_of(data, data.shape),
            **codecs_of(data.metadata, kwargs.get("zarr_format")),
            **kwargs,
        }
    else:
        data = fit_data(data, None, kwargs.get("dtype"))
        kwargs.setdefault("dtype", data.dtype)
    return await create(data.shape, data=data, **kwargs)


async def empty(shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array without defined content; other arguments are those of ``create``."""
    return await create(shape, **kwargs)


async def zeros(shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array whose fill value is 0; other arguments are those of ``create``.

    Nothing but the metadata is stored, whatever the shape.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.zeros((1_000_000, 1_000_000), dtype="uint8")
    >>> array[5, 7:10], array.nchunks_initialized
    (array([0, 0, 0], dtype=uint8), 0)
    """
    return await create(shape, fill_value=0, **kwargs)


async def ones(shape: ShapeLike, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array whose fill value is 1; other arguments are those of ``create``."""
    return await create(shape, fill_value=1, **kwargs)


async def full(shape: ShapeLike, fill_value: Any, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array with a given fill value; other arguments are those of ``create``."""
    return await create(shape, fill_value=fill_value, **kwargs)


async def empty_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, with its fill value; other arguments are those of ``create``."""
    return await empty(zarr_format=zarr_format, **arguments_like(a, kwargs, zarr_format))


async def zeros_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, whose fill value is 0; other arguments are those of ``create``."""
    return await zeros(zarr_format=zarr_format, **without_fill_value(arguments_like(a, kwargs, zarr_format), kwargs))


async def ones_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, whose fill value is 1; other arguments are those of ``create``."""
    return await ones(zarr_format=zarr_format, **without_fill_value(arguments_like(a, kwargs, zarr_format), kwargs))


async def full_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, with the given `fill_value`, or that of `a` when it has one."""
    like = arguments_like(a, kwargs, zarr_format)
    if "fill_value" not in like:
        raise TypeError("full_like() needs `fill_value`, which a numpy array does not have")
    return await full(zarr_format=zarr_format, **like)
