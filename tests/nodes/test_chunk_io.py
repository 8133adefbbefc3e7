import numpy as np

import terrazzo
from terrazzo.buffer import BufferPrototype, cpu
from terrazzo.indexing import BasicIndexer
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.storage import MemoryStore, StorePath
from tests.grid.test_base import Uneven
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


def test_chunks_that_differ_in_shape_get_chains_of_their_own(monkeypatch):
    """The part of the grid contract that regular grids do not use: every chunk has the shape that the grid says."""
    handle = terrazzo.create_array({}, shape=(6,), chunks=(2,), dtype="u1", compressors=None).async_array
    grid = type(handle._io.grid)((Uneven([1, 3, 2], 6),))
    io = ChunkIO(handle.metadata, StorePath(MemoryStore()), handle.config)
    monkeypatch.setattr(io, "grid", grid)
    monkeypatch.setattr(io, "_uniform", None)
    data = np.arange(6, dtype="u1")
    prototype = cpu.buffer_prototype
    terrazzo.runtime.run_inline(io.write(BasicIndexer(..., (6,), grid), cpu.NDBuffer(data), prototype))
    sizes = {key: len(value) for key, value in io._store._store_dict.items()}
    assert sizes == {"c/0": 1, "c/1": 3, "c/2": 2} or sizes == {"c/1": 3, "c/2": 2}
    out = np.zeros(6, dtype="u1")
    terrazzo.runtime.run_inline(io.read(BasicIndexer(..., (6,), grid), cpu.NDBuffer(out), prototype))
    assert np.array_equal(out, data)
