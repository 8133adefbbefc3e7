import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.dtype.json_scalar import (
    bool_from_json,
    complex_from_json,
    complex_to_json,
    float_from_json,
    float_to_json,
    int_from_json,
)
from terrazzo.dtype.numeric import Complex64, Complex128, Float16, Float32, Float64
from terrazzo.errors import MetadataValidationError

WIDTHS = {"float16": "u2", "float32": "u4", "float64": "u8"}
each_float = pytest.mark.parametrize("name", WIDTHS)


def from_bits(name, bits):
    return np.array(bits, dtype=WIDTHS[name]).view(name)[()]


def bits_of(scalar):
    return int(np.asarray(scalar).view(f"u{scalar.dtype.itemsize}")[()])


# -- booleans and integers


@pytest.mark.parametrize(("data", "expected"), [(True, True), (False, False), (1, True), (0, False), (1.0, True)])
def test_true_and_false_and_what_zarr_python_writes_for_them(data, expected):
    assert bool_from_json(data) is expected


@pytest.mark.parametrize("data", ["false", "true", "", 2, -1, 0.5, None, [], {}, [True], math.nan])
def test_only_booleans_are_booleans(data):
    with pytest.raises(MetadataValidationError, match="true or false"):
        bool_from_json(data)


@pytest.mark.parametrize(("data", "expected"), [(7, 7), (-128, -128), (127, 127), (7.0, 7), (-0.0, 0)])
def test_integers_and_integral_floats(data, expected):
    read = int_from_json(data, np.dtype("int8"))
    assert read == expected
    assert type(read) is int


@pytest.mark.parametrize("data", [7.5, "7", True, None, [7], {}, math.nan, math.inf])
def test_only_integers_are_integers(data):
    with pytest.raises(MetadataValidationError, match="expected an integer for int16"):
        int_from_json(data, np.dtype("int16"))


@pytest.mark.parametrize("data", [128, -129, 1e30, 10**5000], ids=["above", "below", "float", "long"])
def test_integers_out_of_range_are_refused_without_a_long_message(data):
    with pytest.raises(MetadataValidationError, match="outside the range of int8, -128 to 127") as caught:
        int_from_json(data, np.dtype("int8"))
    assert len(str(caught.value)) < 400


# -- floating-point numbers


@each_float
@given(data=st.data())
def test_every_bit_pattern_survives_v3(name, data):
    width = 8 * np.dtype(name).itemsize
    scalar = from_bits(name, data.draw(st.integers(0, 2**width - 1)))
    text = json.dumps(float_to_json(scalar, 3), allow_nan=False)
    assert bits_of(float_from_json(json.loads(text), np.dtype(name))) == bits_of(scalar)


@pytest.mark.parametrize(
    ("name", "bits"), [("float16", 0x7C01), ("float32", 0x7F800001), ("float64", 0xFFF0000000000001)]
)
def test_every_nan_but_the_usual_is_written_in_hexadecimal(name, bits):
    digits = 2 * np.dtype(name).itemsize
    assert float_to_json(from_bits(name, bits), 3) == f"0x{bits:0{digits}x}"
    assert float_to_json(np.dtype(name).type("nan"), 3) == "NaN"
    assert float_to_json(from_bits(name, bits), 2) == "NaN"


@pytest.mark.parametrize(
    ("name", "text", "bits"),
    [
        ("float16", "0x7e00", 0x7E00),
        ("float32", "0x3fc00000", 0x3FC00000),
        ("float32", "0x7FC00000", 0x7FC00000),
        ("float32", "0x7f800001", 0x7F800001),
        ("float64", "0x3ff8000000000000", 0x3FF8000000000000),
        ("float64", "0x8000000000000000", 0x8000000000000000),
    ],
)
def test_hexadecimal_is_the_bits(name, text, bits):
    assert bits_of(float_from_json(text, np.dtype(name))) == bits


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("float64", "0x3fc00000"),
        ("float32", "0x3ff8000000000000"),
        ("float32", "0x3fc0000"),
        ("float16", "0x"),
        ("float32", "0x3fc0000g"),
        ("float32", "0X3fc00000"),
        ("float32", "-0x3fc00000"),
        ("float32", " 0x3fc00000"),
        ("float32", "0x3fc0_0000"),
    ],
)
def test_hexadecimal_of_another_width_or_form_is_refused(name, text):
    with pytest.raises(MetadataValidationError, match=name):
        float_from_json(text, np.dtype(name))


@each_float
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("+Infinity", "inf"),
        ("1.5", "1.5"),
        ("-0.0", "-0.0"),
        ("+2", "2"),
        (".5e1", "5"),
        ("3.", "3"),
    ],
)
def test_names_and_decimal_text(name, text, expected):
    assert float_from_json(text, np.dtype(name)).tobytes() == np.dtype(name).type(expected).tobytes()


@each_float
@pytest.mark.parametrize(
    "data", ["", "one", "1,5", "1_0", " 1", "1 ", "1.5.1", "0b1", "NaN ", "e5", True, None, [1.0], {}]
)
def test_other_text_is_no_number(name, data):
    with pytest.raises(MetadataValidationError, match=f"expected a number for {name}"):
        float_from_json(data, np.dtype(name))


@each_float
@pytest.mark.parametrize("data", [math.nan, math.inf, -math.inf])
def test_literals_that_are_not_json_are_refused(name, data):
    with pytest.raises(MetadataValidationError, match="finite number or text"):
        float_from_json(data, np.dtype(name))


@pytest.mark.parametrize(
    ("name", "data"),
    [("float16", 65520), ("float16", -1e6), ("float32", 1e39), ("float32", "1e39"), ("float64", 10**400)],
)
def test_numbers_beyond_the_range_are_not_taken_for_infinity(name, data):
    with pytest.raises(MetadataValidationError, match=f"outside the range of {name}"):
        float_from_json(data, np.dtype(name))


def test_decimal_text_beyond_all_ranges_is_not_taken_for_infinity():
    with pytest.raises(MetadataValidationError, match="outside the range of float64"):
        float_from_json("1e999", np.dtype("float64"))


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("float16", 65519, 65504.0),
        ("float32", 1e-50, 0.0),
        ("float32", 16777217, 16777216.0),
        ("float64", 2**53 + 1, 2.0**53),
    ],
)
def test_numbers_round_half_to_even(name, data, expected):
    assert float_from_json(data, np.dtype(name)) == expected


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_floats_are_written_with_a_fraction_or_exponent(name):
    for value, text in [(0, "0.0"), (1, "1.0"), (-0.0, "-0.0"), (2**40, "1099511627776.0"), (1e30, "1e+30")]:
        written = json.dumps(float_to_json(np.float64(value) if name == "float64" else np.float32(value), 3))
        assert float(written) == np.dtype(name).type(value)
        assert name == "float32" or written == text


# -- complex numbers


@pytest.mark.parametrize(("name", "part"), [("complex64", "float32"), ("complex128", "float64")])
@given(data=st.data())
def test_every_pair_of_bit_patterns_survives_v3(name, part, data):
    width = 8 * np.dtype(part).itemsize
    bits = data.draw(st.tuples(st.integers(0, 2**width - 1), st.integers(0, 2**width - 1)))
    scalar = np.array(bits, dtype=WIDTHS[part]).view(name)[0]
    written = json.loads(json.dumps(complex_to_json(scalar, 3), allow_nan=False))
    assert complex_from_json(written, np.dtype(name)).tobytes() == scalar.tobytes()


@pytest.mark.parametrize("data", [1, 1.5, "NaN", "12", None, [], [1], [1, 2, 3], {"0": 1, "1": 2}])
def test_complex_numbers_are_pairs(data):
    with pytest.raises(MetadataValidationError, match="expected a pair of numbers for complex64"):
        complex_from_json(data, np.dtype("complex64"))


@pytest.mark.parametrize("data", [[1, None], ["x", 1], [1e39, 0], [True, 0], [0, [1]], ["0x3ff8000000000000", 0]])
def test_each_part_of_a_pair_is_checked(data):
    with pytest.raises(MetadataValidationError, match="float32"):
        complex_from_json(data, np.dtype("complex64"))


# -- the types use them


@pytest.mark.parametrize("cls", [Float16, Float32, Float64, Complex64, Complex128])
@given(data=st.data())
def test_big_endian_types_have_the_same_fill_values(cls, data):
    raw = data.draw(st.binary(min_size=cls().item_size, max_size=cls().item_size))
    scalar = np.frombuffer(raw, dtype=cls().to_native_dtype())[0]
    written = cls().to_json_scalar(scalar, zarr_format=3)
    big = cls(endianness="big")
    assert big.to_json_scalar(scalar, zarr_format=3) == written
    assert big.from_json_scalar(written, zarr_format=3).tobytes() == scalar.tobytes()
