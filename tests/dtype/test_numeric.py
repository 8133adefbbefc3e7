import numpy as np
import pytest

from terrazzo import dtype
from terrazzo.dtype.numeric import NUMERIC
from terrazzo.errors import DataTypeValidationError, MetadataValidationError

TYPES = {
    # name in v3: class, numpy's string with "<" for what has a byte order, bytes, and so the name in v2
    "bool": (dtype.Bool, "|b1", 1),
    "int8": (dtype.Int8, "|i1", 1),
    "int16": (dtype.Int16, "<i2", 2),
    "int32": (dtype.Int32, "<i4", 4),
    "int64": (dtype.Int64, "<i8", 8),
    "uint8": (dtype.UInt8, "|u1", 1),
    "uint16": (dtype.UInt16, "<u2", 2),
    "uint32": (dtype.UInt32, "<u4", 4),
    "uint64": (dtype.UInt64, "<u8", 8),
    "float16": (dtype.Float16, "<f2", 2),
    "float32": (dtype.Float32, "<f4", 4),
    "float64": (dtype.Float64, "<f8", 8),
    "complex64": (dtype.Complex64, "<c8", 8),
    "complex128": (dtype.Complex128, "<c16", 16),
}
INTEGERS = [name for name in TYPES if "int" in name]
FLOATS = [name for name in TYPES if "float" in name]
COMPLEX = [name for name in TYPES if "complex" in name]
each_type = pytest.mark.parametrize("name", TYPES)
both_formats = pytest.mark.parametrize("zarr_format", [2, 3])


def of(name):
    return TYPES[name][0]()


def multibyte(name):
    return TYPES[name][1][0] == "<"


def test_every_number_type_is_covered_here():
    assert {cls for cls, _, _ in TYPES.values()} == set(NUMERIC)


@each_type
def test_a_type_has_the_numpy_form_of_its_name(name):
    cls, text, size = TYPES[name]
    assert cls().to_native_dtype() == np.dtype(name) == np.dtype(text)
    assert cls().item_size == size
    assert cls().is_multibyte == multibyte(name)


@each_type
def test_numpy_gives_back_the_type(name):
    cls, text, _ = TYPES[name]
    assert cls.from_native_dtype(np.dtype(text)) == cls()
    if multibyte(name):
        big = cls.from_native_dtype(np.dtype(text.replace("<", ">")))
        assert big == cls(endianness="big") != cls()
        assert big.to_native_dtype().str == text.replace("<", ">")


@each_type
def test_a_type_refuses_the_numpy_types_of_others(name):
    for other in TYPES:
        if other != name:
            with pytest.raises(DataTypeValidationError, match=TYPES[name][0].__name__):
                TYPES[name][0].from_native_dtype(np.dtype(other))


@each_type
def test_v3_documents_have_the_name(name):
    assert of(name).to_json(zarr_format=3) == name
    assert TYPES[name][0].from_json(name, zarr_format=3) == of(name)


@each_type
@pytest.mark.parametrize("extra", [{}, {"configuration": {}}], ids=["bare", "empty configuration"])
def test_the_object_form_of_v3_reads_the_same(name, extra):
    assert TYPES[name][0].from_json({"name": name, **extra}, zarr_format=3) == of(name)


@each_type
@pytest.mark.parametrize(
    "data", ["", "int7", "Int16", "r16", None, 3, [], {}, {"name": None}, {"configuration": {}}, ["int16"]]
)
def test_v3_names_of_nothing_are_refused(name, data):
    with pytest.raises(DataTypeValidationError):
        TYPES[name][0].from_json(data, zarr_format=3)


@each_type
def test_a_configuration_is_refused_where_there_is_none(name):
    with pytest.raises(DataTypeValidationError):
        TYPES[name][0].from_json({"name": name, "configuration": {"endian": "big"}}, zarr_format=3)


@each_type
def test_v2_documents_have_numpys_string(name):
    cls, text, _ = TYPES[name]
    orders = "<>" if multibyte(name) else "|"
    for order in orders:
        native = np.dtype(order + text[1:])
        written = cls.from_native_dtype(native).to_json(zarr_format=2)
        assert written == {"name": native.str, "object_codec_id": None}
        assert cls.from_json(written, zarr_format=2).to_native_dtype().str == native.str
        assert cls.from_json(native.str, zarr_format=2).to_native_dtype().str == native.str


@pytest.mark.parametrize("text", ["<i1", ">u1", "<b1"])
def test_an_order_on_one_byte_reads_in_v2_since_others_write_it(text):
    native = np.dtype(text)
    cls = next(cls for cls in (dtype.Int8, dtype.UInt8, dtype.Bool) if cls().to_native_dtype() == native)
    assert cls.from_json(text, zarr_format=2) == cls()


@pytest.mark.parametrize("data", ["i4", "=i4", "|i4", "int32", "<i", "<i44", "", "<f4", None, 4, ["<i4"], {}])
def test_other_spellings_are_refused_in_v2(data):
    with pytest.raises(DataTypeValidationError):
        dtype.Int32.from_json(data, zarr_format=2)


def test_half_precision_is_two_bytes_in_v2():
    assert dtype.Float16.from_json("<f2", zarr_format=2) == dtype.Float16()
    with pytest.raises(DataTypeValidationError):
        dtype.Float16.from_json("<f16", zarr_format=2)


@each_type
def test_types_are_values(name):
    assert of(name) == of(name)
    assert hash(of(name)) == hash(of(name))
    assert len({of(other) for other in TYPES}) == len(TYPES)


def test_types_cannot_be_changed():
    with pytest.raises(AttributeError):
        dtype.Int16().endianness = "big"


@each_type
def test_the_default_scalar_is_zero(name):
    default = of(name).default_scalar()
    assert default.dtype == np.dtype(name)
    assert default.tobytes() == bytes(TYPES[name][2])


@each_type
def test_scalars_of_a_big_endian_type_are_native(name):
    if multibyte(name):
        assert TYPES[name][0](endianness="big").cast_scalar(1).dtype == np.dtype(name)


# -- scalars


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_hold_their_range_and_no_more(name):
    info = np.iinfo(name)
    for value in (info.min, 0, info.max):
        cast = of(name).cast_scalar(value)
        assert cast == value
        assert cast.dtype == np.dtype(name)
        assert of(name)._check_scalar(value)
    for value in (info.min - 1, info.max + 1, 1 << 100):
        with pytest.raises(OverflowError):
            of(name).cast_scalar(value)
        assert not of(name)._check_scalar(value)


@pytest.mark.parametrize(
    "value",
    [np.int64(300), np.float64(300.0), 300.0, np.uint64(2**63), np.array(300), np.array(300.0), np.array([300])[0]],
    ids=lambda value: f"{type(value).__name__} {getattr(value, 'dtype', '')}",
)
def test_numpys_own_numbers_do_not_wrap(value):
    with pytest.raises(OverflowError):
        dtype.Int8().cast_scalar(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(1.7, 1), (-1.7, -1), (True, 1), ("7", 7), (np.float32(2.5), 2), (np.array(5), 5)]
)
def test_integers_cast_as_numpy_casts(value, expected):
    assert dtype.Int16().cast_scalar(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("-inf"), "text"])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(ValueError):
        dtype.Int32().cast_scalar(value)


@each_type
@pytest.mark.parametrize("value", [[1], (1, 2), {"a": 1}, np.array([1, 2])], ids=["list", "tuple", "dict", "array"])
def test_several_values_are_no_scalar(name, value):
    with pytest.raises(TypeError):
        of(name).cast_scalar(value)
    assert not of(name)._check_scalar(value)


@pytest.mark.parametrize("name", [name for name in TYPES if name != "bool"])
@pytest.mark.parametrize("value", [object(), b"a", {}], ids=["object", "bytes", "empty dict"])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises((TypeError, ValueError)):
        of(name).cast_scalar(value)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [1, 1.5, True, "1.5", "nan", "-inf", np.int8(3), np.float16(2.5)])
def test_floats_cast_as_numpy_casts(name, value):
    expected = np.dtype(name).type(value)
    cast = of(name).cast_scalar(value)
    assert cast.dtype == expected.dtype
    assert cast.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_numbers_take_reals(name):
    assert of(name).cast_scalar(2) == 2
    assert of(name).cast_scalar(1 + 2j) == 1 + 2j
    assert of(name).cast_scalar(np.complex128(3j)) == 3j


@pytest.mark.parametrize("bits", [0x7F800001, 0xFFC00000, 0x7FC00001, 0x80000000])
def test_a_scalar_of_the_type_keeps_its_bits(bits):
    scalar = np.array(bits, dtype="u4").view("f4")[()]
    assert dtype.Float32().cast_scalar(scalar).tobytes() == scalar.tobytes()
    pair = np.array([bits, bits], dtype="u4").view("c8")[0]
    assert dtype.Complex64().cast_scalar(pair).tobytes() == pair.tobytes()


@pytest.mark.parametrize(("value", "expected"), [(1, True), (0, False), (np.True_, True), (0.0, False)])
def test_booleans_cast_as_numpy_casts(value, expected):
    assert dtype.Bool().cast_scalar(value) is np.bool_(expected)


# -- fill values in documents


@both_formats
@pytest.mark.parametrize("name", INTEGERS)
def test_fill_values_of_integers_are_integers(name, zarr_format):
    info = np.iinfo(name)
    for value in (info.min, 1, info.max):
        written = of(name).to_json_scalar(np.dtype(name).type(value), zarr_format=zarr_format)
        assert type(written) is int
        read = of(name).from_json_scalar(written, zarr_format=zarr_format)
        assert read == value
        assert read.dtype == np.dtype(name)


@both_formats
@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("where", ["below", "above"])
def test_fill_values_out_of_range_are_refused(name, where, zarr_format):
    info = np.iinfo(name)
    value = info.min - 1 if where == "below" else info.max + 1
    with pytest.raises(MetadataValidationError, match=name):
        of(name).from_json_scalar(value, zarr_format=zarr_format)


@both_formats
@pytest.mark.parametrize("name", FLOATS)
def test_fill_values_of_floats_are_numbers_or_names(name, zarr_format):
    for value, expected in [(1, 1.0), (-0.0, -0.0), (np.inf, "Infinity"), (-np.inf, "-Infinity"), (np.nan, "NaN")]:
        written = of(name).to_json_scalar(np.dtype(name).type(value), zarr_format=zarr_format)
        assert (type(written), str(written)) == (type(expected), str(expected))
        read = of(name).from_json_scalar(written, zarr_format=zarr_format)
        assert read.tobytes() == np.dtype(name).type(value).tobytes()


@both_formats
def test_fill_values_of_booleans_are_booleans(zarr_format):
    assert dtype.Bool().to_json_scalar(np.True_, zarr_format=zarr_format) is True
    assert dtype.Bool().from_json_scalar(False, zarr_format=zarr_format) is np.False_


@both_formats
@pytest.mark.parametrize("name", COMPLEX)
def test_fill_values_of_complex_numbers_are_pairs(name, zarr_format):
    scalar = np.dtype(name).type(complex(-0.0, np.inf))
    assert str(of(name).to_json_scalar(scalar, zarr_format=zarr_format)) == "[-0.0, 'Infinity']"
    read = of(name).from_json_scalar([-0.0, "Infinity"], zarr_format=zarr_format)
    assert read.tobytes() == scalar.tobytes()
