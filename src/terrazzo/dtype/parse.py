"""The data types that terrazzo knows, and the many ways to name one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np

from terrazzo.dtype.base import DTypeJSON, TBaseDType, ZDType
from terrazzo.dtype.ml_table import COMPLEX, FLOATS, INTEGERS, NATIVE_COMPLEX
from terrazzo.dtype.numeric import NUMERIC
from terrazzo.dtype.registry import AnyZDType, DataTypeRegistry
from terrazzo.errors import DataTypeValidationError
from terrazzo.types import ZarrFormat

__all__ = [
    "DataTypeRegistry",
    "ZDTypeLike",
    "data_type_registry",
    "get_data_type_from_json",
    "parse_dtype",
    "unknown_data_type",
]

ZDTypeLike: TypeAlias = AnyZDType | TBaseDType | type[Any] | str | Mapping[str, object] | None

data_type_registry = DataTypeRegistry()
for _cls in NUMERIC:
    data_type_registry.register(_cls._zarr_v3_name, _cls)
    data_type_registry.alias(_cls._zarr_v3_name, *_cls._aliases)
_OBJECT = np.dtypes.ObjectDType
for _key, _path, _native, _others in (
    ("numpy.datetime64", "time:DateTime64", [type(np.dtype("M8"))], ()),
    ("numpy.timedelta64", "time:TimeDelta64", [type(np.dtype("m8"))], ()),
    ("null_terminated_bytes", "raw:NullTerminatedBytes", [type(np.dtype("S"))], ()),
    ("raw_bytes", "raw:RawBytes", [type(np.dtype("V"))], ["r*"]),
    ("struct", "struct:Struct", [type(np.dtype("V"))], ["structured"]),
    ("fixed_length_utf32", "text:FixedLengthUTF32", [type(np.dtype("U"))], ()),
    ("string", "text:VariableLengthUTF8", [np.dtypes.StringDType, _OBJECT], ()),
    ("variable_length_bytes", "raw:VariableLengthBytes", [_OBJECT], ["bytes"]),
    ("python_object", "objects:PythonObject", [_OBJECT], ()),
):
    data_type_registry.register_lazily(_key, f"terrazzo.dtype.{_path}", native=_native, aliases=_others)
for _table, _class in ((FLOATS, "MLFloat"), (INTEGERS, "MLInteger"), (COMPLEX, "MLComplex")):
    for _key in _table:
        data_type_registry.register_lazily(_key, f"terrazzo.dtype.ml:{_class}", native=[NATIVE_COMPLEX.get(_key, _key)])

_OF_ANY_LENGTH: Mapping[str | type, str] = {
    str: "string",
    "str": "string",
    "string": "string",
    "bytes": "variable_length_bytes",
}
"""What callers mean by names that numpy takes for text or bytes of no length, or for missing the ones of Zarr."""


def unknown_data_type(data: DTypeJSON, problem: str = "") -> AnyZDType:
    """What keeps the JSON of a data type that has no implementation here; `problem` says what is missing."""
    from terrazzo.dtype.unknown import UnknownDataType  # rarely needed, and slow to declare

    return UnknownDataType(data=data, problem=problem)


def get_data_type_from_json(data: DTypeJSON, *, zarr_format: ZarrFormat) -> AnyZDType:
    """The data type that a metadata document means."""
    return data_type_registry.match_json(data, zarr_format=zarr_format)


def parse_dtype(dtype_spec: ZDTypeLike, *, zarr_format: ZarrFormat) -> AnyZDType:
    """The data type that a caller means: by a ``ZDType``, anything that ``numpy.dtype`` takes, or stored JSON.

    Raises
    ------
    DataTypeValidationError
        Zarr has no such data type.
    TypeError
        numpy does not understand it either.
    """
    if isinstance(dtype_spec, ZDType):
        return dtype_spec
    if hasattr(dtype_spec, "to_native_dtype") and not isinstance(dtype_spec, type):
        return _adopt(dtype_spec, zarr_format)
    if isinstance(dtype_spec, (str, type)) and dtype_spec in _OF_ANY_LENGTH:
        return data_type_registry.get(_OF_ANY_LENGTH[dtype_spec])()
    if isinstance(dtype_spec, Mapping):
        return data_type_registry.match_json(dtype_spec, zarr_format=zarr_format)
    if isinstance(dtype_spec, str):
        if zarr_format == 3 and data_type_registry.find(dtype_spec) is not None:
            return data_type_registry.match_json(dtype_spec, zarr_format=3)
        return _parse_name(dtype_spec, zarr_format)
    return _match_dtype(np.dtype(dtype_spec), zarr_format)


def _adopt(theirs: Any, zarr_format: ZarrFormat) -> AnyZDType:
    """A data type of another implementation, by its JSON and, which is not in that, its byte order."""
    own: Any = data_type_registry.match_json(theirs.to_json(zarr_format=zarr_format), zarr_format=zarr_format)
    endianness = getattr(theirs, "endianness", None)
    if endianness is not None and hasattr(own, "endianness"):
        own = replace(own, endianness=endianness)
    return cast("AnyZDType", own)


def _match_dtype(native: TBaseDType, zarr_format: ZarrFormat) -> AnyZDType:
    found = data_type_registry.match_dtype(native)
    if native.fields is not None:
        found.to_json(zarr_format)  # a field may have a form in one of the formats only
    return found


def _parse_name(name: str, zarr_format: ZarrFormat) -> AnyZDType:
    """A name that is numpy's, or that only another package knows."""
    try:
        native = np.dtype(name)
    except TypeError:
        try:
            return data_type_registry.match_json(name, zarr_format=zarr_format)
        except DataTypeValidationError:
            pass
        raise
    return _match_dtype(native, zarr_format)
