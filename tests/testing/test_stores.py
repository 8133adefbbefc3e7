import asyncio
import errno
import itertools
import pickle
import threading

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import RangeByteRequest, Store
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import SuspendedError
from terrazzo.runtime import run_inline
from terrazzo.settings import config
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing import StoreTests
from terrazzo.testing.stores import (
    CountingStore,
    FailingStore,
    LatencyStore,
    Request,
    SuspendingStore,
)
from tests.parallel import run_threads
from tests.storage.contract import PROTOTYPE, blocking, contract, fetch, gather_ranges, listed, put, value_of


def never(request):
    return False


def wrapped(store):
    """A store in all wrappers at once."""
    return CountingStore(SuspendingStore(LatencyStore(FailingStore(store, never))))


@contract
def test_the_contract_is_kept_through_all_wrappers(check, drive):
    store = wrapped(MemoryStore())
    drive(store, check(store))


class TestSuspendingStore(StoreTests[SuspendingStore, Buffer]):
    store_cls = SuspendingStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": LocalStore(tmp_path)}

    @pytest.fixture
    def open_kwargs(self, tmp_path):
        return {"store_cls": LocalStore, "root": tmp_path}

    async def set(self, store, key, value):
        await store._store.set(key, value)

    async def get(self, store, key):
        return await store._store.get(key, PROTOTYPE)


class TestCountingStore(TestSuspendingStore):
    store_cls = CountingStore
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore({})}

    @pytest.fixture
    def open_kwargs(self, store_kwargs):
        return {"store_cls": MemoryStore, "store_dict": store_kwargs["store"]._store_dict}


def nth(number):
    """Decides that one operation fails: the `number`-th, from 1."""
    asked = itertools.count(1)
    return lambda request: next(asked) == number


async def use_everything(store: Store) -> None:
    """Every operation of the contract, each once."""
    await store.set("a/b", value_of(b"0123"))
    await store.get("a/b", PROTOTYPE)
    await store.get("a/b", PROTOTYPE, RangeByteRequest(0, 1))
    await store.get_partial_values(PROTOTYPE, [("a/b", None), ("c", None)])
    await store.get_into("a/b", memoryview(bytearray(4)))
    await gather_ranges(store, "a/b", [RangeByteRequest(0, 1), RangeByteRequest(2, 3)], max_gap_bytes=0)
    await store.set_if_not_exists("c", value_of(b"4"))
    await store.exists("c")
    await store.getsize("c")
    await store.getsize_prefix("a")
    await listed(store)
    async for _ in store.list_prefix("a"):
        pass
    async for _ in store.list_dir("a"):
        pass
    await store.is_empty("a")
    await store.delete("c")
    await store.delete_dir("a")
    await store.clear()


EVERYTHING = [
    Request("set", "a/b"),
    Request("get", "a/b"),
    Request("get", "a/b", RangeByteRequest(0, 1)),
    Request("get", "a/b"),
    Request("get", "c"),
    Request("get", "a/b"),
    Request("get", "a/b", RangeByteRequest(0, 1)),
    Request("get", "a/b", RangeByteRequest(2, 3)),
    Request("set_if_not_exists", "c"),
    Request("exists", "c"),
    Request("getsize", "c"),
    Request("getsize_prefix", "a"),
    Request("list", ""),
    Request("list_prefix", "a"),
    Request("list_dir", "a"),
    Request("is_empty", "a"),
    Request("delete", "c"),
    Request("delete_dir", "a"),
    Request("clear", ""),
]


def test_every_operation_is_recorded(driven):
    store = CountingStore(driven(MemoryStore()))
    blocking(store, use_everything(store))
    assert store.requests == EVERYTHING
    assert store.counts["get"] == 7
    assert store.keys("set") == ["a/b"]
    store.reset()
    assert store.requests == []


def test_a_read_only_counter_adds_to_the_same_record():
    store = CountingStore(MemoryStore())
    reader = store.with_read_only(True)
    run_inline(fetch(reader, "a"))
    assert store.requests == [Request("get", "a")]


def test_the_ranges_that_reach_a_store_are_recorded():
    store = CountingStore(MemoryStore())
    run_inline(store.set("a", value_of(bytes(100))))
    store.reset()
    wanted = [RangeByteRequest(0, 10), RangeByteRequest(12, 20), RangeByteRequest(60, 70)]
    run_inline(gather_ranges(store, "a", wanted, max_gap_bytes=5))
    assert [request.byte_range for request in store.requests] == [RangeByteRequest(0, 20), RangeByteRequest(60, 70)]


def test_a_suspending_store_suspends_in_every_operation():
    inner = CountingStore(MemoryStore())
    store = SuspendingStore(inner)
    assert not store.inline
    assert inner.inline
    operations = [
        lambda: store.get("a", PROTOTYPE),
        lambda: store.get_into("a", memoryview(bytearray(1))),
        lambda: store.get_partial_values(PROTOTYPE, [("a", None)]),
        lambda: gather_ranges(store, "a", [None]),
        lambda: store.exists("a"),
        lambda: store.getsize("a"),
        lambda: store.getsize_prefix("a"),
        lambda: store.set("a", value_of(b"x")),
        lambda: store.set_if_not_exists("a", value_of(b"x")),
        lambda: store.delete("a"),
        lambda: store.delete_dir("a"),
        store.clear,
        lambda: listed(store),
        lambda: _first(store.list_prefix("")),
        lambda: _first(store.list_dir("")),
        lambda: store.is_empty(""),
    ]
    for operation in operations:
        with pytest.raises(SuspendedError):
            run_inline(operation())
    assert inner.requests == []


async def _first(keys):
    return await anext(keys)


def test_the_nth_operation_fails_and_does_nothing(driven):
    for position in range(len(EVERYTHING)):
        inner = CountingStore(driven(MemoryStore()))
        store = FailingStore(inner, nth(position + 1))
        with pytest.raises(OSError, match="simulated") as caught:
            blocking(store, use_everything(store))
        assert caught.value.errno == errno.EIO
        assert caught.value.filename == EVERYTHING[position].key
        assert inner.requests == EVERYTHING[:position]
        assert store.asked == position + 1


def test_a_failing_store_raises_what_it_was_given():
    store = FailingStore(
        MemoryStore(), lambda request: request.key == "bad", lambda request: PermissionError(errno.EACCES, request.key)
    )
    run_inline(put(store, "good"))
    with pytest.raises(PermissionError, match="bad"):
        run_inline(put(store, "bad"))
    reader = store.with_read_only(True)
    with pytest.raises(PermissionError, match="bad"):
        run_inline(fetch(reader, "bad"))
    assert run_inline(fetch(reader, "good")) == b"good"


def test_latency_lets_others_run_meanwhile():
    store = LatencyStore(MemoryStore(), get_latency=0.05, set_latency=0.0)

    async def use():
        await put(store, *map(str, range(20)))
        order = []

        async def read():
            await fetch(store, "0")
            order.append("read")

        async def tick():
            await asyncio.sleep(0)
            order.append("tick")

        await asyncio.gather(read(), tick())
        return order

    assert asyncio.run(use()) == ["tick", "read"]
    assert not store.inline


def test_64_threads_send_no_more_requests_at_once_than_the_budget_has():
    memory = MemoryStore()
    terrazzo.create_array(memory, data=np.arange(64), chunks=4)
    store = LatencyStore(memory, get_latency=0.002)
    budget = store.budget
    with config.set({"async.requests": 6}):
        array = terrazzo.open_array(store)
        results = run_threads(*[lambda: array[:]] * 64)
    assert all(np.array_equal(result, np.arange(64)) for result in results)
    assert (budget.most, budget.used) == (6, 0)
    assert LatencyStore(memory).budget is budget


@pytest.mark.parametrize(
    ("operation", "latency"),
    [("get", 1.5), ("exists", 1.5), ("list", 1.5), ("set", 2.5), ("set_if_not_exists", 2.5), ("delete_dir", 2.5)],
)
def test_reading_and_writing_have_their_own_latency(operation, latency, monkeypatch):
    waited = []

    async def pause(seconds):
        waited.append(seconds)

    monkeypatch.setattr("terrazzo.testing.stores.pause", pause)
    store = LatencyStore(MemoryStore(), get_latency=1.5, set_latency=2.5).with_read_only(False)
    run_inline(store.before(Request(operation, "a")))
    assert waited == [latency]


def test_wrappers_of_wrappers_survive_pickling(tmp_path):
    store = wrapped(LocalStore(tmp_path))
    blocking(store, put(store, "a"))
    copy = pickle.loads(pickle.dumps(store))
    assert copy == store
    assert blocking(copy, fetch(copy, "a")) == b"a"
    assert copy.counts == {"set": 1, "get": 1}


def test_operations_of_many_threads_are_all_recorded():
    store = CountingStore(MemoryStore())
    threads = [
        threading.Thread(target=lambda name=name: run_inline(put(store, *(f"{name}/{key}" for key in range(50)))))
        for name in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.counts["set"] == 200
