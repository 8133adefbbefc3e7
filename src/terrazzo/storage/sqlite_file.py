"""The connections of one process to one SQLite file.

All writing goes through one connection, since SQLite has one writer at a time; readers each borrow one. SQLite says
that no connection may be used, nor closed, in the child of a fork: those that nobody uses are closed before a fork, and
the others are left behind.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import quote as quote_url
from weakref import WeakSet

from terrazzo.errors import CorruptDataError, StoreAccessError, StoreError, StoreTimeoutError
from terrazzo.runtime.mutex import Mutex

__all__ = ["Database"]

R = TypeVar("R")

SCHEMA = "CREATE TABLE IF NOT EXISTS zarr (k TEXT PRIMARY KEY, v BLOB)"
"""As zarr-python 2 has it, so that its files can be read."""

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
DENIED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH)
NUMBERS = {sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_CANTOPEN: errno.EACCES}


class _Connection(sqlite3.Connection):
    """A connection that knows which file it is to: whoever deletes the file, and makes it again, makes another one."""

    place: tuple[int, int] | None = None


class Database:
    """A file with one table, ``zarr (k, v)``.

    Parameters
    ----------
    path
        Of the file, which is made when something is written.
    wal
        Whether changes go to a log beside the file first, so that readers and the writer do not wait for one another.
    timeout
        Seconds to wait for another writer.
    fsync
        Whether a write returns only when it would survive a loss of power.
    """

    def __init__(self, path: str, *, wal: bool, timeout: float, fsync: bool) -> None:
        self.path = path
        self.wal = wal
        self.timeout = timeout
        self.fsync = fsync
        self._mutex = Mutex()
        self._reset()
        _all.add(self)

    def _reset(self) -> None:
        self._writer: _Connection | None = None
        self._idle: list[_Connection] = []
        self._depth = 0
        """How many transactions of the caller are open, one in another."""

    @property
    def in_transaction(self) -> bool:
        """Whether the caller has a transaction open, through which everything goes meanwhile."""
        return self._depth > 0

    # -- connections

    def _connect(self, mode: str) -> _Connection:
        url = f"file:{quote_url(self.path)}?mode={mode}"
        connection = sqlite3.connect(
            url,
            uri=True,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=32,
            factory=_Connection,
        )
        try:
            if mode != "ro":
                self._set_up(connection)
            connection.execute(f"PRAGMA synchronous={'FULL' if self.fsync else 'NORMAL'}")
            connection.place = self._place()
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        wanted = "wal" if self.wal else "delete"
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                if connection.execute("PRAGMA journal_mode").fetchone() != (wanted,):
                    connection.execute(f"PRAGMA journal_mode={wanted}")
                connection.execute(SCHEMA)
            except sqlite3.OperationalError as error:  # several processes make the file at once
                if _code(error) not in BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    def exists(self) -> bool:
        """Whether there is a file."""
        return os.path.exists(self.path)

    def _place(self) -> tuple[int, int] | None:
        """Which file there is, if any."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Close all connections that nobody uses; what is open of a transaction is undone."""
        with self._mutex:
            connections = [*self._idle, *([] if self._writer is None else [self._writer])]
            self._reset()
            for connection in connections:
                connection.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def before_fork(self) -> None:
        """Close what the child must not have."""
        if not self._depth:
            self.close()

    def after_fork(self) -> None:
        """In the child: forget the connections of the parent, and keep them from being closed."""
        for connection in (*self._idle, self._writer):
            if connection is not None:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
        self._reset()

    # -- statements

    def read(self, query: Callable[[sqlite3.Connection], R]) -> R | None:
        """What a function of a connection says that only reads; None when there is no file.

        Raises
        ------
        StoreError
            SQLite failed; `StoreTimeoutError`, `StoreAccessError` or `CorruptDataError` where that is known.
        """
        if self._depth:
            return self.write(query)
        try:
            connection = self._borrow()
            if connection is None:
                return None
            try:
                return query(connection)
            finally:
                self.give_back(connection)
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _borrow(self) -> _Connection | None:
        place = self._place()
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if connection.place == place:
                    return connection
                connection.close()
        if place is None:
            return None
        connection = self._connect("ro")
        try:
            connection.execute("SELECT 1 FROM zarr LIMIT 1")
        except sqlite3.OperationalError as error:
            connection.close()
            if "no such table" in str(error):
                return None  # somebody makes the file just now
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection for the next reader."""
        if connection.in_transaction:
            connection.rollback()
        self._idle.append(connection)

    def snapshot(self) -> _Connection | None:
        """A connection that sees the file as it is now, until it is given back; None when there is no file."""
        try:
            connection = self._borrow()
            if connection is not None:
                connection.execute("BEGIN")
                connection.execute("SELECT 1 FROM zarr LIMIT 1").fetchall()
            return connection
        except sqlite3.Error as error:
            raise self._told(error) from error

    def write(self, change: Callable[[sqlite3.Connection], R]) -> R:
        """What a function of the writing connection says; a statement is a transaction.

        Raises
        ------
        StoreError
            As for reading.
        """
        with self._mutex:
            try:
                connection = self._writing()
                try:
                    return change(connection)
                finally:
                    if not self._depth and connection.in_transaction:  # it could not be committed
                        connection.rollback()
            except sqlite3.Error as error:
                raise self._told(error) from error

    def _writing(self) -> _Connection:
        if self._writer is None or self._writer.place != self._place():
            if self._writer is not None:
                self._writer.close()
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            self._writer = self._connect("rwc")
        return self._writer

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything that happens meanwhile one step; undone if the block raises."""
        with self._mutex:
            if not self._depth:
                self._begin()
            self._depth += 1
        try:
            yield
        except BaseException:
            self._end("ROLLBACK")
            raise
        self._end("COMMIT")

    def _begin(self) -> None:
        try:
            self._writing().execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _end(self, how: str) -> None:
        with self._mutex:
            if self._depth:  # unless it was closed, or the process was forked
                self._depth -= 1
                if not self._depth and self._writer is not None and self._writer.in_transaction:
                    self.write(lambda connection: connection.execute(how))

    def _told(self, error: sqlite3.Error) -> Exception:
        """The error as one of ours."""
        code = _code(error)
        text = f"{self.path}: {error}"
        if code in BUSY:
            return StoreTimeoutError(f"{text}, after {self.timeout} s", retryable=True, store=self.path)
        if code in DENIED or (not os.access(self.path, os.R_OK) and self.exists()):
            return StoreAccessError(text, errno=errno.EACCES, store=self.path)
        if code in BROKEN:
            return CorruptDataError(f"{text}; it is no SQLite file of Zarr values", store=self.path)
        if isinstance(error, sqlite3.DatabaseError):
            return StoreError(text, errno=NUMBERS.get(code), store=self.path)
        return ValueError(text)


def _code(error: sqlite3.Error) -> int:
    """The number of the error without what SQLite adds in the upper bits."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def rows(connection: sqlite3.Connection, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows that a query gives."""
    return connection.execute(query, values).fetchall()


_all: WeakSet[Database] = WeakSet()


def _close_all() -> None:
    for database in list(_all):
        with contextlib.suppress(Exception):
            database.close()


def _before_fork() -> None:
    for database in list(_all):
        database.before_fork()


def _after_fork() -> None:
    for database in list(_all):
        database.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
