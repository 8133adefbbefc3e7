import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.codecs import TransposeCodec
from terrazzo.codecs.transpose import parse_transpose_order
from terrazzo.errors import MetadataValidationError
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from tests.helpers import spec_of
from tests.stored import contents_of


@given(data=st.data())
def test_axis_i_of_what_is_stored_is_axis_order_i_of_the_array(data):
    shape = data.draw(strategies.shapes(max_side=4))
    order = data.draw(st.permutations(range(len(shape))))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    codec, spec = TransposeCodec(order=order), spec_of(shape, "int64")
    encoded = codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec)
    assert np.array_equal(encoded.as_numpy_array(), np.transpose(array, order))
    assert np.shares_memory(encoded.as_numpy_array(), array) or not array.size
    assert codec.resolve_metadata(spec).shape == encoded.shape
    assert np.array_equal(codec._decode_sync(encoded, spec).as_numpy_array(), array)
    assert codec.compute_encoded_size(array.nbytes, spec) == array.nbytes


def test_the_stored_bytes_are_those_of_the_transposed_array():
    store = {}
    data = np.arange(6, dtype="uint8").reshape(2, 3)
    terrazzo.create_array(store, data=data, filters=[TransposeCodec(order=(1, 0))], compressors=None)
    assert store["c/0/0"].to_bytes() == bytes([0, 3, 1, 4, 2, 5])
    assert np.array_equal(terrazzo.open_array(store)[...], data)


def test_several_transposes_follow_one_another():
    store = {}
    data = np.arange(24, dtype="uint8").reshape(2, 3, 4)
    filters = [TransposeCodec(order=(2, 0, 1)), TransposeCodec(order=(0, 2, 1))]
    terrazzo.create_array(store, data=data, filters=filters, compressors=None)
    assert store["c/0/0/0"].to_bytes() == data.transpose(2, 0, 1).transpose(0, 2, 1).tobytes()
    assert np.array_equal(terrazzo.open_array(store)[:, 1], data[:, 1])


def test_json():
    document = {"name": "transpose", "configuration": {"order": [2, 0, 1]}}
    codec = TransposeCodec.from_dict(document)
    assert codec == TransposeCodec(order=np.array([2, 0, 1])) == TransposeCodec(order=iter((2, 0, 1)))
    assert codec.order == (2, 0, 1)
    assert all(type(axis) is int for axis in TransposeCodec(order=np.array([1, 0])).order)
    assert codec.to_dict() == document
    assert TransposeCodec(order=()).to_dict()["configuration"] == {"order": []}


@pytest.mark.parametrize(
    "order", [[0, 0], [1], [0, 2], [-1, 0], [True, False], ["0"], [0.0], "C", "F", 1, None, [None], {}]
)
def test_MD_22_what_is_no_permutation_is_refused(order):
    with pytest.raises(MetadataValidationError) as caught:
        TransposeCodec.from_dict({"name": "transpose", "configuration": {"order": order}})
    assert caught.value.field == "configuration.order"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "transpose"}, "configuration.order"),
        ({"name": "transpose", "configuration": {}}, "configuration.order"),
        ({"name": "transpose", "configuration": {"order": [0], "axes": 1}}, "configuration.axes"),
    ],
)
def test_the_order_is_required_and_alone(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        TransposeCodec.from_dict(data)
    assert caught.value.field == field


def test_an_order_for_another_number_of_axes_is_refused_when_an_array_is_made():
    with pytest.raises(MetadataValidationError, match="3 axes, the array has 2") as caught:
        terrazzo.create_array({}, shape=(2, 2), dtype="i4", filters=TransposeCodec(order=(0, 1, 2)))
    assert caught.value.field == "codecs[0].configuration.order"


@pytest.mark.parametrize("ndim", [17, 18, 19, 20, 32])
def test_many_axes_are_put_in_another_order(ndim):
    shape = (2, 3) + (1,) * (ndim - 3) + (4,)
    order = [*range(1, ndim), 0]
    data = np.arange(24, dtype="uint8").reshape(shape)
    transpose = {"name": "transpose", "configuration": {"order": order}}
    store = MemoryStore()
    array = terrazzo.create_array(
        store, shape=shape, chunks=shape, dtype="uint8", filters=[transpose], compressors=None
    )
    array[...] = data
    assert terrazzo.open_array(store, mode="r")[...].tobytes() == data.tobytes()
    [chunk] = [value for key, value in contents_of(store).items() if key != "zarr.json"]
    assert chunk == data.transpose(order).tobytes()


def test_an_order_alone_is_parsed_as_in_a_document():
    assert parse_transpose_order([1, 0]) == (1, 0)
    with pytest.raises(MetadataValidationError, match="permutation"):
        parse_transpose_order([1, 1])
