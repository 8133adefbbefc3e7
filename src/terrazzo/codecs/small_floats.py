"""Rounding to floating-point types of at most 16 bits that are not numpy's, by a table of all their numbers.

A type of ``ml_dtypes`` has so few numbers that the two between which a value lies are found by looking, and whichever
way to round is a choice between them. The package's own conversion knows one way, rounds float64 twice, and makes
something of what the type has no value for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.dtype.elements import BITS
from terrazzo.dtype.ml_table import FLOATS

__all__ = ["SmallFloats", "small_floats"]

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class SmallFloats:
    """All numbers of a type.

    Attributes
    ----------
    values
        float64, the numbers without a sign in ascending order; the position of each is its code.
    sign
        The bit that makes a number negative; 0 where none is.
    infinity, nan
        Their codes; None where there is none.
    """

    dtype: np.dtype[Any]
    values: Numbers
    sign: int
    infinity: int | None
    nan: int | None

    @property
    def beyond(self) -> float:
        """What would come after the largest number."""
        return float(2 * self.values[-1] - self.values[-2])

    def rounded(self, sizes: Numbers, negative: Numbers, rounding: str) -> tuple[Numbers, Numbers]:
        """Round finite numbers, given as absolute values in float64.

        Returns
        -------
        int64, bool
            Codes without the sign, and what is out of range; the codes of that are the nearest ones.
        """
        last = len(self.values) - 1
        below = np.searchsorted(self.values, sizes, side="right") - 1
        lower = np.where(below < 0, self.values[0] / 2, self.values[below])
        upper = np.where(below == last, self.beyond, self.values[np.minimum(below + 1, last)])
        inexact = lower != sizes
        if rounding == "towards-zero":
            up = np.zeros(sizes.shape, dtype=bool)
        elif rounding == "towards-positive":
            up = inexact & ~negative
        elif rounding == "towards-negative":
            up = inexact & negative
        else:
            middle = lower + (upper - lower) / 2
            # Powers of two have one digit, which is never even: ties go to the larger one.
            ties_up = (below % 2 == 1) if rounding == "nearest-even" and self.sign else True
            up = (sizes > middle) | ((sizes == middle) & ties_up)
        codes = below + up
        outside = (codes > last) | (codes < 0) | (sizes >= self.beyond)
        if not self.sign:
            outside |= negative & (sizes > 0)
            codes = np.where(negative, 0, codes)
        return codes.clip(0, last), outside

    def pack(self, codes: Numbers, negative: Numbers) -> Numbers:
        """Elements with these codes, negative where that is said and a type has such a number."""
        if self.sign:
            has_sign = negative if self.sign != self.nan else negative & (codes > 0)  # -0 is what others have for NaN
            codes = np.where(has_sign, codes | self.sign, codes)
        return np.asarray(codes.astype(f"u{self.dtype.itemsize}").view(self.dtype))


@lru_cache
def small_floats(name: str) -> SmallFloats:
    """The numbers of a type, by its name in Zarr and in ``ml_dtypes``."""
    import ml_dtypes

    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = BITS[name].bit_length() if name in BITS else 8 * dtype.itemsize
    lacks = FLOATS[name]
    sign = 0 if "zero" in lacks else 1 << bits - 1
    with np.errstate(invalid="ignore"):  # signalling NaN
        codes = np.arange(sign or 1 << bits).astype(f"u{dtype.itemsize}").view(dtype).astype(np.float64)
    infinite = np.flatnonzero(np.isinf(codes))
    nan = None if "NaN" in lacks else int(np.array(np.nan, dtype=np.float32).astype(dtype).view(f"u{dtype.itemsize}"))
    return SmallFloats(
        dtype, codes[np.isfinite(codes)], sign, int(infinite[0]) if "infinity" not in lacks else None, nan
    )
