"""What planning a selection costs, apart from reading: ``python -m bench.planning`` prints time per chunk and point.

Time of the processor, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from bench.tables import print_table
from terrazzo.grid import ChunkGrid
from terrazzo.indexing import BasicIndexer, CoordinateIndexer, MaskIndexer, OrthogonalIndexer

__all__ = ["main", "plans"]

Plan = tuple[str, Callable[[], Iterable[Any]], int]
"""A name, what makes the projections, and the number of points; 0 where chunks are counted."""

SEED = 3


def plans(points: int) -> Iterator[Plan]:
    """Selections of a million chunks, or of so many points.

    Parameters
    ----------
    points
        A square number.
    """
    side = round(points**0.5) * 10
    everything = slice(None)
    fine = ChunkGrid.from_sizes((side, side), [10, 10])
    uneven = ChunkGrid.from_sizes((side, side), [[3, 7, 12, 8] * (side // 30) + [side % 30] * (side % 30 > 0), 10])
    line = ChunkGrid.from_sizes((points,), [1])
    random = np.random.default_rng(SEED)
    rows = random.permutation(side)

    def basic(selection: Any, grid: ChunkGrid) -> Callable[[], Iterable[Any]]:
        return lambda: BasicIndexer(selection, grid.shape, grid)

    yield "slices of a square", basic((everything, everything), fine), 0
    yield "slices with steps", basic((slice(1, None, 3), slice(None, None, 7)), fine), 0
    yield "slices of a rectilinear square", basic((everything, everything), uneven), 0
    yield "a slice of a line", basic(everything, line), 0
    yield "a slice of a line with steps", basic(slice(None, None, 2), line), 0
    yield "rows in any order", lambda: OrthogonalIndexer(rows, fine.shape, fine), 0
    coarse = ChunkGrid.from_sizes((side, side), [max(1, side // 16)] * 2)
    middle = ChunkGrid.from_sizes((side, side), [max(1, side // 100)] * 2)
    unsorted = tuple(random.integers(0, side, (2, points)))
    order = np.lexsort(unsorted[::-1])
    ascending = tuple(axis[order] for axis in unsorted)
    for name, grid in (("256 chunks", coarse), ("10 000 chunks", middle)):
        yield f"points in any order, {name}", lambda grid=grid: CoordinateIndexer(unsorted, grid.shape, grid), points  # type: ignore[misc]
        yield f"points in C order, {name}", lambda grid=grid: CoordinateIndexer(ascending, grid.shape, grid), points  # type: ignore[misc]
    mask = random.random((side, side)) < 0.1
    yield "a mask of a tenth", lambda: MaskIndexer(mask, coarse.shape, coarse), int(np.count_nonzero(mask))


def main(points: int = 10**6, rounds: int = 3) -> None:
    """Measure and print."""
    rows = []
    for name, make, count in plans(points):
        seconds, chunks = min(_timed(make) for _ in range(rounds))
        rows.append(
            [name, str(chunks), f"{seconds / (count or chunks) * 1e9:.0f} ns per {'point' if count else 'chunk'}"]
        )
    print_table("Planning", ["", "chunks", "CPU time"], rows)


def _timed(make: Callable[[], Iterable[Any]]) -> tuple[float, int]:
    start = time.process_time()
    counted = deque(enumerate(make(), 1), maxlen=1)
    return time.process_time() - start, counted[0][0]


if __name__ == "__main__":
    main()
