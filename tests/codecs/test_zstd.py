import struct

import numcodecs
import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs import ZstdCodec
from terrazzo.codecs.zstd import parse_checksum, parse_zstd_level
from terrazzo.errors import ChecksumError, CorruptDataError, LimitExceededError, MetadataValidationError
from terrazzo.settings import config
from tests.helpers import buffer_of, spec_of

DATA = bytes(range(256)) * 40


def encode(data, **configuration):
    return ZstdCodec(**configuration)._encode_sync(buffer_of(data), spec_of()).to_bytes()


def decode(data):
    return ZstdCodec()._decode_sync(buffer_of(data), spec_of()).to_bytes()


def without_size(data, **kwargs):
    """A frame that does not say how many bytes it holds, as streaming writers leave it."""
    writer = zstandard.ZstdCompressor(**kwargs).compressobj()
    return writer.compress(data) + writer.flush()


@given(st.binary(max_size=200), st.integers(-10, 10), st.booleans())
def test_data_come_back(data, level, checksum):
    stored = encode(data, level=level, checksum=checksum)
    assert decode(stored) == data
    assert bytes(ZstdCodec().decode_sized(memoryview(stored), len(data))) == data
    assert zstandard.ZstdDecompressor().decompress(stored) == data
    assert not data or bytes(numcodecs.Zstd().decode(stored)) == data


def test_a_frame_says_its_size_and_carries_a_checksum_when_asked():
    plain, checked = encode(DATA), encode(DATA, checksum=True)
    assert zstandard.frame_content_size(plain) == zstandard.frame_content_size(checked) == len(DATA)
    assert len(checked) == len(plain) + 4
    assert zstandard.get_frame_parameters(checked).has_checksum
    assert not zstandard.get_frame_parameters(plain).has_checksum


def test_level_0_is_the_default_of_the_library():
    assert encode(DATA, level=0) == encode(DATA, level=3)


@pytest.mark.parametrize("level", [-131072, -1, 22])
def test_levels_reach_far(level):
    assert decode(encode(DATA, level=level)) == DATA


@pytest.mark.parametrize("size", [0, 1, 3, 1023, 1024, 1025, 300_000])
def test_frames_without_a_size_are_read(size):
    data = (DATA * 40)[:size]
    stored = without_size(data)
    assert not size or zstandard.frame_content_size(stored) == -1
    assert decode(stored) == bytes(ZstdCodec().decode_sized(stored, size)) == data


@pytest.mark.parametrize("first", [encode, without_size], ids=["with size", "without size"])
@pytest.mark.parametrize("second", [encode, without_size], ids=["with size", "without size"])
def test_several_frames_are_one_stream(first, second):
    stored = first(b"abc" * 1000) + second(b"") + second(b"defg")
    expected = b"abc" * 1000 + b"defg"
    assert decode(stored) == bytes(ZstdCodec().decode_sized(stored, len(expected))) == expected


def test_a_frame_that_is_to_be_skipped_is():
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    for stored in (skippable + encode(b"abc"), encode(b"abc") + skippable):
        assert decode(stored) == bytes(ZstdCodec().decode_sized(stored, 3)) == b"abc"


@pytest.mark.parametrize("writer", [encode, without_size])
@pytest.mark.parametrize("size", [0, 9, 11])
def test_CH_06_CH_07_another_size_than_expected_is_refused(writer, size):
    with pytest.raises(CorruptDataError, match=f"{size}") as caught:
        ZstdCodec().decode_sized(writer(b"0123456789"), size)
    assert caught.value.stage == "zstd"


def test_a_second_frame_is_not_overlooked():
    with pytest.raises(CorruptDataError, match="more than 4 bytes"):
        ZstdCodec().decode_sized(encode(b"abcd") * 2, 4)


@pytest.mark.parametrize("writer", [encode, without_size])
@pytest.mark.parametrize("kept", [0, 1, 4, 5, 8, -1])
def test_CH_05_a_frame_cut_short_is_refused(writer, kept):
    stored = writer(DATA)[:kept]
    for attempt in (lambda: decode(stored), lambda: ZstdCodec().decode_sized(stored, len(DATA))):
        with pytest.raises(CorruptDataError) as caught:
            attempt()
        assert caught.value.stage == "zstd"


@pytest.mark.parametrize("stored", [b"no frame at all", bytes(100), encode(DATA) + b"garbage", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_frame_is_refused(stored):
    for attempt in (lambda: decode(stored), lambda: ZstdCodec().decode_sized(stored, len(DATA))):
        with pytest.raises(CorruptDataError):
            attempt()


@given(st.data())
def test_CH_08_with_a_checksum_no_flip_of_a_bit_gives_other_data(data):
    stored = bytearray(encode(DATA[:1000], checksum=True))
    position = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[position // 8] ^= 1 << position % 8
    try:
        assert bytes(ZstdCodec().decode_sized(bytes(stored), 1000)) == DATA[:1000]
    except CorruptDataError as error:
        assert error.stage == "zstd"  # noqa: PT017 - either outcome is right


def test_a_checksum_that_does_not_match_is_called_one():
    stored = bytearray(encode(DATA, checksum=True))
    stored[-1] ^= 1
    for attempt in (lambda: decode(bytes(stored)), lambda: ZstdCodec().decode_sized(bytes(stored), len(DATA))):
        with pytest.raises(ChecksumError):
            attempt()


def test_a_size_that_no_frame_could_keep_is_refused_before_memory_is_taken():
    huge = zstandard.ZstdCompressor().compressobj(size=1 << 40)
    stored = huge.compress(b"abc") + huge.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    assert zstandard.frame_content_size(stored) == 1 << 40
    with pytest.raises(CorruptDataError):
        ZstdCodec().decode_sized(stored, 1 << 40)


def test_what_comes_out_is_limited():
    stored = encode(bytes(100_000))
    with config.set({"limits.chunk_bytes": 99_999}), pytest.raises(LimitExceededError) as caught:
        decode(stored)
    assert caught.value.limit == "chunk_bytes"
    with config.set({"limits.chunk_bytes": None}):
        assert decode(stored) == bytes(100_000)


def test_CH_07_what_comes_out_of_a_codec_behind_another_is_bounded():
    stored = encode(bytes(1000))
    assert bytes(ZstdCodec().decode_at_most(memoryview(stored), 1000)) == bytes(1000)
    assert bytes(ZstdCodec().decode_at_most(stored, 5000)) == bytes(1000)
    with pytest.raises(CorruptDataError, match="more than 999") as caught:
        ZstdCodec().decode_at_most(stored, 999)
    assert caught.value.stage == "zstd"


# -- JSON


def test_json():
    document = {"name": "zstd", "configuration": {"level": -3, "checksum": True}}
    assert ZstdCodec.from_dict(document) == ZstdCodec(level=-3, checksum=True)
    assert ZstdCodec(level=-3, checksum=True).to_dict() == document
    for data in ("zstd", {"name": "zstd"}, {"name": "zstd", "configuration": {}}):
        assert ZstdCodec.from_dict(data) == ZstdCodec()
    assert ZstdCodec().to_dict() == {"name": "zstd", "configuration": {"level": 0, "checksum": False}}
    assert ZstdCodec.from_dict({"name": "zstd", "configuration": {"level": 5}}) == ZstdCodec(level=5)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("level", 23),
        ("level", -131073),
        ("level", 1.0),
        ("level", "3"),
        ("level", True),
        ("level", None),
        ("checksum", 1),
        ("checksum", "true"),
        ("checksum", None),
        ("window", 1),
    ],
)
def test_other_parameters_are_refused(member, value):
    with pytest.raises(MetadataValidationError) as caught:
        ZstdCodec.from_dict({"name": "zstd", "configuration": {member: value}})
    assert caught.value.field == f"configuration.{member}"


def test_the_size_depends_on_the_data():
    assert not ZstdCodec.is_fixed_size
    with pytest.raises(NotImplementedError):
        ZstdCodec().compute_encoded_size(10, spec_of())


def decode_many(frames, size):
    """Decode frames in one call, after a byte that belongs to none."""
    ends = np.cumsum([1, *map(len, frames)])
    spans = np.stack((ends[:-1], np.diff(ends)), axis=1)
    return ZstdCodec().decode_many(b"?" + b"".join(frames), spans, size)


@given(
    st.lists(st.binary(min_size=100, max_size=100), min_size=1, max_size=4),
    st.integers(-10, 10),
    st.booleans(),
    st.sampled_from((encode, without_size)),
)
def test_many_frames_of_one_size_are_decoded_in_one_call(chunks, level, checksum, writer):
    name = "checksum" if writer is encode else "write_checksum"
    assert decode_many([writer(data, level=level, **{name: checksum}) for data in chunks], 100) == b"".join(chunks)


@pytest.mark.parametrize("byte", [0, 7])
def test_a_frame_that_repeats_one_byte_is_decoded_with_many(byte):
    data = bytes([byte]) * 20_000
    assert decode_many([encode(data), encode(data[::-1])], 20_000) == data * 2


def test_frames_are_decoded_one_by_one_where_something_follows_one_of_them():
    """The library takes no notice of it."""
    good, other = encode(DATA), encode(DATA, checksum=True)
    assert decode_many([good, other], len(DATA)) == DATA * 2
    skippable = struct.pack("<II", 0x184D2A50, 3) + b"abc"
    for bad in (
        good + b"x",
        other + bytes(4),
        good + other,
        skippable + good,
        good + skippable,
        good[:-1],
        good[:4],
        b"",
    ):
        assert decode_many([good, bad], len(DATA)) is None
    blocks = encode(np.random.default_rng(3).bytes(1 << 18))
    assert decode_many([blocks], 1 << 18) is None


def test_a_parameter_alone_is_parsed_as_in_a_document():
    assert parse_zstd_level(-7) == -7
    assert parse_checksum(True) is True
    with pytest.raises(MetadataValidationError, match="to 22"):
        parse_zstd_level(23)
    with pytest.raises(MetadataValidationError, match="true or false"):
        parse_checksum(1)
