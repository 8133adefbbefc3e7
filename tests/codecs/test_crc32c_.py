import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs import Crc32cCodec
from terrazzo.errors import ChecksumError, CorruptDataError, MetadataValidationError
from tests.helpers import buffer_of, spec_of

KNOWN = [
    # data, checksum as it is stored: RFC 3720, appendix B.4, and the usual check value
    (b"", "00000000"),
    (b"123456789", "839206e3"),
    (bytes([1, 2, 3, 4]), "f48c3029"),
    (bytes(32), "aa36918a"),
    (b"\xff" * 32, "43aba862"),
    (bytes(range(32)), "4e79dd46"),
    (bytes(reversed(range(32))), "5cdb3f11"),
]


def encode(data):
    return Crc32cCodec()._encode_sync(buffer_of(data), spec_of()).to_bytes()


def decode(data):
    return Crc32cCodec()._decode_sync(buffer_of(data), spec_of()).to_bytes()


@pytest.mark.parametrize(("data", "checksum"), KNOWN, ids=[checksum for _, checksum in KNOWN])
def test_the_checksum_follows_the_data_in_little_endian(data, checksum):
    assert encode(data) == data + bytes.fromhex(checksum)
    assert decode(data + bytes.fromhex(checksum)) == data


@given(st.binary(max_size=100))
def test_data_come_back(data):
    stored = encode(data)
    assert int.from_bytes(stored[-4:], "little") == google_crc32c.value(data)
    assert decode(stored) == bytes(Crc32cCodec().decode_sized(memoryview(stored), len(data))) == data
    assert Crc32cCodec().compute_encoded_size(len(data), spec_of()) == len(stored)


@given(st.binary(max_size=40), st.data())
def test_CH_08_every_bit_flip_is_noticed(data, draw):
    stored = bytearray(encode(data))
    position = draw.draw(st.integers(0, 8 * len(stored) - 1))
    stored[position // 8] ^= 1 << position % 8
    with pytest.raises(ChecksumError) as caught:
        decode(bytes(stored))
    assert caught.value.stage == "crc32c"
    assert f"0x{int.from_bytes(stored[-4:], 'little'):08x}" in str(caught.value)
    assert f"0x{google_crc32c.value(bytes(stored[:-4])):08x}" in str(caught.value)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_fewer_bytes_than_a_checksum_are_refused(size):
    with pytest.raises(CorruptDataError, match=f"{size} bytes"):
        decode(bytes(size))


@pytest.mark.parametrize("size", [0, 8, 10])
def test_another_size_than_expected_is_refused(size):
    with pytest.raises(CorruptDataError, match=f"expected {size + 4}"):
        Crc32cCodec().decode_sized(encode(b"123456789"), size)


def test_json():
    assert Crc32cCodec().to_dict() == {"name": "crc32c"}
    for data in ({"name": "crc32c"}, {"name": "crc32c", "configuration": {}}, "crc32c"):
        assert Crc32cCodec.from_dict(data) == Crc32cCodec()
    with pytest.raises(MetadataValidationError) as caught:
        Crc32cCodec.from_dict({"name": "crc32c", "configuration": {"location": "start"}})
    assert caught.value.field == "configuration.location"
