"""Hierarchies made at once, through ``terrazzo.create_hierarchy`` and ``Group.create_hierarchy``."""

import threading
from dataclasses import replace

import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.codecs import GzipCodec
from terrazzo.errors import BaseZarrError, ContainsArrayError, ContainsGroupError, InvalidKeyError, UnknownCodecError
from terrazzo.metadata import ArrayV3Metadata, GroupMetadata
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import on_a_loop
from tests.rounds import RoundsStore


def array(zarr_format=3, **kwargs):
    """The metadata of a small array."""
    return terrazzo.create_array({}, shape=(4,), dtype="i4", zarr_format=zarr_format, **kwargs).metadata


def group(zarr_format=3, **attributes):
    return GroupMetadata(attributes=attributes, zarr_format=zarr_format)


def contents(store):
    """All keys and values of a store."""

    async def read():
        keys = sorted([key async for key in store.list()])
        return {key: (await store.get(key, terrazzo.buffer.default_buffer_prototype())).to_bytes() for key in keys}

    return on_a_loop(read())


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def zarr_format(request):
    return request.param


@pytest.fixture(params=["blocking", "asynchronous"])
def create(request):
    """Creates a hierarchy in one of the two forms."""
    if request.param == "blocking":
        return lambda **kwargs: list(terrazzo.create_hierarchy(**kwargs))

    async def collect(**kwargs):
        return [item async for item in asynchronous.create_hierarchy(**kwargs)]

    return lambda **kwargs: on_a_loop(collect(**kwargs))


def test_all_nodes_are_made_with_the_groups_on_the_way(create, store, zarr_format):
    nodes = {
        "a/b/x": array(zarr_format, attributes={"unit": "m"}),
        "/a": group(zarr_format, title="A"),
        "y": array(zarr_format, compressors=None),
    }
    made = create(store=store, nodes=nodes)
    assert [path for path, _ in made] == ["", "a", "y", "a/b", "a/b/x"]
    root = terrazzo.open_group(store, mode="r", zarr_format=zarr_format)
    assert dict(made)["a/b/x"].metadata == root["a/b/x"].metadata
    assert [path for path, _ in root.members(max_depth=None)] == ["a", "y", "a/b", "a/b/x"]
    assert root["a"].attrs == {"title": "A"}
    assert root["a/b"].attrs == {}
    assert root["a/b/x"].attrs == {"unit": "m"}
    assert root["y"][:].tolist() == [0, 0, 0, 0]


def test_nothing_is_made_of_nothing(create, store):
    assert create(store=store, nodes={}) == []
    assert contents(store) == {}


def test_the_blocking_form_makes_the_nodes_even_if_nobody_asks_for_them(store):
    terrazzo.create_hierarchy(store=store, nodes={"a": group()})
    terrazzo.open_group(store).create_hierarchy({"b": group()})
    assert list(terrazzo.open_group(store)) == ["a", "b"]


def test_the_root_can_be_among_the_nodes(create, store):
    assert [path for path, _ in create(store=store, nodes={"": group(a=1)})] == [""]
    assert terrazzo.open_group(store).attrs == {"a": 1}
    assert [path for path, _ in create(store={}, nodes={"/": array()})] == [""]


def test_in_a_group_paths_are_relative_to_it(store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    inner = root.create_group("in/ner")
    made = list(inner.create_hierarchy({"x/y": array(zarr_format), "z": group(zarr_format)}))
    assert [(path, node.path) for path, node in made] == [
        ("x", "in/ner/x"),
        ("z", "in/ner/z"),
        ("x/y", "in/ner/x/y"),
    ]
    assert root["in/ner/x/y"] == made[-1][1]
    for path in ("", "/"):
        with pytest.raises(ValueError, match="itself"):
            inner.create_hierarchy({path: group(zarr_format)})


@pytest.mark.parametrize(
    ("nodes", "error", "reason"),
    [
        ({"a": group(2), "b": group(3)}, ValueError, "'b' is of Zarr format 3"),
        ({"a": array(), "a/b": group()}, ValueError, "'a/b' is below 'a'"),
        ({"a": group(), "/a/": group()}, ValueError, "two nodes have the path 'a'"),
        ({"a": group(), "b": {"zarr_format": 3}}, TypeError, "'b'"),
        ({"a": group(), "b": group(x=object())}, TypeError, "'b'"),
        ({"a": group(), "../b": group()}, InvalidKeyError, "../b"),
        ({"a": group(), "b": replace(array(), codecs=({"name": "of nobody"},))}, UnknownCodecError, "of nobody"),
    ],
)
def test_nodes_that_contradict_one_another_are_refused_before_anything_is_written(create, store, nodes, error, reason):
    with pytest.raises(error) as caught:
        create(store=store, nodes=nodes)
    assert reason in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert contents(store) == {}


def test_nodes_of_a_group_are_of_its_format(store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    before = contents(store)
    with pytest.raises(ValueError, match=f"the group is of {zarr_format}"):
        root.create_hierarchy({"a": group(5 - zarr_format)})
    assert contents(store) == before


def test_what_stands_in_the_way_is_named_and_nothing_is_written(create, store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    root.create_array("a", data=[1])
    root.create_group("g")
    before = contents(store)
    nodes = {path: group(zarr_format) for path in ("a", "g", "new")}
    with pytest.raises((ContainsArrayError, ContainsGroupError)) as caught:
        create(store=store, nodes=nodes)
    said = "\n".join([str(caught.value), *caught.value.__notes__])
    assert f"there is an array at {store}/a" in said
    assert f"there is a group at {store}/g" in said
    assert contents(store) == before


def test_many_obstacles_are_counted(store):
    root = terrazzo.create_group(store)
    names = [f"g{number:02}" for number in range(20)]
    root.require_groups(*names)
    with pytest.raises(ContainsGroupError, match="g00") as caught:
        root.create_hierarchy({name: group() for name in names})
    assert len(caught.value.__notes__) == 11
    assert caught.value.__notes__[-1] == "and 9 more"


def test_an_array_above_is_in_the_way_whether_or_not_nodes_are_replaced(create, store, zarr_format):
    terrazzo.create_array(store, name="a", data=[1], zarr_format=zarr_format)
    before = contents(store)
    for overwrite in (False, True):
        with pytest.raises(BaseZarrError, match="is an array, and arrays hold no nodes"):
            create(store=store, nodes={"a/b": group(zarr_format)}, overwrite=overwrite)
    assert contents(store) == before


def test_a_node_of_the_other_format_is_in_the_way(create, store, zarr_format):
    terrazzo.create_group(store, path="g", zarr_format=zarr_format)
    before = contents(store)
    other = 5 - zarr_format
    with pytest.raises(BaseZarrError, match="already"):
        create(store=store, nodes={"g": group(other), "": group(other)})
    with pytest.raises(BaseZarrError, match=f"is of format {zarr_format}"):
        create(store=store, nodes={"g/b": group(other)})
    assert contents(store) == before


def test_groups_on_the_way_keep_what_they_have(create, store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format, attributes={"kept": 1})
    root.create_group("a", attributes={"kept": 2}).create_array("old", data=[7])
    made = create(store=store, nodes={"a/new": array(zarr_format)}, overwrite=True)
    assert [path for path, _ in made] == ["a/new"]
    assert root["a"].attrs == {"kept": 2}
    assert root["a/old"][:].tolist() == [7]


def test_what_is_replaced_goes_with_all_below_it(create, store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    root.create_group("a/b", attributes={"old": 1}).create_array("x", data=[7])
    root.create_array("y", data=[8])
    made = create(
        store=store,
        nodes={"a": group(zarr_format), "a/b/z": array(zarr_format), "y": array(zarr_format)},
        overwrite=True,
    )
    assert [path for path, _ in made] == ["a", "y", "a/b", "a/b/z"]
    assert [path for path, _ in root.members(max_depth=None)] == ["a", "y", "a/b", "a/b/z"]
    assert root["a/b"].attrs == {}
    assert root["y"][:].tolist() == [0, 0, 0, 0]


def test_consolidated_metadata_above_are_dropped(create, store, zarr_format):
    root = terrazzo.create_group(store, zarr_format=zarr_format)
    root.create_group("a/b")
    held = terrazzo.consolidate_metadata(store)
    held_below = held["a"]
    create(store=store, nodes={"a/b/new": array(zarr_format)})
    with pytest.raises(ValueError, match="no consolidated metadata"):
        terrazzo.open_consolidated(store)
    assert "a/b/new" in held
    assert "b/new" in held_below


def test_consolidated_metadata_of_the_nodes_given_are_not_written(store):
    terrazzo.create_group(store).create_group("a")
    metadata = terrazzo.consolidate_metadata(store).metadata
    target = {}
    terrazzo.create_hierarchy(store=target, nodes={"": metadata})
    assert list(terrazzo.open_group(target)) == []


def test_documents_are_those_that_creating_one_by_one_writes(zarr_format):
    one_by_one, at_once = {}, {}
    root = terrazzo.create_group(one_by_one, zarr_format=zarr_format, attributes={"a": 1})
    kwargs = {"shape": (4,), "dtype": ">i2", "compressors": None if zarr_format == 2 else [GzipCodec()]}
    created = root.create_array("g/x", **kwargs)
    terrazzo.create_hierarchy(store=at_once, nodes={"": group(zarr_format, a=1), "g/x": created.metadata})
    assert contents(MemoryStore(at_once)) == contents(MemoryStore(one_by_one))


def test_codecs_are_fitted_to_the_array_as_when_it_is_created(store):
    metadata = ArrayV3Metadata.from_dict(
        {
            **array().to_dict(),
            "data_type": "uint8",
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        }
    )
    [_, (_, made)] = terrazzo.create_hierarchy(store=store, nodes={"a": metadata})
    made[:] = 3
    assert np.array_equal(terrazzo.open_array(store, path="a")[:], [3, 3, 3, 3])


def test_a_store_that_only_reads_is_refused(tmp_path):
    terrazzo.create_group(tmp_path / "s")
    with pytest.raises(ValueError, match="read-only"):
        terrazzo.create_hierarchy(store=LocalStore(tmp_path / "s", read_only=True), nodes={"a": group()})


def test_each_document_is_written_once(store):
    counting = CountingStore(store)
    nodes = {f"g{number // 5}/a{number}": array() for number in range(20)}
    terrazzo.create_hierarchy(store=counting, nodes=nodes)
    assert sorted(counting.keys("set")) == sorted(f"{path}/zarr.json" for path in nodes)
    assert sorted(counting.keys("set_if_not_exists")) == [
        *(f"g{number}/zarr.json" for number in range(4)),
        "zarr.json",
    ]
    # One listing says that nothing is there, but perhaps at the root, which has one of four names.
    assert counting.counts == {"list_dir": 1, "get": 4, "set": 20, "set_if_not_exists": 5}


def test_only_what_may_be_in_the_way_is_looked_at(store):
    counting = CountingStore(store)
    root = terrazzo.create_group(counting)
    root.create_group("g/old")
    counting.reset()
    root.create_hierarchy({"g/new": group(), **{f"n{number}": group() for number in range(10)}})
    assert {key.rpartition("/")[0] for key in counting.keys("get")} == {"", "g", "g/new"}
    counting.reset()
    root.create_hierarchy({"m": group()}, overwrite=True)
    assert counting.counts == {"list_dir": 1, "get": 1, "set": 1}


def test_a_hierarchy_takes_as_many_rounds_as_one_node():
    store = RoundsStore(MemoryStore())
    terrazzo.create_hierarchy(store=store, nodes={"g/a": array()})
    rounds = store.rounds
    store.reset()
    terrazzo.create_hierarchy(store=store, nodes={f"h{number % 4}/a{number}": array() for number in range(24)})
    assert store.rounds <= rounds <= 5


def test_an_interrupted_creation_is_completed_by_another():
    store = FailingStore(MemoryStore(), lambda request: request.operation == "set" and request.key == "b/zarr.json")
    nodes = {name: group() for name in "abc"}
    with pytest.raises(OSError, match="simulated"):
        terrazzo.create_hierarchy(store=store, nodes=nodes)
    store.fails = lambda request: False
    terrazzo.create_hierarchy(store=store, nodes=nodes, overwrite=True)
    assert list(terrazzo.open_group(store)) == ["a", "b", "c"]


def test_two_creations_of_one_hierarchy_have_one_winner(store):
    nodes = {f"a/b{number}": group() for number in range(5)} | {"a": group(by="one")}
    outcomes = []

    def create_it():
        try:
            terrazzo.create_hierarchy(store=store, nodes=nodes)
            outcomes.append("made")
        except ContainsGroupError:
            outcomes.append("refused")

    threads = [threading.Thread(target=create_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused", "refused", "refused"]
    assert len(terrazzo.open_group(store)["a"]) == 5


def test_nodes_can_be_changed_while_the_others_are_asked_for(store):
    for path, node in terrazzo.create_hierarchy(store=store, nodes={"a": group(), "b": array()}):
        node.attrs["path"] = path
    assert terrazzo.open_group(store)["b"].attrs == {"path": "b"}
