"""The oracle computes with integers and fractions, in which every number of every type is exact."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.codecs.casting import BLOCK, OUT_OF_RANGE_MODES, ROUNDING_MODES, Cast
from terrazzo.testing import strategies

INTEGERS = tuple(f"{sign}{size}" for sign in "iu" for size in (1, 2, 4, 8))
FLOATS = ("f2", "f4", "f8")
EMAX = {"f2": 15, "f4": 127, "f8": 1023}
PRECISION = {"f2": 11, "f4": 24, "f8": 53}
EMIN = {name: 1 - emax for name, emax in EMAX.items()}
PAIRS = [(source, target) for source in INTEGERS + FLOATS for target in INTEGERS + FLOATS]


class OutsideError(Exception):
    """The oracle's word for what is an error."""


def rounded(number, rounding):
    """A fraction rounded to an integer."""
    below = math.floor(number)
    rest = number - below
    if rest == 0:
        return below
    up = {
        "towards-positive": True,
        "towards-negative": False,
        "towards-zero": number < 0,
        "nearest-even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1),
        "nearest-away": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and number > 0),
    }[rounding]
    return below + up


def limits(target):
    bits = 8 * int(target[1])
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if target[0] == "i" else (0, (1 << bits) - 1)


def float_from(number, target, rounding, out_of_range):
    """The float nearest to a fraction, found with integers alone: a multiple of the unit in the last place."""
    size = abs(number)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent = max(exponent - (size < Fraction(2) ** exponent), EMIN[target])
    unit = Fraction(2) ** (exponent - PRECISION[target] + 1)
    result = rounded(number / unit, rounding) * unit
    if abs(result) >= Fraction(2) ** (EMAX[target] + 1):
        if out_of_range != "clamp":
            raise OutsideError
        return math.copysign(math.inf, number)
    return float(result)


def expected(value, target, rounding, out_of_range):
    """What a numpy scalar becomes."""
    if isinstance(value, np.floating) and not np.isfinite(value):
        if target in INTEGERS:
            raise OutsideError
        return float(value)
    number = Fraction(int(value)) if isinstance(value, np.integer) else Fraction(float(value))
    if target in FLOATS:
        if number == 0:
            return math.copysign(0.0, value)
        result = float_from(number, target, rounding, out_of_range)
        return math.copysign(result, number)
    low, high = limits(target)
    whole = rounded(number, rounding)
    if low <= whole <= high:
        return whole
    if out_of_range == "clamp":
        return low if whole < low else high
    if out_of_range == "wrap":
        return (whole - low) % (1 << 8 * int(target[1])) + low
    raise OutsideError


def edges(source, target):
    """Numbers of one type that lie at, beside and between the limits and the steps of another."""
    dtype = np.dtype(source)
    exact = {0, 1, 2, 3, 5, 7, -1, -2, -3}
    for name in (source, target):
        if name in INTEGERS:
            exact |= {bound + step for bound in limits(name) for step in (-2, -1, 0, 1, 2)}
            exact |= {2 * bound for bound in limits(name)}
        else:
            exact |= {sign * 2 ** PRECISION[name] + step for sign in (1, -1) for step in range(-3, 6)}
            exact |= {sign * 2 ** min(EMAX[name] + 1, 70) + step for sign in (1, -1) for step in (-1, 0, 1)}
            exact |= {65504, 65519, 65520, 65521, 70000, 2**24 + 1, 2**53 + 1, 2**63 - 1, 2**64 - 1, 2**64 - 1024}
    if source in INTEGERS:
        low, high = limits(source)
        return np.array(sorted(number for number in exact if low <= number <= high), dtype=dtype)
    numbers = [float(number) for number in exact]
    numbers += [number + part for number in numbers for part in (0.25, 0.5, 0.75, -0.5)]
    if target in FLOATS:
        tiny, largest = np.finfo(target).smallest_subnormal, np.finfo(target).max
        numbers += [float(tiny) * part for part in (0.25, 0.5, 0.75, 1, 1.5, 2.5)]
        numbers += [float(largest) * (1 + 2.0**-power) for power in range(8, 53, 3)]
    with np.errstate(over="ignore"):
        floats = np.array([*numbers, 0.49999999999999994, -0.0, math.inf, -math.inf, math.nan], dtype=dtype)
        floats = np.concatenate(
            [floats, np.nextafter(floats, dtype.type(0)), np.nextafter(floats, dtype.type(math.inf))]
        )
    bits = np.concatenate([floats, -floats]).view(f"u{dtype.itemsize}")
    return np.unique(bits).view(dtype)


def same(result, wanted):
    if isinstance(wanted, float) and math.isnan(wanted):
        return math.isnan(result)
    if isinstance(wanted, float):
        return float(result) == wanted and math.copysign(1, result) == math.copysign(1, wanted)
    return int(result) == wanted


def check(values, source, target, rounding, out_of_range):
    cast = Cast(np.dtype(source), np.dtype(target), rounding, out_of_range)
    fine, outcomes = [], []
    for value in values:
        try:
            outcomes.append(expected(value, target, rounding, out_of_range))
            fine.append(value)
        except OutsideError:
            with pytest.raises(ValueError, match=r"outside the range|no counterpart"):
                cast(np.array([1, value], dtype=source))
    results = cast(np.array(fine, dtype=source))
    assert results.dtype == np.dtype(target)
    for value, result, outcome in zip(fine, results, outcomes, strict=True):
        assert same(result, outcome), (value, result, outcome)


@pytest.mark.parametrize("out_of_range", [None, *OUT_OF_RANGE_MODES])
@pytest.mark.parametrize("rounding", ROUNDING_MODES)
@pytest.mark.parametrize(("source", "target"), PAIRS, ids="-".join)
def test_every_number_at_an_edge_becomes_what_exact_arithmetic_says(source, target, rounding, out_of_range):
    check(edges(source, target), source, target, rounding, out_of_range)


@given(
    data=st.data(),
    pair=st.sampled_from(PAIRS),
    rounding=st.sampled_from(ROUNDING_MODES),
    out_of_range=st.sampled_from([None, *OUT_OF_RANGE_MODES]),
)
def test_any_number_becomes_what_exact_arithmetic_says(data, pair, rounding, out_of_range):
    source, target = pair
    values = data.draw(strategies.array_values(np.dtype(source), (6,)))
    check(values, source, target, rounding, out_of_range)


@given(data=st.data(), source=st.sampled_from(FLOATS), target=st.sampled_from(INTEGERS))
def test_numbers_around_the_limits_of_integers_are_right(data, source, target):
    low, high = limits(target)
    near = st.floats(-4, 4).flatmap(lambda step: st.sampled_from([float(low) + step, float(high) + step]))
    with np.errstate(over="ignore"):
        values = np.array(data.draw(st.lists(near, min_size=1, max_size=8)), dtype=source)
    for rounding in ROUNDING_MODES:
        check(values, source, target, rounding, data.draw(st.sampled_from([None, *OUT_OF_RANGE_MODES])))


@pytest.mark.parametrize("layout", ["C", "F", "strided", "swapped", "0-d", "empty"])
@pytest.mark.parametrize(("source", "target"), [("f8", "i2"), ("i8", "f4"), ("f8", "f4"), ("u2", "u1")])
def test_arrays_in_any_layout_keep_their_shape(source, target, layout):
    values = np.arange(24, dtype=source).reshape(2, 3, 4)
    values = {
        "C": values,
        "F": np.asfortranarray(values),
        "strided": values[:, ::-1, ::2],
        "swapped": values.astype(values.dtype.newbyteorder()),
        "0-d": values[1, 2, 3],
        "empty": values[:0],
    }[layout]
    before = values.copy()
    result = Cast(np.dtype(source), np.dtype(target), "towards-zero", "clamp")(np.asarray(values))
    assert result.shape == np.shape(values)
    assert result.dtype == np.dtype(target)
    assert np.array_equal(result, values)
    assert np.array_equal(values, before)


@pytest.mark.parametrize("layout", ["C", "F", "strided"])
@pytest.mark.parametrize(("source", "target", "rounding"), [("f8", "i2", "nearest-away"), ("i8", "f4", "towards-zero")])
def test_large_arrays_are_converted_as_small_ones_are(source, target, rounding, layout):
    values = np.random.default_rng(1).integers(-30_000, 30_000, (150, 300)).astype(source)
    if source == "f8":
        values /= 2
    values = {"C": values, "F": np.asfortranarray(values), "strided": values[::-1, ::2]}[layout]
    convert = Cast(np.dtype(source), np.dtype(target), rounding)
    result = convert(values)
    assert values.size > BLOCK
    assert np.array_equal(result, [convert(row) for row in values])
    assert result.flags.f_contiguous == (layout == "F")


def test_nothing_is_copied_where_nothing_changes():
    values = np.arange(4.0)
    assert np.shares_memory(Cast(np.dtype("f8"), np.dtype("f8"))(values), values)


def cast_with(pairs, source="f8", target="i2", rounding="nearest-even", out_of_range=None):
    return Cast.with_map(np.dtype(source), np.dtype(target), rounding, out_of_range, pairs)


def test_the_map_goes_before_every_other_rule():
    cast = cast_with([(math.nan, 7), (math.inf, 8), (1e9, 9), (1.5, -1)])
    values = np.array([math.nan, math.inf, 1e9, 1.5, 2.5, 3.0])
    before = values.copy()
    assert cast(values).tolist() == [7, 8, 9, -1, 2, 3]
    assert np.array_equal(values, before, equal_nan=True)
    with pytest.raises(ValueError, match="-inf has no counterpart in int16"):
        cast(np.array([-math.inf]))


def test_of_equal_keys_the_first_counts():
    assert cast_with([(1.0, 5), (1.0, 6), (math.nan, 2), (math.nan, 3)])(np.array([1.0, math.nan])).tolist() == [5, 2]
    assert cast_with([(0.0, 5), (-0.0, 6)])(np.array([0.0, -0.0])).tolist() == [5, 5]


def test_a_key_that_is_nan_matches_every_nan():
    values = np.array([0x7FC00000, 0xFFC00000, 0x7F800001, 0x7FC0BEEF], dtype="u4").view("f4")
    assert cast_with([(np.float32(math.nan), 3)], source="f4")(values).tolist() == [3] * 4


@given(
    keys=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40),
    values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40),
)
def test_integers_are_looked_up_exactly(keys, values):
    pairs = [(key, position % 100) for position, key in enumerate(keys)]
    first = {}
    for key, value in pairs:
        first.setdefault(key, value)
    values = [*values, *keys]
    result = cast_with(pairs, "i8", "i1", out_of_range="wrap")(np.array(values, dtype="i8"))
    assert result.tolist() == [first.get(value, (value + 128) % 256 - 128) for value in values]


def test_a_large_map_takes_a_fraction_of_a_second():
    pairs = [(float(key), key % 7) for key in range(200_000)]
    values = np.arange(100_000.0)[::-1]
    assert np.array_equal(cast_with(pairs, target="i1")(values), values % 7)
