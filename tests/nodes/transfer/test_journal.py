import numpy as np
import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import MetadataValidationError
from terrazzo.nodes.locate import JOURNAL
from terrazzo.nodes.transfer.journal import Journal, describe_place, fingerprint
from terrazzo.storage import LocalStore, MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore, SuspendingStore
from tests.helpers import on_a_loop


def journal_at(store, identity="1"):
    return Journal(StorePath(store, "a"), identity, "copy of x")


def test_what_was_written_down_is_taken_up_by_the_same_copy_only():
    store = MemoryStore()

    async def main():
        journal = journal_at(store)
        journal.done("b", [9, 2])
        await journal.note("b", (5, 1, 2, 3))
        await journal.save()
        again = journal_at(store)
        assert await again.take_up()
        assert not await journal_at(store, "2").take_up()
        assert again.done("b", [9, 2]) == {1, 2, 3, 5}
        assert again.done("b", [9, 3]) == set()  # cut otherwise, numbers mean something else
        await again.close()
        assert await again.found() is None

    on_a_loop(main())


@pytest.mark.parametrize("done", [3, [1], {"b": 1}, {"b": {"cut": 1}}, {"b": {"cut": 1, "numbers": [1]}}])
def test_what_makes_no_sense_is_an_error_that_names_the_key(done):
    store = MemoryStore()
    text = terrazzo.metadata.json.dump_document(
        {"identity": "1", "phase": "copying", "replaced": [], "about": "", "done": done}, None
    )
    store.set_sync(f"a/{JOURNAL}", Buffer.from_bytes(text))
    with pytest.raises(MetadataValidationError, match=JOURNAL):
        on_a_loop(journal_at(store).take_up())


def test_a_journal_is_no_node_and_no_chunk():
    root = terrazzo.create_group({})
    root["a"] = np.arange(3)
    root.store.set_sync(f"a/{JOURNAL}", Buffer.from_bytes(b"{}"))
    root.store.set_sync(JOURNAL, Buffer.from_bytes(b"{}"))
    assert list(root.keys()) == ["a"]
    assert root["a"].nchunks_initialized == 1


def test_a_place_is_described_alike_whatever_is_wrapped_around_its_store(tmp_path):
    store = LocalStore(tmp_path)
    wrapped = SuspendingStore(CountingStore(store))
    assert describe_place(StorePath(store, "a")) == describe_place(StorePath(wrapped, "a"))
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1})
