"""Groups, through the blocking class; `test_async_group.py` awaits the same methods on a live loop."""

import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo import Array, Group
from terrazzo.codecs import GzipCodec
from terrazzo.errors import (
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    InvalidKeyError,
)
from terrazzo.nodes.group import blocking
from terrazzo.storage import LocalStore, MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore


@pytest.fixture
def root(store):
    root = terrazzo.create_group(store, attributes={"title": "root"})
    root.create_array("a", data=[1, 2])
    root.create_array("g/b", data=[[3]])
    root.create_group("g/h/i", attributes={"deep": True})
    root.create_group("z")
    return root


# -- opening


def test_a_group_is_opened(root, store):
    assert Group.open(store) == root
    assert Group.open(StorePath(store, "g/h/i")).attrs == {"deep": True}


def test_what_is_no_group_is_not_opened(root, store):
    with pytest.raises(GroupNotFoundError, match="no group"):
        Group.open(StorePath(store, "nothing"))
    with pytest.raises(ContainsArrayError, match="array"):
        Group.open(StorePath(store, "a"))


def test_a_group_is_made_at_the_root_of_a_store(store):
    made = Group.from_store(store, attributes={"a": 1})
    assert made.attrs == {"a": 1}
    with pytest.raises(ContainsGroupError):
        Group.from_store(store)
    assert Group.from_store(store, overwrite=True).attrs == {}


def test_a_handle_goes_through_pickle(tmp_path):
    root = terrazzo.create_group(LocalStore(tmp_path / "s"))
    root.create_array("a", data=[1, 2])
    again = pickle.loads(pickle.dumps(root))
    assert again == root
    assert again["a"][:].tolist() == [1, 2]


def test_handles_are_equal_when_place_and_metadata_are(root, store):
    assert root == Group.open(store)
    assert root != root["g"]
    assert root["z"] != root["g/h"]
    assert {root, root["g"], Group.open(store)} == {root["g"], root}
    assert len({root.async_counterpart, root["a"].async_array, root["a"].async_array}) == 2


# -- what a group says


def test_a_group_says_where_it_is(root, store):
    group = root["g/h"]
    assert (group.path, group.name, group.basename) == ("g/h", "/g/h", "h")
    assert (root.path, root.name, root.basename) == ("", "/", "")
    assert group.store is store
    assert group.synchronizer is None
    assert repr(group) == f"<Group {store}/g/h>"
    assert (group.metadata.zarr_format, group.metadata.node_type) == (3, "group")
    assert group.async_counterpart.path == "g/h"
    assert repr(group.async_counterpart) == f"<AsyncGroup {store}/g/h>"


def test_a_group_that_only_reads_says_so(root, store):
    assert terrazzo.open_group(store, mode="r").read_only
    assert terrazzo.open_group(store, mode="r")["a"].read_only
    assert not root.read_only


# -- getting members


@pytest.mark.parametrize("path", ["g/b", "/g/b", "g//b/", "g\\b"])
def test_a_member_is_found_by_its_path(root, path):
    assert root[path].path == "g/b"
    assert path in root
    assert root.get(path) == root[path]


def test_members_come_as_what_they_are(root):
    assert isinstance(root["a"], Array)
    assert isinstance(root["g"], Group)
    assert isinstance(root["g"]["h"], Group)
    assert root["g"]["h/i"].path == "g/h/i"
    assert root[""] == root


@pytest.mark.parametrize("path", ["x", "a/b", "g/x", "g/b/c/0/0", "aa"])
def test_a_member_that_is_not_there_is_a_key_error(root, path):
    assert path not in root
    assert root.get(path) is None
    assert root.get(path, "default") == "default"
    for attempt in (lambda: root[path], lambda: root.get_array(path), lambda: root.get_group(path)):
        with pytest.raises(KeyError, match=path):
            attempt()


def test_the_kind_of_a_member_can_be_asked_for(root):
    assert root.get_array("g/b") == root["g/b"]
    assert root.get_group("g") == root["g"]
    with pytest.raises(TypeError, match="'g' is a group"):
        root.get_array("g")
    with pytest.raises(TypeError, match="'a' is an array"):
        root.get_group("a")


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "./x", "a/.", "x\0", "a\nb"])
def test_KY_01_paths_that_lead_elsewhere_are_refused(root, path):
    for attempt in (
        lambda: root[path],
        lambda: root.get(path),
        lambda: path in root,
        lambda: root.create_group(path),
        lambda: root.create_array(path, data=[1]),
        lambda: root.require_group(path),
        lambda: root.require_array(path, shape=(1,)),
        lambda: root.__setitem__(path, np.zeros(2)),
        lambda: root.__delitem__(path),
    ):
        with pytest.raises(InvalidKeyError):
            attempt()
    assert len(root.members(max_depth=None)) == 6


@pytest.mark.parametrize("key", [5, b"a", ("a",), slice(None)])
def test_a_path_is_text(root, key):
    with pytest.raises(TypeError, match="path"):
        _ = root[key]


def test_getting_a_member_is_one_request(driven):
    counting = CountingStore(driven(MemoryStore()))
    root = terrazzo.create_group(counting)
    root.create_array("g/a", data=[1])
    counting.reset()
    _ = root["g/a"]
    assert counting.requests == [("get", "g/a/zarr.json", None)]
    counting.reset()
    assert "g" in root
    assert counting.counts == {"get": 1}


# -- listing


def names(pairs):
    return [name for name, _ in pairs]


def test_children_are_listed_by_name(root):
    assert list(root) == list(root.keys()) == ["a", "g", "z"]
    assert len(root) == root.nmembers() == 3
    assert list(root.array_keys()) == ["a"]
    assert list(root.group_keys()) == ["g", "z"]
    assert names(root.arrays()) == ["a"]
    assert names(root.groups()) == ["g", "z"]
    assert [array.path for array in root.array_values()] == ["a"]
    assert [group.path for group in root.group_values()] == ["g", "z"]
    assert all(isinstance(array, Array) for _, array in root.arrays())
    assert all(isinstance(group, Group) for _, group in root.groups())


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, ["a", "g", "z"]),
        (1, ["a", "g", "z", "g/b", "g/h"]),
        (2, ["a", "g", "z", "g/b", "g/h", "g/h/i"]),
        (9, ["a", "g", "z", "g/b", "g/h", "g/h/i"]),
        (None, ["a", "g", "z", "g/b", "g/h", "g/h/i"]),
    ],
)
def test_members_are_listed_by_depth_and_then_by_path(root, depth, expected):
    assert names(root.members(max_depth=depth)) == expected
    assert root.nmembers(max_depth=depth) == len(expected)
    assert dict(root.members(max_depth=depth)) == {path: root[path] for path in expected}


def test_paths_of_members_are_relative_to_the_group(root):
    assert names(root["g"].members(max_depth=None)) == ["b", "h", "h/i"]
    assert names(root["g/h"].members()) == ["i"]
    assert root["z"].members() == ()


def test_a_negative_depth_is_refused(root):
    with pytest.raises(ValueError, match="-1"):
        root.members(max_depth=-1)


def test_listing_a_group_and_reading_a_document_of_each_child_is_all_it_takes(driven):
    counting = CountingStore(driven(MemoryStore()))
    root = terrazzo.create_group(counting)
    for name in "abc":
        root.create_array(name, data=np.ones(10), chunks=1)
    counting.reset()
    root.members()
    assert counting.counts == {"list_dir": 1, "get": 3}


# -- creating


def test_arrays_are_created_with_all_arguments(root, store):
    array = root.create_array(
        "new/array",
        shape=(4, 4),
        dtype="int16",
        chunks=(2, 2),
        filters=None,
        compressors=[GzipCodec(level=1)],
        serializer={"name": "bytes", "configuration": {"endian": "big"}},
        fill_value=7,
        attributes={"x": 1},
        chunk_key_encoding="v2",
        dimension_names=["y", "x"],
        config={"order": "F"},
    )
    assert isinstance(array, Array)
    assert (array.path, array.chunks, array.fill_value, array.order) == ("new/array", (2, 2), 7, "F")
    opened = terrazzo.open_array(store, path="new/array")
    assert opened.metadata == array.metadata
    assert isinstance(root["new"], Group)


def test_the_older_name_of_compressors_is_known(root):
    assert root.create_array("c", shape=(2,), dtype="i4", compressor=GzipCodec(level=2)).compressors == (
        GzipCodec(level=2),
    )
    assert root.create_array("d", shape=(2,), dtype="i4", compressor=None).compressors == ()
    with pytest.raises(ValueError, match="same"):
        root.create_array("e", shape=(2,), dtype="i4", compressor=None, compressors=None)
    assert "e" not in root


def test_what_is_there_is_not_replaced_unless_asked(root):
    for make in (lambda name, **kw: root.create_array(name, data=[9], **kw), root.create_group):
        with pytest.raises(ContainsArrayError):
            make("a")
        with pytest.raises(ContainsGroupError):
            make("g")
    root.create_array("g", data=[9], overwrite=True)
    assert root["g"][:].tolist() == [9]
    assert "g/b" not in root
    assert root.create_group("a", overwrite=True, attributes={"new": 1}).attrs == {"new": 1}


def test_a_group_is_made_unless_it_is_there(root):
    assert root.require_group("g").attrs == root["g"].attrs
    assert "b" in root.require_group("g")
    assert root.require_group("new/deep").path == "new/deep"
    assert "new" in root
    assert list(root.require_group("g", overwrite=True)) == []
    with pytest.raises(TypeError, match="array"):
        root.require_group("a")


def test_an_array_is_made_unless_it_is_there(root):
    made = root.require_array("new", shape=(3,), dtype="int8", chunks=(2,))
    made[:] = 5
    again = root.require_array("new", shape=(3,), dtype="int8", chunks=(1,))
    assert again == made
    assert again[:].tolist() == [5, 5, 5]
    assert root.require_array("new", shape=3) == made
    assert root.require_array("default", shape=[2, 2]).dtype == np.dtype("float64")


@pytest.mark.parametrize(
    ("kwargs", "reason"),
    [
        ({"shape": (4,), "dtype": "int8"}, "shape"),
        ({"shape": (3, 1)}, "shape"),
        ({"shape": (3,), "dtype": "uint8"}, "data type"),
        ({"shape": (3,), "dtype": "int64", "exact": True}, "data type"),
    ],
)
def test_an_array_that_differs_is_refused(root, kwargs, reason):
    root.create_array("new", data=np.ones(3, dtype="int8"))
    with pytest.raises(TypeError, match=reason):
        root.require_array("new", **kwargs)


def test_an_array_whose_type_casts_safely_is_taken(root):
    root.create_array("new", data=np.ones(3, dtype="int8"))
    for kwargs in ({"dtype": "int64"}, {"dtype": "float32"}, {"dtype": "int8", "exact": True}, {}):
        assert root.require_array("new", shape=(3,), **kwargs)[0] == 1


def test_a_group_is_no_array_to_require(root):
    with pytest.raises(TypeError, match="group"):
        root.require_array("g", shape=(2,))


# -- assigning and deleting


@pytest.mark.parametrize(
    "value", [np.arange(6).reshape(2, 3), [1, 2, 3], 5, np.float32(2)], ids=["array", "list", "int", "scalar"]
)
def test_an_array_is_stored_by_assignment(root, value):
    root["new/one"] = value
    assert np.array_equal(root["new/one"][...], np.asarray(value))
    root["g"] = value
    assert np.array_equal(root["g"][...], np.asarray(value))


def test_a_stored_array_is_copied_by_assignment(root):
    root["copy"] = root["g/b"]
    assert root["copy"][...].tolist() == [[3]]
    root["copy"][...] = 4
    assert root["g/b"][...].tolist() == [[3]]


def test_a_member_is_deleted_with_all_below_it(root, store):
    del root["g"]
    assert list(root) == ["a", "z"]
    assert "g/h/i" not in root
    with pytest.raises(KeyError):
        _ = root["g/b"]
    root.create_array("g", data=[1])
    assert root["g"][:].tolist() == [1]


def test_deleting_what_is_not_there_does_nothing(root):
    del root["nothing"]
    del root["g/nothing/at/all"]
    assert root.nmembers(max_depth=None) == 6


@pytest.mark.parametrize("path", ["", "/", "//"])
def test_KY_08_a_group_does_not_delete_itself(root, path):
    with pytest.raises(KeyError, match="itself"):
        del root[path]
    assert root.nmembers(max_depth=None) == 6


def test_KY_07_names_that_only_start_alike_stay(root):
    for name in ("aa", "a.b", "b"):
        root.create_group(name)
    del root["a"]
    assert list(root) == ["a.b", "aa", "b", "g", "z"]


def test_ST_08_a_group_that_is_read_only_changes_nothing(root, store):
    reader = terrazzo.open_group(store, mode="r")
    for attempt in (
        lambda: reader.create_group("x"),
        lambda: reader.create_array("x", data=[1]),
        lambda: reader.require_group("x"),
        lambda: reader.require_array("x", shape=(1,)),
        lambda: reader.__setitem__("x", [1]),
        lambda: reader.__delitem__("a"),
        lambda: reader.update_attributes({"x": 1}),
        lambda: reader.attrs.put({}),
        lambda: reader["a"].__setitem__(0, 5),
    ):
        with pytest.raises(ValueError, match="read-only"):
            attempt()
    assert reader.require_group("g").path == "g"
    assert reader.nmembers(max_depth=None) == 6
    assert reader.attrs == {"title": "root"}


# -- others


def test_attributes_are_updated_through_the_group(root):
    assert root.update_attributes({"x": 1}).attrs == {"title": "root", "x": 1}
    assert root.attrs == {"title": "root", "x": 1}


def test_a_node_gets_its_blocking_counterpart(root):
    assert blocking(root["a"].async_array) == root["a"]
    assert blocking(root["g"].async_counterpart) == root["g"]
