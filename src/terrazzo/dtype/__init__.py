"""Data types: what turns numpy's types and stored JSON into one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from terrazzo.runtime.lazy import on_use

parse_data_type = parse_dtype
"""The name that zarr-python gave it first, and that packages import."""

if TYPE_CHECKING:
    from terrazzo.dtype.forms import (
        DateTime64JSON_V2,
        DateTime64JSON_V3,
        DTypeSpec_V2,
        FixedLengthUTF32JSON_V2,
        FixedLengthUTF32JSON_V3,
        NullterminatedBytesJSON_V2,
        NullTerminatedBytesJSON_V3,
        RawBytesJSON_V2,
        RawBytesJSON_V3,
        StructJSON_V3,
        StructuredJSON_V2,
        StructuredJSON_V3,
        TimeDelta64JSON_V2,
        TimeDelta64JSON_V3,
        VariableLengthBytesJSON_V2,
        VariableLengthUTF8JSON_V2,
        check_dtype_spec_no_object_codec_v2,
        check_dtype_spec_v2,
    )
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
    "DTypeSpec_V2",
    "DataTypeRegistry",
    "DateTime64",
    "DateTime64JSON_V2",
    "DateTime64JSON_V3",
    "FixedLengthUTF32",
    "FixedLengthUTF32JSON_V2",
    "FixedLengthUTF32JSON_V3",
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
    "NullTerminatedBytesJSON_V3",
    "NullterminatedBytesJSON_V2",
    "RawBytes",
    "RawBytesJSON_V2",
    "RawBytesJSON_V3",
    "Struct",
    "StructJSON_V3",
    "Structured",
    "StructuredJSON_V2",
    "StructuredJSON_V3",
    "TimeDelta64",
    "TimeDelta64JSON_V2",
    "TimeDelta64JSON_V3",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "VariableLengthBytes",
    "VariableLengthBytesJSON_V2",
    "VariableLengthUTF8",
    "VariableLengthUTF8JSON_V2",
    "ZDType",
    "ZDTypeLike",
    "check_dtype_spec_no_object_codec_v2",
    "check_dtype_spec_v2",
    "data_type_registry",
    "parse_dtype",
]

_FORMS = (
    "DTypeSpec_V2",
    "DateTime64JSON_V2",
    "DateTime64JSON_V3",
    "FixedLengthUTF32JSON_V2",
    "FixedLengthUTF32JSON_V3",
    "NullTerminatedBytesJSON_V3",
    "NullterminatedBytesJSON_V2",
    "RawBytesJSON_V2",
    "RawBytesJSON_V3",
    "StructJSON_V3",
    "StructuredJSON_V2",
    "StructuredJSON_V3",
    "TimeDelta64JSON_V2",
    "TimeDelta64JSON_V3",
    "VariableLengthBytesJSON_V2",
    "VariableLengthUTF8JSON_V2",
    "check_dtype_spec_no_object_codec_v2",
    "check_dtype_spec_v2",
)
_HOMES = {
    **dict.fromkeys(_FORMS, ".forms"),
    "DataTypeValidationError": "terrazzo.errors",
    "DateTime64": ".time",
    "FixedLengthUTF32": ".text",
    "NullTerminatedBytes": ".raw",
    "RawBytes": ".raw",
    "MLComplex": ".ml",
    "MLFloat": ".ml",
    "MLInteger": ".ml",
    "Struct": ".struct",
    "Structured": ".struct",
    "TimeDelta64": ".time",
    "VariableLengthBytes": ".raw",
    "VariableLengthUTF8": ".text",
}


__getattr__ = on_use(__name__, _HOMES)
"""Few arrays need these, and declaring one takes half a millisecond."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
