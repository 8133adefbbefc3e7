"""The codecs of numcodecs from array to bytes, each of a package of its own."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.numcodecs.base import _NumcodecsCodec, as_bytes, as_elements
from terrazzo.errors import CorruptDataError
from terrazzo.spec import ArraySpec

__all__ = ["ZFPY", "PCodec", "_NumcodecsArrayBytesCodec"]


class _NumcodecsArrayBytesCodec(_NumcodecsCodec, ArrayBytesCodec):
    """A codec of numcodecs from array to bytes."""

    is_fixed_size = False
    decode_ns_per_byte = 2.0
    encode_ns_per_byte = 10.0

    def estimated_size(self, chunk_spec: ArraySpec) -> int | None:
        dtype = chunk_spec.dtype.to_native_dtype()
        return None if dtype.hasobject else math.prod(chunk_spec.shape) * int(dtype.itemsize)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        dtype = chunk_spec.dtype.to_native_dtype()
        array = np.ascontiguousarray(chunk_data.as_numpy_array(), dtype=dtype.newbyteorder("="))
        encoded = as_bytes(self._codec.encode(array.reshape(chunk_spec.shape)))
        return chunk_spec.prototype.buffer.from_bytes(encoded)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        dtype = chunk_spec.dtype.to_native_dtype().newbyteorder("=")
        elements = self._decode(chunk_data.to_bytes(), dtype, math.prod(chunk_spec.shape))
        array: Any = elements.reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(array)

    def _decode(self, data: Any, dtype: np.dtype[Any], count: int) -> Any:
        """Decode to `count` elements in one dimension."""
        elements = as_elements(self._codec.decode(data), dtype)
        if elements.size != count:
            raise CorruptDataError(f"{elements.size} elements decoded, expected {count}", stage=self.codec_name)
        return elements


class PCodec(_NumcodecsArrayBytesCodec, codec_name="pcodec"):
    """Numbers of 16, 32 or 64 bits, by the package ``pcodec``; ``level`` 8 by default."""

    def _decode(self, data: bytes, dtype: np.dtype[Any], count: int) -> Any:
        self.check_usable()
        elements = np.empty(count, dtype)
        progress = importlib.import_module("pcodec").standalone.simple_decompress_into(data, elements)
        if progress.n_processed != count or not progress.finished:
            raise CorruptDataError(f"the data do not decode to {count} elements of {dtype}", stage=self.codec_name)
        return elements


class ZFPY(_NumcodecsArrayBytesCodec, codec_name="zfpy"):
    """zfp with its header, by the package ``zfpy``; ``mode``, ``tolerance``, ``rate``, ``precision``."""

    def _decode(self, data: bytes, dtype: np.dtype[Any], count: int) -> Any:
        self.check_usable()
        padded = padded_zfp(data, count)
        return as_elements(importlib.import_module("zfpy").decompress_numpy(padded), dtype)


ZFP_HEADER_SIZE = 12
"""bytes: ``zfp`` and the version, 52 bits of type, number of dimensions and lengths, 12 bits of the mode"""

ZFP_BITS_OF_A_LENGTH = (48, 24, 16, 12)
"""of each of as many dimensions, from one to four"""

ZFP_EXPERT = 0xFFF
"""The mode of streams with parameters of their own, of which a block takes up to 2^15 bits."""


def padded_zfp(data: bytes, count: int) -> Any:
    """A stream of zfp whose header declares `count` elements, with zeros behind it.

    The library trusts the header, and reads as far as damaged data lead it: by block of four elements along each axis
    not beyond the bits that the mode allows. Zeros take no memory until they are read.

    Raises
    ------
    CorruptDataError
        The header declares another number of elements, or is none.

    Specification: zfp 1.0, "zfp_write_header" and "zfp_stream_mode".
    """
    if len(data) < ZFP_HEADER_SIZE or not data.startswith(b"zfp"):
        raise CorruptDataError(f"{len(data)} bytes that are no stream of zfp", stage=ZFPY.codec_name)
    header = int.from_bytes(data[4:ZFP_HEADER_SIZE], "little")
    ndim, mode = (header >> 2 & 3) + 1, header >> 52
    bits = ZFP_BITS_OF_A_LENGTH[ndim - 1]
    lengths = [(header >> 4 + bits * axis & (1 << bits) - 1) + 1 for axis in range(ndim)]
    if math.prod(lengths) != count:
        raise CorruptDataError(f"the header declares {math.prod(lengths)} elements, not {count}", stage=ZFPY.codec_name)
    # Below 2048 the mode is the number of bits less one; above, all planes of a block are read at most.
    most_bits = mode + 1 if mode < 2048 else 1 << 15 if mode == ZFP_EXPERT else 66 * 4**ndim + 64
    blocks = math.prod(-(-length // 4) for length in lengths)
    padded = np.zeros(len(data) + (blocks + 1) * (most_bits // 8 + 8), np.uint8)
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    return padded
