import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import ShardingCodec
from terrazzo.metadata import parse_node
from terrazzo.testing import made
from terrazzo.testing.indices import block_indices

VALUES = st.just(np.arange(12).reshape(3, 4))


@given(made.arrays(arrays=VALUES))
def test_an_array_holds_what_was_drawn(array):
    assert array[...].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert terrazzo.open_array(array.store, path=array.path) == array


KINDS = {
    "of format 2": lambda array: array.metadata.zarr_format == 2,
    "in shards": lambda array: array.shards is not None,
    "with attributes": lambda array: array.attrs.asdict() != {},
    "deep": lambda array: "/" in array.path,
    "uncompressed": lambda array: not array.compressors,
    "unordered": lambda array: (
        array.shards is not None and array.metadata.codecs[0].subchunk_write_order == "unordered"
    ),
}


def test_arrays_are_of_all_kinds():
    seen = set()

    @settings(max_examples=60, phases=[Phase.generate], database=None, derandomize=True, deadline=None)
    @given(made.arrays(arrays=VALUES))
    def look(array):
        seen.update(name for name, is_so in KINDS.items() if is_so(array))

    look()
    assert seen == set(KINDS)


@given(made.numpy_arrays(shapes=st.just((2, 3)), dtype=np.dtype("i2")))
def test_numpy_arrays_are_as_asked_for(values):
    assert (values.shape, values.dtype) == ((2, 3), np.dtype("i2"))


@given(made.np_array_and_chunks())
def test_chunks_suit_the_array(both):
    values, chunks = both
    assert terrazzo.create_array({}, data=values, chunks=chunks).chunks == chunks


@given(made.array_metadata())
def test_metadata_are_those_of_an_array(metadata):
    assert parse_node(metadata.to_dict()) == metadata if metadata.zarr_format == 3 else metadata.to_dict()["shape"]


@given(made.simple_arrays())
def test_simple_arrays_stand_at_the_root(array):
    assert array.path == "a"
    assert not array.attrs.asdict()


@given(made.sharded_arrays(nested=True), made.sharded_arrays(nested=False))
def test_arrays_are_in_shards_and_in_shards_of_shards(nested, plain):
    for array in (nested, plain):
        assert isinstance(array.metadata.codecs[0], ShardingCodec)
        assert array[...].shape == array.shape
    assert isinstance(nested.metadata.codecs[0].codecs[0], ShardingCodec)
    assert not isinstance(plain.metadata.codecs[0].codecs[0], ShardingCodec)


@given(made.rectilinear_arrays())
def test_chunks_differ_in_length(array):
    assert not array.metadata.chunk_grid.is_regular
    assert array[...].shape == array.shape


@given(made.complex_rectilinear_arrays())
def test_there_are_many_small_chunks(both):
    values, array = both
    assert np.array_equal(array[...], values)
    assert all(5 <= len(sizes) <= 10 and max(sizes) <= 5 for sizes in array.write_chunk_sizes)


@given(st.data())
def test_blocks_of_an_array_are_regions_of_what_it_holds(data):
    array, values = data.draw(made.block_test_arrays())
    index, region = data.draw(block_indices(chunk_sizes=array.write_chunk_sizes))
    assert np.array_equal(array.blocks[index], values[region])


@given(made.stores, made.zarr_formats, made.subchunk_write_orders, made.compressors, made.sharding_inner_codecs)
def test_parts_of_arrays_are_what_they_are_called(store, zarr_format, order, compressor, codecs):
    assert list(terrazzo.group(store, zarr_format=zarr_format)) == []
    assert made.clear_store(store)._store_dict == {}
    assert order == ShardingCodec(chunk_shape=(1,), subchunk_write_order=order, codecs=codecs).subchunk_write_order
    assert compressor in (None, "default")
