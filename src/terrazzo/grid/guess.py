"""The chunk shape an array gets when none is given.

The rule is zarr-python's, so that both choose the same chunks for the same array: halve one axis after another until a
chunk is near a target that grows with the size of the array.
"""

from __future__ import annotations

import math

__all__ = ["guess_chunks"]

KIB = 1 << 10
MIB = 1 << 20

TARGET = 256 * KIB
SMALLEST_TARGET = 128 * KIB
LARGEST_CHUNK = 64 * MIB
LARGEST_SUBCHUNK = MIB


def guess_chunks(shape: tuple[int, ...], item_size: int, *, sharded: bool = False) -> tuple[int, ...]:
    """Choose a chunk shape.

    Parameters
    ----------
    shape
        Of the array, in elements.
    item_size
        Bytes of one element; 1 for data types of variable size.
    sharded
        Whether the chunks will be parts of shards, which keeps them at 1 MiB or less.
    """
    if not shape:
        return ()
    chunks = [max(length, 1) for length in shape]
    if item_size == 0:
        return tuple(chunks)
    largest = LARGEST_SUBCHUNK if sharded else LARGEST_CHUNK
    total = math.prod(chunks) * item_size
    target = min(max(TARGET * 2 ** math.log10(total / MIB), SMALLEST_TARGET), largest)
    axis = 0
    while True:
        size = math.prod(chunks) * item_size
        near_enough = size < target or abs(size - target) / target < 0.5
        if (near_enough and size < largest) or math.prod(chunks) == 1:
            return tuple(chunks)
        chunks[axis] = math.ceil(chunks[axis] / 2)
        axis = (axis + 1) % len(chunks)
