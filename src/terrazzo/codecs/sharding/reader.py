"""Reading shards: from the index to the subchunks that are wanted, each decoded where it belongs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from terrazzo.abc.byte_range import RangeByteRequest, SuffixByteRequest
from terrazzo.abc.value import PassingVersion, Value, ValuePart
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.sharding.index import ABSENT, ShardIndex
from terrazzo.codecs.sharding.kept import Job, KeptSubchunks
from terrazzo.codecs.sharding.layout import ShardLayout, name_subchunk
from terrazzo.codecs.sharding.rows import place_rows
from terrazzo.errors import CorruptDataError
from terrazzo.indexing.region import Piece, Region
from terrazzo.pipeline.cache import teller
from terrazzo.pipeline.parts import Parts
from terrazzo.runtime import KeyedLocks, SharedResults, compute, share, useful_width
from terrazzo.settings import current_options

__all__ = ["indexes", "place", "read"]

AT_ONCE = 32 << 20
"""Bytes of the largest shard that is read at once from where parts can be had as cheaply: memory holds it twice."""

PIECE_BYTES = 4 << 20
"""Bytes that are read together from there: more saves nothing, and each thread holds so many."""

ATTEMPTS = 3
"""How often parts of a shard are read that is replaced while they are; after that it is read whole."""

UNSEEN: AbstractContextManager[Callable[[], bool]] = nullcontext(lambda: True)

indexes: SharedResults[ShardIndex | None] = SharedResults(16 << 20, lambda index: 64 if index is None else index.nbytes)
"""Indexes of shards that were read lately, by shard."""


async def place(layout: ShardLayout, shard: Buffer, region: Region, target: NDBuffer) -> None:
    """Decode what is wanted of a whole shard.

    Parameters
    ----------
    target
        Of the shape of the region; filled.
    """
    index = await layout.index_of(shard)
    rows = layout.chain.rows
    if rows is not None and rows.size and region.is_all_of(layout.spec.shape):
        await place_rows(layout, rows, shard.as_buffer_like(), index, target.as_numpy_array())
        return
    positions, parts = region.pieces(layout.grid)
    offsets = index.offsets[positions]
    ends = offsets + index.lengths[positions]
    jobs = zip(positions.tolist(), offsets.tolist(), ends.tolist(), parts)  # noqa: B905 - all of one length
    await place_jobs(layout, shard, jobs, len(positions), target)


async def read(layout: ShardLayout, value: Value, region: Region, target: NDBuffer) -> bool:
    """Read what is wanted of a shard: the index, and then its subchunks, those that lie together at once.

    Returns
    -------
    bool
        Whether there is a shard.
    """
    wanted = _wanted(layout, region)
    kept = KeptSubchunks.of(layout, value) if current_options().cache_max_bytes else None
    if kept is None and len(wanted) == layout.count and not (value.is_pinned and (value.size or 0) > AT_ONCE):
        return await _read_whole(layout, value, region, target)
    for _ in range(ATTEMPTS):
        version = await value.version()
        with _watched(value, version) as is_unwritten:
            left = wanted if kept is None else kept.place(version, wanted, target)
            index = await index_of(layout, value, version) if left else None
            if left and index is None:
                return False
            try:
                if index is not None:
                    await _read_pieces(layout, value, index, left, target, kept)
            except CorruptDataError:
                if value.is_pinned or (is_unwritten() and await _is_still(layout, value, version, index)):
                    raise
            else:
                is_same = not left or value.is_pinned or version is None or version == await value.version()
                if is_same and is_unwritten():
                    return True
    return await _read_whole(layout, value, region, target)  # which nobody can come in between of


async def _read_whole(layout: ShardLayout, value: Value, region: Region, target: NDBuffer) -> bool:
    whole = await value.get(layout.spec.prototype)
    if whole is not None:
        await _computed(layout, place(layout, whole, region, target), layout.count)
    return whole is not None


def _wanted(layout: ShardLayout, region: Region) -> list[tuple[int, Piece]]:
    """Each subchunk that a region touches, with the piece of it."""
    alone = region.only_piece(layout.subchunk, layout.counts)
    if alone is not None:
        return [alone]
    positions, parts = region.pieces(layout.grid)
    return list(zip(positions.tolist(), parts))  # noqa: B905 - of one length


def _watched(value: Value, version: Hashable) -> AbstractContextManager[Callable[[], bool]]:
    """For the time of a block, a function that says whether this process has not written a shard since it began.

    Where a store tells versions, it is not asked: it says that nobody has.
    """
    if version is not None or value.is_pinned:
        return UNSEEN
    identity = value.identity
    return UNSEEN if identity is None else _watching(identity)


@contextmanager
def _watching(identity: tuple[Any, ...]) -> Iterator[Callable[[], bool]]:
    with indexes.watch(identity[:2]) as is_current:
        # Writers hold the lock from before they write until they have said so.
        yield lambda: is_current() and KeyedLocks.of(identity[0]).head(identity[1]) is None


async def _is_still(layout: ShardLayout, value: Value, version: Hashable, index: ShardIndex | None) -> bool:
    """Whether the shard is the one that was read: if it was replaced in between, nothing need be corrupt."""
    if version is not None:
        return version == await value.version()
    now = await fetch_index(layout, value)
    return now is not None and index is not None and np.array_equal(now.words, index.words)


async def index_of(layout: ShardLayout, value: Value, version: Hashable) -> ShardIndex | None:
    """The index of a shard, read once by all who want it; None when there is no shard."""
    identity = value.identity
    if identity is None:
        return await fetch_index(layout, value)
    owner, key = identity[:2], (identity[2:], layout.index_key, teller(value, version))
    keeps = version is not None and not isinstance(version, PassingVersion)
    known = indexes.peek(owner, key, version) if keeps else None
    return known or await indexes.get(owner, key, version, partial(fetch_index, layout, value), keeps=keeps)


async def fetch_index(layout: ShardLayout, value: Value) -> ShardIndex | None:
    """Ask for an index, and decode it."""
    wanted = layout.index_size
    byte_range = RangeByteRequest(0, wanted) if layout.index_at_start else SuffixByteRequest(wanted)
    data = await value.get(layout.spec.prototype, byte_range)
    if data is None:
        return None
    if len(data) < wanted:
        raise layout.too_short(len(data))
    index = await layout.decode_index(data)
    size = value.size
    if size is None and index.is_doubtful(layout.most):
        size = await value.ask_size()
    index.check(layout.counts, size)
    return index


class _Fetch(NamedTuple):
    """Subchunks that are read in one request."""

    start: int
    end: int
    jobs: list[Job]


async def _read_pieces(
    layout: ShardLayout,
    value: Value,
    index: ShardIndex,
    pieces: list[tuple[int, Piece]],
    target: NDBuffer,
    kept: KeptSubchunks | None,
) -> None:
    """Read the subchunks that there are, and fill where there are none."""
    inside = layout.chain.parts if layout.chain.reads_parts else None
    wanted: list[Job] = []
    for position, piece in pieces:
        start, length = index.words[position].tolist()
        _, where, whole = piece
        if start == ABSENT:
            target[where] = layout.spec.fill_value
        elif inside is not None and (not whole or kept is not None):  # what is kept is what is not made of others
            await _read_part(layout, inside, value, (position, start, start + length, piece), target)
        else:
            wanted.append((position, start, start + length, piece))
    if kept is not None:
        await kept.read(wanted, target, partial(_fetch_all, layout, value))
    else:
        await _fetch_all(layout, value, wanted, target)


def _fetch_all(layout: ShardLayout, value: Value, wanted: list[Job], target: NDBuffer) -> Awaitable[None]:
    """Read subchunks, those that lie together at once, and decode them to where they belong."""
    if len(wanted) == 1:
        return _fetch_one(layout, value, target, _Fetch(*wanted[0][1:3], wanted))
    return _fetch_several(layout, value, wanted, target)


async def _fetch_several(layout: ShardLayout, value: Value, wanted: list[Job], target: NDBuffer) -> None:
    config = layout.spec.config
    most = config.sharding_coalesce_max_bytes
    if value.is_pinned:
        most = min(most, PIECE_BYTES)
    fetches = list(_coalesced(wanted, config.sharding_coalesce_max_gap_bytes, most))
    if len(fetches) == 1:
        await _fetch_one(layout, value, target, fetches[0])
    elif fetches:
        ns = layout.chain.decode_ns * len(wanted) / len(fetches)
        width = useful_width(len(fetches), ns, current_options().concurrency)
        await share(partial(_fetch_some, layout, value, target), fetches, width)


async def _read_part(layout: ShardLayout, parts: Parts, value: Value, job: Job, target: NDBuffer) -> None:
    """Read a part of a subchunk that is made of subchunks itself."""
    position, start, end, (selection, where, _) = job
    try:
        await parts.read(ValuePart(value, start, end - start), target, selection, where)
    except Exception as error:
        name_subchunk(error, layout, position, "reading")
        raise


def _coalesced(jobs: list[Job], max_gap: int, max_bytes: int) -> Iterator[_Fetch]:
    """Put subchunks that lie close together into one request."""
    group: list[Job] = []
    start = end = 0
    for job in sorted(jobs, key=itemgetter(1)):
        grown = max(end, job[2])
        if group and job[1] - end <= max_gap and grown - start <= max_bytes:
            group.append(job)
            end = grown
            continue
        if group:
            yield _Fetch(start, end, group)
        group, start, end = [job], job[1], job[2]
    if group:
        yield _Fetch(start, end, group)


async def _fetch_some(layout: ShardLayout, value: Value, target: NDBuffer, fetches: Iterator[_Fetch]) -> None:
    for fetch in fetches:
        await _fetch_one(layout, value, target, fetch)


async def _fetch_one(layout: ShardLayout, value: Value, target: NDBuffer, fetch: _Fetch) -> None:
    start, end, jobs = fetch
    data = await value.get(layout.spec.prototype, RangeByteRequest(start, end))
    if data is None or len(data) < end - start:
        size = await value.ask_size()
        raise layout.outside(jobs, start + (0 if data is None else len(data)), size)
    shifted = [(position, low - start, high - start, piece) for position, low, high, piece in jobs]
    if len(shifted) == 1:
        await _computed(layout, _place_some(layout, data, target, iter(shifted)), 1)
        return
    await _computed(layout, place_jobs(layout, data, shifted, len(shifted), target), len(shifted))


async def _computed(layout: ShardLayout, placing: Coroutine[Any, Any, None], count: int) -> None:
    """Decode where an event loop is not held up by it."""
    await (compute(placing, layout.chain.decode_ns * count) if layout.inline else placing)


async def place_jobs(layout: ShardLayout, data: Buffer, jobs: Iterable[Job], count: int, target: NDBuffer) -> None:
    """Decode subchunks out of `data`; several threads do where that pays."""
    width = useful_width(count, layout.chain.decode_ns, current_options().concurrency)
    await share(partial(_place_some, layout, data, target), jobs, width)


async def _place_some(layout: ShardLayout, data: Buffer, target: NDBuffer, jobs: Iterator[Job]) -> None:
    chain, fill_value = layout.chain, layout.spec.fill_value
    for position, start, end, (selection, where, whole) in jobs:
        if start == ABSENT:
            target[where] = fill_value
            continue
        try:
            in_place = whole and all(type(item) is slice for item in where)
            await chain.place(data[start:end], target, selection, where, in_place)
        except Exception as error:
            name_subchunk(error, layout, position, "reading")
            raise
