"""Locks by key that processes share: ranges of a file, which the operating system frees when a process dies.

A key is one byte of the file, at a position that is its hash; the file stays empty. Within a process the threads share
one descriptor, which they lock in turn behind a lock of `KeyedLocks`. A lock belongs to the open file, not to the
process ("open file description locks"): where the system has none of these, the older kind is used, which is lost when
anyone in the process closes the file; nobody does.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from types import TracebackType
from weakref import WeakSet

from terrazzo.runtime.drive import current_scope, pause, thread
from terrazzo.runtime.locks import KeyedLock
from terrazzo.runtime.mutex import Mutex

__all__ = ["FileLocks"]

FLOCK = struct.Struct("hhqqi4x")  # `struct flock` of Linux: type, whence, start, length, process
OF_FILES = sys.platform == "linux" and struct.calcsize("P") == 8

EVERYTHING = 1 << 57
"""Length of a range that has every key in it."""

LONGEST_WAIT = 0.005
"""Seconds between two looks at a lock that somebody else has."""


class _File:
    """The file as this process has it open, and what the process has locked in it.

    Attributes
    ----------
    held
        Positions that are locked, each for one holder. All positions are, too, while `holders` is not 0; those that are
        held by themselves stay locked when it becomes 0 again.
    """

    __slots__ = ("__weakref__", "_mutex", "descriptor", "held", "holders")

    def __init__(self, path: str) -> None:
        self.descriptor = -1
        self._mutex = Mutex()
        self.held: set[int] = set()
        self.holders = 0
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        _open_files.add(self)

    def close(self, close: Callable[[int], None] = os.close) -> None:  # at exit `os` may be gone before this
        """Close it, and let go of everything in it."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            close(descriptor)

    __del__ = close

    def is_at(self, path: str) -> bool:
        """Whether it is open, and nobody has deleted it."""
        if self.descriptor < 0:
            return False
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return False
        opened = os.fstat(self.descriptor)
        return (status.st_dev, status.st_ino) == (opened.st_dev, opened.st_ino)

    def lock(self, position: int) -> bool:
        """Lock a position that nobody in this process holds; False where another process does."""
        with self._mutex:
            if not self.holders and not _try(self.descriptor, position, 1):
                return False
            self.held.add(position)
            return True

    def unlock(self, position: int) -> None:
        """Let others have a position. The second time nothing happens."""
        with self._mutex:
            self.held.discard(position)
            if not self.holders and self.descriptor >= 0:
                _change(self.descriptor, position, fcntl.F_UNLCK, 1)

    def lock_all(self) -> bool:
        """Lock all positions; False where another process holds one."""
        with self._mutex:
            if not self.holders and not _try(self.descriptor, 0, EVERYTHING):
                return False
            self.holders += 1
            return True

    def unlock_all(self) -> None:
        """Let others have all positions but those that are held by themselves."""
        with self._mutex:
            self.holders -= 1
            if self.holders or self.descriptor < 0:
                return
            start = 0
            for position in (*sorted(self.held), EVERYTHING):
                if position > start:
                    _change(self.descriptor, start, fcntl.F_UNLCK, position - start)
                start = position + 1


class FileLocks:
    """Locks in one file, which is made when the first one is taken.

    Parameters
    ----------
    path
        Of the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._mutex = Mutex()
        self._file: _File | None = None

    def __call__(self, key: str, inside: KeyedLock) -> FileLock:
        """The lock for a key, taken after the one of this process, to be held in an ``async with`` block."""
        return FileLock(self, int.from_bytes(blake2b(key.encode(), digest_size=7).digest()), inside)

    @contextmanager
    def all(self) -> Iterator[None]:
        """Keep other processes out of all keys; blocks until nobody has one. In this process it may be held twice."""
        wait = 0.0
        while not (file := self.file()).lock_all():
            wait = min(2 * wait + 0.0002, LONGEST_WAIT)
            time.sleep(random.uniform(0, wait))  # noqa: S311 - no secret
        try:
            yield
        finally:
            file.unlock_all()

    def file(self) -> _File:
        """The file; the child of a fork opens it again, and so does who finds that it was deleted."""
        file = self._file
        if file is not None and file.holders:
            return file  # all of it is locked: nobody else can have another one
        with self._mutex:
            if self._file is None or not self._file.is_at(self._path):
                self._file = _File(self._path)
            return self._file


class FileLock:
    """One lock, of this process and of all others, as an asynchronous context manager."""

    __slots__ = ("_file", "_inside", "_locks", "_position")

    def __init__(self, locks: FileLocks, position: int, inside: KeyedLock) -> None:
        self._locks = locks
        self._position = position
        self._inside = inside
        self._file: _File | None = None

    async def __aenter__(self) -> None:
        await self._inside.__aenter__()
        try:
            if thread.scope is not None:
                thread.places.append(self)
            wait = 0.0
            while not self._try():
                wait = min(2 * wait + 0.0002, LONGEST_WAIT)
                await _wait(random.uniform(0, wait))  # noqa: S311 - no secret
        except BaseException:  # cancelled, or Ctrl-C
            self.leave()
            await self._inside.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave()
        await self._inside.__aexit__(exc_type, exc, traceback)

    def _try(self) -> bool:
        self._file = self._locks.file()
        if not self._file.lock(self._position):
            return False
        return self._file is self._locks.file()  # unless somebody has deleted the file

    def leave(self) -> None:
        """Let others have the lock. The second time nothing happens."""
        if self._file is not None:
            self._file.unlock(self._position)
        self._file = None
        if self in thread.places:
            thread.places.remove(self)


def _try(descriptor: int, position: int, length: int) -> bool:
    """Lock a range; False where somebody else has a part of it."""
    try:
        _change(descriptor, position, fcntl.F_WRLCK, length)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _change(descriptor: int, position: int, kind: int, length: int) -> None:
    if OF_FILES:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, FLOCK.pack(kind, os.SEEK_SET, position, length, 0))
    else:
        how = fcntl.LOCK_UN if kind == fcntl.F_UNLCK else fcntl.LOCK_EX | fcntl.LOCK_NB
        fcntl.lockf(descriptor, how, length, position)


async def _wait(seconds: float) -> None:
    """Wait, as the driver allows it."""
    scope = current_scope()
    if scope is None:
        await pause(seconds)
    else:
        scope.check()
        time.sleep(seconds)  # noqa: ASYNC251 - driven inline: nothing else runs on this thread


_open_files: WeakSet[_File] = WeakSet()


def _close_files() -> None:
    """In the child of a fork: what it has open of its parent would keep its parent's locks when that is killed."""
    for file in list(_open_files):
        file.close()


os.register_at_fork(after_in_child=_close_files)
