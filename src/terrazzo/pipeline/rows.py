"""Chunks as rows of memory, for those who decode and encode many of one shape: nothing is asked twice, nothing awaited.

Only where elements are stored as they lie in main memory, with their axes rearranged at most, and no codec waits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from terrazzo.errors import CorruptDataError, add_context
from terrazzo.pipeline.stages import Stage, raise_corrupt
from terrazzo.spec import ArraySpec
from terrazzo.types import BytesLike

__all__ = ["Rows"]


class Rows:
    """Chunks of one shape, each in a row of memory.

    Attributes
    ----------
    dtype
        Numpy data type of elements in a row.
    axes
        Axis ``i`` of a row is axis ``axes[i]`` of the chunk.
    size
        Bytes of a row.
    is_raw
        Whether rows are stored as they are.
    """

    __slots__ = ("_stages", "_stored_size", "axes", "dtype", "is_raw", "size")

    def __init__(
        self,
        dtype: np.dtype[Any],
        axes: tuple[int, ...],
        stored_size: int | None,
        stages: Sequence[Stage],
        inner: ArraySpec,
    ) -> None:
        self.dtype = dtype
        self.axes = axes
        self.size: int = math.prod(inner.shape) * dtype.itemsize
        self.is_raw = not stages
        self._stages = tuple(stages)
        self._stored_size = stored_size

    def unpack(self, data: memoryview, row: memoryview) -> None:
        """Decode a chunk into a row.

        Raises
        ------
        CorruptDataError
            The bytes are not what the codecs promise.
        """
        if self._stored_size is not None and len(data) != self._stored_size:
            raise CorruptDataError(f"{len(data)} bytes are stored, expected {self._stored_size}", stage="size")
        value: BytesLike = data
        for position in range(len(self._stages) - 1, -1, -1):
            stage = self._stages[position]
            try:
                if position == 0 and hasattr(stage.codec, "decode_into"):
                    stage.codec.decode_into(value, row)
                    return
                value = self._undo(stage, value)
            except Exception as error:  # noqa: BLE001 - raised again
                raise_corrupt(error, stage)
            if stage.decoded_size is not None and len(value) != stage.decoded_size:
                raise CorruptDataError(f"{len(value)} bytes decoded, expected {stage.decoded_size}", stage=stage.name)
        if len(value) != self.size:
            raise CorruptDataError(f"{len(value)} bytes decoded, expected {self.size}", stage="size")
        row[:] = value

    def _undo(self, stage: Stage, value: BytesLike) -> BytesLike:
        codec = stage.codec
        decoded: BytesLike
        if stage.sized:
            decoded = codec.decode_sized(value, stage.decoded_size)
        elif stage.most is not None:
            decoded = codec.decode_at_most(value, stage.most)
        else:
            buffer = stage.spec.prototype.buffer.from_bytes(value)
            decoded = codec._decode_sync(buffer, stage.spec).as_buffer_like()
        return memoryview(decoded).cast("B") if type(decoded) is not bytes else decoded

    def pack(self, row: memoryview) -> BytesLike:
        """Encode a row. Without codecs the result is the row."""
        if not self._stages:
            return row
        value: Any = self._stages[0].spec.prototype.buffer.from_bytes(row)
        for stage in self._stages:
            try:
                value = stage.codec._encode_sync(value, stage.spec)
            except Exception as error:
                add_context(error, f"codec {stage.name!r}, encoding")
                raise
        packed: BytesLike = value.as_buffer_like()
        return packed
