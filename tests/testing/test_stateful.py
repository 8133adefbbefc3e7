import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing.stateful import (
    SyncStoreWrapper,
    ZarrHierarchyStateMachine,
    ZarrStoreStateMachine,
    split_prefix_name,
    with_frequency,
)
from terrazzo.testing.stores import SuspendingStore
from tests.storage.contract import value_of

FEW = settings(max_examples=4, stateful_step_count=25)


MANY = settings(max_examples=300, stateful_step_count=25, phases=[Phase.generate], report_multiple_bugs=False)


def run(machine, chosen=FEW):
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize("kind", ["memory", "local", "suspending"])
def test_a_store_is_a_dictionary(kind, tmp_path):
    made = {"memory": MemoryStore(), "local": LocalStore(tmp_path), "suspending": SuspendingStore(MemoryStore())}
    run(lambda: ZarrStoreStateMachine(made[kind]))


@pytest.mark.parametrize("kind", ["memory", "local", "suspending"])
def test_a_hierarchy_is_a_dictionary_of_arrays(kind, tmp_path):
    made = {"memory": MemoryStore(), "local": LocalStore(tmp_path), "suspending": SuspendingStore(MemoryStore())}
    run(lambda: ZarrHierarchyStateMachine(made[kind]))


class Deaf(WrapperStore):
    """Does not replace values."""

    async def set(self, key, value):
        await self._store.set_if_not_exists(key, value)


def test_a_store_that_is_none_is_found_out():
    with pytest.raises(AssertionError):
        run(lambda: ZarrStoreStateMachine(Deaf(MemoryStore())), MANY)


def test_a_hierarchy_that_is_none_is_found_out():
    with pytest.raises(AssertionError):
        run(lambda: ZarrHierarchyStateMachine(Deaf(MemoryStore())), MANY)


def test_a_store_is_used_without_coroutines():
    store = SyncStoreWrapper(SuspendingStore(MemoryStore()))
    assert (store.read_only, store.supports_writes, store.supports_deletes, store.supports_listing) == (
        False,
        True,
        True,
        True,
    )
    store.set("a/b", value_of(b"0123"))
    assert store.get("a/b").to_bytes() == b"0123"
    assert store.exists("a/b")
    assert [part.to_bytes() for part in store.get_partial_values([("a/b", None)])] == [b"0123"]
    assert (store.list(), store.list_prefix("a"), store.list_dir("")) == (["a/b"], ["a/b"], ["a"])
    assert store.getsize_prefix("a") == 4
    assert not store.is_empty("a")
    store.delete("a/b")
    store.set("a/c", value_of(b""))
    store.delete_dir("a")
    store.set("b", value_of(b""))
    store.clear()
    assert store.is_empty("")


def test_a_path_is_cut_behind_its_last_slash():
    assert split_prefix_name("a/b/c") == ("a/b", "c")
    assert split_prefix_name("a") == ("", "a")


def test_a_rule_is_as_frequent_as_it_says():
    chosen = {"often": 0, "sometimes": 0}

    class Machine(RuleBasedStateMachine):
        @rule()
        def often(self):
            chosen["often"] += 1

        @with_frequency(0.1)
        @rule()
        def sometimes(self):
            chosen["sometimes"] += 1

    run(Machine, settings(max_examples=20, stateful_step_count=25))
    assert 0 < chosen["sometimes"] < chosen["often"] / 2
