"""A store in one zip archive."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Hashable
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from terrazzo.abc.byte_range import ByteRequest
from terrazzo.abc.store import split_prefix, validate_key, validate_prefix
from terrazzo.abc.value import StoreValue, Value
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import CorruptDataError, quote
from terrazzo.runtime import offload
from terrazzo.storage.inline import InlineStore, bytes_of
from terrazzo.storage.sorted_keys import keys_below, names_in
from terrazzo.storage.zip_archive import Archive, Contents
from terrazzo.storage.zip_file import FileOnDisk
from terrazzo.storage.zip_format import Entry, compress, directory_of, read_directory
from terrazzo.storage.zip_recover import find_entries

__all__ = ["ZipAccessMode", "ZipStore"]

ZipAccessMode = Literal["r", "r+", "w", "w-", "a", "x"]

MODES = {"r": "r", "r+": "r+", "w": "w", "w-": "x", "x": "x", "a": "a"}


class ZipStore(InlineStore):
    """Values as entries of one zip archive.

    A value is appended, and what it replaces is no longer in the table of contents: the last write wins, and the table
    names each key once. The table is written by ``close`` and ``flush``, at the latest when the store is collected or
    the interpreter exits; a file of which more than half is no longer used is copied then, to a new one that takes its
    place. Readers in this process, through any handle made of this one, see each value old or new, and never half.

    A process that is killed before it closes its store leaves an archive without a table; opening it is a
    ``CorruptDataError``, and `recover` gives back the state after the last whole write. An archive has one writer at a
    time; another one is refused with a ``ConcurrentWriteError``. A pickled store, such as in a pool of processes, opens
    the file again for reading.

    Parameters
    ----------
    path
        Of the file; or a binary file object that can seek, which is never closed, and which a kill may damage when
        it is copied in place.
    mode
        ``"r"`` reads a file that is there, ``"r+"`` also writes it, ``"a"`` makes it if need be, ``"w"`` starts anew,
        ``"x"`` and ``"w-"`` make it where there is none. The file is opened when it is first used.
    read_only
        Whether writing is refused; by default with the mode ``"r"``.
    compression
        How values are compressed that are written: a constant of ``zipfile``. Those that are not, which is the
        default, are read in parts without the rest.
    allowZip64
        Whether the archive may become larger than 4 GiB.

    Examples
    --------
    >>> import io, terrazzo
    >>> from terrazzo.storage import ZipStore
    >>> file = io.BytesIO()  # or a path
    >>> with ZipStore(file, mode="w") as store:
    ...     a = terrazzo.create_array(store, data=[1, 2, 3])
    >>> with ZipStore(file) as store:
    ...     terrazzo.open_array(store)[1:]
    array([2, 3])
    """

    inline = True
    reads_into = hasattr(os, "preadv")
    path: Path | BinaryIO
    compression: int
    allowZip64: bool  # noqa: N815 - zarr-python's name, and zipfile's

    def __init__(
        self,
        path: Path | str | BinaryIO,
        *,
        mode: ZipAccessMode = "r",
        read_only: bool | None = None,
        compression: int = 0,
        allowZip64: bool = True,  # noqa: N803 - zarr-python's name, and zipfile's
    ) -> None:
        super().__init__(read_only=mode == "r" if read_only is None else read_only)
        if mode not in MODES:
            raise ValueError(f"there is no mode {quote(mode)}; there are {', '.join(MODES)}")
        if not isinstance(path, (str, Path)) and not (hasattr(path, "seek") and hasattr(path, "read")):
            raise TypeError(f"path is a path or a binary file object, got {quote(path)} of type {type(path).__name__}")
        _check_compression(compression)
        self.path = Path(path) if isinstance(path, (str, Path)) else path
        self.compression = compression
        self.allowZip64 = allowZip64
        place = os.path.abspath(path) if isinstance(path, (str, Path)) else path
        self._archive = Archive(place, "r" if self.read_only else MODES[mode], compression, allowZip64)

    # -- life

    async def _open(self) -> None:
        await super()._open()
        try:
            await offload(self._archive.contents)
        except BaseException:
            self._is_open = False
            raise

    def close(self) -> None:
        """Write the table of contents, and let go of the file; the store opens again when it is used."""
        super().close()
        self._archive.close()

    def flush(self) -> None:
        """Write the table of contents: what was written can be read by others, and survives this process."""
        self._archive.flush()

    def with_read_only(self, read_only: bool = False) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _read_only=read_only)
        if not read_only and self._archive.mode == "r":
            other._archive = Archive(self._archive.place, "a", self.compression, self.allowZip64)
        return other

    async def move(self, path: Path | str) -> None:
        """Move the file, and go on from there.

        Raises
        ------
        TypeError
            The store is in a file object.
        """
        self._check_writable()
        if not isinstance(self.path, Path):
            raise TypeError(f"{self} is in a file object, which cannot be moved")
        await offload(self._archive.move, path)
        self.path = Path(path)
        self.__dict__.pop("_locks", None)

    @staticmethod
    def recover(path: Path | str) -> dict[str, str]:
        """Give a file its table of contents again, whose writer was stopped before it closed its store.

        Every entry that is whole is kept, under each name the last one; what is incomplete at the end is cut off. A
        file that has its table is left as it is, and so is one with anything else behind its entries.

        Returns
        -------
        dict of str to str
            What was lost: names, and why.

        Raises
        ------
        CorruptDataError
            It is no archive, or damaged in the middle.
        """
        file = FileOnDisk(os.fspath(path), os.O_RDWR)
        if not file.lock():
            raise ValueError(f"{os.fspath(path)!r} is being written now")
        try:
            read_directory(file)
        except ValueError:
            entries, end, lost, is_torn = find_entries(file)
            if not is_torn:
                raise CorruptDataError(
                    f"{os.fspath(path)!r}: no entry starts at byte {end} that could be read, and the "
                    f"{file.size() - end} bytes from there on are not what a writer leaves that was stopped. Nothing "
                    "was changed; if it is an archive, cut a copy of it off there, and recover that"
                ) from None
            file.truncate(end)
            file.write_at(end, [directory_of(entries, end, b"")])
            return lost
        else:
            return {}
        finally:
            file.unlock()

    @property
    def lock_identity(self) -> Hashable:
        place = self._archive.place
        return "zip", place if isinstance(place, str) else id(place)

    def __str__(self) -> str:
        return f"zip://{self.path.as_posix() if isinstance(self.path, Path) else self.path}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.lock_identity == other.lock_identity

    def __hash__(self) -> int:
        return hash(self.lock_identity)

    def __getstate__(self) -> dict[str, Any]:
        if not isinstance(self.path, Path):
            raise TypeError(f"{self} is in a file object, which no other process has; give it a path to pickle it")
        self._archive.flush()
        state = super().__getstate__()
        del state["_archive"]
        return {**state, "_read_only": True, "_is_open": False, "path": os.path.abspath(self.path)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, path=Path(state["path"]))
        self._archive = Archive(state["path"], "r", self.compression, self.allowZip64)

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        data = await offload(self._read, validate_key(key), byte_range)
        if data is None:
            return None
        return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(data)

    def _read(self, key: str, byte_range: ByteRequest | None) -> bytes | None:
        found = self._archive.find(key)
        return None if found is None else self._archive.read(*found, byte_range)

    async def get_into(self, key: str, out: memoryview) -> int | None:
        return await offload(self._read_into, validate_key(key), out)

    def _read_into(self, key: str, out: memoryview) -> int | None:
        found = self._archive.find(key)
        return None if found is None else self._archive.read_into(*found, out)

    def open_value(self, key: str) -> Value:
        if type(self).get is ZipStore.get:
            return _EntryValue(self, validate_key(key))
        return super().open_value(key)

    async def version(self, key: str) -> Hashable:
        found = await offload(self._archive.find, validate_key(key))
        return None if found is None else _version_of(*found)

    async def exists(self, key: str) -> bool:
        return await offload(self._archive.find, validate_key(key)) is not None

    async def getsize(self, key: str) -> int:
        found = await offload(self._archive.find, validate_key(key))
        if found is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return found[1].size

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await offload(self._archive.set, validate_key(key), bytes_of(value))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await offload(self._archive.set, validate_key(key), bytes_of(value), replace=False)

    async def delete(self, key: str) -> None:
        self._check_writable()
        await offload(self._archive.delete, [validate_key(key)])

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        folder = validate_prefix(prefix)
        if folder:
            await offload(self._delete_below, f"{folder}/")
        else:
            await offload(self._archive.clear)

    def _delete_below(self, prefix: str) -> None:
        self._archive.delete(list(keys_below(self._archive.keys(), prefix)))

    async def clear(self) -> None:
        self._check_writable()
        await offload(self._archive.clear)

    # -- listing

    async def list(self) -> AsyncIterator[str]:
        for key in await offload(self._archive.keys):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        split_prefix(prefix)
        for key in keys_below(await offload(self._archive.keys), prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = validate_prefix(prefix)
        for name in names_in(await offload(self._archive.keys), folder):
            yield name


def _version_of(contents: Contents, entry: Entry) -> Hashable:
    """Entries are appended, never changed, until the file is opened again, or copied, which is another generation."""
    return contents.generation, entry.position, entry.crc


class _EntryValue(StoreValue):
    """An entry, and the file that it is in: whoever replaces the value appends another entry."""

    __slots__ = ("_found",)
    is_pinned = True
    _found: tuple[Contents, Entry] | None

    def __init__(self, store: ZipStore, key: str) -> None:
        super().__init__(store, key)
        self._archive = store._archive

    async def __aenter__(self) -> Self:
        self._found = await offload(self._archive.find, self._key)
        if self._found is not None:
            self.size = self._found[1].size
        return self

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        if self._found is None:
            return None
        return prototype.buffer.from_bytes(await offload(self._archive.read, *self._found, byte_range))

    async def version(self) -> Hashable:
        return None if self._found is None else _version_of(*self._found)

    async def ask_size(self) -> int | None:
        return self.size


def _check_compression(compression: int) -> None:
    try:
        compress(b"", compression)
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise ValueError(f"there is no compression {quote(compression)}: {error}") from None
