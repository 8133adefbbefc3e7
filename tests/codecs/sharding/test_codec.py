import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo import config
from terrazzo.abc.byte_range import RangeByteRequest, SuffixByteRequest, resolve
from terrazzo.codecs import (
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    ScaleOffset,
    ShardingCodec,
    ShardingCodecIndexLocation,
    TransposeCodec,
    ZstdCodec,
    sharding,
)
from terrazzo.errors import MetadataValidationError
from terrazzo.registry import get_codec_class
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from tests.helpers import AsyncFlip, AsyncNegate, AsyncText, buffer_of, on_a_loop, spec_of
from tests.stored import contents_of, document, fill, grid

LITTLE = {"name": "bytes", "configuration": {"endian": "little"}}
DOCUMENT = {
    "name": "sharding_indexed",
    "configuration": {
        "chunk_shape": [2, 3],
        "codecs": [LITTLE, {"name": "zstd", "configuration": {"level": 1, "checksum": False}}],
        "index_codecs": [LITTLE, {"name": "crc32c"}],
        "index_location": "start",
    },
}


def with_configuration(**members):
    configuration = {**DOCUMENT["configuration"], **members}
    return {"name": "sharding_indexed", "configuration": {k: v for k, v in configuration.items() if v is not ...}}


# -- JSON


def test_json():
    codec = ShardingCodec.from_dict(DOCUMENT)
    assert codec == ShardingCodec(
        chunk_shape=np.array([2, 3]),
        codecs=[BytesCodec(endian="little"), ZstdCodec(level=1)],
        index_location=ShardingCodecIndexLocation.start,
    )
    assert codec.to_dict() == DOCUMENT
    assert json.loads(json.dumps(codec.to_dict())) == DOCUMENT
    assert get_codec_class("sharding_indexed") is ShardingCodec


def test_what_is_not_given_is_as_in_zarr_python():
    codec = ShardingCodec(chunk_shape=4)
    assert codec.chunk_shape == (4,)
    assert codec.codecs == (BytesCodec(endian="little"),)
    assert codec.index_codecs == (BytesCodec(endian="little"), Crc32cCodec())
    assert (codec.index_location, codec.subchunk_write_order) == ("end", "morton")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"chunk_shape": ...}, "configuration.chunk_shape"),
        ({"chunk_shape": [2, 0]}, "configuration.chunk_shape[1]"),
        ({"chunk_shape": [2, -1]}, "configuration.chunk_shape[1]"),
        ({"chunk_shape": [2, 1.5]}, "configuration.chunk_shape[1]"),
        ({"chunk_shape": "23"}, "configuration.chunk_shape"),
        ({"chunk_shape": None}, "configuration.chunk_shape"),
        ({"codecs": []}, "configuration.codecs"),
        ({"codecs": {"name": "bytes"}}, "configuration.codecs"),
        ({"codecs": [{"name": "crc32c"}, LITTLE]}, "configuration.codecs"),
        ({"codecs": [LITTLE, {"name": "gzip", "configuration": {"level": 99}}]}, "configuration.codecs[1]"),
        ({"index_codecs": [LITTLE, LITTLE]}, "configuration.index_codecs"),
        ({"index_codecs": None}, "configuration.index_codecs"),
        ({"index_location": "middle"}, "configuration.index_location"),
        ({"index_location": None}, "configuration.index_location"),
        ({"subchunk_write_order": "morton"}, "configuration.subchunk_write_order"),
    ],
)
def test_a_configuration_in_error_is_refused_by_its_field(members, field):
    with pytest.raises(MetadataValidationError) as caught:
        ShardingCodec.from_dict(with_configuration(**members))
    assert caught.value.field.startswith(field)


def test_an_order_has_one_of_four_names():
    with pytest.raises(MetadataValidationError, match="'zigzag'") as caught:
        ShardingCodec(chunk_shape=(2,), subchunk_write_order="zigzag")
    assert caught.value.field == "subchunk_write_order"


@pytest.mark.parametrize(
    ("shape", "members", "field"),
    [
        ((4, 7), {}, "codecs[0].configuration.chunk_shape[1]"),
        ((4,), {}, "codecs[0].configuration.chunk_shape"),
        ((4, 6), {"codecs": [{"name": "bytes"}]}, "codecs[0].configuration.codecs[0].configuration.endian"),
        (
            (4, 6),
            {"codecs": [{"name": "transpose", "configuration": {"order": [0]}}, LITTLE]},
            "codecs[0].configuration.codecs[0].configuration.order",
        ),
        (
            (4, 6),
            {"index_codecs": [LITTLE, {"name": "gzip", "configuration": {"level": 1}}]},
            "codecs[0].configuration.index_codecs[1]",
        ),
        ((4, 6), {"index_codecs": [{"name": "bytes"}]}, "codecs[0].configuration.index_codecs[0].configuration.endian"),
    ],
)
def test_a_codec_that_does_not_fit_the_array_is_refused_when_it_is_opened(shape, members, field):
    store = MemoryStore()
    text = document(shape=shape, chunk_grid=grid(*shape), data_type="int16", codecs=[with_configuration(**members)])
    fill(store, {"zarr.json": text})
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.open_array(store)
    assert caught.value.field == field


def nested(depth):
    codecs = [{"name": "bytes"}]
    for _ in range(depth):
        codecs = [
            {
                "name": "sharding_indexed",
                "configuration": {"chunk_shape": [1], "codecs": codecs, "index_codecs": [LITTLE]},
            }
        ]
    return codecs


def test_MD_29_codecs_are_nested_as_deep_as_the_settings_allow(store):
    for depth in (33, 150):
        fill(store, {"zarr.json": document(codecs=nested(depth))})
        with pytest.raises(MetadataValidationError, match="nested"):
            terrazzo.open_array(store)
    with config.set({"limits.nested_codecs": 3}):
        fill(store, {"zarr.json": document(codecs=nested(3), chunk_grid=grid(1))})
        array = terrazzo.open_array(store)
        array[...] = [1, 2, 3, 4]
        assert np.array_equal(array[...], [1, 2, 3, 4])
        fill(store, {"zarr.json": document(codecs=nested(4))})
        with pytest.raises(MetadataValidationError, match="nested"):
            terrazzo.open_array(store)


# -- against numpy


@given(data=st.data())
def test_a_sharded_array_is_an_array(data, driven):
    shape = data.draw(strategies.shapes(max_side=9), label="shape")
    shard = data.draw(strategies.chunk_shapes(shape, max_chunks=3), label="shard")
    filters = data.draw(strategies.codec_chains(len(shape)), label="outside").filters
    inside = shard
    for codec in filters:
        inside = tuple(inside[axis] for axis in codec["configuration"]["order"])
    array = terrazzo.create_array(
        driven(MemoryStore()),
        shape=shape,
        chunks=shard,
        dtype=data.draw(st.sampled_from(["int16", "uint8"])),
        fill_value=7,
        filters=filters,
        serializer=data.draw(strategies.sharding_codecs(inside), label="sharding"),
        compressors=data.draw(st.sampled_from([None, GzipCodec(level=1), Crc32cCodec()])),
        config={"write_empty_chunks": data.draw(st.booleans()), "order": data.draw(st.sampled_from("CF"))},
    )
    model = np.full(shape, 7, dtype=array.dtype)
    for _ in range(4):
        selection = data.draw(strategies.basic_selections(shape), label="selection")
        target = model[selection]
        if data.draw(st.booleans()):
            value = data.draw(st.integers(5, 9), label="value")
        else:
            value = np.arange(target.size, dtype=model.dtype).reshape(target.shape)
        array[selection] = value
        model[selection] = value
        assert np.array_equal(array[...], model)
        selection = data.draw(strategies.basic_selections(shape), label="read")
        assert np.array_equal(array[selection], model[selection])
    assert np.array_equal(terrazzo.open_array(array.store)[...], model)


def test_an_array_of_no_axes_is_sharded_too(driven):
    array = terrazzo.create_array(driven(MemoryStore()), shape=(), chunks=(), shards=(), dtype="int32", fill_value=3)
    assert (array.chunks, array.shards, array.nchunks) == ((), (), 1)
    assert array[...] == 3
    array[...] = 5
    assert array[()] == 5
    assert terrazzo.open_array(array.store)[...] == 5


def test_a_shard_that_holds_only_the_fill_value_is_deleted(store):
    array = terrazzo.create_array(store, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="int16", fill_value=-1)
    array[:4, :4] = 3
    array[5, 5] = 4
    assert set(contents_of(store)) == {"zarr.json", "c/0/0", "c/1/1"}
    array[5, 5] = -1
    assert set(contents_of(store)) == {"zarr.json", "c/0/0"}
    array[:4, :4] = -1
    assert set(contents_of(store)) == {"zarr.json"}


@pytest.mark.parametrize(("write_empty", "present"), [(False, 1), (True, 4)])
def test_subchunks_of_the_fill_value_are_absent_unless_they_are_asked_for(store, write_empty, present):
    array = terrazzo.create_array(
        store, shape=(8,), chunks=(2,), shards=(8,), dtype="uint8", config={"write_empty_chunks": write_empty}
    )
    array[...] = [0, 0, 0, 5, 0, 0, 0, 0]
    index = np.frombuffer(contents_of(store)["c/0"][-68:-4], "<u8").reshape(4, 2)
    assert (index != 2**64 - 1).all(axis=1).sum() == present
    assert np.array_equal(array[...], [0, 0, 0, 5, 0, 0, 0, 0])


@pytest.mark.parametrize(
    ("order", "stored"),
    [
        ("morton", [0, 2, 1, 3]),
        ("lexicographic", [0, 1, 2, 3]),
        ("colexicographic", [0, 2, 1, 3]),
    ],
)
def test_subchunks_are_written_in_the_order_that_was_asked_for(store, order, stored):
    codec = ShardingCodec(chunk_shape=(1, 1), subchunk_write_order=order)
    array = terrazzo.create_array(
        store, shape=(2, 2), chunks=(2, 2), dtype="uint8", fill_value=9, serializer=codec, compressors=None
    )
    array[...] = [[0, 1], [2, 3]]
    assert list(contents_of(store)["c/0/0"][:4]) == stored


# -- the contract of codecs


@pytest.mark.parametrize("location", ["start", "end"])
def test_the_codec_encodes_and_decodes_by_itself(location):
    codec = ShardingCodec(chunk_shape=(2, 2), codecs=[TransposeCodec(order=(1, 0)), BytesCodec()])
    spec = spec_of((4, 6), "int32", fill_value=3)
    values = np.arange(24, dtype="int32").reshape(4, 6)
    chunk = spec.prototype.nd_buffer.from_numpy_array(values)
    encoded = codec._encode_sync(chunk, spec)
    assert len(encoded) == codec.compute_encoded_size(values.nbytes, spec) == 96 + 16 * 6 + 4
    assert np.array_equal(codec._decode_sync(encoded, spec).as_numpy_array(), values)
    again = on_a_loop(codec._decode_single(encoded, spec))
    assert np.array_equal(again.as_numpy_array(), values)
    assert codec._encode_sync(spec.prototype.nd_buffer.from_numpy_array(np.full_like(values, 3)), spec) is None


class Place:
    """One value, as foreign pipelines hand it to a codec."""

    def __init__(self, value=None):
        self.value = value

    async def get(self, prototype, byte_range=None):
        if self.value is None:
            return None
        start, end = resolve(byte_range, len(self.value))
        return self.value[start:end]

    async def set(self, value):
        self.value = value

    async def delete(self):
        self.value = None


def test_a_foreign_pipeline_reads_and_writes_parts():
    codec, spec = ShardingCodec(chunk_shape=(2,)), spec_of((6,), "uint8")
    place = Place()
    part = (slice(1, 4),)
    value = spec.prototype.nd_buffer.from_numpy_array(np.array([7, 8, 9], dtype="uint8"))
    assert list(on_a_loop(codec.decode_partial([(place, part, spec)]))) == [None]
    on_a_loop(codec.encode_partial([(place, value, part, spec)]))
    (read,) = on_a_loop(codec.decode_partial([(place, (slice(0, 5),), spec)]))
    assert np.array_equal(read.as_numpy_array(), [0, 7, 8, 9, 0])
    zeros = spec.prototype.nd_buffer.from_numpy_array(np.zeros(3, dtype="uint8"))
    on_a_loop(codec.encode_partial([(place, zeros, part, spec)]))
    assert place.value is None


def test_what_the_codecs_of_subchunks_cost_is_what_shards_cost():
    codec = ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec(), ZstdCodec()])
    assert codec.decode_ns_per_byte == BytesCodec.decode_ns_per_byte + ZstdCodec.decode_ns_per_byte
    assert codec.encode_ns_per_byte == BytesCodec.encode_ns_per_byte + ZstdCodec.encode_ns_per_byte


def test_the_size_of_a_shard_depends_on_what_is_in_it():
    with pytest.raises(MetadataValidationError, match="fixed size"):
        ShardingCodec(chunk_shape=(2,), index_codecs=[ShardingCodec(chunk_shape=(1, 1))]).evolve_from_array_spec(
            spec_of((4,))
        )
    assert not ShardingCodec.is_fixed_size


def test_foreign_bytes_are_no_shard():
    codec, spec = ShardingCodec(chunk_shape=(2,)), spec_of((4,))
    with pytest.raises(ValueError, match="too few"):
        codec._decode_sync(buffer_of(b"123"), spec)


def test_codecs_that_change_values_may_stand_outside(driven):
    inner = ShardingCodec(chunk_shape=(2, 2), codecs=[BytesCodec(), ZstdCodec()])
    array = terrazzo.create_array(
        driven(MemoryStore()),
        shape=(6, 8),
        chunks=(4, 4),
        dtype="int32",
        fill_value=7,
        filters=[ScaleOffset(offset=2, scale=3), TransposeCodec(order=(1, 0))],
        serializer=inner,
    )
    model = np.full((6, 8), 7, dtype="int32")
    for selection, value in [((slice(1, 5), 3), 4), ((slice(None), slice(2, 7, 2)), -6), ((0, 0), 7), (..., 7)]:
        array[selection] = value
        model[selection] = value
        assert np.array_equal(array[...], model)
        assert np.array_equal(array[1:6:2, 3], model[1:6:2, 3])
    assert array.nchunks_initialized == 0


@pytest.mark.parametrize(
    "codecs", [[BytesCodec(), AsyncFlip()], [AsyncNegate(), BytesCodec()], [AsyncText()]], ids=repr
)
def test_codecs_inside_may_wait(driven, codecs):
    array = terrazzo.create_array(
        driven(MemoryStore()),
        shape=(6, 8),
        chunks=(6, 8),
        dtype="int32",
        serializer=ShardingCodec(chunk_shape=(3, 2), codecs=codecs),
    )
    assert not array.async_array.inline
    model = np.arange(48, dtype="int32").reshape(6, 8)
    array[...] = model
    array[2:5, 1:4] = -1
    model[2:5, 1:4] = -1
    assert np.array_equal(array[...], model)
    assert np.array_equal(array[4, 2:], model[4, 2:])


def test_text_of_any_length_is_sharded(driven):
    array = terrazzo.create_array(
        driven(MemoryStore()), shape=(10,), chunks=(2,), shards=(6,), dtype=str, fill_value="-"
    )
    model = np.full(10, "-", dtype=object)
    for selection, value in [(slice(1, 4), ["a", "bcd" * 1000, ""]), (slice(5, 10, 2), "ö"), (2, "-")]:
        array[selection] = value
        model[selection] = value
        assert list(array[:]) == list(model)
        assert array[1] == model[1]


class Counted(Place):
    """Counts what is asked of it."""

    def __init__(self, value):
        super().__init__(value)
        self.ranges = []

    async def get(self, prototype, byte_range=None):
        self.ranges.append(byte_range)
        data = self.value.to_bytes()
        start, end = resolve(byte_range, len(data))
        return prototype.buffer.from_bytes(data[start:end])


def test_a_foreign_pipeline_reads_no_more_than_it_needs():
    codec, spec = ShardingCodec(chunk_shape=(2,)), spec_of((8,), "uint8")
    values = spec.prototype.nd_buffer.from_numpy_array(np.arange(8, dtype="uint8"))
    place = Counted(codec._encode_sync(values, spec))
    (read,) = on_a_loop(codec.decode_partial([(place, (slice(3, 4, 1),), spec)]))
    assert read.as_numpy_array().tolist() == [3]
    assert place.ranges == [SuffixByteRequest(68), RangeByteRequest(2, 4)]
    (read,) = on_a_loop(codec.decode_partial([(place, (3,), spec)]))
    assert read.shape == ()


def test_the_names_of_zarr_python_are_there():
    assert sharding.MAX_UINT_64 == 2**64 - 1
    assert sharding.INDEX_LOCATION == ("start", "end")
    assert set(sharding.SUBCHUNK_WRITE_ORDER) == {"morton", "unordered", "lexicographic", "colexicographic"}
    codec = ShardingCodec(chunk_shape=(2,), codecs=[BytesCodec(), GzipCodec()])
    assert list(codec.codec_pipeline) == [BytesCodec(), GzipCodec()]
