"""Copying the elements of an array, unit by unit: what there is to copy, and doing it."""

from __future__ import annotations

import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import NDBuffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import DataTypeValidationError, add_context
from terrazzo.grid import ChunkGrid
from terrazzo.indexing import BasicIndexer
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.stored import stored_chunks
from terrazzo.nodes.transfer.array import DEFAULT_MEMORY, READ_COPIES, ArrayTransfer, grid_to_read
from terrazzo.pipeline.cache import forget_value
from terrazzo.runtime import operation, run_inline, share, useful_width
from terrazzo.settings import current_options

__all__ = ["WorkItem", "carry", "carry_in_worker", "units_of"]

FEW_CHUNKS = 64
"""Chunks up to which asking for each of them is cheaper than a listing."""

# -- what there is to do


async def pending(transfer: ArrayTransfer) -> AsyncIterator[int]:
    """The numbers of all units that have to be copied, not in order, and some several times.

    Where both stores can list and absent chunks mean the same, these are the units of chunks that are stored on
    either side: what is only declared costs nothing.
    """
    source, target, boxes = transfer.source, transfer.target, transfer.boxes
    lists = source.store.supports_listing and target.store.supports_listing
    few = max(boxes.count, source._io.grid.get_nchunks()) <= FEW_CHUNKS
    if few or not lists or not (transfer.is_raw or _absent_is_absent(transfer)):
        for number in range(boxes.count):
            yield number
        return
    grid = source._io.grid
    async for coords, _ in stored_chunks(source._io, source.store_path):
        if transfer.is_raw:
            yield boxes.number_of(coords)
        else:
            for number in boxes.numbers_over(grid.region_of(coords)):
                yield number
    async for coords, _ in stored_chunks(target._io, target.store_path):
        yield boxes.number_of(coords)  # the rest of something that is gone


def _absent_is_absent(transfer: ArrayTransfer) -> bool:
    """Whether what is not stored need not be in the copy: elements of absent chunks are the same, bit by bit."""
    source, target = transfer.source.metadata, transfer.target.metadata
    spec = target.get_chunk_spec((), transfer.target.config, numpy_buffer_prototype())
    if spec.config.write_empty_chunks:
        return False
    try:
        return bool(_absent_element(source) == _absent_element(target))
    except DataTypeValidationError:  # Zarr v3 does not have the data type
        return False


def _absent_element(metadata: ArrayMetadata) -> tuple[Any, Any]:
    """An element of an absent chunk, by the name of its data type, which says no byte order, and its bits."""
    data_type, value = metadata.data_type, metadata.fill_value
    value = data_type.default_scalar() if value is None else value
    return data_type.to_json(zarr_format=3), data_type.to_json_scalar(value, zarr_format=3)


@operation
async def units_of(transfer: ArrayTransfer) -> list[int]:
    """The numbers of all units that have to be copied, in order."""
    return sorted({number async for number in pending(transfer)})


# -- doing it


@operation
async def carry(
    transfer: ArrayTransfer,
    numbers: Sequence[int],
    max_memory: int | None = None,
    done: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """Copy units.

    Parameters
    ----------
    max_memory
        Bytes to hold at once, at most; as many units are copied at a time.
    done
        Is told the number of each unit that has been copied.
    """
    limit = DEFAULT_MEMORY if max_memory is None else max_memory
    most = max(1, limit // max(1, transfer.unit_bytes))
    copy = _copy_chunk if transfer.is_raw else _copy_box

    async def worker(items: Iterator[int]) -> None:
        for number in items:
            try:
                await copy(transfer, number)
            except Exception as error:
                note = f"while copying array {str(transfer.source.store_path)!r} to {str(transfer.target.store_path)!r}"
                add_context(error, note)
                raise
            if done is not None:
                await done(number)

    width = useful_width(len(numbers), _unit_ns(transfer), current_options().concurrency, _crowded_ns(transfer))
    await share(worker, numbers, min(width, most))


WorkItem: TypeAlias = tuple[int, "ArrayTransfer", tuple[int, ...]]
"""The position of an array among those that are copied, how it is copied, and which of its units."""


def carry_in_worker(item: WorkItem) -> tuple[int, ...]:
    """Copy units, one after another, wherever this is called: on a thread, in a process, on another machine."""
    _, transfer, numbers = item
    run_inline(_carry_slowly(transfer, numbers))
    return numbers


@operation
async def _carry_slowly(transfer: ArrayTransfer, numbers: Sequence[int]) -> None:
    await carry(transfer, numbers, max_memory=1)


def _unit_ns(transfer: ArrayTransfer) -> float:
    """Estimated nanoseconds outside the interpreter lock to copy one unit."""
    size = transfer.unit_bytes / READ_COPIES
    if transfer.is_raw:
        return size * transfer.target.store.set_ns_per_byte
    return math.prod(transfer.box) * sum(_chunk_ns(transfer))


def _chunk_ns(transfer: ArrayTransfer) -> tuple[float, float]:
    """Estimated nanoseconds outside the interpreter lock to decode a chunk of the source, and to encode one."""
    prototype = default_buffer_prototype()
    source, target = (
        array._io.chain_for(array.metadata.chunk_grid.first_chunk_shape, prototype)
        for array in (transfer.source, transfer.target)
    )
    return source.decode_ns, target.encode_ns


def _crowded_ns(transfer: ArrayTransfer) -> float:
    return math.prod(transfer.box) * transfer.target.store.crowded_set_ns


async def _copy_chunk(transfer: ArrayTransfer, number: int) -> None:
    """Copy the bytes of one chunk; where there is none, there is none afterwards."""
    coords = tuple(chunks[0] for chunks in transfer.boxes.chunks_in(number))
    source, target = transfer.source, transfer.target
    old, new = source._io.key_of(coords), target._io.key_of(coords)
    try:
        value = await source.store.get(old, numpy_buffer_prototype())
        async with target.store.lock(new):
            try:
                if value is not None:
                    await target.store.set(new, value)
                elif target.store.supports_deletes:
                    await target.store.delete(new)
            finally:
                forget_value(target.store, new)
    except Exception as error:
        add_context(error, f"while copying chunk {coords}, key {old!r}", key=old, chunk_coords=coords)
        raise


async def _copy_box(transfer: ArrayTransfer, number: int) -> None:
    """Read what is in a box, and write its chunks."""
    source, target = transfer.source, transfer.target
    region = transfer.boxes.region_of(number)
    prototype = default_buffer_prototype()
    shape = tuple(part.stop - part.start for part in region)
    elements = prototype.nd_buffer.empty(shape, source._io.dtype, source.order)
    if transfer.at_once is None:
        await source._io.read(BasicIndexer(region, source.shape, source._io.grid), elements, prototype)
        await _write(transfer, region, elements)
        return

    async def read_part(part: tuple[slice, ...]) -> None:
        indexer = BasicIndexer(part, source.shape, source._io.grid)
        await source._io.read(indexer, elements[_within(part, region)], prototype)

    async def write_part(part: tuple[slice, ...]) -> None:
        await _write(transfer, part, elements[_within(part, region)])

    read_ns, write_ns = _chunk_ns(transfer)
    await _each(read_part, list(_parts_of(region, grid_to_read(source))), transfer.at_once, read_ns)
    await _each(write_part, list(_parts_of(region, target._io.grid)), transfer.at_once, write_ns)


async def _each(
    call: Callable[[tuple[slice, ...]], Awaitable[None]], parts: Sequence[tuple[slice, ...]], most: int, ns: float
) -> None:
    """Await a call for each part, a few at a time."""

    async def worker(items: Iterator[tuple[slice, ...]]) -> None:
        for part in items:
            await call(part)

    await share(worker, parts, min(most, useful_width(len(parts), ns, current_options().concurrency)))


async def _write(transfer: ArrayTransfer, region: tuple[slice, ...], elements: NDBuffer) -> None:
    target = transfer.target
    indexer = BasicIndexer(region, target.shape, target._io.grid)
    if transfer.source._io.dtype == target._io.dtype:
        await target._io.write(indexer, elements, default_buffer_prototype())
    else:
        await target._set_selection(indexer, elements)


def _within(part: Sequence[slice], region: Sequence[slice]) -> tuple[slice, ...]:
    """A region relative to one around it."""
    return tuple(
        slice(inner.start - outer.start, inner.stop - outer.start, 1) for inner, outer in zip(part, region, strict=True)
    )


def _parts_of(region: Sequence[slice], grid: ChunkGrid) -> Iterator[tuple[slice, ...]]:
    """A region in pieces, each in one chunk of a grid."""
    along = []
    for axis, part in zip(grid.dimensions, region, strict=True):
        chunks = range(axis.chunk_at(part.start), axis.chunk_at(part.stop - 1) + 1)
        along.append(
            [
                slice(
                    max(part.start, axis.start_of(chunk)), min(part.stop, axis.start_of(chunk) + axis.held_by(chunk)), 1
                )
                for chunk in chunks
            ]
        )
    return itertools.product(*along)
