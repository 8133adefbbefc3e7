"""What a user writes in brackets, brought to one form: an index, a range or an array of indices per axis.

numpy's rules, with the exceptions that zarr-python raises.
"""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.errors import BoundsCheckError, NegativeStepError, quote
from terrazzo.grid.base import Indices
from terrazzo.indexing.arrays import indices_along

__all__ = [
    "AxisSelection",
    "BasicSelection",
    "CoordinateSelection",
    "Fields",
    "MaskSelection",
    "OrthogonalSelection",
    "Selection",
    "normalize_basic",
    "normalize_orthogonal",
    "per_axis",
]

BasicSelector: TypeAlias = int | np.integer[Any] | slice | EllipsisType
BasicSelection: TypeAlias = BasicSelector | tuple[BasicSelector, ...]
IntArray: TypeAlias = list[int] | npt.NDArray[np.integer[Any]]
MaskSelection: TypeAlias = npt.NDArray[np.bool_] | list[Any]
OrthogonalSelector: TypeAlias = BasicSelector | IntArray | list[bool] | npt.NDArray[np.bool_]
OrthogonalSelection: TypeAlias = OrthogonalSelector | tuple[OrthogonalSelector, ...]
CoordinateSelector: TypeAlias = int | np.integer[Any] | list[Any] | npt.NDArray[np.integer[Any]]
CoordinateSelection: TypeAlias = CoordinateSelector | tuple[CoordinateSelector, ...]
Selection: TypeAlias = OrthogonalSelection | CoordinateSelection | MaskSelection
Fields: TypeAlias = str | list[str] | tuple[str, ...]
AxisSelection: TypeAlias = int | range | Indices


def normalize_basic(selection: object, shape: tuple[int, ...]) -> tuple[int | range, ...]:
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
    items = per_axis(selection, len(shape))
    result: list[int | range] = []
    for axis, (item, length) in enumerate(zip(items, shape, strict=False)):
        result.append(_range_of(item, length) if isinstance(item, slice) else _index_of(item, length, axis))
    result.extend(map(range, shape[len(items) :]))
    return tuple(result)


def normalize_orthogonal(selection: object, shape: tuple[int, ...]) -> tuple[AxisSelection, ...]:
    """Bring an orthogonal selection to one index, range or array per axis.

    Returns
    -------
    tuple of int, range or array of int64, one per axis
        Counted from the start. An int drops its axis. What ascends by one step is a range, lists and masks too.

    Raises
    ------
    BoundsCheckError
        An integer is outside its axis.
    NegativeStepError
        A slice runs backwards.
    IndexError
        There are too many items, several ellipses, or an item of another kind.
    """
    items = per_axis(selection, len(shape))
    result: list[AxisSelection] = []
    for axis, (item, length) in enumerate(zip(items, shape, strict=False)):
        if isinstance(item, slice):
            result.append(_range_of(item, length))
        else:
            found = indices_along(item, length, axis)
            result.append(_index_of(item, length, axis) if found is None else found)
    result.extend(map(range, shape[len(items) :]))
    return tuple(result)


def per_axis(selection: object, ndim: int) -> list[object]:
    """The items of a selection, with slices in place of an ellipsis; one for each axis, or for the first ones.

    Raises
    ------
    IndexError
        There are too many, or several ellipses.
    """
    items = list(selection) if isinstance(selection, tuple) else [selection]
    for item in items:  # not ``in``, which asks arrays whether they are equal
        if item is Ellipsis:
            items = _expand_ellipsis(items, ndim)
            break
    if len(items) > ndim:
        raise IndexError(f"{len(items)} indices for an array of {ndim} axes: {quote(selection)}")
    return items


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
        f"{quote(item)} selects nothing: expected integers, slices with a positive step or one ellipsis; "
        "some ways to select take lists and arrays of integers or booleans"
    )
