import dbm.dumb
import pickle
import sqlite3
import threading
import time
from collections import UserDict

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import CorruptDataError
from terrazzo.runtime import run_inline
from terrazzo.storage import MappingStore, MemoryStore
from terrazzo.storage.path import make_store
from terrazzo.testing import StoreTests
from tests.storage.contract import awaited, fetch, listed, put
from tests.storage.model import machine


class TestMappingStore(StoreTests[MappingStore, Buffer]):
    store_cls = MappingStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self):
        return {"mapping": UserDict()}

    async def set(self, store, key, value):
        store.mapping[key] = value.to_bytes()

    async def get(self, store, key):
        return Buffer.from_bytes(store.mapping[key])

    async def test_serializable_store(self, store):
        await put(store, "a")
        copy = pickle.loads(pickle.dumps(store))
        assert copy.mapping == store.mapping
        assert copy != store


TestAgainstADictionary = machine(lambda folder: MappingStore(UserDict()), awaited, 4)


class Table:
    """Like a mapping, and none by its class; its keys come back as bytes, as a server's may."""

    def __init__(self):
        self.table = sqlite3.connect(":memory:", check_same_thread=False)
        self.table.execute("CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB)")

    def __contains__(self, key):
        return bool(self.table.execute("SELECT 1 FROM t WHERE k = ?", (key.encode(),)).fetchall())

    def __getitem__(self, key):
        for (value,) in self.table.execute("SELECT v FROM t WHERE k = ?", (key.encode(),)):
            return value
        raise KeyError(key)

    def __setitem__(self, key, value):
        self.table.execute("INSERT OR REPLACE INTO t VALUES (?, ?)", (key.encode(), value))

    def __delitem__(self, key):
        self.table.execute("DELETE FROM t WHERE k = ?", (key.encode(),))

    def keys(self):
        return [key for (key,) in self.table.execute("SELECT k FROM t")]


def test_a_mapping_is_opened_as_it_is(tmp_path):
    table = Table()
    with dbm.dumb.open(str(tmp_path / "data"), "c") as shelf:
        for mapping in (table, shelf, UserDict()):
            array = terrazzo.create_array(mapping, name="x/y", data=np.arange(10), chunks=3)
            array[2:5] = 0
            assert isinstance(array.store, MappingStore)
            root = terrazzo.open_group(mapping, mode="r+")
            assert list(root) == ["x"]
            assert root["x/y"][:].tolist() == [0, 1, 0, 0, 0, 5, 6, 7, 8, 9]
            del root["x"]
            assert run_inline(listed(array.store)) == ["zarr.json"]
    table.table.close()
    assert isinstance(make_store({}), MemoryStore)


def test_only_a_key_error_means_absent():
    class Broken(UserDict):
        def __getitem__(self, key):
            raise OSError(5, "on purpose")

    with pytest.raises(OSError, match="on purpose"):
        run_inline(fetch(MappingStore(Broken()), "a"))
    with pytest.raises(CorruptDataError, match=r"'a'.*no bytes"):
        run_inline(fetch(MappingStore(UserDict(a="text")), "a"))
    with pytest.raises(TypeError, match="mapping of bytes"):
        MappingStore([])
    with pytest.raises(TypeError, match="no store can be made"):
        terrazzo.open([], mode="r")


class Alone(UserDict):
    """Notices when two threads use it at once."""

    inside = 0
    most = 0

    def __getitem__(self, key):
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.01)
        self.inside -= 1
        return super().__getitem__(key)


def test_one_thread_at_a_time_uses_a_mapping_through_whatever_store():
    kept = Alone({"a": b"1"})
    threads = [threading.Thread(target=MappingStore(kept).get_sync, args=("a",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.most == 1
