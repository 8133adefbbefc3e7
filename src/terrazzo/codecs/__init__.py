"""Codecs: one module each, imported when first used.

``terrazzo.registry`` finds them by the names that metadata documents use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrazzo.runtime.lazy import on_use
from terrazzo.settings import NUMCODECS

if TYPE_CHECKING:
    from terrazzo.codecs.bitround import BitRoundCodec
    from terrazzo.codecs.blosc import BloscCname, BloscCodec, BloscShuffle
    from terrazzo.codecs.bytes import BytesCodec, Endian
    from terrazzo.codecs.cast_value import CastValue
    from terrazzo.codecs.crc32c_ import Crc32cCodec
    from terrazzo.codecs.gzip import GzipCodec
    from terrazzo.codecs.packbits import PackBitsCodec
    from terrazzo.codecs.scale_offset import ScaleOffset
    from terrazzo.codecs.sharding import ShardingCodec, ShardingCodecIndexLocation, SubchunkWriteOrder
    from terrazzo.codecs.transpose import TransposeCodec
    from terrazzo.codecs.vlen import VLenBytesCodec, VLenUTF8Codec
    from terrazzo.codecs.zstd import ZstdCodec

__all__ = [
    "BitRoundCodec",
    "BloscCname",
    "BloscCodec",
    "BloscShuffle",
    "BytesCodec",
    "CastValue",
    "Crc32cCodec",
    "Endian",
    "GzipCodec",
    "PackBitsCodec",
    "ScaleOffset",
    "ShardingCodec",
    "ShardingCodecIndexLocation",
    "SubchunkWriteOrder",
    "TransposeCodec",
    "VLenBytesCodec",
    "VLenUTF8Codec",
    "ZstdCodec",
]

_HOMES = {
    **dict.fromkeys(NUMCODECS.values(), ".numcodecs"),
    "BitRoundCodec": ".bitround",
    "BloscCname": ".blosc",
    "BloscCodec": ".blosc",
    "BloscShuffle": ".blosc",
    "BytesCodec": ".bytes",
    "CastValue": ".cast_value",
    "Crc32cCodec": ".crc32c_",
    "Endian": ".bytes",
    "GzipCodec": ".gzip",
    "PackBitsCodec": ".packbits",
    "ScaleOffset": ".scale_offset",
    "ShardingCodec": ".sharding",
    "ShardingCodecIndexLocation": ".sharding",
    "SubchunkWriteOrder": ".sharding",
    "TransposeCodec": ".transpose",
    "VLenBytesCodec": ".vlen",
    "VLenUTF8Codec": ".vlen",
    "ZstdCodec": ".zstd",
}


__getattr__ = on_use(__name__, _HOMES)
"""The libraries behind codecs take longer to import than terrazzo."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
