"""One axis of a selection on one axis of a grid: which chunks, which part of each, and where it goes.

Lists per axis, combined by a product afterwards: a selection costs arithmetic per chunk along an axis, not per chunk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from terrazzo.grid.base import Axis
from terrazzo.indexing.selection import AxisSelection

__all__ = ["AxisProjections", "project_axis"]


class AxisProjections(NamedTuple):
    """The chunks that a selection touches along one axis; all lists have the same length.

    Attributes
    ----------
    chunks
        Index of each chunk along the axis.
    chunk_selections
        What is selected in it: an int or a slice, counted from the start of the chunk.
    out_selections
        Where that goes along the axis of the result: a slice; nothing when the axis is dropped.
    complete
        Whether all elements are selected that the chunk has within the array.
    """

    chunks: list[int]
    chunk_selections: list[Any]
    out_selections: list[slice] | None
    complete: list[bool]


def project_axis(selected: AxisSelection, axis: Axis) -> AxisProjections:
    """Project an index or a range on the chunks of an axis."""
    if isinstance(selected, int):
        return _project_index(selected, axis)
    if len(selected) == 0:
        return AxisProjections([], [], [], [])
    if selected.step == 1:
        return _project_run(selected, axis)
    return _project_steps(selected, axis)


def _project_index(index: int, axis: Axis) -> AxisProjections:
    chunk = axis.chunk_at(index)
    start = axis.start_of(chunk)
    return AxisProjections([chunk], [index - start], None, [axis.held_by(chunk) == 1])


def _project_run(selected: range, axis: Axis) -> AxisProjections:
    """Consecutive elements: only the first and the last chunk can be touched in part."""
    low, high = selected.start, selected.stop
    first, last = axis.chunk_at(low), axis.chunk_at(high - 1)
    if first == last:
        start = axis.start_of(first)
        complete = low == start and high == min(start + axis.size_of(first), axis.length)
        return AxisProjections([first], [slice(low - start, high - start, 1)], [slice(0, high - low, 1)], [complete])
    return _project_long_run(selected, axis, first, last)


def _project_long_run(selected: range, axis: Axis, first: int, last: int) -> AxisProjections:
    chunks = list(range(first, last + 1))
    size = axis.uniform
    starts = list(axis.starts_between(first, last + 1))
    stops = [*starts[1:], min(starts[-1] + axis.size_of(last), axis.length)]
    lows, highs = starts.copy(), stops.copy()
    lows[0], highs[-1] = selected.start, selected.stop
    if size is None:
        chunk_selections = [slice(low - start, high - start, 1) for start, low, high in zip(starts, lows, highs)]  # noqa: B905
    else:
        chunk_selections = [slice(0, size, 1)] * len(chunks)
        for edge in (0, -1):
            chunk_selections[edge] = slice(lows[edge] - starts[edge], highs[edge] - starts[edge], 1)
    out_selections = [slice(low - selected.start, high - selected.start, 1) for low, high in zip(lows, highs)]  # noqa: B905
    complete = [True] * len(chunks)
    complete[0] = lows[0] == starts[0]
    complete[-1] = highs[-1] == stops[-1]
    return AxisProjections(chunks, chunk_selections, out_selections, complete)


def _project_steps(selected: range, axis: Axis) -> AxisProjections:
    """Every so many elements: chunks between two of them are not visited."""
    step = selected.step
    chunks: list[int] = []
    chunk_selections: list[slice] = []
    out_selections: list[slice] = []
    complete: list[bool] = []
    done = 0
    while done < len(selected):
        low = selected[done]
        chunk = axis.chunk_at(low)
        start = axis.start_of(chunk)
        stop = min(start + axis.size_of(chunk), axis.length, selected[-1] + 1)
        taken = -(-(stop - low) // step)
        chunks.append(chunk)
        chunk_selections.append(slice(low - start, low - start + (taken - 1) * step + 1, step))
        out_selections.append(slice(done, done + taken, 1))
        complete.append(axis.held_by(chunk) == 1)
        done += taken
    return AxisProjections(chunks, chunk_selections, out_selections, complete)
