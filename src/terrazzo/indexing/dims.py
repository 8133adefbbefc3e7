"""One axis of a selection on one axis of a grid: which chunks, which part of each, and where it goes.

Lists per axis, combined by a product afterwards: a selection costs arithmetic per chunk along an axis, not per chunk.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from terrazzo.grid.base import Axis, Indices
from terrazzo.indexing.points import bounds_of, group
from terrazzo.indexing.selection import AxisSelection

__all__ = ["AxisProjections", "Slices", "project_axis"]


class Slices(Sequence[slice]):
    """Slices that are made when they are asked for: a million that are kept take a second of garbage collection."""

    __slots__ = ("_starts", "_step", "_stops")

    def __init__(self, starts: Sequence[int], stops: Sequence[int], step: int) -> None:
        self._starts, self._stops, self._step = starts, stops, step

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[slice]:
        return map(slice, self._starts, self._stops, itertools.repeat(self._step))

    def __getitem__(self, position: Any) -> Any:
        return slice(self._starts[position], self._stops[position], self._step)


class AxisProjections(NamedTuple):
    """The chunks that a selection touches along one axis; all members have the same length.

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
    chunk_selections: Sequence[Any]
    out_selections: Sequence[Any] | None
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
    size = axis.uniform
    if size is not None:
        chunk, inside = divmod(index, size)
        alone = size == 1 or (inside == 0 and index + 1 == axis.length)
        return AxisProjections([chunk], [inside], None, [alone])
    chunk = axis.chunk_at(index)
    return AxisProjections([chunk], [index - axis.start_of(chunk)], None, [axis.held_by(chunk) == 1])


def _project_run(selected: range, axis: Axis) -> AxisProjections:
    """Consecutive elements: only the first and the last chunk can be touched in part."""
    low, high, size = selected.start, selected.stop, axis.uniform
    if size is not None:
        first, last = low // size, (high - 1) // size
    else:
        first, last = axis.chunk_at(low), axis.chunk_at(high - 1)
    if first == last:
        start = axis.start_of(first) if size is None else first * size
        complete = low == start and (high == axis.length or high - start == axis.size_of(first))
        return AxisProjections([first], [slice(low - start, high - start, 1)], [slice(0, high - low, 1)], [complete])
    return _project_long_run(selected, axis, first, last)


def _project_long_run(selected: range, axis: Axis, first: int, last: int) -> AxisProjections:
    """Lists are made in C: about 0.2 µs a chunk."""
    chunks = list(range(first, last + 1))
    starts = axis.starts_between(first, last + 1)
    end = min(starts[-1] + axis.size_of(last), axis.length)
    low, high = selected.start, selected.stop
    size = axis.uniform
    if size is None:
        lengths = map(operator.sub, [*starts[1:], end], starts)
        chunk_selections = list(map(slice, itertools.repeat(0), lengths, itertools.repeat(1)))
        joints = [start - low for start in starts[1:]]
    else:
        chunk_selections = [slice(0, size, 1)] * len(chunks)
        joints = list(range(starts[1] - low, starts[-1] - low + 1, size))
    chunk_selections[0] = slice(low - starts[0], starts[1] - starts[0], 1)
    chunk_selections[-1] = slice(0, high - starts[-1], 1)
    out_selections = Slices([0, *joints], [*joints, high - low], 1)
    complete = [True] * len(chunks)
    complete[0] = low == starts[0]
    complete[-1] = high == end
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
        Slices(lows.tolist(), highs.tolist(), step),
        Slices(done.tolist(), stops.tolist(), 1),
        (held == 1).tolist(),
    )


def _project_indices(selected: Indices, axis: Axis) -> AxisProjections:
    """Any elements in any order: each chunk gets its own, in the order in which they are selected."""
    chunks = axis.chunks_at(selected)
    order, edges = group(chunks)
    if order is not None:
        chunks, selected = chunks[order], selected[order]
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


def _as_slice(places: Indices) -> Indices | slice:
    """Ascending places as a slice, if there is none between them that is missing."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1, 1) if last - first == len(places) - 1 else places
