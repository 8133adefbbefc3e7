"""Bytes that are no JSON, or JSON that readers would understand differently."""

from __future__ import annotations

from terrazzo.errors import MetadataValidationError
from tests.metadata.corpus.row import GROUP_V2, Row
from tests.stored import document

__all__ = ["TEXTS"]

WHOLE = document()
BROKEN: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "nothing": (b"", "", ("the document is empty",)),
    "spaces": (b" \t\r\n" * 9, "", ("the document is empty",)),
    "a mark of byte order alone": (b"\xef\xbb\xbf", "", ("not JSON",)),
    "zero bytes": (bytes(64), "", ("not JSON", "column 1")),
    "a tail of zero bytes": (WHOLE + bytes(64), "", ("not JSON", "Extra data")),
    "cut in a name": (WHOLE[:20], "", ("not JSON", "line 1")),
    "cut before the end": (WHOLE[:-1], "", ("not JSON", "line 1")),
    "cut in a number": (WHOLE[: WHOLE.index(b"[4]") + 2], "", ("not JSON",)),
    "two documents": (WHOLE + b"\n" + WHOLE, "", ("not JSON", "Extra data", "line 2 column 1")),
    "a comma too many": (WHOLE[:-1] + b",}", "", ("not JSON",)),
    "a comma too few": (WHOLE.replace(b", ", b" ", 1), "", ("not JSON", "delimiter")),
    "single quotation marks": (WHOLE.replace(b'"', b"'"), "", ("not JSON",)),
    "names without quotation marks": (b"{zarr_format: 3}", "", ("not JSON", "column 2")),
    "a comment": (b"// an array\n" + WHOLE, "", ("not JSON", "line 1 column 1")),
    "words of Python": (WHOLE.replace(b"9", b"None"), "", ("not JSON",)),
    "an octal number": (WHOLE.replace(b"[4]", b"[04]"), "", ("not JSON",)),
    "a hexadecimal number": (WHOLE.replace(b"[4]", b"[0x4]"), "", ("not JSON",)),
    "a plus sign": (WHOLE.replace(b"[4]", b"[+4]"), "", ("not JSON",)),
    "a line break in text": (WHOLE.replace(b"uint8", b"uint\n8"), "", ("not JSON", "control character")),
    "an escape that is none": (WHOLE.replace(b"uint8", b"uint\\8"), "", ("not JSON", "escape")),
    "a short escape": (WHOLE.replace(b"uint8", b"\\u00"), "", ("not JSON", "escape")),
    "HTML": (b"<html><body>404</body></html>", "", ("not JSON", "line 1 column 1")),
    "gzip": (bytes.fromhex("1f8b0800000000000003"), "", ("not UTF-8 at byte 1",)),
    "UTF-16": (WHOLE.decode().encode("utf-16"), "", ("not UTF-8 at byte 0",)),
    "UTF-16 without a mark": (WHOLE.decode().encode("utf-16-le"), "", ("not JSON",)),
    "UTF-32": (WHOLE.decode().encode("utf-32-le"), "", ("not JSON",)),
    "Latin-1": (WHOLE.replace(b"uint8", "ü8".encode("latin-1")), "", ("not UTF-8 at byte",)),
    "a byte that no UTF-8 has": (b'{"a": "\xff"}', "", ("not UTF-8 at byte 7",)),
    "a surrogate as UTF-8": (b'{"a": "\xed\xa0\x80"}', "", ("not UTF-8 at byte 7",)),
    "a long form of a slash": (b'{"a": "\xc0\xaf"}', "", ("not UTF-8 at byte 7",)),
    "a list": (b"[" + WHOLE + b"]", "", ("not an object",)),
    "null": (b"null", "", ("not an object", "None")),
    "text": (b'"array"', "", ("not an object", "'array'")),
    "a number": (b"3", "", ("not an object", "3")),
    "NaN alone": (b"NaN", "", ("not an object", "nan")),
    "lists without end": (b"[" * 200_000, "", ("nested deeper than", "512")),
    "objects without end": (b'{"a":' * 200_000, "", ("nested deeper than", "512")),
    "lists that end": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "", ("nested deeper than",)),
    "depth behind text": (b'{"a": "' + b"]" * 9_000 + b'", "b": ' + b"[" * 9_000, "", ("nested deeper than",)),
    "a member twice": (WHOLE.replace(b"{", b'{"shape": [2], ', 1), "shape", ("stands twice",)),
    "a member twice, further in": (
        WHOLE.replace(b'"chunk_shape"', b'"chunk_shape": [4], "chunk_shape"'),
        "chunk_shape",
        ("stands twice",),
    ),
    "a member twice, in attributes": (
        WHOLE[:-1] + b', "attributes": {"a": 1, "\\u0061": 2}}',
        "a",
        ("stands twice",),
    ),
    "an integer of 5000 digits": (WHOLE.replace(b"[4]", b"[" + b"4" * 5000 + b"]"), "", ("5000 digits",)),
    "a negative integer of 50000 digits": (WHOLE.replace(b"9", b"-" + b"9" * 50_000), "", ("50001 digits",)),
}

TEXTS = tuple(
    Row(f"{kind} of {name}", {key: raw, **others}, field, quotes, key, error=MetadataValidationError)
    for name, (raw, field, quotes) in BROKEN.items()
    for kind, key, others in (("zarr.json", "zarr.json", {}), (".zarray", ".zarray", {}))
) + tuple(
    Row(
        f".zattrs of {name}",
        {".zattrs": BROKEN[name][0], ".zgroup": GROUP_V2},
        BROKEN[name][1],
        BROKEN[name][2],
        ".zattrs",
    )
    for name in ("nothing", "cut in a name", "Latin-1", "a list", "objects without end", "a member twice")
)
