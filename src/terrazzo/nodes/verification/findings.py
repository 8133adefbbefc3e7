"""What comes of verifying a hierarchy: a list of findings, each about one key, that a program can act on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from terrazzo.errors import (
    ChecksumError,
    CorruptDataError,
    LimitExceededError,
    MetadataValidationError,
    PickleCodecDisabledError,
    ShardIndexError,
    UnknownCodecError,
)
from terrazzo.nodes.report import human_readable_size, reason_of
from terrazzo.runtime.tally import Tally
from terrazzo.storage import StorePath
from terrazzo.types import JSON

__all__ = ["Collector", "Finding", "FindingKind", "Verification", "kind_of"]

FindingKind: TypeAlias = Literal[
    "chunk", "checksum", "index", "document", "stale", "unreadable", "unsupported", "orphan", "foreign"
]
NOTES = ("orphan", "foreign")
"""Kinds that nobody who reads the hierarchy notices."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found under one key.

    Attributes
    ----------
    kind
        ``"chunk"``: a chunk, or a subchunk of a shard, does not decode.
        ``"checksum"``: it does not match its checksum.
        ``"index"``: the index of a shard is damaged or cannot be true.
        ``"document"``: a metadata document cannot be understood.
        ``"stale"``: consolidated metadata say something else than the document of a node.
        ``"unreadable"``: the store does not give the value, or does not list what is below the key.
        ``"unsupported"``: a codec, a data type or a limit of this installation keeps the array from being checked.
        ``"orphan"``: a chunk outside the shape of its array, or the document of a node of format 2 where there is one
        of format 3, too. A note: nothing reads it.
        ``"foreign"``: neither a document nor a chunk. A note, too.
    key
        In the store. What ends in a slash is all that is below it.
    path
        Of the array or group that the key belongs to.
    reason
        What is wrong, in one line.
    codec
        The codec that failed, ``"size"`` or ``"index"``; empty where there is none.
    chunk
        Coordinates of the chunk, or stored shard, in its array; None for other keys.
    subchunk
        Coordinates of the subchunk in the shard; None where all of the stored object is meant.
    """

    kind: FindingKind
    key: str
    path: str
    reason: str
    codec: str = ""
    chunk: tuple[int, ...] | None = None
    subchunk: tuple[int, ...] | None = None

    @property
    def is_note(self) -> bool:
        """Whether it keeps nobody from reading what the hierarchy holds."""
        return self.kind in NOTES

    def __str__(self) -> str:
        said: list[str] = [self.kind]
        if self.chunk is not None:
            said.append(f"chunk {self.chunk} of /{self.path}")
        if self.subchunk is not None:
            said.append(f"subchunk {self.subchunk}")
        if self.codec:
            said.append(f"codec {self.codec!r}")
        return f"{self.key}: {', '.join(said)}: {self.reason}"

    def to_json(self) -> dict[str, JSON]:
        """The finding for programs; what does not apply is null."""
        return {
            "kind": self.kind,
            "key": self.key,
            "path": self.path,
            "codec": self.codec or None,
            "chunk": None if self.chunk is None else list(self.chunk),
            "subchunk": None if self.subchunk is None else list(self.subchunk),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying a hierarchy has found.

    Attributes
    ----------
    where
        Store and path.
    groups, arrays
        How many of them were visited.
    chunks
        Stored chunks, or shards, that were checked.
    nbytes
        Bytes of them, as they are stored.
    findings
        By key.
    """

    where: str
    groups: int
    arrays: int
    chunks: int
    nbytes: int
    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        """Whether everything that was visited can be read."""
        return all(finding.is_note for finding in self.findings)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that keep something from being read."""
        return tuple(finding for finding in self.findings if not finding.is_note)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """The other findings: keys that nobody reads."""
        return tuple(finding for finding in self.findings if finding.is_note)

    def without_notes(self) -> Verification:
        """The same without what nobody who reads the hierarchy notices."""
        return replace(self, findings=self.problems)

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        seen = (self.groups, "group"), (self.arrays, "array"), (self.chunks, "stored chunk")
        found = (len(self.problems), "problem"), (len(self.notes), "note")
        said = [", ".join(_counted(*item) for item in items) for items in (seen, found)]
        lines.append(f"{self.where}: {said[0]} of {human_readable_size(self.nbytes)} bytes; {said[1]}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def to_json(self) -> dict[str, JSON]:
        """What was found, for programs."""
        return {
            "where": self.where,
            "ok": self.is_ok,
            "groups": self.groups,
            "arrays": self.arrays,
            "chunks": self.chunks,
            "bytes": self.nbytes,
            "findings": [finding.to_json() for finding in self.findings],
        }


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


KINDS: tuple[tuple[tuple[type[Exception], ...], FindingKind], ...] = (
    ((ChecksumError,), "checksum"),
    ((ShardIndexError,), "index"),
    ((CorruptDataError,), "chunk"),
    ((LimitExceededError, UnknownCodecError, PickleCodecDisabledError), "unsupported"),
    ((MemoryError, NotImplementedError), "unsupported"),
    ((MetadataValidationError,), "document"),
)


def kind_of(error: Exception) -> FindingKind:
    """What kind of finding an error is; what a store raises may be of any class."""
    return next((kind for classes, kind in KINDS if isinstance(error, classes)), "unreadable")


class Collector:
    """What has been found so far, by whoever looks."""

    def __init__(self, chunks: Tally) -> None:
        self.findings: list[Finding] = []
        self.chunks = chunks
        self.nbytes = Tally(0, None)
        self.groups = 0
        self.arrays = 0

    def note(self, kind: FindingKind, key: str, place: StorePath, reason: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind, key, place.path, reason))

    def fail(self, error: Exception, key: str, place: StorePath, **more: Any) -> None:
        """Add what an error says; it knows best which key it is about."""
        known = getattr(error, "key", None)
        where = known if isinstance(known, str) and known else key
        self.findings.append(Finding(kind_of(error), where, place.path, reason_of(error), **more))

    def verification_of(self, place: StorePath) -> Verification:
        """All of it."""
        findings = sorted(self.findings, key=lambda one: (one.key, one.chunk or (), one.subchunk or (), one.reason))
        counted = self.groups, self.arrays, self.chunks.done, self.nbytes.done
        return Verification(str(place), *counted, tuple(findings))
