"""``gzip``: deflate with a header and a checksum.

v3 name ``gzip``, bytes→bytes; ``gzip`` of numcodecs in v2. Configuration::

    {"name": "gzip", "configuration": {"level": 5}}

The header holds no time, so equal data give equal bytes. With the extra ``fast`` libdeflate does the work, which
decodes 1 MiB in 1.2 ms where zlib takes 2.9, and encodes it in 13 ms where zlib takes 33.

Specification: Zarr v3.1 "Gzip codec"; RFC 1952.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.abc.metadata import from_configuration
from terrazzo.buffer.base import Buffer
from terrazzo.codecs.deflate import (
    DECODE_NS_PER_BYTE,
    ENCODE_NS_PER_BYTE,
    GZIP,
    MOST_FROM_ONE_BYTE,
    compress,
    inflate,
    inflate_sized,
)
from terrazzo.errors import CorruptDataError, LimitExceededError, MetadataValidationError, quote
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = ["GzipCodec", "parse_gzip_level"]


def parse_gzip_level(data: object) -> int:
    """The level that a caller or a document means.

    Raises
    ------
    MetadataValidationError
        It is no integer from 0 to 9.
    """
    if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= 9:
        raise MetadataValidationError(f"expected an integer from 0 to 9, got {quote(data)}", field="level")
    return data


@dataclass(frozen=True)
class GzipCodec(BytesBytesCodec):
    """Deflate with a header and a checksum.

    Parameters
    ----------
    level
        From 0, stored, to 9, smallest.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.codecs import GzipCodec
    >>> terrazzo.create_array(None, data=[1, 2, 3], compressors=GzipCodec(level=9))[:]
    array([1, 2, 3])
    """

    is_fixed_size = False
    decode_ns_per_byte = DECODE_NS_PER_BYTE
    encode_ns_per_byte = ENCODE_NS_PER_BYTE

    level: int = 5

    def __init__(self, *, level: int = 5) -> None:
        object.__setattr__(self, "level", parse_gzip_level(level))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return from_configuration(cls, data, "gzip", known=("level",))

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "gzip", "configuration": {"level": self.level}}

    def compute_encoded_size(self, _input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        raise NotImplementedError("the size of what gzip encodes depends on the data")

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_buffer_like()
        limit = current_options().limits.chunk_bytes
        most = len(data) * MOST_FROM_ONE_BYTE if limit is None else limit
        decoded = inflate(data, most, GZIP)
        if decoded is None:
            raise LimitExceededError(
                f"a gzip stream decodes to more than {most} bytes", limit="chunk_bytes", value=most
            )
        return chunk_spec.prototype.buffer.from_bytes(decoded)

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        return inflate_sized(data, size, GZIP)

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        decoded = inflate(data, most, GZIP)
        if decoded is None:
            raise CorruptDataError(f"the stream decodes to more than {most} bytes", stage="gzip")
        return decoded

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        encoded = compress(chunk_data.as_buffer_like(), self.level, GZIP)
        return chunk_spec.prototype.buffer.from_bytes(encoded)
