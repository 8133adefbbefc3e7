"""Chunks as rows of memory, for those who decode and encode many of one shape: nothing is asked twice, nothing awaited.

Only where elements are stored as they lie in main memory, with their axes rearranged at most, and no codec waits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import SupportsMany
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
    fills
        Whether chunks are decoded where they are wanted without a copy.
    many
        The codec, where there is one alone and it takes many rows in one call; else None.
    """

    __slots__ = ("_stages", "_stored_size", "axes", "dtype", "fills", "is_raw", "many", "size")

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
        self.fills = bool(stages) and hasattr(stages[0].codec, "decode_into")
        alone = stages[0].codec if len(stages) == 1 and stored_size is None else None
        self.many: SupportsMany | None = alone if hasattr(alone, "decode_many") else None

    def unpack(self, data: memoryview, row: memoryview) -> None:
        """Decode a chunk into a row.

        Raises
        ------
        CorruptDataError
            The bytes are not what the codecs promise.
        """
        if not self.fills:
            row[:] = self.unpacked(data)
            return
        value, first = self._undo_all(data, self._stages[1:]), self._stages[0]
        try:
            first.codec.decode_into(value, row)
        except Exception as error:  # noqa: BLE001 - raised again
            raise_corrupt(error, first)

    def unpacked(self, data: memoryview) -> BytesLike:
        """Decode a chunk, which may be `data` itself; errors as above."""
        value = self._undo_all(data, self._stages)
        if len(value) != self.size:
            raise CorruptDataError(f"{len(value)} bytes decoded, expected {self.size}", stage="size")
        return value

    def _undo_all(self, value: BytesLike, stages: Sequence[Stage]) -> BytesLike:
        if self._stored_size is not None and len(value) != self._stored_size:
            raise CorruptDataError(f"{len(value)} bytes are stored, expected {self._stored_size}", stage="size")
        for stage in reversed(stages):
            try:
                value = self._undo(stage, value)
            except Exception as error:  # noqa: BLE001 - raised again
                raise_corrupt(error, stage)
            if stage.decoded_size is not None and len(value) != stage.decoded_size:
                raise CorruptDataError(f"{len(value)} bytes decoded, expected {stage.decoded_size}", stage=stage.name)
        return value

    def unpack_many(self, data: memoryview, spans: npt.NDArray[np.int64]) -> BytesLike | None:
        """Decode chunks into rows that follow one another.

        Parameters
        ----------
        spans
            Of shape (chunks, 2): where each starts in `data`, and its length, in bytes.

        Returns
        -------
        memory, or None
            None where they are decoded one by one, by `unpack`, which says what is wrong with which.
        """
        if self.many is None or not self.size:
            return None
        try:
            decoded = self.many.decode_many(data, spans, self.size)
        except Exception:  # noqa: BLE001 - of one of them: it is raised again by `unpack`
            return None
        return decoded if decoded is not None and len(decoded) == len(spans) * self.size else None

    def pack_many(self, memory: memoryview, spans: npt.NDArray[np.int64]) -> Sequence[BytesLike] | None:
        """Encode rows, which are where `spans` says; None where they are encoded one by one, by `pack`."""
        if self.many is None or not self.size:
            return None
        try:
            encoded = self.many.encode_many(memory, spans)
        except Exception:  # noqa: BLE001 - of one of them: it is raised again by `pack`
            return None
        return encoded if encoded is not None and len(encoded) == len(spans) else None

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
