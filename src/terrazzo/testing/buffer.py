"""Buffers and a store that tell whether code keeps to the buffer prototype it is given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from terrazzo.abc.store import ByteRequest
from terrazzo.buffer import cpu
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.storage import MemoryStore
from terrazzo.types import MemoryOrder

__all__ = ["NDBufferUsingTestNDArrayLike", "StoreExpectingTestBuffer", "TestBuffer", "TestNDArrayLike"]


class TestNDArrayLike(np.ndarray[Any, Any]):
    """An array that can be told from numpy's."""

    __test__ = False


class TestBuffer(cpu.Buffer):
    """A buffer that can be told from the default one."""

    __test__ = False


class NDBufferUsingTestNDArrayLike(cpu.NDBuffer):
    """An array buffer whose memory is a `TestNDArrayLike`."""

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
        return cls(TestNDArrayLike(shape=shape, dtype=dtype, order=order))


class StoreExpectingTestBuffer(MemoryStore):
    """A store in memory that takes chunks only in a `TestBuffer`, and hands them out as one; documents in any."""

    async def set(self, key: str, value: Buffer, byte_range: tuple[int, int] | None = None) -> None:
        """Write a value.

        Raises
        ------
        AssertionError
            The value of a chunk is in another buffer.
        """
        if not _is_document(key):
            assert isinstance(value, TestBuffer), f"{key!r} is written from {type(value).__name__}"
        await super().set(key, value, byte_range)

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a value or a part of it.

        Raises
        ------
        AssertionError
            A chunk is asked for in another buffer.
        """
        if not _is_document(key) and prototype is not None:
            assert prototype.buffer is TestBuffer, f"{key!r} is read into {prototype.buffer.__name__}"
        value = await super().get(key, prototype, byte_range)
        return value if value is None or _is_document(key) else TestBuffer.from_buffer(value)


def _is_document(key: str) -> bool:
    return "json" in key or key.rpartition("/")[2].startswith(".z")
