"""Booleans, integers, floating-point and complex numbers: one class a type, one base a family.

Only the bases are declared as dataclasses: the types add no fields, and each declaration costs half a millisecond
when terrazzo is imported.

Specification: Zarr v3.1 "Core data types"; Zarr v2 "Data type encoding".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from terrazzo.dtype.base import (
    BYTE_ORDER_CHARACTERS,
    AnyConfigV2,
    DTypeJSON,
    Endianness,
    FixedSize,
    TBaseDType,
    ZDType,
    endianness_of,
)
from terrazzo.dtype.json_scalar import (
    bool_from_json,
    complex_from_json,
    complex_to_json,
    float_from_json,
    float_to_json,
    int_from_json,
)
from terrazzo.errors import quote
from terrazzo.types import JSON, ZarrFormat

__all__ = [
    "NUMERIC",
    "Bool",
    "Complex64",
    "Complex128",
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
]


@dataclass(frozen=True, kw_only=True)
class _Numeric(ZDType[TBaseDType, Any], FixedSize):
    """What all numbers share: a name in v3, a numpy type string in v2, numpy's own conversions."""

    _native: ClassVar[TBaseDType]
    """The numpy data type in native byte order."""

    _aliases: ClassVar[tuple[str, ...]] = ()
    """Other names in documents of Zarr v3."""

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        return cls._with_order(endianness_of(dtype))

    @classmethod
    def _with_order(cls, endianness: Endianness) -> Self:
        return cls()

    @property
    def is_multibyte(self) -> bool:
        return False

    def to_native_dtype(self) -> TBaseDType:
        return self._native

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        name = data.get("name") if isinstance(data, Mapping) else data
        code = cls._native.str[1:]
        if isinstance(name, str) and name[1:] == code and name[0] in "<>|":
            # netCDF-C and Zarr.jl write an order even for types of one byte.
            if cls._native.itemsize == 1:
                return cls()
            if name[0] != "|":
                return cls._with_order("little" if name[0] == "<" else "big")
        raise cls.refuse(data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        # v3.1 writes an extension without configuration as an object too.
        name = data.get("name") if isinstance(data, Mapping) and not data.get("configuration") else data
        if name == cls._zarr_v3_name or (isinstance(name, str) and name in cls._aliases):
            return cls()
        raise cls.refuse(data)

    def to_json(self, zarr_format: ZarrFormat) -> str | AnyConfigV2:
        if zarr_format == 2:
            return {"name": self.to_native_dtype().str, "object_codec_id": None}
        return self._zarr_v3_name

    def _check_scalar(self, data: object) -> bool:
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, (list, tuple, dict)) or (isinstance(data, np.ndarray) and data.ndim):
            raise TypeError(f"cannot make a scalar of {type(self).__name__} from {quote(data)}")
        return self._native.type(data)

    def default_scalar(self) -> Any:
        return self._native.type(0)


@dataclass(frozen=True, kw_only=True)
class _HasEndianness(_Numeric):
    """Numbers of more than one byte."""

    endianness: Endianness = "little"

    @classmethod
    def _with_order(cls, endianness: Endianness) -> Self:
        return cls(endianness=endianness)

    def to_native_dtype(self) -> TBaseDType:
        return self._native.newbyteorder(BYTE_ORDER_CHARACTERS[self.endianness])  # type: ignore[arg-type]

    @property
    def is_multibyte(self) -> bool:
        return True


class Bool(_Numeric):
    """True or false, in one byte."""

    dtype_cls = np.dtypes.BoolDType
    _zarr_v3_name = "bool"
    _native = np.dtype("bool")

    def default_scalar(self) -> np.bool_:
        return np.False_

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> np.bool_:
        return np.bool_(bool_from_json(data))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> bool:
        return bool(data)


class _Integer(_Numeric):
    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]
        if isinstance(data, (float, np.floating)) and not math.isfinite(data):
            raise ValueError(f"cannot convert {data!r} to {self._native.name}")
        info = np.iinfo(self._native)
        if isinstance(data, (np.integer, np.floating, float)) and not info.min <= int(data) <= info.max:
            # numpy wraps the scalars of its own types silently.
            raise OverflowError(f"{data!r} is out of bounds for {self._native.name}")
        return super().cast_scalar(data)

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        return self._native.type(int_from_json(data, self._native))

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(data)  # type: ignore[call-overload,no-any-return]


class _Float(_HasEndianness):
    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, self._native.type):
            return data  # a conversion through Python's float would quiet a signalling NaN
        return super().cast_scalar(data)

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        return float_from_json(data, self._native)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> float | str:
        return float_to_json(data, zarr_format)


class _Complex(_HasEndianness):
    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, self._native.type):
            return data
        return super().cast_scalar(data)

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        return complex_from_json(data, self._native)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> list[float | str]:
        return complex_to_json(data, zarr_format)


class Int8(_Integer):
    """Signed integers of one byte."""

    dtype_cls = np.dtypes.Int8DType
    _zarr_v3_name = "int8"
    _native = np.dtype("int8")


class UInt8(_Integer):
    """Unsigned integers of one byte."""

    dtype_cls = np.dtypes.UInt8DType
    _zarr_v3_name = "uint8"
    _native = np.dtype("uint8")


class Int16(_Integer, _HasEndianness):
    """Signed integers of two bytes."""

    dtype_cls = np.dtypes.Int16DType
    _zarr_v3_name = "int16"
    _native = np.dtype("int16")


class UInt16(_Integer, _HasEndianness):
    """Unsigned integers of two bytes."""

    dtype_cls = np.dtypes.UInt16DType
    _zarr_v3_name = "uint16"
    _native = np.dtype("uint16")


class Int32(_Integer, _HasEndianness):
    """Signed integers of four bytes."""

    dtype_cls = np.dtypes.Int32DType
    _zarr_v3_name = "int32"
    _native = np.dtype("int32")


class UInt32(_Integer, _HasEndianness):
    """Unsigned integers of four bytes."""

    dtype_cls = np.dtypes.UInt32DType
    _zarr_v3_name = "uint32"
    _native = np.dtype("uint32")


class Int64(_Integer, _HasEndianness):
    """Signed integers of eight bytes."""

    dtype_cls = np.dtypes.Int64DType
    _zarr_v3_name = "int64"
    _native = np.dtype("int64")


class UInt64(_Integer, _HasEndianness):
    """Unsigned integers of eight bytes."""

    dtype_cls = np.dtypes.UInt64DType
    _zarr_v3_name = "uint64"
    _native = np.dtype("uint64")


class Float16(_Float):
    """IEEE 754 numbers of two bytes."""

    dtype_cls = np.dtypes.Float16DType
    _zarr_v3_name = "float16"
    _native = np.dtype("float16")


class Float32(_Float):
    """IEEE 754 numbers of four bytes."""

    dtype_cls = np.dtypes.Float32DType
    _zarr_v3_name = "float32"
    _native = np.dtype("float32")


class Float64(_Float):
    """IEEE 754 numbers of eight bytes."""

    dtype_cls = np.dtypes.Float64DType
    _zarr_v3_name = "float64"
    _native = np.dtype("float64")


class Complex64(_Complex):
    """Pairs of float32, real part first."""

    dtype_cls = np.dtypes.Complex64DType
    _zarr_v3_name = "complex64"
    _aliases = ("complex_float32",)
    _native = np.dtype("complex64")


class Complex128(_Complex):
    """Pairs of float64, real part first."""

    dtype_cls = np.dtypes.Complex128DType
    _zarr_v3_name = "complex128"
    _aliases = ("complex_float64",)
    _native = np.dtype("complex128")


NUMERIC: tuple[type[_Numeric], ...] = (
    Bool,
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float16,
    Float32,
    Float64,
    Complex64,
    Complex128,
)
