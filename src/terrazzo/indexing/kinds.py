"""Which way to select is meant by what stands in brackets, and which fields.

A selection of Python's integers, slices and an ellipsis is basic. With arrays or lists it is vectorized (points) where
each axis has an integer or an array, or where there is a mask; and orthogonal where one axis has an array and the
others integers or slices, or where each axis has one and some are masks. The rules are zarr-python's.
"""

from __future__ import annotations

from types import EllipsisType
from typing import Any, Literal

import numpy as np

from terrazzo.errors import quote
from terrazzo.indexing.arrays import AnyArray, as_array, as_run, check_bounds, holds_indices, is_array, is_integer
from terrazzo.indexing.selection import Fields

__all__ = ["check_fields", "is_plain", "kind_of", "pop_fields", "run_of"]

PLAIN = frozenset({int, slice, EllipsisType, *(np.dtype(code).type for code in np.typecodes["AllInteger"])})


def is_plain(selection: object) -> bool:
    """Whether a selection is certainly basic; others may be."""
    return PLAIN.issuperset(map(type, selection)) if type(selection) is tuple else type(selection) in PLAIN


def kind_of(selection: object, ndim: int) -> Literal["basic", "orthogonal", "vectorized"]:
    """The way of selecting that is meant by ``array[selection]``; basic, too, if it is none."""
    items = selection if isinstance(selection, tuple) else (selection,)
    arrays = [_as_selector(item) for item in items]
    found = [array for array in arrays if array is not None]
    if not found:
        return "basic"
    if len(items) == 1:
        is_mask = found[0].dtype.kind == "b" and not isinstance(items[0], list)
        return "vectorized" if is_mask or ndim == 1 else "orthogonal"
    others = [item for item, array in zip(items, arrays, strict=True) if array is None]
    integers = all(map(is_integer, others))
    if len(items) == ndim and integers and not any(array.dtype.kind == "b" for array in found):
        return "vectorized"
    slices = all(isinstance(item, (int, np.integer, slice)) for item in others)
    if len(items) <= ndim and len(found) == 1 and slices:
        return "orthogonal"
    return "orthogonal" if len(items) == ndim and not others else "basic"


def _as_selector(item: object) -> AnyArray | None:
    """The array that a list or array in brackets stands for, if it can select."""
    if isinstance(item, list):
        array = as_array(item)
        return array if item and array is not None and holds_indices(array, 1) else None
    return np.asarray(item) if is_array(item) and holds_indices(np.asarray(item)) else None


def run_of(selection: object, shape: tuple[int, ...]) -> slice | None:
    """The slice that the points of an array of one axis make, if they ascend by one step.

    Then they cost what the slice costs, and chunks can be decoded where they belong.

    Raises
    ------
    BoundsCheckError
        A point is outside the array.
    """
    if len(shape) != 1:
        return None
    item = selection[0] if isinstance(selection, tuple) and len(selection) == 1 else selection
    array = as_array(item)
    if array is None or array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
        return None
    run = as_run(check_bounds(array, shape[0], 0))
    return slice(run.start, run.stop, run.step) if isinstance(run, range) else None


def pop_fields(selection: object) -> tuple[Fields | None, object]:
    """Take the names of fields out of a selection.

    Returns
    -------
    fields
        A name, a list of names, or None.
    selection
        What is left; everything, if that is nothing.
    """
    if isinstance(selection, str):
        return selection, Ellipsis
    if isinstance(selection, list) and selection and all(isinstance(item, str) for item in selection):
        return selection, Ellipsis
    if not isinstance(selection, tuple):
        return None, selection
    names = [item for item in selection if isinstance(item, str)]
    rest = tuple(item for item in selection if not isinstance(item, str))
    selected: object = rest[0] if len(rest) == 1 else rest
    return (names[0] if len(names) == 1 else names or None), (Ellipsis if names and rest == () else selected)


def check_fields(fields: Any, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The numpy data type that is left of `dtype` with these fields.

    Raises
    ------
    IndexError
        There are no such fields.
    """
    if not fields:
        return dtype
    names = [fields] if isinstance(fields, str) else fields
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise IndexError(f"fields are a name or a list of names, got {quote(fields)}")
    if dtype.names is None:
        raise IndexError(f"elements of the data type {dtype} have no fields, got {quote(fields)}")
    for name in names:
        if name not in dtype.names:
            raise IndexError(f"there is no field {quote(name)}; the fields are {', '.join(dtype.names)}")
    if isinstance(fields, str):
        return dtype[fields]
    return np.dtype([(name, dtype[name]) for name in names])
