"""What is written against zarr-python's own contracts is taken by terrazzo: its stores, codecs, buffers, data types,
arrays and pipelines, zarrs-python's above all."""

import json
from dataclasses import dataclass

import fsspec
import numpy as np
import pytest
import zarr
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from zarr.abc.codec import BytesBytesCodec
from zarr.core.array_spec import ArrayConfig
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.core.chunk_key_encodings import V2ChunkKeyEncoding
from zarr.core.metadata.v3 import RegularChunkGridMetadata

import terrazzo

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers

DATA = np.arange(60, dtype="i4").reshape(6, 10)


def stores(folder):
    yield zarr.storage.MemoryStore()
    yield zarr.storage.LocalStore(folder / "local")
    yield zarr.storage.ZipStore(folder / "array.zip", mode="w")
    yield zarr.storage.WrapperStore(zarr.storage.MemoryStore())
    yield zarr.storage.LoggingStore(zarr.storage.MemoryStore())
    memory = AsyncFileSystemWrapper(fsspec.filesystem("memory"), asynchronous=True)
    yield zarr.storage.FsspecStore(memory, path=f"/{folder.name}")


@pytest.mark.parametrize("number", range(6))
def test_a_store_of_zarr_python_is_a_store(number, tmp_path):
    store = list(stores(tmp_path))[number]
    array = terrazzo.create_array(store, name="a/b", data=DATA, chunks=(2, 5), shards=(4, 10))
    assert (zarr.open_array(store, path="a/b")[...] == DATA).all()
    assert (terrazzo.open_array(zarr.storage.StorePath(store, "a/b"))[1:5, ::3] == DATA[1:5, ::3]).all()
    assert list(terrazzo.open_group(store)) == ["a"]
    assert array.store == store
    if not isinstance(store, zarr.storage.ZipStore):
        array[0] = 5
        assert (zarr.open_array(store, path="a/b", mode="r")[0] == 5).all()
        terrazzo.create_group(store, path="a", overwrite=True)
        assert list(zarr.open_group(store, path="a")) == []


def document(array):
    """The metadata as they are stored."""
    return json.loads(json.dumps(array.metadata.to_dict()))


def test_arguments_of_zarr_python_say_what_they_say_there():
    arguments = {
        "shape": DATA.shape,
        "dtype": zarr.dtype.Int32(endianness="big"),
        "chunks": (2, 5),
        "filters": [zarr.codecs.TransposeCodec(order=(1, 0))],
        "serializer": zarr.codecs.BytesCodec(endian="big"),
        "compressors": [zarr.codecs.BloscCodec(), zarr.codecs.Crc32cCodec()],
    }
    theirs = zarr.create_array({}, **arguments)
    ours = terrazzo.create_array({}, **arguments)
    assert document(ours) == document(theirs)
    assert ours.dtype == theirs.dtype
    assert isinstance(ours.compressors[0], terrazzo.codecs.BloscCodec)
    sharded = zarr.codecs.ShardingCodec(chunk_shape=(1, 5), codecs=[zarr.codecs.BytesCodec(), zarr.codecs.GzipCodec()])
    kept = {"shape": DATA.shape, "dtype": "i4", "chunks": (2, 5), "serializer": sharded, "compressors": None}
    ours = terrazzo.create_array({}, **kept)
    assert document(ours) == document(zarr.create_array({}, **kept))


def test_grids_encodings_and_configurations_of_zarr_python_are_taken():
    array = terrazzo.create_array(
        {},
        shape=(4, 4),
        dtype="i4",
        chunks=RegularChunkGridMetadata(chunk_shape=(2, 3)),
        chunk_key_encoding=V2ChunkKeyEncoding(separator="/"),
        config=ArrayConfig.from_dict({"order": "F", "write_empty_chunks": True}),
    )
    assert array.chunks == (2, 3)
    array[...] = 0
    assert sorted(array.store._store_dict) == ["0/0", "0/1", "1/0", "1/1", "zarr.json"]
    assert array.order == "F"


@pytest.mark.parametrize(
    "dtype",
    [zarr.dtype.Float16(), zarr.dtype.DateTime64(unit="ms"), zarr.dtype.FixedLengthUTF32(length=3, endianness="big")],
)
def test_a_data_type_of_zarr_python_is_a_data_type(dtype):
    assert terrazzo.create_array({}, shape=3, dtype=dtype).dtype == dtype.to_native_dtype()
    assert terrazzo.create_array({}, shape=3, dtype=dtype, zarr_format=2).dtype == dtype.to_native_dtype()


def test_an_array_of_zarr_python_is_data():
    theirs = zarr.create_array({}, data=DATA, chunks=(2, 5))
    assert (terrazzo.from_array({}, data=theirs)[...] == DATA).all()
    assert (terrazzo.create_array({}, data=theirs)[...] == DATA).all()
    ours = terrazzo.create_array({}, shape=DATA.shape, dtype="i4", chunks=(4, 3))
    ours[...] = theirs
    assert (ours[...] == DATA).all()


def test_buffers_of_zarr_python_are_buffers():
    array = terrazzo.create_array({}, data=DATA, chunks=(4, 3))
    prototype = default_buffer_prototype()
    assert (array.get_basic_selection((slice(1, 3), 2), prototype=prototype) == DATA[1:3, 2]).all()
    out = prototype.nd_buffer.empty(DATA.shape, "i4")
    array.get_basic_selection(..., out=out)
    assert (out.as_numpy_array() == DATA).all()
    array.set_basic_selection(0, 7, prototype=prototype)
    with terrazzo.config.set({"buffer": "zarr.core.buffer.cpu.Buffer", "ndbuffer": "zarr.core.buffer.cpu.NDBuffer"}):
        assert (array[0] == 7).all()


@dataclass(frozen=True)
class Flip(BytesBytesCodec):
    """Inverts every bit."""

    is_fixed_size = True

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "interop.flip"}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    async def _decode_single(self, chunk_bytes, chunk_spec):
        assert isinstance(chunk_bytes, Buffer)
        assert isinstance(chunk_spec.dtype, zarr.dtype.ZDType)
        return chunk_spec.prototype.buffer.from_bytes(bytes(255 - byte for byte in chunk_bytes.to_bytes()))

    _encode_single = _decode_single


def test_a_codec_written_for_zarr_python_encodes():
    zarr.registry.register_codec("interop.flip", Flip)
    terrazzo.registry.register_codec("interop.flip", Flip)
    store = zarr.storage.MemoryStore()
    terrazzo.create_array(store, data=DATA, chunks=(4, 3), compressors=[Flip()])
    assert (zarr.open_array(store)[...] == DATA).all()
    assert (terrazzo.open_array(store)[...] == DATA).all()


@pytest.mark.parametrize("path", ["zarrs.ZarrsCodecPipeline", "zarr.core.codec_pipeline.BatchedCodecPipeline"])
@pytest.mark.parametrize("kind", ["memory", "local", "their memory", "their local"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_pipeline_written_for_zarr_python_reads_and_writes(path, kind, zarr_format, tmp_path):
    make = {
        "memory": terrazzo.storage.MemoryStore,
        "local": lambda: terrazzo.storage.LocalStore(tmp_path),
        "their memory": zarr.storage.MemoryStore,
        "their local": lambda: zarr.storage.LocalStore(tmp_path),
    }
    store = make[kind]()
    data = DATA.copy()
    with terrazzo.config.set({"codec_pipeline.path": path}):
        array = terrazzo.create_array(store, shape=DATA.shape, dtype="i4", chunks=(4, 3), zarr_format=zarr_format)
        array[...] = data
        used = type(array.async_array.codec_pipeline)
    assert used.__module__.partition(".")[0] in ("zarrs", "zarr")
    if "local" in kind and path.startswith("zarrs"):
        assert used.__name__ == "ZarrsCodecPipeline"
        assert array.async_array.codec_pipeline.impl is not None
    array[1:3, 2] = data[1:3, 2] = [7, 8]
    array[4, 4] = data[4, 4] = -1
    rows = [0, 2], [1, 7]
    array.oindex[rows] = data[np.ix_(*rows)] = [[1, 2], [3, 4]]
    array.vindex[[0, 5], [9, 9]] = data[[0, 5], [9, 9]] = [5, 6]
    for found, expected in (
        (array[...], data),
        (array[1:5:2, -1], data[1:5:2, -1]),
        (array.oindex[[0, 3, 5], 2], data[[0, 3, 5], 2]),
        (array.oindex[[5, 0], [1, 2, 9]], data[np.ix_([5, 0], [1, 2, 9])]),
        (array.vindex[[0, 3, 5], [1, 2, 9]], data[[0, 3, 5], [1, 2, 9]]),
        (array.get_mask_selection(data % 3 == 0), data[data % 3 == 0]),
        (array[4, 4], -1),
    ):
        assert np.array_equal(found, expected)
    assert (terrazzo.open_array(store)[...] == data).all()
    if kind != "memory":
        assert (zarr.open_array(getattr(store, "root", store))[...] == data).all()
