"""Pipelines of somebody else, and that they are called as zarr-python calls them."""

import asyncio
import pickle
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.codec import CodecPipeline
from terrazzo.errors import BadConfigError, ChunkNotFoundError
from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.pipeline.batch import BatchedCodecPipeline
from terrazzo.runtime import pause
from terrazzo.settings import config
from terrazzo.spec import ArraySpec
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import HookedStore
from tests import foreign

CALLS = []


@dataclass(frozen=True)
class Plain(CodecPipeline):
    """Does what the contract says in the shortest way, one chunk after another, and notes what it is given."""

    codecs: tuple
    spec: object = None

    @classmethod
    def from_codecs(cls, codecs):
        return cls(tuple(codecs))

    def evolve_from_array_spec(self, array_spec):
        codecs = []
        spec = array_spec
        for codec in self.codecs:
            codecs.append(codec.evolve_from_array_spec(spec))
            spec = codecs[-1].resolve_metadata(spec)
        return type(self)(tuple(codecs), array_spec)

    supports_partial_decode = supports_partial_encode = False

    def validate(self, *, shape, dtype, chunk_grid):
        for codec in self.codecs:
            codec.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)

    def compute_encoded_size(self, byte_length, array_spec):
        for codec in self.codecs:
            byte_length = codec.compute_encoded_size(byte_length, array_spec)
        return byte_length

    async def decode(self, chunk_bytes_and_specs):
        decoded = []
        for data, spec in chunk_bytes_and_specs:
            specs = [spec]
            for codec in self.codecs:
                specs.append(codec.resolve_metadata(specs[-1]))
            for codec, own in zip(reversed(self.codecs), reversed(specs[:-1]), strict=True):
                data = None if data is None else await codec._decode_single(data, own)
            decoded.append(data)
        return decoded

    async def encode(self, chunk_arrays_and_specs):
        encoded = []
        for data, spec in chunk_arrays_and_specs:
            for codec in self.codecs:
                data = await codec._encode_single(data, spec)
                spec = codec.resolve_metadata(spec)
            encoded.append(data)
        return encoded

    async def read(self, batch_info, out, drop_axes=()):
        CALLS.append(("read", list(batch_info), drop_axes))
        results = []
        for place, spec, chunk_selection, out_selection, _ in batch_info:
            (chunk,) = await self.decode([(await place.get(spec.prototype), spec)])
            if chunk is None:
                out[out_selection] = spec.fill_value
            else:
                out[out_selection] = chunk[chunk_selection].squeeze(drop_axes)
            results.append({"status": "missing" if chunk is None else "present"})
        return tuple(results)

    async def write(self, batch_info, value, drop_axes=()):
        CALLS.append(("write", list(batch_info), drop_axes))
        for place, spec, chunk_selection, out_selection, is_complete in batch_info:
            stored = None if is_complete else await place.get(spec.prototype)
            await pause()
            (chunk,) = await self.decode([(stored, spec)])
            if chunk is None:
                chunk = spec.prototype.nd_buffer.create(
                    shape=spec.shape, dtype=spec.dtype.to_native_dtype(), fill_value=spec.fill_value
                )
            part = value.as_ndarray_like() if value.shape == () else value[out_selection].as_ndarray_like()
            if value.shape and drop_axes:
                part = np.expand_dims(part, drop_axes)
            chunk = chunk.copy()
            chunk[chunk_selection] = part
            (data,) = await self.encode([(chunk, spec)])
            await place.set(data)


class OfAStore(Plain):
    """Is told the metadata and the store of the array."""

    @classmethod
    def from_array_metadata_and_store(cls, array_metadata, store):
        CALLS.append(("made", array_metadata, store))
        return cls(tuple(array_metadata.chain))


class Older:
    """What `other` has in the place of a pipeline: it subclasses nothing of ours."""


class OfOther(Plain, Older):
    """Written for the package ``other``: insists on values of its classes."""

    async def read(self, batch_info, out, drop_axes=()):
        CALLS.append(("read", list(batch_info), out))
        for place, spec, _, out_selection, _ in batch_info:
            assert spec.prototype is foreign.OTHER_PROTOTYPE
            data = await place.get(spec.prototype)
            assert type(data) is foreign.OtherBuffer
            assert await place.exists()
            out[out_selection] = foreign.OtherNDBuffer(data.array.view(spec.dtype.to_native_dtype()))

    async def write(self, batch_info, value, drop_axes=()):
        for place, _, _, out_selection, is_complete in batch_info:
            assert is_complete
            data = foreign.OtherBuffer.from_bytes(value[out_selection].array.tobytes())
            await place.set_if_not_exists(data)
            await place.delete()
            await place.set(data)


@pytest.fixture(autouse=True)
def nothing_noted():
    CALLS.clear()
    yield
    config.refresh()


def chosen(cls):
    return config.set({"codec_pipeline.path": f"{__name__}.{cls.__name__}"})


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("cls", [Plain, OfAStore])
def test_a_pipeline_reads_and_writes_any_selection(store, cls, zarr_format):
    data = np.arange(60, dtype="i4").reshape(6, 10)
    with chosen(cls):
        array = terrazzo.create_array(
            store, shape=data.shape, dtype="i4", chunks=(4, 3), zarr_format=zarr_format, fill_value=9
        )
        assert (array[...] == 9).all()
        array[...] = data
        array[1:3, 2] = [7.0, 8.0]
        array[5, 5] = -1
        array.oindex[[0, 4], [1, 7]] = [[1, 2], [3, 4]]
        array.vindex[[0, 5], [9, 9]] = [5, 6]
    data[1:3, 2] = 7, 8
    data[5, 5] = -1
    data[np.ix_([0, 4], [1, 7])] = [[1, 2], [3, 4]]
    data[[0, 5], [9, 9]] = 5, 6
    for found in (
        (array[...], data),
        (array[1:5:2, -1], data[1:5:2, -1]),
        (array.oindex[[0, 3, 5], 2], data[[0, 3, 5], 2]),
        (array.oindex[[5, 0], [1, 2, 9]], data[np.ix_([5, 0], [1, 2, 9])]),
        (array.vindex[[0, 3, 5], [1, 2, 9]], data[[0, 3, 5], [1, 2, 9]]),
        (array.get_mask_selection(data % 3 == 0), data[data % 3 == 0]),
        (array.blocks[1, 2], data[4:, 6:9]),
    ):
        assert np.array_equal(*found)
    assert array[5, 5] == -1
    assert {call[0] for call in CALLS} == {"read", "write"} | ({"made"} if cls is OfAStore else set())
    assert type(array.async_array.codec_pipeline) is cls
    assert (terrazzo.open_array(store)[...] == data).all(), "our own engine reads what it wrote"


def test_a_batch_says_of_each_chunk_where_it_is_and_what_is_selected():
    with chosen(Plain):
        array = terrazzo.create_array({}, name="a", data=np.arange(12).reshape(3, 4), chunks=(2, 4))
    assert array.async_array.codec_pipeline.spec.shape == (2, 4)
    CALLS.clear()
    array.oindex[1:, 2]
    ((_, batch, drop_axes),) = CALLS
    assert drop_axes == ()
    assert [place for place, *_ in batch] == [StorePath(array.store, "a/c/0/0"), StorePath(array.store, "a/c/1/0")]
    assert all(type(spec) is ArraySpec and spec.shape == (2, 4) for _, spec, *_ in batch)
    assert batch[0][1] is batch[1][1]
    assert [is_complete for *_, is_complete in batch] == [False, False]
    CALLS.clear()
    array[:2] = 0
    ((_, batch, _),) = CALLS
    assert [is_complete for *_, is_complete in batch] == [True]


def test_a_pipeline_is_made_of_the_metadata_and_the_store_where_it_can_be():
    store = MemoryStore()
    with chosen(OfAStore):
        array = terrazzo.create_array(store, data=[1, 2])
    made = [call for call in CALLS if call[0] == "made"]
    assert made[0][1:] == (array.metadata, store)
    assert array.async_array.codec_pipeline.codecs == tuple(array.metadata.chain)


def test_an_absent_chunk_is_an_error_where_the_array_says_so():
    with chosen(Plain):
        array = terrazzo.create_array({}, shape=4, chunks=2, dtype="u1", config={"read_missing_chunks": False})
    array[:2] = 1
    assert array[:2].tolist() == [1, 1]
    with pytest.raises(ChunkNotFoundError, match="'c/1'") as caught:
        _ = array[:]
    assert "through Plain" in str(caught.value.__notes__)


def test_writers_of_one_chunk_wait_for_each_other():
    with chosen(Plain):
        array = terrazzo.create_array({}, shape=(2, 8), chunks=(2, 8), dtype="u1").async_array

    async def write():
        await asyncio.gather(*[array.setitem((row, column), 1) for row in range(2) for column in range(8)])

    asyncio.run(write())
    assert terrazzo.Array(array)[...].sum() == 16


def test_nothing_selected_asks_for_nothing():
    with chosen(Plain):
        array = terrazzo.create_array({}, shape=4, chunks=2, dtype="u1")
    CALLS.clear()
    assert array[2:2].shape == (0,)
    array[2:2] = 1
    assert CALLS == []


def test_fields_are_written_by_our_own_engine():
    dtype = np.dtype([("a", "<i4"), ("b", "<i2")])
    with chosen(Plain):
        array = terrazzo.create_array({}, shape=4, chunks=2, dtype=dtype)
    array["b"] = 3
    assert array["b"].tolist() == [3] * 4
    assert array["a"].tolist() == [0] * 4


def test_the_store_that_fails_is_named():
    class Failing(HookedStore):
        async def before(self, request):
            if request.operation == "set" and request.key.startswith("c"):
                raise PermissionError("no")

    with chosen(Plain):
        array = terrazzo.create_array(Failing(MemoryStore()), shape=4, dtype="u1")
    with pytest.raises(PermissionError) as caught:
        array[:] = 1
    assert "while writing array" in str(caught.value.__notes__)
    assert "through Plain" in str(caught.value.__notes__)


def test_a_pipeline_of_another_package_gets_values_of_its_classes(other_package, monkeypatch):
    monkeypatch.setattr(Older, "__module__", "other.abc.codec")

    class Codec:
        def evolve_from_array_spec(self, spec):
            return self

        def resolve_metadata(self, spec):
            return spec

    class Metadata:
        codecs = (Codec(),)

        @classmethod
        def from_dict(cls, data):
            assert data["data_type"] == "int32"
            return cls()

    monkeypatch.setattr(sys.modules["other.core.metadata.v3"], "ArrayV3Metadata", Metadata, raising=False)
    with chosen(OfOther):
        array = terrazzo.create_array({}, shape=6, chunks=3, dtype="int32", compressors=None)
    array[:] = np.arange(6)
    assert array[:].tolist() == [0, 1, 2, 3, 4, 5]
    assert isinstance(CALLS[-1][2], foreign.OtherNDBuffer)
    assert array.async_array.codec_pipeline.spec.prototype is foreign.OTHER_PROTOTYPE


def test_the_pipeline_stays_when_the_array_changes_and_when_it_is_pickled(tmp_path):
    with chosen(Plain):
        array = terrazzo.create_array(tmp_path / "a", shape=4, chunks=2, dtype="u1")
        array.resize(6)
        array[4:] = 1
        again = pickle.loads(pickle.dumps(array))
        assert again[:].tolist() == [0, 0, 0, 0, 1, 1]
        for one in (array, again):
            assert type(one.async_array.codec_pipeline) is Plain


def test_our_own_is_the_default_and_needs_nothing_in_between():
    array = terrazzo.create_array({}, data=[1, 2]).async_array
    assert type(array.codec_pipeline) is BatchedCodecPipeline
    assert array._io.foreign is None
    assert array.inline
    with config.set({"codec_pipeline.path": "no.such.Class"}), pytest.raises(BadConfigError, match=r"no\.such\.Class"):
        terrazzo.open_array(array.store)


def test_a_subclass_of_our_own_is_called():
    with chosen(Noting):
        array = terrazzo.create_array({}, data=np.arange(4), chunks=2)
    assert array[1:3].tolist() == [1, 2]
    assert [call[0] for call in CALLS] == ["write", "read"]
    array.async_array.codec_pipeline.validate(
        shape=(4,), dtype=array.metadata.data_type, chunk_grid=RegularChunkGridMetadata(chunk_shape=(2,))
    )


class Noting(BatchedCodecPipeline):
    async def read(self, batch_info, out, drop_axes=()):
        CALLS.append(("read",))
        return await super().read(batch_info, out, drop_axes)

    async def write(self, batch_info, value, drop_axes=()):
        CALLS.append(("write",))
        await super().write(batch_info, value, drop_axes)
