"""A chain bound to one chunk spec: everything that can be decided once is, and then many chunks run through it.

Three things are found out when a chain is prepared. The number of bytes at every stage, so that a decoder is told how
much must come out and a damaged or malicious chunk is noticed at the first byte too many. Whether stored elements lie
as they do in memory (``memory_layout``), so that bytes become an array without a step. Whether they can be decoded
where they are wanted (``decode_into``), so that nothing is copied twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import BaseCodec, Subchunks, is_inline_codec
from terrazzo.buffer import cpu
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.errors import CorruptDataError, LimitExceededError, add_context
from terrazzo.indexing.projection import SelectorTuple
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.parts import Parts, axis_order
from terrazzo.pipeline.rows import Rows
from terrazzo.pipeline.stages import Stage, encoded_size, make_stage, raise_corrupt
from terrazzo.runtime import Scratch
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec

__all__ = ["OWN_SPEED_NS", "PreparedChain", "selected"]

OWN_SPEED_NS = 0.1
"""Nanoseconds per byte that copying into place takes."""

OBJECT_NS = 100
"""Nanoseconds to make an object of Python, or to read one, under the interpreter lock."""


class PreparedChain:
    """A codec chain for chunks of one shape.

    Attributes
    ----------
    codecs
        The chain.
    spec
        Of the decoded chunk.
    dtype
        Numpy data type of the decoded chunk.
    inline
        Whether no codec needs an event loop.
    size
        Bytes of the decoded chunk.
    everything
        The selection of the whole chunk.
    stored_size
        Bytes of an encoded chunk, where that does not depend on the data.
    decode_ns, encode_ns
        Estimated cost of one chunk outside the interpreter lock, in nanoseconds; 0 where that is the smaller part, and
        another thread would be in the way.
    held_ns
        Estimated nanoseconds that one chunk holds the interpreter lock, where elements are objects of Python.
    parts
        Reads and writes subchunks alone, where chunks are made of them; else None.
    reads_parts
        Whether a part of a chunk can be read without the rest.
    rows
        Decodes and encodes chunks as memory, where elements are stored as they lie in it; else None.
    reads_raw
        Whether stored bytes are elements as they lie in memory, so that a store can read them into place.
    """

    def __init__(self, chain: CodecChain, spec: ArraySpec) -> None:
        spec.dtype.check_usable()
        chain.check_usable()
        self.codecs = chain
        self.spec = spec
        self.dtype: np.dtype[Any] = spec.dtype.to_native_dtype()
        self.size: int = math.prod(spec.shape) * self.dtype.itemsize
        self.everything = tuple(slice(0, length, 1) for length in spec.shape)
        self.inline = all(is_inline_codec(codec) for codec in chain)
        self._array_stages: list[Stage] = []
        inner = spec
        for codec in chain.array_array:
            self._array_stages.append(make_stage(codec, inner, None))
            inner = codec.resolve_metadata(inner)
        self._inner = inner
        self._to_bytes = make_stage(chain.array_bytes, inner, None)
        self._prepare_subchunks(chain)
        size = encoded_size(chain.array_bytes, math.prod(inner.shape) * inner.dtype.to_native_dtype().itemsize, inner)
        self._raw_size = size
        estimate = getattr(chain.array_bytes, "estimated_size", None)
        basis: int | None = size if size is not None or estimate is None else estimate(inner)
        self._byte_stages: list[Stage] = []
        for step in chain.bytes_bytes:
            self._byte_stages.append(make_stage(step, inner, size, basis))
            size = encoded_size(step, size, inner)
        self.stored_size = size
        self._encode_stages = (*self._array_stages, self._to_bytes, *self._byte_stages)
        self._prepare_memory(chain)
        codecs: list[BaseCodec[Any, Any]] = list(chain)
        self._codecs = codecs
        self.held_ns: float = math.prod(spec.shape) * OBJECT_NS if self.dtype.hasobject else 0.0
        decode_ns = OWN_SPEED_NS + sum(getattr(codec, "decode_ns_per_byte", 1.0) for codec in codecs)
        encode_ns = sum(getattr(codec, "encode_ns_per_byte", 1.0) for codec in codecs)
        self.decode_ns: float = self._unless_held(self.size * decode_ns)
        self.encode_ns: float = self._unless_held(self.size * encode_ns)

    @cached_property
    def meaning(self) -> Hashable:
        """What makes stored bytes mean what they do: chains that decode alike have the same."""
        spec = self.spec
        codecs = json.dumps([codec.to_dict() for codec in self._codecs], default=repr, sort_keys=True)
        return spec.shape, repr(self.dtype), repr(spec.dtype), repr(spec.fill_value), codecs

    def _unless_held(self, ns: float) -> float:
        return ns if ns > self.held_ns else 0.0

    def _prepare_subchunks(self, chain: CodecChain) -> None:
        """Find out whether chunks are made of subchunks, and whether a part of a chunk is a part of those."""
        prepare = getattr(chain.array_bytes, "prepare_subchunks", None)
        self._subchunks: Subchunks | None = None if prepare is None else prepare(self._inner)
        self._axes = axis_order(
            [stage.codec for stage in self._array_stages],
            [stage.spec for stage in self._array_stages],
            self.spec.ndim,
        )
        self.parts: Parts | None = None
        if self._subchunks is not None and self._axes is not None:
            self.parts = Parts(self._subchunks, self.spec, self._axes)
        self.reads_parts = self.parts is not None and not chain.bytes_bytes

    def _prepare_memory(self, chain: CodecChain) -> None:
        """Find out whether stored elements are elements in main memory."""
        prototype = self.spec.prototype
        layout_of = getattr(chain.array_bytes, "memory_layout", None)
        in_memory = issubclass(prototype.nd_buffer, cpu.NDBuffer) and issubclass(prototype.buffer, cpu.Buffer)
        self._layout: np.dtype[Any] | None = layout_of(self._inner) if layout_of is not None and in_memory else None
        views = self._layout is not None and all(stage.codec.is_view for stage in self._array_stages)
        first = self._byte_stages[0] if self._byte_stages else None
        self.reads_raw = views and first is None
        self._fills = first if views and first is not None and hasattr(first.codec, "decode_into") else None
        self.rows: Rows | None = None
        inline = all(stage.inline for stage in (*self._array_stages, *self._byte_stages))
        if views and inline and self._axes is not None and self._layout is not None and not self._layout.hasobject:
            self.rows = Rows(self._layout, self._axes, self.stored_size, self._byte_stages, self._inner)

    # -- decoding

    async def decode(self, data: Buffer) -> NDBuffer:
        """Decode one chunk. The result may share the memory of `data`, and may be read-only.

        Raises
        ------
        CorruptDataError
            The bytes are not what the chain promises.
        """
        self.check_limit()
        raw = await self._undo(data, self._byte_stages)
        return await self._to_array(raw)

    async def place(
        self,
        data: Buffer,
        out: NDBuffer,
        chunk_selection: SelectorTuple,
        out_selection: SelectorTuple,
        whole: bool,
        drop_axes: tuple[int, ...] = (),
    ) -> None:
        """Decode one chunk and put what is selected of it where it belongs.

        Parameters
        ----------
        whole
            Whether ``out[out_selection]`` is a view of the shape of the chunk, but for axes of length 1.
        drop_axes
            Axes of length 1 that the output does not have.
        """
        fills = self._fills
        if fills is None:
            if self.parts is not None:
                raw = await self._undo(data, self._byte_stages)
                await self.parts.place(raw, out, chunk_selection, out_selection)
                return
            chunk = await self.decode(data)
            out[out_selection] = selected(chunk, chunk_selection, drop_axes)
            return
        self.check_limit()
        raw = await self._undo(data, self._byte_stages[1:])
        if whole:
            target = self._memory_of(out[out_selection].reshape(self.spec.shape))
            if target is not None:
                self._fill(fills, raw, target)
                return
        with Scratch(self._raw_size or 0) as piece:
            self._fill(fills, raw, piece.data)
            chunk = await self._view(piece)
            out[out_selection] = selected(chunk, chunk_selection, drop_axes)

    async def read_raw(
        self,
        get_into: Callable[[memoryview], Awaitable[int | None]],
        out: NDBuffer,
        chunk_selection: SelectorTuple,
        out_selection: SelectorTuple,
        drop_axes: tuple[int, ...] = (),
    ) -> bool:
        """As `place`, of a chunk that a store reads, stored as it lies in memory; False when there is none."""
        self.check_limit()
        with Scratch(self.size) as piece:
            size = await get_into(piece.data)
            if size is not None:
                self.check_size(size)
                out[out_selection] = selected(await self._view(piece), chunk_selection, drop_axes)
            return size is not None

    def check_limit(self) -> None:
        """Refuse to allocate a chunk larger than ``limits.chunk_bytes``."""
        limit = current_options().limits.chunk_bytes
        if limit is not None and self.size > limit:
            raise LimitExceededError(
                f"a chunk of {self.size} bytes is larger than config['limits.chunk_bytes'], {limit}",
                limit="chunk_bytes",
                value=self.size,
            )

    def check_size(self, size: int) -> None:
        """Refuse so many bytes where another number is stored."""
        if self.stored_size is not None and size != self.stored_size:
            raise CorruptDataError(f"{size} bytes are stored, expected {self.stored_size}", stage="size")

    async def _undo(self, data: Buffer, stages: Sequence[Stage]) -> Buffer:
        """Decode the bytes→bytes stages, last to first."""
        self.check_size(len(data))
        for stage in reversed(stages):
            size = stage.decoded_size
            try:
                if stage.sized:
                    decoded = stage.codec.decode_sized(data.as_buffer_like(), size)
                    data = self.spec.prototype.buffer.from_bytes(decoded)
                elif stage.most is not None:
                    decoded = stage.codec.decode_at_most(data.as_buffer_like(), stage.most)
                    data = self.spec.prototype.buffer.from_bytes(decoded)
                elif stage.inline:
                    data = stage.codec._decode_sync(data, stage.spec)
                else:
                    data = await stage.codec._decode_single(data, stage.spec)
            except Exception as error:
                raise_corrupt(error, stage)
            if size is not None and len(data) != size:
                raise CorruptDataError(f"{len(data)} bytes decoded, expected {size}", stage=stage.name)
        return data

    def _fill(self, stage: Stage, data: Buffer, target: memoryview) -> None:
        try:
            stage.codec.decode_into(data.as_buffer_like(), target)
        except Exception as error:
            raise_corrupt(error, stage)

    async def _to_array(self, raw: Buffer) -> NDBuffer:
        if self._layout is not None:
            # With no size known up front, as behind a foreign codec, this is where it is checked.
            if len(raw) != self._raw_size:
                raise CorruptDataError(f"{len(raw)} bytes decoded, expected {self._raw_size}", stage="size")
            return await self._view(raw.as_buffer_like())
        stage = self._to_bytes
        try:
            if self._subchunks is not None:
                array = await self._subchunks.decode(raw)
            elif stage.inline:
                array = stage.codec._decode_sync(raw, stage.spec)
            else:
                array = await stage.codec._decode_single(raw, stage.spec)
        except Exception as error:
            raise_corrupt(error, stage)
        return await self._undo_arrays(array)

    async def _view(self, memory: Any) -> NDBuffer:
        """Elements in memory as an array of the decoded shape, without a copy."""
        array: npt.NDArray[Any] = np.frombuffer(memory, dtype=self._layout).reshape(self._inner.shape)
        return await self._undo_arrays(self.spec.prototype.nd_buffer.from_ndarray_like(array))

    async def _undo_arrays(self, array: NDBuffer) -> NDBuffer:
        for stage in reversed(self._array_stages):
            try:
                if stage.inline:
                    array = stage.codec._decode_sync(array, stage.spec)
                else:
                    array = await stage.codec._decode_single(array, stage.spec)
            except Exception as error:
                raise_corrupt(error, stage)
        if array.shape != self.spec.shape:
            raise CorruptDataError(f"a chunk of shape {array.shape} decoded, expected {self.spec.shape}", stage="size")
        return array

    def _memory_of(self, out: NDBuffer) -> memoryview | None:
        """The bytes of `out`, if elements can be stored there in their order and layout."""
        for stage in self._array_stages:
            out = stage.codec._encode_sync(out, stage.spec)
        array = out.as_numpy_array()
        if array.dtype != self._layout or array.shape != self._inner.shape or not array.flags.c_contiguous:
            return None
        return array.reshape(-1).view(np.uint8).data

    # -- encoding

    async def encode(self, chunk: NDBuffer) -> Buffer | None:
        """Encode one chunk. The result may share the memory of `chunk`."""
        return await self._encode_through(self._encode_stages, chunk)

    async def merge_subchunks(
        self, parts: Parts, stored: Buffer | None, part: NDBuffer | Patch, chunk_selection: SelectorTuple
    ) -> Buffer | None:
        """Encode a chunk with `part` in it, and what is stored, or the fill value, elsewhere."""
        raw = None if stored is None else await self._undo(stored, self._byte_stages)
        merged = await parts.merge(raw, part, chunk_selection)
        return None if merged is None else await self._encode_through(self._byte_stages, merged)

    async def _encode_through(self, stages: Iterable[Stage], value: Any) -> Buffer | None:
        for stage in stages:
            try:
                if stage is self._to_bytes and self._subchunks is not None:
                    value = await self._subchunks.encode(value)
                elif stage.inline:
                    value = stage.codec._encode_sync(value, stage.spec)
                else:
                    value = await stage.codec._encode_single(value, stage.spec)
            except Exception as error:
                add_context(error, f"codec {stage.name!r}, encoding")
                raise
            if value is None:
                return None
        encoded: Buffer = value
        return encoded


def selected(chunk: NDBuffer, selection: SelectorTuple, drop_axes: tuple[int, ...]) -> NDBuffer:
    """A part of a chunk, as an output without some axes takes it."""
    part = chunk[selection]
    return part.squeeze(drop_axes) if drop_axes else part
