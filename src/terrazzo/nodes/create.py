"""Creating arrays: everything that a caller gave is checked and encoded before anything is written or deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.buffer import default_buffer_prototype
from terrazzo.dtype.parse import ZDTypeLike, parse_dtype
from terrazzo.errors import ZarrRuntimeWarning, quote, warn
from terrazzo.grid import (
    ChunkGridMetadata,
    ChunkKeyEncodingLike,
    DefaultChunkKeyEncoding,
    V2ChunkKeyEncoding,
    parse_chunk_key_encoding,
)
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata, GroupMetadata
from terrazzo.metadata.json import normalize_attributes
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    ChunksLike,
    CompressorsLike,
    FiltersLike,
    SerializerLike,
    parse_codec_arguments,
    parse_grid,
    parse_shape,
    parse_v2_codec_arguments,
    parse_v2_dtype,
)
from terrazzo.nodes.locate import create_node
from terrazzo.nodes.sharding import ShardsLike, in_shards, parse_shards
from terrazzo.nodes.values import value_for
from terrazzo.runtime import operation
from terrazzo.settings import Options, current_options
from terrazzo.spec import ArrayConfigLike, parse_array_config
from terrazzo.storage import StorePath
from terrazzo.types import JSON, MemoryOrder, ShapeLike, ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes import transfer
else:
    from terrazzo.runtime.lazy import LazyModule

    transfer = LazyModule("terrazzo.nodes.transfer")

__all__ = ["array_metadata", "create_array_at", "init_array", "parse_zarr_format"]


@operation
async def create_array_at(
    place: StorePath,
    *,
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
    overwrite: bool = False,
    config: ArrayConfigLike | None = None,
    write_data: bool = True,
) -> AsyncArray[Any]:
    """Create an array at a place; see ``terrazzo.create_array``."""
    options = current_options()
    zarr_format = parse_zarr_format(zarr_format, options)
    if order is not None and zarr_format == 3:
        warn(
            "`order` has no effect on what Zarr format 3 stores; results follow config={'order': ...}",
            ZarrRuntimeWarning,
        )
    if isinstance(data, ArrayBase):
        _asynchronous(data)._io.check_usable()
    if data is not None:
        data, shape, dtype = _described_by(data, shape, dtype)
    if isinstance(data, ArrayBase):  # the copy says of itself what the array says, where the caller says nothing
        source = data.metadata
        fill_value = source.fill_value if fill_value is DEFAULT_FILL_VALUE else fill_value
        attributes = source.attributes if attributes is None else attributes
        if zarr_format == source.zarr_format:
            chunk_key_encoding = source.chunk_key_encoding if chunk_key_encoding is None else chunk_key_encoding
            order = source.order if order is None else order
        dimension_names = source.names_of_dimensions if dimension_names is None else dimension_names
    metadata = array_metadata(
        zarr_format=zarr_format,
        order=order,
        shape=shape,
        dtype=dtype,
        chunks=chunks,
        shards=shards,
        filters=filters,
        compressors=compressors,
        serializer=serializer,
        fill_value=fill_value,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
        options=options,
    )
    return await init_array(place, metadata, data if write_data else None, overwrite=overwrite, config=config)


async def init_array(
    place: StorePath,
    metadata: ArrayMetadata,
    data: Any,
    *,
    overwrite: bool,
    config: ArrayConfigLike | None,
) -> AsyncArray[Any]:
    """Write the data and the document of a new array."""
    array: AsyncArray[Any] = AsyncArray(metadata, place, parse_array_config(config, current_options()))
    if overwrite and isinstance(data, ArrayBase) and _is_below(place, data.store_path):
        data = await _asynchronous(data).getitem(...)  # overwriting deletes it before it would be copied
    await create_node(place, metadata, overwrite=overwrite, write_data=None if data is None else _writer(array, data))
    return array


def _writer(array: AsyncArray[Any], data: Any) -> Callable[[], Awaitable[None]]:
    """What writes all of `data`; it is converted here, so that what cannot be written fails before the array is."""
    if isinstance(data, ArrayBase):
        source = _asynchronous(data)
        return lambda: _copy(source, array)
    prototype = default_buffer_prototype()
    value = array._io.elements(value_for(data, array.shape, array.dtype, prototype), prototype)
    return lambda: array.setitem(..., value)


def _asynchronous(array: ArrayBase) -> AsyncArray[Any]:
    return array if isinstance(array, AsyncArray) else array.async_counterpart  # type: ignore[attr-defined] # an `Array`


def _is_below(place: StorePath, other: StorePath) -> bool:
    """Whether deleting everything below a place deletes another one."""
    return place.store.lock_identity == other.store.lock_identity and other.prefix.startswith(place.prefix)


async def _copy(source: AsyncArray[Any], target: AsyncArray[Any]) -> None:
    plan = transfer.plan_array(source, target, keeps_absent=not target.config.write_empty_chunks)
    await transfer.carry(plan, await transfer.units_of(plan))


def _described_by(data: Any, shape: ShapeLike | None, dtype: ZDTypeLike | None) -> tuple[Any, Any, Any]:
    """Data that are given say shape and data type themselves; but objects can be of several data types."""
    if not hasattr(data, "shape") or not hasattr(data, "dtype"):
        data = np.asanyarray(data)
    is_ours = isinstance(data, ArrayBase)
    says_type = is_ours or getattr(data.dtype, "kind", "") != "O"
    for name, given in (("shape", shape), ("dtype", dtype if says_type else None)):
        if given is not None:
            raise ValueError(f"`data` and `{name}` are both given; `data` says the {name} itself")
    if is_ours:
        return data, data.shape, data.metadata.data_type
    return data, data.shape, data.dtype if says_type or dtype is None else dtype


def array_metadata(
    *,
    zarr_format: ZarrFormat,
    order: MemoryOrder | None,
    shape: ShapeLike | None,
    dtype: ZDTypeLike | None,
    chunks: Any,
    shards: Any,
    filters: FiltersLike,
    compressors: CompressorsLike,
    serializer: SerializerLike,
    fill_value: Any,
    attributes: Mapping[str, JSON] | None,
    chunk_key_encoding: ChunkKeyEncodingLike | None,
    dimension_names: Iterable[str | None] | None,
    options: Options,
) -> ArrayMetadata:
    """What is to be stored about a new array, with defaults where the caller said nothing."""
    if dtype is None or shape is None:
        missing = "dtype" if dtype is None else "shape"
        raise ValueError(f"`{missing}` is missing, and there is no `data` that would say it")
    zdtype = parse_v2_dtype(dtype, filters) if zarr_format == 2 else parse_dtype(dtype, zarr_format=3)
    lengths = parse_shape(shape)
    if zarr_format == 2:
        refused = {"shards": shards, "dimension_names": dimension_names, "serializer": _given(serializer)}
        for name, value in refused.items():
            if value is not None:
                raise ValueError(f"arrays of Zarr format 2 have no `{name}`, got {quote(value)}")
        filter_configs, compressor = parse_v2_codec_arguments(filters, compressors, zdtype, options)
        metadata_v2 = ArrayV2Metadata(
            shape=lengths,
            dtype=zdtype,
            chunks=_chunk_shape_of(parse_grid(chunks, lengths, zdtype)),
            fill_value=zdtype.default_scalar() if fill_value is DEFAULT_FILL_VALUE else fill_value,
            order=options.order if order is None else order,
            dimension_separator=_separator_of(chunk_key_encoding),
            compressor=compressor,
            filters=filter_configs,
            attributes=normalize_attributes(attributes),
        )
        metadata_v2.check_usable()
        return metadata_v2
    if fill_value is DEFAULT_FILL_VALUE or fill_value is None:
        fill_value = zdtype.default_scalar()
    codecs = parse_codec_arguments(filters, serializer, compressors, zdtype, options)
    if shards is None:
        chunk_grid = parse_grid(chunks, lengths, zdtype)
    else:
        chunk_grid, subchunk = parse_shards(shards, chunks, lengths, zdtype, options)
        codecs = in_shards(subchunk, codecs, shards)
    metadata = ArrayV3Metadata(
        shape=lengths,
        data_type=zdtype,
        chunk_grid=chunk_grid,
        chunk_key_encoding=DefaultChunkKeyEncoding() if chunk_key_encoding is None else chunk_key_encoding,
        fill_value=zdtype.cast_scalar(fill_value),
        codecs=codecs,
        attributes=normalize_attributes(attributes),
        dimension_names=dimension_names or None,  # as with zarr-python, no names at all are not written
    )
    metadata.check_usable()
    return metadata.with_fitted_codecs()


def _given(argument: Any) -> Any:
    """What a caller gave, or None for nothing."""
    return None if isinstance(argument, str) and argument == "auto" else argument


def _chunk_shape_of(grid: ChunkGridMetadata) -> tuple[int, ...]:
    """The shape of all chunks of an array of format 2.

    Raises
    ------
    ValueError
        They differ in shape.
    """
    if not grid.is_regular:
        raise ValueError("arrays of Zarr format 2 have chunks of one shape; give `chunks` one length for each axis")
    return grid.first_chunk_shape


def _separator_of(chunk_key_encoding: ChunkKeyEncodingLike | None) -> Any:
    """The separator of the keys of an array of format 2.

    Raises
    ------
    ValueError
        Format 2 does not have the encoding.
    """
    if chunk_key_encoding is None:
        return "."
    encoding = parse_chunk_key_encoding(chunk_key_encoding)
    if not isinstance(encoding, V2ChunkKeyEncoding):
        raise ValueError(f"arrays of Zarr format 2 have the chunk key encoding 'v2' only, got {quote(encoding.name)}")
    return encoding.separator


def parse_zarr_format(zarr_format: ZarrFormat | None, options: Options) -> ZarrFormat:
    """The format to write, from what a caller gave and from the settings.

    Raises
    ------
    ValueError
        There is no such format.
    """
    chosen = options.zarr_format if zarr_format is None else zarr_format
    if isinstance(chosen, bool) or chosen not in (2, 3):
        raise ValueError(f"zarr_format is {quote(chosen)}, expected 2 or 3")
    return chosen


@operation
async def create_group_at(
    place: StorePath,
    *,
    overwrite: bool = False,
    attributes: Mapping[str, JSON] | None = None,
    zarr_format: ZarrFormat = 3,
) -> GroupMetadata:
    """Create a group at a place, and return what was stored."""
    metadata = GroupMetadata(attributes=normalize_attributes(attributes), zarr_format=zarr_format)
    await create_node(place, metadata, overwrite=overwrite)
    return metadata
