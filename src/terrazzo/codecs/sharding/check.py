"""Checking stored shards: the index, and every subchunk alone, so that one that is damaged does not hide others."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from terrazzo.abc.byte_range import ByteRequest, RangeByteRequest, resolve
from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.codecs.sharding.index import ShardIndex
from terrazzo.codecs.sharding.layout import ShardLayout, name_subchunk
from terrazzo.codecs.sharding.reader import AT_ONCE, ATTEMPTS, PIECE_BYTES, fetch_index
from terrazzo.errors import ShardIndexError
from terrazzo.pipeline.check import Found, check_data, check_value
from terrazzo.runtime import share, useful_width
from terrazzo.settings import current_options

__all__ = ["check"]


class BufferValue(Value):
    """Bytes that have been read, as a value."""

    __slots__ = ("_data", "size")

    is_pinned = True

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self.size = len(data)

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer:
        start, end = resolve(byte_range, self.size or 0)
        return self._data[start:end]


async def check(layout: ShardLayout, value: Value, found: Found) -> int | None:
    """Check a stored shard, and return its bytes; None when there is none.

    A shard that is small is read at once, of a large one several subchunks at a time. Where it is replaced meanwhile
    it is checked again.
    """
    if layout.chain.size * layout.count <= AT_ONCE and not isinstance(value, BufferValue):
        whole = await value.get(layout.spec.prototype)
        if whole is None:
            return None
        value = BufferValue(whole)
    for _ in range(ATTEMPTS):
        version = await value.version()
        errors: list[Exception] = []
        size = await _check_once(layout, value, errors.append)
        if not errors or value.is_pinned or version == await value.version():
            break
    for error in errors:
        found(error)
    return size


async def _check_once(layout: ShardLayout, value: Value, found: Found) -> int | None:
    size = value.size if value.size is not None else await value.ask_size()
    try:
        index = await fetch_index(layout, value)
        if index is None:
            return None
        index.check(layout.counts, size)
    except ShardIndexError as error:
        found(error)
        return size
    _find_overlaps(layout, index, size, found)
    fetches = list(_pieces(index))
    if fetches:
        ns = layout.chain.decode_ns * int(index.present.sum()) / len(fetches)
        width = useful_width(len(fetches), ns, current_options().concurrency)
        await share(partial(_check_pieces, layout, value, index, found), fetches, width)
    return size


def _find_overlaps(layout: ShardLayout, index: ShardIndex, size: int | None, found: Found) -> None:
    """Report subchunks that share some of their bytes, or have some of the index. Those that share all of them may."""
    entries = np.flatnonzero(index.present & (index.lengths > 0))
    order = entries[np.lexsort((index.lengths[entries], index.offsets[entries]))]
    starts = index.offsets[order]
    ends = starts + index.lengths[order]
    reach = np.maximum.accumulate(ends)
    shared = starts[1:] < reach[:-1]
    shared &= (starts[1:] != starts[:-1]) | (ends[1:] != ends[:-1])
    for position in np.flatnonzero(shared) + 1:
        before = int(order[np.argmax(ends[:position])])
        _report(layout, index, int(order[position]), f"overlaps that of subchunk {layout.coords_of(before)}", found)
    if size is None:
        return
    first, last = (0, layout.index_size) if layout.index_at_start else (size - layout.index_size, size)
    for entry in order[(starts < last) & (ends > first)]:
        _report(layout, index, int(entry), "overlaps the index itself", found)


def _report(layout: ShardLayout, index: ShardIndex, entry: int, problem: str, found: Found) -> None:
    coords = layout.coords_of(entry)
    offset, length = index.words[entry].tolist()
    error = ShardIndexError(
        f"entry {entry} of the shard index, for subchunk {coords}, {problem}: offset {offset}, {length} bytes",
        stage="index",
        inner_coords=coords,
    )
    error.entry = entry
    found(error)


def _pieces(index: ShardIndex) -> Iterator[list[int]]:
    """Entries that are read together: those that follow one another, up to some size."""
    entries = np.flatnonzero(index.present)
    order = entries[np.argsort(index.offsets[entries], kind="stable")]
    group: list[int] = []
    start = end = 0
    for entry in order.tolist():
        offset, length = index.words[entry].tolist()
        if group and (offset > end or offset + length - start > PIECE_BYTES):
            yield group
            group = []
        if not group:
            start = end = offset
        group.append(entry)
        end = max(end, offset + length)
    if group:
        yield group


async def _check_pieces(
    layout: ShardLayout, value: Value, index: ShardIndex, found: Found, pieces: Iterator[list[int]]
) -> None:
    for entries in pieces:
        words = index.words[entries]
        start, end = int(words[0, 0]), int((words[:, 0] + words[:, 1]).max())
        data = await value.get(layout.spec.prototype, RangeByteRequest(start, end))
        for entry, (offset, length) in zip(entries, words.tolist(), strict=True):
            part = None if data is None else data[offset - start : offset - start + length]
            if part is None or len(part) < length:
                job = (entry, offset, offset + length, None)
                found(layout.outside([job], start + (0 if data is None else len(data)), value.size))
                continue
            await _check_subchunk(layout, entry, part, found)


async def _check_subchunk(layout: ShardLayout, entry: int, data: Buffer, found: Found) -> None:
    """Check one subchunk, which may be a shard itself."""

    def named(error: Exception) -> None:
        name_subchunk(error, layout, entry, "checking")
        found(error)

    if layout.chain.reads_parts:
        await check_value(layout.chain, BufferValue(data), named)
    else:
        await check_data(layout.chain, data, named)
