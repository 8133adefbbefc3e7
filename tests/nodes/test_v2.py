"""Nodes of Zarr format 2: what is stored of them, how they are found, and that they are used like the others."""

import json

import numcodecs
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import GzipCodec
from terrazzo.errors import (
    ArrayNotFoundError,
    ContainsArrayAndGroupError,
    ContainsArrayError,
    ContainsGroupError,
    GroupNotFoundError,
    MetadataValidationError,
)
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore
from tests.stored import contents_of, document_v2, fill

V2_GROUP = b'{"zarr_format": 2}'


def test_a_new_array_has_documents_and_groups_above_it(store):
    terrazzo.create_array(
        store, name="a/b", shape=(4, 6), chunks=(2, 3), dtype=">i4", zarr_format=2, order="F", attributes={"x": 1}
    )
    stored = contents_of(store)
    assert sorted(stored) == [".zattrs", ".zgroup", "a/.zattrs", "a/.zgroup", "a/b/.zarray", "a/b/.zattrs"]
    assert stored["a/.zgroup"] == b'{\n  "zarr_format": 2\n}'
    assert stored["a/.zattrs"] == b"{}"
    assert json.loads(stored["a/b/.zattrs"]) == {"x": 1}
    assert json.loads(stored["a/b/.zarray"]) == {
        "shape": [4, 6],
        "chunks": [2, 3],
        "dtype": ">i4",
        "fill_value": 0,
        "order": "F",
        "filters": None,
        "dimension_separator": ".",
        "compressor": {"id": "zstd", "level": 0},
        "zarr_format": 2,
    }


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["|u1", "<i2", ">f8", "|b1", ">c8"])
@pytest.mark.parametrize("separator", [".", "/"])
def test_elements_are_stored_as_the_document_says(store, order, dtype, separator):
    values = np.arange(20).reshape(4, 5).astype(dtype)
    array = terrazzo.create_array(
        store,
        data=values,
        chunks=(2, 3),
        zarr_format=2,
        order=order,
        compressors=None,
        chunk_key_encoding={"name": "v2", "separator": separator},
    )
    assert array.dtype == values.dtype
    stored = contents_of(store)
    whole = np.zeros((4, 6), dtype)
    whole[:, :5] = values
    for row in range(2):
        for column in range(2):
            chunk = whole[row * 2 : row * 2 + 2, column * 3 : column * 3 + 3]
            if chunk.any():
                assert stored[f"{row}{separator}{column}"] == chunk.tobytes(order)
    for found in (array, terrazzo.open(store), terrazzo.open_array(store, zarr_format=2)):
        assert found.order == order
        np.testing.assert_array_equal(found[:], values)
        np.testing.assert_array_equal(found[1:, ::2], values[1:, ::2])
        assert found[1:, :].flags.f_contiguous == (order == "F")


@pytest.mark.parametrize(
    "codecs",
    [
        {"compressors": None},
        {"compressors": numcodecs.Zlib(1)},
        {"compressors": {"id": "bz2", "level": 1}},
        {"compressors": numcodecs.Blosc("lz4", 5, -1)},
        {"filters": [numcodecs.Delta("<i4")]},
        {"filters": [numcodecs.Delta("<i4", "<i2"), numcodecs.Shuffle(2)], "compressors": numcodecs.LZ4()},
        {"filters": numcodecs.CRC32(), "compressors": numcodecs.GZip(1)},
    ],
    ids=lambda codecs: " ".join(map(str, codecs.values())),
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_written_read_resized_and_appended_to(store, codecs, order):
    values = np.arange(60, dtype="<i4").reshape(6, 10)
    array = terrazzo.create_array(
        store, shape=(6, 10), chunks=(4, 3), dtype="<i4", zarr_format=2, order=order, **codecs
    )
    array[:4] = values[:4]
    array[4:, 2:9] = values[4:, 2:9]
    values[4:, :2] = values[4:, 9:] = 0
    again = terrazzo.open_array(store)
    np.testing.assert_array_equal(again[...], values)
    assert again[5, 3] == values[5, 3]
    again.append(values[:3])
    np.testing.assert_array_equal(terrazzo.open_array(store)[...], np.concatenate([values, values[:3]]))
    again.resize((3, 5))
    again.resize((4, 6))
    values[3:] = values[:, 5:] = 0
    np.testing.assert_array_equal(terrazzo.open_array(store)[...], values[:4, :6])


def test_attributes_are_in_a_document_of_their_own(store):
    root = terrazzo.create_group(store, zarr_format=2, attributes={"a": 1})
    array = root.create_array("x", data=np.arange(3))
    before = contents_of(store)
    array.attrs["unit"] = "m"
    root.attrs["b"] = 2
    changed = contents_of(store)
    assert {key for key in changed if changed[key] != before[key]} == {".zattrs", "x/.zattrs"}
    assert dict(terrazzo.open_group(store).attrs) == {"a": 1, "b": 2}
    assert dict(terrazzo.open_array(store, path="x").attrs) == {"unit": "m"}


def test_attributes_may_be_missing(store):
    fill(store, {".zgroup": V2_GROUP, "x/.zarray": document_v2()})
    assert dict(terrazzo.open_group(store)["x"].attrs) == {}


@pytest.mark.parametrize("text", [b"[]", b"null", b"{", b""])
def test_attributes_that_are_no_object_are_refused(store, text):
    fill(store, {"x/.zarray": document_v2(), "x/.zattrs": text})
    with pytest.raises(MetadataValidationError, match=r"x/\.zattrs"):
        terrazzo.open_array(store, path="x")


def test_absent_chunks_of_an_undefined_fill_value_are_the_default_and_no_chunk_is_left_out(store):
    array = terrazzo.create_array(store, shape=(4,), chunks=(2,), dtype="<i2", zarr_format=2, fill_value=None)
    assert array.fill_value is None
    assert json.loads(contents_of(store)[".zarray"])["fill_value"] is None
    np.testing.assert_array_equal(array[:], [0, 0, 0, 0])
    array[:2] = 0
    assert "0" in contents_of(store)
    assert "1" not in contents_of(store)


def test_members_of_a_group_are_of_its_format(store):
    root = terrazzo.create_group(store, zarr_format=2)
    root.create_group("g").create_array("x", shape=(2,), dtype="i4")
    root["y"] = np.arange(2)
    root.require_group("g/h")
    assert not [key for key in contents_of(store) if key.endswith("zarr.json")]
    assert [path for path, _ in root.members(max_depth=None)] == ["g", "y", "g/h", "g/x"]
    assert "g/x" in root
    assert root.tree().__repr__().count("\n") == 4
    del root["g"]
    assert sorted(root) == ["y"]
    assert not [key for key in contents_of(store) if key.startswith("g")]


def test_both_formats_stand_side_by_side_and_format_3_comes_first(store):
    fill(store, {".zgroup": V2_GROUP, ".zattrs": b'{"format": 2}', "x/.zarray": document_v2()})
    fill(store, {"zarr.json": b'{"zarr_format": 3, "node_type": "group", "attributes": {"format": 3}}'})
    for zarr_format in (2, 3):
        group = terrazzo.open_group(store, zarr_format=zarr_format, mode="r")
        assert dict(group.attrs) == {"format": zarr_format}
        assert list(group) == (["x"] if zarr_format == 2 else [])
        assert dict(terrazzo.open(store, zarr_format=zarr_format, mode="r").attrs) == {"format": zarr_format}
    assert terrazzo.open_group(store, mode="r").metadata.zarr_format == 3
    assert terrazzo.open_array(store, path="x").metadata.zarr_format == 2


def test_a_node_of_one_format_is_not_found_as_the_other(store):
    terrazzo.create_array(store, name="g/x", data=[1], zarr_format=2)
    terrazzo.create_array(store, name="h/x", data=[1], zarr_format=2, overwrite=True)
    with pytest.raises(ArrayNotFoundError, match="of Zarr format 3"):
        terrazzo.open_array(store, path="g/x", zarr_format=3)
    with pytest.raises(GroupNotFoundError, match="of Zarr format 3"):
        terrazzo.open_group(store, path="g", zarr_format=3, mode="r")
    with pytest.raises(GroupNotFoundError, match="of Zarr format 3"):
        terrazzo.open(store, path="g", zarr_format=3, mode="r")


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_is_there_is_not_hidden_by_a_node_of_the_other_format(store, zarr_format):
    other = 5 - zarr_format
    terrazzo.create_array(store, name="g/x", data=[1], zarr_format=zarr_format)
    before = contents_of(store)
    with pytest.raises(ContainsArrayError):
        terrazzo.create_array(store, name="g/x", data=[1], zarr_format=other)
    with pytest.raises(ContainsGroupError):
        terrazzo.create_group(store, path="g", zarr_format=other)
    with pytest.raises(ValueError, match=f"give zarr_format={zarr_format}"):
        terrazzo.create_group(store, path="g/new", zarr_format=other)
    with pytest.raises(ValueError, match="is an array"):
        terrazzo.create_group(store, path="g/x/new", zarr_format=zarr_format)
    assert contents_of(store) == before
    terrazzo.create_group(store, path="", overwrite=True, zarr_format=other)
    assert not [key for key in contents_of(store) if key in before]


def test_an_array_beside_a_group_is_opened_and_in_the_way(store):
    fill(store, {"n/.zgroup": V2_GROUP, "n/.zarray": document_v2()})
    assert terrazzo.open(store, path="n", mode="r").shape == (4,)
    with pytest.raises(ContainsArrayAndGroupError):
        terrazzo.create_group(store, path="n", zarr_format=2)
    terrazzo.create_group(store, path="n", zarr_format=2, overwrite=True)
    assert "n/.zarray" not in contents_of(store)


@pytest.mark.parametrize("text", [b"{}", b'{"zarr_format": 3}', b'{"zarr_format": "2"}', b"[]", b"{"])
def test_a_group_of_no_format_is_refused(store, text):
    fill(store, {"g/.zgroup": text})
    with pytest.raises(MetadataValidationError, match=r"g/\.zgroup"):
        terrazzo.open_group(store, path="g", mode="r")


@pytest.mark.parametrize(
    "arguments",
    [
        {"shards": (4,)},
        {"dimension_names": ["a"]},
        {"serializer": {"name": "bytes"}},
        {"chunk_key_encoding": {"name": "default", "separator": "/"}},
        {"compressors": "zlib"},
        {"chunks": [[1, 3]]},
        {"compressors": GzipCodec()},
    ],
)
def test_what_format_2_does_not_have_is_refused(store, arguments):
    with pytest.raises(ValueError, match=r"format 2|v2"):
        terrazzo.create_array(store, **{"shape": (4,), "chunks": (2,), "dtype": "i4", "zarr_format": 2, **arguments})
    assert contents_of(store) == {}


def test_there_is_one_compressor(store):
    with pytest.raises(TypeError, match="one compressor, got 2"):
        terrazzo.create_array(
            store, shape=(4,), dtype="i4", zarr_format=2, compressors=[numcodecs.Zlib(), numcodecs.BZ2()]
        )
    terrazzo.create_array(store, shape=(4,), dtype="i4", zarr_format=2, compressors=[numcodecs.Zlib()])
    assert json.loads(contents_of(store)[".zarray"])["compressor"] == {"id": "zlib", "level": 1}


def test_create_takes_the_arguments_of_format_2():
    values = {}
    array = terrazzo.create(
        (4, 6),
        chunks=3,
        dtype="<i4",
        compressor={"id": "zlib", "level": 2},
        filters=[numcodecs.Delta("<i4")],
        dimension_separator="/",
        order="F",
        zarr_format=2,
        store=values,
    )
    array[:] = 7
    assert array.filters == (numcodecs.Delta("<i4"),)
    assert array.compressors == (numcodecs.Zlib(2),)
    assert array.serializer is None
    assert "1/1" in values
    with pytest.raises(ValueError, match="no meaning in Zarr format 2"):
        terrazzo.create((4,), codecs=[{"name": "bytes"}], zarr_format=2)
    with pytest.raises(ValueError, match="give one of them"):
        terrazzo.create((4,), dimension_separator=".", chunk_key_encoding=("v2", "."), zarr_format=2)
    like = terrazzo.zeros_like(array, zarr_format=2)
    assert (like.filters, like.compressors) == (array.filters, array.compressors)
    assert terrazzo.zeros_like(array, zarr_format=3).metadata.zarr_format == 3


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_copy_may_be_of_another_format(store, zarr_format):
    source = terrazzo.create_array(
        None, data=np.arange(12).reshape(3, 4), chunks=2, zarr_format=5 - zarr_format, fill_value=5, attributes={"a": 1}
    )
    copy = terrazzo.create_array(store, data=source, chunks=source.chunks, zarr_format=zarr_format)
    np.testing.assert_array_equal(copy[:], source[:])
    assert (copy.metadata.zarr_format, copy.chunks, copy.fill_value) == (zarr_format, (2, 2), 5)
    assert dict(copy.attrs) == {"a": 1}


def test_the_report_says_the_format():
    array = terrazzo.create_array(None, shape=(4,), dtype="<i4", zarr_format=2)
    text = str(array.info)
    assert "Zarr format        : 2" in text
    assert "Compressors        : (Zstd(level=0),)" in text
    assert "Serializer" not in text
    assert "Zarr format : 2" in str(terrazzo.create_group(None, zarr_format=2).info)


def test_opening_looks_for_format_3_first(driven):
    inner = MemoryStore()
    terrazzo.create_array(inner, name="g/x", data=[1, 2], zarr_format=2)
    counting = CountingStore(driven(inner))
    terrazzo.open_array(counting, path="g/x")
    assert sorted(counting.keys("get")) == ["g/x/.zarray", "g/x/.zattrs", "g/x/.zgroup", "g/x/zarr.json"]
    counting.reset()
    terrazzo.open_array(counting, path="g/x", zarr_format=2)
    assert counting.counts == {"get": 3}


def test_arrays_that_groups_create_are_compressed_by_blosc_as_zarr_python_does(store):
    group = terrazzo.create_group(store, zarr_format=2)
    blosc = {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}
    for name, given, expected in (
        ("a", {}, blosc), ("b", {"compressors": "auto"}, blosc), ("c", {"compressors": None}, None),
        ("d", {"compressors": {"id": "zlib", "level": 1}}, {"id": "zlib", "level": 1}),
    ):  # fmt: skip
        group.create_array(name, shape=(4,), chunks=(2,), dtype="int32", **given)[:] = 7
        assert json.loads(contents_of(store)[f"{name}/.zarray"])["compressor"] == expected
        assert group[name][:].tolist() == [7] * 4
    terrazzo.create_array(store, name="e", shape=(4,), dtype="int32", zarr_format=2)
    assert json.loads(contents_of(store)["e/.zarray"])["compressor"] == {"id": "zstd", "level": 0}
