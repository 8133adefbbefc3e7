"""``crc32c``: a checksum after the data, so that damage is noticed.

v3 name ``crc32c``, bytes→bytes, no configuration; ``crc32c`` of numcodecs in v2. The input is followed by its CRC-32C
(Castagnoli) in four bytes, little endian.

Specification: Zarr v3.1 "CRC32C checksum codec"; RFC 3720.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import google_crc32c
import numpy as np

from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.abc.metadata import configuration_of
from terrazzo.buffer.base import Buffer
from terrazzo.errors import ChecksumError, CorruptDataError
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = ["Crc32cCodec"]

CHECKSUM_BYTES = 4


@dataclass(frozen=True)
class Crc32cCodec(BytesBytesCodec):
    """A checksum after the data; most useful as the last codec, where it covers what is stored.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.codecs import Crc32cCodec, GzipCodec
    >>> terrazzo.create_array(None, data=[1, 2, 3], compressors=[GzipCodec(), Crc32cCodec()])[:]
    array([1, 2, 3])
    """

    is_fixed_size = True
    decode_ns_per_byte = 0.0
    encode_ns_per_byte = 0.1

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        configuration_of(data, "crc32c")
        return cls()

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "crc32c"}

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_buffer_like()
        if len(data) < CHECKSUM_BYTES:
            raise CorruptDataError(f"{len(data)} bytes are too few to hold a checksum", stage="crc32c")
        return chunk_spec.prototype.buffer.from_bytes(self.decode_sized(data, len(data) - CHECKSUM_BYTES))

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        if len(data) != size + CHECKSUM_BYTES:
            raise CorruptDataError(f"{len(data)} bytes, expected {size + CHECKSUM_BYTES}", stage="crc32c")
        view = memoryview(data)
        stored = int.from_bytes(view[size:], "little")
        computed = _checksum(view[:size])
        if stored != computed:
            raise ChecksumError(
                f"the stored CRC-32C is 0x{stored:08x}, that of the data is 0x{computed:08x}", stage="crc32c"
            )
        return view[:size]

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_buffer_like()
        checksum = _checksum(data).to_bytes(CHECKSUM_BYTES, "little")
        return chunk_spec.prototype.buffer.from_bytes(b"".join((data, checksum)))

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        return input_byte_length + CHECKSUM_BYTES


def _checksum(data: BytesLike) -> int:
    # The library takes arrays and bytes, and refuses memoryviews.
    return int(google_crc32c.value(np.frombuffer(data, dtype="B")))
