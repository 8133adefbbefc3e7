"""What asynchronous and blocking arrays share: everything that needs no store."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from terrazzo.abc.codec import ArrayBytesCodec
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.node_base import NodeBase
from terrazzo.nodes.report import ArrayInfo
from terrazzo.spec import ArrayConfig
from terrazzo.types import MemoryOrder

__all__ = ["ArrayBase"]


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
    def info(self) -> ArrayInfo:
        """A report for people, made without reading."""
        return self._info()

    def _info(self, chunks_initialized: int | None = None, bytes_stored: int | None = None) -> ArrayInfo:
        return ArrayInfo(
            zarr_format=self.metadata.zarr_format,
            data_type=self.metadata.data_type,
            fill_value=self.fill_value,
            shape=self.shape,
            chunk_shape=self.chunks if self.metadata.chunk_grid.is_regular else None,
            shard_shape=self.shards,
            order=self.order,
            read_only=self.read_only,
            store_type=type(self.store).__name__,
            filters=self.filters,
            serializer=self.serializer,
            compressors=self.compressors,
            count_bytes=self.nbytes,
            count_bytes_stored=bytes_stored,
            count_chunks_initialized=chunks_initialized,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store_path} shape={self.shape} dtype={self.dtype}>"
