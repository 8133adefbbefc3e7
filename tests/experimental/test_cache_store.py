import asyncio
import inspect
import logging
import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import RangeByteRequest, Store
from terrazzo.buffer.cpu import Buffer
from terrazzo.experimental.cache_store import CacheStore
from terrazzo.runtime import pause, run_inline
from terrazzo.storage import FsspecStore, LocalStore, LoggingStore, MemoryStore
from terrazzo.testing import StoreTests
from terrazzo.testing.stores import CountingStore, FailingStore, HookedStore, LatencyStore
from tests.storage.contract import PROTOTYPE, blocking, fetch, listed, put, value_of
from tests.storage.model import machine


class TestAroundLocal(StoreTests[CacheStore, Buffer]):
    store_cls = CacheStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": LocalStore(tmp_path / "data"), "cache_store": LocalStore(tmp_path / "cache")}

    @pytest.fixture
    def store(self, store_kwargs):
        return CacheStore(**store_kwargs)

    async def set(self, store, key, value):
        await store._store.set(key, value)

    async def get(self, store, key):
        return await store._store.get(key, PROTOTYPE)

    @pytest.fixture
    def open_kwargs(self, store_kwargs):
        return store_kwargs

    @pytest.mark.parametrize("read_only", [True, False])
    async def test_store_open_read_only(self, store, read_only):
        """A wrapper is opened with the class of the store inside, and has no room for the other one."""
        assert store.with_read_only(read_only).read_only is read_only

    async def test_store_context_manager(self, store):
        with store:
            await put(store, "a")
        assert not store._is_open

    async def test_read_only_store_raises(self, store):
        await self._refuses_to_write(store.with_read_only(True))

    async def test_with_read_only_store(self, store):
        reader = store.with_read_only(True)
        await put(reader.with_read_only(False), "a")
        assert await fetch(reader, "a") == b"a"


class TestAroundMemory(TestAroundLocal):
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore(), "cache_store": MemoryStore(), "max_size": 100}


def small(folder):
    return CacheStore(LocalStore(folder), cache_store=MemoryStore(), max_size=60)


TestAgainstADictionary = machine(small, blocking, 6)
TestAgainstADictionaryUncachedWrites = machine(
    lambda folder: CacheStore(MemoryStore(), cache_store=MemoryStore(), cache_set_data=False), blocking, 4
)


def counted(**kwargs):
    """A store, what it is asked for, and the cache in front of it."""
    source = CountingStore(MemoryStore())
    return source, CacheStore(source, cache_store=MemoryStore(), **kwargs)


def test_every_operation_minds_the_cache():
    operations = {
        name
        for name, member in vars(Store).items()
        if (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member)) and not name.startswith("_")
    }
    asks_only = {"exists", "getsize", "getsize_prefix", "is_empty", "version", "open", "get_versioned"}
    assert not operations - asks_only - set(vars(CacheStore))


def test_a_value_is_read_once():
    source, store = counted()
    run_inline(put(source, "a"))
    for _ in range(3):
        assert run_inline(fetch(store, "a")) == b"a"
        assert run_inline(fetch(store, "a", RangeByteRequest(0, 1))) == b"a"
        assert run_inline(store.get_into("a", memoryview(bytearray(1)))) == 1
    assert source.keys("get") == ["a"]
    assert store.cache_stats() == {
        "hits": 8,
        "misses": 1,
        "evictions": 0,
        "total_requests": 9,
        "hit_rate": 8 / 9,
    }
    info = store.cache_info()
    assert (info["current_size"], info["tracked_keys"], info["cache_store_type"]) == (1, 1, "MemoryStore")
    run_inline(store.clear_cache())
    assert store.cache_info()["tracked_keys"] == store.cache_stats()["total_requests"] == 0
    assert run_inline(listed(store._cache)) == []


def test_what_is_written_is_read_from_the_cache_if_that_is_wanted():
    source, store = counted()
    run_inline(put(store, "a"))
    assert run_inline(fetch(store, "a")) == b"a"
    assert source.keys("get") == []
    source, store = counted(cache_set_data=False)
    run_inline(put(store, "a"))
    assert run_inline(fetch(store, "a")) == b"a"
    assert source.keys("get") == ["a"]


def test_the_bound_is_kept_and_the_least_recently_used_make_room():
    _, store = counted(max_size=10)
    for key in ("a", "b", "c", "d", "e"):
        run_inline(store.set(key, value_of(key.encode() * 3)))
        run_inline(fetch(store, "a"))
        assert store.cache_info()["current_size"] <= 10
        assert run_inline(store._cache.getsize_prefix("")) == store.cache_info()["current_size"]
    assert run_inline(listed(store._cache)) == ["a", "d", "e"]
    run_inline(store.set("a", value_of(bytes(11))))
    assert run_inline(listed(store._cache)) == ["d", "e"]
    assert run_inline(fetch(store, "a")) == bytes(11)
    assert store.cache_stats()["evictions"] == 2


def test_a_value_is_used_until_it_is_too_old(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("terrazzo.experimental.cache_store.time.monotonic", lambda: now[0])
    source, store = counted(max_age_seconds=10)
    run_inline(put(store, "a"))
    run_inline(source.set("a", value_of(b"by others")))
    now[0] = 9.0
    assert run_inline(fetch(store, "a")) == b"a"
    now[0] = 10.0
    assert run_inline(fetch(store, "a")) == b"by others"


def test_many_who_ask_for_one_value_make_one_request():
    source = CountingStore(LatencyStore(MemoryStore(), get_latency=0.02))
    store = CacheStore(source, cache_store=MemoryStore())

    async def ask():
        await put(source, "a")
        return await asyncio.gather(*[fetch(store, "a") for _ in range(20)])

    assert asyncio.run(ask()) == [b"a"] * 20
    assert source.counts["get"] == 1


class Slow(HookedStore):
    """Reads what is there, and gives it late."""

    inline = False

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype, byte_range)
        for _ in range(5):
            await pause()
        return value


@pytest.mark.parametrize("change", ["set", "delete", "delete_dir", "clear", "rename_dir"])
def test_what_was_read_before_a_write_is_not_kept_after_it(change):
    store = CacheStore(Slow(MemoryStore()), cache_store=MemoryStore())

    async def race():
        await store._store.set("a/b", value_of(b"old"))
        reading = asyncio.ensure_future(fetch(store, "a/b"))
        await pause()
        if change == "set":
            await store.set("a/b", value_of(b"new"))
        elif change == "delete":
            await store.delete("a/b")
        elif change == "delete_dir":
            await store.delete_dir("a")
        elif change == "clear":
            await store.clear()
        else:
            await store.rename_dir("a", "c")
        await reading
        return await fetch(store, "a/b")

    assert asyncio.run(race()) == (b"new" if change == "set" else None)


def test_a_write_that_fails_leaves_no_old_value_in_the_cache():
    source = MemoryStore()
    failing = FailingStore(source, lambda request: request.operation in ("set", "delete", "delete_dir"))
    store = CacheStore(failing, cache_store=MemoryStore())
    run_inline(put(source, "a"))
    assert blocking(store, fetch(store, "a")) == b"a"
    with pytest.raises(OSError, match="simulated"):
        blocking(store, store.set("a", value_of(b"new")))
    assert store.cache_info()["tracked_keys"] == 0
    for attempt in (lambda: store.delete("a"), lambda: store.delete_dir("")):
        blocking(store, fetch(store, "a"))
        with pytest.raises(OSError, match="simulated"):
            blocking(store, attempt())
        run_inline(source.set("a", value_of(b"by others")))
        assert blocking(store, fetch(store, "a")) == b"by others"


@pytest.mark.parametrize("operation", ["get", "set", "delete"])
def test_errors_of_the_cache_lose_nothing(operation):
    broken = []
    cache = FailingStore(MemoryStore(), lambda request: bool(broken) and request.operation == operation)
    store = CacheStore(MemoryStore(), cache_store=cache, max_size=40)
    blocking(store, put(store, "a", "b"))
    broken.append(True)
    blocking(store, store.set("a", value_of(b"new")))
    assert blocking(store, fetch(store, "a")) == b"new"
    blocking(store, store.delete("b"))
    assert blocking(store, fetch(store, "b")) is None
    blocking(store, store.set("large", value_of(bytes(39))))
    broken.clear()
    assert blocking(store, fetch(store, "a")) == b"new"
    assert blocking(store, fetch(store, "b")) is None
    assert blocking(store, fetch(store, "large")) == bytes(39)


def test_what_a_cache_loses_is_read_again_and_never_absent():
    _, store = counted()
    run_inline(put(store, "a"))
    run_inline(store._cache.clear())
    assert run_inline(fetch(store, "a")) == b"a"


def test_handles_share_what_is_kept_and_copies_start_with_nothing():
    _, store = counted()
    run_inline(put(store, "a"))
    reader = store.with_read_only(True)
    assert run_inline(fetch(reader, "a")) == b"a"
    run_inline(store.set("a", value_of(b"new")))
    assert run_inline(fetch(reader, "a")) == b"new"
    copy = pickle.loads(pickle.dumps(store))
    assert copy.cache_info()["tracked_keys"] == 0
    assert run_inline(fetch(copy, "a")) == b"new"


def test_arguments_are_checked():
    for wrong in ({"max_age_seconds": "soon"}, {"max_age_seconds": -1}, {"max_size": -1}):
        with pytest.raises(ValueError, match="|".join(wrong)):
            counted(**wrong)
    with pytest.raises(ValueError, match="can be written"):
        CacheStore(MemoryStore(), cache_store=MemoryStore(read_only=True))


def test_an_array_is_read_through_a_cache():
    _, store = counted()
    array = terrazzo.create_array(store, data=np.arange(100), chunks=10, shards=50)
    array[5:25] = 0
    for _ in range(2):
        np.testing.assert_array_equal(terrazzo.open_array(store, mode="r")[3:27], [3, 4, *[0] * 20, 25, 26])


def test_a_change_and_a_creation_do_not_wait_for_one_another():
    inner = FsspecStore.from_url("memory://behind-a-cache")  # which locks a key to create a value
    store = CacheStore(inner, cache_store=MemoryStore())

    async def use():
        async with store.lock("a"):
            creating = asyncio.create_task(store.set_if_not_exists("a", value_of(b"new")))
            await asyncio.sleep(0.02)
            assert await asyncio.wait_for(fetch(store, "a"), 5) is None
        await creating
        assert await fetch(store, "a") == b"new"

    asyncio.run(use())


def test_nothing_stays_in_the_cache_that_is_not_counted(tmp_path):
    kept = MemoryStore()
    store = CacheStore(LocalStore(tmp_path), cache_store=kept)
    run_inline(put(store, "a/b", "c"))
    assert run_inline(store.rename_dir("a", "d"))
    assert run_inline(listed(kept)) == []
    assert run_inline(fetch(store, "d/b")) is not None
    run_inline(store.set_if_not_exists("d/b", value_of(b"new")))
    assert run_inline(listed(kept)) == []
    assert store.cache_info()["current_size"] == 0


def test_parts_that_are_not_kept_are_read_as_the_store_reads_them():
    inner = LoggingStore(MemoryStore(), log_handler=logging.NullHandler())
    store = CacheStore(inner, cache_store=MemoryStore(), cache_set_data=False)
    run_inline(store.set("a", value_of(bytes(range(100)))))
    found = store.get_ranges_sync("a", [RangeByteRequest(2, 4), RangeByteRequest(90, 92)], prototype=PROTOTYPE)
    assert {position: part.to_bytes() for position, part in found} == {0: b"\2\3", 1: b"\x5a\x5b"}
    assert inner.counter["get_ranges"] == 1
