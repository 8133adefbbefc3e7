"""The oracle rounds fractions: a number to the nearest that has so many significant bits."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.codecs import BitRoundCodec
from terrazzo.dtype import parse_dtype
from terrazzo.errors import MetadataValidationError
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from tests.helpers import spec_of
from tests.stored import contents_of

MANTISSA = {"float16": 10, "float32": 23, "float64": 52}
INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


def encode(keepbits, array):
    codec = BitRoundCodec(keepbits=keepbits)
    spec = spec_of(array.shape, array.dtype)
    stored = codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec)
    assert codec._decode_sync(stored, spec) is stored
    assert codec.compute_encoded_size(array.nbytes, spec) == stored.as_numpy_array().nbytes
    return stored.as_numpy_array()


def rounded_float(value, keepbits):
    """The nearest number whose mantissa has so many bits; a subnormal number has fewer, as its unit says."""
    info = np.finfo(value.dtype)
    number = Fraction(float(value))
    if number == 0:
        return float(value)
    _, exponent = math.frexp(float(value))
    unit = Fraction(2) ** (max(exponent - 1, info.minexp) - min(keepbits, info.nmant))
    result = round(number / unit) * unit
    if abs(result) > Fraction(float(info.max)):
        return math.copysign(math.inf, value)
    return math.copysign(float(result), value)


def rounded_integer(value, keepbits, limit):
    """The nearest with so many significant bits, ties to even; the one below where that is larger than any."""
    size = abs(value)
    unit = 1 << max(size.bit_length() - keepbits, 0)
    result = round(Fraction(size, unit)) * unit
    result = result if result <= limit else size // unit * unit
    return -result if value < 0 else result


@given(data=st.data(), dtype=st.sampled_from(sorted(MANTISSA)), keepbits=st.integers(1, 60))
def test_floats_keep_bits_of_the_mantissa(data, dtype, keepbits):
    array = data.draw(strategies.array_values(np.dtype(dtype), (8,)))
    result = encode(keepbits, array)
    assert result.dtype == array.dtype
    for value, got in zip(array, result, strict=True):
        if np.isfinite(value):
            wanted = rounded_float(value, keepbits)
            assert float(got) == wanted, value
            assert np.signbit(got) == np.signbit(value)
        else:
            assert got.tobytes() == value.tobytes()


@given(data=st.data(), dtype=st.sampled_from(INTEGERS), keepbits=st.integers(1, 70))
def test_integers_keep_bits_from_the_most_significant(data, dtype, keepbits):
    info = np.iinfo(dtype)
    low, high = int(info.min), int(info.max)
    ends = st.sampled_from([low, low + 1, high, high - 1, 0, 1, high // 2, high // 2 + 1])
    values = data.draw(st.lists(st.integers(low, high) | ends, min_size=1, max_size=12))
    result = encode(keepbits, np.array(values, dtype=dtype))
    assert result.dtype == np.dtype(dtype)
    wanted = [rounded_integer(value, keepbits, -low if value < 0 else high) for value in values]
    assert result.tolist() == wanted


def test_ties_go_to_even():
    assert encode(2, np.array([1.125, 1.375, 1.625, 1.875], "f4")).tolist() == [1.0, 1.5, 1.5, 2.0]
    assert encode(3, np.array([17, 18, 19, 22, 23, 255, 254], "u1")).tolist() == [16, 16, 20, 24, 24, 224, 224]
    assert encode(3, np.array([-1, -17, -128, 127, 0], "i1")).tolist() == [-1, -16, -128, 112, 0]


def test_nan_stays_nan_and_infinity_infinity():
    bits = np.array([0x7F800001, 0x7FFFFFFF, 0xFF800001, 0x7FC00000, 0x7F800000, 0xFF800000], dtype="u4")
    assert encode(1, bits.view("f4")).tobytes() == bits.tobytes()


def test_each_part_of_a_complex_number_is_rounded():
    assert encode(1, np.array([[1.3 + 2.8j], [-0.1j]], "c8")).tolist() == [[1.5 + 3j], [-0.09375j]]


@pytest.mark.parametrize("layout", ["F", "strided", "swapped", "0-d", "empty"])
@pytest.mark.parametrize("dtype", ["float32", "complex128", "int16", "uint64"])
def test_arrays_in_any_layout(dtype, layout):
    array = (np.arange(24).reshape(4, 6) * 37 % 101).astype(dtype)
    values = {
        "F": np.asfortranarray(array),
        "strided": array[::2, ::-1],
        "swapped": array.astype(array.dtype.newbyteorder()),
        "0-d": array[2, 3].reshape(()),
        "empty": array[:0],
    }[layout]
    before = values.copy()
    assert np.array_equal(encode(3, values), encode(3, np.array(values, dtype=dtype, order="C")))
    assert encode(3, values).shape == values.shape
    assert np.array_equal(values, before)


def test_json():
    document = {"name": "bitround", "configuration": {"keepbits": 10}}
    codec = BitRoundCodec.from_dict(document)
    assert codec == BitRoundCodec(keepbits=np.int64(10))
    assert json.loads(json.dumps(BitRoundCodec(keepbits=np.int64(10)).to_dict())) == document


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("bitround", "configuration.keepbits"),
        ({"name": "bitround", "configuration": {}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": 0}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": -1}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": 1.0}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": True}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": "3"}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": None}}, "configuration.keepbits"),
        ({"name": "bitround", "configuration": {"keepbits": 3, "dtype": 1}}, "configuration.dtype"),
    ],
    ids=json.dumps,
)
def test_malformed_configurations_are_refused_and_the_member_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        BitRoundCodec.from_dict(data)
    assert caught.value.field == field


def test_booleans_are_refused_before_anything_is_written():
    store = {}
    with pytest.raises(MetadataValidationError, match="'bool' cannot be rounded"):
        terrazzo.create_array(store, shape=(3,), dtype="bool", filters=BitRoundCodec(keepbits=3))
    assert not store


def test_the_fill_value_is_rounded_for_what_follows():
    spec = BitRoundCodec(keepbits=2).resolve_metadata(spec_of(dtype="float32", fill_value=3.14159))
    assert spec.fill_value == 3.0
    assert type(spec.fill_value) is np.float32


def test_stored_bytes(store):
    data = np.array([3.14159, np.nan, 1e30, 0.0], dtype="float32")
    terrazzo.create_array(store, data=data, filters=BitRoundCodec(keepbits=4), compressors=None)
    rounded = encode(4, data)
    assert contents_of(store)["c/0"] == rounded.astype("<f4").tobytes()
    assert terrazzo.open_array(store)[:].tobytes() == rounded.tobytes()


@given(data=st.data(), dtype=st.sampled_from(("float16", "float64", "complex64", "int32", "uint8")))
def test_what_was_rounded_once_comes_back_as_it_is(data, dtype, driven):
    shape = data.draw(strategies.shapes(max_dims=2, max_side=5))
    array = encode(4, data.draw(strategies.array_values(np.dtype(dtype), shape)))
    store = driven(MemoryStore())
    chunks = tuple(data.draw(st.integers(1, max(length, 1))) for length in shape)
    terrazzo.create_array(store, data=array, chunks=chunks, filters=BitRoundCodec(keepbits=4))
    assert terrazzo.open_array(store)[...].tobytes() == array.tobytes()


@pytest.mark.parametrize("keepbits", [1, 3, 6, 7, 9, 10])
@pytest.mark.parametrize(("name", "mantissa"), [("bfloat16", 7), ("complex_bfloat16", 7), ("complex_float16", 10)])
def test_numbers_of_machine_learning_are_rounded_in_their_bits(name, mantissa, keepbits):
    codes = np.arange(1 << 16, dtype="u2")
    native = parse_dtype(name, zarr_format=3).to_native_dtype()
    result = terrazzo.create_array({}, data=codes.view(native), filters=BitRoundCodec(keepbits=keepbits))[:]
    dropped = max(mantissa - keepbits, 0)
    largest = 0x7FFF - ((1 << mantissa) - 1)
    for code, got in zip(codes.tolist(), np.ascontiguousarray(result).view("u2").tolist(), strict=True):
        sign, size = code & 0x8000, code & 0x7FFF
        wanted = size if size > largest else round(Fraction(size, 1 << dropped)) << dropped
        assert got == sign | wanted
