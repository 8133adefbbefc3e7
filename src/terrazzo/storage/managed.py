"""Stores in memory that are found by name, as long as anyone has one."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Self
from weakref import WeakValueDictionary

from terrazzo.abc.store import validate_prefix
from terrazzo.buffer.base import Buffer
from terrazzo.errors import quote
from terrazzo.runtime import KeyedLocks
from terrazzo.storage.memory import MemoryStore

__all__ = ["ManagedMemoryStore"]

SCHEME = "memory://"


class _Contents(dict[str, Buffer]):
    """A dictionary that is forgotten when nobody has it any more."""

    __slots__ = ("__weakref__",)


_by_name: WeakValueDictionary[str, _Contents] = WeakValueDictionary()
_numbers = itertools.count()


class _Below(MutableMapping[str, Buffer]):
    """What is below a path of a dictionary."""

    def __init__(self, whole: dict[str, Buffer], path: str) -> None:
        self._whole = whole
        self._head = f"{path}/"

    def __getitem__(self, key: str) -> Buffer:
        return self._whole[self._head + key]

    def __setitem__(self, key: str, value: Buffer) -> None:
        self._whole[self._head + key] = value

    def __delitem__(self, key: str) -> None:
        del self._whole[self._head + key]

    def setdefault(self, key: str, default: Buffer) -> Buffer:  # as one step
        return self._whole.setdefault(self._head + key, default)

    def __iter__(self) -> Iterator[str]:
        return iter([key[len(self._head) :] for key in list(self._whole) if key.startswith(self._head)])

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ManagedMemoryStore(MemoryStore):
    """Values in a dictionary that this process finds by its name, also as the URL ``memory://name/path``.

    The dictionary lives as long as any store uses it. Values are replaced as in a `MemoryStore`. Two stores are equal
    when they have the same name, path and ``read_only``; a pickled store is found by its name again, which in another
    process is another dictionary.

    Parameters
    ----------
    name
        Without slashes; by default one that nobody else has.
    path
        What is put in front of every key.
    read_only
        Whether writing is refused.

    Examples
    --------
    >>> from terrazzo.storage import ManagedMemoryStore
    >>> store = ManagedMemoryStore("pictures", path="a")
    >>> str(store)
    'memory://pictures/a'
    >>> ManagedMemoryStore.from_url("memory://pictures/a") == store
    True
    """

    inline = True
    path: str

    def __init__(self, name: str | None = None, *, path: str = "", read_only: bool = False) -> None:
        if name is None:
            name = next(number for number in map(str, _numbers) if number not in _by_name)
        elif not isinstance(name, str) or "/" in name:
            raise ValueError(f"the name of a store in memory is text without slashes, got {quote(name)}; see `path`")
        self._name = name
        self.path = validate_prefix(path.strip("/"))
        self._contents = _by_name.setdefault(name, _Contents())
        super().__init__(_Below(self._contents, self.path) if self.path else self._contents, read_only=read_only)
        self._locks = KeyedLocks.of(("memory", id(self._contents)))  # of the dictionary, whatever the path

    @classmethod
    def from_url(cls, url: str, *, read_only: bool = False) -> Self:
        """Make a store of ``memory://name/path``; without a name of a new one."""
        if not url.startswith(SCHEME):
            raise ValueError(f"the URL of a store in memory starts with {SCHEME}, got {quote(url)}")
        name, _, path = url.removeprefix(SCHEME).partition("/")
        return cls(name or None, path=path, read_only=read_only)

    @property
    def name(self) -> str:
        """Of the dictionary."""
        return self._name

    def with_read_only(self, read_only: bool = False) -> Self:
        return type(self)(self._name, path=self.path, read_only=read_only)

    @property
    def lock_identity(self) -> Hashable:
        return "memory", id(self._contents), self.path  # the same key is another value below another path

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        return super().lock(f"{self.path}/{key}" if self.path else key)

    def __str__(self) -> str:
        return f"{SCHEME}{self._name}/{self.path}" if self.path else SCHEME + self._name

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, type(self))
            and (self._contents is other._contents and self.path == other.path)
            and self.read_only == other.read_only
        )

    __hash__ = None

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self._name, "path": self.path, "read_only": self.read_only}

    def __setstate__(self, state: dict[str, Any]) -> None:
        type(self).__init__(self, state["name"], path=state["path"], read_only=state["read_only"])
