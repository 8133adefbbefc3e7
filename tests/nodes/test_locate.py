import numpy as np
import pytest

import terrazzo
from terrazzo.errors import (
    BaseZarrError,
    ContainsArrayError,
    ContainsGroupError,
    MetadataValidationError,
    NodeTypeValidationError,
)
from terrazzo.metadata import ArrayV3Metadata, GroupMetadata
from terrazzo.nodes.locate import read_node
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import buffer_of, on_a_loop
from tests.nodes.test_create import document_of

GROUP = b'{"zarr_format": 3, "node_type": "group"}'


def read(store, path=""):
    return on_a_loop(read_node(StorePath(store, path)))


def test_a_document_is_read_as_what_it_is(store):
    terrazzo.create_array(store, name="a", data=[1])
    assert isinstance(read(store, "a"), ArrayV3Metadata)
    assert isinstance(read(store), GroupMetadata)
    assert read(store, "b") is None


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (b'{"zarr_format": 3, "node_type": "table"}', "node_type"),
        (b'{"zarr_format": 3, "node_type": null}', "node_type"),
        (b'{"zarr_format": 3}', "node_type"),
        (b'{"zarr_format": 4, "node_type": "group"}', "zarr_format"),
        (b'{"zarr_format": "3", "node_type": "group"}', "zarr_format"),
        (b'{"zarr_format": 3.0, "node_type": "group"}', "zarr_format"),
        (b'{"node_type": "group"}', "zarr_format"),
        (b'{"zarr_format": 3, "node_type": "group", "x": 1}', "x"),
    ],
)
def test_MD_17_what_is_wrong_is_named_with_key_and_store(driven, document, field):
    inner = MemoryStore()
    inner._store_dict["g/zarr.json"] = buffer_of(document)
    with pytest.raises(MetadataValidationError) as caught:
        read(driven(inner), "g")
    error = caught.value
    assert (error.field, error.key) == (field, "g/zarr.json")
    assert str(inner) in error.store
    assert isinstance(error, NodeTypeValidationError) == (field == "node_type")


def test_opening_is_one_request(driven):
    counting = CountingStore(driven(MemoryStore()))
    terrazzo.create_array(counting, name="a", data=[1])
    for open_it in (
        lambda: terrazzo.open_array(counting, path="a"),
        lambda: terrazzo.open_array(counting, path="a", mode="r+"),
        lambda: terrazzo.open(counting, path="a"),
        lambda: terrazzo.open(counting, path="a", mode="r"),
        lambda: terrazzo.open_group(counting),
        lambda: terrazzo.Array.open(StorePath(counting, "a")),
        lambda: terrazzo.Group.open(counting),
    ):
        counting.reset()
        open_it()
        assert counting.counts == {"get": 1}


@pytest.mark.parametrize(("name", "error"), [(".zarray", MetadataValidationError), (".zgroup", ContainsGroupError)])
def test_a_node_of_the_other_format_is_in_the_way(driven, name, error):
    inner = MemoryStore()
    inner._store_dict[f"n/{name}"] = buffer_of(b'{"zarr_format": 2}')
    store = driven(inner)
    with pytest.raises(error):
        terrazzo.create_group(store, path="n")
    with pytest.raises(error):
        terrazzo.create_array(store, name="n", data=[1])
    with pytest.raises(ValueError, match=r"format 2|required"):
        terrazzo.create_array(store, name="n/below", data=[1])
    assert [key for key in inner._store_dict if key.startswith("n")] == [f"n/{name}"]


def test_creating_a_node_looks_at_what_is_there_and_above_and_writes_once(driven):
    counting = CountingStore(driven(MemoryStore()))
    terrazzo.create_group(counting, path="a")
    counting.reset()
    terrazzo.create_array(counting, name="a/b/c", shape=(2,), dtype="i4")
    assert counting.keys("set") == ["a/b/c/zarr.json"]
    assert counting.keys("set_if_not_exists") == ["a/b/zarr.json"]
    three = ["a/b/c/zarr.json", "a/b/zarr.json", "a/zarr.json", "zarr.json"]
    assert [key for key in sorted(set(counting.keys("get"))) if key.endswith("zarr.json")] == three
    # Where nothing of this format is, a node of the other one may be in the way.
    assert {key.rpartition("/")[0] for key in counting.keys("get") if key not in three} == {"a/b", "a/b/c"}


def test_overwriting_deletes_everything_below_and_nothing_beside(driven):
    inner = MemoryStore()
    store = driven(inner)
    for path in ("a/b", "a/c/d", "ab"):
        terrazzo.create_array(store, name=path, data=[1])
    terrazzo.create_group(store, path="a", overwrite=True)
    assert sorted(inner._store_dict) == ["a/zarr.json", "ab/c/0", "ab/zarr.json", "zarr.json"]


def test_WR_04_nothing_is_deleted_where_what_is_above_cannot_be_read(driven):
    inner = MemoryStore()
    terrazzo.create_array(inner, name="g/a", data=[1])
    inner._store_dict["g/zarr.json"] = buffer_of(b"{")
    before = dict(inner._store_dict)
    with pytest.raises(MetadataValidationError):
        terrazzo.create_array(driven(inner), name="g/a", data=[2], overwrite=True)
    assert inner._store_dict == before


def test_what_cannot_be_read_is_in_the_way_unless_it_is_overwritten(driven):
    inner = MemoryStore({"a/zarr.json": buffer_of(b"{")})
    store = driven(inner)
    for attempt in (
        lambda: terrazzo.create_array(store, name="a", data=[1]),
        lambda: terrazzo.create_group(store, path="a"),
    ):
        with pytest.raises(MetadataValidationError):
            attempt()
    terrazzo.create_array(store, name="a", data=[1], overwrite=True)
    assert terrazzo.open_array(store, path="a")[:].tolist() == [1]


@pytest.mark.parametrize("operation", ["get", "set", "delete_dir"])
def test_errors_of_the_store_keep_their_class_and_name_the_key(driven, operation):
    inner = MemoryStore()
    terrazzo.create_group(inner)
    failing = FailingStore(driven(inner), lambda request: request.operation == operation)
    with pytest.raises(OSError, match="simulated") as caught:
        terrazzo.create_group(failing, path="a", overwrite=True)
    assert caught.value.errno == 5
    assert any(str(inner) in note for note in caught.value.__notes__)


# -- what is in the way


@pytest.mark.parametrize(("make", "error"), [("array", ContainsArrayError), ("group", ContainsGroupError)])
def test_what_is_there_is_not_replaced_unless_asked(store, make, error):
    if make == "array":
        terrazzo.create_array(store, name="a", data=[1, 2])
    else:
        terrazzo.create_array(store, name="a/b", data=[1, 2])
    for attempt in (
        lambda: terrazzo.create_array(store, name="a", data=[3]),
        lambda: terrazzo.create_group(store, path="a"),
    ):
        with pytest.raises(error, match="overwrite"):
            attempt()
    terrazzo.create_array(store, name="a", data=[3], overwrite=True)
    assert terrazzo.open_array(store, path="a")[:].tolist() == [3]
    terrazzo.create_group(store, path="a", overwrite=True)
    assert not list(terrazzo.open_group(store, path="a"))


def test_KY_07_overwriting_leaves_names_that_only_start_alike(store):
    for name in ("a", "aa", "a.b", "b"):
        terrazzo.create_array(store, name=name, data=[1])
    terrazzo.create_group(store, path="a", overwrite=True)
    for name in ("aa", "a.b", "b"):
        assert terrazzo.open_array(store, path=name)[:].tolist() == [1]


def test_keys_of_others_are_not_in_the_way(driven):
    inner = MemoryStore({"a/readme.txt": terrazzo.buffer.cpu.Buffer.from_bytes(b"hello")})
    terrazzo.create_array(driven(inner), name="a", data=[1])
    assert inner._store_dict["a/readme.txt"].to_bytes() == b"hello"


def test_groups_above_are_made_and_those_that_exist_stay(driven):
    inner = MemoryStore()
    store = driven(inner)
    terrazzo.create_group(store, path="a", attributes={"kept": True})
    terrazzo.create_array(store, name="a/b/c", data=[1])
    assert document_of(inner, "a")["attributes"] == {"kept": True}
    for path in ("", "a/b"):
        assert document_of(inner, path) == {"attributes": {}, "zarr_format": 3, "node_type": "group"}


@pytest.mark.parametrize("path", ["a/b", "a/b/c"])
def test_no_node_is_made_below_an_array(driven, path):
    inner = MemoryStore()
    terrazzo.create_array(driven(inner), name="a", data=[1])
    before = dict(inner._store_dict)
    for attempt in (
        lambda: terrazzo.create_array(driven(inner), name=path, data=[1]),
        lambda: terrazzo.create_group(driven(inner), path=path, overwrite=True),
    ):
        with pytest.raises(BaseZarrError, match="is an array"):
            attempt()
        assert inner._store_dict == before


def test_nothing_is_made_in_a_store_that_is_read_only(store):
    for attempt in (
        lambda: terrazzo.create_array(store.with_read_only(True), data=[1]),
        lambda: terrazzo.create_group(store.with_read_only(True)),
    ):
        with pytest.raises(ValueError, match="read-only"):
            attempt()
    with pytest.raises(FileNotFoundError):
        terrazzo.open(store, mode="r+")


def test_a_failure_while_data_are_written_leaves_no_array(driven):
    inner = MemoryStore()
    failing = FailingStore(driven(inner), lambda request: request.key == "a/c/2" and request.operation == "set")
    with pytest.raises(OSError, match="simulated"):
        terrazzo.create_array(failing, name="a", data=np.arange(1, 5), chunks=1)
    assert "a/zarr.json" not in inner._store_dict
