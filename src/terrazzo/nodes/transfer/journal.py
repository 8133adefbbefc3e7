"""What is written down while something is copied, so that it can be taken up again when it was interrupted.

The journal is a value beside what is being made, under a key that no node can have. It says what is copied whither,
as a fingerprint, and which units are done. Only what has been written is ever said to be done, so it may be old, and
of several who write it any may win. While it is there the copy is not finished; it is deleted last of all.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import MetadataValidationError, context
from terrazzo.metadata.json import parse_document
from terrazzo.nodes.locate import JOURNAL
from terrazzo.storage import StorePath, WrapperStore

__all__ = ["CLEARING", "COPYING", "DELETING", "Journal", "describe_place", "fingerprint"]

CLEARING, COPYING, DELETING = "clearing", "copying", "deleting"
SAVE_SECONDS = 1.0
"""How much work an interruption loses at most, about."""


def describe_place(place: StorePath) -> str:
    """A place as text that is the same in every process, where the store says what it is over."""
    store: Any = place.store
    while isinstance(store, WrapperStore):
        store = store._store
    return f"{store}/{place.path}"


def fingerprint(about: object) -> str:
    """What two runs have in common only if they do the same."""
    text = json.dumps(about, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """The journal of one copy.

    Parameters
    ----------
    place
        What is being made.
    identity
        As from `fingerprint`.
    about
        What is done, for people.

    Attributes
    ----------
    phase
        ``"clearing"`` while what is replaced is taken away, ``"copying"``, and ``"deleting"`` while the source of a
        move is.
    replaced
        Paths, relative to `place`, of nodes in whose place others are made.
    """

    def __init__(self, place: StorePath, identity: str, about: str) -> None:
        self.place = place
        self.store = place.store
        self.key = place.prefix + JOURNAL
        self.identity = identity
        self.about = about
        self.phase = COPYING
        self.replaced: list[str] = []
        self._done: dict[str, tuple[Any, set[int]]] = {}
        self._saved = time.monotonic()

    @property
    def is_kept(self) -> bool:
        """Whether anything is written down: it must be possible to delete it."""
        return self.store.supports_deletes

    async def found(self) -> Mapping[str, Any] | None:
        """The journal that is there, whosesoever; None when there is none."""
        with context("in the journal of a copy", self.key, self.store):
            data = await self.store.get(self.key, numpy_buffer_prototype())
            return None if data is None else parse_document(data.as_buffer_like())

    async def take_up(self) -> bool:
        """Go on from the journal that is there; whether it is of the same copy."""
        found = await self.found()
        if found is None or found.get("identity") != self.identity:
            return False
        try:
            self.phase, self.replaced = found["phase"], [str(path) for path in found["replaced"]]
            for path, entry in found["done"].items():
                self._done[path] = entry["cut"], set(_numbers_in(entry["numbers"]))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problem = f"the journal of a copy is malformed, delete {self.key!r} to start over"
            raise MetadataValidationError(problem, field="done") from error
        return True

    def done(self, path: str, cut: object) -> set[int]:
        """The numbers of the units of an array that are done, where it was cut into the same units."""
        entry = self._done.get(path)
        if entry is None or entry[0] != cut:
            entry = self._done[path] = cut, set()
        return entry[1]

    def forget(self, path: str) -> None:
        """No unit of an array is done: something else was made in its place."""
        self._done.pop(path, None)

    async def note(self, path: str, numbers: Iterable[int]) -> None:
        """Note that units are done."""
        self._done[path][1].update(numbers)
        if time.monotonic() >= self._saved + SAVE_SECONDS:
            await self.save()

    async def save(self) -> None:
        """Write the journal."""
        self._saved = time.monotonic()
        if not self.is_kept:
            return
        document = {
            "about": self.about,
            "identity": self.identity,
            "phase": self.phase,
            "replaced": self.replaced,
            "done": {
                path: {"cut": cut, "numbers": _runs_of(set(numbers))}
                for path, (cut, numbers) in list(self._done.items())
            },
        }
        with context("while writing the journal of a copy", self.key, self.store):
            async with self.store.lock(self.key):
                value = default_buffer_prototype().buffer.from_bytes(json.dumps(document).encode())
                await self.store.set(self.key, value)

    async def close(self) -> None:
        """Delete the journal: what it is about is finished."""
        if self.is_kept:
            with context("while deleting the journal of a copy", self.key, self.store):
                await self.store.delete(self.key)


def _runs_of(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as runs from a first one to a last one."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return runs


def _numbers_in(runs: Iterable[Any]) -> Iterable[int]:
    for first, last in runs:
        yield from range(first, last + 1)
