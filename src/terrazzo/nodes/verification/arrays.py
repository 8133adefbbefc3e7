"""Verifying the chunks of arrays: which of them are stored is found by listing, and each is decoded.

Several arrays are listed at a time, and the chunks of all of them are checked together, so that it does not matter
whether there are many arrays or many chunks. Those of an array that has very many are checked as they are listed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.nodes.copies import COPIES_V2
from terrazzo.nodes.locate import DOCUMENT, JOURNAL, V2_DOCUMENTS
from terrazzo.nodes.stored import stored_keys
from terrazzo.nodes.verification.findings import Collector, Finding
from terrazzo.pipeline.check import check_data, check_value
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import map_concurrent, share, useful_width
from terrazzo.settings import current_options
from terrazzo.storage import StorePath
from terrazzo.types import ChunkCoords

__all__ = ["AT_WORK", "DOCUMENTS", "check_arrays"]

DOCUMENTS = (DOCUMENT, *V2_DOCUMENTS, COPIES_V2)
AT_WORK = "a copy is at work here, or was interrupted"
KEYS_AT_ONCE = 1024
"""Keys of an array that are listed before chunks are checked."""
ARRAYS_AT_ONCE = 256
"""Arrays that are listed at the same time."""


class _Array:
    """An array that is being verified."""

    def __init__(self, place: StorePath, metadata: ArrayMetadata) -> None:
        self.place = place
        self.metadata = metadata
        self.io: ChunkIO = AsyncArray(metadata, place)._io

    def chain_for(self, coords: ChunkCoords) -> PreparedChain:
        """The codecs of a chunk."""
        return self.io.chain_for(self.io.grid.shape_of(coords), numpy_buffer_prototype())


@dataclass(slots=True)
class _Keys:
    """Some keys of an array: chunks that are to be checked, and what there is to note about others."""

    chunks: list[tuple[_Array, ChunkCoords, str]] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    are_all: bool = False


async def check_arrays(
    found: Collector, arrays: Sequence[tuple[StorePath, ArrayMetadata]]
) -> list[tuple[StorePath, str]]:
    """Check the stored chunks of several arrays.

    Returns
    -------
    list
        Where there are documents of format 2 beside an array of format 3, and their names.
    """
    usable = [array for place, metadata in arrays if (array := _usable(found, place, metadata)) is not None]
    beside: list[tuple[StorePath, str]] = []

    async def first_keys(array: _Array) -> _Keys:
        async with aclosing(_list(found, array)) as listing:
            async for keys in listing:
                return keys
        return _Keys(are_all=True)

    listed = await map_concurrent(first_keys, usable, concurrency=ARRAYS_AT_ONCE)
    small = [keys for keys in listed if keys.are_all]
    for array, keys in zip(usable, listed, strict=True):
        if keys.are_all:
            _take(found, array, keys, beside)
    await _check_chunks(found, [chunk for keys in small for chunk in keys.chunks])
    for array, keys in zip(usable, listed, strict=True):
        if not keys.are_all:
            async with aclosing(_list(found, array)) as listing:
                async for some in listing:
                    _take(found, array, some, beside)
                    await _check_chunks(found, some.chunks)
    return beside


def _usable(found: Collector, place: StorePath, metadata: ArrayMetadata) -> _Array | None:
    try:
        array = _Array(place, metadata)
        array.io.check_usable()
    except Exception as error:  # noqa: BLE001 - a codec of others may raise anything
        found.fail(error, place.prefix + metadata.document_key, place)
        return None
    return array


def _take(found: Collector, array: _Array, keys: _Keys, beside: list[tuple[StorePath, str]]) -> None:
    found.findings += keys.notes
    if array.metadata.zarr_format == 3:
        beside += [(array.place, name) for name in keys.documents if name in (".zarray", ".zgroup")]


async def _list(found: Collector, array: _Array) -> AsyncGenerator[_Keys, None]:
    """The keys below an array, some at a time."""
    place, grid = array.place, array.io.grid
    keys = _Keys()
    try:
        async for coords, key in stored_keys(array.io, place):
            if coords is not None and grid.contains(coords):
                keys.chunks.append((array, coords, key))
            elif coords is not None:
                reason = f"outside the shape of the array, {array.metadata.shape}"
                keys.notes.append(Finding("orphan", key, place.path, reason, chunk=coords))
            elif (name := key.removeprefix(place.prefix)) in DOCUMENTS:
                keys.documents.append(name)
            else:
                reason = AT_WORK if name == JOURNAL else "neither a chunk of the array nor a document"
                keys.notes.append(Finding("foreign", key, place.path, reason))
            if len(keys.chunks) + len(keys.notes) == KEYS_AT_ONCE:
                yield keys
                keys = _Keys()
    except Exception as error:  # noqa: BLE001 - the store may raise anything, and other arrays are checked nevertheless
        found.fail(error, place.prefix, place)
    keys.are_all = True
    yield keys


async def _check_chunks(found: Collector, chunks: Sequence[tuple[_Array, ChunkCoords, str]]) -> None:
    """Check chunks, as many at a time as are read at a time."""
    found.chunks.total += len(chunks)
    ns = [chain.decode_ns for chain in _chains_of(chunks)]

    async def work(some: Iterator[tuple[_Array, ChunkCoords, str]]) -> None:
        for array, coords, key in some:
            await _check_one(found, array, coords, key)

    if chunks:
        mean = sum(ns) / len(ns) if ns else 0.0
        await share(work, chunks, useful_width(len(chunks), mean, current_options().concurrency))


def _chains_of(chunks: Iterable[tuple[_Array, ChunkCoords, str]]) -> Iterator[PreparedChain]:
    """The chain of one chunk of every array."""
    typical = {id(array): (array, coords) for array, coords, _ in chunks}
    for array, coords in typical.values():
        try:
            yield array.chain_for(coords)
        except Exception:  # noqa: BLE001, S112 - said of every chunk
            continue


async def _check_one(found: Collector, array: _Array, coords: ChunkCoords, key: str) -> None:
    def fail(error: Exception) -> None:
        stage, inner = getattr(error, "stage", ""), getattr(error, "inner_coords", None)
        found.fail(error, key, array.place, codec=stage, chunk=coords, subchunk=inner)

    try:
        size = await _check_stored(array, array.chain_for(coords), key, fail)
    except Exception as error:  # noqa: BLE001 - the store may raise anything
        fail(error)
        size = 0
    if size is not None:  # else it was deleted after it was listed
        found.nbytes.add(size)
        found.chunks.add(1)


async def _check_stored(array: _Array, chain: PreparedChain, key: str, fail: Callable[[Exception], None]) -> int | None:
    store = array.place.store
    if chain.reads_parts:
        async with store.open_value(key) as value:
            return await check_value(chain, value, fail)
    data = await store.get(key, chain.spec.prototype)
    if data is None:
        return None
    await check_data(chain, data, fail)
    return len(data)
