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
