"""Whole chunks on the shortest way: from stored bytes to where their elements belong, with nothing decided per chunk.

For chunks that are rows of memory, in an array of numpy. Where a chunk lies there as in a row, the store or the codec
writes it in place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from terrazzo.buffer import cpu
from terrazzo.buffer.base import NDBuffer
from terrazzo.indexing.projection import PLAIN, SelectorTuple
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.rows import Rows
from terrazzo.runtime import Scratch
from terrazzo.types import BytesLike

__all__ = ["Lane", "lane_into", "takes_all"]

SLICES = frozenset({slice})


class Lane:
    """Whole chunks of one chain on their way into an array.

    Parameters
    ----------
    out
        Of the shape of the selection, without the axes that it drops.
    """

    __slots__ = ("_axes", "_chain", "_is_same", "_is_struct", "_out", "_row_shape", "_rows", "_shape")

    def __init__(self, chain: PreparedChain, rows: Rows, out: npt.NDArray[Any]) -> None:
        chain.check_limit()
        self._chain = chain
        self._rows = rows
        self._out = out
        self._is_same = out.dtype == rows.dtype
        self._is_struct = out.dtype.names is not None
        self._shape = chain.spec.shape
        self._axes = rows.axes if rows.axes != tuple(range(len(rows.axes))) else None
        self._row_shape = tuple(self._shape[axis] for axis in rows.axes)

    async def read(
        self, get_into: Callable[[Any, memoryview], Awaitable[int | None]], key: Any, out_selection: SelectorTuple
    ) -> bool:
        """Let a store read a chunk that is stored as it is; False when there is none.

        Raises
        ------
        CorruptDataError
            It has another size.
        """
        target = self._target(out_selection)
        if self._is_same and target.flags.c_contiguous:
            size = await get_into(key, target.reshape(-1).view(np.uint8).data)
        else:
            with Scratch(self._rows.size) as piece:
                size = await get_into(key, piece.data)
                if size == self._rows.size:
                    self._copy(piece.view(self._rows.dtype), target)
        if size is not None and size != self._rows.size:
            self._chain.check_size(size)
        return size is not None

    async def place(self, data: BytesLike, out_selection: SelectorTuple) -> None:
        """Decode a chunk.

        Raises
        ------
        CorruptDataError
            The bytes are not what the codecs promise.
        """
        target, rows = self._target(out_selection), self._rows
        if self._is_same and target.flags.c_contiguous:
            rows.unpack(memoryview(data), target.reshape(-1).view(np.uint8).data)
        elif rows.fills:
            with Scratch(rows.size) as piece:
                rows.unpack(memoryview(data), piece.data)
                self._copy(piece.view(rows.dtype), target)
        else:
            self._copy(np.frombuffer(rows.unpacked(memoryview(data)), dtype=rows.dtype), target)

    def _target(self, out_selection: SelectorTuple) -> npt.NDArray[Any]:
        """A view of the output, with axes as they are in a row."""
        target = self._out[out_selection]
        if target.shape != self._shape:
            target = target.reshape(self._shape)
        return target if self._axes is None else target.transpose(self._axes)

    def _copy(self, row: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
        row = row.reshape(self._row_shape)
        if self._is_struct:
            cpu.NDBuffer(target)[...] = row
        else:
            target[...] = row


def lane_into(out: NDBuffer, chain: PreparedChain) -> Lane | None:
    """The lane for the chunks of a chain into an output, if there can be one."""
    rows = chain.rows
    if rows is None or not rows.size or not isinstance(out, cpu.NDBuffer) or not out.shape:
        return None
    return Lane(chain, rows, out.as_numpy_array())


def takes_all(chain: PreparedChain, chunk_selection: SelectorTuple, out_selection: SelectorTuple) -> bool:
    """Whether the selected region of the output is a view of the shape of the chunk, but for axes of length 1.

    A chunk that reaches beyond the array is complete without that.
    """
    if not PLAIN.issuperset(map(type, chunk_selection)):
        return False  # arrays: they may select everything, but in another order
    if chunk_selection != chain.everything:
        for selected, length in zip(chunk_selection, chain.spec.shape, strict=True):
            if type(selected) is slice:
                if selected.indices(length) != (0, length, 1):
                    return False
            elif length != 1:
                return False
    return SLICES.issuperset(map(type, out_selection))
