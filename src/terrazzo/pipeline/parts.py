"""Chunks that are made of subchunks, read and written in part: selections as users make them, and as subchunks are cut.

Array→array codecs that only rearrange axes stand in between; with others, a chunk is decoded as a whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from terrazzo.abc.codec import Subchunks
from terrazzo.abc.value import Value
from terrazzo.buffer import cpu
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.indexing.projection import SelectorTuple
from terrazzo.indexing.region import Region, region_of
from terrazzo.spec import ArraySpec

__all__ = ["Parts", "axis_order"]

Elements = TypeVar("Elements", NDBuffer, Patch, NDBuffer | Patch)


class Parts:
    """Parts of chunks of one spec.

    Parameters
    ----------
    axes
        Which axis of a chunk each axis of what its subchunks are cut from is.
    """

    __slots__ = ("_axes", "_spec", "_subchunks")

    def __init__(self, subchunks: Subchunks, spec: ArraySpec, axes: tuple[int, ...]) -> None:
        self._subchunks = subchunks
        self._spec = spec
        self._axes = axes if axes != tuple(range(spec.ndim)) else None

    async def place(self, data: Buffer, out: NDBuffer, selection: SelectorTuple, out_selection: SelectorTuple) -> None:
        """Have the subchunks that are selected decoded where they belong."""

        async def place(region: Region, target: NDBuffer) -> bool:
            await self._subchunks.place(data, region, target)
            return True

        await self._put(place, out, selection, out_selection)

    async def read(self, value: Value, out: NDBuffer, selection: SelectorTuple, out_selection: SelectorTuple) -> bool:
        """Read what is selected of a stored chunk; False when there is no chunk."""

        async def read(region: Region, target: NDBuffer) -> bool:
            return await self._subchunks.read(value, region, target)

        return await self._put(read, out, selection, out_selection)

    async def merge(self, stored: Buffer | None, part: NDBuffer | Patch, selection: SelectorTuple) -> Buffer | None:
        """Encode a chunk with `part` in it, and what is stored, or the fill value, elsewhere."""
        region = region_of(selection, self._spec.shape)
        value = part.reshape(region.shape) if part.shape else part
        return await self._subchunks.merge(stored, *self._transposed(region, value))

    @property
    def check(self) -> Callable[[Value, Callable[[Exception], None]], Awaitable[int | None]] | None:
        """Decodes every subchunk of a stored chunk alone; None where the codec has no way to."""
        return getattr(self._subchunks, "check", None)

    def forget(self, identity: tuple[Hashable, ...]) -> None:
        """A stored chunk was written: what is being read of it may be out of date."""
        self._subchunks.forget(identity)

    async def _put(
        self,
        fill: Callable[[Region, NDBuffer], Awaitable[bool]],
        out: NDBuffer,
        selection: SelectorTuple,
        out_selection: SelectorTuple,
    ) -> bool:
        """Have a region filled: in the output where it is a view of it, else aside."""
        region = region_of(selection, self._spec.shape)
        if all(type(item) is slice for item in out_selection):
            return await fill(*self._transposed(region, out[out_selection].reshape(region.shape)))
        aside = self._spec.prototype.nd_buffer.empty(region.shape, out.dtype)
        found = await fill(*self._transposed(region, aside))
        if found:
            out[out_selection] = aside.reshape(out[out_selection].shape)
        return found

    def _transposed(self, region: Region, elements: Elements) -> tuple[Region, Elements]:
        """A region of the decoded chunk, and its elements, as they are where subchunks are cut."""
        axes = self._axes
        if axes is None:
            return region, elements
        if region.is_points or not elements.shape:
            return region.transposed(axes), elements
        return region.transposed(axes), elements.transpose(axes)


MOST_PROBED = 18
"""Axes of the largest probe: with one more, numpy could not count its elements."""


def axis_order(codecs: list[Any], specs: list[ArraySpec], ndim: int) -> tuple[int, ...] | None:
    """Which axis of a chunk each axis of what its array→bytes codec sees is; None when it is not that simple.

    Found out by encoding an array of one element whose axes all have different strides; their lengths could not all
    differ, as numpy counts the elements of 64 axes.
    """
    if not codecs:
        return tuple(range(ndim))
    if ndim > MOST_PROBED or not all(codec.is_view for codec in codecs):
        return None
    strides = range(1, ndim + 1)
    probe: NDBuffer = cpu.NDBuffer(as_strided(np.zeros(1, dtype=np.uint8), (1,) * ndim, strides, writeable=False))
    for codec, spec in zip(codecs, specs, strict=True):
        probe = codec._encode_sync(probe, spec)
    order = tuple(stride - 1 for stride in probe.as_numpy_array().strides)
    return order if sorted(order) == list(range(ndim)) else None
