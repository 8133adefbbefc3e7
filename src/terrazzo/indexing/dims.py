"""One axis of a selection on one axis of a grid: which chunks, which part of each, and where it goes.

Lists per axis, combined by a product afterwards: a selection costs arithmetic per chunk along an axis, not per chunk.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from terrazzo.grid.base import Axis, Indices
from terrazzo.indexing.points import bounds_of, stable_order
from terrazzo.indexing.selection import AxisSelection

__all__ = ["AxisProjections", "project_axis"]


class AxisProjections(NamedTuple):
    """The chunks that a selection touches along one axis; all lists have the same length.

    Attributes
    ----------
    chunks
        Index of each chunk along the axis.
    chunk_selections
        What is selected in it, counted from the start of the chunk: an int, a slice with a positive step, or an array
        of int64 where that is no slice.
    out_selections
        Where that goes along the axis of the result: a slice of step 1, or an array where it goes to several places;
        nothing when the axis is dropped.
    complete
        Whether all elements are selected that the chunk has within the array.
    """

    chunks: list[int]
    chunk_selections: list[Any]
    out_selections: list[Any] | None
    complete: list[bool]


def project_axis(selected: AxisSelection, axis: Axis) -> AxisProjections:
    """Project an index, a range or an array of indices on the chunks of an axis."""
    if isinstance(selected, int):
        return _project_index(selected, axis)
    if not isinstance(selected, range):
        return _project_indices(selected, axis)
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
    first, last = axis.chunk_at(selected[0]), axis.chunk_at(selected[-1])
    if len(selected) <= last - first:
        touched = axis.chunks_at(np.arange(selected.start, selected.stop, step, dtype=np.int64))
        touched = touched[bounds_of(touched)[:-1]]
    else:
        touched = np.arange(first, last + 1, dtype=np.int64)
    starts = axis.starts_of(touched)
    held = np.minimum(axis.sizes_of(touched), axis.length - starts)
    done = np.maximum(-((selected.start - starts) // step), 0)
    stops = np.append(done[1:], len(selected))
    kept = stops > done
    if not kept.all():
        touched, starts, held, done, stops = (values[kept] for values in (touched, starts, held, done, stops))
    lows = selected.start + done * step - starts
    highs = lows + (stops - done - 1) * step + 1
    return AxisProjections(
        touched.tolist(),
        [slice(low, high, step) for low, high in zip(lows.tolist(), highs.tolist(), strict=True)],
        _slices(done.tolist(), stops.tolist()),
        (held == 1).tolist(),
    )


def _project_indices(selected: Indices, axis: Axis) -> AxisProjections:
    """Any elements in any order: each chunk gets its own, in the order in which they are selected."""
    chunks = axis.chunks_at(selected)
    order = stable_order(chunks)
    if order is not None:
        chunks, selected = chunks[order], selected[order]
    edges = bounds_of(chunks)
    touched = chunks[edges[:-1]]
    starts = axis.starts_of(touched)
    offsets = selected - np.repeat(starts, np.diff(edges))
    held = np.minimum(axis.sizes_of(touched), axis.length - starts).tolist()
    ascending = bool((selected[1:] > selected[:-1]).all())
    bounds = edges.tolist()
    chunk_selections: list[Any] = []
    out_selections: list[Any] = []
    complete: list[bool] = []
    for low, high, size in zip(bounds, bounds[1:], held):  # noqa: B905 - one more bound than chunks
        part = offsets[low:high]
        first, last = int(part[0]), int(part[-1])
        is_run = high - low == 1 or (ascending and last - first == high - low - 1)
        chunk_selections.append(slice(first, last + 1, 1) if is_run else part)
        out_selections.append(slice(low, high, 1) if order is None else _as_slice(order[low:high]))
        distinct = high - low if ascending or high - low < size else len(np.unique(part))
        complete.append(distinct == size)
    return AxisProjections(touched.tolist(), chunk_selections, out_selections, complete)


def _slices(starts: list[int], stops: list[int]) -> list[slice]:
    return [slice(start, stop, 1) for start, stop in zip(starts, stops, strict=True)]


def _as_slice(places: Indices) -> Indices | slice:
    """Ascending places as a slice, if there is none between them that is missing."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1, 1) if last - first == len(places) - 1 else places
