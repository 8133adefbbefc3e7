import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import BytesCodec, ShardingCodec, ZstdCodec
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.codecs.sharding.test_reader import Tally
from tests.stored import contents_of


def array_of(store, data, subchunk, **arguments):
    codec = ShardingCodec(chunk_shape=subchunk, codecs=[BytesCodec(), Tally()], **arguments)
    array = terrazzo.create_array(store, data=data, chunks=data.shape, serializer=codec, compressors=None)
    Tally.decoded = Tally.encoded = 0
    return array


def test_changing_one_of_4096_subchunks_decodes_one_and_encodes_one(driven):
    store = CountingStore(MemoryStore())
    data = np.arange(1, 256 * 256 + 1, dtype="int32").reshape(256, 256)
    array = array_of(driven(store), data, (4, 4))
    store.reset()
    array[101, 7] = -1
    assert (Tally.decoded, Tally.encoded) == (1, 1)
    assert [request[:2] for request in store.requests] == [("get", "c/0/0"), ("set", "c/0/0")]
    data[101, 7] = -1
    assert np.array_equal(array[...], data)


def test_a_subchunk_that_is_overwritten_is_not_decoded(driven):
    data = np.arange(1, 65, dtype="int32").reshape(8, 8)
    array = array_of(driven(MemoryStore()), data, (2, 2))
    array[2:5, 2:6] = 7  # four subchunks, and half of two others
    assert (Tally.decoded, Tally.encoded) == (2, 4)
    data[2:5, 2:6] = 7
    assert np.array_equal(array[...], data)


def test_a_shard_that_is_overwritten_is_not_read(driven):
    store = CountingStore(MemoryStore())
    array = array_of(driven(store), np.arange(1, 65, dtype="int32").reshape(8, 8), (2, 2))
    store.reset()
    array[...] = np.arange(64).reshape(8, 8)
    assert (store.counts["get"], store.counts["set"], Tally.decoded, Tally.encoded) == (0, 1, 0, 16)


def test_a_shard_at_the_edge_is_written_without_what_lies_outside(driven):
    data = np.arange(1, 36, dtype="int32").reshape(5, 7)
    store = CountingStore(MemoryStore())
    codec = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), Tally()])
    array = terrazzo.create_array(
        driven(store), shape=data.shape, dtype="int32", chunks=(8, 8), serializer=codec, compressors=None
    )
    Tally.encoded = 0
    store.reset()
    array[...] = data
    assert (store.counts["get"], Tally.encoded) == (0, 12)
    assert np.array_equal(array[...], data)


@pytest.mark.parametrize("order", ["morton", "lexicographic", "colexicographic", "unordered"])
@pytest.mark.parametrize("location", ["start", "end"])
def test_subchunks_that_stay_move_as_they_are(driven, order, location):
    inner = MemoryStore()
    data = np.arange(1, 65, dtype="uint8").reshape(8, 8)
    codec = ShardingCodec(chunk_shape=(2, 2), subchunk_write_order=order, index_location=location)
    array = terrazzo.create_array(driven(inner), data=data, chunks=(8, 8), serializer=codec, compressors=None)
    array[3:6, 1:3] = 0
    data[3:6, 1:3] = 0
    again = terrazzo.create_array(MemoryStore(), data=data, chunks=(8, 8), serializer=codec, compressors=None)
    assert contents_of(inner)["c/0/0"] == contents_of(again.store)["c/0/0"]
    array[2:4, 2:4] = 0
    data[2:4, 2:4] = 0
    assert np.array_equal(array[...], data)


def test_what_was_stored_in_another_order_is_put_in_order(driven):
    inner = MemoryStore()
    data = np.arange(1, 65, dtype="uint8").reshape(8, 8)
    first = ShardingCodec(chunk_shape=(2, 2), subchunk_write_order="colexicographic")
    terrazzo.create_array(driven(inner), data=data, chunks=(8, 8), serializer=first, compressors=None)
    array = terrazzo.open_array(driven(inner))
    array[0, 0] = 99
    data[0, 0] = 99
    assert np.array_equal(array[...], data)
    index = np.frombuffer(contents_of(inner)["c/0/0"][64:-4], "<u8").reshape(4, 4, 2)[:, :, 0] // 4
    assert index[:2, :2].tolist() == [[0, 2], [1, 3]]


def test_writers_of_one_shard_lose_nothing(store):
    array = terrazzo.create_array(store, shape=(16, 16), chunks=(2, 2), shards=(16, 16), dtype="int32")

    def write(number):
        row, column = divmod(number, 8)
        array[2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = number + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))
    expected = np.arange(1, 65).reshape(8, 8).repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(array[...], expected)


def test_CC_08_blocks_that_straddle_shards_are_written_by_many_at_once(store):
    array = terrazzo.create_array(store, shape=(24, 24), chunks=(2, 2), shards=(8, 8), dtype="int32", fill_value=-1)
    starts = [(row, column) for row in range(0, 24, 3) for column in range(0, 24, 3)]

    def write(number):
        row, column = starts[number]
        array[row : row + 3, column : column + 3] = number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(len(starts))))
    expected = np.arange(64).reshape(8, 8).repeat(3, axis=0).repeat(3, axis=1)
    assert np.array_equal(array[...], expected)


@pytest.mark.parametrize("compressor", [None, ZstdCodec()], ids=["raw", "zstd"])
def test_who_reads_beside_a_writer_sees_what_was_there_or_what_is(store, compressor):
    data = np.zeros((16, 16), dtype="int64")
    array = terrazzo.create_array(store, data=data + 1, chunks=(4, 4), shards=(16, 16), compressors=compressor)
    reader = terrazzo.open_array(store)
    ended = threading.Event()

    def write():
        try:
            for number in range(2, 60):
                if number % 2:
                    array[...] = number
                else:  # absent subchunks, so that the index and the lengths change
                    array[4:8, :] = 0
        finally:
            ended.set()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(write)
        seen = set()
        while not ended.is_set():
            part = reader[5:7, 2:11]
            assert (part == part[0, 0]).all()
            seen.add(int(part[0, 0]))
        future.result()
    assert seen <= {0, 1, *range(3, 60, 2)}
    assert reader[0, 0] == 59
