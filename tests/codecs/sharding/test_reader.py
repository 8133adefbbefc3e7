import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.byte_range import RangeByteRequest, SuffixByteRequest
from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.codecs import BloscCodec, BytesCodec, ShardingCodec, TransposeCodec, ZstdCodec
from terrazzo.codecs.sharding import reader
from terrazzo.registry import register_codec
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import CountingStore, LatencyStore
from tests.helpers import FromJSON
from tests.stored import contents_of, fill

INDEX = 16 * 64 + 4
"""Bytes of the index of a shard of 8 x 8 subchunks."""


class Tally(FromJSON, BytesBytesCodec):
    """Stores bytes as they are, and counts how often it is asked to."""

    name = "test.tally"
    is_fixed_size = True
    encoded = decoded = 0

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    def _encode_sync(self, chunk_data, chunk_spec):
        Tally.encoded += 1
        return chunk_data

    def _decode_sync(self, chunk_data, chunk_spec):
        Tally.decoded += 1
        return chunk_data


register_codec(Tally.name, Tally)


@pytest.fixture
def model():
    return np.arange(64 * 64, dtype="int32").reshape(64, 64)


@pytest.fixture
def store(model):
    """Four shards of 8 x 8 subchunks of 4 x 4 elements, 64 bytes each."""
    store = CountingStore(MemoryStore())
    terrazzo.create_array(store, data=model, chunks=(4, 4), shards=(32, 32), compressors=None)
    store.reset()
    return store


def ranges(store):
    return [
        request.byte_range for request in store.requests if request.operation == "get" and request.key != "zarr.json"
    ]


def opened(store, driven=lambda store: store, **config):
    array = terrazzo.open_array(driven(store), config=config)
    store.reset()
    return array


def test_a_whole_shard_is_read_in_one_request(store, model, driven):
    array = opened(store, driven)
    assert np.array_equal(array[:32, 32:], model[:32, 32:])
    assert store.keys("get") == ["c/0/1"]
    assert ranges(store) == [None]
    store.reset()
    assert np.array_equal(array[...], model)
    assert sorted(store.keys("get")) == ["c/0/0", "c/0/1", "c/1/0", "c/1/1"]


def test_all_of_the_array_that_a_shard_holds_is_read_in_one_request(driven):
    store = CountingStore(MemoryStore())
    data = np.arange(70, dtype="int16").reshape(7, 10)
    terrazzo.create_array(store, data=data, chunks=(2, 2), shards=(8, 8))
    array = opened(store, driven)
    assert np.array_equal(array[...], data)
    assert ranges(store) == [None, None]


@pytest.mark.parametrize("location", ["start", "end"])
def test_a_part_of_a_shard_is_read_with_its_index_and_what_lies_together(driven, model, location):
    store = CountingStore(MemoryStore())
    codec = ShardingCodec(chunk_shape=(4, 4), index_location=location, subchunk_write_order="lexicographic")
    terrazzo.create_array(store, data=model, chunks=(32, 32), serializer=codec, compressors=None)
    start = INDEX if location == "start" else 0
    array = opened(store, driven, sharding_coalesce_max_gap_bytes=0)
    assert np.array_equal(array[4:8, 8:20], model[4:8, 8:20])
    index = RangeByteRequest(0, INDEX) if location == "start" else SuffixByteRequest(INDEX)
    first = start + 10 * 64  # subchunks (1, 2), (1, 3), (1, 4) lie beside each other
    assert ranges(store) == [index, RangeByteRequest(first, first + 3 * 64)]


@pytest.mark.parametrize(
    ("gap", "most", "count"), [(0, 1 << 20, 2), (5 * 64, 1 << 20, 1), (5 * 64 - 1, 1 << 20, 2), (1 << 20, 64, 6)]
)
def test_the_settings_say_what_is_read_together(driven, model, gap, most, count):
    store = CountingStore(MemoryStore())
    codec = ShardingCodec(chunk_shape=(4, 4), subchunk_write_order="lexicographic")
    terrazzo.create_array(store, data=model, chunks=(32, 32), serializer=codec, compressors=None)
    array = opened(store, driven, sharding_coalesce_max_gap_bytes=gap, sharding_coalesce_max_bytes=most)
    assert np.array_equal(array[4:12, 8:20], model[4:12, 8:20])
    assert len(ranges(store)) == 1 + count


def test_a_kept_index_is_not_asked_for_again(store, model):
    array = opened(store)
    assert array[0, 0] == model[0, 0]
    assert ranges(store) == [SuffixByteRequest(INDEX), RangeByteRequest(0, 64)]
    store.reset()
    assert array[3, 3] == model[3, 3]
    assert terrazzo.open_array(store)[2, 1] == model[2, 1]
    assert ranges(store) == [RangeByteRequest(0, 64)] * 2


def test_a_change_by_another_writer_is_seen(store, model):
    array = opened(store)
    assert array[0, 0] == model[0, 0]
    fill(store, {"c/0/0": contents_of(store)["c/1/1"]})
    assert array[0, 0] == model[32, 32]
    other = terrazzo.open_array(store)
    other[0, 0] = -5
    assert array[0, 0] == -5
    other[:32, :32] = 0
    assert array[0, 0] == 0


def test_a_change_in_a_folder_is_seen_at_once_and_an_old_index_is_kept(tmp_path, model, monkeypatch):
    array = terrazzo.create_array(LocalStore(tmp_path), data=model, chunks=(4, 4), shards=(32, 32), compressors=None)
    other = terrazzo.open_array(LocalStore(tmp_path))
    fetched = []
    fetch = reader.fetch_index

    async def counted(layout, value):
        fetched.append(value)
        return await fetch(layout, value)

    monkeypatch.setattr(reader, "fetch_index", counted)
    for value in (5, 6, 7):
        other[1, 1] = value
        assert array[1, 1] == value
    assert len(fetched) == 3
    path = tmp_path / "c" / "0" / "0"
    os.utime(path, (1e9, 1e9))
    assert [int(array[1, column]) for column in range(5)] == [64, 7, 66, 67, 68]
    assert len(fetched) == 4
    other[1, 1] = 8
    assert array[1, 1] == 8


def test_many_who_read_one_shard_ask_for_its_index_once(model):
    inner = CountingStore(MemoryStore())
    terrazzo.create_array(inner, data=model, chunks=(4, 4), shards=(32, 32), compressors=None)
    store = LatencyStore(inner, get_latency=0.05)
    array = terrazzo.open_array(store)
    inner.reset()
    barrier = threading.Barrier(8)

    def read(number):
        barrier.wait()
        return int(array[4 * number, 0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == model[:32:4, 0].tolist()
    assert ranges(inner).count(SuffixByteRequest(INDEX)) == 1
    assert len(ranges(inner)) == 9


class Replacing(CountingStore):
    """Puts another shard in place whenever a part of one has been read."""

    inline = True

    def __init__(self, store, shards, times=1):
        super().__init__(store)
        self.shards = shards
        self.times = times

    async def get(self, key, prototype, byte_range=None):
        found = await super().get(key, prototype, byte_range)
        if byte_range is not None and self.times:
            self.times -= 1
            await self._store.set(key, prototype.buffer.from_bytes(self.shards[self.times % 2]))
        return found


@pytest.mark.parametrize("compressor", [None, ZstdCodec()])
@pytest.mark.parametrize("tells_versions", [True, False])
def test_a_shard_that_is_replaced_while_it_is_read_is_read_again(compressor, tells_versions):
    shards = []
    for seed in (0, 1):
        store = MemoryStore()
        data = np.random.default_rng(seed).integers(0, 5 + 900 * seed, 64).astype("int32")
        terrazzo.create_array(store, data=data, chunks=(8,), shards=(64,), compressors=compressor)
        shards.append((data, contents_of(store)["c/0"]))
    replacing = Replacing(store, [shard for _, shard in shards])
    if not tells_versions:
        if compressor is None:
            return  # what is stored as it lies in memory cannot tell by itself
        replacing.version = _no_version
    assert terrazzo.open_array(replacing)[20] == shards[0][0][20]
    replacing.times = 1000
    if tells_versions:  # it never comes to rest: in the end it is read whole
        assert terrazzo.open_array(replacing)[20] in [data[20] for data, _ in shards]
        assert replacing.requests[-1].byte_range is None


async def _no_version(key):
    return None


def test_a_part_of_a_nested_shard_is_read_through_both_indexes(driven, model):
    store = CountingStore(MemoryStore())
    inner = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), Tally()], index_location="start")
    codec = ShardingCodec(chunk_shape=(8, 8), codecs=[TransposeCodec(order=(1, 0)), inner])
    terrazzo.create_array(store, data=model, chunks=(32, 32), serializer=codec, compressors=None)
    array = opened(store, driven)
    Tally.decoded = 0
    assert array[9, 17] == model[9, 17]
    assert Tally.decoded == 1
    assert len(ranges(store)) == 3
    assert np.array_equal(array[5:30:7, 2:9], model[5:30:7, 2:9])
    assert np.array_equal(array[...], model)


def test_only_what_is_wanted_is_decoded(driven, model):
    store = CountingStore(MemoryStore())
    codec = ShardingCodec(chunk_shape=(4, 4), codecs=[BytesCodec(), Tally()])
    array = terrazzo.create_array(driven(store), data=model, chunks=(32, 32), serializer=codec, compressors=None)
    for selection, count in [((0, 0), 1), ((slice(3, 5), slice(3, 5)), 4), ((slice(None), 40), 16), (..., 256)]:
        Tally.decoded = 0
        assert np.array_equal(array[selection], model[selection])
        assert Tally.decoded == count


def test_absent_subchunks_and_absent_shards_read_as_the_fill_value(driven):
    store = CountingStore(MemoryStore())
    array = terrazzo.create_array(
        driven(store), shape=(16, 16), chunks=(2, 2), shards=(8, 8), dtype="float32", fill_value=np.nan
    )
    assert np.isnan(array[3, 3])
    array[4, 4] = 1
    assert np.isnan(array[3:6, 3:6]).sum() == 8
    store.reset()
    assert np.isnan(array[0, 0])
    assert store.counts["get"] <= 1


@pytest.mark.parametrize("compressor", [BloscCodec(cname="lz4"), ZstdCodec(), None], ids=repr)
def test_all_of_a_subchunk_in_another_place_is_put_there(driven, model, compressor):
    array = terrazzo.create_array(
        driven(MemoryStore()), data=model, chunks=(4, 4), shards=(32, 32), compressors=compressor
    )
    rows = [0, 1, 2, 3, 12, 13, 14, 15, 33, 32]
    assert np.array_equal(array.oindex[rows, 3:9], model[rows, 3:9])
    assert np.array_equal(array.oindex[3:9, rows], model[3:9, rows])
    assert np.array_equal(array.oindex[rows, rows], model[np.ix_(rows, rows)])
    mask = np.isin(np.arange(64), rows)
    assert np.array_equal(array.oindex[mask, 4:8], model[mask, 4:8])
