"""The blocking array: reading, writing, and what it shares with numpy; `AsyncArray` does the work."""

import contextlib
import operator
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import BufferPrototype, cpu
from terrazzo.codecs import TransposeCodec
from terrazzo.errors import (
    ArrayNotFoundError,
    BoundsCheckError,
    BroadcastError,
    NegativeStepError,
    NodeTypeValidationError,
)
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import SuspendingStore


@pytest.fixture
def data():
    return np.arange(70, dtype="int16").reshape(7, 10)


@pytest.fixture
def array(store, data):
    return terrazzo.create_array(store, name="a", data=data, chunks=(4, 3), fill_value=-1)


# -- opening


def test_an_array_is_opened(array, store, data):
    for place in (array.store_path, terrazzo.storage.StorePath(store, "a")):
        assert np.array_equal(terrazzo.Array.open(place)[...], data)
    assert terrazzo.Array.open(array.store_path, config={"order": "F"}).order == "F"


def test_what_is_no_array_is_not_opened(array, store):
    with pytest.raises(ArrayNotFoundError, match="no array"):
        terrazzo.Array.open(terrazzo.storage.StorePath(store, "b"))
    with pytest.raises(NodeTypeValidationError, match="group"):
        terrazzo.Array.open(store)


def test_a_handle_is_made_of_a_document_without_reading(array, store, data):
    again = terrazzo.Array.from_dict(array.store_path, array.metadata.to_dict())
    assert again == array
    assert np.array_equal(again[...], data)


# -- reading


def test_a_selection_gives_what_numpy_gives(array, data):
    for selection in (
        ...,
        (),
        3,
        -1,
        (3, 4),
        (3, ...),
        (..., 4),
        slice(1, 6, 2),
        (slice(None), slice(None, None, 4)),
        (slice(-3, -1), slice(20, 30)),
        (slice(5, 2), 0),
        (np.int64(2), np.uint8(3)),
    ):
        result, expected = array[selection], data[selection]
        assert result.dtype == data.dtype
        assert np.shape(result) == np.shape(expected)
        assert np.array_equal(result, expected)
        assert np.array_equal(array.get_basic_selection(selection), expected)


def test_an_element_selected_by_integers_is_an_array_without_axes(array):
    for selection in ((3, 4), (-1, -1)):
        assert isinstance(array[selection], np.ndarray)
        assert array[selection].shape == ()


def test_all_of_an_array_without_axes_is_a_scalar(store):
    array = terrazzo.create_array(store, data=np.float32(2.5))
    for selection in ((), ...):
        assert isinstance(array[selection], np.float32)
        assert array[selection] == 2.5


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (7, BoundsCheckError),
        ((0, -11), BoundsCheckError),
        (slice(None, None, -1), NegativeStepError),
        ((0, 0, 0), IndexError),
        ((..., ...), IndexError),
        (None, IndexError),
        (True, IndexError),
        (1.0, IndexError),
        ("a", IndexError),
        ([], IndexError),
    ],
)
def test_a_selection_that_does_not_fit_is_refused_for_reading_and_writing(array, data, selection, error):
    with pytest.raises(error):
        _ = array[selection]
    with pytest.raises(error):
        array[selection] = 0
    assert np.array_equal(array[...], data)


@pytest.mark.parametrize("fields", ["a", ["a", "b"]])
def test_numbers_have_no_fields(array, fields):
    with pytest.raises(IndexError, match="no fields"):
        array.get_basic_selection(..., fields=fields)
    with pytest.raises(IndexError, match="no fields"):
        array.set_basic_selection(..., 0, fields=fields)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["int16", ">i2", "float64"])
def test_what_is_read_goes_into_memory_that_is_given(array, data, order, dtype):
    out = cpu.NDBuffer.create(shape=(5, 10), dtype=dtype, order=order, fill_value=0)
    result = array.get_basic_selection(slice(1, 6), out=out)
    assert result is out.as_ndarray_like()
    assert np.array_equal(result, data[1:6])


def test_a_part_of_memory_can_be_given(array, data):
    memory = np.zeros((9, 20), dtype="int16")
    array.get_basic_selection(..., out=cpu.NDBuffer.from_numpy_array(memory[1:8, 5:15]))
    assert np.array_equal(memory[1:8, 5:15], data)
    assert memory.sum() == data.sum()


def test_memory_of_another_shape_or_kind_is_refused(array):
    with pytest.raises(ValueError, match="shape"):
        array.get_basic_selection(..., out=cpu.NDBuffer.empty((7, 9), "int16"))
    with pytest.raises(TypeError, match="NDBuffer"):
        array.get_basic_selection(..., out=np.empty((7, 10), "int16"))


def test_the_classes_of_buffers_can_be_chosen(array, data):
    class Own(cpu.NDBuffer):
        made = []

        @classmethod
        def empty(cls, *args, **kwargs):
            cls.made.append(args)
            return super().empty(*args, **kwargs)

    result = array.get_basic_selection(..., prototype=BufferPrototype(cpu.Buffer, Own))
    assert np.array_equal(result, data)
    assert Own.made


@pytest.mark.parametrize("order", ["C", "F"])
def test_results_lie_in_the_order_of_the_handle(store, data, order):
    array = terrazzo.create_array(store, data=data, chunks=(4, 3), config={"order": order})
    result = array[1:6, 2:9]
    assert np.array_equal(result, data[1:6, 2:9])
    assert result.flags[f"{order}_CONTIGUOUS"]


# -- writing


@pytest.mark.parametrize(
    ("selection", "value"),
    [
        (..., 5),
        (..., np.float32(5.9)),
        (..., np.arange(10)),
        (..., np.arange(7)[:, np.newaxis]),
        (..., np.ones((1, 1, 7, 10))),
        (slice(2, 5), [[1] * 10] * 3),
        ((slice(1, 6, 2), 3), (7, 8, 9)),
        (3, range(10)),
        ((slice(0, 0), 0), []),
        (slice(1, 3), np.arange(20).reshape(2, 10)[::-1, ::-1]),
        (slice(0, 7), np.asfortranarray(np.arange(70).reshape(7, 10))),
        (..., np.broadcast_to(np.int8(3), (7, 10))),
        (..., np.arange(70, dtype=">i8").reshape(7, 10)),
        (..., np.arange(70, dtype="float64").reshape(7, 10) + 0.5),
        (..., True),
    ],
    ids=lambda value: f"{np.shape(value)}" if not isinstance(value, (tuple, slice, type(...))) else str(value),
)
def test_a_value_is_broadcast_and_cast_as_numpy_does(array, data, selection, value):
    expected = data.copy()
    expected[selection] = value
    array[selection] = value
    assert np.array_equal(array[...], expected)
    array[...] = data
    array.set_basic_selection(selection, value)
    assert np.array_equal(array[...], expected)


@given(data=st.data())
def test_any_value_that_numpy_broadcasts_is_written(driven, data):
    shape = data.draw(strategies.shapes(max_side=5))
    element = data.draw(strategies.dtypes())
    array = terrazzo.create_array(
        driven(MemoryStore()), shape=shape, chunks=data.draw(strategies.chunk_shapes(shape)), dtype=element
    )
    expected = np.zeros(shape, dtype=element)
    selection = data.draw(strategies.basic_selections(shape))
    target = expected[selection]
    kept = data.draw(st.lists(st.booleans(), min_size=np.ndim(target), max_size=np.ndim(target)))
    value_shape = tuple(length if keep else 1 for keep, length in zip(kept, np.shape(target), strict=True))
    value = data.draw(strategies.array_values(element, value_shape[data.draw(st.integers(0, len(value_shape))) :]))
    if value.ndim < np.ndim(target) and not all(kept[: np.ndim(target) - value.ndim]):
        value = value.reshape((1,) * (np.ndim(target) - value.ndim) + value.shape)
    expected[selection] = value
    array[selection] = value
    assert np.asarray(array[...]).astype(element).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("selection", "value"),
    [
        (..., np.zeros((7, 9))),
        (..., np.zeros(7)),
        (slice(0, 2), [1, 2]),
        ((0, 0), [1, 2]),
        (slice(0, 0), np.zeros((2, 10))),
    ],
    ids=str,
)
def test_a_value_that_does_not_broadcast_is_refused(array, data, selection, value):
    with pytest.raises(BroadcastError, match="broadcast") as caught:
        array[selection] = value
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, IndexError)
    assert np.array_equal(array[...], data)


@pytest.mark.parametrize(
    ("value", "error"),
    [(40_000, OverflowError), (-40_000, OverflowError), ("x", ValueError), (None, TypeError), (object(), TypeError)],
)
def test_a_value_that_cannot_be_cast_is_refused(array, data, value, error):
    with pytest.raises(error):
        array[0] = value
    assert np.array_equal(array[...], data)


def test_arrays_wrap_as_numpys_do(array):
    array[0, :2] = np.array([40_000, -40_000])
    assert array[0, :2].tolist() == [40_000 - 65_536, 65_536 - 40_000]


def test_another_stored_array_is_a_value(array, data):
    other = terrazzo.create_array({}, data=data * 2)
    array[...] = other
    assert np.array_equal(array[...], data * 2)


def test_a_buffer_is_a_value(array):
    array[0] = cpu.NDBuffer.from_numpy_array(np.full(10, 9, dtype="int16"))
    assert array[0].tolist() == [9] * 10


def test_WR_14_stored_data_do_not_change_with_a_source_or_a_result(store, data):
    array = terrazzo.create_array(store, data=data, chunks=(7, 10), compressors=None)
    source = data.copy()
    array[...] = source
    source[...] = -5
    for result in (array[...], array[0], array[1, 1]):
        with contextlib.suppress(ValueError):  # a result that is read-only is as good
            result[...] = -6
    assert np.array_equal(array[...], data)
    assert np.array_equal(terrazzo.open_array(store)[...], data)


def test_results_can_be_changed(array):
    result = array[...]
    result[...] = 0
    assert not result.any()


def test_ST_08_nothing_is_written_through_a_store_that_is_read_only(array, store, data):
    reader = terrazzo.open_array(store, path="a", mode="r")
    assert reader.read_only
    for attempt in (
        lambda: operator.setitem(reader, ..., 0),
        lambda: reader.set_basic_selection(0, 0),
        lambda: reader.resize((1, 1)),
        lambda: reader.append(data),
        lambda: reader.update_attributes({"a": 1}),
        lambda: reader.attrs.put({}),
        lambda: operator.setitem(reader.attrs, "a", 1),
    ):
        with pytest.raises(ValueError, match="read-only"):
            attempt()
    assert np.array_equal(reader[...], data)
    assert (reader.shape, reader.attrs.asdict()) == ((7, 10), {})


# -- shapes


@pytest.mark.parametrize("shape", [(), (1,), (5,), (0,), (2, 3), (3, 0, 2), (2, 3, 4), (2, 1, 3, 2), (2, 1, 2, 2, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_any_number_of_axes_hold_data(store, shape, order):
    data = np.arange(np.prod(shape, dtype=int), dtype=">f8").reshape(shape) + 0.5
    array = terrazzo.create_array(
        store,
        shape=shape,
        chunks=(2,) * len(shape),
        dtype=">f8",
        filters=[TransposeCodec(order=range(len(shape))[::-1])],
        config={"order": order},
    )
    array[...] = data
    assert np.array_equal(array[...], data)
    assert array.size == data.size
    if data.size and shape:
        array[0] = data[-1]
        array[-1] = -1.0
        data[0] = data[-1].copy()
        data[-1] = -1.0
        assert np.array_equal(array[...], data)


# -- as an array of numpy


def test_numpy_takes_an_array_for_one_of_its_own(array, data):
    assert np.array_equal(np.asarray(array), data)
    assert np.asarray(array, dtype="f8").dtype == np.dtype("f8")
    assert np.array_equal(np.array(array, copy=True), data)
    assert np.sum(array) == data.sum()
    assert np.array_equal(np.add(array, 1), data + 1)
    with pytest.raises(ValueError, match="copy"):
        np.array(array, copy=False)


def test_an_array_is_iterated_along_its_first_axis(array, data):
    assert [row.tolist() for row in array] == data.tolist()
    with pytest.raises(TypeError, match="0-d"):
        iter(terrazzo.create_array({}, data=5))


# -- handles


def test_two_handles_see_the_same_data(array, store, data):
    other = terrazzo.open_array(store, path="a")
    other[0, 0] = 99
    assert array[0, 0] == 99
    assert array == other
    array.resize((2, 2))
    assert other.shape == (7, 10), "a handle keeps the shape it was opened with until it changes something itself"
    assert terrazzo.open_array(store, path="a").shape == (2, 2)


def test_handles_are_equal_when_place_metadata_and_config_are(array, store):
    assert array == terrazzo.open_array(store, path="a")
    assert array != terrazzo.open_array(store, path="a", config={"order": "F"})
    assert array != terrazzo.create_array(store, name="b", data=array)
    assert array != 5
    with pytest.raises(TypeError, match="unhashable"):
        hash(array)


def test_another_handle_reads_and_writes_in_another_way(array):
    other = array.with_config({"order": "F"})
    assert (other.order, array.order) == ("F", "C")
    assert other.config.write_empty_chunks == array.config.write_empty_chunks
    assert other.with_config({"write_empty_chunks": True}).order == "F"
    with pytest.raises(TypeError, match="no member"):
        array.with_config({"chunks": 3})


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_array_goes_through_pickle(tmp_path, data, wrapped):
    store = LocalStore(tmp_path / "store")
    array = terrazzo.create_array(
        SuspendingStore(store) if wrapped else store, name="a", data=data, chunks=(4, 3), config={"order": "F"}
    )
    again = pickle.loads(pickle.dumps(array))
    assert again == array
    assert (again.order, again.path) == ("F", "a")
    assert np.array_equal(again[...], data)
    again[0, 0] = 50
    assert array[0, 0] == 50


def test_a_memory_store_goes_through_pickle_with_its_values(data):
    array = terrazzo.create_array({}, data=data)
    again = pickle.loads(pickle.dumps(array))
    assert np.array_equal(again[...], data)
    again[...] = 0
    assert np.array_equal(array[...], data)


def test_an_array_is_used_by_many_threads(array, data):
    failures = []

    def work(row):
        for _ in range(5):
            array[row] = data[row]
            if not np.array_equal(array[row], data[row]):
                failures.append(row)

    threads = [threading.Thread(target=work, args=(row,)) for row in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert np.array_equal(array[...], data)


def test_the_asynchronous_array_shares_the_metadata(array):
    assert array.async_array is array.async_counterpart
    array.attrs["a"] = 1
    assert array.async_array.attrs == {"a": 1}
    assert array.metadata is array.async_array.metadata
