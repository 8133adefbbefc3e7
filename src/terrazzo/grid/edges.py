"""Chunk lengths along an axis, as runs of equal ones: memory and time depend on the runs, never on the chunks.

Specification: extension "rectilinear chunk grid", run-length encoding.
"""

from __future__ import annotations

import itertools
import operator
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.base import Indices

__all__ = ["Edges", "parse_length"]

BEYOND = 1 << 63
"""No array is that long, and no axis has that many chunks."""

SHOWN_RUNS = 8


class Edges(Sequence[int]):
    """The lengths of chunks, in elements: a sequence of integers, equal to the tuple of them.

    Attributes
    ----------
    sizes, counts
        For each run, the length of its chunks and their number; neighbours differ in length.
    firsts
        Index of the first chunk of each run.
    starts
        First element of each run, as far as an array can reach.
    total
        Sum of all lengths.
    """

    __slots__ = ("_number", "counts", "firsts", "sizes", "starts", "total")

    def __init__(self, sizes: Indices, counts: Indices) -> None:
        joints = np.concatenate(([0], np.flatnonzero(np.diff(sizes)) + 1))
        if float(counts.sum(dtype=np.float64)) >= BEYOND / 2:  # twice what anybody has; the sum cannot overflow then
            raise MetadataValidationError(f"an axis of {sum(counts.tolist())} chunks; 2^62 are too many")
        counts = np.add.reduceat(counts, joints)
        sizes = sizes[joints]
        firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        self._number = int(counts.sum())
        if self._number * int(sizes.max()) < BEYOND:
            spans = sizes * counts
            self.total = int(spans.sum())
            self.starts = _packed(np.concatenate(([0], np.cumsum(spans)[:-1])))
        else:  # in integers of Python, which do not overflow
            ends = list(itertools.accumulate(map(operator.mul, sizes.tolist(), counts.tolist()), initial=0))
            self.total = ends.pop()
            self.starts = array("q", itertools.takewhile(BEYOND.__gt__, ends))
        self.sizes, self.counts, self.firsts = _packed(sizes), _packed(counts), _packed(firsts)

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> Edges:
        """Read a list whose items are lengths, or pairs of a length and how often it is repeated.

        Raises
        ------
        MetadataValidationError
            It is empty, or an item is something else; the field is its position.
        """
        if not data:
            raise MetadataValidationError("expected at least one chunk")
        runs = [item if type(item) is list else (item, 1) for item in data]
        flat = list(itertools.chain.from_iterable(runs))
        # What is all right is looked at in C, a tenth of a microsecond a run; what is not, or is odd, one by one.
        if set(map(len, runs)) != {2} or set(map(type, flat)) != {int} or min(flat) < 1 or max(flat) >= BEYOND:
            flat = list(itertools.chain.from_iterable(itertools.starmap(_parse_run, enumerate(data))))
        pairs = np.array(flat, dtype=np.int64).reshape(-1, 2)
        return cls(pairs[:, 0], pairs[:, 1])

    def to_json(self) -> list[Any]:
        """As short as it can be said: pairs where a length is repeated."""
        return [size if count == 1 else [size, count] for size, count in zip(self.sizes, self.counts, strict=True)]

    def extended(self, length: int) -> Edges:
        """With one more chunk at the end."""
        return Edges(np.append(np.frombuffer(self.sizes, np.int64), length), np.append(self.counts, 1))

    def run_of(self, chunk: int) -> int:
        """The run in which a chunk is."""
        return bisect_right(self.firsts, chunk) - 1

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...
    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(self._number)))
        position = operator.index(index)
        if not -self._number <= position < self._number:
            raise IndexError(f"there is no chunk {position} among {self._number}")
        return self.sizes[self.run_of(position % self._number)]

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(map(itertools.repeat, self.sizes, self.counts))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Edges):
            return (self.sizes, self.counts) == (other.sizes, other.counts)
        if isinstance(other, (tuple, list)):
            return len(other) == self._number and all(map(operator.eq, self, other))
        return NotImplemented

    def __hash__(self) -> int:
        # Not that of an equal tuple: it would cost a pass over all chunks, and nobody looks one up by the other.
        return hash((self.sizes.tobytes(), self.counts.tobytes()))

    def __repr__(self) -> str:
        runs = self.to_json() if len(self.sizes) <= SHOWN_RUNS else f"{len(self.sizes)} runs, {self._number} chunks"
        return f"Edges({runs})"


def _packed(values: Indices) -> array[int]:
    """The same for `bisect`, which reads an `array` ten times as fast as an array of numpy."""
    return array("q", values.astype(np.int64).tobytes())


def _parse_run(position: int, item: object) -> tuple[int, int]:
    field = f"[{position}]"
    if not isinstance(item, (list, tuple)):
        return parse_length(item, field), 1
    if len(item) != 2:
        raise MetadataValidationError(f"expected a length and how often it is repeated, got {quote(item)}", field=field)
    return parse_length(item[0], f"{field}[0]"), parse_length(item[1], f"{field}[1]")


def parse_length(item: object, field: str = "") -> int:
    """An integer from 1 to 2^63; 4.0, which zarr-python reads too, is one.

    Raises
    ------
    MetadataValidationError
        It is something else.
    """
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    if isinstance(item, bool) or not isinstance(item, int):
        raise MetadataValidationError(f"expected an integer, got {quote(item)}", field=field)
    if not 0 < item < BEYOND:
        raise MetadataValidationError(f"{quote(item)} is outside [1, 2^63)", field=field)
    return int(item)
