import json
import pickle
import subprocess
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

import terrazzo
from terrazzo import dtype
from terrazzo.dtype import MLComplex, MLFloat, MLInteger, parse_dtype
from terrazzo.dtype.ml import cast_values
from terrazzo.dtype.ml_table import COMPLEX, FLOATS, INTEGERS, NATIVE_COMPLEX
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError
from terrazzo.storage import MemoryStore
from tests.stored import contents_of, document, fill, grid

BIG = {"name": "bytes", "configuration": {"endian": "big"}}
LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
PAIRS = [name for name in COMPLEX if name not in NATIVE_COMPLEX]
WITHOUT_NAN = [name for name, lacks in FLOATS.items() if "NaN" in lacks]
each_float = pytest.mark.parametrize("name", FLOATS)
each_pair = pytest.mark.parametrize("name", PAIRS)


def native_of(name):
    return np.dtype(getattr(ml_dtypes, name))


def every_value(name):
    """All elements of a type, and the bits of each; those of 16 bits only now and then."""
    native = native_of(name)
    count = (
        1 << {"f": 16, "8": 8, "6": 6, "4": 4}[name[name.index("float") + 5 :][0]] if name != "bfloat16" else 1 << 16
    )
    bits = np.arange(0, count, 7 if count > 256 else 1, dtype=f"u{native.itemsize}")
    return bits, bits.view(native)


# -- names


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, *COMPLEX])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_type_is_known_by_its_name(name, zarr_format):
    expected = {
        **dict.fromkeys(FLOATS, MLFloat),
        **dict.fromkeys(INTEGERS, MLInteger),
        **dict.fromkeys(COMPLEX, MLComplex),
    }
    zdtype = parse_dtype(name, zarr_format=zarr_format)
    assert zdtype == expected[name](name=name)
    assert zdtype._zarr_v3_name == name
    assert get_data_type_from_json(zdtype.to_json(zarr_format), zarr_format=zarr_format) == zdtype
    assert pickle.loads(pickle.dumps(zdtype)) == zdtype


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, *NATIVE_COMPLEX])
def test_numpys_type_means_it(name):
    native = native_of(NATIVE_COMPLEX.get(name, name))
    for spelling in (native, native.type, native.name):
        assert parse_dtype(spelling, zarr_format=3).name == name


@pytest.mark.parametrize(("name", "size"), [("bfloat16", 2), ("float8_e5m2", 1), ("int4", 1), ("complex_bfloat16", 4)])
def test_elements_have_a_size_and_an_order_where_they_need_one(name, size):
    zdtype = parse_dtype(name, zarr_format=3)
    assert zdtype.item_size == size
    assert zdtype.is_multibyte == (size > 1)


@pytest.mark.parametrize("cls", [MLFloat, MLInteger, MLComplex])
@pytest.mark.parametrize("data", ["float32", "int1", None, 3, {"name": "int4", "configuration": {"x": 1}}, {}])
def test_other_names_are_refused(cls, data):
    with pytest.raises(DataTypeValidationError):
        cls.from_json(data, zarr_format=3)
    with pytest.raises(DataTypeValidationError):
        cls(name="float32")
    with pytest.raises(DataTypeValidationError):
        cls.from_native_dtype(np.dtype("float32"))


def test_the_package_is_not_imported_before_it_is_needed():
    code = "import sys, terrazzo; print('ml_dtypes' in sys.modules, 'terrazzo.dtype.ml' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


NEEDS = r"'bfloat16'.*pip install 'terrazzo\[ml\]'"


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    for spelling in ("bfloat16", {"name": "bfloat16"}):
        with pytest.raises(DataTypeValidationError, match=NEEDS):
            parse_dtype(spelling, zarr_format=3)
    with pytest.raises(DataTypeValidationError, match=NEEDS):
        terrazzo.create_array(None, shape=1, dtype="bfloat16")


IN_A_STRUCT = {"name": "struct", "configuration": {"fields": [{"name": "x", "data_type": "bfloat16"}]}}


@pytest.mark.parametrize(("data_type", "value"), [("bfloat16", 0), (IN_A_STRUCT, {"x": 0})], ids=["alone", "field"])
def test_without_the_package_only_data_cannot_be_used(data_type, value, monkeypatch, store):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    fill(store, {"zarr.json": document(data_type=data_type, fill_value=value, codecs=[LITTLE])})
    array = terrazzo.open_array(store, mode="r+")
    assert array.shape == (4,)
    array.attrs["a"] = 1
    assert json.loads(contents_of(store)["zarr.json"])["data_type"] == data_type
    for use in (lambda: array[:], lambda: array.__setitem__(0, 1)):
        with pytest.raises(UnknownCodecError, match=NEEDS):
            use()


def test_without_the_package_only_data_cannot_be_used_in_version_2(monkeypatch, store):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    members = {"shape": [4], "chunks": [2], "dtype": "bfloat16", "compressor": None, "filters": None}
    fill(store, {".zarray": json.dumps({"zarr_format": 2, **members, "fill_value": 0, "order": "C"}).encode()})
    array = terrazzo.open_array(store, mode="r+")
    assert array.shape == (4,)
    with pytest.raises(UnknownCodecError, match=NEEDS):
        array[:]


def test_with_an_older_package_the_error_says_so(monkeypatch):
    monkeypatch.delattr(ml_dtypes, "complex32")
    with pytest.raises(DataTypeValidationError, match=rf"newer ml_dtypes than {ml_dtypes.__version__}"):
        parse_dtype("complex_float16", zarr_format=3)


# -- fill values


@each_float
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_every_value_is_written_so_that_it_reads_the_same(name, zarr_format):
    zdtype = MLFloat(name=name)
    bits, values = every_value(name)
    for pattern, value in zip(bits, values, strict=True):
        written = json.loads(json.dumps(zdtype.to_json_scalar(value, zarr_format=zarr_format), allow_nan=False))
        read = np.asarray(zdtype.from_json_scalar(written, zarr_format=zarr_format))
        assert read.dtype == values.dtype
        if zarr_format == 3 or written != "NaN":
            assert read.view(bits.dtype) == pattern
        else:
            assert str(read) == str(value) == "nan"


@each_float
def test_the_bits_can_be_given(name):
    zdtype = MLFloat(name=name)
    bits, values = every_value(name)
    for pattern, value in zip(bits, values, strict=True):
        read = zdtype.from_json_scalar(f"0x{pattern:0{2 * bits.itemsize}x}", zarr_format=3)
        assert np.asarray(read).tobytes() == np.asarray(value).tobytes()


@each_float
def test_a_number_is_rounded_once(name):
    """A number between two values becomes the nearer one, the even one in the middle, however near the middle."""
    zdtype = MLFloat(name=name)
    _, values = every_value(name)
    with np.errstate(invalid="ignore"):
        numbers = np.unique(values.astype("f8")[np.isfinite(values)])
    numbers = numbers[numbers >= 0] if len(numbers) < 600 else numbers[::97]
    if name == "float8_e8m0fnu":
        numbers = numbers[1:]  # ml_dtypes rounds up everything between the two smallest powers
    for value in numbers[:-1]:
        low = zdtype.from_json_scalar(float(value), zarr_format=3)
        high = np.asarray(low).view(f"u{low.dtype.itemsize}") + 1
        high = np.asarray(high, dtype=f"u{low.dtype.itemsize}").view(low.dtype)[()]
        if not np.isfinite(high) or float(high) <= float(low):
            continue
        middle = float((Fraction(float(low)) + Fraction(float(high))) / 2)
        even = low if not np.asarray(low).view(f"u{low.dtype.itemsize}") & 1 else high
        above, below = np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf)
        assert zdtype.from_json_scalar(float(above), zarr_format=3) == high
        assert zdtype.from_json_scalar(float(below), zarr_format=3) == low
        if name != "float8_e8m0fnu":  # powers of two are neither even nor odd
            assert zdtype.from_json_scalar(middle, zarr_format=3) == even


def test_zero_is_the_smallest_number_where_there_is_no_zero():
    zdtype = MLFloat(name="float8_e8m0fnu")
    for stored in (0, 0.0, "0x00"):
        assert np.asarray(zdtype.from_json_scalar(stored, zarr_format=3)).tobytes() == b"\0"
    for value in (0, -1, -0.0):
        with pytest.raises(ValueError, match="neither 0 nor negative"):
            zdtype.cast_scalar(value)
    assert float(zdtype.default_scalar()) == 2.0**-127


@pytest.mark.parametrize("name", WITHOUT_NAN)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_is_refused_where_there_is_none(name, value):
    zdtype = MLFloat(name=name)
    assert not zdtype._check_scalar(value)
    with pytest.raises(ValueError, match=f"{name} has no NaN"):
        zdtype.cast_scalar(value)
    array = terrazzo.create_array(None, shape=3, dtype=zdtype)
    for given in (value, [1, value, 2], np.array([value, 1, 1]), np.array([value] * 3, dtype=ml_dtypes.bfloat16)):
        with pytest.raises(ValueError, match=f"{name} has no NaN"):
            array[:] = given
    assert array.nchunks_initialized == 0


@pytest.mark.parametrize("name", FLOATS)
def test_what_is_not_a_number_is_refused(name):
    zdtype = MLFloat(name=name)
    for value in ("1", b"1", None, [1.0], (1.0,), {}, np.ones(2), np.datetime64(1, "s"), object()):
        assert not zdtype._check_scalar(value)


@pytest.mark.parametrize(("name", "limits"), INTEGERS.items(), ids=INTEGERS)
def test_integers_out_of_range_are_refused(name, limits):
    zdtype, (low, high) = MLInteger(name=name), limits
    for value in (low - 1, high + 1, np.int64(high + 1), np.array(low - 1), 2**70):
        with pytest.raises(OverflowError, match=name):
            zdtype.cast_scalar(value)
    for value in (np.nan, np.inf, np.float32("nan")):
        with pytest.raises(ValueError, match=name):
            zdtype.cast_scalar(value)
    for value in ("1", None, [1], {}, np.ones(1)):
        assert not zdtype._check_scalar(value)
    assert int(zdtype.cast_scalar(1.7)) == 1
    array = terrazzo.create_array(None, shape=3, dtype=zdtype)
    for given in (high + 1, [0, 1, low - 1]):
        with pytest.raises(OverflowError, match=name):
            array[:] = given
    with pytest.raises(ValueError, match=name):
        array[:] = np.array([1, np.nan, 1])
    array[:] = np.array([high + 1, 0, 1])  # arrays wrap
    assert int(array[0]) == low


# -- arrays


@pytest.mark.parametrize("name", [*FLOATS, *INTEGERS, *NATIVE_COMPLEX])
@pytest.mark.parametrize("serializer", [LITTLE, BIG], ids=["little", "big"])
def test_elements_are_stored_like_this(name, serializer, store):
    native = native_of(NATIVE_COMPLEX.get(name, name))
    data = np.array([1, 0.5, 2, 1.5, 1, 1]).astype(native).reshape(2, 3)
    array = terrazzo.create_array(
        store, shape=(2, 3), chunks=(2, 2), dtype=name, serializer=serializer, compressors=None, fill_value=1
    )
    array[...] = data
    unit = data.view(f"u{2 if native.itemsize > 1 else 1}")
    stored = unit.astype(unit.dtype.newbyteorder(">")) if serializer is BIG else unit
    contents = contents_of(store)
    parts = unit.shape[1] // 3
    assert contents["c/0/0"] == np.ascontiguousarray(stored[:, : 2 * parts]).tobytes()
    assert array[...].tobytes() == data.tobytes()
    again = terrazzo.open_array(store, mode="r+")
    assert again.dtype == native
    assert again[...].tobytes() == data.tobytes()
    again[1, 0] = data[0, 0]
    data[1, 0] = data[0, 0]
    assert array[...].tobytes() == data.tobytes()


@pytest.mark.parametrize(("name", "bits"), [("int4", 0x0F), ("uint2", 0x03), ("float6_e2m3fn", 0x3F)])
def test_other_bits_of_an_element_are_ignored_and_written_as_zero(name, bits, store):
    raw = bytes([0xF8, 0x08, 0xFF, 0x41])
    members = {"data_type": name, "fill_value": 0, "chunk_grid": grid(4), "codecs": ["bytes"]}
    fill(store, {"zarr.json": document(**members), "c/0": raw})
    array = terrazzo.open_array(store, mode="r+")
    expected = bytes(byte & bits for byte in raw)
    assert array[...].tobytes() == expected
    assert array[1:3].tobytes() == expected[1:3]
    array[3] = array[3]
    assert contents_of(store)["c/0"] == expected


def test_the_notes_on_minus_eight_hold():
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=2, dtype="int4", compressors=None)
    array[:] = -8
    assert contents_of(store)["c/0"] == b"\x08\x08"


@each_pair
def test_pairs_that_numpy_does_not_have_are_structs(name, store):
    part = native_of(COMPLEX[name])
    native = np.dtype([("real", part), ("imag", part)])
    lacks_zero = "zero" in FLOATS[COMPLEX[name]]
    array = terrazzo.create_array(store, shape=5, chunks=2, dtype=name, compressors=None, fill_value=1 + 2j)
    assert array.dtype == native
    array[0] = 2 + 1j
    array[1] = (1, 2)
    array[2:4] = np.array([1 + 1j, 2 + 2j])
    one, two = (np.array(value).astype(part).tobytes() for value in (1, 2))
    written = json.loads(contents_of(store)["zarr.json"])
    assert written["data_type"] == name
    assert written["fill_value"] == [1.0, 2.0]
    assert written["codecs"] == [{"name": "bytes"}]
    expected = two + one + one + two + one + one + two + two + one + two
    assert terrazzo.open_array(store, mode="r")[...].tobytes() == expected
    assert contents_of(store)["c/0"] == expected[:4]
    with pytest.raises(MetadataValidationError):
        MLComplex(name=name).from_json_scalar([1e300, 0], zarr_format=3)
    if lacks_zero:
        with pytest.raises(ValueError, match="neither 0"):
            array[0] = 1


@each_pair
def test_the_scalars_of_pairs_are_exact(name):
    zdtype = MLComplex(name=name)
    bits, values = every_value(COMPLEX[name])
    for index, (pattern, value) in enumerate(zip(bits, values, strict=True)):
        scalar = zdtype.cast_scalar((value, values[-index]))
        written = json.loads(json.dumps(zdtype.to_json_scalar(scalar, zarr_format=3), allow_nan=False))
        assert np.asarray(zdtype.from_json_scalar(written, zarr_format=3)).tobytes() == bytes([pattern, bits[-index]])
        assert zdtype.cast_scalar(scalar).tobytes() == scalar.tobytes()


@pytest.mark.parametrize("name", COMPLEX)
@pytest.mark.parametrize("value", [(1,), [1, 2, 3], "1", None, {}, np.ones(3)], ids=str)
def test_what_is_not_a_pair_is_refused(name, value):
    assert not MLComplex(name=name)._check_scalar(value)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_numbers_of_any_kind_are_fields_of_structs(zarr_format):
    fields = [("a", ml_dtypes.bfloat16), ("b", ml_dtypes.int4), ("c", ml_dtypes.complex32)]
    zdtype = parse_dtype(np.dtype(fields), zarr_format=zarr_format)
    written = json.loads(json.dumps(zdtype.to_json(zarr_format)))
    assert get_data_type_from_json(written, zarr_format=zarr_format) == zdtype
    assert zdtype.default_scalar().tobytes() == bytes(7)


@pytest.mark.parametrize("serializer", [LITTLE, BIG], ids=["little", "big"])
def test_structs_of_such_numbers_are_stored_like_this(serializer, store):
    native = np.dtype([("a", ml_dtypes.bfloat16), ("b", ml_dtypes.int4), ("c", "<i4")])
    data = np.array([(1.0, -8, 1), (2.0, 7, 2), (1.0, 1, 3)], dtype=native)
    array = terrazzo.create_array(
        store, shape=3, chunks=2, dtype=native, serializer=serializer, compressors=None, fill_value=data[2]
    )
    array[:] = data
    stored = "3f80080000000140000700000002" if serializer is BIG else "803f0801000000004007 02000000".replace(" ", "")
    assert contents_of(store)["c/0"].hex() == stored
    assert terrazzo.open_array(store, mode="r")[:].tobytes() == data.tobytes()
    assert json.loads(contents_of(store)["zarr.json"])["fill_value"] == {"a": 1.0, "b": 1, "c": 3}


@pytest.mark.parametrize("compressor", [{"name": "blosc"}, {"name": "zstd"}, {"name": "gzip"}], ids=str)
def test_such_numbers_are_compressed(compressor):
    data = np.arange(200).reshape(10, 20).astype(ml_dtypes.bfloat16)
    array = terrazzo.create_array(None, shape=(10, 20), chunks=(4, 7), dtype=data.dtype, compressors=compressor)
    array[...] = data
    assert array[...].tobytes() == data.tobytes()


def test_arrays_of_another_type_are_cast():
    array = terrazzo.create_array(None, shape=3, dtype="float8_e4m3")
    for given in (np.arange(3), np.arange(3.0), np.arange(3).astype(ml_dtypes.bfloat16), [0, 1, 2], np.arange(3) > 0):
        array[:] = given
        assert array[:].tolist() == np.asarray(given).astype(native_of("float8_e4m3")).tolist()
    for given in (["1", "2", "3"], np.array([1, 2, 3], "m8[s]"), b"abc"):
        with pytest.raises((TypeError, ValueError)):
            array[:] = given


def test_values_of_the_type_are_taken_as_they_are():
    given = np.array([1, 2], dtype=ml_dtypes.bfloat16)
    assert cast_values(given, given.dtype) is given


def test_numbers_of_numpy_are_not_touched_by_any_of_this():
    assert parse_dtype("float16", zarr_format=3) == dtype.Float16()
    assert parse_dtype("complex64", zarr_format=3) == dtype.Complex64()
    named = np.dtype([("real", "<f4"), ("imag", "<f4")])
    array = terrazzo.create_array(None, shape=2, dtype=named)
    array[0] = (1, 2)
    array[1] = 3
    assert array[:].tolist() == [(1, 2), (3, 3)]
