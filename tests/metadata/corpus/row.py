"""What a row of the corpus is, and short ways to make one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from terrazzo.errors import BaseZarrError, MetadataValidationError, UnknownCodecError
from tests.stored import BASE

__all__ = ["GROUP_V2", "V2", "Row", "array", "array_v2", "codec", "unknown", "with_codecs"]


@dataclass(frozen=True)
class Row:
    """One malformed node.

    Attributes
    ----------
    name
        What is wrong, unique.
    documents
        Content of the store by key, relative to the node.
    field
        The member that the error names.
    quotes
        Parts of the message; the offending value is among them where there is one.
    key
        The document that the error names.
    members
        The document as ``from_dict`` takes it; None where it is not JSON.
    opens
        Whether it is not malformed, but names what nobody knows: then reading and writing raise the error.
    """

    name: str
    documents: Mapping[str, bytes]
    field: str
    quotes: tuple[str, ...]
    key: str
    members: Any = None
    error: type[BaseZarrError] = MetadataValidationError
    opens: bool = False

    def __str__(self) -> str:
        return self.name


def _row(
    name: str,
    key: str,
    members: dict[str, Any],
    field: str,
    quotes: tuple[str, ...],
    others: Mapping[str, bytes],
    error: Any,
) -> Row:
    return Row(name, {key: json.dumps(members).encode(), **others}, field, quotes, key, members, error)


def array(
    name: str,
    field: str,
    *quotes: str,
    drop: str | None = None,
    error: type[BaseZarrError] = MetadataValidationError,
    **patch: Any,
) -> Row:
    """A small array of format 3, with a member left out and others replaced."""
    members = {key: value for key, value in {**BASE, **patch}.items() if key != drop}
    return _row(f"v3 {name}", "zarr.json", members, field, quotes, {}, error)


def codec(name: str, **configuration: Any) -> dict[str, Any]:
    """A codec as documents have it."""
    return {"name": name, "configuration": configuration}


def with_codecs(name: str, field: str, *quotes: str, codecs: Any, **patch: Any) -> Row:
    """An array of 16-bit integers with these codecs."""
    return array(name, field, *quotes, **{"data_type": "int16", "codecs": codecs, **patch})


V2: Mapping[str, Any] = {
    "zarr_format": 2,
    "shape": [4],
    "chunks": [2],
    "dtype": "<i2",
    "compressor": None,
    "fill_value": 9,
    "order": "C",
    "filters": None,
}
GROUP_V2 = b'{"zarr_format": 2}'


def array_v2(
    name: str,
    field: str,
    *quotes: str,
    drop: str | None = None,
    error: type[BaseZarrError] = MetadataValidationError,
    others: Mapping[str, bytes] | None = None,
    **patch: Any,
) -> Row:
    """A small array of format 2, with a member left out and others replaced."""
    members = {key: value for key, value in {**V2, **patch}.items() if key != drop}
    return _row(f"v2 {name}", ".zarray", members, field, quotes, others or {}, error)


def unknown(row: Row) -> Row:
    """The same, where the document names something that has no implementation."""
    return replace(row, field="", error=UnknownCodecError, opens=True)
