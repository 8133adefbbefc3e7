"""The codec that zarr-python gives arrays of format 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.buffer import Buffer, NDBuffer
from terrazzo.spec import ArraySpec

__all__ = ["V2Codec"]


@dataclass(frozen=True)
class V2Codec(ArrayBytesCodec):
    """Filters and a compressor of numcodecs around elements as they lie in memory.

    Parameters
    ----------
    filters
        Codecs of numcodecs in the order in which they encode, or None.
    compressor
        A codec of numcodecs, or None.
    """

    filters: tuple[Any, ...] | None
    compressor: Any | None

    is_fixed_size = False

    def compute_encoded_size(self, _input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        raise NotImplementedError("how well a chunk compresses is not known beforehand")

    def _encode_sync(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        native = chunk_spec.dtype.to_native_dtype()
        stored = np.dtype(object) if native.kind == "T" else native  # what codecs for text of any length take
        chunk: Any = chunk_array.as_numpy_array().astype(stored, order=chunk_spec.order)
        for codec in self.filters or ():
            chunk = codec.encode(chunk)
        if self.compressor is not None:
            chunk = self.compressor.encode(_contiguous(chunk))
        return chunk_spec.prototype.buffer.from_bytes(_contiguous_bytes(chunk))

    def _decode_sync(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        chunk: Any = chunk_bytes.to_bytes()
        if self.compressor is not None:
            chunk = self.compressor.decode(chunk)
        for codec in reversed(self.filters or ()):
            chunk = codec.decode(chunk)
        dtype = chunk_spec.dtype.to_native_dtype()
        array = chunk if isinstance(chunk, np.ndarray) else np.frombuffer(chunk, dtype="u1")
        if array.dtype != dtype:
            array = array.astype(dtype) if array.dtype.hasobject else array.reshape(-1).view(dtype)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array.reshape(chunk_spec.shape, order=chunk_spec.order))

    async def _encode_single(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        return self._encode_sync(chunk_array, chunk_spec)

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        return self._decode_sync(chunk_bytes, chunk_spec)


def _contiguous(chunk: Any) -> Any:
    """Elements in memory order: codecs of numcodecs take arrays in either, and bytes."""
    if isinstance(chunk, np.ndarray) and not (chunk.flags.c_contiguous or chunk.flags.f_contiguous):
        return np.ascontiguousarray(chunk)
    return chunk


def _contiguous_bytes(chunk: Any) -> bytes:
    return chunk.tobytes(order="A") if isinstance(chunk, np.ndarray) else bytes(chunk)
