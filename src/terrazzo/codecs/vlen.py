"""``vlen-utf8`` and ``vlen-bytes``: elements of any length, one after another, each behind its length.

v3 names ``vlen-utf8`` (data type ``string``) and ``vlen-bytes`` (data type ``bytes``), array→bytes, no configuration;
filters of the same names in v2. Stored are the number of elements, and for each in C order its number of bytes and the
bytes; numbers have four bytes, little endian.

Specification: zarr-extensions "vlen-utf8", "vlen-bytes".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from numcodecs import vlen

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.abc.metadata import configuration_of
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.errors import CorruptDataError, MetadataValidationError
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["VLenBytesCodec", "VLenUTF8Codec"]

NUMBER_BYTES = 4
"""Bytes of each number: of elements, or of the bytes of one."""

Objects = npt.NDArray[np.object_]


@dataclass(frozen=True)
class _VLenCodec(ArrayBytesCodec):
    """What both have in common: they differ in what an element is."""

    is_fixed_size = False
    # Objects are made and read under the interpreter lock: another thread is no help.
    decode_ns_per_byte = 0.0
    encode_ns_per_byte = 0.0

    _name: ClassVar[str]
    _numcodec: ClassVar[Any]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        configuration_of(data, cls._name)
        return cls()

    def to_dict(self) -> dict[str, JSON]:
        return {"name": self._name, "configuration": {}}

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        if array_spec.dtype.object_codec_id != self._name:
            raise MetadataValidationError(
                f"the codec {self._name!r} does not store elements of the data type {array_spec.dtype}"
            )
        return self

    def compute_encoded_size(self, input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        raise NotImplementedError(f"the size of what {self._name} encodes depends on the data")

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        data = chunk_data.as_numpy_array()
        count = math.prod(chunk_spec.shape)
        self._check_count(data, count)
        try:
            items: Objects = self._numcodec.decode(data)
        except ValueError as error:  # an element reaches beyond the end, or its bytes are no UTF-8
            raise CorruptDataError(str(error), stage=self._name) from error
        left = _bytes_behind(items, len(data) - NUMBER_BYTES * (count + 1))
        if left:
            raise CorruptDataError(f"{left} bytes follow the last element", stage=self._name)
        elements = items.astype(chunk_spec.dtype.to_native_dtype(), copy=False).reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(elements)

    def _check_count(self, data: npt.NDArray[np.uint8], count: int) -> None:
        """Compare the number of elements with what is expected, before memory is taken for them."""
        if len(data) < NUMBER_BYTES * (count + 1):
            raise CorruptDataError(f"{len(data)} bytes are too few for {count} elements", stage=self._name)
        stored = int.from_bytes(data[:NUMBER_BYTES].tobytes(), "little")
        if stored != count:
            raise CorruptDataError(f"{stored} elements are stored, expected {count}", stage=self._name)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        items = chunk_data.as_numpy_array().reshape(-1).astype(object, copy=False)
        if not items.flags.writeable:  # one element in all places; numcodecs wants memory of its own
            items = items.copy()
        return chunk_spec.prototype.buffer.from_bytes(self._numcodec.encode(items))


def _bytes_behind(items: Objects, size: int) -> int:
    """How many of `size` bytes are left behind all elements."""
    parts = items.tolist()
    left = size - sum(map(len, parts))
    if left and parts and isinstance(parts[0], str):  # some characters have several bytes in UTF-8
        left = size - len("".join(parts).encode())
    return left


class VLenUTF8Codec(_VLenCodec):
    """Text in UTF-8, for the data type ``string``.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array(None, shape=3, dtype="string")
    >>> array[:2] = ["Carrara", "Πάρος"]
    >>> array[:].tolist()
    ['Carrara', 'Πάρος', '']
    >>> array.serializer
    VLenUTF8Codec()
    """

    _name = "vlen-utf8"
    _numcodec = vlen.VLenUTF8()


class VLenBytesCodec(_VLenCodec):
    r"""Bytes, for the data type ``bytes``.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array(None, shape=3, dtype="bytes")
    >>> array[1:] = [b"PNG", b"\x00\xff"]
    >>> array[:]
    array([b'', b'PNG', b'\x00\xff'], dtype=object)
    """

    _name = "vlen-bytes"
    _numcodec = vlen.VLenBytes()
