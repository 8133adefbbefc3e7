"""Data types of format 3, and fill values that are none of theirs."""

from __future__ import annotations

from typing import Any

from tests.metadata.corpus.row import Row, array, unknown
from tests.stored import LITTLE

__all__ = ["DATA_TYPES", "UNKNOWN_DATA_TYPES"]

BYTES = [{"name": "bytes"}]


def data_type(
    name: str, data: Any, *quotes: str, field: str = "data_type", fill_value: Any = 0, codecs: Any = None
) -> Row:
    return array(name, field, *quotes, data_type=data, fill_value=fill_value, codecs=codecs or [LITTLE])


def named(name: str, **configuration: Any) -> dict[str, Any]:
    return {"name": name, "configuration": configuration}


def struct(*fields: Any) -> dict[str, Any]:
    return named("struct", fields=list(fields))


def nested(depth: int) -> dict[str, Any]:
    found: Any = "uint8"
    for _ in range(depth):
        found = struct({"name": "a", "data_type": found})
    return dict(found)


DATA_TYPES = (
    array("no data type", "data_type", "required", drop="data_type"),
    data_type("a data type that is null", None, "None"),
    data_type("a data type that is a number", 8, "8"),
    data_type("a data type that is true", True, "True"),
    data_type("a data type that is a list", ["uint8"], "['uint8']"),
    data_type("a data type without a name", {}, "{}"),
    data_type("a data type whose name is null", {"name": None}, "None"),
    data_type("a data type whose name is a list", {"name": ["uint8"]}, "['uint8']"),
    data_type("a data type configured for nothing", named("uint8", endian="big"), "endian"),
    data_type("an unknown member of a data type", {"name": "uint8", "order": "C"}, field="data_type.order"),
    data_type("no configuration where one is needed", "numpy.datetime64", "numpy.datetime64"),
    data_type("dates of no unit", named("numpy.datetime64", scale_factor=1), "unit"),
    data_type("dates of an unknown unit", named("numpy.datetime64", unit="year", scale_factor=1), "'year'"),
    data_type("dates of 0 units", named("numpy.datetime64", unit="s", scale_factor=0), "0"),
    data_type("dates of 2**31 units", named("numpy.datetime64", unit="s", scale_factor=1 << 31), str(1 << 31)),
    data_type("durations of half a unit", named("numpy.timedelta64", unit="s", scale_factor=0.5), "0.5"),
    data_type("text of no length", named("fixed_length_utf32"), "length_bytes"),
    data_type("text of half a character", named("fixed_length_utf32", length_bytes=6), "6", fill_value=""),
    data_type("text of a negative length", named("fixed_length_utf32", length_bytes=-4), "-4", fill_value=""),
    data_type("text of a huge length", named("fixed_length_utf32", length_bytes=10**30), str(10**30), fill_value=""),
    data_type("bytes of length 0", named("null_terminated_bytes", length_bytes=0), "0", fill_value=""),
    data_type("bytes of a huge length", named("raw_bytes", length_bytes=10**30), str(10**30), fill_value=""),
    data_type("bits that are no bytes", "r7", "r7", fill_value=[]),
    data_type("no bits", "r0", "r0", fill_value=[]),
    data_type("too many bits", "r" + "9" * 40, "r999", fill_value=[]),
    data_type("a struct without fields", {"name": "struct"}, "fields"),
    data_type("a struct of no fields", struct(), "at least one field"),
    data_type("a struct whose fields are text", named("struct", fields="ab"), "'ab'"),
    data_type("a struct of a name", struct("a"), "'a'"),
    data_type("a struct with two fields of one name", struct(*[{"name": "a", "data_type": "uint8"}] * 2), "'a'"),
    data_type("a struct with a field without a name", struct({"name": "", "data_type": "uint8"}), "''"),
    data_type("a struct of unknown types", struct({"name": "a", "data_type": "uint9"}), "'uint9'"),
    data_type("a struct of text of any length", struct({"name": "a", "data_type": "string"}), "'a'", "any size"),
    data_type(
        "a struct with another member",
        named("struct", fields=[{"name": "a", "data_type": "uint8"}], align=True),
        "align",
    ),
    data_type("structs in structs in structs", nested(40), "nested"),
    data_type("structs in structs, 120 deep", nested(120), "nested"),
    data_type("a fill value beyond float32", "float32", str(10**39), field="fill_value", fill_value=10**39),
    data_type("a fill value beyond float64", "float64", "an integer of", field="fill_value", fill_value=10**4000),
    data_type(
        "the bits of another float",
        "float32",
        "'0x7ff8000000000000'",
        field="fill_value",
        fill_value="0x7ff8000000000000",
    ),
    data_type("bits that are not hexadecimal", "float32", "'0x7fc0000g'", field="fill_value", fill_value="0x7fc0000g"),
    data_type("a word for a float", "float64", "'infinite'", field="fill_value", fill_value="infinite"),
    data_type("true for a float", "float64", "True", field="fill_value", fill_value=True),
    data_type("one part of a complex number", "complex64", "[1]", field="fill_value", fill_value=[1]),
    data_type("three parts of a complex number", "complex64", "[1, 2, 3]", field="fill_value", fill_value=[1, 2, 3]),
    data_type("a complex number of null", "complex64", "None", field="fill_value", fill_value=[0, None]),
    data_type("text for a boolean", "bool", "'false'", field="fill_value", fill_value="false", codecs=BYTES),
    data_type("2 for a boolean", "bool", "2", field="fill_value", fill_value=2, codecs=BYTES),
    data_type(
        "a date that is text",
        named("numpy.datetime64", unit="s", scale_factor=1),
        "'2020-01-01'",
        field="fill_value",
        fill_value="2020-01-01",
    ),
    data_type(
        "text that is too long",
        named("fixed_length_utf32", length_bytes=4),
        "'ab'",
        field="fill_value",
        fill_value="ab",
    ),
    data_type(
        "bytes that are not base64",
        named("raw_bytes", length_bytes=3),
        "'???'",
        field="fill_value",
        fill_value="???",
        codecs=BYTES,
    ),
    data_type(
        "a struct without a field",
        struct({"name": "a", "data_type": "uint8"}),
        "'a'",
        field="fill_value",
        fill_value={},
    ),
    data_type(
        "a struct with a wrong field",
        struct({"name": "a", "data_type": "uint8"}),
        "256",
        field="fill_value.a",
        fill_value={"a": 256},
    ),
)

UNKNOWN_DATA_TYPES = tuple(
    unknown(row)
    for row in (
        data_type("an unknown data type", "uint128", "'uint128'"),
        data_type("an unknown data type as an object", {"name": "uint128"}, "uint128"),
        data_type("a data type of no name", "", "''"),
        data_type("a data type in capitals", "UINT8", "'UINT8'"),
        data_type("a data type with a space", "uint8 ", "'uint8 '"),
        data_type("a data type of format 2", "<i2", "'<i2'"),
        data_type("a data type that looks like a module", "os.system", "'os.system'"),
        data_type("a data type of a long name", "x" * 100_000, "xxx"),
        data_type("a data type of half a pair", "\ud800", "ud800"),
    )
)
