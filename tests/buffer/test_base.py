"""The contract, through the buffers of main memory, and what subclasses for other memory inherit."""

import sys
from array import array

import numpy as np
import pytest

from terrazzo.buffer import Buffer, NDBuffer, cpu
from terrazzo.buffer.base import ArrayLike, BufferPrototype, NDArrayLike, check_contiguous


class Foreign(Buffer):
    """A buffer with nothing but what the contract asks for."""

    @classmethod
    def create_zero_length(cls):
        return cls(np.empty(0, dtype="B"))

    @classmethod
    def from_buffer(cls, buffer):
        return cls(buffer.as_numpy_array())

    @classmethod
    def from_bytes(cls, bytes_like):
        return cls(np.frombuffer(bytes_like, dtype="B"))

    def as_numpy_array(self):
        return self._data

    def combine(self, others):
        return self.from_bytes(b"".join([self.to_bytes(), *(other.to_bytes() for other in others)]))


class ForeignND(NDBuffer):
    """An array buffer with nothing but what the contract asks for."""

    @classmethod
    def create(cls, *, shape, dtype, order="C", fill_value=None):
        return cls(np.full(tuple(shape), 0 if fill_value is None else fill_value, dtype=dtype, order=order))

    @classmethod
    def empty(cls, shape, dtype, order="C"):
        return cls(np.empty(shape, dtype=dtype, order=order))

    @classmethod
    def from_numpy_array(cls, array_like):
        return cls(np.asarray(array_like))

    def as_numpy_array(self):
        return self._data

    def all_equal(self, other, equal_nan=True):
        return bool((self._data == other).all())


each_buffer = pytest.mark.parametrize("cls", [cpu.Buffer, Foreign])
each_ndbuffer = pytest.mark.parametrize("cls", [cpu.NDBuffer, ForeignND])


@pytest.mark.parametrize(
    "data", [b"abcd", bytearray(b"abcd"), memoryview(b"abcd")], ids=lambda data: type(data).__name__
)
@each_buffer
def test_a_buffer_wraps_bytes_like_objects(cls, data):
    buffer = cls.from_bytes(data)
    assert len(buffer) == 4
    assert buffer.to_bytes() == b"abcd"
    assert bytes(buffer.as_buffer_like()) == b"abcd"
    assert buffer.as_numpy_array().tolist() == [97, 98, 99, 100]
    assert buffer.as_numpy_array().dtype == np.dtype("B")
    assert isinstance(buffer.as_array_like(), ArrayLike)


@each_buffer
def test_a_buffer_wraps_an_array_of_bytes_without_a_copy(cls):
    data = np.arange(4, dtype="int8")
    buffer = cls.from_array_like(data)
    data[0] = 9
    assert buffer.to_bytes() == b"\x09\x01\x02\x03"
    assert np.shares_memory(buffer.as_numpy_array(), data)


@each_buffer
@pytest.mark.parametrize(
    ("data", "reason"),
    [(np.zeros((2, 2), "B"), "one dimension"), (np.zeros(2, "i2"), "one byte"), (np.array(1, "B"), "one dimension")],
)
def test_only_one_dimension_of_bytes_is_a_buffer(cls, data, reason):
    with pytest.raises(ValueError, match=reason):
        cls(data)


@each_buffer
def test_a_part_of_a_buffer_is_a_buffer(cls):
    buffer = cls.from_bytes(b"0123456789")
    assert type(buffer[2:5]) is cls
    for key in (slice(2, 5), slice(None), slice(-3, None), slice(8, 100), slice(5, 2), slice(0, 4, 1)):
        assert buffer[key].to_bytes() == b"0123456789"[key]


@each_buffer
@pytest.mark.parametrize("key", [0, slice(0, 4, 2), slice(None, None, -1), (slice(1),), ...], ids=repr)
def test_only_runs_are_parts_of_buffers(cls, key):
    buffer = cls.from_bytes(bytearray(b"0123"))
    with pytest.raises(IndexError, match="slice of step 1"):
        buffer[key]
    with pytest.raises(IndexError, match="slice of step 1"):
        buffer[key] = b"0"
    with pytest.raises(IndexError):
        check_contiguous(key)


@each_buffer
def test_a_part_can_be_set(cls):
    buffer = cls.from_array_like(np.zeros(4, dtype="B"))
    buffer[1:3] = cls.from_bytes(b"ab")
    buffer[3:] = np.array([255], dtype="B")
    assert buffer.to_bytes() == b"\0ab\xff"


@each_buffer
def test_buffers_are_joined(cls):
    first, second = cls.from_bytes(b"ab"), cpu.Buffer.from_bytes(b"c")
    assert (first + second).to_bytes() == b"abc"
    assert type(first + second) is cls
    assert first.combine([second, cls.from_bytes(b""), second]).to_bytes() == b"abcc"
    assert first.combine([]).to_bytes() == b"ab"
    assert first.to_bytes() == b"ab"


@each_buffer
def test_buffers_are_equal_by_their_bytes(cls):
    assert cls.from_bytes(b"ab") == cpu.Buffer.from_bytes(bytearray(b"ab"))
    assert cls.from_bytes(b"ab") != cls.from_bytes(b"ac")
    assert cls.from_bytes(b"ab") != cls.from_bytes(b"abc")
    assert cls.create_zero_length() == cls.from_bytes(b"")
    assert cls.from_bytes(b"ab") != b"ab"


@each_buffer
def test_buffers_have_no_hash_since_they_can_change(cls):
    with pytest.raises(TypeError, match="unhashable"):
        hash(cls.create_zero_length())


@each_buffer
def test_a_buffer_is_made_of_one_of_another_class(cls):
    for other in (cpu.Buffer, Foreign):
        made = cls.from_buffer(other.from_bytes(b"ab"))
        assert type(made) is cls
        assert made.to_bytes() == b"ab"


# -- arrays


@each_ndbuffer
def test_an_array_buffer_wraps_an_array_without_a_copy(cls):
    data = np.arange(6).reshape(2, 3)
    for buffer in (cls.from_ndarray_like(data), cls.from_numpy_array(data)):
        assert np.shares_memory(buffer.as_numpy_array(), data)
        assert buffer.shape == (2, 3)
        assert buffer.dtype == data.dtype
        assert len(buffer) == 2
        assert isinstance(buffer.as_ndarray_like(), NDArrayLike)


@each_ndbuffer
def test_an_array_buffer_is_indexed_as_an_array(cls):
    data = np.arange(24).reshape(2, 3, 4)
    buffer = cls.from_numpy_array(data)
    for key in (0, slice(1), ..., (0, slice(None), 2), (..., 1), (1, 2, 3)):
        assert type(buffer[key]) is cls
        assert np.array_equal(buffer[key].as_ndarray_like(), data[key])
    with pytest.raises(IndexError):
        buffer[5]


@each_ndbuffer
def test_an_array_buffer_is_set_from_values_and_buffers(cls):
    buffer = cls.create(shape=(2, 2), dtype="i2", fill_value=7)
    buffer[0] = 1
    buffer[1, :1] = cls.from_numpy_array(np.array([5]))
    assert buffer.as_numpy_array().tolist() == [[1, 1], [5, 7]]
    buffer.fill(0)
    assert not buffer.as_numpy_array().any()


@each_ndbuffer
def test_arrays_are_made_in_either_order(cls):
    for order, flag in (("C", "c_contiguous"), ("F", "f_contiguous")):
        for made in (cls.create(shape=[2, 3], dtype="f4", order=order, fill_value=1), cls.empty((2, 3), "f4", order)):
            assert made.shape == (2, 3)
            assert made.dtype == np.dtype("f4")
            assert made.as_numpy_array().flags[flag.upper()]


@each_ndbuffer
def test_shape_and_type_can_change(cls):
    buffer = cls.from_numpy_array(np.arange(6, dtype="i2").reshape(2, 3))
    assert buffer.reshape((3, 2)).as_numpy_array().tolist() == [[0, 1], [2, 3], [4, 5]]
    assert buffer.reshape(-1).shape == (6,)
    assert buffer.transpose((1, 0)).shape == (3, 2)
    assert buffer.transpose(None).shape == (3, 2)
    assert buffer.astype("f8").dtype == np.dtype("f8")
    assert buffer.astype("i2", order="F").as_numpy_array().flags.f_contiguous


@each_ndbuffer
def test_only_the_axes_that_are_named_are_squeezed(cls):
    buffer = cls.from_numpy_array(np.zeros((1, 2, 1, 3, 1)))
    assert buffer.squeeze((0, 4)).shape == (2, 1, 3)
    assert buffer.squeeze(()).shape == (1, 2, 1, 3, 1)


@each_ndbuffer
def test_a_copy_is_independent(cls):
    data = np.zeros(3)
    copy = cls.from_numpy_array(data).copy()
    data[0] = 1
    assert not copy.as_numpy_array().any()


@each_ndbuffer
@pytest.mark.parametrize(
    ("text", "expected"), [("<i4", "little"), (">f8", "big"), ("u1", sys.byteorder), ("=c8", sys.byteorder)]
)
def test_the_byte_order_is_that_of_the_elements(cls, text, expected):
    assert cls.empty((1,), text).byteorder == expected


@each_ndbuffer
def test_a_single_element_is_a_scalar(cls):
    for shape in ((), (1,), (1, 1)):
        scalar = cls.create(shape=shape, dtype=">i2", fill_value=5).as_scalar()
        assert isinstance(scalar, np.int16)
        assert scalar == 5
    with pytest.raises(ValueError, match=r"\(2,\)"):
        cls.empty((2,), "i2").as_scalar()


@each_ndbuffer
def test_the_text_says_class_shape_and_type(cls):
    text = repr(cls.create(shape=(2,), dtype="i2", fill_value=0))
    assert cls.__name__ in text
    assert "(2,)" in text
    assert "int16" in text


def test_a_prototype_is_a_pair_of_classes():
    prototype = BufferPrototype(buffer=Foreign, nd_buffer=ForeignND)
    assert prototype == (Foreign, ForeignND)
    assert (prototype.buffer, prototype.nd_buffer) == (Foreign, ForeignND)


def test_an_array_of_the_standard_library_is_bytes_like():
    assert cpu.Buffer.from_bytes(memoryview(array("B", [1, 2]))).to_bytes() == b"\x01\x02"
