"""What groups make, through the blocking class; hierarchies are tested in `test_hierarchy.py`."""

import numpy as np
import pytest

import terrazzo
from terrazzo import Group
from terrazzo.errors import BaseZarrError, ContainsArrayError, ContainsGroupError
from terrazzo.testing.stores import CountingStore
from tests.helpers import on_a_loop


@pytest.fixture(params=[2, 3], ids=["v2", "v3"])
def root(request, store):
    return terrazzo.create_group(store, zarr_format=request.param)


@pytest.mark.parametrize(
    ("method", "arguments", "content"),
    [
        ("empty", {}, 0),
        ("zeros", {}, 0),
        ("ones", {}, 1),
        ("full", {"fill_value": 7}, 7),
    ],
)
def test_arrays_of_one_value_are_made_in_the_format_of_the_group(root, method, arguments, content):
    made = getattr(root, method)(name="deep/a", shape=(3, 4), chunks=(2, 2), dtype="int16", **arguments)
    assert (made.path, made.shape, made.chunks, made.dtype) == ("deep/a", (3, 4), (2, 2), np.dtype("int16"))
    assert made.metadata.zarr_format == root.metadata.zarr_format
    assert np.array_equal(root["deep/a"][:], np.full((3, 4), content))
    assert made.nchunks_initialized == 0
    assert getattr(root, method)(name="b", shape=2, **arguments).dtype == np.dtype("float64")


@pytest.mark.parametrize(
    ("method", "arguments", "content"),
    [
        ("empty_like", {}, 5),
        ("zeros_like", {}, 0),
        ("ones_like", {}, 1),
        ("full_like", {}, 5),
        ("full_like", {"fill_value": 8}, 8),
    ],
)
def test_arrays_like_others_are_made_in_the_format_of_the_group(root, method, arguments, content):
    model = root.create_array("model", shape=(4,), chunks=(3,), dtype="uint8", fill_value=5, compressors=None)
    made = getattr(root, method)(name="a", data=model, **arguments)
    assert (made.shape, made.chunks, made.dtype, made.compressors) == ((4,), (3,), np.dtype("uint8"), ())
    assert made.metadata.zarr_format == root.metadata.zarr_format
    assert made[:].tolist() == [content] * 4
    of_numpy = getattr(root, method)(name="b", data=np.ones((2, 2), dtype="f4"), **{"fill_value": 3, **arguments})
    assert (of_numpy.shape, of_numpy.dtype) == ((2, 2), np.dtype("f4"))


def test_an_array_full_of_something_needs_to_know_of_what(root):
    with pytest.raises(TypeError, match="fill_value"):
        root.full_like(name="a", data=np.ones(2))
    assert "a" not in root


def test_what_is_there_stays(root):
    root.create_group("g")
    root.zeros(name="a", shape=2)[:] = 5
    with pytest.raises(ContainsArrayError):
        root.ones(name="a", shape=2)
    with pytest.raises(ContainsGroupError):
        root.ones(name="g", shape=2)
    assert root["a"][:].tolist() == [5, 5]
    assert root.ones(name="a", shape=2, overwrite=True)[:].tolist() == [1, 1]


def test_an_array_of_the_other_format_is_refused(root):
    other = 5 - root.metadata.zarr_format
    with pytest.raises(BaseZarrError, match="of format"):
        root.zeros(name="a", shape=2, zarr_format=other)
    assert list(root) == []


def test_create_is_another_name_of_create_array(root):
    assert root.create("a", data=[1, 2])[:].tolist() == [1, 2]
    assert "a" in root


def test_groups_are_opened_or_made_several_at_once(root):
    root.create_group("a", attributes={"kept": True})
    made = root.require_groups("a", "b/c", "b", "d")
    assert [group.path for group in made] == ["a", "b/c", "b", "d"]
    assert all(isinstance(group, Group) for group in made)
    assert made[0].attrs == {"kept": True}
    assert [path for path, _ in root.groups()] == ["a", "b", "d"]
    assert root.require_groups() == ()
    root.zeros(name="array", shape=1)
    with pytest.raises(TypeError, match="'array'"):
        root.require_groups("e", "array")


def test_an_array_that_is_there_is_opened_as_the_caller_wants_to_read_it(root):
    for _ in ("made", "opened"):
        array = root.require_array("a", shape=(2, 2), dtype="i4", config={"write_empty_chunks": True})
        assert array.config.write_empty_chunks
    assert not root.require_array("a", shape=(2, 2)).config.write_empty_chunks


def test_the_root_of_a_store_is_made_and_opened_in_the_format_asked_for(store):
    made = Group.from_store(store, zarr_format=2, attributes={"a": 1})
    assert made.metadata.zarr_format == 2
    assert Group.open(store, zarr_format=2) == made
    assert Group.open(store, zarr_format=None) == made


def test_attributes_are_added_from_a_coroutine(root):
    root.attrs["kept"] = 1
    changed = on_a_loop(root.update_attributes_async({"a": 2}))
    assert isinstance(changed, Group)
    assert changed.attrs == root.attrs == {"kept": 1, "a": 2}


def test_making_arrays_of_one_value_reads_only_what_may_be_in_the_way(store):
    counting = CountingStore(store)
    root = terrazzo.create_group(counting)
    counting.reset()
    root.zeros(name="a", shape=(1000, 1000), chunks=(10, 10))
    assert counting.keys("set") == ["a/zarr.json"]
