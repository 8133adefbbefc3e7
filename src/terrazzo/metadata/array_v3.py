"""The ``zarr.json`` of an array.

Specification: Zarr v3.1 "Array metadata".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from terrazzo.abc.codec import Codec, SupportsSubchunks
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.dtype.base import MissingPackageError, ZDType
from terrazzo.dtype.parse import data_type_registry, get_data_type_from_json, unknown_data_type
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, NodeTypeValidationError, quote
from terrazzo.grid import (
    EXTENSION,
    ChunkGrid,
    ChunkGridMetadata,
    ChunkKeyEncoding,
    RegularAxis,
    check_members,
    parse_chunk_grid,
    parse_chunk_key_encoding,
    parse_lengths,
)
from terrazzo.metadata.array import ArrayMetadata, parse_attributes, parse_member
from terrazzo.metadata.json import dump_document
from terrazzo.pipeline.chain import CodecChain, parse_codecs
from terrazzo.settings import current_options
from terrazzo.types import JSON

__all__ = ["ArrayV3Metadata", "parse_dimension_names", "parse_extra_fields", "parse_node_type", "parse_zarr_format"]

REQUIRED = ("shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs")
KNOWN = (*REQUIRED, "zarr_format", "node_type", "attributes", "dimension_names", "storage_transformers")


@dataclass(frozen=True, kw_only=True)
class ArrayV3Metadata(ArrayMetadata):
    """What is stored about an array.

    Attributes
    ----------
    fill_value
        A scalar of the data type.
    codecs
        As the document has them; ``chain`` has them fitted to the array.
    dimension_names
        A name or None for each axis, or None for all.
    extra_fields
        Members that the specification does not know, each with ``"must_understand": false``.
    """

    document_key: ClassVar[str] = "zarr.json"
    attributes_key: ClassVar[str] = "zarr.json"
    shape: tuple[int, ...]
    data_type: ZDType[Any, Any]
    chunk_grid: ChunkGridMetadata
    chunk_key_encoding: ChunkKeyEncoding
    fill_value: Any
    codecs: tuple[Codec, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    dimension_names: tuple[str | None, ...] | None = None
    zarr_format: Literal[3] = field(default=3, init=False)
    node_type: Literal["array"] = field(default="array", init=False)
    storage_transformers: tuple[dict[str, JSON], ...] = ()
    extra_fields: dict[str, Any] = field(default_factory=dict)

    def __init__(
        self,
        *,
        shape: Iterable[int],
        data_type: ZDType[Any, Any],
        chunk_grid: ChunkGridMetadata | Mapping[str, Any],
        chunk_key_encoding: Any,
        fill_value: object,
        codecs: Iterable[Codec | Mapping[str, Any] | str],
        attributes: Mapping[str, Any] | None = None,
        dimension_names: Iterable[str | None] | None = None,
        storage_transformers: Iterable[Mapping[str, JSON]] | None = None,
        extra_fields: Mapping[str, Any] | None = None,
    ) -> None:
        members: dict[str, Any] = {
            "shape": parse_member("shape", lambda: parse_lengths(tuple(shape))),
            "data_type": data_type,
            "chunk_grid": parse_member("chunk_grid", lambda: parse_chunk_grid(chunk_grid)),
            "chunk_key_encoding": parse_member(
                "chunk_key_encoding", lambda: parse_chunk_key_encoding(chunk_key_encoding)
            ),
            "fill_value": data_type.default_scalar() if fill_value is None else data_type.cast_scalar(fill_value),
            "attributes": dict(attributes or {}),
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": _parse_storage_transformers(storage_transformers),
            "extra_fields": dict(extra_fields or {}),
        }
        members["dimension_names"] = parse_dimension_names(dimension_names, len(members["shape"]))
        members["codecs"] = _parse_codecs(codecs)
        for name, value in members.items():
            object.__setattr__(self, name, value)
        self._validate()

    def _validate(self) -> None:
        self._validate_grid(f"chunk_grid.configuration.{self.chunk_grid.lengths_member}")
        parse_member("codecs", lambda: self._fit(self.codecs))

    # -- what it means

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk, in elements.

        Raises
        ------
        NotImplementedError
            The chunk grid is rectilinear.
        """
        return self._stored_chunk_shape() if self.sharding_codec is None else self.sharding_codec.chunk_shape

    def _stored_chunk_shape(self) -> tuple[int, ...]:
        if not self.chunk_grid.is_regular:
            raise NotImplementedError(
                "the chunks of a rectilinear grid differ in shape: `chunks` and `shards` cannot say it, "
                "`write_chunk_sizes` does"
            )
        return self.chunk_grid.first_chunk_shape

    @property
    def names_of_dimensions(self) -> tuple[str | None, ...] | None:
        return self.dimension_names

    @property
    def sharding_codec(self) -> SupportsSubchunks | None:
        """The codec that makes shards of chunks; None where there is none, or others beside it."""
        codec: Any = self.codecs[0]
        return codec if len(self.codecs) == 1 and hasattr(codec, "prepare_subchunks") else None

    @property
    def shards(self) -> tuple[int, ...] | None:
        """Shape of a shard, in elements; None where chunks are not stored in shards."""
        return None if self.sharding_codec is None else self._stored_chunk_shape()

    @property
    def inner_codecs(self) -> tuple[Codec, ...]:
        """The codecs of a chunk, inside a shard where there are shards."""
        return self.codecs if self.sharding_codec is None else self.sharding_codec.codecs

    @property
    def inner_chain(self) -> CodecChain:
        if self.sharding_codec is None:
            return self.chain
        fitted: Any = self.chain.array_bytes
        return CodecChain.from_codecs(fitted.codecs)

    @property
    def read_grid(self) -> ChunkGrid:
        if self.sharding_codec is None:
            return super().read_grid
        return ChunkGrid(tuple(map(RegularAxis, self.shape, self.sharding_codec.chunk_shape)))

    @property
    def subchunk_shape(self) -> tuple[int, ...] | None:
        return None if self.sharding_codec is None else self.sharding_codec.chunk_shape

    def with_fitted_codecs(self) -> Self:
        """The same with every codec parameter decided that depends on the array, as documents are first written."""
        return replace(self, codecs=tuple(self.chain))

    # -- documents

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a document.

        Raises
        ------
        NodeTypeValidationError
            It is not that of an array.
        MetadataValidationError
            It contradicts the specification; ``field`` says where.
        UnknownCodecError
            A codec or the chunk key encoding has no implementation.
        """
        parse_zarr_format(data)
        parse_node_type(data, "array")
        for name in REQUIRED:
            if name not in data:
                raise MetadataValidationError("this member is required", field=name)
        data_type = _parse_data_type(data["data_type"])
        fill_value = parse_member("fill_value", lambda: data_type.from_json_scalar(data["fill_value"], zarr_format=3))
        metadata = cls(
            shape=parse_member("shape", lambda: parse_lengths(data["shape"])),
            data_type=data_type,
            chunk_grid=data["chunk_grid"],
            chunk_key_encoding=data["chunk_key_encoding"],
            fill_value=fill_value,
            codecs=data["codecs"],
            attributes=parse_attributes(data),
            dimension_names=_listed(data.get("dimension_names")),
            storage_transformers=data.get("storage_transformers"),
            extra_fields=parse_extra_fields(data, KNOWN),
        )
        # What an old name of a data type implies would be lost when it is saved under the new one.
        return metadata if data_type.implied_endian is None else metadata.with_fitted_codecs()

    def to_dict(self) -> dict[str, JSON]:
        """The members of the document, in the order in which they are written."""
        document: dict[str, JSON] = {
            "shape": list(self.shape),
            "data_type": self.data_type.to_json(zarr_format=3),
            "chunk_grid": self.chunk_grid.to_dict(),
            "chunk_key_encoding": self.chunk_key_encoding.to_dict(),
            "fill_value": self.data_type.to_json_scalar(self.fill_value, zarr_format=3),
            "codecs": [codec.to_dict() for codec in self.codecs],
            "attributes": self.attributes,
        }
        if self.dimension_names is not None:
            document["dimension_names"] = list(self.dimension_names)
        document |= {
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": list(self.storage_transformers),
        }
        return document | self.extra_fields

    def to_buffer_dict(self, prototype: BufferPrototype) -> dict[str, Buffer]:
        """The document by its key, relative to the array."""
        text = dump_document(self.to_dict(), current_options().json_indent)
        return {"zarr.json": prototype.buffer.from_bytes(text)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayV3Metadata) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment] # attributes are mutable


def parse_zarr_format(data: Mapping[str, Any]) -> None:
    """Check that a ``zarr.json`` is of format 3."""
    found = data.get("zarr_format")
    if isinstance(found, bool) or not isinstance(found, int) or found != 3:
        problem = "this member is required" if "zarr_format" not in data else f"got {quote(found)}"
        raise MetadataValidationError(f"{problem}; in a zarr.json only format 3 is supported", field="zarr_format")


def parse_node_type(data: Mapping[str, Any], expected: Literal["array", "group"]) -> None:
    """Check that a ``zarr.json`` is that of an array, or of a group.

    Raises
    ------
    NodeTypeValidationError
        It is not.
    """
    found = data.get("node_type")
    if found != expected:
        problem = "this member is required" if "node_type" not in data else f"got {quote(found)}"
        raise NodeTypeValidationError(f"{problem}, expected {expected!r}", field="node_type")


def parse_extra_fields(data: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Members beside the known ones; only those that say they need not be understood are accepted.

    Specification: Zarr v3.1 "Unknown fields".
    """
    extra = {name: value for name, value in data.items() if name not in known}
    for name, value in extra.items():
        if not isinstance(value, Mapping) or value.get("must_understand") is not False:
            raise MetadataValidationError(
                'this member is not known, and does not say "must_understand": false', field=name
            )
    return extra


def _listed(dimension_names: object) -> Any:
    """Refuse what a document has no form for, and a caller has."""
    if isinstance(dimension_names, Mapping):
        problem = f"expected a list of names, got {quote(dimension_names)}"
        raise MetadataValidationError(problem, field="dimension_names")
    return dimension_names


def parse_dimension_names(data: object, ndim: int) -> tuple[str | None, ...] | None:
    """Read a name or None for each axis; None for all."""
    if data is None:
        return None
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise MetadataValidationError(f"expected a list of names, got {quote(data)}", field="dimension_names")
    names = tuple(data)  # a mapping by name is as good as a list, where it does not come from a document
    for position, name in enumerate(names):
        if name is not None and not isinstance(name, str):
            raise MetadataValidationError(
                f"expected text or null, got {quote(name)}", field=f"dimension_names[{position}]"
            )
    if len(names) != ndim:
        raise MetadataValidationError(f"{len(names)} names for {ndim} dimensions of `shape`", field="dimension_names")
    return names


def _parse_data_type(data: Any) -> ZDType[Any, Any]:
    if isinstance(data, Mapping):
        parse_member("data_type", lambda: check_members(data, *EXTENSION))
    try:
        return get_data_type_from_json(data, zarr_format=3)
    except MissingPackageError as error:
        return unknown_data_type(data, problem=str(error))
    except DataTypeValidationError as error:
        name = data.get("name") if isinstance(data, Mapping) else data
        if isinstance(name, str) and data_type_registry.find(name) is None:
            return unknown_data_type(data)
        raise MetadataValidationError(str(error), field="data_type") from error


def _parse_codecs(data: object) -> tuple[Codec, ...]:
    if isinstance(data, (str, Mapping)) or not isinstance(data, Iterable):
        raise MetadataValidationError(f"expected a list of codecs, got {quote(data)}", field="codecs")
    return parse_member("codecs", lambda: parse_codecs(data))


def _parse_storage_transformers(data: object) -> tuple[dict[str, JSON], ...]:
    if data is None:
        return ()
    if not isinstance(data, (list, tuple)):
        raise MetadataValidationError(f"expected a list, got {quote(data)}", field="storage_transformers")
    if data:
        raise MetadataValidationError(
            f"no storage transformer is known, got {quote(list(data))}", field="storage_transformers"
        )
    return ()
