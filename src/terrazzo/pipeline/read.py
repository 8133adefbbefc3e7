"""Reading: for each chunk, fetch, decode, put in place.

A job is ``(key, chain, projection)``. Workers take jobs from one stream (`terrazzo.runtime.share`): one on the calling
thread, more where decoding is worth a second thread or the store waits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer, BufferPrototype, NDBuffer
from terrazzo.errors import ChunkNotFoundError, add_context
from terrazzo.indexing.projection import ChunkProjection, SelectorTuple
from terrazzo.pipeline.cache import Chunks, cached_chunk
from terrazzo.pipeline.lane import Lane, lane_into, takes_all
from terrazzo.pipeline.prepared import OWN_SPEED_NS, PreparedChain, selected
from terrazzo.runtime import compute, share, useful_width
from terrazzo.settings import current_options

__all__ = ["Job", "ReadRequest", "Source", "read_chunks"]

AT_ONCE = 32 << 20
"""Decoded bytes of the largest chunk made of subchunks that is read whole from a store that never waits: there parts
cost no more, and memory does not hold the chunk twice."""

Job: TypeAlias = tuple[Any, PreparedChain, ChunkProjection]


class Source(Protocol):
    """Where chunks are read from: a store."""

    async def get(self, key: Any, prototype: BufferPrototype, /) -> Buffer | None: ...
    def open_value(self, key: Any, /) -> Value: ...


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What all jobs of one read share.

    Attributes
    ----------
    source
        Where chunks are.
    out
        Where elements go.
    drop_axes
        Axes of length 1 that `out` does not have.
    missing
        Collects the keys of absent chunks, if given.
    where
        The array, for messages.
    cache
        Keeps decoded chunks, if given.
    """

    source: Source
    out: NDBuffer
    where: str
    drop_axes: tuple[int, ...] = ()
    missing: list[Any] | None = None
    cache: Chunks | None = None

    def chunk_ns(self, chain: PreparedChain, count: int) -> float:
        """Estimated nanoseconds outside the interpreter lock to read one of `count` chunks."""
        if not chain.reads_raw or getattr(self.source, "reads_into", False):
            return chain.decode_ns
        # The store hands out what it holds, and nothing is decoded: what is selected is copied once.
        return math.prod(self.out.shape) * chain.dtype.itemsize / max(count, 1) * OWN_SPEED_NS


async def read_chunks(request: ReadRequest, jobs: Iterable[Job], count: int, item_ns: float = 0.0) -> None:
    """Read all jobs into ``request.out``.

    Parameters
    ----------
    count
        Number of jobs.
    item_ns
        Estimated nanoseconds to decode one chunk.

    Raises
    ------
    CorruptDataError
        A chunk is not what the metadata promise.
    ChunkNotFoundError
        A chunk is absent and the array was opened with ``read_missing_chunks=False``.
    OSError
        A chunk may be there and cannot be read.
    """
    width = 1 if count < 2 else useful_width(count, item_ns, current_options().concurrency)
    await share(partial(_read_jobs, request), jobs, width)


async def _read_jobs(request: ReadRequest, jobs: Iterator[Job]) -> None:
    source, out, drop_axes = request.source, request.out, request.drop_axes
    get, open_value = source.get, source.open_value
    cache = request.cache
    at_once = -1 if cache is not None else AT_ONCE if getattr(source, "inline", False) else math.inf
    get_into: Any = source.get_into if getattr(source, "reads_into", False) else None  # type: ignore[attr-defined]
    known: PreparedChain | None = None  # chunks of one shape follow one another
    lane: Lane | None = None
    for key, chain, (coords, chunk_selection, out_selection, is_complete) in jobs:
        try:
            if chain.parts is not None and chain.reads_parts and (not is_complete or chain.size > at_once):
                async with open_value(key) as value:
                    found = await chain.parts.read(value, out, chunk_selection, out_selection)
                if not found:
                    _fill(request, key, chain, out_selection)
                continue
            if cache is not None:
                chunk = await cached_chunk(cache, source, key, chain)
                if chunk is None:
                    _fill(request, key, chain, out_selection)
                else:
                    out[out_selection] = selected(chunk, chunk_selection, drop_axes)
                continue
            whole = is_complete and takes_all(chain, chunk_selection, out_selection)
            if whole and chain is not known:
                known, lane = chain, lane_into(out, chain)
            on_lane = lane if whole else None
            if get_into is not None and chain.reads_raw:
                if on_lane is not None:
                    found = await on_lane.read(get_into, key, out_selection)
                else:
                    into = partial(get_into, key)
                    found = await chain.read_raw(into, out, chunk_selection, out_selection, drop_axes)
                if not found:
                    _fill(request, key, chain, out_selection)
                continue
            data = await get(key, chain.spec.prototype)
            if data is None:
                _fill(request, key, chain, out_selection)
                continue
            if on_lane is not None:
                placed = on_lane.place(data.as_buffer_like(), out_selection)
            else:
                placed = chain.place(data, out, chunk_selection, out_selection, whole, drop_axes)
            await (compute(placed, chain.decode_ns + chain.held_ns) if chain.inline else placed)
        except Exception as error:
            note = f"while reading chunk {coords} of {request.where}, key {key!r}"
            add_context(error, note, store=source, key=str(key), chunk_coords=coords)
            raise


def _fill(request: ReadRequest, key: Any, chain: PreparedChain, out_selection: SelectorTuple) -> None:
    """An absent chunk reads as the fill value, unless the caller wants to be told."""
    if not chain.spec.config.read_missing_chunks:
        raise ChunkNotFoundError(f"there is no chunk under the key {key!r}")
    if request.missing is not None:
        request.missing.append(key)
    request.out[out_selection] = chain.spec.fill_value
