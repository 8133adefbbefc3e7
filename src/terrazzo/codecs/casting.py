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

__all__ = ["OUT_OF_RANGE_MODES", "ROUNDING_MODES", "Cast", "OutOfRangeMode", "RoundingMode"]

RoundingMode: TypeAlias = Literal[
    "nearest-even", "towards-zero", "towards-positive", "towards-negative", "nearest-away"
]
OutOfRangeMode: TypeAlias = Literal["clamp", "wrap"]
ROUNDING_MODES: Final[tuple[str, ...]] = get_args(RoundingMode)
OUT_OF_RANGE_MODES: Final[tuple[str, ...]] = get_args(OutOfRangeMode)

FEW_KEYS: Final = 4
"""So many keys of a map are compared one after the other, which is faster than looking each element up."""

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
        keys, first = np.unique(np.array([key for key, _ in kept], dtype=source), return_index=True)
        values = np.array([value for _, value in kept], dtype=target)[first]
        return cls(source, target, rounding, out_of_range, keys, values, nan)

    def __call__(self, array: Numbers) -> Numbers:
        """Convert an array; the result may be the array itself.

        Raises
        ------
        ValueError
            An element has no counterpart in the target.
        """
        numbers = array.astype(self.source, copy=False)
        if not numbers.ndim:
            return self(numbers.reshape(1)).reshape(())
        if not numbers.size:
            return numbers.astype(self.target, copy=False)
        with np.errstate(all="ignore"):
            return self._mapped(numbers)

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
        if self.source == self.target:
            return numbers
        if self.target.kind in "iu":
            return self._to_integers(numbers)
        if self.source.kind in "iu":
            return self._integers_to_floats(numbers)
        return self._to_floats(numbers)

    # -- to integers

    def _to_integers(self, numbers: Numbers) -> Numbers:
        bits = 8 * self.target.itemsize
        signed = self.target.kind == "i"
        low, above = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
        if self.source.kind in "iu":
            return self._between_integers(numbers, low, above - 1)
        numbers = _rounded(numbers, self.rounding)
        # Powers of two: exact in any floating-point type, or infinite where all its finite numbers are below.
        bottom = max(self.source.type(low), np.finfo(self.source).min)
        top = self.source.type(_power_of_two(above))
        if numbers.min() >= bottom and numbers.max() < top:  # both False where there is NaN
            return numbers.astype(self.target)
        infinite = ~np.isfinite(numbers)
        if infinite.any():
            raise ValueError(
                f"{numbers[infinite][0]} has no counterpart in {self.target.name}; scalar_map can give one"
            )
        under, over = numbers < bottom, numbers >= top
        if self.out_of_range is None:
            raise self._outside(numbers[under | over][0], low, above - 1)
        if self.out_of_range == "wrap":
            return _wrapped(numbers, self.source.type(_power_of_two(1 << bits)), self.target)
        result = np.where(under | over, self.source.type(0), numbers).astype(self.target)
        result[under] = low
        result[over] = above - 1
        return result

    def _between_integers(self, numbers: Numbers, low: int, high: int) -> Numbers:
        own = np.iinfo(self.source)
        if self.out_of_range == "wrap" or (low <= own.min and own.max <= high):
            return numbers.astype(self.target)
        least, most = int(numbers.min()), int(numbers.max())
        if least < low or most > high:
            if self.out_of_range is None:
                raise self._outside(least if least < low else most, low, high)
            numbers = numbers.clip(max(low, own.min), min(high, own.max))
        return numbers.astype(self.target)

    def _outside(self, value: object, low: object, high: object) -> ValueError:
        modes = "'clamp' or 'wrap'" if self.target.kind in "iu" else "'clamp'"
        return ValueError(
            f"{value} is outside the range of {self.target.name}, {low} to {high}; out_of_range can be {modes}"
        )

    # -- to floating-point numbers

    def _integers_to_floats(self, numbers: Numbers) -> Numbers:
        precision = np.finfo(self.target).nmant + 1
        if 8 * self.source.itemsize - (self.source.kind == "i") <= precision:
            return numbers.astype(self.target)
        if self.target.itemsize == 2:
            # What float64 would have to round is out of the range of float16 whichever way it is rounded.
            wide = numbers.astype(np.float64)
            return Cast(wide.dtype, self.target, self.rounding, self.out_of_range)._to_floats(wide)
        if self.rounding == "nearest-even":
            return numbers.astype(self.target)
        negative = numbers < 0
        # The absolute value of the least integer wraps to itself, whose bits without a sign are right.
        sizes = np.abs(numbers).view(f"u{self.source.itemsize}").astype(np.uint64)
        result = _sizes_to_floats(sizes, negative, self.target, self.rounding)
        np.negative(result, out=result, where=negative)
        return result

    def _to_floats(self, numbers: Numbers) -> Numbers:
        result = numbers.astype(self.target)
        if self.target.itemsize >= self.source.itemsize:
            return result
        if self.rounding != "nearest-even":
            result = _redirected(numbers, result, self.rounding)
        info = np.finfo(self.target)
        outside = np.isinf(result)
        if self.rounding != "nearest-even":
            outside |= np.abs(numbers) >= self.source.type(2.0) ** info.maxexp
        outside &= np.isfinite(numbers)
        if outside.any():
            if self.out_of_range != "clamp":
                raise self._outside(numbers[outside][0], info.min, info.max)
            result[outside] = np.copysign(np.inf, numbers[outside])
        return result


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


def _wrapped(numbers: Numbers, modulus: Any, target: np.dtype[Any]) -> Numbers:
    """Whole numbers modulo a power of two, as two's complement."""
    remainders = np.fmod(numbers, modulus)  # exact, with the sign of the number
    sizes = np.abs(remainders).astype(np.uint64)
    np.negative(sizes, out=sizes, where=remainders < 0)  # modulo 2**64, which every modulus here divides
    return np.asarray(sizes.astype(f"u{target.itemsize}").view(target))


def _sizes_to_floats(sizes: Numbers, negative: Numbers, target: np.dtype[Any], rounding: RoundingMode) -> Numbers:
    """Absolute values, as unsigned integers, rounded to what float32 or float64 has."""
    floats = sizes.astype(target)
    too_far = floats >= target.type(2.0**64)
    back = np.where(too_far, target.type(0), floats).astype(np.uint64)
    below = np.where(too_far | (back > sizes), np.nextafter(floats, target.type(0)), floats)
    rest = sizes - below.astype(np.uint64)
    above = np.nextafter(below, target.type(np.inf))
    if rounding == "towards-positive":
        up = (rest != 0) & ~negative
    elif rounding == "towards-negative":
        up = (rest != 0) & negative
    elif rounding == "nearest-away":
        up = (rest != 0) & (2 * rest >= (above - below).astype(np.uint64))
    else:
        return below
    return np.where(up, above, below)


def _redirected(numbers: Numbers, nearest: Numbers, rounding: RoundingMode) -> Numbers:
    """What was rounded to the nearest, ties to even, rounded another way."""
    back = nearest.astype(numbers.dtype)
    infinity = nearest.dtype.type(np.inf)
    if rounding == "towards-zero":
        return np.where(np.abs(back) > np.abs(numbers), np.nextafter(nearest, nearest.dtype.type(0)), nearest)
    if rounding == "towards-positive":
        return np.where(back < numbers, np.nextafter(nearest, infinity), nearest)
    if rounding == "towards-negative":
        return np.where(back > numbers, np.nextafter(nearest, -infinity), nearest)
    further = np.nextafter(nearest, np.copysign(infinity, nearest))
    middle = back + (further.astype(numbers.dtype) - back) / 2  # exact: the wider type has a bit to spare
    return np.where((middle == numbers) & (np.abs(back) < np.abs(numbers)), further, nearest)
