"""A store on any file system of fsspec, synchronous or asynchronous.

An asynchronous file system is bound to one event loop. One that was made with ``asynchronous=True`` is bound to the
loop that uses it first, which would be lost with it; so a copy of it is used, on terrazzo's own loop, by whoever asks
from whatever loop or thread. Another one runs where it always does, on fsspec's loop. A synchronous one runs on worker
threads, one call at a time unless it is known to stand more, and where it never waits on the caller's thread.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote
from weakref import WeakValueDictionary

from terrazzo.abc.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, resolve
from terrazzo.abc.key import STAGING, split_prefix, validate_key, validate_prefix
from terrazzo.abc.store import DOCUMENTS
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.runtime import background_loop, offload, run_there
from terrazzo.runtime.mutex import Mutex
from terrazzo.storage import files
from terrazzo.storage.failures import BEYOND_THE_END, failure_of, scrub, secrets_in
from terrazzo.storage.remote import RemoteStore, check_buffer

if TYPE_CHECKING:
    from fsspec.asyn import AsyncFileSystem
    from fsspec.mapping import FSMap
    from fsspec.spec import AbstractFileSystem
    from upath import UPath

__all__ = ["FsspecStore"]

ALLOWED_EXCEPTIONS: tuple[type[Exception], ...] = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
NEVER_WAIT = frozenset({"memory", "file", "local"})
"""Synchronous file systems that are used on the caller's thread, and from several at once."""
KNOW_SUFFIXES = frozenset({"s3", "s3a", "gs", "gcs", "http", "https"})
"""Asynchronous file systems that read the end of a value without being told its size."""
HTTP = frozenset({"http", "https"})
KEPT = ("fs", "path", "allowed_exceptions", "inline", "_read_only", "_protocols")
"""Attributes that are pickled; the others follow from them."""
NEED_A_LOOP = frozenset({"abfs", "abfss", "az", "adl"})
"""File systems that close their connections at exit on their loop, and complain where they have none."""
OWN_OPTIONS = frozenset({"asynchronous", "loop", "skip_instance_cache"})

_copies: WeakValueDictionary[tuple[type, str, int], Any] = WeakValueDictionary()
_copies_guard = threading.RLock()


class FsspecStore(RemoteStore):
    """Values as files of a file system of fsspec.

    Only a key that is not there reads as absent: whatever else a file system says is an error, also where fsspec calls
    it "not found" because another request failed. A value is written in one step where the file system writes in one,
    as object stores do.

    Parameters
    ----------
    fs
        The file system.
    read_only
        Whether writing is refused.
    path
        The folder, without the scheme of a URL but for HTTP.
    allowed_exceptions
        What the file system raises for keys that are not there. A public bucket that may not be listed raises
        ``PermissionError``, too.

    Raises
    ------
    ValueError
        The path has a scheme.

    Examples
    --------
    >>> import terrazzo
    >>> store = terrazzo.storage.FsspecStore.from_url("memory://example.zarr")
    >>> array = terrazzo.create_array(store, data=[1, 2, 3], chunks=2)
    >>> sorted(store.fs.find("/example.zarr"))
    ['/example.zarr/c/0', '/example.zarr/c/1', '/example.zarr/zarr.json']
    """

    fs: AbstractFileSystem
    path: str
    allowed_exceptions: tuple[type[Exception], ...]

    def __init__(
        self,
        fs: AbstractFileSystem,
        read_only: bool = False,
        path: str = "/",
        allowed_exceptions: tuple[type[Exception], ...] = ALLOWED_EXCEPTIONS,
    ) -> None:
        super().__init__(read_only=read_only)
        self.fs = fs
        self._protocols = frozenset((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)
        if "://" in path and not self._protocols & HTTP:
            raise ValueError(
                f"path is a folder of the file system, without a scheme, got {scrub(path)!r}; "
                "FsspecStore.from_url takes URLs"
            )
        self.path = path
        self.allowed_exceptions = allowed_exceptions
        self.inline = not fs.async_impl and bool(self._protocols & NEVER_WAIT)
        self._prepare()

    def _prepare(self) -> None:
        self._root = self.path.rstrip("/")
        # Below the root of a file system paths start as those of the file system do: some have no leading slash.
        bare = getattr(self.fs, "sync_fs", self.fs)
        self._prefix = f"{self._root}/" if self._root else bare.root_marker if self.path else ""
        self._bound: tuple[object, Any] | None = None
        self._one_at_a_time = Mutex()
        self._hidden = tuple(secrets_in([self.fs.storage_options, *self.fs.storage_args, self.path]))
        self._is_open = True

    @classmethod
    def from_url(
        cls,
        url: str | os.PathLike[str],
        storage_options: dict[str, Any] | None = None,
        read_only: bool = False,
        allowed_exceptions: tuple[type[Exception], ...] = ALLOWED_EXCEPTIONS,
    ) -> Self:
        """Make a store of a URL or a local path, and the options of its file system.

        Raises
        ------
        ImportError
            The file system needs a package that is not installed.
        ValueError
            There is no file system for the scheme.
        """
        from fsspec.core import url_to_fs
        from fsspec.registry import get_filesystem_class
        from fsspec.utils import get_protocol, stringify_path

        location: str = stringify_path(url)
        scheme = get_protocol(location)
        options = dict(storage_options or {})
        try:
            if "::" not in location and scheme not in NEED_A_LOOP and get_filesystem_class(scheme).async_impl:
                options = {"asynchronous": True, **options}
            fs, path = url_to_fs(location, **options)
        except ImportError as error:
            raise ImportError(
                f"{scheme}:// needs a package that is not installed ({error}); pip install 'terrazzo[remote]'"
            ) from error
        return cls(fs, read_only=read_only, path=path, allowed_exceptions=allowed_exceptions)

    @classmethod
    def from_mapper(
        cls,
        fs_map: FSMap,
        read_only: bool = False,
        allowed_exceptions: tuple[type[Exception], ...] = ALLOWED_EXCEPTIONS,
    ) -> Self:
        """Make a store of a mapper of fsspec: of its file system and its root, not of its habits."""
        return cls(fs_map.fs, read_only=read_only, path=fs_map.root, allowed_exceptions=allowed_exceptions)

    @classmethod
    def from_upath(
        cls,
        upath: UPath,
        read_only: bool = False,
        allowed_exceptions: tuple[type[Exception], ...] = ALLOWED_EXCEPTIONS,
    ) -> Self:
        """Make a store of a path of universal_pathlib."""
        return cls(upath.fs, read_only=read_only, path=upath.path, allowed_exceptions=allowed_exceptions)

    @property
    def is_shared(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether other processes reach the values: not those in memory, nor what is below a folder of them."""
        fs: Any = self.fs
        while "memory" not in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol):
            within = getattr(fs, "sync_fs", None) or getattr(fs, "fs", None)
            if within is None:
                return True
            fs = within
        return False

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.fs, read_only, self.path, self.allowed_exceptions)

    # -- what it is

    @property
    def lock_identity(self) -> Hashable:
        from fsspec.utils import tokenize

        options = {name: value for name, value in self.fs.storage_options.items() if name not in OWN_OPTIONS}
        return "fsspec", type(self.fs), tokenize(self.fs.storage_args, options), self._root

    def __str__(self) -> str:
        root = self._root if "://" in self._root else f"{min(self._protocols, default='fsspec')}://{self._root}"
        return scrub(root, self._hidden)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({type(self.fs).__name__}, {scrub(self.path, self._hidden)})>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and (self.path, self.read_only, self.fs) == (
            other.path,
            other.read_only,
            other.fs,
        )

    __hash__ = None  # type: ignore[assignment] # `read_only` is part of equality

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {
            name: state[name] for name in ("fs", "path", "allowed_exceptions", "inline", "_read_only", "_protocols")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    def _secrets(self) -> tuple[str, ...]:
        return self._hidden

    # -- how the file system is called

    def _filesystem(self) -> tuple[Any, asyncio.AbstractEventLoop]:
        """An asynchronous file system that can be used in this process, and the loop that it is bound to."""
        fs: Any = self.fs
        if not fs.asynchronous and fs._pid == os.getpid():
            return fs, fs.loop
        loop = background_loop()
        if self._bound is None or self._bound[0] is not loop:
            self._bound = loop, _copy_for(fs, loop)
        return self._bound[1], loop

    async def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the file system, by its synchronous name."""
        if self.fs.async_impl:
            fs, loop = self._filesystem()
            return await run_there(getattr(fs, f"_{name}")(*args, **kwargs), loop)
        method = getattr(self.fs, name)
        if self.inline:
            return await offload(method, *args, **kwargs)
        return await offload(self._alone, method, *args, **kwargs)

    def _alone(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._one_at_a_time:  # such as FTP, which has one connection, and mixes up what two ask for
            return method(*args, **kwargs)

    async def _find_out(self, op: str, key: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Make a request whose answer is None where there is no such key."""
        try:
            return await self._ask(op, key, partial(self._unless_allowed, call))
        except FileNotFoundError:
            return None

    async def _unless_allowed(self, call: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await call()
        except self.allowed_exceptions as error:
            failure = failure_of(error)
            if isinstance(error, FileNotFoundError) and not (failure and failure.is_absent):
                raise  # something went wrong, and somebody called it not found
            return None

    def _path(self, key: str) -> str:
        if self._protocols & HTTP:
            return f"{self._root}/{quote(validate_key(key))}"
        return f"{self._prefix}{validate_key(key)}"

    @property
    def _is_local(self) -> bool:
        return bool(self._protocols & {"file", "local"}) and not self.fs.async_impl

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        path = self._path(key)
        if byte_range is not None and resolve(byte_range, 1 << 62)[0] == resolve(byte_range, 1 << 62)[1]:
            data = b"" if await self._info("get", key) is not None else None
        elif byte_range is None and not self.inline and key.rpartition("/")[2] in DOCUMENTS:
            data = await self._share(key, lambda: self._find_out("get", key, partial(self._read, path, None)))
        else:
            data = await self._find_out("get", key, partial(self._read, path, byte_range))
        if data is None:
            return None
        return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(data)

    async def _read(self, path: str, byte_range: ByteRequest | None) -> bytes | None:
        if self._protocols & HTTP and self.fs.async_impl:
            from terrazzo.storage.fsspec_http import read

            fs, loop = self._filesystem()
            return await run_there(read(fs, path, byte_range), loop)
        if byte_range is None:
            data: bytes = await self._call("cat_file", path)
            return data
        end: int | None = None
        if isinstance(byte_range, RangeByteRequest):
            start, end = byte_range.start, byte_range.end
        elif isinstance(byte_range, OffsetByteRequest):
            start = byte_range.offset
        elif self._protocols & KNOW_SUFFIXES or not self.fs.async_impl:
            start = -byte_range.suffix
        else:
            start = max(0, (await self._size(path)) - byte_range.suffix)
        try:
            data = await self._call("cat_file", path, start=start, end=end)
        except Exception as error:
            failure = failure_of(error)
            beyond = failure is not None and failure.status == BEYOND_THE_END
            if beyond or (not isinstance(error, OSError) and start >= await self._size(path)):
                return b""  # which some clients stumble over
            raise
        return data

    async def _size(self, path: str) -> int:
        self._forget_listings(path)
        return int((await self._call("info", path))["size"])

    async def _info(self, op: str, key: str) -> Any:
        """What the file system knows of a file; None when there is none."""
        path = self._path(key)
        if self._protocols & HTTP and self.fs.async_impl:
            from terrazzo.storage.fsspec_http import info

            fs, loop = self._filesystem()
            return await self._find_out(op, key, lambda: run_there(info(fs, path), loop))
        self._forget_listings(path)
        found = await self._find_out(op, key, lambda: self._call("info", path))
        return None if found is None or found.get("type") == "directory" else found

    def _forget_listings(self, path: str) -> None:
        """Others write, too."""
        fs = self._bound[1] if self._bound is not None else self.fs
        fs.invalidate_cache(path)
        fs.invalidate_cache(fs._parent(path))

    async def version(self, key: str) -> Hashable:
        info = await self._info("version", key)
        if info is None:
            return None
        return next((info[name] for name in ("ETag", "etag", "generation") if info.get(name)), None)

    async def exists(self, key: str) -> bool:
        return await self._info("exists", key) is not None

    async def getsize(self, key: str) -> int:
        info = await self._info("getsize", key)
        if info is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return await super().getsize(key) if info.get("size") is None else int(info["size"])

    # -- writing

    async def set(self, key: str, value: Buffer, byte_range: tuple[int, int] | None = None) -> None:
        self._check_writable()
        path, data = self._path(key), check_buffer(value)
        if byte_range is not None:
            raise NotImplementedError("a part of a value cannot be written")
        if self._is_local:  # what it does itself is not done in one step
            await self._ask(
                "set", key, lambda: offload(files.write_file, self.fs._strip_protocol(path), data, fsync=False)
            )
        else:
            await self._ask("set", key, lambda: self._call("pipe_file", path, bytes(data)))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        path, data = self._path(key), bytes(check_buffer(value))
        async with self.lock(key):
            if await self.exists(key):
                return
            if not self._protocols & {"s3", "s3a", "gs", "gcs", "abfs", "az"}:
                await self.set(key, value)
                return
            try:
                await self._ask("set", key, lambda: self._call("pipe_file", path, data, mode="create"))
            except FileExistsError:
                return  # somebody else came in between

    async def delete(self, key: str) -> None:
        self._check_writable()
        path = self._path(key)
        if not self._protocols & {"s3", "s3a"} and await self._info("delete", key) is None:
            return  # what deletes nothing fails in many ways, and some take a folder along
        await self._find_out("delete", key, lambda: self._call("rm_file", path))

    async def delete_dir(self, prefix: str) -> None:
        if not self._is_local:
            await super().delete_dir(prefix)
            return
        self._check_writable()
        folder, root = validate_prefix(prefix), self.fs._strip_protocol(self._root)
        remove = partial(files.remove_tree, f"{root}/{folder}") if folder else partial(files.clear_folder, root)
        await self._ask("delete", folder, lambda: offload(remove))  # no empty folders stay

    # -- listing

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        folder, _ = split_prefix(prefix)
        paths = self._found(folder) if _finds_itself(self.fs) else self._walked(folder)
        async for path in paths:
            for key in self._keys([path]):
                if key.startswith(prefix) and (not folder or key != folder):
                    yield key

    async def _found(self, folder: str) -> AsyncIterator[str]:
        """Paths of all files below a folder, of a file system that has a way to find them."""
        top = self._path(folder) if folder else self._root
        self._forget_listings(top)
        for path in await self._find_out("list", folder, lambda: self._call("find", top)) or ():
            yield path

    async def _walked(self, folder: str) -> AsyncIterator[str]:
        """The same, folder by folder: fsspec's own walk leaves out what cannot be read."""
        waiting = [self._path(folder) if folder else self._root]
        while waiting:
            top = waiting.pop()
            self._forget_listings(top)
            listing = await self._find_out("list", folder, partial(self._call, "ls", top, detail=True))
            head = f"{self.fs._strip_protocol(top).strip('/')}/".removeprefix("/")
            for info in listing or ():
                path = info["name"].rstrip("/")
                if not path.strip("/").startswith(head):
                    continue  # the folder itself, or a link on a page that leads elsewhere
                if info["type"] == "directory":
                    waiting.append(path)
                else:
                    yield path

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = validate_prefix(prefix)
        top = self._path(folder) if folder else self._root
        self._forget_listings(top)
        found = await self._find_out("list", folder, lambda: self._call("ls", top, detail=False))
        head = f"{folder}/" if folder else ""
        for key in dict.fromkeys(self._keys(found or ())):
            name = key.removeprefix(head) if key.startswith(head) else ""
            if name and "/" not in name:
                yield name

    def _keys(self, paths: Any) -> list[str]:
        """Keys of the paths that a file system gives."""
        root = self.fs._strip_protocol(self._root or "/")
        root = unquote(root) if self._protocols & HTTP else root
        root = root.strip("/") + "/" if root.strip("/") else ""
        bare = (path.strip("/") for path in (map(unquote, paths) if self._protocols & HTTP else paths))
        keys = (path[len(root) :] for path in bare if path.startswith(root))
        if self._is_local:
            return [key for key in keys if not any(map(STAGING.fullmatch, key.split("/")))]
        return [key for key in keys if key]

    async def list(self) -> AsyncIterator[str]:
        async for key in self.list_prefix(""):
            yield key


def _copy_for(fs: AsyncFileSystem, loop: asyncio.AbstractEventLoop) -> Any:
    """A file system like another one, bound to a loop; the same one for all stores."""
    key = type(fs), fs._fs_token, id(loop)
    with _copies_guard:
        copy = _copies.get(key)
        if copy is None or copy.loop is not loop:
            options = {name: value for name, value in fs.storage_options.items() if name not in OWN_OPTIONS}
            copy = type(fs)(*fs.storage_args, **options, asynchronous=False, loop=loop, skip_instance_cache=True)
            _copies[key] = copy
        return copy


def _finds_itself(fs: AbstractFileSystem) -> bool:
    """Whether a file system has its own way to list everything below a folder."""
    from fsspec.asyn import AsyncFileSystem
    from fsspec.spec import AbstractFileSystem

    if fs.async_impl:
        return type(fs)._find is not AsyncFileSystem._find
    return type(fs).find is not AbstractFileSystem.find


def _forget_copies() -> None:
    """In the child of a fork: their loop does not exist there."""
    global _copies_guard
    _copies_guard = threading.RLock()
    _copies.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_copies)
