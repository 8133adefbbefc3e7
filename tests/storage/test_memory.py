import asyncio
import pickle

import numpy as np
import pytest

from terrazzo.abc.store import RangeByteRequest
from terrazzo.buffer import base
from terrazzo.buffer.base import BufferPrototype
from terrazzo.buffer.cpu import Buffer, NDBuffer
from terrazzo.runtime import run_inline
from terrazzo.storage import MemoryStore
from terrazzo.testing import StoreTests
from tests.storage.contract import PROTOTYPE, awaited, blocking, fetch, put, value_of
from tests.storage.model import machine


class TestMemoryStore(StoreTests[MemoryStore, Buffer]):
    store_cls = MemoryStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self):
        return {"store_dict": {}}

    async def set(self, store, key, value):
        store._store_dict[key] = value

    async def get(self, store, key):
        return store._store_dict[key]


class TestMemoryStoreBlocking(TestMemoryStore):
    drive = staticmethod(run_inline)


TestAgainstADictionaryBlocking = machine(lambda folder: MemoryStore(), blocking)
TestAgainstADictionaryAwaited = machine(lambda folder: MemoryStore(), awaited)


class Elsewhere(base.Buffer):
    """Bytes that are not in main memory, as those of a device."""

    @classmethod
    def create_zero_length(cls):
        return cls(np.empty(0, "u1"))

    @classmethod
    def from_buffer(cls, buffer):
        return cls(buffer.as_numpy_array())

    @classmethod
    def from_bytes(cls, bytes_like):
        return cls(np.frombuffer(bytes_like, "u1"))

    def as_numpy_array(self):
        return self._data

    def combine(self, others):
        return type(self)(np.concatenate([self._data, *(other.as_numpy_array() for other in others)]))


class Doubled(Buffer):
    """A buffer of another class, as a device's would be."""


def test_a_dictionary_is_filled_in_place():
    contents = {"a": value_of(b"there")}
    store = MemoryStore(contents)
    assert run_inline(fetch(store, "a")) == b"there"
    run_inline(put(store, "b"))
    assert sorted(contents) == ["a", "b"]
    assert contents["b"].to_bytes() == b"b"


def test_stores_over_one_dictionary_are_equal_and_share_locks():
    contents = {}
    store = MemoryStore(contents)
    assert store == MemoryStore(contents)
    assert store.lock_identity == MemoryStore(contents, read_only=True).lock_identity
    assert store != MemoryStore(contents, read_only=True)
    assert store != MemoryStore()
    assert store.lock_identity != MemoryStore({}).lock_identity
    with pytest.raises(TypeError, match="unhashable"):
        hash(store)


def test_a_pickled_store_is_a_copy():
    store = MemoryStore()
    run_inline(put(store, "a"))
    copy = pickle.loads(pickle.dumps(store))
    run_inline(put(copy, "b"))
    assert store != copy
    assert run_inline(fetch(store, "b")) is None
    assert pickle.loads(pickle.dumps(store.with_read_only(True))).read_only


def test_a_result_is_of_the_class_that_was_asked_for():
    store = MemoryStore()
    prototype = BufferPrototype(Doubled, NDBuffer)
    run_inline(store.set("a", value_of(b"0123")))
    assert type(run_inline(store.get("a", prototype))) is Doubled
    assert run_inline(store.get("a", prototype, RangeByteRequest(1, 3))).to_bytes() == b"12"
    assert type(run_inline(store.get("a"))) is Buffer
    run_inline(store.set("b", Doubled.from_bytes(bytearray(b"45"))))
    assert type(run_inline(store.get("b", PROTOTYPE))) is Buffer


def test_a_value_of_a_device_stays_there_and_is_nobody_elses():
    store = MemoryStore()
    data = np.arange(4, dtype="u1")
    run_inline(store.set("a", Elsewhere(data)))
    data[:] = 9
    value = run_inline(store.get("a", BufferPrototype(Elsewhere, NDBuffer)))
    assert type(value) is Elsewhere
    assert value.to_bytes() == b"\0\1\2\3"
    assert run_inline(fetch(store, "a", RangeByteRequest(1, 3))) == b"\1\2"


def test_a_part_of_a_value_cannot_be_written():
    store = MemoryStore()
    run_inline(store.set("a", value_of(b"0123")))
    with pytest.raises(NotImplementedError, match="part of a value"):
        run_inline(store.set("a", value_of(b"x"), byte_range=(0, 1)))
    assert run_inline(fetch(store, "a")) == b"0123"


def test_opening_makes_a_store_that_is_open():
    store = asyncio.run(MemoryStore.open())
    assert isinstance(store, MemoryStore)
    assert run_inline(fetch(store, "a")) is None
    assert run_inline(MemoryStore.open({"a": value_of(b"x")}, read_only=True)).read_only


def test_it_says_which_dictionary_it_uses():
    contents = {}
    store = MemoryStore(contents)
    assert str(store) == f"memory://{id(contents)}"
    assert repr(store) == f"MemoryStore('memory://{id(contents)}')"
