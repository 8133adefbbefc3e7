"""The conformance suite of stores: subclass `StoreTests` and say how your store is made.

The tests and fixtures that are coroutines are run by the pytest plugin of this package, so none for asyncio is needed;
one that is there, in its automatic mode, runs them instead. Needs the package ``pytest``.
"""

from __future__ import annotations

import os
import pickle
import time
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Generic, Literal, TypeVar

import pytest

from terrazzo.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
    SupportsSyncStore,
)
from terrazzo.buffer.base import Buffer
from terrazzo.runtime import offload, run_inline, run_on_loop
from terrazzo.testing.store_checks import CHECKS, Check
from terrazzo.testing.store_samples import PROTOTYPE, everything, fetch, part_of, put, value_of
from terrazzo.testing.stores import LatencyStore
from terrazzo.testing.utils import assert_bytes_equal

__all__ = ["LatencyStore", "StoreTests", "assert_bytes_equal", "blocking", "on_the_loop"]

S = TypeVar("S", bound=Store)
B = TypeVar("B", bound=Buffer)

SECONDS = 60

DATA = b"\x01\x02\x03\x04"
CHUNK_KEYS = ("c/0", "foo/c/0.0", "foo/0/0")
each_range = pytest.mark.parametrize(
    "byte_range",
    [None, RangeByteRequest(1, 4), OffsetByteRequest(1), SuffixByteRequest(1), RangeByteRequest(10, 20)],
    ids=["none", "range", "offset", "suffix", "range-past-eof"],
)


def on_the_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine as a task of an event loop, and wait for it."""
    return run_on_loop(coroutine, SECONDS)


def blocking(store: Store, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run as a blocking caller does: on this thread where the store never waits, and else on the background loop."""
    return run_inline(coroutine) if store.inline else on_the_loop(coroutine)


class StoreTests(Generic[S, B]):
    """What every store must do. A subclass for a store says what is below, and inherits the tests.

    A test that cannot hold for a store is overridden, with the reason.

    Attributes
    ----------
    store_cls
        The class of the store.
    buffer_cls
        The class of buffers that it holds.
    drive
        Runs a coroutine to its end: ``on_the_loop``, or ``run_inline`` of ``terrazzo.runtime`` for a store that is
        inline, as blocking callers do it.

    Examples
    --------
    >>> import pytest
    >>> from terrazzo.buffer import cpu
    >>> from terrazzo.storage import MemoryStore
    >>> class TestMemoryStore(StoreTests[MemoryStore, cpu.Buffer]):
    ...     store_cls = MemoryStore
    ...     buffer_cls = cpu.Buffer
    ...
    ...     @pytest.fixture
    ...     def store_kwargs(self):
    ...         return {"store_dict": {}}
    ...
    ...     async def set(self, store, key, value):
    ...         store._store_dict[key] = value
    ...
    ...     async def get(self, store, key):
    ...         return store._store_dict[key]
    """

    store_cls: type[S]
    buffer_cls: type[B]
    drive: Callable[[Coroutine[Any, Any, Any]], Any] = staticmethod(on_the_loop)

    # -- what a subclass says

    async def set(self, store: S, key: str, value: Buffer) -> None:
        """Put a value where the store keeps it, past the store itself where that is possible."""
        await store.set(key, value)

    async def get(self, store: S, key: str) -> Buffer:
        """Take a value from where the store keeps it, past the store itself where that is possible."""
        value = await store.get(key, PROTOTYPE)
        assert value is not None
        return value

    @pytest.fixture
    def store_kwargs(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Arguments for the class of the store; for a new, empty one each time."""
        raise NotImplementedError(f"{type(self).__name__} must have a fixture `store_kwargs`")

    @pytest.fixture
    def open_kwargs(self, store_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments for ``open`` of the class of the store."""
        return store_kwargs

    @pytest.fixture(autouse=True)
    def _stores_are_closed(self) -> Iterator[None]:
        self._stores: list[S] = []
        yield
        for store in self._stores:
            store.close()

    @pytest.fixture
    async def store(self, open_kwargs: dict[str, Any]) -> S:
        """A store that is open, empty and can be written; it is closed after the test."""
        self._stores.append(await self.store_cls.open(**open_kwargs))
        return self._stores[-1]

    @pytest.fixture
    async def store_not_open(self, store_kwargs: dict[str, Any]) -> S:
        """A store that nobody has opened; it is closed after the test."""
        self._stores.append(self.store_cls(**store_kwargs))
        return self._stores[-1]

    # -- the contract

    @pytest.mark.parametrize("check", CHECKS, ids=[check.__name__ for check in CHECKS])
    async def test_the_contract_is_kept(self, store: S, check: Check) -> None:
        await check(store)

    def test_the_child_of_a_fork_reads_and_writes(self, store: S) -> None:
        """Faults AS-01: a store that was used, also from several threads, works in the child."""
        if not hasattr(os, "fork"):
            return
        on_the_loop(put(store, "before"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which is what is tested
            child = os.fork()
        if child == 0:
            status = 1
            try:
                assert blocking(store, fetch(store, "before")) == b"before"
                if not store.read_only:
                    blocking(store, put(store, "child"))
                    assert blocking(store, fetch(store, "child")) == b"child"
                status = 0
            finally:
                os._exit(status)
        assert _status_of(child) == 0
        assert on_the_loop(fetch(store, "before")) == b"before"

    # -- the names of zarr-python's suite

    def test_store_type(self, store: S) -> None:
        assert isinstance(store, Store)
        assert isinstance(store, self.store_cls)

    def test_store_eq(self, store: S, store_kwargs: dict[str, Any]) -> None:
        other = self.store_cls(**store_kwargs)
        try:
            assert store == store
            assert store == other
        finally:
            other.close()

    async def test_serializable_store(self, store: S) -> None:
        copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
        assert copy == store or type(copy) is type(store)
        assert copy.read_only == store.read_only
        await copy.set("foo", self.buffer_cls.from_bytes(DATA))
        assert_bytes_equal(await copy.get("foo", PROTOTYPE), DATA)

    def test_store_repr(self, store: S) -> None:
        assert type(store).__name__ in repr(store)

    def test_store_read_only(self, store: S) -> None:
        assert not store.read_only
        with pytest.raises(AttributeError):
            store.read_only = False  # type: ignore[misc] # that is what is tested

    @pytest.mark.parametrize("read_only", [True, False])
    async def test_store_open_read_only(self, open_kwargs: dict[str, Any], read_only: bool) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": read_only})
        with store:
            assert store.read_only is read_only

    async def test_store_context_manager(self, open_kwargs: dict[str, Any]) -> None:
        with await self.store_cls.open(**open_kwargs) as store:
            assert store._is_open
            await store.set("foo", self.buffer_cls.from_bytes(DATA))
        assert not store._is_open

    async def test_read_only_store_raises(self, open_kwargs: dict[str, Any]) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": True})
        with store:
            await self._refuses_to_write(store)

    async def test_with_read_only_store(self, open_kwargs: dict[str, Any]) -> None:
        store = await self.store_cls.open(**{**open_kwargs, "read_only": True})
        with store:
            writer = store.with_read_only(read_only=False)
            assert not writer.read_only
            assert store.read_only
            await writer.set("foo", self.buffer_cls.from_bytes(DATA))
            assert_bytes_equal(await writer.get("foo", PROTOTYPE), DATA)
            await writer.delete("foo")
            await self._refuses_to_write(writer.with_read_only(read_only=True))
            writer.close()

    async def _refuses_to_write(self, store: Store) -> None:
        value = self.buffer_cls.from_bytes(DATA)
        assert store.read_only
        with pytest.raises(ValueError, match="read-only"):
            await store.set("foo", value)
        with pytest.raises(ValueError, match="read-only"):
            await store.set_if_not_exists("foo", value)
        with pytest.raises(ValueError, match="read-only"):
            await store.delete("foo")

    def test_store_supports_writes(self, store: S) -> None:
        assert store.supports_writes

    def test_store_supports_partial_writes(self, store: S) -> None:
        assert not store.supports_partial_writes

    def test_store_supports_listing(self, store: S) -> None:
        assert store.supports_listing

    @pytest.mark.parametrize("key", CHUNK_KEYS)
    @pytest.mark.parametrize(
        ("data", "byte_range"),
        [
            (DATA, None),
            (DATA, RangeByteRequest(1, 4)),
            (DATA, OffsetByteRequest(1)),
            (DATA, SuffixByteRequest(1)),
            (b"", None),
        ],
    )
    async def test_get(self, store: S, key: str, data: bytes, byte_range: ByteRequest | None) -> None:
        await self.set(store, key, self.buffer_cls.from_bytes(data))
        assert_bytes_equal(await store.get(key, PROTOTYPE, byte_range), part_of(data, byte_range))

    async def test_get_not_open(self, store_not_open: S) -> None:
        assert await store_not_open.get("foo", PROTOTYPE) is None

    async def test_set_not_open(self, store_not_open: S) -> None:
        await store_not_open.set("foo", self.buffer_cls.from_bytes(DATA))
        assert_bytes_equal(await self.get(store_not_open, "foo"), DATA)

    async def test_get_raises(self, store: S) -> None:
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        for byte_range in ((0, 2), 1, "0-2", slice(0, 2)):
            with pytest.raises((TypeError, ValueError), match="byte"):
                await store.get("foo", PROTOTYPE, byte_range)  # type: ignore[arg-type] # that is what is tested

    async def test_get_many(self, store: S) -> None:
        for key in CHUNK_KEYS:
            await self.set(store, key, self.buffer_cls.from_bytes(key.encode()))
        requests = [(key, PROTOTYPE, None) for key in CHUNK_KEYS]
        found = {key: value async for key, value in store._get_many(requests)}
        assert sorted(found) == sorted(CHUNK_KEYS)
        for key, value in found.items():
            assert_bytes_equal(value, key.encode())

    @pytest.mark.parametrize("key", ["zarr.json", *CHUNK_KEYS])
    @pytest.mark.parametrize("data", [DATA, b""])
    async def test_set(self, store: S, key: str, data: bytes) -> None:
        await store.set(key, self.buffer_cls.from_bytes(data))
        assert_bytes_equal(await self.get(store, key), data)

    async def test_set_many(self, store: S) -> None:
        await store._set_many((key, self.buffer_cls.from_bytes(key.encode())) for key in CHUNK_KEYS)
        for key in CHUNK_KEYS:
            assert_bytes_equal(await self.get(store, key), key.encode())

    async def test_set_if_not_exists(self, store: S) -> None:
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        await store.set_if_not_exists("foo", self.buffer_cls.from_bytes(b"other"))
        await store.set_if_not_exists("bar", self.buffer_cls.from_bytes(b"first"))
        assert_bytes_equal(await self.get(store, "foo"), DATA)
        assert_bytes_equal(await self.get(store, "bar"), b"first")

    @pytest.mark.parametrize(
        "key_ranges",
        [
            [],
            [("zarr.json", RangeByteRequest(0, 2))],
            [("c/0", RangeByteRequest(0, 2)), ("zarr.json", None)],
            [("c/0/0", RangeByteRequest(0, 2)), ("c/0/1", SuffixByteRequest(2)), ("c/0/2", OffsetByteRequest(2))],
        ],
    )
    async def test_get_partial_values(self, store: S, key_ranges: list[tuple[str, ByteRequest | None]]) -> None:
        for key, _ in key_ranges:
            await self.set(store, key, self.buffer_cls.from_bytes(key.encode() * 2))
        found = await store.get_partial_values(PROTOTYPE, key_ranges)
        assert len(found) == len(key_ranges)
        for (key, byte_range), value in zip(key_ranges, found, strict=True):
            assert_bytes_equal(value, part_of(key.encode() * 2, byte_range))

    async def test_exists(self, store: S) -> None:
        assert not await store.exists("foo/zarr.json")
        await self.set(store, "foo/zarr.json", self.buffer_cls.from_bytes(b"bar"))
        assert await store.exists("foo/zarr.json")
        assert not await store.exists("foo")

    async def test_delete(self, store: S) -> None:
        await self.set(store, "foo/zarr.json", self.buffer_cls.from_bytes(b"bar"))
        await store.delete("foo/zarr.json")
        assert await store.get("foo/zarr.json", PROTOTYPE) is None

    async def test_delete_nonexistent_key_does_not_raise(self, store: S) -> None:
        await store.delete("nonexistent/key")
        assert not await store.exists("nonexistent/key")

    async def test_delete_dir(self, store: S) -> None:
        for key in ("zarr.json", "foo-bar/zarr.json", "foo/zarr.json", "foo/c/0"):
            await self.set(store, key, self.buffer_cls.from_bytes(b"bar"))
        await store.delete_dir("foo")
        assert sorted(await everything(store.list())) == ["foo-bar/zarr.json", "zarr.json"]

    async def test_is_empty(self, store: S) -> None:
        assert await store.is_empty("")
        await self.set(store, "foo/bar", self.buffer_cls.from_bytes(b"bar"))
        assert not await store.is_empty("")
        assert not await store.is_empty("foo")
        assert await store.is_empty("fo")
        assert await store.is_empty("spam")

    async def test_clear(self, store: S) -> None:
        await self.set(store, "key", self.buffer_cls.from_bytes(DATA))
        await store.clear()
        assert await store.is_empty("")

    async def test_list(self, store: S) -> None:
        keys = [f"foo/c/{number}" for number in range(10)]
        for key in ["foo/zarr.json", *keys]:
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        assert sorted(await everything(store.list())) == sorted(["foo/zarr.json", *keys])

    async def test_list_prefix(self, store: S) -> None:
        keys = [f"{prefix}c/{number}" for prefix in ("", "foo/", "foobar/") for number in range(3)]
        for key in keys:
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        for prefix in ("", "c/", "foo", "foo/", "foob"):
            found = await everything(store.list_prefix(prefix))
            assert sorted(found) == sorted(key for key in keys if key.startswith(prefix))

    async def test_list_empty_path(self, store: S) -> None:
        keys = ("foo/bar/zarr.json", "foo/zarr.json", "zarr.json")
        for key in keys:
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        assert sorted(await everything(store.list_prefix(""))) == sorted(keys)
        assert sorted(await everything(store.list_dir(""))) == ["foo", "zarr.json"]

    async def test_list_dir(self, store: S) -> None:
        assert await everything(store.list_dir("foo")) == []
        for key in ("foo/zarr.json", "foo/group-1/zarr.json", "foo/group-2/c/0", "foo-2/zarr.json"):
            await self.set(store, key, self.buffer_cls.from_bytes(DATA))
        for prefix in ("foo", "foo/"):
            assert sorted(await everything(store.list_dir(prefix))) == ["group-1", "group-2", "zarr.json"]

    @pytest.mark.parametrize("key", CHUNK_KEYS)
    @pytest.mark.parametrize("data", [DATA, b""])
    async def test_getsize(self, store: S, key: str, data: bytes) -> None:
        await self.set(store, key, self.buffer_cls.from_bytes(data))
        assert await store.getsize(key) == len(data)

    async def test_getsize_prefix(self, store: S) -> None:
        for number in range(5):
            await self.set(store, f"c/{number}", self.buffer_cls.from_bytes(DATA))
        assert await store.getsize_prefix("c") == 5 * len(DATA)

    async def test_getsize_raises(self, store: S) -> None:
        with pytest.raises(FileNotFoundError):
            await store.getsize("not-a-real-key")

    # -- without coroutines

    def _sync(self, store: Store) -> SupportsSyncStore | None:
        """The store, if it can be used without coroutines; not every store can."""
        return store if isinstance(store, SupportsSyncStore) else None

    def test_get_sync(self, store: S) -> None:
        if sync := self._sync(store):
            on_the_loop(self.set(store, "foo", self.buffer_cls.from_bytes(DATA)))
            assert_bytes_equal(sync.get_sync("foo"), DATA)

    def test_get_sync_missing(self, store: S) -> None:
        if sync := self._sync(store):
            assert sync.get_sync("foo") is None

    @each_range
    async def test_get_sync_byte_range_parity(self, store: S, byte_range: ByteRequest | None) -> None:
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        wanted = await store.get("foo", PROTOTYPE, byte_range)
        if sync := self._sync(store):
            found = await offload(sync.get_sync, "foo", prototype=PROTOTYPE, byte_range=byte_range)
            assert_bytes_equal(found, wanted)

    def test_set_sync(self, store: S) -> None:
        if sync := self._sync(store):
            sync.set_sync("foo", self.buffer_cls.from_bytes(DATA))
            assert_bytes_equal(on_the_loop(self.get(store, "foo")), DATA)

    @pytest.mark.parametrize("direction", ["set_async_get_sync", "set_sync_get_async"])
    async def test_sync_async_set_get_parity(
        self, store: S, direction: Literal["set_async_get_sync", "set_sync_get_async"]
    ) -> None:
        value = value_of(DATA)
        if sync := self._sync(store):
            if direction == "set_async_get_sync":
                await store.set("foo", value)
                assert_bytes_equal(await offload(sync.get_sync, "foo"), DATA)
            else:
                await offload(sync.set_sync, "foo", value)
                assert_bytes_equal(await store.get("foo", PROTOTYPE), DATA)

    def test_delete_sync(self, store: S) -> None:
        if sync := self._sync(store):
            on_the_loop(self.set(store, "foo", self.buffer_cls.from_bytes(DATA)))
            sync.delete_sync("foo")
            assert sync.get_sync("foo") is None

    def test_delete_sync_missing(self, store: S) -> None:
        if sync := self._sync(store):
            sync.delete_sync("missing")
            assert sync.get_sync("missing") is None

    async def test_delete_sync_visible_to_async_get(self, store: S) -> None:
        await self.set(store, "foo", self.buffer_cls.from_bytes(DATA))
        if sync := self._sync(store):
            await offload(sync.delete_sync, "foo")
            assert await store.get("foo", PROTOTYPE) is None


def _status_of(child: int) -> int:
    """The exit status of a child, which is killed when it hangs."""
    for _ in range(1000):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9
