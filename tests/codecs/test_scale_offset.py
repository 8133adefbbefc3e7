import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.codecs import CastValue, ScaleOffset
from terrazzo.errors import CorruptDataError, MetadataValidationError
from terrazzo.storage import MemoryStore
from tests.helpers import spec_of
from tests.stored import contents_of, document, fill

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))


def encoded(codec, values, dtype):
    array = np.asarray(values, dtype=dtype)
    return codec._encode_sync(cpu.NDBuffer.from_numpy_array(array), spec_of(array.shape, dtype)).as_numpy_array()


def decoded(codec, values, dtype):
    array = np.asarray(values, dtype=dtype)
    return codec._decode_sync(cpu.NDBuffer.from_numpy_array(array), spec_of(array.shape, dtype)).as_numpy_array()


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ("scale_offset", {"name": "scale_offset"}),
        ({"name": "scale_offset", "configuration": {}}, {"name": "scale_offset"}),
        ({"name": "scale_offset", "configuration": {"offset": 0, "scale": 1}}, {"name": "scale_offset"}),
        ({"name": "scale_offset", "configuration": {"offset": 0.0, "scale": 1.0}}, {"name": "scale_offset"}),
        ({"name": "scale_offset", "configuration": {"offset": 5, "scale": 0.1}}, None),
        ({"name": "scale_offset", "configuration": {"scale": -2}}, None),
        ({"name": "scale_offset", "configuration": {"offset": "0x3f800000"}}, None),
        ({"name": "scale_offset", "configuration": {"offset": "Infinity"}}, None),
    ],
    ids=json.dumps,
)
def test_json(data, written):
    codec = ScaleOffset.from_dict(data)
    assert codec.to_dict() == (written or data)
    assert ScaleOffset.from_dict(codec.to_dict()).to_dict() == codec.to_dict()


def test_numbers_of_numpy_are_written_as_numbers():
    codec = ScaleOffset(offset=np.int16(3), scale=np.float32(0.5))
    assert json.dumps(codec.to_dict()["configuration"]) == '{"offset": 3, "scale": 0.5}'


@pytest.mark.parametrize("member", ["offset", "scale"])
@pytest.mark.parametrize("value", [None, True, [1], {}])
def test_what_is_no_number_is_refused(member, value):
    with pytest.raises(MetadataValidationError) as caught:
        ScaleOffset.from_dict({"name": "scale_offset", "configuration": {member: value}})
    assert caught.value.field == f"configuration.{member}"


def test_unknown_members_are_refused():
    with pytest.raises(MetadataValidationError) as caught:
        ScaleOffset.from_dict({"name": "scale_offset", "configuration": {"offset": 1, "dtype": "<f4"}})
    assert caught.value.field == "configuration.dtype"


@pytest.mark.parametrize(
    ("dtype", "parameters", "field"),
    [
        ("bool", {}, ""),
        ("complex64", {"offset": 1}, ""),
        ("int8", {"offset": 128}, "offset"),
        ("uint8", {"offset": -1}, "offset"),
        ("int32", {"scale": 0.5}, "scale"),
        ("int32", {"offset": "NaN"}, "offset"),
        ("float32", {"offset": "five"}, "offset"),
        ("float32", {"scale": "0x3c00"}, "scale"),
        ("float32", {"scale": 1e39}, "scale"),
        ("float32", {"scale": 0}, "scale"),
        ("float32", {"scale": -0.0}, "scale"),
        ("float32", {"scale": "0x00000000"}, "scale"),
        ("int8", {"scale": 0}, "scale"),
    ],
)
def test_what_does_not_fit_the_array_is_refused_before_anything_is_written(dtype, parameters, field):
    store = {}
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.create_array(store, shape=(4,), dtype=dtype, filters=ScaleOffset(**parameters))
    assert caught.value.field == f"codecs[0].configuration{'.' * bool(field)}{field}"
    assert not store


@given(data=st.data(), dtype=st.sampled_from(INTEGERS))
def test_integers_are_exact_or_refused(data, dtype):
    info = np.iinfo(dtype)
    everything = st.integers(int(info.min), int(info.max))
    few = st.integers(max(-4, int(info.min)), 4)
    offset = data.draw(st.one_of(everything, few))
    scale = data.draw(st.one_of(everything, few).filter(bool))
    codec = ScaleOffset(offset=offset, scale=scale)
    ends = st.sampled_from([int(info.min), int(info.min) + 1, int(info.max), int(info.max) - 1, 0])
    for value in data.draw(st.lists(st.one_of(everything, few, ends), min_size=1, max_size=12)):
        steps = [value - offset, (value - offset) * scale]
        if all(info.min <= step <= info.max for step in steps):
            stored = encoded(codec, [value, offset], dtype)
            assert stored.tolist() == [steps[1], 0]
            assert stored.dtype == np.dtype(dtype)
            assert decoded(codec, stored, dtype).tolist() == [value, offset]
        else:
            with pytest.raises(ValueError, match="is outside the range of"):
                encoded(codec, [offset, value], dtype)
        exact = Fraction(value, scale) + offset
        if exact.denominator != 1:
            with pytest.raises(ValueError, match="is no multiple of the scale"):
                decoded(codec, [value, 0], dtype)
        elif not info.min <= exact <= info.max:
            with pytest.raises(ValueError, match="is outside the range of"):
                decoded(codec, [value, 0], dtype)
        else:
            assert decoded(codec, [value, 0], dtype).tolist() == [exact, offset]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_computed_in_their_own_type(dtype):
    kind = np.dtype(dtype).type
    values = np.array([0.1, 1.0, -3.7, 1e4, np.inf, -0.0], dtype=dtype)
    offset, scale = kind(0.3), kind(7.1)
    codec = ScaleOffset(offset=0.3, scale=7.1)
    stored = encoded(codec, values, dtype)
    with np.errstate(over="ignore"):
        assert stored.tobytes() == np.array([(value - offset) * scale for value in values], dtype=dtype).tobytes()
        wanted = np.array([value / scale + offset for value in stored], dtype=dtype)
    assert decoded(codec, stored, dtype).tobytes() == wanted.tobytes()
    assert stored.dtype == np.dtype(dtype)


def test_the_bits_of_a_float_may_be_given():
    assert encoded(ScaleOffset(offset="0x3f800000", scale="2.0"), [2.5], "float32").tolist() == [3.0]


@pytest.mark.parametrize("order", ["C", "F", "strided", "swapped", "0-d", "empty"])
@pytest.mark.parametrize("dtype", ["int32", "float64", "uint64"])
def test_arrays_in_any_layout(dtype, order):
    values = np.arange(10, 34, dtype=dtype).reshape(4, 6)
    values = {
        "C": values,
        "F": np.asfortranarray(values),
        "strided": values[::2, ::-1],
        "swapped": values.astype(values.dtype.newbyteorder()),
        "0-d": values[1, 1].reshape(()),
        "empty": values[:0],
    }[order]
    codec = ScaleOffset(offset=2, scale=3)
    spec = spec_of(values.shape, dtype)
    stored = codec._encode_sync(cpu.NDBuffer.from_numpy_array(values), spec)
    assert np.array_equal(stored.as_numpy_array(), (values - 2) * 3)
    swapped = cpu.NDBuffer.from_numpy_array(stored.as_numpy_array().astype(np.dtype(dtype).newbyteorder()))
    assert np.array_equal(codec._decode_sync(swapped, spec).as_numpy_array(), values)
    assert codec.compute_encoded_size(values.nbytes, spec) == values.nbytes


def test_nothing_is_copied_where_nothing_changes():
    values = np.arange(4)
    assert encoded(ScaleOffset(), values, "int64") is values or np.shares_memory(
        encoded(ScaleOffset(), values, "int64"), values
    )


def test_the_fill_value_is_transformed():
    spec = ScaleOffset(offset=5, scale=3).resolve_metadata(spec_of(dtype="int16", fill_value=7))
    assert spec.fill_value == 6
    assert type(spec.fill_value) is np.int16
    nan = ScaleOffset(offset=5, scale=0.1).resolve_metadata(spec_of(dtype="float32", fill_value=np.nan))
    assert np.isnan(nan.fill_value)


def test_a_fill_value_that_cannot_be_stored_is_refused():
    with pytest.raises(MetadataValidationError, match="the fill value 100 cannot be stored") as caught:
        terrazzo.create_array({}, shape=(2,), dtype="int8", fill_value=100, filters=ScaleOffset(scale=2))
    assert caught.value.field == "codecs[0].configuration"


def test_stored_bytes(store):
    a = terrazzo.create_array(
        store, shape=(4,), chunks=(2,), dtype="int16", fill_value=10, compressors=None,
        filters=ScaleOffset(offset=10, scale=-3),
    )  # fmt: skip
    a[2:] = [11, 8]
    assert contents_of(store)["c/1"] == np.array([-3, 6], dtype="<i2").tobytes()
    assert "c/0" not in contents_of(store)
    assert terrazzo.open_array(store)[:].tolist() == [10, 10, 11, 8]
    with pytest.raises(ValueError, match=r"\(-32000 - 10\) \* -3 is outside the range of int16"):
        a[0] = -32000
    assert "c/0" not in contents_of(store)


def test_packing_of_floats_into_integers(store):
    kelvin = np.array([[250.0, 273.15], [300.05, np.nan]])
    filters = [
        ScaleOffset(offset=273.15, scale=100),
        CastValue(data_type="int16", scalar_map={"encode": [["NaN", -32768]], "decode": [[-32768, "NaN"]]}),
    ]
    terrazzo.create_array(store, data=kelvin, filters=filters, fill_value=np.nan, compressors=None)
    assert contents_of(store)["c/0/0"] == np.array([-2315, 0, 2690, -32768], dtype="<i2").tobytes()
    np.testing.assert_allclose(terrazzo.open_array(store)[...], kelvin, atol=0.005)


def test_stored_values_that_no_array_has_are_corrupt_data(store):
    codecs = [{"name": "scale_offset", "configuration": {"offset": 100, "scale": 2}}, {"name": "bytes"}]
    text = document(data_type="uint8", fill_value=100, codecs=codecs)
    fill(store, {"zarr.json": text, "c/0": bytes([4, 5]), "c/1": bytes([254, 0])})
    a = terrazzo.open_array(store, mode="r")
    with pytest.raises(CorruptDataError, match="5 is no multiple of the scale 2") as caught:
        a[:2]
    assert caught.value.stage == "scale_offset"
    assert a[3] == 100
    fill(store, {"c/1": bytes([255, 0])})
    with pytest.raises(CorruptDataError):
        a[2:]


@given(data=st.data(), dtype=st.sampled_from(("int16", "uint32", "int64", "float32", "float64")))
def test_small_integers_come_back_through_an_array(data, dtype, driven):
    values = np.array(data.draw(st.lists(st.integers(0, 100), min_size=1, max_size=12)), dtype=dtype)
    scale = data.draw(st.sampled_from([1, 2, 4]))
    store = driven(MemoryStore())
    chunks = (data.draw(st.integers(1, len(values))),)
    terrazzo.create_array(store, data=values, chunks=chunks, filters=ScaleOffset(offset=0, scale=scale))
    assert terrazzo.open_array(store)[:].tolist() == values.tolist()
    start = data.draw(st.integers(0, len(values)))
    terrazzo.open_array(store, mode="r+")[start:] = 7
    values[start:] = 7
    assert terrazzo.open_array(store)[:].tolist() == values.tolist()
