"""What keys and prefixes a store may hold.

Specification: Zarr v3.1 "Stores", "Node names".
"""

from __future__ import annotations

import re

from terrazzo.errors import InvalidKeyError, quote

__all__ = ["split_prefix", "validate_key", "validate_prefix"]

PLAIN_KEY = re.compile(r"[\w][\w.-]*(?:/[\w][\w.-]*)*", re.ASCII)
SEGMENT = re.compile(r"[^/\\\x00-\x1f\x7f]+")
STAGING = re.compile(r".*\.[0-9a-f]{32}\.partial", re.DOTALL)
"""Names of files that hold a value while it is written; zarr-python's have the stem of the file before the dot."""


def validate_key(key: str) -> str:
    """Return `key` if a store may hold it.

    Raises
    ------
    InvalidKeyError
        A segment is empty, ``.`` or ``..``, holds a backslash or a control character, or is the name of a staging file.
    """
    if not PLAIN_KEY.fullmatch(key) or ".partial" in key:
        for segment in key.split("/"):
            if segment in (".", "..") or not SEGMENT.fullmatch(segment) or STAGING.fullmatch(segment):
                raise InvalidKeyError(f"{quote(key)} is not a key that a store may hold: its segment {quote(segment)}")
        _check_encodable(key)
    return key


def _check_encodable(key: str) -> None:
    try:
        key.encode()
    except UnicodeEncodeError:
        raise InvalidKeyError(f"{quote(key)} is not a key that a store may hold: it is not Unicode text") from None


def validate_prefix(prefix: str) -> str:
    """Return `prefix` without a slash at its end, if keys may start with it; ``""`` stands for all keys.

    Raises
    ------
    InvalidKeyError
        As for keys.
    """
    return validate_key(prefix.removesuffix("/")) if prefix else ""


def split_prefix(prefix: str) -> tuple[str, str]:
    """Cut what keys start with behind its last slash: a folder, and the start of a name in it.

    Raises
    ------
    InvalidKeyError
        No key could be in that folder.
    """
    folder, slash, start = prefix.rpartition("/")
    if slash:
        validate_key(folder)
    return folder, start
