"""What a prepared chain makes of damage, of limits, and of codecs that do not keep their word."""

import numpy as np
import pytest

from terrazzo.buffer import cpu
from terrazzo.codecs import BloscCodec, Crc32cCodec, GzipCodec, ZstdCodec
from terrazzo.errors import ChecksumError, CorruptDataError, InvalidKeyError, LimitExceededError
from terrazzo.pipeline.lane import lane_into
from terrazzo.runtime import run_inline
from terrazzo.settings import config
from tests.helpers import AsyncNegate, AsyncText, SyncFlip
from tests.pipeline.test_prepared import (
    ALL,
    CHAINS,
    LITTLE,
    SWAP,
    decode,
    each_chain,
    encode,
    place,
    prepare,
    reader,
    run,
)


@pytest.fixture
def array():
    return np.arange(24, dtype="int32").reshape(4, 6) - 5


@pytest.mark.parametrize("name", [name for name in CHAINS if name != "foreign serializer"])
def test_CH_06_CH_07_chunks_of_another_shape_are_refused(name):
    chain = prepare(*CHAINS[name])
    for shape in ((4, 5), (4, 7)):
        other = prepare(*CHAINS[name], shape=shape)
        stored = encode(other, np.zeros(shape, dtype="int32"))
        with pytest.raises(CorruptDataError):
            decode(chain, stored)
        with pytest.raises(CorruptDataError):
            place(chain, stored, np.zeros((4, 6), dtype="int32"))


@each_chain
def test_CH_03_no_bytes_are_no_chunk(codecs):
    with pytest.raises(CorruptDataError):
        decode(prepare(*codecs), b"")


@pytest.mark.parametrize(
    ("codecs", "stage"),
    [
        ((LITTLE, GzipCodec()), "gzip"),
        ((LITTLE, ZstdCodec(checksum=True)), "zstd"),
        ((LITTLE, BloscCodec()), "blosc"),
        ((LITTLE, Crc32cCodec()), "crc32c"),
        ((LITTLE, GzipCodec(), Crc32cCodec()), "crc32c"),
        ((LITTLE, Crc32cCodec(), ZstdCodec(checksum=True)), "zstd"),
    ],
)
def test_the_codec_that_notices_is_named(codecs, stage, array):
    chain = prepare(*codecs)
    stored = bytearray(encode(chain, array))
    stored[0] ^= 0xFF
    with pytest.raises(CorruptDataError) as caught:
        decode(chain, stored)
    assert caught.value.stage == stage
    assert isinstance(caught.value, ChecksumError) == (stage == "crc32c")


class Failing(SyncFlip):
    """Raises what it is told to."""

    name = "test.failing"
    error = None

    def _decode_sync(self, chunk_data, chunk_spec):
        raise self.error

    _encode_sync = _decode_sync


class FailingArray(AsyncNegate):
    name = "test.failing_array"
    error = None

    async def _decode_single(self, chunk_data, chunk_spec):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        AssertionError(),
        IndexError("i"),
        RuntimeError("r"),
        EOFError(),
        OverflowError("o"),
        ValueError("v" * 9999),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_codec_raises_becomes_one_error(error, monkeypatch):
    monkeypatch.setattr(Failing, "error", error)
    monkeypatch.setattr(FailingArray, "error", error)
    for codecs, stage in (((LITTLE, Failing()), "test.failing"), ((FailingArray(), LITTLE), "test.failing_array")):
        with pytest.raises(CorruptDataError, match=type(error).__name__) as caught:
            decode(prepare(*codecs), bytes(96))
        assert caught.value.stage == stage
        assert caught.value.__cause__ is error
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize("error", [MemoryError(), InvalidKeyError("k"), LimitExceededError("l"), KeyboardInterrupt()])
def test_errors_that_are_not_about_the_data_pass(error, monkeypatch):
    monkeypatch.setattr(Failing, "error", error)
    with pytest.raises(type(error)) as caught:
        decode(prepare(LITTLE, Failing()), bytes(96))
    assert caught.value is error


def test_an_error_in_encoding_keeps_its_class_and_names_the_codec(monkeypatch, array):
    monkeypatch.setattr(Failing, "error", OverflowError("too much"))
    with pytest.raises(OverflowError) as caught:
        encode(prepare(LITTLE, Failing()), array)
    assert "codec 'test.failing', encoding" in caught.value.__notes__


class Reshaping(AsyncNegate):
    async def _decode_single(self, chunk_data, chunk_spec):
        return chunk_data.reshape(-1)


def test_a_codec_that_gives_another_shape_is_found_out():
    with pytest.raises(CorruptDataError, match=r"shape \(24,\) decoded, expected \(4, 6\)"):
        decode(prepare(Reshaping(), LITTLE), bytes(96))


class Growing(SyncFlip):
    """Says that sizes stay the same, and lies."""

    def _decode_sync(self, chunk_data, chunk_spec):
        return chunk_data + chunk_data


def test_a_codec_that_gives_another_size_than_it_says_is_found_out():
    with pytest.raises(CorruptDataError, match="192 bytes decoded, expected 96"):
        decode(prepare(LITTLE, Growing()), bytes(96))


class Doubling(SyncFlip):
    """Of no fixed size, and gives twice what it should."""

    name = "test.doubling"
    is_fixed_size = False

    def _decode_sync(self, chunk_data, chunk_spec):
        return chunk_data + chunk_data


def test_a_codec_of_no_fixed_size_is_checked_too():
    with pytest.raises(CorruptDataError, match="192 bytes decoded, expected 96") as caught:
        decode(prepare(LITTLE, Doubling(), Doubling()), bytes(48))
    assert caught.value.stage == "test.doubling"


class SyncText(AsyncText):
    """The same without waiting."""

    name = "test.sync_text"

    def _encode_sync(self, chunk_data, chunk_spec):
        return chunk_spec.prototype.buffer.from_bytes(b" ".join(b"%d" % n for n in chunk_data.as_numpy_array().flat))

    def _decode_sync(self, chunk_data, chunk_spec):
        array = np.array(chunk_data.to_bytes().split(), dtype="int32").reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    async def _decode_single(self, chunk_data, chunk_spec):
        return self._decode_sync(chunk_data, chunk_spec)

    async def _encode_single(self, chunk_data, chunk_spec):
        return self._encode_sync(chunk_data, chunk_spec)


def test_a_serializer_of_others_is_run_where_that_is_fastest(array):
    chain = prepare(SWAP, SyncText(), GzipCodec())
    assert chain.inline
    assert np.array_equal(decode(chain, encode(chain, array)), array)
    with pytest.raises(CorruptDataError) as caught:
        decode(prepare(SyncText()), b"1 2 x")
    assert caught.value.stage == "test.sync_text"


class Dropping(SyncFlip):
    """Decides that nothing need be stored, and has no name."""

    def _encode_sync(self, chunk_data, chunk_spec):
        return None

    def to_dict(self):
        raise NotImplementedError


def test_a_codec_may_decide_that_nothing_need_be_stored(array):
    chain = prepare(LITTLE, Dropping(), GzipCodec())
    assert run(chain, chain.encode(cpu.NDBuffer.from_numpy_array(array))) is None


def test_a_codec_without_a_name_is_called_by_its_class():
    with pytest.raises(CorruptDataError) as caught:
        decode(prepare(LITTLE, GzipCodec(), Dropping()), bytes(96))
    assert caught.value.stage == "gzip"
    Dropping._decode_sync = None
    with pytest.raises(CorruptDataError) as caught:
        decode(prepare(LITTLE, Dropping()), bytes(96))
    assert caught.value.stage == "Dropping"


def test_MD_05_a_chunk_beyond_the_limit_is_not_made(array):
    raw, packed = prepare(LITTLE), prepare(LITTLE, BloscCodec())
    stored = encode(packed, array)
    out = np.zeros((4, 6), dtype="int32")
    with config.set({"limits.chunk_bytes": 95}):
        for attempt in (
            lambda: decode(raw, array.tobytes()),
            lambda: place(packed, stored, out),
            lambda: run_inline(raw.read_raw(reader(bytes(96)), cpu.NDBuffer(out), ALL, ALL)),
            lambda: lane_into(cpu.NDBuffer(out), packed),
        ):
            with pytest.raises(LimitExceededError) as caught:
                attempt()
            assert (caught.value.limit, caught.value.value) == ("chunk_bytes", 96)
    with config.set({"limits.chunk_bytes": 96}):
        assert np.array_equal(decode(raw, array.tobytes()), array)
