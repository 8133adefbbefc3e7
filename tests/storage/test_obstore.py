import asyncio
import os
import pickle
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import obstore.store
import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import StoreAccessError, StoreError, SyncError
from terrazzo.runtime import pause, run_on_loop
from terrazzo.storage import MemoryStore, ObjectStore
from terrazzo.testing import StoreTests
from tests import servers
from tests.storage.contract import awaited, blocking, fetch, put, value_of
from tests.storage.model import machine


class ObstoreTests(StoreTests[ObjectStore, Buffer]):
    store_cls = ObjectStore
    buffer_cls = Buffer

    def test_the_child_of_a_fork_reads_and_writes(self, store):
        """The threads of obstore do not exist in the child: it says so, and does not wait for them."""
        assert b"start processes by 'spawn' or 'forkserver'" in told_by_the_child_of_a_fork(store)
        assert run_on_loop(fetch(store, "before")) == b"before"


def told_by_the_child_of_a_fork(store):
    """The error that the child of a fork gets, after its parent has used the store."""
    run_on_loop(put(store, "before"))
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which is what is tested
        child = os.fork()
    if child == 0:
        try:
            blocking(store, fetch(store, "before"))
        except SyncError as error:
            os.write(theirs, str(error).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as told:
        return told.read()


class TestInMemory(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self):
        return {"store": obstore.store.MemoryStore()}

    @pytest.mark.parametrize(
        "check",
        [
            check
            for check in StoreTests.test_the_contract_is_kept.pytestmark[0].args[1]
            if "pickling" not in check.__name__
        ],
    )
    async def test_the_contract_is_kept(self, store, check):
        await check(store)

    async def test_serializable_store(self, store):
        """obstore's memory belongs to one process, and says so."""
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(store)


class TestInAFolder(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": obstore.store.LocalStore(tmp_path / "a", mkdir=True, automatic_cleanup=True)}


class TestOnS3(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self):
        return {"store": servers.s3_through_obstore().store}


TestAgainstADictionaryInMemory = machine(lambda folder: ObjectStore(obstore.store.MemoryStore()), blocking)
TestAgainstADictionaryOnS3 = machine(lambda folder: servers.s3_through_obstore(), awaited, max_examples=2)


# -- what is special to it


def test_only_stores_of_obstore_are_taken():
    for store in (MemoryStore(), "s3://bucket", None):
        with pytest.raises(TypeError, match="a store of obstore"):
            ObjectStore(store)


def test_it_says_what_it_is(tmp_path):
    store = servers.s3_through_obstore()
    assert repr(store).startswith("ObjectStore(object_store://S3Store(")
    assert str(store).startswith("object_store://S3Store(")
    assert store == store.with_read_only(False) == ObjectStore(store.store)
    assert store != store.with_read_only(True)
    assert store != servers.s3_through_obstore()
    assert store.lock_identity == pickle.loads(pickle.dumps(store)).lock_identity
    assert store.lock_identity != servers.s3_through_obstore().lock_identity
    assert not ObjectStore(obstore.store.HTTPStore("http://127.0.0.1:9")).supports_listing


def test_what_can_compare_says_so(tmp_path):
    assert ObjectStore(obstore.store.MemoryStore()).supports_conditional_writes
    assert servers.s3_through_obstore().supports_conditional_writes
    assert not ObjectStore(obstore.store.LocalStore(tmp_path)).supports_conditional_writes
    assert not ObjectStore(obstore.store.HTTPStore("http://127.0.0.1:9")).supports_conditional_writes


def test_a_bucket_that_is_not_there_is_no_missing_key():
    missing = obstore.store.S3Store(
        "nobucket", endpoint=servers.s3(), client_options={"allow_http": True}, **servers.ACCESS
    )
    with pytest.raises(StoreError, match="NoSuchBucket"):
        run_on_loop(fetch(ObjectStore(missing), "a"))


def sharded(store):
    """An array of one shard of four subchunks, read through a store of its own."""
    terrazzo.create_array(store, data=np.arange(8), chunks=2, shards=8, compressors=None)
    return terrazzo.open_array(ObjectStore(store.store))


def requests(monkeypatch):
    """Notes every request, by the name of obstore's function."""
    made = []
    for name in ("get_async", "head_async"):
        original = getattr(obstore, name)

        def noted(*args, name=name, original=original, **kwargs):
            made.append(name.removesuffix("_async"))
            return original(*args, **kwargs)

        monkeypatch.setattr(obstore, name, noted)
    return made


def test_a_part_of_a_shard_whose_index_is_kept_is_one_request(monkeypatch):
    array = sharded(ObjectStore(obstore.store.MemoryStore()))
    made = requests(monkeypatch)
    assert array[0] == 0
    assert made == ["head", "get", "get"]
    made.clear()
    assert [int(array[position]) for position in (2, 4, 7)] == [2, 4, 7]
    assert made == ["get"] * 3


def test_a_shard_that_somebody_replaces_is_read_anew(monkeypatch):
    store = ObjectStore(obstore.store.MemoryStore())
    array = sharded(store)
    assert array[3] == 3
    terrazzo.create_array(store, data=np.arange(8) * 10, chunks=2, shards=8, compressors=None, overwrite=True)
    made = requests(monkeypatch)
    assert array[3] == 30
    assert made.count("get") >= 3  # one finds out
    run_on_loop(store.delete("c/0"))
    assert array[3] == 0


def test_what_is_absent_in_a_kept_index_is_looked_up_again():
    store = ObjectStore(obstore.store.MemoryStore())
    terrazzo.create_array(store, shape=8, chunks=2, shards=8, dtype="u1", fill_value=9)[:2] = 1
    array = terrazzo.open_array(ObjectStore(store.store))
    assert array[6] == 9
    terrazzo.open_array(store)[6] = 5
    assert array[6] == 5


def test_versions_that_are_remembered_have_a_limit(monkeypatch):
    monkeypatch.setattr("terrazzo.storage.obstore.VERSIONS_AT_MOST", 3)
    store = ObjectStore(obstore.store.MemoryStore())
    run_on_loop(put(store, *"abcdefgh"))
    assert list(store._versions) == ["f", "g", "h"]


def test_the_budget_holds_across_loops():
    with terrazzo.config.set({"async.requests": 2}):
        store = ObjectStore(obstore.store.MemoryStore())
        array = terrazzo.create_array(store, data=np.arange(50), chunks=1)
        assert array[...].tolist() == list(range(50))
        assert store.budget.most == 2

    async def read():
        return (await (await terrazzo.AsyncArray.open(store)).getitem(...)).tolist()

    assert asyncio.run(read()) == list(range(50))
    assert store.budget.used == 0


def test_no_more_requests_are_made_at_once_than_files_may_be_open_for(monkeypatch):
    few = SimpleNamespace(RLIMIT_NOFILE=7, RLIM_INFINITY=-1, getrlimit=lambda what: (what, 100))
    monkeypatch.setitem(sys.modules, "resource", few)

    async def ask(store):
        await asyncio.gather(*(store.exists(str(key)) for key in range(20)))
        return store.budget.most

    assert asyncio.run(ask(ObjectStore(obstore.store.MemoryStore()))) == 3
    few.getrlimit = lambda what: (-1, -1)
    assert asyncio.run(ask(ObjectStore(obstore.store.MemoryStore()))) == 20
    monkeypatch.setitem(sys.modules, "resource", None)  # as where there is no such module
    assert asyncio.run(ask(ObjectStore(obstore.store.MemoryStore()))) == 20


def slowly(monkeypatch, seconds=0.05):
    """Notes the keys that are read, which takes a while."""
    asked = []
    original = obstore.get_async

    async def noted(store, key, **kwargs):
        asked.append(key)
        result = await original(store, key, **kwargs)
        await pause(seconds)
        return result

    monkeypatch.setattr(obstore, "get_async", noted)
    return asked


def test_who_opens_one_node_at_once_asks_once(monkeypatch):
    store = ObjectStore(obstore.store.MemoryStore())
    terrazzo.create_array(store, shape=4, dtype="u1")
    asked = slowly(monkeypatch)

    async def open_many():
        handles = (store, store.with_read_only(True), ObjectStore(store.store))
        return await asyncio.gather(*(terrazzo.AsyncArray.open(handles[number % 3]) for number in range(12)))

    assert {array.shape for array in asyncio.run(open_many())} == {(4,)}
    assert asked == ["zarr.json"]
    asyncio.run(open_many())
    assert asked == ["zarr.json"] * 2  # nothing is kept


def test_who_opens_a_node_after_a_write_does_not_get_what_was_there_before(monkeypatch):
    store = ObjectStore(obstore.store.MemoryStore())
    run_on_loop(store.set("zarr.json", value_of(b"old")))
    slowly(monkeypatch)

    async def read_beside_a_write():
        before = asyncio.ensure_future(fetch(store, "zarr.json"))
        await pause(0.01)
        await store.set("zarr.json", value_of(b"new"))
        return await fetch(store, "zarr.json"), await before

    assert asyncio.run(read_beside_a_write()) == (b"new", b"old")


def test_who_waits_for_a_node_that_cannot_be_read_gets_the_error_too(monkeypatch):
    store = ObjectStore(obstore.store.MemoryStore())
    asked = []

    async def fail(store, key, **kwargs):
        asked.append(key)
        await pause(0.05)
        raise PermissionError("no")

    monkeypatch.setattr(obstore, "get_async", fail)

    async def read_twice():
        return await asyncio.gather(fetch(store, "zarr.json"), fetch(store, "zarr.json"), return_exceptions=True)

    errors = asyncio.run(read_twice())
    assert [type(error) for error in errors] == [StoreAccessError] * 2
    assert asked == ["zarr.json"]


def test_a_server_that_cannot_compare_is_not_asked_to():
    place = {"bucket": "b", "region": "r"}
    assert ObjectStore(obstore.store.S3Store(**place)).supports_conditional_writes
    assert not ObjectStore(obstore.store.S3Store(**place, conditional_put="disabled")).supports_conditional_writes


def test_what_is_in_memory_is_not_shared_with_other_processes(tmp_path):
    assert not ObjectStore(obstore.store.MemoryStore()).is_shared
    assert ObjectStore(obstore.store.LocalStore(str(tmp_path))).is_shared
