"""Metadata documents of terrazzo and of zarr-python 3.4 for the same call, byte for byte."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from interop.matrix.case import Case
from interop.matrix.run import Results

__all__ = ["compared", "differences"]

NAMES = (".zarray", ".zattrs", "zarr.json")


def compared(cases: Sequence[Case], results: Results) -> Iterator[tuple[Case, str]]:
    """Cases that both have written, and what is different about the documents: empty, where nothing is."""
    for number, case in enumerate(cases):
        if results.wrote["terrazzo"][number] is None and results.wrote["zarr 3.4"][number] is None:
            ours, theirs = (
                {name: (path / name).read_bytes() if (path / name).exists() else b"" for name in NAMES}
                for path in (results.folder / library / str(number) for library in ("terrazzo", "zarr 3.4"))
            )
            yield case, next((first_line(ours[name], theirs[name]) for name in NAMES if ours[name] != theirs[name]), "")


def first_line(ours: bytes, theirs: bytes) -> str:
    """The first line that differs, of both."""
    pairs = itertools.zip_longest(ours.split(b"\n"), theirs.split(b"\n"), fillvalue=b"")
    return next((f"{one.decode()!r}, zarr-python has {other.decode()!r}" for one, other in pairs if one != other), "")


def differences(cases: Sequence[Case], results: Results) -> Iterator[tuple[Case, str]]:
    """Only those that differ."""
    return ((case, what) for case, what in compared(cases, results) if what)
