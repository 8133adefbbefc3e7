"""Arrays and lists in brackets: indices of one axis, coordinates of points, and masks.

Numpy checks and wraps them as a whole: nothing here costs a step of Python per index.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from terrazzo.errors import BoundsCheckError, quote
from terrazzo.grid.base import Indices

__all__ = ["AnyArray", "as_array", "as_run", "check_bounds", "holds_indices", "indices_along", "is_array", "is_integer"]

AnyArray = npt.NDArray[Any]


def is_integer(item: object) -> TypeGuard[int | np.integer[Any]]:
    """Whether `item` is an integer, of Python or of numpy; truth values are none."""
    return isinstance(item, (int, np.integer)) and not isinstance(item, bool)


def is_array(item: object) -> TypeGuard[AnyArray]:
    """Whether `item` is an array, of numpy or of another library; numpy's scalars are none."""
    if isinstance(item, np.ndarray):
        return True
    return hasattr(item, "__array__") and hasattr(item, "shape") and not isinstance(item, np.generic)


def as_array(item: object) -> AnyArray | None:
    """An array, or a list that makes one, as numpy's; None for anything else."""
    if is_array(item):
        return np.asarray(item)
    if not isinstance(item, list):
        return None
    try:
        return np.asarray(item)
    except (ValueError, TypeError, OverflowError):  # the lists in it differ in length, or hold whatever
        return None


def holds_indices(array: AnyArray, ndim: int | None = None) -> bool:
    """Whether an array is of integers, or a mask, and has so many axes."""
    return array.dtype.kind in "iub" and (ndim is None or array.ndim == ndim)


def indices_along(item: object, length: int, axis: int) -> Indices | range | None:
    """What a list or array selects of one axis: a range where it is one, for that costs no memory.

    Returns
    -------
    Indices, range, or None
        Counted from the start; None when `item` is neither a list nor an array.

    Raises
    ------
    BoundsCheckError
        An index is outside the axis.
    IndexError
        There is more than one axis, a mask has another length, or the elements are neither integers nor booleans.
    """
    array = as_array(item)
    if array is None or (isinstance(item, list) and not item):
        return None
    if array.dtype.kind == "O" and array.ndim == 1 and all(isinstance(index, int) for index in array):
        raise BoundsCheckError(f"{quote(item)} holds an index that is out of bounds for axis {axis}")
    if not holds_indices(array):
        raise IndexError(f"an array of {array.dtype} selects nothing, expected integers or booleans: {quote(item)}")
    if array.ndim != 1:
        raise IndexError(f"an array that selects along one axis has one axis, this one has {array.ndim}: {quote(item)}")
    if array.dtype.kind == "b":
        if len(array) != length:
            raise IndexError(f"a mask of {len(array)} elements for axis {axis}, which has the length {length}")
        return as_run(np.flatnonzero(array))
    return as_run(check_bounds(array, length, axis))


def check_bounds(array: AnyArray, length: int, axis: int) -> Indices:
    """Count indices from the start of an axis.

    Raises
    ------
    BoundsCheckError
        One is outside.
    """
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.int64)
    low, high = int(array.min()), int(array.max())
    if low < -length or high >= length:
        index = low if low < -length else high
        raise BoundsCheckError(f"index {index} is out of bounds for axis {axis}, which has the length {length}")
    indices = array.astype(np.int64, copy=False)
    return np.where(indices < 0, indices + length, indices) if low < 0 else indices


def as_run(indices: Indices) -> Indices | range:
    """The same indices as a range, if they ascend by one step."""
    count = len(indices)
    if count == 0:
        return range(0)
    first, last = int(indices[0]), int(indices[-1])
    step = (last - first) // (count - 1) if count > 1 else 1
    if step < 1 or last - first != step * (count - 1):
        return indices
    if count > 2 and not (indices[1:] - indices[:-1] == step).all():
        return indices
    return range(first, last + 1, step)
