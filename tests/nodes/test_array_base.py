import functools

import numcodecs
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec
from terrazzo.errors import ZarrDeprecationWarning
from terrazzo.storage import MemoryStore
from tests.parallel import run_threads


@pytest.fixture(params=["blocking", "asynchronous"])
def view(request):
    """Both classes have these properties."""
    return (lambda array: array) if request.param == "blocking" else lambda array: array.async_array


@pytest.fixture
def array(store, view):
    return view(
        terrazzo.create_array(
            store,
            name="a/b",
            shape=(7, 10),
            chunks=(4, 3),
            dtype=">i2",
            fill_value=-1,
            filters=TransposeCodec(order=(1, 0)),
            compressors=[GzipCodec(), Crc32cCodec()],
            dimension_names=["y", None],
        )
    )


def test_an_array_says_what_it_is(array):
    assert array.shape == (7, 10)
    assert array.ndim == 2
    assert array.size == 70
    assert array.dtype == np.dtype(">i2")
    assert array.nbytes == 140
    assert array.fill_value == -1
    assert isinstance(array.fill_value, np.int16)
    assert array.order == "C"
    assert array.metadata.zarr_format == 3
    assert array.metadata.dimension_names == ("y", None)


def test_an_array_says_how_it_is_cut(array):
    assert array.chunks == (4, 3)
    assert array.shards is None
    assert array.cdata_shape == (2, 4)
    assert array.nchunks == 8
    assert array.read_chunk_sizes == array.write_chunk_sizes == ((4, 3), (3, 3, 3, 1))


@pytest.mark.parametrize(
    ("shape", "chunks", "sizes", "nchunks"),
    [
        ((), (), (), 1),
        ((0,), (3,), ((),), 0),
        ((6,), (3,), ((3, 3),), 2),
        ((2, 5), (5, 5), ((2,), (5,)), 1),
        ((1, 4), (1, 3), ((1,), (3, 1)), 2),
    ],
)
def test_chunks_are_counted(view, shape, chunks, sizes, nchunks):
    array = view(terrazzo.create_array({}, shape=shape, chunks=chunks, dtype="i4"))
    assert array.read_chunk_sizes == sizes
    assert array.nchunks == nchunks


def test_chunks_that_differ_are_told_by_their_sizes(view):
    array = view(terrazzo.create_array({}, shape=(6, 4), chunks=[[1, 2, 3], 3], dtype="i4"))
    assert (array.cdata_shape, array.nchunks, array.shards) == ((3, 2), 6, None)
    assert array.read_chunk_sizes == array.write_chunk_sizes == ((1, 2, 3), (3, 1))
    with pytest.raises(NotImplementedError, match="write_chunk_sizes"):
        _ = array.chunks


def test_shards_that_differ_are_told_by_their_sizes(view):
    array = view(terrazzo.create_array({}, shape=(12,), chunks=2, shards=[[2, 4, 6]], dtype="i4"))
    assert (array.chunks, array.nchunks, array.read_chunk_sizes) == ((2,), 6, ((2,) * 6,))
    assert array.write_chunk_sizes == ((2, 4, 6),)
    assert list(array.write_units()) == [(slice(0, 2, 1),), (slice(2, 6, 1),), (slice(6, 12, 1),)]
    assert list(array.read_units()) == list(array._iter_chunk_regions())
    assert [(part.start, part.stop) for [part] in array.read_units()] == [(at, at + 2) for at in range(0, 12, 2)]
    with pytest.raises(NotImplementedError, match="write_chunk_sizes"):
        _ = array.shards


def test_chunks_beyond_the_array_are_not_counted(view):
    chunks = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [[4, [4, 9]]]}}
    array = view(terrazzo.create_array({}, shape=(6,), chunks=chunks, dtype="i4"))
    assert (array.nchunks, array.read_chunk_sizes) == (2, ((4, 2),))


def test_an_array_names_its_codecs(array):
    assert array.filters == (TransposeCodec(order=(1, 0)),)
    assert array.serializer == BytesCodec(endian="little")
    assert array.compressors == (GzipCodec(), Crc32cCodec())


def test_an_array_says_where_it_is(array, store):
    assert array.store is store
    assert array.path == "a/b"
    assert array.name == "/a/b"
    assert array.basename == "b"
    assert str(array.store_path) == f"{store}/a/b"
    assert not array.read_only


def test_an_array_at_the_root_has_no_name_of_its_own(view):
    array = view(terrazzo.create_array({}, shape=(2,), dtype="i4"))
    assert (array.path, array.name, array.basename) == ("", "/", "")


def test_a_view_that_only_reads_says_so(view, store):
    terrazzo.create_array(store, shape=(2,), dtype="i4")
    assert view(terrazzo.open_array(store, mode="r")).read_only
    assert not view(terrazzo.open_array(store, mode="r+")).read_only


def test_the_text_says_place_shape_and_type(array, store):
    assert repr(array) == f"<{type(array).__name__} {store}/a/b shape=(7, 10) dtype=>i2>"


def test_MD_03_an_array_of_any_size_says_what_it_is_at_once(view):
    array = view(terrazzo.create_array(MemoryStore(), shape=(2**62, 2**62), chunks=(1, 1), dtype="f8"))
    assert array.nchunks == array.size == 2**124
    assert array.nbytes == 2**127
    assert str(2**62) in repr(array)
    assert str(2**127) in repr(array.info)


# -- units of reading and writing


def test_write_units_are_the_stored_objects(view, store):
    array = view(terrazzo.create_array(store, shape=(5, 8), chunks=(2, 2), shards=(4, 4), dtype="i4"))
    assert list(array.write_units()) == [
        (slice(0, 4, 1), slice(0, 4, 1)),
        (slice(0, 4, 1), slice(4, 8, 1)),
        (slice(4, 5, 1), slice(0, 4, 1)),
        (slice(4, 5, 1), slice(4, 8, 1)),
    ]
    chunks = list(array.read_units())
    assert chunks[:5] == [
        (slice(0, 2, 1), slice(0, 2, 1)),
        (slice(0, 2, 1), slice(2, 4, 1)),
        (slice(2, 4, 1), slice(0, 2, 1)),
        (slice(2, 4, 1), slice(2, 4, 1)),
        (slice(0, 2, 1), slice(4, 6, 1)),
    ]
    covered = np.zeros((5, 8), dtype=int)
    for region in chunks:
        covered[region] += 1
    assert (covered == 1).all()


def test_units_are_made_one_at_a_time(view, store):
    array = view(terrazzo.create_array(store, shape=(2**40, 2**40), chunks=(1, 1), dtype="i4"))
    for units in (array.write_units(), array.read_units(), array._iter_chunk_regions(), array._iter_shard_regions()):
        assert next(units) == (slice(0, 1, 1), slice(0, 1, 1))
        assert next(units) == (slice(0, 1, 1), slice(1, 2, 1))


def test_writers_that_share_out_the_units_lose_nothing(store):
    array = terrazzo.create_array(store, shape=(9, 7), chunks=(2, 3), dtype="i4")
    units = list(array.write_units())
    assert len(units) == array.nchunks

    def write(number):
        for region in units[number::3]:
            array[region] = np.arange(63).reshape(9, 7)[region]

    run_threads(*(functools.partial(write, number) for number in range(3)))
    assert np.array_equal(array[...], np.arange(63).reshape(9, 7))


def test_units_have_the_names_that_packages_use(view, store):
    array = view(terrazzo.create_array(store, shape=(8, 8), chunks=(2, 4), shards=(4, 8), dtype="i4"))
    assert list(array._iter_chunk_coords(selection_shape=(1, 2))) == [(0, 0), (0, 1)]
    assert list(array._iter_chunk_regions(origin=(3, 1))) == [(slice(6, 8, 1), slice(4, 8, 1))]
    assert list(array._iter_shard_coords()) == [(0, 0), (1, 0)]
    assert list(array._iter_shard_regions()) == list(array.write_units())
    assert list(array._iter_shard_keys(origin=(1, 0))) == ["c/1/0"]


def test_the_compressor_of_format_2_can_be_asked_for_by_its_older_name():
    kwargs = {"shape": (2,), "dtype": "i4", "zarr_format": 2}
    for compressor in (numcodecs.Zlib(1), None):
        array = terrazzo.create_array({}, compressors=compressor, **kwargs)
        for handle in (array, array.async_array):
            with pytest.warns(ZarrDeprecationWarning, match="compressors"):
                assert handle.compressor == compressor
    array = terrazzo.create_array({}, shape=(2,), dtype="i4")
    with pytest.warns(ZarrDeprecationWarning), pytest.raises(TypeError, match="format 3"):
        _ = array.compressor
