"""The contract of a codec: one step of encoding a chunk, and of the pipeline that moves chunks through a chain of them.

It is zarr-python's contract, so that codecs written for it can be subclasses. A codec either has the synchronous
methods ``_decode_sync`` and ``_encode_sync``, and is then run wherever that is fastest, or only the asynchronous
``_decode_single`` and ``_encode_single``, and then always on an event loop.

What a codec can do beyond that it says by having more: ``decode_sized``, ``decode_at_most``, ``decode_into``,
``decode_many`` and ``encode_many`` (bytes→bytes), ``memory_layout`` and ``prepare_subchunks`` (array→bytes),
``is_view`` (array→array). Nobody asks which codec it is.

Specification: Zarr v3.1 "Codecs".
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, Self, TypeAlias, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

from terrazzo.abc.metadata import Metadata
from terrazzo.abc.store import ByteGetter, ByteSetter, Store
from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.runtime import map_concurrent, offload
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import BytesLike, NamedConfig

if TYPE_CHECKING:
    from terrazzo.dtype.base import ZDType
    from terrazzo.grid.metadata import ChunkGridMetadata
    from terrazzo.indexing.projection import SelectorTuple
    from terrazzo.indexing.region import Region

__all__ = [
    "ArrayArrayCodec",
    "ArrayBytesCodec",
    "ArrayBytesCodecPartialDecodeMixin",
    "ArrayBytesCodecPartialEncodeMixin",
    "BaseCodec",
    "BytesBytesCodec",
    "Codec",
    "CodecInput",
    "CodecJSON",
    "CodecJSON_V2",
    "CodecJSON_V3",
    "CodecOutput",
    "CodecPipeline",
    "GetResult",
    "Subchunks",
    "SupportsDecodeAtMost",
    "SupportsDecodeInto",
    "SupportsDecodeSized",
    "SupportsEstimatedSize",
    "SupportsMany",
    "SupportsMemoryLayout",
    "SupportsSubchunks",
    "SupportsSyncCodec",
    "has_sync_methods",
    "is_inline_codec",
]

CodecInput = TypeVar("CodecInput", bound=NDBuffer | Buffer)
CodecOutput = TypeVar("CodecOutput", bound=NDBuffer | Buffer)
CI_contra = TypeVar("CI_contra", bound=NDBuffer | Buffer, contravariant=True)
CO_contra = TypeVar("CO_contra", bound=NDBuffer | Buffer, contravariant=True)


class CodecJSON_V2(TypedDict):  # noqa: N801 - zarr-python's name
    """A codec in a document of Zarr v2: an object of numcodecs, with its parameters beside the ``id``."""

    id: str


CodecJSON_V3: TypeAlias = str | NamedConfig
"""A codec in a document of Zarr v3: its name, or an object with it."""
CodecJSON: TypeAlias = str | Mapping[str, object]
"""A codec in a document of either format."""


class GetResult(TypedDict):
    """What became of one chunk that was asked for."""

    status: Literal["present", "missing"]


class SupportsSyncCodec(Protocol):
    """A codec that runs without an event loop."""

    def _decode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any: ...
    def _encode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any: ...


class SupportsDecodeSized(Protocol):
    """A bytes→bytes codec that is told how many bytes must come out, and stops at the first one too many."""

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        """Decode to exactly `size` bytes.

        Raises
        ------
        CorruptDataError
            More or fewer come out.
        """


class SupportsDecodeAtMost(Protocol):
    """A bytes→bytes codec that stops when more bytes come out than anything that was encoded can have."""

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        """Decode to at most `most` bytes.

        Raises
        ------
        CorruptDataError
            More come out.
        """


class SupportsEstimatedSize(Protocol):
    """An array→bytes codec that makes a number of bytes that depends on the data, and can say of which order."""

    def estimated_size(self, chunk_spec: ArraySpec) -> int | None:
        """Encoded bytes of a chunk, within a factor of four; None where elements have no size.

        What the codecs behind decode to is bounded with it.
        """


class SupportsDecodeInto(Protocol):
    """A bytes→bytes codec that writes its result where it is wanted, which saves a copy."""

    def decode_into(self, data: BytesLike, out: memoryview) -> None:
        """Fill `out` exactly.

        Raises
        ------
        CorruptDataError
            More or fewer bytes come out.
        """


class SupportsMany(Protocol):
    """A bytes→bytes codec that takes many small chunks in one call, which saves the way in and out of each.

    Spans are an array of int64 of shape (chunks, 2): where each chunk starts in `data`, and its length, in bytes.
    """

    def decode_many(self, data: BytesLike, spans: npt.NDArray[np.int64], size: int) -> BytesLike | None:
        """Decode chunks to `size` bytes each, one after another into one piece of memory.

        None, or whatever error, when one of them is not as it should be, or when they are better decoded one by one.
        """

    def encode_many(self, data: BytesLike, spans: npt.NDArray[np.int64]) -> Sequence[BytesLike] | None:
        """Encode chunks; None when they are better encoded one by one."""


class SupportsMemoryLayout(Protocol):
    """An array→bytes codec that stores elements as they lie in memory, in C order."""

    def memory_layout(self, chunk_spec: ArraySpec) -> np.dtype[Any] | None:
        """The numpy data type, with byte order, of the stored elements; None where they are not as in memory."""


class Subchunks(Protocol):
    """A codec prepared for chunks of one shape, which are made of subchunks that can be read and written alone.

    Regions, and the elements in them, are those of what the codec is given: after the array→array codecs.

    One that has ``async check(value, found)`` too decodes every subchunk of a stored chunk alone, keeps nothing, calls
    `found` with every error, and returns the bytes of the chunk, or None when there is none.
    """

    async def decode(self, data: Buffer) -> NDBuffer:
        """Decode a whole chunk."""

    async def place(self, data: Buffer, region: Region, target: NDBuffer) -> None:
        """Decode a region of a chunk into `target`, which has its shape."""

    async def read(self, value: Value, region: Region, target: NDBuffer) -> bool:
        """Read a region of a stored chunk into `target`, which has its shape; False when there is no chunk."""

    def forget(self, identity: tuple[Hashable, ...]) -> None:
        """A stored chunk was written: what is being read of it may be out of date."""

    async def encode(self, chunk: NDBuffer) -> Buffer | None:
        """Encode a whole chunk; None when there is nothing in it that has to be stored."""

    async def merge(self, stored: Buffer | None, region: Region, value: NDBuffer | Patch) -> Buffer | None:
        """Encode a chunk with `value` in a region of it, and what is stored, or the fill value, elsewhere.

        A patch says itself which elements are new. None when there is nothing in it that has to be stored.
        """


class SupportsSubchunks(Protocol):
    """An array→bytes codec whose chunks are made of subchunks.

    Attributes
    ----------
    chunk_shape
        Of a subchunk, in elements of what the codec is given.
    codecs
        For each subchunk.
    """

    @property
    def chunk_shape(self) -> tuple[int, ...]: ...
    @property
    def codecs(self) -> tuple[Codec, ...]: ...

    def prepare_subchunks(self, chunk_spec: ArraySpec) -> Subchunks:
        """Decide once whatever does not change from chunk to chunk."""


def is_inline_codec(codec: BaseCodec[Any, Any]) -> bool:
    """Whether a codec has the synchronous methods, and no subclass has overridden only the asynchronous ones.

    A codec that is made of others says itself whether it ``is_inline``.
    """
    cls = type(codec)
    of_parts: bool | None = getattr(codec, "is_inline", None)
    if of_parts is not None:
        return of_parts
    known = _inline_classes.get(cls)
    if known is None:
        known = _inline_classes[cls] = has_sync_methods(cls)
    return known


_inline_classes: dict[type, bool] = {}


def has_sync_methods(cls: type) -> bool:
    """Whether a class of codecs has the synchronous methods, and has not overridden only the asynchronous ones."""
    return all(
        _depth(cls, f"_{direction}_sync") is not None
        and _depth(cls, f"_{direction}_sync") <= _depth(cls, f"_{direction}_single")  # type: ignore[operator]
        for direction in ("decode", "encode")
    )


def _depth(cls: type, name: str) -> int | None:
    """How far up the bases of `cls` a method is defined."""
    return next((depth for depth, base in enumerate(cls.__mro__) if name in base.__dict__), None)


class BaseCodec(Metadata, Generic[CodecInput, CodecOutput]):
    """One step of encoding. Subclass one of the three kinds instead.

    Attributes
    ----------
    is_fixed_size
        Whether the number of encoded bytes follows from the number of bytes that go in.
    decode_ns_per_byte, encode_ns_per_byte
        Estimated cost per decoded byte, in nanoseconds, spent outside the interpreter lock: whether another thread
        helps depends on it.
    """

    is_fixed_size: ClassVar[bool] = False
    decode_ns_per_byte: ClassVar[float] = 1.0
    encode_ns_per_byte: ClassVar[float] = 1.0

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Number of encoded bytes for a number of bytes that go in; a codec of fixed size overrides it.

        Raises
        ------
        NotImplementedError
            It depends on the data.
        """
        raise NotImplementedError

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        """What the next codec sees, for what this one sees."""
        return chunk_spec

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """The codec with every parameter decided that depends on the array."""
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: ChunkGridMetadata) -> None:
        """Check the parameters against an array.

        Raises
        ------
        ValueError
            They do not fit.
        """

    def check_usable(self) -> None:
        """Check that data can be encoded and decoded here; what is needed may be imported.

        Raises
        ------
        UnknownCodecError
            There is no implementation, or it needs a package that is not installed.
        MetadataValidationError
            The implementation does not take these parameters.
        """

    async def _decode_single(self, chunk_data: CodecOutput, chunk_spec: ArraySpec) -> CodecInput:
        decode = getattr(self, "_decode_sync", None)
        if decode is None:
            raise NotImplementedError(f"{type(self).__name__} has neither `_decode_sync` nor `_decode_single`")
        result: CodecInput = await offload(decode, chunk_data, chunk_spec)
        return result

    async def _encode_single(self, chunk_data: CodecInput, chunk_spec: ArraySpec) -> CodecOutput | None:
        encode = getattr(self, "_encode_sync", None)
        if encode is None:
            raise NotImplementedError(f"{type(self).__name__} has neither `_encode_sync` nor `_encode_single`")
        result: CodecOutput | None = await offload(encode, chunk_data, chunk_spec)
        return result

    async def decode(
        self, chunks_and_specs: Iterable[tuple[CodecOutput | None, ArraySpec]]
    ) -> Iterable[CodecInput | None]:
        """Decode several chunks; None stays None."""

        async def one(item: tuple[CodecOutput | None, ArraySpec]) -> CodecInput | None:
            data, spec = item
            return None if data is None else await self._decode_single(data, spec)

        return await map_concurrent(one, chunks_and_specs, concurrency=current_options().concurrency)

    async def encode(
        self, chunks_and_specs: Iterable[tuple[CodecInput | None, ArraySpec]]
    ) -> Iterable[CodecOutput | None]:
        """Encode several chunks; None stays None."""

        async def one(item: tuple[CodecInput | None, ArraySpec]) -> CodecOutput | None:
            data, spec = item
            return None if data is None else await self._encode_single(data, spec)

        return await map_concurrent(one, chunks_and_specs, concurrency=current_options().concurrency)


class ArrayArrayCodec(BaseCodec[NDBuffer, NDBuffer]):
    """A codec from array to array.

    Attributes
    ----------
    is_view
        Whether encoding only rearranges axes, so that the result shares the memory it was given.
    """

    is_view: ClassVar[bool] = False


class ArrayBytesCodec(BaseCodec[NDBuffer, Buffer]):
    """A codec from array to bytes; a chain has exactly one."""


class BytesBytesCodec(BaseCodec[Buffer, Buffer]):
    """A codec from bytes to bytes."""


Codec: TypeAlias = ArrayArrayCodec | ArrayBytesCodec | BytesBytesCodec


class ArrayBytesCodecPartialDecodeMixin:
    """An array→bytes codec that reads a part of a chunk without reading all of it."""

    async def _decode_partial_single(
        self, byte_getter: ByteGetter, selection: SelectorTuple, chunk_spec: ArraySpec
    ) -> NDBuffer | None:
        raise NotImplementedError

    async def decode_partial(
        self, batch_info: Iterable[tuple[ByteGetter, SelectorTuple, ArraySpec]]
    ) -> Iterable[NDBuffer | None]:
        """Read a part of each of several chunks."""

        async def one(item: tuple[ByteGetter, SelectorTuple, ArraySpec]) -> NDBuffer | None:
            return await self._decode_partial_single(*item)

        return await map_concurrent(one, batch_info, concurrency=current_options().concurrency)


class ArrayBytesCodecPartialEncodeMixin:
    """An array→bytes codec that writes a part of a chunk without encoding all of it."""

    async def _encode_partial_single(
        self, byte_setter: ByteSetter, chunk_array: NDBuffer, selection: SelectorTuple, chunk_spec: ArraySpec
    ) -> None:
        raise NotImplementedError

    async def encode_partial(self, batch_info: Iterable[tuple[ByteSetter, NDBuffer, SelectorTuple, ArraySpec]]) -> None:
        """Write a part of each of several chunks."""

        async def one(item: tuple[ByteSetter, NDBuffer, SelectorTuple, ArraySpec]) -> None:
            await self._encode_partial_single(*item)

        await map_concurrent(one, batch_info, concurrency=current_options().concurrency)


class CodecPipeline:
    """Moves chunks between a store and memory, through the codecs of an array.

    A batch is an iterable of tuples: where the chunk is, its spec, what is selected in it, where that is in the array
    outside, and whether all of it is selected.
    """

    @abstractmethod
    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        """The pipeline with every codec parameter decided that depends on the array."""

    @classmethod
    @abstractmethod
    def from_codecs(cls, codecs: Iterable[Codec]) -> Self:
        """Make a pipeline of a chain."""

    @classmethod
    def from_array_metadata_and_store(cls, array_metadata: Any, store: Store) -> Self:
        """Make a pipeline for an array in a store."""
        raise NotImplementedError(f"{cls.__name__} is made with `from_codecs`")

    @property
    @abstractmethod
    def supports_partial_decode(self) -> bool:
        """Whether a part of a chunk can be read without the rest."""

    @property
    @abstractmethod
    def supports_partial_encode(self) -> bool:
        """Whether a part of a chunk can be written without the rest."""

    @abstractmethod
    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: ChunkGridMetadata) -> None:
        """Check the chain against an array."""

    @abstractmethod
    def compute_encoded_size(self, byte_length: int, array_spec: ArraySpec) -> int:
        """Stored bytes of a chunk of so many bytes, where that does not depend on the data."""

    @abstractmethod
    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ArraySpec]]
    ) -> Iterable[NDBuffer | None]:
        """Decode chunks; None stays None."""

    @abstractmethod
    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ArraySpec]]
    ) -> Iterable[Buffer | None]:
        """Encode chunks; None stays None."""

    @abstractmethod
    async def read(
        self,
        batch_info: Iterable[tuple[ByteGetter, ArraySpec, SelectorTuple, SelectorTuple, bool]],
        out: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> tuple[GetResult, ...]:
        """Read chunks into `out`; what is absent becomes the fill value."""

    @abstractmethod
    async def write(
        self,
        batch_info: Iterable[tuple[ByteSetter, ArraySpec, SelectorTuple, SelectorTuple, bool]],
        value: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> None:
        """Write chunks from `value`, merging where a chunk is selected in part."""
