"""Reading shards: from the index to the subchunks that are wanted, each decoded where it belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np

from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.sharding.index import ABSENT
from terrazzo.codecs.sharding.layout import ShardLayout
from terrazzo.errors import add_context
from terrazzo.indexing.region import Piece, Region
from terrazzo.runtime import share, useful_width
from terrazzo.settings import current_options

__all__ = ["coords_of", "place"]

Job: TypeAlias = tuple[int, int, int, Piece]
"""Position of a subchunk in C order, where it starts and ends in the data, and the piece of it that is wanted."""


async def place(layout: ShardLayout, shard: Buffer, region: Region, target: NDBuffer) -> None:
    """Decode what is wanted of a whole shard.

    Parameters
    ----------
    target
        Of the shape of the region; filled.
    """
    index = await layout.index_of(shard)
    positions, parts = region.pieces(layout.grid)
    offsets = index.offsets[positions]
    ends = offsets + index.lengths[positions]
    jobs = zip(positions.tolist(), offsets.tolist(), ends.tolist(), parts)  # noqa: B905 - all of one length
    await place_jobs(layout, shard, jobs, len(positions), target)


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
            await chain.place(data[start:end], target, selection, where, whole)
        except Exception as error:
            name_subchunk(error, layout, position, "reading")
            raise


def name_subchunk(error: BaseException, layout: ShardLayout, position: int, doing: str) -> None:
    """Say at which subchunk an error happened."""
    coords = coords_of(layout, position)
    add_context(error, f"while {doing} subchunk {coords} of the shard", inner_coords=coords)


def coords_of(layout: ShardLayout, position: int) -> tuple[int, ...]:
    """Coordinates of a subchunk in the grid of its shard."""
    return tuple(map(int, np.unravel_index(position, layout.counts))) if layout.counts else ()
