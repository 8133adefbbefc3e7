import asyncio
import json
import pickle
import threading

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import ContainsArrayError, GroupNotFoundError, MetadataValidationError
from terrazzo.metadata import ConsolidatedMetadata, GroupMetadata
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore, FailingStore, HookedStore
from tests.stored import GROUP, contents_of, document, document_v2, fill

FORMATS = pytest.mark.parametrize("zarr_format", [2, 3])


def hierarchy(store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format, attributes={"r": 1})
    root.create_group("b/c", attributes={"x": 1})
    root.create_array("a", data=np.arange(2), attributes={"k": [1]})
    root.create_array("b/Z", shape=(2,), dtype="i1")
    root.create_array("b/y", shape=(2,), dtype="f4", fill_value=np.nan)
    return root


def has_copies(store, path=""):
    stored = contents_of(store)
    prefix = f"{path}/" if path else ""
    return prefix + ".zmetadata" in stored or b"consolidated_metadata" in stored.get(prefix + "zarr.json", b"")


@FORMATS
def test_a_group_is_opened_whole(store, zarr_format):
    hierarchy(store, zarr_format)
    made = terrazzo.consolidate_metadata(store)
    counting = CountingStore(store)
    root = terrazzo.open_group(counting, mode="r")
    counting.reset()
    assert root.metadata.consolidated_metadata == made.metadata.consolidated_metadata
    assert [path for path, _ in root.members(max_depth=None)] == ["a", "b", "b/Z", "b/c", "b/y"]
    assert [path for path, _ in root.members()] == ["a", "b"]
    assert sorted(root["b"]) == ["Z", "c", "y"]
    assert dict(root["b/c"].attrs) == {"x": 1}
    assert dict(root["b"]["c"].attrs) == {"x": 1}
    assert root["a"].attrs["k"] == [1]
    assert np.isnan(root["b"]["y"].fill_value)
    assert "b/Z" in root
    assert "q" not in root
    assert root.nmembers(max_depth=None) == 5
    with pytest.raises(KeyError, match="q"):
        root["q"]
    assert counting.requests == []
    np.testing.assert_array_equal(root["a"][:], [0, 1])


@FORMATS
def test_copies_are_written_as_zarr_python_writes_them(zarr_format):
    store = MemoryStore()
    hierarchy(store, zarr_format)
    before = {
        key: json.loads(value) for key, value in contents_of(store).items() if "/c/" not in key and key[-1] != "0"
    }
    terrazzo.consolidate_metadata(store)
    stored = contents_of(store)
    if zarr_format == 2:
        text = stored[".zmetadata"].decode()
        written = json.loads(text)
        assert text == json.dumps(written)
        assert list(written) == ["metadata", "zarr_consolidated_format"]
        assert list(written["metadata"])[:5] == [".zgroup", ".zattrs", "a/.zattrs", "a/.zarray", "b/.zattrs"]
        assert [key for key in written["metadata"] if key.endswith("y")][-2:] == ["b/y/.zarray", "b/Z/.zarray"]
        for key, value in before.items():
            assert written["metadata"][key] == value
    else:
        written = json.loads(stored["zarr.json"])
        assert list(written) == ["attributes", "zarr_format", "consolidated_metadata", "node_type"]
        copies = written["consolidated_metadata"]
        assert list(copies) == ["kind", "must_understand", "metadata"]
        assert list(copies["metadata"]) == ["a", "b", "b/c", "b/y", "b/Z"]
        assert copies["metadata"]["a"] == before["a/zarr.json"]
        empty = {"kind": "inline", "must_understand": False, "metadata": {}}
        assert copies["metadata"]["b"] == {**before["b/zarr.json"], "consolidated_metadata": empty}


@FORMATS
def test_the_caller_says_whether_copies_are_used(store, zarr_format):
    hierarchy(store, zarr_format)
    with pytest.raises(ValueError, match="no consolidated metadata"):
        terrazzo.open_consolidated(store)
    with pytest.raises(ValueError, match="no consolidated metadata"):
        terrazzo.open_group(store, use_consolidated=True, mode="r")
    assert terrazzo.open_group(store, mode="r").metadata.consolidated_metadata is None
    terrazzo.consolidate_metadata(store)
    for used in (None, True):
        assert len(terrazzo.open_group(store, use_consolidated=used, mode="r").metadata.consolidated_metadata) == 5
        assert len(terrazzo.open(store, use_consolidated=used, mode="r").metadata.consolidated_metadata) == 5
    assert terrazzo.open_consolidated(store).metadata.consolidated_metadata is not None
    assert terrazzo.open_group(store, use_consolidated=False, mode="r").metadata.consolidated_metadata is None
    children = dict(terrazzo.open_consolidated(store).members(use_consolidated_for_children=False))
    assert children["b"].metadata.consolidated_metadata is None
    assert dict(terrazzo.open_consolidated(store).members())["b"].metadata.consolidated_metadata is not None


def test_copies_of_format_2_may_have_another_key(store):
    hierarchy(store, 2)
    terrazzo.consolidate_metadata(store)
    fill(store, {"mine": contents_of(store)[".zmetadata"]})
    assert len(terrazzo.open_group(store, use_consolidated="mine").metadata.consolidated_metadata) == 5
    with pytest.raises(ValueError, match="no consolidated metadata"):
        terrazzo.open_group(store, use_consolidated="other")
    three = MemoryStore()
    hierarchy(three, 3)
    with pytest.raises(TypeError, match="'mine'"):
        terrazzo.open_group(three, use_consolidated="mine")


@FORMATS
def test_copies_are_made_of_groups_only(store, zarr_format):
    hierarchy(store, zarr_format)
    with pytest.raises(ContainsArrayError):
        terrazzo.consolidate_metadata(store, path="a")
    with pytest.raises(GroupNotFoundError):
        terrazzo.consolidate_metadata(store, path="q")
    with pytest.raises(GroupNotFoundError, match=f"format {5 - zarr_format}"):
        terrazzo.consolidate_metadata(store, zarr_format=5 - zarr_format)
    below = terrazzo.consolidate_metadata(store, path="b")
    assert sorted(below.metadata.consolidated_metadata) == ["Z", "c", "y"]
    assert has_copies(store, "b")
    assert not has_copies(store)


def test_a_store_may_take_no_copies():
    class Plain(MemoryStore):
        @property
        def supports_consolidated_metadata(self):
            return False

    store = Plain()
    terrazzo.create_group(store)
    with pytest.raises(TypeError, match="does not take consolidated metadata"):
        terrazzo.consolidate_metadata(store)


CHANGES = {
    "an attribute of an array": lambda root: root["a"].attrs.__setitem__("new", 1),
    "an attribute of a group": lambda root: root["b/c"].attrs.__setitem__("new", 1),
    "a new array": lambda root: root.create_array("b/c/new", shape=(1,), dtype="i1"),
    "a new group": lambda root: root.create_group("new/below"),
    "an array replaced": lambda root: root.__setitem__("a", [1.5]),
    "a node less": lambda root: root.__delitem__("b"),
    "a shape": lambda root: root["a"].resize(7),
    "an append": lambda root: root["a"].append([7]),
}


@FORMATS
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("through", ["the same handle", "another handle", "another store"])
def test_a_change_leaves_no_stale_copy(store, zarr_format, change, through):
    root = hierarchy(store, zarr_format)
    consolidated = terrazzo.consolidate_metadata(store)
    assert has_copies(store)
    if through == "the same handle":
        change(consolidated)
    elif through == "another handle":
        change(root)
    else:
        change(terrazzo.open_group(StorePath(store), use_consolidated=False))
    assert not has_copies(store)
    fresh = terrazzo.open_group(store, mode="r")
    for group in (consolidated, fresh):  # a handle that was opened before does not go by what it read then
        assert {path: node.metadata.to_dict() for path, node in group.members(max_depth=None)} == {
            path: node.metadata.to_dict() for path, node in fresh.members(max_depth=None)
        }


def test_attributes_of_the_group_itself_are_not_among_the_copies_of_format_3(store):
    hierarchy(store, 3)
    root = terrazzo.consolidate_metadata(store)
    root.attrs["r"] = 2
    assert has_copies(store)
    assert terrazzo.open_consolidated(store).attrs["r"] == 2
    assert len(terrazzo.open_consolidated(store).metadata.consolidated_metadata) == 5


def test_attributes_of_the_group_itself_are_among_the_copies_of_format_2(store):
    hierarchy(store, 2)
    root = terrazzo.consolidate_metadata(store)
    root.attrs["r"] = 2
    assert not has_copies(store)
    assert terrazzo.open_group(store).attrs["r"] == 2


def test_a_handle_that_does_not_go_by_copies_keeps_them(store):
    hierarchy(store, 3)
    terrazzo.consolidate_metadata(store)
    root = terrazzo.open_group(store, use_consolidated=False)
    root.attrs["r"] = 2
    assert root.metadata.consolidated_metadata is None
    assert has_copies(store)


@FORMATS
def test_what_fails_to_be_written_leaves_no_stale_copy_either(zarr_format):
    inner = MemoryStore()
    hierarchy(inner, zarr_format)
    terrazzo.consolidate_metadata(inner)
    name = "a/.zattrs" if zarr_format == 2 else "a/zarr.json"
    failing = FailingStore(inner, lambda request: request.operation == "set" and request.key == name)
    with pytest.raises(OSError, match="simulated"):
        terrazzo.open_array(failing, path="a").attrs["new"] = 1
    assert not has_copies(inner)


@FORMATS
def test_what_is_refused_leaves_the_copies(store, zarr_format):
    root = hierarchy(store, zarr_format)
    terrazzo.consolidate_metadata(store)
    with pytest.raises(TypeError):
        root["a"].attrs["new"] = object()
    with pytest.raises(ValueError, match="already"):
        root.create_array("a", shape=(1,), dtype="i1")
    assert has_copies(store)


@FORMATS
def test_a_change_while_copies_are_made_is_in_them_or_drops_them(zarr_format):
    inner = MemoryStore()
    root = hierarchy(inner, zarr_format)
    document_name = ".zmetadata" if zarr_format == 2 else "zarr.json"
    threads = []

    class Changing(HookedStore):
        async def before(self, request):
            if request.operation == "set" and request.key == document_name and not threads:
                threads.append(threading.Thread(target=lambda: root["b/c"].attrs.__setitem__("x", 2)))
                threads[0].start()
                threads[0].join(0.3)

    terrazzo.consolidate_metadata(Changing(inner))
    threads[0].join()
    assert terrazzo.open_group(inner)["b/c"].attrs["x"] == 2


def test_many_changes_and_copies_at_once_end_right():
    store = MemoryStore()
    root = hierarchy(store, 3)

    def consolidate():
        for _ in range(30):
            terrazzo.consolidate_metadata(store)

    def change(name):
        for number in range(30):
            root[name].attrs["n"] = number

    threads = [
        threading.Thread(target=consolidate),
        *(threading.Thread(target=change, args=(n,)) for n in ("a", "b/y")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened = terrazzo.open_group(store)
    assert (opened["a"].attrs["n"], opened["b/y"].attrs["n"]) == (29, 29)


def test_a_group_that_is_missing_between_does_not_hide_what_is_below(store):
    copies = {"kind": "inline", "must_understand": False, "metadata": {"/x/y": json.loads(document())}}
    fill(store, {"zarr.json": json.dumps({**json.loads(GROUP), "consolidated_metadata": copies}).encode()})
    root = terrazzo.open_consolidated(store)
    assert root["x/y"].shape == (4,)
    assert [path for path, _ in root.members(max_depth=None)] == ["x/y"]
    assert "x" not in root


def test_copies_may_be_nested(store):
    inner = {"kind": "inline", "metadata": {"y": json.loads(document())}}
    copies = {"kind": "inline", "metadata": {"x": {**json.loads(GROUP), "consolidated_metadata": inner}}}
    fill(store, {"zarr.json": json.dumps({**json.loads(GROUP), "consolidated_metadata": copies}).encode()})
    root = terrazzo.open_consolidated(store)
    assert root["x/y"].shape == root["x"]["y"].shape == (4,)


@pytest.mark.parametrize(
    ("copies", "field"),
    [
        ([], "consolidated_metadata"),
        ({}, "consolidated_metadata.kind"),
        ({"kind": "other", "metadata": {}}, "consolidated_metadata.kind"),
        ({"kind": "inline"}, "consolidated_metadata.metadata"),
        ({"kind": "inline", "metadata": []}, "consolidated_metadata.metadata"),
        ({"kind": "inline", "metadata": {"a": 1}}, "consolidated_metadata.metadata['a']"),
    ],
)
def test_malformed_copies_are_named(store, copies, field):
    fill(store, {"zarr.json": json.dumps({**json.loads(GROUP), "consolidated_metadata": copies}).encode()})
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.open_group(store)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ({"metadata": {}, "zarr_consolidated_format": 2}, "zarr_consolidated_format"),
        ({"zarr_consolidated_format": 1}, "metadata"),
        ({"metadata": {"a/.zother": {}}}, "metadata['a/.zother']"),
        ({"metadata": {"a/.zattrs": []}}, "metadata['a/.zattrs']"),
    ],
)
def test_malformed_copies_of_format_2_are_named(store, text, field):
    fill(store, {".zgroup": b'{"zarr_format": 2}', ".zmetadata": json.dumps(text).encode()})
    with pytest.raises(MetadataValidationError, match=r"\.zmetadata") as caught:
        terrazzo.open_group(store)
    assert caught.value.field == field


def test_a_malformed_copy_is_named_and_the_others_stay_reachable(store):
    copies = {"kind": "inline", "metadata": {"bad": {"node_type": "array"}, "good": json.loads(document())}}
    fill(store, {"zarr.json": json.dumps({**json.loads(GROUP), "consolidated_metadata": copies}).encode()})
    root = terrazzo.open_group(store)
    assert root["good"].shape == (4,)
    with pytest.raises(MetadataValidationError, match="'bad'"):
        root["bad"]


def test_an_array_counts_before_a_group_among_copies(store):
    text = {"metadata": {"n/.zgroup": {"zarr_format": 2}, "n/.zarray": json.loads(document_v2())}}
    fill(store, {".zgroup": b'{"zarr_format": 2}', ".zmetadata": json.dumps(text).encode()})
    assert terrazzo.open_group(store)["n"].shape == (4,)


def test_copies_are_a_mapping_of_metadata():
    store = MemoryStore()
    hierarchy(store, 3)
    copies = terrazzo.consolidate_metadata(store).metadata.consolidated_metadata
    assert list(copies.metadata) == ["a", "b"]
    assert list(copies.flattened_metadata) == ["a", "b", "b/Z", "b/c", "b/y"]
    assert isinstance(copies["b"], GroupMetadata)
    assert ConsolidatedMetadata(copies.metadata) == copies
    assert ConsolidatedMetadata.from_dict(copies.to_dict()) == copies
    assert pickle.loads(pickle.dumps(copies)) == copies
    assert "ConsolidatedMetadata(metadata={'a': " in repr(copies)


def test_asynchronous_callers_have_the_same():
    async def main():
        from terrazzo.api.asynchronous import consolidate_metadata, open_consolidated

        store = MemoryStore()
        root = await terrazzo.api.asynchronous.create_group(store)
        await root.create_group("a/b")
        await consolidate_metadata(store)
        opened = await open_consolidated(store)
        return [path async for path, _ in opened.members(max_depth=None)]

    assert asyncio.run(main()) == ["a", "a/b"]
