"""``bytes``: elements one after another, in C order, in one byte order.

v3 name ``bytes`` (``endian`` in drafts), array→bytes, no equivalent in v2, where the data type has the byte order.
Configuration::

    {"name": "bytes", "configuration": {"endian": "little"}}

``endian`` is needed where elements have several bytes, and does nothing where they have one.

Specification: Zarr v3.1 "Bytes codec".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Self, TypeAlias

import numpy as np

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.abc.metadata import configuration_of, from_configuration
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.dtype.elements import elements_from_stored, layout_in_storage, stored_elements
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["ENDIAN", "BytesCodec", "Endian", "EndianLiteral"]

EndianLiteral: TypeAlias = Literal["little", "big"]
ENDIAN: Final = ("little", "big")


class Endian:
    """Names of the byte orders; plain text does as well."""

    little: Final = "little"
    big: Final = "big"


@dataclass(frozen=True)
class BytesCodec(ArrayBytesCodec):
    """Elements as they lie in memory.

    Parameters
    ----------
    endian
        Byte order of stored elements; that of the machine by default, None where elements have one byte.
    """

    is_fixed_size = True
    decode_ns_per_byte = 0.1
    encode_ns_per_byte = 0.03

    endian: EndianLiteral | None

    def __init__(self, *, endian: EndianLiteral | str | None = sys.byteorder) -> None:
        if endian is not None and endian not in ENDIAN:
            raise MetadataValidationError(f"expected 'little' or 'big', got {quote(endian)}", field="endian")
        object.__setattr__(self, "endian", endian)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        configuration = {"endian": None, **configuration_of(data, "bytes", "endian", known=("endian",))}
        return from_configuration(cls, {"name": "bytes", "configuration": configuration}, "bytes", known=("endian",))

    def to_dict(self) -> dict[str, JSON]:
        if self.endian is None:
            return {"name": "bytes"}
        return {"name": "bytes", "configuration": {"endian": self.endian}}

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        if array_spec.dtype.object_codec_id is not None:
            raise MetadataValidationError(
                f"the codec 'bytes' does not store elements of any length, as those of {array_spec.dtype}"
            )
        if not array_spec.dtype.is_multibyte:
            return replace(self, endian=None) if self.endian is not None else self
        if self.endian is None and array_spec.dtype.implied_endian is not None:
            return replace(self, endian=array_spec.dtype.implied_endian)
        if self.endian is None:
            raise MetadataValidationError(
                f"the bytes codec needs `endian` for the data type {array_spec.dtype}", field="configuration.endian"
            )
        return self

    def memory_layout(self, chunk_spec: ArraySpec) -> np.dtype[Any] | None:
        return layout_in_storage(chunk_spec.dtype.to_native_dtype(), self.endian)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        nd_buffer = chunk_spec.prototype.nd_buffer
        layout = self.memory_layout(chunk_spec)
        if layout is None:
            raw, dtype = chunk_data.as_numpy_array(), chunk_spec.dtype.to_native_dtype()
            return nd_buffer.from_numpy_array(elements_from_stored(raw, dtype, self.endian, chunk_spec.shape))
        array = chunk_data.as_array_like().view(dtype=layout)  # type: ignore[attr-defined]
        return nd_buffer.from_ndarray_like(array.reshape(chunk_spec.shape))

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        buffer = chunk_spec.prototype.buffer
        layout = self.memory_layout(chunk_spec)
        if layout is None:
            elements, dtype = chunk_data.as_numpy_array(), chunk_spec.dtype.to_native_dtype()
            return buffer.from_array_like(stored_elements(elements, dtype, self.endian))
        if chunk_data.dtype != layout:
            chunk_data = chunk_data.astype(layout, order="C")
        array = chunk_data.as_ndarray_like()
        if layout.names is not None:
            array = array.view(f"V{layout.itemsize}")  # field by field, numpy takes thirty times as long
        return buffer.from_array_like(array.ravel().view(dtype="B"))

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        return input_byte_length
