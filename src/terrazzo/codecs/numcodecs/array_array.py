"""The filters of numcodecs: from array to array.

Each works on the elements in C order. Members named ``dtype`` and ``astype`` hold numpy's names of data types, as
documents of Zarr v2 write them (``<i4``).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import ArrayArrayCodec
from terrazzo.buffer.base import NDBuffer
from terrazzo.codecs.numcodecs.base import _NumcodecsCodec
from terrazzo.dtype.base import ZDType
from terrazzo.dtype.parse import data_type_registry
from terrazzo.dtype.registry import native_of_name
from terrazzo.errors import CorruptDataError, DataTypeValidationError, MetadataValidationError, quote
from terrazzo.spec import ArraySpec

__all__ = [
    "AsType",
    "BitRound",
    "Delta",
    "FixedScaleOffset",
    "PackBits",
    "Quantize",
    "_NumcodecsArrayArrayCodec",
    "as_fill_value",
]


class _NumcodecsArrayArrayCodec(_NumcodecsCodec, ArrayArrayCodec):
    """A codec of numcodecs from array to array.

    Attributes
    ----------
    takes
        Member of the configuration that holds the data type of the decoded array, or None.
    gives
        Members that hold the data type of the encoded one; the first that is there decides.
    keeps_input
        Whether numcodecs leaves what it is given as it is.
    """

    is_fixed_size = True
    decode_ns_per_byte = 1.5
    encode_ns_per_byte = 1.5

    takes: ClassVar[str | None] = None
    gives: ClassVar[tuple[str, ...]] = ()
    keeps_input: ClassVar[bool] = True

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        if self.takes is None:
            return self
        dtype = array_spec.dtype.to_native_dtype()
        if self.codec_config.get(self.takes) is None:
            return type(self)(**{**self._members(), self.takes: dtype.name})
        if not _holds_the_same(self._dtype(self.takes), dtype):
            raise MetadataValidationError(
                f"got {quote(self.codec_config[self.takes])}, the data type of the elements is {dtype}",
                field=f"configuration.{self.takes}",
            )
        return self

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        for member in {self.takes, *self.gives}:
            if member is not None and self.codec_config.get(member) is not None:
                self._dtype(member)

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        for member in self.gives:
            if self.codec_config.get(member) is not None:
                zdtype = data_type_registry.match_dtype(self._dtype(member))
                return replace(chunk_spec, dtype=zdtype, fill_value=as_fill_value(zdtype, chunk_spec.fill_value))
        return chunk_spec

    def _dtype(self, member: str) -> np.dtype[Any]:
        """The data type that a member of the configuration names."""
        value: Any = self.codec_config[member]
        try:
            dtype = native_of_name(value)
            data_type_registry.match_dtype(dtype)
        except DataTypeValidationError as error:
            raise MetadataValidationError(str(error), field=member) from error
        return dtype

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        array = np.array(chunk_data.as_numpy_array(), order="C", copy=None if self.keeps_input else True)
        if self.takes is not None:
            array = _cast(array, self._dtype(self.takes))
        inner = self.resolve_metadata(chunk_spec)
        encoded = np.asarray(self._codec.encode(array))
        return _wrapped(_cast(encoded.reshape(inner.shape), inner.dtype.to_native_dtype()), inner)

    def _decode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        inner = self.resolve_metadata(chunk_spec)
        array = _cast(np.ascontiguousarray(chunk_data.as_numpy_array()), inner.dtype.to_native_dtype())
        decoded = np.asarray(self._codec.decode(array))
        if decoded.size != math.prod(chunk_spec.shape):
            raise CorruptDataError(
                f"{decoded.size} elements decoded, expected {math.prod(chunk_spec.shape)}", stage=self.codec_name
            )
        return _wrapped(_cast(decoded.reshape(chunk_spec.shape), chunk_spec.dtype.to_native_dtype()), chunk_spec)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        inner = self.resolve_metadata(chunk_spec)
        return math.prod(inner.shape) * int(inner.dtype.to_native_dtype().itemsize)


def _holds_the_same(one: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Whether elements of one data type can be seen as elements of another: byte order aside, times as integers."""
    kinds = {one.kind, other.kind}
    return one.itemsize == other.itemsize and (len(kinds) == 1 or (bool(kinds & set("mM")) and kinds <= set("mMi")))


def _wrapped(array: npt.NDArray[Any], spec: ArraySpec) -> NDBuffer:
    return spec.prototype.nd_buffer.from_ndarray_like(array)


def _cast(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The elements as another data type: by value, but a time as the integer that it is stored as."""
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "mM" or dtype.kind in "mM":
        array = array.astype(array.dtype.newbyteorder("="))
        if array.dtype.itemsize == dtype.itemsize:
            array = array.view(dtype.newbyteorder("="))
    return array.astype(dtype)


def as_fill_value(zdtype: ZDType[Any, Any], fill_value: object) -> Any:
    """The fill value as one of another data type, or that type's own where it is out of range."""
    try:
        return zdtype.cast_scalar(fill_value)
    except (TypeError, ValueError, OverflowError):
        return zdtype.default_scalar()


class Delta(_NumcodecsArrayArrayCodec, codec_name="delta"):
    """Each element less the one before; ``dtype``, and ``astype`` of the differences, by default the same."""

    takes = "dtype"
    gives = ("astype", "dtype")


class FixedScaleOffset(_NumcodecsArrayArrayCodec, codec_name="fixedscaleoffset"):
    """Elements less ``offset``, times ``scale``, rounded; ``dtype``, and ``astype`` of the result."""

    takes = "dtype"
    gives = ("astype", "dtype")


class Quantize(_NumcodecsArrayArrayCodec, codec_name="quantize"):
    """Floating-point numbers rounded to ``digits`` decimal places; decoding gives them back as they are."""

    takes = "dtype"
    gives = ("astype", "dtype")


class AsType(_NumcodecsArrayArrayCodec, codec_name="astype"):
    """Elements as another data type: ``encode_dtype`` stored, ``decode_dtype`` in memory."""

    takes = "decode_dtype"
    gives = ("encode_dtype",)

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        if self.codec_config.get("encode_dtype") is None:
            raise MetadataValidationError("this member is required", field="encode_dtype")
        super().validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)


class BitRound(_NumcodecsArrayArrayCodec, codec_name="bitround"):
    """Floating-point numbers that keep ``keepbits`` bits of the mantissa; decoding gives them back as they are."""

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> NDBuffer:
        dtype = chunk_spec.dtype.to_native_dtype()
        array = np.array(chunk_data.as_numpy_array(), dtype=dtype.newbyteorder("="))  # numcodecs changes it in place
        encoded = np.asarray(self._codec.encode(array)).reshape(chunk_spec.shape)
        return _wrapped(encoded.view(array.dtype).astype(dtype, copy=False), chunk_spec)


class PackBits(_NumcodecsArrayArrayCodec, codec_name="packbits"):
    """Booleans as bits, the most significant first, after a byte with the number of bits that are padding."""

    def validate(self, *, dtype: ZDType[Any, Any], **_kwargs: Any) -> None:
        if dtype.to_native_dtype().kind != "b":
            raise MetadataValidationError(f"{self.codec_name} packs booleans, the data type is {dtype}")

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        zdtype = data_type_registry.match_dtype(np.dtype("uint8"))
        shape = (1 + math.ceil(math.prod(chunk_spec.shape) / 8),)
        return replace(chunk_spec, shape=shape, dtype=zdtype, fill_value=zdtype.default_scalar())
