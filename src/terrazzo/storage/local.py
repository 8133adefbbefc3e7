"""A store in a folder of the local file system: one file a key."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import AsyncIterator, Hashable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Self

from terrazzo.abc.byte_range import ByteRequest
from terrazzo.abc.store import split_prefix, validate_key, validate_prefix
from terrazzo.abc.value import StoreValue, Value
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import quote
from terrazzo.runtime import offload
from terrazzo.runtime.locks import KeyedLock
from terrazzo.storage import files
from terrazzo.storage.inline import InlineStore, bytes_of
from terrazzo.storage.process_locks import locks_in
from terrazzo.types import AccessModeLiteral

__all__ = ["LocalStore"]

LOCKS = f".locks.{0:032x}.partial"
"""The file whose ranges are locks; by its name it is no value, for zarr-python neither."""


class LocalStore(InlineStore):
    """Values as files below a folder.

    A value is written to a staging file and renamed, so a reader sees the old value or the new one, and a writer that
    dies leaves the old one. Deleting a folder renames it first, so that it is gone in one step too. Two stores are
    equal, and share their locks, when they have the same root.

    Parameters
    ----------
    root
        The folder; made when something is written.
    read_only
        Whether writing is refused.
    fsync
        Whether a write returns only when it would survive a loss of power: file and folder are synced.
    locks
        Whether locks keep out other processes of this machine too, by a file in the folder: nothing is lost when
        several of them write parts of one chunk, as long as all of them ask for it.

    Specification: Zarr v3 "File system store".
    """

    root: Path
    inline = True
    reads_into = hasattr(os, "readv")
    crowded_set_ns = 20_000.0  # measured: half a dozen system calls, each of which hands over the interpreter lock
    set_ns_per_byte = 0.25  # measured: 64 MiB in files of 1 MiB take two thirds of the time on two threads
    deletes_folders_at_once = True

    def __init__(self, root: Path | str, *, read_only: bool = False, fsync: bool = False, locks: bool = False) -> None:
        super().__init__(read_only=read_only)
        if not isinstance(root, (str, Path)):
            raise TypeError(f"root is a path, got {quote(root)} of type {type(root).__name__}")
        self.root = Path(root)
        self.fsync = fsync
        self.locks = locks
        self._root = os.path.abspath(root)
        self._is_open = True

    @classmethod
    async def open(
        cls,
        root: Path | str,
        *,
        read_only: bool = False,
        mode: AccessModeLiteral | None = None,
        fsync: bool = False,
        locks: bool = False,
    ) -> Self:
        """Make a store.

        Parameters
        ----------
        mode
            With ``"r"`` and ``"r+"`` the folder must exist.
        """
        store = cls(root, read_only=read_only or mode == "r", fsync=fsync, locks=locks)
        if mode in ("r", "r+"):
            store.require_root()
        return store

    def require_root(self) -> None:
        """Raise ``FileNotFoundError`` unless the folder exists."""
        if not os.path.isdir(self._root):
            reason = "is a file, not a folder" if os.path.exists(self._root) else "does not exist"
            raise FileNotFoundError(f"{str(self.root)!r} {reason}")

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.root, read_only=read_only, fsync=self.fsync, locks=self.locks)

    @property
    def lock_identity(self) -> Hashable:
        return "local", self._root

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        inside = super().lock(key)
        if self.locks and isinstance(inside, KeyedLock):
            return locks_in(f"{self._root}/{LOCKS}")(key, inside)
        return inside

    def __str__(self) -> str:
        return f"file://{self.root.as_posix()}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._root == other._root

    def __hash__(self) -> int:
        return hash(self._root)

    def _path(self, key: str) -> str:
        return f"{self._root}/{validate_key(key)}"

    def _folder(self, prefix: str) -> str:
        folder = validate_prefix(prefix)
        return f"{self._root}/{folder}" if folder else self._root

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        data = await offload(files.read_file, self._path(key), byte_range)
        if data is None:
            return None
        return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(data)

    async def get_into(self, key: str, out: memoryview) -> int | None:
        return await offload(files.read_file_into, self._path(key), out)

    def open_value(self, key: str) -> Value:
        if type(self).get is LocalStore.get and hasattr(os, "pread"):
            return _FileValue(self, key, self._path(key))
        return super().open_value(key)

    async def version(self, key: str) -> Hashable:
        return await offload(files.version_of, self._path(key))

    async def exists(self, key: str) -> bool:
        return await offload(_size_of, self._path(key)) is not None

    async def getsize(self, key: str) -> int:
        size = await offload(_size_of, self._path(key))
        if size is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return size

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        path = self._path(key)
        await offload(files.write_file, path, bytes_of(value), fsync=self.fsync)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        path, data = self._path(key), bytes_of(value)
        try:
            await offload(files.write_new_file, path, data, fsync=self.fsync)
        except NotImplementedError:
            async with self.lock(key):
                if not await self.exists(key):
                    await self.set(key, value)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await offload(_delete_file, self._path(key))

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        folder = self._folder(prefix)
        if folder == self._root:
            await self.clear()
        else:
            await offload(files.remove_tree, folder)

    async def rename_dir(self, source: str, target: str) -> bool:
        self._check_writable()
        return await offload(_rename_folder, self._path(source), self._path(target))

    async def clear(self) -> None:
        self._check_writable()
        await offload(files.clear_folder, self._root)

    async def move(self, dest_root: Path | str) -> None:
        """Rename the folder, and go on from there.

        Raises
        ------
        FileExistsError
            There is something at the new place.
        """
        self._check_writable()
        self._root = await offload(_move_folder, self._root, dest_root)
        self.root = Path(dest_root)
        self.__dict__.pop("_locks", None)

    def sweep(self, max_age: float = 0.0) -> list[str]:
        """Remove what writers left behind that were killed.

        Safe beside writers that live: theirs is locked.

        Parameters
        ----------
        max_age
            Seconds; younger staging files stay. Give some minutes where the file system has no locks.

        Returns
        -------
        list of str
            Paths of what was removed, below the root.
        """
        self._check_writable()
        return [os.path.relpath(path, self._root) for path in files.sweep_folder(self._root, max_age)]

    # -- listing

    async def list(self) -> AsyncIterator[str]:
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        waiting = [split_prefix(prefix)]
        while waiting:
            folder, start = waiting.pop()
            names, folders = await offload(files.scan, self._folder(folder))
            head = f"{folder}/" if folder else ""
            for name in names:
                if name.startswith(start):
                    yield head + name
            waiting.extend((head + name, "") for name in reversed(folders) if name.startswith(start))

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        names, folders = await offload(files.scan, self._folder(prefix))
        for name in [*names, *folders]:
            yield name


class _FileValue(StoreValue):
    """An open file: whoever replaces it makes another one."""

    __slots__ = ("_file", "_path")
    is_pinned = True
    _file: files.OpenFile | None

    def __init__(self, store: LocalStore, key: str, path: str) -> None:
        super().__init__(store, key)
        self._path = path

    async def __aenter__(self) -> Self:
        self._file = await offload(files.open_file, self._path)
        if self._file is not None:
            self.size = self._file.size
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._file is not None:
            self._file.close()

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        if self._file is None:
            return None
        return prototype.buffer.from_bytes(await offload(self._file.read, byte_range))

    async def version(self) -> Hashable:
        return None if self._file is None else self._file.version

    async def ask_size(self) -> int | None:
        return self.size


def _size_of(path: str) -> int | None:
    """Bytes of a file, or None when there is none."""
    try:
        status = os.stat(path)
    except files.ABSENT:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _delete_file(path: str) -> None:
    try:
        os.unlink(path)
    except files.ABSENT:
        pass
    except PermissionError:
        if not os.path.isdir(path):  # what some systems say about unlinking a folder
            raise


def _move_folder(folder: str, dest_root: Path | str) -> str:
    destination = os.path.abspath(dest_root)
    if os.path.lexists(destination):
        raise FileExistsError(f"{dest_root} exists already")
    os.makedirs(os.path.dirname(destination), exist_ok=True)
    os.rename(folder, destination)
    return destination


def _rename_folder(source: str, target: str) -> bool:
    """Rename a folder to where at most empty folders are."""
    if not os.path.isdir(source) or os.path.islink(source) or f"{target}/".startswith(f"{source}/"):
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    for folder, _, names in os.walk(target, topdown=False):
        if names:
            return False
        with contextlib.suppress(OSError):  # somebody writes there meanwhile
            os.rmdir(folder)
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EXDEV, errno.ENOTDIR):
            return False
        raise
    return True
