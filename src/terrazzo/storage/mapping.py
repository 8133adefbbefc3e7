"""A store in any mapping from text to bytes: a shelf, a ``dbm`` file, a server's dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, MutableMapping, Sequence
from typing import Any, Self, TypeAlias
from weakref import WeakValueDictionary

from terrazzo.abc.byte_range import ByteRequest, resolve
from terrazzo.abc.store import split_prefix, validate_key, validate_prefix
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import CorruptDataError, quote
from terrazzo.runtime import offload
from terrazzo.runtime.mutex import Mutex
from terrazzo.storage.inline import InlineStore, bytes_of
from terrazzo.storage.sorted_keys import keys_below, names_in

__all__ = ["MappingStore", "is_mapping"]

Mapping: TypeAlias = "MutableMapping[str, bytes]"

_mutexes: WeakValueDictionary[int, Mutex] = WeakValueDictionary()
_guard = Mutex()


def _mutex_of(mapping: object) -> Mutex:
    """What lets one thread at a time use a mapping, whichever store it comes from: the same as long as one is there."""
    with _guard:
        return _mutexes.setdefault(id(mapping), Mutex())


NEEDED = ("__getitem__", "__setitem__", "__delitem__", "__contains__", "keys")


def is_mapping(value: object) -> bool:
    """Whether it has what a mapping must have that values are kept in."""
    return all(hasattr(value, name) for name in NEEDED)


class MappingStore(InlineStore):
    """Values as bytes in a mapping of somebody else.

    It is used by one thread at a time. Whether a value is replaced in one step, and what of it others see, is up to the
    mapping; a reader in this process sees the old one or the new one. Only ``KeyError`` means that there is no such
    key. Two stores are equal, and share their locks, when they use the same mapping.

    Parameters
    ----------
    mapping
        Its keys are text, or come back as bytes; its values are bytes.
    read_only
        Whether writing is refused.

    Examples
    --------
    >>> import terrazzo
    >>> from collections import UserDict
    >>> kept = UserDict()
    >>> a = terrazzo.create_array(kept, data=[1, 2, 3])
    >>> sorted(kept)
    ['c/0', 'zarr.json']
    >>> type(kept["c/0"])
    <class 'bytes'>
    """

    inline = True
    is_shared = False

    def __init__(self, mapping: Any, *, read_only: bool = False) -> None:
        super().__init__(read_only=read_only)
        if not is_mapping(mapping):
            raise TypeError(f"expected a mapping of bytes, got {quote(mapping)} of type {type(mapping).__name__}")
        self.mapping: Mapping = mapping
        self._mutex = _mutex_of(mapping)
        self._is_open = True

    def with_read_only(self, read_only: bool = False) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _read_only=read_only)
        return other

    @property
    def lock_identity(self) -> Hashable:
        return "mapping", id(self.mapping)

    def __str__(self) -> str:
        return f"mapping://{type(self.mapping).__name__}-{id(self.mapping)}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.mapping is other.mapping

    __hash__ = None  # type: ignore[assignment] # its values change

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["_mutex"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _mutex=_mutex_of(state["mapping"]))

    # -- reading

    def _read(self, key: str) -> bytes | None:
        with self._mutex:
            try:
                value = self.mapping[key]
            except KeyError:
                return None
        if isinstance(value, Buffer):
            return value.to_bytes()
        try:
            return bytes(memoryview(value))
        except TypeError:
            raise CorruptDataError(f"{self} has {quote(value)} under {key!r}, which is no bytes", key=key) from None

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        data = await offload(self._read, validate_key(key))
        if data is None:
            return None
        if byte_range is not None:
            start, end = resolve(byte_range, len(data))
            data = data[start:end]
        return (default_buffer_prototype() if prototype is None else prototype).buffer.from_bytes(data)

    async def exists(self, key: str) -> bool:
        return await offload(self._has, validate_key(key))

    def _has(self, key: str) -> bool:
        with self._mutex:
            return key in self.mapping

    # -- writing

    async def set(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await offload(self._write, validate_key(key), bytes(bytes_of(value)))

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        self._check_writable()
        await offload(self._write, validate_key(key), bytes(bytes_of(value)), replace=False)

    def _write(self, key: str, data: bytes, *, replace: bool = True) -> None:
        with self._mutex:
            if replace or key not in self.mapping:
                self.mapping[key] = data

    async def delete(self, key: str) -> None:
        self._check_writable()
        await offload(self._remove, validate_key(key))

    def _remove(self, key: str) -> None:
        with self._mutex:
            if key in self.mapping:
                del self.mapping[key]

    # -- listing

    def _keys(self) -> Sequence[str]:
        with self._mutex:
            keys: Sequence[Any] = list(self.mapping.keys())
        return sorted(key if isinstance(key, str) else bytes(key).decode("utf-8", "replace") for key in keys)

    async def list(self) -> AsyncIterator[str]:
        for key in await offload(self._keys):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        split_prefix(prefix)
        for key in keys_below(await offload(self._keys), prefix):
            yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = validate_prefix(prefix)
        for name in names_in(await offload(self._keys), folder):
            yield name
