"""One zip archive: what is in it, kept in memory, and written to its end.

A value is appended; the table of contents follows when the archive is flushed or closed, and is cut off again before
the next value is written. What a value has replaced stays in the file, unnamed, until more than half of the file is
such dead matter: then all that lives is copied to a new file, which takes the place of the old one.

Readers take no lock: they use the file and the entry that they found together, which nobody changes.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path
from typing import BinaryIO, NamedTuple
from weakref import WeakSet
from zlib import crc32

from terrazzo.abc.byte_range import ByteRequest, resolve
from terrazzo.abc.store import DOCUMENTS, validate_key
from terrazzo.errors import ConcurrentWriteError, CorruptDataError, InvalidKeyError, LimitExceededError, quote
from terrazzo.runtime.mutex import Mutex
from terrazzo.settings import current_options
from terrazzo.storage.zip_file import FileObject, FileOnDisk, PositionedFile
from terrazzo.storage.zip_format import (
    ENCRYPTED,
    LARGEST_32,
    LOCAL,
    STORED,
    WITH_DESCRIPTOR,
    Entry,
    check_crc,
    compress,
    decompress,
    directory_of,
    header_of,
    read_directory,
    tombstone_of,
)
from terrazzo.types import BytesLike

__all__ = ["Archive", "Contents"]

_counter = itertools.count()
_origin = os.urandom(8)

PIECE = 1 << 20
"""Bytes that are copied at once."""

LONGEST_NAME = 0xFFFF
MUCH = 64 << 20
"""Bytes of dead matter from which a file that is open is copied, if half of it is."""


class Contents(NamedTuple):
    """A file, and where the values are in it."""

    file: PositionedFile
    entries: dict[str, Entry]
    others: Sequence[Entry]
    """Entries that are no values, such as folders; they are kept."""
    comment: bytes
    generation: tuple[int, bytes]
    """Of no other contents, in whatever process."""
    identity: tuple[int, ...]
    """Of the file when its table of contents was read."""


class Archive:
    """One archive, opened when it is used; shared by all stores that were made of one another.

    Parameters
    ----------
    place
        A path, or a file object.
    mode
        ``r`` to read, ``r+`` to read and write what is there, ``a`` to make it if need be, ``w`` to start anew, ``x``
        to make it where nothing is.
    compression
        Number of the method.
    allow_zip64
        Whether it may become larger than 4 GiB.
    """

    def __init__(self, place: str | BinaryIO, mode: str, compression: int, allow_zip64: bool) -> None:
        self.place = place
        self.mode = mode
        self.compression = compression
        self.allow_zip64 = allow_zip64
        self._mutex = Mutex()
        self._contents: Contents | None = None
        self._sorted: Sequence[str] | None = None
        self._end = 0
        self._dead = 0
        self._bearable = MUCH
        self._is_complete = True
        """Whether the table of contents is in the file."""
        self._is_writing = False
        self._owner = os.getpid()

    # -- life

    @property
    def name(self) -> str:
        """For messages."""
        return self.place if isinstance(self.place, str) else repr(self.place)

    def contents(self) -> Contents:
        """What is in the archive now; it is opened if need be.

        Raises
        ------
        FileNotFoundError
            There is no such file, and the mode does not make one.
        CorruptDataError
            It is no archive, or its writer was stopped.
        """
        contents = self._contents
        if contents is None:
            with self._mutex:
                contents = self._contents or self._open()
        return contents

    def _open(self) -> Contents:
        if self.mode in ("w", "x"):
            return self._create()
        try:
            file: PositionedFile = (
                FileOnDisk(self.place, os.O_RDONLY) if isinstance(self.place, str) else FileObject(self.place)
            )
        except FileNotFoundError:
            if self.mode != "a":
                raise
            return self._create()
        if self.mode == "a" and not file.size():
            return self._create()
        return self._read(file)

    def _create(self) -> Contents:
        """Make an empty archive."""
        if isinstance(self.place, str):
            os.makedirs(os.path.dirname(self.place), exist_ok=True)
        file = self._open_to_write(os.O_RDWR | os.O_CREAT | (os.O_EXCL if self.mode == "x" else 0))
        file.truncate(0)
        self._end = self._dead = 0
        self._is_complete = False
        self.mode = "a"
        return self._show(file, {}, [], b"")

    def _read(self, file: PositionedFile) -> Contents:
        identity = file.identity()
        try:
            found, end, comment = read_directory(file)
        except CorruptDataError as error:
            raise CorruptDataError(
                f"{self.name} has no table of contents that could be read ({error}): it is no zip archive, or who "
                "wrote it was stopped before the store was closed; ZipStore.recover(path) gives back what is whole"
            ) from error
        entries: dict[str, Entry] = {}
        others: list[Entry] = []
        for entry in found:
            try:
                entries[validate_key(entry.name)] = entry  # the last one of a name counts
            except InvalidKeyError:
                others.append(entry)
        self._end = end
        self._dead = max(0, end - sum(_length(entry) for entry in (*entries.values(), *others)))
        self._is_complete = True
        return self._show(file, entries, others, comment, identity)

    def _show(
        self,
        file: PositionedFile,
        entries: dict[str, Entry],
        others: Sequence[Entry],
        comment: bytes,
        identity: tuple[int, ...] = (),
    ) -> Contents:
        self._sorted = None
        self._contents = Contents(file, entries, others, comment, (next(_counter), _origin), identity)
        return self._contents

    def close(self) -> None:
        """Write what is missing, and let go of the file. The archive opens again when it is used."""
        with self._mutex:
            contents = self._contents
            if contents is None:
                return
            if self._may_write():
                if self._dead * 2 > self._end:
                    contents = self._try_copy(contents)
                self.flush()
                contents.file.unlock()
            self._contents = self._sorted = None
            self._is_writing = False

    def flush(self) -> None:
        """Write the table of contents, so that others can read what was written."""
        with self._mutex:
            contents = self._contents
            if contents is None or self._is_complete or not self._may_write():
                return
            entries = (*contents.others, *contents.entries.values())
            contents.file.write_at(self._end, [directory_of(entries, self._end, contents.comment)])
            self._is_complete = True

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # nobody is left to be told; what is whole can be recovered
            self.close()

    def move(self, path: Path | str) -> None:
        """Rename the file, and go on from there."""
        destination = os.path.abspath(path)
        with self._mutex:
            self.close()
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            if isinstance(self.place, str) and os.path.exists(self.place):
                shutil.move(self.place, destination)
            self.place = destination

    # -- reading

    def keys(self) -> Sequence[str]:
        """All keys, sorted."""
        contents = self.contents()
        keys = self._sorted
        if keys is None:
            keys = sorted(contents.entries)
            with self._mutex:
                if len(keys) == len(contents.entries):
                    self._sorted = keys
        return keys

    def find(self, key: str) -> tuple[Contents, Entry] | None:
        """An entry, and the file it is in."""
        contents = self.contents()
        entry = contents.entries.get(key)
        return None if entry is None else (contents, entry)

    def read(self, contents: Contents, entry: Entry, byte_range: ByteRequest | None) -> bytes:
        """The value of an entry, or a part of it.

        Only the bytes asked for are read where the value is stored as it is. The checksum is compared where all of the
        value is read.

        Raises
        ------
        CorruptDataError
            The entry is not what the table of contents says.
        """
        start, end = (0, entry.size) if byte_range is None else resolve(byte_range, entry.size)
        _check_size(entry)
        try:
            position = entry.find_data(contents.file)
            if entry.method == STORED and not entry.flags & ENCRYPTED:
                if entry.stored_size != entry.size:
                    raise CorruptDataError(f"it takes {entry.stored_size} bytes and has {entry.size}", stage="size")
                value = contents.file.read_at(position + start, end - start)
                if len(value) != end - start:
                    raise CorruptDataError(f"the archive ends {end - start - len(value)} bytes early", stage="size")
            else:
                value = decompress(contents.file.read_at(position, entry.stored_size), entry, end)[start:]
            if start == 0 and end == entry.size:
                check_crc(value, entry)
        except CorruptDataError as error:
            raise self._about(error, entry) from error
        return value

    def read_into(self, contents: Contents, entry: Entry, out: memoryview) -> int:
        """Read a whole value into memory; its size."""
        if entry.size == len(out):
            if entry.method == STORED and not entry.flags & ENCRYPTED and entry.stored_size == entry.size:
                try:
                    if contents.file.read_into(entry.find_data(contents.file), out) != len(out):
                        raise CorruptDataError("the archive ends early", stage="size")
                    check_crc(out, entry)
                except CorruptDataError as error:
                    raise self._about(error, entry) from error
            else:
                out[:] = self.read(contents, entry, None)
        return entry.size

    def _about(self, error: CorruptDataError, entry: Entry) -> CorruptDataError:
        told = type(error)(f"{self.name}: {entry.name!r} cannot be read: {error}", stage=error.stage, key=entry.name)
        told.store = self.name
        return told

    # -- writing

    def set(self, key: str, data: BytesLike, *, replace: bool = True) -> None:
        """Write a value; unless told to `replace` one, only where there is none."""
        if len(key.encode()) > LONGEST_NAME:
            raise InvalidKeyError(f"{quote(key)} is too long for a zip archive, whose names have {LONGEST_NAME} bytes")
        stored, flags = compress(data, self.compression)
        with self._mutex:
            contents = self._writable()
            old = contents.entries.get(key)
            if old is not None and not replace:
                return
            size = memoryview(data).nbytes
            entry = Entry(key, self.compression, crc32(data), memoryview(stored).nbytes, size, self._end)
            entry.flags |= flags
            head = header_of(entry)
            entry.start = self._end + len(head)
            self._append(contents, [head, stored])
            contents.entries[key] = entry
            if old is None:
                self._sorted = None
            else:
                self._bury([old])

    def delete(self, keys: Iterable[str]) -> None:
        """Delete values, documents first."""
        with self._mutex:
            contents = self.contents()
            there = sorted((key for key in keys if key in contents.entries), key=_documents_first)
            if not there:
                return
            contents = self._writable()
            record = b"".join(tombstone_of(key) for key in there)
            self._append(contents, [record])
            self._dead += len(record)
            self._sorted = None
            self._bury([contents.entries.pop(key) for key in there if key in contents.entries])

    def clear(self) -> None:
        """Delete all values in one step."""
        with self._mutex:
            contents = self._writable()
            if contents.entries:
                self._copy(contents._replace(entries={}))

    def _append(self, contents: Contents, parts: Sequence[BytesLike]) -> None:
        size = sum(memoryview(part).nbytes for part in parts)
        if not self.allow_zip64 and self._end + size >= LARGEST_32:
            raise ValueError(f"{self.name} would become larger than 4 GiB, which needs allowZip64=True")
        if self._is_complete:
            contents.file.truncate(self._end)
            self._is_complete = False
        try:
            contents.file.write_at(self._end, parts)
        except BaseException:  # the disk is full
            with contextlib.suppress(OSError):
                contents.file.truncate(self._end)
            raise
        self._end += size

    def _bury(self, entries: Iterable[Entry]) -> None:
        """Count what is dead, and copy what lives when there is much of it."""
        self._dead += sum(map(_length, entries))
        if isinstance(self.place, str) and self._dead > self._bearable and self._dead * 2 > self._end:
            self._try_copy(self.contents())

    def _try_copy(self, contents: Contents) -> Contents:
        """Save space where that can be done: there may be no room for a copy, or no leave to make a file."""
        try:
            return self._copy(contents)
        except OSError:
            if not isinstance(self.place, str):
                raise  # half of it may have been moved
            self._bearable = 2 * self._dead
            return contents

    def _may_write(self) -> bool:
        return self._is_writing and self._owner == os.getpid()

    def _writable(self) -> Contents:
        """The contents, with a file that can be written, and that nobody else writes."""
        contents = self.contents()
        if self._is_writing:
            if self._owner != os.getpid():
                raise ConcurrentWriteError(
                    f"{self.name} is being written by the process that this one is a child of; a zip archive has one "
                    "writer at a time"
                )
            return contents
        file = self._open_to_write(os.O_RDWR)
        if file.identity() == contents.identity:
            self._contents = contents = contents._replace(file=file)
            return contents
        try:
            return self._read(file)
        except BaseException:
            self._is_writing = False
            file.unlock()
            raise

    def _open_to_write(self, flags: int) -> PositionedFile:
        if isinstance(self.place, str):
            file = FileOnDisk(self.place, flags)
            while True:
                if not file.lock():
                    raise ConcurrentWriteError(f"{self.name} is being written by somebody else; close that store first")
                if file.is_in_place():
                    break
                file = FileOnDisk(self.place, flags)  # whoever had the lock has replaced the file
            opened: PositionedFile = file
        else:
            opened = FileObject(self.place)
            if not opened.writable:
                raise ValueError(f"{self.name} cannot be written")
        self._is_writing = True
        self._owner = os.getpid()
        _writing.add(self)
        return opened

    def _copy(self, contents: Contents) -> Contents:
        """Write what lives to a new file, which takes the place of the old one; in a file object, to its start."""
        if not isinstance(self.place, str):
            self._is_complete = False
            live, others, self._end = _copy_entries(contents, contents.file)
            contents.file.truncate(self._end)
            self._dead = 0
            return self._show(contents.file, live, others, contents.comment)
        place = os.path.realpath(self.place)  # a link stays one
        staging = f"{place}.{os.urandom(16).hex()}.partial"
        try:
            file = FileOnDisk(staging, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            file.lock()
            live, others, end = _copy_entries(contents, file)
            file.write_at(end, [directory_of((*others, *live.values()), end, contents.comment)])
            shutil.copymode(place, staging)
            os.replace(staging, place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(staging)
            raise
        contents.file.unlock()
        self._end, self._dead, self._is_complete = end, 0, True
        return self._show(file, live, others, contents.comment)


def _copy_entries(contents: Contents, target: PositionedFile) -> tuple[dict[str, Entry], Sequence[Entry], int]:
    """Write all entries, in the order in which they lie in the file; where they are now, and where they end."""
    copies: dict[int, Entry] = {}
    end = 0
    for entry in sorted((*contents.others, *contents.entries.values()), key=lambda entry: entry.position):
        start = entry.find_data(contents.file)
        made = copies[id(entry)] = copy(entry)
        if entry.flags & WITH_DESCRIPTOR:  # what stood behind the data stands in front of them now
            made.flags &= ~WITH_DESCRIPTOR
            head = header_of(made)
        else:
            head = contents.file.read_at(entry.position, start - entry.position)
        target.write_at(end, [head])
        made.position, made.start = end, end + len(head)
        for offset in range(0, entry.stored_size, PIECE):
            piece = contents.file.read_at(start + offset, min(PIECE, entry.stored_size - offset))
            target.write_at(made.start + offset, [piece])
        end = made.end
    live = {key: copies[id(entry)] for key, entry in contents.entries.items()}
    return live, [copies[id(entry)] for entry in contents.others], end


def _length(entry: Entry) -> int:
    """Bytes that an entry takes, at least."""
    return LOCAL.size + len(entry.raw_name) + entry.stored_size


def _documents_first(key: str) -> tuple[bool, str]:
    return key.rpartition("/")[2] not in DOCUMENTS, key


def _check_size(entry: Entry) -> None:
    """Refuse what says that it becomes much larger than a document may be, before it does.

    Raises
    ------
    LimitExceededError
        It is larger than ``limits.metadata_bytes``.
    """
    if entry.method != STORED and entry.name.rpartition("/")[2] in DOCUMENTS:
        limit = current_options().limits.metadata_bytes
        if limit is not None and entry.size > limit:
            raise LimitExceededError(
                f"{entry.name!r} has {entry.size} bytes, more than config['limits.metadata_bytes'], {limit}",
                limit="metadata_bytes",
                value=entry.size,
                key=entry.name,
            )


_writing: WeakSet[Archive] = WeakSet()


def _close_all() -> None:
    """At exit: nobody else will."""
    for archive in list(_writing):
        with contextlib.suppress(Exception):
            archive.close()


atexit.register(_close_all)
