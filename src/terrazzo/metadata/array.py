"""What the metadata of arrays have in common, whatever the format of their document."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, TypeVar

from terrazzo.abc.codec import Codec
from terrazzo.abc.metadata import Metadata
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.dtype.base import ZDType
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid import ChunkGrid, ChunkGridMetadata, ChunkKeyEncoding, parse_lengths
from terrazzo.pipeline.chain import CodecChain
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArraySpec
from terrazzo.types import ChunkCoords, MemoryOrder, ZarrFormat

__all__ = ["ArrayMetadata", "parse_attributes", "parse_member"]

T = TypeVar("T")


def parse_member(name: str, parse: Callable[[], T]) -> T:
    """Parse one member of a document, so that an error names it."""
    try:
        return parse()
    except MetadataValidationError as error:
        raise error.within(name) from error.__cause__


def parse_attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read the attributes of a node; null, which zarr-python reads too, counts as none."""
    attributes = data.get("attributes")
    if attributes is None:
        return {}
    if not isinstance(attributes, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(attributes)}", field="attributes")
    return dict(attributes)


class ArrayMetadata(Metadata, ABC):
    """What is stored about an array, in either format.

    Attributes
    ----------
    fill_value
        A scalar of the data type.
    order
        Memory order of the elements in a chunk, where the format says one.
    """

    document_key: ClassVar[str]
    """Key of the document that holds the shape, relative to the array."""
    attributes_key: ClassVar[str]
    """Key of the document that holds the attributes, relative to the array."""
    shape: tuple[int, ...]
    data_type: ZDType[Any, Any]
    chunk_grid: ChunkGridMetadata
    chunk_key_encoding: ChunkKeyEncoding
    fill_value: Any
    attributes: dict[str, Any]
    zarr_format: ZarrFormat
    order: MemoryOrder | None = None

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def dtype(self) -> ZDType[Any, Any]:
        """The data type."""
        return self.data_type

    @property
    @abstractmethod
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk, in elements."""

    @property
    @abstractmethod
    def shards(self) -> tuple[int, ...] | None:
        """Shape of a shard, in elements; None where chunks are not stored in shards."""

    @property
    def names_of_dimensions(self) -> tuple[str | None, ...] | None:
        """``dimension_names`` where the format has them: packages tell the formats apart by that attribute."""
        return None

    @property
    def chain(self) -> CodecChain:
        """The codecs, with every parameter decided that depends on the array."""
        chain: CodecChain = self.__dict__["_chain"]
        return chain

    @property
    def filter_codecs(self) -> tuple[Any, ...]:
        """The array→array codecs, as users see them."""
        return self.inner_chain.array_array

    @property
    def compressor_codecs(self) -> tuple[Any, ...]:
        """The bytes→bytes codecs, as users see them."""
        return self.inner_chain.bytes_bytes

    @property
    def inner_chain(self) -> CodecChain:
        """The codecs of one chunk, inside a shard where there are shards."""
        return self.chain

    @property
    def subchunk_shape(self) -> tuple[int, ...] | None:
        """Shape of the chunks in a shard, which divides that of every shard; None where there are no shards."""
        return None

    @property
    def read_grid(self) -> ChunkGrid:
        """How the array is cut into chunks, inside shards where there are shards."""
        return self.chunk_grid.grid_for(self.shape)

    def check_usable(self) -> None:
        """Check that chunks can be read and written here; what is needed for it may be imported.

        Raises
        ------
        UnknownCodecError
            A codec or the data type has no implementation, or needs a package that is not installed.
        MetadataValidationError
            An implementation of a codec does not take its parameters.
        """
        self.data_type.check_usable()
        try:
            self.chain.check_usable()
        except MetadataValidationError as error:
            if error.field.startswith("["):
                error.within("codecs")
            raise

    def encode_chunk_key(self, chunk_coords: ChunkCoords) -> str:
        """The key of a chunk, relative to the array."""
        return self.chunk_key_encoding.encode_chunk_key(chunk_coords)

    def get_chunk_spec(self, shape: tuple[int, ...], config: ArrayConfig, prototype: BufferPrototype) -> ArraySpec:
        """What codecs must know about a chunk of a given shape."""
        return ArraySpec(
            shape=shape, dtype=self.data_type, fill_value=self.fill_value, config=config, prototype=prototype
        )

    def update_shape(self, shape: tuple[int, ...]) -> Self:
        """The same with another shape."""
        lengths = parse_member("shape", lambda: parse_lengths(tuple(shape)))
        if len(lengths) != self.ndim:
            raise MetadataValidationError(f"{len(lengths)} lengths for {self.ndim} dimensions", field="shape")
        changed = self._with(
            shape=lengths, chunk_grid=self.chunk_grid.update_shape(self.shape, lengths, self.subchunk_shape)
        )
        changed._validate()
        return changed

    def as_stored(self, stored: ArrayMetadata) -> ArrayMetadata:
        """What is stored now, with the byte order that this has in memory: documents do not say it."""
        same = self._with(shape=stored.shape, chunk_grid=stored.chunk_grid, attributes=dict(stored.attributes))
        if same != stored:
            return stored
        same._validate()
        return same

    def update_attributes(self, attributes: Mapping[str, Any]) -> Self:
        """The same with other attributes."""
        return self._with(attributes=dict(attributes))

    @abstractmethod
    def to_buffer_dict(self, prototype: BufferPrototype) -> dict[str, Buffer]:
        """The documents by their keys, relative to the array; the one that makes it a node comes last."""

    def _with(self, **members: Any) -> Self:
        """A copy with other members, which are right already: appending would else parse everything four times."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, **members)
        return other

    @abstractmethod
    def _validate(self) -> None:
        """Check members against each other, and fit the codecs to them."""

    def _validate_grid(self, field: str) -> None:
        """Check that the chunk grid fits the shape."""
        ndim, grid_ndim = len(self.shape), self.chunk_grid.ndim
        if ndim != grid_ndim:
            raise MetadataValidationError(f"the chunk grid has {grid_ndim} dimensions, `shape` has {ndim}", field=field)
        options = current_options()
        if not self.chunk_grid.is_regular and not options.rectilinear_chunks:
            raise MetadataValidationError(
                "the chunk grid is rectilinear, and config['array.rectilinear_chunks'] is False",
                field="chunk_grid.name",
            )
        limit = options.limits.ndim
        if limit is not None and ndim > limit:
            raise MetadataValidationError(
                f"{ndim} dimensions are more than config['limits.ndim'], {limit}", field="shape"
            )
        object.__setattr__(self, "chunk_grid", self.chunk_grid.fitted(self.shape))

    def _fit(self, codecs: Iterable[Codec]) -> None:
        """Put the codecs in order, check them against the array, and decide their parameters.

        Raises
        ------
        MetadataValidationError
            They do not fit; the field is relative to the list of codecs.
        """
        spec = self.get_chunk_spec(
            self.chunk_grid.first_chunk_shape,
            ArrayConfig(order="C", write_empty_chunks=False),
            numpy_buffer_prototype(),
        )
        chain = CodecChain.from_codecs(codecs)
        chain.validate(shape=self.shape, dtype=self.data_type, chunk_grid=self.chunk_grid, chunk_spec=spec)
        object.__setattr__(self, "_chain", chain.evolve(spec))
        if hasattr(chain.array_bytes, "prepare_subchunks") and not self.chunk_grid.is_regular:
            # Subchunks divide every chunk if they divide one that has the common divisor of all lengths.
            shape = tuple(math.gcd(*self.chunk_grid.distinct_lengths(axis)) for axis in range(self.ndim))
            chain.evolve(replace(spec, shape=shape))
