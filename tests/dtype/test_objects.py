import json

import numcodecs
import numpy as np
import pytest

import terrazzo
from terrazzo.dtype.objects import PythonObject
from terrazzo.dtype.parse import get_data_type_from_json
from terrazzo.errors import DataTypeValidationError, PickleCodecDisabledError
from terrazzo.settings import config
from tests.stored import contents_of


def objects(*items):
    array = np.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        array[position] = item
    return array


CASES = {
    "json2": (numcodecs.JSON(), objects({"a": [1, None]}, "text", False, 0, 1.5, [])),
    "msgpack2": (numcodecs.MsgPack(), objects({"a": [1, None]}, "text", False, 0, 1.5, b"\x00")),
    "pickle": (numcodecs.Pickle(), objects({1, 2}, "text", False, 0, (1, 2), None)),
    "vlen-array": (numcodecs.VLenArray("<i4"), objects(*(np.arange(n, dtype="<i4") for n in (3, 0, 1, 2, 5, 4)))),
    "categorize": (numcodecs.Categorize(["a", "bb"], dtype=object), objects("a", "bb", "a", "bb", "a", "a")),
}


def same(left, right):
    assert left.shape == right.shape
    for one, other in zip(left.flat, right.flat, strict=True):
        assert type(one) is type(other)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


@pytest.fixture(autouse=True)
def numcodecs_allows_pickle(monkeypatch):
    """What numcodecs asks for beside our own setting."""
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)


@pytest.mark.parametrize("codec_id", CASES)
@pytest.mark.parametrize("compressor", [None, numcodecs.Zlib()])
def test_objects_are_stored_by_their_codec(store, codec_id, compressor):
    codec, values = CASES[codec_id]
    with config.set({"array.allow_unsafe_pickle_decode": True}):
        array = terrazzo.create(
            6, chunks=4, dtype=object, object_codec=codec, compressor=compressor, zarr_format=2, store=store
        )
        array[:] = values
        same(array[:], values)
        opened = terrazzo.open_array(store)
        assert opened.metadata.dtype == PythonObject(codec_id=codec_id)
        same(opened[1:5], values[1:5])
        opened[2:3] = values[:1]
        same(opened[:], objects(*values[:2], values[0], *values[3:]))
        assert "Filters" in str(opened.info)
    document = json.loads(contents_of(store)[".zarray"])
    assert document["dtype"] == "|O"
    assert document["filters"] == [json.loads(json.dumps(codec.get_config()))]


@pytest.mark.parametrize("codec_id", [name for name in CASES if name != "pickle"])
def test_chunks_hold_what_the_codec_gives(store, codec_id):
    codec, values = CASES[codec_id]
    array = terrazzo.create(6, chunks=6, dtype="O", filters=[codec], compressor=None, zarr_format=2, store=store)
    array[:] = values
    stored = contents_of(store)["0"]
    same(codec.decode(stored).reshape(-1).astype(object), values)


def test_pickle_runs_only_when_allowed(store):
    codec, values = CASES["pickle"]
    with config.set({"array.allow_unsafe_pickle_decode": True}):
        array = terrazzo.create(6, dtype=object, object_codec=codec, zarr_format=2, store=store)
        array[:] = values
    opened = terrazzo.open_array(store)
    assert "Pickle" in str(opened.info)
    with pytest.raises(PickleCodecDisabledError, match="allow_unsafe_pickle_decode"):
        opened[:]
    with pytest.raises(PickleCodecDisabledError, match="allow_unsafe_pickle_decode"):
        opened[:] = values


def test_what_equals_the_fill_value_is_not_left_out(store):
    array = terrazzo.create(
        4, chunks=2, dtype=object, object_codec=numcodecs.JSON(), fill_value=0, zarr_format=2, store=store
    )
    array[:2] = objects(False, 0.0)
    same(terrazzo.open_array(store)[:], objects(False, 0.0, 0, 0))


@pytest.mark.parametrize("fill_value", [0, "", None, "text", {"a": [1]}])
def test_a_fill_value_is_any_json(store, fill_value):
    terrazzo.create(4, dtype=object, object_codec=numcodecs.JSON(), fill_value=fill_value, zarr_format=2, store=store)
    assert json.loads(contents_of(store)[".zarray"])["fill_value"] == fill_value
    opened = terrazzo.open_array(store)
    assert opened.fill_value == fill_value
    same(opened[:], objects(*[fill_value] * 4))


def test_a_fill_value_without_a_form_in_json_is_refused(store):
    with pytest.raises(TypeError, match="form in JSON"):
        terrazzo.create(4, dtype=object, object_codec=numcodecs.JSON(), fill_value=object(), zarr_format=2, store=store)
    assert contents_of(store) == {}


def test_objects_need_a_codec_and_format_2():
    with pytest.raises(DataTypeValidationError, match="objects"):
        terrazzo.create(4, dtype=object, zarr_format=2)
    with pytest.raises(DataTypeValidationError, match="objects"):
        terrazzo.create(4, dtype=object, filters=[numcodecs.Delta("<i4")], zarr_format=2)
    with pytest.raises(DataTypeValidationError, match="no data type in Zarr v3"):
        PythonObject(codec_id="json2").to_json(zarr_format=3)
    with pytest.raises(DataTypeValidationError):
        PythonObject.from_json("python_object", zarr_format=3)
    with pytest.raises(DataTypeValidationError):
        PythonObject.from_native_dtype(np.dtype("O"))


@pytest.mark.parametrize("codec_id", CASES)
def test_documents_come_back(codec_id):
    zdtype = PythonObject(codec_id=codec_id)
    assert get_data_type_from_json(zdtype.to_json(zarr_format=2), zarr_format=2) == zdtype


def test_text_and_bytes_keep_their_own_types(store):
    for name, codec, values in (
        ("t", numcodecs.VLenUTF8(), ["a", "bcd", ""]),
        ("b", numcodecs.VLenBytes(), [b"a", b"bcd", b""]),
    ):
        array = terrazzo.create(3, dtype=object, object_codec=codec, zarr_format=2, store=store, path=name)
        array[:] = np.array(values, dtype=object)
        assert terrazzo.open_array(store, path=name)[:].tolist() == values
