"""Rows of the table for text and bytes."""

import numpy as np

from terrazzo import dtype
from tests.dtype.row import Row
from tests.dtype.rows_numeric import WITHOUT_ORDER

LONG = "x" * 300 + "é"


def terminated(length, *fills, samples):
    return Row(
        zdtype=dtype.NullTerminatedBytes(length=length),
        native=f"|S{length}",
        v3={"name": "null_terminated_bytes", "configuration": {"length_bytes": length}},
        v2=f"|S{length}",
        default="",
        samples=samples,
        fills=((b"", ""), ("", ""), *fills),
        refused=("AQ", "!!!!", "é", "AAAA" * length + "AQEB", 0, None, True, {}, [256], [-1], ["a"], [1.0]),
        serializer=WITHOUT_ORDER,
    )


def raw(length, default, *fills, samples):
    return Row(
        zdtype=dtype.RawBytes(length=length),
        native=f"|V{length}",
        v3={"name": "raw_bytes", "configuration": {"length_bytes": length}},
        v2=f"|V{length}",
        default=default,
        samples=samples,
        fills=fills,
        refused=("AQ", "é", "AAAA" * length + "AQEB", 0, None, True, {}, [256], [1] * (length + 1), ["a"], [True]),
        serializer=WITHOUT_ORDER,
        other_v3=(f"r{8 * length}", {"name": f"r{8 * length}"}),
    )


def characters(length, *fills, samples):
    return Row(
        zdtype=dtype.FixedLengthUTF32(length=length),
        native=f"<U{length}",
        v3={"name": "fixed_length_utf32", "configuration": {"length_bytes": 4 * length}},
        v2=f"<U{length}",
        default="",
        samples=samples,
        fills=(("", ""), *fills),
        refused=("a" * (length + 1), 0, None, True, [], {}),
    )


ROWS = (
    terminated(1, (b"a", "YQ=="), samples=(b"", b"a", b"\xff")),
    terminated(3, (b"ab", "YWI="), ("abc", "YWJj"), (b"a\0b", "YQBi"), samples=(b"", b"abc", b"a\0b", b"\xff", b"a")),
    terminated(5, (np.bytes_(b"abcde"), "YWJjZGU="), samples=(b"", b"abcde", b"\0\0\0\0a")),
    raw(1, "AA==", (b"\xff", "/w=="), (0, "AA=="), samples=(b"\0", b"a", b"\xff")),
    raw(3, "AAAA", (b"ab", "YWIA"), (np.void(b"abc"), "YWJj"), samples=(b"\0\0\0", b"abc", b"\0\0\1", b"\1\0\0")),
    raw(16, "A" * 22 + "==", (bytes(range(16)), "AAECAwQFBgcICQoLDA0ODw=="), samples=(bytes(16), b"a", b"\xff" * 16)),
    characters(1, ("é", "é"), samples=("", "é", "字", "\U0001f600")),
    characters(3, ("ab", "ab"), (b"abc", "abc"), (np.str_("€"), "€"), (12, "12"), samples=("", "abc", "é", "\0a")),
    Row(
        zdtype=dtype.VariableLengthUTF8(),
        native=np.dtypes.StringDType(),
        v3="string",
        v2="|O",
        object_codec="vlen-utf8",
        default="",
        samples=("", "a", "é€字\U0001f600", "a\0", LONG, "fifteen letters", "sixteen  letters"),
        fills=(("", ""), ("a", "a"), (LONG, LONG), (0, "0"), (b"ab", "ab"), (np.str_("é"), "é"), ("a\0", "a\0")),
        refused=("\ud800", None, True, [], {}, ["a"]),
        serializer={"name": "vlen-utf8", "configuration": {}},
        other_v3=({"name": "string"}, {"name": "string", "configuration": {}}),
    ),
    Row(
        zdtype=dtype.VariableLengthBytes(),
        native=np.dtype("O"),
        v3="variable_length_bytes",
        v2="|O",
        object_codec="vlen-bytes",
        default="",
        samples=(b"", b"a", b"\0", b"a\0", LONG.encode(), b"\xff\xfe"),
        fills=((b"", ""), (b"a\0", "YQA="), ("é", "w6k="), (bytearray(b"\1\2\3"), "AQID"), (0, "")),
        refused=("AQ", "é", None, True, {}, [256], ["a"]),
        serializer={"name": "vlen-bytes", "configuration": {}},
        other_v3=("bytes", {"name": "bytes"}, {"name": "variable_length_bytes"}),
    ),
)
