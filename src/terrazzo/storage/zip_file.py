"""Files that are read and written at positions, by many threads at once: a path, or an object of somebody else."""

from __future__ import annotations

import contextlib
import errno
import io
import os
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

from terrazzo.runtime.mutex import Mutex
from terrazzo.types import BytesLike

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["FileObject", "FileOnDisk", "PositionedFile", "View"]

AT_ONCE = 1 << 30
"""Bytes that one system call reads or writes at most; Linux stops at 2 GiB."""


class PositionedFile(Protocol):
    """Bytes that are read and written at positions."""

    @property
    def writable(self) -> bool: ...
    def size(self) -> int: ...
    def identity(self) -> tuple[int, ...]: ...
    def read_at(self, position: int, size: int) -> bytes: ...
    def read_into(self, position: int, out: memoryview) -> int: ...
    def write_at(self, position: int, parts: Sequence[BytesLike]) -> None: ...
    def truncate(self, size: int) -> None: ...
    def unlock(self) -> None: ...


class FileOnDisk:
    """A file that is closed when nobody uses it any more: who reads it meanwhile reads it to the end.

    Parameters
    ----------
    flags
        As of ``os.open``.
    """

    __slots__ = ("_descriptor", "_path", "writable")

    def __init__(self, path: str, flags: int) -> None:
        self._path = path
        self.writable = bool(flags & os.O_RDWR)
        self._descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o666)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):  # it could not be opened
            os.close(self._descriptor)

    def lock(self) -> bool:
        """Keep other writers out, in this process and in others; False when there is one."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True

    def unlock(self) -> None:
        """Let other writers in, although the child of a fork may have the file open."""
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def is_in_place(self) -> bool:
        """Whether its path still leads to it, and not to a file that has taken its place."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return False
        opened = os.fstat(self._descriptor)
        return (status.st_dev, status.st_ino) == (opened.st_dev, opened.st_ino)

    def size(self) -> int:
        """In bytes."""
        return os.fstat(self._descriptor).st_size

    def identity(self) -> tuple[int, ...]:
        """What another file, or this one after somebody wrote to it, does not have."""
        status = os.fstat(self._descriptor)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def read_at(self, position: int, size: int) -> bytes:
        """Read from a position; less than asked for at the end of the file only."""
        try:
            data = os.pread(self._descriptor, min(size, AT_ONCE), position)
            if len(data) == size or not data:
                return data
            parts = [data]
            done = len(data)
            while done < size and parts[-1]:
                parts.append(os.pread(self._descriptor, min(size - done, AT_ONCE), position + done))
                done += len(parts[-1])
            return b"".join(parts)
        except OSError as error:
            raise self._named(error) from None

    def read_into(self, position: int, out: memoryview) -> int:
        """Fill memory from a position; how much there was."""
        done = 0
        try:
            while done < len(out):
                count = os.preadv(self._descriptor, [out[done : done + AT_ONCE]], position + done)
                if not count:
                    break
                done += count
        except OSError as error:
            raise self._named(error) from None
        return done

    def write_at(self, position: int, parts: Sequence[BytesLike]) -> None:
        """Write one after the other from a position on."""
        try:
            for part in parts:
                view = memoryview(part).cast("B")
                done = 0
                while done < len(view):
                    done += os.pwrite(self._descriptor, view[done : done + AT_ONCE], position + done)
                position += done
        except OSError as error:
            raise self._named(error) from None

    def truncate(self, size: int) -> None:
        """Cut the file off."""
        os.ftruncate(self._descriptor, size)

    def _named(self, error: OSError) -> OSError:
        return OSError(error.errno, error.strerror, self._path)


class FileObject:
    """A binary file object that can seek; one thread at a time has its position."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._mutex = Mutex()
        self.writable = not hasattr(file, "writable") or file.writable()

    def unlock(self) -> None:
        """Nobody else is known to have the object."""
        with contextlib.suppress(AttributeError):
            self._file.flush()

    def identity(self) -> tuple[int, ...]:
        """The object, and its size."""
        return id(self._file), self.size()

    def size(self) -> int:
        """In bytes."""
        with self._mutex:
            return self._file.seek(0, os.SEEK_END)

    def read_at(self, position: int, size: int) -> bytes:
        """Read from a position; less than asked for at the end of the file only."""
        parts = []
        with self._mutex:
            self._file.seek(position)
            while size:
                parts.append(self._file.read(size))
                if not parts[-1]:
                    break
                size -= len(parts[-1])
        return b"".join(parts)

    def read_into(self, position: int, out: memoryview) -> int:
        """Fill memory from a position; how much there was."""
        data = self.read_at(position, len(out))
        out[: len(data)] = data
        return len(data)

    def write_at(self, position: int, parts: Sequence[BytesLike]) -> None:
        """Write one after the other from a position on."""
        with self._mutex:
            self._file.seek(position)
            for part in parts:
                view = memoryview(part).cast("B")
                while len(view):
                    written = self._file.write(view)
                    if written is None:
                        raise BlockingIOError(errno.EAGAIN, "the file object does not wait", str(self._file))
                    view = view[written:]

    def truncate(self, size: int) -> None:
        """Cut the file off."""
        with self._mutex:
            self._file.truncate(size)


class View(io.RawIOBase):
    """A file with a position of its own, for readers that want one."""

    def __init__(self, file: PositionedFile) -> None:
        self._inside = file
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: 0}[whence]
        position = offset + (self._inside.size() if whence == os.SEEK_END else start)
        if position < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        """Fill memory."""
        view = memoryview(buffer).cast("B")
        count = self._inside.read_into(self._position, view)
        self._position += count
        return count
