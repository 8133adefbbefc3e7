"""Buffers in main memory, on numpy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from terrazzo.buffer import base
from terrazzo.buffer.base import ArrayLike, BufferPrototype, NDArrayLike
from terrazzo.types import BytesLike, MemoryOrder

if TYPE_CHECKING:
    from types import EllipsisType

__all__ = ["Buffer", "NDBuffer", "as_numpy_array_wrapper", "buffer_prototype", "numpy_buffer_prototype"]

COMPARED_AT_ONCE = 1 << 16
"""Elements compared in one step when looking for one that differs."""


class Buffer(base.Buffer):
    """Bytes in main memory.

    It wraps any object with the buffer protocol as it is; a numpy array is made of it only when one is asked for.
    """

    __slots__ = ("_data",)

    def __init__(self, array_like: ArrayLike) -> None:
        super().__init__(array_like)

    @classmethod
    def create_zero_length(cls) -> Self:
        return cls.from_bytes(b"")

    @classmethod
    def from_buffer(cls, buffer: base.Buffer) -> Self:
        if isinstance(buffer, Buffer):
            return cls.from_bytes(buffer._data)
        return cls.from_array_like(buffer.as_numpy_array())

    @classmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        self = object.__new__(cls)
        self._data = bytes_like
        return self

    def as_array_like(self) -> ArrayLike:
        return self.as_numpy_array()

    def as_numpy_array(self) -> npt.NDArray[Any]:
        data = self._data
        return data if isinstance(data, np.ndarray) else np.frombuffer(data, dtype="B")

    def as_buffer_like(self) -> BytesLike:
        data = self._data
        return data.data if isinstance(data, np.ndarray) else data

    def to_bytes(self) -> bytes:
        data = self._data
        return data if type(data) is bytes else bytes(data)

    def combine(self, others: Iterable[base.Buffer]) -> Self:
        return self.from_bytes(b"".join([self._data, *(other.as_buffer_like() for other in others)]))

    def __getitem__(self, key: slice) -> Self:
        base.check_contiguous(key)
        return self.from_bytes(memoryview(self._data)[key])

    def __len__(self) -> int:
        return len(self._data)


class NDBuffer(base.NDBuffer):
    """An array in main memory: a numpy array."""

    __slots__ = ("_data",)

    def __init__(self, array: NDArrayLike) -> None:
        self._data = array

    @classmethod
    def create(
        cls, *, shape: Iterable[int], dtype: npt.DTypeLike, order: MemoryOrder = "C", fill_value: Any | None = None
    ) -> Self:
        if fill_value is None:
            return cls(np.empty(tuple(shape), dtype=dtype, order=order))
        filler = np.asarray(fill_value, dtype=dtype)
        if not filler.dtype.hasobject and not filler.tobytes().strip(b"\0"):
            return cls(np.zeros(tuple(shape), dtype=dtype, order=order))  # pages that are never touched cost nothing
        made = cls(np.empty(tuple(shape), dtype=dtype, order=order))
        made[...] = filler
        return made

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: MemoryOrder = "C") -> Self:
        return cls(np.empty(shape, dtype=dtype, order=order))

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        return cls(np.asanyarray(array_like))

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self._data
        return array

    def __getitem__(self, key: slice | int | EllipsisType | tuple[Any, ...]) -> Self:
        part = self._data[key]
        if not isinstance(part, np.ndarray):  # one element, which numpy copies: a part of a buffer is a view
            part = self._data[(*key, ...) if isinstance(key, tuple) else (key, ...)]
        return self.__class__(part)

    def __setitem__(self, key: slice | int | EllipsisType | tuple[Any, ...], value: Any) -> None:
        data = value._data if isinstance(value, base.NDBuffer) else value
        own = self._data.dtype
        is_struct = own.names is not None and not own.hasobject
        if is_struct and isinstance(data, (np.ndarray, np.void)) and data.dtype == own:
            _as_bytes(self._data)[key] = _as_bytes(np.asarray(data))
            return
        if own.kind == "T" and isinstance(data, np.ndarray) and not data.ndim:
            data = data[()]  # at indices in arrays, numpy (2.4) would store empty text for an array of one long text
        elif isinstance(data, np.ndarray) and not data.ndim and self._data.dtype.hasobject:
            # At an index without ellipsis, numpy would store the array as the object.
            key = key if isinstance(key, tuple) else (key,)
            key = key if any(item is ... for item in key) else (*key, ...)
        self._data[key] = data

    @property
    def byteorder(self) -> Literal["little", "big"]:
        order = self._data.dtype.byteorder
        return sys.byteorder if order in "=|" else "little" if order == "<" else "big"

    def astype(self, dtype: npt.DTypeLike, order: Literal["K", "A", "C", "F"] = "K") -> Self:
        own = self._data.dtype
        if own.names is not None and own == np.dtype(dtype) and not own.hasobject:
            return self.__class__(_as_bytes(self._data).copy(order).view(own))
        return self.__class__(self._data.astype(dtype=dtype, order=order))

    def all_equal(self, other: Any, equal_nan: bool = True) -> bool:
        """Whether every element has the bits of `other`, a scalar or an array that broadcasts.

        Bits, so that -0.0 differs from 0.0 and a NaN equals only a NaN with the same payload: an array whose elements
        all equal the fill value can be dropped without losing anything. Objects are compared by value.
        """
        data, fill = self._data, np.asarray(other, dtype=self._data.dtype)
        if data.size == 0:
            return True
        if data.dtype.hasobject:
            first = (0,) * data.ndim
            try:
                return bool(data[first] == fill[first[data.ndim - fill.ndim :]]) and bool((data == fill).all())
            except ValueError:  # objects that are arrays, for instance: of two of them nobody says that they are equal
                return False
        if fill.ndim:
            if not equal_nan:
                return bool((data == fill).all())
            return bool(data.tobytes() == np.broadcast_to(fill, data.shape).tobytes())
        if not equal_nan and fill.dtype.kind in "fc" and np.isnan(fill):
            return False
        return _has_only(data, fill)


def _as_bytes(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array with structs as bytes, in the same memory: field by field, numpy takes ten to thirty times as long."""
    return array.view(f"V{array.dtype.itemsize}")


def _has_only(data: npt.NDArray[Any], fill: npt.NDArray[Any]) -> bool:
    """Whether all elements of `data` have the bits of the one element of `fill`."""
    if data[(0,) * data.ndim + (...,)].tobytes() != fill.tobytes():  # a scalar would lose its byte order
        return False
    flat = data.reshape(-1, order="A") if data.flags.forc else data.ravel(order="K")
    item_size = data.dtype.itemsize
    word = min(item_size & -item_size, 8)  # the largest power of two that divides it
    words: npt.NDArray[Any] = flat.view(f"u{word}")
    pattern = np.frombuffer(fill.tobytes(), dtype=f"u{word}")
    if len(pattern) > 1:
        words = words.reshape(-1, len(pattern))
    step = 64
    start = 0
    while start < len(words):
        if not (words[start : start + step] == pattern).all():
            return False
        start += step
        step = COMPARED_AT_ONCE
    return True


def as_numpy_array_wrapper(
    func: Callable[[npt.NDArray[Any]], BytesLike], buf: base.Buffer, prototype: BufferPrototype
) -> base.Buffer:
    """Call a function that takes a numpy array and returns bytes with a buffer, and make a buffer of what it returns.

    Parameters
    ----------
    prototype
        Names the class of the result.
    """
    return prototype.buffer.from_bytes(func(buf.as_numpy_array()))


buffer_prototype = BufferPrototype(buffer=Buffer, nd_buffer=NDBuffer)


def numpy_buffer_prototype() -> BufferPrototype:
    """The prototype of main memory: for metadata, and for callers who want numpy whatever is configured."""
    return buffer_prototype
