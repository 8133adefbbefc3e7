"""Data types: what turns numpy's types and stored JSON into one another."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from terrazzo.dtype.base import DTypeJSON, ZDType
from terrazzo.dtype.numeric import (
    Bool,
    Complex64,
    Complex128,
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
)
from terrazzo.dtype.parse import DataTypeRegistry, ZDTypeLike, data_type_registry, parse_dtype

if TYPE_CHECKING:
    from terrazzo.dtype.ml import MLComplex, MLFloat, MLInteger
    from terrazzo.dtype.raw import NullTerminatedBytes, RawBytes, VariableLengthBytes
    from terrazzo.dtype.struct import Struct, Structured
    from terrazzo.dtype.text import FixedLengthUTF32, VariableLengthUTF8
    from terrazzo.dtype.time import DateTime64, TimeDelta64

__all__ = [
    "Bool",
    "Complex64",
    "Complex128",
    "DTypeJSON",
    "DataTypeRegistry",
    "DateTime64",
    "FixedLengthUTF32",
    "Float16",
    "Float32",
    "Float64",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "MLComplex",
    "MLFloat",
    "MLInteger",
    "NullTerminatedBytes",
    "RawBytes",
    "Struct",
    "Structured",
    "TimeDelta64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "VariableLengthBytes",
    "VariableLengthUTF8",
    "ZDType",
    "ZDTypeLike",
    "data_type_registry",
    "parse_dtype",
]

_MODULES = {
    "DateTime64": "time",
    "FixedLengthUTF32": "text",
    "NullTerminatedBytes": "raw",
    "RawBytes": "raw",
    "MLComplex": "ml",
    "MLFloat": "ml",
    "MLInteger": "ml",
    "Struct": "struct",
    "Structured": "struct",
    "TimeDelta64": "time",
    "VariableLengthBytes": "raw",
    "VariableLengthUTF8": "text",
}


def __getattr__(name: str) -> Any:
    """Import a data type when it is first named: few arrays need it, and its declaration takes half a millisecond."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
