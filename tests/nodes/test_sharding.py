import json

import numpy as np
import pytest

import terrazzo
from terrazzo import config
from terrazzo.codecs import ShardingCodec, TransposeCodec
from terrazzo.errors import MetadataValidationError, ZarrUserWarning
from terrazzo.storage import MemoryStore
from tests.stored import contents_of, document, fill


def created(driven, **arguments):
    inner = MemoryStore()
    array = terrazzo.create_array(driven(inner), **{"dtype": "uint8", **arguments})
    return array, json.loads(inner._store_dict["zarr.json"].to_bytes())


@pytest.mark.parametrize(
    ("shape", "chunks", "shards", "want"),
    [
        ((100, 100), (10, 10), (20, 50), (20, 50)),
        ((100, 100), (10, 10), [20, 50], (20, 50)),
        ((100, 100), 10, 20, (20, 20)),
        ((100, 100), (10, 10), np.int64(20), (20, 20)),
        ((95, 80), (10, 10), -1, (100, 80)),
        ((95, 80), (10, 10), (-1, 10), (100, 10)),
        ((95,), (10,), False, (100,)),
        ((95,), (10,), {"shape": (20,)}, (20,)),
        ((0,), (10,), -1, (10,)),
        ((), (), (), ()),
        ((4,), (10,), (10,), (10,)),
    ],
)
def test_shards_have_the_shape_that_is_given(driven, shape, chunks, shards, want):
    array, document = created(driven, shape=shape, chunks=chunks, shards=shards)
    assert array.shards == want == tuple(document["chunk_grid"]["configuration"]["chunk_shape"])
    chunk_shape = tuple(np.broadcast_to(chunks, len(shape)).tolist()) if shape else ()
    assert array.chunks == chunk_shape == tuple(document["codecs"][0]["configuration"]["chunk_shape"])


@pytest.mark.parametrize(
    ("shards", "error"),
    [
        ((25,), ValueError),
        (0, ValueError),
        (-2, ValueError),
        (True, ValueError),
        ("large", ValueError),
        ((20, 20), ValueError),
        (2.5, TypeError),
        ((20.0,), TypeError),
        ({"shape": None}, ValueError),
        ({"index_location": "start"}, ValueError),
        ({"shape": (20,), "index_location": "middle"}, MetadataValidationError),
    ],
)
def test_what_is_no_shape_of_shards_is_refused_before_anything_is_written(driven, shards, error):
    inner = MemoryStore()
    with pytest.raises(error):
        terrazzo.create_array(driven(inner), shape=(100,), chunks=(10,), shards=shards, dtype="uint8")
    assert not inner._store_dict


def test_shards_are_chosen_with_a_warning(driven):
    with pytest.warns(ZarrUserWarning, match="guess"):
        array, _ = created(driven, shape=(1_000_000,), shards="auto", dtype="float64")
    assert (array.chunks, array.shards) == ((62_500,), (125_000,))
    with config.set({"array.target_shard_size_bytes": 10_000}), pytest.warns(ZarrUserWarning):
        array, _ = created(driven, shape=(50, 1000), chunks=(10, 10), shards="auto")
    assert array.shards == (50, 50)


def test_the_index_is_where_it_is_asked_for(driven):
    _, document = created(driven, shape=(8,), chunks=(2,), shards={"shape": (4,), "index_location": "start"})
    assert document["codecs"][0]["configuration"]["index_location"] == "start"
    _, document = created(driven, shape=(8,), chunks=(2,), shards={"shape": (4,), "index_location": None})
    assert document["codecs"][0]["configuration"]["index_location"] == "end"


def test_shards_may_differ_in_shape(store):
    array = terrazzo.create_array(
        store, shape=(11, 8), chunks=(2, 4), shards=[[2, 6, 4], 8], dtype="int16", fill_value=-1
    )
    assert (array.chunks, array.write_chunk_sizes) == ((2, 4), ((2, 6, 3), (8,)))
    assert array.read_chunk_sizes == ((2, 2, 2, 2, 2, 1), (4, 4))
    with pytest.raises(NotImplementedError, match="rectilinear"):
        _ = array.shards
    model = np.arange(88, dtype="int16").reshape(11, 8)
    array[...] = model
    array[1:9:3, 3:6] = 5
    model[1:9:3, 3:6] = 5
    reopened = terrazzo.open_array(store)
    assert np.array_equal(reopened[...], model)
    assert np.array_equal(reopened[2:10:2, 1], model[2:10:2, 1])


def test_chunks_divide_every_shard(driven):
    with pytest.raises(ValueError, match="whole chunks of 2"):
        created(driven, shape=(8,), chunks=(2,), shards=[[2, 3, 3]])
    grid = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[4, 3]]}}
    inner = MemoryStore()
    fill(inner, {"zarr.json": document(shape=[7], chunk_grid=grid, codecs=[ShardingCodec(chunk_shape=(2,)).to_dict()])})
    with pytest.raises(MetadataValidationError, match="does not divide") as caught:
        terrazzo.open_array(driven(inner))
    assert caught.value.field == "codecs[0].configuration.chunk_shape[0]"


def test_codecs_are_those_of_the_chunks(driven):
    array, document = created(
        driven, shape=(8, 8), chunks=(2, 4), shards=(4, 4), filters=[TransposeCodec(order=(1, 0))], dtype="int16"
    )
    (codec,) = document["codecs"]
    assert [inner["name"] for inner in codec["configuration"]["codecs"]] == ["transpose", "bytes", "zstd"]
    assert array.filters == (TransposeCodec(order=(1, 0)),)
    assert [type(codec).__name__ for codec in (array.serializer, *array.compressors)] == ["BytesCodec", "ZstdCodec"]


def test_counts_and_sizes_are_those_of_chunks_and_of_shards(store):
    array = terrazzo.create_array(store, shape=(10, 7), chunks=(2, 2), shards=(4, 4), dtype="int16")
    assert (array.nchunks, array.cdata_shape) == (20, (5, 4))
    assert array.read_chunk_sizes == ((2, 2, 2, 2, 2), (2, 2, 2, 1))
    assert array.write_chunk_sizes == ((4, 4, 2), (4, 3))
    assert array.nchunks_initialized == 0
    array[0, 0] = 1
    assert array.nchunks_initialized == 4
    info = str(array.info)
    assert "Shard shape        : (4, 4)\nChunk shape        : (2, 2)\n" in info
    assert "Shards Initialized : 1" in str(array.info_complete())


def test_an_array_with_other_codecs_beside_the_shards_has_chunks_that_are_stored_alone(driven):
    array, _ = created(
        driven,
        shape=(8, 6),
        chunks=(4, 6),
        filters=[TransposeCodec(order=(1, 0))],
        serializer=ShardingCodec(chunk_shape=(3, 2)),
    )
    assert (array.chunks, array.shards, array.nchunks) == ((4, 6), None, 2)
    array[...] = np.arange(48).reshape(8, 6)
    assert np.array_equal(array[3:, 1], np.arange(48).reshape(8, 6)[3:, 1])


@pytest.mark.parametrize("like", [terrazzo.zeros_like, terrazzo.empty_like])
def test_an_array_like_another_has_its_shards(driven, like):
    array, _ = created(driven, shape=(8, 8), chunks=(2, 2), shards=(4, 4))
    other = like(array)
    assert (other.chunks, other.shards) == ((2, 2), (4, 4))
    assert like(array, shape=(5,)).shards is None


def test_a_copy_of_an_array_has_its_shards(driven):
    array, _ = created(driven, shape=(8, 8), chunks=(2, 2), shards=(4, 4))
    array[2:5, 3:] = 7
    copied = terrazzo.array(array)
    assert copied.shards == (4, 4)
    assert np.array_equal(copied[...], array[...])


def test_a_sharded_array_grows_and_shrinks(store):
    array = terrazzo.create_array(store, shape=(6, 6), chunks=(2, 2), shards=(4, 4), dtype="int16", fill_value=-1)
    model = np.arange(36, dtype="int16").reshape(6, 6)
    array[...] = model
    array.resize((3, 5))
    assert np.array_equal(array[...], model[:3, :5])
    assert set(contents_of(store)) == {"zarr.json", "c/0/0", "c/0/1"}
    array.resize((9, 9))
    expected = np.full((9, 9), -1, dtype="int16")
    expected[:3, :5] = model[:3, :5]
    assert np.array_equal(array[...], expected)
    assert array.append(np.ones((2, 9), dtype="int16")) == (11, 9)
    assert np.array_equal(array[...], np.vstack([expected, np.ones((2, 9), dtype="int16")]))
