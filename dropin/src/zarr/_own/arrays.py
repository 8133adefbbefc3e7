"""Making arrays, as packages reach for it in ``zarr.core.array`` and ``zarr.core.chunk_grids``."""

from __future__ import annotations

from typing import Any

from terrazzo.grid.guess import guess_chunks
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.create import create_array_at
from terrazzo.nodes.transfer.describe import kept_of
from terrazzo.storage import StorePath

__all__ = ["_guess_chunks", "_parse_keep_array_attr", "init_array"]

AUTO = {"chunks": "auto", "shards": None, "filters": "auto", "compressors": "auto", "serializer": "auto"}


async def init_array(
    *,
    store_path: StorePath,
    shape: Any,
    dtype: Any,
    chunks: Any = "auto",
    shards: Any = None,
    filters: Any = "auto",
    compressors: Any = "auto",
    serializer: Any = "auto",
    **others: Any,
) -> AsyncArray[Any]:
    """Create an array at a place in a store; the parameters are those of ``create_array``."""
    return await create_array_at(
        store_path,
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        shards=shards,
        filters=filters,
        compressors=compressors,
        serializer=serializer,
        **others,
    )


def _parse_keep_array_attr(
    data: Any,
    chunks: Any,
    shards: Any,
    filters: Any,
    compressors: Any,
    serializer: Any,
    fill_value: Any,
    order: Any,
    zarr_format: Any,
    chunk_key_encoding: Any,
    dimension_names: Any,
    attributes: Any = None,
) -> tuple[Any, ...]:
    """What ``"keep"`` and None stand for, where an array is made of `data`; the values in the order of parameters."""
    given = {
        "chunks": chunks,
        "shards": shards,
        "filters": filters,
        "compressors": compressors,
        "serializer": serializer,
    }
    kept = AUTO
    if isinstance(data, ArrayBase):
        metadata: ArrayMetadata = data.metadata
        zarr_format = metadata.zarr_format if zarr_format is None else zarr_format
        kept = kept_of(metadata, zarr_format)
        fill_value = metadata.fill_value if fill_value is None else fill_value
        order = data.order if order is None else order
        attributes = dict(metadata.attributes) if attributes is None else attributes
        dimension_names = metadata.names_of_dimensions if dimension_names is None else dimension_names
        if metadata.zarr_format == zarr_format and chunk_key_encoding is None:
            chunk_key_encoding = metadata.chunk_key_encoding
    zarr_format = 3 if zarr_format is None else zarr_format
    chosen = [kept[key] if isinstance(value, str) and value == "keep" else value for key, value in given.items()]
    return (*chosen, fill_value, order, zarr_format, chunk_key_encoding, dimension_names, attributes)


def _guess_chunks(shape: tuple[int, ...] | int, typesize: int, **limits: int) -> tuple[int, ...]:
    """The chunk shape that an array gets by default; the limits of zarr-python are not taken, for they are ours."""
    if limits:
        raise TypeError(f"the sizes of chunks cannot be chosen here, got {', '.join(limits)}")
    return guess_chunks((shape,) if isinstance(shape, int) else tuple(shape), typesize)
