"""Arrays of every kind: data types, codecs, chunk keys, fill values, shapes and orders, each with data to write."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from interop.dtypes import DTYPES

__all__ = ["ARRAYS", "ArrayCase"]

NAN, INF = float("nan"), float("inf")


def codec(name: str, **configuration: Any) -> dict[str, Any]:
    """The JSON of a codec."""
    return {"name": name, "configuration": configuration} if configuration else {"name": name}


BYTES_LITTLE, BYTES_BIG, CRC32C = codec("bytes", endian="little"), codec("bytes", endian="big"), codec("crc32c")


@dataclass(frozen=True)
class ArrayCase:
    """An array, and what is written to it.

    Attributes
    ----------
    region
        Where something is written; the rest has the fill value.
    layout
        How the written data lie in memory: C or F order, ``strided``, or ``swapped`` for the other byte order.
    is_smooth
        Whether the data can be compressed, rather than every bit being random.
    """

    name: str
    dtype: str = "int32"
    shape: tuple[int, ...] = (7, 10)
    chunks: tuple[int | tuple[int, ...], ...] = (4, 3)
    filters: tuple[dict[str, Any], ...] = ()
    serializer: dict[str, Any] = field(default_factory=lambda: BYTES_LITTLE)
    compressors: tuple[dict[str, Any], ...] = ()
    keys: dict[str, Any] = field(default_factory=lambda: codec("default", separator="/"))
    fill_value: Any = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    dimension_names: tuple[str | None, ...] | None = None
    region: tuple[slice, ...] = ()
    layout: str = "C"
    is_smooth: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Arguments of ``create_array``."""
        return {
            "shape": self.shape,
            "chunks": self.chunks,
            "dtype": self.dtype,
            "filters": self.filters,
            "serializer": self.serializer,
            "compressors": self.compressors,
            "chunk_key_encoding": self.keys,
            "fill_value": self.fill_value,
            "attributes": self.attributes,
            "dimension_names": self.dimension_names,
        }

    @property
    def data(self) -> npt.NDArray[Any]:
        """What is written to the region: random bits or a slow wave, and the values that are special among them."""
        shape = np.empty(self.shape, "bool")[self.region].shape
        dtype, count = np.dtype(self.dtype), math.prod(shape)
        if self.is_smooth:
            flat = (np.sin(np.arange(count) / 40) * 100 + 100).astype(dtype)
        else:
            random = np.random.default_rng(zlib.crc32(self.name.encode()))
            raw = random.bytes(count * dtype.itemsize)
            flat = np.frombuffer(raw, dtype).copy() if dtype.kind != "b" else np.frombuffer(raw, "u1") > 127
        special = np.array(SPECIAL[dtype.kind][:count]).astype(dtype)
        flat[: len(special)] = special
        return arranged(flat.reshape(shape), self.layout)

    @property
    def expected(self) -> npt.NDArray[Any]:
        """What the array holds afterwards."""
        whole = np.full(self.shape, self.fill_value, self.dtype)
        whole[self.region] = self.data
        return whole


SPECIAL = {
    "b": [True, False],
    "i": [0, -1, 1],
    "u": [0, 1],
    "f": [0.0, -0.0, NAN, INF, -INF, 1.0],
    "c": [complex(0.0, -0.0), complex(-0.0, 0.0), complex(NAN, INF), complex(-INF, NAN)],
}


def arranged(data: npt.NDArray[Any], layout: str) -> npt.NDArray[Any]:
    """The same elements, lying in memory in another way."""
    if layout == "F":
        return np.asfortranarray(data)
    if layout == "swapped":
        return data.astype(data.dtype.newbyteorder())
    if layout == "strided":
        wider = np.zeros(tuple(2 * length for length in data.shape), data.dtype)
        wider[tuple(slice(None, None, 2) for _ in data.shape)] = data
        return wider[tuple(slice(None, None, 2) for _ in data.shape)]
    return data


CHAINS: dict[str, dict[str, Any]] = {
    "uncompressed": {},
    "transpose": {"filters": (codec("transpose", order=[1, 0]),)},
    "transpose that does nothing": {"filters": (codec("transpose", order=[0, 1]),)},
    "two transposes": {"filters": (codec("transpose", order=[1, 0]),) * 2},
    "gzip 0": {"compressors": (codec("gzip", level=0),)},
    "gzip 9": {"compressors": (codec("gzip", level=9),)},
    "zstd": {"compressors": (codec("zstd", level=0, checksum=False),)},
    "zstd with checksum": {"compressors": (codec("zstd", level=3, checksum=True),)},
    "zstd of negative level": {"compressors": (codec("zstd", level=-7, checksum=False),)},
    "crc32c": {"compressors": (CRC32C,)},
    "zstd, crc32c": {"compressors": (codec("zstd", level=1, checksum=False), CRC32C)},
    "crc32c, zstd": {"compressors": (CRC32C, codec("zstd", level=1, checksum=False))},
    "crc32c twice": {"compressors": (CRC32C, CRC32C)},
    "gzip, gzip, zstd": {"compressors": (codec("gzip", level=1),) * 2 + (codec("zstd", level=1, checksum=False),)},
    "transpose, big, blosc, crc32c": {
        "filters": (codec("transpose", order=[1, 0]),),
        "serializer": BYTES_BIG,
        "compressors": (codec("blosc", cname="zstd", clevel=3, shuffle="bitshuffle", typesize=4, blocksize=0), CRC32C),
    },
    "blosc that stores": {
        "compressors": (codec("blosc", cname="lz4", clevel=0, shuffle="noshuffle", typesize=4, blocksize=0),)
    },
    "blosc in small blocks": {
        "compressors": (codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=2, blocksize=128),)
    },
} | {
    f"blosc {cname} {shuffle}": {
        "compressors": (codec("blosc", cname=cname, clevel=5, shuffle=shuffle, typesize=4, blocksize=0),)
    }
    for cname, shuffle in itertools.product(
        ("lz4", "lz4hc", "blosclz", "zstd", "snappy", "zlib"), ("noshuffle", "shuffle", "bitshuffle")
    )
}

SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "0-d": ((), ()),
    "1-d": ((10,), (4,)),
    "1-d of one element": ((1,), (1,)),
    "2-d of even chunks": ((8, 6), (4, 3)),
    "2-d of one chunk": ((5, 6), (5, 6)),
    "2-d smaller than its chunk": ((5, 6), (8, 8)),
    "2-d of chunks of one element": ((2, 3), (1, 1)),
    "3-d": ((4, 5, 6), (3, 2, 4)),
    "4-d": ((2, 3, 4, 5), (2, 2, 3, 2)),
    "an empty axis": ((0, 5), (1, 5)),
}

RECTILINEAR: dict[str, tuple[tuple[int, ...], tuple[int | tuple[int, ...], ...]]] = {
    "lists": ((7, 10), ((1, 2, 4), (3, 6, 1))),
    "a list and a length": ((7, 10), ((6, 1), 3)),
    "runs": ((7, 10), ((2, 2, 2, 1), (5, 5))),
    "1-d": ((9,), ((1, 1, 4, 3),)),
    "one chunk": ((4, 3), ((4,), (3,))),
    "an empty axis": ((0, 5), ((2, 3), (1, 4))),
    "3-d": ((4, 5, 6), ((1, 3), 2, (1, 2, 3))),
}

ZSTD = codec("zstd", level=1, checksum=False)

SHARDS: dict[str, dict[str, Any]] = {
    "as they lie in memory": {},
    "index first": {"index_location": "start"},
    "index without checksum": {"index_codecs": [BYTES_LITTLE]},
    "index big endian": {"index_codecs": [BYTES_BIG, CRC32C], "index_location": "start"},
    "zstd": {"codecs": [BYTES_LITTLE, ZSTD]},
    "big, zstd, crc32c": {"codecs": [BYTES_BIG, ZSTD, CRC32C], "index_location": "start"},
    "transposed inside": {"codecs": [codec("transpose", order=[1, 0]), BYTES_LITTLE, codec("gzip", level=1)]},
}


def sharding(chunk_shape: tuple[int, ...], **configuration: Any) -> dict[str, Any]:
    """The JSON of the codec, with what readers require."""
    members = {"codecs": [BYTES_LITTLE], "index_codecs": [BYTES_LITTLE, CRC32C], "index_location": "end"}
    return codec("sharding_indexed", chunk_shape=list(chunk_shape), **{**members, **configuration})


FILL_VALUES: dict[str, tuple[Any, ...]] = {
    "bool": (True,),
    "int8": (-128, 127),
    "uint8": (255,),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint64": ((1 << 64) - 1,),
    "float16": (NAN, INF, -INF, -0.0, 65504.0),
    "float32": (NAN, INF, -INF, -0.0, 0.1, 1e-45),
    "float64": (NAN, INF, -INF, -0.0, 0.1, 5e-324),
    "complex64": (complex(NAN, -0.0), complex(1, 2), complex(-INF, NAN)),
    "complex128": (complex(NAN, -0.0), complex(0.1, 0.2), complex(-INF, NAN)),
}


def sharded_cases() -> Iterator[ArrayCase]:
    """Arrays in shards."""
    for name, configuration in SHARDS.items():
        serializer = sharding((6, 4), **configuration)
        yield ArrayCase(f"shards {name}", "int32", (40, 50), (24, 16), serializer=serializer, is_smooth=True)
        part = (slice(7, 21), slice(13, 40))
        yield ArrayCase(
            f"shards {name}, part", "float32", (40, 50), (24, 16), serializer=serializer, fill_value=NAN, region=part
        )
    inner = sharding((3, 2), codecs=[BYTES_LITTLE, ZSTD], index_location="start")
    yield ArrayCase("shards in shards", "int16", (40, 50), (24, 16), serializer=sharding((6, 4), codecs=[inner]))
    for name, (shape, chunks) in SHAPES.items():
        shards = tuple(2 * size for size in chunks)
        yield ArrayCase(
            f"shards {name}", "float64", shape, shards, serializer=sharding(chunks, codecs=[BYTES_LITTLE, ZSTD])
        )
    swap = (codec("transpose", order=[1, 0]),)
    yield ArrayCase("shards transposed outside", "int32", (40, 50), (12, 12), swap, sharding((4, 3)))
    yield ArrayCase("shards packed outside", "int32", (40, 50), (12, 12), (), sharding((4, 3)), (ZSTD,))


def cases() -> Iterator[ArrayCase]:
    """All of them."""
    for dtype, endian in itertools.product(DTYPES, (BYTES_LITTLE, BYTES_BIG)):
        one_byte = np.dtype(dtype).itemsize == 1
        order = endian["configuration"]["endian"]
        if not (one_byte and endian is BYTES_BIG):
            serializer = codec("bytes") if one_byte else endian
            yield ArrayCase(f"data type {dtype} {order}", dtype, serializer=serializer)
    for (name, chain), dtype in itertools.product(CHAINS.items(), ("uint8", "int32", "float64", "complex64")):
        serializer = chain.get("serializer", BYTES_LITTLE) if dtype != "uint8" else codec("bytes")
        parameters = {**chain, "serializer": serializer, "is_smooth": True}
        yield ArrayCase(f"codecs {name} of {dtype}", dtype, (40, 50), (32, 20), **parameters)
    for name, (shape, chunks) in SHAPES.items():
        yield ArrayCase(f"shape {name}", "float32", shape, chunks)
        every = codec("transpose", order=list(reversed(range(len(shape)))))
        filters = (every,) if shape else ()
        yield ArrayCase(f"shape {name}, encoded", "uint16", shape, chunks, filters, BYTES_BIG, (CRC32C,))
    for name, (shape, lengths) in RECTILINEAR.items():
        yield ArrayCase(f"rectilinear {name}", "float32", shape, lengths)
        every = codec("transpose", order=list(reversed(range(len(shape)))))
        zstd = codec("zstd", level=1, checksum=False)
        yield ArrayCase(f"rectilinear {name}, encoded", "uint16", shape, lengths, (every,), BYTES_BIG, (zstd, CRC32C))
    yield ArrayCase(
        "rectilinear part", chunks=((1, 2, 4), 3), fill_value=3, region=(slice(2, 5), slice(1, 8)), is_smooth=True
    )
    yield from sharded_cases()
    for encoding, separator, shape in itertools.product(("default", "v2"), "/.", ((7, 10), (7,), ())):
        keys = codec(encoding, separator=separator)
        chunks = (4, 3)[: len(shape)]
        yield ArrayCase(f"keys {encoding} {separator} {len(shape)}-d", shape=shape, chunks=chunks, keys=keys)
    for dtype, values in FILL_VALUES.items():
        serializer = codec("bytes") if np.dtype(dtype).itemsize == 1 else BYTES_LITTLE
        for value in values:
            part = (slice(1, 5), slice(2, 4))
            yield ArrayCase(f"fill {value!r} of {dtype}", dtype, serializer=serializer, fill_value=value, region=part)
    for layout in ("F", "strided", "swapped"):
        yield ArrayCase(f"written from {layout}", "int64", layout=layout)
        filters = (codec("transpose", order=[1, 0]),)
        yield ArrayCase(f"written transposed from {layout}", "float32", filters=filters, layout=layout)
    attributes = {"title": "Höhe \U0001f30d", "nested": {"a": [1, 2.5, None, {"b": True}]}, "long": -(1 << 63)}
    yield ArrayCase("attributes", attributes=attributes)
    yield ArrayCase("attributes with an integer beyond 64 bits", attributes={"large": 1 << 70})
    yield ArrayCase("dimension names", dimension_names=("y", "x"))
    yield ArrayCase("a dimension without a name", dimension_names=("y", None))
    yield ArrayCase("empty dimension names", dimension_names=("", ""))
    yield ArrayCase("equal dimension names", dimension_names=("x", "x"))
    yield ArrayCase("nothing written", fill_value=5, region=(slice(0, 0), slice(0, 0)))


ARRAYS = tuple(cases())
