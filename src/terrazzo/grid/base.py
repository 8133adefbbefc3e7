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
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.types import ChunkCoords, ShapeLike

if TYPE_CHECKING:
    from terrazzo.grid.chunk import ChunkSpec

__all__ = ["FEW", "Axis", "ChunkGrid", "Indices"]

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
    """The chunks of an array of a given shape.

    Examples
    --------
    >>> from terrazzo.experimental import ChunkGrid
    >>> grid = ChunkGrid.from_sizes((6, 5), [[1, 2, 3], 2])
    >>> grid.chunk_sizes
    ((1, 2, 3), (2, 2, 1))
    >>> grid[2, 2].slices
    (slice(3, 6, 1), slice(4, 5, 1))
    """

    dimensions: tuple[Axis, ...]

    @classmethod
    def from_sizes(cls, array_shape: ShapeLike, chunk_sizes: Sequence[int | Sequence[int]]) -> ChunkGrid:
        """The grid of an array, from one chunk length for an axis or all lengths along it.

        Raises
        ------
        ValueError
            The chunks do not cover the array, or the number of axes differs.
        """
        from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata  # it imports this module

        lengths = (array_shape,) if isinstance(array_shape, (int, np.integer)) else tuple(array_shape)
        if len(lengths) != len(chunk_sizes):
            raise ValueError(f"chunks for {len(chunk_sizes)} axes, and an array of {len(lengths)}")
        return RectilinearChunkGridMetadata(chunk_shapes=list(chunk_sizes)).grid_for(tuple(map(int, lengths)))

    @classmethod
    def from_metadata(cls, metadata: Any) -> ChunkGrid:
        """The grid of an array, from its metadata in either format."""
        grid: ChunkGrid = metadata.chunk_grid.grid_for(metadata.shape)
        return grid

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
        return tuple([axis.size_of(chunk) for axis, chunk in zip(self.dimensions, coords, strict=True)])

    def region_of(self, coords: ChunkCoords) -> tuple[slice, ...]:
        """The elements of the array that one chunk holds."""
        starts = [axis.start_of(chunk) for axis, chunk in zip(self.dimensions, coords, strict=True)]
        return tuple(
            slice(start, min(start + size, axis.length), 1)
            for axis, start, size in zip(self.dimensions, starts, self.shape_of(coords), strict=True)
        )

    def contains(self, coords: ChunkCoords) -> bool:
        """Whether a chunk holds elements of the array."""
        return len(coords) == self.ndim and all(
            0 <= chunk < axis.count for axis, chunk in zip(self.dimensions, coords, strict=True)
        )

    def all_chunk_coords(
        self, *, origin: Sequence[int] | None = None, selection_shape: Sequence[int] | None = None
    ) -> Iterator[ChunkCoords]:
        """Coordinates of chunks, in C order; by default of all.

        Parameters
        ----------
        origin
            The first of them; by default the first of all.
        selection_shape
            Their number along each axis; by default as far as the grid goes.

        Raises
        ------
        IndexError
            The grid does not go that far.
        """
        first = (0,) * self.ndim if origin is None else tuple(origin)
        counts = zip(self.grid_shape, first, strict=True)
        wanted = tuple(selection_shape) if selection_shape is not None else tuple(count - low for count, low in counts)
        stops = tuple(low + number for low, number in zip(first, wanted, strict=True))
        if any(stop > count for stop, count in zip(stops, self.grid_shape, strict=True)):
            raise IndexError(f"{wanted} chunks from {first}, in a grid of {self.grid_shape}")
        return _combinations(list(map(range, first, stops)))

    def iter_chunk_regions(
        self, *, origin: Sequence[int] | None = None, selection_shape: Sequence[int] | None = None
    ) -> Iterator[tuple[slice, ...]]:
        """The elements of the array that each chunk holds; parameters as for ``all_chunk_coords``."""
        return map(self.region_of, self.all_chunk_coords(origin=origin, selection_shape=selection_shape))

    def __getitem__(self, coords: int | ChunkCoords) -> ChunkSpec | None:
        """One chunk; None where there is none."""
        place = coords if isinstance(coords, tuple) else (coords,)
        if len(place) != self.ndim:
            raise ValueError(f"{place} has {len(place)} coordinates, and a chunk of this grid has {self.ndim}")
        return self._spec_of(place) if self.contains(place) else None

    def __iter__(self) -> Iterator[ChunkSpec]:
        """All chunks, in C order."""
        return map(self._spec_of, self.all_chunk_coords())

    def _spec_of(self, coords: ChunkCoords) -> ChunkSpec:
        from terrazzo.grid.chunk import ChunkSpec  # few programs need it

        return ChunkSpec(self.region_of(coords), self.shape_of(coords))

    def update_shape(self, new_shape: tuple[int, ...]) -> ChunkGrid:
        """The same cut for an array of another shape.

        Raises
        ------
        ValueError
            The number of axes differs.
        """
        if len(new_shape) != self.ndim:
            raise ValueError(f"{new_shape} has {len(new_shape)} axes, the grid has {self.ndim}")
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
