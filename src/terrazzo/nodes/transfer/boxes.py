"""Which part of an array to hold in memory at once, so that chunks are read as few times as possible.

The target is cut into *boxes*: so and so many of its stored objects along each axis. A box is read, then its objects
are written, each of them once. What a box costs is memory; what it saves is reading: a chunk of the source that lies
in several boxes is read for each of them. Along one axis the number of reads is the number of pairs of a box and a
source chunk that overlap, and the whole is the product over the axes. It is smallest where ends of boxes are ends of
source chunks too.

So for each axis the lengths are listed that read less than every shorter one (there are few), and of all combinations
that fit the one is taken that reads least, and of those the smallest. There is no intermediate copy: where memory
holds no box that reads every chunk once, reading some of them again costs less than writing and reading everything
once more, unless the bound is so small that a chunk is read more than three times or so; then the bound is what to
change.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from terrazzo.grid import Axis, ChunkGrid
from terrazzo.types import ChunkCoords

__all__ = ["BoxGrid", "choose_box"]

MOST_COMBINATIONS = 20_000
MOST_BOXES = 4096
"""Boxes along an axis that are looked at; of more of them the first are typical."""


@dataclass(frozen=True, slots=True)
class BoxGrid:
    """The boxes of a grid of chunks, numbered in C order.

    Attributes
    ----------
    chunks
        The grid of chunks.
    box
        How many of them a box has along each axis.
    """

    chunks: ChunkGrid
    box: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of boxes along each axis."""
        return tuple(-(-count // size) for count, size in zip(self.chunks.grid_shape, self.box, strict=True))

    @property
    def count(self) -> int:
        """Number of boxes."""
        return math.prod(self.counts)

    @property
    def longest(self) -> tuple[int, ...]:
        """Elements along each axis of the longest box, or a little more."""
        return tuple(
            min(axis.length, size * (axis.uniform or max(axis.sizes_along(range(axis.count)), default=0)))
            for axis, size in zip(self.chunks.dimensions, self.box, strict=True)
        )

    def number_of(self, coords: ChunkCoords) -> int:
        """The box that a chunk is in."""
        number = 0
        for chunk, size, count in zip(coords, self.box, self.counts, strict=True):
            number = number * count + chunk // size
        return number

    def numbers_over(self, region: Sequence[slice]) -> Iterator[int]:
        """The boxes that hold elements of a region of the array."""
        counts = self.counts
        spans = [
            range(axis.chunk_at(part.start) // size, axis.chunk_at(part.stop - 1) // size + 1)
            for axis, part, size in zip(self.chunks.dimensions, region, self.box, strict=True)
        ]
        for place in itertools.product(*spans):
            number = 0
            for position, count in zip(place, counts, strict=True):
                number = number * count + position
            yield number

    def chunks_in(self, number: int) -> tuple[range, ...]:
        """The chunks of a box, along each axis."""
        place = []
        for count in reversed(self.counts):
            number, position = divmod(number, count)
            place.append(position)
        return tuple(
            range(position * size, min((position + 1) * size, total))
            for position, size, total in zip(reversed(place), self.box, self.chunks.grid_shape, strict=True)
        )

    def region_of(self, number: int) -> tuple[slice, ...]:
        """The elements of the array in a box."""
        return tuple(
            slice(axis.start_of(chunks[0]), axis.start_of(chunks[-1]) + axis.held_by(chunks[-1]), 1)
            for axis, chunks in zip(self.chunks.dimensions, self.chunks_in(number), strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Length:
    """A length of boxes along one axis.

    Attributes
    ----------
    chunks
        In chunks of the target.
    elements
        In elements, of the longest box.
    reads
        How many times a chunk of the source is read on the way along the axis.
    """

    chunks: int
    elements: int
    reads: float


def choose_box(
    source: ChunkGrid, target: ChunkGrid, fits: Callable[[tuple[int, ...], tuple[int, ...]], bool]
) -> tuple[tuple[int, ...], float]:
    """The box that reads least among those that fit.

    Parameters
    ----------
    source, target
        How two arrays of one shape are cut.
    fits
        Whether memory holds a box, by its chunks and its elements along each axis.

    Returns
    -------
    box : tuple of int
        Chunks along each axis; a single one where nothing fits.
    reads : float
        How many times a chunk of the source is read on average, at least 1.
    """
    axes = [_lengths(one, other) for one, other in zip(source.dimensions, target.dimensions, strict=True)]
    while math.prod(map(len, axes)) > MOST_COMBINATIONS:
        longest = max(range(len(axes)), key=lambda axis: len(axes[axis]))
        axes[longest] = axes[longest][:-1:2] + axes[longest][-1:]
    total = max(1, source.get_nchunks())
    best: tuple[float, int, tuple[int, ...]] | None = None
    for lengths in itertools.product(*axes):
        reads = math.prod(length.reads for length in lengths)
        size = math.prod(length.elements for length in lengths)
        box = tuple(length.chunks for length in lengths)
        if (best is None or (reads, size) < best[:2]) and fits(box, tuple(length.elements for length in lengths)):
            best = reads, size, box
    if best is None:
        first = [axis[0] for axis in axes]
        best = math.prod(length.reads for length in first), 0, tuple(length.chunks for length in first)
    return best[2], max(1.0, best[0] / total)


def _lengths(source: Axis, target: Axis) -> list[_Length]:
    """Lengths of boxes along an axis, the shortest first, each of which reads less than all before."""
    lengths: list[_Length] = []
    for chunks in sorted(_candidates(source, target)):
        length = _length(source, target, chunks)
        if not lengths or length.reads < lengths[-1].reads:
            lengths.append(length)
    return lengths


def _candidates(source: Axis, target: Axis) -> set[int]:
    """Numbers of target chunks that may be worth a look: few, those at which source chunks end among them."""
    count = max(1, target.count)
    if count <= 64:
        return set(range(1, count + 1))
    found = {1, count}
    found.update(1 << power for power in range(count.bit_length()))
    if source.uniform and target.uniform:
        together = math.lcm(source.uniform, target.uniform) // target.uniform
        found.update(together * times for times in (1, 2, 3, 4, 8))
        found.update(-(-source.uniform * times // target.uniform) for times in (1, 2, 3, 4, 6, 8, 12, 16, 32))
    return {chunks for chunks in found if chunks <= count}


def _length(source: Axis, target: Axis, chunks: int) -> _Length:
    if not target.count or not source.count:
        return _Length(chunks, 0, 0)
    boxes = -(-target.count // chunks)
    looked_at = min(boxes, MOST_BOXES)
    edges = np.arange(looked_at + 1, dtype=np.int64) * chunks
    starts = target.starts_of(np.minimum(edges, target.count - 1))
    if looked_at == boxes:
        starts[-1] = target.length
    reads = source.chunks_at(starts[1:] - 1) - source.chunks_at(starts[:-1]) + 1
    return _Length(chunks, int(np.max(np.diff(starts))), float(np.sum(reads)) * boxes / looked_at)
