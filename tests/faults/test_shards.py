"""Rows SH: shards whose index is not what it should be."""

import tracemalloc

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import CorruptDataError, LimitExceededError, ShardIndexError
from terrazzo.testing.stores import CountingStore
from tests.faults.frames import flipped, text_of, with_crc32c
from tests.stored import LITTLE, contents_of, document, fill, grid

MISSING = 2**64 - 1
DATA = bytes(range(1, 9))


def index_of(*entries):
    return np.array(entries, dtype="<u8").tobytes()


GOOD = [(0, 2), (2, 2), (4, 2), (6, 2)]


def array_with(store, shard, *, checksum=True, location="end", inner=({"name": "bytes"},), **patch):
    """An array of two shards, each of four subchunks of two bytes; the second shard is as given."""
    index_codecs = [LITTLE, {"name": "crc32c"}] if checksum else [LITTLE]
    configuration = {
        "chunk_shape": [2],
        "codecs": list(inner),
        "index_codecs": index_codecs,
        "index_location": location,
    }
    codecs = [{"name": "sharding_indexed", "configuration": configuration}]
    members = {"shape": [16], "chunk_grid": grid(8), "codecs": codecs, **patch}
    fill(store, {"a/zarr.json": document(**members), "a/c/1": shard})
    return terrazzo.open_array(store, path="a")


def peak_of(action):
    """Bytes that an action has at most at a time, numpy's among them."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


READS = {
    "all": lambda array: array[...],
    "the shard": lambda array: array[8:],
    "part": lambda array: array[9:13],
    "one element": lambda array: array[15],
    "with steps": lambda array: array[::5],
}


@pytest.fixture(params=READS.values(), ids=list(READS))
def read(request):
    return request.param


def assert_names_the_shard(error, store, *parts):
    assert (error.store, error.key, error.chunk_coords, error.stage) == (str(store), "a/c/1", (1,), "index")
    text = text_of(error)
    for part in (str(store), "a/c/1", "array", *parts):
        assert part in text


def test_a_good_shard_is_read(store, read):
    expected = np.array([9] * 8 + list(DATA), dtype="uint8")
    array = array_with(store, DATA + with_crc32c(index_of(*GOOD)))
    assert np.array_equal(read(array), read(expected))


@pytest.mark.parametrize("byte", [0, 7, 31, 63, 64, 67])
def test_SH_01_a_damaged_index_is_noticed_by_its_checksum(store, read, byte):
    array = array_with(store, DATA + flipped(with_crc32c(index_of(*GOOD)), 8 * byte))
    with pytest.raises(ShardIndexError) as caught:
        read(array)
    assert_names_the_shard(caught.value, store, "CRC-32C")


@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize(
    "entry", [(71, 2), (72, 1), (73, 2), (1000, 2), (0, 100), (2**62, 2), (2**40, 0)], ids=lambda entry: f"{entry}"
)
def test_SH_02_an_entry_outside_the_shard_is_named_with_range_and_size(store, read, entry, location):
    index = index_of(*GOOD[:3], entry)
    shard = index + DATA if location == "start" else DATA + index
    if entry in ((7, 2), (8, 1)):  # those lie in the index, which is legal, if odd
        entry = (entry[0] + 64, entry[1] + 64)
        index = index_of(*GOOD[:3], entry)
        shard = index + DATA if location == "start" else DATA + index
    array = array_with(store, shard, checksum=False, location=location)
    with pytest.raises(ShardIndexError) as caught:
        _ = array[14:]
        read(array)
    assert caught.value.entry == 3
    assert caught.value.inner_coords == (3,)
    assert_names_the_shard(caught.value, store, "entry 3", "(3,)", f"offset {entry[0]}, {entry[1]} bytes", "72")


@pytest.mark.parametrize("entry", [(2**64 - 2, 2), (2**63, 2**63), (2, 2**64 - 2), (2**64 - 3, 5)])
def test_SH_03_sums_that_overflow_do_not_point_into_the_shard(store, read, entry):
    array = array_with(store, DATA + index_of(*GOOD[:3], entry), checksum=False)
    with pytest.raises(ShardIndexError) as caught:
        read(array)
    assert_names_the_shard(caught.value, store, str(entry[0]), str(entry[1]))


@pytest.mark.parametrize("size", [1, 8, 67])
@pytest.mark.parametrize("location", ["start", "end"])
def test_SH_04_a_shard_shorter_than_its_index_is_named_with_both_sizes(store, read, size, location):
    array = array_with(store, (DATA * 9)[:size], location=location)
    with pytest.raises(ShardIndexError) as caught:
        read(array)
    assert_names_the_shard(caught.value, store, f"{size} bytes", "68")


def test_SH_05_a_shard_of_no_bytes_is_not_missing(store, read):
    array = array_with(store, b"")
    with pytest.raises(ShardIndexError) as caught:
        read(array)
    assert_names_the_shard(caught.value, store, "0 bytes", "68")


@pytest.mark.parametrize("entry", [(MISSING, 2), (2, MISSING), (MISSING, 0), (0, MISSING)])
def test_SH_06_half_a_missing_subchunk_is_an_error(store, read, entry):
    array = array_with(store, DATA + with_crc32c(index_of(*GOOD[:3], entry)))
    with pytest.raises(ShardIndexError) as caught:
        read(array)
    assert_names_the_shard(caught.value, store, "one of its two words")


@pytest.mark.parametrize("inner", [[{"name": "bytes"}], [{"name": "bytes"}, {"name": "gzip"}]], ids=["raw", "packed"])
def test_SH_07_a_subchunk_of_a_terabyte_is_never_asked_for(store, read, inner):
    counting = CountingStore(store)
    array = array_with(counting, DATA + with_crc32c(index_of(*GOOD[:3], (0, 1 << 40))), inner=inner)
    counting.reset()

    def attempt():
        with pytest.raises(ShardIndexError) as caught:
            read(array)
        assert_names_the_shard(caught.value, counting, "1099511627776")

    assert peak_of(attempt) < 10 << 20
    assert all(getattr(request.byte_range, "end", 0) < 1000 for request in counting.requests)


@pytest.mark.parametrize(
    "shard",
    [
        DATA + flipped(with_crc32c(index_of(*GOOD)), 3),
        DATA + with_crc32c(index_of(*GOOD[:3], (80, 2))),
        DATA + with_crc32c(index_of(*GOOD[:3], (MISSING, 2))),
        DATA,
        b"",
    ],
)
def test_SH_08_a_write_into_part_of_a_shard_with_a_corrupt_index_changes_nothing(store, shard):
    array = array_with(store, shard)
    before = contents_of(store)
    for part in (slice(8, 9), slice(8, 10), slice(9, 16)):
        with pytest.raises(ShardIndexError) as caught:
            array[part] = 7
        assert_names_the_shard(caught.value, store, "while writing")
    assert contents_of(store) == before
    array[8:] = 7
    assert np.array_equal(array[8:], [7] * 8)


def test_SH_09_one_corrupt_subchunk_leaves_the_others_alone(store):
    packed = {"name": "gzip", "configuration": {"level": 1}}
    inner = [{"name": "bytes"}, packed, {"name": "crc32c"}]
    array = array_with(store, b"", inner=inner)
    array[8:] = list(DATA)
    shard = contents_of(store)["a/c/1"]
    offset, length = np.frombuffer(shard[-68:-4], "<u8").reshape(4, 2)[2].tolist()
    damaged = shard[:offset] + flipped(shard[offset : offset + length], 80) + shard[offset + length :]
    fill(store, {"a/c/1": damaged})
    for part in (slice(12, 14), slice(8, 16), slice(9, 13)):
        with pytest.raises(CorruptDataError) as caught:
            _ = array[part]
        assert (caught.value.key, caught.value.chunk_coords, caught.value.inner_coords) == ("a/c/1", (1,), (2,))
        assert "subchunk (2,)" in text_of(caught.value)
    assert np.array_equal(array[8:12], [1, 2, 3, 4])
    assert np.array_equal(array[14:], [7, 8])
    array[14] = 9
    assert np.array_equal(array[14:], [9, 8])
    after = contents_of(store)["a/c/1"]
    assert damaged[offset : offset + length] in after
    with pytest.raises(CorruptDataError):
        _ = array[12]
    with pytest.raises(CorruptDataError, match="CRC-32C"):
        array[12] = 5
    assert contents_of(store)["a/c/1"] == after
    array[12:14] = 5
    assert np.array_equal(array[8:], [1, 2, 3, 4, 5, 5, 9, 8])


def test_overlapping_subchunks_gaps_and_any_order_are_legal(store, read):
    shard = b"\xee" + DATA[:4] + b"\xee\xee" + index_of((3, 2), (1, 2), (3, 2), (MISSING, MISSING))
    expected = np.array([9] * 8 + [3, 4, 1, 2, 3, 4, 9, 9], dtype="uint8")
    array = array_with(store, shard, checksum=False)
    assert np.array_equal(read(array), read(expected))
    array[8] = 7
    expected[8] = 7
    assert np.array_equal(read(array), read(expected))


def test_a_subchunk_of_no_bytes_is_corrupt_and_not_missing(store):
    array = array_with(store, DATA + index_of(*GOOD[:3], (0, 0)), checksum=False)
    with pytest.raises(CorruptDataError) as caught:
        _ = array[14]
    assert caught.value.inner_coords == (3,)


def test_a_huge_index_is_not_allocated_for_a_small_shard(store):
    configuration = {"chunk_shape": [1], "codecs": [{"name": "bytes"}], "index_codecs": [LITTLE]}
    codecs = [{"name": "sharding_indexed", "configuration": configuration}]
    fill(store, {"zarr.json": document(shape=[1 << 45], chunk_grid=grid(1 << 45), codecs=codecs), "c/0": DATA})
    array = terrazzo.open_array(store)

    def attempt():
        with pytest.raises(ShardIndexError, match="8 bytes are too few"):
            _ = array[5:8]

    assert peak_of(attempt) < 10 << 20


def test_an_index_larger_than_any_is_not_made(store):
    configuration = {"chunk_shape": [1], "codecs": [{"name": "bytes"}], "index_codecs": [LITTLE]}
    codecs = [{"name": "sharding_indexed", "configuration": configuration}]
    fill(store, {"zarr.json": document(shape=[1 << 45], chunk_grid=grid(1 << 45), codecs=codecs)})
    array = terrazzo.open_array(store)
    assert array[7] == 9
    with pytest.raises(LimitExceededError, match="shard index"):
        array[7] = 1
