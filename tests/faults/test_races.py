"""Rows WR-08 to WR-14: writes beside other writes, beside readers, and beside changes of what was written."""

import json
import threading

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import ArrayNotFoundError, ConcurrentWriteError
from terrazzo.storage import LocalStore, MemoryStore
from tests.stored import contents_of, document, drive, fill, grid

# -- WR-08, WR-09: handles that do not know of each other


def test_WR_08_attributes_through_a_stale_handle_keep_the_append_of_another(store):
    stale = terrazzo.create_array(store, data=np.arange(3, dtype="u1"), chunks=(2,))
    terrazzo.open_array(store).append(np.array([7, 8], "u1"))
    stale.attrs["x"] = 1
    assert stale.shape == (5,)
    array = terrazzo.open_array(store)
    assert array[...].tolist() == [0, 1, 2, 7, 8]
    assert dict(array.attrs) == {"x": 1}


def test_WR_08_an_append_through_a_stale_handle_goes_behind_that_of_another(store):
    stale = terrazzo.create_array(store, data=np.arange(3, dtype="u1"), chunks=(2,))
    terrazzo.open_array(store).append(np.array([7, 8], "u1"))
    assert stale.append(np.array([9], "u1")) == (6,)
    assert terrazzo.open_array(store)[...].tolist() == [0, 1, 2, 7, 8, 9]


def test_WR_08_a_resize_through_a_stale_handle_keeps_attributes(store):
    stale = terrazzo.create_array(store, data=np.arange(3, dtype="u1"), chunks=(2,))
    terrazzo.open_array(store).attrs["x"] = 1
    stale.resize(5)
    assert dict(terrazzo.open_array(store).attrs) == dict(stale.attrs) == {"x": 1}


@pytest.mark.parametrize("kind", ["array", "group"])
def test_WR_09_attributes_through_two_handles_all_survive(store, kind):
    if kind == "array":
        first = terrazzo.create_array(store, shape=(3,), dtype="u1")
        second = terrazzo.open_array(store)
    else:
        first, second = terrazzo.create_group(store), terrazzo.open_group(store)
    first.attrs["a"] = 1
    second.attrs["b"] = 2
    first.attrs["c"] = 3
    second.attrs.update(a=4)
    del first.attrs["b"]
    assert dict(terrazzo.open(store).attrs) == {"a": 4, "c": 3}


@pytest.mark.parametrize("kind", ["array", "group"])
def test_WR_09_attributes_from_many_threads_all_survive(store, kind):
    terrazzo.create_array(store, shape=(3,), dtype="u1") if kind == "array" else terrazzo.create_group(store)
    together = threading.Barrier(6)
    errors = []

    def update(name):
        try:
            node = terrazzo.open(store)
            together.wait(60)
            for number in range(5):
                node.attrs[f"{name}{number}"] = number
        except Exception as error:
            errors.append(error)

    in_threads(update, range(6))
    assert errors == []
    assert len(terrazzo.open(store).attrs) == 30


@pytest.mark.parametrize("change", [lambda node: node.attrs.update(x=1), lambda node: node.resize(2)])
def test_WR_09_a_handle_of_something_that_was_deleted_does_not_bring_it_back(store, change):
    array = terrazzo.create_array(store, name="a", shape=(3,), dtype="u1")
    del terrazzo.open_group(store)["a"]
    before = contents_of(store)
    with pytest.raises((ArrayNotFoundError, ConcurrentWriteError)):
        change(array)
    assert contents_of(store) == before


def in_threads(call, arguments):
    threads = [threading.Thread(target=call, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- WR-12 to WR-14


def test_WR_12_of_eight_threads_one_sets_and_its_value_is_whole(store):
    for round_number in range(5):
        key = f"a/{round_number}"
        together = threading.Barrier(8)
        errors = []

        def write(name, key=key, together=together, errors=errors):
            together.wait(60)
            try:
                drive(store, store.set_if_not_exists(key, Buffer.from_bytes(bytes([name]) * 100_000)))
            except Exception as error:
                errors.append(error)

        in_threads(write, range(8))
        assert errors == []
        value = contents_of(store)[key]
        assert len(value) == 100_000
        assert len(set(value)) == 1


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_WR_13_a_reader_beside_a_writer_sees_one_version(kind, tmp_path, driven):
    inner = MemoryStore() if kind == "memory" else LocalStore(tmp_path)
    store = driven(inner)
    size = 1 << 22
    array = terrazzo.create_array(store, shape=(size,), chunks=(size,), dtype="u1", compressors=None)
    array[...] = 1
    done = threading.Event()
    errors = []

    def write():
        try:
            for number in range(2, 30):
                array[...] = number
        except Exception as error:
            errors.append(error)
        finally:
            done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        result = terrazzo.open_array(store)[...]
        assert result.min() == result.max()
        seen.add(int(result[0]))
    writer.join()
    assert errors == []
    assert array[...].max() == 29
    assert seen <= set(range(1, 30))


def test_WR_14_what_is_changed_after_a_call_does_not_change_what_is_stored(store):
    source = np.arange(8, dtype="u1")
    whole = terrazzo.create_array(store, name="whole", data=source, chunks=(8,), compressors=None)
    parts = terrazzo.create_array(store, name="parts", shape=(8,), chunks=(4,), dtype="u1", compressors=None)
    parts[...] = source
    attributes = {"list": [1]}
    parts.update_attributes(attributes)
    before = contents_of(store)
    source[:] = 99
    attributes["list"].append(2)
    for array in (whole, parts):
        for result in (array[...], array[0:4], array[1:3], np.asarray(array)):
            result[...] = 77
    parts.attrs.asdict()["list"].append(3)
    parts.attrs["list"].append(3)
    assert contents_of(store) == before
    assert terrazzo.open_array(store, path="whole")[...].tolist() == list(range(8))
    parts.attrs["other"] = 1
    assert json.loads(contents_of(store)["parts/zarr.json"])["attributes"] == {"list": [1], "other": 1}


def test_WR_14_a_fill_value_is_not_shared_with_what_is_read(store):
    fill(store, {"zarr.json": document(chunk_grid=grid(4))})
    array = terrazzo.open_array(store)
    result = array[...]
    result[:] = 1
    assert array[...].tolist() == [9, 9, 9, 9]
    assert array.fill_value == 9
