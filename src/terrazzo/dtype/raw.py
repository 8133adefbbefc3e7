"""Bytes without a meaning: of a fixed length, or as many as each element has.

Specification: Zarr v3.1 "Core data types" (``r*``); zarr-extensions "bytes"; Zarr v2 "Data type encoding". The names
``null_terminated_bytes`` and ``raw_bytes``, which no specification has, are zarr-python's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from terrazzo.dtype.base import (
    AnyConfigV2,
    DTypeJSON,
    FixedSize,
    TBaseDType,
    ZDType,
    bare_name,
    is_object_v2,
    parameters_of,
    parse_length,
    v2_name,
)
from terrazzo.dtype.json_scalar import bytes_from_json, bytes_to_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["FixedLength", "NullTerminatedBytes", "RawBytes", "VariableLengthBytes"]

LARGEST_ITEM: Final = (1 << 31) - 1
"""Bytes of the largest element that numpy has."""

V2_FORM = re.compile(r"([<>|])([A-Z])([0-9]+)")
BITS = re.compile(r"r([1-9][0-9]{0,15})")


@dataclass(frozen=True, kw_only=True)
class FixedLength(ZDType[TBaseDType, Any], FixedSize):
    """Elements of one length; shorter values are filled up with zeros.

    Parameters
    ----------
    length
        Of an element: bytes, or characters of text.
    """

    _letter: ClassVar[str]
    """Numpy's, for the kind of data type."""

    _orders: ClassVar[str]
    """Byte orders that documents of Zarr v2 have before it."""

    _unit_bytes: ClassVar[int] = 1
    """Bytes of what `length` counts."""

    length: int

    def __post_init__(self) -> None:
        most = LARGEST_ITEM // self._unit_bytes
        object.__setattr__(self, "length", parse_length(self.length, most, f"the length of {type(self).__name__}"))

    @classmethod
    def _with_order(cls, length: int, order: str) -> Self:
        return cls(length=length)

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        if not dtype.itemsize:
            raise DataTypeValidationError(
                f"numpy's {dtype!r} says no length; write it out, as in '{cls._letter}5', or take 'string' or 'bytes' "
                "for elements of any length"
            )
        return cls._with_order(dtype.itemsize // cls._unit_bytes, dtype.byteorder)

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        form = V2_FORM.fullmatch(v2_name(data))
        if form is None or form[2] != cls._letter or form[1] not in cls._orders:
            raise cls.refuse(data)
        return cls._with_order(int(form[3]), form[1])

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        parameters = parameters_of(data, cls._zarr_v3_name, "length_bytes")
        if parameters is None:
            raise cls.refuse(data)
        size = parse_length(parameters["length_bytes"], LARGEST_ITEM, f"the length_bytes of {cls._zarr_v3_name}")
        if size % cls._unit_bytes:
            raise DataTypeValidationError(
                f"the length_bytes of {cls._zarr_v3_name} is a multiple of {cls._unit_bytes}, got {size}"
            )
        return cls(length=size // cls._unit_bytes)

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2 | dict[str, JSON] | str:
        if zarr_format == 2:
            return {"name": self.to_native_dtype().str, "object_codec_id": None}
        return {"name": self._zarr_v3_name, "configuration": {"length_bytes": self.item_size}}

    def to_native_dtype(self) -> TBaseDType:
        return np.dtype(f"{self._letter}{self.length}")

    def _padded(self, data: bytes | str) -> Any:
        """A scalar of a value that is not too long; zeros at its end do not count."""
        if len(data) > self.length:
            raise ValueError(f"{quote(data)} has the length {len(data)}, more than the {self.length} of {self}")
        return np.array(data, dtype=self.to_native_dtype().newbyteorder("="))[()]

    def default_scalar(self) -> Any:
        return self.cast_scalar(b"")


class NullTerminatedBytes(FixedLength):
    """Bytes of at most a given number; zeros at the end are not part of a value."""

    dtype_cls = type(np.dtype("S1"))
    _zarr_v3_name = "null_terminated_bytes"
    _letter = "S"
    _orders = "|<>"

    def cast_scalar(self, data: object) -> np.bytes_:
        if isinstance(data, (bytearray, memoryview)):
            data = bytes(data)
        if not isinstance(data, (bytes, str, int, float, np.number)):
            raise self.refuse_scalar(data)
        scalar: np.bytes_ = self._padded(bytes(np.asarray(data, dtype="S")[()]).rstrip(b"\0"))
        return scalar

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> np.bytes_:
        return _within_length(self, bytes_from_json(data, self._zarr_v3_name))  # type: ignore[no-any-return]

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return bytes_to_json(bytes(self.cast_scalar(data)))


@dataclass(frozen=True, kw_only=True)
class RawBytes(FixedLength):
    """Bytes of a given number.

    Parameters
    ----------
    v3_name
        What documents of Zarr v3 call the type: ``raw_bytes``, or ``r<bits>`` as the specification has it.
    """

    dtype_cls = type(np.dtype("V1"))
    _zarr_v3_name = "raw_bytes"
    _letter = "V"
    _orders = "|<>"

    v3_name: str = field(default=_zarr_v3_name, compare=False, repr=False)

    @classmethod
    def _check_native_dtype(cls, dtype: TBaseDType) -> bool:
        return type(dtype) is cls.dtype_cls and dtype.fields is None and dtype.subdtype is None

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        name = bare_name(data)
        bits = BITS.fullmatch(name)
        if bits is None:
            return super()._from_json_v3(data)
        size, rest = divmod(int(bits[1]), 8)
        if rest:
            raise DataTypeValidationError(f"the number of bits of a raw data type is a multiple of 8, got {name!r}")
        return cls(length=size, v3_name=name)

    @property
    def _is_registered(self) -> bool:
        """Whether the type goes by the name of the specification."""
        return self.v3_name != self._zarr_v3_name

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2 | dict[str, JSON] | str:
        return self.v3_name if zarr_format == 3 and self._is_registered else super().to_json(zarr_format)

    def cast_scalar(self, data: object) -> np.void:
        if isinstance(data, np.void):
            data = data.tobytes()
        elif type(data) is int and data == 0:  # as in `numpy.zeros`
            data = b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise self.refuse_scalar(data)
        scalar: np.void = self._padded(bytes(data))
        return scalar

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> np.void:
        return _within_length(self, bytes_from_json(data, self.v3_name))  # type: ignore[no-any-return]

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        stored = self.cast_scalar(data).tobytes()
        return list(stored) if zarr_format == 3 and self._is_registered else bytes_to_json(stored)


@dataclass(frozen=True, kw_only=True)
class VariableLengthBytes(ZDType[TBaseDType, bytes]):
    """Bytes, as many as each element has; in memory an array of objects.

    Parameters
    ----------
    v3_name
        What documents of Zarr v3 call the type: ``variable_length_bytes``, or ``bytes`` as it is registered.
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name = "variable_length_bytes"
    object_codec_id = "vlen-bytes"

    v3_name: str = field(default=_zarr_v3_name, compare=False, repr=False)

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        return cls()

    def to_native_dtype(self) -> TBaseDType:
        return np.dtype("O")

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        if is_object_v2(data, cls.object_codec_id):
            return cls()
        raise cls.refuse(data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        name = bare_name(data)
        if name not in (cls._zarr_v3_name, "bytes"):
            raise cls.refuse(data)
        return cls(v3_name=name)

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2 | str:
        if zarr_format == 2:
            return {"name": "|O", "object_codec_id": self.object_codec_id}
        return self.v3_name

    def as_elements(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if set(map(type, array.flat)) <= {bytes}:
            return array
        converted = np.empty(array.shape, dtype=object)
        for index, item in zip(np.ndindex(array.shape), array.flat, strict=True):
            if item is None:  # as in numcodecs
                item = b""
            elif not isinstance(item, (bytes, bytearray, memoryview)):
                raise TypeError(f"an element of {self} is bytes, got {quote(item)} of type {type(item).__name__}")
            converted[index] = bytes(item)
        return converted

    def cast_scalar(self, data: object) -> bytes:
        if isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]
        if isinstance(data, str):
            return data.encode()
        if type(data) is int and data == 0:  # as in `numpy.zeros`
            return b""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise self.refuse_scalar(data)
        return bytes(data)

    def default_scalar(self) -> bytes:
        return b""

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> bytes:
        if zarr_format == 2 and type(data) is int and data == 0:  # zarr-python 2 wrote it for every object
            return b""
        return bytes_from_json(data, self.v3_name)

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return bytes_to_json(self.cast_scalar(data))


def _within_length(zdtype: FixedLength, data: bytes) -> Any:
    try:
        return zdtype.cast_scalar(data)
    except ValueError as error:
        raise MetadataValidationError(str(error)) from None
