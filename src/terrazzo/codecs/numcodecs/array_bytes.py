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

    def _decode(self, data: bytes, dtype: np.dtype[Any], count: int) -> Any:
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
