"""Creating arrays with the parameters of zarr-python 2, and arrays like others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from terrazzo.dtype.base import ZDType
from terrazzo.dtype.parse import ZDTypeLike, parse_dtype
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.create import create_array_at, parse_zarr_format
from terrazzo.nodes.defaults import DEFAULT_FILL_VALUE, ChunksLike, CompressorsLike, parse_shape
from terrazzo.pipeline.chain import CodecChain, parse_codecs
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArrayConfigLike
from terrazzo.storage import StorePath
from terrazzo.types import JSON, MemoryOrder, ShapeLike, ZarrFormat

__all__ = ["arguments_like", "chunks_of", "codecs_of", "create_older_at", "fit_data", "without_fill_value"]


async def create_older_at(
    place: StorePath,
    shape: ShapeLike | None,
    *,
    chunks: ChunksLike | None = None,
    dtype: ZDTypeLike | None = None,
    compressor: CompressorsLike = "auto",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: MemoryOrder | None = None,
    overwrite: bool = False,
    filters: Iterable[Any] | None = None,
    object_codec: Any = None,
    dimension_separator: str | None = None,
    write_empty_chunks: bool | None = None,
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, JSON] | None = None,
    chunk_shape: ChunksLike | None = None,
    chunk_key_encoding: ChunkKeyEncodingLike | tuple[str, str] | None = None,
    codecs: Iterable[Any] | None = None,
    dimension_names: Iterable[str | None] | None = None,
    config: ArrayConfigLike | None = None,
    data: Any = None,
) -> AsyncArray[Any]:
    """Create an array at a place; see ``terrazzo.create``."""
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
    if isinstance(chunk_key_encoding, tuple):
        name, separator = chunk_key_encoding
        chunk_key_encoding = {"name": name, "separator": separator}
    given = chunks if chunks is not None else chunk_shape
    if data is None:
        dtype = "float64" if dtype is None else dtype
    else:
        data = fit_data(data, shape, dtype)
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
        overwrite=overwrite,
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


def codecs_of(metadata: ArrayMetadata, zarr_format: ZarrFormat | None) -> dict[str, Any]:
    """The codecs of an array as arguments of ``create``; none for an array of another format."""
    if metadata.zarr_format != parse_zarr_format(zarr_format, current_options()):
        return {}
    if isinstance(metadata, ArrayV2Metadata):
        return {"filters": metadata.filter_configs, "compressor": metadata.compressor_config}
    return {"codecs": metadata.codecs} if isinstance(metadata, ArrayV3Metadata) else {}


def fit_data(data: Any, shape: ShapeLike | None, dtype: ZDTypeLike | None) -> Any:
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
            like |= codecs_of(metadata, zarr_format)
        shape, is_sharded = kwargs.get("shape", a.shape), metadata.subchunk_shape is not None
        if np.size(shape) == a.ndim:
            like["chunks"] = chunks_of(a, shape) if "codecs" in like or not is_sharded else a.chunks
        elif is_sharded:
            like.pop("codecs", None)  # they cut shards into chunks of another number of axes
    return {**like, **kwargs}


def _keeps_codecs(data_type: ZDType[Any, Any], dtype: ZDTypeLike) -> bool:
    """Whether codecs for one data type also store another."""
    if data_type.object_codec_id != parse_dtype(dtype, zarr_format=3).object_codec_id:
        return False
    return bool(data_type.to_native_dtype().itemsize > 1)  # else they say no byte order, which other data types need


def chunks_of(array: ArrayBase, shape: ShapeLike) -> ChunksLike:
    """The chunks of an array for another of the same number of axes."""
    if array.metadata.chunk_grid.is_regular:
        return array.shards or array.chunks
    return array.metadata.update_shape(parse_shape(shape)).chunk_grid


def without_fill_value(like: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The same without the fill value that comes from the other array."""
    return {name: value for name, value in like.items() if name != "fill_value" or name in kwargs}
