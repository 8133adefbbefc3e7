import numpy as np
import pytest

import terrazzo
from terrazzo.errors import ContainsArrayError, ContainsGroupError, NodeNotFoundError
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import on_a_loop
from tests.stored import contents_of


class CannotRename(WrapperStore):
    """A store that moves by copying."""

    async def rename_dir(self, source, target):
        return False


@pytest.fixture(params=["renames", "copies"])
def root(request, store):
    root = terrazzo.create_group(store if request.param == "renames" else CannotRename(store))
    root.create_array("a/b/c", data=np.arange(10), chunks=3, attributes={"unit": "m"})
    root["other"] = [1]
    return root


def below(root, path):
    """What is stored below a path, by keys relative to it."""
    stored = contents_of(root.store)
    return {key.removeprefix(path): value for key, value in stored.items() if key.startswith(path)}


@pytest.mark.parametrize("target", ["b", "x/y/z"])
def test_a_group_is_moved_with_all_that_is_below_it(root, target):
    before = below(root, "a/")
    root.move("a", target)
    assert below(root, f"{target}/") == before
    assert below(root, "a/") == {}
    np.testing.assert_array_equal(root[f"{target}/b/c"][:], np.arange(10))
    assert "a" not in root


def test_paths_are_relative_to_the_group_or_start_at_the_root(root):
    root["a"].rename("b/c", "c")
    root["a"].move("/other", "/a/d")
    assert sorted(root["a"].keys()) == ["b", "c", "d"]
    assert sorted(root.keys()) == ["a"]


def test_a_move_does_not_overwrite_and_does_not_lose(root):
    before = contents_of(root.store)
    with pytest.raises(ContainsArrayError, match="other already"):
        root.move("a", "other")
    with pytest.raises(ContainsGroupError):
        root.move("other", "a/b")
    with pytest.raises(NodeNotFoundError, match="there is no node"):
        root.move("nothing", "x")
    for source, dest in (("a", "a/b/x"), ("a/b", "a"), ("a", "a"), ("/", "x"), ("a", "/")):
        with pytest.raises(ValueError, match=r"within the other|root of a store"):
            root.move(source, dest)
    assert contents_of(root.store) == before


def test_an_array_is_not_moved_into_an_array(root):
    with pytest.raises(ValueError, match="arrays hold no nodes"):
        root.move("a", "other/a")


def test_what_is_left_where_a_node_was_does_not_come_back(root):
    terrazzo.create_array(root.store, name="x", data=np.arange(100), chunks=3)
    on_a_loop(root.store.delete("x/zarr.json"))
    root.move("a/b/c", "x")
    np.testing.assert_array_equal(terrazzo.open_array(root.store, path="x")[:], np.arange(10))
    assert len(below(root, "x/")) == 5


def test_nothing_is_moved_to_where_there_are_nodes_below(root):
    terrazzo.create_array(root.store, name="x/y", data=[1])
    on_a_loop(root.store.delete("x/zarr.json"))
    with pytest.raises(ContainsGroupError, match="nodes below"):
        root.move("a", "x")


def test_consolidated_metadata_above_both_places_are_dropped(root):
    for path in ("", "a"):
        terrazzo.consolidate_metadata(root.store, path=path)
    root = terrazzo.open_group(root.store)
    root.move("a/b", "d/b")
    for path in ("", "a"):
        assert terrazzo.open_group(root.store, path=path).metadata.consolidated_metadata is None
    assert sorted(terrazzo.open_group(root.store)["d"].keys()) == ["b"]
    assert "a/b" not in root
    assert "d/b/c" in root


@pytest.mark.parametrize("make", [MemoryStore, LocalStore])
def test_a_store_that_renames_copies_nothing(make, tmp_path):
    store = CountingStore(make() if make is MemoryStore else make(tmp_path))
    root = terrazzo.create_group(store)
    root.create_array("a", data=np.arange(100), chunks=2)
    store.reset()
    root.move("a", "b")
    assert store.counts["rename_dir"] == 1
    assert store.counts["set"] == 0
    assert not [key for key in store.keys("get") if "/c/" in key]


def test_nodes_of_format_2_move_too(store):
    root = terrazzo.create_group(store, zarr_format=2)
    root["a/b"] = [1, 2]
    root.move("a/b", "c/d")
    np.testing.assert_array_equal(root["c/d"][:], [1, 2])
    assert root["c"].metadata.zarr_format == 2


def test_a_coroutine_moves():
    root = terrazzo.create_group({})
    root["a"] = [1]
    on_a_loop(root.async_counterpart.move("a", "b"))
    assert sorted(root.keys()) == ["b"]


def test_a_move_needs_a_right_to_write(tmp_path):
    terrazzo.create_group(LocalStore(tmp_path))["a"] = [1]
    with pytest.raises(ValueError, match="read-only"):
        terrazzo.open_group(LocalStore(tmp_path, read_only=True), mode="r").move("a", "b")


# -- after an interruption


def interrupted_move(operation, key):
    """A root whose move of ``a`` to ``b`` has failed at some request."""
    memory = MemoryStore()
    terrazzo.create_array(memory, name="a", data=np.arange(1, 7), chunks=2)
    failing = FailingStore(memory, lambda request: (request.operation, request.key) == (operation, key))
    with pytest.raises(OSError, match="simulated"):
        terrazzo.open_group(CannotRename(failing)).move("a", "b")
    failing.fails = lambda request: False
    return terrazzo.open_group(CannotRename(failing))


def test_what_was_written_to_the_source_after_an_interruption_is_moved():
    root = interrupted_move("set", "b/zarr.json")
    root["a"][2:] = [0, 0, 5, 6]  # a chunk that is not stored any more
    root.move("a", "b")
    np.testing.assert_array_equal(root["b"][:], [1, 2, 0, 0, 5, 6])
    assert list(root.keys()) == ["b"]


def test_a_source_that_is_gone_after_an_interruption_is_missed():
    root = interrupted_move("set", "b/zarr.json")
    del root["a"]
    with pytest.raises(NodeNotFoundError, match="to move"):
        root.move("a", "b")


def test_another_source_after_an_interruption_is_not_deleted():
    root = interrupted_move("delete_dir", "a")
    root.create_array("a", shape=6, chunks=2, dtype=root["b"].dtype)[...] = 9
    with pytest.raises(ValueError, match="delete the one that is not wanted"):
        root.move("a", "b")
    assert (root["a"][:] == 9).all()
    np.testing.assert_array_equal(root["b"][:], np.arange(1, 7))
    del root["a"]
    root.move("a", "b")
    assert list(root.keys()) == ["b"]


def test_a_source_that_is_as_it_was_after_an_interruption_is_deleted():
    root = interrupted_move("delete", "a/zarr.json")
    root.move("a", "b")
    np.testing.assert_array_equal(root["b"][:], np.arange(1, 7))
    assert list(root.keys()) == ["b"]
