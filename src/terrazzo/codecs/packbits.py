"""``packbits``: elements stored in as many bits as they have, or in some of them, with no gaps between.

v3 name ``packbits``, array→bytes; ``packbits`` of v2 has the bits of a byte in the opposite order. Configuration::

    {"name": "packbits", "configuration": {"padding_encoding": "first_byte", "first_bit": 0, "last_bit": 11}}

All members may be absent. Bit ``i`` of the sequence is bit ``i % 8``, from the least significant one, of byte
``i // 8``; zeros fill the last byte. With ``first_byte`` or ``last_byte`` a byte more says how many these are.

Specification: zarr-extensions, codec ``packbits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.abc.metadata import from_configuration
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.dtype.base import ZDType
from terrazzo.dtype.elements import BITS, elements_from_stored, layout_in_storage, stored_elements
from terrazzo.dtype.ml_table import COMPLEX, FLOATS, INTEGERS
from terrazzo.errors import CorruptDataError, MetadataValidationError, quote
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["PackBitsCodec", "PaddingEncoding"]

PaddingEncoding: TypeAlias = Literal["none", "first_byte", "last_byte"]
PADDING_ENCODINGS: Final[tuple[str, ...]] = get_args(PaddingEncoding)

WIDEST = 64
"""Bits; a wider range cannot be one of a component."""

BLOCK = 1 << 13
"""Components packed at once, a multiple of 8: while they are, each of their bits takes a byte."""


@dataclass(frozen=True)
class PackBitsCodec(ArrayBytesCodec):
    r"""Elements in as few bits as needed.

    Parameters
    ----------
    padding_encoding
        Whether, and where, a byte says how many bits of the last byte are padding.
    first_bit, last_bit
        The bits of each component that are stored, counted from the least significant one, the last included; all by
        default. Decoding puts them back in place: the others become 0, or, above them in a signed integer, its sign.

    Examples
    --------
    >>> import numpy as np
    >>> import terrazzo
    >>> from terrazzo.codecs import PackBitsCodec
    >>> kept = {}
    >>> a = terrazzo.create_array(
    ...     kept, data=np.array([True, False, True]), serializer=PackBitsCodec(), compressors=None
    ... )
    >>> kept["c/0"].to_bytes()
    b'\x05'
    """

    is_fixed_size = True
    decode_ns_per_byte = 3.0
    encode_ns_per_byte = 3.0

    padding_encoding: PaddingEncoding
    first_bit: int | None
    last_bit: int | None

    def __init__(
        self,
        *,
        padding_encoding: PaddingEncoding = "none",
        first_bit: int | None = None,
        last_bit: int | None = None,
    ) -> None:
        if not isinstance(padding_encoding, str) or padding_encoding not in PADDING_ENCODINGS:
            raise MetadataValidationError(
                f"expected one of {', '.join(PADDING_ENCODINGS)}, got {quote(padding_encoding)}",
                field="padding_encoding",
            )
        object.__setattr__(self, "padding_encoding", padding_encoding)
        object.__setattr__(self, "first_bit", _parse_bit(first_bit, "first_bit"))
        object.__setattr__(self, "last_bit", _parse_bit(last_bit, "last_bit"))
        if last_bit is not None and last_bit < (first_bit or 0):
            raise MetadataValidationError(f"{last_bit} is below `first_bit`, {first_bit}", field="last_bit")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return from_configuration(cls, data, "packbits", known=("padding_encoding", "first_bit", "last_bit"))

    def to_dict(self) -> dict[str, JSON]:
        configuration: dict[str, JSON] = {"padding_encoding": self.padding_encoding}
        if self.first_bit is not None:
            configuration["first_bit"] = self.first_bit
        if self.last_bit is not None:
            configuration["last_bit"] = self.last_bit
        return {"name": "packbits", "configuration": configuration}

    def validate(self, *, shape: tuple[int, ...], dtype: ZDType[Any, Any], chunk_grid: Any) -> None:
        self._layout(dtype)

    def _layout(self, zdtype: ZDType[Any, Any]) -> _Layout:
        """Where the stored bits are in the memory of an element.

        Raises
        ------
        MetadataValidationError
            The data type has no bits to pack, or not the ones that are wanted.
        """
        dtype, name = zdtype.to_native_dtype(), zdtype.to_json(zarr_format=3)
        if dtype.kind not in "biufc" and not (isinstance(name, str) and {name} & {*COMPLEX, *FLOATS, *INTEGERS}):
            raise MetadataValidationError(f"{quote(name)} cannot be packed, only booleans and numbers")
        components = 2 if name.startswith("complex") else 1
        width = 8 * dtype.itemsize // components
        part = name.removeprefix("complex_")
        size = BITS[part].bit_length() if part in BITS else 1 if dtype.kind == "b" else width
        first = 0 if self.first_bit is None else self.first_bit
        last = size - 1 if self.last_bit is None else self.last_bit
        for member, bit in (("first_bit", first), ("last_bit", last)):
            if bit >= size:
                raise MetadataValidationError(f"{bit} is none of the {size} bits of {quote(name)}", field=member)
        return _Layout(dtype, components, width, size, first, last, signed=name.startswith("int"))

    # -- chunks

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        layout = self._layout(chunk_spec.dtype)
        array = chunk_data.as_numpy_array()
        packed = _pack(_memory_of(array, layout.dtype), layout)
        if self.padding_encoding != "none":
            padding = np.array([layout.padding_of(array.size)], dtype=np.uint8)
            packed = np.concatenate([padding, packed] if self.padding_encoding == "first_byte" else [packed, padding])
        return chunk_spec.prototype.buffer.from_array_like(packed)

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        layout = self._layout(chunk_spec.dtype)
        count = int(np.prod(chunk_spec.shape, dtype=object))
        stored = np.frombuffer(chunk_data.as_buffer_like(), dtype=np.uint8)
        expected = layout.packed_size(count) + (self.padding_encoding != "none")
        if len(stored) != expected:
            raise CorruptDataError(f"{len(stored)} bytes, expected {expected}", stage="packbits")
        if self.padding_encoding != "none":
            is_first = self.padding_encoding == "first_byte"
            padding, stored = (stored[0], stored[1:]) if is_first else (stored[-1], stored[:-1])
            if padding != layout.padding_of(count):
                raise CorruptDataError(
                    f"{padding} bits of padding are said to be stored, expected {layout.padding_of(count)}",
                    stage="packbits",
                )
        memory = _unpack(stored, count, layout)
        in_storage = layout_in_storage(layout.dtype, "little")
        if in_storage is None:
            array = elements_from_stored(memory, layout.dtype, "little", chunk_spec.shape)
        else:
            array = memory.view(in_storage).reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        layout = self._layout(chunk_spec.dtype)
        return layout.packed_size(input_byte_length // layout.dtype.itemsize) + (self.padding_encoding != "none")


@dataclass(frozen=True, slots=True)
class _Layout:
    """The stored bits of each component: `first` to `last` of the `size` that it has, in `width` bits of memory."""

    dtype: np.dtype[Any]
    components: int
    width: int
    size: int
    first: int
    last: int
    signed: bool

    @property
    def kept(self) -> int:
        return self.last - self.first + 1

    @property
    def is_everything(self) -> bool:
        return self.kept == self.width

    def packed_size(self, count: int) -> int:
        """Bytes that so many elements take."""
        return -(-count * self.components * self.kept // 8)

    def padding_of(self, count: int) -> int:
        """Bits of the last byte that hold nothing."""
        return -count * self.components * self.kept % 8


def _parse_bit(value: object, field: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < WIDEST:
        raise MetadataValidationError(
            f"expected the number of a bit, 0 to {WIDEST - 1}, got {quote(value)}", field=field
        )
    return value


def _memory_of(array: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[np.uint8]:
    """Elements in C order, little-endian: bit ``i`` of a component is bit ``i % 8`` of its byte ``i // 8``."""
    in_storage = layout_in_storage(dtype, "little")
    if in_storage is None:
        return stored_elements(array, dtype, "little")
    return np.ascontiguousarray(array, dtype=in_storage).reshape(-1).view(np.uint8)


def _pack(memory: npt.NDArray[np.uint8], layout: _Layout) -> npt.NDArray[np.uint8]:
    """The stored bits of elements in memory."""
    if layout.is_everything:
        return memory
    if layout.width == 8 and layout.kept == 1:
        return np.packbits((memory >> np.uint8(layout.first)) & np.uint8(1), bitorder="little")
    item = layout.width // 8
    step = BLOCK * item
    blocks = [memory[start : start + step] for start in range(0, len(memory), step)]
    return np.concatenate(
        [
            np.packbits(
                np.unpackbits(block, bitorder="little").reshape(-1, layout.width)[:, layout.first : layout.last + 1],
                bitorder="little",
            )
            for block in blocks
        ]
        or [memory]
    )


def _unpack(stored: npt.NDArray[np.uint8], count: int, layout: _Layout) -> npt.NDArray[np.uint8]:
    """The memory of so many elements with these bits."""
    if layout.is_everything:
        return stored
    components = count * layout.components
    if layout.width == 8 and layout.kept == 1 and not layout.signed:
        bits = np.unpackbits(stored, count=components, bitorder="little")
        return np.left_shift(bits, np.uint8(layout.first), out=bits) if layout.first else bits
    memory = np.empty(components * (layout.width // 8), dtype=np.uint8)
    item, step = layout.width // 8, BLOCK * layout.kept // 8
    for number, start in enumerate(range(0, components, BLOCK)):
        length = min(BLOCK, components - start)
        piece = stored[number * step : (number + 1) * step]
        bits = np.zeros((length, layout.width), dtype=np.uint8)
        kept = np.unpackbits(piece, count=length * layout.kept, bitorder="little").reshape(length, layout.kept)
        bits[:, layout.first : layout.last + 1] = kept
        if layout.signed:
            bits[:, layout.last + 1 : layout.size] = kept[:, -1:]
        memory[start * item : (start + length) * item] = np.packbits(bits, bitorder="little")
    return memory
