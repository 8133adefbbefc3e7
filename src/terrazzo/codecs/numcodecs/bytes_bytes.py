"""The compressors and checksums of numcodecs: from bytes to bytes.

Each decodes to a bounded number of bytes where its format allows that: a decoder that stops early, a header that
declares the size, or a size that follows from the stored one. numcodecs' own decoders have no bound.

Formats: blosc, zstd, gzip, zlib, bz2 and lzma in their own containers; lz4 as a block after its decoded size (uint32,
little-endian); a checksum of four bytes, little-endian, before or after the data.
"""

from __future__ import annotations

import bz2
import lzma
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.buffer.base import Buffer
from terrazzo.codecs.deflate import DECODE_NS_PER_BYTE, ENCODE_NS_PER_BYTE, GZIP, ZLIB, compress, inflate, inflate_sized
from terrazzo.codecs.numcodecs.base import _NumcodecsCodec, as_bytes
from terrazzo.dtype.base import FixedSize
from terrazzo.errors import ChecksumError, CorruptDataError, LimitExceededError
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import BytesLike

if TYPE_CHECKING:
    from terrazzo.codecs.blosc import BloscCodec
    from terrazzo.codecs.zstd import ZstdCodec

__all__ = [
    "BZ2",
    "CRC32",
    "CRC32C",
    "LZ4",
    "LZMA",
    "Adler32",
    "Blosc",
    "Fletcher32",
    "GZip",
    "JenkinsLookup3",
    "Shuffle",
    "Zlib",
    "Zstd",
    "_NumcodecsBytesBytesCodec",
]


class _NumcodecsBytesBytesCodec(_NumcodecsCodec, BytesBytesCodec):
    """A codec of numcodecs from bytes to bytes."""

    is_fixed_size = False
    decode_ns_per_byte = 2.0
    encode_ns_per_byte = 10.0

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        limit = current_options().limits.chunk_bytes
        most = (1 << 62) if limit is None else limit
        decoded = self._decode(chunk_data.as_buffer_like(), most)
        if decoded is None:
            raise LimitExceededError(
                f"{self.codec_name} decodes to more than {most} bytes", limit="chunk_bytes", value=most
            )
        return chunk_spec.prototype.buffer.from_bytes(decoded)

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        encoded = self._codec.encode(chunk_data.as_numpy_array())
        return chunk_spec.prototype.buffer.from_bytes(as_bytes(encoded))

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        decoded = self._decode(data, most)
        if decoded is None:
            raise CorruptDataError(f"the data decode to more than {most} bytes", stage=self.codec_name)
        return decoded

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        decoded = self.decode_at_most(data, size)
        if len(decoded) != size:
            raise CorruptDataError(f"the data decode to {len(decoded)} bytes, expected {size}", stage=self.codec_name)
        return decoded

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        """Decode; None when more than `most` bytes come out, as early as the format allows."""
        decoded = as_bytes(self._codec.decode(np.frombuffer(data, np.uint8)))
        return decoded if len(decoded) <= most else None


# -- with a codec of Zarr v3 that stores the same bytes


class _Deflate(_NumcodecsBytesBytesCodec):
    """What gzip and zlib share."""

    decode_ns_per_byte = DECODE_NS_PER_BYTE
    encode_ns_per_byte = ENCODE_NS_PER_BYTE

    container = GZIP

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        level = self._codec.level  # type: ignore[attr-defined] # as numcodecs read it from the configuration
        encoded = compress(chunk_data.as_buffer_like(), 6 if level == -1 else level, self.container)
        return chunk_spec.prototype.buffer.from_bytes(encoded)

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        return inflate_sized(data, size, self.container)

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        return inflate(data, most, self.container)


class GZip(_Deflate, codec_name="gzip"):
    """Deflate with the header of gzip; ``level`` from 0 to 9, 1 by default.

    Equal data give equal bytes: unlike numcodecs, no time is in the header.
    """


class Zlib(_Deflate, codec_name="zlib"):
    """Deflate with the header of zlib; ``level`` from 0 to 9, 1 by default."""

    container = ZLIB


class Zstd(_NumcodecsBytesBytesCodec, codec_name="zstd"):
    """Zstandard; ``level`` 0 and ``checksum`` false by default."""

    decode_ns_per_byte = 0.8
    encode_ns_per_byte = 4.0

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        return _native_zstd().decode_sized(data, size)

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        return _native_zstd().decode_at_most(data, most)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return _native_zstd()._decode_sync(chunk_data, chunk_spec)


class Blosc(_NumcodecsBytesBytesCodec, codec_name="blosc"):
    """Blosc 1; by default ``cname`` lz4, ``clevel`` 5, ``shuffle`` 1 (bytes), ``blocksize`` 0 (automatic)."""

    decode_ns_per_byte = 0.3
    encode_ns_per_byte = 0.8

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        return _native_blosc().decode_sized(data, size)

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        return _native_blosc().decode_at_most(data, most)

    def decode_into(self, data: BytesLike, out: memoryview) -> None:
        """Fill `out` exactly."""
        _native_blosc().decode_into(data, out)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return _native_blosc()._decode_sync(chunk_data, chunk_spec)

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        # The library shuffles elements of the buffer's data type: of bytes there would be nothing to shuffle.
        data = chunk_data.as_numpy_array()
        dtype = chunk_spec.dtype
        item_size = dtype.item_size if isinstance(dtype, FixedSize) else 1
        if item_size > 1 and data.size % item_size == 0:
            data = data.view(f"V{item_size}")
        return chunk_spec.prototype.buffer.from_bytes(as_bytes(self._codec.encode(data)))


# -- with a decoder that stops early


class BZ2(_NumcodecsBytesBytesCodec, codec_name="bz2"):
    """Burrows and Wheeler's; ``level`` from 1 to 9, 1 by default."""

    decode_ns_per_byte = 30.0
    encode_ns_per_byte = 80.0

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        return _decompress(bz2.BZ2Decompressor, data, most, self.codec_name)


class LZMA(_NumcodecsBytesBytesCodec, codec_name="lzma"):
    """The algorithm of xz; ``format``, ``check``, ``preset``, ``filters`` are those of Python's module."""

    decode_ns_per_byte = 10.0
    encode_ns_per_byte = 300.0

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        codec: Any = self._codec
        form = codec.format
        raw = form == lzma.FORMAT_RAW
        # The format is in the header of what is not raw; numcodecs reads only what has the configured one.
        return _decompress(
            lambda: lzma.LZMADecompressor(form, filters=codec.filters if raw else None), data, most, self.codec_name
        )


def _decompress(make: Any, data: BytesLike, most: int, name: str) -> bytes | None:
    """Run a decompressor of the standard library over streams one after another."""
    parts: list[bytes] = []
    room = most
    rest: BytesLike = data
    while True:
        stream = make()
        try:
            part = stream.decompress(rest, max_length=room + 1)
            while not stream.eof and not stream.needs_input and len(part) <= room:
                part += stream.decompress(b"", max_length=room + 1 - len(part))
        except (OSError, ValueError, EOFError, lzma.LZMAError) as error:
            if parts and name == BZ2.codec_name:
                break  # what follows the last stream is not one: numcodecs passes it over
            raise CorruptDataError(f"not a {name} stream: {error}", stage=name) from error
        if len(part) > room:
            return None
        if not stream.eof:
            raise CorruptDataError(f"the stream is cut short: {len(data)} bytes stored", stage=name)
        parts.append(part)
        room -= len(part)
        rest = stream.unused_data
        if not rest:
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


# -- with a declared size


class LZ4(_NumcodecsBytesBytesCodec, codec_name="lz4"):
    """A block of LZ4 after its decoded size; ``acceleration`` 1 by default."""

    decode_ns_per_byte = 0.5
    encode_ns_per_byte = 1.5

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        declared = int.from_bytes(memoryview(data)[:4], "little")
        if declared > most:
            return None
        if declared > max(len(data) - 4, 0) * MOST_FROM_ONE_LZ4_BYTE:
            raise CorruptDataError(f"{len(data)} bytes cannot decode to {declared}", stage=self.codec_name)
        return super()._decode(data, most)


MOST_FROM_ONE_LZ4_BYTE = 255
"""No block decodes to more than this many bytes per byte."""


# -- with a size that follows from the stored one


class Shuffle(_NumcodecsBytesBytesCodec, codec_name="shuffle"):
    """Bytes of equal significance grouped together; ``elementsize`` in bytes, by default that of the data type."""

    is_fixed_size = True
    decode_ns_per_byte = 1.0
    encode_ns_per_byte = 1.0

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Any:
        dtype = array_spec.dtype
        if self.codec_config.get("elementsize") or not isinstance(dtype, FixedSize):
            return self
        return type(self)(**{**self._members(), "elementsize": dtype.item_size})

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return input_byte_length


class _Checksum(_NumcodecsBytesBytesCodec):
    """Four bytes that make damage noticed."""

    is_fixed_size = True
    decode_ns_per_byte = 0.5
    encode_ns_per_byte = 0.5

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return input_byte_length + CHECKSUM_SIZE

    def _decode(self, data: BytesLike, most: int) -> BytesLike | None:
        if len(data) < CHECKSUM_SIZE:
            raise CorruptDataError(f"{len(data)} bytes are too few for a checksum", stage=self.codec_name)
        try:
            return super()._decode(data, most)
        except (RuntimeError, ValueError) as error:
            raise ChecksumError(f"the checksum does not match: {error}", stage=self.codec_name) from error


CHECKSUM_SIZE = 4


class CRC32(_Checksum, codec_name="crc32"):
    """The checksum of zip; ``location`` ``start`` by default."""


class CRC32C(_Checksum, codec_name="crc32c"):
    """Castagnoli's checksum; ``location`` ``end`` by default."""


class Adler32(_Checksum, codec_name="adler32"):
    """The checksum of zlib; ``location`` ``start`` by default."""


class Fletcher32(_Checksum, codec_name="fletcher32"):
    """The checksum of HDF5, after the data."""


class JenkinsLookup3(_Checksum, codec_name="jenkins_lookup3"):
    """Bob Jenkins' hash, after the data; ``initval`` 0 and ``prefix`` none by default."""


@cache
def _native_zstd() -> ZstdCodec:
    from terrazzo.codecs.zstd import ZstdCodec  # its library is imported when data come

    return ZstdCodec()


@cache
def _native_blosc() -> BloscCodec:
    from terrazzo.codecs.blosc import BloscCodec  # it imports numcodecs

    return BloscCodec()
