import base64
import json
import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo import dtype
from terrazzo.dtype import Struct, Structured, parse_dtype
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.dtype.sub_array import SubArray
from terrazzo.errors import CorruptDataError, DataTypeValidationError, MetadataValidationError, ZarrUserWarning
from terrazzo.storage import MemoryStore
from tests.dtype.rows_struct import ROWS, legacy, v3
from tests.stored import contents_of, document, fill

MIXED = np.dtype([("a", "<i2"), ("b", ">i4"), ("c", "u1")])
CUBES = np.dtype([("a", "<i2", (2, 3)), ("b", [("c", ">f4", (2,)), ("d", "u1")], (2,))])


def v2(listed):
    return {"name": listed, "object_codec_id": None}


def random_elements(native, shape, seed=0):
    """Random bytes as elements: every bit pattern turns up."""
    size = int(np.prod(shape)) * native.itemsize
    return np.frombuffer(np.random.default_rng(seed).bytes(size), dtype=native).reshape(shape)


# -- numpy


def test_the_old_class_is_the_base_of_the_new_one_and_writes_as_it_does():
    fields = (("x", dtype.Float32()),)
    assert isinstance(Struct(fields=fields), Structured)
    assert Structured(fields=fields).to_json(zarr_format=3) == v3(("x", "float32"))


def test_fields_keep_their_byte_order():
    zdtype = parse_dtype(MIXED, zarr_format=3)
    assert zdtype.to_native_dtype() == MIXED
    assert zdtype.fields[1] == ("b", dtype.Int32(endianness="big"))
    assert zdtype.item_size == 7
    assert zdtype.has_multi_byte_fields()


def test_a_struct_of_bytes_has_no_byte_order():
    zdtype = Struct(fields=(("a", dtype.Int8()), ("b", Struct(fields=(("c", dtype.Bool()),)))))
    assert not zdtype.has_multi_byte_fields()
    assert not zdtype.is_multibyte


def test_fields_can_be_given_as_a_list():
    zdtype = Struct(fields=[["a", dtype.Int8()]])
    assert zdtype == Struct(fields=(("a", dtype.Int8()),))
    assert hash(zdtype) == hash(Struct(fields=(("a", dtype.Int8()),)))


def test_a_struct_survives_pickling():
    zdtype = get_data_type_from_json(legacy(("x", "int16")), zarr_format=3)
    again = pickle.loads(pickle.dumps(zdtype))
    assert again == zdtype
    assert again.implied_endian == "little"
    assert again.to_native_dtype() == zdtype.to_native_dtype()


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (("a", dtype.Int8()), ("a", dtype.Int8())),
        (("", dtype.Int8()),),
        ((3, dtype.Int8()),),
        (("a", "int8"),),
        (("a", SubArray(base=dtype.Int8(), shape=(2**31,))),),
        (("a", SubArray(base=dtype.Int64(), shape=(2**20, 2**20, 2**40))),),
        (("a", SubArray(base=dtype.Int8(), shape=(1,) * 70)),),
    ],
    ids=["none", "same name", "no name", "name is no text", "no data type", "too large", "far too large", "axes"],
)
def test_fields_that_cannot_be_are_refused(fields):
    with pytest.raises(DataTypeValidationError):
        Struct(fields=fields)


def test_padding_is_not_stored_and_the_caller_is_told():
    padded = np.dtype([("a", "i1"), ("b", "<f8")], align=True)
    assert padded.itemsize == 16
    with pytest.warns(ZarrUserWarning, match="padding"):
        zdtype = parse_dtype(padded, zarr_format=3)
    assert zdtype.item_size == 9
    data = np.zeros(5, dtype=padded)
    data["a"], data["b"] = np.arange(5), np.arange(5) / 4
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=5, chunks=2, dtype=zdtype, compressors=None)
    array[:] = data
    for name in ("a", "b"):
        assert (array[:][name] == data[name]).all()
    assert contents_of(store)["c/0"] == data[:2].astype(zdtype.to_native_dtype()).tobytes()


def test_reading_never_warns_about_padding():
    store = MemoryStore()
    terrazzo.create_array(store, shape=2, dtype=Struct(fields=(("a", dtype.Int8()), ("b", dtype.Float64()))))
    assert terrazzo.open_array(store, mode="r")[:]["b"].tolist() == [0, 0]


def test_fields_in_another_order_in_memory_are_the_same_elements():
    turned = np.dtype({"names": ["a", "b"], "formats": ["<i2", "u1"], "offsets": [1, 0]})
    assert turned.itemsize == 3
    data = np.array([(1, 2), (3, 4)], dtype=turned)
    array = terrazzo.create_array(None, data=data)
    assert array[:].tolist() == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("native", "problem"),
    [
        (np.dtype([(("long", "a"), "<i4")]), "title"),
        (np.dtype([("a", "O")]), "'a'"),
        (np.dtype([("a", [("b", "O")])]), "'b'"),
    ],
)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_numpys_types_that_have_no_form_are_refused(native, problem, zarr_format):
    with pytest.raises(DataTypeValidationError, match=problem):
        parse_dtype(native, zarr_format=zarr_format)


def test_records_are_structs():
    record = np.dtype((np.record, [("a", "<i4")]))
    assert parse_dtype(record, zarr_format=3) == Struct(fields=(("a", dtype.Int32()),))


def test_a_list_of_fields_is_a_data_type():
    assert parse_dtype([("a", "<i4"), ("b", "u1")], zarr_format=3).to_native_dtype() == [("a", "<i4"), ("b", "u1")]


# -- documents


def nested_v3(depth):
    data = "int8"
    for _ in range(depth):
        data = v3(("x", data))
    return data


def nested_v2(depth):
    data = "|i1"
    for _ in range(depth):
        data = [["x", data]]
    return data


MALFORMED_V3 = {
    "no configuration": {"name": "struct"},
    "configuration is text": {"name": "struct", "configuration": "fields"},
    "no fields": {"name": "struct", "configuration": {}},
    "fields is null": {"name": "struct", "configuration": {"fields": None}},
    "fields is text": {"name": "struct", "configuration": {"fields": "ab"}},
    "fields is an object": {"name": "struct", "configuration": {"fields": {"a": "int8"}}},
    "empty": v3(),
    "another member": {"name": "struct", "configuration": {"fields": [{"name": "a", "data_type": "int8"}], "x": 1}},
    "same name": v3(("a", "int8"), ("a", "int16")),
    "empty name": v3(("", "int8")),
    "name is a number": v3((1, "int8")),
    "name is null": v3((None, "int8")),
    "unknown type": v3(("a", "int7")),
    "type is null": v3(("a", None)),
    "type is a list": v3(("a", [["b", "int8"]])),
    "type of v2": v3(("a", "<i4")),
    "member of a type": v3(("a", {"name": "int8", "endian": "little"})),
    "field is text": {"name": "struct", "configuration": {"fields": ["a"]}},
    "field is null": {"name": "struct", "configuration": {"fields": [None]}},
    "field has no type": {"name": "struct", "configuration": {"fields": [{"name": "a"}]}},
    "field has more": {"name": "struct", "configuration": {"fields": [{"name": "a", "data_type": "int8", "x": 1}]}},
    "pair of three": legacy(("a", "int8", [2])),
    "nested is malformed": v3(("a", {"name": "struct"})),
    "33 levels": nested_v3(33),
    "5000 levels": nested_v3(5000),
    "bare name": "struct",
}
MALFORMED_V2 = {
    "empty": [],
    "same name": [["a", "<i2"], ["a", "<i2"]],
    "empty name": [["", "<i2"]],
    "name is a number": [[1, "<i2"]],
    "name is a pair": [[["title", "a"], "<i2"]],
    "field is text": ["<i2"],
    "pair of text": ["a", "<i2"],
    "one item": [["a"]],
    "four items": [["a", "<i2", [2], 1]],
    "unknown type": [["a", "<i3"]],
    "type of v3": [["a", "int16"]],
    "type is null": [["a", None]],
    "object": [["a", "|O"]],
    "shape of text": [["a", "<i2", "2"]],
    "shape of floats": [["a", "<i2", [2.0]]],
    "shape of booleans": [["a", "<i2", [True]]],
    "negative length": [["a", "<i2", [-1]]],
    "no length": [["a", "<i2", [0]]],
    "too large": [["a", "<i2", [2**31]]],
    "far too large": [["a", "<i2", [2**62, 2**62]]],
    "33 levels": nested_v2(33),
    "5000 levels": nested_v2(5000),
}


@pytest.mark.parametrize("data", MALFORMED_V3.values(), ids=MALFORMED_V3)
def test_malformed_types_of_v3_are_refused(data):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(data, zarr_format=3)


@pytest.mark.parametrize("data", MALFORMED_V2.values(), ids=MALFORMED_V2)
def test_malformed_types_of_v2_are_refused(data):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(v2(data), zarr_format=2)


def test_the_error_says_which_field():
    for bad, zarr_format in ((v3(("a", v3(("b", "int7")))), 3), (v2([["a", [["b", "<i7"]]]]), 2)):
        with pytest.raises(DataTypeValidationError, match=r"'b'.*i(nt)?7"):
            get_data_type_from_json(bad, zarr_format=zarr_format)
    store = MemoryStore()
    fill(store, {"zarr.json": document(data_type=v3(("a", "int7")))})
    with pytest.raises(MetadataValidationError, match="int7") as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "data_type"


@pytest.mark.parametrize("depth", [1, 2, 32])
def test_structs_nest(depth):
    for data, zarr_format in ((nested_v3(depth), 3), (v2(nested_v2(depth)), 2)):
        zdtype = get_data_type_from_json(data, zarr_format=zarr_format)
        assert zdtype.item_size == 1
        assert zdtype.to_json(zarr_format=zarr_format) == data


def test_the_old_name_is_read_and_not_written():
    zdtype = get_data_type_from_json(legacy(("x", "int16")), zarr_format=3)
    assert type(zdtype) is Struct
    assert zdtype.to_json(zarr_format=3) == v3(("x", "int16"))


def test_numpy_reads_the_same_type_from_a_list_of_v2():
    listed = [["a", "<i2"], ["b", [["c", ">f4"], ["d", "|u1"]]]]
    zdtype = get_data_type_from_json(v2(listed), zarr_format=2)
    assert zdtype.to_native_dtype() == [("a", "<i2"), ("b", [("c", ">f4"), ("d", "u1")])]
    assert zdtype.to_json(zarr_format=2) == v2(listed)


# -- arrays as fields


def test_a_field_can_be_an_array_in_v2():
    zdtype = parse_dtype(CUBES, zarr_format=2)
    assert zdtype.to_native_dtype() == CUBES
    assert zdtype.item_size == CUBES.itemsize
    listed = [["a", "<i2", [2, 3]], ["b", [["c", ">f4", [2]], ["d", "|u1"]], [2]]]
    assert zdtype.to_json(zarr_format=2) == v2(listed)
    assert get_data_type_from_json(v2(json.loads(json.dumps(listed))), zarr_format=2) == zdtype
    assert zdtype.is_multibyte


def test_a_length_alone_is_a_shape():
    zdtype = get_data_type_from_json(v2([["a", "<i2", 3]]), zarr_format=2)
    assert zdtype.to_json(zarr_format=2) == v2([["a", "<i2", [3]]])


def test_a_field_cannot_be_an_array_in_v3():
    with pytest.raises(DataTypeValidationError, match=r"v2.*\(2, 3\)"):
        parse_dtype(CUBES, zarr_format=3)


def test_an_array_alone_is_no_data_type():
    alone = SubArray(base=dtype.Int16(), shape=(2,))
    for zarr_format in (2, 3):
        with pytest.raises(DataTypeValidationError):
            alone.to_json(zarr_format)
        with pytest.raises(DataTypeValidationError):
            SubArray.from_json("<i2", zarr_format=zarr_format)
        with pytest.raises(MetadataValidationError):
            alone.from_json_scalar([1, 2], zarr_format=zarr_format)
    with pytest.raises(DataTypeValidationError):
        alone.to_json_scalar([1, 2], zarr_format=2)
    with pytest.raises(DataTypeValidationError):
        SubArray.from_native_dtype(np.dtype("(2,)i2"))


@pytest.mark.parametrize("value", [5, [1, 2, 3], np.arange(3), np.array(4)], ids=str)
def test_a_field_that_is_an_array_takes_what_numpy_takes(value):
    zdtype = get_data_type_from_json(v2([["a", "<i2", [3]]]), zarr_format=2)
    expected = np.zeros((), dtype=zdtype.to_native_dtype())
    expected["a"] = value
    assert zdtype.cast_scalar((value,)).tobytes() == expected.tobytes()
    assert SubArray(base=dtype.Int16(), shape=(3,))._check_scalar(value)


@pytest.mark.parametrize("value", [[1, 2], np.zeros((2, 3)), [[1], [2, 3]], "x", 2**20, [2**20, 0, 0]], ids=str)
def test_a_field_that_is_an_array_takes_nothing_else(value):
    zdtype = get_data_type_from_json(v2([["a", "<i2", [3]]]), zarr_format=2)
    assert not zdtype._check_scalar((value,))
    assert not SubArray(base=dtype.Int16(), shape=(3,))._check_scalar(value)


def test_the_fill_value_of_a_field_that_is_an_array_is_stored_with_the_others():
    zdtype = parse_dtype(CUBES, zarr_format=2)
    scalar = random_elements(CUBES, ())[()]
    stored = zdtype.to_json_scalar(scalar, zarr_format=2)
    assert base64.b64decode(stored) == scalar.tobytes()
    assert zdtype.from_json_scalar(stored, zarr_format=2).tobytes() == scalar.tobytes()
    assert zdtype.default_scalar().tobytes() == bytes(CUBES.itemsize)
    assert SubArray(base=dtype.Int16(), shape=(2,)).default_scalar().tolist() == [0, 0]


# -- scalars


def test_bytes_are_an_element():
    zdtype = parse_dtype(MIXED, zarr_format=3)
    packed = np.array((1, 2, 3), dtype=MIXED).tobytes()
    for data in (packed, bytearray(packed), memoryview(packed), np.void(packed)):
        assert zdtype.cast_scalar(data).item() == (1, 2, 3)


@pytest.mark.parametrize("number", [0, 7, np.int8(7)])
def test_an_integer_is_the_value_of_every_field(number):
    zdtype = parse_dtype([("a", "<i2"), ("b", [("c", "f8")])], zarr_format=3)
    assert zdtype.cast_scalar(number).item() == (number, (number,))


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        "x",
        True,
        (1,),
        (1, 2, 3, 4),
        (2**15, 0, 0),
        (0, 0, -1),
        ("x", 0, 0),
        b"ab",
        np.void(b"ab"),
        {},
        object(),
    ],
    ids=repr,
)
def test_other_values_are_refused(value):
    zdtype = parse_dtype(MIXED, zarr_format=3)
    assert not zdtype._check_scalar(value)
    with pytest.raises((TypeError, ValueError, OverflowError)):
        zdtype.cast_scalar(value)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_any_bits_of_a_fill_value_are_kept(row, zarr_format):
    native = row.dtype
    for seed in range(50):
        raw = bytearray(random_elements(native, (), seed).tobytes())
        scalar = np.frombuffer(bytes(raw), dtype=native)[0]
        written = row.zdtype.to_json_scalar(scalar, zarr_format=zarr_format)
        read = row.zdtype.from_json_scalar(json.loads(json.dumps(written)), zarr_format=zarr_format)
        # numpy knows two booleans, whatever the byte.
        assert row.zdtype.to_json_scalar(read, zarr_format=zarr_format) == written


def test_a_fill_value_of_v2_has_the_byte_order_of_each_field():
    zdtype = get_data_type_from_json(v2([["a", "<i2"], ["b", ">i2"]]), zarr_format=2)
    assert zdtype.from_json_scalar("AQAAAg==", zarr_format=2).item() == (1, 2)
    assert zdtype.to_json_scalar((1, 2), zarr_format=2) == "AQAAAg=="


# -- arrays


def base(**patch):
    return document(shape=[3], chunk_grid={"name": "regular", "configuration": {"chunk_shape": [2]}}, **patch)


@pytest.mark.parametrize("endian", ["little", "big"])
def test_the_codec_gives_every_field_its_byte_order(endian, store):
    serializer = {"name": "bytes", "configuration": {"endian": endian}}
    native = np.dtype([("a", "<i2"), ("b", [("c", ">f4"), ("d", "u1")]), ("e", ">c8")])
    data = random_elements(native, (3,))
    array = terrazzo.create_array(
        store, shape=3, chunks=2, dtype=native, serializer=serializer, compressors=None, fill_value=data[0]
    )
    array[:] = data
    order = "<" if endian == "little" else ">"
    stored = np.dtype([("a", order + "i2"), ("b", [("c", order + "f4"), ("d", "u1")]), ("e", order + "c8")])
    contents = contents_of(store)
    assert contents["c/0"] == data[:2].astype(stored).tobytes()
    assert contents["c/1"] == data[[2, 0]].astype(stored).tobytes()
    assert array[:].tobytes() == data.tobytes()
    again = terrazzo.open_array(store, mode="r+")
    little = np.dtype([("a", "<i2"), ("b", [("c", "<f4"), ("d", "u1")]), ("e", "<c8")])
    assert again.dtype == little
    assert again[:].tobytes() == data.astype(little).tobytes()
    again[1] = data[2]
    assert array[:].tobytes() == data[[0, 2, 2]].tobytes()


@pytest.mark.parametrize("compressor", [None, {"name": "blosc"}, {"name": "zstd"}, {"name": "gzip"}], ids=str)
@pytest.mark.parametrize("width", [1, 8, 300])
def test_elements_of_any_size_are_compressed(compressor, width):
    native = np.dtype([(f"f{position}", "u1") for position in range(width)])
    data = random_elements(native, (4, 5))
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=(4, 5), chunks=(3, 2), dtype=native, compressors=compressor)
    array[...] = data
    assert terrazzo.open_array(store, mode="r")[...].tobytes() == data.tobytes()


def test_what_an_old_document_implies_is_written_out(store):
    raw = np.array([(1.5, 2), (-0.0, 0)], dtype=[("x", "<f4"), ("y", "u1")]).tobytes()
    old = {"data_type": legacy(("x", "float32"), ("y", "uint8")), "fill_value": "AADAPwI=", "codecs": ["bytes"]}
    fill(store, {"zarr.json": base(**old), "c/0": raw})
    array = terrazzo.open_array(store, mode="r+")
    assert array[:].tolist() == [(1.5, 2), (-0.0, 0), (1.5, 2)]
    array.attrs["a"] = 1
    written = json.loads(contents_of(store)["zarr.json"])
    assert written["data_type"] == v3(("x", "float32"), ("y", "uint8"))
    assert written["fill_value"] == {"x": 1.5, "y": 2}
    assert written["codecs"] == [{"name": "bytes", "configuration": {"endian": "little"}}]
    assert terrazzo.open_array(store, mode="r")[:].tolist() == [(1.5, 2), (-0.0, 0), (1.5, 2)]


def test_the_byte_order_must_be_said_under_the_new_name(store):
    fill(store, {"zarr.json": base(data_type=v3(("x", "float32")), fill_value={"x": 0}, codecs=["bytes"])})
    with pytest.raises(MetadataValidationError, match="endian"):
        terrazzo.open_array(store, mode="r")


def test_a_fill_value_with_a_missing_field_is_refused_and_named(store):
    fill(store, {"zarr.json": base(data_type=v3(("x", v3(("y", "uint8")))), fill_value={"x": {}}, codecs=["bytes"])})
    with pytest.raises(MetadataValidationError, match="'y' is missing") as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "fill_value.x"


def test_a_chunk_of_another_size_is_corrupt(store):
    fill(store, {"zarr.json": base(data_type=v3(("x", "uint8")), fill_value={"x": 0}, codecs=["bytes"]), "c/0": b"abc"})
    with pytest.raises(CorruptDataError, match="3 bytes"):
        terrazzo.open_array(store, mode="r")[:]


def test_only_a_chunk_with_the_same_bits_is_empty():
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=6, chunks=2, dtype=[("x", "<f4"), ("c", "<c8")])
    array[0] = (-0.0, 0)
    array[2] = (0, complex(0, -0.0))
    array[4] = (0, 0)
    assert sorted(contents_of(store)) == ["c/0", "c/1", "zarr.json"]


def test_values_are_assigned_as_numpy_assigns_them():
    native = np.dtype([("a", "<i2"), ("b", "<f8")])
    array = terrazzo.create_array(None, shape=6, chunks=4, dtype=native)
    model = np.zeros(6, dtype=native)
    for selection, value in (
        (slice(0, 2), [(1, 2.5), (3, 4.5)]),
        (2, (5, 6.5)),
        (slice(3, 5), np.array([(7, 8), (9, 10)], dtype=[("p", ">i8"), ("q", ">i8")])),
        (5, 11),
        (slice(1, 3), np.array((12, 13.5), dtype=native)),
        (slice(4, 6), np.array([14, 15])),
    ):
        array[selection] = value
        model[selection] = value
        assert array[:].tobytes() == model.tobytes()
    with pytest.raises(ValueError, match="tuple"):
        array[0] = (1, 2, 3)
    with pytest.raises(OverflowError):
        array[0] = (2**15, 0)


def test_a_struct_within_a_struct_has_no_other_members_either():
    inner = {"name": "struct", "configuration": {"fields": [{"name": "c", "data_type": "uint8"}]}, "strange": 1}
    outer = {"name": "struct", "configuration": {"fields": [{"name": "b", "data_type": inner}]}}
    with pytest.raises(DataTypeValidationError, match="strange"):
        get_data_type_from_json(outer, zarr_format=3)


# -- structs of any kind


LEAVES = [
    *("?", "i1", "<u2", ">i4", "<f8", ">f4", "<c8", ">c16", "S3", "<U2", ">U1", "V5", "<M8[us]", ">m8[2s]"),
    *(ml_dtypes.bfloat16, ml_dtypes.int4, ml_dtypes.float6_e3m2fn, ml_dtypes.complex32),
]


@st.composite
def natives(draw, *, sub_arrays, depth=0):
    """Structs of numpy's, nested, with fields of every kind."""
    fields = []
    for name in draw(st.lists(st.sampled_from("abcdeäß字"), min_size=1, max_size=4, unique=True)):
        nested = depth < 3 and draw(st.integers(0, 3)) == 0
        leaf = draw(natives(sub_arrays=sub_arrays, depth=depth + 1)) if nested else draw(st.sampled_from(LEAVES))
        shape = draw(st.lists(st.integers(1, 3), max_size=2)) if sub_arrays else []
        fields.append((name, leaf, tuple(shape)) if shape else (name, leaf))
    return np.dtype(fields)


def with_values(elements, seed):
    """Put values into every field, at any depth."""
    native = elements.dtype
    if native.names is not None:
        for position, name in enumerate(native.names):
            with_values(elements[name], seed + position)
        return
    numbers = np.random.default_rng(seed).integers(0, 2, size=elements.shape)
    is_raw = native.kind == "V" and native.isbuiltin != 2
    elements[...] = numbers.astype("S5").view(native) if is_raw else numbers.astype(native)


@given(st.data(), st.sampled_from([2, 3]))
def test_any_struct_reads_as_it_is_written(data, zarr_format):
    native = data.draw(natives(sub_arrays=zarr_format == 2))
    zdtype = parse_dtype(native, zarr_format=zarr_format)
    assert zdtype.to_native_dtype() == native
    assert zdtype.item_size == native.itemsize
    written = json.loads(json.dumps(zdtype.to_json(zarr_format)))
    read = get_data_type_from_json(written, zarr_format=zarr_format)
    assert read.to_json(zarr_format) == written
    if zarr_format == 2:
        assert read == zdtype
    scalar = np.zeros(1, dtype=native)
    with_values(scalar, data.draw(st.integers(0, 1000)))
    stored = json.loads(json.dumps(zdtype.to_json_scalar(scalar[0], zarr_format=zarr_format)))
    assert zdtype.from_json_scalar(stored, zarr_format=zarr_format).tobytes() == scalar.tobytes()


@given(st.data(), st.sampled_from([2, 3]), st.sampled_from(["little", "big"]), st.booleans())
def test_an_array_of_any_struct_holds_what_numpy_holds(data, zarr_format, endian, sharded):
    native = data.draw(natives(sub_arrays=zarr_format == 2))
    model = np.zeros((5, 4), dtype=native)
    with_values(model, data.draw(st.integers(0, 1000)))
    arguments = {"shape": model.shape, "chunks": (2, 2), "dtype": native, "fill_value": model[4, 3]}
    if zarr_format == 3:
        arguments["serializer"] = {"name": "bytes", "configuration": {"endian": endian}}
        arguments["shards"] = (4, 2) if sharded else None
    store = MemoryStore()
    array = terrazzo.create_array(store, zarr_format=zarr_format, **arguments)
    array[:4] = model[:4]
    model[4] = model[4, 3]
    for opened in (array, terrazzo.open_array(store, mode="r+")):
        assert opened[...].astype(native).tobytes() == model.tobytes()
    array[1:4, ::2] = model[0, 0]
    model[1:4, ::2] = model[0, 0].copy()
    assert terrazzo.open_array(store, mode="r")[...].astype(native).tobytes() == model.tobytes()


# -- selecting a field that is an array

SELECTIONS = {
    "everything": lambda array: (array["s"], ...),
    "basic": lambda array: (array["s", 1:4, 2], (slice(1, 4), 2)),
    "element": lambda array: (array["s", 1, 2], (1, 2)),
    "basic, given": lambda array: (array.get_basic_selection((slice(1, 3),), fields="s"), slice(1, 3)),
    "orthogonal": lambda array: (array.get_orthogonal_selection(([4, 1], [0, 3]), fields="s"), np.ix_([4, 1], [0, 3])),
    "points": lambda array: (array.get_coordinate_selection(([4, 1], [0, 3]), fields="s"), ([4, 1], [0, 3])),
    "table of points": lambda array: (
        array.get_coordinate_selection(([[4], [1]], [[0], [3]]), fields="s"),
        ([[4], [1]], [[0], [3]]),
    ),
}


def profiles():
    """An array with a field that is an array, and the model of it."""
    native = np.dtype([("a", "<i2"), ("s", ">f4", (2, 3))])
    model = np.zeros((5, 4), dtype=native)
    model["a"], model["s"] = np.arange(20).reshape(5, 4), np.arange(120).reshape(5, 4, 2, 3)
    array = terrazzo.create_array(None, shape=(5, 4), chunks=(2, 3), dtype=native, zarr_format=2)
    array[...] = model
    return array, model


@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
def test_a_field_that_is_an_array_is_selected_with_its_axes_at_the_end(select):
    array, model = profiles()
    found, selection = select(array)
    expected = model["s"][selection]
    assert np.shape(found) == expected.shape
    assert (found == expected).all()


def test_fields_that_are_arrays_are_selected_beside_others():
    array, model = profiles()
    assert (array.get_basic_selection((1,), fields=["s", "a"]) == model[["s", "a"]][1]).all()


@pytest.mark.parametrize(
    "value", [7, [1, 2, 3], [[1], [2]], np.arange(24).reshape(4, 2, 3), np.arange(6.0).reshape(1, 2, 3)], ids=str
)
def test_a_field_that_is_an_array_is_written_as_numpy_writes_it(value):
    array, model = profiles()
    array["s", 1] = value
    model["s"][1] = value
    assert array[...].tobytes() == model.tobytes()
    array.set_basic_selection((slice(3, 5), 2), 5, fields="s")
    model["s"][3:5, 2] = 5
    array.set_orthogonal_selection(([4, 1], [0, 3]), np.arange(24).reshape(2, 2, 2, 3), fields="s")
    model["s"][np.ix_([4, 1], [0, 3])] = np.arange(24).reshape(2, 2, 2, 3)
    points = ([[4], [0]], [[0], [3]])
    for written in (np.arange(12).reshape(2, 1, 2, 3), 9):
        array.set_coordinate_selection(points, written, fields="s")
        model["s"][points] = written
    assert array[...].tobytes() == model.tobytes()
    with pytest.raises(ValueError, match="broadcast"):
        array["s", 1] = [1, 2]
