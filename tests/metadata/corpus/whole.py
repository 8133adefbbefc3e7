"""Documents that are right, one for every codec, data type and grid, to be changed in one place at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.metadata.corpus.row import V2, codec
from tests.stored import BASE, LITTLE, grid

__all__ = ["VALUES", "WHOLE", "changed", "places"]

NAN, INF = float("nan"), float("inf")

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1 << 63, -(1 << 63) - 1, 10**30, 1.5, 1e308, NAN, INF,
    "", "x", "\ud800", "\0", "é" * 300, "x" * 5000, "NaN", "0x00", "0x" + "f" * 5000, "-1", "9" * 5000,
    "a3", "<a3", "O", "M8[x]", "(2,)i4", "i4,i8", "object", "|V0", "<U0", "|V99999999999", "<f3", "|b8", "=i4",
    "i4", " int8", "r8", "r7", "r0", "r99999999999", "<M8[0s]", "<m8[99999999999s]", "int4", "bfloat16", "string",
    "bytes", [], [None], [[]], [[[]]], [1, 2, 3], ["a", "b"], [{"name": "x"}], [1] * 70, [[0, 0], [0, 1]],
    [True], [-1], [0], [10**30], [1.0], ["1"],
    [["a", "<i2"], ["a", "<i2"]], [["a", "|O"]], [["a", "<i2", [10**9, 10**9]]],
    {}, {"name": 1}, {"name": "x"}, {"name": "bytes"}, {"must_understand": False}, {"a": {"b": [1]}}, {"id": "x"},
    {"names": ["a"], "formats": ["O"]}, {"names": ["a"], "formats": ["i4"], "itemsize": 10**12},
)  # fmt: skip
"""What a document may hold where it must not."""


def v3(data_type: Any, fill_value: Any, *codecs: Any, shape: Sequence[int] = (4,), **patch: Any) -> dict[str, Any]:
    return {
        **BASE,
        "shape": list(shape),
        "data_type": data_type,
        "chunk_grid": grid(*[2] * len(shape)),
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill_value,
        "codecs": list(codecs) or [LITTLE],
        "attributes": {"a": 1},
        "dimension_names": ["x"] * len(shape),
        "storage_transformers": [],
        **patch,
    }


def struct(*fields: Any) -> dict[str, Any]:
    listed = [{"name": name, "data_type": data_type} for name, data_type in fields]
    return {"name": "struct", "configuration": {"fields": listed}}


def time(kind: str, unit: str) -> dict[str, Any]:
    return {"name": f"numpy.{kind}", "configuration": {"unit": unit, "scale_factor": 10}}


def sized(name: str, length: int) -> dict[str, Any]:
    return {"name": name, "configuration": {"length_bytes": length}}


BYTES = {"name": "bytes"}
MAP = {"encode": [["NaN", 1]], "decode": [[1, "NaN"]]}
NUMCODECS: Mapping[str, dict[str, Any]] = {
    "blosc": {"cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
    "zstd": {"level": 0, "checksum": False},
    "gzip": {"level": 1},
    "zlib": {"level": 1},
    "bz2": {"level": 1},
    "lzma": {"format": 1, "check": -1, "preset": None, "filters": None},
    "lz4": {"acceleration": 1},
    "shuffle": {"elementsize": 2},
    "crc32": {"location": "start"},
    "adler32": {"location": "start"},
    "crc32c": {"location": "end"},
    "jenkins_lookup3": {"initval": 0, "prefix": None},
    "fletcher32": {},
}
FILTERS: Mapping[str, dict[str, Any]] = {
    "delta": {"dtype": "<f4", "astype": "<f4"},
    "fixedscaleoffset": {"offset": 0, "scale": 2, "dtype": "<f4", "astype": "<i2"},
    "quantize": {"digits": 2, "dtype": "<f4", "astype": "<f4"},
    "bitround": {"keepbits": 3},
    "astype": {"encode_dtype": "<i2", "decode_dtype": "<f4"},
}

ARRAYS: Mapping[str, dict[str, Any]] = {
    "uint8": v3("uint8", 9, BYTES),
    "float32": v3("float32", 1.5),
    "complex64": v3("complex64", [1, "NaN"]),
    "bool": v3("bool", True, BYTES),
    "struct": v3(struct(("a", "int16"), ("b", struct(("c", "uint8")))), {"a": 1, "b": {"c": 2}}),
    "datetime64": v3(time("datetime64", "s"), "NaT"),
    "timedelta64": v3(time("timedelta64", "ns"), 5),
    "fixed_length_utf32": v3(sized("fixed_length_utf32", 12), "ab"),
    "null_terminated_bytes": v3(sized("null_terminated_bytes", 3), "YWI=", BYTES),
    "raw_bytes": v3(sized("raw_bytes", 3), "AAAA", BYTES),
    "r16": v3("r16", [1, 2], BYTES),
    "string": v3("string", "a", {"name": "vlen-utf8", "configuration": {}}),
    "variable_length_bytes": v3("variable_length_bytes", "YWI=", {"name": "vlen-bytes"}),
    "keys as in format 2": v3(
        "uint8", 9, BYTES, chunk_key_encoding={"name": "v2", "configuration": {"separator": "."}}
    ),
    "rectilinear": v3(
        "uint8", 9, BYTES, shape=(10, 4),
        chunk_grid={"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[3, [2, 2], 3], 4]}},
    ),
    "transpose, gzip, crc32c": v3(
        "int16", 3, codec("transpose", order=[1, 0]), LITTLE, codec("gzip", level=5), {"name": "crc32c"}, shape=(4, 4)
    ),
    "blosc": v3("int16", 3, LITTLE, codec("blosc", cname="lz4", clevel=5, shuffle="shuffle", typesize=2, blocksize=0)),
    "zstd": v3("int16", 3, LITTLE, codec("zstd", level=1, checksum=True)),
    "scale_offset, cast_value": v3(
        "float32", 0, codec("scale_offset", offset=0, scale=2),
        codec("cast_value", data_type="int8", rounding="towards-zero", out_of_range="clamp", scalar_map=MAP), BYTES,
    ),
    "bitround, packbits": v3(
        "int16", 3, codec("bitround", keepbits=3),
        codec("packbits", padding_encoding="first_byte", first_bit=1, last_bit=5)
    ),
    "sharding": v3(
        "uint8", 9,
        codec(
            "sharding_indexed", chunk_shape=[1], codecs=[BYTES], index_codecs=[LITTLE, {"name": "crc32c"}],
            index_location="end",
        ),
    ),
    **{
        f"numcodecs.{name}": v3("int16", 3, LITTLE, codec(f"numcodecs.{name}", **given))
        for name, given in NUMCODECS.items()
    },
    **{
        f"numcodecs.{name}": v3("float32", 0, codec(f"numcodecs.{name}", **given), LITTLE)
        for name, given in FILTERS.items()
    },
    "numcodecs.packbits": v3("bool", True, {"name": "numcodecs.packbits"}, BYTES),
}  # fmt: skip

GROUP = {
    "zarr_format": 3,
    "node_type": "group",
    "attributes": {"a": 1},
    "consolidated_metadata": {"kind": "inline", "must_understand": False, "metadata": {"x": ARRAYS["uint8"]}},
    "later": {"must_understand": False},
}


def v2(dtype: Any, fill_value: Any, **patch: Any) -> dict[str, Any]:
    return {**V2, "dtype": dtype, "fill_value": fill_value, "dimension_separator": ".", **patch}


ARRAYS_V2: Mapping[str, dict[str, Any]] = {
    "|u1": v2("|u1", 9),
    ">f8, zlib": v2(">f8", "NaN", compressor={"id": "zlib", "level": 1}),
    "struct": v2([["a", "<i2"], ["b", [["c", "|u1", [2]]]]], "AAAAAA==", order="F"),
    "filters": v2(
        "<f4",
        0.0,
        filters=[{"id": "fixedscaleoffset", **FILTERS["fixedscaleoffset"]}, {"id": "delta", "dtype": "<i2"}],
        compressor={"id": "blosc", **NUMCODECS["blosc"]},
    ),
    "<M8[ns]": v2("<M8[ns]", 0),
    "<U3": v2("<U3", "ab"),
    "|S3": v2("|S3", "YWI="),
    "|V3": v2("|V3", "AAAA"),
    "|O": v2("|O", "", filters=[{"id": "vlen-utf8"}]),
}

WHOLE: Mapping[str, tuple[str, dict[str, Any]]] = {
    **{f"v3 {name}": ("zarr.json", document) for name, document in ARRAYS.items()},
    "v3 group": ("zarr.json", GROUP),
    **{f"v2 {name}": (".zarray", document) for name, document in ARRAYS_V2.items()},
    "v2 group": (".zgroup", {"zarr_format": 2}),
}

Place = tuple[str | int, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where a document can be changed: every member and item, at any depth."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*place, key)
        yield from places(item, (*place, key))


def changed(document: Any, place: Place) -> Iterator[tuple[str, Any]]:
    """A document with something else, nothing, or something more in one place; what was done, and what came of it."""

    def replaced(inner: Any, rest: Place, change: Any) -> Any:
        copy = dict(inner) if isinstance(inner, dict) else list(inner)
        if len(rest) > 1:
            copy[rest[0]] = replaced(inner[rest[0]], rest[1:], change)
        else:
            change(copy, rest[0])
        return copy

    yield "left out", replaced(document, place, lambda copy, key: copy.pop(key))
    for value in VALUES:
        yield f"{value!r}"[:80], replaced(document, place, lambda copy, key, value=value: copy.__setitem__(key, value))
    for more in ({"strange": 1}, {"must_understand": True}):
        yield (
            f"with {more}",
            replaced(
                document, place, lambda copy, key, more=more: copy.__setitem__(key, {**_object(copy[key]), **more})
            ),
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"name": value}
