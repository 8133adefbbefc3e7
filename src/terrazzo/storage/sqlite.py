"""A store in one SQLite file: many threads and processes write to it at once."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from terrazzo.abc.byte_range import ByteRequest, resolve
from terrazzo.abc.store import split_prefix, validate_key, validate_prefix
from terrazzo.abc.value import StoreValue, Value
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import CorruptDataError, quote
from terrazzo.runtime import offload
from terrazzo.runtime.locks import KeyedLock
from terrazzo.storage.inline import InlineStore, bytes_of
from terrazzo.storage.process_locks import locks_in
from terrazzo.storage.sqlite_file import Database, rows

if TYPE_CHECKING:
    from terrazzo.runtime.file_locks import FileLocks
    from terrazzo.storage.sqlite_file import _Connection

__all__ = ["SQLiteStore"]

PAGE = 1000
"""Keys that are fetched at once while listing."""

BELOW = "k >= ? AND k < ?"
BEHIND_ALL = b""
"""SQLite sorts bytes behind all text."""
LAST_CHARACTER = "\U0010ffff"


class SQLiteStore(InlineStore):
    """Values as rows of the table ``zarr (k, v)`` in one SQLite file.

    Each operation is a transaction, also deleting a folder: a reader, a crash and a kill see all of it or nothing.
    Threads and processes may read and write at once, and writers wait for one another. What is read, changed and
    written back, such as a part of a chunk, is locked for all processes of the machine by a file beside the store, so
    that nothing is lost. Two stores are equal, and share their locks, when they have the same path. On network file
    systems locks are not reliable, as SQLite says.

    Parameters
    ----------
    path
        Of the file; made when something is written.
    read_only
        Whether writing is refused.
    wal
        Whether changes go to a log beside the file first (``journal_mode=WAL``): readers do not wait for writers then.
        Without it the store is a single file also while it is written.
    timeout
        Seconds that a writer waits for others.
    fsync
        Whether a write returns only when it would survive a loss of power. The file itself survives one in any case.

    Examples
    --------
    >>> import tempfile, terrazzo
    >>> from terrazzo.storage import SQLiteStore
    >>> with tempfile.TemporaryDirectory() as folder, SQLiteStore(f"{folder}/data.sqlite") as store:
    ...     with store.transaction():
    ...         a = terrazzo.create_array(store, data=[1, 2, 3])
    ...     a[1:]
    array([2, 3])
    """

    inline = True
    deletes_folders_at_once = True
    crowded_set_ns = 20_000.0

    def __init__(
        self,
        path: Path | str,
        *,
        read_only: bool = False,
        wal: bool = True,
        timeout: float = 60.0,
        fsync: bool = False,
    ) -> None:
        super().__init__(read_only=read_only)
        if not isinstance(path, (str, Path)):
            raise TypeError(f"path is a path, got {quote(path)} of type {type(path).__name__}")
        self.path = Path(path)
        self._database = Database(os.path.abspath(path), wal=wal, timeout=timeout, fsync=fsync)
        self._is_open = True

    # -- life

    def close(self) -> None:
        """Close the file; it opens again when it is used."""
        super().close()
        self._database.close()

    def with_read_only(self, read_only: bool = False) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _read_only=read_only)
        return other

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """Make everything that this process does with the store meanwhile one step, on any thread.

        Other processes see all of it when the block ends, or nothing when it raises; they wait to write until then.
        Many small writes are faster in one transaction. A transaction within another one is a part of it.
        """
        self._check_writable()
        with self._locks_of_processes().all(), self._database.transaction():
            yield self

    @property
    def lock_identity(self) -> Hashable:
        return "sqlite", self._database.path

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Keep other writers of one value out, in this process and in all others of this machine."""
        inside = super().lock(key)
        return self._locks_of_processes()(key, inside) if isinstance(inside, KeyedLock) else inside

    def _locks_of_processes(self) -> FileLocks:
        return locks_in(f"{self._database.path}-locks")

    def __str__(self) -> str:
        return f"sqlite://{self.path.as_posix()}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._database.path == other._database.path

    def __hash__(self) -> int:
        return hash(self.lock_identity)

    def __getstate__(self) -> dict[str, Any]:
        database = self._database
        options = {"wal": database.wal, "timeout": database.timeout, "fsync": database.fsync}
        return {**super().__getstate__(), "_database": (database.path, options)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        path, options = state.pop("_database")
        self.__dict__.update(state, path=Path(path), _database=Database(path, **options))

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        data = await offload(self._database.read, _Get(validate_key(key), byte_range))
        if data is None:
            return None
        return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(data)

    def open_value(self, key: str) -> Value:
        if type(self).get is SQLiteStore.get and self._database.wal and not self._database.in_transaction:
            return _RowValue(self, validate_key(key))
        return super().open_value(key)

    async def exists(self, key: str) -> bool:
        return await self._size(key) is not None

    async def getsize(self, key: str) -> int:
        size = await self._size(key)
        if size is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return size

    async def _size(self, key: str) -> int | None:
        found = await self._select("SELECT length(v) FROM zarr WHERE k = ?", validate_key(key))
        return found[0][0] if found else None

    async def getsize_prefix(self, prefix: str) -> int:
        folder = validate_prefix(prefix)
        found = await self._select(f"SELECT total(length(v)) FROM zarr WHERE {BELOW}", *_below(folder))  # noqa: S608
        return int(found[0][0]) if found else 0

    async def _select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return await offload(self._database.read, lambda connection: rows(connection, query, values)) or []

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._change("INSERT OR REPLACE INTO zarr (k, v) VALUES (?, ?)", validate_key(key), bytes_of(value))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await self._change("INSERT OR IGNORE INTO zarr (k, v) VALUES (?, ?)", validate_key(key), bytes_of(value))

    async def delete(self, key: str) -> None:
        self._check_writable()
        key = validate_key(key)
        if self._database.exists():
            await self._change("DELETE FROM zarr WHERE k = ?", key)

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        folder = validate_prefix(prefix)
        if self._database.exists():
            await self._change(f"DELETE FROM zarr WHERE {BELOW}", *_below(folder))  # noqa: S608 - a constant

    async def rename_dir(self, source: str, target: str) -> bool:
        self._check_writable()
        old, new = validate_key(source), validate_key(target)
        if f"{new}/".startswith(f"{old}/"):
            return False
        return await offload(self._database.write, lambda connection: _rename(connection, old, new))

    async def clear(self) -> None:
        await self.delete_dir("")

    async def _change(self, statement: str, *values: Any) -> None:
        await offload(self._database.write, lambda connection: connection.execute(statement, values).close())

    # -- listing

    async def list(self) -> AsyncIterator[str]:
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        split_prefix(prefix)
        if not prefix.isprintable() and prefix.encode(errors="replace").decode() != prefix:
            return  # it is not Unicode text, and no key is not
        start, end = prefix, _after(prefix)
        keys = await self._keys(start, end)
        while keys:
            for key in keys:
                yield key
            keys = await self._keys(f"{keys[-1]}\x01", end) if len(keys) == PAGE else ()

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = validate_prefix(prefix)
        head = f"{folder}/" if folder else ""
        start, end = _below(folder)
        seen = set()
        while True:
            keys = await self._keys(start, end)
            for key in keys:
                if key < start:
                    continue
                name, slash, _ = key[len(head) :].partition("/")
                if name not in seen:
                    seen.add(name)
                    yield name
                start = f"{head}{name}0" if slash else f"{key}\x01"  # the character behind the slash: skip the folder
            if len(keys) < PAGE:
                return

    async def _keys(self, start: str, end: str | bytes) -> tuple[str, ...]:
        query = f"SELECT k FROM zarr WHERE {BELOW} ORDER BY k LIMIT {PAGE}"  # noqa: S608 - constants
        return tuple(str(key) for (key,) in await self._select(query, start, end))


class _Get:
    """Reads one value, or only the part of it that is asked for."""

    __slots__ = ("_byte_range", "_key")

    def __init__(self, key: str, byte_range: ByteRequest | None) -> None:
        self._key = key
        self._byte_range = byte_range

    def __call__(self, connection: sqlite3.Connection) -> bytes | None:
        if self._byte_range is None:
            found = rows(connection, "SELECT v FROM zarr WHERE k = ?", (self._key,))
            return self._checked(found[0][0]) if found else None
        resolve(self._byte_range, 0)  # says what is wrong, also where there is no value
        is_outer = not connection.in_transaction
        if is_outer:
            connection.execute("BEGIN")  # or the row could be replaced between its number and its bytes
        try:
            found = rows(connection, "SELECT rowid, length(v), typeof(v) FROM zarr WHERE k = ?", (self._key,))
            if not found:
                return None
            number, size, kind = found[0]
            if kind != "blob":
                self._checked(None)
            start, end = resolve(self._byte_range, size)
            if start == end:
                return b""
            with connection.blobopen("zarr", "v", number, readonly=True) as blob:
                blob.seek(start)
                return blob.read(end - start)
        finally:
            if is_outer:
                connection.execute("COMMIT")

    def _checked(self, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise CorruptDataError(f"the row of {self._key!r} holds {quote(value)}, which is no blob", key=self._key)
        return value


class _RowValue(StoreValue):
    """A value in the file as it was when the block was entered."""

    __slots__ = ("_connection", "_database", "_store")
    is_pinned = True
    _connection: _Connection | None

    def __init__(self, store: SQLiteStore, key: str) -> None:
        super().__init__(store, key)
        self._database = store._database
        self._connection = None

    async def __aenter__(self) -> Self:
        self._connection = await offload(self._database.snapshot)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._connection is not None:
            await offload(self._database.give_back, self._connection)
            self._connection = None

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        if self._connection is None:
            return None
        data = await offload(_Get(self._key, byte_range), self._connection)
        return None if data is None else prototype.buffer.from_bytes(data)

    async def ask_size(self) -> int | None:
        if self.size is None and self._connection is not None:
            query = "SELECT length(v) FROM zarr WHERE k = ?"
            found = await offload(rows, self._connection, query, (self._key,))
            self.size = found[0][0] if found else None
        return self.size


def _rename(connection: sqlite3.Connection, old: str, new: str) -> bool:
    is_outer = not connection.in_transaction
    if is_outer:
        connection.execute("BEGIN IMMEDIATE")
    is_free = not rows(connection, f"SELECT 1 FROM zarr WHERE {BELOW} OR k = ? LIMIT 1", (*_below(new), new))  # noqa: S608
    if is_free:
        change = f"UPDATE zarr SET k = ? || substr(k, ?) WHERE {BELOW}"  # noqa: S608 - a constant
        connection.execute(change, (new, len(old) + 1, *_below(old)))
    if is_outer:
        connection.execute("COMMIT")
    return is_free


def _below(folder: str) -> tuple[str, str | bytes]:
    """Between which two texts everything in a folder sorts; the first is in, the second is not."""
    return (f"{folder}/", f"{folder}0") if folder else ("", BEHIND_ALL)


def _after(prefix: str) -> str | bytes:
    """What sorts behind everything that starts so: the last character that has a successor is replaced by it."""
    kept = prefix.rstrip(LAST_CHARACTER)
    if not kept:
        return BEHIND_ALL
    successor = chr(ord(kept[-1]) + 1)
    return kept[:-1] + ("\ue000" if successor == "\ud800" else successor)
