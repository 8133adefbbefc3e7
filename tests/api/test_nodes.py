"""Opening and creating: places, arguments, races. The table of modes is in `test_modes.py`."""

import asyncio

import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.errors import (
    ArrayNotFoundError,
    GroupNotFoundError,
)
from terrazzo.storage import MemoryStore, StorePath
from tests.helpers import buffer_of, on_a_loop

SHAPE = {"shape": (3,), "dtype": "int16"}
OLD = [1, 2, 3, 4]


def place(driven, content):
    """A store with what is asked for at ``n``, and a neighbour whose name starts alike; and its inner store."""
    inner = MemoryStore()
    terrazzo.create_array(inner, name="nn", data=OLD)
    if content == "array":
        terrazzo.create_array(inner, name="n", data=OLD, attributes={"old": True})
    elif content == "group":
        terrazzo.create_group(inner, path="n", attributes={"old": True})
        terrazzo.create_array(inner, name="n/child", data=OLD)
    elif content == "foreign keys":
        inner._store_dict["n/readme.txt"] = buffer_of(b"text")
    return driven(inner), inner


def test_nothing_found_is_a_file_not_found_and_says_where(call, driven):
    store, _ = place(driven, "nothing")
    for name, error in (
        ("open", GroupNotFoundError),
        ("open_array", ArrayNotFoundError),
        ("open_group", GroupNotFoundError),
    ):
        with pytest.raises(FileNotFoundError, match="/n") as caught:
            call(name, store, path="n", mode="r")
        assert isinstance(caught.value, error)
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["open", "open_array", "open_group", "load"])
@pytest.mark.parametrize("mode", ["r", "r+"])
def test_a_local_folder_that_is_missing_is_not_made(call, tmp_path, name, mode):
    kwargs = {} if name == "load" else {"mode": mode}
    with pytest.raises(FileNotFoundError):
        call(name, str(tmp_path / "nothing"), **kwargs)
    assert not list(tmp_path.iterdir())


# -- where


@pytest.mark.parametrize("spelling", ["str", "Path", "URL", "StorePath", "Store", "dict"])
def test_a_place_is_said_in_many_ways(call, tmp_path, spelling):
    where = {
        "str": lambda: str(tmp_path / "s"),
        "Path": lambda: tmp_path / "s",
        "URL": lambda: f"file://{tmp_path}/s",
        "StorePath": lambda: StorePath(MemoryStore(), "below/here"),
        "Store": MemoryStore,
        "dict": dict,
    }[spelling]()
    call("create_group", where, path="g")
    call("create_array", where, name="g/a", data=OLD)
    assert call("open_array", where, path="g/a")[:].tolist() == OLD
    assert call("open", where, path="/g//a/")[:].tolist() == OLD
    assert list(call("open_group", where, path="g")) == ["a"]
    if spelling == "StorePath":
        assert call("open", where.store, path="below/here/g/a").path == "below/here/g/a"


def test_without_a_place_it_is_new_memory(call):
    group = call("open_group")
    assert isinstance(group.store, MemoryStore)
    assert group.store != call("group").store
    assert call("open").path == ""
    assert call("create_group", None).path == ""


@pytest.mark.parametrize("name", ["open", "open_array", "open_group", "group", "create_group", "load"])
def test_what_is_no_place_is_a_type_error(call, name):
    for where in (5, ["a"], b"path", object()):
        with pytest.raises(TypeError, match="no store"):
            call(name, where)


def test_urls_of_other_kinds_are_refused_by_name(call):
    with pytest.raises(ValueError, match="gopher"):
        call("open", "gopher://host/a")


@pytest.mark.parametrize("name", ["open", "open_array", "open_group", "group", "create_group"])
def test_storage_options_are_for_urls(call, name):
    with pytest.raises(TypeError, match="storage_options"):
        call(name, MemoryStore(), storage_options={"anon": True})


# -- arguments


def test_a_config_is_taken_by_what_is_opened_and_made(call, driven):
    store, _ = place(driven, "array")
    for name in ("open", "open_array"):
        assert call(name, store, path="n", config={"order": "F"}).order == "F"
        assert call(name, store, path=f"{name}-new", mode="a", config={"order": "F"}, **SHAPE).order == "F"


def test_attributes_are_for_a_new_group(call, driven):
    store, _ = place(driven, "group")
    assert call("open_group", store, path="n", attributes={"new": 1}).attrs == {"old": True}
    assert call("open_group", store, path="m", attributes={"new": 1}).attrs == {"new": 1}
    assert call("group", store, path="l", attributes={"new": 1}).attrs == {"new": 1}
    assert call("open", store, path="k", attributes={"new": 1}).attrs == {"new": 1}


@pytest.mark.parametrize("name", ["open_group", "group"])
@pytest.mark.parametrize("argument", ["synchronizer", "chunk_store", "meta_array"])
def test_arguments_without_a_meaning_are_refused(call, name, argument):
    with pytest.raises(ValueError, match=argument):
        call(name, MemoryStore(), **{argument: object()})


@pytest.mark.parametrize("name", ["open_group", "group", "create_group", "open"])
@pytest.mark.parametrize(("zarr_format", "document"), [(2, ".zgroup"), (3, "zarr.json")])
def test_the_format_of_a_group_is_chosen(call, name, zarr_format, document):
    inner = MemoryStore()
    group = call(name, inner, zarr_format=zarr_format)
    assert group.metadata.zarr_format == zarr_format
    assert document in inner._store_dict
    with pytest.raises(ValueError, match="expected 2 or 3"):
        call(name, MemoryStore(), zarr_format=4)


def test_an_array_is_opened_or_made_like_another(call, driven):
    store, _ = place(driven, "array")
    like = terrazzo.create_array({}, shape=(6,), chunks=(2,), dtype="int16", fill_value=7)
    assert call("open_like", like, "n", store=store)[:].tolist() == OLD
    made = call("open_like", like, "m", store=store)
    assert (made.shape, made.chunks, made.dtype, made.fill_value) == ((6,), (2,), np.dtype("int16"), 7)
    made[0] = 1
    assert call("open_like", like, "m", store=store)[0] == 1
    assert call("open_like", np.zeros((2, 3), "f4"), "k", store=store).shape == (2, 3)


def test_MD_17_what_cannot_be_read_is_not_replaced_by_opening(call, driven):
    inner = MemoryStore({"n/zarr.json": buffer_of(b"{")})
    store = driven(inner)
    for name, kwargs in (
        ("open", {}),
        ("open", SHAPE),
        ("open_array", {"mode": "a", **SHAPE}),
        ("open_group", {}),
        ("group", {}),
    ):
        with pytest.raises(ValueError, match="JSON"):
            call(name, store, path="n", **kwargs)
    assert inner._store_dict["n/zarr.json"].to_bytes() == b"{"
    assert call("open_group", store, path="n", mode="w").path == "n"


def test_CC_05_of_many_who_open_or_make_a_node_one_makes_it(store):
    async def main():
        await asyncio.gather(*(asynchronous.open_group(store, path="g", attributes={"a": 1}) for _ in range(6)))
        await asyncio.gather(*(asynchronous.open_array(store, path="a", mode="a", **SHAPE) for _ in range(6)))
        nodes = await asyncio.gather(*(asynchronous.open(store, path="b", **SHAPE) for _ in range(6)))
        return nodes[0]

    assert on_a_loop(main()).shape == (3,)
    assert terrazzo.open_group(store, path="g").attrs == {"a": 1}
    assert list(terrazzo.open_group(store)) == ["a", "b", "g"]


def test_of_two_who_make_something_new_only_one_does(store):
    async def main():
        attempts = [asynchronous.create_group(store, path="g") for _ in range(2)]
        return await asyncio.gather(*attempts, return_exceptions=True)

    made = on_a_loop(main())
    assert sorted(type(result).__name__ for result in made) == ["AsyncGroup", "ContainsGroupError"]
