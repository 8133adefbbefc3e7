"""What is to be stored about the copy of a node: what the original says, but for what a caller wants otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from terrazzo.dtype.base import OBJECT_CODECS
from terrazzo.dtype.parse import parse_dtype
from terrazzo.errors import BaseZarrError, DataTypeValidationError, context, quote
from terrazzo.grid import V2ChunkKeyEncoding
from terrazzo.metadata import ArrayMetadata, ArrayV2Metadata, ArrayV3Metadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.create import array_metadata
from terrazzo.nodes.defaults import DEFAULT_FILL_VALUE
from terrazzo.nodes.transfer.layout import as_format_3, chunks_agree
from terrazzo.settings import current_options
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["DIMENSIONS", "check_changes", "check_names", "is_kept", "kept_of", "metadata_like"]

DIMENSIONS = "_ARRAY_DIMENSIONS"
"""The attribute in which xarray keeps the names of dimensions in Zarr v2."""

CHANGES = (
    "chunks",
    "shards",
    "filters",
    "compressors",
    "serializer",
    "fill_value",
    "order",
    "dtype",
    "chunk_key_encoding",
    "dimension_names",
)


def is_kept(argument: object) -> bool:
    """Whether a caller wants what the original has."""
    return isinstance(argument, str) and argument == "keep"


def check_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a caller wants otherwise in arrays, without what is kept; `compressor` is the older name of `compressors`.

    Raises
    ------
    TypeError
        Arrays have no such parameter.
    """
    changes = dict(changes)
    if "compressor" in changes:
        changes["compressors"] = changes.pop("compressor")
    for name in changes:
        if name not in CHANGES:
            raise TypeError(f"a copy has no parameter {quote(name)}; known are {', '.join(CHANGES)}")
    return {name: value for name, value in changes.items() if not is_kept(value)}


def metadata_like(
    source: NodeMetadata, place: StorePath, zarr_format: ZarrFormat, changes: Mapping[str, Any], *, without_attrs: bool
) -> NodeMetadata:
    """The metadata of the copy of a node.

    Parameters
    ----------
    place
        Where the original is, for messages.
    changes
        Of arrays, as from `check_changes`.
    """
    attributes = {} if without_attrs else source.attributes
    if isinstance(source, GroupMetadata):
        extra = source.extra_fields if zarr_format == source.zarr_format == 3 else {}
        return GroupMetadata(attributes=attributes, zarr_format=zarr_format, extra_fields=extra)
    with context("while deciding how to store a copy of the array", place.path, place.store):
        copy = _array_like(source, zarr_format, changes)
    return copy.update_attributes({}) if without_attrs else copy


def _array_like(source: ArrayMetadata, zarr_format: ZarrFormat, changes: Mapping[str, Any]) -> ArrayMetadata:
    base = source
    if source.zarr_format != zarr_format:
        base = (as_format_3(source) if zarr_format == 3 else _as_format_2(source)) or source
    changes = {name: _for_array(name, value, base) for name, value in changes.items()}
    changes = {name: value for name, value in changes.items() if not is_kept(value)}
    if not changes and base.zarr_format == zarr_format:
        return base
    kept: dict[str, Any] = kept_of(base, zarr_format)
    same_format = base.zarr_format == zarr_format
    kept |= {
        "dtype": base.data_type,
        "fill_value": DEFAULT_FILL_VALUE if base.fill_value is None and zarr_format == 3 else base.fill_value,
        "order": base.order if same_format else None,
        "chunk_key_encoding": base.chunk_key_encoding if same_format else None,
        "dimension_names": base.names_of_dimensions,
        "attributes": base.attributes,
    }
    if "dtype" in changes:  # what fits one data type need not fit another
        kept |= {"filters": "auto", "serializer": "auto"}
    if zarr_format == 2 and base.names_of_dimensions is not None and "dimension_names" not in changes:
        kept["dimension_names"] = None
        if None not in base.names_of_dimensions:
            kept["attributes"] = {DIMENSIONS: list(base.names_of_dimensions), **base.attributes}
    arguments = {**kept, **changes}
    try:
        return array_metadata(zarr_format=zarr_format, shape=source.shape, options=current_options(), **arguments)
    except ValueError as error:
        if kept["shards"] is not None and "chunks" in changes and "shards" not in changes:
            error.add_note("the shards are those of the source: give `shards` too, or shards=None for none")
        raise


def _for_array(name: str, value: Any, metadata: ArrayMetadata) -> Any:
    """What a change means for one array: chunks and shards may be given by the names of dimensions."""
    if not _goes_by_names(name, value):
        return value
    names = _dimensions_of(metadata)
    if set(value).isdisjoint(names):
        return "keep"
    kept = kept_of(metadata, metadata.zarr_format)
    now = kept[name] if kept[name] is not None else kept["chunks"]
    if not isinstance(now, tuple):
        now = metadata.chunk_grid.grid_for(metadata.shape).chunk_sizes
    return tuple(value.get(dimension, length) for dimension, length in zip(names, now, strict=True))


def _goes_by_names(name: str, value: Any) -> bool:
    """Whether a change gives lengths by the names of dimensions."""
    return name in ("chunks", "shards") and isinstance(value, Mapping) and set(value).isdisjoint(GRID_MEMBERS)


def check_names(changes: Mapping[str, Any], nodes: Iterable[NodeMetadata]) -> None:
    """Check that every dimension that a change names is one of some array; a wrong name would change nothing.

    Raises
    ------
    ValueError
        No array has such a dimension.
    """
    wanted = {name: value for name, value in changes.items() if _goes_by_names(name, value)}
    if not wanted:
        return
    arrays = [node for node in nodes if isinstance(node, ArrayMetadata)]
    known = {dimension for array in arrays for dimension in _dimensions_of(array) if dimension is not None}
    for name, value in wanted.items():
        unknown = [dimension for dimension in value if dimension not in known]
        if unknown and arrays:
            raise ValueError(
                f"`{name}` has a length for {quote(unknown[0])}, and no array that is copied has a dimension of this "
                f"name; they have {', '.join(map(quote, sorted(known, key=str))) or 'none with a name'}"
            )


GRID_MEMBERS = ("name", "shape", "configuration")
"""Members of mappings that say how to cut an array by themselves."""


def _dimensions_of(metadata: ArrayMetadata) -> tuple[Any, ...]:
    names = metadata.attributes.get(DIMENSIONS) if metadata.zarr_format == 2 else metadata.names_of_dimensions
    return tuple(names) if isinstance(names, (list, tuple)) and len(names) == metadata.ndim else (None,) * metadata.ndim


def kept_of(metadata: ArrayMetadata, zarr_format: ZarrFormat) -> dict[str, Any]:
    """How an array is cut and encoded, as far as an array of some format can be, as arguments of ``create_array``."""
    grid = metadata.chunk_grid.first_chunk_shape if metadata.chunk_grid.is_regular else metadata.chunk_grid
    kept: dict[str, Any] = {
        "chunks": grid if metadata.subchunk_shape is None else metadata.subchunk_shape,
        "shards": None if metadata.subchunk_shape is None or zarr_format == 2 else grid,
        "filters": "auto",
        "compressors": "auto",
        "serializer": "auto",
    }
    if metadata.zarr_format == zarr_format:
        kept |= {"filters": metadata.filter_codecs, "compressors": metadata.compressor_codecs}
        if metadata.zarr_format == 3:
            kept["serializer"] = metadata.inner_chain.array_bytes
    return kept


def _as_format_2(metadata: ArrayMetadata) -> ArrayV2Metadata | None:
    """The metadata as of Zarr v2, for the same chunks; None where Zarr v2 has no form for them."""
    if not isinstance(metadata, ArrayV3Metadata) or not metadata.chunk_grid.is_regular:
        return None
    attributes = dict(metadata.attributes)
    if metadata.names_of_dimensions is not None and None not in metadata.names_of_dimensions:
        attributes = {DIMENSIONS: list(metadata.names_of_dimensions), **attributes}
    encoding = metadata.chunk_key_encoding
    try:
        filters = [_config_of(codec.to_dict()) for codec in metadata.chain.array_array]
        is_reversed = filters[:1] == [{"id": "transpose", "order": list(range(metadata.ndim))[::-1]}]
        serializer = metadata.chain.array_bytes.to_dict()
        dtype = metadata.data_type.to_native_dtype()
        if serializer["name"] in OBJECT_CODECS:
            filters.append({"id": serializer["name"]})
        elif _members_of(serializer).get("endian") == "big":
            dtype = dtype.newbyteorder(">")
        packed = [_config_of(codec.to_dict()) for codec in metadata.chain.bytes_bytes]
        filters += packed[:-1]
        object_codec_id = metadata.data_type.object_codec_id
        zdtype = metadata.data_type if object_codec_id is not None else parse_dtype(dtype, zarr_format=2)
        candidate = ArrayV2Metadata(
            shape=metadata.shape,
            dtype=zdtype,
            chunks=metadata.chunk_grid.first_chunk_shape,
            fill_value=metadata.fill_value,
            order="F" if is_reversed else "C",
            dimension_separator=encoding.separator if isinstance(encoding, V2ChunkKeyEncoding) else ".",
            compressor=packed[-1] if packed else None,
            filters=filters[1:] if is_reversed else filters,
            attributes=attributes,
        )
        candidate.check_usable()
    except (BaseZarrError, DataTypeValidationError):
        return None
    return candidate if chunks_agree(metadata, candidate) else None


def _members_of(codec: Mapping[str, Any]) -> dict[str, Any]:
    return dict(codec.get("configuration") or {})


def _config_of(codec: Mapping[str, Any]) -> dict[str, Any]:
    """A codec of Zarr v3 as of numcodecs; whether it is the same is checked afterwards."""
    members = _members_of(codec)
    name = str(codec["name"]).removeprefix("numcodecs.")
    if name == "blosc":
        members.pop("typesize", None)
        members["shuffle"] = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}.get(str(members.get("shuffle")), 0)
    return {"id": name, **members}
