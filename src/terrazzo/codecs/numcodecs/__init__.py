"""The codecs of numcodecs in Zarr v3, under zarr-python's names: ``numcodecs.zlib`` and so on.

Where a codec of the specification stores the same (``gzip``, ``zstd``, ``blosc``, ``crc32c``), other implementations
read it too: prefer it.

Examples
--------
>>> import terrazzo
>>> from terrazzo.codecs import numcodecs
>>> array = terrazzo.create_array(
...     None, data=[1, 2, 4], filters=numcodecs.Delta(dtype="int64"), compressors=numcodecs.BZ2(level=5)
... )
>>> array[:]
array([1, 2, 4])
"""

from __future__ import annotations

from terrazzo.codecs.numcodecs.array_array import (
    AsType,
    BitRound,
    Delta,
    FixedScaleOffset,
    PackBits,
    Quantize,
    _NumcodecsArrayArrayCodec,
)
from terrazzo.codecs.numcodecs.array_bytes import ZFPY, PCodec, _NumcodecsArrayBytesCodec
from terrazzo.codecs.numcodecs.base import _NumcodecsCodec
from terrazzo.codecs.numcodecs.bytes_bytes import (
    BZ2,
    CRC32,
    CRC32C,
    LZ4,
    LZMA,
    Adler32,
    Blosc,
    Fletcher32,
    GZip,
    JenkinsLookup3,
    Shuffle,
    Zlib,
    Zstd,
    _NumcodecsBytesBytesCodec,
)

__all__ = [
    "BZ2",
    "CRC32",
    "CRC32C",
    "LZ4",
    "LZMA",
    "ZFPY",
    "Adler32",
    "AsType",
    "BitRound",
    "Blosc",
    "Delta",
    "FixedScaleOffset",
    "Fletcher32",
    "GZip",
    "JenkinsLookup3",
    "PCodec",
    "PackBits",
    "Quantize",
    "Shuffle",
    "Zlib",
    "Zstd",
    "_NumcodecsArrayArrayCodec",
    "_NumcodecsArrayBytesCodec",
    "_NumcodecsBytesBytesCodec",
    "_NumcodecsCodec",
]
