import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.buffer import cpu
from terrazzo.testing import strategies


def equal(data, other, **kwargs):
    return cpu.NDBuffer.from_numpy_array(np.asarray(data)).all_equal(other, **kwargs)


def from_bits(bits, name="float32"):
    return np.array(bits, dtype=f"u{np.dtype(name).itemsize}").view(name)[()]


# -- bytes


def test_bytes_are_wrapped_as_they_are():
    data = b"0123"
    buffer = cpu.Buffer.from_bytes(data)
    assert buffer.to_bytes() is data
    assert buffer.as_buffer_like() is data
    assert cpu.Buffer.from_buffer(buffer).to_bytes() is data


def test_a_part_shares_the_memory():
    data = bytearray(b"0123")
    part = cpu.Buffer.from_bytes(data)[1:3]
    data[1] = ord("x")
    assert part.to_bytes() == b"x2"


def test_a_buffer_that_cannot_be_written_says_so():
    with pytest.raises(ValueError, match="read-only"):
        cpu.Buffer.from_bytes(b"0123")[0:1] = b"x"


def test_no_bytes_are_a_buffer():
    assert len(cpu.Buffer.create_zero_length()) == 0
    assert cpu.Buffer.create_zero_length().as_numpy_array().size == 0


# -- arrays


OBJECTS = {"T": ["", "a", "text that is longer than its place"], "O": [b"", b"a\0", b"xyz"]}
each_kind = pytest.mark.parametrize("kind", OBJECTS)


@each_kind
def test_a_new_array_holds_an_object_everywhere(kind):
    for value in OBJECTS[kind]:
        made = cpu.NDBuffer.create(shape=(2, 2), dtype=kind, fill_value=value).as_numpy_array()
        assert made.tolist() == [[value, value], [value, value]]


@each_kind
@pytest.mark.parametrize("key", [(0, 1), (slice(0, 1), slice(1, 2)), (0, slice(1, 2)), ..., (..., 1)], ids=str)
def test_an_array_of_one_object_is_assigned_as_the_object(kind, key):
    for value in OBJECTS[kind]:
        one = np.empty((), dtype=kind)
        one[()] = value
        for form in (one, cpu.NDBuffer(one)):
            buffer = cpu.NDBuffer.create(shape=(2, 2), dtype=kind, fill_value=OBJECTS[kind][0])
            buffer[key] = form
            assert buffer.as_numpy_array()[0, 1] == value
            assert {type(item) for item in buffer.as_numpy_array().reshape(-1).tolist()} == {type(value)}
        alone = cpu.NDBuffer.empty((), kind)
        alone[()] = cpu.NDBuffer(one)
        assert alone.as_scalar() == value


@each_kind
def test_objects_are_equal_by_value(kind):
    values = OBJECTS[kind]
    for shape in ((), (3,), (2, 3)):
        for value in values:
            array = np.empty(shape, dtype=kind)
            array[...] = value
            copies = np.array([item[:1] + item[1:] for item in array.reshape(-1).tolist()], dtype=kind).reshape(shape)
            assert equal(copies, value)
            assert equal(copies, array)
            for other in values:
                assert equal(copies, other) == (other == value)
                if shape:
                    copies.reshape(-1)[-1] = other
                    assert equal(copies, value) == (other == value)
                    assert equal(copies, array) == (other == value)
                    copies.reshape(-1)[-1] = value
    assert equal(np.empty((0, 3), dtype=kind), values[1])


@pytest.mark.parametrize("fill_value", [0, 0.0, -0.0, 5, np.float32("nan")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_new_array_holds_the_bits_of_its_fill_value(fill_value, order):
    made = cpu.NDBuffer.create(shape=(3, 2), dtype="f4", order=order, fill_value=fill_value).as_numpy_array()
    assert made.tobytes() == 6 * np.float32(fill_value).tobytes()


@given(data=st.data())
def test_a_new_array_holds_the_bits_of_any_fill_value(data):
    dtype = data.draw(strategies.dtypes())
    fill_value = data.draw(strategies.fill_values(dtype))
    made = cpu.NDBuffer.create(shape=(2, 2), dtype=dtype, fill_value=fill_value)
    assert made.dtype == dtype
    assert made.as_numpy_array().astype(fill_value.dtype).tobytes() == 4 * fill_value.tobytes()
    assert made.all_equal(fill_value)


def test_a_new_array_need_not_be_filled():
    made = cpu.NDBuffer.create(shape=(3, 2), dtype=">f4", order="F")
    assert (made.shape, made.dtype, made.as_numpy_array().flags.f_contiguous) == ((3, 2), np.dtype(">f4"), True)


def test_one_element_of_an_array_is_a_view_of_it():
    buffer = cpu.NDBuffer.create(shape=(2, 2), dtype=">i2", fill_value=0)
    for key in ((0, 1), (np.int64(1), 0)):
        buffer[key][...] = 7
    assert buffer.as_numpy_array().tolist() == [[0, 7], [7, 0]]
    assert buffer[0, 0].dtype == np.dtype(">i2")
    alone = cpu.NDBuffer.create(shape=(), dtype="i4", fill_value=0)
    alone[()][...] = 3
    assert alone.as_scalar() == 3
    line = cpu.NDBuffer.create(shape=(3,), dtype="i4", fill_value=0)
    line[1][...] = 4
    assert line.as_numpy_array().tolist() == [0, 4, 0]


# -- whether all elements are equal


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8"])
def test_negative_zero_differs_from_zero(dtype):
    assert equal(np.zeros(5, dtype), 0.0)
    assert not equal(np.zeros(5, dtype), -0.0)
    assert not equal(np.full(5, -0.0, dtype), 0.0)
    assert equal(np.full(5, -0.0, dtype), -0.0)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_a_nan_equals_only_a_nan_of_the_same_bits(name):
    quiet = np.dtype(name).type("nan")
    bits = int(np.asarray(quiet).view(f"u{quiet.dtype.itemsize}")[()])
    other = from_bits(bits + 1, name)
    assert equal([quiet] * 3, quiet)
    assert equal(np.full(3, other, dtype=name), other)
    assert not equal(np.full(3, other, dtype=name), quiet)
    assert not equal(np.full(3, quiet, dtype=name), -quiet)
    assert not equal([quiet] * 3, quiet, equal_nan=False)
    assert equal([quiet.dtype.type(1)] * 3, 1, equal_nan=False)


def test_both_parts_of_a_complex_number_count():
    nan = complex(np.nan, 0)
    for dtype in ("c8", "c16"):
        assert equal(np.full(3, nan, dtype), nan)
        assert not equal(np.full(3, complex(0, np.nan), dtype), nan)
        assert not equal(np.full(3, complex(np.nan, -0.0), dtype), nan)
        assert not equal(np.full(3, nan, dtype), nan, equal_nan=False)


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f8", "c8", "c16", ">i2", ">c16"])
@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 70_000])
def test_one_element_that_differs_is_found_wherever_it_is(dtype, size):
    data = np.ones(size, dtype=dtype)
    assert equal(data, 1)
    for position in {0, size // 2, size - 1}:
        data[position] = 0
        assert not equal(data, 1)
        data[position] = 1


@given(data=st.data())
def test_it_agrees_with_comparing_bytes(data):
    dtype = data.draw(strategies.dtypes())
    array = data.draw(strategies.array_values(dtype, data.draw(strategies.shapes(max_side=3))))
    fill_value = data.draw(strategies.scalars(dtype))
    if array.size and data.draw(st.booleans()):
        fill_value = array.reshape(-1)[0, ...]
    expected = all(element.tobytes() == fill_value.tobytes() for element in array.reshape(-1)[:, np.newaxis])
    assert equal(array, fill_value) == expected


@pytest.mark.parametrize(
    "view",
    [
        np.ones((4, 6), "i4", order="F"),
        np.ones((8, 12), "i4")[::2, ::2],
        np.ones((4, 6), "i4").T,
        np.broadcast_to(np.ones(6, "i4"), (4, 6)),
        np.ones((4, 6), "i4")[:, ::-1],
        np.ones((6, 4), "i2")[:, 1:3],
    ],
    ids=["F order", "steps", "transposed", "broadcast", "reversed", "columns"],
)
def test_any_layout_in_memory_is_compared(view):
    assert equal(view, 1)
    assert not equal(view, 2)
    other = view.copy()
    other[-1, -1] = 0
    assert not equal(other, 1)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 0)])
def test_no_elements_are_all_equal(shape):
    assert equal(np.empty(shape), 5)


def test_an_array_is_compared_element_by_element_and_by_bits():
    data = np.array([[1.0, -0.0], [np.nan, 2.0]])
    assert equal(data, data.copy())
    assert not equal(data, np.array([[1.0, 0.0], [np.nan, 2.0]]))
    assert not equal(data, np.array([[1.0, -0.0], [from_bits(0x7FF8000000000001, "float64"), 2.0]]))
    assert equal(np.zeros((3, 2)), np.zeros(2))
    assert not equal(np.zeros((3, 2)), np.array([0.0, 1.0]))
    assert equal(np.zeros((3, 2)), np.array([0.0, -0.0]), equal_nan=False)
    assert not equal([np.nan], np.array([np.nan]), equal_nan=False)


def test_objects_are_compared_by_value():
    assert equal(np.array(["a", "a"], dtype=object), "a")
    assert not equal(np.array(["a", "b"], dtype=object), "a")


def test_objects_without_an_equality_of_their_own_differ():
    elements = np.empty(2, dtype=object)
    elements[:] = [np.arange(3), np.arange(3)]
    assert not equal(elements, elements.copy())


@pytest.mark.parametrize("key", [0, (0,), ..., (0, ...), slice(None), np.array([0, 1])], ids=str)
def test_an_object_in_an_array_without_axes_is_stored_itself(key):
    for stored in ("text", np.zeros((0, 2))):
        box = np.empty((), dtype=object)
        box[()] = stored
        buffer = cpu.NDBuffer(np.empty(2, dtype=object))
        buffer[key] = box
        assert buffer.as_numpy_array()[0] is stored


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 7, 8, 12, 16, 20, 24])
def test_elements_of_any_size_are_compared_to_the_last_byte(size):
    element = np.frombuffer(bytes(range(1, size + 1)), dtype=f"V{size}")[0]
    data = np.full(200, element)
    assert equal(data, element)
    for position in (0, 63, 64, 199):
        changed = data.copy()
        changed.view("u1")[position * size + size - 1] ^= 1
        assert not equal(changed, element)


POINT = np.dtype([("x", "<i2"), ("at", [("y", ">f4", (2,)), ("z", "S3")]), ("w", "u1")])
PADDED = np.dtype([("x", "i1"), ("y", "<f8")], align=True)
WITH_OBJECT = np.dtype([("x", "O"), ("y", "i4")])
KEYS = [..., (1, 2), 1, (slice(None), 2), (slice(1, 3), slice(None, None, 2)), (np.array([0, 2]), np.array([1, 1]))]


def structs(dtype, shape):
    size = int(np.prod(shape)) * dtype.itemsize
    return np.frombuffer(np.random.default_rng(0).bytes(size), dtype=dtype).reshape(shape)


@pytest.mark.parametrize("dtype", [POINT, PADDED, WITH_OBJECT], ids=["packed", "padded", "object"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("key", KEYS, ids=str)
def test_structs_are_placed_as_numpy_places_them(dtype, order, key):
    source = np.zeros((3, 4), dtype=dtype) if dtype.hasobject else structs(dtype, (3, 4)).copy()
    source["x"] = np.arange(12).reshape(3, 4)
    one = source[0, 0]
    for value in (source[key], one, np.asarray(one), cpu.NDBuffer(source[key]), (1, *one.item()[1:])):
        expected = np.zeros((3, 4), dtype=dtype, order=order)
        buffer = cpu.NDBuffer(expected.copy(order="K"))
        expected[key] = value.as_numpy_array() if isinstance(value, cpu.NDBuffer) else value
        buffer[key] = value
        for name in dtype.names:
            found, wanted = buffer.as_numpy_array()[name], expected[name]
            assert found.tolist() == wanted.tolist() if dtype.hasobject else found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("wanted", ["K", "A", "C", "F"])
@pytest.mark.parametrize("given", ["C", "F"])
def test_structs_are_copied_in_the_order_that_is_wanted(given, wanted):
    array = np.asarray(structs(POINT, (3, 4)), order=given)
    copied = cpu.NDBuffer(array).astype(POINT, wanted).as_numpy_array()
    expected = array.astype(POINT, wanted)
    assert copied.tobytes() == expected.tobytes()
    assert copied.strides == expected.strides
    assert copied.flags.writeable
    assert not np.shares_memory(copied, array)
    other = POINT.newbyteorder(">")
    assert cpu.NDBuffer(array).astype(other).as_numpy_array().tobytes() == array.astype(other).tobytes()


def test_an_array_is_made_of_one_struct():
    made = cpu.NDBuffer.create(shape=(2, 3), dtype=POINT, fill_value=structs(POINT, (1,))[0]).as_numpy_array()
    assert made.tobytes() == structs(POINT, (1,)).tobytes() * 6


def test_the_prototype_of_main_memory_is_one():
    assert cpu.numpy_buffer_prototype() is cpu.buffer_prototype
    assert cpu.buffer_prototype == (cpu.Buffer, cpu.NDBuffer)


def test_a_function_of_numpy_arrays_is_called_with_a_buffer():
    doubled = cpu.as_numpy_array_wrapper(
        lambda array: (array * 2).tobytes(), cpu.Buffer.from_bytes(b"\1\2"), cpu.numpy_buffer_prototype()
    )
    assert type(doubled) is cpu.Buffer
    assert doubled.to_bytes() == b"\2\4"


@pytest.mark.parametrize("text", ["short", "too long to lie in the element"])
@pytest.mark.parametrize("index", [(0, 1), ([0], [1]), ([0], slice(1, 2)), ([0], [1], ...), np.ix_([0], [1])])
def test_one_text_is_stored_wherever_it_is_put(text, index):
    array = np.zeros((2, 3), dtype=np.dtypes.StringDType())
    key = tuple(np.array(item) if isinstance(item, list) else item for item in index)
    cpu.NDBuffer(array)[key] = cpu.NDBuffer(np.array(text, dtype=array.dtype))
    assert array.tolist() == [["", text, ""], ["", "", ""]]
