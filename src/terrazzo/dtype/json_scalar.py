"""Fill values in JSON: integers, floating-point numbers, complex pairs, text, bytes.

Specification: Zarr v3.1 "Fill value list"; Zarr v2 "Fill value encoding". Reading is strict where being lenient would
invent a value, and lenient where zarr-python wrote or reads the same value in another spelling: integral floats for
integers, 0 and 1 for booleans, decimal text for floats.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.types import JSON, ZarrFormat

__all__ = [
    "bool_from_json",
    "bytes_from_json",
    "bytes_to_json",
    "complex_from_json",
    "complex_to_json",
    "float_from_json",
    "float_to_json",
    "int_from_json",
    "text_from_json",
]

SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
DECIMAL = r"[+-]?(?:nan|inf(?:inity)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
HEX = r"0x([0-9a-fA-F]+)"


def bool_from_json(data: JSON) -> bool:
    """Read true, false, 0 or 1."""
    if isinstance(data, bool) or (isinstance(data, (int, float)) and data in (0, 1)):
        return bool(data)
    raise MetadataValidationError(f"expected true or false, got {quote(data)}")


def int_from_json(data: JSON, dtype: np.dtype[Any]) -> int:
    """Read an integer that `dtype` can hold."""
    if isinstance(data, float) and data.is_integer():
        data = int(data)
    if isinstance(data, bool) or not isinstance(data, int):
        raise MetadataValidationError(f"expected an integer for {dtype.name}, got {quote(data)}")
    info = np.iinfo(dtype)
    if not info.min <= data <= info.max:
        raise MetadataValidationError(f"{quote(data)} is outside the range of {dtype.name}, {info.min} to {info.max}")
    return data


def float_from_json(data: JSON, dtype: np.dtype[Any], make: Callable[[float], Any] | None = None) -> Any:
    """Read a number, a special value, or the bits in hexadecimal, as a scalar of `dtype` (native byte order).

    Parameters
    ----------
    make
        Makes a scalar of a number; by default, numpy does.
    """
    scalar_type = make or dtype.type
    if isinstance(data, str):
        if data in SPECIAL:
            return scalar_type(SPECIAL[data])
        bits = re.fullmatch(HEX, data)
        if bits:
            return _from_bits(data, bits[1], dtype)
        if not re.fullmatch(DECIMAL, data, re.IGNORECASE):
            raise MetadataValidationError(f"expected a number for {dtype.name}, got {quote(data)}")
        number = float(data)
        if math.isinf(number) and "inf" not in data.lower():
            raise MetadataValidationError(f"{quote(data)} is outside the range of {dtype.name}")
    elif isinstance(data, bool) or not isinstance(data, (int, float)):
        raise MetadataValidationError(f"expected a number for {dtype.name}, got {quote(data)}")
    else:
        try:
            number = float(data)
        except OverflowError:
            raise MetadataValidationError(f"{quote(data)} is outside the range of {dtype.name}") from None
        if not math.isfinite(number):
            raise MetadataValidationError(f"expected a finite number or text for {dtype.name}, got {quote(data)}")
    with np.errstate(over="ignore"):
        scalar = scalar_type(number)
    if math.isfinite(number) and not np.isfinite(scalar):
        raise MetadataValidationError(f"{quote(data)} is outside the range of {dtype.name}")
    return scalar


def _from_bits(data: str, digits: str, dtype: np.dtype[Any]) -> Any:
    if len(digits) != 2 * dtype.itemsize:
        raise MetadataValidationError(
            f"the bits of {dtype.name} are {2 * dtype.itemsize} hexadecimal digits, got {quote(data)}"
        )
    unsigned = np.dtype(f"u{dtype.itemsize}")
    return np.array(int(digits, 16), dtype=unsigned).view(dtype.newbyteorder("="))[()]


def float_to_json(scalar: Any, zarr_format: ZarrFormat) -> float | str:
    """Write a floating-point scalar so that reading it gives the same bits.

    Zarr v2 has no form for a NaN with a payload; there every NaN is ``"NaN"``.
    """
    number = float(scalar)
    if math.isnan(number):
        array = np.asarray(scalar)
        bits = array.view(f"u{array.dtype.itemsize}")[()]
        canonical = np.array(math.nan, dtype=array.dtype).view(f"u{array.dtype.itemsize}")[()]
        if zarr_format == 2 or bits == canonical:
            return "NaN"
        return f"0x{int(bits):0{2 * array.dtype.itemsize}x}"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number


def complex_from_json(data: JSON, dtype: np.dtype[Any]) -> Any:
    """Read a pair of real and imaginary part, as a scalar of `dtype` (native byte order)."""
    if isinstance(data, str) or not isinstance(data, Sequence) or len(data) != 2:
        raise MetadataValidationError(f"expected a pair of numbers for {dtype.name}, got {quote(data)}")
    part = np.dtype(f"f{dtype.itemsize // 2}")
    parts = np.array([float_from_json(data[0], part), float_from_json(data[1], part)], dtype=part)
    return parts.view(dtype.newbyteorder("="))[0]


def complex_to_json(scalar: Any, zarr_format: ZarrFormat) -> list[float | str]:
    """Write a complex scalar as the pair of its parts."""
    return [float_to_json(scalar.real, zarr_format), float_to_json(scalar.imag, zarr_format)]


def text_from_json(data: JSON, name: str) -> str:
    """Read text.

    Parameters
    ----------
    name
        Of the data type, for messages.
    """
    if not isinstance(data, str):
        raise MetadataValidationError(f"expected text for {name}, got {quote(data)}")
    return data


def bytes_from_json(data: JSON, name: str) -> bytes:
    """Read bytes: in base64, or as a list of integers."""
    if isinstance(data, str):
        try:
            return base64.b64decode(data, validate=True)
        except ValueError as error:
            raise MetadataValidationError(f"expected base64 for {name}, got {quote(data)}: {error}") from None
    if not isinstance(data, Sequence):
        raise MetadataValidationError(f"expected bytes in base64 for {name}, got {quote(data)}")
    for item in data:
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= 255:
            raise MetadataValidationError(f"expected integers from 0 to 255 for {name}, got {quote(item)}")
    return bytes(data)  # type: ignore[arg-type] # each is an integer


def bytes_to_json(data: bytes) -> str:
    """Write bytes in base64."""
    return base64.b64encode(data).decode()
