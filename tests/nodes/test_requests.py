"""How many requests opening and listing take, and in how many rounds."""

import asyncio

import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes import members
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, FailingStore, SuspendingStore
from tests.rounds import RoundsStore


@pytest.fixture
def store():
    """A group of each format with an array in it, and a group in the latter; nothing has been asked of the store."""
    inner = MemoryStore()
    for zarr_format in (2, 3):
        root = terrazzo.create_group(inner, path=f"v{zarr_format}/root", zarr_format=zarr_format)
        root.create_array("a", data=[1, 2, 3])
        root.create_group("g")
        for path in (f"v{zarr_format}", ""):  # the groups on the way there
            for name in ("zarr.json", ".zgroup", ".zattrs"):
                inner._store_dict.pop(f"{path}/{name}".lstrip("/"), None)
    return RoundsStore(inner)


@pytest.fixture(params=["blocking", "asynchronous"])
def call(request):
    """Calls a function of the API in one of its forms."""
    if request.param == "blocking":
        return lambda name, *args, **kwargs: getattr(terrazzo, name)(*args, **kwargs)
    return lambda name, *args, **kwargs: asyncio.run(getattr(asynchronous, name)(*args, **kwargs))


@pytest.mark.parametrize(
    ("name", "path", "zarr_format", "requests", "rounds"),
    [
        # The format is known: one request, or in format 2 one for each document that there may be, all at once.
        ("open_array", "v3/root/a", 3, 1, 1),
        ("open_group", "v3/root", 3, 1, 1),
        ("open", "v3/root/a", 3, 1, 1),
        ("open", "v3/root", 3, 1, 1),
        ("open_array", "v2/root/a", 2, 3, 1),
        ("open", "v2/root/a", 2, 4, 1),  # one more name: there may be a group with consolidated metadata
        ("open_group", "v2/root", 2, 4, 1),
        # It is not: format 3 first.
        ("open_array", "v3/root/a", None, 1, 1),
        ("open_group", "v3/root", None, 1, 1),
        ("open", "v3/root/a", None, 1, 1),
        ("open_array", "v2/root/a", None, 4, 2),
        ("open_group", "v2/root", None, 5, 2),
        ("open", "v2/root/a", None, 5, 2),
        # There is nothing.
        ("open", "nothing", 3, 1, 1),
        ("open", "nothing", None, 5, 2),
    ],
)
def test_opening_takes_as_few_requests_as_there_are_documents(call, store, name, path, zarr_format, requests, rounds):
    if path == "nothing":
        with pytest.raises(FileNotFoundError):
            call(name, store, path=path, mode="r", zarr_format=zarr_format)
    else:
        assert call(name, store, path=path, mode="r", zarr_format=zarr_format).path == path
    assert set(store.counts) == {"get"}
    assert (len(store.requests), store.rounds) == (requests, rounds)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_member_takes_one_round_as_the_group_knows_its_format(store, zarr_format):
    root = terrazzo.open_group(store, path=f"v{zarr_format}/root", mode="r", zarr_format=zarr_format)
    store.reset()
    assert root["a"].shape == (3,)
    assert (len(store.requests), store.rounds) == (1 if zarr_format == 3 else 3, 1)


def consolidated(zarr_format):
    """A store with a group of 1000 arrays, and the copies of their documents."""
    inner = MemoryStore()
    metadata = terrazzo.create_array({}, shape=(4,), dtype="i1", zarr_format=zarr_format).metadata
    terrazzo.create_hierarchy(store=inner, nodes={f"a{number:03}": metadata for number in range(1000)})
    terrazzo.consolidate_metadata(inner, zarr_format=zarr_format)
    return RoundsStore(inner)


def test_a_consolidated_group_of_1000_arrays_is_one_request(call):
    store = consolidated(3)
    root = terrazzo.open_group(store, mode="r")
    assert len(root.members()) == len(list(root)) == 1000
    assert root["a123"].shape == (4,)
    assert store.requests == [("get", "zarr.json", None)]


def test_a_consolidated_group_of_format_2_is_one_round():
    store = consolidated(2)
    root = terrazzo.open_group(store, mode="r", zarr_format=2)
    assert len(root.members()) == 1000
    assert (store.rounds, len(store.requests)) == (1, 4)


def tree(*, groups, arrays, depth):
    """The nodes of a tree: as many groups in each group, down to a depth, and as many arrays in each group."""
    array = terrazzo.create_array({}, shape=(4,), dtype="i1").metadata
    level, nodes = [""], {"": GroupMetadata()}
    for below in range(depth + 1):
        for path in level:
            nodes |= {f"{path}/a{number}": array for number in range(arrays)}
        level = [f"{path}/g{number}" for path in level for number in range(groups)] if below < depth else []
        nodes |= {path: GroupMetadata() for path in level}
    return nodes


TREES = pytest.mark.parametrize(
    ("groups", "arrays", "depth"), [(0, 40, 0), (3, 2, 1), (3, 2, 2), (1, 1, 6)], ids=["flat", "1", "2", "deep"]
)


@TREES
def test_without_copies_a_level_is_a_round(groups, arrays, depth):
    nodes = tree(groups=groups, arrays=arrays, depth=depth)
    store = RoundsStore(MemoryStore())
    terrazzo.create_hierarchy(store=store, nodes=nodes)
    store.reset()
    root = terrazzo.open_group(store, mode="r")
    assert (len(store.requests), store.rounds) == (1, 1)
    store.reset()
    assert len(root.members(max_depth=None)) == len(nodes) - 1
    # A listing of the root; then each node is read, and listed before it is known whether it is a group.
    assert store.counts == {"list_dir": len(nodes), "get": len(nodes) - 1}
    assert store.rounds == 1 + (depth + 1)


@TREES
def test_a_level_of_many_nodes_is_listed_when_groups_are_known(monkeypatch, groups, arrays, depth):
    monkeypatch.setattr(members, "LISTED_AHEAD", 0)
    nodes = tree(groups=groups, arrays=arrays, depth=depth)
    store = RoundsStore(MemoryStore())
    terrazzo.create_hierarchy(store=store, nodes=nodes)
    root = terrazzo.open_group(store, mode="r")
    store.reset()
    assert len(root.members(max_depth=None)) == len(nodes) - 1
    number_of_groups = sum(isinstance(metadata, GroupMetadata) for metadata in nodes.values())
    assert store.counts == {"list_dir": number_of_groups, "get": len(nodes) - 1}
    assert store.rounds == 2 * (depth + 1)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_only_the_levels_that_are_asked_for_are_read(depth):
    store = RoundsStore(MemoryStore())
    terrazzo.create_hierarchy(store=store, nodes=tree(groups=2, arrays=1, depth=4))
    root = terrazzo.open_group(store, mode="r")
    store.reset()
    root.members(max_depth=depth)
    nodes = [3 * 2**level for level in range(depth + 1)]
    assert store.counts == {"list_dir": 1 + sum(nodes[:-1]), "get": sum(nodes)}
    assert store.rounds == 1 + (depth + 1)


def test_arrays_of_format_2_are_not_listed_as_each_chunk_has_a_name_there():
    inner = MemoryStore()
    root = terrazzo.create_group(inner, zarr_format=2)
    root.create_array("g/a", data=list(range(100)), chunks=1)
    store = RoundsStore(inner)
    terrazzo.open_group(store, mode="r", zarr_format=2).members(max_depth=None)
    assert store.keys("list_dir") == ["", "g"]


def test_a_store_that_never_waits_is_asked_for_nothing_ahead():
    inner = MemoryStore()
    terrazzo.create_hierarchy(store=inner, nodes=tree(groups=2, arrays=2, depth=1))
    store = CountingStore(inner)
    terrazzo.open_group(store, mode="r").members(max_depth=None)
    assert store.keys("list_dir") == ["", "g0", "g1"]


def test_a_listing_that_fails_counts_where_there_is_a_group():
    inner = MemoryStore()
    terrazzo.create_hierarchy(store=inner, nodes=tree(groups=1, arrays=1, depth=1))
    refused = []
    failing = FailingStore(
        SuspendingStore(inner), lambda request: request.operation == "list_dir" and request.key in refused
    )
    refused.append("a0")
    assert len(terrazzo.open_group(failing).members(max_depth=None)) == 3
    refused.append("g0")
    with pytest.raises(OSError, match="simulated"):
        terrazzo.open_group(failing).members(max_depth=None)
