"""``scale_offset``: an offset subtracted, then a factor applied, in the arithmetic of the data type.

v3 name ``scale_offset``, array→array; in v2 ``fixedscaleoffset`` does this and a conversion at once. Configuration::

    {"name": "scale_offset", "configuration": {"offset": 5, "scale": 0.1}}

Both members are scalars of the data type, written as fill values are; an absent offset is 0, an absent scale 1.
Encoding is ``(x - offset) * scale``, decoding ``x / scale + offset``. Integers are exact or refused.

Specification: zarr-extensions, codec ``scale_offset``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import ArrayArrayCodec
from terrazzo.abc.metadata import from_configuration
from terrazzo.buffer.base import NDBuffer
from terrazzo.dtype.base import ZDType
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["ScaleOffset"]

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class ScaleOffset(ArrayArrayCodec):
    """An offset and a factor.

    Parameters
    ----------
    offset, scale
        Numbers of the array's data type, or text where JSON has no number for them; `scale` is not 0.

    Examples
    --------
    >>> import numpy as np
    >>> import terrazzo
    >>> from terrazzo.codecs import CastValue, ScaleOffset
    >>> kelvin = np.array([273.15, 280.65, 301.0])
    >>> filters = [ScaleOffset(offset=273.15, scale=100), CastValue(data_type="int16")]
    >>> np.round(terrazzo.create_array({}, data=kelvin, filters=filters, fill_value=273.15)[:], 2)
    array([273.15, 280.65, 301.  ])
    """

    is_fixed_size = True
    decode_ns_per_byte = 0.3
    encode_ns_per_byte = 0.3

    offset: int | float | str
    scale: int | float | str

    def __init__(self, *, offset: object = 0, scale: object = 1) -> None:
        object.__setattr__(self, "offset", _parse_number(offset, "offset"))
        object.__setattr__(self, "scale", _parse_number(scale, "scale"))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return from_configuration(cls, data, "scale_offset", known=("offset", "scale"))

    def to_dict(self) -> dict[str, JSON]:
        configuration: dict[str, JSON] = {}
        if self.offset != 0:
            configuration["offset"] = self.offset
        if self.scale != 1:
            configuration["scale"] = self.scale
        return {"name": "scale_offset", "configuration": configuration} if configuration else {"name": "scale_offset"}

    # -- fitting it to an array

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._scalars(dtype)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        fitted = object.__new__(type(self))
        fitted.__dict__.update(self.__dict__, _fitted=(array_spec.dtype, self._scalars(array_spec.dtype)))
        return fitted

    def _scalars(self, zdtype: ZDType[Any, Any]) -> tuple[Any, Any]:
        """Offset and scale as scalars of a data type.

        Raises
        ------
        MetadataValidationError
            One of them is not of that type, or the scale is 0, or the type has no arithmetic.
        """
        fitted = self.__dict__.get("_fitted")
        if fitted is not None and fitted[0] == zdtype:
            scalars: tuple[Any, Any] = fitted[1]
            return scalars
        if zdtype.to_native_dtype().kind not in "iuf":
            raise MetadataValidationError(
                f"{quote(zdtype.to_json(zarr_format=3))} cannot be scaled, only integers and floating-point numbers"
            )
        found = []
        for name, value in (("offset", self.offset), ("scale", self.scale)):
            try:
                found.append(zdtype.from_json_scalar(value, zarr_format=3))
            except MetadataValidationError as error:
                raise error.within(name) from None
        if found[1] == 0:
            raise MetadataValidationError(f"{quote(self.scale)} cannot be undone", field="scale")
        return found[0], found[1]

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        """The fill value as it is stored.

        Raises
        ------
        MetadataValidationError
            It cannot be.
        """
        fill = np.asarray(chunk_spec.fill_value, dtype=chunk_spec.dtype.to_native_dtype())
        try:
            stored = _encode(fill.reshape(1), *self._scalars(chunk_spec.dtype))
        except ValueError as error:
            raise MetadataValidationError(
                f"the fill value {fill} cannot be stored: {error}", field="configuration"
            ) from error
        return replace(chunk_spec, fill_value=stored[0])

    # -- chunks

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        encoded = _encode(chunk_data.as_numpy_array(), *self._scalars(chunk_spec.dtype))
        return chunk_spec.prototype.nd_buffer.from_numpy_array(encoded)

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        decoded = _decode(chunk_data.as_numpy_array(), *self._scalars(chunk_spec.dtype))
        return chunk_spec.prototype.nd_buffer.from_numpy_array(decoded)

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        return input_byte_length


def _parse_number(value: object, field: str) -> int | float | str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise MetadataValidationError(f"expected a number or text, got {quote(value)}", field=field)
    return value


def _encode(numbers: Numbers, offset: Any, scale: Any) -> Numbers:
    if offset == 0 and scale == 1:
        return numbers
    if numbers.dtype.kind in "iu" and numbers.size:
        _check_encodable(numbers, int(offset), int(scale))
    with np.errstate(all="ignore"):
        result = np.asarray(np.subtract(numbers, offset))
        return np.multiply(result, scale, out=result) if scale != 1 else result


def _check_encodable(numbers: Numbers, offset: int, scale: int) -> None:
    """Check that no step leaves the data type; both are monotonic, so that the least and the greatest decide."""
    info = np.iinfo(numbers.dtype)
    ends = int(info.min), int(info.max)
    if all(_fits(end - offset, info) and _fits((end - offset) * scale, info) for end in ends):
        return
    for end in (int(numbers.min()), int(numbers.max())):
        if not _fits(end - offset, info) or not _fits((end - offset) * scale, info):
            raise ValueError(f"({end} - {offset}) * {scale} is outside the range of {numbers.dtype.name}")


def _decode(numbers: Numbers, offset: Any, scale: Any) -> Numbers:
    if offset == 0 and scale == 1:
        return numbers
    with np.errstate(all="ignore"):
        if numbers.dtype.kind == "f":
            result = np.asarray(np.divide(numbers, scale)) if scale != 1 else numbers
            return np.asarray(np.add(result, offset))
        if not numbers.size:
            return numbers
        quotients = _divided(numbers, int(scale))
        info = np.iinfo(numbers.dtype)
        for end in (int(numbers.min()), int(numbers.max())):
            if not _fits(end // int(scale) + int(offset), info):
                raise ValueError(f"{end} / {scale} + {offset} is outside the range of {numbers.dtype.name}")
        return np.asarray(np.add(quotients, offset))  # modulo 2**bits, which is right for a sum that fits


def _divided(numbers: Numbers, scale: int) -> Numbers:
    """Integers divided without a remainder."""
    if scale == 1:
        return numbers
    if scale == -1:
        return np.asarray(np.negative(numbers))
    divisor = numbers.dtype.type(scale)
    quotients = np.asarray(np.floor_divide(numbers, divisor))
    inexact = quotients * divisor != numbers
    if inexact.any():
        raise ValueError(f"{numbers[inexact].flat[0]} is no multiple of the scale {scale}")
    return quotients


def _fits(number: int, info: np.iinfo[Any]) -> bool:
    return bool(info.min <= number <= info.max)
