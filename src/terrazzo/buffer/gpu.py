"""Buffers in the memory of a GPU, on cupy; needs the extra ``gpu``.

The module can be imported without cupy; the first buffer that is made asks for it. Codecs that run on the processor
get numpy arrays, which are copies: see ``as_numpy_array``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from terrazzo.buffer import base
from terrazzo.buffer.base import ArrayLike, BufferPrototype, NDArrayLike
from terrazzo.errors import quote
from terrazzo.types import BytesLike, MemoryOrder

__all__ = ["Buffer", "NDBuffer", "buffer_prototype"]


@cache
def import_cupy() -> Any:
    """The package cupy.

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            "buffers in the memory of a GPU need the package cupy: pip install 'terrazzo[gpu]'"
        ) from error
    return cupy


def _on_gpu(array: Any) -> Any:
    """Check that an array is on a GPU, or can be taken over without a copy to the processor's memory."""
    if not hasattr(array, "__cuda_array_interface__"):
        raise TypeError(f"a buffer of a GPU wraps an array on a GPU, got {quote(array)} of type {type(array).__name__}")
    return import_cupy().asarray(array)


class Buffer(base.Buffer):
    """Bytes in the memory of a GPU: a cupy array of one axis.

    Parameters
    ----------
    array_like
        One-dimensional, of items of one byte, with ``__cuda_array_interface__``.

    Raises
    ------
    ImportError
        cupy is not installed.
    TypeError
        The array is not on a GPU.
    """

    def __init__(self, array_like: ArrayLike) -> None:
        import_cupy()
        super().__init__(_on_gpu(array_like))

    @classmethod
    def create_zero_length(cls) -> Self:
        return cls(import_cupy().empty(0, dtype="B"))

    @classmethod
    def from_buffer(cls, buffer: base.Buffer) -> Self:
        if isinstance(buffer, Buffer):
            return cls(buffer.as_array_like())
        return cls.from_bytes(buffer.as_buffer_like())

    @classmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        return cls(import_cupy().asarray(np.frombuffer(bytes_like, dtype="B")))

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = import_cupy().asnumpy(self._data)
        return array

    def combine(self, others: Iterable[base.Buffer]) -> Self:
        parts = [self, *(self.from_buffer(other) for other in others)]
        return type(self)(import_cupy().concatenate([part._data for part in parts]))


class NDBuffer(base.NDBuffer):
    """An array in the memory of a GPU: a cupy array.

    Parameters
    ----------
    array
        With ``__cuda_array_interface__``; never copied.

    Raises
    ------
    ImportError
        cupy is not installed.
    TypeError
        The array is not on a GPU.
    """

    def __init__(self, array: NDArrayLike) -> None:
        import_cupy()
        super().__init__(_on_gpu(array))

    @classmethod
    def create(
        cls, *, shape: Iterable[int], dtype: npt.DTypeLike, order: MemoryOrder = "C", fill_value: Any | None = None
    ) -> Self:
        made = cls.empty(tuple(shape), dtype, order)
        if fill_value is not None:
            made.fill(fill_value)
        return made

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: MemoryOrder = "C") -> Self:
        return cls(import_cupy().empty(shape, dtype=dtype, order=order))

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        return cls(import_cupy().asarray(array_like))

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = import_cupy().asnumpy(self._data)
        return array

    def all_equal(self, other: Any, equal_nan: bool = True) -> bool:
        """Whether every element has the bits of `other`; compared where the elements are copied to."""
        from terrazzo.buffer import cpu

        value = import_cupy().asnumpy(other) if hasattr(other, "__cuda_array_interface__") else other
        return cpu.NDBuffer(self.as_numpy_array()).all_equal(value, equal_nan)

    def __getitem__(self, key: Any) -> Self:
        return type(self)(import_cupy().asarray(self._data[key]))

    def __setitem__(self, key: Any, value: Any) -> None:
        data = value.as_ndarray_like() if isinstance(value, base.NDBuffer) else value
        if not np.isscalar(data):
            data = import_cupy().asarray(data)  # from the processor's memory, where it is there
        self._data[key] = data


buffer_prototype = BufferPrototype(buffer=Buffer, nd_buffer=NDBuffer)
