"""A wrapper that logs and counts what a store is asked for."""

from __future__ import annotations

import logging
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Hashable, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.storage.wrapper import WrapperStore

__all__ = ["LoggingStore"]

S = TypeVar("S", bound=Store)


class LoggingStore(WrapperStore[S]):
    """Says when an operation begins and ends, and counts them. It promises what the store inside does.

    Parameters
    ----------
    store
        Does the work.
    log_level
        From which level on is logged; operations are logged as INFO.
    log_handler
        Where the messages go; by default to the standard output.

    Attributes
    ----------
    counter
        How often each operation was asked for, by the name of the method.

    Examples
    --------
    >>> import logging, terrazzo
    >>> from terrazzo.storage import LoggingStore, MemoryStore
    >>> store = LoggingStore(MemoryStore(), log_handler=logging.NullHandler())
    >>> a = terrazzo.create_array(store, data=[1, 2, 3], chunks=1)
    >>> store.counter["set"]
    4
    """

    counter: defaultdict[str, int]
    _forwards_values = True

    def __init__(self, store: S, log_level: str = "DEBUG", log_handler: logging.Handler | None = None) -> None:
        super().__init__(store)
        self.counter = defaultdict(int)
        self.log_level = log_level
        self.log_handler = log_handler
        self._configure()

    def _configure(self) -> None:
        self.logger = logging.getLogger(f"LoggingStore({self._store})")
        self.logger.setLevel(self.log_level)
        if not self.logger.handlers:
            handler = self.log_handler or logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
            self.logger.addHandler(handler)

    @property
    def inline(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """Whether the store inside never waits."""
        return self._store.inline

    def _with_store(self, store: S) -> Self:
        return type(self)(store, self.log_level, self.log_handler)

    def __str__(self) -> str:
        return f"logging-{self._store}"

    def __repr__(self) -> str:
        return f"LoggingStore({type(self._store).__name__}, '{self._store}')"

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["logger"]
        return {**state, "log_handler": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._configure()

    @contextmanager
    def log(self, hint: Any = "") -> Generator[None, None, None]:
        """Log the beginning and the end of the method that calls this, and count it.

        Parameters
        ----------
        hint
            What the method was called with.
        """
        name = sys._getframe(2).f_code.co_name
        called = f"{type(self._store).__name__}.{name}({hint})"
        self.counter[name] += 1
        self.logger.info("calling %s", called)
        start = time.perf_counter()
        try:
            yield
        except BaseException as error:
            self.logger.info("failed %s: %s [%.6f s]", called, type(error).__name__, time.perf_counter() - start)
            raise
        self.logger.info("finished %s [%.6f s]", called, time.perf_counter() - start)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        with self.log(key if byte_range is None else f"{key}, {byte_range}"):
            return await self._store.get(key, prototype, byte_range)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        wanted = list(key_ranges)
        with self.log(", ".join(f"{key}: {byte_range}" for key, byte_range in wanted)):
            return await self._store.get_partial_values(prototype, wanted)

    async def get_into(self, key: str, out: memoryview) -> int | None:
        with self.log(key):
            return await self._store.get_into(key, out)

    async def get_ranges(
        self, key: str, byte_ranges: Sequence[ByteRequest | None], *, prototype: BufferPrototype, **limits: Any
    ) -> AsyncGenerator[Sequence[tuple[int, Buffer | None]], None]:
        with self.log(key):
            async for batch in self._store.get_ranges(key, byte_ranges, prototype=prototype, **limits):
                yield batch

    async def version(self, key: str) -> Hashable:
        return await self._store.version(key)

    async def exists(self, key: str) -> bool:
        with self.log(key):
            return await self._store.exists(key)

    async def getsize(self, key: str) -> int:
        with self.log(key):
            return await self._store.getsize(key)

    async def getsize_prefix(self, prefix: str) -> int:
        with self.log(prefix):
            return await self._store.getsize_prefix(prefix)

    async def is_empty(self, prefix: str = "") -> bool:
        with self.log(prefix):
            return await self._store.is_empty(prefix)

    async def set(self, key: str, value: Buffer) -> None:
        with self.log(key):
            await self._store.set(key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        with self.log(key):
            await self._store.set_if_not_exists(key, value)

    async def get_versioned(self, key: str, prototype: BufferPrototype) -> tuple[Buffer | None, Any]:
        with self.log(key):
            return await self._store.get_versioned(key, prototype)

    async def set_if_version(self, key: str, value: Buffer, version: Any) -> bool:
        with self.log(key):
            return await self._store.set_if_version(key, value, version)

    async def delete(self, key: str) -> None:
        with self.log(key):
            await self._store.delete(key)

    async def delete_dir(self, prefix: str) -> None:
        with self.log(prefix):
            await self._store.delete_dir(prefix)

    async def rename_dir(self, source: str, target: str) -> bool:
        with self.log(f"{source}, {target}"):
            return await self._store.rename_dir(source, target)

    async def clear(self) -> None:
        with self.log():
            await self._store.clear()

    async def list(self) -> AsyncIterator[str]:
        with self.log():
            async for key in self._store.list():
                yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        with self.log(prefix):
            async for key in self._store.list_prefix(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        with self.log(prefix):
            async for key in self._store.list_dir(prefix):
                yield key
