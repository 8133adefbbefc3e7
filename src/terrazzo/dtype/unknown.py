"""A data type without an implementation here: it keeps its JSON, so that a document can be read and written back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Self

import numpy as np

from terrazzo.dtype.base import DTypeJSON, TBaseDType, ZDType
from terrazzo.errors import UnknownCodecError, quote, shorten
from terrazzo.types import JSON, ZarrFormat

__all__ = ["UnknownDataType"]


@dataclass(frozen=True, kw_only=True)
class UnknownDataType(ZDType[np.dtype[Any], Any]):
    """What is kept of a data type that has no implementation here.

    Its numpy form, ``V0``, holds nothing; a fill value is whatever JSON the document has.

    Parameters
    ----------
    data
        Its JSON, as the document has it.
    problem
        What is missing, where that is known.
    """

    dtype_cls = np.dtypes.VoidDType  # type: ignore[assignment] # a class, which numpy types as a function
    _zarr_v3_name = "unknown"

    data: Any
    problem: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What the document calls it; with the codec of the elements, where only that says what they are."""
        if not isinstance(self.data, Mapping):
            return str(self.data)
        codec = self.data.get("object_codec_id")
        return f"{self.data.get('name')} ({codec})" if codec else str(self.data.get("name"))

    @property
    def label(self) -> str:
        return shorten(self.name)

    def check_usable(self) -> NoReturn:
        unknown = (
            f"no implementation of the data type {quote(self.name)}; install a package that provides it, or register "
            "one with terrazzo.dtype.data_type_registry.register"
        )
        raise UnknownCodecError(self.problem or unknown, name=self.name)

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        raise cls.refuse(dtype)

    def to_native_dtype(self) -> np.dtype[Any]:
        return np.dtype("V0")

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        return cls(data=data)

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        return cls(data=data)

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        return copy.deepcopy(self.data)

    def _check_scalar(self, data: object) -> bool:
        return True

    def cast_scalar(self, data: object) -> Any:
        return data

    def default_scalar(self) -> Any:
        return None

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        return data

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        return data  # type: ignore[return-value] # what `from_json_scalar` was given

    def __repr__(self) -> str:
        return f"UnknownDataType({quote(self.data)})"

    def __hash__(self) -> int:
        return hash(self.name)
