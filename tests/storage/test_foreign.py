import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import RangeByteRequest, SuffixByteRequest
from terrazzo.errors import InvalidKeyError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import MemoryStore, StorePath, WrapperStore
from terrazzo.storage.foreign import ForeignStore, adopt_store, is_store
from tests.foreign import OtherBuffer, OtherStore, Store
from tests.storage.contract import contract, fetch, listed, value_of


@contract
def test_the_contract_is_kept(check, drive):
    store = ForeignStore(Store())
    drive(store, check(store))


def test_a_store_of_somebody_else_can_be_used_wherever_a_store_can():
    theirs = Store()
    group = terrazzo.create_group(theirs)
    array = group.create_array("a", data=np.arange(20).reshape(4, 5), chunks=(1, 2), shards=(2, 4))
    array[1:3, 2] = -1
    assert terrazzo.open_array(theirs, path="a", mode="r")[1].tolist() == [5, 6, -1, 8, 9]
    assert terrazzo.open_array(StorePath(theirs, "a"))[3, 4] == 19
    assert terrazzo.open_group(WrapperStore(theirs))["a"][0, 0] == 0
    assert list(terrazzo.open_group(theirs)) == ["a"]
    assert theirs.opened
    assert array.store.wrapped is theirs
    assert array.store == theirs
    assert str(theirs) in repr(array)


def test_a_place_of_somebody_else_is_a_place():
    class Place:
        store = Store()
        path = "a/b"

    terrazzo.create_array(Place(), data=[1, 2])
    assert terrazzo.open_array(Place.store, path="a/b")[:].tolist() == [1, 2]


def test_values_and_requests_are_those_that_the_store_knows(other_package):
    theirs = OtherStore()
    array = terrazzo.create_array(theirs, data=np.arange(12), chunks=(2,), shards=(6,))
    assert array[3:5].tolist() == [3, 4]
    store = adopt_store(theirs)
    run_on_loop(store.set("k", value_of(b"abcdef")))
    assert run_on_loop(fetch(store, "k", RangeByteRequest(1, 3))) == b"bc"
    assert run_on_loop(fetch(store, "k", SuffixByteRequest(2))) == b"ef"
    found = run_on_loop(
        store.get_partial_values(terrazzo.buffer.cpu.buffer_prototype, [("k", None), ("no", RangeByteRequest(0, 1))])
    )
    assert [value and value.to_bytes() for value in found] == [b"abcdef", None]


def test_writing_can_be_refused_whatever_the_store_says():
    theirs = Store()
    terrazzo.create_array(theirs, data=[1])
    array = terrazzo.open_array(theirs, mode="r")
    with pytest.raises(ValueError, match="read-only"):
        array[:] = 2
    assert array.store.with_read_only(False) == theirs
    assert not array.store.with_read_only(False).read_only
    with pytest.raises(ValueError, match="read-only"):
        terrazzo.open_array(Store(theirs.inner, read_only=True), mode="r+")[:] = 2


def test_handles_of_one_store_share_their_locks():
    inner = MemoryStore()
    assert ForeignStore(Store(inner)).lock_identity == ForeignStore(Store(inner)).lock_identity
    assert ForeignStore(Store(inner)).lock_identity != ForeignStore(Store()).lock_identity


def test_a_store_is_told_from_what_is_none():
    assert is_store(Store())
    for candidate in (Store, MemoryStore(), {}, "a", None, StorePath(MemoryStore())):
        assert not is_store(candidate)
    with pytest.raises(TypeError, match="no store can be made of"):
        terrazzo.open_array(5)


def test_keys_are_checked_before_the_store_sees_them():
    store = ForeignStore(Store())
    for use in (store.exists("../a"), store.set("a//b", value_of(b"")), store.delete("/a"), store.getsize("..")):
        with pytest.raises(InvalidKeyError):
            run_on_loop(use)
    assert run_on_loop(listed(store)) == []


def test_it_is_pickled_with_the_store():
    class_of = type(pickle.loads(pickle.dumps(ForeignStore(Store(), read_only=True))))
    assert class_of is ForeignStore
    assert pickle.loads(pickle.dumps(ForeignStore(Store(), read_only=True))).read_only


def test_a_buffer_of_somebody_else_is_taken_by_a_store(store):
    place = StorePath(store, "a")
    place.set_sync(OtherBuffer.from_bytes(b"abc"))
    assert place.get_sync().to_bytes() == b"abc"


def test_what_is_in_memory_is_not_shared_with_other_processes():
    class MemoryStore(Store):
        pass

    assert not ForeignStore(MemoryStore()).is_shared
    assert ForeignStore(Store()).is_shared
