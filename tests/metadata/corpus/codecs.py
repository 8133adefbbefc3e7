"""Codecs of format 3."""

from __future__ import annotations

from typing import Any

from tests.metadata.corpus.row import array, codec, unknown, with_codecs
from tests.stored import LITTLE, grid

__all__ = ["CODECS", "UNKNOWN_CODECS"]

SHARDING = {"chunk_shape": [2], "codecs": [{"name": "bytes"}], "index_codecs": [LITTLE, {"name": "crc32c"}]}


def sharding(**patch: Any) -> list[Any]:
    return [codec("sharding_indexed", **{**SHARDING, **patch})]


def within_one_another(depth: int) -> list[Any]:
    codecs: list[Any] = [{"name": "bytes"}]
    for _ in range(depth):
        codecs = sharding(codecs=codecs)
    return codecs


PARAMETERS: dict[str, tuple[Any, ...]] = {
    "gzip": (
        ("level", 10),
        ("level", -1),
        ("level", 5.0),
        ("level", "5"),
        ("level", True),
        ("level", None),
        ("level", [5]),
    ),
    "zstd": (
        ("level", 23),
        ("level", -131073),
        ("level", 10**30),
        ("level", "1"),
        ("checksum", "yes"),
        ("checksum", 1),
    ),
    "blosc": (
        ("cname", "gzip"),
        ("cname", None),
        ("clevel", 10),
        ("clevel", -1),
        ("clevel", 1.5),
        ("shuffle", 3),
        ("shuffle", "Shuffle"),
        ("typesize", 0),
        ("typesize", "2"),
        ("blocksize", -1),
        ("blocksize", 10**30),
    ),
    "crc32c": (("location", "start"),),
}
BLOSC = {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 2, "blocksize": 0}

CODECS = (
    # -- the chain
    array("no codecs", "codecs", "required", drop="codecs"),
    array("codecs that are null", "codecs", "None", codecs=None),
    array("codecs that are a name", "codecs", "'bytes'", codecs="bytes"),
    array("codecs that are an object", "codecs", "'bytes'", codecs={"name": "bytes"}),
    array("an empty chain", "codecs", "none", codecs=[]),
    array("no codec to bytes", "codecs", codecs=[codec("transpose", order=[0])]),
    array("two codecs to bytes", "codecs", "BytesCodec", codecs=["bytes", "bytes"]),
    array("a compressor before the bytes", "codecs", "Crc32cCodec", codecs=["crc32c", "bytes"]),
    array("a filter after the bytes", "codecs", "TransposeCodec", codecs=["bytes", codec("transpose", order=[0])]),
    array("a codec that is null", "codecs[0]", "None", codecs=[None]),
    array("a codec that is a number", "codecs[1]", "5", codecs=["bytes", 5]),
    array("a codec that is a list", "codecs[0]", "['bytes']", codecs=[["bytes"]]),
    array("a codec without a name", "codecs[0].name", "required", codecs=[{}]),
    array("a codec whose name is a number", "codecs[0].name", "1", codecs=[{"name": 1}]),
    array(
        "a codec configured by text",
        "codecs[0].configuration",
        "'big'",
        codecs=[{"name": "bytes", "configuration": "big"}],
    ),
    array("an unknown member of a codec", "codecs[0].level", codecs=[{"name": "bytes", "level": 1}]),
    array("20 000 codecs", "codecs", "20001", codecs=["bytes"] + ["crc32c"] * 20_000),
    # -- bytes to bytes
    *(
        with_codecs(
            f"{name} with {member} {value!r}",
            f"codecs[1].configuration.{member}",
            *(() if name == "crc32c" else (repr(value),)),
            codecs=[LITTLE, codec(name, **{**(BLOSC if name == "blosc" else {}), member: value})],
        )
        for name, members in PARAMETERS.items()
        for member, value in members
    ),
    *(
        with_codecs(
            f"an unknown member of {name}", "codecs[1].configuration.strange", codecs=[LITTLE, codec(name, strange=1)]
        )
        for name in ("gzip", "zstd", "blosc", "crc32c")
    ),
    # -- array to bytes
    with_codecs("no byte order", "codecs[0].configuration.endian", "`endian`", codecs=["bytes"]),
    with_codecs(
        "an unknown byte order", "codecs[0].configuration.endian", "'middle'", codecs=[codec("bytes", endian="middle")]
    ),
    with_codecs("a byte order of numpy", "codecs[0].configuration.endian", "'<'", codecs=[codec("bytes", endian="<")]),
    with_codecs(
        "packbits with stale names", "codecs[0].configuration.start_bit", codecs=[codec("packbits", start_bit=0)]
    ),
    with_codecs(
        "packbits padded elsewhere",
        "codecs[0].configuration.padding_encoding",
        "'start_byte'",
        codecs=[codec("packbits", padding_encoding="start_byte")],
    ),
    with_codecs(
        "packbits of a bit that is not there",
        "codecs[0].configuration.last_bit",
        "16",
        codecs=[codec("packbits", last_bit=16)],
    ),
    with_codecs(
        "packbits of no bits",
        "codecs[0].configuration.last_bit",
        "1",
        codecs=[codec("packbits", first_bit=2, last_bit=1)],
    ),
    with_codecs("text for numbers", "codecs[0]", codecs=["vlen-utf8"]),
    # -- array to array
    *(
        with_codecs(
            f"transpose by {order!r}",
            "codecs[0].configuration.order",
            repr(order),
            codecs=[codec("transpose", order=order), LITTLE],
        )
        for order in ("F", "C", 1, None, {}, [1], [0, 1], [-1], [0.0], [True], ["0"], [10**30])
    ),
    with_codecs("transpose by nothing", "codecs[0].configuration.order", "required", codecs=["transpose", LITTLE]),
    with_codecs(
        "transpose by an axis twice",
        "codecs[0].configuration.order",
        "[0, 0]",
        shape=[4, 4],
        chunk_grid=grid(2, 2),
        codecs=[codec("transpose", order=[0, 0]), LITTLE],
    ),
    with_codecs(
        "bitround to no bits", "codecs[0].configuration.keepbits", "0", codecs=[codec("bitround", keepbits=0), LITTLE]
    ),
    with_codecs("bitround to all", "codecs[0].configuration.keepbits", "required", codecs=["bitround", LITTLE]),
    with_codecs("a scale of 0", "codecs[0].configuration.scale", "0", codecs=[codec("scale_offset", scale=0), LITTLE]),
    with_codecs(
        "a scale that is a fraction",
        "codecs[0].configuration.scale",
        "0.1",
        codecs=[codec("scale_offset", scale=0.1), LITTLE],
    ),
    with_codecs(
        "an offset out of range",
        "codecs[0].configuration.offset",
        "32768",
        codecs=[codec("scale_offset", offset=32768), LITTLE],
    ),
    with_codecs(
        "an offset that is null",
        "codecs[0].configuration.offset",
        "None",
        codecs=[codec("scale_offset", offset=None), LITTLE],
    ),
    with_codecs(
        "a fill value that cannot be scaled",
        "codecs[0].configuration",
        "30000",
        fill_value=30000,
        codecs=[codec("scale_offset", scale=2), LITTLE],
    ),
    with_codecs(
        "a cast to nothing", "codecs[0].configuration.data_type", "required", codecs=[codec("cast_value"), LITTLE]
    ),
    with_codecs(
        "a cast to text",
        "codecs[0].configuration.data_type",
        "'string'",
        codecs=[codec("cast_value", data_type="string"), LITTLE],
    ),
    with_codecs(
        "a cast to the unknown",
        "codecs[0].configuration.data_type",
        "'int9'",
        codecs=[codec("cast_value", data_type="int9"), LITTLE],
    ),
    with_codecs(
        "a cast that loses the fill value",
        "codecs[0].configuration.data_type",
        "300",
        fill_value=300,
        codecs=[codec("cast_value", data_type="uint8"), "bytes"],
    ),
    with_codecs(
        "a cast of an unknown rounding",
        "codecs[0].configuration.rounding",
        "'up'",
        codecs=[codec("cast_value", data_type="int32", rounding="up"), LITTLE],
    ),
    with_codecs(
        "a cast that wraps a float",
        "codecs[0].configuration.out_of_range",
        "'wrap'",
        codecs=[codec("cast_value", data_type="float32", out_of_range="wrap"), LITTLE],
    ),
    with_codecs(
        "a cast with a map of what is not there",
        "codecs[0].configuration.scalar_map.encode[0][0]",
        "40000",
        codecs=[codec("cast_value", data_type="int32", scalar_map={"encode": [[40000, 1]]}), LITTLE],
    ),
    with_codecs(
        "a cast whose result has no byte order",
        "codecs[1].configuration.endian",
        "`endian`",
        data_type="uint8",
        codecs=[codec("cast_value", data_type="int32"), "bytes"],
    ),
    # -- sharding
    with_codecs(
        "shards of nothing",
        "codecs[0].configuration.chunk_shape",
        "required",
        data_type="uint8",
        codecs=["sharding_indexed"],
    ),
    *(
        array(
            f"shards with {member} {value!r}"[:80],
            f"codecs[0].configuration.{field}",
            *quotes,
            chunk_grid=grid(4),
            codecs=sharding(**{member: value}),
        )
        for member, value, field, quotes in (
            ("chunk_shape", [3], "chunk_shape[0]", ("[3]",)),
            ("chunk_shape", [0], "chunk_shape[0]", ("0",)),
            ("chunk_shape", [-2], "chunk_shape[0]", ("-2",)),
            ("chunk_shape", [2.0], "chunk_shape[0]", ("2.0",)),
            ("chunk_shape", [2, 2], "chunk_shape", ("[2, 2]",)),
            ("chunk_shape", 2, "chunk_shape", ("2",)),
            ("codecs", [], "codecs", ("none",)),
            ("codecs", None, "codecs", ("None",)),
            ("codecs", ["crc32c"], "codecs", ("Crc32cCodec",)),
            (
                "codecs",
                ["bytes", {"name": "gzip", "configuration": {"level": 10}}],
                "codecs[1].configuration.level",
                ("10",),
            ),
            ("index_codecs", ["bytes"], "index_codecs[0].configuration.endian", ("`endian`",)),
            ("index_codecs", [LITTLE, "gzip"], "index_codecs[1]", ("GzipCodec",)),
            ("index_codecs", 1, "index_codecs", ("1",)),
            ("index_location", "middle", "index_location", ("'middle'",)),
            ("index_location", 0, "index_location", ("0",)),
            ("strange", 1, "strange", ()),
        )
    ),
    array(
        "shards within shards within shards",
        "codecs[0].configuration.codecs",
        "nested_codecs",
        chunk_grid=grid(2),
        codecs=within_one_another(60),
    ),
)

UNKNOWN_CODECS = tuple(
    unknown(row)
    for row in (
        array("an unknown codec", "", "'rot13'", codecs=["bytes", "rot13"]),
        array(
            "an unknown codec that need not be understood",
            "",
            "'rot13'",
            codecs=["bytes", {"name": "rot13", "must_understand": False}],
        ),
        array("a codec that looks like a module", "", "'os.system'", codecs=["os.system"]),
        array("a codec of no name", "", "''", codecs=[""]),
        array("a codec of a long name", "", "xxx", codecs=["x" * 100_000]),
        array("a codec of numcodecs that is none", "", "'rot13'", codecs=["numcodecs.rot13"]),
        array("a codec in capitals", "", "'Bytes'", codecs=["Bytes"]),
    )
)
