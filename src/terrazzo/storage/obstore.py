"""A store on obstore, the Rust library for object stores: S3, Google Cloud, Azure, HTTP, memory, folders.

Its requests run on threads of their own and are awaited on whatever event loop asks. They are repeated by obstore
itself, as the store's ``retry_config`` says, honouring ``Retry-After``.
"""

from __future__ import annotations

import atexit
import os
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from terrazzo.abc.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve
from terrazzo.abc.key import split_prefix, validate_key, validate_prefix
from terrazzo.abc.store import DOCUMENTS
from terrazzo.abc.value import StoreValue, Value
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import SyncError, quote
from terrazzo.storage.failures import failure_of, scrub, secrets_in
from terrazzo.storage.remote import RemoteStore, check_buffer

if TYPE_CHECKING:
    from obstore.store import ObjectStore as AnyObjectStore

    T_Store = TypeVar("T_Store", bound=AnyObjectStore)
else:
    T_Store = TypeVar("T_Store")

__all__ = ["ObjectStore"]

PLACE = ("bucket", "bucket_name", "container", "container_name", "account_name", "endpoint", "azure_storage_endpoint")
"""What of the configuration says where values are, and not who asks."""

COMPARES = frozenset({"S3Store", "GCSStore", "AzureStore", "MemoryStore"})
"""Stores that can make a write depend on the version that is there."""

VERSIONS_AT_MOST = 4096
"""Keys of which a store remembers what version it saw last."""

RANGE_TEXT = re.compile(
    r"status code: 416|Wanted range starting|Requested range was invalid"
    r"|Range request not supported|non-partial response|suffix",
    re.IGNORECASE,
)
"""What obstore says of a part that lies beyond the end, and of servers that cannot give it."""


class _Process:
    """Whether this process, or the one that it was forked from, has made requests, and when the last one was."""

    used = 0.0
    broken = False


def _after_fork() -> None:
    _Process.broken = bool(_Process.used)


def _at_exit() -> None:
    """Let obstore's threads put away what the last request used: who needs the interpreter when it ends aborts."""
    if not _Process.broken and time.monotonic() - _Process.used < 1.0:
        time.sleep(0.05)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)


class ObjectStore(RemoteStore, Generic[T_Store]):
    """Values as objects of a store of obstore.

    A value is written in one step. On S3, Google Cloud, Azure and in memory a write can depend on what is there, so
    that processes that write parts of one chunk lose nothing.

    Parameters
    ----------
    store
        Of ``obstore.store``.
    read_only
        Whether writing is refused.

    Attributes
    ----------
    store
        As given.

    Raises
    ------
    TypeError
        It is no store of obstore.
    """

    store: T_Store

    def __init__(self, store: T_Store, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        if not type(store).__module__.startswith("obstore"):
            raise TypeError(f"store is a store of obstore, got {quote(store)} of type {type(store).__name__}")
        self.store = store
        self._prepare()

    def _prepare(self) -> None:
        options = (getattr(self.store, name, None) for name in ("config", "client_options", "url"))
        self._hidden = tuple(secrets_in(list(options)))
        self._versions: OrderedDict[str, str] = OrderedDict()
        self._is_open = True

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self.store, read_only=read_only)

    @property
    def supports_listing(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether keys can be listed: all but plain HTTP can."""
        return self._kind != "HTTPStore"

    @property
    def supports_conditional_writes(self) -> bool:
        """Whether a write can be made to depend on the value that is there: not in folders, nor over plain HTTP, nor
        where ``conditional_put`` is disabled for a server that does not know it.
        """
        config = getattr(self.store, "config", None) or {}
        return self._kind in COMPARES and config.get("conditional_put") != "disabled"

    @property
    def is_shared(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether other processes reach the values: all but those in memory."""
        return self._kind != "MemoryStore"

    # -- what it is

    @property
    def _kind(self) -> str:
        return next((one.__name__ for one in type(self.store).__mro__ if one.__module__.startswith("obstore")), "")

    @property
    def lock_identity(self) -> Hashable:
        store: Any = self.store
        if self._kind == "MemoryStore":
            return "obstore", id(store)
        config = getattr(store, "config", None) or {}
        place = tuple((name, str(config[name])) for name in PLACE if name in config)
        return "obstore", self._kind, str(getattr(store, "url", "")), str(getattr(store, "prefix", "")), place

    def __str__(self) -> str:
        return f"object_store://{scrub(str(self.store), self._hidden)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.read_only == other.read_only and bool(self.store == other.store)

    __hash__ = None  # type: ignore[assignment] # `read_only` is part of equality

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store, "_read_only": self._read_only}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    def _secrets(self) -> tuple[str, ...]:
        return self._hidden

    async def _ask(self, op: str, key: str, call: Callable[[], Awaitable[Any]]) -> Any:
        self._check_process()
        return await super()._ask(op, key, call)

    def _check_process(self) -> None:
        if _Process.broken:
            raise SyncError(
                f"{self}: obstore has threads, which do not survive a fork: start processes by 'spawn' or "
                "'forkserver', or use FsspecStore"
            )
        _Process.used = time.monotonic()

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        if byte_range is None and key.rpartition("/")[2] in DOCUMENTS:
            found = await self._share(key, partial(self._get, key, None))
        else:
            found = await self._get(key, byte_range)
        return None if found is None else _buffer(found[0], prototype)

    async def _get(
        self, key: str, byte_range: ByteRequest | None, version: str | None = None
    ) -> tuple[Any, dict[str, Any]] | None:
        """Bytes and what is known of the object; None when there is none.

        Parameters
        ----------
        version
            The answer must be of this version; else ``PreconditionError``.
        """
        import obstore

        validate_key(key)
        if byte_range is not None and resolve(byte_range, 1 << 62)[0] == resolve(byte_range, 1 << 62)[1]:
            meta = await self._head("get", key)
            return None if meta is None else (b"", meta)
        options: Any = {} if version is None else {"if_match": version}
        if isinstance(byte_range, RangeByteRequest):
            options["range"] = byte_range.start, byte_range.end
        elif isinstance(byte_range, OffsetByteRequest) and byte_range.offset:
            options["range"] = {"offset": byte_range.offset}
        elif isinstance(byte_range, SuffixByteRequest):
            options["range"] = {"suffix": byte_range.suffix}

        async def attempt() -> tuple[Any, dict[str, Any]]:
            try:
                result = await obstore.get_async(self.store, key, options=options)
            except obstore.exceptions.BaseError as error:
                if byte_range is None or not RANGE_TEXT.search(str(error)):
                    raise
            else:
                return await result.bytes_async(), dict(result.meta)
            return await self._get_odd_range(key, byte_range, version)

        try:
            found: tuple[Any, dict[str, Any]] = await self._ask("get", key, attempt)
        except FileNotFoundError:
            self._versions.pop(key, None)
            return None
        except obstore.exceptions.PreconditionError:
            self._versions.pop(key, None)
            raise
        self._remember(key, found[1])
        return found

    async def _get_odd_range(
        self, key: str, byte_range: ByteRequest, version: str | None
    ) -> tuple[Any, dict[str, Any]]:
        """Read what lies beyond the end, or from servers that do not know this kind of range, or none at all."""
        import obstore

        meta: dict[str, Any] = dict(await obstore.head_async(self.store, key))
        if version is not None and meta["e_tag"] != version:
            raise obstore.exceptions.PreconditionError(f"{key} is of another version")
        start, end = resolve(byte_range, meta["size"])
        if start == end:
            return b"", meta
        condition: Any = {} if version is None else {"if_match": version}
        try:
            result = await obstore.get_async(self.store, key, options=condition | {"range": (start, end)})
            return await result.bytes_async(), dict(result.meta)
        except obstore.exceptions.BaseError as error:
            if not RANGE_TEXT.search(str(error)):
                raise
        result = await obstore.get_async(self.store, key, options=condition)
        data = memoryview(await result.bytes_async())
        start, end = resolve(byte_range, len(data))
        return data[start:end], dict(result.meta)

    async def _head(self, op: str, key: str) -> dict[str, Any] | None:
        """What is known of an object; None when there is none."""
        import obstore

        validate_key(key)
        try:
            meta = dict(await self._ask(op, key, lambda: obstore.head_async(self.store, key)))
        except FileNotFoundError:
            self._versions.pop(key, None)
            return None
        self._remember(key, meta)
        return meta

    def _remember(self, key: str, meta: Mapping[str, Any]) -> None:
        version = meta.get("e_tag")
        if version is None:
            return
        self._versions[key] = version
        while len(self._versions) > VERSIONS_AT_MOST:
            self._versions.popitem(last=False)

    def open_value(self, key: str) -> Value:
        if type(self).get is ObjectStore.get:
            return _ObjectValue(self, validate_key(key))
        return super().open_value(key)

    async def version(self, key: str) -> Hashable:
        meta = await self._head("version", key)
        return None if meta is None else meta["e_tag"]

    async def exists(self, key: str) -> bool:
        return await self._head("exists", key) is not None

    async def getsize(self, key: str) -> int:
        meta = await self._head("getsize", key)
        if meta is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        return int(meta["size"])

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        await self._put("set", key, value)

    async def _put(self, op: str, key: str, value: Buffer, **options: Any) -> None:
        import obstore

        self._check_writable()
        validate_key(key)
        data: Any = check_buffer(value)
        if self._kind == "MemoryStore":
            data = bytes(data)  # which it holds on to
        meta = await self._ask(op, key, lambda: obstore.put_async(self.store, key, data, **options))
        self._versions.pop(key, None)
        if meta is not None:
            self._remember(key, meta)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        import obstore

        try:
            await self._put("set_if_not_exists", key, value, mode="create")
        except obstore.exceptions.AlreadyExistsError:
            pass
        except NotImplementedError:
            await super().set_if_not_exists(key, value)

    async def get_versioned(self, key: str, prototype: BufferPrototype) -> tuple[Buffer | None, Any]:
        found = await self._get(key, None)
        if found is None:
            return None, None
        data, meta = found
        return _buffer(data, prototype), {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        import obstore

        if version == {}:  # the server tells no versions
            await self.set(key, value)
            return True
        try:
            await self._put("set_if_version", key, value, mode="create" if version is None else version)
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError, FileNotFoundError):
            self._versions.pop(key, None)
            return False
        return True

    async def delete(self, key: str) -> None:
        self._check_writable()
        await self._delete(key, validate_key(key))

    async def _delete(self, key: str, keys: str | list[str]) -> None:
        import obstore

        self._versions.pop(key, None)
        with suppress(FileNotFoundError):
            await self._ask("delete", key, lambda: obstore.delete_async(self.store, keys))

    async def delete_dir(self, prefix: str) -> None:
        self._check_writable()
        folder = validate_prefix(prefix)
        keys = [key async for key in self.list_prefix(f"{folder}/" if folder else "")]
        documents = [key for key in keys if key.rpartition("/")[2] in DOCUMENTS]
        for some in (documents, list(set(keys).difference(documents))):
            if some:
                await self._delete(folder, some)
        self._versions.clear()

    # -- listing

    async def _objects(self, prefix: str) -> AsyncIterator[Mapping[str, Any]]:
        """What is known of all objects whose keys start with `prefix`."""
        import obstore

        folder, _ = split_prefix(prefix)
        pages = obstore.list(self.store, prefix=folder or None, chunk_size=1000)
        while page := await self._next_page(pages, folder):
            for found in page:
                if found["path"].startswith(prefix):
                    yield found

    async def _next_page(self, pages: Any, folder: str) -> Any:
        """The next page of a listing, or None at its end; obstore repeats what may pass."""
        self._check_process()
        try:
            async with self.budget:
                return await anext(pages, None)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            failed = error
        raise self._error(failed, failure, "list", folder, failure.attempts, 0.0)

    async def list(self) -> AsyncIterator[str]:
        async for found in self._objects(""):
            yield found["path"]

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        async for found in self._objects(prefix):
            yield found["path"]

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        import obstore

        folder = validate_prefix(prefix)
        found = await self._ask(
            "list", folder, lambda: obstore.list_with_delimiter_async(self.store, prefix=folder or None)
        )
        paths = [*found["common_prefixes"], *(meta["path"] for meta in found["objects"])]
        head = f"{folder}/" if folder else ""
        for path in paths:
            name = path.removeprefix(head).rstrip("/")
            if path.startswith(head) and name and "/" not in name:
                yield name

    async def getsize_prefix(self, prefix: str) -> int:
        folder = validate_prefix(prefix)
        return sum([found["size"] async for found in self._objects(f"{folder}/" if folder else "")])


class _ObjectValue(StoreValue):
    """An object that is read in parts, all of one version: each request depends on it.

    The version that was seen last is taken to be there still, and the requests themselves find out. So where an index
    is kept, a part costs one request.
    """

    __slots__ = ("_claimed", "_confirmed", "_version", "size")
    _store: ObjectStore[Any]

    def __init__(self, store: ObjectStore[Any], key: str) -> None:
        super().__init__(store, key)
        self._version = store._versions.get(key)
        self._claimed = False
        """Whether somebody relies on the version already."""
        self._confirmed = False
        """Whether the store has said so since."""
        self.size: int | None = None

    async def get(self, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        import obstore

        try:
            found = await self._store._get(self._key, byte_range, self._version)
        except obstore.exceptions.PreconditionError:
            found = await self._store._get(self._key, byte_range)
        version = None if found is None else found[1].get("e_tag")
        if version != self._version:  # replaced, which `version` says, or it is the first that is seen
            self._version, self._confirmed = version, False
        else:
            self._confirmed = True
        if found is None:
            return None
        self.size = found[1].get("size")
        return _buffer(found[0], prototype)

    async def version(self) -> Hashable:
        if self._version is None or (self._claimed and not self._confirmed):
            meta = await self._store._head("version", self._key)
            self._version = None if meta is None else meta["e_tag"]
            self.size = None if meta is None else meta["size"]
            self._confirmed = True
        self._claimed = True
        return self._version


def _buffer(data: Any, prototype: BufferPrototype | None) -> Buffer:
    return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(memoryview(data))
