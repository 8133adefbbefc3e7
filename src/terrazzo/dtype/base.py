"""The contract of a data type: what turns numpy's types and stored JSON into one another.

Specification: Zarr v3.1 "Data types"; Zarr v2 "Data type encoding". Names and meaning follow zarr-python.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

from terrazzo.errors import DataTypeValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = [
    "BYTE_ORDER_CHARACTERS",
    "AnyConfigV2",
    "DTypeConfig_V2",
    "DTypeJSON",
    "Endianness",
    "MissingPackageError",
    "OtherDataTypeError",
    "TBaseDType",
    "TBaseScalar",
    "TDType_co",
    "TScalar_co",
    "ZDType",
    "bare_name",
    "endianness_of",
    "has_byte_order",
    "is_object_v2",
    "parameters_of",
    "parse_endianness",
    "parse_length",
    "v2_name",
]

TBaseDType: TypeAlias = np.dtype[Any]
TBaseScalar: TypeAlias = Any
DTypeJSON: TypeAlias = str | int | float | Sequence["DTypeJSON"] | Mapping[str, object] | None
TDType_co = TypeVar("TDType_co", bound=TBaseDType, covariant=True)
TScalar_co = TypeVar("TScalar_co", covariant=True)
TName_co = TypeVar("TName_co", covariant=True)
TObjectCodecId_co = TypeVar("TObjectCodecId_co", covariant=True)

Endianness: TypeAlias = Literal["little", "big"]
OBJECT_CODECS = ("vlen-utf8", "vlen-bytes")
"""Object codecs of Zarr v2 that store text or bytes; Zarr v3 has codecs of the same names for the same bytes."""

OTHER_OBJECT_CODECS = ("json2", "msgpack2", "pickle", "vlen-array", "categorize")
"""Object codecs of Zarr v2 that store objects of which nothing more is known."""
BYTE_ORDER_CHARACTERS: dict[Endianness, str] = {"little": "<", "big": ">"}


class OtherDataTypeError(DataTypeValidationError):
    """A class was asked for a data type of another kind, which says nothing against the data type."""


class MissingPackageError(DataTypeValidationError):
    """A data type is known, and needs a package that is not installed, or too old."""


class DTypeConfig_V2(TypedDict, Generic[TName_co, TObjectCodecId_co]):  # noqa: N801 - zarr-python's name
    """How Zarr v2 says a data type: the ``dtype`` member, and the id of the object codec where there is one."""

    name: TName_co
    object_codec_id: TObjectCodecId_co


AnyConfigV2: TypeAlias = "DTypeConfig_V2[Any, str | None]"


def endianness_of(dtype: TBaseDType) -> Endianness:
    """Byte order of a numpy data type; that of the machine where it does not say."""
    if dtype.byteorder == "<":
        return "little"
    if dtype.byteorder == ">":
        return "big"
    return "little" if sys.byteorder == "little" else "big"


def parse_endianness(data: object) -> Endianness:
    """Check a byte order."""
    if data == "little" or data == "big":
        return "little" if data == "little" else "big"
    raise DataTypeValidationError(f"a byte order is 'little' or 'big', got {quote(data)}")


def parse_length(data: object, most: int, what: str) -> int:
    """Check a number of bytes or characters, from 1 to `most`."""
    if isinstance(data, bool) or not isinstance(data, (int, np.integer)) or not 1 <= data <= most:
        raise DataTypeValidationError(f"{what} is an integer from 1 to {most}, got {quote(data)}")
    return int(data)


def parameters_of(data: DTypeJSON, name: str, *members: str) -> Mapping[str, Any] | None:
    """The configuration of a data type in a document of Zarr v3; None where that is of another name.

    Raises
    ------
    DataTypeValidationError
        It has not exactly the given members.
    """
    if not isinstance(data, Mapping) or data.get("name") != name:
        return None
    configuration = data.get("configuration")
    if not isinstance(configuration, Mapping) or set(configuration) != set(members):
        raise DataTypeValidationError(
            f"the data type {name!r} needs a configuration with {' and '.join(map(repr, members))}, "
            f"got {quote(configuration)}"
        )
    return configuration


def bare_name(data: DTypeJSON) -> str:
    """The name in a document of Zarr v3, of a data type without configuration; nothing where there is none."""
    name = data.get("name") if isinstance(data, Mapping) and not data.get("configuration") else data
    return name if isinstance(name, str) else ""


def is_object_v2(data: DTypeJSON, object_codec_id: str) -> bool:
    """Whether a document of Zarr v2 means objects that are stored by an object codec.

    Raises
    ------
    DataTypeValidationError
        It means objects that are stored in a way that has no data type.
    """
    if v2_name(data) != "|O":
        return False
    found = data.get("object_codec_id") if isinstance(data, Mapping) else None
    if found not in OBJECT_CODECS:
        known = " or ".join(map(repr, OBJECT_CODECS))
        raise DataTypeValidationError(
            f"the data type of objects, '|O', follows from the filter {known}, got {quote(found)}"
        )
    return found == object_codec_id


def v2_name(data: DTypeJSON) -> str:
    """The type string of a document of Zarr v2; nothing where there is none."""
    name = data.get("name") if isinstance(data, Mapping) else data
    return name if isinstance(name, str) else ""


def has_byte_order(dtype: TBaseDType) -> bool:
    """Whether elements of a numpy data type, or any field of them, have a byte order."""
    if dtype.subdtype is not None:
        return has_byte_order(dtype.subdtype[0])
    if dtype.fields is not None:
        return any(has_byte_order(field[0]) for field in dtype.fields.values())
    # Types of one byte that other packages define say that they have the order of the machine.
    return dtype.byteorder != "|" and dtype.itemsize > 1


@dataclass(frozen=True, kw_only=True)
class ZDType(ABC, Generic[TDType_co, TScalar_co]):
    """A data type: its numpy form, its JSON in both formats, its scalars.

    Subclasses are frozen dataclasses whose fields are the parameters of the type.

    Attributes
    ----------
    object_codec_id
        Name of the codec that stores the elements, where they are of variable size: the serializer in Zarr v3, a
        filter in Zarr v2. None where they lie one after another, as the codec ``bytes`` stores them.
    implied_endian
        Byte order of stored elements where the codec ``bytes`` does not say it; None where it must.
    """

    equal_is_same: ClassVar[bool] = True
    """Whether elements that are equal can stand for each other; 0 and False are equal objects, and not the same."""
    dtype_cls: ClassVar[type[Any]]
    object_codec_id: ClassVar[str | None] = None
    implied_endian: ClassVar[Endianness | None] = None
    _zarr_v3_name: ClassVar[str]

    @classmethod
    def _check_native_dtype(cls, dtype: TBaseDType) -> bool:
        """Whether a numpy data type is of this class."""
        return type(dtype) is cls.dtype_cls

    @classmethod
    @abstractmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        """Make the data type from numpy's.

        Raises
        ------
        DataTypeValidationError
            It is of another kind.
        """

    @abstractmethod
    def to_native_dtype(self) -> TDType_co:
        """The numpy data type of arrays of this type."""

    @classmethod
    @abstractmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        """Read the form of Zarr v2."""

    @classmethod
    @abstractmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        """Read the form of Zarr v3."""

    @classmethod
    def from_json(cls, data: DTypeJSON, *, zarr_format: ZarrFormat) -> Self:
        """Make the data type from what a metadata document says.

        Raises
        ------
        DataTypeValidationError
            The document says another type.
        """
        return cls._from_json_v2(data) if zarr_format == 2 else cls._from_json_v3(data)

    @classmethod
    def _from_json_resolved(cls, data: DTypeJSON, *, resolver: Any) -> Self:
        """Make the data type from what a document says, where ``resolver.zarr_format`` says of which format it is."""
        return cls.from_json(data, zarr_format=resolver.zarr_format)

    @abstractmethod
    def to_json(self, zarr_format: ZarrFormat) -> Any:
        """What a metadata document says for this type."""

    def _check_scalar(self, data: object) -> bool:
        """Whether ``cast_scalar`` can take `data`."""
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    @abstractmethod
    def cast_scalar(self, data: object) -> TScalar_co:
        """Convert a value to a scalar of this type, by numpy's rules for Python scalars.

        Raises
        ------
        TypeError, ValueError, OverflowError
            The value is of another kind, or out of range.
        """

    @abstractmethod
    def default_scalar(self) -> TScalar_co:
        """The fill value that an array gets when none is given."""

    @abstractmethod
    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> TScalar_co:
        """Read a fill value.

        Raises
        ------
        MetadataValidationError
            It is not one of this type.
        """

    @abstractmethod
    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> JSON:
        """Write a fill value, exactly."""

    @property
    def label(self) -> str:
        """What reports call the data type: numpy's name of it, where it has one."""
        return str(self.to_native_dtype())

    def check_usable(self) -> None:
        """Check that elements of this type can be read and written here.

        Raises
        ------
        UnknownCodecError
            There is no implementation.
        """

    @classmethod
    def refuse(cls, data: object) -> DataTypeValidationError:
        """The error for a data type that is not of this class."""
        return OtherDataTypeError(f"{quote(data)} is not a data type of the kind {cls.__name__}")

    def refuse_scalar(self, data: object) -> TypeError:
        """The error for a value that ``cast_scalar`` cannot take."""
        return TypeError(f"cannot make a scalar of {self} from {quote(data)} of type {type(data).__name__}")

    def as_elements(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is to be written, already of the numpy data type, as codecs take it.

        Only types whose elements are objects of Python have something to check or to convert.

        Raises
        ------
        TypeError
            An element is of another kind.
        """
        return array

    @property
    def is_multibyte(self) -> bool:
        """Whether stored elements have a byte order."""
        return has_byte_order(self.to_native_dtype())


class FixedSize:
    """A data type all of whose elements have the same number of bytes."""

    @property
    def item_size(self) -> int:
        """Bytes of one element."""
        return int(self.to_native_dtype().itemsize)  # type: ignore[attr-defined] # a mixin of ZDType
