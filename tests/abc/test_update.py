import asyncio
import logging
import multiprocessing
from functools import partial

import numpy as np
import obstore
import pytest

import terrazzo
from terrazzo.abc.store import Store
from terrazzo.abc.update import ATTEMPTS, update
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import ConcurrentWriteError
from terrazzo.experimental.cache_store import CacheStore
from terrazzo.runtime import run_on_loop
from terrazzo.storage import LoggingStore, MemoryStore, ObjectStore, WrapperStore
from terrazzo.testing.stores import CountingStore, SuspendingStore
from tests import servers
from tests.storage.contract import PROTOTYPE, blocking, fetch, value_of


class Visited(WrapperStore):
    """Somebody else, who holds no lock here, writes between reading and writing, some times."""

    def __init__(self, store, visits=()):
        super().__init__(store)
        self.visits = list(visits)

    async def get_versioned(self, key, prototype):
        found = await self._store.get_versioned(key, prototype)
        if self.visits and key != "zarr.json":
            self.visits.pop(0)(self._store.store, key)
        return found


def remote():
    return ObjectStore(obstore.store.MemoryStore())


async def plus_one(value):
    return value_of(b"%d" % (int(value.to_bytes() if value is not None else b"0") + 1))


@pytest.mark.parametrize("make", [remote, MemoryStore, lambda: SuspendingStore(MemoryStore())])
def test_a_value_is_changed(make):
    store = make()

    async def change(function):
        await update(store, "a", PROTOTYPE, function)

    async def same(value):
        return value

    async def nothing(value):
        return None

    for wanted, function in ((b"1", plus_one), (b"2", plus_one), (b"2", same), (None, nothing), (None, nothing)):
        blocking(store, change(function))
        assert blocking(store, fetch(store, "a")) == wanted


def test_a_change_is_made_again_when_somebody_was_faster():
    def add_ten(raw, key):
        value = int(bytes(obstore.get(raw, key).bytes()))
        obstore.put(raw, key, b"%d" % (value + 10))

    def make(raw, key):
        obstore.put(raw, key, b"100")

    def remove(raw, key):
        obstore.delete(raw, key)

    store = Visited(remote(), [make, add_ten, remove])
    run_on_loop(update(store, "a", PROTOTYPE, plus_one))
    assert run_on_loop(fetch(store, "a")) == b"1"
    assert not store.visits
    store.visits = [add_ten] * 5
    run_on_loop(update(store, "a", PROTOTYPE, plus_one))
    assert run_on_loop(fetch(store, "a")) == b"52"


def test_whoever_comes_too_late_every_time_is_told(monkeypatch):
    monkeypatch.setattr("terrazzo.abc.update.ATTEMPTS", 3)
    store = Visited(remote(), [lambda raw, key: obstore.put(raw, key, b"7")] * ATTEMPTS)
    with pytest.raises(ConcurrentWriteError, match=r"'a' of .* 3 times") as caught:
        run_on_loop(update(store, "a", PROTOTYPE, plus_one))
    assert caught.value.key == "a"
    assert run_on_loop(fetch(store, "a")) == b"7"


KINDS = {"chunks": {"chunks": 8}, "shards": {"chunks": 2, "shards": 8}, "zstd": {"chunks": 8, "compressors": None}}


def chunk_of(values, **layout):
    """What is stored of the only chunk of an array."""
    kept = {}
    terrazzo.create_array(
        kept, data=np.array(values, "u1"), fill_value=0, config={"write_empty_chunks": True}, **layout
    )
    return kept["c/0"].to_bytes()


@pytest.mark.parametrize("layout", KINDS.values(), ids=list(KINDS))
def test_CC_02_parts_of_a_chunk_that_others_write_meanwhile_are_not_lost(layout):
    theirs = chunk_of([0, 0, 0, 0, 0, 6, 7, 8], **layout)
    inner = remote()
    store = Visited(inner, [lambda raw, key: obstore.put(raw, key, theirs)])
    array = terrazzo.create_array(store, shape=8, dtype="u1", fill_value=0, **layout)
    array[:3] = [1, 2, 3]
    assert not store.visits
    assert terrazzo.open_array(inner)[...].tolist() == [1, 2, 3, 0, 0, 6, 7, 8]


WRAPPERS = {
    "logging": lambda store: LoggingStore(store, log_handler=logging.NullHandler()),
    "cache": lambda store: CacheStore(store, cache_store=MemoryStore()),
    "counting": CountingStore,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=list(WRAPPERS))
def test_CC_02_nothing_is_lost_through_wrappers_that_forward_values(wrap):
    theirs = chunk_of([0, 0, 7, 8], chunks=4, compressors=None)
    inner = remote()
    visited = Visited(inner, [lambda raw, key: obstore.put(raw, key, theirs)])
    store = wrap(visited)
    assert store.supports_conditional_writes
    array = terrazzo.create_array(store, shape=4, chunks=4, dtype="u1", fill_value=0, compressors=None)
    array[:2] = [1, 2]
    assert not visited.visits
    assert array[...].tolist() == terrazzo.open_array(inner)[...].tolist() == [1, 2, 7, 8]


@pytest.mark.parametrize("layout", KINDS.values(), ids=list(KINDS))
def test_CC_02_a_chunk_that_becomes_empty_is_not_deleted_below_others(layout):
    store = CountingStore(remote())
    array = terrazzo.create_array(store, shape=8, dtype="u1", fill_value=0, **layout)
    array[2:4] = [1, 2]
    store.reset()
    array[2:4] = 0
    assert store.keys("delete") == []
    assert store.keys("set_if_version") == ["c/0"]
    assert terrazzo.open_array(store)[...].tolist() == [0] * 8
    array[1:3] = 5
    array.resize(2)
    array.resize(8)
    assert array[...].tolist() == [0, 5, 0, 0, 0, 0, 0, 0]
    array[:] = 0  # nothing of it is kept: it goes
    assert store.keys("delete") == ["c/0"]


def test_CC_02_nothing_is_written_where_nothing_is_and_nothing_comes():
    store = CountingStore(remote())
    array = terrazzo.create_array(store, shape=8, chunks=8, dtype="u1", fill_value=0)
    store.reset()
    array[2:4] = 0
    assert store.keys("set_if_version") == store.keys("delete") == store.keys("set") == []


def test_a_server_that_tells_no_versions_is_written_to_all_the_same():
    store = remote()

    async def write():
        await store.set("a", value_of(b"1"))
        return await store.set_if_version("a", value_of(b"2"), {})

    assert run_on_loop(write())
    assert run_on_loop(fetch(store, "a")) == b"2"


def test_a_store_without_conditional_writes_says_so():
    store = MemoryStore()
    assert not store.supports_conditional_writes
    with pytest.raises(NotImplementedError, match="does not support conditional writes"):
        asyncio.run(store.set_if_version("a", value_of(b"1"), None))
    assert asyncio.run(store.get_versioned("a", PROTOTYPE)) == (None, None)


def test_a_wrapper_that_changes_values_has_no_conditional_writes():
    class Shouting(WrapperStore):
        async def set(self, key, value):
            await self._store.set(key, Buffer.from_bytes(value.to_bytes().upper()))

    assert WrapperStore(remote()).supports_conditional_writes
    assert not Shouting(remote()).supports_conditional_writes
    assert CountingStore(remote()).supports_conditional_writes


# -- documents


class Beside(WrapperStore):
    """Another process, which has no part in our locks, does something between reading a document and writing it."""

    def __init__(self, store, acts=()):
        super().__init__(store)
        self.acts = list(acts)

    async def get_versioned(self, key, prototype):
        found = await self._store.get_versioned(key, prototype)
        if self.acts and key.endswith((".zattrs", "zarr.json")):
            await self.acts.pop(0)(self._store.store)
        return found

    @property
    def lock_identity(self):
        return id(self)

    def lock(self, key):
        return Store.lock(self, key)


def attributes_of_another(name):
    async def act(raw):
        node = await terrazzo.api.asynchronous.open(store=ObjectStore(raw), mode="r+")
        await node.update_attributes({name: 1})

    return act


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("make", [terrazzo.create_group, partial(terrazzo.create_array, shape=1, dtype="u1")])
def test_WR_09_attributes_that_another_process_changes_meanwhile_stay(make, zarr_format):
    inner = remote()
    make(inner, zarr_format=zarr_format, attributes={"old": 0})
    store = Beside(inner, [attributes_of_another("a"), attributes_of_another("b")])
    node = terrazzo.open(store, mode="r+")
    node.attrs["mine"] = 1
    assert not store.acts
    assert dict(terrazzo.open(inner, mode="r").attrs) == {"old": 0, "a": 1, "b": 1, "mine": 1}
    assert dict(node.attrs) == {"old": 0, "a": 1, "b": 1, "mine": 1}


def test_WR_09_others_that_change_attributes_all_the_time_are_named(monkeypatch):
    monkeypatch.setattr("terrazzo.nodes.locate.ATTEMPTS", 3)
    inner = remote()
    terrazzo.create_group(inner)
    store = Beside(inner, [attributes_of_another(str(number)) for number in range(9)])
    with pytest.raises(ConcurrentWriteError, match=r"'zarr\.json' of .* since it was read"):
        terrazzo.open_group(store, mode="r+").attrs["mine"] = 1
    assert "mine" not in terrazzo.open_group(inner, mode="r").attrs


def test_WR_08_a_shape_is_not_written_over_what_another_process_has_changed():
    inner = remote()
    terrazzo.create_array(inner, shape=4, dtype="u1")
    store = Beside(inner, [attributes_of_another("a")])
    array = terrazzo.open_array(store, mode="r+")
    with pytest.raises(ConcurrentWriteError, match=r"'zarr\.json'"):
        array.resize(8)
    assert array.shape == (4,)
    found = terrazzo.open_array(inner, mode="r")
    assert (found.shape, dict(found.attrs)) == ((4,), {"a": 1})
    array.resize(8)
    assert terrazzo.open_array(inner, mode="r").shape == (8,)


# -- several processes, on a server


def increment_and_write(url, prefix, number, times):
    """Count, and write one's own element of a chunk."""
    store = servers.s3_at(url, prefix)
    array = terrazzo.open_array(store, path="array", mode="r+")
    for step in range(times):
        run_on_loop(update(store, "count", PROTOTYPE, plus_one))
        array[number] = step + 1


def test_CC_02_processes_that_change_one_value_lose_nothing():
    store = servers.s3_through_obstore()
    terrazzo.create_array(store, name="array", shape=3, chunks=3, dtype="i4")
    started = multiprocessing.get_context("spawn")
    workers = [
        started.Process(target=increment_and_write, args=(servers.s3(), store.store.prefix, number, 10))
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 3
    assert run_on_loop(fetch(store, "count")) == b"30"
    assert terrazzo.open_array(store, path="array")[...].tolist() == [10] * 3
