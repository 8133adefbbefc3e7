"""Changing the shape of an array, so that no moment of it shows what was never written.

Beyond the shape of an array anything may be stored: the rest of an append that failed, or what was there before the
array shrank. So whatever becomes visible is blanked first, and only then does the new shape become true; whatever is
cut off is deleted after. At every moment between, the array has its old shape with its old data, or its new shape.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.buffer import default_buffer_prototype
from terrazzo.errors import BroadcastError, add_context, quote
from terrazzo.grid import Axis, ChunkGrid
from terrazzo.indexing import BasicIndexer
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.nodes.defaults import parse_shape
from terrazzo.nodes.locate import Seen, save_document
from terrazzo.nodes.stored import stored_chunks
from terrazzo.nodes.values import value_for
from terrazzo.pipeline.write import drop_chunk, trim_chunk
from terrazzo.runtime import map_concurrent
from terrazzo.settings import current_options
from terrazzo.types import ChunkCoords, ShapeLike

if TYPE_CHECKING:
    from terrazzo.nodes.async_array import AsyncArray

__all__ = ["append", "resize"]

PROBED_AT_MOST = 64
"""Chunks that are asked for one by one; with more of them one listing is cheaper."""


async def resize(array: AsyncArray[Any], new_shape: ShapeLike, delete_outside_chunks: bool) -> None:
    """Give an array a new shape."""
    array.store._check_writable()
    shape = parse_shape(new_shape)
    if len(shape) != array.ndim:
        raise ValueError(f"{quote(shape)} has {len(shape)} axes, and an array of {array.ndim} cannot be resized to it")
    async with array.store.lock(array.document_key):
        seen: Seen = {}
        current = await array._stored_metadata(seen)
        changed = current.update_shape(shape)
        ChunkIO(current, array.store_path, array.config).check_usable()
        old = current.shape
        if any(new > length for new, length in zip(shape, old, strict=True)):
            await _blank_outside(array, ChunkIO(changed, array.store_path, array.config), old)
        if shape != old:
            await save_document(array.store_path, changed, seen)
        array._adopt(changed)
        if delete_outside_chunks and any(new < length for new, length in zip(shape, old, strict=True)):
            await _blank_outside(array, ChunkIO(current, array.store_path, array.config), shape)


async def append(array: AsyncArray[Any], data: Any, axis: int) -> tuple[int, ...]:
    """Write `data` behind the end of an axis."""
    array.store._check_writable()
    if not hasattr(data, "shape"):
        data = np.asarray(data, dtype=array.dtype)  # numbers of Python must fit, as when they are assigned
    if not data.shape:
        raise BroadcastError("a single element cannot be appended: it has no axis; append an array of one element")
    if not -array.ndim <= axis < array.ndim:
        raise IndexError(f"an array of {array.ndim} axes cannot be appended to along axis {axis}")
    axis %= array.ndim
    async with array.store.lock(array.document_key):
        seen: Seen = {}
        current = await array._stored_metadata(seen)
        shape = current.shape
        others = [*shape[:axis], *shape[axis + 1 :]]
        if len(data.shape) != len(shape) or [*data.shape[:axis], *data.shape[axis + 1 :]] != others:
            raise ValueError(
                f"the data to append have the shape {tuple(data.shape)}, the array has {shape}: "
                f"every axis but {axis} must have the same length"
            )
        longer = (*shape[:axis], shape[axis] + data.shape[axis], *shape[axis + 1 :])
        changed = current.update_shape(longer)
        io = ChunkIO(changed, array.store_path, array.config)
        where = tuple(slice(shape[axis], None) if position == axis else slice(None) for position in range(len(shape)))
        prototype = default_buffer_prototype()
        indexer = BasicIndexer(where, longer, io.grid)
        await io.write(indexer, value_for(data, indexer.shape, io.dtype, prototype), prototype)
        await save_document(array.store_path, changed, seen)
        array._adopt(changed)
    return longer


async def _blank_outside(array: AsyncArray[Any], io: ChunkIO, kept: tuple[int, ...]) -> None:
    """Make everything that is stored within the grid of `io`, but outside the shape `kept`, the fill value.

    Chunks wholly outside are deleted; of others the part outside is overwritten.
    """
    full = tuple(map(_chunks_within, io.grid.dimensions, kept))
    count = math.prod(io.grid.grid_shape) - math.prod(full)
    chunks: Iterable[tuple[ChunkCoords, str]]
    if count <= PROBED_AT_MOST or not array.store.supports_listing:
        chunks = [(coords, io.key_of(coords)) for coords in _outside(io.grid, full)]
    else:
        chunks = [
            (coords, key)
            async for coords, key in stored_chunks(io, array.store_path)
            if any(chunk >= limit for chunk, limit in zip(coords, full, strict=True))
        ]

    async def blank(item: tuple[ChunkCoords, str]) -> None:
        coords, key = item
        inside = tuple(
            slice(0, max(0, min(region.stop, length) - region.start))
            for region, length in zip(io.grid.region_of(coords), kept, strict=True)
        )
        try:
            chain = io.chain_for(io.grid.shape_of(coords), default_buffer_prototype())
            if any(part.stop == 0 for part in inside):
                await drop_chunk(array.store, key, chain)
            else:
                await trim_chunk(array.store, key, chain, inside)
        except Exception as error:
            add_context(error, f"while resizing array {str(array.store_path)!r}, key {key!r}", key=key)
            raise

    await map_concurrent(blank, chunks, concurrency=current_options().concurrency)


def _chunks_within(axis: Axis, length: int) -> int:
    """How many chunks from the start of an axis end at or before `length`."""
    if length == 0 or axis.count == 0:
        return 0
    last = axis.chunk_at(min(length, axis.length) - 1)
    return last + 1 if axis.start_of(last) + axis.size_of(last) <= length else last


def _outside(grid: ChunkGrid, full: tuple[int, ...]) -> Iterator[ChunkCoords]:
    """Coordinates of the chunks of a grid that are not among the first `full` along every axis."""
    counts = grid.grid_shape
    for axis in range(grid.ndim):
        ranges = [
            *(range(within) for within in full[:axis]),
            range(full[axis], counts[axis]),
            *(range(count) for count in counts[axis + 1 :]),
        ]
        if all(ranges):  # `product` goes through each of them first, however long, even where the result is empty
            yield from itertools.product(*ranges)
