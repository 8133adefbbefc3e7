"""What a user writes in brackets, brought to one form: an index or a range of indices per axis.

numpy's rules, with the exceptions that zarr-python raises.
"""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from terrazzo.errors import BoundsCheckError, NegativeStepError, quote

__all__ = ["AxisSelection", "BasicSelection", "normalize_basic"]

BasicSelector: TypeAlias = int | np.integer[Any] | slice | EllipsisType
BasicSelection: TypeAlias = BasicSelector | tuple[BasicSelector, ...]
AxisSelection: TypeAlias = int | range


def normalize_basic(selection: object, shape: tuple[int, ...]) -> tuple[AxisSelection, ...]:
    """Bring a basic selection to one index or range per axis.

    Returns
    -------
    tuple of int or range, one per axis
        An int, counted from the start, drops its axis. A range has a positive step.

    Raises
    ------
    BoundsCheckError
        An integer is outside its axis.
    NegativeStepError
        A slice runs backwards.
    IndexError
        There are too many items, several ellipses, or an item of another kind.
    """
    items = list(selection) if isinstance(selection, tuple) else [selection]
    if any(item is Ellipsis for item in items):
        items = _expand_ellipsis(items, len(shape))
    if len(items) > len(shape):
        raise IndexError(f"{len(items)} indices for an array of {len(shape)} axes: {quote(selection)}")
    result: list[AxisSelection] = []
    for axis, (item, length) in enumerate(zip(items, shape, strict=False)):
        result.append(_range_of(item, length) if isinstance(item, slice) else _index_of(item, length, axis))
    result.extend(map(range, shape[len(items) :]))
    return tuple(result)


def _expand_ellipsis(items: list[object], ndim: int) -> list[object]:
    position = next(number for number, item in enumerate(items) if item is Ellipsis)
    rest = items[position + 1 :]
    if any(item is Ellipsis for item in rest):
        raise IndexError("a selection has at most one ellipsis")
    missing = max(0, ndim - position - len(rest))
    return [*items[:position], *[slice(None)] * missing, *rest]


def _range_of(item: slice, length: int) -> range:
    try:
        selected = range(length)[item]
    except TypeError:
        raise IndexError(f"a slice takes integers or None, got {quote(item)}") from None
    if selected.step < 1:
        raise NegativeStepError(f"{quote(item)} runs backwards: the step of a slice is at least 1")
    return selected


def _index_of(item: object, length: int, axis: int) -> int:
    if isinstance(item, (bool, np.bool_)):
        raise _unsupported(item)
    try:
        index = operator.index(item)  # type: ignore[arg-type] # whatever is no integer raises
    except TypeError:
        raise _unsupported(item) from None
    if not -length <= index < length:
        raise BoundsCheckError(f"index {index} is out of bounds for axis {axis}, which has the length {length}")
    return index + length if index < 0 else index


def _unsupported(item: object) -> IndexError:
    return IndexError(
        f"{quote(item)} is no basic selection: expected integers, slices with a positive step, or one ellipsis"
    )
