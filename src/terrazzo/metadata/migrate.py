"""Metadata of Zarr v2 said in Zarr v3, so that the chunks stay as they are.

Specification: Zarr v3.1 "Array metadata", chunk key encoding ``v2``; Zarr v2 "Metadata".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec
from terrazzo.dtype.base import OBJECT_CODECS, endianness_of
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.metadata.array_v2 import ArrayV2Metadata, CodecConfig
from terrazzo.metadata.array_v3 import ArrayV3Metadata
from terrazzo.metadata.group import GroupMetadata, NodeMetadata
from terrazzo.registry import get_codec_class

__all__ = ["convert_metadata"]

DIMENSIONS = "_ARRAY_DIMENSIONS"
"""The attribute in which xarray keeps the names of dimensions in Zarr v2."""


def convert_metadata(metadata: NodeMetadata) -> NodeMetadata:
    """The metadata of a node of Zarr v2 as of Zarr v3, for the same chunks.

    Names of dimensions, which xarray keeps in an attribute in Zarr v2, become ``dimension_names``.

    Raises
    ------
    MetadataValidationError
        Zarr v3 has no form for a part of it; the field is that of the document of Zarr v2.
    UnknownCodecError
        A codec has no implementation here, so that nothing is known of what it does.
    """
    if isinstance(metadata, GroupMetadata):
        return GroupMetadata(attributes=metadata.attributes)
    if not isinstance(metadata, ArrayV2Metadata):
        return metadata
    attributes = dict(metadata.attributes)
    return ArrayV3Metadata(
        shape=metadata.shape,
        data_type=metadata.data_type,
        chunk_grid=metadata.chunk_grid,
        chunk_key_encoding=metadata.chunk_key_encoding,
        fill_value=_fill_value_of(metadata),
        codecs=_codecs_of(metadata),
        dimension_names=_take_dimension_names(attributes, metadata.ndim),
        attributes=attributes,
    )


def _fill_value_of(metadata: ArrayV2Metadata) -> Any:
    try:
        metadata.data_type.to_json(zarr_format=3)
    except DataTypeValidationError as error:
        raise MetadataValidationError(str(error), field="dtype") from error
    return metadata.data_type.default_scalar() if metadata.fill_value is None else metadata.fill_value


def _take_dimension_names(attributes: dict[str, Any], ndim: int) -> tuple[str, ...] | None:
    names = attributes.get(DIMENSIONS)
    if not isinstance(names, list) or len(names) != ndim or not all(isinstance(name, str) for name in names):
        return None
    del attributes[DIMENSIONS]
    return tuple(names) or None


def _codecs_of(metadata: ArrayV2Metadata) -> list[Mapping[str, Any]]:
    """The codecs in their order, as JSON."""
    chain = metadata.chain
    for step in chain:
        step.check_usable()
    array_array: list[Mapping[str, Any]] = [codec.to_dict() for codec in chain.array_array]
    bytes_bytes: list[Mapping[str, Any]] = [codec.to_dict() for codec in chain.bytes_bytes]
    serializer: Mapping[str, Any] | None = None
    stored = metadata.data_type.to_native_dtype()
    for position, config in enumerate(_steps_of(metadata)):
        field, name = f"filters[{position}]", config["id"]
        if name in OBJECT_CODECS:
            serializer = {"name": name, "configuration": {}}
            continue
        codec = {"name": f"numcodecs.{name}", "configuration": {key: config[key] for key in config if key != "id"}}
        cls = get_codec_class(f"numcodecs.{name}")
        if issubclass(cls, ArrayArrayCodec):
            if serializer is not None:
                raise MetadataValidationError(
                    f"the filter {quote(name)} works on elements, after one that has made bytes of them; Zarr v3 has "
                    "no such order",
                    field=field,
                )
            array_array.append(codec)
            stored = _stored_type(config, stored)
        elif issubclass(cls, ArrayBytesCodec):
            serializer = codec
        else:
            serializer = serializer or _bytes_codec(stored)
            bytes_bytes.insert(len(bytes_bytes) - len(chain.bytes_bytes), codec)
    return [*array_array, serializer or _bytes_codec(stored), *bytes_bytes]


def _steps_of(metadata: ArrayV2Metadata) -> Iterable[CodecConfig]:
    """The filters, and the compressor, that are not steps of their own in the chain."""
    configs = [*(metadata.filter_configs or ())]
    if metadata.compressor_config is not None:
        configs.append(metadata.compressor_config)
    return configs[: len(configs) - len(metadata.chain.bytes_bytes)]


def _stored_type(config: CodecConfig, given: np.dtype[Any]) -> np.dtype[Any]:
    """The data type of what a filter makes of elements."""
    name: Any = config.get("encode_dtype") or config.get("astype") or config.get("dtype")
    if config["id"] == "packbits":
        return np.dtype("u1")
    return np.dtype(name) if isinstance(name, str) else given


def _bytes_codec(stored: np.dtype[Any]) -> Mapping[str, Any]:
    """The codec that stores elements in the byte order that they have in Zarr v2."""
    orders = set(_byte_orders(stored))
    if len(orders) > 1:
        raise MetadataValidationError(
            "the fields differ in byte order, and in Zarr v3 all have the same", field="dtype"
        )
    return {"name": "bytes", "configuration": {"endian": orders.pop()}} if orders else {"name": "bytes"}


def _byte_orders(dtype: np.dtype[Any]) -> Iterable[str]:
    if dtype.subdtype is not None:
        yield from _byte_orders(dtype.subdtype[0])
    elif dtype.fields is not None:
        for field, *_ in dtype.fields.values():
            yield from _byte_orders(field)
    elif dtype.byteorder != "|" and dtype.kind != "O":
        yield endianness_of(dtype)
