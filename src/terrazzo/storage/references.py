"""A store whose values are bytes of other files, to which a document refers, as kerchunk and virtualizarr write it.

The files are read through the stores of their URLs, so that retries, limits and errors are as everywhere. fsspec's own
file system for references is not used: it takes a file that is gone for a chunk that was never written, opens whatever
a document names, and blocks.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Hashable, Iterable, Mapping
from typing import Any, Self

from terrazzo.abc.byte_range import RangeByteRequest, resolve
from terrazzo.abc.key import split_prefix, validate_key, validate_prefix
from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import CorruptDataError, StoreAccessError, StoreError, quote
from terrazzo.runtime import map_concurrent, run_on_loop
from terrazzo.settings import current_options
from terrazzo.storage.failures import scrub, secrets_in
from terrazzo.storage.path import make_store
from terrazzo.storage.reference_origins import URL, Origin, is_local, split_target
from terrazzo.storage.reference_sets import Found, ParquetReferences, ReferencesInJSON, Target, parse_document

__all__ = ["ReferenceStore"]

PARQUET = (".parq", ".parquet", "/")


class ReferenceStore(Store):
    """Values that are parts of other files, such as the chunks of NetCDF files, for reading.

    A reference leads only to where the document is, which is its host, its bucket or its local folder, and to the
    `origins` that the caller trusts. What leads elsewhere raises when it is read. References without a host are
    relative to the document. A document from elsewhere never leads to local files. Where a server redirects from one
    place to another, nobody goes.

    Parameters
    ----------
    references
        Path or URL of a document in JSON, or of a folder of Parquet, whose name ends with ``.parq``, ``.parquet`` or a
        slash; or the references themselves.
    origins
        Further places to which references may lead: URLs such as ``"s3://bucket"`` or ``"https://example.org/data"``,
        or local folders. A mapping has the `storage_options` of each as its values; those for HTTP are fsspec's.
    storage_options
        For the URL of the document, and what is beside it.
    read_only
        Always true.

    Raises
    ------
    ValueError
        An origin is a chain of URLs, a link-local address, or a folder while the document is from elsewhere.

    Examples
    --------
    >>> from terrazzo.storage import ReferenceStore
    >>> store = ReferenceStore({"a": "base64:YWJj", "b": ["data.nc", 20000, 4000]})
    >>> store.get_sync("a").to_bytes()
    b'abc'
    """

    supports_writes: bool = False
    supports_deletes: bool = False
    supports_listing: bool = True

    def __init__(
        self,
        references: str | os.PathLike[str] | Mapping[str, Any],
        *,
        origins: Iterable[str | os.PathLike[str]] | Mapping[str, Mapping[str, Any] | None] = (),
        storage_options: Mapping[str, Any] | None = None,
        read_only: bool = True,
    ) -> None:
        super().__init__(read_only=True)
        if isinstance(origins, (str, os.PathLike)):
            raise TypeError(f"origins is a list of places, or a mapping of them to options, got {quote(origins)}")
        if not read_only:
            raise ValueError("a store of references is for reading: read_only=False was given")
        self.references = references if isinstance(references, Mapping) else os.fspath(references)
        self.storage_options = dict(storage_options or {})
        listed = origins if isinstance(origins, Mapping) else dict.fromkeys(origins)
        self.origins = {os.fspath(url): dict(options or {}) for url, options in listed.items()}
        self._prepare()

    def _prepare(self) -> None:
        self._hidden = tuple(secrets_in([self.storage_options, *self.origins.values()]))
        self._allowed: list[tuple[Origin, dict[str, Any]]] = []
        document = self.references
        if isinstance(document, str):
            self._allowed.append((Origin.around(document), self.storage_options))
        for url, options in self.origins.items():
            origin = Origin.of(url)
            if origin.scheme == "file" and isinstance(document, str) and not is_local(document):
                raise ValueError(f"references from {scrub(document)} must not lead to local files, got {quote(url)}")
            self._allowed.append((origin, options))
        self._forget()
        self._is_open = True

    def _forget(self) -> None:
        """Read the document again when it is needed next."""
        self._loaded: ReferencesInJSON | ParquetReferences | None = None
        self._stores: dict[Origin, Store] = {}

    def close(self) -> None:
        super().close()
        for store in self._stores.values():
            store.close()
        self._forget()

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(
            self.references, origins=self.origins, storage_options=self.storage_options, read_only=read_only
        )

    # -- what it is

    @property
    def lock_identity(self) -> Hashable:
        return "references", self.references if isinstance(self.references, str) else id(self.references)

    def __str__(self) -> str:
        if isinstance(self.references, str):
            return f"reference://{scrub(self.references, self._hidden)}"
        return f"reference://{len(self.references)} references"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and (self.references, self.origins, self.storage_options) == (
            other.references,
            other.origins,
            other.storage_options,
        )

    __hash__ = None  # type: ignore[assignment] # what it is made of can change

    def __getstate__(self) -> dict[str, Any]:
        kept = ("references", "origins", "storage_options", "_read_only")
        return {name: value for name, value in super().__getstate__().items() if name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()

    # -- references

    async def _references(self) -> ReferencesInJSON | ParquetReferences:
        loaded = self._loaded
        if loaded is None:
            async with self.lock("\0references"):
                loaded = self._loaded
                if loaded is None:
                    loaded = self._loaded = await self._load()
        return loaded

    async def _load(self) -> ReferencesInJSON | ParquetReferences:
        place = self.references
        if not isinstance(place, str):
            return ReferencesInJSON(place)
        folder, name, in_parquet = _parts_of(place)
        store = self._store_at(folder, self.storage_options)
        value = await store.get(name, numpy_buffer_prototype())
        if value is None:
            raise FileNotFoundError(f"there are no references at {scrub(place, self._hidden)}")
        document = parse_document(value.to_bytes(), name)
        return ParquetReferences(store, document) if in_parquet else ReferencesInJSON(document)

    async def _find(self, key: str) -> Found:
        return await (await self._references()).find(validate_key(key))

    def _place_of(self, target: Target, key: str) -> tuple[Store, str]:
        """The store in which a target is, and its key there.

        Raises
        ------
        StoreAccessError
            References may not lead there.
        """
        url = target.url
        if "://" not in url and not os.path.isabs(url) and isinstance(self.references, str):
            url = f"{self.references.rstrip('/').rpartition('/')[0] or os.curdir}/{url}"
        if is_local(url):
            url = os.path.abspath(URL.sub(r"\2", url)) if self._is_local else url
        said = scrub(target.url, self._hidden)
        try:
            scheme, host, path = split_target(url)
        except ValueError as error:
            raise self._refused(key, str(error)) from None
        for origin, options in self._allowed:
            below = origin.key_of(scheme, host, path)
            if below is not None:
                store = self._stores.get(origin)
                if store is None:
                    store = self._stores[origin] = self._store_of(origin, options)
                return store, below
        known = ", ".join(scrub(origin.url, self._hidden) for origin, _ in self._allowed) or "nowhere"
        raise self._refused(
            key, f"{quote(said)} is not below where references may lead, {known}; `origins` names further places"
        )

    @property
    def _is_local(self) -> bool:
        return not isinstance(self.references, str) or is_local(self.references)

    def _refused(self, key: str, why: str) -> StoreAccessError:
        return StoreAccessError(f"{self}: the reference of {quote(key)}: {why}", op="get", store=str(self), key=key)

    def _store_of(self, origin: Origin, options: Mapping[str, Any]) -> Store:
        if origin.scheme not in ("http", "https"):
            return self._store_at(origin.url, options)
        from terrazzo.storage.fsspec import FsspecStore  # obstore goes wherever a server redirects it

        return FsspecStore.from_url(origin.url, {**options, "allow_redirects": False}, read_only=True)

    def _store_at(self, url: str, options: Mapping[str, Any]) -> Store:
        try:
            return make_store(url, mode="r", storage_options=dict(options) or None)
        except FileNotFoundError as error:
            raise StoreError(f"{self}: {error}", op="get", store=str(self)) from None

    # -- reading

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        resolve(byte_range, 0)  # says what is wrong
        found = await self._find(key)
        if found is None:
            return None
        buffer = (default_buffer_prototype() if prototype is None else prototype).buffer
        if isinstance(found, bytes):
            start, end = resolve(byte_range, len(found))
            return buffer.from_bytes(found[start:end])
        store, path = self._place_of(found, key)
        wanted = byte_range
        if found.length is not None:
            start, end = resolve(byte_range, found.length)
            if start == end:
                return buffer.from_bytes(b"")
            wanted = RangeByteRequest(found.offset + start, found.offset + end)
        value = await store.get(path, default_buffer_prototype() if prototype is None else prototype, wanted)
        if value is None:
            raise self._gone(found, key)
        if isinstance(wanted, RangeByteRequest) and found.length is not None and len(value) != end - start:
            raise CorruptDataError(
                f"the reference leads to bytes {wanted.start} to {wanted.end} of {quote(scrub(found.url))}, which is "
                "shorter",
                stage="size",
                store=str(self),
                key=key,
            )
        return value

    def _gone(self, target: Target, key: str) -> StoreError:
        text = f"{self}: the reference of {quote(key)} leads to {quote(scrub(target.url))}, which is not there"
        return StoreError(text, op="get", store=str(self), key=key)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        async def one(item: tuple[str, ByteRequest | None]) -> Buffer | None:
            return await self.get(item[0], prototype, item[1])

        return await map_concurrent(one, key_ranges, concurrency=current_options().concurrency)

    def get_sync(
        self, key: str, *, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a value or a part of it; None when there is no such key."""
        return run_on_loop(self.get(key, prototype, byte_range))

    async def exists(self, key: str) -> bool:
        return await self._find(key) is not None

    async def getsize(self, key: str) -> int:
        found = await self._find(key)
        if found is None:
            raise FileNotFoundError(f"{self} has no key {key!r}")
        if isinstance(found, bytes):
            return len(found)
        if found.length is not None:
            return found.length
        store, path = self._place_of(found, key)
        try:
            return await store.getsize(path)
        except FileNotFoundError:
            raise self._gone(found, key) from None

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()

    async def delete(self, key: str) -> None:
        self._check_writable()

    # -- listing

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        split_prefix(prefix)
        async for key in (await self._references()).list_prefix(prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = validate_prefix(prefix)
        async for name in (await self._references()).list_dir(folder):
            yield name

    async def list(self) -> AsyncIterator[str]:
        async for key in self.list_prefix(""):
            yield key


def _parts_of(place: str) -> tuple[str, str, bool]:
    """Folder and name of the document at a place, and whether it is for references in Parquet."""
    is_ours = is_local(place)
    path = URL.sub(r"\2", place) if is_ours else place
    in_parquet = path.endswith(PARQUET) or (is_ours and os.path.isdir(path))
    path = f"{path.rstrip('/')}/.zmetadata" if in_parquet else path
    folder, _, name = (os.path.abspath(path).replace(os.sep, "/") if is_ours else path).rpartition("/")
    return folder or "/", name, in_parquet
