import sys

import numpy as np
import pytest

import terrazzo
from terrazzo.dtype import FixedLengthUTF32, VariableLengthUTF8, parse_dtype
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError
from tests.dtype.row import native_order
from tests.stored import contents_of, document, fill

TEXT = np.dtypes.StringDType()


def document_of(length):
    return {"name": "fixed_length_utf32", "configuration": {"length_bytes": length}}


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        (str, VariableLengthUTF8()),
        ("str", VariableLengthUTF8()),
        ("string", VariableLengthUTF8()),
        ("T", VariableLengthUTF8()),
        (TEXT, VariableLengthUTF8()),
        (np.dtypes.StringDType(coerce=False), VariableLengthUTF8()),
        ("U3", FixedLengthUTF32(length=3, endianness=sys.byteorder)),
        ("<U3", FixedLengthUTF32(length=3)),
        (">U3", FixedLengthUTF32(length=3, endianness="big")),
        (np.dtype(">U3"), FixedLengthUTF32(length=3, endianness="big")),
    ],
    ids=str,
)
def test_a_type_goes_by_many_names(spelling, expected, zarr_format):
    assert parse_dtype(spelling, zarr_format=zarr_format) == expected


@pytest.mark.parametrize("dtype", ["U", "U0", np.str_, np.dtype(str)], ids=str)
def test_numpys_text_without_a_length_is_refused_with_advice(dtype):
    with pytest.raises(DataTypeValidationError, match=r"says no length.*'U5'.*'string'"):
        parse_dtype(dtype, zarr_format=3)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_text_with_missing_values_is_refused(missing):
    with pytest.raises(DataTypeValidationError, match="missing values"):
        parse_dtype(np.dtypes.StringDType(na_object=missing), zarr_format=3)


@pytest.mark.parametrize("length", [0, -4, 2**31, 4.0, True, "4", None], ids=str)
def test_a_length_that_means_nothing_is_named(length):
    with pytest.raises(DataTypeValidationError, match="length_bytes of fixed_length_utf32 is an integer from 1"):
        get_data_type_from_json(document_of(length), zarr_format=3)
    with pytest.raises(DataTypeValidationError, match="from 1 to 536870911, got"):
        FixedLengthUTF32(length=length if length != 4.0 else 0.5)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 7])
def test_a_character_has_four_bytes(length, store):
    with pytest.raises(DataTypeValidationError, match=f"multiple of 4, got {length}"):
        get_data_type_from_json(document_of(length), zarr_format=3)
    fill(store, {"zarr.json": document(data_type=document_of(length), fill_value="")})
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "data_type"


@pytest.mark.parametrize("text", ["|U3", "U3", "=U3", "<U", "<U0", "<u3 ", "<U-1"])
def test_other_spellings_are_refused_in_v2(text):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(text, zarr_format=2)


@pytest.mark.parametrize("data", ["String", "str", "vlen-utf8", {"name": "string", "configuration": {"a": 1}}], ids=str)
def test_other_names_of_text_of_any_length_are_refused(data):
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(data, zarr_format=3)


# -- scalars


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ab", "ab"),
        ("é€字", "é€字"),
        ("\U0001f600", "\U0001f600"),
        ("abc\0\0", "abc"),
        ("a\0b", "a\0b"),
        (b"ab", "ab"),
        (np.str_("ab"), "ab"),
        (12, "12"),
        (1.5, "1.5"),
        ("\ud800", "\ud800"),
    ],
    ids=ascii,
)
def test_text_of_one_length_is_cast_as_numpy_casts(value, expected):
    for order in ("little", "big"):
        cast = FixedLengthUTF32(length=3, endianness=order).cast_scalar(value)
        assert type(cast) is np.str_
        assert cast == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\0", "a\0"),
        (b"a\xc3\xa9", "aé"),
        (np.str_("é"), "é"),
        (12, "12"),
        (1.5, "1.5"),
        (np.int8(3), "3"),
        (True, "True"),
    ],
    ids=ascii,
)
def test_text_of_any_length_is_kept(value, expected):
    for given in (value, np.array(value, dtype=object)):
        cast = VariableLengthUTF8().cast_scalar(given)
        assert type(cast) is str
        assert cast == expected


@pytest.mark.parametrize(
    ("zdtype", "value"),
    [
        (FixedLengthUTF32(length=3), "abcd"),
        (FixedLengthUTF32(length=3), 1234),
        (FixedLengthUTF32(length=3), b"\xff"),
        (VariableLengthUTF8(), "\ud800"),
        (VariableLengthUTF8(), b"\xff"),
    ],
    ids=ascii,
)
def test_what_does_not_fit_is_refused_rather_than_cut(zdtype, value):
    with pytest.raises(ValueError):
        zdtype.cast_scalar(value)
    assert not zdtype._check_scalar(value)
    with pytest.raises(ValueError):
        terrazzo.create_array(None, shape=1, dtype=zdtype, fill_value=value)


@pytest.mark.parametrize("zdtype", [FixedLengthUTF32(length=3), VariableLengthUTF8()], ids=str)
@pytest.mark.parametrize("value", [None, ["a"], ("a",), {}, object(), np.array(["a"])], ids=str)
def test_what_is_no_text_is_refused(zdtype, value):
    with pytest.raises(TypeError, match=type(zdtype).__name__):
        zdtype.cast_scalar(value)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_fill_value_that_is_too_long_is_refused_rather_than_cut(zarr_format):
    with pytest.raises(MetadataValidationError, match="'abcd' has the length 4, more than the 3"):
        FixedLengthUTF32(length=3).from_json_scalar("abcd", zarr_format=zarr_format)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize(("data", "expected"), [(0, "0"), (1.5, "1.5"), ("0", "0")])
def test_zarr_python_wrote_numbers_for_text(zarr_format, data, expected):
    assert VariableLengthUTF8().from_json_scalar(data, zarr_format=zarr_format) == expected


def test_half_of_a_surrogate_pair_has_no_form_in_utf8(store):
    fill(store, {"zarr.json": document(data_type="string", fill_value="\ud800", codecs=[{"name": "vlen-utf8"}])})
    with pytest.raises(MetadataValidationError, match="no form in UTF-8") as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "fill_value"


# -- arrays


@pytest.mark.parametrize("dtype", ["string", "U12", ">U12"])
@pytest.mark.parametrize(
    "value",
    [
        ["a", "", "é€", "fünf"],
        np.array(["a", "", "é€", "fünf"]),
        np.array(["a", "", "é€", "fünf"], dtype=object),
        np.array(["a", "", "é€", "fünf"], dtype=TEXT),
        np.array([b"a", b"", b"b", b"c"]),
        [1, 2, 3, 4],
        np.array([1.5, 2, 3, 4]),
        "one for all",
        np.str_("one for all"),
        np.array("one for all", dtype=TEXT),
        7,
    ],
    ids=ascii,
)
def test_what_is_assigned_becomes_text(dtype, value, store):
    array = terrazzo.create_array(store, shape=(2, 4), chunks=3, dtype=dtype)
    array[1] = value
    expected = np.empty(4, dtype=native_order(array.dtype))
    expected[:] = value
    assert array[1].tolist() == expected.tolist()
    assert array[1].dtype == array.dtype
    assert array[0].tolist() == [""] * 4
    assert array[1, 2] == expected[2]
    assert array[1, 2].dtype == array.dtype


def test_text_that_cannot_be_stored_changes_nothing(store):
    array = terrazzo.create_array(store, shape=4, chunks=1, dtype="string")
    array[:] = ["a", "b", "c", "d"]
    before = contents_of(store)
    for bad in (["x", "x", "x", "\ud800"], "\ud800"):
        with pytest.raises(ValueError):
            array[:] = bad
        with pytest.raises(ValueError):
            array.append(np.array(bad, dtype=object).reshape(-1))
    assert contents_of(store) == before


def test_data_of_objects_need_a_data_type(store):
    data = np.array(["a", "é"], dtype=object)
    with pytest.raises(ValueError, match="'string' for text"):
        terrazzo.create_array(store, data=data)
    array = terrazzo.create_array(store, data=data, dtype=str)
    assert (array.metadata.data_type, array[:].tolist()) == (VariableLengthUTF8(), ["a", "é"])


def test_an_array_like_another_has_its_text_and_codecs():
    array = terrazzo.create_array(None, shape=3, chunks=2, dtype="string", fill_value="?")
    like = terrazzo.full_like(array, fill_value="!")
    assert (like.metadata.data_type, like.serializer, like[:].tolist()) == (
        VariableLengthUTF8(),
        array.serializer,
        ["!"] * 3,
    )
    assert terrazzo.empty_like(array).fill_value == "?"
    assert terrazzo.zeros_like(array, dtype="int16")[:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("shape", [(100_000,), (300, 1000)])
def test_chunks_are_chosen_as_for_elements_of_one_byte(shape):
    chunks = terrazzo.create_array(None, shape=shape, dtype="string").chunks
    assert chunks == terrazzo.create_array(None, shape=shape, dtype="int8").chunks


def test_resizing_keeps_text_of_any_length(store):
    """Elements of medium length lie outside the array: their place may be the same where their text is not."""
    texts = [f"medium length text {index:02}" for index in range(8)]
    array = terrazzo.create_array(store, shape=8, chunks=4, dtype="string", fill_value="medium length fill ##")
    array[:] = texts
    array.resize(6)
    array.resize(8)
    assert array[:].tolist() == [*texts[:6], "medium length fill ##", "medium length fill ##"]
