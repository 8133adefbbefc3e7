"""What an array gets where its creator says nothing: chunks, codecs, fill value. The choices are zarr-python's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.abc.numcodec import Numcodec
from terrazzo.dtype.base import ZDType
from terrazzo.dtype.parse import ZDTypeLike, get_data_type_from_json, parse_dtype
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.grid import (
    ChunkGridMetadata,
    RegularChunkGridMetadata,
    guess_chunks,
    parse_chunk_grid,
    parse_lengths,
)
from terrazzo.pipeline.chain import parse_codec
from terrazzo.registry import adopt_codec, get_v2_codecs
from terrazzo.settings import Options
from terrazzo.types import ShapeLike

__all__ = [
    "DEFAULT_FILL_VALUE",
    "ChunksLike",
    "CompressorsLike",
    "DefaultFillValue",
    "FiltersLike",
    "SerializerLike",
    "parse_chunks",
    "parse_codec_arguments",
    "parse_grid",
    "parse_shape",
    "parse_v2_codec_arguments",
    "parse_v2_dtype",
]

CodecLike: TypeAlias = Codec | Numcodec | Mapping[str, Any]
FiltersLike: TypeAlias = Iterable[CodecLike] | CodecLike | Literal["auto"] | None
CompressorsLike: TypeAlias = Iterable[CodecLike] | CodecLike | Literal["auto"] | None
SerializerLike: TypeAlias = CodecLike | Literal["auto"]
ChunksLike: TypeAlias = (
    Iterable[int | Iterable[int]] | int | Literal["auto"] | bool | ChunkGridMetadata | Mapping[str, Any]
)


class DefaultFillValue:
    """Stands for "the fill value was not given", which is not the same as None."""

    def __repr__(self) -> str:
        return "DEFAULT_FILL_VALUE"

    def __reduce__(self) -> str:
        return "DEFAULT_FILL_VALUE"


DEFAULT_FILL_VALUE = DefaultFillValue()


def parse_shape(shape: ShapeLike) -> tuple[int, ...]:
    """The shape that a caller means.

    Raises
    ------
    TypeError
        A length is no integer.
    ValueError
        A length is negative, or too large.
    """
    lengths = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    plain = tuple(int(length) if isinstance(length, np.integer) else length for length in lengths)
    for length in plain:
        if isinstance(length, bool) or not isinstance(length, int):
            raise TypeError(f"the shape of an array is made of integers, got {quote(length)}")
        if length < 0:
            raise ValueError(f"{quote(plain)} is no shape: a length is negative")
    return parse_lengths(plain)


def parse_grid(chunks: Any, shape: tuple[int, ...], dtype: ZDType[Any, Any]) -> ChunkGridMetadata:
    """The chunk grid that a caller means.

    Parameters
    ----------
    chunks
        As for `parse_chunks`; or for some axes the lengths of all chunks, one by one; or a whole chunk grid, as an
        array or a document has it.

    Raises
    ------
    ValueError
        A length is 0 or below -1, or lengths do not add up to that of the axis, or the number of axes is wrong.
    TypeError
        A length is no integer.
    """
    if hasattr(chunks, "to_dict") and not isinstance(chunks, ChunkGridMetadata):  # a grid of another implementation
        chunks = chunks.to_dict()
    if isinstance(chunks, (ChunkGridMetadata, Mapping)):
        return _within_document(chunks, shape)
    if isinstance(chunks, Iterable) and not isinstance(chunks, str):
        chunks = tuple(chunks)
        if len(chunks) == len(shape) and any(map(_is_list, chunks)):
            from terrazzo.grid.rectilinear import declare_chunks  # few arrays need it

            axes = zip(chunks, shape, strict=True)
            return declare_chunks(
                [item if _is_list(item) else _chunk_length(item, whole) for item, whole in axes], shape
            )
    return RegularChunkGridMetadata(chunk_shape=parse_chunks(chunks, shape, dtype))


def _within_document(chunks: ChunkGridMetadata | Mapping[str, Any], shape: tuple[int, ...]) -> ChunkGridMetadata:
    try:
        return parse_chunk_grid(chunks)
    except MetadataValidationError as error:
        raise error.within("chunks") from None


def _is_list(lengths: Any) -> bool:
    return (
        isinstance(lengths, Iterable)
        and not isinstance(lengths, (str, bytes, Mapping))
        and getattr(lengths, "ndim", 1) > 0
    )


def parse_chunks(chunks: Any, shape: tuple[int, ...], dtype: ZDType[Any, Any]) -> tuple[int, ...]:
    """The chunk shape that a caller means.

    Parameters
    ----------
    chunks
        One length for every axis or a length for each; -1 for all of an axis; False for a single chunk; ``"auto"``.

    Raises
    ------
    ValueError
        A length is 0 or below -1, or the number of axes is wrong.
    TypeError
        A length is no integer.
    """
    if isinstance(chunks, str) and chunks == "auto":
        return guess_chunks(shape, getattr(dtype, "item_size", 1))
    if chunks is False:
        chunks = -1
    if chunks is None or isinstance(chunks, (bool, str)):
        raise ValueError(f"{chunks!r} does not say how to cut an array: give an integer, one per axis, or 'auto'")
    lengths = (chunks,) * len(shape) if isinstance(chunks, (int, np.integer)) else tuple(chunks)
    if len(lengths) != len(shape):
        raise ValueError(f"{quote(lengths)} cuts {len(lengths)} axes, the shape has {len(shape)}")
    return tuple(_chunk_length(length, whole) for length, whole in zip(lengths, shape, strict=True))


def _chunk_length(length: Any, whole: int) -> int:
    if isinstance(length, bool) or not isinstance(length, (int, np.integer)):
        raise TypeError(f"the length of a chunk is an integer, got {quote(length)}")
    if length == -1:
        return max(whole, 1)
    if length < 1:
        raise ValueError(f"the length of a chunk is at least 1, or -1 for the whole axis, got {length}")
    return int(length)


def parse_codec_arguments(
    filters: FiltersLike,
    serializer: SerializerLike,
    compressors: CompressorsLike,
    dtype: ZDType[Any, Any],
    options: Options,
) -> tuple[Codec, ...]:
    """The codecs that a caller means, in order; parameters that depend on the array are not decided yet.

    A codec of numcodecs goes where its kind belongs, whichever argument has it, as in Zarr v2 filters and compressors
    may be of any kind.
    """
    codecs = _several(filters, ArrayArrayCodec, "filters")
    if _is_auto(compressors):
        codecs.append(parse_codec(_default_compressor(options)))
    else:
        codecs.extend(_several(compressors, BytesBytesCodec, "compressors"))
    if not _is_auto(serializer) or not any(isinstance(codec, ArrayBytesCodec) for codec in codecs):
        filter_count = sum(isinstance(codec, ArrayArrayCodec) for codec in codecs)
        chosen = _default_serializer(dtype) if _is_auto(serializer) else _one(serializer, ArrayBytesCodec, "serializer")
        codecs.insert(filter_count, chosen)
    return tuple(codecs)


def parse_v2_dtype(dtype: ZDTypeLike, filters: Any) -> ZDType[Any, Any]:
    """The data type of an array of format 2 that a caller means; of objects a filter says what they are.

    Raises
    ------
    DataTypeValidationError
        Zarr has no such data type.
    """
    if dtype in (object, "object", "O", "|O") or (isinstance(dtype, np.dtype) and dtype.kind == "O"):
        ids = [] if filters is None or _is_auto(filters) else list(map(_numcodecs_id, _as_tuple(filters)))
        for codec_id in ids:
            try:
                return get_data_type_from_json({"name": "|O", "object_codec_id": codec_id}, zarr_format=2)
            except DataTypeValidationError:
                continue
    return parse_dtype(dtype, zarr_format=2)


def parse_v2_codec_arguments(
    filters: Any, compressors: Any, dtype: ZDType[Any, Any], options: Options
) -> tuple[tuple[dict[str, Any], ...], dict[str, Any] | None]:
    """The filters and the compressor of format 2 that a caller means, as JSON with every parameter.

    Raises
    ------
    TypeError
        There are several compressors: format 2 has one.
    """
    chosen = () if filters is None or _is_auto(filters) else _as_tuple(filters)
    if _is_auto(compressors):
        compressor: Any = get_v2_codecs().DEFAULT_COMPRESSOR | ({"checksum": True} if options.checksum else {})
    else:
        given = () if compressors is None else _as_tuple(compressors)
        if len(given) > 1:
            raise TypeError(f"Zarr format 2 has one compressor, got {len(given)}; give the others as filters")
        compressor = given[0] if given else None
    needed = dtype.object_codec_id
    if needed is not None and needed not in map(_numcodecs_id, (*chosen, compressor)):
        chosen = ({"id": needed}, *chosen)
    parse = get_v2_codecs().parse_v2_codec
    return tuple(map(parse, chosen)), None if compressor is None else parse(compressor)


def _as_tuple(argument: Any) -> tuple[Any, ...]:
    is_one = isinstance(argument, (Mapping, str)) or not isinstance(argument, Iterable)
    return (argument,) if is_one else tuple(argument)


def _numcodecs_id(codec: Any) -> Any:
    return codec.get("id") if isinstance(codec, Mapping) else getattr(codec, "codec_id", None)


def _is_auto(argument: Any) -> bool:
    return isinstance(argument, str) and argument == "auto"


def _default_serializer(dtype: ZDType[Any, Any]) -> Codec:
    if dtype.object_codec_id is not None:
        return parse_codec({"name": dtype.object_codec_id})
    return parse_codec({"name": "bytes", "configuration": {"endian": "little"}})


def _default_compressor(options: Options) -> dict[str, Any]:
    return {"name": "zstd", "configuration": {"level": 0, "checksum": options.checksum}}


def _several(argument: Any, kind: type[Any], name: str) -> list[Codec]:
    if argument is None or _is_auto(argument):
        return []
    return [_one(item, kind, name) for item in _as_tuple(argument)]


def _one(item: Any, kind: type[Any], name: str) -> Codec:
    if not isinstance(item, (Mapping, kind)):
        item = adopt_codec(item) or item
    of_numcodecs = _is_of_numcodecs(item)
    codec = parse_codec(item, kind) if of_numcodecs or isinstance(item, Mapping) else item
    if not of_numcodecs and not isinstance(codec, kind):
        raise TypeError(
            f"{name} takes instances of {kind.__name__} or their JSON, got {quote(item)} of type {type(item).__name__}"
        )
    return codec


def _is_of_numcodecs(item: Any) -> bool:
    """Whether a caller gave an object of numcodecs, or its configuration as Zarr v2 has it."""
    if isinstance(item, Mapping):
        return "id" in item and "name" not in item
    return isinstance(item, Numcodec) and not isinstance(item, type)
