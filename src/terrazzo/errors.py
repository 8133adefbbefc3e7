"""Every exception and warning of terrazzo.

The tree (classes marked * exist in zarr-python under the same name, with the same bases)::

    ValueError
    └── BaseZarrError *
        ├── NodeNotFoundError *            (also FileNotFoundError)
        │   ├── ArrayNotFoundError *
        │   └── GroupNotFoundError *
        ├── ContainsArrayError *           a node is in the way
        ├── ContainsGroupError *
        ├── ContainsArrayAndGroupError *
        ├── ForeignFilesError              what is not Zarr would be deleted
        ├── MetadataValidationError *      a metadata document cannot be read or contradicts the specification
        │   └── NodeTypeValidationError *
        ├── UnknownCodecError *            codec, grid or key encoding without an implementation
        ├── ChunkNotFoundError *           an absent chunk, where the caller asked not to read the fill value
        ├── PickleCodecDisabledError *     data need unpickling and the user has not opted in
        ├── CorruptDataError               stored bytes are not what the metadata promise (also RuntimeError)
        │   ├── ChecksumError
        │   └── ShardIndexError
        ├── LimitExceededError             a configured limit would be passed
        ├── InvalidKeyError                key or node path that no store may hold
        ├── UnwrittenError                 a buffered writer could not store what was assigned to it
        ├── ConcurrentWriteError           another writer changed the object, and the change cannot be merged
        └── StoreError                     a store operation failed (also OSError)
            ├── StoreAccessError           (also PermissionError)
            ├── StoreUnavailableError      (also ConnectionError)
            └── StoreTimeoutError          (also TimeoutError)
    ValueError
    ├── DataTypeValidationError *
    └── BadConfigError *                   a setting has a value that it cannot have
    IndexError
    ├── ArrayIndexError *
    │   └── BroadcastError                 (also ValueError, which is what numpy raises)
    ├── BoundsCheckError *
    ├── NegativeStepError *
    └── VindexInvalidSelectionError *
    RuntimeError
    ├── SuspendedError                     a coroutine waited although it promised not to
    └── SyncError *                        a blocking call where it could only deadlock

Catch ``BaseZarrError`` for anything wrong with what is stored or asked for, ``OSError`` for a store that fails,
``IndexError`` for a selection that does not fit. Where an error is about stored data, ``store``, ``key`` and
``reason`` are attributes, and the message with its notes names them.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

__all__ = [
    "ArrayIndexError",
    "ArrayNotFoundError",
    "BadConfigError",
    "BaseZarrError",
    "BoundsCheckError",
    "BroadcastError",
    "ChecksumError",
    "ChunkNotFoundError",
    "ConcurrentWriteError",
    "ContainsArrayAndGroupError",
    "ContainsArrayError",
    "ContainsGroupError",
    "CorruptDataError",
    "DataTypeValidationError",
    "ForeignFilesError",
    "GroupNotFoundError",
    "InvalidKeyError",
    "LimitExceededError",
    "MetadataValidationError",
    "NegativeStepError",
    "NodeNotFoundError",
    "NodeTypeValidationError",
    "PickleCodecDisabledError",
    "ShardIndexError",
    "StoreAccessError",
    "StoreError",
    "StoreTimeoutError",
    "StoreUnavailableError",
    "SuspendedError",
    "SyncError",
    "UnknownCodecError",
    "UnreadableMemberWarning",
    "UnstableSpecificationWarning",
    "UnwrittenError",
    "VindexInvalidSelectionError",
    "ZarrDeprecationWarning",
    "ZarrFutureWarning",
    "ZarrRuntimeWarning",
    "ZarrUserWarning",
    "add_context",
    "context",
    "quote",
    "warn",
]

QUOTE_LIMIT = 200
"""Characters of foreign text that one quotation in a message may hold."""


class BaseZarrError(ValueError):
    """Base of the errors about what is stored or asked for.

    Parameters
    ----------
    reason
        The message: what is wrong, with the offending value.
    store, key
        Where, as text; set later by the layer that knows.
    """

    store: str | None = None
    key: str | None = None

    def __init__(self, *args: Any, store: str | None = None, key: str | None = None) -> None:
        super().__init__(*args)
        if store is not None:
            self.store = store
        if key is not None:
            self.key = key

    @property
    def reason(self) -> str:
        """The message without the notes."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        # An OSError among the bases would print its errno instead of the message.
        return self.reason


class NodeNotFoundError(BaseZarrError, FileNotFoundError):
    """There is no node, array or group, at the path."""


class ArrayNotFoundError(NodeNotFoundError):
    """There is no array at the path."""


class GroupNotFoundError(NodeNotFoundError):
    """There is no group at the path."""


class ContainsArrayError(BaseZarrError):
    """An array is already at the path."""


class ContainsGroupError(BaseZarrError):
    """A group is already at the path."""


class ContainsArrayAndGroupError(BaseZarrError):
    """An array and a group are both at the path."""


class ForeignFilesError(BaseZarrError):
    """Something that is not Zarr is below a place, and would be deleted with what is there."""


class MetadataValidationError(BaseZarrError):
    """A metadata document cannot be read, or contradicts the specification.

    Attributes
    ----------
    field
        JSON path of the offending member, such as ``codecs[1].configuration.level``; empty for the whole document.
    """

    field: str = ""

    def __init__(self, *args: Any, field: str = "", store: str | None = None, key: str | None = None) -> None:
        super().__init__(*args, store=store, key=key)
        if field:
            self.field = field

    def within(self, prefix: str) -> MetadataValidationError:
        """Prepend the JSON path of the member that holds the one in error, and return the error itself."""
        joint = "" if not self.field or self.field.startswith("[") else "."
        self.field = f"{prefix}{joint}{self.field}"
        return self

    def __str__(self) -> str:
        return f"{shorten(self.field)}: {self.reason}" if self.field else self.reason


class NodeTypeValidationError(MetadataValidationError):
    """``node_type`` is not what the operation needs."""


class UnknownCodecError(BaseZarrError):
    """A codec, chunk grid or chunk key encoding has no implementation here.

    Attributes
    ----------
    name
        The name that was asked for.
    """

    name: str = ""

    def __init__(self, *args: Any, name: str = "", store: str | None = None, key: str | None = None) -> None:
        super().__init__(*args, store=store, key=key)
        if name:
            self.name = name


class ChunkNotFoundError(BaseZarrError):
    """A chunk is absent and the array was opened with ``read_missing_chunks=False``."""


class PickleCodecDisabledError(BaseZarrError):
    """Reading needs ``pickle``, which can run code, and it has not been enabled."""


class CorruptDataError(BaseZarrError, RuntimeError):
    """Stored bytes are not what the metadata promise.

    Attributes
    ----------
    chunk_coords
        Coordinates of the chunk in the chunk grid, or None.
    inner_coords
        Coordinates of the subchunk in its shard, or None.
    stage
        Name of the codec that failed, ``"size"`` or ``"index"``.
    """

    chunk_coords: tuple[int, ...] | None = None
    inner_coords: tuple[int, ...] | None = None
    stage: str = ""

    def __init__(
        self,
        *args: Any,
        stage: str = "",
        chunk_coords: tuple[int, ...] | None = None,
        inner_coords: tuple[int, ...] | None = None,
        store: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(*args, store=store, key=key)
        if stage:
            self.stage = stage
        if chunk_coords is not None:
            self.chunk_coords = chunk_coords
        if inner_coords is not None:
            self.inner_coords = inner_coords


class ChecksumError(CorruptDataError):
    """A checksum is present and does not match."""


class ShardIndexError(CorruptDataError):
    """A shard index is missing, short, fails its checksum, or points outside the shard.

    Attributes
    ----------
    entry
        Position of the entry in error, in C order, or None.
    """

    entry: int | None = None


class LimitExceededError(BaseZarrError):
    """A limit of ``config["limits.*"]`` would be passed.

    Attributes
    ----------
    limit
        Name of the setting.
    value
        The value that is too large.
    """

    limit: str = ""
    value: object = None

    def __init__(
        self, *args: Any, limit: str = "", value: object = None, store: str | None = None, key: str | None = None
    ) -> None:
        super().__init__(*args, store=store, key=key)
        self.limit = limit
        self.value = value


class InvalidKeyError(BaseZarrError):
    """A key or node path that no store may hold."""


class ConcurrentWriteError(BaseZarrError):
    """Another writer changed the object, and the operation could not be merged or repeated."""


class UnwrittenError(BaseZarrError):
    """A buffered writer could not store what was assigned to it; its cause is the first error.

    Attributes
    ----------
    keys
        Of the stored objects that do not hold what was assigned.
    regions
        For each of them the smallest region of the array with everything that was assigned and is not stored.
    """

    keys: tuple[str, ...] = ()
    regions: tuple[tuple[slice, ...], ...] = ()

    def __init__(
        self,
        *args: Any,
        keys: tuple[str, ...] = (),
        regions: tuple[tuple[slice, ...], ...] = (),
        store: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(*args, store=store, key=key)
        self.keys = keys
        self.regions = regions


class StoreError(BaseZarrError, OSError):
    """A store operation failed.

    Attributes
    ----------
    errno
        The operating system's number, where there is one.
    op
        The operation: ``get``, ``set``, ``delete``, ``list`` …
    retryable
        Whether trying again may help.
    attempts
        How often it was tried.
    """

    op: str = ""
    retryable: bool = False
    attempts: int = 1

    def __init__(
        self,
        *args: Any,
        errno: int | None = None,
        op: str = "",
        retryable: bool = False,
        attempts: int = 1,
        store: str | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(*args, store=store, key=key)
        self.errno, self.op = errno, op
        self.retryable, self.attempts = retryable, attempts

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, {**self.__dict__, "errno": self.errno}  # OSError keeps `errno` elsewhere


# Of their two bases the other one's comes first, which unpickling with tblib, as in dask, calls in vain.
NodeNotFoundError.__new__ = StoreError.__new__ = OSError.__new__  # type: ignore[method-assign]


class StoreAccessError(StoreError, PermissionError):
    """The store refused access: 401, 403, EACCES, EROFS, EPERM."""


class StoreUnavailableError(StoreError, ConnectionError):
    """The store did not answer properly, after retries: 429, 5xx, resets, broken bodies."""


class StoreTimeoutError(StoreError, TimeoutError):
    """A deadline passed."""


class DataTypeValidationError(ValueError):
    """A data type, or its configuration, is not one that terrazzo knows."""


class BadConfigError(ValueError):
    """A setting has a value that it cannot have."""


class ArrayIndexError(IndexError):
    """A selection does not fit the array."""


class BroadcastError(ArrayIndexError, ValueError):
    """A value cannot be broadcast to the shape of the selection."""


class BoundsCheckError(IndexError):
    """An integer index is outside its axis."""


class NegativeStepError(IndexError):
    """A slice has a negative step."""


class VindexInvalidSelectionError(IndexError):
    """A selection is not one that ``vindex`` takes."""


class SuspendedError(RuntimeError):
    """A coroutine suspended although everything it uses says that it never waits."""


class SyncError(RuntimeError):
    """A blocking call was made where it could only deadlock."""


class ZarrDeprecationWarning(DeprecationWarning):
    """Something that will go away."""


class ZarrFutureWarning(FutureWarning):
    """Something that will change."""


class UnstableSpecificationWarning(ZarrFutureWarning):
    """Something that no accepted specification describes."""


class ZarrRuntimeWarning(RuntimeWarning):
    """Something dubious that happened while running."""


class ZarrUserWarning(UserWarning):
    """Something dubious that the caller asked for."""


class UnreadableMemberWarning(ZarrUserWarning):
    """A member of a group has a document that cannot be understood, and a listing goes on without it."""


def quote(value: object) -> str:
    """Represent foreign text for a message: printable, at most ``QUOTE_LIMIT`` characters."""
    text = ascii(value[: QUOTE_LIMIT + 1]) if isinstance(value, (str, bytes)) else _bounded_repr(value)
    return text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 1] + "…"


def shorten(text: str) -> str:
    """Foreign text for a message, without quotation marks: printable, at most ``QUOTE_LIMIT`` characters."""
    return text if len(text) <= QUOTE_LIMIT and text.isascii() and text.isprintable() else quote(text).strip("'\"")


def _bounded_repr(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 4 * QUOTE_LIMIT:
        return f"an integer of {value.bit_length()} bits"
    try:
        return " ".join(ascii(value).split())  # arrays are printed over several lines
    except (RecursionError, ValueError):  # nested too deep, or an integer inside it is too long to print
        return f"a {type(value).__name__}"


def warn(message: str, category: type[Warning]) -> None:
    """Warn, pointing at the code that called terrazzo, however deep in it the warning arises."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def add_context(
    error: BaseException, note: str, *, store: object = None, key: str | None = None, **fields: object
) -> None:
    """Say where `error` happened: set the attributes it has room for, and add `note` once.

    Called by the layer that orchestrates an operation, which alone knows the array, the key and the direction.
    """
    if isinstance(error, BaseZarrError):
        if store is not None and error.store is None:
            error.store = str(store)
        if key is not None and error.key is None:
            error.key = key
        for name, value in fields.items():
            if getattr(error, name, value) is None:
                setattr(error, name, value)
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


class context:  # noqa: N801 - used like a function, and entered for every document
    """Say of whatever goes wrong in a ``with`` block where that was, or while doing what: key and store."""

    __slots__ = ("_key", "_store", "_where")

    def __init__(self, where: str, key: str, store: object) -> None:
        self._where, self._key, self._store = where, key, store

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, Exception):
            add_context(error, f"{self._where} {self._key!r} of {self._store}", store=self._store, key=self._key)
