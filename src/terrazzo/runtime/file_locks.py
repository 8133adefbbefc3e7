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
        self._descriptor = -1
        self._owner = 0
        self._holders = 0

    def __call__(self, key: str, inside: KeyedLock) -> FileLock:
        """The lock for a key, taken after the one of this process, to be held in an ``async with`` block."""
        return FileLock(self, int.from_bytes(blake2b(key.encode(), digest_size=7).digest()), inside)

    @contextmanager
    def all(self) -> Iterator[None]:
        """Keep other processes out of all keys; blocks until nobody has one. In this process it may be held twice."""
        with self._mutex:
            wait = 0.0
            while not self._holders and not self._take_all():
                wait = min(2 * wait + 0.0002, LONGEST_WAIT)
                time.sleep(random.uniform(0, wait))  # noqa: S311 - no secret
            self._holders += 1
        try:
            yield
        finally:
            with self._mutex:
                self._holders = max(0, self._holders - 1)
                if not self._holders and self._owner == os.getpid():
                    _change(self._descriptor, 0, fcntl.F_UNLCK, EVERYTHING)

    def _take_all(self) -> bool:
        return _try(self.descriptor(), 0, EVERYTHING)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:  # at exit `os` may be gone before this
        if self._descriptor >= 0:
            close(self._descriptor)

    def descriptor(self) -> int:
        """Of the file; the child of a fork opens one of its own, and so does who finds that the file was deleted."""
        with self._mutex:
            if self._owner != os.getpid() or self._is_elsewhere():
                if self._descriptor >= 0:
                    os.close(self._descriptor)
                    self._descriptor = -1
                os.makedirs(os.path.dirname(self._path), exist_ok=True)
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
                self._owner = os.getpid()
                self._holders = 0
            return self._descriptor

    def _is_elsewhere(self) -> bool:
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return True
        opened = os.fstat(self._descriptor)
        return (status.st_dev, status.st_ino) != (opened.st_dev, opened.st_ino)


class FileLock:
    """One lock, of this process and of all others, as an asynchronous context manager."""

    __slots__ = ("_descriptor", "_inside", "_locks", "_position")

    def __init__(self, locks: FileLocks, position: int, inside: KeyedLock) -> None:
        self._locks = locks
        self._position = position
        self._inside = inside
        self._descriptor = -1

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
        self._descriptor = self._locks.descriptor()
        if not _try(self._descriptor, self._position, 1):
            return False
        return self._descriptor == self._locks.descriptor()  # unless somebody has deleted the file

    def leave(self) -> None:
        """Let others have the lock. The second time nothing happens."""
        if self._descriptor >= 0 and self._locks._owner == os.getpid():
            _change(self._descriptor, self._position, fcntl.F_UNLCK, 1)
        self._descriptor = -1
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
