import pickle

import numcodecs
import numpy as np
import pytest

from terrazzo.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.dtype import parse_dtype
from terrazzo.errors import MetadataValidationError, UnknownCodecError
from terrazzo.nodes.defaults import (
    DEFAULT_FILL_VALUE,
    DefaultFillValue,
    parse_chunks,
    parse_codec_arguments,
    parse_shape,
)
from terrazzo.pipeline.chain import CodecChain
from terrazzo.settings import config, current_options
from tests.grid.test_guess import KNOWN

FLOAT = parse_dtype("float64", zarr_format=3)
GZIP = {"name": "gzip", "configuration": {"level": 1}}
SWAP = {"name": "transpose", "configuration": {"order": [1, 0]}}


def chain(filters="auto", serializer="auto", compressors="auto"):
    return parse_codec_arguments(filters, serializer, compressors, FLOAT, current_options())


# -- shapes


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (3, (3,)),
        (np.int32(3), (3,)),
        ((), ()),
        ([2, 0], (2, 0)),
        (np.array([2, 3]), (2, 3)),
        (iter((2, 3)), (2, 3)),
        (2**62, (2**62,)),
    ],
    ids=repr,
)
def test_a_shape_is_a_length_or_several(shape, expected):
    parsed = parse_shape(shape)
    assert parsed == expected
    assert all(type(length) is int for length in parsed)


@pytest.mark.parametrize(
    ("shape", "error"),
    [
        (-1, ValueError),
        ((2, -1), ValueError),
        (2**63, ValueError),
        (2.0, TypeError),
        ((2, 1.5), TypeError),
        ("10", TypeError),
        (["10"], TypeError),
        ((True,), TypeError),
        (None, TypeError),
        ((None,), TypeError),
        (np.array([1.5]), TypeError),
    ],
    ids=repr,
)
def test_other_shapes_are_refused(shape, error):
    with pytest.raises(error):
        parse_shape(shape)


# -- chunks


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (2, (2, 2, 2)),
        (np.int64(2), (2, 2, 2)),
        ((2, 3, 4), (2, 3, 4)),
        ([2, 3, 4], (2, 3, 4)),
        (np.array([2, 3, 4]), (2, 3, 4)),
        (-1, (10, 1, 7)),
        ((-1, 5, -1), (10, 5, 7)),
        (False, (10, 1, 7)),
        (100, (100, 100, 100)),
        ("auto", (10, 1, 7)),
    ],
    ids=repr,
)
def test_chunks_are_said_in_many_ways(chunks, expected):
    parsed = parse_chunks(chunks, (10, 0, 7), FLOAT)
    assert parsed == expected
    assert all(type(length) is int for length in parsed)


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        (True, ValueError),
        (0, ValueError),
        (-2, ValueError),
        (None, ValueError),
        ("automatic", ValueError),
        ((), ValueError),
        ((2,), ValueError),
        ((2, 2, 2), ValueError),
        ((2, 0), ValueError),
        ((2, True), TypeError),
        ((2, None), TypeError),
        ((2, 2.0), TypeError),
        ((2, "3"), TypeError),
        (2.0, TypeError),
        (((2, 3), 4), TypeError),
    ],
    ids=repr,
)
def test_other_chunks_are_refused(chunks, error):
    with pytest.raises(error):
        parse_chunks(chunks, (10, 7), FLOAT)


def test_an_array_without_axes_has_chunks_without_axes():
    for chunks in ((), 5, -1, False, "auto"):
        assert parse_chunks(chunks, (), FLOAT) == ()


@pytest.mark.parametrize(("shape", "item_size", "sharded", "expected"), [case for case in KNOWN if not case[2]])
def test_automatic_chunks_are_guessed(shape, item_size, sharded, expected):
    if item_size in (1, 2, 4, 8):
        assert parse_chunks("auto", shape, parse_dtype(f"u{item_size}", zarr_format=3)) == expected


# -- codecs


def test_without_a_word_the_codecs_are_zarr_pythons():
    assert chain() == (BytesCodec(endian="little"), ZstdCodec(level=0, checksum=False))
    with config.set({"array.checksum": True}):
        assert chain() == (BytesCodec(endian="little"), ZstdCodec(level=0, checksum=True))


@pytest.mark.parametrize("nothing", [None, (), [], iter(())])
def test_nothing_means_no_codec(nothing):
    assert chain(compressors=nothing) == (BytesCodec(endian="little"),)
    assert chain(filters=nothing)[0] == BytesCodec(endian="little")


@pytest.mark.parametrize(
    ("compressors", "expected"),
    [
        (GZIP, (GzipCodec(level=1),)),
        (GzipCodec(level=1), (GzipCodec(level=1),)),
        ([GZIP, {"name": "crc32c"}], (GzipCodec(level=1), Crc32cCodec())),
        ((GzipCodec(level=1), {"name": "blosc"}), (GzipCodec(level=1), BloscCodec())),
        (iter([GzipCodec(level=1)]), (GzipCodec(level=1),)),
    ],
    ids=["json", "codec", "list of json", "both", "iterator"],
)
def test_compressors_are_said_in_many_ways(compressors, expected):
    assert chain(compressors=compressors)[1:] == expected


@pytest.mark.parametrize("filters", [SWAP, [SWAP], (TransposeCodec(order=(1, 0)),), TransposeCodec(order=(1, 0))])
def test_filters_are_said_in_many_ways(filters):
    assert chain(filters=filters)[0] == TransposeCodec(order=(1, 0))


@pytest.mark.parametrize(
    "serializer", [{"name": "bytes", "configuration": {"endian": "big"}}, BytesCodec(endian="big")]
)
def test_serializers_are_said_in_two_ways(serializer):
    assert chain(serializer=serializer)[0] == BytesCodec(endian="big")


@pytest.mark.parametrize(
    "arguments",
    [
        {"compressors": SWAP},
        {"compressors": [BytesCodec()]},
        {"compressors": "gzip"},
        {"compressors": ["gzip"]},
        {"compressors": 5},
        {"compressors": [None]},
        {"filters": GZIP},
        {"filters": "auto!"},
        {"filters": [BytesCodec()]},
        {"serializer": GZIP},
        {"serializer": None},
        {"serializer": "bytes"},
        {"serializer": [BytesCodec()]},
    ],
    ids=str,
)
def test_codecs_of_another_kind_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(TypeError, match=name):
        chain(**arguments)


def test_parameters_and_names_are_checked():
    with pytest.raises(MetadataValidationError, match="level"):
        chain(compressors={"name": "gzip", "configuration": {"level": 10}})
    with pytest.raises(UnknownCodecError, match="rot13"):
        chain(compressors={"name": "rot13"})


# -- the fill value that was not given


def test_the_default_fill_value_stands_for_itself():
    assert repr(DEFAULT_FILL_VALUE) == "DEFAULT_FILL_VALUE"
    assert pickle.loads(pickle.dumps(DEFAULT_FILL_VALUE)) is DEFAULT_FILL_VALUE
    assert isinstance(DEFAULT_FILL_VALUE, DefaultFillValue)


# -- codecs of numcodecs, in whichever argument


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"compressors": numcodecs.BZ2(5)}, ["bytes", "numcodecs.bz2"]),
        ({"compressors": [numcodecs.Shuffle(4), GZIP]}, ["bytes", "numcodecs.shuffle", "gzip"]),
        ({"compressors": {"id": "zlib", "level": 3}}, ["bytes", "numcodecs.zlib"]),
        ({"filters": numcodecs.Delta("i4")}, ["numcodecs.delta", "bytes", "zstd"]),
        (
            {"filters": [numcodecs.Delta("i4"), numcodecs.Shuffle(4)]},
            ["numcodecs.delta", "bytes", "numcodecs.shuffle", "zstd"],
        ),
        ({"filters": [SWAP, numcodecs.Zlib()], "compressors": None}, ["transpose", "bytes", "numcodecs.zlib"]),
        ({"compressors": numcodecs.Delta("i4")}, ["numcodecs.delta", "bytes"]),
        ({"compressors": {"id": "pcodec"}}, ["numcodecs.pcodec"]),
        ({"filters": {"id": "pcodec"}}, ["numcodecs.pcodec", "zstd"]),
        ({"serializer": {"id": "pcodec"}, "compressors": None}, ["numcodecs.pcodec"]),
    ],
    ids=str,
)
def test_a_codec_of_numcodecs_goes_where_its_kind_belongs(arguments, names):
    codecs = chain(**arguments)
    assert [codec.to_dict()["name"] for codec in codecs] == names
    assert tuple(CodecChain.from_codecs(codecs)) == codecs


def test_the_parameters_of_a_codec_of_numcodecs_are_kept():
    configuration = chain(compressors=numcodecs.Blosc("zstd", clevel=1))[1].to_dict()["configuration"]
    assert configuration == {"cname": "zstd", "clevel": 1, "shuffle": 1, "blocksize": 0}


def test_codecs_of_numcodecs_that_nothing_puts_in_order_are_refused():
    for arguments in (
        {"filters": [numcodecs.Zlib(), numcodecs.Delta("i4")]},
        {"filters": {"id": "pcodec"}, "serializer": BytesCodec()},
    ):
        with pytest.raises(MetadataValidationError):
            CodecChain.from_codecs(chain(**arguments))
    with pytest.raises(TypeError, match="compressors"):
        chain(compressors=numcodecs.Zlib)
