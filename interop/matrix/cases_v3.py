"""Cases in format 3."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from interop.arrays import ARRAYS, codec
from interop.matrix.case import Case
from interop.matrix.data import ROWS, fills_of, name_of, native_of, orders_of, partly, random, type_of, wave

__all__ = ["cases_v3"]

SHAPE, CHUNKS = (5, 7), (2, 3)
REGION = ((0, 4), (1, 6))
CORNER = ((1, 3), (2, 4))
LITTLE, BIG, CRC32C = codec("bytes", endian="little"), codec("bytes", endian="big"), codec("crc32c")
ZSTD = codec("zstd", level=1, checksum=False)
BLOSC = codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=4, blocksize=0)


def data_types() -> Iterator[Case]:
    """Each data type in each byte order, and in shards; and each of its fill values."""
    for row in ROWS:
        kind, family = type_of(row), "ml " if row.dtype.type.__module__ == "ml_dtypes" else ""
        (_, default), *others = fills_of(row)
        whole = partly(row, native_of(row), default, REGION, SHAPE)
        common = {"data_type": kind, "region": REGION}
        for order in orders_of(row):
            serializer = {"serializer": BIG} if order == "big" else {}
            yield Case(f"{family}data type {name_of(row)} {order}", 3, whole, CHUNKS, **common, **serializer)
        inner = {"string": codec("vlen-utf8"), "bytes": codec("vlen-bytes")}.get(kind)
        if inner is None:
            inner = LITTLE if len(orders_of(row)) == 2 or (row.dtype.itemsize > 1 and family) else codec("bytes")
        sharded = sharding((2, 1), [inner, ZSTD])
        yield Case(f"{family}shards of {name_of(row)}", 3, whole, (4, 3), **common, serializer=sharded)
        for text, fill in others:
            filled = partly(row, native_of(row), fill, CORNER, SHAPE)
            yield Case(
                f"{family}fill {text} of {name_of(row)}", 3, filled, CHUNKS, data_type=kind, region=CORNER,
                fill_value=fill,
            )  # fmt: skip


def sharding(chunk_shape: tuple[int, ...], codecs: list[Any], **more: Any) -> dict[str, Any]:
    """The JSON of the sharding codec."""
    given = {"index_codecs": [LITTLE, CRC32C], "index_location": "end", **more}
    return codec("sharding_indexed", chunk_shape=list(chunk_shape), codecs=codecs, **given)


SHARDS: dict[str, dict[str, Any]] = {
    "uncompressed": sharding((2, 3), [LITTLE]),
    "index at the start": sharding((2, 3), [LITTLE], index_location="start"),
    "index without checksum": sharding((2, 3), [LITTLE], index_codecs=[LITTLE]),
    "index in big endian": sharding((2, 3), [BIG], index_codecs=[BIG, CRC32C]),
    "compressed": sharding((2, 3), [LITTLE, ZSTD]),
    "compressed with checksum, index at the start": sharding((2, 3), [LITTLE, ZSTD, CRC32C], index_location="start"),
    "blosc": sharding((4, 6), [LITTLE, BLOSC]),
    "transposed within": sharding((2, 3), [codec("transpose", order=[1, 0]), LITTLE]),
    "of one element": sharding((1, 1), [LITTLE, codec("gzip", level=1)]),
    "of one subchunk": sharding((8, 12), [LITTLE]),
    "nested": sharding((4, 6), [sharding((2, 2), [LITTLE])]),
    "nested, both at the start": sharding(
        (4, 6), [sharding((2, 2), [LITTLE, ZSTD], index_location="start")], index_location="start"
    ),
    "nested twice": sharding((4, 6), [sharding((2, 6), [sharding((1, 2), [LITTLE])])]),
}  # fmt: skip


def shards() -> Iterator[Case]:
    """Kinds of shards, whole and with subchunks that are missing."""
    for (name, serializer), dtype in itertools.product(SHARDS.items(), ("int32", "float32")):
        for part, region in (("", None), (", a part", ((3, 11), (7, 20)))):
            data = wave((13, 30), dtype) + np.dtype(dtype).type(1)
            if region is not None:
                inside = data[3:11, 7:20].copy()
                data[...] = 5
                data[3:11, 7:20] = inside
            yield Case(
                f"sharding {name} of {dtype}{part}",
                3,
                data,
                (8, 12),
                serializer=serializer,
                region=region,
                fill_value=5,
            )
    outside = {"serializer": SHARDS["compressed"], "compressors": (codec("gzip", level=1),)}
    yield Case("sharding compressed outside", 3, wave((13, 30), "int32"), (8, 12), fill_value=0, **outside)
    for name, shape, chunks, inner in (
        ("1-d", (10,), (8,), (2,)), ("3-d", (5, 6, 7), (4, 4, 4), (2, 1, 4)), ("0-d", (), (), ()),
        ("4-d", (3, 4, 5, 6), (2, 4, 4, 3), (1, 2, 2, 3)), ("an empty axis", (0, 5), (2, 4), (1, 2)),
    ):  # fmt: skip
        data, serializer = random(shape, "<u2", name), sharding(inner, [LITTLE])
        yield Case(f"sharding {name}", 3, data, chunks, serializer=serializer, fill_value=0)


def without_parameters(name: str) -> dict[str, Any]:
    """The JSON of a codec that has none, in the form that zarr-python insists on."""
    return {"name": name, "configuration": {}}


NUMCODECS: dict[str, tuple[str, dict[str, Any]]] = {
    "zlib": ("int32", {"compressors": (codec("numcodecs.zlib", level=1),)}),
    "bz2": ("int32", {"compressors": (codec("numcodecs.bz2", level=1),)}),
    "lzma": ("int32", {"compressors": (codec("numcodecs.lzma", format=1, check=-1, preset=None, filters=None),)}),
    "lz4": ("int32", {"compressors": (codec("numcodecs.lz4", acceleration=1),)}),
    "gzip": ("int32", {"compressors": (codec("numcodecs.gzip", level=1),)}),
    "zstd": ("int32", {"compressors": (codec("numcodecs.zstd", level=1),)}),
    "blosc": (
        "int32", {"compressors": (codec("numcodecs.blosc", cname="zstd", clevel=1, shuffle=2, blocksize=0),)},
    ),
    "shuffle": ("int32", {"compressors": (codec("numcodecs.shuffle", elementsize=4), ZSTD)}),
    "crc32": ("int32", {"compressors": (without_parameters("numcodecs.crc32"),)}),
    "crc32c": ("int32", {"compressors": (without_parameters("numcodecs.crc32c"),)}),
    "adler32": ("int32", {"compressors": (without_parameters("numcodecs.adler32"),)}),
    "fletcher32": ("int32", {"compressors": (without_parameters("numcodecs.fletcher32"),)}),
    "jenkins_lookup3": ("int32", {"compressors": (codec("numcodecs.jenkins_lookup3", initval=0, prefix=None),)}),
    "delta": ("int32", {"filters": (codec("numcodecs.delta", dtype="<i4", astype="<i4"),)}),
    "fixedscaleoffset": (
        "float64",
        {"filters": (codec("numcodecs.fixedscaleoffset", offset=50, scale=2, dtype="<f8", astype="<i2"),)},
    ),
    "quantize": ("float32", {"filters": (codec("numcodecs.quantize", digits=1, dtype="<f4", astype="<f4"),)}),
    "packbits": ("bool", {"filters": (without_parameters("numcodecs.packbits"),)}),
    "astype": ("int64", {"filters": (codec("numcodecs.astype", encode_dtype="<i2", decode_dtype="<i8"),)}),
}  # fmt: skip


def numcodecs() -> Iterator[Case]:
    """The codecs of numcodecs under the names that zarr-python gives them."""
    for name, (dtype, given) in NUMCODECS.items():
        yield Case(f"numcodecs {name}", 3, wave((12, 10), dtype), (5, 4), fill_value=np.zeros((), dtype)[()], **given)
    for name, compressors in (("zstd", (ZSTD,)), ("gzip, crc32c", (codec("gzip", level=1), CRC32C))):
        text = np.array(["", "é字", "abc" * 20] * 10, "O")
        yield Case(f"text in {name}", 3, text, (7,), data_type="string", compressors=compressors)


def core() -> Iterator[Case]:
    """Codecs, shapes, keys and attributes, of those that zarr-python 3.4 is tested with on its own."""
    for one in ARRAYS:
        family = one.name.split()[0].rstrip(",")
        if family in ("data", "fill", "written", "shards") or "snappy" in one.name:
            continue
        if family == "codecs" and not one.name.endswith(("int32", "complex64")):
            continue
        region = [(part.start or 0, length if part.stop is None else part.stop)
                  for part, length in zip(one.region, one.shape, strict=False)]  # fmt: skip
        yield Case(
            one.name, 3, one.expected, one.chunks, region=tuple(region) or None, fill_value=one.fill_value,
            filters=one.filters, serializer=one.serializer, compressors=one.compressors,
            encoding=one.keys["name"], separator=one.keys["configuration"]["separator"],
            attributes=one.attributes, dimension_names=one.dimension_names,
        )  # fmt: skip


def cases_v3() -> Iterator[Case]:
    """All of them."""
    for family in (data_types, shards, numcodecs, core):
        yield from family()
