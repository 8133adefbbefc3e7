"""Arrays and groups of format 2: ``.zarray``, ``.zgroup``, ``.zattrs``."""

from __future__ import annotations

import json
from typing import Any

from tests.metadata.corpus.row import GROUP_V2, Row, array_v2, unknown

__all__ = ["ARRAYS_V2", "GROUPS_V2", "UNKNOWN_V2"]

HUGE = 10**30


def group_v2(name: str, field: str, *quotes: str, **members: Any) -> Row:
    return Row(f"v2 group: {name}", {".zgroup": json.dumps(members).encode()}, field, quotes, ".zgroup", members)


def attributes_v2(name: str, *quotes: str, raw: bytes, beside: str = ".zgroup") -> Row:
    documents = {beside: GROUP_V2 if beside == ".zgroup" else array_v2("", "").documents[".zarray"], ".zattrs": raw}
    return Row(f"v2 attributes beside {beside}: {name}", documents, "", quotes, ".zattrs")


ARRAYS_V2 = (
    array_v2("no format", "zarr_format", "required", drop="zarr_format"),
    array_v2("format 3 in a .zarray", "zarr_format", "3", zarr_format=3),
    array_v2("format 1", "zarr_format", "1", zarr_format=1),
    array_v2("a format that is text", "zarr_format", "'2'", zarr_format="2"),
    array_v2("a format that is a fraction", "zarr_format", "2.0", zarr_format=2.0),
    array_v2("a format that is true", "zarr_format", "True", zarr_format=True),
    *(
        array_v2(f"no {name}", name, "required", drop=name)
        for name in ("shape", "chunks", "dtype", "fill_value", "order")
    ),
    *(
        array_v2(f"{member} {value!r}"[:60], f"{member}{where}", quoted, **{member: value})
        for member in ("shape", "chunks")
        for value, where, quoted in (
            (None, "", "None"),
            (4, "", "4"),
            ("4", "", "'4'"),
            ({"0": 4}, "", "{'0': 4}"),
            (True, "", "True"),
            ([-1], "[0]", "-1"),
            ([HUGE], "[0]", str(HUGE)),
            ([4.0], "[0]", "4.0"),
            ([True], "[0]", "True"),
            (["4"], "[0]", "'4'"),
            ([None], "[0]", "None"),
            ([[4]], "[0]", "[4]"),
        )
    ),
    array_v2("a chunk length of 0", "chunks[0]", "0", chunks=[0]),
    array_v2("fewer axes in chunks", "chunks", "`shape`", shape=[4, 4]),
    array_v2("more axes in chunks", "chunks", "`shape`", chunks=[2, 2]),
    array_v2("more axes than numpy has", "shape", "65", "limits.ndim", shape=[1] * 65, chunks=[1] * 65),
    # -- data type
    *(
        array_v2(f"dtype {value!r}"[:60], "dtype", quoted, dtype=value)
        for value, quoted in (
            (None, "None"),
            (2, "2"),
            (True, "True"),
            ("", "''"),
            ("int16", "'int16'"),
            ("i2", "'i2'"),
            ("<q", "'<q'"),
            ("=i2", "'=i2'"),
            ("<i2 ", "'<i2 '"),
            ("<i2,<i2", "'<i2,<i2'"),
            ("(2,)<i2", "(2,)<i2"),
            ("a3", "'a3'"),
            ("object", "'object'"),
            ("os.system", "'os.system'"),
            ("x" * 100_000, "xxx"),
            ({}, "{}"),
            ({"name": "uint8"}, "uint8"),
            ([], "at least one field"),
            (["<i2"], "'<i2'"),
            ([["a"]], "['a']"),
            ([["a", "<i2", [2], 1]], "'a'"),
            ([["a", "<i2"], ["a", "<i2"]], "'a'"),
            ([["", "<i2"]], "''"),
            ([[1, "<i2"]], "1"),
            ([["a", "<i2", [-1]]], "-1"),
            ([["a", "<i2", [HUGE]]], str(2 * HUGE)),
            ([["a", "<i2", 1.5]], "1.5"),
            ([["a", "|O"]], "'a'"),
        )
    ),
    # -- fill value
    array_v2("a fill value that is too large", "fill_value", "32768", fill_value=32768),
    array_v2("a huge fill value", "fill_value", "an integer of", fill_value=10**4000),
    array_v2("a fill value that is a fraction", "fill_value", "9.5", fill_value=9.5),
    array_v2("a fill value that is a list", "fill_value", "[9]", fill_value=[9]),
    array_v2("a fill value that is NaN", "fill_value", "nan", fill_value=float("nan")),
    array_v2("a fill value of text that is not base64", "fill_value", "'?'", dtype="|S3", fill_value="?"),
    array_v2(
        "a fill value of a struct that is too short", "fill_value", "'AA=='", dtype=[["a", "<i2"]], fill_value="AA=="
    ),
    array_v2("a date that has no unit", "fill_value", "9", dtype="<M8", fill_value=9),
    array_v2("one part of a complex number", "fill_value", "[1]", dtype="<c8", fill_value=[1]),
    # -- order and separator
    *(
        array_v2(f"order {order!r}", "order", repr(order), order=order)
        for order in ("A", "c", "", None, 1, True, ["C"], {})
    ),
    *(
        array_v2(f"separator {value!r}", "dimension_separator", repr(value), dimension_separator=value)
        for value in ("", "-", "/../", "..", None, 1, ["."], {})
    ),
    # -- codecs
    array_v2("a compressor that is text", "compressor", "'zlib'", compressor="zlib"),
    array_v2("a compressor that is a list", "compressor", "[]", compressor=[]),
    array_v2("a compressor that is false", "compressor", "False", compressor=False),
    array_v2("a compressor without an id", "compressor.id", "required", compressor={"level": 1}),
    array_v2("a compressor whose id is null", "compressor.id", "None", compressor={"id": None}),
    array_v2("a compressor whose id is a list", "compressor.id", "['zlib']", compressor={"id": ["zlib"]}),
    array_v2("filters that are an object", "filters", "'delta'", filters={"id": "delta"}),
    array_v2("filters that are text", "filters", "'delta'", filters="delta"),
    array_v2("filters that are a number", "filters", "1", filters=1),
    array_v2("a filter that is null", "filters[0]", "None", filters=[None]),
    array_v2("a filter without an id", "filters[1].id", "required", filters=[{"id": "delta", "dtype": "<i2"}, {}]),
    array_v2("a filter of a type that is none", "filters[0].dtype", "'<i3'", filters=[{"id": "delta", "dtype": "<i3"}]),
    array_v2("a blosc that shuffles otherwise", "compressor.shuffle", "7", compressor={"id": "blosc", "shuffle": 7}),
)

UNKNOWN_V2 = tuple(
    unknown(row)
    for row in (
        *(
            array_v2(f"dtype {value!r}", "", quoted, dtype=value)
            for value, quoted in (
                ("<i3", "'<i3'"),
                ("<i", "'<i'"),
                ("<M8[x]", "'<M8[x]'"),
                ("<M8[0s]", "<M8[0s]"),
                ("|V0", "|V0"),
                ("<U" + "9" * 30, "<U999"),
            )
        ),
        array_v2("objects without a codec", "", "|O", dtype="|O"),
        array_v2("an unknown filter", "", "'rot13'", filters=[{"id": "rot13"}]),
        array_v2("an unknown compressor", "", "'os.system'", compressor={"id": "os.system"}),
        array_v2("a compressor of no name", "", "''", compressor={"id": ""}),
    )
)

GROUPS_V2 = (
    group_v2("no format", "zarr_format", "required"),
    group_v2("format 3", "zarr_format", "3", zarr_format=3),
    group_v2("a format that is text", "zarr_format", "'2'", zarr_format="2"),
    group_v2("a format that is null", "zarr_format", "None", zarr_format=None),
    group_v2("a format that is true", "zarr_format", "True", zarr_format=True),
    *(
        attributes_v2(name, *quotes, raw=raw, beside=beside)
        for beside in (".zgroup", ".zarray")
        for name, raw, quotes in (
            ("nothing", b"", ("empty",)),
            ("a list", b"[1]", ("not an object", "[1]")),
            ("null", b"null", ("not an object", "None")),
            ("text", b'"a"', ("not an object", "'a'")),
            ("cut short", b'{"a": 1', ("not JSON",)),
            ("no UTF-8", b'{"a": "\xe4"}', ("not UTF-8 at byte 7",)),
        )
    ),
)
