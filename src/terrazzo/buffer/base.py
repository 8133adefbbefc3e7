"""Contracts of memory: ``Buffer`` (bytes), ``NDBuffer`` (an array), and the prototype that names one class of each.

They let chunks live elsewhere than in numpy arrays, in GPU memory for instance; the rest of terrazzo asks only for
what stands here. Names and meaning follow zarr-python, so that subclasses written for it work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self, SupportsIndex, runtime_checkable

import numpy as np
import numpy.typing as npt

from terrazzo.types import BytesLike, MemoryOrder

if TYPE_CHECKING:
    from types import EllipsisType

__all__ = ["ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer"]


@runtime_checkable
class ArrayLike(Protocol):
    """A one-dimensional array of bytes: what a `Buffer` needs of the memory it wraps."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def copy(self, *args: Any, **kwargs: Any) -> Any: ...


@runtime_checkable
class NDArrayLike(Protocol):
    """An N-dimensional array: what an `NDBuffer` needs of the memory it wraps."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def ndim(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Any: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def __array__(self, *args: Any, **kwargs: Any) -> Any: ...
    def reshape(self, *args: Any, **kwargs: Any) -> Any: ...
    def view(self, *args: Any, **kwargs: Any) -> Any: ...
    def astype(self, *args: Any, **kwargs: Any) -> Any: ...
    def fill(self, value: Any) -> None: ...
    def copy(self, *args: Any, **kwargs: Any) -> Any: ...
    def transpose(self, *args: Any, **kwargs: Any) -> Any: ...
    def ravel(self, *args: Any, **kwargs: Any) -> Any: ...
    def all(self, *args: Any, **kwargs: Any) -> Any: ...
    def __eq__(self, other: object, /) -> Any: ...  # element by element


def check_contiguous(key: object) -> None:
    """Raise ``IndexError`` unless `key` is a slice of step 1."""
    if not isinstance(key, slice) or key.step not in (None, 1):
        raise IndexError(f"a buffer is indexed by a slice of step 1, got {key!r}")


class Buffer(ABC):
    """A contiguous piece of memory, in bytes.

    Parameters
    ----------
    array_like
        One-dimensional, of items of one byte.
    """

    _data: Any

    def __init__(self, array_like: ArrayLike) -> None:
        if array_like.ndim != 1:
            raise ValueError(f"array_like: only one dimension is allowed, got {array_like.ndim}")
        if array_like.dtype.itemsize != 1:
            raise ValueError(f"array_like: only items of one byte are allowed, got {array_like.dtype}")
        self._data = array_like

    @classmethod
    @abstractmethod
    def create_zero_length(cls) -> Self:
        """A buffer of no bytes."""

    @classmethod
    def from_array_like(cls, array_like: ArrayLike) -> Self:
        """Wrap an array of bytes, without a copy."""
        return cls(array_like)

    @classmethod
    @abstractmethod
    def from_buffer(cls, buffer: Buffer) -> Self:
        """Convert a buffer of any class, without a copy where the memory is the same."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        """Wrap a bytes-like object, without a copy where the memory is the same."""

    def as_array_like(self) -> ArrayLike:
        """The wrapped memory as an array of bytes."""
        array: ArrayLike = self._data
        return array

    @abstractmethod
    def as_numpy_array(self) -> npt.NDArray[Any]:
        """The bytes as a numpy array; copied from another device where they are on one."""

    def as_buffer_like(self) -> BytesLike:
        """The bytes as an object with the buffer protocol."""
        return self.as_numpy_array().data

    def to_bytes(self) -> bytes:
        """A copy of the bytes."""
        return bytes(self.as_numpy_array())

    @abstractmethod
    def combine(self, others: Iterable[Buffer]) -> Self:
        """A new buffer of the bytes of this one and of `others`, one after another."""

    def __getitem__(self, key: slice) -> Self:
        check_contiguous(key)
        return self.__class__(self.as_array_like()[key])

    def __setitem__(self, key: slice, value: Any) -> None:
        check_contiguous(key)
        self.as_array_like()[key] = value.as_array_like() if isinstance(value, Buffer) else value

    def __len__(self) -> int:
        return self.as_array_like().size

    def __add__(self, other: Buffer) -> Self:
        return self.combine([other])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Buffer):
            return NotImplemented
        return len(self) == len(other) and bool((self.as_numpy_array() == other.as_numpy_array()).all())

    __hash__ = None  # type: ignore[assignment] # mutable


class NDBuffer(ABC):
    """An N-dimensional array in memory.

    Parameters
    ----------
    array
        What is wrapped; never copied.
    """

    _data: Any

    def __init__(self, array: NDArrayLike) -> None:
        self._data = array

    @classmethod
    @abstractmethod
    def create(
        cls, *, shape: Iterable[int], dtype: npt.DTypeLike, order: MemoryOrder = "C", fill_value: Any | None = None
    ) -> Self:
        """Allocate an array, filled with `fill_value` unless that is None."""

    @classmethod
    @abstractmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: MemoryOrder = "C") -> Self:
        """Allocate an array without a defined content."""

    @classmethod
    def from_ndarray_like(cls, ndarray_like: NDArrayLike) -> Self:
        """Wrap an array, without a copy."""
        return cls(ndarray_like)

    @classmethod
    @abstractmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        """Convert a numpy array, without a copy where the memory is the same."""

    def as_ndarray_like(self) -> NDArrayLike:
        """The wrapped array."""
        array: NDArrayLike = self._data
        return array

    @abstractmethod
    def as_numpy_array(self) -> npt.NDArray[Any]:
        """The array as numpy's; copied from another device where it is on one."""

    def as_scalar(self) -> Any:
        """The only element, as a scalar."""
        if self._data.size != 1:
            raise ValueError(f"an array of shape {self.shape} is not a scalar")
        return self.as_numpy_array().reshape(())[()]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy data type of the elements."""
        dtype: np.dtype[Any] = self._data.dtype
        return dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis, in elements."""
        shape: tuple[int, ...] = self._data.shape
        return shape

    @property
    def byteorder(self) -> Literal["little", "big"]:
        """Byte order of the elements; that of the machine for elements of one byte."""
        from sys import byteorder

        if self.dtype.byteorder in "<>":
            return "little" if self.dtype.byteorder == "<" else "big"
        return byteorder

    def reshape(self, newshape: tuple[int, ...] | Literal[-1]) -> Self:
        """The same elements under another shape."""
        return self.__class__(self._data.reshape(newshape))

    def squeeze(self, axis: tuple[int, ...]) -> Self:
        """Drop axes of length 1."""
        kept = tuple(length for position, length in enumerate(self.shape) if position not in axis)
        return self.__class__(self._data.reshape(kept))

    def astype(self, dtype: npt.DTypeLike, order: Literal["K", "A", "C", "F"] = "K") -> Self:
        """A copy with another data type."""
        return self.__class__(self._data.astype(dtype, order=order))

    def transpose(self, axes: SupportsIndex | Sequence[SupportsIndex] | None) -> Self:
        """A view with the axes in another order."""
        return self.__class__(self._data.transpose(axes))

    def copy(self) -> Self:
        """A copy."""
        return self.__class__(self._data.copy())

    def fill(self, value: Any) -> None:
        """Set every element to `value`."""
        self._data.fill(value)

    @abstractmethod
    def all_equal(self, other: Any, equal_nan: bool = True) -> bool:
        """Whether every element equals `other`, a scalar or an array of the same shape."""

    def __getitem__(self, key: slice | int | EllipsisType | tuple[Any, ...]) -> Self:
        return self.__class__(self._data[key])

    def __setitem__(self, key: slice | int | EllipsisType | tuple[Any, ...], value: Any) -> None:
        self._data[key] = value._data if isinstance(value, NDBuffer) else value

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.shape} dtype={self.dtype} {self._data!r}>"


class BufferPrototype(NamedTuple):
    """The classes that a call makes its buffers of."""

    buffer: type[Buffer]
    nd_buffer: type[NDBuffer]
