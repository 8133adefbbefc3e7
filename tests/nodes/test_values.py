import numpy as np
import pytest

from terrazzo.buffer import cpu
from terrazzo.errors import BroadcastError
from terrazzo.nodes.values import value_for

INT8 = np.dtype("int8")


def prepared(value, shape=(2, 3), dtype=INT8):
    return value_for(value, shape, np.dtype(dtype), cpu.buffer_prototype)


@pytest.mark.parametrize("value", [5, 5.9, True, np.int64(5), np.array(5), "5"])
def test_one_element_stays_one(value):
    buffer = prepared(value)
    assert buffer.shape == ()
    assert np.asarray(buffer.as_ndarray_like()).astype(INT8) == (1 if value is True else 5)


def test_an_array_of_the_right_shape_is_not_copied():
    data = np.zeros((2, 3), dtype="float64")
    assert prepared(data).as_numpy_array() is data


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 1), (1, 1), (1,), (1, 1, 2, 3), (1, 1, 1, 1)])
def test_other_shapes_are_broadcast_without_a_copy(shape):
    data = np.arange(np.prod(shape)).reshape(shape)
    array = prepared(data).as_numpy_array()
    assert array.shape == (2, 3)
    assert np.shares_memory(array, data)
    expected = np.empty((2, 3))
    expected[...] = data
    assert np.array_equal(array, expected)


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 2), (2, 1, 3), (0,), (2, 3, 1)])
def test_shapes_that_do_not_broadcast_are_refused(shape):
    with pytest.raises(BroadcastError, match="broadcast"):
        prepared(np.zeros(shape))


@pytest.mark.parametrize("value", [128, -129, [1, 300], [[1, 2, 1000]]])
def test_pythons_numbers_must_fit(value):
    with pytest.raises(OverflowError):
        prepared(value)


@pytest.mark.parametrize("value", ["x", ["1", "x", "3"], [[1], [2, 3]]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError):
        prepared(value)


@pytest.mark.parametrize("value", [None, object(), {"a": 1}])
def test_objects_are_refused(value):
    with pytest.raises(TypeError):
        prepared(value)


def test_text_and_dates_in_arrays_are_cast_at_once():
    assert prepared(np.array(["1", "2", "3"])).dtype == INT8
    with pytest.raises(ValueError):
        prepared(np.array(["1", "2", "x"]))


def test_a_buffer_is_taken_for_its_array():
    data = np.zeros((2, 3))
    assert prepared(cpu.NDBuffer.from_numpy_array(data)).as_numpy_array() is data


class Elsewhere:
    """An array in other memory, which is not converted to numpy here."""

    def __init__(self, data):
        self.data = data

    def __getattr__(self, name):
        return getattr(self.data, name)

    def __array__(self, *args, **kwargs):
        raise AssertionError("brought into main memory")

    def __len__(self):
        return len(self.data)

    def __getitem__(self, key):
        return self.data[key]

    def __setitem__(self, key, value):
        self.data[key] = value


def test_an_array_elsewhere_stays_there():
    value = Elsewhere(np.zeros((2, 3)))
    assert prepared(value).as_ndarray_like() is value
