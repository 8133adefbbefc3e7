"""Files as values: read whole or in part, replaced atomically, staged under names that are no keys.

A value is written to a staging file beside its place and renamed. The writer holds a lock (``flock``) on its staging
file, which the operating system frees when the writer dies: a staging file that nobody has locked has no owner.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import stat
import time
from collections.abc import Callable, Hashable, Iterator

from terrazzo.abc.byte_range import ByteRequest, resolve
from terrazzo.abc.key import STAGING
from terrazzo.abc.store import DOCUMENTS
from terrazzo.abc.value import PassingVersion
from terrazzo.types import BytesLike

try:
    import fcntl
except ImportError:  # Windows, which does not delete open files anyway
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "OpenFile",
    "clear_folder",
    "is_staging",
    "open_file",
    "read_file",
    "read_file_into",
    "remove_tree",
    "scan",
    "sweep_folder",
    "version_of",
    "write_file",
    "write_new_file",
]

ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""What the operating system says about a file that is not there."""

ATTEMPTS = 20
"""How often a write starts again when its folder or its staging file vanishes under it."""

AT_ONCE = 1 << 30
"""Bytes that one system call reads or writes at most; Linux stops at 2 GiB."""

OURS = re.compile(r"\.[0-9a-f]{32}\.partial")
"""Names of our own staging files, and of folders being deleted."""

CANNOT_MOVE = (errno.EBUSY, errno.EXDEV, errno.EINVAL, errno.ENOTSUP)
"""What the operating system says of folders that cannot be renamed: mount points, and layers of containers."""

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
SETTLED_NS = 2_500_000_000
"""Nanoseconds after which another file has another time: some file systems count in steps of two seconds, and give a
new file the number of one just deleted."""

NO_WAIT = getattr(os, "O_NONBLOCK", 0)
WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_counter = itertools.count()
_origin = os.urandom(8).hex()


def is_staging(name: str) -> bool:
    """Whether a file name is that of a value being written, and therefore no key."""
    return name.endswith(".partial") and STAGING.fullmatch(name) is not None


def _staging_name() -> str:
    return f".{os.getpid() & 0xFFFFFFFF:08x}{next(_counter) & 0xFFFFFFFF:08x}{_origin}.partial"


def _open_file(path: str) -> int | None:
    """Open a file for reading; None when there is none. Never waits, as opening a pipe for reading would."""
    try:
        return os.open(path, READ_FLAGS | NO_WAIT)
    except ABSENT:
        return None
    except BlockingIOError:  # another machine holds a lease on the file, and gives it back to whoever waits
        return os.open(path, READ_FLAGS)


def _size_of_open(descriptor: int) -> int | None:
    """Bytes of an open file; None for a folder, a pipe or a device, which are no values."""
    status = os.fstat(descriptor)
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def read_file(path: str, byte_range: ByteRequest | None = None) -> bytes | None:
    """Read a file or a part of it; None when there is none."""
    descriptor = _open_file(path)
    if descriptor is None:
        return None
    try:
        size = _size_of_open(descriptor)
        if size is None:
            return None
        start, end = (0, size) if byte_range is None else resolve(byte_range, size)
        if start:
            os.lseek(descriptor, start, os.SEEK_SET)
        data = os.read(descriptor, min(end - start, AT_ONCE))
        if len(data) == end - start:
            return data
        return _read_rest(descriptor, data, end - start)
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(descriptor)


class OpenFile:
    """A file that is read in parts.

    Attributes
    ----------
    size
        In bytes.
    """

    __slots__ = ("_descriptor", "_path", "_status", "size")

    def __init__(self, path: str, descriptor: int, status: os.stat_result) -> None:
        self._path = path
        self._descriptor = descriptor
        self._status = status
        self.size = status.st_size

    @property
    def version(self) -> Hashable:
        """What no other file has that was or will be in its place; for a while after it was written, a passing one."""
        return _version_of(self._status)

    def read(self, byte_range: ByteRequest | None) -> bytes:
        """Read a part."""
        start, end = (0, self.size) if byte_range is None else resolve(byte_range, self.size)
        try:
            data = os.pread(self._descriptor, min(end - start, AT_ONCE), start)
            if len(data) < end - start:
                os.lseek(self._descriptor, start + len(data), os.SEEK_SET)
                data = _read_rest(self._descriptor, data, end - start)
        except OSError as error:
            raise _with_path(error, self._path) from None
        return data

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def open_file(path: str) -> OpenFile | None:
    """Open a file to read it in parts; None when there is none."""
    descriptor = _open_file(path)
    if descriptor is None:
        return None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return None
    return OpenFile(path, descriptor, status)


def version_of(path: str) -> Hashable:
    """What no other file has that was or will be in this place, as `OpenFile.version`; None when there is none."""
    try:
        return _version_of(os.stat(path))
    except ABSENT:
        return None


def _version_of(status: os.stat_result) -> Hashable:
    version = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    return PassingVersion(version) if time.time_ns() - status.st_mtime_ns < SETTLED_NS else version


def _read_rest(descriptor: int, data: bytes, wanted: int) -> bytes:
    parts = [data]
    missing = wanted - len(data)
    while missing and parts[-1]:
        parts.append(os.read(descriptor, min(missing, AT_ONCE)))
        missing -= len(parts[-1])
    return b"".join(parts)


def read_file_into(path: str, out: memoryview) -> int | None:
    """Read a whole file into memory; its size, or None when there is none. Of one of another size nothing is read."""
    descriptor = _open_file(path)
    if descriptor is None:
        return None
    try:
        done = 0
        if 0 < len(out) <= AT_ONCE:
            # A byte more is asked for: a file that gives exactly as many as there is room for ends there.
            try:  # noqa: SIM105 - that takes half a microsecond of five
                done = os.readv(descriptor, [out, bytearray(1)])
            except OSError:
                pass  # it is no file, or will say so again
            if done == len(out):
                return done
        size = _size_of_open(descriptor)
        if size == len(out):
            while done < size:
                count = os.readv(descriptor, [out[done : done + AT_ONCE]])
                if not count:
                    return done  # it became shorter after its size was asked for
                done += count
        return size
    except OSError as error:
        raise _with_path(error, path) from None
    finally:
        os.close(descriptor)


def write_file(path: str, data: BytesLike, *, fsync: bool) -> None:
    """Replace a file, or make it, as one step."""
    _stage(path, data, fsync, os.replace)


def write_new_file(path: str, data: BytesLike, *, fsync: bool) -> bool:
    """Make a file as one step; False when there is one.

    Raises
    ------
    NotImplementedError
        The file system has no hard links, which is how one step is made of it.
    """
    try:
        _stage(path, data, fsync, _link)
    except FileExistsError:
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path) from None
        return False
    except OSError as error:
        if error.errno in NO_LINKS:
            raise NotImplementedError("the file system has no hard links") from error
        raise
    return True


def _link(staging: str, path: str) -> None:
    os.link(staging, path)
    os.unlink(staging)


def _stage(path: str, data: BytesLike, fsync: bool, publish: Callable[[str, str], None]) -> None:
    """Write a staging file and give it its name; whatever goes wrong, no staging file is left."""
    folder = os.path.dirname(path)
    for attempt in range(ATTEMPTS):
        staging = f"{folder}/{_staging_name()}"
        try:
            _write_staging(staging, data, fsync)
            publish(staging, path)
        except FileNotFoundError:
            # The folder is not there yet, or was deleted; or a sweep took the staging file before it was locked.
            if attempt == ATTEMPTS - 1:
                raise
            make_folders(folder, fsync=fsync)
            continue
        except FileExistsError as error:
            if error.filename2 is None:
                continue  # somebody else's staging file: the child of a fork counts where its parent does
            with contextlib.suppress(OSError):
                os.unlink(staging)
            raise
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(staging)
            if isinstance(error, OSError):
                raise _with_path(error, path) from None
            raise
        if fsync:
            _sync_folder(folder)
        return


def _write_staging(staging: str, data: BytesLike, fsync: bool) -> None:
    descriptor = os.open(staging, WRITE_FLAGS, 0o666)
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks: only the age of the file protects it
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        view = memoryview(data)
        done = os.write(descriptor, view[:AT_ONCE])
        while done < len(view):
            done += os.write(descriptor, view[done : done + AT_ONCE])
        if fsync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: str, *, fsync: bool) -> None:
    """Make a folder and those above it; each is synced in the one that holds it, if asked for."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
        if fsync:
            _sync_folder(os.path.dirname(path))


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def scan(folder: str) -> tuple[list[str], list[str]]:
    """Names of the files and of the folders in a folder, sorted, without what is being written or deleted.

    A link to a folder counts as neither: following it could lead out of the store, or in a circle.
    """
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_staging(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    return sorted(files), sorted(folders)


def remove_tree(path: str) -> None:
    """Delete a folder with all that is in it, as one step for every reader: it is renamed first.

    A link is deleted, never what it leads to.
    """
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
        return
    aside = f"{os.path.dirname(path)}/{_staging_name()}"
    try:
        os.rename(path, aside)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno not in CANNOT_MOVE:
            raise
        _remove_documents(path)
        aside = path
    _remove_all(aside)


def clear_folder(folder: str) -> None:
    """Delete everything in a folder, but not the folder itself, which may be a link, or a mount point."""
    names, folders = scan(folder)
    for name in [*sorted(names, key=lambda name: name not in DOCUMENTS), *folders]:
        remove_tree(f"{folder}/{name}")


def _remove_documents(folder: str) -> None:
    """Delete the documents in a folder that cannot be deleted in one step."""
    for parent, _, names in os.walk(folder):
        for name in DOCUMENTS.intersection(names):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{parent}/{name}")


def _remove_all(folder: str) -> None:
    """Delete a folder; what somebody else deletes meanwhile does not matter."""
    import shutil  # loaded on use: `import terrazzo` is to be quick

    for _ in range(ATTEMPTS):
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            if os.path.lexists(folder):
                continue
        return


def sweep_folder(root: str, max_age: float) -> Iterator[str]:
    """Delete staging files without an owner below a folder; yields the path of each."""
    for folder, folders, files in os.walk(root):
        for name in [name for name in folders if OURS.fullmatch(name)]:
            folders.remove(name)
            path = os.path.join(folder, name)
            if _age(path) >= max_age:
                _remove_all(path)
                yield path
        for name in files:
            path = os.path.join(folder, name)
            if OURS.fullmatch(name) and _age(path) >= max_age and _unlink_unowned(path):
                yield path


def _age(path: str) -> float:
    """Seconds since the file was written; less than any when it is gone."""
    try:
        return time.time() - os.lstat(path).st_mtime
    except OSError:
        return float("-inf")


def _unlink_unowned(path: str) -> bool:
    try:
        descriptor = os.open(path, READ_FLAGS | NO_WAIT)
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except OSError:  # locked: its writer lives
        return False
    finally:
        os.close(descriptor)
    return True


def _with_path(error: OSError, path: str) -> OSError:
    """Name the file in errors of calls that were given only a descriptor, or a staging file."""
    if error.filename is None or is_staging(os.path.basename(str(error.filename))):
        return OSError(error.errno, error.strerror, path)
    return error
