import numpy as np
import pytest

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.buffer.foreign import adopt_array, adopt_prototype
from terrazzo.settings import config
from tests.foreign import OtherBuffer, OtherNDBuffer


@pytest.fixture
def prototype():
    return adopt_prototype((OtherBuffer, OtherNDBuffer))


def test_an_array_is_read_and_written_with_buffers_of_somebody_else():
    array = terrazzo.create_array({}, shape=(4, 6), chunks=(3, 2), dtype="i4", fill_value=1)
    array.set_basic_selection((0, slice(2)), [5, 6], prototype=(OtherBuffer, OtherNDBuffer))
    found = array.get_basic_selection(slice(0, 2), prototype=(OtherBuffer, OtherNDBuffer))
    assert found.tolist() == [[5, 6, 1, 1, 1, 1], [1] * 6]
    out = OtherNDBuffer(np.zeros((2, 6), "i4"))
    array.get_basic_selection(slice(0, 2), out=out)
    assert out.array.tolist() == found.tolist()
    with pytest.raises(TypeError, match="out is an NDBuffer"):
        array.get_basic_selection(slice(0, 2), out=np.zeros((2, 6)))


def test_the_settings_may_name_them():
    names = {"buffer": "tests.foreign.OtherBuffer", "ndbuffer": "tests.foreign.OtherNDBuffer"}
    with config.set(names):
        assert terrazzo.create_array({}, data=[1, 2])[:].tolist() == [1, 2]


def test_a_prototype_of_ours_stays_as_it_is(prototype):
    assert adopt_prototype(cpu.buffer_prototype) is cpu.buffer_prototype
    assert adopt_prototype((OtherBuffer, OtherNDBuffer)) is prototype
    with pytest.raises(TypeError, match="pair of buffer classes"):
        adopt_prototype(5)


def test_bytes_are_in_memory_of_theirs(prototype):
    buffer = prototype.buffer.from_bytes(b"abc")
    assert isinstance(buffer, terrazzo.buffer.Buffer)
    assert buffer.to_bytes() == b"abc"
    assert buffer[1:].to_bytes() == b"bc"
    assert buffer.combine([cpu.Buffer.from_bytes(b"d")]).to_bytes() == b"abcd"
    assert prototype.buffer.create_zero_length().to_bytes() == b""
    assert prototype.buffer.from_buffer(buffer).as_array_like() is buffer.as_array_like()
    assert prototype.buffer.from_buffer(cpu.Buffer.from_bytes(b"e")).to_bytes() == b"e"


def test_arrays_are_in_memory_of_theirs(prototype):
    made = prototype.nd_buffer.create(shape=(2, 3), dtype="i4", fill_value=7)
    assert made.all_equal(7)
    made[0] = 8
    assert made.as_numpy_array().tolist() == [[8] * 3, [7] * 3]
    assert prototype.nd_buffer.empty((2,), "i4").shape == (2,)
    assert prototype.nd_buffer.from_numpy_array(np.arange(3)).as_numpy_array().tolist() == [0, 1, 2]
    assert adopt_array(made, cpu.buffer_prototype) is made
