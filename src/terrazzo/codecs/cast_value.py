"""``cast_value``: elements converted by value to another data type, and back.

v3 name ``cast_value``, array→array, no equivalent in v2. Configuration::

    {"name": "cast_value", "configuration": {"data_type": "uint8", "rounding": "nearest-even", "out_of_range": "clamp",
     "scalar_map": {"encode": [["NaN", 255]], "decode": [[255, "NaN"]]}}}

All but ``data_type`` may be absent. Rounding and the rule for what is out of range hold in both directions. `casting`
has the arithmetic.

Specification: zarr-extensions, codec ``cast_value``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias, TypedDict, cast

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec
from terrazzo.abc.metadata import configuration_of, from_configuration
from terrazzo.buffer.base import NDBuffer
from terrazzo.codecs.casting import OUT_OF_RANGE_MODES, ROUNDING_MODES, Cast, OutOfRangeMode, RoundingMode
from terrazzo.dtype.base import ZDType
from terrazzo.dtype.ml_table import FLOATS, INTEGERS
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = [
    "CAST_VALUE_FLOAT_DTYPES",
    "CAST_VALUE_INT_DTYPES",
    "PERMITTED_DATA_TYPE_NAMES",
    "CastValue",
    "OutOfRangeMode",
    "RoundingMode",
    "ScalarMap",
    "parse_scalar_map",
]

CAST_VALUE_INT_DTYPES = {*INTEGERS, *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
CAST_VALUE_FLOAT_DTYPES = {*FLOATS, "float16", "float32", "float64"}
PERMITTED_DATA_TYPE_NAMES = CAST_VALUE_INT_DTYPES | CAST_VALUE_FLOAT_DTYPES
"""Names of the data types that values are converted between."""

MEMBERS = ("data_type", "rounding", "out_of_range", "scalar_map")
DIRECTIONS = ("encode", "decode")

MapKey: TypeAlias = str | int | float
Pairs: TypeAlias = list[tuple[Any, Any]]


class ScalarMap(TypedDict, total=False):
    """What single values become, as JSON of fill values, in each direction."""

    encode: Mapping[MapKey, MapKey]
    decode: Mapping[MapKey, MapKey]


@dataclass(frozen=True)
class CastValue(ArrayArrayCodec):
    """Conversion by value to another data type.

    Parameters
    ----------
    data_type
        What is stored: an integer or floating-point type.
    rounding
        Where a value lies between two of the target: ``nearest-even``, ``nearest-away``, ``towards-zero``,
        ``towards-positive`` or ``towards-negative``.
    out_of_range
        What becomes of values outside the target: with None they are an error; ``clamp`` takes the nearest value, in
        floating-point types infinity; ``wrap``, for integers, counts modulo the number of values.
    scalar_map
        Values with a counterpart of their own, before any rounding: a mapping, or pairs, for ``encode`` and
        ``decode``. The first that matches counts; NaN matches every NaN.

    Examples
    --------
    >>> import numpy as np
    >>> import terrazzo
    >>> from terrazzo.codecs import CastValue
    >>> missing = {"encode": [("NaN", -1)], "decode": [(-1, "NaN")]}
    >>> a = terrazzo.create_array(
    ...     {}, data=np.array([2.4, 3.5, np.nan]), filters=CastValue(data_type="int16", scalar_map=missing)
    ... )
    >>> a[:]
    array([ 2.,  4., nan])
    """

    is_fixed_size = True
    decode_ns_per_byte = 0.3
    encode_ns_per_byte = 0.5

    dtype: ZDType[Any, Any]
    rounding: RoundingMode
    out_of_range: OutOfRangeMode | None
    scalar_map: ScalarMap | None

    def __init__(
        self,
        *,
        data_type: str | Mapping[str, Any] | ZDType[Any, Any],
        rounding: RoundingMode = "nearest-even",
        out_of_range: OutOfRangeMode | None = None,
        scalar_map: object = None,
    ) -> None:
        object.__setattr__(self, "dtype", _parse_data_type(data_type))
        object.__setattr__(self, "rounding", _parse_choice(rounding, ROUNDING_MODES, "rounding"))
        if out_of_range is not None:
            _parse_choice(out_of_range, OUT_OF_RANGE_MODES, "out_of_range")
        object.__setattr__(self, "out_of_range", out_of_range)
        if out_of_range == "wrap" and not _is_integer(self.dtype):
            raise MetadataValidationError(
                f"'wrap' is for integers, `data_type` is {_name_of(self.dtype)}", field="out_of_range"
            )
        parsed = None if scalar_map is None else parse_scalar_map(scalar_map)
        object.__setattr__(self, "scalar_map", parsed)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        if "data_type" not in configuration_of(data, "cast_value", known=MEMBERS):
            raise MetadataValidationError("this member is required", field="configuration.data_type")
        return from_configuration(cls, data, "cast_value", known=MEMBERS)

    def to_dict(self) -> dict[str, JSON]:
        configuration: dict[str, JSON] = {"data_type": self.dtype.to_json(zarr_format=3)}
        if self.rounding != "nearest-even":
            configuration["rounding"] = self.rounding
        if self.out_of_range is not None:
            configuration["out_of_range"] = self.out_of_range
        if self.scalar_map is not None:
            maps = cast("Mapping[str, Mapping[MapKey, MapKey]]", self.scalar_map)
            configuration["scalar_map"] = {
                direction: [[key, value] for key, value in maps[direction].items()]
                for direction in DIRECTIONS
                if direction in maps
            }
        return {"name": "cast_value", "configuration": configuration}

    # -- fitting it to an array

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        if not _is_number(dtype):
            raise MetadataValidationError(
                f"{_name_of(dtype)} cannot be cast by value, only integers and floating-point numbers",
                field="data_type",
            )
        self._casts(dtype)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        fitted = self._unfitted()
        fitted.__dict__["_fitted"] = array_spec.dtype, self._casts(array_spec.dtype)
        return fitted

    def _unfitted(self) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy

    def _casts(self, source: ZDType[Any, Any]) -> tuple[Cast, Cast]:
        """The conversions of encoding and decoding for arrays of a data type."""
        fitted = self.__dict__.get("_fitted")
        if fitted is not None and fitted[0] == source:
            casts: tuple[Cast, Cast] = fitted[1]
            return casts
        native, stored = (zdtype.to_native_dtype().newbyteorder("=") for zdtype in (source, self.dtype))
        return (
            Cast.with_map(native, stored, self.rounding, self.out_of_range, self._pairs("encode", source, self.dtype)),
            Cast.with_map(stored, native, self.rounding, self.out_of_range, self._pairs("decode", self.dtype, source)),
        )

    def _pairs(
        self, direction: Literal["encode", "decode"], source: ZDType[Any, Any], target: ZDType[Any, Any]
    ) -> Pairs:
        pairs: Pairs = []
        for position, pair in enumerate((self.scalar_map or {}).get(direction, {}).items()):
            scalars = []
            for side, (zdtype, data) in enumerate(zip((source, target), pair, strict=True)):
                try:
                    scalars.append(zdtype.from_json_scalar(data, zarr_format=3))
                except MetadataValidationError as error:
                    raise error.within(f"scalar_map.{direction}[{position}][{side}]") from None
            pairs.append((scalars[0], scalars[1]))
        return pairs

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        """The stored data type, and the fill value in it.

        Raises
        ------
        MetadataValidationError
            The fill value has no counterpart, or another one than itself on the way back.
        """
        encode, decode = self._casts(chunk_spec.dtype)
        fill = np.asarray(chunk_spec.fill_value, dtype=encode.source)
        try:
            stored = encode(fill)
            back = decode(stored)
        except ValueError as error:
            raise MetadataValidationError(
                f"the fill value {fill} cannot be stored: {error}", field="configuration.data_type"
            ) from error
        if back.tobytes() != fill.tobytes() and not (back != back and fill != fill):
            raise MetadataValidationError(
                f"the fill value {fill} would become {stored} and then {back}", field="configuration.data_type"
            )
        return replace(chunk_spec, dtype=self.dtype, fill_value=stored[()])

    # -- chunks

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        encode, _ = self._casts(chunk_spec.dtype)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(encode(chunk_data.as_numpy_array()))

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        _, decode = self._casts(chunk_spec.dtype)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(decode(chunk_data.as_numpy_array()))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        item_size, stored_size = (zdtype.to_native_dtype().itemsize for zdtype in (chunk_spec.dtype, self.dtype))
        return int(input_byte_length // item_size * stored_size)


def parse_scalar_map(obj: object) -> ScalarMap:
    """Read a scalar map, each direction as a mapping or as pairs; of equal keys the first counts.

    Raises
    ------
    MetadataValidationError
        It is no map of numbers; ``field`` begins with ``scalar_map``.
    """
    if not isinstance(obj, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(obj)}", field="scalar_map")
    for member in obj:
        if member not in DIRECTIONS:
            raise MetadataValidationError("this member is not known", field=f"scalar_map.{member}")
    maps = {direction: _parse_pairs(obj[direction], direction) for direction in DIRECTIONS if direction in obj}
    return cast("ScalarMap", maps)


def _parse_pairs(data: object, direction: str) -> dict[MapKey, MapKey]:
    field = f"scalar_map.{direction}"
    if isinstance(data, Mapping):
        data = list(data.items())
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise MetadataValidationError(f"expected a list of pairs, got {quote(data)}", field=field)
    pairs: dict[MapKey, MapKey] = {}
    for position, pair in enumerate(data):
        if isinstance(pair, (str, bytes, Mapping)) or not isinstance(pair, Iterable) or len(pair := tuple(pair)) != 2:
            raise MetadataValidationError(f"expected a pair, got {quote(pair)}", field=f"{field}[{position}]")
        for side, scalar in enumerate(pair):
            if isinstance(scalar, bool) or not isinstance(scalar, (str, int, float)):
                raise MetadataValidationError(
                    f"expected a number, got {quote(scalar)}", field=f"{field}[{position}][{side}]"
                )
        pairs.setdefault(pair[0], pair[1])
    return pairs


def _parse_choice(value: object, known: tuple[str, ...], field: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise MetadataValidationError(f"expected one of {', '.join(known)}, got {quote(value)}", field=field)
    return value


def _parse_data_type(data: object) -> ZDType[Any, Any]:
    if isinstance(data, ZDType):
        zdtype: ZDType[Any, Any] = data
    elif isinstance(data, (str, Mapping)):
        try:
            zdtype = get_data_type_from_json(data, zarr_format=3)
        except DataTypeValidationError as error:
            raise MetadataValidationError(str(error), field="data_type") from error
    else:
        raise MetadataValidationError(f"expected a data type, got {quote(data)}", field="data_type")
    if not _is_number(zdtype):
        raise MetadataValidationError(
            f"nothing can be cast by value to {_name_of(zdtype)}, only to integers and floating-point numbers",
            field="data_type",
        )
    return zdtype


def _is_integer(zdtype: ZDType[Any, Any]) -> bool:
    dtype = zdtype.to_native_dtype()
    return dtype.name in CAST_VALUE_INT_DTYPES


def _is_number(zdtype: ZDType[Any, Any]) -> bool:
    dtype = zdtype.to_native_dtype()
    return dtype.name in PERMITTED_DATA_TYPE_NAMES


def _name_of(zdtype: ZDType[Any, Any]) -> str:
    return quote(zdtype.to_json(zarr_format=3))
