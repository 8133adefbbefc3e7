"""Text: of a fixed length in UTF-32, or of any length in UTF-8.

Specification: zarr-extensions "fixed_length_utf32", "string"; Zarr v2 "Data type encoding".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from terrazzo.dtype.base import (
    BYTE_ORDER_CHARACTERS,
    AnyConfigV2,
    DTypeJSON,
    Endianness,
    TBaseDType,
    ZDType,
    bare_name,
    endianness_of,
    is_object_v2,
    parse_endianness,
)
from terrazzo.dtype.json_scalar import text_from_json
from terrazzo.dtype.raw import FixedLength
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["FixedLengthUTF32", "VariableLengthUTF8"]


@dataclass(frozen=True, kw_only=True)
class FixedLengthUTF32(FixedLength):
    """Text of at most a given number of characters; zeros at the end are not part of a value.

    Parameters
    ----------
    length
        In characters, each of which is stored in four bytes.
    endianness
        Byte order in memory.
    """

    dtype_cls = type(np.dtype("U1"))
    _zarr_v3_name = "fixed_length_utf32"
    _letter = "U"
    _orders = "<>"
    _unit_bytes = 4
    code_point_bytes: ClassVar[int] = 4

    endianness: Endianness = "little"

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_endianness(self.endianness)

    @classmethod
    def _with_order(cls, length: int, order: str) -> Self:
        native = np.dtype(f"{'' if order == '|' else order}U1")
        return cls(length=length, endianness=endianness_of(native))

    def to_native_dtype(self) -> TBaseDType:
        return np.dtype(f"{BYTE_ORDER_CHARACTERS[self.endianness]}U{self.length}")

    def cast_scalar(self, data: object) -> np.str_:
        if not isinstance(data, (str, bytes, int, float, np.number, np.datetime64, np.timedelta64)):
            raise self.refuse_scalar(data)
        scalar: np.str_ = self._padded(str(np.asarray(data, dtype="U")[()]).rstrip("\0"))
        return scalar

    def default_scalar(self) -> np.str_:
        return self.cast_scalar("")

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> np.str_:
        text = text_from_json(data, self._zarr_v3_name)
        try:
            return self.cast_scalar(text)
        except ValueError as error:
            raise MetadataValidationError(str(error)) from None

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return str(self.cast_scalar(data))


@dataclass(frozen=True, kw_only=True)
class VariableLengthUTF8(ZDType[TBaseDType, str]):
    """Text of any length; in memory an array of numpy's ``StringDType``."""

    dtype_cls = np.dtypes.StringDType
    _zarr_v3_name = "string"
    object_codec_id = "vlen-utf8"

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        if hasattr(dtype, "na_object"):
            raise DataTypeValidationError(f"Zarr has no text with missing values, as numpy's {dtype!r}")
        return cls()

    def to_native_dtype(self) -> TBaseDType:
        return np.dtypes.StringDType()

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        if is_object_v2(data, cls.object_codec_id):
            return cls()
        raise cls.refuse(data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        if bare_name(data) != cls._zarr_v3_name:
            raise cls.refuse(data)
        return cls()

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2 | str:
        if zarr_format == 2:
            return {"name": "|O", "object_codec_id": self.object_codec_id}
        return self._zarr_v3_name

    def cast_scalar(self, data: object) -> str:
        if isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]
        if isinstance(data, bytes):
            return data.decode()
        if not isinstance(data, (str, int, float, np.number, np.bool_, np.datetime64, np.timedelta64)):
            raise self.refuse_scalar(data)
        text = str(data)
        text.encode()  # half of a surrogate pair has no form in UTF-8
        return text

    def default_scalar(self) -> str:
        return ""

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> str:
        if isinstance(data, (int, float)) and not isinstance(data, bool):  # zarr-python wrote 0 for text too
            return str(data)
        text = text_from_json(data, self._zarr_v3_name)
        try:
            return self.cast_scalar(text)
        except ValueError as error:
            raise MetadataValidationError(f"{quote(data)} has no form in UTF-8: {error}") from None

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> str:
        return self.cast_scalar(data)
