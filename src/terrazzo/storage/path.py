"""A place in a store, and the many ways to name a store."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Self, TypeAlias

from terrazzo.abc.store import ByteRequest, Store, validate_key
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import InvalidKeyError, MetadataValidationError, quote
from terrazzo.runtime import operation, run_inline
from terrazzo.storage.foreign import adopt_store, is_place, is_store
from terrazzo.storage.local import LocalStore
from terrazzo.storage.memory import MemoryStore
from terrazzo.types import JSON, AccessModeLiteral

__all__ = ["StoreLike", "StorePath", "make_store", "make_store_path", "normalize_path"]


ONE_FILE = (".zip", ".sqlite", ".sqlite3")
"""How the names of files end that hold a whole store."""

MODES = ("r", "r+", "a", "w", "w-")


def normalize_path(path: str | Path | None) -> str:
    """Bring the path of a node to its one form: segments joined by single slashes.

    Raises
    ------
    InvalidKeyError
        A segment is ``.`` or ``..``, or holds a control character.
    """
    if path is None:
        return ""
    if not isinstance(path, (str, Path)):
        raise TypeError(f"a path is text, got {quote(path)} of type {type(path).__name__}")
    text = str(path)
    segments = [segment for segment in text.replace("\\", "/").split("/") if segment]
    if not segments:
        return ""
    try:
        return validate_key("/".join(segments))
    except InvalidKeyError:
        raise InvalidKeyError(
            f"{quote(text)} is not the path of a node: a segment is '.' or '..' or holds a control character"
        ) from None


class StorePath:
    """A store and a path in it: a node, or a single key.

    Parameters
    ----------
    store
        The store.
    path
        Segments joined by slashes; empty for the root.
    """

    __slots__ = ("path", "store")

    def __init__(self, store: Store, path: str = "") -> None:
        self.store = adopt_store(store)
        self.path = normalize_path(path)

    @classmethod
    def _of(cls, store: Store, path: str) -> Self:
        """Make one of a path that is normalized."""
        self = object.__new__(cls)
        self.store = store
        self.path = path
        return self

    @classmethod
    async def open(cls, store: Store, path: str, mode: AccessModeLiteral | None = None) -> Self:
        """Make one for an access mode, as ``make_store_path``; with ``w-`` nothing may be there.

        Raises
        ------
        FileExistsError
            The mode is ``w-`` and there is something.
        """
        place = cls(_store_for_mode(store, mode), path)
        if mode == "w" and not place.read_only:
            await place.delete_dir()
        if mode == "w-" and not await place.is_empty():
            raise FileExistsError(f"{place} is not empty")
        return place

    @property
    def inline(self) -> bool:
        """Whether the store never waits."""
        return self.store.inline

    @property
    def read_only(self) -> bool:
        """Whether writing is refused."""
        return self.store.read_only

    @property
    def prefix(self) -> str:
        """What the keys of everything below start with: the path and a slash, or nothing at the root."""
        return f"{self.path}/" if self.path else ""

    def __truediv__(self, other: str) -> Self:
        """The place of a child, by a path relative to this one."""
        below = normalize_path(other)
        return self._of(self.store, self.prefix + below if below else self.path)

    def __str__(self) -> str:
        return f"{self.store}/{self.path}" if self.path else str(self.store)

    def __repr__(self) -> str:
        return f"StorePath({type(self.store).__name__}, '{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and self.path == other.path and self.store == other.store

    __hash__ = None  # type: ignore[assignment] # stores are not hashable

    async def get(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read the value under the path as a key; None when there is none."""
        return await self.store.get(self.path, prototype or default_buffer_prototype(), byte_range)

    async def set(self, value: Buffer) -> None:
        """Write the value under the path as a key."""
        await self.store.set(self.path, value)

    async def set_if_not_exists(self, default: Buffer) -> None:
        """Write the value under the path as a key, unless there is one."""
        await self.store.set_if_not_exists(self.path, default)

    async def delete(self) -> None:
        """Delete the value under the path as a key."""
        await self.store.delete(self.path)

    async def delete_dir(self) -> None:
        """Delete everything below the path."""
        await self.store.delete_dir(self.path)

    async def exists(self) -> bool:
        """Whether there is a value under the path as a key."""
        return await self.store.exists(self.path)

    async def is_empty(self) -> bool:
        """Whether there is nothing below the path."""
        return await self.store.is_empty(self.path)

    async def get_json(self, *, byte_range: ByteRequest | None = None) -> JSON:
        """Read the value under the path as JSON; None when there is none.

        Raises
        ------
        MetadataValidationError
            It is no JSON.
        """
        value = await self.get(numpy_buffer_prototype(), byte_range)
        return None if value is None else _parse_json(value.to_bytes(), self.path)

    def get_sync(
        self, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read the value under the path as a key; None when there is none."""
        return run_inline(_get(self, prototype, byte_range))

    def set_sync(self, value: Buffer) -> None:
        """Write the value under the path as a key."""
        run_inline(_set(self, value))

    def delete_sync(self) -> None:
        """Delete the value under the path as a key."""
        run_inline(_delete(self))


def _parse_json(text: bytes, key: str) -> JSON:
    try:
        parsed: JSON = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MetadataValidationError(f"the value under the key {quote(key)} is not JSON: {error}") from error
    return parsed


@operation
async def _get(place: StorePath, prototype: BufferPrototype | None, byte_range: ByteRequest | None) -> Buffer | None:
    return await place.get(prototype, byte_range)


StoreLike: TypeAlias = Store | StorePath | Path | str | MutableMapping[str, Buffer]


@operation
async def _set(place: StorePath, value: Buffer) -> None:
    await place.set(value)


@operation
async def _delete(place: StorePath) -> None:
    await place.delete()


def make_store(
    store_like: StoreLike | None,
    *,
    mode: AccessModeLiteral | None = None,
    storage_options: dict[str, Any] | None = None,
) -> Store:
    """Make a store of whatever names one; nothing is read or written.

    Parameters
    ----------
    store_like
        A store; a path or URL; a path that ends in ``.zip`` or ``.sqlite``, and is no folder; a mapper of fsspec, or
        a path of universal_pathlib; a dictionary of buffers or any mapping of bytes, filled in place; None for a new
        store in memory.
    mode
        With ``"r"`` the store is read-only; with ``"r"`` and ``"r+"`` a local folder must exist.
    storage_options
        For the file system of a URL; no other kind of store takes any.

    Raises
    ------
    TypeError
        No store can be made of it, or it takes no `storage_options`.
    ValueError
        The mode is unknown, or writes to a store that is read-only.
    FileNotFoundError
        A local folder must exist and does not.
    """
    remote = _remote_store(store_like, storage_options, read_only=mode == "r")
    if remote is None and storage_options:
        raise TypeError(f"'storage_options' is for URLs of remote stores, got {quote(store_like)}")
    store: Store
    if isinstance(store_like, StorePath):
        store = store_like.store
    elif isinstance(store_like, Store):
        store = store_like
    elif remote is not None:
        store = remote
    elif store_like is None:
        store = MemoryStore()
    elif isinstance(store_like, (str, Path)):
        is_sqlite = isinstance(store_like, str) and store_like.startswith("sqlite://")
        store = _store_at(_local_path(store_like), mode, ".sqlite" if is_sqlite else "")
    elif is_store(store_like):
        store = adopt_store(store_like)
    elif isinstance(store_like, dict):
        store = MemoryStore(store_like)
    elif (of_mapping := _store_in_mapping(store_like)) is not None:
        store = of_mapping
    else:
        raise TypeError(f"no store can be made of {quote(store_like)} of type {type(store_like).__name__}")
    return _store_for_mode(store, mode)


def make_store_path(
    store_like: StoreLike | None,
    *,
    path: str | None = "",
    mode: AccessModeLiteral | None = None,
    storage_options: dict[str, Any] | None = None,
) -> StorePath:
    """Make a place in a store of whatever names one, as ``make_store``; `path` is relative to it."""
    if is_place(store_like):
        store_like = StorePath(store_like.store, store_like.path)  # type: ignore[union-attr] # it has both
    store = make_store(store_like, mode=mode, storage_options=storage_options)
    base = StorePath._of(store, store_like.path) if isinstance(store_like, StorePath) else StorePath._of(store, "")
    return base / normalize_path(path)


def _store_for_mode(store: Store, mode: AccessModeLiteral | None) -> Store:
    if mode is None:
        return store
    if mode not in MODES:
        raise ValueError(f"there is no mode {quote(mode)}; there are {', '.join(MODES)}")
    if mode == "r":
        store = store if store.read_only else store.with_read_only(True)
    elif store.read_only:
        raise ValueError(f"mode {mode!r} writes, and {store} is read-only; mode 'r' reads it")
    if mode in ("r", "r+") and isinstance(store, LocalStore):
        store.require_root()
    return store


def _store_at(path: str, mode: AccessModeLiteral | None, kind: str) -> Store:
    """The store in a folder, or in a file of which the URL, or the end of the name, says the kind."""
    if not kind and not os.path.isdir(path):
        kind = os.path.splitext(path)[1]
    if kind not in ONE_FILE:
        return LocalStore(path, read_only=mode == "r")
    if mode in ("r", "r+") and not os.path.exists(path):
        raise FileNotFoundError(f"{path!r} does not exist")
    if kind == ".zip":
        from terrazzo.storage.zip import ZipStore

        return ZipStore(path, mode="r" if mode == "r" else "a")
    from terrazzo.storage.sqlite import SQLiteStore

    return SQLiteStore(path, read_only=mode == "r")


def _store_in_mapping(store_like: object) -> Store | None:
    from terrazzo.storage.mapping import MappingStore, is_mapping

    return MappingStore(store_like) if is_mapping(store_like) else None


def _local_path(location: str | Path) -> str:
    """The path of a folder, from a path or a ``file://`` URL."""
    text = os.fspath(location)
    if isinstance(location, str) and "://" in text:
        scheme, _, path = text.partition("://")
        if scheme in ("file", "sqlite"):
            return path
    return text


def _remote_store(
    store_like: StoreLike | None, storage_options: dict[str, Any] | None, *, read_only: bool
) -> Store | None:
    """A store of what names a remote one; None for anything else. What is needed for it is imported only then."""
    if isinstance(store_like, str) and store_like.startswith("memory://") and not storage_options:
        from terrazzo.storage.managed import ManagedMemoryStore

        return ManagedMemoryStore.from_url(store_like, read_only=read_only)
    if isinstance(store_like, str) and "://" in store_like and not store_like.startswith(("file://", "sqlite://")):
        from terrazzo.storage.urls import store_of_url

        return store_of_url(store_like, storage_options, read_only=read_only)
    package = type(store_like).__module__.partition(".")[0]
    if package not in ("fsspec", "upath") or isinstance(store_like, Path):
        return None
    from terrazzo.storage.fsspec import FsspecStore

    made_by = FsspecStore.from_mapper if package == "fsspec" else FsspecStore.from_upath
    return None if storage_options else made_by(store_like, read_only=read_only)  # type: ignore[arg-type] # by package
