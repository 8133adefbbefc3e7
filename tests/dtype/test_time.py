import datetime as dt
import warnings

import numpy as np
import pytest

import terrazzo
from terrazzo.dtype import DateTime64, TimeDelta64, parse_dtype
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError
from tests.stored import contents_of, document, fill

UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"]
CLASSES = {"numpy.datetime64": DateTime64, "numpy.timedelta64": TimeDelta64}
each_class = pytest.mark.parametrize("name", CLASSES)
WITHOUT_UNIT = np.array(3, "i8").view("m8")[()]
NOON = dt.datetime(2024, 5, 6, 12)  # noqa: DTZ001 - numpy knows no time zones


def document_of(name, **configuration):
    return {"name": name, "configuration": {"unit": "s", "scale_factor": 1, **configuration}}


@each_class
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("factor", [1, 10])
@pytest.mark.parametrize("order", ["little", "big"])
def test_every_unit_of_numpys_is_one(name, unit, factor, order):
    zdtype = CLASSES[name](unit=unit, scale_factor=factor, endianness=order)
    native = zdtype.to_native_dtype()
    assert np.datetime_data(native) == (unit, factor)
    assert type(zdtype).from_native_dtype(native) == zdtype
    read = get_data_type_from_json(zdtype.to_json(zarr_format=3), zarr_format=3)
    assert (read.unit, read.scale_factor, read.endianness) == (unit, factor, "little")
    if unit != "generic" or factor == 1:
        assert get_data_type_from_json(zdtype.to_json(zarr_format=2), zarr_format=2) == zdtype


@each_class
def test_without_parameters_there_is_no_unit(name):
    assert CLASSES[name]() == CLASSES[name](unit="generic", scale_factor=1, endianness="little")


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("M8", DateTime64()),
        (np.datetime64, DateTime64()),
        ("datetime64[ns]", DateTime64(unit="ns")),
        (">M8[D]", DateTime64(unit="D", endianness="big")),
        ("M8[25μs]", DateTime64(unit="us", scale_factor=25)),
        (np.dtype("m8[10s]"), TimeDelta64(unit="s", scale_factor=10)),
        ("timedelta64[h]", TimeDelta64(unit="h")),
        (document_of("numpy.timedelta64"), TimeDelta64(unit="s")),
    ],
    ids=str,
)
def test_a_type_goes_by_numpys_names(spelling, expected):
    assert parse_dtype(spelling, zarr_format=3) == expected


@each_class
def test_numpys_other_spelling_of_a_microsecond_is_read_and_not_kept(name):
    assert CLASSES[name](unit="μs").to_json(zarr_format=3) == document_of(name, unit="us")
    letter = CLASSES[name]().to_native_dtype().kind
    assert get_data_type_from_json(f"<{letter}8[μs]", zarr_format=2) == CLASSES[name](unit="us")


@each_class
@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ({"unit": "parsec"}, "unit of a time is one of Y, M, .* got 'parsec'"),
        ({"unit": "S"}, "unit"),
        ({"unit": None}, "unit"),
        ({"unit": ["s"]}, "unit"),
        ({"scale_factor": 0}, "scale_factor .* from 1 to 2147483647, got 0"),
        ({"scale_factor": -1}, "scale_factor"),
        ({"scale_factor": 2**31}, "scale_factor"),
        ({"scale_factor": 1.0}, "scale_factor"),
        ({"scale_factor": True}, "scale_factor"),
        ({"scale_factor": "1"}, "scale_factor"),
        ({"endian": "big"}, "needs a configuration with 'unit' and 'scale_factor'"),
    ],
    ids=str,
)
def test_parameters_that_mean_nothing_are_named(name, configuration, problem, store):
    with pytest.raises(DataTypeValidationError, match=problem):
        get_data_type_from_json(document_of(name, **configuration), zarr_format=3)
    fill(store, {"zarr.json": document(data_type=document_of(name, **configuration), fill_value="NaT")})
    with pytest.raises(MetadataValidationError, match=problem) as caught:
        terrazzo.open_array(store, mode="r")
    assert caught.value.field == "data_type"


@each_class
@pytest.mark.parametrize("missing", ["unit", "scale_factor", "configuration"])
def test_both_parameters_are_required(name, missing):
    data = document_of(name)
    del (data if missing == "configuration" else data["configuration"])[missing]
    with pytest.raises(DataTypeValidationError, match="'unit' and 'scale_factor'"):
        get_data_type_from_json(data, zarr_format=3)
    with pytest.raises(DataTypeValidationError):
        get_data_type_from_json(name, zarr_format=3)


@pytest.mark.parametrize(
    "text", ["|M8[s]", "M8[s]", "<M4[s]", "<M8[]", "<M8[3]", "<M8[s/2]", "<M8[B]", "<M8[0s]", "<M8[-1s]", "<M8[s]x"]
)
def test_other_spellings_are_refused_in_v2(text):
    for letter in "Mm":
        with pytest.raises(DataTypeValidationError):
            get_data_type_from_json(text.replace("M", letter), zarr_format=2)


@each_class
def test_a_byte_order_is_little_or_big(name):
    with pytest.raises(DataTypeValidationError, match="'little' or 'big', got 'middle'"):
        CLASSES[name](endianness="middle")


def test_steps_of_no_length_are_refused():
    with pytest.raises(DataTypeValidationError, match="scale_factor"):
        parse_dtype(np.dtype("m8[0s]"), zarr_format=3)


# -- scalars


@pytest.mark.parametrize(
    ("zdtype", "value", "expected"),
    [
        (DateTime64(unit="s"), "2024-05-06", "2024-05-06T00:00:00"),
        (DateTime64(unit="s"), b"2024-05-06", "2024-05-06T00:00:00"),
        (DateTime64(unit="s"), dt.date(2024, 5, 6), "2024-05-06T00:00:00"),
        (DateTime64(unit="h"), NOON, "2024-05-06T12"),
        (DateTime64(unit="D"), NOON, "2024-05-06"),
        (DateTime64(unit="Y"), np.datetime64("2024-05-06", "ns"), "2024"),
        (DateTime64(unit="s", scale_factor=10), np.datetime64(25, "s"), np.datetime64(2, "10s")),
        (DateTime64(unit="s"), np.array(5), np.datetime64(5, "s")),
        (DateTime64(unit="s"), np.uint8(5), np.datetime64(5, "s")),
        (DateTime64(unit="ns", endianness="big"), "2262-04-11", "2262-04-11T00:00:00.000000000"),
        (TimeDelta64(unit="s"), dt.timedelta(minutes=1), np.timedelta64(60, "s")),
        (TimeDelta64(unit="m"), np.timedelta64(119, "s"), np.timedelta64(1, "m")),
        (TimeDelta64(unit="m"), np.timedelta64(-119, "s"), np.timedelta64(-2, "m")),
        (TimeDelta64(unit="s"), WITHOUT_UNIT, np.timedelta64(3, "s")),
        (TimeDelta64(unit="s"), "7", np.timedelta64(7, "s")),
        (TimeDelta64(), 3, WITHOUT_UNIT),
    ],
    ids=str,
)
def test_values_are_cast_as_numpy_casts(zdtype, value, expected):
    native = zdtype.to_native_dtype().newbyteorder("=")
    cast = zdtype.cast_scalar(value)
    assert cast.dtype == native
    assert cast == np.array(expected, dtype=native)[()]
    assert zdtype._check_scalar(value)


@pytest.mark.parametrize("zdtype", [DateTime64(unit="D"), DateTime64(), TimeDelta64(unit="D"), TimeDelta64()], ids=str)
def test_not_a_time_goes_by_many_names(zdtype):
    own = zdtype.to_native_dtype().type
    for value in (None, "NaT", b"NaT", "", own("NaT"), own("NaT", "as")):
        cast = zdtype.cast_scalar(value)
        assert np.isnat(cast)
        assert cast.dtype == zdtype.to_native_dtype()
    assert np.isnat(zdtype.default_scalar())
    assert zdtype.to_json_scalar(None, zarr_format=3) == -(2**63)


@pytest.mark.parametrize(
    ("zdtype", "value"),
    [
        (DateTime64(unit="ns"), "2500-01-01"),
        (DateTime64(unit="ns"), dt.date(1, 1, 1)),
        (DateTime64(unit="as"), NOON),
        (DateTime64(unit="ns"), np.datetime64(10**15, "s")),
        (DateTime64(unit="s"), 2**63),
        (TimeDelta64(unit="ns"), np.timedelta64(300 * 365, "D")),
        (TimeDelta64(unit="as"), dt.timedelta(days=1)),
        (TimeDelta64(unit="s"), -(2**63) - 1),
    ],
    ids=str,
)
def test_values_out_of_range_do_not_wrap(zdtype, value):
    with pytest.raises(OverflowError):
        zdtype.cast_scalar(value)
    assert not zdtype._check_scalar(value)


@pytest.mark.parametrize(
    "value", [1.5, 1.0, [1], (1,), {}, object(), np.array([1]), np.void(b"a"), float("nan")], ids=str
)
@each_class
def test_what_is_no_time_is_refused(name, value):
    with pytest.raises(TypeError):
        CLASSES[name](unit="s").cast_scalar(value)


def test_points_are_no_spans():
    with pytest.raises(TypeError, match="DateTime64"):
        DateTime64(unit="s").cast_scalar(np.timedelta64(1, "s"))
    with pytest.raises(TypeError, match="TimeDelta64"):
        TimeDelta64(unit="s").cast_scalar(np.datetime64(1, "s"))
    with pytest.raises(TypeError):
        TimeDelta64(unit="s").cast_scalar(NOON)
    with pytest.raises(TypeError):
        TimeDelta64(unit="s").cast_scalar(np.timedelta64(1, "Y"))  # of how many seconds?


def test_points_without_a_unit_have_no_number(store):
    for value in (0, "2024", np.datetime64("2024")):
        with pytest.raises(ValueError):
            DateTime64().cast_scalar(value)
    with pytest.raises(MetadataValidationError, match="expected 'NaT'"):
        DateTime64().from_json_scalar(0, zarr_format=3)
    array = terrazzo.create_array(store, shape=3, chunks=2, dtype="M8")
    assert np.isnat(array[:]).all()
    assert "NaT" in repr(array.info)


# -- arrays


def test_what_is_assigned_is_cast_as_numpy_casts(store):
    array = terrazzo.create_array(store, shape=4, chunks=3, dtype="M8[s]")
    array[0] = "2024-05-06"
    array[1:3] = np.array(["2024-05-06", "NaT"], dtype="M8[D]")
    array[3] = NOON
    noon = np.datetime64("2024-05-06T12", "s")
    day = np.datetime64("2024-05-06", "s")
    assert array[:].tolist() == np.array([day, day, "NaT", noon], dtype="M8[s]").tolist()
    assert array.append(np.array([5], dtype="M8[m]")) == (5,)
    assert array[4] == np.datetime64(300, "s")
    with pytest.raises(ValueError):
        array[0] = "yesterday"


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("endian", ["little", "big"])
def test_times_without_a_unit_are_stored_in_their_byte_order(name, order, endian, store):
    """numpy takes both orders of such a type for the one of the machine when it makes an array or casts one."""
    letter = CLASSES[name]().to_native_dtype().kind
    numbers = np.array([1, 2, 3, -4], dtype="i8")
    array = terrazzo.create_array(
        store,
        shape=4,
        chunks=4,
        dtype=f"{order}{letter}8",
        serializer={"name": "bytes", "configuration": {"endian": endian}},
        compressors=None,
    )
    array[:2] = numbers[:2].view(f"{letter}8")
    array[2:] = numbers[2:].view(f"{letter}8")
    assert contents_of(store)["c/0"] == numbers.astype(np.dtype("i8").newbyteorder(endian)).tobytes()
    assert array[:].view("i8").tolist() == numbers.tolist()
    assert terrazzo.open_array(store, mode="r")[1:].view("i8").tolist() == numbers[1:].tolist()


@pytest.mark.parametrize("order", "<>")
def test_times_without_a_unit_are_stored_in_their_byte_order_in_v2(order, store):
    numbers = np.array([1, 2, 3, -4], dtype="i8")
    array = terrazzo.create_array(store, shape=4, chunks=4, dtype=f"{order}m8", zarr_format=2, compressors=None)
    array[:2] = numbers[:2].view("m8")
    array[2:] = numbers[2:].view("m8")
    assert contents_of(store)["0"] == numbers.astype(f"{order}i8").tobytes()
    assert array[:].view("i8").tolist() == numbers.tolist()


@each_class
def test_opening_and_reading_never_warn(name, store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        letter = CLASSES[name]().to_native_dtype().kind
        terrazzo.create_array(store, shape=4, chunks=3, dtype=f"{letter}8[10us]")[:2] = 5
        assert terrazzo.open_array(store, mode="r")[1] == np.array(5, dtype=f"{letter}8[10us]")


@pytest.mark.parametrize("zdtype", [DateTime64(unit="s"), DateTime64(), TimeDelta64()], ids=str)
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_numpy_warns_of_nothing_when_a_type_without_a_unit_is_stored_and_read(zdtype, zarr_format):
    store = {}
    data = np.array([1, 2, -(2**63)], "i8").view(zdtype.to_native_dtype())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fill_value in ("NaT", None, -(2**63)):
            array = terrazzo.create_array(
                store, shape=(5,), chunks=(2,), dtype=zdtype, fill_value=fill_value, zarr_format=zarr_format,
                overwrite=True,
            )  # fmt: skip
            array[:3] = data
            read = terrazzo.open_array(store)[...]
            assert read.view("i8").tolist() == [1, 2, *[-(2**63)] * 3]
