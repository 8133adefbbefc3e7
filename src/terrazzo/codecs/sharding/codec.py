"""``sharding_indexed``: many subchunks in one stored object, with an index of where each of them is.

v3 name ``sharding_indexed``, array→bytes, no equivalent in v2. Configuration::

    {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [64, 64],
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
            "index_location": "end"
        }
    }

``chunk_shape`` divides the shape of what the codec is given. Whatever stands in ``codecs`` encodes each subchunk,
another ``sharding_indexed`` too; ``index_codecs`` encode the index, and must have a fixed size.

Specification: sharding_indexed v1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np

from terrazzo.abc.codec import (
    ArrayBytesCodec,
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    Codec,
    CodecPipeline,
    is_inline_codec,
)
from terrazzo.abc.metadata import configuration_of, from_configuration
from terrazzo.abc.store import ByteGetter, ByteSetter, set_or_delete
from terrazzo.abc.value import GetterValue
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.bytes import BytesCodec
from terrazzo.codecs.crc32c_ import Crc32cCodec
from terrazzo.codecs.sharding.layout import ShardLayout, counts_of, index_spec
from terrazzo.codecs.sharding.order import SubchunkWriteOrder, parse_order
from terrazzo.codecs.sharding.shard import PreparedShard
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid import RegularChunkGridMetadata, parse_lengths
from terrazzo.indexing.projection import SelectorTuple
from terrazzo.indexing.region import region_of
from terrazzo.pipeline.chain import CodecChain, parse_codecs
from terrazzo.registry import get_pipeline_class
from terrazzo.runtime import run_inline
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, ShapeLike

__all__ = ["INDEX_LOCATION", "IndexLocation", "ShardingCodec", "ShardingCodecIndexLocation"]

IndexLocation: TypeAlias = Literal["start", "end"]
INDEX_LOCATION: Final = ("start", "end")
KNOWN = ("chunk_shape", "codecs", "index_codecs", "index_location")


class ShardingCodecIndexLocation:
    """Names of the places of the index; plain text does as well."""

    start: Final = "start"
    end: Final = "end"


@dataclass(frozen=True)
class ShardingCodec(ArrayBytesCodec, ArrayBytesCodecPartialDecodeMixin, ArrayBytesCodecPartialEncodeMixin):
    """Subchunks in shards.

    Parameters
    ----------
    chunk_shape
        Of a subchunk, in elements.
    codecs
        For each subchunk.
    index_codecs
        For the index.
    index_location
        ``"end"`` or ``"start"``.
    subchunk_write_order
        The order in which subchunks are written: ``"morton"``, ``"lexicographic"``, ``"colexicographic"``, or
        ``"unordered"`` where it does not matter. Not stored.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array(None, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="int32")
    >>> array.metadata.codecs[0].chunk_shape
    (2, 2)
    """

    is_fixed_size = False

    chunk_shape: tuple[int, ...]
    codecs: tuple[Codec, ...]
    index_codecs: tuple[Codec, ...]
    index_location: IndexLocation = "end"
    subchunk_write_order: SubchunkWriteOrder = "morton"

    def __init__(
        self,
        *,
        chunk_shape: ShapeLike,
        codecs: Iterable[Codec | Mapping[str, Any] | str] = (BytesCodec(endian="little"),),
        index_codecs: Iterable[Codec | Mapping[str, Any] | str] = (BytesCodec(endian="little"), Crc32cCodec()),
        index_location: IndexLocation | str = "end",
        subchunk_write_order: SubchunkWriteOrder = "morton",
    ) -> None:
        if index_location not in INDEX_LOCATION:
            raise MetadataValidationError(
                f"expected 'start' or 'end', got {quote(index_location)}", field="index_location"
            )
        members: dict[str, Any] = {
            "chunk_shape": _parse_chunk_shape(chunk_shape),
            "codecs": _parse_codecs(codecs, "codecs"),
            "index_codecs": _parse_codecs(index_codecs, "index_codecs"),
            "index_location": index_location,
            "subchunk_write_order": parse_order(subchunk_write_order),
        }
        for name, value in members.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        _check_depth(data)
        configuration = configuration_of(data, "sharding_indexed", known=KNOWN)
        if "chunk_shape" not in configuration:
            raise MetadataValidationError("this member is required", field="configuration.chunk_shape")
        if isinstance(configuration["chunk_shape"], int):  # which only callers may give
            raise MetadataValidationError(
                f"expected a list of integers, got {quote(configuration['chunk_shape'])}",
                field="configuration.chunk_shape",
            )
        return from_configuration(cls, data, "sharding_indexed", known=KNOWN)

    def to_dict(self) -> dict[str, JSON]:
        return {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": list(self.chunk_shape),
                "codecs": [codec.to_dict() for codec in self.codecs],
                "index_codecs": [codec.to_dict() for codec in self.index_codecs],
                "index_location": self.index_location,
            },
        }

    @property
    def codec_pipeline(self) -> CodecPipeline:
        """What runs the codecs of subchunks, as zarr-python has it; terrazzo itself asks `prepare_subchunks`."""
        pipeline: CodecPipeline = get_pipeline_class().from_codecs(self.codecs)
        return pipeline

    # -- what it can do

    def check_usable(self) -> None:
        for name, codecs in (("codecs", self.codecs), ("index_codecs", self.index_codecs)):
            try:
                CodecChain.from_codecs(codecs).check_usable()
            except MetadataValidationError as error:
                raise error.within(f"configuration.{name}") from error.__cause__

    @property
    def is_inline(self) -> bool:
        """Whether no codec inside needs an event loop."""
        return all(map(is_inline_codec, (*self.codecs, *self.index_codecs)))

    @property
    def decode_ns_per_byte(self) -> float:  # type: ignore[override] # an attribute elsewhere
        """Of the codecs of subchunks together."""
        return sum(codec.decode_ns_per_byte for codec in self.codecs)

    @property
    def encode_ns_per_byte(self) -> float:  # type: ignore[override] # an attribute elsewhere
        """Of the codecs of subchunks together."""
        return sum(codec.encode_ns_per_byte for codec in self.codecs)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        counts = counts_of(array_spec.shape, self.chunk_shape)
        inner = _evolve(self.codecs, replace(array_spec, shape=self.chunk_shape), "codecs")
        index = _evolve(self.index_codecs, index_spec(counts), "index_codecs")
        for position, codec in enumerate(index):
            if not codec.is_fixed_size:
                raise MetadataValidationError(
                    f"the size of what {quote(codec)} encodes depends on the data; an index has a fixed size",
                    field=f"configuration.index_codecs[{position}]",
                )
        if inner == self.codecs and index == self.index_codecs:
            return self
        return replace(self, codecs=inner, index_codecs=index)

    def prepare_subchunks(self, chunk_spec: ArraySpec) -> PreparedShard:
        return PreparedShard(
            ShardLayout(
                chunk_spec,
                self.chunk_shape,
                self.codecs,
                self.index_codecs,
                index_at_start=self.index_location == "start",
                order=self.subchunk_write_order,
            )
        )

    def compute_encoded_size(self, input_byte_length: int, shard_spec: ArraySpec) -> int:
        return input_byte_length + self.prepare_subchunks(shard_spec).layout.index_size

    # -- the contract of codecs

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return await self.prepare_subchunks(chunk_spec).decode(chunk_data)

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return await self.prepare_subchunks(chunk_spec).encode(chunk_data)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return run_inline(self._decode_single(chunk_data, chunk_spec))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return run_inline(self._encode_single(chunk_data, chunk_spec))

    async def _decode_partial_single(
        self, byte_getter: ByteGetter, selection: SelectorTuple, chunk_spec: ArraySpec
    ) -> NDBuffer | None:
        prepared = self.prepare_subchunks(chunk_spec)
        region = region_of(selection, chunk_spec.shape)
        out = chunk_spec.prototype.nd_buffer.empty(region.shape, prepared.layout.chain.dtype, chunk_spec.order)
        if not await prepared.read(GetterValue(byte_getter), region, out):
            return None
        kept = tuple(len(axis) for axis, item in zip(region.axes, selection, strict=True) if not isinstance(item, int))
        return out if region.is_points else out.reshape(kept)

    async def _encode_partial_single(
        self, byte_setter: ByteSetter, chunk_array: NDBuffer, selection: SelectorTuple, chunk_spec: ArraySpec
    ) -> None:
        stored = await byte_setter.get(chunk_spec.prototype)
        region = region_of(selection, chunk_spec.shape)
        value = chunk_array.reshape(region.shape) if chunk_array.shape else chunk_array
        merged = await self.prepare_subchunks(chunk_spec).merge(stored, region, value)
        await set_or_delete(byte_setter, merged)


def _parse_chunk_shape(data: object) -> tuple[int, ...]:
    if isinstance(data, (int, np.integer)) and not isinstance(data, bool):
        data = (int(data),)
    elif isinstance(data, Iterable) and not isinstance(data, (str, Mapping)):
        data = tuple(int(length) if isinstance(length, np.integer) else length for length in data)
    try:
        lengths = parse_lengths(data)
    except MetadataValidationError as error:
        raise error.within("chunk_shape") from None
    if 0 in lengths:
        raise MetadataValidationError("a length is at least 1, got 0", field=f"chunk_shape[{lengths.index(0)}]")
    return lengths


def _parse_codecs(codecs: Any, name: str) -> tuple[Codec, ...]:
    if isinstance(codecs, (str, Mapping)) or not isinstance(codecs, Iterable):
        raise MetadataValidationError(f"expected a list of codecs, got {quote(codecs)}", field=name)
    try:
        parsed = parse_codecs(codecs)
        CodecChain.from_codecs(parsed)
    except MetadataValidationError as error:
        raise error.within(name) from None
    return parsed


def _evolve(codecs: tuple[Codec, ...], spec: ArraySpec, name: str) -> tuple[Codec, ...]:
    chain = CodecChain.from_codecs(codecs)
    try:
        chain.validate(
            shape=spec.shape,
            dtype=spec.dtype,
            chunk_grid=RegularChunkGridMetadata(chunk_shape=spec.shape),
            chunk_spec=spec,
        )
        return tuple(chain.evolve(spec))
    except MetadataValidationError as error:
        raise error.within(f"configuration.{name}") from None


def _check_depth(data: object) -> None:
    """Refuse codecs within codecs within codecs before they are made of one another."""
    limit = current_options().limits.nested_codecs
    level, depth = [data], 0
    while limit is not None:
        level = [codec for item in level for codec in _inner_codecs(item)]
        if not level:
            return
        depth += 1
        if depth > limit:
            raise MetadataValidationError(
                f"codecs are nested more than config['limits.nested_codecs'], {limit}, deep",
                field="configuration.codecs",
            )


def _inner_codecs(data: object) -> list[object]:
    configuration = data.get("configuration") if isinstance(data, Mapping) else None
    codecs = configuration.get("codecs") if isinstance(configuration, Mapping) else None
    return list(codecs) if isinstance(codecs, (list, tuple)) else []
