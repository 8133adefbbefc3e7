import numpy as np
import pytest

import terrazzo
from terrazzo.dtype import NullTerminatedBytes, RawBytes, VariableLengthBytes, parse_dtype
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError
from tests.stored import contents_of, document, document_v2, fill

LARGEST = 2**31 - 1
FIXED = {"null_terminated_bytes": NullTerminatedBytes, "raw_bytes": RawBytes}
each_fixed = pytest.mark.parametrize("name", FIXED)


def document_of(name, length):
    return {"name": name, "configuration": {"length_bytes": length}}


def written(array):
    return array.metadata.to_dict()


# -- types and their names


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("S3", NullTerminatedBytes(length=3)),
        ("|S3", NullTerminatedBytes(length=3)),
        (np.dtype("S3"), NullTerminatedBytes(length=3)),
        (document_of("null_terminated_bytes", 3), NullTerminatedBytes(length=3)),
        ("V3", RawBytes(length=3)),
        ("|V3", RawBytes(length=3)),
        ("r24", RawBytes(length=3)),
        (np.dtype("V3"), RawBytes(length=3)),
        (document_of("raw_bytes", 3), RawBytes(length=3)),
        ("bytes", VariableLengthBytes()),
        ("variable_length_bytes", VariableLengthBytes()),
        ({"name": "bytes"}, VariableLengthBytes()),
    ],
    ids=str,
)
def test_a_type_goes_by_many_names(spelling, expected):
    assert parse_dtype(spelling, zarr_format=3) == expected


@each_fixed
@pytest.mark.parametrize("length", [0, -1, LARGEST + 1, 10**30, 1.0, True, "3", None, [3]], ids=str)
def test_a_length_that_means_nothing_is_named(name, length, store):
    with pytest.raises(DataTypeValidationError, match="from 1 to 2147483647, got"):
        FIXED[name](length=length)
    with pytest.raises(DataTypeValidationError, match=f"length_bytes of {name}"):
        get_data_type_from_json(document_of(name, length), zarr_format=3)
    fill(store, {"zarr.json": document(data_type=document_of(name, length), fill_value="")})
    with pytest.raises(MetadataValidationError, match="length_bytes") as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "data_type"


@each_fixed
@pytest.mark.parametrize("configuration", [{}, None, [3], {"length": 3}, {"length_bytes": 3, "endian": "big"}], ids=str)
def test_the_length_is_the_only_parameter(name, configuration):
    with pytest.raises(DataTypeValidationError, match=f"'{name}' needs a configuration with 'length_bytes'"):
        get_data_type_from_json({"name": name, "configuration": configuration}, zarr_format=3)
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(name, zarr_format=3)


@pytest.mark.parametrize("dtype", ["S", "S0", bytes, np.bytes_, "V", "V0", np.void, memoryview], ids=str)
def test_numpys_types_without_a_length_are_refused_with_advice(dtype):
    with pytest.raises(DataTypeValidationError, match=r"says no length.*'[SV]5'.*'bytes'"):
        parse_dtype(dtype, zarr_format=3)


@pytest.mark.parametrize("dtype", [object, "O", "|O", np.dtype("O"), bytearray], ids=str)
def test_numpys_objects_are_refused_with_advice(dtype):
    for zarr_format in (2, 3):
        with pytest.raises(DataTypeValidationError, match="'string' for text, 'bytes' for bytes"):
            parse_dtype(dtype, zarr_format=zarr_format)


def test_a_large_element_is_one():
    assert RawBytes(length=LARGEST).to_native_dtype().itemsize == LARGEST
    assert get_data_type_from_json(f"r{8 * LARGEST}", zarr_format=3).length == LARGEST


@pytest.mark.parametrize(
    "text", ["|S", "|V", "|S0", "|V0", "S3", "=S3", "|S3 ", "|s3", "|S-1", "|S3.0", "|V99999999999999999999"]
)
def test_other_spellings_are_refused_in_v2(text):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(text, zarr_format=2)


@pytest.mark.parametrize("order", "<>|")
def test_an_order_reads_in_v2_though_there_is_none(order):
    assert get_data_type_from_json(f"{order}V3", zarr_format=2) == RawBytes(length=3)
    assert get_data_type_from_json(f"{order}S3", zarr_format=2) == NullTerminatedBytes(length=3)


@pytest.mark.parametrize("codec", [None, "delta", "", 3])
def test_objects_of_v2_need_a_codec_that_is_known(codec):
    with pytest.raises(DataTypeValidationError, match="'vlen-utf8' or 'vlen-bytes'"):
        get_data_type_from_json({"name": "|O", "object_codec_id": codec}, zarr_format=2)
    with pytest.raises(DataTypeValidationError, match="'vlen-utf8' or 'vlen-bytes'"):
        get_data_type_from_json("|O", zarr_format=2)


# -- the names of the specification, and those of zarr-python


@pytest.mark.parametrize("name", ["r12", "r1", "r0", "r", "r-8", "r8.0", "r08", "R16", "r99999999999999999999", "r16 "])
def test_other_numbers_of_bits_are_refused(name):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(name, zarr_format=3)


@pytest.mark.parametrize("spelling", ["r16", {"name": "r16"}, {"name": "r16", "configuration": {}}])
def test_the_name_of_the_specification_stays(spelling, store):
    fill(store, {"zarr.json": document(data_type=spelling, fill_value=[1, 2]), "c/0": b"abcd"})
    array = terrazzo.open_array(store)
    assert array.dtype == np.dtype("V2")
    assert array[:].tolist() == [b"ab", b"cd", b"\1\2", b"\1\2"]
    array.resize(3)
    stored = terrazzo.open_array(store, mode="r").metadata.to_dict()
    assert (stored["data_type"], stored["fill_value"]) == ("r16", [1, 2])
    copy = terrazzo.create_array(None, data=array)
    assert written(copy)["data_type"] == "r16"


def test_a_configuration_is_refused_where_the_name_says_it_all():
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json({"name": "r16", "configuration": {"length_bytes": 2}}, zarr_format=3)


def test_new_arrays_have_zarr_pythons_names():
    assert written(terrazzo.create_array(None, shape=1, dtype="V2"))["data_type"] == document_of("raw_bytes", 2)
    assert written(terrazzo.create_array(None, shape=1, dtype="bytes"))["data_type"] == "variable_length_bytes"


@pytest.mark.parametrize("name", ["bytes", "variable_length_bytes"])
def test_the_name_of_bytes_of_any_length_stays(name, store):
    fill(store, {"zarr.json": document(data_type=name, fill_value=[1, 2], codecs=[{"name": "vlen-bytes"}])})
    array = terrazzo.open_array(store)
    array.attrs["a"] = 1
    stored = terrazzo.open_array(store, mode="r").metadata.to_dict()
    assert (stored["data_type"], stored["fill_value"]) == (name, "AQI=")
    assert array[:].tolist() == [b"\1\2"] * 4


def test_bytes_are_a_data_type_and_a_codec(store):
    fill(store, {"zarr.json": document(data_type="bytes", fill_value="")})
    with pytest.raises(MetadataValidationError, match="codec 'bytes' does not store elements of any length") as caught:
        terrazzo.open_array(store)
    assert caught.value.field == "codecs[0]"


# -- scalars


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ab", b"ab"),
        ("ab", b"ab"),
        (b"abc", b"abc"),
        (b"abc\0\0", b"abc"),
        (b"a\0b", b"a\0b"),
        (bytearray(b"ab"), b"ab"),
        (np.bytes_(b"ab"), b"ab"),
        (np.str_("ab"), b"ab"),
        (12, b"12"),
        (0, b"0"),
    ],
    ids=repr,
)
def test_terminated_bytes_cast_as_numpy_casts(value, expected):
    cast = NullTerminatedBytes(length=3).cast_scalar(value)
    assert type(cast) is np.bytes_
    assert cast == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ab", b"ab\0"),
        (b"abc", b"abc"),
        (b"", b"\0\0\0"),
        (bytearray(b"ab"), b"ab\0"),
        (np.void(b"abc"), b"abc"),
        (np.void(b"a"), b"a\0\0"),
        (0, b"\0\0\0"),
    ],
    ids=repr,
)
def test_raw_bytes_are_filled_up(value, expected):
    cast = RawBytes(length=3).cast_scalar(value)
    assert type(cast) is np.void
    assert cast.tobytes() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"a\0", b"a\0"), ("é", "é".encode()), (bytearray(b"a"), b"a"), (np.bytes_(b"a"), b"a"), (0, b"")],
    ids=repr,
)
def test_bytes_of_any_length_are_kept(value, expected):
    alone = np.empty((), dtype=object)
    alone[()] = value
    for given in (value, alone):
        cast = VariableLengthBytes().cast_scalar(given)
        assert type(cast) is bytes
        assert cast == expected


@pytest.mark.parametrize(
    ("zdtype", "value"),
    [
        (NullTerminatedBytes(length=3), b"abcd"),
        (NullTerminatedBytes(length=3), "abcd"),
        (NullTerminatedBytes(length=3), 1234),
        (NullTerminatedBytes(length=3), "é"),
        (RawBytes(length=3), b"abcd"),
        (RawBytes(length=3), b"abc\0"),
        (VariableLengthBytes(), "\ud800"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_rather_than_cut(zdtype, value):
    with pytest.raises(ValueError):
        zdtype.cast_scalar(value)
    assert not zdtype._check_scalar(value)
    with pytest.raises(ValueError):
        terrazzo.create_array(None, shape=1, dtype=zdtype, fill_value=value)


@pytest.mark.parametrize("zdtype", [NullTerminatedBytes(length=3), RawBytes(length=3), VariableLengthBytes()], ids=str)
@pytest.mark.parametrize("value", [None, [1], (b"a",), {}, object(), np.array([b"a"])], ids=str)
def test_what_is_no_bytes_is_refused(zdtype, value):
    with pytest.raises(TypeError, match=type(zdtype).__name__):
        zdtype.cast_scalar(value)


@pytest.mark.parametrize("zdtype", [RawBytes(length=3), VariableLengthBytes()], ids=str)
@pytest.mark.parametrize("value", [1, True, 1.5], ids=str)
def test_numbers_other_than_zero_are_no_bytes(zdtype, value):
    with pytest.raises(TypeError):
        zdtype.cast_scalar(value)


# -- fill values


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_fill_values_are_base64_or_numbers(zarr_format):
    for zdtype in (NullTerminatedBytes(length=3), RawBytes(length=3), VariableLengthBytes()):
        for data in ("AQID", [1, 2, 3]):
            assert bytes(zdtype.from_json_scalar(data, zarr_format=zarr_format)) == b"\1\2\3"


def test_a_short_fill_value_is_filled_up():
    assert NullTerminatedBytes(length=3).from_json_scalar("YWI=", zarr_format=2) == b"ab"
    assert RawBytes(length=3).from_json_scalar("YWI=", zarr_format=2).tobytes() == b"ab\0"
    assert RawBytes(length=3, v3_name="r24").from_json_scalar([7], zarr_format=3).tobytes() == b"\7\0\0"


def test_zarr_python_2_wrote_zero_for_objects():
    assert VariableLengthBytes().from_json_scalar(0, zarr_format=2) == b""
    for other in (1, 0.0, False, None):
        with pytest.raises(MetadataValidationError):
            VariableLengthBytes().from_json_scalar(other, zarr_format=2)


# -- arrays


def test_elements_of_any_length_are_checked_before_any_is_stored(store):
    array = terrazzo.create_array(store, shape=4, chunks=1, dtype="bytes")
    array[:] = [b"a", b"b", b"c", b"d"]
    before = contents_of(store)
    for bad in ("x", ["x"] * 4, [b"x", b"x", b"x", 1], 5, 1.5, np.array([b"x", b"x", b"x", "x"], dtype=object)):
        with pytest.raises(TypeError, match="bytes"):
            array[:] = bad
        with pytest.raises(TypeError, match="bytes"):
            array.append(np.array(bad, dtype=object).reshape(-1))
    assert contents_of(store) == before


@pytest.mark.parametrize(
    "value",
    [
        [b"a", b"", b"bc\0", b"d"],
        np.array([b"a", b"", b"bc", b"d"]),
        np.array([b"a", b"", b"bc\0", b"d"], dtype=object),
        [np.bytes_(b"a"), b"", b"bc", b"d"],
        np.array([b"a", None, b"bc", b"d"], dtype=object),
        np.array([b"a", memoryview(b""), b"bc", bytearray(b"d")], dtype=object),
        b"one for all",
        np.bytes_(b"one for all"),
    ],
    ids=repr,
)
def test_what_is_assigned_becomes_bytes(value, store):
    array = terrazzo.create_array(store, shape=(2, 4), chunks=3, dtype="bytes")
    array[1] = value
    expected = np.empty(4, dtype=object)
    expected[:] = value if isinstance(value, bytes) else [bytes(item or b"") for item in list(value)]
    assert array[1].tolist() == expected.tolist()
    assert {type(item) for item in array[:].flat} == {bytes}
    assert array[0].tolist() == [b""] * 4
    assert array[1, 2] == expected[2]
    assert type(array[1, 2]) is bytes


@pytest.mark.parametrize("dtype", ["S3", "V3"])
def test_elements_of_one_length_are_cut_as_numpy_cuts(dtype, store):
    array = terrazzo.create_array(store, shape=3, chunks=2, dtype=dtype)
    array[:] = [b"abcd", b"a", b""]
    assert array[:].tolist() == np.array([b"abcd", b"a", b""], dtype=dtype).tolist()
    array[1] = np.array(b"xyz", dtype=dtype)
    assert array[1] == np.array(b"xyz", dtype=dtype)


def test_data_of_objects_need_a_data_type(store):
    data = np.array([b"a\0", b"bc"], dtype=object)
    with pytest.raises(ValueError, match="'bytes' for bytes"):
        terrazzo.create_array(store, data=data)
    assert terrazzo.create_array(store, data=data, dtype="bytes")[:].tolist() == [b"a\0", b"bc"]
    assert terrazzo.array([b"a\0", b"bc"], dtype="bytes")[:].tolist() == [b"a\0", b"bc"]
    assert terrazzo.create(2, data=[b"a\0", b"bc"], dtype="bytes")[:].tolist() == [b"a\0", b"bc"]
    with pytest.raises(ValueError, match="both given"):
        terrazzo.create_array(None, data=np.array([b"a"]), dtype="bytes")


def test_objects_of_v2_without_a_codec_are_opened_and_say_what_is_missing(store):
    fill(store, {".zarray": document_v2(dtype="|O", fill_value=None)})
    array = terrazzo.open_array(store, mode="r")
    with pytest.raises(UnknownCodecError, match=r"'.O', follows from the filter 'vlen-utf8' or 'vlen-bytes'"):
        array[:]
