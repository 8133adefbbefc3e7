import inspect

import pytest

from terrazzo.abc.store import RangeByteRequest, Store
from terrazzo.buffer import cpu
from terrazzo.buffer.cpu import Buffer
from terrazzo.runtime import run_inline
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing.store import StoreTests, on_the_loop
from terrazzo.testing.stores import HookedStore, SuspendingStore
from tests.storage.contract import PROTOTYPE, blocking, fetch, listed, put, value_of
from tests.storage.model import machine

OF_THE_INTERPRETER = {"__init__", "__init_subclass__", "__doc__", "__module__", "__dict__", "__weakref__"}
"""Members of the contract that are no operations."""

ON_OTHER_MEMBERS = {
    "__dask_tokenize__",
    "__enter__",
    "__exit__",
    "__getstate__",
    "_get_many",
    "_set_many",
    "get_ranges_sync",
}
"""What is right for a wrapper too, because it only uses members that are forwarded."""


class TestAroundLocal(StoreTests[WrapperStore, Buffer]):
    store_cls = WrapperStore
    buffer_cls = Buffer

    @pytest.fixture
    def open_kwargs(self, tmp_path):
        return {"store_cls": LocalStore, "root": tmp_path}

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": LocalStore(tmp_path)}

    async def set(self, store, key, value):
        await store._store.set(key, value)

    async def get(self, store, key):
        return await store._store.get(key, PROTOTYPE)


class TestAroundMemoryBlocking(TestAroundLocal):
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore()}

    @pytest.fixture
    def open_kwargs(self, store_kwargs):
        return {"store_cls": MemoryStore, "store_dict": store_kwargs["store"]._store_dict}


class TestAroundASuspendingStore(TestAroundMemoryBlocking):
    drive = staticmethod(on_the_loop)

    @pytest.fixture
    def store_kwargs(self):
        return {"store": SuspendingStore(MemoryStore())}

    @pytest.fixture
    def open_kwargs(self):
        return {"store_cls": MemoryStore, "store_dict": {}}

    @pytest.fixture
    def store(self, store_kwargs):
        return WrapperStore(**store_kwargs)


TestAgainstADictionary = machine(lambda folder: WrapperStore(LocalStore(folder)), blocking)


def members_of_the_contract():
    """Everything that ``Store`` has or declares, but for what Python itself makes of the class."""
    own = {name for name in vars(Store) if not name.startswith("__abstract") and not name.startswith("_abc")}
    made_by_python = {"__annotations__", "__orig_bases__", "__parameters__", "__static_attributes__", "__firstlineno__"}
    return own - OF_THE_INTERPRETER - made_by_python


def test_a_wrapper_forwards_everything():
    inherited = members_of_the_contract() - ON_OTHER_MEMBERS - set(vars(WrapperStore))
    assert not inherited, f"WrapperStore inherits {sorted(inherited)} instead of forwarding them"


def test_a_hooked_store_hooks_every_operation():
    operations = {
        name
        for name, member in vars(Store).items()
        if (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member) or name.startswith("list"))
        and not name.startswith("_")
    }
    assert {"get", "get_into", "get_ranges", "list", "list_dir", "set", "delete_dir", "clear", "is_empty"} <= operations
    inherited = operations - set(vars(HookedStore))
    assert not inherited, f"HookedStore inherits {sorted(inherited)} instead of hooking them"


def test_a_signature_takes_what_the_contract_takes():
    for name in members_of_the_contract() & set(vars(WrapperStore)):
        member = vars(Store)[name]
        if not inspect.isfunction(member):
            continue
        wanted = inspect.signature(member).parameters
        found = inspect.signature(vars(WrapperStore)[name]).parameters
        takes_rest = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in found.values())
        assert set(wanted) <= set(found) or takes_rest, name


def test_what_a_store_says_of_itself_is_what_the_store_inside_says():
    class Odd(MemoryStore):
        inline = False
        reads_into = True
        deletes_folders_at_once = True
        crowded_set_ns = 5.0
        supports_writes = False
        supports_deletes = False
        supports_listing = False
        supports_partial_writes = True
        supports_consolidated_metadata = False

    inner = Odd()
    store = WrapperStore(inner)
    for name in (name for name in vars(Odd) if not name.startswith("_")):
        assert getattr(store, name) == getattr(inner, name), name
    assert store.lock_identity == inner.lock_identity
    assert store.read_only is False
    assert WrapperStore(inner.with_read_only(True)).read_only


def test_a_wrapper_closes_and_opens_the_store_inside():
    inner = MemoryStore()
    store = WrapperStore(inner)
    assert store._is_open
    store.close()
    assert not inner._is_open
    run_inline(store._open())
    assert inner._is_open
    store._is_open = False
    assert not inner._is_open


def test_the_store_inside_is_made_opened_and_wrapped():
    store = run_inline(WrapperStore.open(MemoryStore, read_only=True))
    assert type(store) is WrapperStore
    assert type(store._store) is MemoryStore
    assert store.read_only


def test_a_wrapper_locks_what_the_store_inside_locks():
    inner = MemoryStore()
    store = WrapperStore(inner)

    async def use():
        async with store.lock("a"):
            return inner._locks.held()

    assert run_inline(use()) == 1


def test_wrappers_are_equal_where_class_and_store_are():
    inner = MemoryStore()
    assert WrapperStore(inner) == WrapperStore(inner)
    assert WrapperStore(inner) != HookedStore(inner)
    assert WrapperStore(inner) != inner
    assert WrapperStore(inner) != WrapperStore(MemoryStore())
    with pytest.raises(TypeError, match="unhashable"):
        hash(WrapperStore(inner))


def test_a_wrapper_names_the_store_inside():
    store = WrapperStore(LocalStore("/data"))
    assert str(store) == "wrapping-file:///data"
    assert repr(store) == "WrapperStore(LocalStore('file:///data'))"


def test_a_subclass_that_changes_an_operation_counts_as_waiting():
    class Loud(WrapperStore):
        async def set(self, key, value):
            await super().set(key.upper(), value)

    store = Loud(MemoryStore())
    assert not store.inline
    blocking(store, put(store, "a"))
    assert blocking(store, listed(store)) == ["A"]
    assert WrapperStore(MemoryStore()).inline


def test_a_read_only_wrapper_is_a_wrapper_of_the_read_only_store():
    store = WrapperStore(MemoryStore())
    run_inline(put(store, "a"))
    reader = store.with_read_only(True)
    assert type(reader) is WrapperStore
    assert reader._store.read_only
    assert run_inline(fetch(reader, "a")) == b"a"
    with pytest.raises(ValueError, match="read-only"):
        run_inline(reader.set("b", value_of(b"x")))


class Shouting(WrapperStore):
    """Gives everything in capitals, asynchronously: what is read blocking must be, too."""

    async def get(self, key, prototype, byte_range=None):
        value = await self._store.get(key, prototype, byte_range)
        return None if value is None else prototype.buffer.from_bytes(value.to_bytes().upper())


def test_the_blocking_methods_do_what_the_others_do(driven):
    store = Shouting(driven(MemoryStore()))
    store.set_sync("a", cpu.Buffer.from_bytes(b"abc"))
    assert store.get_sync("a").to_bytes() == b"ABC"
    assert store.get_sync("a", prototype=cpu.buffer_prototype, byte_range=RangeByteRequest(1, 2)).to_bytes() == b"B"
    store.delete_sync("a")
    assert store.get_sync("a") is None
    assert store._supports_sync_io
