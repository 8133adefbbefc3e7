"""Arrays as JSON, bit by bit, and how two of them differ: for what is stored with fixtures, and sent to peers.

Only numpy is needed here: processes of peers, which have no terrazzo, import this too.
"""

from __future__ import annotations

import base64
import importlib
from typing import Any

import numpy as np

__all__ = ["array_from_json", "array_to_json", "difference"]


def dtype_to_json(dtype: np.dtype[Any]) -> Any:
    """The description of a data type without objects: text, or a list of fields."""
    if dtype.names is not None:
        return [
            [name, dtype_to_json(field.base), list(field.shape)] if field.shape else [name, dtype_to_json(field)]
            for name, (field, *_) in dtype.fields.items()
        ]
    return dtype.name if dtype.type.__module__ == "ml_dtypes" else dtype.str


def dtype_from_json(data: Any) -> np.dtype[Any]:
    """The data type that a description means."""
    if isinstance(data, list):
        return np.dtype([(name, dtype_from_json(field), *map(tuple, shape)) for name, field, *shape in data])
    if data[0] in "<>|":
        return np.dtype(data)
    return np.dtype(getattr(importlib.import_module("ml_dtypes"), data))


ITEMS = {"str": str, "bytes": bytes.hex, "ndarray": lambda item: array_to_json(item)}
FROM_ITEMS = {"str": str, "bytes": bytes.fromhex, "ndarray": lambda item: array_from_json(item)}


def array_to_json(array: Any) -> dict[str, Any]:
    """An array, of numbers or of objects of one type, or of what JSON itself has."""
    array = np.asarray(array)
    if array.dtype.kind not in "OT":
        raw = base64.b64encode(array.tobytes()).decode()
        return {"dtype": dtype_to_json(array.dtype), "shape": list(array.shape), "base64": raw}
    items = [array[index] for index in np.ndindex(array.shape)]
    kinds = {type(item).__name__ for item in items}
    kind = kinds.pop() if len(kinds) == 1 and kinds <= set(ITEMS) else "json"
    return {"items": kind, "shape": list(array.shape), "values": [ITEMS.get(kind, lambda item: item)(i) for i in items]}


def array_from_json(data: dict[str, Any]) -> np.ndarray:
    """The array that was made JSON, which can be written to; text of any length is objects."""
    shape = tuple(data["shape"])
    if "base64" in data:
        raw = bytearray(base64.b64decode(data["base64"]))
        dtype = dtype_from_json(data["dtype"])
        return np.frombuffer(raw, f"V{dtype.itemsize}").view(dtype).reshape(shape) if raw else np.empty(shape, dtype)
    array = np.empty(shape, "O")
    for index, item in zip(np.ndindex(shape), data["values"], strict=True):
        array[index] = FROM_ITEMS.get(data["items"], lambda item: item)(item)
    return array


BITS_UNUSED = ("int2", "int4", "uint2", "uint4")
"""Data types whose upper bits mean nothing."""


def difference(found: Any, expected: np.ndarray) -> str:
    """What is different about an array, in a few words; empty where nothing is. Byte order does not count."""
    found = np.asarray(found)
    if found.shape != expected.shape:
        return f"shape {found.shape}, expected {expected.shape}"
    if expected.dtype.kind == "O":
        for index in np.ndindex(expected.shape):
            if not same(found[index], expected[index]):
                return f"{found[index]!r} at {index}, expected {expected[index]!r}"
        return ""
    if expected.dtype.type.__module__ == "ml_dtypes" and expected.dtype.name in BITS_UNUSED:
        found, expected = (array.astype("i1") for array in (found, expected))
    native, wanted = (array.astype(array.dtype.newbyteorder("=")) for array in (found, expected))
    if native.dtype != wanted.dtype:
        return f"data type {found.dtype}, expected {expected.dtype}"
    for index in np.ndindex(expected.shape):
        if native[index].tobytes() != wanted[index].tobytes():
            return f"{found[index]!r} at {index}, expected {expected[index]!r}"
    return ""


def same(found: Any, expected: Any) -> bool:
    """Whether two elements that are objects are alike."""
    if isinstance(expected, np.ndarray):
        return isinstance(found, np.ndarray) and difference(found, expected) == ""
    return type(found) is type(expected) and bool(found == expected)
