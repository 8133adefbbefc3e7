"""Cases in format 2."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from interop.matrix.case import Case
from interop.matrix.data import ROWS, fills_of, name_of, native_of, orders_of, partly, random, type_of, wave

__all__ = ["cases_v2"]

SHAPE, CHUNKS = (5, 7), (2, 3)
REGION = ((0, 4), (1, 6))
CORNER = ((1, 3), (2, 4))


def data_types() -> Iterator[Case]:
    """Each data type in each byte order, and each of its fill values."""
    for row in ROWS:
        kind, family = type_of(row), "ml " if row.dtype.type.__module__ == "ml_dtypes" else ""
        for order in orders_of(row):
            dtype = native_of(row, order)
            (_, default), *_ = fills_of(row)
            whole = partly(row, dtype, default, REGION, SHAPE)
            yield Case(
                f"{family}data type {name_of(row)} {order}",
                2,
                whole,
                CHUNKS,
                data_type=kind,
                region=REGION,
                fill_value=default,
            )
        for text, fill in fills_of(row):
            if "0x" in text and row.dtype.names is None:
                continue  # format 2 has one NaN only
            whole = partly(row, native_of(row), fill, CORNER, SHAPE)
            yield Case(
                f"{family}fill {text} of {name_of(row)}",
                2,
                whole,
                CHUNKS,
                data_type=kind,
                region=CORNER,
                fill_value=fill,
            )
        if kind == "numpy":
            zeros = np.zeros((), native_of(row))[()]
            whole = partly(row, native_of(row), zeros, REGION, SHAPE)
            yield Case(
                f"{family}fill null of {name_of(row)}", 2, whole, CHUNKS, region=((0, 5), (0, 7)), fill_value=None
            )


FIELDS: dict[str, Any] = {
    "one": [("a", "<i2", (2,))],
    "two axes": [("a", ">f4", (2, 3)), ("b", "|u1")],
    "text": [("name", "<U2", (2,)), ("raw", "|S3", (1,)), ("x", "<f8")],
    "nested": [("id", "<i4"), ("at", [("xy", "<f4", (2,)), ("ok", "|b1")])],
    "structs in an array": [("p", [("a", "<i2"), ("b", ">u4")], (2,))],
    "times": [("t", "<M8[ns]", (2,)), ("d", "<m8[s]")],
}


def sub_arrays() -> Iterator[Case]:
    """Fields that are arrays."""
    for name, fields in FIELDS.items():
        dtype = np.dtype(fields)
        data = np.zeros((5,), dtype)
        data[:4] = random((4,), f"V{dtype.itemsize}", name).view(dtype)
        if name == "text":
            data[:4] = [((f"{n}é", "a"), (b"xyz",), n / 3) for n in range(4)]
        if name == "nested":
            data[:4] = [(n, ((n, -n), n % 2)) for n in range(4)]
        yield Case(f"sub-array {name}", 2, data, (2,), region=((0, 4),), fill_value=np.zeros((), dtype)[()])


SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "0-d": ((), ()),
    "1-d": ((10,), (4,)),
    "2-d": ((8, 6), (4, 4)),
    "2-d smaller than its chunk": ((5, 6), (8, 8)),
    "3-d": ((4, 5, 6), (3, 2, 4)),
    "4-d": ((2, 3, 4, 5), (2, 2, 3, 2)),
    "an empty axis": ((0, 5), (1, 5)),
}


def layouts() -> Iterator[Case]:
    """Shapes, in both orders, byte orders and separators."""
    for (name, (shape, chunks)), order, dtype in itertools.product(SHAPES.items(), "CF", ("<i4", ">u2")):
        data = random(shape, dtype, name)
        compressor = {"id": "zlib", "level": 1}
        yield Case(f"shape {name} {order} {dtype}", 2, data, chunks, order=order, compressor=compressor, fill_value=0)
    for (name, (shape, chunks)), separator in itertools.product(SHAPES.items(), "./"):
        data = random(shape, "<f8", name)
        yield Case(f"separator {separator} {name}", 2, data, chunks, separator=separator, fill_value=0.0)
    attributes = {"title": "Höhe \U0001f30d", "nested": {"a": [1, 2.5, None, {"b": True}]}, "long": -(1 << 63)}
    yield Case("attributes", 2, np.arange(4), (2,), attributes=attributes, fill_value=0)


COMPRESSORS: dict[str, dict[str, Any]] = {
    **{
        f"blosc {cname} {shuffle}": {"id": "blosc", "cname": cname, "clevel": 5, "shuffle": shuffle, "blocksize": 0}
        for cname in ("lz4", "lz4hc", "blosclz", "zstd", "zlib")
        for shuffle in (-1, 0, 1, 2)
    },
    "blosc that stores": {"id": "blosc", "cname": "lz4", "clevel": 0, "shuffle": 0, "blocksize": 0},
    "blosc in blocks": {"id": "blosc", "cname": "lz4", "clevel": 9, "shuffle": 1, "blocksize": 256},
    "zlib 1": {"id": "zlib", "level": 1},
    "zlib 9": {"id": "zlib", "level": 9},
    "gzip 0": {"id": "gzip", "level": 0},
    "gzip 6": {"id": "gzip", "level": 6},
    "bz2": {"id": "bz2", "level": 9},
    "lzma": {"id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None},
    "lzma raw": {"id": "lzma", "format": 3, "check": 0, "preset": None, "filters": [{"id": 0x21, "preset": 1}]},
    "lzma with delta": {
        "id": "lzma",
        "format": 3,
        "check": 0,
        "preset": None,
        "filters": [{"id": 3, "dist": 4}, {"id": 0x21, "preset": 1}],
    },
    "lz4": {"id": "lz4", "acceleration": 1},
    "lz4 fast": {"id": "lz4", "acceleration": 20},
    "zstd": {"id": "zstd", "level": 0},
    "zstd of negative level": {"id": "zstd", "level": -5},
    "zstd with checksum": {"id": "zstd", "level": 3, "checksum": True},
}


def compressors() -> Iterator[Case]:
    """Each compressor for elements of each size."""
    for (name, compressor), dtype in itertools.product(COMPRESSORS.items(), ("|u1", "<i2", ">i4", "<f8", "<c16")):
        yield Case(
            f"compressor {name} of {dtype}", 2, wave((40, 30), dtype), (32, 20), compressor=compressor, fill_value=0
        )
    for name in ("zlib 1", "blosc lz4 1", "zstd", "lz4"):
        yield Case(
            f"compressor {name} in F order", 2, wave((40, 30), "<i4"), (32, 20), order="F", fill_value=0,
            compressor=COMPRESSORS[name],
        )  # fmt: skip
        text = np.array(["", "é字", "abc" * 20] * 10, "O")
        yield Case(
            f"compressor {name} of text", 2, text, (7,), data_type="string", fill_value="",
            compressor=COMPRESSORS[name],
        )  # fmt: skip


FILTERS: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "delta": ("<i4", ({"id": "delta", "dtype": "<i4", "astype": "<i4"},)),
    "delta to fewer bytes": ("<i8", ({"id": "delta", "dtype": "<i8", "astype": "<i2"},)),
    "delta big": (">i2", ({"id": "delta", "dtype": ">i2", "astype": ">i2"},)),
    "delta of floats": ("<f8", ({"id": "delta", "dtype": "<f8", "astype": "<f8"},)),
    "fixedscaleoffset": (
        "<f8", ({"id": "fixedscaleoffset", "scale": 2, "offset": 50, "dtype": "<f8", "astype": "<i2"},),
    ),
    "quantize": ("<f4", ({"id": "quantize", "digits": 1, "dtype": "<f4", "astype": "<f4"},)),
    "bitround": ("<f4", ({"id": "bitround", "keepbits": 12},)),
    "astype": ("<i8", ({"id": "astype", "encode_dtype": "<i2", "decode_dtype": "<i8"},)),
    "packbits": ("|b1", ({"id": "packbits"},)),
    "shuffle": ("<f4", ({"id": "shuffle", "elementsize": 4},)),
    "crc32": ("<i2", ({"id": "crc32"},)),
    "crc32 at the end": ("<i2", ({"id": "crc32", "location": "end"},)),
    "crc32c": ("<i2", ({"id": "crc32c"},)),
    "adler32": ("<i2", ({"id": "adler32"},)),
    "fletcher32": ("<i2", ({"id": "fletcher32"},)),
    "jenkins_lookup3": ("<i2", ({"id": "jenkins_lookup3", "initval": 0, "prefix": None},)),
    "base64": ("<i2", ({"id": "base64"},)),
    "compressors as filters": ("<i4", ({"id": "zlib", "level": 1}, {"id": "bz2", "level": 1})),
    "delta, shuffle": (
        "<i4", ({"id": "delta", "dtype": "<i4", "astype": "<i4"}, {"id": "shuffle", "elementsize": 4}),
    ),
    "fixedscaleoffset, delta": (
        "<f8",
        (
            {"id": "fixedscaleoffset", "scale": 10, "offset": 0, "dtype": "<f8", "astype": "<i4"},
            {"id": "delta", "dtype": "<i4", "astype": "<i4"},
        ),
    ),
    "categorize": (
        "<U2", ({"id": "categorize", "labels": ["a", "bé", "c"], "dtype": "<U2", "astype": "|u1"},),
    ),
}  # fmt: skip


def filters() -> Iterator[Case]:
    """Each filter alone, before a compressor, and in F order."""
    for (name, (dtype, chain)), (behind, compressor) in itertools.product(
        FILTERS.items(), (("", None), (", zlib", {"id": "zlib", "level": 1}), (", blosc", COMPRESSORS["blosc lz4 1"]))
    ):
        if name == "categorize":
            data = np.array(["a", "bé", "c", ""] * 30, dtype).reshape(12, 10)
            fill: Any = ""
        else:
            data, fill = wave((12, 10), dtype), np.zeros((), dtype)[()]
        common = {"filters": chain, "compressor": compressor, "fill_value": fill}
        yield Case(f"filters {name}{behind}", 2, data, (5, 4), **common)
        if not behind:
            yield Case(f"filters {name} in F order", 2, data, (5, 4), order="F", **common)


def objects(items: list[Any]) -> np.ndarray[Any, Any]:
    """An array of objects."""
    array = np.empty(len(items), "O")
    for number, item in enumerate(items):
        array[number] = item
    return array


MIXED = ["text é", "", 1, 2.5, None, True, [1, "a", None], {"k": {"n": [1]}}]
ARRAYS = [np.arange(n, dtype="<i4") for n in (3, 0, 1, 5)]
JSON2 = {
    "id": "json2", "encoding": "utf-8", "skipkeys": False, "ensure_ascii": True, "check_circular": True,
    "allow_nan": True, "sort_keys": True, "indent": None, "separators": [",", ":"], "strict": True,
}  # fmt: skip
MSGPACK2 = {"id": "msgpack2", "raw": False, "use_bin_type": True, "use_single_float": False}
OBJECTS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "json2": (MIXED, JSON2),
    "json2 of lists": ([[1, 2], [3], [], [[4]]], JSON2),
    "msgpack2": (MIXED, MSGPACK2),
    "pickle": (MIXED, {"id": "pickle", "protocol": 4}),
    "vlen-array": (ARRAYS, {"id": "vlen-array", "dtype": "<i4"}),
    "categorize": (["a", "b", "b", "a"], {"id": "categorize", "labels": ["a", "b"], "dtype": "|O", "astype": "|u1"}),
    "vlen-utf8": (["", "é", "a\0", "x" * 300], {"id": "vlen-utf8"}),
    "vlen-bytes": ([b"", b"\xff", b"a\0", b"x" * 300], {"id": "vlen-bytes"}),
}


def of_objects() -> Iterator[Case]:
    """What zarr-python 2 stores for arrays of objects, with its own fill values."""
    for (name, (items, codec)), compressor in itertools.product(OBJECTS.items(), (None, {"id": "zstd", "level": 1})):
        behind = "" if compressor is None else ", zstd"
        kind = {"vlen-utf8": "string", "vlen-bytes": "bytes"}.get(name, "object")
        yield Case(
            f"objects {name}{behind}", 2, objects(items), (2,), data_type=kind, filters=(codec,),
            compressor=compressor, fill_value=None if kind == "object" else 0, region=((0, len(items)),),
        )  # fmt: skip


def cases_v2() -> Iterator[Case]:
    """All of them."""
    for family in (data_types, sub_arrays, layouts, compressors, filters, of_objects):
        yield from family()
