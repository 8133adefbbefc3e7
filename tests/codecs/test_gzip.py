import gzip as standard_gzip
import importlib
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import GzipCodec, deflate
from terrazzo.codecs.gzip import parse_gzip_level
from terrazzo.errors import CorruptDataError, LimitExceededError, MetadataValidationError
from terrazzo.settings import config
from tests.helpers import buffer_of, spec_of

DATA = bytes(range(256)) * 40


@pytest.fixture(params=["libdeflate", "zlib"], autouse=True)
def library(request, monkeypatch):
    """Both libraries that can do the work: what one writes the other reads, and both refuse the same."""
    if request.param == "zlib":
        monkeypatch.setattr(deflate, "deflate", None)
    else:
        pytest.importorskip("deflate")
    return request.param


def encode(data, level=5):
    return GzipCodec(level=level)._encode_sync(buffer_of(data), spec_of()).to_bytes()


def decode(data):
    return GzipCodec()._decode_sync(buffer_of(data), spec_of()).to_bytes()


@given(data=st.binary(max_size=200), level=st.integers(0, 9))
def test_data_come_back(data, level):
    stored = encode(data, level)
    assert decode(stored) == data
    assert bytes(GzipCodec().decode_sized(memoryview(stored), len(data))) == data
    assert standard_gzip.decompress(stored) == data


@pytest.mark.parametrize("level", range(10))
def test_every_level_of_another_writer_is_read(level):
    for data in (b"", b"a", DATA):
        stored = standard_gzip.compress(data, level)
        assert decode(stored) == bytes(GzipCodec().decode_sized(stored, len(data))) == data


def test_equal_data_give_equal_bytes_whenever_they_are_written(monkeypatch):
    first = encode(DATA)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert encode(DATA) == first
    assert first[4:8] == bytes(4), "the time in the header"


def test_a_higher_level_is_not_larger():
    assert len(encode(DATA, 9)) <= len(encode(DATA, 1)) < len(encode(DATA, 0))


def test_several_members_are_one_stream():
    stored = encode(b"abc") + encode(b"") + standard_gzip.compress(b"defg")
    assert decode(stored) == b"abcdefg"
    assert bytes(GzipCodec().decode_sized(stored, 7)) == b"abcdefg"


def test_the_size_of_the_last_member_alone_is_not_taken_for_all():
    # Each member claims 4 bytes: what claims the expected size may still hold more.
    stored = encode(b"abcd") * 2
    with pytest.raises(CorruptDataError, match="more than 4 bytes"):
        GzipCodec().decode_sized(stored, 4)
    assert bytes(GzipCodec().decode_sized(stored, 8)) == b"abcdabcd"


def test_headers_with_names_and_comments_are_read():
    raw = zlib.compressobj(wbits=-15)
    body = raw.compress(b"abc") + raw.flush()
    trailer = zlib.crc32(b"abc").to_bytes(4, "little") + (3).to_bytes(4, "little")
    stored = b"\x1f\x8b\x08\x18\x01\x02\x03\x04\x00\x03" + b"name\0" + b"comment\0" + body + trailer
    assert decode(stored) == bytes(GzipCodec().decode_sized(stored, 3)) == b"abc"


@pytest.mark.parametrize("size", [9, 11, 0])
def test_CH_06_CH_07_another_size_than_expected_is_refused(size):
    with pytest.raises(CorruptDataError, match=f"{size}") as caught:
        GzipCodec().decode_sized(encode(b"0123456789"), size)
    assert caught.value.stage == "gzip"


@pytest.mark.parametrize("kept", [0, 1, 9, 10, 18, -1, -4, -8])
def test_CH_04_a_stream_cut_short_is_refused(kept):
    stored = encode(DATA)[:kept]
    for attempt in (lambda: decode(stored), lambda: GzipCodec().decode_sized(stored, len(DATA))):
        with pytest.raises(CorruptDataError) as caught:
            attempt()
        assert caught.value.stage == "gzip"


@pytest.mark.parametrize("change", ["magic", "method", "checksum", "length", "garbage behind", "not gzip", "zlib"])
def test_damage_is_noticed(change):
    stored = bytearray(encode(DATA))
    if change == "garbage behind":
        stored += b"garbage"
    elif change == "not gzip":
        stored = bytearray(b"these are no compressed bytes at all")
    elif change == "zlib":
        stored = bytearray(zlib.compress(DATA))
    else:
        stored[{"magic": 0, "method": 2, "checksum": -8, "length": -1}[change]] ^= 0xFF
    for attempt in (lambda: decode(bytes(stored)), lambda: GzipCodec().decode_sized(bytes(stored), len(DATA))):
        with pytest.raises(CorruptDataError) as caught:
            attempt()
        assert caught.value.stage == "gzip"


def test_a_claim_that_no_stream_could_keep_is_refused_before_memory_is_taken():
    stored = bytearray(encode(b"abc"))
    stored[-4:] = (1 << 31).to_bytes(4, "little")
    with pytest.raises(CorruptDataError):
        GzipCodec().decode_sized(bytes(stored), 1 << 31)


def test_what_comes_out_is_limited():
    stored = encode(bytes(100_000))
    with config.set({"limits.chunk_bytes": 99_999}), pytest.raises(LimitExceededError) as caught:
        decode(stored)
    assert caught.value.limit == "chunk_bytes"
    with config.set({"limits.chunk_bytes": None}):
        assert decode(stored) == bytes(100_000)


def test_an_array_is_read_whichever_library_wrote_it(library, monkeypatch):
    store = {}
    data = np.arange(5000, dtype="int16")
    terrazzo.create_array(store, data=data, chunks=1000, compressors=GzipCodec(level=3))
    if library == "libdeflate":
        monkeypatch.setattr(deflate, "deflate", None)
    assert np.array_equal(terrazzo.open_array(store)[...], data)


def test_without_the_extra_the_module_is_imported_all_the_same(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert deflate._load_deflate() is None


def test_CH_07_what_comes_out_of_a_codec_behind_another_is_bounded():
    stored = encode(bytes(1000))
    assert bytes(GzipCodec().decode_at_most(memoryview(stored), 1000)) == bytes(1000)
    assert bytes(GzipCodec().decode_at_most(stored, 5000)) == bytes(1000)
    with pytest.raises(CorruptDataError, match="more than 999") as caught:
        GzipCodec().decode_at_most(stored, 999)
    assert caught.value.stage == "gzip"


# -- JSON


def test_json():
    document = {"name": "gzip", "configuration": {"level": 9}}
    assert GzipCodec.from_dict(document) == GzipCodec(level=9)
    assert GzipCodec(level=9).to_dict() == document
    for data in ("gzip", {"name": "gzip"}, {"name": "gzip", "configuration": {}}):
        assert GzipCodec.from_dict(data) == GzipCodec() == GzipCodec(level=5)


@pytest.mark.parametrize("level", [-1, 10, 1.0, "5", True, None, [5], 10**30])
def test_other_levels_are_refused(level):
    with pytest.raises(MetadataValidationError, match="0 to 9") as caught:
        GzipCodec.from_dict({"name": "gzip", "configuration": {"level": level}})
    assert caught.value.field == "configuration.level"


def test_other_members_are_refused():
    with pytest.raises(MetadataValidationError) as caught:
        GzipCodec.from_dict({"name": "gzip", "configuration": {"level": 1, "time": 0}})
    assert caught.value.field == "configuration.time"


def test_the_size_depends_on_the_data():
    assert not GzipCodec.is_fixed_size
    with pytest.raises(NotImplementedError):
        GzipCodec().compute_encoded_size(10, spec_of())


def test_a_level_alone_is_parsed_as_in_a_document():
    assert parse_gzip_level(9) == 9
    with pytest.raises(MetadataValidationError, match="from 0 to 9"):
        parse_gzip_level(10)
