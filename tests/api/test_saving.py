import numpy as np
import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.codecs import GzipCodec
from terrazzo.errors import ContainsArrayError, GroupNotFoundError
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.helpers import buffer_of, on_a_loop


def test_one_array_is_saved_as_it_is(call, store):
    assert call("save", store, [[1, 2]], path="a") is None
    loaded = call("load", store, path="a")
    assert isinstance(loaded, np.ndarray)
    assert loaded.tolist() == [[1, 2]]


def test_several_arrays_are_saved_in_a_group(call, store):
    call("save", store, [1], np.arange(3.0), named=[[True]], path="g")
    group = terrazzo.open_group(store, path="g")
    assert {name: array[...].tolist() for name, array in group.arrays()} == {
        "arr_0": [1],
        "arr_1": [0.0, 1.0, 2.0],
        "named": [[True]],
    }
    assert call("load", store, path="g/named").tolist() == [[True]]


def test_one_array_with_a_name_is_saved_in_a_group(call, store):
    call("save", store, data=[1, 2])
    assert call("load", store, path="data").tolist() == [1, 2]


def test_a_group_that_is_saved_replaces_what_was_there(call, store):
    call("save_group", store, [1], [2], path="g")
    call("save_group", store, [3], path="g")
    assert list(terrazzo.open_group(store, path="g")) == ["arr_0"]
    call("save_array", store, [1], path="a")
    call("save_group", store, x=[4], path="a")
    assert call("load", store, path="a/x").tolist() == [4]


def test_an_array_is_not_replaced_unless_asked(call, store):
    call("save_array", store, [1, 2])
    for function in ("save_array", "save"):
        with pytest.raises(ContainsArrayError):
            call(function, store, [3])
    assert call("load", store).tolist() == [1, 2]
    call("save_array", store, [3], mode="w")
    assert call("load", store).tolist() == [3]
    call("save_array", store, [4, 5], overwrite=True)
    assert call("load", store).tolist() == [4, 5]


def test_an_array_is_saved_with_arguments_of_create(call, store):
    call(
        "save_array",
        store,
        np.arange(6),
        chunks=4,
        codecs=[{"name": "bytes", "configuration": {"endian": "big"}}, GzipCodec()],
    )
    array = terrazzo.open_array(store)
    assert (array.chunks, array.compressors) == ((4,), (GzipCodec(),))


def test_stored_arrays_are_saved(call, store):
    source = terrazzo.create_array({}, data=np.arange(6), chunks=4)
    call("save", store, source, path="a")
    call("save", store, source, other=source.async_array, path="g")
    assert call("load", store, path="a").tolist() == list(range(6))
    assert terrazzo.open_array(store, path="a").chunks == (4,)
    assert call("load", store, path="g/other").tolist() == list(range(6))


def test_nothing_to_save_is_refused(call, store):
    for function in ("save", "save_group"):
        with pytest.raises(ValueError, match="nothing to save"):
            call(function, store)


def test_WR_04_what_cannot_be_stored_leaves_what_was_there(call):
    inner = MemoryStore()
    call("save", inner, [1], other=[2])
    before = dict(inner._store_dict)
    with pytest.raises((TypeError, ValueError)):
        call("save", inner, [3], other=[object()])
    assert inner._store_dict == before


def test_an_array_without_axes_is_loaded_as_a_scalar(call, store):
    call("save", store, np.float32(2.5))
    loaded = call("load", store)
    assert isinstance(loaded, np.float32)
    assert loaded == 2.5


def test_a_group_is_loaded_as_a_mapping_that_reads_on_demand(store):
    counted = CountingStore(store)
    root = terrazzo.create_group(counted)
    root["a"], root["g/b"] = [1, 2], [3.0]
    loaded = terrazzo.load(counted)
    counted.reset()
    assert (sorted(loaded), len(loaded), "g/b" in loaded, "c" in loaded, 3 in loaded) == (
        ["a", "g"],
        2,
        True,
        False,
        False,
    )
    assert not [key for key in counted.keys("get") if "/c/" in key]
    np.testing.assert_array_equal(loaded["g/b"], [3.0])
    np.testing.assert_array_equal(loaded["g"]["b"], [3.0])
    assert loaded["a"] is loaded["a"]
    assert dict(loaded["g"].items()) == {"b": [3.0]}
    assert repr(loaded) == f"<LoadedGroup {counted}>"
    with pytest.raises(KeyError):
        loaded["c"]


def test_a_coroutine_loads_a_group_too():
    root = terrazzo.create_group({})
    root["a"], root["g/b"] = [1, 2], [3.0]

    async def main():
        loaded = await asynchronous.load(root.store)
        names = [name async for name in loaded.keys()]  # noqa: SIM118 - not a mapping
        assert (names, await loaded.nmembers(), await loaded.contains("g/b")) == (["a", "g"], 2, True)
        return await (await loaded.getitem("g")).getitem("b")

    np.testing.assert_array_equal(on_a_loop(main()), [3.0])


def test_nothing_cannot_be_loaded(call, store):
    terrazzo.create_group(store)
    with pytest.raises(GroupNotFoundError):
        call("load", store, path="a")


def test_loading_needs_no_right_to_write(call, store):
    call("save", store, [1, 2])
    assert call("load", store.with_read_only(True)).tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        call("save", store.with_read_only(True), [3], path="b")


def test_what_was_loaded_can_be_changed(call):
    inner = MemoryStore()
    call("save_array", inner, np.arange(4), codecs=[{"name": "bytes", "configuration": {"endian": "little"}}])
    loaded = call("load", inner)
    loaded[...] = 9
    assert call("load", inner).tolist() == [0, 1, 2, 3]


def test_damage_is_not_loaded(call):
    inner = MemoryStore()
    call("save", inner, [1, 2])
    inner._store_dict["c/0"] = buffer_of(b"x")
    with pytest.raises(terrazzo.errors.CorruptDataError):
        call("load", inner)
