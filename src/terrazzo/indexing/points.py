"""Sorting by chunk: points and unsorted indices cost a sort in numpy, not a loop in Python."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from terrazzo.grid.base import Indices

__all__ = ["bounds_of", "combine", "group", "stable_order"]

DIGIT_BITS = 16
"""Numpy sorts 16-bit integers by radix: 10 ns an element, where 64-bit ones take 100."""

LARGEST_CODE = 1 << 62


def stable_order(numbers: Indices) -> Indices | None:
    """The order that sorts `numbers`, equal ones as they come; None when they are sorted."""
    if (numbers[1:] >= numbers[:-1]).all():
        return None
    rest = numbers - numbers.min()
    span = int(rest.max())
    order = np.argsort(rest.astype(np.uint16), kind="stable")  # the cast keeps the lowest digit
    while span >> DIGIT_BITS:
        span >>= DIGIT_BITS
        rest >>= DIGIT_BITS
        order = order[np.argsort(rest[order].astype(np.uint16), kind="stable")]
    return order


def group(numbers: Indices) -> tuple[Indices | None, Indices]:
    """The order that sorts `numbers`, as of `stable_order`, and the bounds of equal ones in it."""
    order = stable_order(numbers)
    return order, bounds_of(numbers if order is None else numbers[order])


def bounds_of(numbers: Indices) -> Indices:
    """Where runs of equal numbers start, and at last where the last one ends."""
    if not len(numbers):
        return np.zeros(1, dtype=np.int64)
    edges: npt.NDArray[np.int64] = np.flatnonzero(numbers[1:] != numbers[:-1])
    return np.concatenate(([0], edges + 1, [len(numbers)]))


def combine(numbers: Sequence[Indices]) -> Indices:
    """One number for each tuple of numbers, in the order of the tuples; all arrays broadcast.

    The numbers may be anywhere in 63 bits: where their product would not fit they are replaced by their ranks.
    """
    code, span = _from_zero(numbers[0])
    for others in numbers[1:]:
        other, extent = _from_zero(others)
        if span * extent > LARGEST_CODE:
            code, span = _ranks(code)
        if span * extent > LARGEST_CODE:
            other, extent = _ranks(other)
        code = code * extent + other
        span *= extent
    return code


def _from_zero(numbers: Indices) -> tuple[Indices, int]:
    """The numbers less the smallest, and one more than the largest of them."""
    if not numbers.size:
        return numbers, 1
    low, high = int(numbers.min()), int(numbers.max())
    return (numbers - low if low else numbers), high - low + 1


def _ranks(numbers: Indices) -> tuple[Indices, int]:
    distinct, ranks = np.unique(numbers, return_inverse=True)
    return ranks.reshape(numbers.shape), len(distinct)
