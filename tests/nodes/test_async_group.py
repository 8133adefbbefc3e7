"""The asynchronous group, awaited on a live loop; what its methods do is tested through the blocking group."""

import asyncio

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import ContainsArrayError, GroupNotFoundError, NodeNotFoundError
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.async_group import AsyncGroup, as_node, open_node_at
from terrazzo.storage import MemoryStore, StorePath
from tests.helpers import on_a_loop


async def collect(items):
    return [item async for item in items]


def test_members_are_made_found_and_deleted(store):
    async def main():
        root = await AsyncGroup.from_store(store, attributes={"a": 1})
        group = await root.create_group("g", attributes={"b": 2})
        array = await group.create_array("x", data=[1, 2])
        assert isinstance(array, AsyncArray)
        assert await root.getitem("g/x") == array
        assert await root.get("g") == group
        assert await root.get("nothing", 5) == 5
        assert await root.get_array("g/x") == array
        assert await root.get_group("g") == group
        assert await root.contains("g/x")
        assert not await root.contains("g/y")
        await root.setitem("g/y", np.zeros(2))
        assert (await root.require_array("g/y", shape=(2,))).path == "g/y"
        assert (await root.require_group("h/i")).path == "h/i"
        await root.delitem("g/y")
        assert not await root.contains("g/y")
        assert await root.nmembers(max_depth=None) == 4
        for attempt in (root.getitem("q"), root.get_array("q"), root.get_group("q")):
            with pytest.raises(KeyError, match="q"):
                await attempt
        return root

    assert on_a_loop(main()).attrs == {"a": 1}


def test_members_are_listed_one_after_the_other(store):
    async def main():
        root = await AsyncGroup.from_store(store)
        await asyncio.gather(*(root.create_array(name, data=[1]) for name in "cab"))
        await root.create_group("g/h")
        assert [name for name, _ in await collect(root.members())] == ["a", "b", "c", "g"]
        assert [name for name, _ in await collect(root.members(max_depth=None))] == ["a", "b", "c", "g", "g/h"]
        assert await collect(root.keys()) == ["a", "b", "c", "g"]
        assert await collect(root.array_keys()) == ["a", "b", "c"]
        assert await collect(root.group_keys()) == ["g"]
        assert [name for name, _ in await collect(root.arrays())] == ["a", "b", "c"]
        assert [name for name, _ in await collect(root.groups())] == ["g"]
        assert [array.path for array in await collect(root.array_values())] == ["a", "b", "c"]
        assert [group.path for group in await collect(root.group_values())] == ["g"]
        assert str(await root.tree()) == "/\n├── a (1,) int64\n├── b (1,) int64\n├── c (1,) int64\n└── g\n    └── h"
        assert "No. members : 5" in repr(await root.info_complete())
        assert "No. members" not in repr(root.info)

    on_a_loop(main())


def test_a_listing_can_be_left_early(store):
    async def main():
        root = await AsyncGroup.from_store(store)
        for name in "abc":
            await root.create_group(name)
        async for name, _ in root.members():
            assert name == "a"
            break
        members = root.members(max_depth=None)
        await anext(members)
        await members.aclose()
        return await root.nmembers()

    assert on_a_loop(main()) == 3


def test_attributes_are_updated(store):
    async def main():
        root = await AsyncGroup.from_store(store, attributes={"a": 1})
        assert await root.update_attributes({"b": 2}) is root
        assert (await AsyncGroup.open(store)).attrs == root.attrs == {"a": 1, "b": 2}

    on_a_loop(main())


def test_what_is_no_group_is_not_opened(store):
    async def main():
        root = await AsyncGroup.from_store(store)
        await root.create_array("a", data=[1])
        with pytest.raises(GroupNotFoundError):
            await AsyncGroup.open_at(StorePath(store, "b"))
        with pytest.raises(ContainsArrayError):
            await AsyncGroup.open(StorePath(store, "a"))
        with pytest.raises(NodeNotFoundError, match="neither an array nor a group"):
            await open_node_at(StorePath(store, "b"))
        assert isinstance(await open_node_at(StorePath(store, "a")), AsyncArray)
        assert isinstance(await open_node_at(StorePath(store)), AsyncGroup)

    on_a_loop(main())


def test_CC_05_of_many_who_require_a_node_one_makes_it(store):
    async def main():
        root = await AsyncGroup.from_store(store)
        await asyncio.gather(*(root.require_group("g/h") for _ in range(8)))
        arrays = await asyncio.gather(*(root.require_array("a", shape=(3,), dtype="i4") for _ in range(8)))
        await arrays[0].setitem(..., 5)
        await asyncio.gather(*(root.require_array("a", shape=(3,), dtype="i4") for _ in range(8)))
        return await arrays[7].getitem(...), await collect(root.keys())

    values, names = on_a_loop(main())
    assert values.tolist() == [5, 5, 5]
    assert names == ["a", "g"]


def test_a_handle_is_made_of_a_document():
    place = StorePath(MemoryStore(), "g")
    document = {"zarr_format": 3, "node_type": "group", "attributes": {"a": 1}}
    group = AsyncGroup.from_dict(place, document)
    assert group == AsyncGroup(GroupMetadata(attributes={"a": 1}), place)
    assert as_node(group.metadata, place) == group
    assert {group} == {as_node(group.metadata, place)}


def test_a_handle_knows_whether_it_ever_waits(store):
    assert terrazzo.create_group(store).async_counterpart.inline == store.inline
