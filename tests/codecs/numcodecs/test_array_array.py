import numcodecs as theirs
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import BytesCodec, numcodecs
from terrazzo.errors import CorruptDataError, MetadataValidationError
from terrazzo.pipeline.chain import CodecChain, parse_codec
from terrazzo.pipeline.prepared import PreparedChain
from tests.helpers import buffer_of, on_a_loop, spec_of

WALK = np.cumsum(np.arange(24) % 5 - 2)
TIMES = np.array(["2020-01-01", "NaT", "1969-07-20", "2020-01-02"], "M8[s]")


def codec_of(name, **configuration):
    return parse_codec({"name": f"numcodecs.{name}", "configuration": configuration})


def chain_of(shape, dtype, codec, endian="little"):
    spec = spec_of(shape, dtype)
    chain = CodecChain.from_codecs([codec, BytesCodec(endian=endian)])
    chain.validate(shape=shape, dtype=spec.dtype, chunk_grid=None, chunk_spec=spec)
    return PreparedChain(chain.evolve(spec), spec)


def round_trip(array, codec, endian="little"):
    """What is stored of an array, and what comes back."""
    chain = chain_of(array.shape, array.dtype, codec, endian)
    stored = on_a_loop(chain.encode(chain.spec.prototype.nd_buffer.from_numpy_array(array)))
    assert len(stored) == chain.stored_size
    return stored.to_bytes(), on_a_loop(chain.decode(stored)).as_numpy_array()


LOSSLESS = [
    ("delta", {"dtype": "<i4"}, WALK.astype("i4")),
    ("delta", {"dtype": "i4", "astype": "i1"}, WALK.astype("i4")),
    ("delta", {}, WALK.astype("i2")),
    ("delta", {"dtype": ">i8"}, WALK.astype("i8")),
    ("delta", {"dtype": "<u2"}, np.arange(24, 0, -1).astype("u2")),
    ("delta", {"dtype": "<f8"}, WALK.astype("f8")),
    ("delta", {"dtype": "<i8"}, TIMES),
    ("fixedscaleoffset", {"offset": -2, "scale": 10, "dtype": "f4", "astype": "u1"}, np.arange(8).astype("f4") / 2),
    ("fixedscaleoffset", {"offset": 0, "scale": 4}, np.arange(8).astype("f8") / 4),
    ("quantize", {"digits": 2}, np.arange(8).astype("f4") / 4),
    ("quantize", {"digits": 2, "dtype": "f8", "astype": "f4"}, np.arange(8).astype("f8") / 4),
    ("bitround", {"keepbits": 5}, np.arange(8).astype("f2")),
    ("bitround", {"keepbits": 5}, np.arange(8).astype("f4")),
    ("bitround", {"keepbits": 5}, np.arange(8).astype("f8")),
    ("astype", {"encode_dtype": "i2"}, WALK.astype("i8")),
    ("astype", {"encode_dtype": ">f8", "decode_dtype": "<f4"}, np.arange(8).astype("f4") / 4),
    ("packbits", {}, WALK % 3 == 0),
    ("packbits", {}, np.array(True)),
    ("packbits", {}, WALK[:9] > 0),
]


@pytest.mark.parametrize(("name", "configuration", "array"), LOSSLESS, ids=str)
@pytest.mark.parametrize("endian", ["little", "big"])
def test_elements_come_back(name, configuration, array, endian):
    given = array.copy()
    _, found = round_trip(array, codec_of(name, **configuration), endian)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array, equal_nan=array.dtype.kind in "fcM")
    assert np.array_equal(array, given, equal_nan=array.dtype.kind in "fcM"), "the data of the caller"


@pytest.mark.parametrize(("name", "configuration", "array"), LOSSLESS, ids=str)
def test_what_is_stored_is_what_numcodecs_makes(name, configuration, array):
    codec = codec_of(name, **configuration).evolve_from_array_spec(spec_of(array.shape, array.dtype))
    own = theirs.get_codec(codec.codec_config)
    expected = np.asarray(own.encode(array.astype(codec.codec_config.get("dtype", array.dtype)).copy()))
    endian = "big" if expected.dtype.str[0] == ">" else "little"
    assert round_trip(array, codec, endian)[0] == expected.tobytes()


@pytest.mark.parametrize("name", ["quantize", "fixedscaleoffset", "bitround"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_is_lost_is_as_little_as_numcodecs_loses(name, dtype):
    configuration = {
        "quantize": {"digits": 1},
        "fixedscaleoffset": {"offset": 1, "scale": 7},
        "bitround": {"keepbits": 3},
    }
    array = np.linspace(-3, 3, 50).astype(dtype)
    codec = codec_of(name, **configuration[name]).evolve_from_array_spec(spec_of(array.shape, dtype))
    own = theirs.get_codec(codec.codec_config)
    expected = np.asarray(own.decode(own.encode(array.copy()))).view(dtype)
    _, found = round_trip(array, codec)
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, array)


@pytest.mark.parametrize("shape", [(), (1,), (24,), (4, 6), (2, 3, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_is_that_of_c_whatever_lies_in_memory(shape, order):
    array = np.asarray(WALK[: int(np.prod(shape))].reshape(shape).astype("i4"), order=order)
    stored, found = round_trip(array, numcodecs.Delta(dtype="i4"))
    flat = array.reshape(-1)
    assert stored == np.concatenate([flat[:1], np.diff(flat)]).astype("<i4").tobytes()
    assert np.array_equal(found, array)


# -- what the next codec sees


@pytest.mark.parametrize(
    ("name", "configuration", "dtype", "seen"),
    [
        ("delta", {}, "int32", "int32"),
        ("delta", {"astype": "i2"}, "int32", "int16"),
        ("fixedscaleoffset", {"offset": 0, "scale": 1, "astype": "u1"}, "float32", "uint8"),
        ("fixedscaleoffset", {"offset": 0, "scale": 1}, "float32", "float32"),
        ("quantize", {"digits": 1, "astype": "f2"}, "float32", "float16"),
        ("astype", {"encode_dtype": "u1"}, "int64", "uint8"),
        ("bitround", {"keepbits": 3}, "float32", "float32"),
    ],
)
def test_the_next_codec_sees_another_data_type(name, configuration, dtype, seen):
    spec = spec_of((4,), dtype, fill_value=3)
    codec = codec_of(name, **configuration).evolve_from_array_spec(spec)
    inner = codec.resolve_metadata(spec)
    assert (inner.shape, inner.dtype.to_native_dtype(), inner.fill_value) == ((4,), np.dtype(seen), 3)
    assert codec.compute_encoded_size(spec.dtype.item_size * 4, spec) == 4 * np.dtype(seen).itemsize


def test_packed_bits_are_one_dimension_of_bytes():
    for shape, size in (((), 2), ((8,), 2), ((3, 3), 3)):
        inner = numcodecs.PackBits().resolve_metadata(spec_of(shape, "bool"))
        assert (inner.shape, inner.dtype.to_native_dtype()) == ((size,), np.dtype("u1"))


def test_a_fill_value_that_the_other_data_type_does_not_hold_is_left_to_it():
    spec = spec_of((4,), "int32", fill_value=1000)
    assert numcodecs.Delta(dtype="i4", astype="i1").resolve_metadata(spec).fill_value == 0


def test_arrays_of_filters_are_written_and_read_and_keep_their_parameters():
    array = np.arange(60).reshape(6, 10).astype("int32")
    for filters in (
        numcodecs.Delta(dtype="int32"),
        [numcodecs.Delta(dtype="<i4", astype="<i2"), numcodecs.AsType(encode_dtype="i4", decode_dtype="i2")],
        [numcodecs.FixedScaleOffset(offset=0, scale=2)],
    ):
        store = {}
        created = terrazzo.create_array(store, shape=(6, 10), chunks=(4, 4), dtype="int32", filters=filters)
        created[...] = array
        opened = terrazzo.open_array(store)
        assert np.array_equal(opened[...], array)
        assert opened.filters == created.filters
        opened[1, 1] = 7
        assert opened[1, 1] == 7


def test_json_is_completed_with_the_data_type_of_the_array():
    for codec, member in ((numcodecs.Delta(), "dtype"), (numcodecs.AsType(encode_dtype="i2"), "decode_dtype")):
        [written, *_] = terrazzo.create_array({}, shape=3, dtype="float32", filters=codec).metadata.codecs
        assert written.to_dict()["configuration"][member] == "float32"


# -- what is refused


@pytest.mark.parametrize(
    ("name", "configuration", "dtype", "field"),
    [
        ("delta", {"dtype": "i2"}, "int32", "codecs[0].configuration.dtype"),
        ("delta", {"dtype": "i4"}, "float32", "codecs[0].configuration.dtype"),
        ("delta", {"dtype": "nope"}, "int32", "codecs[0].configuration.dtype"),
        ("delta", {"dtype": 5}, "int32", "codecs[0].configuration.dtype"),
        ("delta", {"dtype": "i4", "astype": "O"}, "int32", "codecs[0].configuration.astype"),
        ("quantize", {"dtype": "f4", "digits": 1}, "float64", "codecs[0].configuration.dtype"),
        ("quantize", {"digits": 1}, "int32", "codecs[0].configuration"),
        ("quantize", {}, "float32", "codecs[0].configuration"),
        ("fixedscaleoffset", {"offset": 1}, "float32", "codecs[0].configuration"),
        ("astype", {}, "float32", "codecs[0].configuration.encode_dtype"),
        ("astype", {"encode_dtype": "i4", "decode_dtype": "i4"}, "float32", "codecs[0].configuration.decode_dtype"),
        ("packbits", {}, "uint8", "codecs[0].configuration"),
        ("bitround", {"keepbits": -1}, "float32", "codecs[0].configuration"),
    ],
)
def test_parameters_that_do_not_fit_are_named(name, configuration, dtype, field):
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.create_array({}, shape=3, dtype=dtype, filters=codec_of(name, **configuration))
    assert caught.value.field == field


def test_damaged_bits_are_refused():
    chain = chain_of((9,), "bool", numcodecs.PackBits())
    for stored in (b"\x07\xff\xff", b"\x07\xff", b"\x00\xff\xff", b"\xff\xff\xff", b"\x09\xff\x80"):
        if stored == b"\x07\xff\xff":
            assert on_a_loop(chain.decode(buffer_of(stored))).as_numpy_array().all()
            continue
        with pytest.raises(CorruptDataError):
            on_a_loop(chain.decode(buffer_of(stored)))
