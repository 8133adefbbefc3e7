import json
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import BytesCodec, CastValue, ScaleOffset, TransposeCodec
from terrazzo.codecs.cast_value import PERMITTED_DATA_TYPE_NAMES, parse_scalar_map
from terrazzo.dtype import Int16, UInt8, parse_dtype
from terrazzo.errors import CorruptDataError, DataTypeValidationError, MetadataValidationError
from terrazzo.storage import MemoryStore
from tests.helpers import spec_of
from tests.stored import contents_of, document, fill

NAN = float("nan")


def configured(**configuration):
    return {"name": "cast_value", "configuration": configuration}


@pytest.mark.parametrize(
    "data",
    [
        configured(data_type="uint8"),
        configured(data_type="uint8", rounding="towards-zero", out_of_range="clamp"),
        configured(data_type="float32", rounding="nearest-away"),
        configured(data_type="int16", out_of_range="wrap", scalar_map={"encode": [["NaN", -1], [2.5, 7]]}),
        configured(data_type="int16", scalar_map={"encode": [["NaN", -1]], "decode": [[-1, "NaN"], [3, "0x7fc0"]]}),
        configured(data_type="int16", scalar_map={}),
    ],
    ids=json.dumps,
)
def test_json_is_written_as_it_was_read(data):
    codec = CastValue.from_dict(data)
    assert codec.to_dict() == data
    assert json.loads(json.dumps(codec.to_dict())) == data
    assert CastValue.from_dict(codec.to_dict()) == codec


def test_defaults_are_not_written():
    explicit = CastValue.from_dict(configured(data_type="uint8", rounding="nearest-even", out_of_range=None))
    assert explicit.to_dict() == configured(data_type="uint8")


def test_the_data_type_is_given_by_name_or_as_an_object_or_itself():
    assert CastValue(data_type="uint8").dtype == UInt8()
    assert CastValue(data_type=Int16()).dtype == Int16()
    assert CastValue(data_type={"name": "uint8"}) == CastValue(data_type=UInt8())


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "cast_value"}, "configuration.data_type"),
        ("cast_value", "configuration.data_type"),
        (configured(), "configuration.data_type"),
        (configured(data_type=None), "configuration.data_type"),
        (configured(data_type=8), "configuration.data_type"),
        (configured(data_type="uint9"), "configuration.data_type"),
        (configured(data_type={}), "configuration.data_type"),
        (configured(data_type="bool"), "configuration.data_type"),
        (configured(data_type="complex64"), "configuration.data_type"),
        (configured(data_type="uint8", dtype="uint8"), "configuration.dtype"),
        (configured(data_type="uint8", rounding="nearest"), "configuration.rounding"),
        (configured(data_type="uint8", rounding=None), "configuration.rounding"),
        (configured(data_type="uint8", rounding=["towards-zero"]), "configuration.rounding"),
        (configured(data_type="uint8", out_of_range="error"), "configuration.out_of_range"),
        (configured(data_type="uint8", out_of_range=1), "configuration.out_of_range"),
        (configured(data_type="float32", out_of_range="wrap"), "configuration.out_of_range"),
        (configured(data_type="uint8", scalar_map=[]), "configuration.scalar_map"),
        (configured(data_type="uint8", scalar_map={"both": []}), "configuration.scalar_map.both"),
        (configured(data_type="uint8", scalar_map={"encode": 1}), "configuration.scalar_map.encode"),
        (configured(data_type="uint8", scalar_map={"encode": "ab"}), "configuration.scalar_map.encode"),
        (configured(data_type="uint8", scalar_map={"encode": [1]}), "configuration.scalar_map.encode[0]"),
        (configured(data_type="uint8", scalar_map={"decode": [[1, 2], "ab"]}), "configuration.scalar_map.decode[1]"),
        (configured(data_type="uint8", scalar_map={"encode": [[1, 2, 3]]}), "configuration.scalar_map.encode[0]"),
        (configured(data_type="uint8", scalar_map={"encode": [[[1], 2]]}), "configuration.scalar_map.encode[0][0]"),
        (configured(data_type="uint8", scalar_map={"encode": [[1, True]]}), "configuration.scalar_map.encode[0][1]"),
        (configured(data_type="uint8", scalar_map={"encode": [[1, None]]}), "configuration.scalar_map.encode[0][1]"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else value,
)
def test_malformed_configurations_are_refused_and_the_member_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        CastValue.from_dict(data)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("dtype", "parameters", "field"),
    [
        ("bool", {"data_type": "uint8"}, "data_type"),
        ("complex64", {"data_type": "uint8"}, "data_type"),
        ("float32", {"data_type": "uint8", "scalar_map": {"encode": [["x", 1]]}}, "scalar_map.encode[0][0]"),
        ("float32", {"data_type": "uint8", "scalar_map": {"encode": [[1, 256]]}}, "scalar_map.encode[0][1]"),
        ("float32", {"data_type": "uint8", "scalar_map": {"encode": [[1, 2], [3, "NaN"]]}}, "scalar_map.encode[1][1]"),
        ("int8", {"data_type": "uint8", "scalar_map": {"decode": [[1, 128]]}}, "scalar_map.decode[0][1]"),
        ("int8", {"data_type": "uint8", "scalar_map": {"decode": [[1.5, 1]]}}, "scalar_map.decode[0][0]"),
    ],
)
def test_what_does_not_fit_the_array_is_refused_before_anything_is_written(dtype, parameters, field):
    store = {}
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.create_array(store, shape=(4,), dtype=dtype, filters=CastValue(**parameters))
    assert caught.value.field == f"codecs[0].configuration.{field}"
    assert not store


@pytest.mark.parametrize(
    ("dtype", "fill_value", "parameters", "reason"),
    [
        ("float64", 0.5, {"data_type": "uint8"}, "the fill value 0.5 would become 0 and then 0.0"),
        ("float64", -0.0, {"data_type": "int8"}, "would become 0 and then 0.0"),
        ("float64", NAN, {"data_type": "int8"}, "nan has no counterpart in int8"),
        ("int16", 300, {"data_type": "uint8"}, "300 is outside the range of uint8, 0 to 255"),
        ("int16", 300, {"data_type": "uint8", "out_of_range": "clamp"}, "would become 255 and then 255"),
        ("float64", 0.1, {"data_type": "float32"}, "the fill value 0.1 would become"),
        ("float64", NAN, {"data_type": "int8", "scalar_map": {"encode": [["NaN", 1]]}}, "would become 1 and then 1.0"),
    ],
)
def test_a_fill_value_that_would_not_come_back_is_refused(dtype, fill_value, parameters, reason):
    store = {}
    with pytest.raises(MetadataValidationError, match=reason) as caught:
        terrazzo.create_array(store, shape=(4,), dtype=dtype, fill_value=fill_value, filters=CastValue(**parameters))
    assert caught.value.field == "codecs[0].configuration.data_type"
    assert not store


def test_the_next_codec_sees_the_stored_type_and_fill_value():
    codec = CastValue(data_type="int16", scalar_map={"encode": [["NaN", -999]], "decode": [[-999, "NaN"]]})
    spec = codec.resolve_metadata(spec_of((2, 3), "float32", fill_value=NAN))
    assert (spec.shape, spec.dtype, spec.fill_value) == ((2, 3), Int16(), -999)
    assert type(spec.fill_value) is np.int16
    assert codec.compute_encoded_size(24, spec_of((2, 3), "float32")) == 12


def test_codecs_after_it_are_checked_against_what_they_see():
    wide = CastValue(data_type="int32")
    a = terrazzo.create_array({}, shape=(4,), dtype="uint8", filters=wide, compressors=None)
    assert a.metadata.codecs == (wide, BytesCodec(endian="little"))
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.create_array({}, shape=(4,), dtype="uint8", filters=wide, serializer=BytesCodec(endian=None))
    assert caught.value.field == "codecs[1].configuration.endian"
    narrow = [CastValue(data_type="uint8"), ScaleOffset(offset=-1)]
    with pytest.raises(MetadataValidationError, match="outside the range of uint8") as caught:
        terrazzo.create_array({}, shape=(4,), dtype="int32", filters=narrow)
    assert caught.value.field == "codecs[1].configuration.offset"
    turned = [TransposeCodec(order=(1, 0)), CastValue(data_type="uint8"), ScaleOffset(offset=3)]
    with pytest.raises(MetadataValidationError, match="the fill value 0 cannot be stored") as caught:
        terrazzo.create_array({}, shape=(4, 2), dtype="float32", filters=turned)
    assert caught.value.field == "codecs[2].configuration"


def test_stored_bytes(store):
    data = np.array([[1.5, 2.5, np.nan], [300.0, -1.0, -0.0]], dtype="float32")
    filters = [
        CastValue(data_type="int16", rounding="nearest-away", scalar_map={"encode": [["NaN", -2], [300, 5]]}),
        TransposeCodec(order=(1, 0)),
    ]
    terrazzo.create_array(store, data=data, filters=filters, serializer=BytesCodec(endian="big"), compressors=None)
    stored = contents_of(store)
    assert stored["c/0/0"] == np.array([[2, 5], [3, -1], [-2, 0]], dtype=">i2").tobytes()
    assert terrazzo.open_array(store)[...].tolist() == [[2, 3, -2], [5, -1, 0]]


def test_a_chunk_that_is_absent_reads_as_the_fill_value_and_one_of_it_is_not_stored(store):
    missing = {"encode": [["NaN", 255]], "decode": [[255, "NaN"]]}
    a = terrazzo.create_array(
        store, shape=(6,), chunks=(2,), dtype="float64", fill_value=NAN, compressors=None,
        filters=CastValue(data_type="uint8", scalar_map=missing),
    )  # fmt: skip
    a[2:] = np.array([NAN, NAN, 7.0, NAN])
    assert sorted(contents_of(store)) == ["c/2", "zarr.json"]
    assert contents_of(store)["c/2"] == b"\x07\xff"
    a[5] = 3.2
    np.testing.assert_array_equal(terrazzo.open_array(store)[:], [NAN, NAN, NAN, NAN, 7, 3])


def test_values_that_cannot_be_stored_are_refused_and_the_chunk_stays(store):
    a = terrazzo.create_array(
        store, data=np.arange(4.0), chunks=(2,), filters=CastValue(data_type="int8"), compressors=None
    )
    before = contents_of(store)
    for value, reason in ((300.0, "300.0 is outside the range of int8, -128 to 127"), (NAN, "nan has no counterpart")):
        with pytest.raises(ValueError, match=reason) as caught:
            a[2:] = value
        assert any("'cast_value', encoding" in note for note in caught.value.__notes__)
    assert contents_of(store) == before


def test_stored_values_that_mean_nothing_are_corrupt_data(store):
    codecs = [configured(data_type="int16"), {"name": "bytes", "configuration": {"endian": "little"}}]
    fill(
        store,
        {"zarr.json": document(data_type="uint8", codecs=codecs), "c/0": b"\x05\x00\xff\x00", "c/1": b"\x00\x01" * 2},
    )
    a = terrazzo.open_array(store, mode="r")
    assert a[:2].tolist() == [5, 255]
    with pytest.raises(CorruptDataError, match="256 is outside the range of uint8") as caught:
        a[2:]
    assert (caught.value.stage, caught.value.key) == ("cast_value", "c/1")
    fill(store, {"c/1": b"\x00\x01"})
    with pytest.raises(CorruptDataError, match="2 bytes"):
        a[2:]


def test_reading_warns_of_nothing():
    codecs = [configured(data_type="float64"), {"name": "bytes", "configuration": {"endian": "little"}}]
    stored = np.array([np.inf, np.nan], dtype="<f8").tobytes()
    store = {}
    memory = MemoryStore(store)
    fill(memory, {"zarr.json": document(data_type="float32", fill_value=0.0, codecs=codecs), "c/0": stored})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(terrazzo.open_array(memory, mode="r")[:2]) == "[inf nan]"


SIZES = {
    "int8": "int32",
    "uint8": "float32",
    "int16": "float64",
    "float16": "float32",
    "float32": "float64",
    "int32": "int64",
}


@given(data=st.data(), name=st.sampled_from(sorted(SIZES)))
def test_a_wider_type_gives_back_what_was_written(data, name, driven):
    shape = data.draw(st.sampled_from([(), (5,), (3, 4)]))
    values = data.draw(
        st.lists(
            st.integers(-100, 100) if np.dtype(name).kind == "i" else st.integers(0, 100),
            min_size=int(np.prod(shape)),
            max_size=int(np.prod(shape)),
        )
    )
    array = np.array(values, dtype=name).reshape(shape)
    chunks = tuple(data.draw(st.integers(1, length)) for length in shape)
    store = driven(MemoryStore())
    terrazzo.create_array(store, data=array, chunks=chunks, filters=CastValue(data_type=SIZES[name]))
    opened = terrazzo.open_array(store, mode="r+")
    assert opened[...].tobytes() == array.tobytes()
    assert opened.dtype == array.dtype
    part = tuple(slice(length // 3, length) for length in shape)
    opened[part] = array[part][..., ::-1] if shape else array
    array[part] = array[part][..., ::-1].copy() if shape else array
    assert terrazzo.open_array(store)[...].tobytes() == array.tobytes()


def test_a_map_may_be_a_mapping():
    assert parse_scalar_map({"encode": {"NaN": 0, 1.5: 2}, "decode": [(0, "NaN"), (0, 5)]}) == {
        "encode": {"NaN": 0, 1.5: 2},
        "decode": {0: "NaN"},
    }
    assert parse_scalar_map({}) == {}


@pytest.mark.parametrize("target", ["int4", "uint4", "bfloat16", "float8_e4m3", "float8_e5m2fnuz", "float4_e2m1fn"])
@pytest.mark.parametrize("dtype", ["float32", "int8", "bfloat16"])
def test_numbers_of_machine_learning(dtype, target, store):
    data = np.array([0, 1, 2, 3, 4, 6]).astype(parse_dtype(dtype, zarr_format=3).to_native_dtype())
    array = terrazzo.create_array(store, data=data, chunks=(4,), filters=CastValue(data_type=target))
    assert array.metadata.codecs[0].to_dict()["configuration"] == {"data_type": target}
    opened = terrazzo.open_array(store)
    assert opened.dtype == data.dtype
    assert opened[:].astype("f4").tolist() == [0, 1, 2, 3, 4, 6]
    if target in ("int4", "uint4", "float4_e2m1fn"):
        with pytest.raises(ValueError, match=f"100.* is outside the range of {target}"):
            terrazzo.open_array(store, mode="r+")[0] = 100


def test_every_data_type_that_it_names_can_be_stored():
    for name in sorted(PERMITTED_DATA_TYPE_NAMES):
        array = terrazzo.create_array({}, shape=2, dtype="float32", filters=CastValue(data_type=name), fill_value=1)
        array[:] = 1
        assert array[:].tolist() == [1, 1]
    assert {"int4", "uint8", "float8_e4m3", "bfloat16"} <= PERMITTED_DATA_TYPE_NAMES
    for name in ("bool", "complex64", "string"):
        with pytest.raises((DataTypeValidationError, MetadataValidationError), match=name):
            terrazzo.create_array({}, shape=2, dtype="float32", filters=CastValue(data_type=name))
