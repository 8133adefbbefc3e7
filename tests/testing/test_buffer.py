import numpy as np
import pytest

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.buffer.base import BufferPrototype
from terrazzo.runtime import run_inline
from terrazzo.testing.buffer import (
    NDBufferUsingTestNDArrayLike,
    StoreExpectingTestBuffer,
    TestBuffer,
    TestNDArrayLike,
)

PROTOTYPE = BufferPrototype(TestBuffer, NDBufferUsingTestNDArrayLike)


def test_an_array_is_read_and_written_with_the_prototype_that_is_given():
    array = terrazzo.create_array(StoreExpectingTestBuffer(), shape=(5, 4), chunks=(2, 3), dtype="i4", fill_value=1)
    array.set_basic_selection((slice(1, 4), 0), np.arange(3), prototype=PROTOTYPE)
    found = array.get_basic_selection(slice(0, 3), prototype=PROTOTYPE)
    assert isinstance(found, TestNDArrayLike)
    assert found[:, 0].tolist() == [1, 0, 1]


def test_the_prototype_may_come_from_the_settings():
    names = {"buffer": "terrazzo.testing.buffer.TestBuffer"}
    with terrazzo.config.set({**names, "ndbuffer": "terrazzo.testing.buffer.NDBufferUsingTestNDArrayLike"}):
        array = terrazzo.create_array(StoreExpectingTestBuffer(), data=[1, 2, 3], shards=(2,), chunks=(1,))
        assert isinstance(array[1:], TestNDArrayLike)


def test_a_chunk_in_another_buffer_is_noticed():
    store = StoreExpectingTestBuffer()
    with pytest.raises(AssertionError, match="'c/0'"):
        run_inline(store.set("c/0", cpu.Buffer.from_bytes(b"a")))
    store.set_sync("c/0", TestBuffer.from_bytes(b"a"))
    with pytest.raises(AssertionError, match="'c/0'"):
        store.get_sync("c/0", prototype=cpu.buffer_prototype)
    assert store.get_sync("c/0", prototype=PROTOTYPE).to_bytes() == b"a"
    store.set_sync("a/zarr.json", cpu.Buffer.from_bytes(b"{}"))
    assert type(store.get_sync("a/zarr.json", prototype=cpu.buffer_prototype)) is cpu.Buffer


def test_arrays_in_memory_are_filled():
    made = NDBufferUsingTestNDArrayLike.create(shape=(2,), dtype="i4", fill_value=3)
    assert isinstance(made.as_ndarray_like(), TestNDArrayLike)
    assert made.all_equal(3)
