"""A store without coroutines, and other small things for state machines; needs ``hypothesis``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from hypothesis.stateful import precondition

from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.testing.store import blocking
from terrazzo.testing.store_samples import PROTOTYPE, everything

__all__ = ["SyncStoreWrapper", "split_prefix_name", "with_frequency"]

F = TypeVar("F", bound=Callable[..., Any])


def split_prefix_name(path: str) -> tuple[str, str]:
    """Cut a path behind its last slash: the parent, and the name."""
    parent, _, name = path.rpartition("/")
    return parent, name


def with_frequency(frequency: float) -> Callable[[F], F]:
    """Let a rule be chosen only this often, where it could be: 0.25 for every fourth time."""

    def decorate(function: F) -> F:
        def due(machine: Any) -> bool:
            counts = machine.__dict__.setdefault("_asked", {})
            count = counts[function] = counts.get(function, 0) + 1
            return int(count * frequency) != int((count - 1) * frequency)

        return precondition(due)(function)

    return decorate


class SyncStoreWrapper:
    """A store whose operations block, for machines, which are no coroutines.

    Parameters
    ----------
    store
        Driven on the calling thread if it is inline, and else on the background loop.
    drive
        Another way to run a coroutine of the store to its end.
    """

    def __init__(self, store: Store, drive: Callable[[Store, Coroutine[Any, Any, Any]], Any] = blocking) -> None:
        self.store = store
        self._drive = drive

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine of the store to its end."""
        return self._drive(self.store, coroutine)

    @property
    def read_only(self) -> bool:
        """As of the store."""
        return self.store.read_only

    @property
    def supports_writes(self) -> bool:
        """As of the store."""
        return self.store.supports_writes

    @property
    def supports_deletes(self) -> bool:
        """As of the store."""
        return self.store.supports_deletes

    @property
    def supports_listing(self) -> bool:
        """As of the store."""
        return self.store.supports_listing

    def get(self, key: str, prototype: BufferPrototype = PROTOTYPE) -> Buffer | None:
        """Read a value."""
        found: Buffer | None = self.run(self.store.get(key, prototype))
        return found

    def get_partial_values(
        self, key_ranges: Iterable[tuple[str, ByteRequest | None]], prototype: BufferPrototype = PROTOTYPE
    ) -> list[Buffer | None]:
        """Read parts of several values."""
        found: list[Buffer | None] = self.run(self.store.get_partial_values(prototype, key_ranges))
        return found

    def set(self, key: str, data_buffer: Buffer) -> None:
        """Write a value."""
        self.run(self.store.set(key, data_buffer))

    def exists(self, key: str) -> bool:
        """Whether there is a value."""
        return bool(self.run(self.store.exists(key)))

    def getsize_prefix(self, prefix: str) -> int:
        """Bytes of all values below a prefix."""
        return int(self.run(self.store.getsize_prefix(prefix)))

    def is_empty(self, prefix: str) -> bool:
        """Whether there is nothing below a prefix."""
        return bool(self.run(self.store.is_empty(prefix)))

    def delete(self, path: str) -> None:
        """Delete a value."""
        self.run(self.store.delete(path))

    def delete_dir(self, path: str) -> None:
        """Delete all values below a prefix."""
        self.run(self.store.delete_dir(path))

    def clear(self) -> None:
        """Delete all values."""
        self.run(self.store.clear())

    def list(self) -> Sequence[str]:
        """All keys."""
        return self._all(everything(self.store.list()))

    def list_prefix(self, prefix: str) -> Sequence[str]:
        """All keys that start so."""
        return self._all(everything(self.store.list_prefix(prefix)))

    def list_dir(self, prefix: str) -> Sequence[str]:
        """One level."""
        return self._all(everything(self.store.list_dir(prefix)))

    def _all(self, coroutine: Coroutine[Any, Any, Sequence[str]]) -> Sequence[str]:
        keys: Sequence[str] = self.run(coroutine)
        return keys
