"""JSON text of metadata documents.

Reading is strict: what readers could understand differently is refused. Writing gives the text that zarr-python gives:
indented by ``json_indent``, ASCII only, no newline at the end.

Specification: Zarr v3.1 "Metadata"; RFC 8259.
"""

from __future__ import annotations

import json
import re
from typing import Any

from terrazzo.errors import LimitExceededError, MetadataValidationError, ZarrUserWarning, quote, warn
from terrazzo.settings import Limits, current_options
from terrazzo.types import JSON, BytesLike

__all__ = ["dump_document", "normalize_attributes", "parse_document"]

LONGEST_INTEGER = 4300
"""Digits; longer ones would take time that grows with their square."""

BRACKETS = rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+([\[{]++|[\]}]++|\Z)'
"""What is no bracket, strings among it, then brackets that all open or all close, or the end. Possessive, and content
with a string that has no end: it always matches and never looks at a byte twice."""


def parse_document(data: BytesLike, limits: Limits | None = None) -> dict[str, Any]:
    """Read the text of a document.

    Raises
    ------
    MetadataValidationError
        It is empty, not UTF-8, not JSON, nested too deep, not an object, or has a member twice.
    LimitExceededError
        It is longer than ``limits.metadata_bytes``.
    """
    limits = limits or current_options().limits
    raw = bytes(data)
    if limits.metadata_bytes is not None and len(raw) > limits.metadata_bytes:
        raise LimitExceededError(
            f"the document has {len(raw)} bytes, more than config['limits.metadata_bytes'], {limits.metadata_bytes}",
            limit="metadata_bytes",
            value=len(raw),
        )
    if not raw.strip():
        raise MetadataValidationError("the document is empty")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MetadataValidationError(f"the document is not UTF-8 at byte {error.start}") from error
    _check_depth(raw, limits.json_depth)
    try:
        document = json.loads(text, object_pairs_hook=_object_of, parse_int=_integer_of)
    except json.JSONDecodeError as error:
        raise MetadataValidationError(
            f"the document is not JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError:
        raise MetadataValidationError("the document is nested too deep") from None
    if not isinstance(document, dict):
        raise MetadataValidationError(f"the document is not an object, but {quote(document)}")
    return document


def _check_depth(raw: bytes, limit: int | None) -> None:
    if limit is None or raw.count(b"[") + raw.count(b"{") <= limit:
        return
    depth = 0
    for match in re.finditer(BRACKETS, raw, re.DOTALL):
        brackets = match[1]
        if brackets[:1] in b"]}":  # or at the end
            depth -= len(brackets)
            continue
        depth += len(brackets)
        if depth > limit:
            raise MetadataValidationError(f"the document is nested deeper than config['limits.json_depth'], {limit}")


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise MetadataValidationError("the member stands twice, and readers disagree which counts", field=name)
            seen.add(name)
    return members


def _integer_of(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise MetadataValidationError(f"an integer of {len(digits)} digits is too long")
    return int(digits)


def dump_document(document: dict[str, JSON], indent: int | None) -> bytes:
    """Write the text of a document.

    Raises
    ------
    TypeError
        Something in it has no form in JSON.
    """
    try:
        return json.dumps(document, indent=indent, allow_nan=False).encode()
    except ValueError:
        text = json.dumps(document, indent=indent)  # raises again for anything but NaN and infinity
    warn("a metadata document holds NaN or Infinity, which are not JSON: other readers may refuse it", ZarrUserWarning)
    return text.encode()


def normalize_attributes(attributes: object) -> dict[str, JSON]:
    """Attributes as they will be read back: tuples become lists, names become text.

    Raises
    ------
    TypeError
        They are no mapping, or something in them has no form in JSON.
    """
    if attributes is None:
        return {}
    if not hasattr(attributes, "keys"):
        raise TypeError(f"attributes are a mapping, got {quote(attributes)}")
    try:
        normalized: dict[str, JSON] = json.loads(json.dumps(dict(attributes)))  # type: ignore[call-overload]
    except (TypeError, ValueError, RecursionError) as error:
        culprit = next((quote(name) for name, value in dict(attributes).items() if not _has_json(value)), "a name")  # type: ignore[call-overload]
        raise TypeError(f"attributes must have a form in JSON, and {culprit} has none: {error}") from error
    return normalized


def _has_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
