"""Encoding a chunk of which a part is new: the rest is what was stored, or the fill value."""

from __future__ import annotations

import math

from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.indexing.projection import PLAIN, SelectorTuple
from terrazzo.pipeline.prepared import PreparedChain

__all__ = ["encode_new", "encode_or_drop", "filled", "merge"]


async def encode_new(chain: PreparedChain, part: NDBuffer, chunk_selection: SelectorTuple) -> Buffer | None:
    """Encode a chunk with `part` in it, and the fill value elsewhere; None when it need not be stored."""
    shape = chain.spec.shape
    if math.prod(part.shape) == math.prod(shape) and part.shape and PLAIN.issuperset(map(type, chunk_selection)):
        chunk = part if part.shape == shape else part.reshape(shape)
        if chunk.dtype != chain.dtype:
            chunk = chunk.astype(chain.dtype)
    elif chain.parts is not None:
        return await chain.merge_subchunks(chain.parts, None, part, chunk_selection)
    else:
        chunk = filled(chain)
        chunk[chunk_selection] = part
    return await encode_or_drop(chain, chunk)


async def merge(
    chain: PreparedChain,
    stored: Buffer | None,
    part: NDBuffer | Patch,
    chunk_selection: SelectorTuple,
    field: str | None = None,
) -> Buffer | None:
    """Encode a chunk with `part` in it, or in a field of it, and what was stored elsewhere; None when it is all fill.

    Raises
    ------
    CorruptDataError
        What was stored cannot be decoded.
    """
    if chain.parts is not None and field is None:
        return await chain.merge_subchunks(chain.parts, stored, part, chunk_selection)
    # What was decoded may be read-only and shared: `astype` copies.
    chunk = filled(chain) if stored is None else (await chain.decode(stored)).astype(chain.dtype)
    if isinstance(part, Patch):
        part.put_into(chunk)
    else:
        written = chunk if field is None else chunk.from_ndarray_like(chunk.as_numpy_array()[field])
        written[chunk_selection] = part
    return await encode_or_drop(chain, chunk)


async def encode_or_drop(chain: PreparedChain, chunk: NDBuffer) -> Buffer | None:
    """Encode a chunk; None when it need not be stored because it holds only the fill value."""
    drops = not chain.spec.config.write_empty_chunks and chain.parts is None  # else subchunks are dropped one by one
    if drops and chunk.all_equal(chain.spec.fill_value):
        return None
    return await chain.encode(chunk)


def filled(chain: PreparedChain) -> NDBuffer:
    """A chunk of fill values.

    Raises
    ------
    LimitExceededError
        It would be too large.
    """
    chain.check_limit()
    spec = chain.spec
    return spec.prototype.nd_buffer.create(
        shape=spec.shape, dtype=chain.dtype, order=spec.order, fill_value=spec.fill_value
    )
