import json
import os

import pytest

import terrazzo
from terrazzo.errors import MetadataValidationError, UnknownCodecError, UnreadableMemberWarning
from terrazzo.nodes import members
from terrazzo.nodes.locate import JOURNAL
from terrazzo.nodes.members import iter_members
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import buffer_of, on_a_loop

GROUP = b'{"zarr_format": 3, "node_type": "group"}'


def found(store, path="", depth=None):
    async def collect():
        return [path async for path, _, _ in iter_members(StorePath(store, path), depth, 3)]

    return on_a_loop(collect())


def test_only_what_has_a_document_is_a_member(driven):
    inner = MemoryStore()
    for key, value in {
        "zarr.json": GROUP,
        "a/zarr.json": GROUP,
        "implicit/inner/zarr.json": GROUP,
        "readme.txt": b"text",
        "data/0": b"text",
        "__xarray_dataarray_variable__/zarr.json": GROUP,
        "__zarr_reserved/zarr.json": GROUP,
        "__zarr": b"",
        "_single/zarr.json": GROUP,
        "a/zarr.json.bak": b"",
    }.items():
        inner._store_dict[key] = buffer_of(value)
    assert found(driven(inner)) == ["__xarray_dataarray_variable__", "_single", "a"]


def test_nothing_is_looked_for_below_arrays(driven):
    inner = MemoryStore()
    root = terrazzo.create_group(inner)
    root.create_array("a", data=[1, 2], chunks=1)
    inner._store_dict["a/c/zarr.json"] = buffer_of(GROUP)
    counting = CountingStore(driven(inner))
    assert found(counting, depth=None) == ["a"]
    assert "a/c" not in counting.keys("list_dir")
    assert counting.keys("get") == ["a/zarr.json"]


def test_a_level_costs_a_listing_for_each_group_and_a_read_for_each_node(driven):
    inner = MemoryStore()
    root = terrazzo.create_group(inner)
    for path in ("a/x", "a/y", "b/z", "c"):
        root.create_group(path)
    counting = CountingStore(driven(inner))
    assert found(counting, depth=1) == ["a", "b", "c", "a/x", "a/y", "b/z"]
    assert counting.counts == {"list_dir": 4, "get": 6}


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (b"", MetadataValidationError),
        (b"{", MetadataValidationError),
        (b"[]", MetadataValidationError),
        (json.dumps({"zarr_format": 3, "node_type": "table"}).encode(), MetadataValidationError),
        (b'{"zarr_format": 2}', MetadataValidationError),
        (None, UnknownCodecError),
    ],
    ids=["empty", "no JSON", "no object", "another kind", "format 2", "unknown key encoding"],
)
def test_MD_28_a_broken_child_is_named_and_the_others_stay_reachable(driven, document, error):
    inner = MemoryStore()
    root = terrazzo.create_group(driven(inner))
    for number in range(9):
        root.create_array(f"n{number}", data=[number])
    if document is None:
        root.create_array("n99", data=[1])
        broken = json.loads(inner._store_dict["n99/zarr.json"].to_bytes())
        broken["chunk_key_encoding"] = "spiral"
        document = json.dumps(broken).encode()
    inner._store_dict["n99/zarr.json"] = buffer_of(document)
    assert [key for key in root if key not in root.unreadable()] == [f"n{number}" for number in range(9)]
    [(path, found)] = root.unreadable().items()
    assert (path, found.key) == ("n99", "n99/zarr.json")
    assert isinstance(found, error)
    with pytest.warns(UnreadableMemberWarning, match="n99") as caught:
        assert [name for name, _ in root.items()] == [f"n{number}" for number in range(9)]
    assert len(caught) == 1
    assert caught[0].filename == __file__ or root.store.inline is False
    with pytest.warns(UnreadableMemberWarning):
        assert len(list(root.values())) == 9
    assert str(root.tree()).splitlines()[-1].startswith("└── n99 (unreadable: ")
    for number in range(9):
        assert root[f"n{number}"][:].tolist() == [number]
    with pytest.raises(error):
        _ = root["n99"]
    del root["n99"]
    assert len(root) == 9


def test_ST_10_a_listing_that_fails_is_never_a_shorter_list(driven):
    inner = MemoryStore()
    terrazzo.create_group(inner, path="a")
    failing = FailingStore(driven(inner), lambda request: request.operation == "list_dir")
    with pytest.raises(OSError, match="simulated"):
        list(terrazzo.open_group(failing))


def test_ST_11_a_document_that_cannot_be_read_is_never_absent(driven):
    inner = MemoryStore()
    terrazzo.create_group(inner, path="a")
    failing = FailingStore(driven(inner), lambda request: request.key == "a/zarr.json")
    root = terrazzo.open_group(failing)
    for attempt in (lambda: list(root), lambda: root["a"], lambda: "a" in root, lambda: root.get("a")):
        with pytest.raises(OSError, match="simulated"):
            attempt()


def test_a_broken_copy_in_consolidated_metadata_is_left_out_too(driven):
    inner = MemoryStore()
    root = terrazzo.create_group(inner)
    root.create_array("a", data=[1])
    root.create_array("b", data=[1])
    terrazzo.consolidate_metadata(inner)
    document = json.loads(inner._store_dict["zarr.json"].to_bytes())
    document["consolidated_metadata"]["metadata"]["a"]["shape"] = "none"
    inner._store_dict["zarr.json"] = buffer_of(json.dumps(document).encode())
    root = terrazzo.open_consolidated(driven(MemoryStore(inner._store_dict)))
    assert list(root) == ["a", "b"]
    assert list(root.unreadable()) == ["a"]
    with pytest.warns(UnreadableMemberWarning, match="'a'"):
        assert [name for name, _ in root.members()] == ["b"]


@pytest.mark.parametrize("name", ["a\nb", "\x7f", "back\\slash", "\udcff", "..."])
def test_files_whose_names_no_node_may_have_are_no_members(tmp_path, name):
    root = terrazzo.create_group(tmp_path / "s")
    root.create_group("g")
    os.mkdir(os.fsencode(tmp_path / "s" / name))
    assert list(root) == ["g"]


def test_more_members_than_are_read_at_once_are_listed_in_order(monkeypatch, driven):
    monkeypatch.setattr(members, "AT_ONCE", 3)
    inner = MemoryStore()
    root = terrazzo.create_group(inner)
    root.require_groups(*(f"g{number}" for number in range(7)), "g3/a", "g5/b")
    expected = [*(f"g{number}" for number in range(7)), "g3/a", "g5/b"]
    assert found(driven(inner), depth=None) == expected


def test_items_and_values_are_those_of_the_children(store):
    root = terrazzo.create_group(store)
    root.create_array("a", data=[1])
    root.create_group("g/h")
    assert [(name, node.path) for name, node in root.items()] == [("a", "a"), ("g", "g")]
    assert list(root.values()) == [root["a"], root["g"]]


def test_what_a_copy_has_written_down_is_not_looked_at(driven):
    inner = MemoryStore()
    terrazzo.create_group(inner)["a"] = [1]
    inner._store_dict[JOURNAL] = buffer_of(b"{}")
    counting = CountingStore(driven(inner))
    root = terrazzo.open_group(counting, zarr_format=3)
    assert [path for path, _ in root.members()] == ["a"]
    assert not [request for request in counting.requests if JOURNAL in str(request)]
