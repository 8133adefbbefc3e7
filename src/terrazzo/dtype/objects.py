"""Objects of Python, as Zarr v2 stores them by way of an object codec; Zarr v3 has no such data type.

Specification: Zarr v2 "Data type encoding", "Filters".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from terrazzo.dtype.base import OTHER_OBJECT_CODECS, AnyConfigV2, DTypeJSON, TBaseDType, ZDType, v2_name
from terrazzo.errors import DataTypeValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["PythonObject"]


@dataclass(frozen=True, kw_only=True)
class PythonObject(ZDType[TBaseDType, Any]):
    """Objects of Python: whatever the object codec stores.

    Parameters
    ----------
    codec_id
        The object codec among the filters: ``json2``, ``msgpack2``, ``pickle``, ``vlen-array`` or ``categorize``.
    """

    dtype_cls = np.dtypes.ObjectDType
    _zarr_v3_name = "python_object"

    equal_is_same = False

    codec_id: str

    @property
    def object_codec_id(self) -> str:  # type: ignore[override] # of one data type, which has several
        """The filter that stores the elements."""
        return self.codec_id

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        raise cls.refuse(dtype)

    def to_native_dtype(self) -> TBaseDType:
        return np.dtype("O")

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        found = data.get("object_codec_id") if isinstance(data, Mapping) else None
        if v2_name(data) == "|O" and isinstance(found, str) and found in OTHER_OBJECT_CODECS:
            return cls(codec_id=found)
        raise cls.refuse(data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        raise cls.refuse(data)

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2:
        if zarr_format == 2:
            return {"name": "|O", "object_codec_id": self.codec_id}
        raise DataTypeValidationError("objects of Python have no data type in Zarr v3; store text, bytes or numbers")

    def as_elements(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return array.astype(object, copy=False)

    def cast_scalar(self, data: object) -> Any:
        return data

    def default_scalar(self) -> None:
        """None, as numpy has in a new array of objects."""
        return

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        return data

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        try:
            written: JSON = json.loads(json.dumps(data))
        except (TypeError, ValueError) as error:
            raise TypeError(f"a fill value must have a form in JSON, got {quote(data)}") from error
        return written

    def _check_scalar(self, data: object) -> bool:
        return True
