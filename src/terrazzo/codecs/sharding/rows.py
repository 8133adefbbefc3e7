"""Whole shards whose subchunks are rows of memory: laid out one after another, and coded without a step in between.

The elements of a shard lie in the array row by row of the array; those of a subchunk lie together. One strided copy
brings them from one order into the other: all of them where subchunks are stored as they are and in order, and else a
band of subchunks at a time, small enough to stay in the cache between its decoding and its copy. An `NDBuffer` copies
them: it knows how structs are copied fast.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.buffer.cpu import NDBuffer
from terrazzo.codecs.sharding.index import ABSENT, ShardIndex
from terrazzo.codecs.sharding.layout import ShardLayout, name_subchunk
from terrazzo.codecs.sharding.order import SubchunkWriteOrder, in_order, write_sequence
from terrazzo.pipeline.rows import Rows
from terrazzo.runtime import Scratch, share, useful_width
from terrazzo.settings import current_options
from terrazzo.types import BytesLike

__all__ = ["encode_rows", "lay_out", "place_rows"]

BAND_BYTES = 1 << 19
"""Bytes of a band: half of what the cache of a core holds."""

Array: TypeAlias = npt.NDArray[Any]
Band: TypeAlias = tuple[int, Array]
"""Position of the first subchunk in C order, and the elements of all of them, a row each."""


def bands(layout: ShardLayout, rows: Rows, shard: Array) -> tuple[Iterator[Band], int, int]:
    """Cut a shard into bands of subchunks that follow one another in C order.

    Returns
    -------
    iterator of bands, their number, and the subchunks in each
    """
    counts, ndim = layout.counts, len(layout.counts)
    split = [length for pair in zip(counts, layout.subchunk, strict=True) for length in pair]
    inner = [2 * axis + 1 for axis in rows.axes]
    cells = shard.reshape(split).transpose([*range(0, 2 * ndim, 2), *inner])
    leading = ndim
    while leading and math.prod(counts[leading - 1 :]) * rows.size <= BAND_BYTES:
        leading -= 1
    size = math.prod(counts[leading:])
    places = itertools.product(*map(range, counts[:leading]))
    found = ((number * size, cells[place] if place else cells) for number, place in enumerate(places))
    return found, math.prod(counts[:leading]), size


# -- reading


async def place_rows(layout: ShardLayout, rows: Rows, data: BytesLike, index: ShardIndex, shard: Array) -> None:
    """Decode a whole shard into an array of its shape."""
    if rows.is_raw and _place_in_order(layout, rows, data, index, shard):
        return
    found, count, size = bands(layout, rows, shard)
    # Several threads take turns at the interpreter lock: what counts is how long one subchunk is decoded without it.
    ns = layout.chain.decode_ns * (size if rows.many else 1)
    width = useful_width(count, ns, current_options().concurrency)
    await share(partial(_place_bands, layout, rows, memoryview(data).cast("B"), index, size), found, width)


def _place_in_order(layout: ShardLayout, rows: Rows, data: BytesLike, index: ShardIndex, shard: Array) -> bool:
    """Copy a shard whose subchunks are all there, as they lie in memory, and in an order that is an order of axes."""
    orders: tuple[SubchunkWriteOrder, ...] = (layout.order, "lexicographic", "colexicographic")
    for order in orders:
        if np.array_equal(index.words, full_index(layout, rows, order)):
            view = in_order(shard, layout.counts, layout.subchunk, order, rows.axes)
            if view is not None:
                stored = np.frombuffer(data, dtype=np.uint8, count=layout.count * rows.size, offset=layout.data_start)
                NDBuffer(view)[...] = stored.view(rows.dtype).reshape(view.shape)
                return True
    return False


def full_index(layout: ShardLayout, rows: Rows, order: SubchunkWriteOrder) -> npt.NDArray[np.int64]:
    """The index of a shard whose subchunks are all there and as long as a row."""
    kept = layout.full_indexes.get(order)
    if kept is None:
        sequence = write_sequence(layout.counts, order)
        kept = np.empty((layout.count, 2), dtype=np.int64)
        kept[sequence, 0] = np.arange(layout.count) * rows.size + layout.data_start
        kept[:, 1] = rows.size
        layout.full_indexes[order] = kept
    return kept


async def _place_bands(
    layout: ShardLayout, rows: Rows, data: memoryview, index: ShardIndex, size: int, found: Iterator[Band]
) -> None:
    with Scratch(size * rows.size) as piece:
        for first, cells in found:
            band = _unpack_band(layout, rows, data, index, first, piece)
            NDBuffer(cells)[...] = band.view(rows.dtype).reshape(cells.shape)


def _unpack_band(
    layout: ShardLayout, rows: Rows, data: memoryview, index: ShardIndex, first: int, piece: Array
) -> Array:
    """Decode the subchunks of a band, in `piece` or elsewhere."""
    table = piece.reshape(-1, rows.size)
    spans = index.words[first : first + len(table)]
    there = spans[:, 0] != ABSENT
    is_full = bool(there.all())
    many = rows.unpack_many(data, spans if is_full else spans[there]) if is_full or there.any() else None
    if many is not None:
        unpacked = np.frombuffer(many, dtype=np.uint8)
        if is_full:
            return unpacked
        table[there] = unpacked.reshape(-1, rows.size)
        table[~there] = fill_row(layout, rows)
        return piece
    unpack = rows.unpack
    for position, (row, (start, length)) in enumerate(zip(table, spans.tolist(), strict=True), start=first):
        if start == ABSENT:
            row[...] = fill_row(layout, rows)
            continue
        try:
            unpack(data[start : start + length], row.data)
        except Exception as error:
            name_subchunk(error, layout, position, "reading")
            raise
    return piece


# -- writing


async def lay_out(layout: ShardLayout, rows: Rows, shard: Array) -> Array | None:
    """A shard of rows that are stored as they are, with its index, in new memory.

    Returns
    -------
    array of bytes, or None
        None where the order is none of axes, or where a subchunk is to be left out.
    """
    view = in_order(shard, layout.counts, layout.subchunk, layout.order, rows.axes)
    if view is None:
        return None
    data_size = layout.count * rows.size
    memory = np.empty(data_size + layout.index_size, dtype=np.uint8)
    data = memory[layout.data_start : layout.data_start + data_size]
    NDBuffer(data.view(rows.dtype).reshape(view.shape))[...] = view
    if len(_empty_rows(layout, rows, data.reshape(layout.count, -1))):
        return None
    index = await layout.encode_index(ShardIndex(full_index(layout, rows, layout.order)))
    start = 0 if layout.index_at_start else data_size
    memory[start : start + layout.index_size] = index.as_numpy_array()
    return memory


async def encode_rows(layout: ShardLayout, rows: Rows, shard: Array) -> dict[int, BytesLike | None]:
    """Encode all subchunks of a shard, by their position in C order; None for those that need not be stored."""
    encoded: dict[int, BytesLike | None] = {}
    found, count, size = bands(layout, rows, shard)
    ns = layout.chain.encode_ns * (size if rows.many else 1)
    width = useful_width(count, ns, current_options().concurrency)
    await share(partial(_encode_bands, layout, rows, size, encoded), found, width)
    return encoded


async def _encode_bands(
    layout: ShardLayout, rows: Rows, size: int, encoded: dict[int, BytesLike | None], found: Iterator[Band]
) -> None:
    starts = np.arange(size, dtype=np.int64) * rows.size
    every = np.stack((starts, np.full_like(starts, rows.size)), axis=1)
    with Scratch(size * rows.size) as piece:
        for first, cells in found:
            NDBuffer(piece.view(rows.dtype).reshape(cells.shape))[...] = cells
            empty = _empty_rows(layout, rows, piece.reshape(size, -1))
            encoded.update(dict.fromkeys([first + row for row in empty]))
            spans = np.delete(every, empty, axis=0) if empty else every
            many = rows.pack_many(piece.data, spans) if len(spans) else None
            packed = _pack_one_by_one(layout, rows, piece, first, spans) if many is None else many
            positions = spans[:, 0] // rows.size + first
            encoded.update(zip(positions.tolist(), packed, strict=True))


def _pack_one_by_one(
    layout: ShardLayout, rows: Rows, piece: Array, first: int, spans: npt.NDArray[np.int64]
) -> Iterator[bytes]:
    memory, size = piece.data, rows.size
    for start in spans[:, 0].tolist():
        try:
            packed = rows.pack(memory[start : start + size])
        except Exception as error:
            name_subchunk(error, layout, first + start // size, "writing")
            raise
        yield packed if type(packed) is bytes else bytes(packed)  # it may be the row itself


def fill_row(layout: ShardLayout, rows: Rows) -> Array:
    """A row that holds only the fill value."""
    if layout.fill_row is None:
        row = np.empty(rows.size // rows.dtype.itemsize, dtype=rows.dtype)
        row[...] = layout.spec.fill_value
        layout.fill_row = row.view(np.uint8)
    return layout.fill_row


def _empty_rows(layout: ShardLayout, rows: Rows, memory: Array) -> list[int]:
    """Which rows hold only the fill value, where those are left out."""
    spec = layout.spec
    if spec.config.write_empty_chunks:
        return []
    fill = fill_row(layout, rows)
    item = rows.dtype.itemsize
    # Few rows that are not empty start with the fill value: the others need no second look.
    starts = (memory[:, :item] == fill[:item]).all(axis=1)
    return [row for row in np.flatnonzero(starts).tolist() if _is_fill(memory[row], fill)]


def _is_fill(row: Array, fill: Array) -> bool:
    """Whether a row is the fill value; most that are not differ at the start."""
    head = 1 << 12
    return bool((row[:head] == fill[:head]).all()) and bool((row[head:] == fill[head:]).all())
