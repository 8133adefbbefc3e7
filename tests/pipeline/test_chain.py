import pytest

from terrazzo.codecs import (
    BloscCodec,
    BytesCodec,
    CastValue,
    Crc32cCodec,
    GzipCodec,
    ScaleOffset,
    TransposeCodec,
    ZstdCodec,
)
from terrazzo.errors import MetadataValidationError, UnknownCodecError
from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.pipeline.chain import CodecChain, parse_codec
from terrazzo.registry import register_codec
from tests.helpers import SyncFlip, spec_of


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("bytes", BytesCodec(endian=None)),
        ({"name": "bytes"}, BytesCodec(endian=None)),
        ({"name": "gzip", "configuration": {"level": 1}}, GzipCodec(level=1)),
        ({"name": "gzip", "configuration": {}, "must_understand": True}, GzipCodec()),
        ({"name": "crc32c", "must_understand": False}, Crc32cCodec()),
        (ZstdCodec(level=4), ZstdCodec(level=4)),
    ],
    ids=repr,
)
def test_a_codec_is_read_from_every_form_of_its_json(data, expected):
    assert parse_codec(data) == expected


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, ""),
        (5, ""),
        (["gzip"], ""),
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 3}, "name"),
        ({"name": "gzip", "configuration": "level"}, "configuration"),
        ({"name": "gzip", "level": 1}, "level"),
        ({"name": "gzip", "configuration": {"level": 11}}, "configuration.level"),
    ],
)
def test_malformed_json_is_refused_and_the_member_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        parse_codec(data)
    assert caught.value.field == field


@pytest.mark.parametrize("data", ["rot13", {"name": "rot13", "must_understand": False}])
def test_MD_06_a_codec_that_nobody_knows_is_named_and_never_skipped(data):
    with pytest.raises(UnknownCodecError, match="'rot13'") as caught:
        parse_codec(data)
    assert caught.value.name == "rot13"


def test_a_codec_registered_at_runtime_is_found():
    register_codec("test.sync_flip", SyncFlip)
    assert isinstance(parse_codec("test.sync_flip"), SyncFlip)


def test_codecs_are_sorted_by_kind_in_the_order_in_which_they_encode():
    codecs = (TransposeCodec(order=(1, 0)), BytesCodec(endian="big"), GzipCodec(), Crc32cCodec())
    chain = CodecChain.from_codecs(codecs)
    assert chain == CodecChain(codecs[:1], codecs[1], codecs[2:])
    assert tuple(chain) == codecs


@pytest.mark.parametrize(
    ("codecs", "reason"),
    [
        ((), "got none"),
        ((GzipCodec(),), "position 0"),
        ((TransposeCodec(order=()),), "got none"),
        ((BytesCodec(), BytesCodec()), "got BytesCodec, BytesCodec"),
        ((BytesCodec(), TransposeCodec(order=())), "TransposeCodec stands at position 1"),
        ((Crc32cCodec(), BytesCodec()), "Crc32cCodec stands at position 0"),
        ((BytesCodec(), GzipCodec(), TransposeCodec(order=())), "position 2"),
        ((BytesCodec(), GzipCodec(), BytesCodec()), "exactly one"),
    ],
)
def test_MD_19_MD_20_other_orders_are_refused(codecs, reason):
    with pytest.raises(MetadataValidationError, match=reason):
        CodecChain.from_codecs(codecs)


def test_what_is_no_codec_is_a_type_error():
    with pytest.raises(TypeError, match="'gzip'"):
        CodecChain.from_codecs([BytesCodec(), "gzip"])


def test_each_codec_is_fitted_to_what_it_sees():
    chain = CodecChain.from_codecs([TransposeCodec(order=(1, 0)), BytesCodec(endian="big"), BloscCodec()])
    fitted = chain.evolve(spec_of((2, 3), "uint8"))
    assert tuple(fitted) == (
        TransposeCodec(order=(1, 0)),
        BytesCodec(endian=None),
        BloscCodec(typesize=1, shuffle="bitshuffle"),
    )
    assert chain.array_bytes == BytesCodec(endian="big")


def test_a_codec_that_cannot_be_fitted_is_named_by_its_position():
    chain = CodecChain.from_codecs([TransposeCodec(order=(0,)), BytesCodec(endian=None)])
    with pytest.raises(MetadataValidationError) as caught:
        chain.evolve(spec_of((2,), "int16"))
    assert caught.value.field == "[1].configuration.endian"


def test_a_codec_that_does_not_fit_the_array_is_named_by_its_position():
    chain = CodecChain.from_codecs([TransposeCodec(order=(0,)), TransposeCodec(order=(0, 1)), BytesCodec()])
    grid = RegularChunkGridMetadata(chunk_shape=(2,))
    with pytest.raises(MetadataValidationError) as caught:
        chain.validate(shape=(4,), dtype=spec_of().dtype, chunk_grid=grid)
    assert caught.value.field == "[1].configuration.order"


def test_with_a_chunk_each_codec_is_checked_against_what_it_sees():
    chain = CodecChain.from_codecs([CastValue(data_type="int16"), ScaleOffset(offset=-300), BytesCodec()])
    grid = RegularChunkGridMetadata(chunk_shape=(2,))
    spec = spec_of((2,), "uint8")
    chain.validate(shape=(4,), dtype=spec.dtype, chunk_grid=grid, chunk_spec=spec)
    with pytest.raises(MetadataValidationError, match="outside the range of uint8") as caught:
        chain.validate(shape=(4,), dtype=spec.dtype, chunk_grid=grid)
    assert caught.value.field == "[1].configuration.offset"


def test_a_fill_value_that_cannot_be_stored_is_named_by_the_position_of_the_codec():
    chain = CodecChain.from_codecs([TransposeCodec(order=(0,)), CastValue(data_type="int8"), BytesCodec()])
    spec = spec_of((2,), "int16", fill_value=200)
    with pytest.raises(MetadataValidationError, match="the fill value 200 cannot be stored") as caught:
        chain.evolve(spec)
    assert caught.value.field == "[1].configuration.data_type"
