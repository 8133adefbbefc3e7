import asyncio
import gc
import pickle

import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import InvalidKeyError
from terrazzo.runtime import run_inline
from terrazzo.storage import ManagedMemoryStore
from terrazzo.testing import StoreTests
from tests.storage.contract import blocking, fetch, listed, put
from tests.storage.model import machine


class TestManagedMemoryStore(StoreTests[ManagedMemoryStore, Buffer]):
    store_cls = ManagedMemoryStore
    buffer_cls = Buffer
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self, request):
        return {"name": request.node.name.replace("/", "-"), "path": "a/b"}

    async def set(self, store, key, value):
        store._contents[f"a/b/{key}"] = value

    async def get(self, store, key):
        return store._contents[f"a/b/{key}"]


TestAgainstADictionary = machine(lambda folder: ManagedMemoryStore(path="x"), blocking, 4)


def test_a_dictionary_is_found_by_its_name():
    store = ManagedMemoryStore("name")
    run_inline(put(store, "a/b", "aa/b"))
    below = ManagedMemoryStore("name", path="a/")
    assert run_inline(listed(below)) == ["b"]
    run_inline(put(below, "c"))
    assert run_inline(listed(store)) == ["a/b", "a/c", "aa/b"]
    run_inline(below.clear())
    assert run_inline(listed(store)) == ["aa/b"]
    assert store != below
    assert store.lock_identity != below.lock_identity
    assert (str(below), repr(below)) == ("memory://name/a", "ManagedMemoryStore('memory://name/a')")
    copy = pickle.loads(pickle.dumps(store.with_read_only(True)))
    assert copy == ManagedMemoryStore("name", read_only=True)
    assert run_inline(fetch(copy, "aa/b")) == b"aa/b"


def test_a_lock_is_of_the_place_in_the_dictionary():
    store, below = ManagedMemoryStore("name"), ManagedMemoryStore("name", path="a")

    async def use():
        async with below.lock("b"):
            return store.lock("a/b")._locks.head("a/b") is not None

    assert run_inline(use())


def test_a_dictionary_is_forgotten_with_its_last_store():
    store = ManagedMemoryStore("name")
    run_inline(put(store, "a"))
    del store
    gc.collect()
    assert run_inline(listed(ManagedMemoryStore("name"))) == []


def test_a_url_names_a_place():
    array = terrazzo.create_array("memory://pictures/a/b", data=[1, 2, 3])
    assert isinstance(array.store, ManagedMemoryStore)
    assert (array.store.name, array.store.path) == ("pictures", "a/b")
    assert terrazzo.open_group("memory://pictures/c", mode="w").store.name == "pictures"
    assert terrazzo.open_array("memory://pictures/a/b", mode="r")[2] == 3
    assert ManagedMemoryStore.from_url("memory://") != ManagedMemoryStore.from_url("memory://")


@pytest.mark.parametrize("name", ["a/b", 3])
def test_a_name_is_text_without_slashes(name):
    with pytest.raises(ValueError, match="without slashes"):
        ManagedMemoryStore(name)
    with pytest.raises(InvalidKeyError):
        ManagedMemoryStore("a", path="../b")
    with pytest.raises(ValueError, match="starts with memory://"):
        ManagedMemoryStore.from_url("file://a")


def test_nodes_below_different_paths_of_a_dictionary_are_different_ones():
    one, other = (terrazzo.create_group(ManagedMemoryStore("apart", path=path)) for path in "ab")
    with one.attrs.batch():
        one.attrs["one"] = 1
        other.attrs["other"] = 2
    assert dict(one.attrs) == {"one": 1}
    assert dict(other.attrs) == {"other": 2}
    a = terrazzo.create_array(ManagedMemoryStore("apart", path="c"), data=[1, 2, 3])
    copy = terrazzo.from_array(ManagedMemoryStore("apart", path="d"), data=a, overwrite=True)
    assert copy[:].tolist() == [1, 2, 3]


def test_a_value_has_one_lock_below_whatever_path():
    whole, part = ManagedMemoryStore("locked"), ManagedMemoryStore("locked", path="a")

    async def use():
        async with whole.lock("a/b"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(part.lock("b").__aenter__(), 0.02)
            async with part.lock("a/b"):
                pass

    asyncio.run(use())
