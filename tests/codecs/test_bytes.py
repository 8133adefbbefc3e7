import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.buffer import cpu
from terrazzo.codecs import BytesCodec, Endian
from terrazzo.errors import MetadataValidationError
from terrazzo.testing import strategies
from tests.helpers import buffer_of, spec_of


@given(data=st.data(), endian=st.sampled_from(["little", "big"]), order=st.sampled_from("CF"))
def test_elements_are_stored_in_c_order_and_one_byte_order(data, endian, order):
    dtype = data.draw(strategies.dtypes())
    shape = data.draw(strategies.shapes(max_side=4))
    array = np.asarray(data.draw(strategies.array_values(dtype, shape)), order=order)
    spec = spec_of(shape, dtype)
    codec = BytesCodec(endian=endian).evolve_from_array_spec(spec)
    stored = codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec).to_bytes()
    assert stored == array.astype(dtype.newbyteorder(endian)).tobytes()
    decoded = codec._decode_sync(buffer_of(stored), spec).as_numpy_array()
    assert decoded.shape == shape
    assert decoded.astype(dtype).tobytes() == array.tobytes()
    assert codec.compute_encoded_size(array.nbytes, spec) == len(stored)


def test_an_array_of_another_type_in_memory_is_cast():
    stored = BytesCodec(endian="big")._encode_sync(
        cpu.NDBuffer.from_numpy_array(np.array([1.0, 2.0])), spec_of((2,), "int16")
    )
    assert stored.to_bytes() == b"\0\1\0\2"


@pytest.mark.parametrize(
    ("data", "endian", "written"),
    [
        ({"name": "bytes"}, None, {"name": "bytes"}),
        ({"name": "bytes", "configuration": {}}, None, {"name": "bytes"}),
        ("bytes", None, {"name": "bytes"}),
        (
            {"name": "bytes", "configuration": {"endian": "little"}},
            "little",
            {"name": "bytes", "configuration": {"endian": "little"}},
        ),
        (
            {"name": "bytes", "configuration": {"endian": "big"}},
            "big",
            {"name": "bytes", "configuration": {"endian": "big"}},
        ),
        (
            {"name": "endian", "configuration": {"endian": "big"}},
            "big",
            {"name": "bytes", "configuration": {"endian": "big"}},
        ),
    ],
    ids=str,
)
def test_json(data, endian, written):
    codec = BytesCodec.from_dict(data)
    assert codec.endian == endian
    assert codec.to_dict() == written
    assert BytesCodec.from_dict(codec.to_dict()) == codec


def test_without_a_word_the_order_is_the_machines():
    assert BytesCodec().endian == sys.byteorder
    assert BytesCodec(endian=Endian.big) == BytesCodec(endian="big")
    assert Endian.little == "little"


@pytest.mark.parametrize("endian", ["Big", "<", "", 1, True, ["big"]])
def test_other_orders_are_refused(endian):
    with pytest.raises(MetadataValidationError, match="'little' or 'big'") as caught:
        BytesCodec.from_dict({"name": "bytes", "configuration": {"endian": endian}})
    assert caught.value.field == "configuration.endian"
    with pytest.raises(MetadataValidationError):
        BytesCodec(endian=endian)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "bytes", "configuration": {"endian": "big", "order": "C"}}, "configuration.order"),
        ({"name": "gzip"}, "name"),
        ({"name": "bytes", "configuration": [1]}, "configuration"),
        ({"name": "bytes", "level": 1}, "level"),
        ({}, "name"),
    ],
)
def test_other_members_are_refused(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        BytesCodec.from_dict(data)
    assert caught.value.field == field


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8"])
def test_one_byte_has_no_order(dtype):
    assert BytesCodec(endian="big").evolve_from_array_spec(spec_of(dtype=dtype)) == BytesCodec(endian=None)
    assert BytesCodec(endian=None).evolve_from_array_spec(spec_of(dtype=dtype)) == BytesCodec(endian=None)


@pytest.mark.parametrize("dtype", ["int16", "float16", "complex64"])
def test_several_bytes_need_an_order(dtype):
    spec = spec_of(dtype=dtype)
    assert BytesCodec(endian="big").evolve_from_array_spec(spec) == BytesCodec(endian="big")
    with pytest.raises(MetadataValidationError, match="endian"):
        BytesCodec(endian=None).evolve_from_array_spec(spec)


def test_the_layout_is_the_order_that_is_stored():
    assert BytesCodec(endian="big").memory_layout(spec_of(dtype="<i4")).str == ">i4"
    assert BytesCodec(endian=None).memory_layout(spec_of(dtype="uint8")).str == "|u1"
