"""``sharding_indexed``: many subchunks in one stored object."""

from __future__ import annotations

from terrazzo.codecs.sharding.codec import INDEX_LOCATION, IndexLocation, ShardingCodec, ShardingCodecIndexLocation
from terrazzo.codecs.sharding.order import SUBCHUNK_WRITE_ORDER, SubchunkWriteOrder

__all__ = [
    "INDEX_LOCATION",
    "SUBCHUNK_WRITE_ORDER",
    "IndexLocation",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SubchunkWriteOrder",
]
