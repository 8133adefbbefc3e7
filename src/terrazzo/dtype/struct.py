"""``struct``: elements made of named fields, which lie one after another without padding.

v3 name ``struct``; ``structured``, with pairs for fields, is read and never written::

    {"name": "struct", "configuration": {"fields": [{"name": "x", "data_type": "float32"}]}}

In v2 a list of ``[name, data type]``, or of ``[name, data type, shape]`` where a field is itself an array of fixed
shape, for which v3 has no form. Fields have a byte order each in v2, in v3 the codec ``bytes`` gives one to all.

Specification: zarr-extensions "struct" and "structured"; Zarr v2 "Data type encoding".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from terrazzo.dtype.base import DTypeConfig_V2, DTypeJSON, FixedSize, MissingPackageError, TBaseDType, ZDType
from terrazzo.dtype.parse import data_type_registry
from terrazzo.dtype.sub_array import SubArray
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, ZarrUserWarning, quote, warn
from terrazzo.grid import EXTENSION, check_members
from terrazzo.types import JSON, ZarrFormat

__all__ = ["Struct", "Structured"]

MOST_NESTED = 32
"""Levels of structs within structs that a document may have."""

MOST_BYTES = 2**31 - 1
"""The largest element that numpy can have."""


@dataclass(frozen=True, kw_only=True)
class Structured(ZDType[TBaseDType, Any], FixedSize):
    """Elements made of named fields.

    Parameters
    ----------
    fields
        Name and data type of each field, in order.
    """

    dtype_cls = type(np.dtype("V1"))
    _zarr_v3_name = "structured"
    _aliases: ClassVar[tuple[str, ...]] = ("struct", "structured")

    fields: tuple[tuple[str, ZDType[Any, Any]], ...]

    def __post_init__(self) -> None:
        fields = tuple((name, zdtype) for name, zdtype in self.fields)
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "_native", _native(fields))

    # -- numpy

    @classmethod
    def _check_native_dtype(cls, dtype: TBaseDType) -> bool:
        return dtype.fields is not None

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        made = cls(fields=tuple(_fields_of(dtype)))
        if dtype.itemsize != made.item_size:
            warn(
                f"{quote(dtype)} has padding, which is not stored: elements have {made.item_size} bytes then, "
                f"instead of {dtype.itemsize}",
                ZarrUserWarning,
            )
        return made

    def to_native_dtype(self) -> TBaseDType:
        native: TBaseDType = self.__dict__["_native"]
        return native

    @property
    def is_multibyte(self) -> bool:
        return self.has_multi_byte_fields()

    def has_multi_byte_fields(self) -> bool:
        """Whether any field, at any depth, has a byte order."""
        return any(zdtype.is_multibyte for _, zdtype in self.fields)

    # -- documents

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        listed: Any = data.get("name") if isinstance(data, Mapping) else data
        if isinstance(listed, str) or not isinstance(listed, Sequence):
            raise cls.refuse(data)
        return cls._read_v2(listed, 1)

    @classmethod
    def _read_v2(cls, data: Sequence[Any], depth: int) -> Self:
        _check_depth(depth)
        fields = []
        for item in data:
            if isinstance(item, str) or not isinstance(item, Sequence) or len(item) not in (2, 3):
                raise DataTypeValidationError(f"expected [name, data type] for a field, got {quote(item)}")
            name, stored = _name_of(item[0]), item[1]
            nested = not isinstance(stored, str) and isinstance(stored, Sequence)
            zdtype = cls._read_v2(stored, depth + 1) if nested else _field(name, _named_v2(stored), 2)
            fields.append((name, zdtype if len(item) == 2 else SubArray(base=zdtype, shape=_shape_of(name, item[2]))))
        return cls(fields=tuple(fields))

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        return cls._read_v3(data, 1)

    @classmethod
    def _read_v3(cls, data: Any, depth: int) -> Self:
        if not _is_struct(data, cls._aliases):
            raise cls.refuse(data)
        _check_depth(depth)
        try:
            check_members(data, *EXTENSION)
        except MetadataValidationError as error:
            raise DataTypeValidationError(str(error)) from error
        configuration: Any = data.get("configuration")
        listed = configuration.get("fields") if isinstance(configuration, Mapping) else None
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise DataTypeValidationError(f"a struct needs a list `configuration.fields`, got {quote(configuration)}")
        if len(configuration) > 1:
            raise DataTypeValidationError(f"a struct has no other member than `fields`, got {quote(configuration)}")
        fields = []
        for item in listed:
            name, stored = _member_of(item)
            nested = _is_struct(stored, cls._aliases)
            fields.append((name, cls._read_v3(stored, depth + 1) if nested else _field(name, stored, 3)))
        made = cls(fields=tuple(fields))
        if data["name"] == "structured":
            object.__setattr__(made, "implied_endian", "little")
        return made

    def to_json(self, zarr_format: ZarrFormat) -> Any:
        if zarr_format == 2:
            return DTypeConfig_V2(
                name=[_written_v2(name, zdtype) for name, zdtype in self.fields], object_codec_id=None
            )
        fields = [{"name": name, "data_type": zdtype.to_json(zarr_format=3)} for name, zdtype in self.fields]
        return {"name": "struct", "configuration": {"fields": fields}}

    # -- scalars

    def _check_scalar(self, data: object) -> bool:
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    def cast_scalar(self, data: object) -> Any:
        native = self.to_native_dtype()
        if isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]
        if isinstance(data, np.void):
            if data.dtype.fields is not None:
                return np.asarray(data).astype(native)[()]
            data = data.tobytes()
        if isinstance(data, (bytes, bytearray, memoryview)):
            return self._unpacked(bytes(data))
        if isinstance(data, Mapping):
            self._check_names(data)
            return self._made_of(data[name] for name, _ in self.fields)
        if isinstance(data, (list, tuple)):
            if len(data) != len(self.fields):
                raise ValueError(f"{quote(data)} has {len(data)} values for the {len(self.fields)} fields of {self}")
            return self._made_of(data)
        if isinstance(data, (int, np.integer)) and not isinstance(data, bool):
            # Also for fields that an integer is no value of; 0 stands for the zero of each.
            return self._made_of([data] * len(self.fields)) if data else self.default_scalar()
        raise TypeError(f"cannot make a scalar of {self} from {quote(data)}")

    def _made_of(self, values: Iterable[object]) -> Any:
        scalar = np.zeros((), dtype=self.to_native_dtype())
        for (name, zdtype), value in zip(self.fields, values, strict=True):
            scalar[name] = zdtype.cast_scalar(value)
        return scalar[()]

    def _unpacked(self, data: bytes) -> Any:
        if len(data) != self.item_size:
            raise ValueError(f"{len(data)} bytes are no element of {self.item_size} bytes")
        return np.frombuffer(data, dtype=self.to_native_dtype())[0]

    def _check_names(self, data: Mapping[Any, Any]) -> None:
        known = {name for name, _ in self.fields}
        missing = [name for name in known if name not in data]
        if missing or len(data) != len(known):
            strange = [name for name in data if name not in known]
            problem = (
                f"the field {quote(min(missing))} is missing" if missing else f"there is no field {quote(strange[0])}"
            )
            raise ValueError(f"{problem} in {quote(data)}")

    def default_scalar(self) -> Any:
        """Zero in every field, times included."""
        return np.zeros((), dtype=self.to_native_dtype())[()]

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        if isinstance(data, str):
            try:
                return self._unpacked(base64.b64decode(data, validate=True))
            except (ValueError, binascii.Error) as error:
                raise MetadataValidationError(f"{quote(data)} is not an element in base64: {error}") from error
        if not isinstance(data, Mapping):
            expected = (
                "the bytes of an element in base64" if zarr_format == 2 else "an object with a value for each field"
            )
            raise MetadataValidationError(f"expected {expected}, got {quote(data)}")
        try:
            self._check_names(data)
        except ValueError as error:
            raise MetadataValidationError(str(error)) from None
        scalar = np.zeros((), dtype=self.to_native_dtype())
        for name, zdtype in self.fields:
            try:
                scalar[name] = zdtype.from_json_scalar(data[name], zarr_format=zarr_format)
            except MetadataValidationError as error:
                raise error.within(name) from error.__cause__
        return scalar[()]

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        scalar = self.cast_scalar(data)
        if zarr_format == 2:
            return base64.b64encode(scalar.tobytes()).decode()
        return {name: zdtype.to_json_scalar(scalar[name], zarr_format=3) for name, zdtype in self.fields}


class Struct(Structured):
    """Elements made of named fields.

    Parameters
    ----------
    fields
        Name and data type of each field, in order.
    """

    _zarr_v3_name = "struct"


def _native(fields: tuple[tuple[str, ZDType[Any, Any]], ...]) -> TBaseDType:
    """The numpy data type of a struct, packed.

    Raises
    ------
    DataTypeValidationError
        There is no field; a name is empty or stands twice; a field has no fixed size; the element is too large.
    """
    if not fields:
        raise DataTypeValidationError("a struct needs at least one field")
    seen: set[str] = set()
    size = 0
    for name, zdtype in fields:
        if not isinstance(zdtype, ZDType):
            raise DataTypeValidationError(f"the field {quote(name)} has no data type, but {quote(zdtype)}")
        if not isinstance(name, str) or not name:
            raise DataTypeValidationError(f"the name of a field is text, and not empty, got {quote(name)}")
        if name in seen:
            raise DataTypeValidationError(f"two fields have the name {quote(name)}")
        seen.add(name)
        if zdtype.object_codec_id is not None or not hasattr(zdtype, "item_size"):
            raise DataTypeValidationError(
                f"the field {quote(name)} has elements of any size, {zdtype}; a struct has not"
            )
        size += zdtype.item_size
    if not 0 < size <= MOST_BYTES:
        raise DataTypeValidationError(f"an element of {size} bytes cannot be; {MOST_BYTES} are the most")
    try:
        return np.dtype([(name, zdtype.to_native_dtype()) for name, zdtype in fields])
    except (TypeError, ValueError) as error:
        raise DataTypeValidationError(f"numpy cannot have these fields: {error}") from error


def _fields_of(dtype: TBaseDType) -> Iterable[tuple[str, ZDType[Any, Any]]]:
    for name in dtype.names or ():
        native, _, *title = dtype.fields[name]  # type: ignore[index] # it has names
        if title:
            raise DataTypeValidationError(f"the field {quote(name)} has the title {quote(title[0])}, which has no form")
        try:
            yield name, _matched(native)
        except DataTypeValidationError as error:
            raise DataTypeValidationError(f"the field {quote(name)}: {error}") from error


def _matched(native: TBaseDType) -> ZDType[Any, Any]:
    if native.subdtype is not None:
        base, shape = native.subdtype
        return SubArray(base=_matched(base), shape=shape)
    return data_type_registry.match_dtype(native)


def _field(name: str, stored: Any, zarr_format: ZarrFormat) -> ZDType[Any, Any]:
    try:
        if zarr_format == 3 and isinstance(stored, Mapping):
            check_members(stored, *EXTENSION)
        return data_type_registry.match_json(stored, zarr_format=zarr_format)
    except MissingPackageError:
        raise
    except (DataTypeValidationError, MetadataValidationError) as error:
        raise DataTypeValidationError(f"the field {quote(name)}: {error}") from error


def _named_v2(stored: Any) -> DTypeJSON:
    return {"name": stored, "object_codec_id": None}


def _written_v2(name: str, zdtype: ZDType[Any, Any]) -> list[Any]:
    if isinstance(zdtype, SubArray):
        return [name, zdtype.base.to_json(zarr_format=2)["name"], list(zdtype.shape)]
    return [name, zdtype.to_json(zarr_format=2)["name"]]


def _is_struct(data: object, names: tuple[str, ...]) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("name"), str) and data["name"] in names


def _member_of(item: object) -> tuple[str, Any]:
    """Name and data type of a field of v3: an object, or a pair as zarr-python wrote until 3.1."""
    if isinstance(item, Mapping):
        if set(item) == {"name", "data_type"}:
            return _name_of(item["name"]), item["data_type"]
    elif isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2:
        return _name_of(item[0]), item[1]
    raise DataTypeValidationError(f"expected an object with `name` and `data_type` for a field, got {quote(item)}")


def _name_of(name: object) -> str:
    if not isinstance(name, str):
        raise DataTypeValidationError(f"the name of a field is text, got {quote(name)}")
    return name


def _shape_of(name: str, data: object) -> tuple[int, ...]:
    lengths = [data] if isinstance(data, int) else data
    if not isinstance(lengths, (list, tuple)) or not all(type(length) is int for length in lengths):
        raise DataTypeValidationError(f"the field {quote(name)}: {quote(data)} is no shape")
    return tuple(lengths)


def _check_depth(depth: int) -> None:
    if depth > MOST_NESTED:
        raise DataTypeValidationError(f"structs are nested deeper than {MOST_NESTED} levels")
