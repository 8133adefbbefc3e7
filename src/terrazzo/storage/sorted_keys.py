"""Listing keys that are sorted: what is below a folder is one run of them, found by bisection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

__all__ = ["keys_below", "names_in"]

AFTER_SLASH = "0"
"""The character that follows the slash: what sorts behind everything in the folder ``a`` is ``a0``."""


def keys_below(keys: Sequence[str], prefix: str) -> Iterator[str]:
    """The keys that start with `prefix`."""
    for position in range(bisect_left(keys, prefix), len(keys)):
        if not keys[position].startswith(prefix):
            return
        yield keys[position]


def names_in(keys: Sequence[str], folder: str) -> Iterator[str]:
    """The segments that follow a folder (``""`` for the root), each once; what is below them is skipped."""
    head = f"{folder}/" if folder else ""
    position = bisect_left(keys, head)
    values = set()
    while position < len(keys) and keys[position].startswith(head):
        name, slash, _ = keys[position][len(head) :].partition("/")
        if slash:
            if name not in values:
                yield name
            position = bisect_left(keys, f"{head}{name}{AFTER_SLASH}", position)
        else:
            values.add(name)
            yield name
            position += 1
