import pytest

import terrazzo
from terrazzo.nodes.stored import stored_chunks
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.helpers import buffer_of, on_a_loop


def stored(array, **kwargs):
    handle = array.async_array

    async def collect():
        return [item async for item in stored_chunks(handle._io, handle.store_path, **kwargs)]

    return sorted(on_a_loop(collect()))


@pytest.mark.parametrize(
    "encoding", ["default", "v2", {"name": "default", "separator": "."}, {"name": "v2", "separator": "/"}]
)
def test_stored_chunks_are_found_by_their_keys(driven, encoding):
    array = terrazzo.create_array(
        driven(MemoryStore()), name="a", shape=(6, 6), chunks=(2, 3), dtype="u1", chunk_key_encoding=encoding
    )
    assert stored(array) == []
    array[0, 0] = array[5, 5] = 1
    key = array.metadata.encode_chunk_key
    assert stored(array) == [((0, 0), f"a/{key((0, 0))}"), ((2, 1), f"a/{key((2, 1))}")]
    assert array.nchunks_initialized == 2


@pytest.mark.parametrize("encoding", ["default", "v2"])
@pytest.mark.parametrize("name", [None, "a"])
def test_the_chunk_of_an_array_without_axes_is_found(driven, encoding, name):
    array = terrazzo.create_array(driven(MemoryStore()), name=name, data=5, chunk_key_encoding=encoding)
    assert [coords for coords, _ in stored(array)] == [()]
    assert array.nchunks_initialized == 1


def test_keys_of_others_and_chunks_outside_do_not_count(driven):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), name="a", data=[1, 2, 3], chunks=1)
    for key in ("a/c/7", "a/c/x", "a/c", "a/c/0/0", "a/c/01", "a/.hidden", "ab/c/0", "a/c/-1", "a/c/0.5"):
        inner._store_dict[key] = buffer_of(b"x")
    assert [key for _, key in stored(array)] == ["a/c/0", "a/c/1", "a/c/2"]
    assert [key for _, key in stored(array, outside=True)] == ["a/c/0", "a/c/1", "a/c/2", "a/c/7"]
    assert array.nchunks_initialized == 3


def test_MD_03_it_takes_one_listing_however_many_chunks_are_declared(driven):
    counting = CountingStore(driven(MemoryStore()))
    array = terrazzo.create_array(counting, shape=(2**60,), chunks=(1,), dtype="u1")
    array[2**59] = 1
    counting.reset()
    assert array.nchunks_initialized == 1
    assert counting.counts == {"list_prefix": 1}
