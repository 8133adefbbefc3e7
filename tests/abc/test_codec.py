import asyncio
import threading

import numpy as np
import pytest

from terrazzo.abc.codec import (
    ArrayArrayCodec,
    ArrayBytesCodec,
    ArrayBytesCodecPartialDecodeMixin,
    ArrayBytesCodecPartialEncodeMixin,
    BytesBytesCodec,
    CodecPipeline,
    is_inline_codec,
)
from terrazzo.buffer.cpu import Buffer, numpy_buffer_prototype
from terrazzo.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.dtype import UInt8
from terrazzo.runtime import run_inline, run_on_loop
from terrazzo.spec import ArrayConfig, ArraySpec

SPEC = ArraySpec(
    shape=(3,),
    dtype=UInt8(),
    fill_value=np.uint8(0),
    config=ArrayConfig(order="C", write_empty_chunks=False),
    prototype=numpy_buffer_prototype(),
)


def buffer(data):
    return Buffer.from_bytes(data)


class Reversed(BytesBytesCodec):
    """A codec with the synchronous methods; it remembers on which threads it ran."""

    is_fixed_size = True

    def __init__(self):
        object.__setattr__(self, "threads", set())

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def _decode_sync(self, chunk_data, chunk_spec):
        self.threads.add(threading.current_thread())
        return buffer(chunk_data.to_bytes()[::-1])

    def _encode_sync(self, chunk_data, chunk_spec):
        return self._decode_sync(chunk_data, chunk_spec)


class Waiting(BytesBytesCodec):
    """A codec with the asynchronous methods alone, as a codec of somebody else may be."""

    is_fixed_size = True

    async def _decode_single(self, chunk_data, chunk_spec):
        await asyncio.sleep(0)
        return buffer(chunk_data.to_bytes()[::-1])

    async def _encode_single(self, chunk_data, chunk_spec):
        return await self._decode_single(chunk_data, chunk_spec)


class Changed(Reversed):
    """Overrides an asynchronous method alone: the synchronous one it inherits would not do the same."""

    async def _encode_single(self, chunk_data, chunk_spec):
        return buffer(b"changed")


class ChangedBack(Changed):
    def _encode_sync(self, chunk_data, chunk_spec):
        return buffer(b"changed")


@pytest.mark.parametrize("codec", [BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec])
def test_our_codecs_never_wait(codec):
    made = codec(order=(0,)) if codec is TransposeCodec else codec()
    assert is_inline_codec(made)


@pytest.mark.parametrize(
    ("codec", "inline"), [(Reversed, True), (Waiting, False), (Changed, False), (ChangedBack, True)]
)
def test_a_codec_waits_unless_its_synchronous_methods_are_the_ones_that_count(codec, inline):
    assert is_inline_codec(codec()) is inline
    assert is_inline_codec(codec()) is inline


def test_asynchronous_methods_follow_from_synchronous_ones():
    codec = Reversed()
    assert run_inline(codec._decode_single(buffer(b"abc"), SPEC)).to_bytes() == b"cba"
    assert run_inline(codec._encode_single(buffer(b"abc"), SPEC)).to_bytes() == b"cba"
    assert codec.threads == {threading.current_thread()}


def test_on_an_event_loop_a_synchronous_codec_runs_elsewhere():
    codec = Reversed()

    async def use():
        return await codec._decode_single(buffer(b"abc"), SPEC), await codec._encode_single(buffer(b"abc"), SPEC)

    decoded, encoded = asyncio.run(use())
    assert decoded.to_bytes() == encoded.to_bytes() == b"cba"
    assert threading.current_thread() not in codec.threads


@pytest.mark.parametrize("run", [run_inline, asyncio.run, lambda coroutine: run_on_loop(coroutine, 60)])
def test_many_chunks_keep_their_order_and_none_stays_none(run):
    codec = Reversed()
    chunks = [(buffer(bytes([number, 0])), SPEC) for number in range(30)]
    chunks[7] = (None, SPEC)
    for batch in (codec.decode, codec.encode):
        results = run(batch(iter(chunks)))
        assert [None if result is None else result.to_bytes() for result in results] == [
            None if number == 7 else bytes([0, number]) for number in range(30)
        ]
    assert run(codec.decode([])) == []


def test_a_codec_without_any_method_says_so():
    class Nothing(BytesBytesCodec):
        is_fixed_size = True

    for attempt in (Nothing()._decode_single, Nothing()._encode_single):
        with pytest.raises(NotImplementedError, match="Nothing has neither"):
            run_inline(attempt(buffer(b"x"), SPEC))
    with pytest.raises(NotImplementedError):
        Nothing().compute_encoded_size(1, SPEC)
    assert not is_inline_codec(Nothing())


def test_by_default_a_codec_depends_on_nothing_and_changes_nothing():
    codec = Reversed()
    assert codec.resolve_metadata(SPEC) is SPEC
    assert codec.evolve_from_array_spec(SPEC) is codec
    assert codec.validate(shape=(3,), dtype=UInt8(), chunk_grid=None) is None
    assert not ArrayArrayCodec.is_view


def test_codecs_of_three_kinds_are_told_apart():
    for codec, kind in ((TransposeCodec, ArrayArrayCodec), (BytesCodec, ArrayBytesCodec), (ZstdCodec, BytesBytesCodec)):
        assert issubclass(codec, kind)
        assert sum(issubclass(codec, other) for other in (ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec)) == 1


class Partial(ArrayBytesCodecPartialDecodeMixin, ArrayBytesCodecPartialEncodeMixin):
    def __init__(self):
        self.written = []

    async def _decode_partial_single(self, byte_getter, selection, chunk_spec):
        return byte_getter, selection

    async def _encode_partial_single(self, byte_setter, chunk_array, selection, chunk_spec):
        self.written.append((byte_setter, chunk_array, selection))


@pytest.mark.parametrize("run", [run_inline, asyncio.run])
def test_parts_of_many_chunks_are_read_and_written_one_by_one(run):
    codec = Partial()
    assert run(codec.decode_partial([("a", 1, SPEC), ("b", 2, SPEC)])) == [("a", 1), ("b", 2)]
    run(codec.encode_partial([("a", "x", 1, SPEC), ("b", "y", 2, SPEC)]))
    assert sorted(codec.written) == [("a", "x", 1), ("b", "y", 2)]


def test_a_mixin_alone_reads_and_writes_nothing():
    class Unfinished(ArrayBytesCodecPartialDecodeMixin, ArrayBytesCodecPartialEncodeMixin):
        pass

    with pytest.raises(NotImplementedError):
        run_inline(Unfinished().decode_partial([("a", 1, SPEC)]))
    with pytest.raises(NotImplementedError):
        run_inline(Unfinished().encode_partial([("a", "x", 1, SPEC)]))


def test_a_pipeline_is_made_from_codecs_unless_it_says_otherwise():
    with pytest.raises(NotImplementedError, match="from_codecs"):
        CodecPipeline.from_array_metadata_and_store(None, None)
