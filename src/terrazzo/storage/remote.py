"""What stores behind a network share: a budget of requests, repetition of what may pass, and clear errors."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import Any, TypeAlias, TypeVar
from weakref import WeakValueDictionary

from terrazzo.abc.store import ByteRequest, Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import StoreError, quote
from terrazzo.runtime import Budget, SharedResults, map_concurrent, pause, run_inline, run_on_loop
from terrazzo.runtime.mutex import Mutex
from terrazzo.settings import current_options
from terrazzo.storage.failures import Failure, failure_of, safe_cause, scrub

__all__ = ["RemoteStore", "check_buffer"]

R = TypeVar("R")

FIRST_WAIT = 0.1
LONGEST_WAIT = 15.0
"""Seconds between two attempts: a random time up to the first, doubled each time, up to the longest."""


WRITES = frozenset({"set", "set_if_not_exists", "set_if_version", "delete"})

Answer: TypeAlias = tuple[Any, Exception | None]

documents: SharedResults[Answer] = SharedResults(0, lambda answer: None)
"""Metadata documents that are being read: whoever asks meanwhile gets the same answer. None are kept."""


def most_connections() -> int:
    """Half as many as files may be open: where few may, as by default on macOS, a burst of requests takes no more."""
    try:
        import resource  # not on every system
    except ImportError:
        return sys.maxsize
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else max(1, limit // 2)


class _Site:
    """What all handles on the same values share in this process.

    Attributes
    ----------
    budget
        How many requests may be under way.
    last_write
        Stands for the write that ended last; another object for each.
    """

    def __init__(self) -> None:
        most = most_connections()
        self.budget = Budget(lambda: min(current_options().requests, most))
        self.last_write = object()

    @staticmethod
    def of(identity: Hashable) -> _Site:
        with _sites_guard:
            return _sites.setdefault(identity, _Site())


_sites_guard = Mutex()
_sites: WeakValueDictionary[Hashable, _Site] = WeakValueDictionary()


class RemoteStore(Store):
    """A store whose operations are requests to a server."""

    supports_writes: bool = True
    supports_deletes: bool = True
    supports_listing: bool = True

    def _secrets(self) -> tuple[str, ...]:
        """Texts that no message may show."""
        return ()

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state.pop("_site", None)
        return state

    def _shared(self) -> _Site:
        site: _Site | None = self.__dict__.get("_site")
        if site is None:
            site = self.__dict__["_site"] = _Site.of(self.lock_identity)
        return site

    @property
    def budget(self) -> Budget:
        """How many requests may be under way, of all handles on these values in this process."""
        return self._shared().budget

    async def _share(self, key: str, read: Callable[[], Awaitable[R]]) -> R:
        """Read a metadata document, or wait for somebody who is at it, and has not begun before the last write."""

        async def answer() -> Answer:
            try:
                return await read(), None
            except Exception as error:  # noqa: BLE001 - everyone who waits for the answer gets it
                return None, error

        found: R
        found, error = await documents.get(self.lock_identity, key, self._shared().last_write, answer, keeps=False)
        if error is not None:
            raise error
        return found

    async def _ask(self, op: str, key: str, call: Callable[[], Awaitable[R]]) -> R:
        """Make a request, again if it fails for a reason that may pass.

        Parameters
        ----------
        call
            Makes one attempt; whatever it does may be done twice.

        Raises
        ------
        FileNotFoundError
            There is no such key.
        StoreError
            The request failed, for good or too often.
        """
        if op in WRITES:
            try:
                return await self._ask_on(op, key, call)
            finally:
                self._shared().last_write = object()
        return await self._ask_on(op, key, call)

    async def _ask_on(self, op: str, key: str, call: Callable[[], Awaitable[R]]) -> R:
        if self.inline:  # nothing there that may pass
            return await self._attempt(op, key, call)
        retry = current_options().retry
        started = time.monotonic()
        attempts = 0
        wait = FIRST_WAIT
        while True:
            try:
                async with self.budget:
                    return await call()
            except Exception as error:
                failure = failure_of(error)
                if failure is None:
                    raise
                failed = error
            self._check_absent(failed, failure, key)
            attempts += failure.attempts
            now = random.uniform(0, wait) if failure.retry_after is None else failure.retry_after  # noqa: S311
            elapsed = time.monotonic() - started
            if not failure.is_passing or attempts >= retry.max_attempts or elapsed + now > retry.max_seconds:
                raise self._error(failed, failure, op, key, attempts, elapsed)
            await pause(now)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _attempt(self, op: str, key: str, call: Callable[[], Awaitable[R]]) -> R:
        try:
            return await call()
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            failed = error
        self._check_absent(failed, failure, key)
        raise self._error(failed, failure, op, key, 1, 0.0)

    def _check_absent(self, failed: Exception, failure: Failure, key: str) -> None:
        if failure.is_absent:
            raise failed if isinstance(failed, FileNotFoundError) else FileNotFoundError(f"{self} has no key {key!r}")

    def _error(
        self, failed: Exception, failure: Failure, op: str, key: str, attempts: int, seconds: float
    ) -> StoreError:
        """What failed, where and why. Raised when the error is not being handled any more, and so not its context."""
        secrets = self._secrets()
        said = scrub(str(failed), secrets).split("\n\nDebug source")[0]
        text = f"{self}: {op} of {quote(key)} failed"
        if failure.status is not None:
            text += f" with status {failure.status}"
        if failure.is_passing:
            text += f", after {attempts} attempt{'s' * (attempts > 1)} in {seconds:.1f} s"
            if failure.retry_after is not None:
                text += f"; the server asks to wait {failure.retry_after:.0f} s"
        text += f": {type(failed).__name__}: {' '.join(said.split())[:500]}"
        error = failure.error(
            scrub(text, secrets),
            errno=failure.number or getattr(failed, "errno", None),
            op=op,
            retryable=failure.is_passing,
            attempts=attempts,
            store=str(self),
            key=key,
        )
        error.__cause__ = safe_cause(failed, secrets)
        return error

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
        return self._drive(self.get(key, prototype or default_buffer_prototype(), byte_range))

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a value."""
        self._drive(self.set(key, value))

    def delete_sync(self, key: str) -> None:
        """Delete a value; nothing happens when there is none."""
        self._drive(self.delete(key))

    def _drive(self, coroutine: Coroutine[Any, Any, R]) -> R:
        return run_inline(coroutine) if self.inline else run_on_loop(coroutine)


def check_buffer(value: object) -> memoryview:
    """The bytes of a value.

    Raises
    ------
    TypeError
        It is no buffer.
    """
    if not isinstance(value, Buffer):
        raise TypeError(f"a store holds instances of Buffer, got {quote(value)} of type {type(value).__name__}")
    return memoryview(value.as_buffer_like())
