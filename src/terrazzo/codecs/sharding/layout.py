"""What is decided once about shards of one shape: how they are cut, and the chains of their subchunks and index."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from terrazzo.buffer.base import Buffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.codecs.sharding.index import ShardIndex
from terrazzo.codecs.sharding.order import SubchunkWriteOrder
from terrazzo.dtype import UInt64
from terrazzo.errors import (
    BaseZarrError,
    LimitExceededError,
    MetadataValidationError,
    ShardIndexError,
    add_context,
    quote,
)
from terrazzo.grid import ChunkGrid, RegularAxis
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.stages import ALWAYS_ALLOWED, MOST_ENCODED
from terrazzo.settings import current_options
from terrazzo.spec import ArrayConfig, ArraySpec

if TYPE_CHECKING:
    from terrazzo.abc.codec import Codec

__all__ = ["ShardLayout", "counts_of", "index_spec", "name_subchunk"]


def counts_of(shape: tuple[int, ...], subchunk: tuple[int, ...]) -> tuple[int, ...]:
    """Number of subchunks along each axis of a shard.

    Raises
    ------
    MetadataValidationError
        The subchunks do not fill the shard.
    """
    if len(shape) != len(subchunk):
        raise MetadataValidationError(
            f"{quote(list(subchunk))} cuts {len(subchunk)} axes, the shard has {len(shape)}",
            field="configuration.chunk_shape",
        )
    for position, (length, size) in enumerate(zip(shape, subchunk, strict=True)):
        if length % size:
            raise MetadataValidationError(
                f"{quote(list(subchunk))} does not divide the shape of the shard, {quote(list(shape))}",
                field=f"configuration.chunk_shape[{position}]",
            )
    return tuple(length // size for length, size in zip(shape, subchunk, strict=True))


def index_spec(counts: tuple[int, ...]) -> ArraySpec:
    """What the codecs of the index of a shard see."""
    return ArraySpec(
        shape=(*counts, 2),
        dtype=UInt64(),
        fill_value=np.uint64((1 << 64) - 1),
        config=ArrayConfig(order="C", write_empty_chunks=True),
        prototype=numpy_buffer_prototype(),
    )


class ShardLayout:
    """Shards of one shape.

    Attributes
    ----------
    counts
        Number of subchunks along each axis.
    grid
        The same as a grid on one shard.
    chain
        For the subchunks.
    index_size
        Bytes of the encoded index.
    index_at_start
        Whether the index comes first, else last.
    index_key
        What makes an index mean what it does.
    most
        Bytes that an encoded subchunk can have at most.
    full_indexes, fill_row
        Kept by those who need them.
    """

    def __init__(
        self,
        spec: ArraySpec,
        subchunk: tuple[int, ...],
        codecs: Sequence[Codec],
        index_codecs: Sequence[Codec],
        *,
        index_at_start: bool,
        order: SubchunkWriteOrder,
    ) -> None:
        self.spec = spec
        self.subchunk = subchunk
        self.counts = counts_of(spec.shape, subchunk)
        self.count = math.prod(self.counts)
        self.grid = ChunkGrid(tuple(map(RegularAxis, spec.shape, subchunk)))
        self.chain = PreparedChain(CodecChain.from_codecs(codecs), replace(spec, shape=subchunk))
        self.index_chain = PreparedChain(CodecChain.from_codecs(index_codecs), index_spec(self.counts))
        if self.index_chain.stored_size is None:
            raise MetadataValidationError(
                "the size of an encoded index depends on what is in it; only codecs of fixed size are allowed",
                field="configuration.index_codecs",
            )
        self.index_size: int = self.index_chain.stored_size
        self.index_at_start = index_at_start
        self.order: SubchunkWriteOrder = order
        most = self.chain.stored_size
        self.most: int = self.chain.size * MOST_ENCODED + ALWAYS_ALLOWED if most is None else most
        self.index_key = self.counts, index_at_start, json.dumps([codec.to_dict() for codec in index_codecs])
        self.full_indexes: dict[SubchunkWriteOrder, npt.NDArray[np.int64]] = {}
        self.fill_row: npt.NDArray[np.uint8] | None = None
        self.inline = self.chain.inline and self.index_chain.inline

    @property
    def data_start(self) -> int:
        """Offset of the first subchunk that is written."""
        return self.index_size if self.index_at_start else 0

    def check_limit(self) -> None:
        """Refuse to make an index larger than ``limits.chunk_bytes``: what a document says costs nothing by itself."""
        limit = current_options().limits.chunk_bytes
        if limit is not None and self.index_size > limit:
            raise LimitExceededError(
                f"a shard index of {self.index_size} bytes is larger than config['limits.chunk_bytes'], {limit}",
                limit="chunk_bytes",
                value=self.index_size,
            )

    def coords_of(self, position: int) -> tuple[int, ...]:
        """Coordinates of a subchunk in the grid of its shard."""
        return tuple(map(int, np.unravel_index(position, self.counts))) if self.counts else ()

    async def index_of(self, shard: Buffer) -> ShardIndex:
        """Decode the index of a whole shard.

        Raises
        ------
        ShardIndexError
            The shard is too short, or the index is damaged or cannot be true.
        """
        size = len(shard)
        if size < self.index_size:
            raise self.too_short(size)
        part = shard[: self.index_size] if self.index_at_start else shard[size - self.index_size :]
        index = await self.decode_index(part)
        index.check(self.counts, size)
        return index

    def too_short(self, size: int) -> ShardIndexError:
        """What is wrong with a shard of so many bytes."""
        return ShardIndexError(
            f"{size} bytes are too few for a shard whose index alone has {self.index_size}", stage="index"
        )

    async def decode_index(self, data: Buffer) -> ShardIndex:
        """Decode an index; nothing that it says is checked."""
        try:
            decoded = await self.index_chain.decode(data)
        except BaseZarrError as error:
            raise ShardIndexError(f"the shard index cannot be decoded: {error}", stage="index") from error
        return ShardIndex.from_array(decoded.as_numpy_array())

    def outside(self, entries: Sequence[tuple[int, int, int, object]], end: int, size: int | None) -> ShardIndexError:
        """What is wrong when a shard ends before the subchunks do that its index names.

        Parameters
        ----------
        entries
            Position, start and end of each.
        end
            Where the shard ended.
        """
        position, start, stop = next((entry[:3] for entry in entries if entry[2] > end), entries[-1][:3])
        index = ShardIndex.empty(self.count)
        index.words[position] = start, stop - start
        return index.error(position, self.counts, end if size is None else size)

    async def encode_index(self, index: ShardIndex) -> Buffer:
        """Encode an index."""
        array = numpy_buffer_prototype().nd_buffer.from_numpy_array(index.to_array(self.counts))
        encoded = await self.index_chain.encode(array)
        assert encoded is not None  # no codec of fixed size drops anything
        return encoded


def name_subchunk(error: BaseException, layout: ShardLayout, position: int, doing: str) -> None:
    """Say at which subchunk an error happened."""
    coords = layout.coords_of(position)
    add_context(error, f"while {doing} subchunk {coords} of the shard", inner_coords=coords)
