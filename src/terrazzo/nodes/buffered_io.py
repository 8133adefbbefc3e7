"""What a buffered writer has where an array has `ChunkIO`: it collects what is written, and stores each object once.

All calls of one writer, on whatever thread or event loop, take turns.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.buffer.base import BufferPrototype, NDBuffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import UnwrittenError, quote
from terrazzo.grid import ChunkGrid
from terrazzo.indexing import ChunkProjection, Indexer
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.pipeline.held import Held, HeldObjects, room_for
from terrazzo.pipeline.read import Job
from terrazzo.runtime import KeyedLocks, compute

if TYPE_CHECKING:
    from terrazzo.nodes.async_array import AsyncArray

__all__ = ["BufferedIO"]

DEFAULT_BYTES = 512 << 20
"""Bytes that are held at most, unless one stored object takes more."""

COPY_NS = 0.3
"""Nanoseconds to copy a byte of what is assigned."""

NAMED_AT_MOST = 10
"""Stored objects that a message names."""

Regions = dict[str, tuple[slice, ...]]


class BufferedIO:
    """Reads and writes the chunks of one array as `ChunkIO` does, but holds what is written.

    Attributes
    ----------
    max_bytes
        Bytes that are held at most; None for ``DEFAULT_BYTES``, or one stored object where that takes more.
    is_open
        Whether it takes what is written.
    lost
        What it has not stored when it was closed.
    """

    def __init__(self, array: AsyncArray[Any], max_bytes: int | None) -> None:
        self.array = array
        self._held = HeldObjects()
        self._locks = KeyedLocks()
        self.is_open = False
        self.lost: Regions = {}
        if max_bytes is not None and (isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 0):
            raise ValueError(f"max_bytes is {quote(max_bytes)}, expected a number of bytes or None")
        self.max_bytes = max_bytes
        uniform = self.grid.uniform_shape
        if uniform is not None:
            self._check_room(math.prod(uniform) * (self.dtype.itemsize + 1))

    def _check_room(self, room: int) -> None:
        """Refuse what cannot be held."""
        if self.max_bytes is not None and room > self.max_bytes:
            raise ValueError(
                f"max_bytes is {self.max_bytes}, and one stored object of {self.array._io.where} takes {room} bytes: "
                "its elements, and a byte for each that says whether it was assigned"
            )

    # -- what `AsyncElements` asks for

    @property
    def metadata(self) -> ArrayMetadata:
        return self.array._io.metadata

    @property
    def grid(self) -> ChunkGrid:
        return self.array._io.grid

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array._io.dtype

    @property
    def is_inline(self) -> bool:
        return self.array._io.is_inline

    async def read(self, indexer: Indexer, out: NDBuffer, prototype: BufferPrototype) -> None:
        """Read a selection into `out`: what is held, and what is stored of the rest."""
        async with self._locks(None):
            self._check_open()
            io = self.array._io
            jobs, chain = io.jobs(indexer, prototype)
            here: list[Job] = []
            await io.read_jobs(self._not_held(jobs, here), chain, io.count(indexer), out, indexer.drop_axes)
            for job in here:
                await self._read_held(io, job, out, indexer.drop_axes)

    def _not_held(self, jobs: Iterable[Job], here: list[Job]) -> Iterator[Job]:
        for job in jobs:
            if job[0] in self._held.by_key:
                here.append(job)
            else:
                yield job

    async def _read_held(self, io: ChunkIO, job: Job, out: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        """Read what is held of a chunk, and below it what is stored."""
        key, chain, (coords, chunk_selection, out_selection, is_complete) = job
        part = self._held.by_key[key].patch[chunk_selection]
        if drop_axes:
            part = part.reshape(tuple(n for axis, n in enumerate(part.shape) if axis not in drop_axes))
        if not part.is_complete:
            # Whether an absent chunk is an error is not asked: the chunk is about to be stored.
            below = ChunkIO(io.metadata, self.array.store_path, replace(self.array.config, read_missing_chunks=True))
            prototype = numpy_buffer_prototype()  # where the patch is
            aside = prototype.nd_buffer.empty(part.shape, io.dtype)
            everything = tuple(slice(0, length, 1) for length in part.shape)
            one = ChunkProjection(coords, chunk_selection, everything, is_complete)
            lenient = below.chain_for(chain.spec.shape, prototype)
            await below.read_jobs([(key, lenient, one)], lenient, 1, aside, drop_axes)
            part.put_into(aside)
            out[out_selection] = aside
        else:
            out[out_selection] = part.values

    async def write(
        self, indexer: Indexer, value: NDBuffer, prototype: BufferPrototype, field: str | None = None
    ) -> None:
        """Hold a copy of what is written to a selection; store other objects where there is no room."""
        async with self._locks(None):
            self._check_open()
            io = self.array._io
            request = io.write_request(indexer, value, prototype, field)
            jobs, _ = io.jobs(indexer, numpy_buffer_prototype())
            held = self._held
            for key, chain, (coords, chunk_selection, out_selection, _) in jobs:
                if key not in held.by_key:
                    await self._make_room(io, room_for(chain))
                part = request.part_of(out_selection)

                async def copy() -> None:
                    held.write(key, chain, coords, chunk_selection, part, field)  # noqa: B023 - awaited at once

                await compute(copy(), math.prod(part.shape) * io.dtype.itemsize * COPY_NS)
                await self._make_room(io, 0)  # for elements that are objects of any size

    # -- storing

    async def flush(self) -> None:
        """Store everything that is held."""
        async with self._locks(None):
            self._check_open()
            await self._store(list(self._held.by_key))

    async def _make_room(self, io: ChunkIO, room: int) -> None:
        """Store what is whole, and where that is not enough what was not written to for longest."""
        held = self._held
        self._check_room(room)
        most = DEFAULT_BYTES if self.max_bytes is None else self.max_bytes
        if held.total + room <= most:
            return
        whole = [key for key, one in held.by_key.items() if one.fills(_inside(io.grid, one))]
        if whole:
            await self._store(whole)
        while held.by_key and held.total + room > most:
            await self._store([next(iter(held.by_key))])

    async def _store(self, keys: list[str]) -> None:
        """Write some objects, each whole or not at all, and hold those no more that are written.

        Raises
        ------
        UnwrittenError
            Some could not be written; they are still held.
        """
        io, held = self.array._io, self._held
        jobs: list[Job] = []
        outcomes: dict[Any, Exception | None] = {}
        for key in keys:
            one = held.by_key[key]
            if not io.grid.contains(one.coords):
                held.drop([key])  # the array was made smaller
            elif io.grid.shape_of(one.coords) != one.patch.shape:
                outcomes[key] = ValueError(f"the chunk {one.coords} was cut in another way while it was written to")
            elif (job := _job(io, key, one)) is not None:
                jobs.append(job)
            else:
                held.drop([key])
        failure: Exception | None = None
        try:
            await io.write_own(jobs, outcomes)
        except Exception as error:  # noqa: BLE001 - raised below
            failure = error
        finally:
            held.drop([key for key, error in outcomes.items() if error is None])
        errors = [error for error in (failure, *outcomes.values()) if error is not None]
        if errors:
            self._raise(errors, [key for key in keys if key in held.by_key])

    def _raise(self, errors: list[Exception], keys: list[str]) -> None:
        regions = {key: region for key, region in self.unwritten().items() if key in keys}
        error = UnwrittenError(
            f"{self.describe(regions)}: {errors[0]}",
            keys=tuple(regions),
            regions=tuple(regions.values()),
            store=str(self.array.store),
            key=next(iter(regions), None),
        )
        for other in errors[1:NAMED_AT_MOST]:
            error.add_note(f"also: {type(other).__name__}: {other}")
        raise error from errors[0]

    def unwritten(self) -> Regions:
        """For each object that is held, the smallest region of the array with everything that is new."""
        grid = self.array._io.grid
        held = list(self._held.by_key.items())
        return {key: _region(grid, one) for key, one in held} if self.is_open else self.lost

    def describe(self, regions: Regions) -> str:
        """What has not been written."""
        named = [f"{key!r} {_as_text(region)}" for key, region in itertools.islice(regions.items(), NAMED_AT_MOST)]
        more = f" and {len(regions) - NAMED_AT_MOST} more" if len(regions) > NAMED_AT_MOST else ""
        objects = "object" if len(regions) == 1 else "objects"
        where = self.array._io.where
        return (
            f"what was assigned in {len(regions)} stored {objects} of {where} is not written: {', '.join(named)}{more}"
        )

    # -- life

    def open(self) -> None:
        """Take what is written from now on."""
        if self.is_open:
            raise ValueError(f"the buffered writer of {self.array._io.where} is open already")
        self.lost = {}
        self.is_open = True

    async def close(self, *, stores: bool) -> None:
        """Store what is held, or not; then hold nothing any more, and know what is lost."""
        async with self._locks(None):
            try:
                if stores:
                    await self._store(list(self._held.by_key))
            finally:
                self.lost = self.unwritten()
                self.is_open = False
                self._held = HeldObjects()

    def note(self, error: BaseException) -> None:
        """Say of an error what is not written because of it."""
        regions = self.unwritten()
        if regions and not isinstance(error, UnwrittenError):
            error.add_note(self.describe(regions))

    def _check_open(self) -> None:
        if not self.is_open:
            raise ValueError(f"the buffered writer of {self.array._io.where} is not open: it works in a `with` block")


def _inside(grid: ChunkGrid, held: Held) -> tuple[slice, ...]:
    """What of a chunk lies in the array."""
    if not grid.contains(held.coords):
        return (slice(0, 0),) * grid.ndim
    return tuple(slice(0, part.stop - part.start, 1) for part in grid.region_of(held.coords))


def _job(io: ChunkIO, key: str, held: Held) -> Job | None:
    """What to do to store an object; None when nothing is new in it."""
    inside = _inside(io.grid, held)
    chain = io.chain_for(held.patch.shape, numpy_buffer_prototype())
    if held.fills(inside):
        return key, chain, ChunkProjection(held.coords, inside, (held.patch.values[inside],), True)
    if chain is not held.chain:  # the array has changed, and may have been made smaller
        held.patch.forget_outside(inside)
        if held.patch.is_empty:
            return None
    return key, chain, ChunkProjection(held.coords, chain.everything, (held.patch,), False)


def _region(grid: ChunkGrid, held: Held) -> tuple[slice, ...]:
    starts = [axis.start_of(chunk) for axis, chunk in zip(grid.dimensions, held.coords, strict=True)]
    return tuple(
        slice(start + part.start, start + part.stop, 1) for start, part in zip(starts, held.patch.bounds(), strict=True)
    )


def _as_text(region: Iterable[slice]) -> str:
    return f"[{', '.join(f'{part.start}:{part.stop}' for part in region) or '()'}]"
