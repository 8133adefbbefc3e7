"""Data for cases: from the table of data types of the tests, and from numpy."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.dtype.row import Row
from tests.dtype.table import ROWS

__all__ = ["ROWS", "fills_of", "name_of", "native_of", "orders_of", "partly", "random", "type_of", "wave"]


def random(shape: tuple[int, ...], dtype: Any, seed: str) -> npt.NDArray[Any]:
    """Random bits."""
    dtype, count = np.dtype(dtype), int(np.prod(shape, dtype=int))
    raw = np.random.default_rng(zlib.crc32(seed.encode())).bytes(count * dtype.itemsize)
    return np.frombuffer(raw, dtype).reshape(shape).copy()


def wave(shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    """Whole numbers that change slowly."""
    count = int(np.prod(shape, dtype=int))
    return (np.round(np.sin(np.arange(count) / 9) * 50) + 50).astype(dtype).reshape(shape)


def type_of(row: Row) -> str:
    """How a case names the data type."""
    return {"string": "string", "variable_length_bytes": "bytes"}.get(str(row.v3), "numpy")


def native_of(row: Row, order: str = "little") -> np.dtype[Any]:
    """Numpy's data type in a byte order; objects where elements have any length."""
    if row.dtype.kind in "OT":
        return np.dtype("O")
    return row.dtype.newbyteorder(">") if order == "big" else row.dtype


def orders_of(row: Row) -> tuple[str, ...]:
    """Byte orders that make a difference."""
    dtype = native_of(row)
    is_swapped = dtype.type.__module__ != "ml_dtypes" and dtype != dtype.newbyteorder(">")
    return ("little", "big") if is_swapped else ("little",)


def name_of(row: Row) -> str:
    """The name of a data type, which no other has."""
    return str(row) if row.dtype.names is None else f"{row} of {', '.join(row.dtype.names)}"


def elements(row: Row, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The samples of a data type, over and over."""
    array = np.empty(shape, dtype)
    for number, index in enumerate(np.ndindex(shape)):
        array[index] = row.samples[number % len(row.samples)]
    return array


def scalar(row: Row, value: Any) -> Any:
    """A fill value as numpy has it, or as an object."""
    made = row.zdtype.cast_scalar(value)
    return {"string": str, "bytes": bytes}.get(type_of(row), lambda one: one)(made)


def partly(row: Row, dtype: np.dtype[Any], fill: Any, region: Any, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """An array of which only a region has been written."""
    array = np.empty(shape, dtype)
    array[...] = fill
    selection = tuple(slice(*one) for one in region)
    array[selection] = elements(row, array[selection].shape, dtype)
    return array


def fills_of(row: Row) -> Iterator[tuple[str, Any]]:
    """Each fill value once, with the JSON of it for a name; first the default."""
    seen = set()
    for value, data in ((row.zdtype.default_scalar(), row.default), *row.fills):
        text = json.dumps(data)
        if text not in seen:
            seen.add(text)
            yield text if len(text) < 60 else f"{text[:50]}...", scalar(row, value)
