import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs import deflate
from terrazzo.codecs.deflate import GZIP, ZLIB, compress, inflate, inflate_sized
from terrazzo.errors import CorruptDataError

DATA = bytes(range(256)) * 40
both = pytest.mark.parametrize("container", [GZIP, ZLIB], ids=["gzip", "zlib"])
UNPACK = {"gzip": gzip.decompress, "zlib": zlib.decompress}


@pytest.fixture(params=["libdeflate", "zlib"], autouse=True)
def library(request, monkeypatch):
    """Both libraries that can do the work."""
    if request.param == "zlib":
        monkeypatch.setattr(deflate, "deflate", None)
    else:
        pytest.importorskip("deflate")
    return request.param


@both
@given(data=st.binary(max_size=200), level=st.integers(0, 9))
def test_data_come_back_and_others_read_them(container, data, level):
    stored = compress(data, level, container)
    assert inflate(stored, len(data), container) == data
    assert bytes(inflate_sized(stored, len(data), container)) == data
    assert UNPACK[container.name](stored) == data
    assert bytes(compress(data, level, container)) == bytes(stored)


@both
@pytest.mark.parametrize("level", range(10))
def test_what_zlib_writes_is_read(container, level):
    for data in (b"", b"a", DATA):
        stored = zlib.compress(data, level, wbits=container.wbits)
        assert (
            bytes(inflate_sized(memoryview(stored), len(data), container)) == inflate(stored, 10**6, container) == data
        )


@both
@pytest.mark.parametrize("size", [0, 1, len(DATA) - 1, len(DATA) + 1, 10**12])
def test_another_size_is_refused(container, size):
    with pytest.raises(CorruptDataError) as caught:
        inflate_sized(compress(DATA, 5, container), size, container)
    assert caught.value.stage == container.name


@both
def test_decoding_stops_at_the_first_byte_too_many(container):
    stored = compress(bytes(10**7), 9, container)
    assert inflate(stored, 10**7 - 1, container) is None
    assert inflate(stored, 10**7, container) == bytes(10**7)


@both
@pytest.mark.parametrize("damage", ["cut", "flip", "other", "nothing"])
def test_damage_is_told(container, damage):
    stored = bytearray(compress(DATA, 5, container))
    if damage == "flip":
        stored[-2] ^= 4  # in the checksum, or the size
    damaged = {"cut": stored[:-1], "flip": stored, "other": b"something else", "nothing": b""}[damage]
    for run in (inflate_sized, inflate):
        with pytest.raises(CorruptDataError) as caught:
            run(bytes(damaged), len(DATA), container)
        assert caught.value.stage == container.name


def test_streams_of_gzip_may_follow_one_another_and_what_follows_one_of_zlib_is_passed_over():
    stored = bytes(compress(b"abc", 5, GZIP)) + bytes(compress(b"defg", 5, GZIP))
    assert bytes(inflate_sized(stored, 7, GZIP)) == b"abcdefg"
    with pytest.raises(CorruptDataError):
        inflate_sized(stored, 3, GZIP)
    assert bytes(inflate_sized(bytes(compress(b"abc", 5, ZLIB)) + b"rest", 3, ZLIB)) == b"abc"
