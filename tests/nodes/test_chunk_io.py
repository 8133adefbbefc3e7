import numpy as np

import terrazzo
from terrazzo.buffer import BufferPrototype, cpu
from terrazzo.indexing import BasicIndexer
from terrazzo.nodes import chunk_io
from terrazzo.pipeline.write import SCALARS_AT_MOST
from terrazzo.storage import MemoryStore
from tests.helpers import AsyncFlip


def io_of(**kwargs):
    array = terrazzo.create_array({}, name="a", **{"shape": (5,), "chunks": (2,), "dtype": "i4", **kwargs})
    return array.async_array._io


def test_everything_that_does_not_change_is_prepared_once():
    io = io_of()
    chain = io.chain_for((2,), cpu.buffer_prototype)
    assert io.chain_for((2,), cpu.buffer_prototype) is chain
    assert io.chain_for((3,), cpu.buffer_prototype) is not chain
    other = BufferPrototype(cpu.Buffer, type("Other", (cpu.NDBuffer,), {}))
    assert io.chain_for((2,), other).spec.prototype is other


def test_keys_start_with_the_place_of_the_array():
    assert io_of().key_of((1,)) == "a/c/1"
    array = terrazzo.create_array({}, shape=(5,), dtype="i4").async_array
    assert array._io.key_of((1,)) == "c/1"


def test_codecs_that_wait_are_known():
    assert io_of().is_inline
    assert not io_of(compressors=[AsyncFlip()]).is_inline


def test_a_chunk_is_stored_at_its_own_length():
    store = MemoryStore()
    array = terrazzo.create_array(store, data=np.arange(1, 7, dtype="u1"), chunks=[[1, 3, 2]], compressors=None)
    array.resize((5,))
    stored = {key: value.to_bytes().hex() for key, value in store._store_dict.items() if key != "zarr.json"}
    assert stored == {"c/0": "01", "c/1": "020304", "c/2": "0500"}
    assert array[1:].tolist() == [2, 3, 4, 5]


def test_chunks_of_one_length_are_one_shape_however_they_are_declared():
    io = io_of(shape=(4,), chunks=[[2, 2]])
    jobs, chain = io.jobs(BasicIndexer(..., (4,), io.grid), cpu.buffer_prototype)
    assert [job[1] for job in jobs] == [chain, chain]
    assert len(io._chains) == 1


def test_what_is_prepared_does_not_pile_up(monkeypatch):
    monkeypatch.setattr(chunk_io, "PREPARED_AT_MOST", 3)
    lengths = [1, 2, 3, 4, 5, 4, 3, 2, 1]
    array = terrazzo.create_array({}, data=np.arange(25), chunks=[lengths])
    assert array[...].tolist() == list(range(25))
    array[...] = 7
    array[1:] = np.arange(1, 25)
    assert array[...].tolist() == [7, *range(1, 25)]
    assert 0 < len(array.async_array._io._chains) <= 3


def test_what_is_encoded_once_does_not_pile_up(monkeypatch):
    requests = []
    made = chunk_io.WriteRequest
    monkeypatch.setattr(chunk_io, "WriteRequest", lambda *args: requests.append(made(*args)) or requests[-1])
    lengths = [*range(1, 40), *range(1, 40)]
    array = terrazzo.create_array({}, shape=(sum(lengths),), chunks=[lengths], dtype="i4")
    array[...] = 7
    [request] = requests
    assert 0 < len(request.encoded_scalars) <= SCALARS_AT_MOST
    assert (array[...] == 7).all()


def test_a_typical_chunk_says_how_long_chunks_take():
    io = io_of(shape=(2111, 5), chunks=[[1, 10, 1000, 100, 1000], 5])
    _, chain = io.jobs(BasicIndexer(..., (2111, 5), io.grid), cpu.buffer_prototype)
    assert chain.spec.shape == (1000, 5)
    jobs, chain = io.jobs(BasicIndexer((slice(0), 1), (2111, 5), io.grid), cpu.buffer_prototype)
    assert (list(jobs), chain) == ([], None)
