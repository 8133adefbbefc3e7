"""``zstd``: Zstandard frames.

v3 name ``zstd``, bytes→bytes; ``zstd`` of numcodecs in v2. Configuration::

    {"name": "zstd", "configuration": {"level": 0, "checksum": false}}

Level 0 is the library's default, 3. With ``checksum`` each frame ends in four bytes that make damage noticed.

Specification: zarr-extensions "zstd"; RFC 8878.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import zstandard

from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.abc.metadata import from_configuration
from terrazzo.buffer.base import Buffer
from terrazzo.errors import ChecksumError, CorruptDataError, LimitExceededError, MetadataValidationError, quote
from terrazzo.runtime import per_thread
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = ["ZstdCodec", "parse_checksum", "parse_zstd_level"]

LOWEST_LEVEL, HIGHEST_LEVEL = -131072, 22

MOST_FROM_ONE_BYTE = 43_691
"""No frame decodes to more than this many bytes per byte: a block of 128 KiB takes at least three bytes."""

FED_AT_ONCE = 1024
"""Bytes given to a streaming decoder at a time, so that what comes out at a time is bounded too."""

MOST_IN_ONE_BLOCK = 1 << 17
"""Bytes that a block decodes to at most."""

compressor = per_thread(zstandard.ZstdCompressor)
decompressor = per_thread(zstandard.ZstdDecompressor)

TAKES_MANY = {"multi_compress_to_buffer", "multi_decompress_to_buffer"} <= zstandard.backend_features
"""Whether the library has them: not on PyPy."""

REPEATED_BYTE = 1 << 1
"""The type of a block that stores one byte for all, where its header has it."""


def parse_zstd_level(data: object) -> int:
    """The level that a caller or a document means.

    Raises
    ------
    MetadataValidationError
        It is no integer, or zstandard has no such level.
    """
    if isinstance(data, bool) or not isinstance(data, int) or not LOWEST_LEVEL <= data <= HIGHEST_LEVEL:
        raise MetadataValidationError(
            f"expected an integer from {LOWEST_LEVEL} to {HIGHEST_LEVEL}, got {quote(data)}", field="level"
        )
    return data


def parse_checksum(data: object) -> bool:
    """Whether a caller or a document asks for a checksum.

    Raises
    ------
    MetadataValidationError
        It is neither true nor false.
    """
    if not isinstance(data, bool):
        raise MetadataValidationError(f"expected true or false, got {quote(data)}", field="checksum")
    return data


@dataclass(frozen=True)
class ZstdCodec(BytesBytesCodec):
    """Zstandard.

    Parameters
    ----------
    level
        From -131072, fastest, to 22, smallest; 0 is the library's default.
    checksum
        Whether each chunk ends in a checksum of four bytes, so that damage is noticed.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.codecs import ZstdCodec
    >>> terrazzo.create_array(None, data=[1, 2, 3], compressors=ZstdCodec(level=9, checksum=True))[:]
    array([1, 2, 3])
    """

    is_fixed_size = False
    decode_ns_per_byte = 0.8
    encode_ns_per_byte = 4.0

    level: int = 0
    checksum: bool = False

    def __init__(self, *, level: int = 0, checksum: bool = False) -> None:
        object.__setattr__(self, "level", parse_zstd_level(level))
        object.__setattr__(self, "checksum", parse_checksum(checksum))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return from_configuration(cls, data, "zstd", known=("level", "checksum"))

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "zstd", "configuration": {"level": self.level, "checksum": self.checksum}}

    def compute_encoded_size(self, _input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        raise NotImplementedError("the size of what zstd encodes depends on the data")

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_buffer_like()
        limit = current_options().limits.chunk_bytes
        most = len(data) * MOST_FROM_ONE_BYTE if limit is None else limit
        decoded = _decode_frames(data, most)
        if decoded is None:
            raise LimitExceededError(f"a zstd frame decodes to more than {most} bytes", limit="chunk_bytes", value=most)
        return chunk_spec.prototype.buffer.from_bytes(decoded)

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        try:
            if zstandard.frame_content_size(data) == size <= len(data) * MOST_FROM_ONE_BYTE:
                return decompressor().decompress(data, allow_extra_data=False)
        except zstandard.ZstdError:
            pass  # the streaming decoder says what is wrong, or that there are several frames
        decoded = _decode_frames(data, size)
        if decoded is None:
            raise CorruptDataError(f"the frame decodes to more than {size} bytes", stage="zstd")
        if len(decoded) != size:
            raise CorruptDataError(f"the frame decodes to {len(decoded)} bytes, expected {size}", stage="zstd")
        return decoded

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        decoded = _decode_frames(data, most)
        if decoded is None:
            raise CorruptDataError(f"the frame decodes to more than {most} bytes", stage="zstd")
        return decoded

    def decode_many(self, data: BytesLike, spans: npt.NDArray[np.int64], size: int) -> BytesLike | None:
        if not TAKES_MANY or size > MOST_IN_ONE_BLOCK or not _are_frames_of_one_block(data, spans):
            return None
        frames = zstandard.BufferWithSegments(data, spans.tobytes())
        sizes = np.full(len(spans), size, dtype=np.uint64).tobytes()
        decoded: Any = decompressor().multi_decompress_to_buffer(frames, decompressed_sizes=sizes)
        return b"".join(decoded)

    def encode_many(self, data: BytesLike, spans: npt.NDArray[np.int64]) -> Sequence[BytesLike] | None:
        if not TAKES_MANY:
            return None
        chunks = zstandard.BufferWithSegments(data, spans.tobytes())
        encoder = compressor(level=self.level, write_checksum=self.checksum)
        encoded: Any = encoder.multi_compress_to_buffer(chunks)
        return encoded  # type: ignore[no-any-return]

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        encoded = compressor(level=self.level, write_checksum=self.checksum).compress(chunk_data.as_buffer_like())
        return chunk_spec.prototype.buffer.from_bytes(encoded)


def _bytes_of_header(descriptor: int) -> int:
    """Bytes of the header of a frame, by the byte that describes it."""
    alone = descriptor >> 5 & 1
    return 5 + (not alone) + (0, 1, 2, 4)[descriptor & 3] + (alone, 2, 4, 8)[descriptor >> 6]


HEADER_BYTES = np.array([_bytes_of_header(descriptor) for descriptor in range(256)])


def _are_frames_of_one_block(data: BytesLike, spans: npt.NDArray[np.int64]) -> bool:
    """Whether each span is as long as one frame that has one block: the library does not look at what follows it."""
    memory = np.frombuffer(data, dtype=np.uint8)
    starts, lengths = spans[:, 0], spans[:, 1]
    if lengths.min() < 5:
        return False
    descriptors = memory[starts + 4]
    before = HEADER_BYTES[descriptors] + 3  # and of the block
    if (before > lengths).any():
        return False
    ends = starts + before
    block = memory[ends - 3].astype(np.int64) | memory[ends - 2].astype(np.int64) << 8
    block |= memory[ends - 1].astype(np.int64) << 16
    content = np.where(block & 6 == REPEATED_BYTE, 1, block >> 3)
    checksum = descriptors & 4  # whose four bytes follow
    return bool(((block & 1 == 1) & (before + content + checksum == lengths)).all())


def _decode_frames(data: BytesLike, most: int) -> bytes | None:
    """Decode all frames, of declared size or not; None as soon as more than `most` bytes come out."""
    parts: list[bytes] = []
    room = most
    view = memoryview(data)
    frame = decompressor().decompressobj()
    position = 0
    while position < len(view) or (not parts and not frame.eof):
        fed = view[position : position + FED_AT_ONCE]
        position += len(fed)
        if frame.eof:
            frame = decompressor().decompressobj()
        try:
            part = frame.decompress(fed)
        except zstandard.ZstdError as error:
            kind = ChecksumError if "checksum" in str(error) else CorruptDataError
            raise kind(f"not a zstd frame: {error}", stage="zstd") from error
        position -= len(frame.unused_data) if frame.eof else 0
        parts.append(part)
        room -= len(part)
        if room < 0:
            return None
        if not fed:
            break
    if not frame.eof:
        raise CorruptDataError(f"the frame is cut short: {len(data)} bytes stored", stage="zstd")
    return b"".join(parts)
