import struct

import numcodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import BloscCname, BloscCodec, BloscShuffle, blosc
from terrazzo.codecs.blosc import (
    BloscConfigV2,
    BloscConfigV3,
    BloscJSON_V3,
    parse_blocksize,
    parse_clevel,
    parse_typesize,
)
from terrazzo.errors import CorruptDataError, LimitExceededError, MetadataValidationError
from terrazzo.settings import config
from tests.helpers import buffer_of, spec_of

DATA = np.arange(5000, dtype="<i4").tobytes()
AVAILABLE = [name for name in blosc.BLOSC_CNAME if name in numcodecs.blosc.list_compressors()]


def encode(data, dtype="uint8", **configuration):
    spec = spec_of(dtype=dtype)
    codec = BloscCodec(**configuration).evolve_from_array_spec(spec)
    return codec._encode_sync(buffer_of(data), spec).to_bytes()


def decode(data):
    return BloscCodec()._decode_sync(buffer_of(data), spec_of()).to_bytes()


def decode_into(data, size):
    out = bytearray(size)
    BloscCodec().decode_into(data, memoryview(out))
    return bytes(out)


WAYS = [
    decode,
    lambda stored: decode_into(stored, len(DATA)),
    lambda stored: BloscCodec().decode_sized(stored, len(DATA)),
]
each_way = pytest.mark.parametrize("way", WAYS, ids=["decode", "decode_into", "decode_sized"])


@given(
    st.binary(max_size=300),
    st.sampled_from(AVAILABLE),
    st.integers(0, 9),
    st.sampled_from(blosc.BLOSC_SHUFFLE),
    st.integers(1, 300),
    st.sampled_from((0, 1024)),
)
def test_data_come_back(data, cname, clevel, shuffle, typesize, blocksize):
    stored = encode(data, cname=cname, clevel=clevel, shuffle=shuffle, typesize=typesize, blocksize=blocksize)
    assert decode(stored) == decode_into(stored, len(data)) == data
    assert bytes(BloscCodec().decode_sized(memoryview(stored), len(data))) == data
    assert bytes(numcodecs.Blosc().decode(stored) if data else b"") == data


@pytest.mark.parametrize("cname", AVAILABLE)
@pytest.mark.parametrize("shuffle", range(3))
def test_frames_of_another_writer_are_read_by_their_header(cname, shuffle):
    stored = numcodecs.Blosc(cname, 9, shuffle).encode(np.frombuffer(DATA, "<i4"))
    for way in WAYS:
        assert bytes(way(stored)) == DATA


def test_frames_without_compression_are_read():
    stored = encode(np.random.default_rng(0).bytes(1000), clevel=0)
    assert len(stored) == 1000 + 16
    assert decode(stored) == np.random.default_rng(0).bytes(1000)


def test_no_bytes_are_a_frame():
    assert decode(encode(b"")) == decode_into(encode(b""), 0) == b""


# -- the header


@each_way
@pytest.mark.parametrize("kept", [0, 1, 15, 16, 17, -1])
def test_a_frame_cut_short_is_refused(way, kept):
    with pytest.raises(CorruptDataError) as caught:
        way(encode(DATA)[:kept])
    assert caught.value.stage == "blosc"


@each_way
@pytest.mark.parametrize(
    ("position", "form", "value", "reason"),
    [
        (0, "<B", 1, "format version is 1"),
        (0, "<B", 0xFF, "format version"),
        (12, "<I", 0, "header says 0"),
        (12, "<I", 0xFFFFFFFF, "header says"),
        (8, "<I", 0, None),
        (8, "<I", 0xFFFFFFFF, None),
        (3, "<B", 0, None),
        (2, "<B", 0xE0, None),
    ],
    ids=["version 1", "version 255", "short", "long", "no blocks", "huge blocks", "type size 0", "unknown library"],
)
def test_a_header_that_lies_is_refused(way, position, form, value, reason):
    stored = bytearray(encode(DATA, cname="lz4", dtype="int32"))
    struct.pack_into(form, stored, position, value)
    with pytest.raises(CorruptDataError, match=reason) as caught:
        way(bytes(stored))
    assert caught.value.stage == "blosc"


@each_way
@pytest.mark.parametrize("claimed", [len(DATA) - 4, len(DATA) + 4, 1 << 31])
def test_CH_06_CH_07_a_frame_that_claims_another_size_gives_no_other_data(way, claimed):
    stored = bytearray(encode(DATA, cname="lz4", dtype="int32"))
    struct.pack_into("<I", stored, 4, claimed)
    with config.set({"limits.chunk_bytes": 1 << 20}), pytest.raises((CorruptDataError, LimitExceededError)):
        way(bytes(stored))


def test_bytes_behind_the_frame_are_refused():
    with pytest.raises(CorruptDataError, match="header says"):
        decode(encode(DATA) + b"garbage")


@pytest.mark.parametrize("size", [0, len(DATA) - 1, len(DATA) + 1])
def test_another_size_than_expected_is_refused(size):
    for attempt in (decode_into, BloscCodec().decode_sized):
        with pytest.raises(CorruptDataError, match=f"{len(DATA)} bytes, expected {size}"):
            attempt(encode(DATA), size)


def test_what_comes_out_is_limited_before_memory_is_taken():
    stored = bytearray(encode(DATA))
    struct.pack_into("<I", stored, 4, 0xFFFFFFFF)
    with config.set({"limits.chunk_bytes": 1000}), pytest.raises(LimitExceededError) as caught:
        decode(bytes(stored))
    assert (caught.value.limit, caught.value.value) == ("chunk_bytes", 0xFFFFFFFF)


def test_more_than_the_format_can_hold_is_refused_when_it_is_written(monkeypatch):
    monkeypatch.setattr(blosc, "LARGEST_INPUT", 100)
    with pytest.raises(ValueError, match="smaller chunks"):
        encode(bytes(101))


def test_CH_07_what_comes_out_of_a_codec_behind_another_is_bounded():
    stored = encode(bytes(1000))
    assert bytes(BloscCodec().decode_at_most(memoryview(stored), 1000)) == bytes(1000)
    assert bytes(BloscCodec().decode_at_most(stored, 5000)) == bytes(1000)
    with pytest.raises(CorruptDataError, match="more than 999") as caught:
        BloscCodec().decode_at_most(stored, 999)
    assert caught.value.stage == "blosc"


# -- JSON and defaults


def test_json():
    configuration = {"typesize": 4, "cname": "lz4", "clevel": 3, "shuffle": "noshuffle", "blocksize": 256}
    document = {"name": "blosc", "configuration": configuration}
    assert BloscCodec.from_dict(document) == BloscCodec(**configuration)
    assert BloscCodec(**configuration).to_dict() == document


@pytest.mark.parametrize(
    ("dtype", "typesize", "shuffle"),
    [("uint8", 1, "bitshuffle"), ("bool", 1, "bitshuffle"), ("int16", 2, "shuffle"), ("complex128", 16, "shuffle")],
)
@pytest.mark.parametrize("data", ["blosc", {"name": "blosc"}, {"name": "blosc", "configuration": {}}])
def test_what_is_not_given_follows_from_the_data_type(data, dtype, typesize, shuffle):
    evolved = BloscCodec.from_dict(data).evolve_from_array_spec(spec_of(dtype=dtype))
    expected = {"typesize": typesize, "cname": "zstd", "clevel": 5, "shuffle": shuffle, "blocksize": 0}
    assert evolved.to_dict()["configuration"] == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"typesize": 3}, {"typesize": 3, "shuffle": "shuffle"}),
        ({"shuffle": "noshuffle"}, {"typesize": 4, "shuffle": "noshuffle"}),
        ({"typesize": 1, "shuffle": "bitshuffle"}, {"typesize": 1, "shuffle": "bitshuffle"}),
    ],
)
def test_what_is_given_stays(given_, expected):
    evolved = BloscCodec(**given_).evolve_from_array_spec(spec_of(dtype="int32"))
    assert expected.items() <= evolved.to_dict()["configuration"].items()
    assert evolved.evolve_from_array_spec(spec_of(dtype="int32")) == evolved


def test_the_document_of_an_array_says_what_was_decided():
    store = {}
    array = terrazzo.create_array(store, shape=(4,), dtype="int16", compressors=BloscCodec(cname="lz4"))
    stored = array.metadata.to_dict()["codecs"][1]["configuration"]
    assert stored == {"typesize": 2, "cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}
    assert terrazzo.open_array(store).metadata.to_dict()["codecs"][1]["configuration"] == stored


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("typesize", 0),
        ("typesize", -1),
        ("typesize", 1.5),
        ("typesize", True),
        ("cname", "zip"),
        ("cname", ""),
        ("cname", 3),
        ("cname", ["lz4"]),
        ("clevel", 10),
        ("clevel", -1),
        ("clevel", "5"),
        ("clevel", None),
        ("shuffle", "auto"),
        ("shuffle", 1),
        ("shuffle", -1),
        ("shuffle", ["shuffle"]),
        ("blocksize", -1),
        ("blocksize", 1 << 40),
        ("level", 5),
    ],
)
def test_other_parameters_are_refused(member, value):
    with pytest.raises(MetadataValidationError) as caught:
        BloscCodec.from_dict({"name": "blosc", "configuration": {member: value}})
    assert caught.value.field == f"configuration.{member}"


def test_names_stand_for_their_text():
    assert BloscCodec(cname=BloscCname.lz4hc, shuffle=BloscShuffle.bitshuffle) == BloscCodec(
        cname="lz4hc", shuffle="bitshuffle"
    )
    assert [BloscShuffle.from_int(number) for number in range(3)] == ["noshuffle", "shuffle", "bitshuffle"]
    with pytest.raises(ValueError, match="3"):
        BloscShuffle.from_int(3)


@pytest.mark.parametrize("cname", ["snappy"])
def test_a_library_that_is_not_there_is_an_error_when_it_is_needed(cname):
    codec = BloscCodec(cname=cname)
    if cname in AVAILABLE:
        assert decode(encode(DATA, cname=cname)) == DATA
    else:
        with pytest.raises(ValueError, match=cname):
            codec._encode_sync(buffer_of(DATA), spec_of())


def test_the_size_depends_on_the_data():
    assert not BloscCodec.is_fixed_size
    with pytest.raises(NotImplementedError):
        BloscCodec().compute_encoded_size(10, spec_of())


def decode_many(frames, size):
    """Decode frames in one call, after a byte that belongs to none."""
    ends = np.cumsum([1, *map(len, frames)])
    spans = np.stack((ends[:-1], np.diff(ends)), axis=1)
    return BloscCodec().decode_many(b"?" + b"".join(frames), spans, size)


@pytest.fixture(params=["python-blosc", "numcodecs"])
def library(request, monkeypatch):
    if request.param == "numcodecs":
        monkeypatch.setattr(blosc, "short_decompress", lambda: None)
    else:
        pytest.importorskip("blosc")
        monkeypatch.setattr(blosc.blosc, "decompress", None)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("cname", AVAILABLE)
@pytest.mark.parametrize("shuffle", blosc.BLOSC_SHUFFLE)
def test_many_frames_of_one_size_are_decoded_in_one_call(cname, shuffle):
    chunks = [DATA, DATA[::-1], bytes(len(DATA)), np.random.default_rng(5).bytes(len(DATA))]
    frames = [encode(chunk, cname=cname, shuffle=shuffle, typesize=4) for chunk in chunks]
    assert decode_many(frames, len(DATA)) == b"".join(chunks)


@pytest.mark.usefixtures("library")
def test_frames_are_decoded_one_by_one_where_one_of_them_is_not_as_the_others():
    good = encode(DATA, cname="lz4")
    other_version, other_size = b"\x01" + good[1:], encode(DATA[1:])
    for bad in (good + b"x", good[:-1], other_version, other_size):
        assert decode_many([good, bad], len(DATA)) is None
    blocks = bytes(struct.pack("<BBBBIII", 2, 1, 33, 4, 50_000, 1 << 15, 100)) + bytes(84)
    assert decode_many([blocks], 50_000) is None
    assert decode_many([encode(bytes(1 << 17))], 1 << 17) is None
    with pytest.raises(struct.error):  # whatever error does: they are then decoded one by one
        decode_many([good, b"x" * 10], len(DATA))


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [(parse_typesize, 8, 0), (parse_clevel, 9, 10), (parse_clevel, 0, True), (parse_blocksize, 0, "1")],
)
def test_a_parameter_alone_is_parsed_as_in_a_document(parse, good, bad):
    assert parse(good) == good
    with pytest.raises(MetadataValidationError, match="expected an integer"):
        parse(bad)


def test_the_json_has_the_members_that_types_say():
    stored = BloscCodec(cname="lz4").to_dict()
    assert set(stored) == BloscJSON_V3.__required_keys__
    assert set(stored["configuration"]) == BloscConfigV3.__required_keys__ == BloscConfigV2.__required_keys__
