"""The pipeline as the contract has it, which other packages call with places and selections of their own."""

import numpy as np
import pytest

from terrazzo.abc.codec import CodecPipeline
from terrazzo.buffer import cpu
from terrazzo.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec
from terrazzo.errors import ChunkNotFoundError, CorruptDataError, MetadataValidationError
from terrazzo.grid import RegularChunkGridMetadata
from terrazzo.pipeline.batch import BatchedCodecPipeline
from terrazzo.runtime import run_inline
from terrazzo.storage import MemoryStore, StorePath
from terrazzo.testing.stores import SuspendingStore
from tests.helpers import AsyncFlip, buffer_of, on_a_loop, spec_of

WHOLE = (slice(0, 2, 1),)


@pytest.fixture(params=["inline", "on a loop"])
def run(request):
    return run_inline if request.param == "inline" else on_a_loop


@pytest.fixture
def store(request):
    return MemoryStore()


def pipeline_of(*codecs):
    return BatchedCodecPipeline.from_codecs(codecs or (BytesCodec(endian=None), GzipCodec()))


def places(store, run, count):
    wrapped = store if run is run_inline else SuspendingStore(store)
    return [StorePath(wrapped, f"c/{number}") for number in range(count)]


def batch(places, spec, **selections):
    """One whole chunk of two elements after the other."""
    return [(place, spec, WHOLE, (slice(2 * number, 2 * number + 2, 1),), True) for number, place in enumerate(places)]


def test_it_is_what_the_contract_asks_for():
    pipeline = pipeline_of(TransposeCodec(order=(0,)), BytesCodec(endian="big"), GzipCodec(), Crc32cCodec())
    assert isinstance(pipeline, CodecPipeline)
    assert list(pipeline) == list(pipeline.chain)
    assert pipeline.array_array_codecs == (TransposeCodec(order=(0,)),)
    assert pipeline.array_bytes_codec == BytesCodec(endian="big")
    assert pipeline.bytes_bytes_codecs == (GzipCodec(), Crc32cCodec())
    assert not pipeline.supports_partial_decode
    assert not pipeline.supports_partial_encode
    assert pipeline == BatchedCodecPipeline.from_codecs(list(pipeline))


def test_it_is_fitted_to_a_spec():
    fitted = pipeline_of(BytesCodec(endian="big"), BloscCodec()).evolve_from_array_spec(spec_of(dtype="uint8"))
    assert list(fitted) == [BytesCodec(endian=None), BloscCodec(typesize=1, shuffle="bitshuffle")]


def test_it_is_checked_against_an_array():
    pipeline = pipeline_of(TransposeCodec(order=(1, 0)), BytesCodec())
    with pytest.raises(MetadataValidationError, match="2 axes"):
        pipeline.validate(shape=(4,), dtype=spec_of().dtype, chunk_grid=RegularChunkGridMetadata(chunk_shape=(2,)))


def test_sizes_add_up_where_they_do_not_depend_on_the_data():
    assert pipeline_of(BytesCodec(endian=None), Crc32cCodec(), Crc32cCodec()).compute_encoded_size(10, spec_of()) == 18
    with pytest.raises(NotImplementedError):
        pipeline_of().compute_encoded_size(10, spec_of())


@pytest.mark.parametrize("codecs", [(), (BytesCodec(endian=None), AsyncFlip())], ids=["inline", "waiting"])
def test_chunks_are_encoded_and_decoded_in_order_and_none_stays_none(codecs):
    pipeline, spec = pipeline_of(*codecs), spec_of((3,))
    arrays = [np.full(3, number, dtype="uint8") for number in range(20)]
    encoded = on_a_loop(pipeline.encode([*((cpu.NDBuffer(array), spec) for array in arrays), (None, spec)]))
    assert encoded[-1] is None
    decoded = on_a_loop(pipeline.decode([(data, spec) for data in encoded]))
    assert decoded[-1] is None
    assert [chunk.as_numpy_array().tolist() for chunk in decoded[:-1]] == [array.tolist() for array in arrays]


def test_what_is_written_is_read(run, store):
    pipeline, spec = pipeline_of(), spec_of((2,))
    where = places(store, run, 3)
    run(pipeline.write(batch(where, spec), cpu.NDBuffer(np.arange(1, 7, dtype="uint8"))))
    out = np.zeros(6, dtype="uint8")
    results = run(pipeline.read(batch(where, spec), cpu.NDBuffer(out)))
    assert out.tolist() == [1, 2, 3, 4, 5, 6]
    assert results == ({"status": "present"},) * 3
    assert sorted(store._store_dict) == ["c/0", "c/1", "c/2"]


def test_absent_chunks_read_as_the_fill_value_and_are_reported(run, store):
    pipeline, spec = pipeline_of(), spec_of((2,), fill_value=9)
    where = places(store, run, 3)
    run(pipeline.write(batch(where, spec)[1:2], cpu.NDBuffer(np.arange(4, dtype="uint8"))))
    out = np.zeros(6, dtype="uint8")
    results = run(pipeline.read(batch(where, spec), cpu.NDBuffer(out)))
    assert out.tolist() == [9, 9, 2, 3, 9, 9]
    assert [result["status"] for result in results] == ["missing", "present", "missing"]


def test_absent_chunks_are_an_error_where_the_spec_says_so(run, store):
    spec = spec_of((2,), read_missing_chunks=False)
    with pytest.raises(ChunkNotFoundError):
        run(pipeline_of().read(batch(places(store, run, 1), spec), cpu.NDBuffer(np.zeros(2, "uint8"))))


def test_a_part_of_a_chunk_is_merged(run, store):
    pipeline, spec = pipeline_of(), spec_of((2,), fill_value=9)
    (place,) = places(store, run, 1)
    one = [(place, spec, (slice(1, 2, 1),), (slice(0, 1, 1),), False)]
    run(pipeline.write(one, cpu.NDBuffer(np.array([5], dtype="uint8"))))
    run(pipeline.write(one, cpu.NDBuffer(np.array([6], dtype="uint8"))))
    out = np.zeros(2, dtype="uint8")
    run(pipeline.read(batch([place], spec), cpu.NDBuffer(out)))
    assert out.tolist() == [9, 6]


def test_axes_are_dropped_on_the_way(run, store):
    pipeline, spec = pipeline_of(), spec_of((1, 2))
    (place,) = places(store, run, 1)
    item = [(place, spec, (slice(0, 1), slice(0, 2)), (slice(0, 2),), True)]
    run(pipeline.write(item, cpu.NDBuffer(np.array([1, 2], dtype="uint8")), drop_axes=(0,)))
    out = np.zeros(2, dtype="uint8")
    run(pipeline.read(item, cpu.NDBuffer(out), drop_axes=(0,)))
    assert out.tolist() == [1, 2]


def test_a_chunk_of_only_the_fill_value_is_deleted(run, store):
    pipeline, spec = pipeline_of(), spec_of((2,), fill_value=9)
    where = places(store, run, 1)
    run(pipeline.write(batch(where, spec), cpu.NDBuffer(np.array([1, 2], dtype="uint8"))))
    assert store._store_dict
    run(pipeline.write(batch(where, spec), cpu.NDBuffer(np.array([9, 9], dtype="uint8"))))
    assert not store._store_dict
    kept = spec_of((2,), fill_value=9, write_empty_chunks=True)
    run(pipeline.write(batch(where, kept), cpu.NDBuffer(np.array([9, 9], dtype="uint8"))))
    assert store._store_dict


def test_damage_names_the_place(run, store):
    store._store_dict["c/0"] = buffer_of(b"damaged")
    with pytest.raises(CorruptDataError) as caught:
        run(pipeline_of().read(batch(places(store, run, 1), spec_of((2,))), cpu.NDBuffer(np.zeros(2, "uint8"))))
    assert caught.value.key.endswith("c/0")
    assert any("reading" in note and "c/0" in note for note in caught.value.__notes__)


def test_one_chunk_may_be_asked_for_twice(run, store):
    pipeline, spec = pipeline_of(), spec_of((2,))
    (place,) = places(store, run, 1)
    run(pipeline.write(batch([place], spec), cpu.NDBuffer(np.array([1, 2], dtype="uint8"))))
    out = np.zeros(4, dtype="uint8")
    assert len(run(pipeline.read(batch([place, place], spec), cpu.NDBuffer(out)))) == 2
    assert out.tolist() == [1, 2, 1, 2]


def test_nothing_to_do_is_done(run, store):
    assert run(pipeline_of().read([], cpu.NDBuffer(np.zeros(0, "uint8")))) == ()
    assert run(pipeline_of().write([], cpu.NDBuffer(np.zeros(0, "uint8")))) is None
