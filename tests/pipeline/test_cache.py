"""Decoded chunks that are kept: what is asked of the store, and that nobody reads what is not stored any more."""

import asyncio
import gc
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terrazzo
from terrazzo import config
from terrazzo.abc.store import Store
from terrazzo.buffer.cpu import buffer_prototype
from terrazzo.errors import ChunkNotFoundError, CorruptDataError
from terrazzo.pipeline.cache import chunks
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore, files
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore, HookedStore, SuspendingStore
from tests.helpers import buffer_of, on_a_loop
from tests.parallel import run_threads, until_async

DATA = np.arange(32 * 32, dtype="int32").reshape(32, 32)
KINDS = {
    "chunks": {"chunks": (8, 8)},
    "v2": {"chunks": (8, 8), "zarr_format": 2},
    "shards": {"chunks": (4, 4), "shards": (8, 8)},
    "shards in shards": {
        "chunks": (16, 16),
        "serializer": {
            "name": "sharding_indexed",
            "configuration": {
                "chunk_shape": [8, 8],
                "codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [4, 4], "codecs": ["zstd"]}}],
            },
        },
        "compressors": None,
    },
}
KINDS["shards in shards"]["serializer"]["configuration"]["codecs"][0]["configuration"]["codecs"] = [
    {"name": "bytes", "configuration": {"endian": "little"}},
    {"name": "zstd", "configuration": {"level": 0, "checksum": False}},
]


class SilentStore(MemoryStore):
    """Cannot tell versions, and makes a request for each part of a value."""

    version = Store.version
    open_value = Store.open_value


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Files have a version as soon as they are written."""
    monkeypatch.setattr(files, "SETTLED_NS", -(1 << 62))


@pytest.fixture(autouse=True)
def cache():
    with config.set({"cache.max_bytes": "1 MiB"}):
        yield chunks
    assert not chunks.is_used


@pytest.fixture(params=KINDS)
def kind(request):
    return KINDS[request.param]


def stored(store, kind=KINDS["chunks"], **changes):
    return terrazzo.create_array(store, data=DATA, **{**kind, **changes})


# -- what is asked of the store


def test_what_was_read_is_not_read_again(store, kind):
    counting = CountingStore(store)
    array = stored(counting, kind)
    assert (array[...] == DATA).all()
    counting.reset()
    assert (array[...] == DATA).all()
    assert (array[3:20, ::3] == DATA[3:20, ::3]).all()
    assert (array.oindex[[30, 2], :] == DATA[[30, 2]]).all()
    assert (array.vindex[[30, 2], [1, 0]] == DATA[[30, 2], [1, 0]]).all()
    assert array[5, 6] == DATA[5, 6]
    assert set(counting.counts) == {"version"}


def test_handles_share_what_was_read(store, kind):
    counting = CountingStore(store)
    stored(counting, kind)[...]
    other = terrazzo.open_array(store=counting)
    counting.reset()
    assert (other[...] == DATA).all()
    assert "get" not in counting.counts


def test_of_a_shard_only_what_is_missing_is_read(store):
    counting = CountingStore(store)
    array = stored(counting, KINDS["shards"])
    assert array[0, 0] == DATA[0, 0]
    counting.reset()
    assert (array[:8, :8] == DATA[:8, :8]).all()
    lengths = [request.byte_range for request in counting.requests if request.operation == "get"]
    assert None not in lengths
    counting.reset()
    assert (array[:8, :8] == DATA[:8, :8]).all()
    assert "get" not in counting.counts


def test_without_room_or_where_it_is_switched_off_nothing_is_kept(store, kind, cache):
    array = stored(store, kind)
    off = array.with_config({"cache": False})
    assert (off[...] == DATA).all()
    assert not cache.is_used
    with config.set({"cache.max_bytes": 0}):
        assert (array[...] == DATA).all()
        assert not cache.is_used
    with config.set({"array.cache": False}):
        assert not terrazzo.open_array(store).config.cache
        assert terrazzo.open_array(store, config={"cache": True}).config.cache


def test_no_more_is_kept_than_allowed(store, kind, cache):
    array = stored(store, kind)
    entry = 8 * 8 * 4 + 600 if kind in (KINDS["chunks"], KINDS["v2"]) else 4 * 4 * 4 + 600
    with config.set({"cache.max_bytes": 5 * entry}):
        for _ in range(2):
            assert (array[...] == DATA).all()
            assert cache.total == 5 * entry
    assert cache.total <= 5 * entry
    with config.set({"cache.max_bytes": entry}):
        assert cache.total == entry
    with config.set({"cache.max_bytes": entry - 1}):
        assert not cache.is_used
        assert (array[...] == DATA).all()
        assert not cache.is_used


def test_long_texts_count(cache):
    array = terrazzo.create_array({}, data=np.array(["x" * 1000] * 10, dtype=object), dtype="str", chunks=5)
    assert set(array[...]) == {"x" * 1000}
    assert cache.total > 10_000


def test_objects_that_can_be_changed_are_not_kept(cache):
    import numcodecs

    array = terrazzo.create_array({}, shape=1, dtype="O", filters=[numcodecs.JSON()], zarr_format=2)
    array[0] = {"a": []}
    array[...][0]["a"].append(1)
    assert array[...][0] == {"a": []}
    assert not cache.is_used


def test_what_was_read_is_the_callers(store, kind):
    array = stored(store, kind)
    for _ in range(2):
        read = array[...]
        read[...] = 0
        part = array[:8, :8]
        part[...] = 0
    assert (array[...] == DATA).all()


def test_an_absent_chunk_is_not_kept(store, kind):
    array = terrazzo.create_array(store, shape=(32, 32), dtype="int32", fill_value=7, **kind)
    assert (array[...] == 7).all()
    array[...] = DATA
    assert (array[...] == DATA).all()
    with pytest.raises(ChunkNotFoundError):
        _ = terrazzo.create_array({}, shape=2, dtype="u1", config={"read_missing_chunks": False})[...]


def test_an_error_is_not_kept(store):
    array = stored(store)
    good = on_a_loop(store.get("c/0/0", buffer_prototype))
    on_a_loop(store.set("c/0/0", buffer_of(b"damaged")))
    for _ in range(2):
        with pytest.raises(CorruptDataError) as caught:
            _ = array[0, 0]
        assert caught.value.key == "c/0/0"
    on_a_loop(store.set("c/0/0", buffer_of(good.to_bytes())))
    assert array[0, 0] == DATA[0, 0]


def test_bytes_that_mean_something_else_are_another_chunk(store):
    kept = stored(store, compressors=None)
    assert kept[0, 1] == 1
    document = terrazzo.open_array(store).metadata.to_dict()
    other = terrazzo.Array.from_dict(kept.store_path, {**document, "data_type": "float32", "fill_value": 0.0})
    assert other[0, 1] == np.int32(1).view("float32")
    assert kept[0, 1] == 1


# -- what is written


def test_what_is_written_is_read(store, kind):
    array = stored(store, kind)
    other = terrazzo.open_array(store, config={"cache": False})
    model = DATA.copy()
    for number, region in enumerate([(3, 3), (slice(0, 8), slice(0, 8)), (slice(None), 5), ...]):
        assert (array[...] == model).all()
        (other if number % 2 else array)[region] = -number
        model[region] = -number
        assert (array[...] == model).all()


@pytest.mark.parametrize("make", [MemoryStore, SilentStore])
def test_every_way_to_change_an_array_is_seen(make, kind, driven):
    store = make() if make is SilentStore else driven(make())
    array = stored(store, kind, name="a/b")
    assert (array[...] == DATA).all()
    array.resize((20, 32))
    array.resize((32, 32))
    assert (array[:20] == DATA[:20]).all()
    assert not array[20:].any()
    array.append(DATA, axis=1)
    assert (array[:, 32:] == DATA).all()
    with array.buffered() as writer:
        writer[4] = 9
        assert (writer[4] == 9).all()
    assert (array[4] == 9).all()
    replaced = terrazzo.create_array(store, name="a/b", shape=(32, 32), dtype="int32", overwrite=True, **kind)
    assert not replaced[...].any()
    again = stored(store, kind, name="a/b", overwrite=True)
    assert (again[...] == DATA).all()
    del terrazzo.open_group(store)["a"]
    empty = terrazzo.create_array(store, name="a/b", shape=(32, 32), dtype="int32", **kind)
    assert not empty[...].any()


@pytest.mark.parametrize("kind_of_store", ["memory", "local", "local suspending"])
def test_what_another_process_writes_is_seen(kind_of_store, kind, tmp_path):
    here = MemoryStore() if kind_of_store == "memory" else LocalStore(tmp_path / "here")
    array = stored(SuspendingStore(here) if kind_of_store.endswith("suspending") else here, kind)
    elsewhere = MemoryStore()
    terrazzo.create_array(elsewhere, data=-DATA, **kind)
    assert (array[...] == DATA).all()
    for key, value in list(elsewhere._store_dict.items()):
        if kind_of_store == "memory":
            on_a_loop(here.set(key, value))
        else:
            new = tmp_path / "new"
            new.write_bytes(value.to_bytes())
            os.replace(new, here.root / key)
    assert (array[...] == -DATA).all()


@pytest.mark.parametrize("copy", ["copy", "copy_store", "move", "threads"])
def test_what_copies_write_as_it_is_drops_what_was_kept(copy, kind):
    class Store(SilentStore):
        if copy == "move":
            rename_dir = MemoryStore.rename_dir

    store = Store()
    stored(store, kind, name="a")
    other = stored(store, kind, name="b")
    other[...] = -DATA
    assert (other[...] == -DATA).all()
    assert (other[3:5, 3] == -DATA[3:5, 3]).all()
    group = terrazzo.open_group(store)
    if copy == "copy_store":
        terrazzo.copy_store(store, store, "a", "b", if_exists="replace")
    elif copy == "move":
        group.move("b", "c")
        group.move("a", "b")
    else:
        with ThreadPoolExecutor(1) as threads:
            terrazzo.copy(
                group["a"], group, name="b", if_exists="replace", executor=threads if copy == "threads" else None
            )
    again = group["b"]
    assert (again[3:5, 3] == DATA[3:5, 3]).all()
    assert (again[...] == DATA).all()


def test_files_that_are_too_young_to_tell_are_not_kept(tmp_path, monkeypatch, kind, cache):
    monkeypatch.setattr(files, "SETTLED_NS", 1 << 62)
    array = stored(LocalStore(tmp_path), kind)
    for _ in range(2):
        assert (array[...] == DATA).all()
    assert not cache.is_used


def test_what_cannot_tell_versions_is_trusted_as_long_as_it_lives(cache):
    store = SilentStore()
    array = stored(store)
    assert (array[...] == DATA).all()
    assert cache.total
    on_a_loop(store.set("c/0/0", on_a_loop(store.get("c/1/1", buffer_prototype))))
    assert array[0, 0] == DATA[0, 0]  # nobody has told
    array[0, 0] = 5
    assert array[1, 1] == DATA[9, 9]
    del store, array
    gc.collect()
    assert not cache.is_used


@pytest.mark.parametrize("name", ["chunks", "shards"])
def test_stores_that_are_called_alike_and_cannot_tell_versions_are_kept_apart(name):
    class Namesake(SilentStore):
        inline = True
        lock_identity = "the same"

    arrays = [stored(Namesake(), KINDS[name]) for _ in range(2)]
    arrays[1][...] = -DATA
    for _ in range(2):
        assert (arrays[0][...] == DATA).all()
        assert (arrays[1][...] == -DATA).all()


def test_a_wrapper_that_does_something_to_values_keeps_nothing(cache):
    class Wrapper(WrapperStore):
        async def get(self, key, prototype, byte_range=None):
            return await self._store.get(key, prototype, byte_range)

    array = stored(Wrapper(MemoryStore()))
    for _ in range(2):
        assert (array[...] == DATA).all()
    assert not cache.is_used


@given(data=st.data())
@settings(max_examples=settings().max_examples // 2)
@pytest.mark.parametrize("kind_name", KINDS)
def test_random_reads_and_writes_are_those_of_numpy(kind_name, driven, data):
    make = data.draw(st.sampled_from([MemoryStore, SilentStore]))
    store = driven(make())
    array, model = stored(store, KINDS[kind_name]), DATA.copy()
    handles = [array, terrazzo.open_array(store), terrazzo.open_array(store, config={"cache": False})]
    most = data.draw(st.sampled_from([1000, 5000, 1 << 20]))
    with config.set({"cache.max_bytes": most}):
        for _ in range(data.draw(st.integers(1, 8))):
            handle = data.draw(st.sampled_from(handles))
            selection = data.draw(strategies.basic_selections(model.shape))
            if data.draw(st.booleans()):
                handle[selection] = model[selection] = data.draw(st.integers(-9, 9))
            assert np.array_equal(handle[selection], model[selection])
            assert chunks.total <= most
        for handle in handles:
            assert (handle[...] == model).all()


# -- at the same time


@pytest.mark.parametrize("make", [MemoryStore, SilentStore, lambda: SuspendingStore(MemoryStore())])
@pytest.mark.parametrize("name", ["chunks", "shards"])
def test_no_reader_sees_what_is_older_than_what_it_saw_or_than_what_was_written(make, name):
    store = make()
    array = terrazzo.create_array(store, shape=(8, 8), dtype="int32", **KINDS[name])
    array[...] = 0
    written, is_over = [0], threading.Event()

    def write():
        try:
            for number in range(1, 60):
                array[...] = number
                written[0] = number
        finally:
            is_over.set()

    def read():
        handle, last = terrazzo.open_array(store), 0
        while not is_over.is_set():
            least = written[0]
            seen = handle[0:8, 0:8]
            assert len(set(seen.ravel().tolist())) == 1
            assert seen[0, 0] >= max(last, least)
            last = seen[0, 0]

    run_threads(write, read, read, read)
    assert (array[...] == 59).all()


class GatedStore(HookedStore):
    """Holds back every read until it is told to go on."""

    inline = False

    def __init__(self, store):
        super().__init__(store)
        self.waiting = 0
        self.asked = 0
        self.gate = asyncio.Event()

    async def before(self, request):
        if request.operation == "get" and "c/" in request.key:
            self.asked += 1
            self.waiting += 1
            await self.gate.wait()
            self.waiting -= 1


def test_a_chunk_is_read_once_by_all_who_want_it_and_a_cancelled_reader_fails_no_other():
    inner = MemoryStore()
    stored(inner, compressors=None)

    async def main():
        store = GatedStore(inner)
        array = await terrazzo.api.asynchronous.open_array(store)
        readers = [asyncio.create_task(array.getitem((slice(8), slice(8)))) for _ in range(6)]
        await until_async(lambda: store.waiting == 1)
        await asyncio.sleep(0.01)
        assert store.asked == 1
        readers[0].cancel()
        await until_async(lambda: store.asked == 2)
        store.gate.set()
        return store, await asyncio.gather(*readers, return_exceptions=True)

    store, (first, *others) = on_a_loop(main())
    assert isinstance(first, asyncio.CancelledError)
    assert all((other == DATA[:8, :8]).all() for other in others)
    assert store.asked == 2


def test_the_subchunks_of_a_shard_are_read_once_by_all_who_want_some_of_them():
    inner = MemoryStore()
    stored(inner, KINDS["shards"], compressors=None)

    async def main():
        store = CountingStore(SuspendingStore(inner))
        config = {"sharding_coalesce_max_gap_bytes": 0}  # else what lies between is read, too
        array = await terrazzo.api.asynchronous.open_array(store, config=config)
        regions = [(slice(4), slice(8)), (slice(8), slice(4)), (slice(8), slice(8)), (5, 5), (0, 0)] * 4
        store.reset()
        read = await asyncio.gather(*(array.getitem(region) for region in regions))
        for region, part in zip(regions, read, strict=True):
            assert (part == DATA[region]).all()
        return store

    store = on_a_loop(main())
    wanted = sorted((r.byte_range.start, r.byte_range.end) for r in store.requests if hasattr(r.byte_range, "end"))
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(wanted))


def test_threads_read_a_chunk_once(kind):
    store = CountingStore(MemoryStore())
    stored(store, kind)
    array = terrazzo.open_array(store)
    store.reset()
    for part in run_threads(*[lambda: array[:8, :8]] * 8):
        assert (part == DATA[:8, :8]).all()
    reads = [request for request in store.requests if request.operation == "get"]
    assert len(reads) == len(set(reads))
