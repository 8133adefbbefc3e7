"""Writing shards: subchunks that change are encoded, the others move as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.codecs.sharding.index import ABSENT, ShardIndex
from terrazzo.codecs.sharding.layout import ShardLayout, name_subchunk
from terrazzo.codecs.sharding.order import write_sequence
from terrazzo.codecs.sharding.rows import encode_rows, lay_out
from terrazzo.indexing.region import Piece, Region
from terrazzo.pipeline.merge import encode_new
from terrazzo.pipeline.merge import merge as merge_chunk
from terrazzo.pipeline.rows import Rows
from terrazzo.runtime import share, useful_width
from terrazzo.settings import current_options
from terrazzo.types import BytesLike

__all__ = ["merge"]

Job: TypeAlias = tuple[int, Piece]
Encoded: TypeAlias = dict[int, BytesLike | None]


async def merge(layout: ShardLayout, stored: Buffer | None, region: Region, value: NDBuffer | Patch) -> Buffer | None:
    """Write elements into a shard.

    Parameters
    ----------
    stored
        The shard as it is; None when there is none, or when all of it is written.
    value
        Of the shape of the region, or one element for all of it. Subchunks in which a patch says that nothing is new
        stay as they are stored.

    Returns
    -------
    Buffer or None
        The new shard; None when no subchunk is left in it.
    """
    layout.check_limit()
    rows = layout.chain.rows
    is_new = stored is None and region.is_all_of(layout.spec.shape)
    if is_new and rows is not None and rows.size and not isinstance(value, Patch):
        return await _encode_all(layout, rows, value)
    index = ShardIndex.empty(layout.count) if stored is None else await layout.index_of(stored)
    positions, parts = region.pieces(layout.grid)
    encoded: Encoded = {}
    jobs = zip(positions.tolist(), parts)  # noqa: B905 - all of one length
    width = useful_width(len(positions), layout.chain.encode_ns, current_options().concurrency)
    await share(partial(_encode_some, layout, stored, index, value, encoded), jobs, width)
    return await _assemble(layout, stored, index, encoded)


async def _encode_some(
    layout: ShardLayout,
    stored: Buffer | None,
    index: ShardIndex,
    value: NDBuffer | Patch,
    encoded: Encoded,
    jobs: Iterator[Job],
) -> None:
    chain = layout.chain
    for position, (selection, where, whole) in jobs:
        try:
            part = value[where] if value.shape else value
            if isinstance(part, Patch):
                if part.is_empty:
                    continue
                if part.is_complete:
                    part = part.values
            start, length = index.words[position].tolist()
            kept = None if stored is None or start == ABSENT else stored[start : start + length]
            if not isinstance(part, Patch) and (whole or kept is None):
                data = await encode_new(chain, part, selection)
            else:
                data = await merge_chunk(chain, kept, part, selection)
            encoded[position] = None if data is None else data.as_buffer_like()
        except Exception as error:
            name_subchunk(error, layout, position, "writing")
            raise


async def _encode_all(layout: ShardLayout, rows: Rows, value: NDBuffer) -> Buffer | None:
    """Encode a shard of which nothing stored is kept, from memory to memory."""
    shard = np.broadcast_to(value.as_numpy_array(), layout.spec.shape)
    if rows.is_raw:
        memory = await lay_out(layout, rows, shard)
        if memory is not None:
            return layout.spec.prototype.buffer.from_array_like(memory)
    return await _assemble(layout, None, ShardIndex.empty(layout.count), await encode_rows(layout, rows, shard))


async def _assemble(layout: ShardLayout, stored: Buffer | None, index: ShardIndex, encoded: Encoded) -> Buffer | None:
    """Put a shard together: its subchunks in order, and the index that says where they are."""
    words = index.words.copy()
    changed = np.fromiter(encoded, dtype=np.int64, count=len(encoded))
    words[changed, 1] = [ABSENT if data is None else len(data) for data in encoded.values()]
    words[changed, 0] = words[changed, 1]
    sequence = write_sequence(layout.counts, layout.order)
    sequence = sequence[words[sequence, 1] != ABSENT]
    if not len(sequence):
        return None
    lengths = words[sequence, 1]
    ends = np.cumsum(lengths) + layout.data_start
    words[sequence, 0] = ends - lengths
    pieces: list[BytesLike] = []
    if stored is None:
        pieces.extend(map(encoded.__getitem__, sequence.tolist()))  # type: ignore[arg-type] # only those that are there
    else:
        pieces.extend(_pieces(memoryview(stored.as_buffer_like()), index.words, encoded, sequence))
    encoded_index = await layout.encode_index(ShardIndex(words))
    pieces.insert(0 if layout.index_at_start else len(pieces), encoded_index.as_buffer_like())
    return layout.spec.prototype.buffer.from_bytes(b"".join(pieces))


def _pieces(kept: memoryview, words: Any, encoded: Encoded, sequence: Any) -> Iterator[BytesLike]:
    """The bytes of each subchunk in order; those that move, and lie beside each other, in one piece."""
    start = end = 0
    for position, (offset, length) in zip(sequence.tolist(), words[sequence].tolist(), strict=True):
        data = encoded.get(position)
        if data is None:
            if offset != end:
                yield kept[start:end]
                start = offset
            end = offset + length
            continue
        yield kept[start:end]
        start = end = 0
        yield data
    yield kept[start:end]
