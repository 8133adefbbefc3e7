"""Data types: what turns numpy's types and stored JSON into one another."""

from __future__ import annotations

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

__all__ = [
    "Bool",
    "Complex64",
    "Complex128",
    "DTypeJSON",
    "DataTypeRegistry",
    "Float16",
    "Float32",
    "Float64",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "ZDType",
    "ZDTypeLike",
    "data_type_registry",
    "parse_dtype",
]
