import sys

import ml_dtypes
import numpy as np
import pytest

from terrazzo.dtype.elements import elements_from_stored, layout_in_storage, stored_elements

SELF = sys.byteorder
OTHER = "big" if SELF == "little" else "little"
NARROW = {
    "int2": 0x03,
    "uint2": 0x03,
    "int4": 0x0F,
    "uint4": 0x0F,
    "float4_e2m1fn": 0x0F,
    "float6_e2m3fn": 0x3F,
    "float6_e3m2fn": 0x3F,
}


def random_elements(dtype, shape):
    size = int(np.prod(shape)) * dtype.itemsize
    return np.frombuffer(np.random.default_rng(0).bytes(size), dtype=dtype).reshape(shape)


def raw(array):
    return np.frombuffer(array.tobytes(), dtype=np.uint8)


def turned(array, *sizes):
    """The bytes of elements made of numbers of these sizes, each number turned around."""
    data, out, start = array.tobytes(), b"", 0
    while start < len(data):
        for size in sizes:
            out += data[start : start + size][::-1]
            start += size
    return out


@pytest.mark.parametrize(
    "native", ["i4", ">i4", "u1", "c8", "U3", "M8[s]", "S3", [("a", ">i2"), ("b", [("c", "<c16")])]]
)
def test_numpys_own_types_are_stored_as_they_lie_in_memory(native):
    native = np.dtype(native)
    assert layout_in_storage(native, None) == native
    assert layout_in_storage(native, "little") == native.newbyteorder("<")
    assert layout_in_storage(native, "big") == native.newbyteorder(">")


@pytest.mark.parametrize("name", [*NARROW, "float8_e5m2", "bfloat16", "complex32", "bcomplex32"])
def test_types_of_another_package_lie_in_memory_in_the_byte_order_of_the_machine_only(name):
    native = np.dtype(getattr(ml_dtypes, name))
    for dtype in (native, np.dtype([("a", native)]), np.dtype([("a", native, (2,))])):
        assert (layout_in_storage(dtype, None) is None) == (name in NARROW)
        assert (layout_in_storage(dtype, SELF) is None) == (name in NARROW)
        assert (layout_in_storage(dtype, OTHER) is None) == (name != "float8_e5m2")


@pytest.mark.parametrize("endian", [None, "little", "big"])
@pytest.mark.parametrize(("name", "bits"), NARROW.items(), ids=NARROW)
def test_bits_that_an_element_does_not_have_are_zero(name, bits, endian):
    native = np.dtype(getattr(ml_dtypes, name))
    everything = np.arange(256, dtype=np.uint8)
    read = elements_from_stored(everything, native, endian, (16, 16))
    assert read.dtype == native
    assert read.view(np.uint8).reshape(-1).tolist() == (everything & bits).tolist()
    assert read.flags.writeable
    assert stored_elements(everything.view(native), native, endian).tolist() == (everything & bits).tolist()
    if "int" in name:  # of floats, numpy makes something else where the bits are not zero
        assert (read.astype("i4").reshape(-1) == everything.view(native).astype("i4")).all()


@pytest.mark.parametrize(("name", "size"), [("bfloat16", 2), ("complex32", 2), ("bcomplex32", 2)])
def test_each_number_is_turned_around(name, size):
    native = np.dtype(getattr(ml_dtypes, name))
    elements = random_elements(native, (3, 4))
    stored = stored_elements(elements, native, OTHER)
    assert stored.tobytes() == turned(elements, size)
    assert elements_from_stored(stored, native, OTHER, (3, 4)).tobytes() == elements.tobytes()
    assert stored_elements(elements.T, native, OTHER).tobytes() == turned(np.ascontiguousarray(elements.T), size)


@pytest.mark.parametrize("endian", [SELF, OTHER])
def test_fields_of_any_kind_are_turned_around_each(endian):
    native = np.dtype(
        [
            ("a", "i4"),
            ("b", ml_dtypes.bfloat16, (2,)),
            ("c", [("d", ml_dtypes.complex32), ("e", "c8"), ("f", "u1")]),
            ("g", "U2"),
            ("h", ml_dtypes.int4),
        ]
    )
    sizes = (4, 2, 2, 2, 2, 4, 4, 1, 4, 4, 1)
    elements = random_elements(native, (5,)).copy()
    elements["g"] = ["ab", "c", "", "de", "f"]
    elements["h"] = np.arange(-2, 3).astype(ml_dtypes.int4)
    stored = stored_elements(elements, native, endian)
    assert stored.tobytes() == (elements.tobytes() if endian == SELF else turned(elements, *sizes))
    assert elements_from_stored(stored, native, endian, (5,)).tobytes() == elements.tobytes()


def test_a_field_may_have_a_byte_order_of_its_own_in_memory():
    native = np.dtype([("a", ">i2"), ("b", ml_dtypes.bfloat16)])
    elements = np.array([(1, 1.5), (2, 2.5)], dtype=native)
    assert stored_elements(elements, native, "big").tobytes().hex() == "00013fc000024020"
    read = elements_from_stored(raw(np.array([0x01, 0x00, 0xC0, 0x3F], "u1")), native, "little", (1,))
    assert read.tolist() == [(1, 1.5)]
    assert stored_elements(elements, native, None).tobytes() == elements.tobytes()


def test_elements_given_stay_as_they_are():
    given = np.full(3, 0xFF, np.uint8).view(ml_dtypes.int4)
    given.flags.writeable = False
    assert stored_elements(given, given.dtype, None).tolist() == [0x0F] * 3
    assert given.view(np.uint8).tolist() == [0xFF] * 3
    assert elements_from_stored(given.view(np.uint8), given.dtype, None, (3,)).view(np.uint8).tolist() == [0x0F] * 3
    assert given.view(np.uint8).tolist() == [0xFF] * 3


def test_a_chunk_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"size|shape"):
        elements_from_stored(np.zeros(3, np.uint8), np.dtype(ml_dtypes.int4), None, (2,))
    with pytest.raises(ValueError, match=r"size|shape"):
        elements_from_stored(np.zeros(3, np.uint8), np.dtype(ml_dtypes.bfloat16), OTHER, (2,))
