"""The asynchronous array, awaited on a live loop; what its methods do is tested through the blocking array."""

import asyncio
import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo.api.asynchronous import create_array, open_array
from terrazzo.buffer import cpu
from terrazzo.errors import (
    ArrayNotFoundError,
    BoundsCheckError,
    BroadcastError,
    CorruptDataError,
    NodeTypeValidationError,
)
from terrazzo.nodes.async_array import AsyncArray, open_array_at
from terrazzo.spec import ArrayConfig
from terrazzo.storage import LocalStore, MemoryStore, StorePath
from terrazzo.testing.stores import CountingStore, SuspendingStore
from tests.helpers import AsyncFlip, buffer_of, on_a_loop


@pytest.fixture
def data():
    return np.arange(70, dtype="int16").reshape(7, 10)


def test_what_is_written_is_read(store, data):
    async def main():
        array = await create_array(store, name="a", shape=(7, 10), chunks=(4, 3), dtype="int16")
        await array.setitem(..., data)
        await array.set_basic_selection((slice(1, 3), 0), 99)
        opened = await AsyncArray.open(StorePath(store, "a"))
        return await opened.getitem((slice(0, 4), slice(None))), await opened.get_basic_selection(0), opened

    expected = data.copy()
    expected[1:3, 0] = 99
    part, row, opened = on_a_loop(main())
    assert np.array_equal(part, expected[:4])
    assert np.array_equal(row, expected[0])
    assert isinstance(opened, AsyncArray)


def test_an_element_is_a_scalar(store):
    async def main():
        array = await create_array(store, data=[1.5, 2.5])
        return await array.getitem(0), await array.getitem((slice(0, 1),))

    element, part = on_a_loop(main())
    assert isinstance(element, np.float64)
    assert element == 1.5
    assert part.tolist() == [1.5]


def test_memory_can_be_given(store, data):
    async def main():
        array = await create_array(store, data=data, chunks=(4, 3))
        out = cpu.NDBuffer.empty((7, 10), "f8", "F")
        assert await array.get_basic_selection(out=out) is out.as_ndarray_like()
        return out.as_numpy_array()

    assert np.array_equal(on_a_loop(main()), data)


def test_shape_attributes_and_counts_change(store, data):
    async def main():
        array = await create_array(store, name="a", data=data, chunks=(4, 3), compressors=None)
        assert await array.resize((8, 10)) is None
        assert await array.append(np.ones((2, 10)), axis=0) == (10, 10)
        assert await array.update_attributes({"x": 1}) is array
        assert array.attrs == {"x": 1}
        assert array.shape == (10, 10)
        assert await array.nchunks_initialized() == 12
        assert await array.nbytes_stored() > 12 * 24
        assert "Chunks Initialized : 12" in repr(await array.info_complete())
        opened = await open_array(store, path="a")
        assert opened == array
        return await opened.getitem(...)

    result = on_a_loop(main())
    assert np.array_equal(result[:7], data)
    assert (result[7] == 0).all()
    assert (result[8:] == 1).all()


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda array: array.getitem(7), BoundsCheckError),
        (lambda array: array.getitem(None), IndexError),
        (lambda array: array.setitem(..., [1, 2]), BroadcastError),
        (lambda array: array.setitem(0, 100_000), OverflowError),
        (lambda array: array.resize((1,)), ValueError),
        (lambda array: array.append([1]), ValueError),
        (lambda array: array.update_attributes({"a": object()}), TypeError),
        (lambda array: array.get_basic_selection(out=5), TypeError),
    ],
)
def test_errors_are_those_of_the_blocking_array(store, data, attempt, error):
    async def main():
        array = await create_array(store, data=data)
        with pytest.raises(error):
            await attempt(array)
        return await array.getitem(...)

    assert np.array_equal(on_a_loop(main()), data)


def test_what_is_no_array_is_not_opened(store):
    async def main():
        await create_array(store, name="g/a", data=[1])
        with pytest.raises(ArrayNotFoundError):
            await AsyncArray.open(StorePath(store, "b"))
        with pytest.raises(NodeTypeValidationError):
            await open_array_at(StorePath(store, "g"))

    on_a_loop(main())


def test_many_reads_and_writes_go_on_at_once(store, data):
    async def main():
        array = await create_array(store, data=data, chunks=(4, 3))
        rows = await asyncio.gather(*(array.getitem(row) for row in range(7)))
        await asyncio.gather(*(array.setitem((slice(None), column), column) for column in range(10)))
        return rows, await array.getitem(...)

    rows, result = on_a_loop(main())
    assert np.array_equal(np.stack(rows), data)
    assert np.array_equal(result, np.broadcast_to(np.arange(10), (7, 10)))


def test_CC_03_parts_of_one_chunk_are_written_at_once_and_none_is_lost(store):
    async def main():
        array = await create_array(store, shape=(20,), chunks=(20,), dtype="u1")
        await asyncio.gather(*(array.setitem(index, index + 1) for index in range(20)))
        return await array.getitem(...)

    assert on_a_loop(main()).tolist() == list(range(1, 21))


def test_AS_04_blocking_calls_work_inside_a_running_loop(store, data):
    async def main():
        array = terrazzo.create_array(store, name="a", data=data, chunks=(4, 3))
        array[0] = 5
        return array[...], await array.async_array.getitem(0)

    everything, row = on_a_loop(main())
    assert np.array_equal(everything[1:], data[1:])
    assert row.tolist() == [5] * 10


def test_damage_is_reported_as_to_the_blocking_array(driven):
    inner = MemoryStore()

    async def main():
        array = await create_array(driven(inner), name="a", data=np.arange(8), chunks=4)
        inner._store_dict["a/c/1"] = buffer_of(b"x")
        with pytest.raises(CorruptDataError) as caught:
            await array.getitem(...)
        return caught.value

    error = on_a_loop(main())
    assert (error.key, error.chunk_coords) == ("a/c/1", (1,))


# -- handles


def test_a_handle_knows_whether_it_ever_waits():
    def array(store, *codecs):
        return terrazzo.create_array(store, shape=(2,), dtype="u1", compressors=codecs).async_array

    assert array(MemoryStore()).inline
    assert not array(SuspendingStore(MemoryStore())).inline
    assert not array(MemoryStore(), AsyncFlip()).inline
    assert array(CountingStore(MemoryStore())).inline


def test_a_handle_is_made_of_metadata(store, data):
    made = terrazzo.create_array(store, name="a", data=data).async_array
    place = StorePath(store, "a")
    document = made.metadata.to_dict()
    for again in (
        AsyncArray(made.metadata, place),
        AsyncArray(document, place),
        AsyncArray.from_dict(place, document),
        AsyncArray(made.metadata, place, {"order": "C"}),
        AsyncArray(metadata=made.metadata, store_path=place, config=ArrayConfig.from_dict({})),
    ):
        assert again == made
        assert np.array_equal(on_a_loop(again.getitem(...)), data)
    assert AsyncArray(made.metadata, place, {"order": "F"}) != made
    assert made != 5


def test_a_handle_has_a_pipeline_for_its_codecs(store):
    array = terrazzo.create_array(store, shape=(2,), dtype="i4").async_array
    assert list(array.codec_pipeline) == list(array.metadata.chain)


def test_members_of_a_handle_cannot_be_changed(store):
    array = terrazzo.create_array(store, shape=(2,), dtype="i4").async_array
    with pytest.raises(AttributeError):
        array.metadata = None


def test_handles_that_are_equal_have_one_hash_whatever_happens_to_the_array(store):
    array = terrazzo.create_array(store, shape=(2,), dtype="i4").async_array
    known = {array: 1}
    assert known[terrazzo.open_array(store).async_array] == 1
    terrazzo.Array(array).resize(3)
    assert known[array] == 1


def test_a_handle_goes_through_pickle(tmp_path, data):
    array = terrazzo.create_array(LocalStore(tmp_path), data=data, config={"order": "F"}).async_array
    again = pickle.loads(pickle.dumps(array))
    assert again == array
    assert np.array_equal(on_a_loop(again.getitem(...)), data)


def test_another_handle_reads_in_another_way(store, data):
    array = terrazzo.create_array(store, data=data).async_array
    other = array.with_config(ArrayConfig(order="F", write_empty_chunks=True))
    assert type(other) is AsyncArray
    assert (other.order, other.config.write_empty_chunks, array.order) == ("F", True, "C")
    assert array.with_config({"write_empty_chunks": True}).config.order == "C"
