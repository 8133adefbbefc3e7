"""The ``.zarray`` and ``.zattrs`` of an array.

Specification: Zarr v2 "Metadata".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, Literal, Self, TypeAlias

from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.dtype.base import OBJECT_CODECS, OTHER_OBJECT_CODECS, MissingPackageError, ZDType
from terrazzo.dtype.parse import get_data_type_from_json, unknown_data_type
from terrazzo.dtype.registry import V2_NAME
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError, quote
from terrazzo.grid import RegularChunkGridMetadata, V2ChunkKeyEncoding, parse_lengths
from terrazzo.metadata.array import ArrayMetadata, parse_attributes, parse_member
from terrazzo.metadata.json import dump_document
from terrazzo.pipeline.chain import check_count
from terrazzo.registry import get_v2_codecs
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArraySpec
from terrazzo.types import JSON, MemoryOrder

__all__ = ["ArrayV2Metadata", "CodecConfig", "parse_v2_format"]

CodecConfig: TypeAlias = dict[str, JSON]
"""A numcodecs codec as its JSON: ``id`` and the parameters."""

REQUIRED = ("shape", "chunks", "dtype", "fill_value", "order")
SEPARATORS = (".", "/")
ORDERS = ("C", "F")


class ArrayV2Metadata(ArrayMetadata):
    """What is stored about an array of Zarr format 2.

    Parameters
    ----------
    dtype
        The data type, with its byte order.
    fill_value
        A value of the data type; None where it is undefined. Absent chunks then read as the default of the data type.
    order
        Memory order of the elements in a chunk.
    filters, compressor
        Codecs of numcodecs or their JSON; None for none.
    """

    document_key: ClassVar[str] = ".zarray"
    attributes_key: ClassVar[str] = ".zattrs"
    zarr_format: Literal[2] = 2
    order: MemoryOrder
    filter_configs: tuple[CodecConfig, ...] | None
    compressor_config: CodecConfig | None

    def __init__(
        self,
        *,
        shape: Iterable[int],
        dtype: ZDType[Any, Any],
        chunks: Iterable[int],
        fill_value: object,
        order: MemoryOrder,
        dimension_separator: Literal[".", "/"] = ".",
        compressor: object = None,
        filters: Iterable[object] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        if order not in ORDERS:
            raise MetadataValidationError(f"expected 'C' or 'F', got {quote(order)}", field="order")
        if dimension_separator not in SEPARATORS:
            raise MetadataValidationError(
                f"expected '.' or '/', got {quote(dimension_separator)}", field="dimension_separator"
            )
        if filters is not None:
            filters = tuple(filters)
        self.__dict__.update(
            shape=parse_member("shape", lambda: parse_lengths(tuple(shape))),
            data_type=dtype,
            chunk_grid=parse_member("chunks", lambda: _parse_chunks(chunks)),
            chunk_key_encoding=V2ChunkKeyEncoding(separator=dimension_separator),
            fill_value=None if fill_value is None else dtype.cast_scalar(fill_value),
            order=order,
            filter_configs=_parse_filters(filters),
            compressor_config=(
                None if compressor is None else parse_member("compressor", lambda: _parse_codec(compressor))
            ),
            attributes=dict(attributes or {}),
        )
        self._validate()

    def _validate(self) -> None:
        try:
            self._validate_grid("chunks")
        except MetadataValidationError as error:
            error.field = error.field.replace("chunk_grid.configuration.chunk_shape", "chunks")
            raise
        codecs = get_v2_codecs().chain_from_v2(
            dtype=self.data_type,
            ndim=self.ndim,
            order=self.order,
            filters=self.filter_configs,
            compressor=self.compressor_config,
        )
        try:
            self._fit(codecs)
        except MetadataValidationError as error:
            if error.field.startswith("["):
                is_last = error.field.startswith(f"[{len(codecs) - 1}]") and len(codecs) > 1
                error.field = "compressor" if is_last and self.compressor_config is not None else "filters"
            raise

    # -- what it means

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk, in elements."""
        return self.chunk_grid.first_chunk_shape

    @property
    def shards(self) -> None:
        """None: Zarr format 2 has no shards."""
        return

    @property
    def dimension_separator(self) -> str:
        """What stands between the indices in the key of a chunk."""
        separator: str = self.chunk_key_encoding.separator  # type: ignore[attr-defined] # always a `V2ChunkKeyEncoding`
        return separator

    @property
    def filters(self) -> tuple[Any, ...] | None:
        """The filters, as codecs of numcodecs; None for none.

        Raises
        ------
        UnknownCodecError
            One of them has no implementation.
        """
        if not self.filter_configs:
            return None
        return tuple(map(get_v2_codecs().make_numcodec, self.filter_configs))

    @property
    def compressor(self) -> Any:
        """The compressor, as a codec of numcodecs; None for none.

        Raises
        ------
        UnknownCodecError
            It has no implementation.
        """
        return None if self.compressor_config is None else get_v2_codecs().make_numcodec(self.compressor_config)

    @property
    def filter_codecs(self) -> tuple[Any, ...]:
        """The filters, as users see them: JSON where one has no implementation."""
        return tuple(map(_made, self.filter_configs or ()))

    @property
    def compressor_codecs(self) -> tuple[Any, ...]:
        """The compressor, as users see it: JSON where it has no implementation."""
        return () if self.compressor_config is None else (_made(self.compressor_config),)

    def get_chunk_spec(self, shape: tuple[int, ...], config: ArrayConfig, prototype: BufferPrototype) -> ArraySpec:
        """What codecs must know about a chunk of a given shape."""
        fill_value = self.fill_value
        is_undefined = fill_value is None
        if is_undefined:
            fill_value = self.data_type.default_scalar()
        if is_undefined or not self.data_type.equal_is_same:
            # No chunk may be left out: readers differ in what an absent one is, or it would not come back the same.
            config = ArrayConfig(**{**config.to_dict(), "write_empty_chunks": True})
        return ArraySpec(shape=shape, dtype=self.data_type, fill_value=fill_value, config=config, prototype=prototype)

    # -- documents

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the members of a ``.zarray``, and ``attributes`` where they were added to them.

        Raises
        ------
        MetadataValidationError
            They contradict the specification; ``field`` says where.
        """
        parse_v2_format(data, ".zarray")
        for name in REQUIRED:
            if name not in data:
                raise MetadataValidationError("this member is required", field=name)
        filters = data.get("filters")
        if filters is not None and not isinstance(filters, (list, tuple)):
            raise MetadataValidationError(f"expected a list or null, got {quote(filters)}", field="filters")
        parse_member("filters", lambda: check_count(filters or ()))
        read, compressor = get_v2_codecs().read_v2_codec, data.get("compressor")
        for position, item in enumerate(filters or ()):
            parse_member(f"filters[{position}]", partial(read, item))
        if compressor is not None:
            parse_member("compressor", partial(read, compressor))
        dtype = _parse_dtype(data["dtype"], (*(filters or ()), compressor))
        fill_value = data["fill_value"]
        if fill_value is not None:
            fill_value = parse_member("fill_value", lambda: dtype.from_json_scalar(data["fill_value"], zarr_format=2))
        return cls(
            shape=parse_member("shape", lambda: parse_lengths(data["shape"])),
            dtype=dtype,
            chunks=data["chunks"],
            fill_value=fill_value,
            order=data["order"],
            dimension_separator=data.get("dimension_separator", "."),
            compressor=compressor,
            filters=filters,
            attributes=parse_attributes(data),
        )

    def to_dict(self) -> dict[str, JSON]:
        """The members of both documents, in the order in which they are written."""
        return self._document() | {"attributes": self.attributes}

    def _document(self) -> dict[str, JSON]:
        """The members of the ``.zarray``."""
        fill_value = self.fill_value
        return {
            "shape": list(self.shape),
            "chunks": list(self.chunks),
            "dtype": self.data_type.to_json(zarr_format=2)["name"],
            "fill_value": None if fill_value is None else self.data_type.to_json_scalar(fill_value, zarr_format=2),
            "order": self.order,
            "filters": list(self.filter_configs) if self.filter_configs else None,
            "dimension_separator": self.dimension_separator,
            "compressor": self.compressor_config,
            "zarr_format": 2,
        }

    def to_buffer_dict(self, prototype: BufferPrototype) -> dict[str, Buffer]:
        """The documents by their keys, relative to the array; the one that makes it a node comes last."""
        indent = current_options().json_indent
        return {
            ".zattrs": prototype.buffer.from_bytes(dump_document(self.attributes, indent)),
            ".zarray": prototype.buffer.from_bytes(dump_document(self._document(), indent)),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayV2Metadata) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # attributes are mutable

    def __repr__(self) -> str:
        members = {
            "shape": self.shape,
            "chunks": self.chunks,
            "dtype": self.data_type,
            "fill_value": self.fill_value,
            "order": self.order,
            "filters": self.filter_configs,
            "dimension_separator": self.dimension_separator,
            "compressor": self.compressor_config,
            "attributes": self.attributes,
        }
        return f"ArrayV2Metadata({', '.join(f'{name}={value!r}' for name, value in members.items())})"


def parse_v2_format(data: Mapping[str, Any], key: str) -> None:
    """Check that a document is of format 2."""
    found = data.get("zarr_format")
    if isinstance(found, bool) or not isinstance(found, int) or found != 2:
        problem = "this member is required" if "zarr_format" not in data else f"got {quote(found)}"
        raise MetadataValidationError(f"{problem}; a {key} is of format 2", field="zarr_format")


def _made(config: CodecConfig) -> Any:
    try:
        return get_v2_codecs().make_numcodec(config)
    except UnknownCodecError:
        return config


def _parse_chunks(data: object) -> RegularChunkGridMetadata:
    if isinstance(data, (str, Mapping)) or not isinstance(data, Iterable):
        raise MetadataValidationError(f"expected a list of integers, got {quote(data)}")
    return RegularChunkGridMetadata(chunk_shape=parse_lengths(tuple(data)))


def _parse_codec(data: object) -> CodecConfig:
    """A codec as a document or a caller has it."""
    codecs = get_v2_codecs()
    config: CodecConfig = codecs.read_v2_codec(data) if isinstance(data, Mapping) else codecs.parse_v2_codec(data)
    return config


def _parse_filters(filters: tuple[object, ...] | None) -> tuple[CodecConfig, ...] | None:
    if not filters:
        return None
    return tuple(
        parse_member(f"filters[{position}]", partial(_parse_codec, item)) for position, item in enumerate(filters)
    )


def _parse_dtype(data: Any, codecs: Iterable[Any]) -> ZDType[Any, Any]:
    """Read the data type, of which codecs say more where elements are objects."""
    ids = [codec.get("id") for codec in codecs if isinstance(codec, Mapping)]
    known = (*OBJECT_CODECS, *OTHER_OBJECT_CODECS)
    object_codec_id = next((codec_id for codec_id in ids if codec_id in known), None) if data == "|O" else None
    try:
        return get_data_type_from_json({"name": data, "object_codec_id": object_codec_id}, zarr_format=2)
    except MissingPackageError as error:
        return unknown_data_type({"name": data, "object_codec_id": object_codec_id}, problem=str(error))
    except DataTypeValidationError as error:
        if isinstance(data, str) and re.fullmatch(V2_NAME, data):
            problem = str(error) if data == "|O" else ""  # which filters would do
            return unknown_data_type({"name": data, "object_codec_id": object_codec_id}, problem=problem)
        raise MetadataValidationError(str(error), field="dtype") from error
