"""Buffers of somebody else, that keep to the contract of buffers without being subclasses of ours."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Self

import numpy.typing as npt

from terrazzo.buffer import base, cpu
from terrazzo.buffer.base import BufferPrototype
from terrazzo.errors import quote
from terrazzo.types import BytesLike, MemoryOrder

__all__ = ["adopt_array", "adopt_prototype", "own_buffer"]


class AdoptedBuffer(base.Buffer):
    """Bytes that a class of somebody else allocates."""

    theirs: ClassVar[Any]

    @classmethod
    def create_zero_length(cls) -> Self:
        return cls(cls.theirs.create_zero_length().as_array_like())

    @classmethod
    def from_buffer(cls, buffer: base.Buffer) -> Self:
        return cls.from_array_like(buffer.as_array_like()) if type(buffer) is cls else cls.from_bytes(buffer.to_bytes())

    @classmethod
    def from_bytes(cls, bytes_like: BytesLike) -> Self:
        return cls(cls.theirs.from_bytes(bytes_like).as_array_like())

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self.theirs.from_array_like(self._data).as_numpy_array()
        return array

    def combine(self, others: Iterable[base.Buffer]) -> Self:
        return self.from_bytes(b"".join([self.to_bytes(), *(other.to_bytes() for other in others)]))


class AdoptedNDBuffer(base.NDBuffer):
    """An array that a class of somebody else allocates."""

    theirs: ClassVar[Any]

    @classmethod
    def create(
        cls, *, shape: Iterable[int], dtype: npt.DTypeLike, order: MemoryOrder = "C", fill_value: Any | None = None
    ) -> Self:
        made = cls.theirs.create(shape=tuple(shape), dtype=dtype, order=order, fill_value=fill_value)
        return cls(made.as_ndarray_like())

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: npt.DTypeLike, order: MemoryOrder = "C") -> Self:
        return cls.create(shape=shape, dtype=dtype, order=order)

    @classmethod
    def from_numpy_array(cls, array_like: npt.ArrayLike) -> Self:
        return cls(cls.theirs.from_numpy_array(array_like).as_ndarray_like())

    def as_numpy_array(self) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = self.theirs.from_ndarray_like(self._data).as_numpy_array()
        return array

    def all_equal(self, other: Any, equal_nan: bool = True) -> bool:
        return bool(self.theirs.from_ndarray_like(self._data).all_equal(other, equal_nan))


def adopt_prototype(prototype: Any) -> BufferPrototype:
    """A prototype of buffers of ours, that take memory as those of `prototype` do.

    Raises
    ------
    TypeError
        It is no prototype.
    """
    try:
        buffer, nd_buffer = prototype
    except TypeError:
        raise TypeError(f"prototype is a pair of buffer classes, got {quote(prototype)}") from None
    if issubclass(buffer, base.Buffer) and issubclass(nd_buffer, base.NDBuffer):
        return prototype  # type: ignore[no-any-return]
    return _adopted(buffer, nd_buffer)


@cache
def _adopted(buffer: Any, nd_buffer: Any) -> BufferPrototype:
    return BufferPrototype(
        type(buffer.__name__, (AdoptedBuffer,), {"theirs": buffer}),
        type(nd_buffer.__name__, (AdoptedNDBuffer,), {"theirs": nd_buffer}),
    )


def own_buffer(value: Any) -> base.Buffer:
    """A buffer of ours, over the memory of one that keeps to the contract.

    Raises
    ------
    TypeError
        It does not.
    """
    if isinstance(value, base.Buffer):
        return value
    if not hasattr(value, "as_numpy_array"):
        raise TypeError(f"a store holds instances of Buffer, got {quote(value)} of type {type(value).__name__}")
    return cpu.Buffer.from_array_like(value.as_numpy_array())


def adopt_array(array: Any, prototype: BufferPrototype) -> base.NDBuffer:
    """An array buffer of ours, over the memory of one that keeps to the contract.

    Raises
    ------
    TypeError
        It does not.
    """
    if isinstance(array, base.NDBuffer):
        return array
    if not hasattr(array, "as_ndarray_like"):
        raise TypeError(f"out is an NDBuffer, got {quote(array)} of type {type(array).__name__}")
    return prototype.nd_buffer.from_ndarray_like(array.as_ndarray_like())
