import dataclasses
import importlib.metadata
import json
import uuid

import numpy as np
import pytest

import terrazzo
from terrazzo import dtype
from terrazzo.dtype.mixins import HasEndianness, HasItemSize
from terrazzo.dtype.registry import DataTypeRegistry, native_of_name
from terrazzo.errors import DataTypeValidationError
from terrazzo.storage import MemoryStore
from tests.dtype.test_numeric import TYPES
from tests.stored import contents_of


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


def test_one_entry_point_for_all_of_a_package_is_found_as_well(monkeypatch):
    class Named(EntryPoint):
        name = "data_type"

    class Other(EntryPoint):
        name = "ndbuffer"

        def load(self):
            raise AssertionError("it is no data type")

    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [Other(), Named()] if group == "zarr" else [])
    assert DataTypeRegistry().match_json("test.flag", zarr_format=3) == Flag()


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


# -- data types of other packages


@dataclasses.dataclass(frozen=True, kw_only=True)
class UUIDType(dtype.ZDType[np.dtype, uuid.UUID], HasItemSize):
    """A data type as zarr-python's users write theirs: 16 bytes, and text in documents."""

    dtype_cls = type(np.dtype("V1"))
    _zarr_v3_name = "test.uuid"

    @classmethod
    def from_native_dtype(cls, dtype):
        raise DataTypeValidationError("bytes are not always a UUID")

    def to_native_dtype(self):
        return np.dtype("V16")

    @property
    def item_size(self):
        return 16

    @classmethod
    def _from_json_v2(cls, data):
        if data == {"name": "test.uuid", "object_codec_id": None}:
            return cls()
        raise DataTypeValidationError(data)

    @classmethod
    def _from_json_v3(cls, data):
        if data in ("test.uuid", {"name": "test.uuid"}):
            return cls()
        raise DataTypeValidationError(data)

    def to_json(self, zarr_format):
        return {"name": "test.uuid", "object_codec_id": None} if zarr_format == 2 else "test.uuid"

    def _check_scalar(self, data):
        return isinstance(data, (uuid.UUID, np.void))

    def cast_scalar(self, data):
        if not self._check_scalar(data):
            raise TypeError(f"{data!r} is no UUID")
        return data if isinstance(data, np.void) else np.void(data.bytes)

    def default_scalar(self):
        return np.void(bytes(16))

    def to_json_scalar(self, data, *, zarr_format):
        return str(uuid.UUID(bytes=self.cast_scalar(data).tobytes()))

    def from_json_scalar(self, data, *, zarr_format):
        return np.void(uuid.UUID(data).bytes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ticks(dtype.ZDType[np.dtype, np.int32], HasEndianness, HasItemSize):
    """A data type with a byte order and a parameter."""

    dtype_cls = np.dtypes.Int32DType
    _zarr_v3_name = "test.ticks"
    per_second: int = 1

    @classmethod
    def from_native_dtype(cls, dtype):
        raise DataTypeValidationError("integers are not always ticks")

    def to_native_dtype(self):
        return np.dtype("i4").newbyteorder(self.endianness)

    @classmethod
    def _from_json_v2(cls, data):
        raise DataTypeValidationError(data)

    @classmethod
    def _from_json_v3(cls, data):
        if isinstance(data, dict) and data.get("name") == "test.ticks":
            return cls(**data["configuration"])
        raise DataTypeValidationError(data)

    def to_json(self, zarr_format):
        if zarr_format == 2:
            raise ValueError("there are no ticks in Zarr v2")
        return {"name": "test.ticks", "configuration": {"per_second": self.per_second}}

    def _check_scalar(self, data):
        return isinstance(data, (int, np.integer))

    def cast_scalar(self, data):
        return np.int32(data)

    def default_scalar(self):
        return np.int32(0)

    def to_json_scalar(self, data, *, zarr_format):
        return int(data)

    def from_json_scalar(self, data, *, zarr_format):
        return np.int32(data)


@pytest.fixture
def registered():
    """The types of other packages, in the registry that arrays use."""
    classes = (UUIDType, Ticks)
    for cls in classes:
        dtype.data_type_registry.register(cls._zarr_v3_name, cls)
    yield
    for cls in classes:
        dtype.data_type_registry.unregister(cls._zarr_v3_name)


ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2 << 64)


@pytest.mark.parametrize("spelling", [UUIDType(), "test.uuid", {"name": "test.uuid"}], ids=["type", "text", "object"])
def test_an_array_of_a_registered_type_is_stored_and_read(spelling, registered, store):
    array = terrazzo.create_array(store, shape=(3, 2), chunks=(2, 2), dtype=spelling, fill_value=ONE, compressors=None)
    document = json.loads(contents_of(store)["zarr.json"])
    assert document["data_type"] == "test.uuid"
    assert document["fill_value"] == str(ONE)
    assert document["codecs"] == [{"name": "bytes"}]
    array[0, 1] = np.void(TWO.bytes)
    assert contents_of(store)["c/0/0"] == ONE.bytes + TWO.bytes + ONE.bytes * 2
    again = terrazzo.open_array(store, mode="r+")
    assert again.metadata.data_type == UUIDType()
    assert again[...].tobytes() == ONE.bytes + TWO.bytes + ONE.bytes * 4
    again[0, 1] = np.void(ONE.bytes)
    assert list(contents_of(store)) == ["zarr.json"]


@pytest.mark.parametrize("endian", ["little", "big"])
def test_an_array_of_a_registered_type_with_a_byte_order_is_stored_and_read(endian, registered, store):
    given = Ticks(per_second=1000, endianness=endian)
    assert given.is_multibyte
    array = terrazzo.create_array(store, shape=3, chunks=2, dtype=given, fill_value=5, compressors=None)
    array[0] = 258
    assert array.dtype == given.to_native_dtype()
    document = json.loads(contents_of(store)["zarr.json"])
    assert document["codecs"] == [{"name": "bytes", "configuration": {"endian": "little"}}]
    assert contents_of(store)["c/0"].hex() == "0201000005000000"
    again = terrazzo.open_array(store, mode="r")
    assert again.metadata.data_type == Ticks(per_second=1000)
    assert again[:].tolist() == [258, 5, 5]


def test_a_registered_type_is_a_field_of_a_struct(registered):
    zdtype = dtype.Struct(fields=(("id", UUIDType()), ("at", Ticks(per_second=10))))
    store = MemoryStore()
    array = terrazzo.create_array(store, shape=2, dtype=zdtype, fill_value=(ONE, 7))
    array[0] = (TWO.bytes, 8)
    assert terrazzo.open_array(store, mode="r").metadata.data_type == zdtype
    assert terrazzo.open_array(store, mode="r")[:].tolist() == [(TWO.bytes, 8), (ONE.bytes, 7)]


def test_automatic_chunks_know_the_size_of_an_element_of_a_registered_type(registered):
    def chunks(spelling):
        return terrazzo.create_array(None, shape=(4000, 4000), dtype=spelling).chunks

    assert chunks(UUIDType()) == chunks("complex128") != chunks("int8")


def test_a_resolver_says_the_format():
    class Resolver:
        zarr_format = 3

    assert dtype.Int16._from_json_resolved("int16", resolver=Resolver()) == dtype.Int16()
