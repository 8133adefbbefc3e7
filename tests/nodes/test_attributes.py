import json
import threading
from collections.abc import MutableMapping

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import ArrayNotFoundError, GroupNotFoundError, ZarrUserWarning
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.stored import contents_of


@pytest.fixture(params=["array", "group"])
def kind(request):
    return request.param


def make(kind, store, **attributes):
    if kind == "array":
        return terrazzo.create_array(store, name="n", data=[1, 2], attributes=attributes)
    return terrazzo.create_group(store, path="n", attributes=attributes)


def reopened(store):
    return terrazzo.open(store, path="n").attrs.asdict()


@pytest.fixture
def node(kind, store):
    return make(kind, store, a=1, b=[2])


def test_attributes_are_a_mutable_mapping(node, store):
    attrs = node.attrs
    assert isinstance(attrs, MutableMapping)
    assert (attrs["a"], attrs.get("b"), attrs.get("x", 5)) == (1, [2], 5)
    assert (len(attrs), list(attrs), "a" in attrs, "x" in attrs) == (2, ["a", "b"], True, False)
    assert attrs == {"a": 1, "b": [2]}
    assert "{'a': 1, 'b': [2]}" in repr(attrs)
    with pytest.raises(KeyError, match="x"):
        _ = attrs["x"]


def test_every_change_is_stored_at_once(node, store):
    attrs = node.attrs
    attrs["c"] = {"d": None}
    assert reopened(store) == {"a": 1, "b": [2], "c": {"d": None}}
    attrs["a"] = 3
    del attrs["b"]
    assert reopened(store) == attrs.asdict() == {"a": 3, "c": {"d": None}}
    assert attrs.pop("c") == {"d": None}
    attrs.update({"e": 1}, f=2)
    attrs.update([("g", 3)])
    assert attrs.setdefault("h", 4) == 4
    assert reopened(store) == {"a": 3, "e": 1, "f": 2, "g": 3, "h": 4}
    attrs.put({"only": 1})
    assert reopened(store) == {"only": 1}
    attrs.clear()
    assert reopened(store) == node.attrs.asdict() == {}


def test_attributes_are_updated_together(node, store):
    result = node.update_attributes({"a": 5, "c": 6})
    assert type(result) is type(node)
    assert result.attrs.asdict() == node.attrs.asdict() == reopened(store) == {"a": 5, "b": [2], "c": 6}


def test_attributes_are_stored_as_they_will_be_read(node, store):
    node.attrs.put({"tuple": (1, (2,)), 5: "number", "big": 2**70, "text": "é\ud800", "float": 0.1})
    expected = {"tuple": [1, [2]], "5": "number", "big": 2**70, "text": "é\ud800", "float": 0.1}
    assert node.attrs.asdict() == reopened(store) == expected


def test_order_is_kept(node, store):
    node.attrs.put({"z": 1, "a": 2, "m": 3})
    assert list(reopened(store)) == ["z", "a", "m"]


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, np.int64(5), np.arange(2), [object()], 1j])
def test_what_is_not_json_is_refused_and_nothing_changes(node, store, value):
    for attempt in (
        lambda: node.attrs.__setitem__("x", value),
        lambda: node.attrs.update(x=value),
        lambda: node.attrs.put({"x": value}),
        lambda: node.update_attributes({"x": value}),
        lambda: node.update_attributes({"x": {"y": value}}),
    ):
        with pytest.raises(TypeError, match="JSON"):
            attempt()
        assert node.attrs.asdict() == reopened(store) == {"a": 1, "b": [2]}
    node.attrs["c"] = 1
    assert reopened(store) == {"a": 1, "b": [2], "c": 1}


@pytest.mark.parametrize("attributes", ["ab", 5, [1]])
def test_what_is_no_mapping_is_refused(node, attributes):
    with pytest.raises(TypeError, match="mapping"):
        node.update_attributes(attributes)


def test_nesting_without_end_is_refused(node):
    endless = []
    endless.append(endless)
    with pytest.raises(TypeError, match="JSON"):
        node.attrs["x"] = endless


def test_a_missing_attribute_cannot_be_deleted(node, store):
    with pytest.raises(KeyError, match="x"):
        del node.attrs["x"]
    assert reopened(store) == {"a": 1, "b": [2]}


def test_nan_is_stored_with_a_warning(node, store):
    with pytest.warns(ZarrUserWarning, match="NaN"):
        node.attrs["x"] = float("nan")
    assert np.isnan(reopened(store)["x"])


def test_the_warning_points_at_the_assignment(kind):
    with pytest.warns(ZarrUserWarning, match="NaN") as caught:
        make(kind, MemoryStore()).attrs["x"] = float("nan")
    assert caught[0].filename == __file__


def test_what_was_given_can_change_without_effect(node):
    value = [1]
    node.attrs["x"] = value
    value.append(2)
    assert node.attrs["x"] == [1]


def test_WR_09_changes_through_two_handles_are_both_kept(node, store):
    other = terrazzo.open(store, path="n")
    node.attrs["x"] = 1
    other.attrs["y"] = 2
    del node.attrs["a"]
    assert reopened(store) == {"b": [2], "x": 1, "y": 2}
    assert node.attrs.asdict() == {"b": [2], "x": 1, "y": 2}


def test_WR_08_a_stale_handle_does_not_undo_an_append(store):
    array = make("array", store)
    stale = terrazzo.open_array(store, path="n")
    array.append([3, 4])
    stale.attrs["x"] = 1
    assert terrazzo.open_array(store, path="n")[:].tolist() == [1, 2, 3, 4]
    assert stale.shape == (4,)


def test_a_change_is_one_read_and_one_write(kind, driven):
    counting = CountingStore(driven(MemoryStore()))
    node = make(kind, counting)
    counting.reset()
    node.attrs.update(a=1, b=2, c=3)
    # The group above might hold a copy of the attributes.
    assert counting.requests == [
        ("get", "n/zarr.json", None),
        ("get", "zarr.json", None),
        ("set", "n/zarr.json", None),
    ]


def test_WR_07_a_change_that_cannot_be_stored_changes_nothing(kind, driven):
    inner = MemoryStore()
    fails = False
    failing = FailingStore(driven(inner), lambda request: fails and request.operation == "set")
    node = make(kind, failing, a=1)
    fails = True
    with pytest.raises(OSError, match="simulated") as caught:
        node.attrs["a"] = 2
    assert any("n/zarr.json" in note for note in caught.value.__notes__)
    assert node.attrs.asdict() == reopened(inner) == {"a": 1}


def test_attributes_of_what_was_deleted_cannot_change(kind, store):
    node = make(kind, store)
    del terrazzo.open_group(store)["n"]
    with pytest.raises((ArrayNotFoundError, GroupNotFoundError), match="any more"):
        node.attrs["a"] = 1
    assert "n" not in terrazzo.open_group(store)


def test_members_that_others_added_stay(kind, driven):
    inner = MemoryStore()
    make(kind, inner, a=1)
    document = json.loads(inner._store_dict["n/zarr.json"].to_bytes())
    document["extension"] = {"must_understand": False, "x": [1]}
    inner._store_dict["n/zarr.json"] = terrazzo.buffer.cpu.Buffer.from_bytes(json.dumps(document).encode())
    terrazzo.open(driven(inner), path="n").attrs["b"] = 2
    changed = json.loads(inner._store_dict["n/zarr.json"].to_bytes())
    assert changed == {**document, "attributes": {"a": 1, "b": 2}}


def test_a_dictionary_of_attributes_is_a_copy(node, store):
    node.attrs.asdict()["x"] = 1
    assert "x" not in node.attrs


# -- many changes, one write


def test_a_batch_is_written_once_and_seen_before(kind, store):
    counting = CountingStore(store)
    node = make(kind, counting, a=1, b=[2], c=3)
    counting.reset()
    with node.attrs.batch() as attrs:
        attrs["a"] = 5
        node.attrs["new"] = {"x": None}
        del node.attrs["b"]
        attrs.update({"c": 6}, d=7)
        assert attrs.pop("d") == 7
        assert node.attrs.asdict() == dict(attrs) == {"a": 5, "c": 6, "new": {"x": None}}
        assert (len(attrs), "b" in attrs, list(attrs)) == (3, False, ["a", "c", "new"])
        with pytest.raises(KeyError):
            del attrs["b"]
        assert not counting.requests
        assert json.loads(contents_of(store)["n/zarr.json"])["attributes"] == {"a": 1, "b": [2], "c": 3}
    assert counting.keys("set") == ["n/zarr.json"]
    assert node.attrs.asdict() == reopened(store) == {"a": 5, "c": 6, "new": {"x": None}}


def test_a_batch_belongs_to_the_node_whichever_handle_changes_it(kind, store):
    node = make(kind, store, a=1)
    other = make("group", MemoryStore(), a=1)
    with node.attrs.batch():
        terrazzo.open(store, path="n").attrs["b"] = 2
        other.attrs["a"] = 3
        assert reopened(store) == {"a": 1, "b": 2}
        assert json.loads(contents_of(store)["n/zarr.json"])["attributes"] == {"a": 1}
    assert other.attrs.asdict() == {"a": 3}
    assert node.attrs.asdict() == {"a": 1, "b": 2}


def test_a_batch_that_raises_writes_nothing(kind, store):
    counting = CountingStore(store)
    node = make(kind, counting, a=1)
    counting.reset()
    with pytest.raises(RuntimeError, match="changed my mind"), node.attrs.batch() as attrs:
        attrs["a"] = 2
        raise RuntimeError("changed my mind")
    with pytest.raises(TypeError, match="object"), node.attrs.batch() as attrs:
        attrs["a"] = 2
        attrs["b"] = object()
    assert not counting.requests
    assert node.attrs.asdict() == reopened(store) == {"a": 1}
    node.attrs["b"] = 3  # the batches are over
    assert reopened(store) == {"a": 1, "b": 3}


def test_a_batch_without_changes_asks_for_nothing(kind, store):
    counting = CountingStore(store)
    node = make(kind, counting, a=1)
    counting.reset()
    with node.attrs.batch() as attrs:
        assert attrs["a"] == 1
    assert not counting.requests


def test_what_others_change_during_a_batch_stays(kind, store):
    node = make(kind, store, a=1, b=2, c=3)

    def change():
        terrazzo.open(store, path="n").attrs.update(a=10, d=4)
        del terrazzo.open(store, path="n").attrs["c"]

    with node.attrs.batch() as attrs:
        attrs["b"] = 20
        del attrs["c"]
        other = threading.Thread(target=change)  # a batch is that of a thread
        other.start()
        other.join()
    assert node.attrs.asdict() == reopened(store) == {"a": 10, "b": 20, "d": 4}
    with node.attrs.batch() as attrs:
        attrs.put({"only": 1})
        attrs["two"] = 2
    assert reopened(store) == {"only": 1, "two": 2}
    with node.attrs.batch() as attrs:
        attrs.clear()
    assert reopened(store) == {}


def test_a_batch_in_a_batch_hands_its_changes_on(kind, store):
    node = make(kind, store, a=1, b=2)
    with node.attrs.batch() as attrs:
        attrs["a"] = 3
        with pytest.raises(RuntimeError), node.attrs.batch():
            attrs["a"] = 4
            raise RuntimeError
        assert attrs["a"] == 3
        with node.attrs.batch():
            attrs["c"] = 5
            del attrs["b"]
        with node.attrs.batch():
            assert attrs.asdict() == {"a": 3, "c": 5}
        assert reopened(store) == {"a": 3, "c": 5}
        assert json.loads(contents_of(store)["n/zarr.json"])["attributes"] == {"a": 1, "b": 2}
        with node.attrs.batch():
            attrs.put({"d": 6})
            attrs["e"] = 7
    assert reopened(store) == {"d": 6, "e": 7}


def test_a_batch_that_cannot_be_written_leaves_the_handle_as_it_was(kind):
    failing = FailingStore(MemoryStore(), lambda request: request.operation == "set" and request.key == failing.key)
    failing.key = ""
    node = make(kind, failing, a=1)
    failing.key = "n/zarr.json"
    with pytest.raises(OSError, match="simulated"), node.attrs.batch() as attrs:
        attrs["a"] = 2
    assert node.attrs.asdict() == reopened(failing) == {"a": 1}


def test_a_batch_of_what_is_only_read_is_refused_at_its_end(kind, store):
    make(kind, store, a=1)
    reader = terrazzo.open(store, path="n", mode="r")
    with pytest.raises(ValueError, match="read-only"), reader.attrs.batch() as attrs:
        attrs["a"] = 2
    assert reopened(store) == reader.attrs.asdict() == {"a": 1}
