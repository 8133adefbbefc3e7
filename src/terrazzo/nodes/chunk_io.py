"""What one handle of an array has prepared to read and write chunks: everything that does not change per chunk."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from terrazzo.abc.codec import is_inline_codec
from terrazzo.buffer.base import BufferPrototype, NDBuffer
from terrazzo.errors import BaseZarrError, add_context
from terrazzo.grid import ChunkGrid
from terrazzo.indexing import ChunkProjection, Indexer
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.foreign_pipeline import ForeignPipeline
from terrazzo.pipeline.cache import cache_for
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.read import Job, ReadRequest, read_chunks
from terrazzo.pipeline.write import WriteRequest, forget_chunk, write_chunks
from terrazzo.spec import ArrayConfig
from terrazzo.storage import StorePath
from terrazzo.types import ChunkCoords

__all__ = ["ChunkIO"]

PREPARED_AT_MOST = 4096
"""Chunk shapes that chains are kept for. Each takes 1.5 KiB, and as long to prepare as a small chunk to read."""


class ChunkIO:
    """Reads and writes the chunks of one array, as its metadata were at one moment.

    Attributes
    ----------
    grid
        How the array is cut.
    prefix
        What the keys of all chunks start with.
    is_inline
        Whether no codec needs an event loop.
    where
        The array, for messages.
    foreign
        What reads and writes chunks instead, where the settings name another pipeline.
    """

    def __init__(
        self, metadata: ArrayMetadata, place: StorePath, config: ArrayConfig, foreign: ForeignPipeline | None = None
    ) -> None:
        self.metadata = metadata
        self.grid: ChunkGrid = metadata.chunk_grid.grid_for(metadata.shape)
        self.prefix = place.prefix
        self._store = place.store
        self.where = f"array {str(place)!r}"
        self._config = config
        self._uniform = self.grid.uniform_shape
        self.foreign = foreign
        self.is_inline = foreign is None and all(map(is_inline_codec, metadata.chain))
        self._chains: dict[tuple[tuple[int, ...], BufferPrototype], PreparedChain] = {}

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Numpy data type of the elements, of an array that can be read and written here."""
        self.check_usable()
        dtype: np.dtype[Any] = self.metadata.data_type.to_native_dtype()
        return dtype

    def check_usable(self) -> None:
        """Check that chunks can be read and written here, before anything is done to them.

        Raises
        ------
        UnknownCodecError
            A codec or the data type has no implementation, or needs a package that is not installed.
        """
        try:
            self.metadata.check_usable()
        except BaseZarrError as error:
            key = self.prefix + self.metadata.document_key
            note = f"while preparing to read or write {self.where}, document {key!r}"
            add_context(error, note, store=self._store, key=key)
            raise

    def chain_for(self, shape: tuple[int, ...], prototype: BufferPrototype) -> PreparedChain:
        """The codec chain, prepared for chunks of one shape."""
        key = shape, prototype
        chain = self._chains.get(key)
        if chain is None:
            self.check_usable()
            if len(self._chains) >= PREPARED_AT_MOST:
                self._chains.clear()
            spec = self.metadata.get_chunk_spec(shape, self._config, prototype)
            chain = self._chains[key] = PreparedChain(self.metadata.chain, spec)
        return chain

    def key_of(self, coords: ChunkCoords) -> str:
        """The key of a chunk in the store."""
        return self.prefix + self.metadata.encode_chunk_key(coords)

    def jobs(self, indexer: Indexer, prototype: BufferPrototype) -> tuple[Iterator[Job], PreparedChain | None]:
        """One job per chunk; and the chain of all of them, or of a typical one."""
        indices = getattr(indexer, "chunk_indices", None)
        if indices is None:
            return self._jobs_one_by_one(indexer, prototype)
        if indexer.count == 1:  # type: ignore[attr-defined] # whatever has `chunk_indices` has it
            (one,) = indexer
            chain = self.chain_for(self._uniform or self.grid.shape_of(one.chunk_coords), prototype)
            return iter(((self.key_of(one.chunk_coords), chain, one),)), chain
        encoded = self.metadata.chunk_key_encoding.encode_product(indices)
        keys = map(self.prefix.__add__, encoded) if self.prefix else encoded
        if self._uniform is not None:
            chain = self.chain_for(self._uniform, prototype)
            return zip(keys, itertools.repeat(chain), indexer), chain  # made in C
        if not all(map(len, indices)):
            return iter(()), None
        axes = zip(self.grid.dimensions, indices, strict=True)
        sizes = [axis.sizes_along(chunks) for axis, chunks in axes]
        chains = map(self.chain_for, itertools.product(*sizes), itertools.repeat(prototype))
        typical = self.chain_for(tuple(along[len(along) // 2] for along in sizes), prototype)
        return zip(keys, chains, indexer), typical  # noqa: B905 - all of one length

    def elements(self, value: NDBuffer, prototype: BufferPrototype) -> NDBuffer:
        """What is to be written, checked where elements are objects of Python.

        Raises
        ------
        TypeError
            An element is of another kind.
        """
        if not self.dtype.hasobject:
            return value
        return prototype.nd_buffer.from_numpy_array(self.metadata.data_type.as_elements(value.as_numpy_array()))

    def _jobs_one_by_one(
        self, indexer: Indexer, prototype: BufferPrototype
    ) -> tuple[Iterator[Job], PreparedChain | None]:
        """Jobs for chunks that are no product of chunks along each axis."""
        grid, key_of = self.grid, self.key_of
        if self._uniform is not None:
            chain = self.chain_for(self._uniform, prototype)
            return ((key_of(one[0]), chain, ChunkProjection(*one)) for one in indexer), chain
        if not grid.get_nchunks():
            return iter(()), None
        typical = self.chain_for(grid.shape_of(tuple(count // 2 for count in grid.grid_shape)), prototype)
        return (
            (key_of(one[0]), self.chain_for(grid.shape_of(one[0]), prototype), ChunkProjection(*one)) for one in indexer
        ), typical

    def count(self, indexer: Indexer) -> int:
        """Number of chunks at most; indexers of others need not know."""
        count: int | None = getattr(indexer, "count", None)
        return self.grid.get_nchunks() if count is None else count

    async def read(self, indexer: Indexer, out: NDBuffer, prototype: BufferPrototype) -> None:
        """Read a selection into `out`."""
        jobs, chain = self.jobs(indexer, prototype)
        if self.foreign is not None:
            await self.foreign.read(jobs, out, indexer.drop_axes)
            return
        await self.read_jobs(jobs, chain, self.count(indexer), out, indexer.drop_axes)

    def read_jobs(
        self,
        jobs: Iterable[Job],
        chain: PreparedChain | None,
        count: int,
        out: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> Awaitable[None]:
        """Read what jobs say into `out`, when awaited.

        Parameters
        ----------
        chain
            Of a typical one.
        count
            Number of jobs.
        drop_axes
            Axes of length 1 that `out` does not have.
        """
        cache = None if chain is None else cache_for(chain.spec)
        request = ReadRequest(self._store, out, self.where, drop_axes, cache=cache)
        item_ns = request.chunk_ns(chain, count) if chain and count > 1 else 0.0  # one chunk is not shared
        return read_chunks(request, jobs, count, item_ns)

    async def write(
        self, indexer: Indexer, value: NDBuffer, prototype: BufferPrototype, field: str | None = None
    ) -> None:
        """Write a selection from `value`.

        Parameters
        ----------
        field
            What to write of a structured data type; the other fields stay.
        """
        jobs, chain = self.jobs(indexer, prototype)
        request = self.write_request(indexer, value, prototype, field)
        if self.foreign is not None and field is None and request.value is not None:  # no pipeline is told of fields
            listed = list(jobs)
            try:
                await self.foreign.write(listed, request.value, indexer.drop_axes)
            finally:
                for job in listed:
                    forget_chunk(self._store, job[0], job[1])
            return
        count = self.count(indexer)
        await write_chunks(request, jobs, count, request.chunk_ns(chain) if chain and count > 1 else 0.0)

    def write_request(
        self, indexer: Indexer, value: NDBuffer, prototype: BufferPrototype, field: str | None = None
    ) -> WriteRequest:
        """What the jobs of one write share; the parameters are those of ``write``."""
        if field is None:
            value = self.elements(value, prototype)
        return WriteRequest(self._store, value, self.where, indexer.drop_axes, field)

    async def write_own(self, jobs: Sequence[Job], outcomes: dict[Any, Exception | None]) -> None:
        """Write jobs that each have their own elements, or a patch, in the place of where they are in a value.

        Parameters
        ----------
        outcomes
            Collects what became of each key: None, or its error. When the store fails, its error is raised instead.
        """
        request = WriteRequest(self._store, None, self.where, outcomes=outcomes)
        await write_chunks(request, jobs, len(jobs), max((request.chunk_ns(job[1]) for job in jobs), default=0.0))
