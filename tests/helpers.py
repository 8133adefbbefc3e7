"""What many tests need and nothing in terrazzo offers: specs in one line, and codecs as other packages write them."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec
from terrazzo.buffer import cpu
from terrazzo.dtype import parse_dtype
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec, parse_array_config


def spec_of(shape=(4,), dtype="uint8", *, fill_value=0, prototype=cpu.buffer_prototype, **config):
    """The spec of a chunk."""
    zdtype = parse_dtype(dtype, zarr_format=3)
    return ArraySpec(
        shape=shape,
        dtype=zdtype,
        fill_value=zdtype.cast_scalar(fill_value),
        config=parse_array_config(config, current_options()),
        prototype=prototype,
    )


def buffer_of(data):
    """A buffer of bytes, or of the memory of an array."""
    return cpu.Buffer.from_bytes(data if isinstance(data, (bytes, bytearray)) else np.ascontiguousarray(data).tobytes())


def chunks_of(shape, chunks):
    """Key and region of every chunk of an array, by arithmetic that nobody can get wrong."""
    for coords in itertools.product(*(range(-(-length // size)) for length, size in zip(shape, chunks, strict=True))):
        region = tuple(slice(c * size, (c + 1) * size) for c, size in zip(coords, chunks, strict=True))
        yield "/".join(["c", *map(str, coords)]), region


def on_a_loop(coroutine):
    """Run a coroutine on an event loop of its own."""
    return asyncio.run(coroutine)


class FromJSON:
    """Codecs without a configuration."""

    name = ""

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": self.name}


class SyncFlip(FromJSON, BytesBytesCodec):
    """Inverts every bit; has only the methods that need no event loop."""

    name = "test.sync_flip"
    is_fixed_size = True

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def _encode_sync(self, chunk_data, chunk_spec):
        return chunk_spec.prototype.buffer.from_array_like(~chunk_data.as_numpy_array())

    _decode_sync = _encode_sync


class AsyncFlip(FromJSON, BytesBytesCodec):
    """Inverts every bit; has only the methods that need an event loop, and waits in them."""

    name = "test.async_flip"
    is_fixed_size = True

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    async def _encode_single(self, chunk_data, chunk_spec):
        await asyncio.sleep(0)
        return chunk_spec.prototype.buffer.from_array_like(~chunk_data.as_numpy_array())

    _decode_single = _encode_single


class AsyncNegate(FromJSON, ArrayArrayCodec):
    """Negates every element, and waits."""

    name = "test.async_negate"
    is_fixed_size = True

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    async def _encode_single(self, chunk_data, chunk_spec):
        await asyncio.sleep(0)
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(-chunk_data.as_numpy_array())

    _decode_single = _encode_single


class AsyncText(FromJSON, ArrayBytesCodec):
    """Stores integers as decimal text, and waits: an array→bytes codec whose size depends on the data."""

    name = "test.async_text"
    is_fixed_size = False

    async def _encode_single(self, chunk_data, chunk_spec):
        await asyncio.sleep(0)
        numbers = chunk_data.as_numpy_array().reshape(-1).tolist()
        return chunk_spec.prototype.buffer.from_bytes(" ".join(map(str, numbers)).encode())

    async def _decode_single(self, chunk_data, chunk_spec):
        await asyncio.sleep(0)
        numbers = [int(word) for word in chunk_data.to_bytes().split()]
        array = np.array(numbers, dtype=chunk_spec.dtype.to_native_dtype()).reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)
