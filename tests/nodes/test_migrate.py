import asyncio
import json

import numcodecs
import numpy as np
import pytest

import terrazzo
from terrazzo.api.synchronous import migrate_v2_to_v3, remove_metadata
from terrazzo.errors import (
    ContainsArrayError,
    ContainsGroupError,
    MetadataValidationError,
    NodeNotFoundError,
    UnknownCodecError,
)
from terrazzo.metadata.migrate import convert_metadata
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import FailingStore
from tests.stored import contents_of, document_v2, fill

NUMBERS = np.arange(20).reshape(4, 5)

ARRAYS = {
    "big endian": {"data": NUMBERS.astype(">i4")},
    "one byte": {"data": NUMBERS.astype("u1")},
    "order F": {"data": NUMBERS.astype("<f8"), "order": "F"},
    "separator": {"data": NUMBERS.astype("<i2"), "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "uncompressed": {"data": NUMBERS.astype("<i2"), "compressors": None},
    "no dimensions": {"data": np.float32(1.5), "order": "F"},
    "blosc": {"data": NUMBERS.astype("<i2"), "compressors": numcodecs.Blosc("lz4", 5, -1)},
    "blosc of one byte": {"data": NUMBERS.astype("u1"), "compressors": numcodecs.Blosc("zstd", 3, -1)},
    "gzip": {"data": NUMBERS.astype("<i2"), "compressors": numcodecs.GZip(3)},
    "zlib": {"data": NUMBERS.astype("<i2"), "compressors": numcodecs.Zlib(3)},
    "bz2": {"data": NUMBERS.astype("<i2"), "compressors": numcodecs.BZ2()},
    "zstd with a checksum": {"data": NUMBERS.astype("<i2"), "compressors": numcodecs.Zstd(3, checksum=True)},
    "delta": {"data": NUMBERS.astype(">i4"), "filters": [numcodecs.Delta(">i4")]},
    "delta to fewer bytes": {"data": NUMBERS.astype("<i4"), "filters": [numcodecs.Delta("<i4", ">i2")]},
    "delta and shuffle": {
        "data": NUMBERS.astype("<i4"),
        "filters": [numcodecs.Delta("<i4"), numcodecs.Shuffle(4)],
        "compressors": numcodecs.LZ4(),
    },
    "scaled": {"data": NUMBERS.astype("<f8"), "filters": [numcodecs.FixedScaleOffset(2, 4, "<f8", "u1")]},
    "packed bits": {"data": NUMBERS % 3 == 0, "filters": [numcodecs.PackBits()]},
    "checksum": {"data": NUMBERS.astype("<i2"), "filters": [numcodecs.CRC32()], "order": "F"},
    "text": {"data": NUMBERS.astype("<U3")},
    "text of any length": {"data": NUMBERS.astype("T")},
    "dates": {"data": NUMBERS.astype("<M8[s]")},
    "fields": {"data": np.array([(1, 2.5), (3, 4.5)], dtype=[("a", ">i2"), ("b", ">f8")])},
    "an undefined fill value": {"data": NUMBERS.astype("<i2"), "fill_value": None},
}


@pytest.mark.parametrize("arguments", ARRAYS.values(), ids=ARRAYS)
def test_the_chunks_are_read_as_before_and_stay(store, arguments):
    chunks = 2 if np.ndim(arguments["data"]) else ()
    source = terrazzo.create_array(store, name="g/x", zarr_format=2, chunks=chunks, attributes={"a": 1}, **arguments)
    if source.ndim:
        source.append(source[:1])
    before = contents_of(store)
    values = source[...]
    converted = migrate_v2_to_v3(input_store=store)
    assert sorted(converted) == ["", "g", "g/x"]
    stored = contents_of(store)
    assert {key: stored[key] for key in before} == before
    assert sorted(set(stored) - set(before)) == ["g/x/zarr.json", "g/zarr.json", "zarr.json"]
    migrated = terrazzo.open_group(store)["g/x"]
    assert migrated.metadata.zarr_format == 3
    assert migrated.metadata == converted["g/x"]
    assert dict(migrated.attrs) == {"a": 1}
    np.testing.assert_array_equal(migrated[...], values)
    if source.ndim:  # what is written as format 3 is read as format 2
        migrated[:2] = values[-2:]
        np.testing.assert_array_equal(terrazzo.open_array(store, path="g/x", zarr_format=2)[:2], values[-2:])


def test_names_of_dimensions_become_those_of_format_3(store):
    terrazzo.create_array(store, data=NUMBERS, zarr_format=2, attributes={"_ARRAY_DIMENSIONS": ["y", "x"], "unit": "m"})
    migrate_v2_to_v3(input_store=store)
    document = json.loads(contents_of(store)["zarr.json"])
    assert document["dimension_names"] == ["y", "x"]
    assert document["attributes"] == {"unit": "m"}


@pytest.mark.parametrize("names", ["yx", ["y"], ["y", 1], {"y": 1}, None])
def test_what_are_no_names_of_dimensions_stays_an_attribute(names):
    source = terrazzo.create_array(None, data=NUMBERS, zarr_format=2, attributes={"_ARRAY_DIMENSIONS": names})
    converted = convert_metadata(source.metadata)
    assert converted.dimension_names is None
    assert converted.attributes == {"_ARRAY_DIMENSIONS": names}


def test_metadata_of_format_3_stay():
    metadata = terrazzo.create_array(None, data=NUMBERS).metadata
    assert convert_metadata(metadata) is metadata


def test_a_dry_run_writes_nothing(store):
    terrazzo.create_array(store, name="x", data=NUMBERS, zarr_format=2)
    before = contents_of(store)
    converted = migrate_v2_to_v3(input_store=store, dry_run=True)
    assert converted["x"].zarr_format == 3
    assert contents_of(store) == before


def test_documents_may_go_to_another_store(store):
    terrazzo.create_array(store, name="x", data=NUMBERS, zarr_format=2)
    before = contents_of(store)
    target = MemoryStore()
    migrate_v2_to_v3(input_store=store, output_store=target)
    assert sorted(contents_of(target)) == ["x/zarr.json", "zarr.json"]
    assert contents_of(store) == before


def test_what_format_3_cannot_say_is_named_before_anything_is_written(store):
    fill(
        store,
        {
            ".zgroup": b'{"zarr_format": 2}',
            "good/.zarray": document_v2(),
            "mixed/.zarray": document_v2(dtype=[["a", "<i2"], ["b", ">i2"]], fill_value=None),
        },
    )
    before = contents_of(store)
    with pytest.raises(MetadataValidationError, match="mixed") as caught:
        migrate_v2_to_v3(input_store=store)
    assert caught.value.field == "dtype"
    assert contents_of(store) == before


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (document_v2(dtype="|O", fill_value=None, filters=[{"id": "json2"}]), MetadataValidationError),
        (document_v2(compressor={"id": "nobody.knows"}), UnknownCodecError),
        (document_v2(filters=[{"id": "nobody.knows"}]), UnknownCodecError),
    ],
)
def test_what_is_not_known_is_not_converted(store, document, error):
    fill(store, {"x/.zarray": document})
    with pytest.raises(error, match="x"):
        migrate_v2_to_v3(input_store=StorePath(store, "x"))
    assert list(contents_of(store)) == ["x/.zarray"]


def test_documents_of_format_3_are_not_replaced_unasked(store):
    terrazzo.create_array(store, name="g/x", data=NUMBERS, zarr_format=2)
    migrate_v2_to_v3(input_store=store)
    terrazzo.open_group(store, zarr_format=3).attrs["new"] = 1
    before = contents_of(store)
    with pytest.raises(ContainsGroupError, match="overwrite=True"):
        migrate_v2_to_v3(input_store=store)
    with pytest.raises(ContainsArrayError, match="overwrite=True"):
        migrate_v2_to_v3(input_store=StorePath(store, "g/x"))
    assert contents_of(store) == before
    migrate_v2_to_v3(input_store=store, overwrite=True)
    assert dict(terrazzo.open_group(store, zarr_format=3).attrs) == {}


def test_there_must_be_something_of_format_2(store):
    terrazzo.create_array(store, data=NUMBERS)
    with pytest.raises(NodeNotFoundError, match="format 2"):
        migrate_v2_to_v3(input_store=store)


def test_a_migration_cut_short_leaves_the_root_of_format_2():
    inner = MemoryStore()
    terrazzo.create_array(inner, name="g/x", data=NUMBERS, zarr_format=2)
    failing = FailingStore(inner, lambda request: request.operation == "set" and request.key == "g/zarr.json")
    with pytest.raises(OSError, match="simulated"):
        migrate_v2_to_v3(input_store=failing)
    root = terrazzo.open_group(inner)
    assert root.metadata.zarr_format == 2
    np.testing.assert_array_equal(root["g/x"][:], NUMBERS)


def test_documents_of_one_format_are_removed(store):
    terrazzo.create_array(store, name="g/x", data=NUMBERS, zarr_format=2)
    terrazzo.consolidate_metadata(store)
    whole = contents_of(store)
    with pytest.raises(ValueError, match="force=True"):
        remove_metadata(store, 2)
    assert contents_of(store) == whole
    migrate_v2_to_v3(input_store=store)
    listed = remove_metadata(store, 2, dry_run=True)
    assert ".zmetadata" in listed
    assert remove_metadata(store, 2) == listed
    assert sorted(key for key in contents_of(store) if "zarr" in key or key.startswith(".z")) == [
        "g/x/zarr.json",
        "g/zarr.json",
        "zarr.json",
    ]
    np.testing.assert_array_equal(terrazzo.open_group(store)["g/x"][:], NUMBERS)
    with pytest.raises(NodeNotFoundError):
        remove_metadata(store, 2)
    remove_metadata(store, 3, force=True)
    assert not [key for key in contents_of(store) if "zarr" in key]


def test_asynchronous_callers_have_the_same():
    from terrazzo.api import asynchronous

    async def main():
        store = MemoryStore()
        await asynchronous.create_array(store, data=NUMBERS, zarr_format=2)
        await asynchronous.migrate_v2_to_v3(input_store=store)
        return await asynchronous.remove_metadata(store, 2)

    assert sorted(asyncio.run(main())) == [".zarray", ".zattrs"]
