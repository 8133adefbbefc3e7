import inspect

import pytest

import terrazzo
from terrazzo.metadata import migrate_v3
from terrazzo.runtime import run_inline
from terrazzo.storage import MemoryStore, StorePath
from tests.stored import contents_of


@pytest.fixture
def old():
    root = terrazzo.create_group({}, zarr_format=2)
    root.create_array("a/b", data=[1, 2, 3])
    return root


def test_a_node_is_migrated_to_a_place(old):
    target = StorePath(MemoryStore(), "new")
    assert set(migrate_v3.migrate_to_v3(old, target, dry_run=True)) == {"", "a", "a/b"}
    assert contents_of(target.store) == {}
    migrate_v3.migrate_to_v3(old, target)
    assert sorted(contents_of(target.store)) == ["new/a/b/zarr.json", "new/a/zarr.json", "new/zarr.json"]
    migrate_v3.migrate_to_v3(old["a/b"].async_array, StorePath(MemoryStore()))


def test_a_store_is_migrated_and_the_old_documents_are_removed(old):
    migrate_v3.migrate_v2_to_v3(input_store=old.store)
    run_inline(migrate_v3.remove_metadata(old.store, 2))
    assert terrazzo.open_group(old.store, zarr_format=3)["a/b"][:].tolist() == [1, 2, 3]
    assert not [key for key in contents_of(old.store) if key.rpartition("/")[2].startswith(".z")]


def test_what_reads_and_writes_is_found_when_it_is_named():
    assert inspect.iscoroutinefunction(migrate_v3.remove_metadata)
    assert not inspect.iscoroutinefunction(migrate_v3.migrate_to_v3)
    with pytest.raises(AttributeError, match="no attribute 'more'"):
        _ = migrate_v3.more
