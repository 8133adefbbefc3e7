"""The oracle makes every number of a type from its form: bits of exponent and mantissa, bias, and what it lacks."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs.casting import OUT_OF_RANGE_MODES, ROUNDING_MODES, Cast
from terrazzo.codecs.small_floats import small_floats
from terrazzo.testing import strategies
from tests.codecs.test_casting import OutsideError, rounded

FORMS = {
    # exponent, mantissa, bias, infinity, NaN, negative zero
    "bfloat16": (8, 7, 127, True, True, True),
    "float8_e3m4": (3, 4, 3, True, True, True),
    "float8_e4m3": (4, 3, 7, True, True, True),
    "float8_e5m2": (5, 2, 15, True, True, True),
    "float8_e4m3fn": (4, 3, 7, False, True, True),
    "float8_e4m3fnuz": (4, 3, 8, False, True, False),
    "float8_e4m3b11fnuz": (4, 3, 11, False, True, False),
    "float8_e5m2fnuz": (5, 2, 16, False, True, False),
    "float6_e2m3fn": (2, 3, 1, False, False, True),
    "float6_e3m2fn": (3, 2, 3, False, False, True),
    "float4_e2m1fn": (2, 1, 1, False, False, True),
}
LARGEST = {"float8_e4m3fn": Fraction(448)}
INTEGERS = {"int2": (-2, 1), "uint2": (0, 3), "int4": (-8, 7), "uint4": (0, 15)}


def largest(name):
    exponents, mantissa, bias, infinity, *_ = FORMS[name]
    top = (1 << exponents) - 1 - infinity - bias
    return LARGEST.get(name, (2 - Fraction(1, 1 << mantissa)) * Fraction(2) ** top)


def expected(number, name, rounding, out_of_range):
    """What a fraction becomes."""
    _, mantissa, bias, infinity, *_ = FORMS[name]
    size = abs(number)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent = max(exponent - (size < Fraction(2) ** exponent), 1 - bias)
    unit = Fraction(2) ** (exponent - mantissa)
    result = rounded(number / unit, rounding) * unit
    if abs(result) <= largest(name):
        return float(result)
    if out_of_range != "clamp":
        raise OutsideError
    return math.copysign(math.inf if infinity else float(largest(name)), number)


def check(values, source, name, rounding, out_of_range):
    dtype = np.dtype(getattr(ml_dtypes, name))
    cast = Cast(np.dtype(source), dtype, rounding, out_of_range)
    fine, outcomes = [], []
    for value in values:
        number = Fraction(int(value)) if np.dtype(source).kind in "iu" else Fraction(float(value))
        try:
            outcomes.append(expected(number, name, rounding, out_of_range))
            fine.append(value)
        except OutsideError:
            with pytest.raises(ValueError, match="outside the range of"):
                cast(np.array([1, value], dtype=source))
    results = cast(np.array(fine, dtype=source))
    assert results.dtype == dtype
    for value, result, outcome in zip(fine, results, outcomes, strict=True):
        assert float(result) == outcome, (value, result, outcome)
        if FORMS[name][5] and np.dtype(source).kind == "f":
            assert np.signbit(float(result)) == np.signbit(value)


def edges(name):
    """Numbers of the type, what is between them, and what is beside those."""
    values = small_floats(name).values
    values = np.concatenate([values[:40], values[-40:], values[len(values) // 2 :][:20]])
    middles = (values[1:] + values[:-1]) / 2
    top = float(largest(name))
    exact = np.concatenate([values, middles, [top * factor for factor in (1.01, 1.06, 1.1, 1.2, 1.3, 2, 1e6)]])
    near = np.concatenate([exact, np.nextafter(exact, 0), np.nextafter(exact, np.inf)])
    near = near[np.isfinite(near) & (near < 1e38)]
    return np.unique(np.concatenate([near, -near]))


@pytest.mark.parametrize("name", FORMS)
def test_the_numbers_of_a_type_are_those_of_its_form(name):
    exponents, mantissa, bias, infinity, nan, negative_zero = FORMS[name]
    table = small_floats(name)
    assert Fraction(float(table.values[-1])) == largest(name)
    assert table.values[1] == 2.0 ** (1 - bias - mantissa)
    assert (table.infinity is not None, table.nan is not None) == (infinity, nan)
    assert table.sign == 1 << exponents + mantissa
    assert np.signbit(float(table.pack(np.array([0]), np.array([True]))[0])) == negative_zero
    assert np.all(np.diff(table.values) > 0)


@pytest.mark.parametrize("out_of_range", [None, "clamp"])
@pytest.mark.parametrize("rounding", ROUNDING_MODES)
@pytest.mark.parametrize("name", FORMS)
def test_every_number_at_an_edge_becomes_what_exact_arithmetic_says(name, rounding, out_of_range):
    check(edges(name), "f8", name, rounding, out_of_range)


@given(
    data=st.data(),
    name=st.sampled_from(sorted(FORMS)),
    source=st.sampled_from(["i1", "u2", "i8", "u8", "f2", "f4", "f8"]),
    rounding=st.sampled_from(ROUNDING_MODES),
    out_of_range=st.sampled_from([None, *OUT_OF_RANGE_MODES]),
)
def test_any_number_becomes_what_exact_arithmetic_says(data, name, source, rounding, out_of_range):
    values = data.draw(strategies.array_values(np.dtype(source), (6,)))
    check(values[np.isfinite(values)], source, name, rounding, out_of_range)


@pytest.mark.parametrize("rounding", ROUNDING_MODES)
def test_integers_of_64_bits_are_rounded_once(rounding):
    ties = [sign * ((2 * step + 1) << 54) + near for sign in (1, -1) for step in range(100, 125) for near in (-1, 0, 1)]
    check(np.array([tie for tie in ties if -(2**63) <= tie < 2**63]), "i8", "bfloat16", rounding, None)


def cast(source, name, *pairs, rounding="nearest-even", out_of_range=None):
    return Cast.with_map(np.dtype(source), np.dtype(getattr(ml_dtypes, name)), rounding, out_of_range, pairs)


@pytest.mark.parametrize("name", FORMS)
def test_what_a_type_has_no_value_for_is_refused_unless_it_is_mapped(name):
    table = small_floats(name)
    for value, code in ((math.nan, table.nan), (math.inf, table.infinity), (-math.inf, table.infinity)):
        if code is None:
            for mode in (None, "clamp"):
                with pytest.raises(ValueError, match="has no counterpart"):
                    cast("f8", name, out_of_range=mode)(np.array([1.0, value]))
            assert float(cast("f8", name, (value, table.dtype.type(1)))(np.array([value]))[0]) == 1
        else:
            result = float(cast("f8", name)(np.array([value]))[0])
            assert result == value or (math.isnan(value) and math.isnan(result))


def test_powers_of_two_have_no_zero_and_no_sign():
    powers = cast("f8", "float8_e8m0fnu")
    values = [2.0**-127, 1.0, 1.4, 1.5, 3.0, 2.0**127]
    assert [float(value) for value in powers(np.array(values))] == [2.0**-127, 1, 1, 2, 4, 2.0**127]
    assert math.isnan(float(powers(np.array([math.nan]))[0]))
    for value in (0.0, -1.0, 2.0**-130, 1.6 * 2.0**127):
        with pytest.raises(ValueError, match="outside the range of float8_e8m0fnu"):
            powers(np.array([value]))
    clamped = cast("f8", "float8_e8m0fnu", out_of_range="clamp")(np.array([0.0, -1.0, 1e300]))
    assert [float(value) for value in clamped] == [2.0**-127, 2.0**-127, 2.0**127]


@pytest.mark.parametrize("name", [*FORMS, "float8_e8m0fnu"])
def test_every_number_comes_back_from_a_wider_type(name):
    table = small_floats(name)
    every = (
        np.arange(256).astype("u1").view(table.dtype)
        if table.dtype.itemsize == 1
        else np.arange(1 << 16).astype("u2").view(table.dtype)
    )
    every = every[np.isfinite(every.astype("f4"))]
    for wide in ("f4", "f8"):
        stored = Cast(table.dtype, np.dtype(wide))(every)
        assert np.array_equal(stored, every.astype(wide))
        back = Cast(np.dtype(wide), table.dtype)(stored)
        assert np.array_equal(back.astype("f4"), every.astype("f4"))


@pytest.mark.parametrize("out_of_range", [None, *OUT_OF_RANGE_MODES])
@pytest.mark.parametrize("source", ["i1", "u8", "f4", "bfloat16"])
@pytest.mark.parametrize("name", INTEGERS)
def test_integers_of_less_than_a_byte(name, source, out_of_range):
    low, high = INTEGERS[name]
    native = np.dtype(getattr(ml_dtypes, source, source))
    dtype = np.dtype(getattr(ml_dtypes, name))
    for number in range(0 if source == "u8" else -20, 40):
        convert = Cast(native, dtype, out_of_range=out_of_range)
        one = np.array([number]).astype(native)
        if low <= number <= high or out_of_range is not None:
            wrapped = (number - low) % (high - low + 1) + low
            wanted = wrapped if out_of_range == "wrap" else min(max(number, low), high)
            result = convert(one)
            assert result.dtype == dtype
            assert int(result[0]) == wanted
            assert int(Cast(dtype, np.dtype("i2"))(result)[0]) == wanted
        else:
            with pytest.raises(ValueError, match=f"outside the range of {name}, {low} to {high}"):
                convert(one)
