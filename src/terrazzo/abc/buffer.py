"""Contracts of memory, for those who write their own buffers."""

from __future__ import annotations

from terrazzo.buffer.base import ArrayLike, Buffer, BufferPrototype, NDArrayLike, NDBuffer

__all__ = ["ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer"]
