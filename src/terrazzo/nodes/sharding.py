"""How a new array is cut into shards, and shards into chunks. The choices are zarr-python's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from terrazzo.abc.codec import Codec
from terrazzo.dtype.base import FixedSize, ZDType
from terrazzo.errors import ZarrUserWarning, quote, warn
from terrazzo.grid import ChunkGridMetadata, RegularChunkGridMetadata, guess_chunks
from terrazzo.nodes.defaults import ChunksLike, parse_chunks, parse_grid
from terrazzo.pipeline.chain import parse_codec
from terrazzo.settings import Options

__all__ = ["ShardsConfigParam", "ShardsLike", "guess_shards", "in_shards", "parse_shards"]

FEW_CHUNKS = 8
"""Chunks along an axis up to which shards chosen automatically hold one of them."""


class ShardsConfigParam(TypedDict, total=False):
    """How chunks are put into shards: the shape of a shard, and where in it the index is."""

    shape: ChunksLike
    index_location: Literal["start", "end"] | None


ShardsLike: TypeAlias = ChunksLike | ShardsConfigParam | None


def parse_shards(
    shards: Any, chunks: Any, shape: tuple[int, ...], dtype: ZDType[Any, Any], options: Options
) -> tuple[ChunkGridMetadata, tuple[int, ...]]:
    """The grid of shards and the shape of chunks that a caller means.

    Parameters
    ----------
    shards
        One length for every axis or a length for each; -1 for all of an axis, rounded up to whole chunks; the lengths
        of all shards along an axis, one by one; ``"auto"``; or a mapping with the member ``shape``.

    Raises
    ------
    ValueError
        A length is not a multiple of that of a chunk, or the number of axes is wrong.
    TypeError
        A length is no integer.
    """
    item_size = dtype.item_size if isinstance(dtype, FixedSize) else 1
    automatic = isinstance(chunks, str) and chunks == "auto"
    inner = guess_chunks(shape, item_size, sharded=True) if automatic else parse_chunks(chunks, shape, dtype)
    if isinstance(shards, Mapping):
        if "shape" not in shards:
            raise ValueError(f"shards is {quote(dict(shards))}, and does not say their `shape`")
        shards = shards["shape"]
    if isinstance(shards, str) and shards == "auto":
        warn(
            "shards='auto' is a guess that may become another one in a later version; a shape stays",
            ZarrUserWarning,
        )
        guessed = guess_shards(shape, inner, item_size, options.target_shard_size_bytes)
        return RegularChunkGridMetadata(chunk_shape=guessed), inner
    whole = tuple(max(1, -(-length // size)) * size for length, size in zip(shape, inner, strict=True))
    outer = parse_grid(shards, whole, dtype)
    for axis, size in enumerate(inner):
        for length in outer.distinct_lengths(axis):
            if length % size:
                raise ValueError(f"a shard of {length} elements on axis {axis} does not hold whole chunks of {size}")
    return outer, inner


def guess_shards(
    shape: tuple[int, ...], chunks: tuple[int, ...], item_size: int, target_bytes: int | None
) -> tuple[int, ...]:
    """Choose a shard shape: two chunks along every axis that has many, or as many as a target in bytes allows."""
    if target_bytes is None:
        return tuple(
            2 * size if length // size > FEW_CHUNKS else size for length, size in zip(shape, chunks, strict=True)
        )
    most = min((length // size for length, size in zip(shape, chunks, strict=True)), default=1)
    chunk_bytes = math.prod(chunks) * item_size
    factor = 1
    while factor < most and chunk_bytes * (factor + 1) ** len(chunks) <= target_bytes:
        factor += 1
    return tuple(factor * size for size in chunks)


def in_shards(chunks: tuple[int, ...], codecs: Sequence[Codec], shards: Any) -> tuple[Codec, ...]:
    """The codecs of an array whose chunks, with `codecs`, are put into shards."""
    configuration: dict[str, Any] = {"chunk_shape": chunks, "codecs": codecs}
    if isinstance(shards, Mapping) and shards.get("index_location") is not None:
        configuration["index_location"] = shards["index_location"]
    return (parse_codec({"name": "sharding_indexed", "configuration": configuration}),)
