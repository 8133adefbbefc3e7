"""The order in which subchunks follow one another in a shard.

A reader needs none: the index says where each one is. A writer chooses, and what it chooses is not stored.

Morton order sorts coordinates by their bits interleaved, the first axis in the lowest bit, so that neighbours in the
array are neighbours in the shard.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.errors import MetadataValidationError, quote

__all__ = ["SUBCHUNK_WRITE_ORDER", "SubchunkWriteOrder", "in_order", "parse_order", "write_sequence"]

SubchunkWriteOrder: TypeAlias = Literal["morton", "unordered", "lexicographic", "colexicographic"]
SUBCHUNK_WRITE_ORDER: Final = ("morton", "unordered", "lexicographic", "colexicographic")

MOST_AXES = 32
"""Axes that an array of numpy 1 has at most."""


def parse_order(order: object) -> SubchunkWriteOrder:
    """Check the name of an order."""
    if order not in SUBCHUNK_WRITE_ORDER:
        known = ", ".join(SUBCHUNK_WRITE_ORDER)
        raise MetadataValidationError(f"expected one of {known}, got {quote(order)}", field="subchunk_write_order")
    return order


@lru_cache(maxsize=64)
def write_sequence(grid: tuple[int, ...], order: SubchunkWriteOrder) -> npt.NDArray[np.int64]:
    """Positions of all subchunks, counted in C order, in the order in which they are written; read-only."""
    positions = np.arange(math.prod(grid), dtype=np.int64)
    if order == "colexicographic":
        positions = positions.reshape(grid).T.ravel()
    elif order == "morton":
        positions = np.argsort(_morton_codes(grid), kind="stable")
    positions.setflags(write=False)
    return positions


def _morton_codes(grid: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The interleaved bits of the coordinates of each subchunk, in C order."""
    codes = np.zeros((1,) * len(grid), dtype=np.int64)
    for axis, bits in enumerate(_interleaved(grid)):
        coords = np.arange(grid[axis], dtype=np.int64)
        spread = np.zeros_like(coords)
        for bit, place in enumerate(bits):
            spread |= (coords >> bit & 1) << place
        codes = codes | spread.reshape([-1 if other == axis else 1 for other in range(len(grid))])
    return codes.ravel()


def _interleaved(grid: tuple[int, ...]) -> list[list[int]]:
    """For each axis, where its bits go in the code, the lowest first."""
    widths = [(length - 1).bit_length() for length in grid]
    places: list[list[int]] = [[] for _ in grid]
    count = 0
    for bit in range(max(widths, default=0)):
        for axis, width in enumerate(widths):
            if bit < width:
                places[axis].append(count)
                count += 1
    return places


def in_order(
    array: npt.NDArray[Any],
    grid: tuple[int, ...],
    subchunk: tuple[int, ...],
    order: SubchunkWriteOrder,
    axes: tuple[int, ...],
) -> npt.NDArray[Any] | None:
    """A view of a shard whose elements, in C order, are those of its subchunks one after another.

    Parameters
    ----------
    axes
        Axis ``i`` of a subchunk, as it is stored, is its axis ``axes[i]``.

    Returns
    -------
    array with more axes than the shard, or None
        None where the order cannot be had by rearranging axes: in Morton order, unless every axis has a number of
        subchunks that is a power of two.
    """
    split: list[int] = []
    outer: list[tuple[int, int]] = []
    inner: list[int] = []
    if order == "morton":
        if any(length & (length - 1) for length in grid):
            return None
        for length, size, places in zip(grid, subchunk, _interleaved(grid), strict=True):
            outer.extend((-place, len(split) + position) for position, place in enumerate(reversed(places)))
            split.extend([2] * (length - 1).bit_length())
            inner.append(len(split))
            split.append(size)
    else:
        sign = -1 if order == "colexicographic" else 1
        for axis, (length, size) in enumerate(zip(grid, subchunk, strict=True)):
            outer.append((sign * axis, len(split)))
            inner.append(len(split) + 1)
            split += [length, size]
    if len(split) > MOST_AXES:
        return None
    return array.reshape(split).transpose([axis for _, axis in sorted(outer)] + [inner[axis] for axis in axes])
