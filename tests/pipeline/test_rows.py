import numpy as np
import pytest

from terrazzo.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.errors import CorruptDataError
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import run_inline
from tests.helpers import AsyncFlip, SyncFlip, buffer_of, spec_of

VALUES = np.arange(24, dtype="int32").reshape(4, 6)


def rows_of(*codecs, dtype="int32"):
    return PreparedChain(CodecChain.from_codecs(codecs), spec_of((4, 6), dtype)).rows


@pytest.mark.parametrize(
    "compressors",
    [
        [],
        [Crc32cCodec()],
        [ZstdCodec()],
        [GzipCodec()],
        [BloscCodec(cname="lz4")],
        [BloscCodec(cname="lz4"), Crc32cCodec()],
        [SyncFlip()],
        [ZstdCodec(), SyncFlip(), GzipCodec()],
    ],
    ids=repr,
)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_a_row_is_a_chunk_as_it_lies_in_memory(compressors, endian):
    codecs = [TransposeCodec(order=(1, 0)), BytesCodec(endian=endian), *compressors]
    rows = rows_of(*codecs)
    assert (rows.axes, rows.size, rows.is_raw) == ((1, 0), 96, not compressors)
    row = bytearray(VALUES.T.astype(rows.dtype).tobytes())
    packed = bytes(rows.pack(memoryview(row)))
    chain = PreparedChain(CodecChain.from_codecs(codecs), spec_of((4, 6), "int32"))

    assert np.array_equal(run_inline(chain.decode(buffer_of(packed))).as_numpy_array(), VALUES)
    out = bytearray(96)
    rows.unpack(memoryview(packed), memoryview(out))
    assert out == row


@pytest.mark.parametrize("size", [0, 1, 95, 97, 200])
@pytest.mark.parametrize("compressors", [[], [Crc32cCodec()], [ZstdCodec()], [GzipCodec()], [SyncFlip()]], ids=repr)
def test_rows_of_another_size_are_corrupt(compressors, size):
    rows = rows_of(BytesCodec(), *compressors)
    other = PreparedChain(CodecChain.from_codecs([BytesCodec(), *compressors]), spec_of((size,), "uint8")).rows
    packed = bytes(other.pack(memoryview(bytes(size))))
    with pytest.raises(CorruptDataError) as caught:
        rows.unpack(memoryview(packed), memoryview(bytearray(96)))
    assert caught.value.stage


def test_what_waits_or_moves_elements_about_has_no_rows():
    assert rows_of(BytesCodec(), AsyncFlip()) is None


def test_an_error_of_a_codec_says_which():
    rows = rows_of(BytesCodec(), ZstdCodec())
    with pytest.raises(CorruptDataError) as caught:
        rows.unpack(memoryview(b"not a frame"), memoryview(bytearray(96)))
    assert caught.value.stage == "zstd"


class Refusing(SyncFlip):
    """Encodes nothing."""

    name = "test.refusing"

    def _encode_sync(self, chunk_data, chunk_spec):
        raise ValueError("not today")


def test_an_error_while_encoding_says_which_codec_it_was():
    with pytest.raises(ValueError, match="not today") as caught:
        rows_of(BytesCodec(), Refusing()).pack(memoryview(bytes(96)))
    assert "codec 'test.refusing', encoding" in caught.value.__notes__


def packed_one_by_one(rows, table):
    """Rows encoded one by one and put behind one another, with where each of them is."""
    packed = [bytes(rows.pack(row.data)) for row in table]
    ends = np.cumsum([len(one) for one in packed])
    lengths = np.array([len(one) for one in packed])
    return b"??" + b"".join(packed), np.stack((ends - lengths + 2, lengths), axis=1)


@pytest.mark.parametrize("codec", [ZstdCodec(), ZstdCodec(checksum=True), BloscCodec(cname="lz4")], ids=repr)
def test_many_rows_at_once_are_what_they_are_one_by_one(codec):
    rows = rows_of(BytesCodec(), codec)
    table = np.random.default_rng(1).integers(0, 3, (5, 96), dtype="uint8")
    table[2] = 7
    stored, spans = packed_one_by_one(rows, table)
    assert bytes(rows.unpack_many(memoryview(stored), spans)) == table.tobytes()
    assert bytes(rows.unpack_many(memoryview(stored), spans[[3, 1]])) == table[[3, 1]].tobytes()

    places = np.stack((np.arange(5) * 96, np.full(5, 96)), axis=1)
    many = rows.pack_many(memoryview(table.tobytes()), places[1:])
    assert [bytes(one) for one in many] == [bytes(rows.pack(row.data)) for row in table[1:]]


@pytest.mark.parametrize("codec", [ZstdCodec(checksum=True), BloscCodec(cname="lz4")], ids=repr)
def test_one_bad_row_among_many_is_left_to_those_that_say_what_is_wrong(codec):
    rows = rows_of(BytesCodec(), codec)
    table = np.arange(4 * 96, dtype="uint8").reshape(4, 96)
    stored, spans = packed_one_by_one(rows, table)
    start, length = spans[1]
    for at in range(start, start + length):
        changed = bytearray(stored)
        changed[at] ^= 0xFF
        one_by_one = [bytearray(96) for _ in spans]
        try:
            for (low, size), row in zip(spans, one_by_one, strict=True):
                rows.unpack(memoryview(changed)[low : low + size], memoryview(row))
        except CorruptDataError:
            assert rows.unpack_many(memoryview(changed), spans) is None
        else:
            assert bytes(rows.unpack_many(memoryview(changed), spans)) == b"".join(one_by_one)
    for other in (length - 1, length + 1, 4, 0):
        assert rows.unpack_many(memoryview(stored), np.array([spans[0], (start, other)])) is None


def test_a_chunk_of_another_size_is_not_decoded_with_many():
    for codec in (ZstdCodec(), BloscCodec(cname="lz4")):
        stored, spans = packed_one_by_one(rows_of(BytesCodec(), codec), np.zeros((2, 96), dtype="uint8"))
        assert rows_of(BytesCodec(), codec, dtype="int64").unpack_many(memoryview(stored), spans) is None


def test_large_chunks_and_chains_of_several_codecs_are_coded_one_by_one():
    spec = spec_of((1 << 15, 6), "int32")
    for codec in (ZstdCodec(), BloscCodec(cname="lz4")):
        large = PreparedChain(CodecChain.from_codecs([BytesCodec(), codec]), spec).rows
        stored, spans = packed_one_by_one(large, np.zeros((1, large.size), dtype="uint8"))
        assert large.unpack_many(memoryview(stored), spans) is None
    assert rows_of(BytesCodec(), ZstdCodec(), Crc32cCodec()).many is None
    assert rows_of(BytesCodec(), GzipCodec()).many is None


def test_rows_that_cannot_be_encoded_at_once_are_left_to_those_that_say_why():
    class Refusing(ZstdCodec):
        def encode_many(self, data, spans):
            raise ValueError("not today")

    rows = rows_of(BytesCodec(), Refusing())
    assert rows.pack_many(memoryview(bytes(96)), np.array([[0, 96]])) is None
