"""``sharding_indexed``: many subchunks in one stored object."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Final, TypeAlias

from terrazzo.buffer.base import Buffer
from terrazzo.codecs.sharding.codec import INDEX_LOCATION, IndexLocation, ShardingCodec, ShardingCodecIndexLocation
from terrazzo.codecs.sharding.order import SUBCHUNK_WRITE_ORDER, SubchunkWriteOrder
from terrazzo.types import ChunkCoords

__all__ = [
    "INDEX_LOCATION",
    "MAX_UINT_64",
    "SUBCHUNK_WRITE_ORDER",
    "IndexLocation",
    "ShardMapping",
    "ShardMutableMapping",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SubchunkWriteOrder",
]

MAX_UINT_64: Final = (1 << 64) - 1
"""Both words of the index for a subchunk that is missing."""

ShardMapping: TypeAlias = Mapping[ChunkCoords, Buffer | None]
ShardMutableMapping: TypeAlias = MutableMapping[ChunkCoords, Buffer | None]
