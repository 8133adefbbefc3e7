"""The forms that data types have in documents, for type checkers, and tests for those of version 2.

Specification: Zarr v3.1 "Data types"; Zarr v2 "Data type encoding". Names follow zarr-python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypedDict, TypeGuard, TypeVar

from terrazzo.dtype.base import DTypeConfig_V2, DTypeJSON

__all__ = [
    "DTypeName_V2",
    "DTypeSpec_V2",
    "DTypeSpec_V3",
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
    "StructuredName_V2",
    "TimeDelta64JSON_V2",
    "TimeDelta64JSON_V3",
    "VariableLengthBytesJSON_V2",
    "VariableLengthUTF8JSON_V2",
    "check_dtype_name_v2",
    "check_dtype_spec_no_object_codec_v2",
    "check_dtype_spec_v2",
    "check_structured_dtype_name_v2",
]

N = TypeVar("N")
C = TypeVar("C")

StructuredName_V2: TypeAlias = Sequence["str | StructuredName_V2"]
DTypeName_V2: TypeAlias = str | StructuredName_V2
DTypeSpec_V2: TypeAlias = DTypeConfig_V2[DTypeName_V2, str | None]


class _Extension(TypedDict, Generic[N, C]):
    """A data type with parameters in Zarr v3."""

    name: N
    configuration: C


class _Length(TypedDict):
    length_bytes: int


class _Time(TypedDict):
    unit: str
    scale_factor: int


class _Fields(TypedDict):
    fields: Sequence[Mapping[str, DTypeJSON]]


class _Pairs(TypedDict):
    fields: Sequence[Sequence[DTypeJSON]]


DTypeSpec_V3: TypeAlias = str | _Extension[str, Mapping[str, object]]


class StructJSON_V3(_Extension[Literal["struct"], _Fields]):  # noqa: N801 - zarr-python's name
    """A struct in Zarr v3."""


class StructuredJSON_V3(_Extension[Literal["structured"], _Pairs]):  # noqa: N801 - zarr-python's name
    """A struct in Zarr v3 under its old name."""


class StructuredJSON_V2(DTypeConfig_V2[StructuredName_V2, None]):  # noqa: N801 - zarr-python's name
    """A struct in Zarr v2."""


class DateTime64JSON_V3(_Extension[Literal["numpy.datetime64"], _Time]):  # noqa: N801 - zarr-python's name
    """Points in time in Zarr v3."""


class TimeDelta64JSON_V3(_Extension[Literal["numpy.timedelta64"], _Time]):  # noqa: N801 - zarr-python's name
    """Spans of time in Zarr v3."""


class FixedLengthUTF32JSON_V3(_Extension[Literal["fixed_length_utf32"], _Length]):  # noqa: N801 - zarr-python's name
    """Text of fixed length in Zarr v3."""


class NullTerminatedBytesJSON_V3(_Extension[Literal["null_terminated_bytes"], _Length]):  # noqa: N801 - zarr-python's name
    """Bytes of up to a length in Zarr v3."""


class RawBytesJSON_V3(_Extension[Literal["raw_bytes"], _Length]):  # noqa: N801 - zarr-python's name
    """Bytes of fixed length in Zarr v3."""


class DateTime64JSON_V2(DTypeConfig_V2[str, None]):  # noqa: N801 - zarr-python's name
    """Points in time in Zarr v2."""


class TimeDelta64JSON_V2(DTypeConfig_V2[str, None]):  # noqa: N801 - zarr-python's name
    """Spans of time in Zarr v2."""


class FixedLengthUTF32JSON_V2(DTypeConfig_V2[str, None]):  # noqa: N801 - zarr-python's name
    """Text of fixed length in Zarr v2."""


class NullterminatedBytesJSON_V2(DTypeConfig_V2[str, None]):  # noqa: N801 - zarr-python's name
    """Bytes of up to a length in Zarr v2."""


class RawBytesJSON_V2(DTypeConfig_V2[str, None]):  # noqa: N801 - zarr-python's name
    """Bytes of fixed length in Zarr v2."""


class VariableLengthBytesJSON_V2(DTypeConfig_V2[Literal["|O"], Literal["vlen-bytes"]]):  # noqa: N801 - zarr-python's name
    """Bytes of any length in Zarr v2."""


class VariableLengthUTF8JSON_V2(DTypeConfig_V2[Literal["|O"], Literal["vlen-utf8"]]):  # noqa: N801 - zarr-python's name
    """Text of any length in Zarr v2."""


def check_structured_dtype_name_v2(data: Sequence[object]) -> TypeGuard[StructuredName_V2]:
    """Whether a list has the form of a struct: pairs of a name and a data type, or triples with a shape."""
    return all(
        isinstance(field, Sequence)
        and not isinstance(field, str)
        and len(field) in (2, 3)
        and isinstance(field[0], str)
        and check_dtype_name_v2(field[1])
        for field in data
    )


def check_dtype_name_v2(data: object) -> TypeGuard[DTypeName_V2]:
    """Whether something has the form of the ``dtype`` of a ``.zarray``."""
    return isinstance(data, str) or (isinstance(data, Sequence) and check_structured_dtype_name_v2(data))


def check_dtype_spec_v2(data: object) -> TypeGuard[DTypeSpec_V2]:
    """Whether something is a data type of Zarr v2: the ``dtype`` member, and the id of the object codec or None."""
    return (
        isinstance(data, Mapping)
        and set(data) == {"name", "object_codec_id"}
        and check_dtype_name_v2(data["name"])
        and (data["object_codec_id"] is None or isinstance(data["object_codec_id"], str))
    )


def check_dtype_spec_no_object_codec_v2(data: object) -> TypeGuard[DTypeConfig_V2[Any, None]]:
    """Whether something is a data type of Zarr v2 whose elements have a fixed size."""
    return check_dtype_spec_v2(data) and data["object_codec_id"] is None
