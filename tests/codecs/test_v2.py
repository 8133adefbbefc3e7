import pickle

import numcodecs
import numpy as np
import pytest

from terrazzo.codecs.bytes import BytesCodec
from terrazzo.codecs.numcodecs import BZ2, Fletcher32, Shuffle, Zlib
from terrazzo.codecs.transpose import TransposeCodec
from terrazzo.codecs.v2 import (
    DEFAULT_COMPRESSOR,
    V2BytesCodec,
    V2FiltersCodec,
    chain_from_v2,
    parse_v2_codec,
    read_v2_codec,
)
from terrazzo.dtype import parse_dtype
from terrazzo.errors import CorruptDataError, MetadataValidationError, PickleCodecDisabledError, UnknownCodecError
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.settings import config
from tests.helpers import buffer_of, on_a_loop, spec_of

DTYPES = ["?", "u1", "<i2", ">i2", "<i4", ">f8", "<f2", "<c16", ">c8"]
DATA = np.arange(6).reshape(2, 3)


def chain_of(dtype="<i4", ndim=2, *, order="C", filters=None, compressor=None):
    return chain_from_v2(parse_dtype(dtype, zarr_format=2), ndim, order=order, filters=filters, compressor=compressor)


def prepared(shape, dtype="<i4", **arguments):
    chain = CodecChain.from_codecs(chain_of(dtype, len(shape), **arguments))
    spec = spec_of(shape, dtype)
    chain.validate(shape=shape, dtype=spec.dtype, chunk_grid=None)
    return PreparedChain(chain.evolve(spec), spec)


def encode(array, **arguments):
    chain = prepared(array.shape, array.dtype.str, **arguments)
    return on_a_loop(chain.encode(chain.spec.prototype.nd_buffer.from_numpy_array(array))).to_bytes()


def decode(stored, shape, dtype="<i4", **arguments):
    return on_a_loop(prepared(shape, dtype, **arguments).decode(buffer_of(stored))).as_numpy_array()


def encoded_as_v2(array, filters=(), compressor=None):
    """What Zarr v2 says is stored: every codec in turn is given what the one before made."""
    value = array
    for step in [*filters, *([compressor] if compressor else [])]:
        value = numcodecs.get_codec(step).encode(value)
    return value.tobytes("A") if isinstance(value, np.ndarray) else bytes(value)


COMPRESSORS = [
    None,
    DEFAULT_COMPRESSOR,
    {"id": "zstd", "level": 99, "checksum": True},
    {"id": "zlib"},
    {"id": "zlib", "level": -1},
    {"id": "gzip", "level": 9},
    {"id": "gzip", "level": -1},
    {"id": "bz2", "level": 1},
    {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None},
    {"id": "lz4", "acceleration": 1},
    {"id": "blosc"},
    {"id": "blosc", "cname": "zstd", "clevel": 1, "shuffle": -1, "blocksize": 0},
    {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 2, "blocksize": 0},
    {"id": "crc32"},
    {"id": "shuffle", "elementsize": 1},
    {"id": "base64"},
]
FILTERS = [
    [],
    [{"id": "delta", "dtype": "<i4"}],
    [{"id": "delta", "dtype": "<i4", "astype": "<i2"}],
    [{"id": "fixedscaleoffset", "scale": 2, "offset": 0, "dtype": "<i4", "astype": "u1"}],
    [{"id": "astype", "encode_dtype": "<i8", "decode_dtype": "<i4"}],
    [{"id": "shuffle", "elementsize": 4}],
    [{"id": "shuffle", "elementsize": 4}, {"id": "zlib", "level": 4}],
    [{"id": "delta", "dtype": "<i4"}, {"id": "fletcher32"}],
    [{"id": "zlib", "level": 1}, {"id": "delta", "dtype": "u1"}],
    [{"id": "base64"}, {"id": "crc32c"}],
]


@pytest.mark.parametrize("compressor", COMPRESSORS, ids=str)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_the_format_says_is_read_and_what_is_written_is_read_by_it(filters, compressor, order):
    array = DATA.astype("<i4", order=order)
    arguments = {"filters": filters, "compressor": compressor, "order": order}
    stored = encoded_as_v2(array, filters, compressor)
    assert np.array_equal(decode(stored, array.shape, **arguments), array)
    again = encode(array, **arguments)
    assert np.array_equal(decode(again, array.shape, **arguments), array)
    value = again
    for step in [*([compressor] if compressor else []), *reversed(filters)]:
        value = numcodecs.get_codec(step).decode(value)
    assert np.array_equal(np.frombuffer(value, "<i4").reshape(array.shape, order=order), array)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (1,), (6,), (2, 3), (3, 1, 2)])
@pytest.mark.parametrize("filters", [None, [{"id": "base64"}]])
def test_elements_are_stored_as_the_data_type_says_in_the_order_of_the_document(dtype, order, shape, filters):
    array = (np.arange(int(np.prod(shape))).reshape(shape) % 2).astype(dtype)
    for compressor in (None, {"id": "blosc"}):
        stored = encode(array, order=order, filters=filters, compressor=compressor)
        assert np.array_equal(decode(stored, shape, dtype, order=order, filters=filters, compressor=compressor), array)
    if filters is None:
        assert encode(array, order=order) == array.tobytes(order)


def test_the_steps_are_those_of_v3_where_they_store_the_same():
    chain = chain_of(order="F", filters=[{"id": "shuffle"}, {"id": "fletcher32"}], compressor={"id": "bz2"})
    assert [type(codec) for codec in chain] == [TransposeCodec, V2BytesCodec, Shuffle, Fletcher32, BZ2]
    assert chain[0].order == (1, 0)
    assert isinstance(chain[1], BytesCodec)
    assert type(chain_of(compressor={"id": "zlib"})[1]) is Zlib
    names = [chain_of(compressor={"id": name})[1].to_dict()["name"] for name in ("gzip", "zstd", "blosc")]
    assert names == ["gzip", "zstd", "blosc"]
    assert [type(codec) for codec in chain_of(ndim=1, order="F")] == [V2BytesCodec]


def test_without_filters_chunks_are_read_as_fast_as_in_v3():
    chain = prepared((2, 3), ">i4", order="F")
    assert chain.reads_raw
    assert chain.stored_size == 24
    assert prepared((2, 3), ">i4", compressor={"id": "blosc"})._fills is not None


@pytest.mark.parametrize(
    ("dtype", "filters", "typesize"),
    [
        ("<i4", [], 4),
        ("|u1", [], 1),
        ("<i4", [{"id": "delta", "dtype": "<i4", "astype": "<i2"}], 2),
        ("<f8", [{"id": "fixedscaleoffset", "scale": 1, "offset": 0, "dtype": "<f8", "astype": "|u1"}], 1),
        ("<f8", [{"id": "quantize", "digits": 1, "dtype": "<f8"}], 8),
        ("<f4", [{"id": "bitround", "keepbits": 3}], 4),
        ("|b1", [{"id": "packbits"}], 1),
        ("<i4", [{"id": "shuffle"}], 1),
        ("<i4", [{"id": "base64"}], None),
    ],
)
@pytest.mark.parametrize("shuffle", [-1, 0, 1, 2])
def test_blosc_is_given_elements_of_the_size_that_filters_give(dtype, filters, typesize, shuffle):
    compressor = {"id": "blosc", "shuffle": shuffle}
    array = np.arange(40).astype(dtype)
    ours = encode(array, filters=filters, compressor=compressor)
    assert ours == encoded_as_v2(array, filters, compressor)
    if typesize is not None:
        assert ours[3] == typesize


@pytest.mark.parametrize(
    "member", [{"shuffle": 3}, {"shuffle": "byte"}, {"cname": "nope"}, {"clevel": 12}, {"what": 1}]
)
def test_parameters_that_blosc_does_not_take_are_told(member):
    with pytest.raises(MetadataValidationError):
        encode(DATA.astype("<i4"), compressor={"id": "blosc", **member})


# -- what is not known, and what is not allowed


@pytest.mark.parametrize("where", ["filters", "compressor"])
def test_an_unknown_codec_fails_only_when_data_are_needed(where):
    unknown = {"id": "imagecodecs_jpeg2k", "level": 3}
    chain = chain_of(**{where: [unknown] if where == "filters" else unknown})
    assert chain[0].to_dict()["name"] == "imagecodecs_jpeg2k"
    with pytest.raises(UnknownCodecError, match="imagecodecs") as caught:
        chain[0].check_usable()
    assert caught.value.name == "imagecodecs_jpeg2k"


@pytest.fixture
def allowed_by_numcodecs(monkeypatch):
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)


@pytest.mark.parametrize("where", ["filters", "compressor"])
def test_pickle_is_refused_until_it_is_allowed(where, allowed_by_numcodecs):
    step = {"id": "pickle", "protocol": 4}
    arguments = {where: [step] if where == "filters" else step}
    stored = pickle.dumps(DATA.astype("<i4"))
    with pytest.raises(PickleCodecDisabledError, match=r"array\.allow_unsafe_pickle_decode"):
        decode(stored, (2, 3), **arguments)
    with config.set({"array.allow_unsafe_pickle_decode": True}):
        allowed = prepared((2, 3), **arguments)
        assert np.array_equal(decode(stored, (2, 3), **arguments), DATA)
    value = allowed.spec.prototype.nd_buffer.from_numpy_array(DATA)
    for run in (allowed.decode(buffer_of(stored)), allowed.encode(value)):
        with pytest.raises(PickleCodecDisabledError):
            on_a_loop(run)


def test_numcodecs_must_allow_pickle_too(monkeypatch):
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", False, raising=False)
    with (
        config.set({"array.allow_unsafe_pickle_decode": True}),
        pytest.raises(PickleCodecDisabledError, match="numcodecs"),
    ):
        decode(pickle.dumps(DATA), (2, 3), filters=[{"id": "pickle"}])


def test_pickled_data_of_another_shape_are_refused(allowed_by_numcodecs):
    with config.set({"array.allow_unsafe_pickle_decode": True}):
        stored = pickle.dumps(DATA.astype("<i4"))
        with pytest.raises(CorruptDataError, match="6 elements decoded, expected 4"):
            decode(stored, (2, 2), filters=[{"id": "pickle"}])


def test_a_bomb_in_the_middle_of_filters_is_refused():
    bomb = numcodecs.Base64().encode(numcodecs.Zlib(9).encode(bytes(50 << 20)))
    with pytest.raises(CorruptDataError, match="more than"):
        decode(bomb, (4,), filters=[{"id": "zlib"}, {"id": "base64"}])


def test_filters_travel_to_other_processes():
    codec = V2FiltersCodec(({"id": "delta", "dtype": "<i4"},))
    codec.check_usable()
    assert pickle.loads(pickle.dumps(codec)) == codec


# -- configurations


def test_a_codec_of_a_document_is_read_as_it_is():
    data = {"id": "nope", "level": [1, None]}
    assert read_v2_codec(data) == data


@pytest.mark.parametrize("data", [None, "zlib", ["zlib"], 3, {}, {"level": 1}, {"id": None}, {"id": 3}])
def test_other_forms_are_refused(data):
    with pytest.raises(MetadataValidationError):
        read_v2_codec(data)


def test_a_codec_of_a_caller_is_complete():
    assert parse_v2_codec({"id": "zlib"}) == {"id": "zlib", "level": 1} == parse_v2_codec(numcodecs.Zlib())
    assert parse_v2_codec(numcodecs.Delta("i4")) == {"id": "delta", "dtype": "<i4", "astype": "<i4"}


def test_a_codec_that_no_array_could_be_written_with_is_refused():
    with pytest.raises(UnknownCodecError, match="nope"):
        parse_v2_codec({"id": "nope"})
    with pytest.raises(MetadataValidationError, match="what"):
        parse_v2_codec({"id": "zlib", "what": 1})
    for data in (3, "zlib", numcodecs.Zlib, Zlib(), object()):
        with pytest.raises(ValueError, match="numcodecs"):
            parse_v2_codec(data)


@pytest.mark.parametrize("member", ["dtype", "astype"])
@pytest.mark.parametrize(
    "value", ["<f3", "a3", "<a3", "i4,i8", "\ud800", "9" * 5000, "", 4, True, [], {"name": "x"}, [["a", "<i2"]]]
)
def test_a_data_type_of_a_filter_that_numpy_would_puzzle_over_is_refused_and_named(member, value):
    config = {"id": "delta", "dtype": "<i2", member: value}
    with pytest.raises(MetadataValidationError, match="is no data type of numpy") as caught:
        chain_of(ndim=1, filters=[{"id": "delta", "dtype": "int16"}, config])
    assert caught.value.field == f"filters[1].{member}"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("where", ["filters", "compressor"])
def test_pcodec_is_told_how_many_elements_must_come_out(order, where):
    step = {"id": "pcodec", "level": 1}
    array = np.asarray(DATA.astype("<i4"), order=order)
    arguments = {where: [step] if where == "filters" else step, "order": order}
    stored = encode(array, **arguments)
    assert np.array_equal(decode(stored, (2, 3), **arguments), array)
    assert np.array_equal(numcodecs.get_codec(step).decode(stored).reshape((2, 3), order=order), array)
    with pytest.raises(CorruptDataError, match="5 elements"):
        decode(stored, (1, 5), **arguments)


@pytest.mark.parametrize(
    "filters",
    [
        [{"id": "delta", "dtype": "<i4"}],
        [{"id": "astype", "encode_dtype": "<f8", "decode_dtype": "<i4"}],
        [{"id": "base64"}],
        [{"id": "pcodec"}],
    ],
    ids=str,
)
@pytest.mark.parametrize("compressor", [{"id": "zlib"}, {"id": "zstd"}, {"id": "bz2"}, {"id": "blosc"}], ids=str)
def test_CH_07_a_bomb_behind_filters_is_refused(filters, compressor):
    bomb = bytes(numcodecs.get_codec(compressor).encode(bytes(50 << 20)))
    with pytest.raises(CorruptDataError, match="more than") as caught:
        decode(bomb, (4,), filters=filters, compressor=compressor)
    assert compressor["id"] in caught.value.stage


def test_CH_07_elements_of_any_length_take_no_memory_before_they_are_there():
    filters = [{"id": "vlen-utf8"}, {"id": "base64"}]
    stored = numcodecs.Base64().encode(numcodecs.VLenUTF8().encode(np.array(["a", "b" * (5 << 20)], object)))
    codec = V2FiltersCodec(tuple(filters))
    spec = spec_of((2,), "string")
    assert codec.estimated_size(spec) is None
    hostile = numcodecs.Base64().encode(b"\xff\xff\xff\x7f")
    with pytest.raises(CorruptDataError, match="declares"):
        codec._decode_sync(buffer_of(bytes(hostile)), spec)
    assert codec._decode_sync(buffer_of(bytes(stored)), spec).shape == (2,)
