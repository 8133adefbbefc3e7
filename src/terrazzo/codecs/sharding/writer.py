"""Writing shards: subchunks that change are encoded, the others move as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.sharding.index import ABSENT, ShardIndex
from terrazzo.codecs.sharding.layout import ShardLayout
from terrazzo.codecs.sharding.order import write_sequence
from terrazzo.codecs.sharding.reader import name_subchunk
from terrazzo.indexing.region import Piece, Region
from terrazzo.pipeline.merge import encode_new
from terrazzo.pipeline.merge import merge as merge_chunk
from terrazzo.runtime import share, useful_width
from terrazzo.settings import current_options

__all__ = ["merge"]

Job: TypeAlias = tuple[int, Piece]
Encoded: TypeAlias = "dict[int, Buffer | None]"


async def merge(layout: ShardLayout, stored: Buffer | None, region: Region, value: NDBuffer) -> Buffer | None:
    """Write elements into a shard.

    Parameters
    ----------
    stored
        The shard as it is; None when there is none, or when all of it is written.
    value
        Of the shape of the region, or one element for all of it.

    Returns
    -------
    Buffer or None
        The new shard; None when no subchunk is left in it.
    """
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
    value: NDBuffer,
    encoded: Encoded,
    jobs: Iterator[Job],
) -> None:
    chain = layout.chain
    for position, (selection, where, whole) in jobs:
        try:
            part = value[where] if value.shape else value
            start, length = index.words[position].tolist()
            if whole or start == ABSENT or stored is None:
                encoded[position] = await encode_new(chain, part, selection)
            else:
                encoded[position] = await merge_chunk(chain, stored[start : start + length], part, selection)
        except Exception as error:
            name_subchunk(error, layout, position, "writing")
            raise


async def _assemble(layout: ShardLayout, stored: Buffer | None, index: ShardIndex, encoded: Encoded) -> Buffer | None:
    """Put a shard together: its subchunks in order, and the index that says where they are."""
    words = index.words.copy()
    for position, data in encoded.items():
        words[position] = ABSENT if data is None else (0, len(data))
    sequence = write_sequence(layout.counts, layout.order)
    sequence = sequence[words[sequence, 1] != ABSENT]
    if not len(sequence):
        return None
    lengths = words[sequence, 1]
    ends = np.cumsum(lengths) + layout.data_start
    pieces = list(_pieces(stored, index.words, encoded, sequence))
    words[sequence, 0] = ends - lengths
    encoded_index = await layout.encode_index(ShardIndex(words))
    pieces.insert(0 if layout.index_at_start else len(pieces), encoded_index.as_buffer_like())
    return layout.spec.prototype.buffer.from_bytes(b"".join(pieces))


def _pieces(stored: Buffer | None, words: Any, encoded: Encoded, sequence: Any) -> Iterable[Any]:
    """The bytes of each subchunk in order; those that move, and lie beside each other, in one piece."""
    kept = memoryview(b"" if stored is None else stored.as_buffer_like())
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
        yield data.as_buffer_like()
    yield kept[start:end]
