"""Conversion of numbers by value: five ways of rounding, three rules for what is out of range.

The order of the rules: a value that the map has becomes what the map says; any other is rounded to a multiple of the
target's last place, as if the target had no largest number; what lies outside the target then is an error, is clamped,
or is wrapped. So 70000 is out of the range of float16 however it is rounded, and 65519 is 65504.

Every comparison is exact. Bounds of integers are powers of two, which every floating-point type has or overflows to
infinity from, while ``2**63 - 1`` is none of float64's numbers; integers that floating-point numbers cannot hold are
compared as integers.

Specification: zarr-extensions, codec ``cast_value``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from terrazzo.codecs.small_floats import SmallFloats, small_floats
from terrazzo.dtype.ml_table import FLOATS, INTEGERS

__all__ = ["OUT_OF_RANGE_MODES", "ROUNDING_MODES", "Cast", "OutOfRangeMode", "RoundingMode", "integer_range"]

RoundingMode: TypeAlias = Literal[
    "nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"
]
OutOfRangeMode: TypeAlias = Literal["clamp", "wrap"]
ROUNDING_MODES: Final[tuple[str, ...]] = get_args(RoundingMode)
OUT_OF_RANGE_MODES: Final[tuple[str, ...]] = get_args(OutOfRangeMode)

FEW_KEYS: Final = 4
"""So many keys of a map are compared one after the other, which is faster than looking each element up."""

BLOCK: Final = 1 << 14
"""Elements that are converted at once: what lies between one step and the next stays in the processor's cache."""

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """A conversion from one data type to another.

    Attributes
    ----------
    source, target
        Numpy data types in native byte order.
    out_of_range
        None where a value outside the target is an error.
    keys, values
        What is converted by the map: elements equal to ``keys[i]``, in ascending order, become ``values[i]``.
    nan
        What NaN becomes; None where the map does not say.
    """

    source: np.dtype[Any]
    target: np.dtype[Any]
    rounding: RoundingMode = "nearest-even"
    out_of_range: OutOfRangeMode | None = None
    keys: Numbers | None = None
    values: Numbers | None = None
    nan: Any = None

    @classmethod
    def with_map(
        cls,
        source: np.dtype[Any],
        target: np.dtype[Any],
        rounding: RoundingMode,
        out_of_range: OutOfRangeMode | None,
        pairs: Sequence[tuple[Any, Any]],
    ) -> Cast:
        """Make a conversion whose map is given as pairs of scalars, of which the first that matches counts."""
        nan = next((value for key, value in pairs if key != key), None)
        kept = [(key, value) for key, value in pairs if key == key]
        if not kept:
            return cls(source, target, rounding, out_of_range, nan=nan)
        listed = np.array([key for key, _ in kept], dtype=source).astype(_wide(source))
        keys, first = np.unique(listed, return_index=True)
        values = np.array([value for _, value in kept], dtype=target)[first]
        return cls(source, target, rounding, out_of_range, keys, values, nan)

    def __call__(self, array: Numbers) -> Numbers:
        """Convert an array; the result may be the array itself.

        Raises
        ------
        ValueError
            An element has no counterpart in the target.
        """
        if not array.ndim:
            return self(array.reshape(1)).reshape(())
        if not array.size:
            return array.astype(self.target, copy=False)
        if self.source == self.target and self.keys is None and self.nan is None:
            return array.astype(self.target, copy=False)
        numbers = array.astype(_wide(self.source), copy=False)
        with np.errstate(all="ignore"):
            if numbers.size <= BLOCK:
                return self._mapped(numbers)
            if not numbers.flags.forc:
                numbers = np.ascontiguousarray(numbers)
            result = np.empty_like(numbers, dtype=self.target)
            flat, out = numbers.ravel("K"), result.ravel("K")  # views: both lie the same way
            for start in range(0, numbers.size, BLOCK):
                out[start : start + BLOCK] = self._mapped(flat[start : start + BLOCK])
            return result

    def _mapped(self, numbers: Numbers) -> Numbers:
        found: list[tuple[Numbers, Any]] = []
        if self.nan is not None:
            found.append((np.isnan(numbers), self.nan))
        if self.keys is not None and self.values is not None:
            if len(self.keys) <= FEW_KEYS:
                found += [(numbers == key, value) for key, value in zip(self.keys, self.values, strict=True)]
            else:
                places = np.searchsorted(self.keys, numbers).clip(max=len(self.keys) - 1)
                matches = self.keys[places] == numbers
                found.append((matches, self.values[places[matches]]))
        found = [(matches, value) for matches, value in found if matches.any()]
        if not found:
            return self._convert(numbers)
        rest = numbers.copy()
        for matches, _ in found:
            rest[matches] = 1  # which every type has
        result = self._convert(rest)
        for matches, value in found:
            result[matches] = value
        return result

    def _convert(self, numbers: Numbers) -> Numbers:
        if numbers.dtype == self.target:
            return numbers
        if self.target.name in FLOATS:
            return self._to_small_floats(numbers, small_floats(self.target.name))
        if self.target.kind in "iu" or self.target.name in INTEGERS:
            return self._to_integers(numbers)
        if numbers.dtype.kind in "iu":
            return self._integers_to_floats(numbers)
        return self._to_floats(numbers)

    # -- to integers

    def _to_integers(self, numbers: Numbers) -> Numbers:
        low, high = integer_range(self.target)
        above = high + 1
        if numbers.dtype.kind in "iu":
            return self._between_integers(numbers, low, high)
        kind = numbers.dtype.type
        numbers = _rounded(numbers, self.rounding)
        # Powers of two: exact in any floating-point type, or infinite where all its finite numbers are below.
        bottom = max(kind(low), np.finfo(kind).min)
        top = kind(_power_of_two(above))
        if numbers.min() >= bottom and numbers.max() < top:  # both False where there is NaN
            return numbers.astype(self.target)
        infinite = ~np.isfinite(numbers)
        if infinite.any():
            raise ValueError(
                f"{numbers[infinite][0]} has no counterpart in {self.target.name}; scalar_map can give one"
            )
        if self.out_of_range == "clamp" and np.isfinite(kind(high)) and int(kind(high)) == high:
            return np.clip(numbers, kind(low), kind(high)).astype(self.target)
        under, over = numbers < bottom, numbers >= top
        if self.out_of_range is None:
            raise self._outside(numbers[under | over][0], low, above - 1)
        if self.out_of_range == "wrap":
            return _wrapped(numbers, kind(_power_of_two(above - low)), low, self.target)
        result = np.where(under | over, kind(0), numbers).astype(self.target)
        result[under] = low
        result[over] = above - 1
        return result

    def _between_integers(self, numbers: Numbers, low: int, high: int) -> Numbers:
        own = np.iinfo(numbers.dtype)
        if low <= own.min and own.max <= high:
            return numbers.astype(self.target)
        if self.out_of_range == "wrap":
            return _wrapped(numbers, None, low, self.target)
        least, most = int(numbers.min()), int(numbers.max())
        if least < low or most > high:
            if self.out_of_range is None:
                raise self._outside(least if least < low else most, low, high)
            numbers = numbers.clip(max(low, own.min), min(high, own.max))
        return numbers.astype(self.target)

    def _outside(self, value: object, low: object, high: object) -> ValueError:
        modes = "'clamp' or 'wrap'" if self.target.kind in "iu" or self.target.name in INTEGERS else "'clamp'"
        return ValueError(
            f"{value} is outside the range of {self.target.name}, {low} to {high}; out_of_range can be {modes}"
        )

    # -- to floating-point numbers

    def _integers_to_floats(self, numbers: Numbers) -> Numbers:
        precision = np.finfo(self.target).nmant + 1
        if 8 * numbers.dtype.itemsize - (numbers.dtype.kind == "i") <= precision:
            return numbers.astype(self.target)
        if self.target.itemsize == 2:
            # What float64 would have to round is out of the range of float16 whichever way it is rounded.
            wide = numbers.astype(np.float64)
            return Cast(wide.dtype, self.target, self.rounding, self.out_of_range)._to_floats(wide)
        if self.rounding == "nearest-even":
            return numbers.astype(self.target)
        negative = numbers < 0
        result = _sizes_to_floats(_sizes_of(numbers), negative, self.target, self.rounding)
        np.negative(result, out=result, where=negative)
        return result

    def _to_floats(self, numbers: Numbers) -> Numbers:
        result = numbers.astype(self.target)
        if self.target.itemsize >= numbers.dtype.itemsize:
            return result
        if self.rounding != "nearest-even":
            result = _redirected(numbers, result, self.rounding)
        info = np.finfo(self.target)
        outside = np.isinf(result)
        if self.rounding != "nearest-even":
            outside |= np.abs(numbers) >= numbers.dtype.type(2.0) ** info.maxexp
        outside &= np.isfinite(numbers)
        if outside.any():
            if self.out_of_range != "clamp":
                raise self._outside(numbers[outside][0], info.min, info.max)
            result[outside] = np.copysign(np.inf, numbers[outside])
        return result

    def _to_small_floats(self, numbers: Numbers, table: SmallFloats) -> Numbers:
        if numbers.dtype.kind in "iu":
            sizes, negative = _to_odd(_sizes_of(numbers)), numbers < 0
        else:
            sizes, negative = np.abs(numbers).astype(np.float64), np.signbit(numbers)
        if self.rounding == "nearest-even" and table.sign and sizes.max() <= table.values[-1]:  # False with NaN
            singles = _odd_singles(sizes)
            np.negative(singles, out=singles, where=negative)
            return np.asarray(singles.astype(self.target))
        missing, infinite = np.isnan(sizes), np.isinf(sizes)
        for special, code in ((missing, table.nan), (infinite, table.infinity)):
            if code is None and special.any():
                raise ValueError(
                    f"{numbers[special][0]} has no counterpart in {self.target.name}; scalar_map can give one"
                )
        codes, outside = table.rounded(np.where(missing | infinite, 1.0, sizes), negative, self.rounding)
        outside &= ~(missing | infinite)
        if outside.any():
            if self.out_of_range != "clamp":
                low = table.values[0] if not table.sign else -table.values[-1]
                raise self._outside(numbers[outside][0], low, table.values[-1])
            if table.infinity is not None:
                codes[outside] = table.infinity
        if table.infinity is not None:
            codes[infinite] = table.infinity
        if table.nan is not None:
            codes[missing] = table.nan
            negative = negative & ~missing
        return table.pack(codes, negative)


def integer_range(dtype: np.dtype[Any]) -> tuple[int, int]:
    """The smallest and the largest number of an integer type."""
    if dtype.name in INTEGERS:
        return INTEGERS[dtype.name]
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def _wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """A type of numpy's that has every number of another."""
    if dtype.name in INTEGERS:
        return np.dtype("int8" if INTEGERS[dtype.name][0] else "uint8")
    return np.dtype("float32") if dtype.name in FLOATS else dtype


def _sizes_of(numbers: Numbers) -> Numbers:
    """Absolute values of integers, without a sign: that of the least one wraps to itself, whose bits are right."""
    return np.asarray(np.abs(numbers).view(f"u{numbers.dtype.itemsize}").astype(np.uint64))


def _to_odd(sizes: Numbers) -> Numbers:
    """Integers as float64, where it does not have one the neighbour with an odd last bit: rounding that on is exact."""
    floats = _sizes_to_floats(sizes, np.zeros(sizes.shape, dtype=bool), np.dtype("float64"), "towards-zero")
    bits = floats.view(np.uint64)
    bits |= (floats.astype(np.uint64) != sizes).astype(np.uint64)
    return floats


def _odd_singles(sizes: Numbers) -> Numbers:
    """Numbers without a sign as float32, as `_to_odd` makes float64; ``ml_dtypes`` rounds these on as it should."""
    singles = np.asarray(sizes.astype(np.float32))
    bits = singles.view(np.uint32)
    bits -= (singles.astype(np.float64) > sizes).astype(np.uint32)
    bits |= (singles.astype(np.float64) != sizes).astype(np.uint32)
    return singles


def _power_of_two(number: int) -> float:
    return float(number)  # exact: powers of two up to 2**64


def _rounded(numbers: Numbers, rounding: RoundingMode) -> Numbers:
    """Round to whole numbers."""
    if rounding == "nearest-even":
        return np.rint(numbers)
    if rounding == "towards-zero":
        return np.trunc(numbers)
    if rounding == "towards-positive":
        return np.ceil(numbers)
    if rounding == "towards-negative":
        return np.floor(numbers)
    # Adding a half first would round up what is just below it; the fraction is exact.
    whole = np.trunc(numbers)
    whole += np.copysign(np.abs(numbers - whole) >= 0.5, numbers).astype(numbers.dtype)
    return whole


def _wrapped(numbers: Numbers, modulus: Any, low: int, target: np.dtype[Any]) -> Numbers:
    """Whole numbers modulo a power of two, as two's complement.

    Parameters
    ----------
    modulus
        The power of two, of the type of floating-point numbers; None for integers.
    """
    if modulus is None:
        sizes = numbers
    elif np.abs(numbers).max() < 2.0**63:
        sizes = numbers.astype(np.int64)
    else:
        remainders = np.fmod(numbers, modulus)  # exact, with the sign of the number
        sizes = np.abs(remainders).astype(np.uint64)
        np.negative(sizes, out=sizes, where=remainders < 0)  # modulo 2**64, which every modulus here divides
    bytes_ = sizes.astype(f"u{target.itemsize}")
    if target.name not in INTEGERS:
        return np.asarray(bytes_.view(target))
    mask = INTEGERS[target.name][1] - low
    bytes_ &= np.uint8(mask)
    return np.asarray(bytes_.astype(np.uint8).view(target))


def _sizes_to_floats(sizes: Numbers, negative: Numbers, target: np.dtype[Any], rounding: RoundingMode) -> Numbers:
    """Absolute values, as unsigned integers, rounded to what float32 or float64 has."""
    floats = sizes.astype(target)
    too_far = floats >= target.type(2.0**64)
    back = np.where(too_far, target.type(0), floats).astype(np.uint64)
    below = _stepped(floats, -1, too_far | (back > sizes))
    if rounding == "towards-zero":
        return below
    rest = sizes - below.astype(np.uint64)
    inexact = rest != 0
    if rounding == "nearest-away":
        above = _stepped(below, 1, inexact)
        inexact &= 2 * rest >= (above - below).astype(np.uint64)
    else:
        inexact &= negative if rounding == "towards-negative" else ~negative
    return _stepped(below, 1, inexact)


def _redirected(numbers: Numbers, nearest: Numbers, rounding: RoundingMode) -> Numbers:
    """What was rounded to the nearest, ties to even, rounded another way."""
    back = nearest.astype(numbers.dtype)
    sizes, back_sizes = np.abs(numbers), np.abs(back)
    if rounding == "nearest-away":
        # Infinity, where it comes next, and NaN, which comes after it, are equal to nothing that is finite.
        further = np.abs(_stepped(nearest, 1, np.ones(nearest.shape, dtype=bool))).astype(numbers.dtype)
        middle = back_sizes + (further - back_sizes) / 2  # exact: the wider type has a bit to spare
        return _stepped(nearest, 1, (middle == sizes) & (back_sizes < sizes))
    negative = np.signbit(numbers)
    away = {"towards-zero": False, "towards-positive": ~negative, "towards-negative": negative}[rounding]
    return _stepped(_stepped(nearest, -1, (back_sizes > sizes) & ~np.asarray(away)), 1, (back_sizes < sizes) & away)


def _stepped(floats: Numbers, step: Literal[-1, 1], where: Numbers) -> Numbers:
    """The next number away from zero, or towards it, where that is said: its bits are the next larger or smaller."""
    bits = floats.view(f"u{floats.dtype.itemsize}")
    steps = where.astype(bits.dtype)
    return np.asarray((bits + steps if step > 0 else bits - steps).view(floats.dtype))
