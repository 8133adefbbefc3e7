"""Arrays of fixed shape as a field of a struct, as Zarr v2 has them.

Specification: Zarr v2 "Data type encoding", the third item of a field.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrazzo.dtype.base import DTypeJSON, FixedSize, TBaseDType, ZDType
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["SubArray"]


@dataclass(frozen=True, kw_only=True)
class SubArray(ZDType[TBaseDType, Any], FixedSize):
    """An array of fixed shape in the place of an element; only fields of structs are that.

    Parameters
    ----------
    base
        Data type of its elements.
    shape
        In elements.
    """

    dtype_cls = type(np.dtype("V1"))
    _zarr_v3_name = "sub-array"

    base: ZDType[Any, Any]
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if not all(length > 0 for length in self.shape):
            raise DataTypeValidationError(f"{quote(self.shape)} is no shape of a field: its lengths are at least 1")

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> SubArray:
        raise cls.refuse(dtype)

    def to_native_dtype(self) -> TBaseDType:
        native: TBaseDType = np.dtype((self.base.to_native_dtype(), self.shape))
        return native

    @property
    def item_size(self) -> int:
        """Bytes of the whole array."""
        return math.prod(self.shape) * int(self.base.item_size)  # type: ignore[attr-defined] # a struct checks it

    @property
    def is_multibyte(self) -> bool:
        return self.base.is_multibyte

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> SubArray:
        raise cls.refuse(data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> SubArray:
        raise cls.refuse(data)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        raise DataTypeValidationError(
            f"only a field of a struct in Zarr v2 can be an array of the shape {self.shape}, not in v{zarr_format}"
        )

    def _check_scalar(self, data: object) -> bool:
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    def cast_scalar(self, data: object) -> Any:
        native = self.base.to_native_dtype()
        if not isinstance(data, (np.ndarray, list, tuple)):
            return np.full(self.shape, self.base.cast_scalar(data), dtype=native)
        values = np.asarray(data, dtype=native)
        if values.shape not in ((), self.shape):
            raise ValueError(f"{quote(data)} has the shape {values.shape}, expected {self.shape}")
        return np.broadcast_to(values, self.shape)

    def default_scalar(self) -> Any:
        return np.zeros(self.shape, dtype=self.base.to_native_dtype())

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        raise MetadataValidationError(f"expected the whole element in base64, got {quote(data)}")

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        raise DataTypeValidationError("a field that is an array has no fill value of its own in a document")
