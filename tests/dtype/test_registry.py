import importlib.metadata

import numpy as np
import pytest

from terrazzo import dtype
from terrazzo.dtype.registry import DataTypeRegistry, native_of_name
from terrazzo.errors import DataTypeValidationError
from tests.dtype.test_numeric import TYPES


class Flag(dtype.Bool):
    """A data type of another package."""

    _zarr_v3_name = "test.flag"


class EntryPoint:
    loaded = 0

    def load(self):
        type(self).loaded += 1
        return Flag


def test_a_registered_type_is_found_until_it_is_removed():
    registry = DataTypeRegistry()
    registry.register("test.flag", Flag)
    assert registry.get("test.flag") is Flag
    assert registry.match_json("test.flag", zarr_format=3) == Flag()
    assert registry.match_dtype(np.dtype(bool)) == Flag()
    registry.unregister("test.flag")
    with pytest.raises(KeyError, match=r"test.flag"):
        registry.get("test.flag")


def test_the_shared_registry_has_all_types():
    assert set(TYPES) <= set(dtype.data_type_registry.contents)


@pytest.mark.parametrize("group", ["terrazzo.data_type", "zarr.data_type"])
@pytest.mark.parametrize("find", ["match_json", "match_dtype", "get"])
def test_types_of_installed_packages_are_imported_when_they_are_asked_for(group, find, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [EntryPoint()] if group == wanted else [])
    wanted = group
    monkeypatch.setattr(EntryPoint, "loaded", 0)
    registry = DataTypeRegistry()
    registry.register("int8", dtype.Int8)
    registry.match_json("int8", zarr_format=3)
    assert EntryPoint.loaded == 0
    if find == "match_json":
        assert registry.match_json("test.flag", zarr_format=3) == Flag()
    elif find == "match_dtype":
        assert registry.match_dtype(np.dtype(bool)) == Flag()
    else:
        assert registry.get("test.flag") is Flag
    registry.get("test.flag")
    assert EntryPoint.loaded == 1


class Counted(dtype.Int8):
    """A data type of another package that counts how often it is asked."""

    _zarr_v3_name = "test.counted"
    asked = 0

    @classmethod
    def from_json(cls, data, *, zarr_format):
        cls.asked += 1
        return super().from_json(data, zarr_format=zarr_format)

    @classmethod
    def from_native_dtype(cls, dtype):
        cls.asked += 1
        return super().from_native_dtype(dtype)


@pytest.fixture
def registry():
    """A registry of all number types, and of one that is asked last."""
    registry = DataTypeRegistry()
    for name, (cls, _, _) in TYPES.items():
        registry.register(name, cls)
    registry.register("test.counted", Counted)
    Counted.asked = 0
    return registry


@pytest.mark.parametrize("name", TYPES)
def test_a_known_type_is_found_without_asking_another(name, registry):
    cls, text, _ = TYPES[name]
    if name == "int8":
        registry.unregister("test.counted")  # it has the same class of numpy's
    assert registry.match_json(name, zarr_format=3) == cls()
    assert registry.match_json({"name": text, "object_codec_id": None}, zarr_format=2) == cls()
    assert registry.match_dtype(np.dtype(text)) == cls()
    assert Counted.asked == 0


def test_a_type_of_another_package_may_know_names_that_it_is_not_registered_under(registry):
    class Numbered(dtype.Int8):
        _zarr_v3_name = "test.numbered"

        @classmethod
        def _from_json_v3(cls, data):
            return cls() if str(data).startswith("test.number") else super()._from_json_v3(data)

    registry.register("test.numbered", Numbered)
    assert registry.match_json("test.number7", zarr_format=3) == Numbered()


def test_of_two_types_for_one_of_numpys_the_first_registered_counts(registry):
    assert registry.match_dtype(np.dtype("int8")) == dtype.Int8()
    registry.register("int8", dtype.Int8)
    assert registry.match_dtype(np.dtype("int8")) == Counted()


def test_what_a_class_finds_wrong_is_said(registry):
    class Malformed(dtype.Bool):
        _zarr_v3_name = "test.malformed"

        @classmethod
        def from_native_dtype(cls, dtype):
            raise DataTypeValidationError("three fields are missing")

    registry.unregister("bool")
    registry.register("test.malformed", Malformed)
    with pytest.raises(DataTypeValidationError, match="three fields"):
        registry.match_dtype(np.dtype("bool"))


def test_a_type_can_be_imported_when_it_is_first_used():
    registry = DataTypeRegistry()
    path = "terrazzo.dtype.numeric:Int16"
    registry.register_lazily("test.lazy", path, native=[np.dtypes.Int16DType], aliases=["test.other", "test.i*"])
    assert registry.match_dtype(np.dtype(">i2")) == dtype.Int16(endianness="big")
    assert registry.contents == {"test.lazy": dtype.Int16}
    for name in ("test.lazy", "test.other", "test.i16"):
        assert registry.find(name) is dtype.Int16
    for name in ("test", "test.i", "test.i1x"):
        assert registry.find(name) is None
    registry.unregister("test.lazy")
    assert registry.find("test.other") is None


def test_a_name_that_is_taken_is_replaced():
    registry = DataTypeRegistry()
    registry.register("test", dtype.Int8)
    registry.register("test", dtype.Bool)
    assert registry.contents == {"test": dtype.Bool}
    with pytest.raises(DataTypeValidationError):
        registry.match_dtype(np.dtype("int8"))


def test_entry_points_are_not_collected_for_types_that_are_known(registry):
    for name, (_, text, _) in TYPES.items():
        registry.match_json(name, zarr_format=3)
        registry.match_json(text, zarr_format=2)
        registry.match_dtype(np.dtype(text))
    assert not registry._collected


@pytest.mark.parametrize(
    "name", ["<i2", ">f8", "|u1", "i4", "int16", "float32", "bool", "?", "|b1", "<U3", "<M8[25s]", "c16"]
)
def test_a_name_of_numpys_is_a_data_type(name):
    assert native_of_name(name) == np.dtype(name)


@pytest.mark.parametrize(
    "name",
    ["", " i4", "i4 ", "i4,i8", "(2,)i4", "<f3", "a", "a3", "<a3", "9" * 5000, "i" + "9" * 50, "M8[x]", "\ud800", "\0"]
    + [None, 4, True, b"i4", [], {}, [["a", "<i2"]], {"names": ["a"], "formats": ["i4"], "itemsize": 10**12}],
)
def test_what_numpy_would_read_as_more_or_warn_of_is_none(name):
    with pytest.raises(DataTypeValidationError, match="is no data type of numpy"):
        native_of_name(name)
