import numpy as np
import pytest

from terrazzo import dtype
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError
from tests.dtype.test_numeric import TYPES, each_type
from tests.foreign import OtherDataType


@each_type
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_type_goes_by_many_names(name, zarr_format):
    cls, text, _ = TYPES[name]
    native = np.dtype(text)
    for spelling in (cls(), native, native.type, native.str, native.char, native.name):
        assert dtype.parse_dtype(spelling, zarr_format=zarr_format) == cls()


@pytest.mark.parametrize(
    ("python_type", "expected"),
    [(bool, dtype.Bool()), (int, dtype.Int64()), (float, dtype.Float64()), (complex, dtype.Complex128())],
)
def test_pythons_types_are_numpys(python_type, expected):
    assert dtype.parse_dtype(python_type, zarr_format=3) == expected


@pytest.mark.parametrize("character", "bBhHiIlLqQpP")
def test_every_integer_of_c_is_one_of_a_fixed_size(character):
    parsed = dtype.parse_dtype(np.dtype(character), zarr_format=3)
    assert parsed.to_native_dtype() == np.dtype(character)


@pytest.mark.parametrize("spelling", [">i2", np.dtype(">i2")])
def test_a_byte_order_is_kept(spelling):
    assert dtype.parse_dtype(spelling, zarr_format=3) == dtype.Int16(endianness="big")


def test_a_type_stays_as_it_is():
    given = dtype.Int16(endianness="big")
    assert dtype.parse_dtype(given, zarr_format=3) is given


def test_documents_name_types_as_text_or_object():
    assert dtype.parse_dtype({"name": "int16"}, zarr_format=3) == dtype.Int16()
    assert dtype.parse_dtype({"name": ">i2", "object_codec_id": None}, zarr_format=2) == dtype.Int16(endianness="big")
    assert get_data_type_from_json("float16", zarr_format=3) == dtype.Float16()


@pytest.mark.parametrize(
    "spelling",
    [object, "O", np.dtype("(2,)i4"), np.dtype([("a", "i4", (2,))]), {"name": "int7"}, {}],
    ids=["object", "O", "subarray", "subarray in a field", "unknown object", "empty object"],
)
def test_what_has_no_type_is_refused(spelling):
    with pytest.raises(DataTypeValidationError):
        dtype.parse_dtype(spelling, zarr_format=3)


def test_long_doubles_have_no_type_where_they_are_longer():
    if np.dtype("longdouble").itemsize == 8:
        assert dtype.parse_dtype("longdouble", zarr_format=3) == dtype.Float64()
    else:
        with pytest.raises(DataTypeValidationError, match=r"longdouble|float128|float96"):
            dtype.parse_dtype("longdouble", zarr_format=3)


@pytest.mark.parametrize(
    ("alias", "expected"), [("complex_float32", dtype.Complex64()), ("complex_float64", dtype.Complex128())]
)
def test_other_names_of_a_type_are_read_and_not_written(alias, expected):
    for spelling in (alias, {"name": alias}):
        assert get_data_type_from_json(spelling, zarr_format=3) == expected
    assert expected.to_json(zarr_format=3) != alias
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(alias, zarr_format=2)


@pytest.mark.parametrize("name", ["i4", "=i4", "|i4", "int32", "<f4,<i4", "(2,)<i4", "<i", "<M8[parsec]", "<b3", "", 4])
def test_documents_of_version_2_hold_only_numpys_own_type_strings(name):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json({"name": name, "object_codec_id": None}, zarr_format=2)


def test_text_that_nobody_understands_is_a_type_error():
    with pytest.raises(TypeError, match="int1000"):
        dtype.parse_dtype("int1000", zarr_format=3)


@pytest.mark.parametrize("data", ["int7", {"name": "int7"}, ["int16"], None, 5])
def test_unknown_types_of_documents_are_named(data):
    with pytest.raises(DataTypeValidationError, match=r"int7|int16|None|5"):
        get_data_type_from_json(data, zarr_format=3)


def test_a_data_type_of_somebody_else_is_taken_by_its_json_and_its_byte_order():
    assert dtype.parse_dtype(OtherDataType("int32", "big"), zarr_format=3) == dtype.Int32(endianness="big")
    assert dtype.parse_dtype(OtherDataType("int32", "little"), zarr_format=3) == dtype.Int32(endianness="little")
    assert dtype.parse_dtype(OtherDataType("uint8"), zarr_format=3) == dtype.UInt8()
    with pytest.raises(DataTypeValidationError, match="int33"):
        dtype.parse_dtype(OtherDataType("int33"), zarr_format=3)


def test_the_first_name_of_the_function_stays():
    assert dtype.parse_data_type is dtype.parse_dtype
