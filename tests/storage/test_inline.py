from terrazzo.abc.store import RangeByteRequest, SupportsSyncStore
from terrazzo.runtime import run_inline
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.storage.inline import InlineStore
from tests.storage.contract import PROTOTYPE, value_of


def test_an_inline_store_works_without_coroutines(tmp_path):
    for store in (MemoryStore(), LocalStore(tmp_path)):
        assert isinstance(store, SupportsSyncStore)
        assert store.get_sync("a") is None
        store.set_sync("a", value_of(b"0123"))
        assert store.get_sync("a").to_bytes() == b"0123"
        assert store.get_sync("a", prototype=PROTOTYPE, byte_range=RangeByteRequest(1, 3)).to_bytes() == b"12"
        store.delete_sync("a")
        assert store.get_sync("a") is None


def test_an_inline_store_can_do_everything():
    store = MemoryStore()
    assert store.inline
    assert (store.supports_writes, store.supports_deletes, store.supports_listing) == (True, True, True)


def test_a_subclass_that_overrides_an_operation_may_wait():
    class Waiting(MemoryStore):
        async def get(self, key, prototype=None, byte_range=None):
            return await super().get(key, prototype, byte_range)

    class Renamed(MemoryStore):
        pass

    class Promising(MemoryStore):
        inline = True

        async def set(self, key, value, byte_range=None):
            await super().set(key, value, byte_range)

    assert not Waiting().inline
    assert Renamed().inline
    assert Promising().inline
    assert not WrapperStore(Waiting()).inline


def test_parts_of_several_values_come_in_the_order_asked_for():
    store = MemoryStore()
    assert issubclass(MemoryStore, InlineStore)
    store.set_sync("a", value_of(b"0123"))
    store.set_sync("b", value_of(b"4567"))
    parts = run_inline(
        store.get_partial_values(PROTOTYPE, iter([("b", RangeByteRequest(0, 2)), ("missing", None), ("a", None)]))
    )
    assert [None if part is None else part.to_bytes() for part in parts] == [b"45", None, b"0123"]
