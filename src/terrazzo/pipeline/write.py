"""Writing: for each chunk, merge with what is stored where only a part is written, encode, store.

Writers of one chunk wait for each other: a partial write holds the chunk's lock from reading to writing, a whole one
while it writes. A chunk that holds only the fill value is deleted instead, unless the array says otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from terrazzo.abc.update import Change, change_versioned
from terrazzo.buffer.base import Buffer, BufferPrototype, NDBuffer
from terrazzo.errors import add_context
from terrazzo.indexing.projection import PLAIN, SelectorTuple
from terrazzo.pipeline.cache import chunks
from terrazzo.pipeline.merge import encode_new, encode_or_drop, filled, merge
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.read import Job
from terrazzo.runtime import compute, share, useful_width
from terrazzo.settings import current_options

SCATTERED_NS = 2.4
"""Nanoseconds to fetch an element that does not lie beside the one before: the transpose of a chunk of 1 MiB."""

SCALARS_AT_MOST = 16
"""Encoded chunks of one value that are kept: as many as kinds of edges in a regular grid of four axes."""

ABSENT: Any = object()

__all__ = ["Target", "WriteRequest", "drop_chunk", "forget_chunk", "trim_chunk", "write_chunks"]


class Target(Protocol):
    """Where chunks are written: a store. It may have ``lock(key)``."""

    async def get(self, key: Any, prototype: BufferPrototype, /) -> Buffer | None: ...
    async def set(self, key: Any, value: Buffer, /) -> None: ...
    async def delete(self, key: Any, /) -> None: ...


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """What all jobs of one write share.

    Attributes
    ----------
    target
        Where chunks go.
    value
        What is written: an array of the shape of the selection, or one element for all of it. None where each job has
        its own elements, or a patch, in the place of where they are in the value.
    drop_axes
        Axes of length 1 that `value` does not have.
    where
        The array, for messages.
    written_field
        What is written of a structured data type: every chunk keeps its other fields.
    outcomes
        Collects what became of each chunk, if given: None, or its error, which does not stop the others then unless
        the store has failed.
    """

    target: Target
    value: NDBuffer | None
    where: str
    drop_axes: tuple[int, ...] = ()
    written_field: str | None = None
    outcomes: dict[Any, Exception | None] | None = None
    encoded_scalars: dict[Hashable, Any] = field(default_factory=dict)
    """A chunk filled with one value is encoded once, however many there are."""

    def part_of(self, out_selection: SelectorTuple) -> Any:
        """What of the value belongs to one chunk."""
        if self.value is None:
            return out_selection[0]
        if not self.value.shape:
            return self.value
        part = self.value[out_selection]
        if self.drop_axes:
            shape = list(part.shape)
            for axis in self.drop_axes:
                shape.insert(axis, 1)
            part = part.reshape(tuple(shape))
        return part

    def chunk_ns(self, chain: PreparedChain) -> float:
        """Estimated nanoseconds outside the interpreter lock to encode and store one chunk."""
        set_ns_per_byte: float = getattr(self.target, "set_ns_per_byte", 0.0)
        return chain.encode_ns + chain.size * set_ns_per_byte + self._gather_ns(chain)

    def _gather_ns(self, chain: PreparedChain) -> float:
        """To bring the elements of a chunk together, where they lie scattered in the value."""
        if self.value is None or self.value.dtype.hasobject:
            return 0.0  # that holds the interpreter lock
        strides = getattr(self.value.as_ndarray_like(), "strides", ())
        steps = [step for step, length in zip(strides, self.value.shape, strict=False) if length > 1]
        scattered = bool(steps) and abs(steps[-1]) > self.value.dtype.itemsize
        return math.prod(chain.spec.shape) * SCATTERED_NS if scattered else 0.0


async def write_chunks(request: WriteRequest, jobs: Iterable[Job], count: int, chunk_ns: float = 0.0) -> None:
    """Write all jobs from ``request.value``.

    Parameters
    ----------
    count
        Number of jobs.
    chunk_ns
        Estimated nanoseconds outside the interpreter lock to encode and store one chunk.

    Raises
    ------
    CorruptDataError
        A chunk that is written in part cannot be decoded. It stays as it is.
    OSError
        The store failed.
    """
    width = 1
    if count > 1:
        crowded_ns = getattr(request.target, "crowded_set_ns", 0.0)
        width = useful_width(count, chunk_ns, current_options().concurrency, crowded_ns)
    await share(partial(_write_jobs, request), jobs, width)


async def _write_jobs(request: WriteRequest, jobs: Iterator[Job]) -> None:
    target = request.target
    lock = getattr(target, "lock", _no_lock)
    compares = getattr(target, "supports_conditional_writes", False)
    for key, chain, (coords, chunk_selection, out_selection, is_complete) in jobs:
        try:
            part = request.part_of(out_selection)
            if is_complete and request.written_field is None:
                encoded = await _encode_whole(request, chain, part, chunk_selection)
                async with lock(key):
                    await _store(target, key, chain, encoded)
            elif compares:
                change = partial(merge, chain, part=part, chunk_selection=chunk_selection, field=request.written_field)
                async with lock(key):
                    await _change_versioned(target, key, chain, change)
            else:
                async with lock(key):
                    stored = await target.get(key, chain.spec.prototype)
                    merged = merge(chain, stored, part, chunk_selection, request.written_field)
                    cost = chain.decode_ns + chain.encode_ns + chain.held_ns
                    encoded = await (compute(merged, cost) if chain.inline else merged)
                    await _store(target, key, chain, encoded)
        except Exception as error:
            note = f"while writing chunk {coords} of {request.where}, key {key!r}"
            add_context(error, note, store=target, key=str(key), chunk_coords=coords)
            if request.outcomes is None or isinstance(error, OSError):
                raise
            request.outcomes[key] = error
        else:
            if request.outcomes is not None:
                request.outcomes[key] = None


def _no_lock(key: object) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def _store(target: Target, key: Any, chain: PreparedChain, encoded: Buffer | None) -> None:
    try:
        if encoded is None:
            await target.delete(key)
        else:
            await target.set(key, encoded)
    finally:
        if chain.parts is not None or chunks.is_used:
            forget_chunk(target, key, chain)


def forget_chunk(target: Target, key: Any, chain: PreparedChain) -> None:
    """Let nobody read what was kept of a chunk before it was written."""
    if chain.parts is not None or chunks.is_used:
        identity = getattr(target, "lock_identity", None), key
        chunks.forget(identity)
        if chain.parts is not None:
            chain.parts.forget(identity)


async def _encode_whole(
    request: WriteRequest, chain: PreparedChain, part: NDBuffer, chunk_selection: SelectorTuple
) -> Buffer | None:
    """Encode a chunk of which nothing stored is kept."""
    if part.shape or not PLAIN.issuperset(map(type, chunk_selection)):
        return await _computed(chain, encode_new(chain, part, chunk_selection))
    key = chain, tuple((item.start, item.stop) if isinstance(item, slice) else item for item in chunk_selection)
    kept = request.encoded_scalars
    encoded: Buffer | None = kept.get(key, ABSENT)
    if encoded is ABSENT:
        encoded = await _computed(chain, encode_new(chain, part, chunk_selection))
        if len(kept) >= SCALARS_AT_MOST:
            kept.clear()
        kept[key] = encoded
    return encoded


async def _computed(chain: PreparedChain, encoding: Any) -> Buffer | None:
    encoded: Buffer | None = await (compute(encoding, chain.encode_ns + chain.held_ns) if chain.inline else encoding)
    return encoded


async def _change_versioned(target: Any, key: Any, chain: PreparedChain, change: Change) -> None:
    """Change a chunk so that nothing is lost that other processes write to it meanwhile."""

    async def changed(stored: Buffer | None) -> Buffer | None:
        encoded = await _computed(chain, change(stored))
        if encoded is None and stored is not None:  # to delete it might delete what somebody else has written
            return await _encode_fill(chain)
        return encoded

    try:
        await change_versioned(target, key, chain.spec.prototype, changed)
    finally:
        forget_chunk(target, key, chain)


async def _encode_fill(chain: PreparedChain) -> Buffer | None:
    """A stored chunk of fill values, where there would be none."""
    spec = chain.spec
    keeping = PreparedChain(chain.codecs, replace(spec, config=replace(spec.config, write_empty_chunks=True)))
    fill = spec.prototype.nd_buffer.create(shape=(), dtype=chain.dtype, fill_value=spec.fill_value)
    return await encode_new(keeping, fill, chain.everything)


async def drop_chunk(target: Any, key: str, chain: PreparedChain) -> None:
    """Delete a stored chunk."""
    async with target.lock(key):
        await _store(target, key, chain, None)


async def trim_chunk(target: Any, key: str, chain: PreparedChain, kept: SelectorTuple) -> None:
    """Set everything in a stored chunk to the fill value, but the region `kept`."""

    async def trimmed(stored: Buffer | None) -> Buffer | None:
        return None if stored is None else await _trimmed(chain, stored, kept)

    async with target.lock(key):
        if getattr(target, "supports_conditional_writes", False):
            await _change_versioned(target, key, chain, trimmed)
            return
        stored = await target.get(key, chain.spec.prototype)
        encoded = await trimmed(stored)
        if encoded is not stored:
            await _store(target, key, chain, encoded)


async def _trimmed(chain: PreparedChain, stored: Buffer, kept: SelectorTuple) -> Buffer | None:
    """What is stored of a chunk when only a region of it stays; the same object if that is what it is."""
    if chain.parts is not None:
        encoded = await _trim_parts(chain, stored, kept)
        return stored if encoded is not None and encoded.to_bytes() == stored.to_bytes() else encoded
    chunk = await chain.decode(stored)
    trimmed = filled(chain)
    trimmed[kept] = chunk[kept]
    return stored if trimmed.all_equal(chunk.as_ndarray_like()) else await encode_or_drop(chain, trimmed)


async def _trim_parts(chain: PreparedChain, stored: Buffer, kept: SelectorTuple) -> Buffer | None:
    """Overwrite what lies behind the kept region along one axis after another; the subchunks inside are not decoded."""
    spec = chain.spec
    fill = spec.prototype.nd_buffer.create(shape=(), dtype=chain.dtype, fill_value=spec.fill_value)
    encoded: Buffer | None = stored
    for axis, (inside, length) in enumerate(zip(kept, spec.shape, strict=True)):
        if inside.stop < length and encoded is not None:
            outside = (*kept[:axis], slice(inside.stop, length, 1), *chain.everything[axis + 1 :])
            encoded = await merge(chain, encoded, fill, outside)
    return encoded
