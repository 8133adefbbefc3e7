"""Creating arrays, asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from terrazzo.api.opening import place_for, refuse_obsolete, require_empty
from terrazzo.dtype.base import ZDType
from terrazzo.dtype.parse import ZDTypeLike, parse_dtype
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.create import create_array_at, parse_zarr_format
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    ChunksLike,
    CompressorsLike,
    FiltersLike,
    SerializerLike,
    parse_shape,
)
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.pipeline.chain import CodecChain, parse_codecs
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArrayConfigLike
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
    chosen_format = parse_zarr_format(zarr_format, current_options())
    kwargs = _codec_arguments(
        chosen_format,
        codecs=codecs,
        compressor=compressor,
        filters=filters,
        object_codec=object_codec,
        dimension_separator=dimension_separator,
    )
    if dimension_separator is not None:
        if chunk_key_encoding is not None:
            raise ValueError("`dimension_separator` and `chunk_key_encoding` mean the same; give one of them")
        chunk_key_encoding = ("v2", dimension_separator)
    if chunks is not None and chunk_shape is not None:
        raise ValueError("`chunks` and `chunk_shape` mean the same; give one of them")
    place = place_for(store, path, mode, storage_options)
    if mode == "w-":
        await require_empty(place)
    if isinstance(chunk_key_encoding, tuple):
        name, separator = chunk_key_encoding
        chunk_key_encoding = {"name": name, "separator": separator}
    given = chunks if chunks is not None else chunk_shape
    if data is None:
        dtype = "float64" if dtype is None else dtype
    else:
        data = _shaped(data, shape, dtype)
        if isinstance(data, ArrayBase) or data.dtype.kind != "O":
            dtype = None  # only objects do not say their data type
    return await create_array_at(
        place,
        shape=shape if data is None else None,
        dtype=dtype,
        data=data,
        chunks="auto" if given is None else given,
        fill_value=fill_value,
        order=order,
        zarr_format=chosen_format,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
        overwrite=overwrite or mode == "w",
        config=_config_with(config, write_empty_chunks=write_empty_chunks),
        **kwargs,
    )


def _codec_arguments(
    zarr_format: ZarrFormat,
    *,
    codecs: Iterable[Any] | None,
    compressor: Any,
    filters: Any,
    object_codec: Any,
    dimension_separator: str | None,
) -> dict[str, Any]:
    """What ``create`` is told of codecs, as arguments of ``create_array``.

    Raises
    ------
    ValueError
        It has no meaning in the format.
    """
    if zarr_format == 2:
        if codecs is not None:
            raise ValueError("`codecs` has no meaning in Zarr format 2; use `filters` and `compressor`")
        given = [object_codec, *(filters or ())]
        return {"filters": [codec for codec in given if codec is not None] or None, "compressors": compressor}
    unused = {
        "compressor": None if isinstance(compressor, str) else "codecs",
        "filters": None if filters is None else "codecs",
        "object_codec": None if object_codec is None else "codecs",
        "dimension_separator": None if dimension_separator is None else "chunk_key_encoding",
    }
    for parameter, instead in unused.items():
        if instead is not None:
            raise ValueError(f"`{parameter}` has no meaning in Zarr format 3; use `{instead}`")
    if codecs is None:
        return {}
    chain = CodecChain.from_codecs(parse_codecs(codecs))
    return {"filters": chain.array_array, "serializer": chain.array_bytes, "compressors": chain.bytes_bytes}


def _codecs_of(metadata: ArrayMetadata, zarr_format: ZarrFormat | None) -> dict[str, Any]:
    """The codecs of an array as arguments of ``create``; none for an array of another format."""
    if metadata.zarr_format != parse_zarr_format(zarr_format, current_options()):
        return {}
    if isinstance(metadata, ArrayV2Metadata):
        return {"filters": metadata.filter_configs, "compressor": metadata.compressor_config}
    return {"codecs": metadata.codecs} if isinstance(metadata, ArrayV3Metadata) else {}


def _shaped(data: Any, shape: ShapeLike | None, dtype: ZDTypeLike | None) -> Any:
    """Data that come with a shape or data type must agree with it; the data type may need a cast."""
    native = None if dtype is None else parse_dtype(dtype, zarr_format=3).to_native_dtype()
    array = data if hasattr(data, "dtype") else np.asanyarray(data, dtype=native)
    if shape is not None:
        wanted = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
        if wanted != array.shape:
            raise ValueError(f"data has the shape {array.shape}, expected {wanted}")
    if native is None:
        return array
    if not isinstance(array, ArrayBase):
        return array.astype(native, copy=False)
    if native != array.dtype:
        raise ValueError(f"an array that is copied keeps its data type, {array.dtype}; got {native}")
    return array


def _config_with(config: ArrayConfigLike | None, *, write_empty_chunks: bool | None) -> ArrayConfigLike | None:
    if write_empty_chunks is None:
        return config
    given: Mapping[str, Any] = config.to_dict() if isinstance(config, ArrayConfig) else config or {}
    return cast("ArrayConfigLike", {**given, "write_empty_chunks": write_empty_chunks})


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
            "chunks": _chunks_of(data, data.shape),
            **_codecs_of(data.metadata, kwargs.get("zarr_format")),
            **kwargs,
        }
    else:
        data = _shaped(data, None, kwargs.get("dtype"))
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


def arguments_like(a: Any, kwargs: dict[str, Any], zarr_format: ZarrFormat | None) -> dict[str, Any]:
    """Arguments of ``create`` that make an array like another; what the caller gives comes first.

    As with zarr-python, an array passes on its chunks, codecs and fill value, but not its names and attributes.
    """
    if not hasattr(a, "shape") or not hasattr(a, "dtype"):
        a = np.asanyarray(a)
    like: dict[str, Any] = {"shape": a.shape, "dtype": a.dtype}
    if isinstance(a, ArrayBase):
        metadata = a.metadata
        like |= {"dtype": metadata.data_type, "fill_value": metadata.fill_value}
        if "dtype" not in kwargs or _keeps_codecs(metadata.data_type, kwargs["dtype"]):
            like |= _codecs_of(metadata, zarr_format)
        shape, is_sharded = kwargs.get("shape", a.shape), metadata.subchunk_shape is not None
        if np.size(shape) == a.ndim:
            like["chunks"] = _chunks_of(a, shape) if "codecs" in like or not is_sharded else a.chunks
        elif is_sharded:
            like.pop("codecs", None)  # they cut shards into chunks of another number of axes
    return {**like, **kwargs}


def _keeps_codecs(data_type: ZDType[Any, Any], dtype: ZDTypeLike) -> bool:
    """Whether codecs for one data type also store another."""
    if data_type.object_codec_id != parse_dtype(dtype, zarr_format=3).object_codec_id:
        return False
    return bool(data_type.to_native_dtype().itemsize > 1)  # else they say no byte order, which other data types need


def _chunks_of(array: ArrayBase, shape: ShapeLike) -> ChunksLike:
    """The chunks of an array for another of the same number of axes."""
    if array.metadata.chunk_grid.is_regular:
        return array.shards or array.chunks
    return array.metadata.update_shape(parse_shape(shape)).chunk_grid


def _without_fill_value(like: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same without the fill value that comes from the other array."""
    return {name: value for name, value in like.items() if name != "fill_value" or name in kwargs}


async def empty_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, with its fill value; other arguments are those of ``create``."""
    return await empty(zarr_format=zarr_format, **arguments_like(a, kwargs, zarr_format))


async def zeros_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, whose fill value is 0; other arguments are those of ``create``."""
    return await zeros(zarr_format=zarr_format, **_without_fill_value(arguments_like(a, kwargs, zarr_format), kwargs))


async def ones_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, whose fill value is 1; other arguments are those of ``create``."""
    return await ones(zarr_format=zarr_format, **_without_fill_value(arguments_like(a, kwargs, zarr_format), kwargs))


async def full_like(a: Any, *, zarr_format: ZarrFormat | None = None, **kwargs: Any) -> AsyncArray[Any]:
    """Create an array like another, with the given `fill_value`, or that of `a` when it has one."""
    like = arguments_like(a, kwargs, zarr_format)
    if "fill_value" not in like:
        raise TypeError("full_like() needs `fill_value`, which a numpy array does not have")
    return await full(zarr_format=zarr_format, **like)
