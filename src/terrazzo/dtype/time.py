"""Points in time and spans of time, as numpy has them: 64-bit integers that count a unit, or a multiple of one.

The smallest integer stands for "not a time", NaT.

Specification: zarr-extensions "numpy.datetime64", "numpy.timedelta64"; Zarr v2 "Data type encoding".
"""

from __future__ import annotations

import datetime as dt
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

import numpy as np

from terrazzo.dtype.base import (
    BYTE_ORDER_CHARACTERS,
    AnyConfigV2,
    DTypeJSON,
    Endianness,
    FixedSize,
    TBaseDType,
    ZDType,
    endianness_of,
    parameters_of,
    parse_endianness,
    parse_length,
    v2_name,
)
from terrazzo.dtype.json_scalar import int_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = ["DateTime64", "TimeDelta64"]

UNITS: Final = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic")
OTHER_SPELLINGS: Final = {"μs": "us"}

GENERIC: Final = "generic"
"""No unit: how long a step is, is not known."""

LARGEST_FACTOR: Final = (1 << 31) - 1
NAT: Final = "NaT"
NAMES_OF_NAT: Final = ("", "nat", b"", b"nat")
NAT_NUMBER: Final = -1 << 63
INT64: Final = np.dtype("int64")
V2_FORM = re.compile(r"(?P<order>[<>])(?P<kind>[mM])8(?:\[(?P<factor>[0-9]*)(?P<unit>[A-Za-zμ]+)\])?")


@dataclass(frozen=True, kw_only=True)
class _Time(ZDType[TBaseDType, Any], FixedSize):
    """What points and spans have in common.

    Parameters
    ----------
    endianness
        Byte order in memory.
    scale_factor
        Units in one step of the integer.
    unit
        As numpy calls it, from ``"Y"`` to ``"as"``, or ``"generic"`` for none.
    """

    _kind: ClassVar[str]
    """Numpy's letter."""

    endianness: Endianness = "little"
    scale_factor: int = 1
    unit: str = GENERIC

    def __post_init__(self) -> None:
        parse_endianness(self.endianness)
        parse_length(self.scale_factor, LARGEST_FACTOR, "the scale_factor of a time")
        unit = OTHER_SPELLINGS.get(self.unit, self.unit) if isinstance(self.unit, str) else None
        if unit not in UNITS:
            raise DataTypeValidationError(f"the unit of a time is one of {', '.join(UNITS)}, got {quote(self.unit)}")
        object.__setattr__(self, "unit", unit)

    @classmethod
    def from_native_dtype(cls, dtype: TBaseDType) -> Self:
        if not cls._check_native_dtype(dtype):
            raise cls.refuse(dtype)
        unit, factor = np.datetime_data(dtype)
        return cls(unit=unit, scale_factor=factor, endianness=endianness_of(dtype))

    def to_native_dtype(self) -> TBaseDType:
        order = BYTE_ORDER_CHARACTERS[self.endianness]
        return np.dtype(f"{order}{self._kind}8[{self.scale_factor}{self.unit}]")

    # -- documents

    @classmethod
    def _from_json_v2(cls, data: DTypeJSON) -> Self:
        form = V2_FORM.fullmatch(v2_name(data))
        if form is None or form["kind"] != cls._kind:
            raise cls.refuse(data)
        return cls(
            endianness="little" if form["order"] == "<" else "big",
            scale_factor=int(form["factor"] or 1),
            unit=form["unit"] or GENERIC,
        )

    @classmethod
    def _from_json_v3(cls, data: DTypeJSON) -> Self:
        parameters = parameters_of(data, cls._zarr_v3_name, "unit", "scale_factor")
        if parameters is None:
            raise cls.refuse(data)
        return cls(unit=parameters["unit"], scale_factor=parameters["scale_factor"])

    def to_json(self, zarr_format: ZarrFormat) -> AnyConfigV2 | dict[str, JSON]:
        if zarr_format == 2:
            return {"name": self.to_native_dtype().str, "object_codec_id": None}
        configuration: dict[str, JSON] = {"unit": self.unit, "scale_factor": self.scale_factor}
        return {"name": self._zarr_v3_name, "configuration": configuration}

    # -- scalars

    @property
    def _native(self) -> TBaseDType:
        return self.to_native_dtype().newbyteorder("=")

    def cast_scalar(self, data: object) -> Any:
        """Convert a value to numpy's scalar; what is finer than a step is cut off.

        Parameters
        ----------
        data
            A number of steps, text that numpy reads, a scalar of numpy's, one of ``datetime``; None for NaT.

        Raises
        ------
        TypeError, ValueError
            It is something else.
        OverflowError
            It is outside the range.
        """
        native = self._native
        if isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]
        if isinstance(data, np.integer) and not isinstance(data, np.timedelta64):
            data = int(data)
        if data is None:
            return self.default_scalar()
        if isinstance(data, (int, str, bytes)):
            return self._parsed(data, native)
        scalar = self._scalar(data)
        if scalar is None:
            raise self.refuse_scalar(data)
        return _converted(scalar, native)

    def _parsed(self, data: int | str | bytes, native: TBaseDType) -> Any:
        """A scalar of a number or text."""
        if isinstance(data, int):
            return _of_number(data, native)
        # Text has no unit of its own; where the data type has none either, numpy 2.5 deprecates its conversion.
        parsed = np.array(data, dtype=f"{native.kind}8[s]" if self.unit == GENERIC else native)
        return parsed.view(native)[()]

    @abstractmethod
    def _scalar(self, data: object) -> Any | None:
        """Numpy's scalar, in any unit, for what is one already or one of Python's; None for what is not."""

    def default_scalar(self) -> Any:
        return _of_number(NAT_NUMBER, self._native)

    def from_json_scalar(self, data: JSON, *, zarr_format: ZarrFormat) -> Any:
        if data in (NAT, NAT_NUMBER):
            return self.default_scalar()
        if isinstance(data, float):
            raise MetadataValidationError(f"expected an integer or {NAT!r} for {self}, got {quote(data)}")
        number = int_from_json(data, INT64)
        try:
            return _of_number(number, self._native)
        except ValueError:
            raise MetadataValidationError(f"expected {NAT!r} for {self}, got {quote(data)}") from None

    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> int:
        return int(np.asarray(self.cast_scalar(data)).view(INT64)[()])


class DateTime64(_Time):
    """Points in time, counted from the start of 1970."""

    dtype_cls = type(np.dtype("M8"))
    _zarr_v3_name = "numpy.datetime64"
    _kind = "M"

    def _parsed(self, data: int | str | bytes, native: TBaseDType) -> Any:
        if isinstance(data, int):
            return super()._parsed(data, native)
        if data.lower() in NAMES_OF_NAT:
            return self.default_scalar()
        return _converted(np.datetime64(data), native)

    def _scalar(self, data: object) -> Any | None:
        if isinstance(data, (dt.datetime, dt.date)):
            return np.datetime64(data)
        return data if isinstance(data, np.datetime64) else None


class TimeDelta64(_Time):
    """Spans of time."""

    dtype_cls = type(np.dtype("m8"))
    _zarr_v3_name = "numpy.timedelta64"
    _kind = "m"

    def _scalar(self, data: object) -> Any | None:
        if isinstance(data, dt.timedelta):
            return np.timedelta64(data)
        return data if isinstance(data, np.timedelta64) else None


def _of_number(number: int, native: TBaseDType) -> Any:
    """The scalar of a number of steps, by its bits: numpy 2.5 deprecates a conversion where there is no unit.

    Raises
    ------
    ValueError
        It is a point in time without a unit, other than NaT: numpy has none.
    """
    if native.kind == "M" and np.datetime_data(native)[0] == GENERIC and number != NAT_NUMBER:
        raise ValueError(f"{number!r} has no unit, which a point in time needs")
    return np.array(number, INT64).view(native)[()]


def _converted(scalar: Any, native: TBaseDType) -> Any:
    """A scalar in another unit; numpy would let one wrap that is out of range."""
    if np.isnat(scalar):
        return _of_number(NAT_NUMBER, native)
    converted = np.array(scalar, dtype=native)[()]
    if converted.dtype != native:
        raise ValueError(f"{scalar!r} has a unit, {native} has none")
    as_fine = np.promote_types(scalar.dtype, native) == native
    if as_fine and converted.astype(scalar.dtype) != scalar:
        raise OverflowError(f"{scalar!r} is out of bounds for {native}")
    return converted
