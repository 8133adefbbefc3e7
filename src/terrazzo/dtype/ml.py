"""Numbers of 2 to 16 bits, and pairs of them, from the package ``ml_dtypes``: three classes, the types are rows.

In memory they have the byte order of the machine. Where elements have less than 8 bits they take a byte each, whose
other bits are ignored when they are read, and zero when they are written.

Specification: zarr-extensions, "data-types"; Zarr v2 has no such types, but tensorstore writes their names there.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from terrazzo.dtype.base import (
    AnyConfigV2,
    DTypeConfig_V2,
    DTypeJSON,
    FixedSize,
    MissingPackageError,
    TBaseDType,
    ZDType,
)
from terrazzo.dtype.elements import BITS
from terrazzo.dtype.json_scalar import float_from_json, float_to_json, int_from_json
from terrazzo.dtype.ml_table import COMPLEX, FLOATS, INTEGERS, NATIVE_COMPLEX
from terrazzo.dtype.numeric import Float16
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["MLComplex", "MLFloat", "MLInteger", "cast_values"]

SMALLEST = 2.0**-127
"""The smallest number of ``float8_e8m0fnu``, which has no zero: its bits are all 0."""


@dataclass(frozen=True, kw_only=True)
class _MLType(ZDType[TBaseDType, Any], FixedSize):
    """What the three families share: a name, in both formats."""

    dtype_cls = np.dtype
    _table: ClassVar[Mapping[str, Any]]

    name: str

    def __post_init__(self) -> None:
        if self.name not in self._table:
            known = ", ".join(self._table)
            raise DataTypeValidationError(f"no data type {quote(self.name)} is known; known are {known}")
        object.__setattr__(self, "_native", self._find_native())

    def _find_native(self) -> TBaseDType:
        return _ml_dtype(self.name, self.name)

    @property
    def _zarr_v3_name(self) -> str:  # type: ignore[override] # the name is a parameter here
        return self.name

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        for name in cls._table:
            if NATIVE_COMPLEX.get(name, name) == dtype.name and dtype.isbuiltin == 2:
                return cls(name=name)
        raise cls.refuse(dtype)

    def to_native_dtype(self) -> TBaseDType:
        native: TBaseDType = self.__dict__["_native"]
        return native

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        name = data.get("name") if isinstance(data, Mapping) else data
        if not isinstance(name, str) or name not in cls._table:
            raise cls.refuse(data)
        return cls(name=name)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        if isinstance(data, Mapping) and data.get("configuration"):
            raise cls.refuse(data)
        return cls._from_json_v2(data)

    def to_json(self, zarr_format: ZarrFormat) -> str | AnyConfigV2:
        return DTypeConfig_V2(name=self.name, object_codec_id=None) if zarr_format == 2 else self.name

    def _check_scalar(self, data: object) -> bool:
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, (str, bytes, Mapping)) or np.ndim(data):  # type: ignore[arg-type] # whatever it is
            raise TypeError(f"cannot make a scalar of {self.name} from {quote(data)}")
        return cast_values(data, self.to_native_dtype())[()]

    def default_scalar(self) -> Any:
        """Zero; where there is none, the smallest number, which has the bits of zero."""
        return np.zeros((), dtype=self.to_native_dtype())[()]


class MLInteger(_MLType):
    """Integers of 2 or 4 bits.

    Parameters
    ----------
    name
        ``int2``, ``uint2``, ``int4`` or ``uint4``.
    """

    _table = INTEGERS

    def cast_scalar(self, data: object) -> Any:
        if isinstance(data, np.generic) or (isinstance(data, np.ndarray) and not data.ndim):
            data = data.item()  # an array of one element must fit, where larger ones wrap
        return super().cast_scalar(data)

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        number = int_from_json(data, np.dtype("int64"))
        low, high = INTEGERS[self.name]
        if not low <= number <= high:
            raise MetadataValidationError(f"{quote(data)} is outside the range of {self.name}, {low} to {high}")
        return self.to_native_dtype().type(number)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(data)  # type: ignore[call-overload,no-any-return]


class MLFloat(_MLType):
    """Floating-point numbers of 4 to 16 bits.

    Parameters
    ----------
    name
        ``bfloat16``, or ``float8_``, ``float6_``, ``float4_`` with the form of the number, as in ``float8_e4m3``.
    """

    _table = FLOATS

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        scalar = float_from_json(data, self.to_native_dtype(), self._rounded)
        if self.name in BITS and np.asarray(scalar).view(np.uint8) & ~np.uint8(BITS[self.name]):
            raise MetadataValidationError(f"{quote(data)} has bits that {self.name} does not have")
        return scalar

    def _rounded(self, number: float) -> Any:
        """The scalar next to a number.

        Raises
        ------
        MetadataValidationError
            There is none: the number is out of range, or of a kind that the type does not have.
        """
        lacks = FLOATS[self.name]
        if number == 0 and "zero" in lacks:
            number = SMALLEST  # which is next to it, and what tensorstore means
        kind = "NaN" if math.isnan(number) else "infinity" if math.isinf(number) else None
        if kind in lacks:
            raise MetadataValidationError(f"{self.name} has no {kind}")
        scalar = self.to_native_dtype().type(_sticky(number) if kind is None else number)
        largest = float(_ml_dtypes(self.name).finfo(self.to_native_dtype()).max)
        if kind is None and (abs(number) > largest or not np.isfinite(scalar)):
            raise MetadataValidationError(f"{number} is outside the range of {self.name}")
        return scalar

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> float | str:
        return float_to_json(data, zarr_format)


class MLComplex(_MLType):
    """Pairs of floating-point numbers of 4 to 16 bits, real part first.

    Only those of 16 bits are types of numpy's; the others are structs with the fields ``real`` and ``imag``.

    Parameters
    ----------
    name
        ``complex_`` and the name of the type of the parts, ``float16`` among them.
    """

    _table = COMPLEX

    def _find_native(self) -> TBaseDType:
        part = np.dtype(np.float16) if self.part == "float16" else _ml_dtype(self.part, self.name)
        if self.name in NATIVE_COMPLEX:
            return _ml_dtype(NATIVE_COMPLEX[self.name], self.name)
        return np.dtype([("real", part), ("imag", part)])

    @property
    def part(self) -> str:
        """Name of the type of the parts."""
        return COMPLEX[self.name]

    def _part_type(self) -> ZDType[Any, Any]:
        return Float16() if self.part == "float16" else MLFloat(name=self.part)

    def cast_scalar(self, data: object) -> Any:
        native = self.to_native_dtype()
        if isinstance(data, np.generic) and data.dtype == native:
            return data
        if isinstance(data, np.void):
            data = data.item()
        pair = data if isinstance(data, (tuple, list)) else None
        if pair is None:
            return super().cast_scalar(data)
        if len(pair) != 2:
            raise ValueError(f"expected a real and an imaginary part, got {quote(data)}")
        part = self._part_type()
        return self._made_of(part.cast_scalar(pair[0]), part.cast_scalar(pair[1]))

    def _made_of(self, real: Any, imaginary: Any) -> Any:
        parts = np.array([real, imaginary], dtype=self._part_type().to_native_dtype())
        return parts.view(self.to_native_dtype())[0]

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        if not isinstance(data, (list, tuple)) or len(data) != 2:
            raise MetadataValidationError(f"expected a pair of numbers for {self.name}, got {quote(data)}")
        part = self._part_type()
        real, imaginary = (part.from_json_scalar(item, zarr_format=zarr_format) for item in data)
        return self._made_of(real, imaginary)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> list[Any]:
        part = self._part_type()
        parts = np.array([self.cast_scalar(data)], dtype=self.to_native_dtype()).view(part.to_native_dtype())
        return [part.to_json_scalar(item, zarr_format=zarr_format) for item in parts]


def cast_values(value: Any, dtype: TBaseDType) -> npt.NDArray[Any]:
    """Convert what a caller assigns to a type of ``ml_dtypes``, or to a pair of them.

    Numbers are rounded, arrays of integers wrap, as with numpy's types.

    Raises
    ------
    ValueError
        The value holds NaN, infinity or 0, for which the type has no value, and in whose place another would be
        stored.
    OverflowError
        A Python number is out of range.
    """
    if dtype.names is not None:
        return _cast_pairs(value, dtype)
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype == dtype:
        return array
    if array.dtype.kind == "O" and all(type(item) is int for item in array.flat):
        array = array.astype(np.float64)  # too large for numpy's integers
    if array.dtype.kind in "SUOMmT":
        raise TypeError(f"cannot make {dtype.name} of {quote(value)}")
    if dtype.name in INTEGERS:
        _check_integers(array, dtype.name, wraps=hasattr(value, "dtype"))
    else:
        _check_floats(array, dtype.name)
    return array.astype(dtype)


def _cast_pairs(value: Any, dtype: TBaseDType) -> npt.NDArray[Any]:
    """Convert complex numbers to structs of two parts; anything else is numpy's affair."""
    if isinstance(value, (int, float, complex)):
        value = np.asarray(value)
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype.kind not in "biufc":
        return np.asarray(value, dtype=dtype)
    pairs = np.empty(value.shape, dtype=dtype)
    for name in ("real", "imag"):
        pairs[name] = cast_values(getattr(value, name), dtype[name])
    return pairs


def _check_integers(array: npt.NDArray[Any], name: str, *, wraps: bool) -> None:
    low, high = INTEGERS[name]
    if array.dtype.kind not in "biu" and not np.isfinite(array).all():
        raise ValueError(f"cannot convert NaN or infinity to {name}")
    if not wraps and ((array <= low - 1) | (array >= high + 1)).any():
        raise OverflowError(f"{quote(array.tolist())} is out of bounds for {name}, {low} to {high}")


def _check_floats(array: npt.NDArray[Any], name: str) -> None:
    lacks = FLOATS.get(name, ())
    if "NaN" in lacks and array.dtype.kind not in "biu" and not np.isfinite(array).all():
        raise ValueError(f"{name} has no NaN and no infinity; other numbers would be stored in their place")
    if "zero" in lacks and (array <= 0).any():
        raise ValueError(f"{name} has neither 0 nor negative numbers; NaN would be stored in their place")


def _sticky(number: float) -> np.float32:
    """The number in single precision, odd where it is not exact, so that rounding it again rounds the number."""
    single = np.float32(number)
    if float(single) == number:
        return single
    bits = np.asarray(single).view(np.uint32)
    towards_zero = int(bits) - (abs(float(single)) > abs(number))
    return np.uint32(towards_zero | 1).view(np.float32)


def _ml_dtypes(needed_for: str) -> Any:
    try:
        return importlib.import_module("ml_dtypes")
    except ImportError as error:
        raise MissingPackageError(
            f"the data type {needed_for!r} needs the package ml_dtypes: pip install 'terrazzo[ml]'"
        ) from error


def _ml_dtype(name: str, needed_for: str) -> TBaseDType:
    """A data type of ``ml_dtypes``.

    Raises
    ------
    MissingPackageError
        The package is not installed, or too old to have it.
    """
    module = _ml_dtypes(needed_for)
    if not hasattr(module, name):
        raise MissingPackageError(
            f"the data type {needed_for!r} needs a newer ml_dtypes than {module.__version__}: "
            "pip install --upgrade 'terrazzo[ml]'"
        )
    dtype: TBaseDType = np.dtype(getattr(module, name))
    return dtype
