"""How an array is cut: one `Axis` a dimension, and the `ChunkGrid` that they make.

Everything is arithmetic per axis, so that nothing depends on how many chunks are declared.

Specification: Zarr v3.1 "Chunk grids".
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.types import ChunkCoords

__all__ = ["Axis", "ChunkGrid", "Indices"]

Indices: TypeAlias = npt.NDArray[np.int64]

FEW = 16
"""Numbers that are dealt with faster one by one than by numpy."""


class Axis(ABC):
    """One dimension of an array, cut into chunks.

    Elements are asked for within the array and chunks within `count`: nothing is checked here, because indexers have.
    """

    __slots__ = ()

    length: int
    """Elements of the array along the axis."""

    is_regular: ClassVar[bool] = False
    """Whether all chunks are declared by one length."""

    @property
    @abstractmethod
    def count(self) -> int:
        """Number of chunks that hold elements of the array."""

    @property
    @abstractmethod
    def uniform(self) -> int | None:
        """Stored length of every chunk that holds elements; None when they differ."""

    @abstractmethod
    def chunk_at(self, index: int) -> int:
        """The chunk that holds element `index`."""

    @abstractmethod
    def start_of(self, chunk: int) -> int:
        """First element of a chunk."""

    @abstractmethod
    def size_of(self, chunk: int) -> int:
        """Stored length of a chunk, in elements; the last one may reach beyond the array."""

    @abstractmethod
    def chunks_at(self, indices: Indices) -> Indices:
        """The chunk that holds each of the elements `indices`."""

    @abstractmethod
    def starts_of(self, chunks: Indices) -> Indices:
        """First element of each of several chunks."""

    @abstractmethod
    def sizes_of(self, chunks: Indices) -> Indices:
        """Stored length of each of several chunks, in elements."""

    def sizes_along(self, chunks: Sequence[int]) -> list[int]:
        """The same for a list of them, however short."""
        if len(chunks) < FEW:
            return list(map(self.size_of, chunks))
        sizes: list[int] = self.sizes_of(np.asarray(chunks)).tolist()
        return sizes

    @abstractmethod
    def starts_between(self, first: int, stop: int) -> Sequence[int]:
        """First element of each of the chunks from `first` to `stop`, exclusive."""

    def held_by(self, chunk: int) -> int:
        """Elements of the array that a chunk holds."""
        return min(self.size_of(chunk), self.length - self.start_of(chunk))

    def held_lengths(self) -> tuple[int, ...]:
        """Elements of the array that each of the chunks holds, one after another."""
        starts = [*self.starts_between(0, self.count), self.length]
        return tuple(stop - start for start, stop in itertools.pairwise(starts))

    @abstractmethod
    def resized(self, length: int) -> Axis:
        """The same cut for an axis of another length."""


@dataclass(frozen=True)
class ChunkGrid:
    """The chunks of an array of a given shape."""

    dimensions: tuple[Axis, ...]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.dimensions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array, in elements."""
        return tuple(axis.length for axis in self.dimensions)

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Shape of the grid, in chunks."""
        return tuple(axis.count for axis in self.dimensions)

    @property
    def is_regular(self) -> bool:
        """Whether one chunk shape is declared for all chunks."""
        return all(axis.is_regular for axis in self.dimensions)

    @property
    def chunk_shape(self) -> tuple[int, ...]:
        """Stored shape of every chunk, in elements.

        Raises
        ------
        ValueError
            The grid is not regular.
        """
        shape = self.uniform_shape
        if shape is None or not self.is_regular:
            raise ValueError("the chunks of a rectilinear grid differ in shape; see `shape_of` and `chunk_sizes`")
        return shape

    @property
    def uniform_shape(self) -> tuple[int, ...] | None:
        """Stored shape of every chunk that holds elements, in elements; None when they differ."""
        shape = tuple(axis.uniform for axis in self.dimensions if axis.uniform is not None)
        return shape if len(shape) == self.ndim else None

    @property
    def chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """For each axis, how many elements of the array each chunk holds."""
        return tuple(axis.held_lengths() for axis in self.dimensions)

    def get_nchunks(self) -> int:
        """Number of chunks."""
        return math.prod(self.grid_shape)

    def shape_of(self, coords: ChunkCoords) -> tuple[int, ...]:
        """Stored shape of one chunk, in elements."""
        return tuple(axis.size_of(chunk) for axis, chunk in zip(self.dimensions, coords, strict=True))

    def region_of(self, coords: ChunkCoords) -> tuple[slice, ...]:
        """The elements of the array that one chunk holds."""
        starts = [axis.start_of(chunk) for axis, chunk in zip(self.dimensions, coords, strict=True)]
        return tuple(
            slice(start, min(start + size, axis.length))
            for axis, start, size in zip(self.dimensions, starts, self.shape_of(coords), strict=True)
        )

    def contains(self, coords: ChunkCoords) -> bool:
        """Whether a chunk holds elements of the array."""
        return len(coords) == self.ndim and all(
            0 <= chunk < axis.count for axis, chunk in zip(self.dimensions, coords, strict=True)
        )

    def all_chunk_coords(self) -> Iterator[ChunkCoords]:
        """Coordinates of all chunks, in C order."""
        return _combinations([range(count) for count in self.grid_shape])

    def update_shape(self, new_shape: tuple[int, ...]) -> ChunkGrid:
        """The same cut for an array of another shape."""
        axes = zip(self.dimensions, new_shape, strict=True)
        return ChunkGrid(tuple(axis.resized(length) for axis, length in axes))


def _combinations(ranges: list[range]) -> Iterator[ChunkCoords]:
    """What `itertools.product` gives, without a list of each range: there may be 10^9 chunks."""
    if not ranges:
        yield ()
        return
    for first in ranges[0]:
        for others in _combinations(ranges[1:]):
            yield (first, *others)
