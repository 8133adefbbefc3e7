"""``bitround``: all but the most significant bits set to zero, so that what follows compresses better.

v3 name ``bitround``, array→array. Configuration::

    {"name": "bitround", "configuration": {"keepbits": 10}}

Encoding loses what is rounded away, ties to even; decoding changes nothing. Of floating-point numbers the bits of the
mantissa count, of each part of a complex number on its own. Of integers those count that begin at the most significant
one of the absolute value: the bits of two's complement, which -1 has all of, would make of -1 a large number.

Specification: zarr-extensions, codec ``bitround``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import ArrayArrayCodec
from terrazzo.abc.metadata import configuration_of, from_configuration
from terrazzo.buffer.base import NDBuffer
from terrazzo.dtype.base import ZDType
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["BitRoundCodec"]

Numbers: TypeAlias = npt.NDArray[Any]

MANTISSAS: Final = {"bfloat16": (2, 7), "complex32": (2, 10), "bcomplex32": (2, 7)}
"""Bytes of a number, or of each of a pair, and bits of its mantissa, by the names in ``ml_dtypes``."""


@dataclass(frozen=True)
class BitRoundCodec(ArrayArrayCodec):
    """Rounding to a number of significant bits.

    Parameters
    ----------
    keepbits
        Bits that are kept, at least 1: of a float32, with its mantissa of 23 bits, 7 keep two decimal digits.

    Examples
    --------
    >>> import numpy as np
    >>> import terrazzo
    >>> from terrazzo.codecs import BitRoundCodec
    >>> terrazzo.create_array({}, data=np.array([3.14159, 0.1]), filters=BitRoundCodec(keepbits=7))[:]
    array([3.140625  , 0.10009766])
    """

    is_fixed_size = True
    decode_ns_per_byte = 0.0
    encode_ns_per_byte = 0.5

    keepbits: int

    def __init__(self, *, keepbits: int) -> None:
        if isinstance(keepbits, np.integer):
            keepbits = int(keepbits)
        if isinstance(keepbits, bool) or not isinstance(keepbits, int) or keepbits < 1:
            raise MetadataValidationError(
                f"expected a number of bits, at least 1, got {quote(keepbits)}", field="keepbits"
            )
        object.__setattr__(self, "keepbits", keepbits)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        if "keepbits" not in configuration_of(data, "bitround", known=("keepbits",)):
            raise MetadataValidationError("this member is required", field="configuration.keepbits")
        return from_configuration(cls, data, "bitround", known=("keepbits",))

    def to_dict(self) -> dict[str, JSON]:
        return {"name": "bitround", "configuration": {"keepbits": self.keepbits}}

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        native = dtype.to_native_dtype()
        if native.kind not in "iufcmM" and native.name not in MANTISSAS:
            raise MetadataValidationError(
                f"{quote(dtype.to_json(zarr_format=3))} cannot be rounded, only numbers", field="keepbits"
            )

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        fill = np.asarray(chunk_spec.fill_value, dtype=chunk_spec.dtype.to_native_dtype())
        return replace(chunk_spec, fill_value=self._rounded(fill.reshape(1))[0])

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        return chunk_spec.prototype.nd_buffer.from_numpy_array(self._rounded(chunk_data.as_numpy_array()))

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        return chunk_data

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return input_byte_length

    def _rounded(self, numbers: Numbers) -> Numbers:
        native = np.ascontiguousarray(numbers, dtype=numbers.dtype.newbyteorder("="))  # at least 1-d
        if native.dtype.kind in "fc" or native.dtype.name in MANTISSAS:
            item_size, mantissa = MANTISSAS.get(native.dtype.name) or _mantissa_of(native.dtype)
            rounded = _round_floats(native.view(f"u{item_size}"), mantissa, self.keepbits)
        elif native.dtype.kind == "u":
            rounded = _round_sizes(native, self.keepbits)
        else:
            rounded = _round_signed(native.view(f"i{native.dtype.itemsize}"), self.keepbits)
        return np.asarray(rounded.view(native.dtype).reshape(numbers.shape))


def _mantissa_of(dtype: np.dtype[Any]) -> tuple[int, int]:
    info = np.finfo(dtype)
    return info.dtype.itemsize, int(info.nmant)


def _round_floats(bits: Numbers, mantissa: int, keepbits: int) -> Numbers:
    """Numbers given as their bits, the way IEEE 754 has them."""
    dropped = mantissa - keepbits
    if dropped <= 0:
        return bits
    kind = bits.dtype.type
    # A carry goes on into the exponent, which is what rounding up to the next power of two, or to infinity, means.
    rounded = bits + (((bits >> kind(dropped)) & kind(1)) + kind((1 << dropped - 1) - 1))
    rounded &= ~kind((1 << dropped) - 1)
    sign = 1 << 8 * bits.dtype.itemsize - 1
    missing = (bits & kind(sign - 1)) > kind(sign - (1 << mantissa))
    if missing.any():
        rounded[missing] = bits[missing]  # a NaN whose only bits are low ones would become infinity
    return np.asarray(rounded)


def _round_sizes(sizes: Numbers, keepbits: int) -> Numbers:
    """Unsigned integers rounded to `keepbits` bits from their most significant one; downwards where up is too large."""
    kind = sizes.dtype.type
    width = 8 * sizes.dtype.itemsize
    if keepbits >= width:
        return sizes
    dropped = np.maximum(_bit_lengths(sizes), keepbits) - keepbits
    dropped = dropped.astype(sizes.dtype)
    unit = kind(1) << dropped
    half = (unit >> kind(1)) - (unit > kind(1)).astype(sizes.dtype)
    rounded = sizes + np.where(dropped > 0, half + ((sizes >> dropped) & kind(1)), kind(0))
    kept = np.where(rounded < sizes, sizes, rounded)  # wrapped around
    return np.asarray(kept & ~(unit - kind(1)), dtype=sizes.dtype)


def _round_signed(numbers: Numbers, keepbits: int) -> Numbers:
    """Signed integers, by their absolute values."""
    unsigned = np.dtype(f"u{numbers.dtype.itemsize}")
    largest = np.iinfo(numbers.dtype).max
    sizes = np.abs(numbers).view(unsigned)  # that of the least integer wraps to itself, whose bits are right
    rounded = _round_sizes(sizes, keepbits)
    negative = numbers < 0
    too_large = ~negative & (rounded > unsigned.type(largest))
    if too_large.any():
        lengths = 8 * unsigned.itemsize - 1
        mask = unsigned.type((1 << lengths) - (1 << max(lengths - keepbits, 0)))
        rounded = np.where(too_large, mask, rounded)
    return np.asarray(np.where(negative, np.negative(rounded), rounded).view(numbers.dtype))


def _bit_lengths(sizes: Numbers) -> Numbers:
    """Position of the most significant bit of each unsigned integer, counted from 1; 0 for 0."""
    if sizes.dtype.itemsize < 8:
        return np.asarray(np.frexp(sizes.astype(np.float64))[1])
    high = sizes >> np.uint64(32)  # halves are exact in float64, and so is their exponent
    large = high > 0
    return np.asarray(np.frexp(np.where(large, high, sizes).astype(np.float64))[1] + 32 * large)
