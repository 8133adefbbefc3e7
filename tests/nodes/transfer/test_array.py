import asyncio
import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer.cpu import Buffer
from terrazzo.dtype import VariableLengthBytes
from terrazzo.errors import UnknownCodecError
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore, HookedStore, SuspendingStore
from tests.peak import peak_of
from tests.rounds import RoundsStore
from tests.stored import contents_of
from tests.test_properties import same_bits, ways_to_cut


@st.composite
def ways_to_store(draw, shape, dtype, zarr_format):
    """How an array may be stored, as arguments of ``create_array``."""
    if zarr_format == 2:
        codecs = {"compressors": draw(st.sampled_from([None, {"id": "zlib"}, "auto"]))}
        return {"chunks": draw(strategies.chunk_shapes(shape)), "shards": None, **codecs}
    chunks, shards = draw(ways_to_cut(shape))
    codecs = draw(strategies.codec_chains(len(shape), dtype)).as_kwargs() if draw(st.booleans()) else {}
    return {"chunks": chunks, "shards": shards, **codecs}


@given(st.data())
def test_a_copy_has_the_elements_of_the_original_whatever_both_are_stored_like(driven, data):
    old, new = data.draw(st.sampled_from([(2, 2), (2, 3), (3, 2), (3, 3)]), label="formats")
    dtype = data.draw(strategies.dtypes(of_any_length=True), label="dtype")
    shape = data.draw(strategies.shapes(), label="shape")
    values = data.draw(strategies.array_values(dtype, shape), label="values")
    fill_value = data.draw(strategies.fill_values(dtype), label="fill value")
    stored = data.draw(ways_to_store(shape, dtype, old), label="stored")
    zdtype = VariableLengthBytes() if dtype.kind == "O" else dtype
    source = terrazzo.create_array(
        driven(MemoryStore()), shape=shape, dtype=zdtype, zarr_format=old, fill_value=fill_value, **stored
    )
    source[...] = values
    target = driven(MemoryStore())
    otherwise = data.draw(ways_to_store(shape, dtype, new), label="otherwise")
    if old == new and data.draw(st.booleans(), label="as it is"):
        otherwise = {}
    memory = data.draw(st.sampled_from([None, 1 << 20]), label="memory")
    terrazzo.rechunk(source, target, zarr_format=new, max_memory=memory, **otherwise)
    copy = terrazzo.open_array(target)
    assert same_bits(copy[...], values, dtype)
    assert copy.metadata.zarr_format == new
    assert copy.metadata.attributes == source.metadata.attributes
    if not otherwise:
        assert contents_of(target) == contents_of(source.store)


CASES = {
    "as they are": ({}, {}),
    "keys differ": ({}, {"chunk_key_encoding": {"name": "v2", "separator": "."}}),
    "shards": ({"shards": (4, 8)}, {}),
    "codecs that were decided": ({"dtype": ">i4"}, {}),
    "to format 3": ({"zarr_format": 2}, {"zarr_format": 3}),
    "to format 3 with filters": (
        {"zarr_format": 2, "filters": [{"id": "delta", "dtype": "<i4"}], "compressors": {"id": "zlib", "level": 1}},
        {"zarr_format": 3},
    ),
    "to format 3, backwards": ({"zarr_format": 2, "order": "F", "dtype": ">i4"}, {"zarr_format": 3}),
    "to format 2": ({}, {"zarr_format": 2}),
    "to format 2, blosc": (
        {"compressors": {"name": "blosc", "configuration": {"shuffle": "shuffle"}}},
        {"zarr_format": 2},
    ),
    "to format 2, gzip and transposed": (
        {"compressors": {"name": "gzip"}, "filters": {"name": "transpose", "configuration": {"order": [1, 0]}}},
        {"zarr_format": 2},
    ),
}


def chunks_in(store):
    return sorted(value for key, value in contents_of(store).items() if "z" not in key)


@pytest.mark.parametrize("name", CASES)
def test_chunks_that_are_the_same_on_both_sides_are_not_decoded(name, monkeypatch):
    how, changes = CASES[name]
    source = terrazzo.create_array({}, shape=(8, 8), chunks=(2, 4), **{"dtype": "i4", **how})
    source[:5] = np.arange(40).reshape(5, 8)
    monkeypatch.setattr("terrazzo.pipeline.prepared.PreparedChain.decode", None)
    monkeypatch.setattr("terrazzo.pipeline.prepared.PreparedChain.encode", None)
    target = MemoryStore()
    terrazzo.rechunk(source, target, **changes)
    monkeypatch.undo()
    chunks = [
        sorted(value for key, value in contents_of(store).items() if "z" not in key) for store in (source.store, target)
    ]
    assert chunks[0] == chunks[1] != []
    np.testing.assert_array_equal(terrazzo.open_array(target)[:], source[:])


def test_chunks_of_codecs_that_nobody_knows_are_copied_as_they_are():
    store = MemoryStore()
    terrazzo.create_array(store, data=[1, 2])
    document = store.get_sync("zarr.json").to_bytes().replace(b'"zstd"', b'"unheard_of"')
    store.set_sync("zarr.json", Buffer.from_bytes(document))
    target = MemoryStore()
    terrazzo.rechunk(store, target)
    assert contents_of(target)["c/0"] == contents_of(store)["c/0"]
    with pytest.raises(UnknownCodecError, match="unheard_of"):
        terrazzo.rechunk(store, {}, chunks=1)


def test_what_is_only_declared_costs_nothing():
    source = terrazzo.create_array({}, shape=(10**9, 10**9), chunks=(10, 10), dtype="int8", fill_value=3)
    source[10**8, 10**8] = 1
    for changes in ({}, {"chunks": (100, 5)}, {"zarr_format": 2}):
        counted = CountingStore(MemoryStore())
        terrazzo.rechunk(source, counted, **changes)
        assert len([key for key in counted.keys("set") if "z" not in key]) == 1, changes
        assert terrazzo.open_array(counted)[10**8, 10**8] == 1


VALUES = {"string": "1", "bytes": b"1", "<U3": "1", ">f8": 1.0, "datetime64[s]": np.datetime64(1, "s"), "bfloat16": 1.0}


@pytest.mark.parametrize("dtype", VALUES)
def test_what_is_only_declared_costs_nothing_whatever_the_data_type(dtype):
    source = terrazzo.create_array({}, shape=(10**6,), chunks=10, dtype=dtype)
    source[500] = VALUES[dtype]
    counted = CountingStore(MemoryStore())
    terrazzo.rechunk(source, counted, chunks=20)
    assert len([key for key in counted.keys("set") if "z" not in key]) == 1
    assert terrazzo.open_array(counted)[500] == VALUES[dtype]


def test_another_fill_value_makes_elements_that_were_absent_present():
    source = terrazzo.create_array({}, shape=(100,), chunks=1, dtype="int8", fill_value=3)
    copy = MemoryStore()
    terrazzo.rechunk(source, copy, fill_value=4)
    assert (terrazzo.open_array(copy)[:] == 3).all()


def test_every_object_of_the_target_is_written_once_and_every_chunk_read_once():
    counted, target = CountingStore(MemoryStore()), CountingStore(MemoryStore())
    numbers = np.arange(120 * 90).reshape(120, 90)
    source = terrazzo.create_array(counted, data=numbers, chunks=(7, 11))
    counted.reset()
    terrazzo.rechunk(source, target, chunks=(5, 6), shards=(30, 18), compressors=None)
    read = [key for key in counted.keys("get") if key != "zarr.json"]
    written = [key for key in target.keys("set") if "z" not in key]
    assert (len(read), len(set(read))) == (18 * 9, 18 * 9)
    assert (len(written), len(set(written))) == (4 * 5, 4 * 5)
    np.testing.assert_array_equal(terrazzo.open_array(target)[:], numbers)


def test_too_little_memory_for_one_object_is_said_before_anything_is_written():
    source = terrazzo.create_array({}, shape=(64, 64), chunks=(1, 64), dtype="int64")
    target = CountingStore(MemoryStore())
    with pytest.raises(ValueError, match=r"max_memory is 16000 bytes.* takes 16384"):
        terrazzo.rechunk(source, target, chunks=(64, 8), max_memory=16_000)
    assert target.counts["set"] == 0
    terrazzo.rechunk(source, target, chunks=(64, 8), max_memory=16_384)


def rows(store, shape, shards=None):
    """An array of whole rows, of numbers that cannot be compressed."""
    array = terrazzo.create_array(store, shape=shape, chunks=(32, shape[1]), shards=shards, dtype="float64")
    for start in range(0, shape[0], 32):
        array[start : start + 32] = np.random.default_rng(start).normal(size=(32, shape[1]))
    return array


@pytest.mark.parametrize("shards", [None, (256, 1024)])
def test_what_is_held_at_once_stays_within_the_bound(shards, driven, tmp_path):
    source = rows(driven(LocalStore(tmp_path / "source")), (1024, 1024), shards)
    with terrazzo.config.set({"threading.max_workers": 2, "async.concurrency": 4}):
        for target in (tmp_path / "first", tmp_path / "second"):  # the second time everything is imported
            gc.collect()
            tracemalloc.start()
            terrazzo.rechunk(source, driven(LocalStore(target)), chunks=(1024, 32), shards=None, max_memory="4MiB")
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
    assert 2 << 20 < most < 4.5 * 2**20
    np.testing.assert_array_equal(terrazzo.open_array(tmp_path / "second")[:], source[:])


def test_a_process_takes_no_more_memory_than_it_may(tmp_path):
    rows(LocalStore(tmp_path / "source"), (1024, 4096))
    script = f"""
import terrazzo
from tests.rounds import RoundsStore
terrazzo.config.set({{"threading.max_workers": 2}})
small = terrazzo.create_array({{}}, data=np.ones((64, 64)), chunks=(1, 64))
terrazzo.rechunk(small, {{}}, chunks=(64, 1))
start()
terrazzo.rechunk({str(tmp_path / "source")!r}, {str(tmp_path / "target")!r}, chunks=(1024, 32), max_memory="16MiB")
"""
    assert peak_of(script) <= 17


def test_a_copy_over_a_store_that_waits_has_many_requests_on_their_way(monkeypatch):
    source = terrazzo.create_array(MemoryStore(), data=np.arange(40), chunks=1)
    most = running = 0

    class Watched(SuspendingStore):
        async def set(self, key, value):
            nonlocal most, running
            running += 1
            most = max(most, running)
            await super().set(key, value)
            running -= 1

    terrazzo.copy(source, Watched(MemoryStore()), name="a")
    assert most == terrazzo.config.get("async.concurrency")


@pytest.mark.parametrize("changes", [{}, {"chunks": 3}])
@pytest.mark.parametrize("if_exists", ["raise", "replace", "skip"])
def test_many_small_arrays_are_copied_in_few_rounds(if_exists, changes):
    root = terrazzo.create_group({})
    for number in range(60):
        root.create_array(f"g/{number}", data=[number], chunks=1)
    rounds = 0

    class Rounds(HookedStore):
        """Counts how often everybody waits."""

        inline = False
        waiting = 0

        async def before(self, request):
            nonlocal rounds
            rounds += not self.waiting
            self.waiting += 1
            await asyncio.sleep(0.001)
            self.waiting -= 1

    target = terrazzo.create_group(MemoryStore())
    if if_exists != "raise":
        terrazzo.copy_all(root, target)
    terrazzo.copy_all(root, Rounds(target.store), if_exists=if_exists, **changes)
    assert rounds < 60
    assert target["g/59"][0] == 59


@pytest.mark.parametrize("if_exists", ["raise", "replace"])
def test_many_groups_are_copied_in_few_rounds(if_exists):
    root = terrazzo.create_group({})
    for number in range(30):
        root.create_group(f"{number}/below", attributes={"number": number})
    store = RoundsStore(MemoryStore())
    if if_exists == "replace":
        terrazzo.copy_all(root, terrazzo.create_group(store))
        store.reset()
    terrazzo.copy_all(root, store, if_exists=if_exists)
    assert store.rounds < 60
    assert terrazzo.open_group(store)["29/below"].attrs["number"] == 29
