"""What asynchronous and blocking arrays share: everything that needs no store."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.errors import ZarrDeprecationWarning, warn
from terrazzo.grid import ChunkGrid, RegularChunkGridMetadata
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.node_base import NodeBase
from terrazzo.spec import ArrayConfig
from terrazzo.types import ChunkCoords, MemoryOrder

if TYPE_CHECKING:
    from terrazzo.nodes.report import ArrayInfo

__all__ = ["ArrayBase"]

T = TypeVar("T")

VARIABLE = "<variable>"
"""What a report says of the shape of chunks that differ in shape."""


class ArrayBase(NodeBase):
    """An array, as far as its metadata tell."""

    metadata: ArrayMetadata
    config: ArrayConfig

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis, in elements."""
        return self.metadata.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.metadata.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.metadata.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy data type of the elements."""
        dtype: np.dtype[Any] = self.metadata.data_type.to_native_dtype()
        return dtype

    @property
    def fill_value(self) -> Any:
        """Value of elements that were never written."""
        return self.metadata.fill_value

    @property
    def order(self) -> MemoryOrder:
        """Memory order of results."""
        return self.config.order

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk, in elements.

        Raises
        ------
        NotImplementedError
            The chunk grid is rectilinear: chunks differ in shape, and `read_chunk_sizes` says how.
        """
        return self.metadata.chunks

    @property
    def shards(self) -> tuple[int, ...] | None:
        """Shape of a shard, in elements; None where chunks are not stored in shards."""
        return self.metadata.shards

    @property
    def cdata_shape(self) -> tuple[int, ...]:
        """Shape of the chunk grid, in chunks."""
        return self.metadata.read_grid.grid_shape

    @property
    def nchunks(self) -> int:
        """Number of chunks, stored or not."""
        return math.prod(self.cdata_shape)

    @property
    def read_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """For each axis, how many elements of the array each chunk holds; reading is best aligned with them."""
        return self.metadata.read_grid.chunk_sizes

    @property
    def write_chunk_sizes(self) -> tuple[tuple[int, ...], ...]:
        """For each axis, how many elements of the array each stored object holds; writing is best aligned with them."""
        return self.metadata.chunk_grid.grid_for(self.shape).chunk_sizes

    def write_units(self) -> Iterator[tuple[slice, ...]]:
        """The regions of all stored objects, chunks or shards: writers that share them out never write the same one.

        They are made one after another, in C order; nothing is read.

        Examples
        --------
        >>> import terrazzo
        >>> array = terrazzo.create_array({}, shape=(5, 2), chunks=(3, 2), dtype="int8")
        >>> for region in array.write_units():
        ...     array[region] = region[0].start
        >>> list(array.write_units())[1]
        (slice(3, 5, 1), slice(0, 2, 1))
        """
        return self._grid.iter_chunk_regions()

    def read_units(self) -> Iterator[tuple[slice, ...]]:
        """The regions of all chunks that can be read on their own: of the chunks in a shard one after another."""
        subchunk_shape = self.metadata.subchunk_shape
        return self.write_units() if subchunk_shape is None else _chunks_in(self.write_units(), subchunk_shape)

    @property
    def _grid(self) -> ChunkGrid:
        """How the array is cut into stored objects."""
        return self.metadata.chunk_grid.grid_for(self.metadata.shape)

    @property
    def _grid_of_chunks(self) -> ChunkGrid:
        """How the array is cut into what can be read on its own."""
        return self.metadata.read_grid

    # The names under which zarr-python has the same, and more of it.

    def _iter_chunk_coords(self, **within: Sequence[int] | None) -> Iterator[ChunkCoords]:
        return self._grid_of_chunks.all_chunk_coords(**within)

    def _iter_chunk_regions(self, **within: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
        return self._grid_of_chunks.iter_chunk_regions(**within)

    def _iter_shard_coords(self, **within: Sequence[int] | None) -> Iterator[ChunkCoords]:
        return self._grid.all_chunk_coords(**within)

    def _iter_shard_regions(self, **within: Sequence[int] | None) -> Iterator[tuple[slice, ...]]:
        return self._grid.iter_chunk_regions(**within)

    def _iter_shard_keys(self, **within: Sequence[int] | None) -> Iterator[str]:
        return map(self.metadata.encode_chunk_key, self._grid.all_chunk_coords(**within))

    @property
    def nbytes(self) -> int:
        """Bytes of all elements, uncompressed."""
        return self.size * self.dtype.itemsize

    @property
    def filters(self) -> tuple[Any, ...]:
        """The array→array codecs; in format 2 the filters, as codecs of numcodecs."""
        return self.metadata.filter_codecs

    @property
    def serializer(self) -> ArrayBytesCodec | None:
        """The array→bytes codec; None in format 2, which has none."""
        return None if self.metadata.zarr_format == 2 else self.metadata.inner_chain.array_bytes

    @property
    def compressors(self) -> tuple[Any, ...]:
        """The bytes→bytes codecs; in format 2 the compressor, as a codec of numcodecs."""
        return self.metadata.compressor_codecs

    @property
    def compressor(self) -> Any:
        """The compressor of an array of format 2, as a codec of numcodecs; None for none. Use `compressors`.

        Raises
        ------
        TypeError
            The array is of format 3, where there may be several.
        """
        warn("`compressor` is deprecated: use `compressors`", ZarrDeprecationWarning)
        if self.metadata.zarr_format == 3:
            raise TypeError("arrays of Zarr format 3 have no `compressor`; use `compressors`")
        return next(iter(self.compressors), None)

    @property
    def info(self) -> ArrayInfo:
        """A report for people, made without reading."""
        return self._info()

    def _info(self, chunks_initialized: int | None = None, bytes_stored: int | None = None) -> ArrayInfo:
        from terrazzo.nodes.report import ArrayInfo  # loaded on use: `import terrazzo` is to be quick

        return ArrayInfo(
            zarr_format=self.metadata.zarr_format,
            data_type=self.metadata.data_type,
            fill_value=self.fill_value,
            shape=self.shape,
            chunk_shape=_or_variable(lambda: self.chunks),
            shard_shape=_or_variable(lambda: self.shards),
            order=self.order,
            read_only=self.read_only,
            store_type=type(self.store).__name__,
            filters=self.filters,
            serializer=self.serializer,
            compressors=self.compressors,
            count_bytes=self.nbytes if self.dtype.itemsize else None,  # nothing is known of an unknown data type
            count_bytes_stored=bytes_stored,
            count_chunks_initialized=chunks_initialized,
            where=str(self.store_path),
            grid=self._grid,
            subchunk_shape=self.metadata.subchunk_shape,
            dimension_names=self.metadata.names_of_dimensions,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store_path} shape={self.shape} dtype={self.metadata.data_type.label}>"

    def _repr_html_(self) -> str:
        """The array for a notebook, as far as its metadata tell: nothing is read."""
        from terrazzo.nodes.html import array_html  # only a notebook asks

        return array_html(self)


def _chunks_in(shards: Iterable[tuple[slice, ...]], chunks: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """The regions of the chunks in shards."""
    metadata = RegularChunkGridMetadata(chunk_shape=chunks)
    for shard in shards:
        for inner in metadata.grid_for(tuple(part.stop - part.start for part in shard)).iter_chunk_regions():
            yield tuple(
                slice(part.start + within.start, part.start + within.stop, 1)
                for part, within in zip(shard, inner, strict=True)
            )


def _or_variable(shape: Callable[[], T]) -> T | str:
    """A shape, or the word for several of them."""
    try:
        return shape()
    except NotImplementedError:
        return VARIABLE
