"""Writing through an array: which requests a store sees, what it is given, and what stays when something fails."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.buffer import default_buffer_prototype
from terrazzo.codecs import BloscCodec, GzipCodec
from terrazzo.errors import CorruptDataError, LimitExceededError
from terrazzo.pipeline.write import WriteRequest
from terrazzo.registry import register_codec
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore, FailingStore
from tests.helpers import SyncFlip, buffer_of, chunks_of


class Counting(SyncFlip):
    """Counts how often it encodes and decodes."""

    name = "test.counting"
    encoded = 0
    decoded = 0

    def _encode_sync(self, chunk_data, chunk_spec):
        type(self).encoded += 1
        return super()._encode_sync(chunk_data, chunk_spec)

    def _decode_sync(self, chunk_data, chunk_spec):
        type(self).decoded += 1
        return super()._encode_sync(chunk_data, chunk_spec)


@pytest.fixture
def codec(monkeypatch):
    monkeypatch.setattr(Counting, "encoded", 0)
    monkeypatch.setattr(Counting, "decoded", 0)
    register_codec(Counting.name, Counting)
    return Counting


@pytest.fixture
def counting(store):
    return CountingStore(store)


def made(store, **kwargs):
    arguments = {"shape": (7, 10), "chunks": (4, 4), "dtype": "int16", **kwargs}
    array = terrazzo.create_array(store, **arguments)
    if isinstance(array.store, CountingStore):
        array.store.reset()
    return array


ALL = ["c/0/0", "c/0/1", "c/0/2", "c/1/0", "c/1/1", "c/1/2"]


@pytest.mark.parametrize(
    ("selection", "written", "read"),
    [
        (..., ALL, []),
        ((slice(0, 4), slice(0, 8)), ["c/0/0", "c/0/1"], []),
        ((slice(4, 7), slice(8, 10)), ["c/1/2"], []),
        ((slice(0, 4), slice(0, 6)), ["c/0/0", "c/0/1"], ["c/0/1"]),
        ((0, 0), ["c/0/0"], ["c/0/0"]),
        ((slice(0, 7, 2), slice(0, 4)), ["c/0/0", "c/1/0"], ["c/0/0", "c/1/0"]),
        ((6, slice(None)), ["c/1/0", "c/1/1", "c/1/2"], ["c/1/0", "c/1/1", "c/1/2"]),
        (slice(3, 3), [], []),
    ],
    ids=str,
)
def test_CH_14_only_chunks_that_are_written_in_part_are_read(counting, selection, written, read):
    array = made(counting)
    array[...] = 1
    counting.reset()
    array[selection] = 2
    assert sorted(counting.keys("set")) == written
    assert sorted(counting.keys("get")) == read
    assert sum(counting.counts.values()) == len(written) + len(read)


def test_the_last_row_alone_is_a_whole_chunk_where_it_is_all_of_it(counting):
    array = made(counting, shape=(9, 4))
    array[8] = 5
    assert counting.counts == {"set": 1}


@given(data=st.data())
def test_the_requests_are_those_of_the_selection(driven, data):
    shape = data.draw(strategies.shapes(max_side=6))
    chunks = data.draw(strategies.chunk_shapes(shape))
    counting = CountingStore(driven(MemoryStore()))
    array = made(counting, shape=shape, chunks=chunks, config={"write_empty_chunks": True})
    selection = data.draw(strategies.basic_selections(shape))
    selected = np.zeros(shape, dtype=bool)
    selected[selection] = True
    array[selection] = 1
    touched = [key for key, region in chunks_of(shape, chunks) if selected[region].any()]
    partly = [key for key, region in chunks_of(shape, chunks) if key in touched and not selected[region].all()]
    assert sorted(counting.keys("set")) == sorted(touched)
    assert sorted(counting.keys("get")) == sorted(partly)


# -- encoding


def test_one_value_written_everywhere_is_encoded_once(codec, store):
    array = made(store, shape=(40, 40), compressors=[codec()])
    array[...] = 7
    assert codec.encoded == 1
    assert (array[...] == 7).all()


def test_one_value_is_encoded_once_for_each_shape_of_an_edge(codec, store):
    array = made(store, shape=(7, 10), compressors=[codec()], fill_value=3)
    array[...] = 7
    assert codec.encoded == 4
    assert (array[...] == 7).all()
    array.resize((8, 12))
    assert (array[7:] == 3).all()
    assert (array[:, 10:] == 3).all()


def test_a_chunk_is_encoded_and_decoded_once(codec, store):
    array = made(store, compressors=[codec()])
    array[...] = np.arange(70).reshape(7, 10)
    assert (codec.encoded, codec.decoded) == (6, 0)
    array[0, 0] = 5
    assert (codec.encoded, codec.decoded) == (7, 1)


def test_what_is_stored_is_the_chunk_in_full_with_the_fill_value_behind_the_edge(driven):
    inner = MemoryStore()
    array = made(driven(inner), shape=(3,), chunks=(2,), dtype="uint8", fill_value=9, compressors=None)
    array[...] = [1, 2, 3]
    stored = {key: value.to_bytes().hex() for key, value in inner._store_dict.items() if key != "zarr.json"}
    assert stored == {"c/0": "0102", "c/1": "0309"}


def test_values_are_cast_chunk_by_chunk(store):
    array = made(store, dtype="uint8", fill_value=1)
    array[...] = np.arange(70, dtype=">f8").reshape(7, 10) + 0.75
    array[1, 1:4] = np.array([256, 257, -1])
    expected = np.arange(70, dtype="uint8").reshape(7, 10)
    expected[1, 1:4] = [0, 1, 255]
    assert np.array_equal(array[...], expected)


# -- chunks of nothing but the fill value


@pytest.mark.parametrize("dtype", ["uint8", ">f4", "complex128", "bool"])
def test_a_chunk_of_only_the_fill_value_is_not_stored(counting, dtype):
    array = made(counting, dtype=dtype, fill_value=1)
    array[...] = np.ones((7, 10), dtype=dtype)
    assert not counting.keys("set")
    array[0, 0] = 0
    assert counting.keys("set") == ["c/0/0"]
    array[0, 0] = 1
    array[...] = 1
    assert sorted(set(counting.keys("delete"))) == ALL
    assert array.nchunks_initialized == 0


def test_it_is_stored_where_the_handle_says_so(counting):
    array = made(counting, fill_value=1, config={"write_empty_chunks": True})
    array[...] = 1
    assert sorted(counting.keys("set")) == ALL
    assert not counting.keys("delete")


@pytest.mark.parametrize(
    ("fill_value", "value"),
    [
        (0.0, -0.0),
        (-0.0, 0.0),
        (np.nan, np.float64(-np.nan)),
        (np.nan, np.array(0x7FF8000000000001, "u8").view("f8")[()]),
    ],
)
def test_what_only_looks_like_the_fill_value_is_stored(driven, fill_value, value):
    inner = MemoryStore()
    array = made(driven(inner), shape=(4,), chunks=(4,), dtype="float64", fill_value=fill_value, compressors=None)
    array[...] = np.full(4, value)
    assert inner._store_dict["c/0"].to_bytes() == np.full(4, value).tobytes()
    assert array[...].tobytes() == np.full(4, value).tobytes()


def test_a_complex_number_with_a_nan_is_not_taken_for_another(driven):
    inner = MemoryStore()
    array = made(driven(inner), shape=(2,), chunks=(2,), dtype="complex128", fill_value=complex(np.nan, 0))
    array[...] = np.full(2, complex(0, np.nan))
    assert np.isnan(array[0].imag)
    assert array[0].real == 0


def test_padding_counts_when_a_chunk_is_compared_with_the_fill_value(driven):
    inner = MemoryStore()
    array = made(driven(inner), shape=(3,), chunks=(2,), dtype="uint8", fill_value=9, compressors=None)
    array[...] = 9
    assert "c/1" not in inner._store_dict


# -- failures


def test_CH_13_a_partial_write_into_a_damaged_chunk_changes_nothing(driven):
    inner = MemoryStore()
    array = made(driven(inner), compressors=GzipCodec())
    array[...] = 1
    inner._store_dict["c/0/1"] = buffer_of(b"damaged")
    with pytest.raises(CorruptDataError) as caught:
        array[0, 5] = 2
    assert (caught.value.key, caught.value.chunk_coords) == ("c/0/1", (0, 1))
    assert any("while writing chunk (0, 1)" in note for note in caught.value.__notes__)
    assert inner._store_dict["c/0/1"].to_bytes() == b"damaged"


def test_CH_14_a_full_overwrite_of_a_damaged_chunk_works(driven):
    inner = MemoryStore()
    array = made(driven(inner), compressors=BloscCodec())
    inner._store_dict["c/0/1"] = buffer_of(b"damaged")
    array[:4, 4:8] = 5
    assert (array[:4, 4:8] == 5).all()


def test_ST_05_an_error_of_the_store_names_the_chunk_and_keeps_its_class(driven):
    inner = MemoryStore()
    failing = FailingStore(driven(inner), lambda request: request == ("set", "a/c/1/1", None))
    array = made(failing, name="a")
    with pytest.raises(OSError, match="simulated") as caught:
        array[...] = 1
    assert caught.value.errno
    assert any("'a/c/1/1'" in note for note in caught.value.__notes__)
    assert "a/c/1/1" not in inner._store_dict


def test_a_chunk_beyond_the_limit_is_not_made_for_a_partial_write(store):
    array = made(store, shape=(100, 100), chunks=(100, 100))
    with terrazzo.config.set({"limits.chunk_bytes": 100}), pytest.raises(LimitExceededError):
        array[0, 0] = 1


def test_a_codec_that_cannot_encode_leaves_what_was_there(driven):
    class Failing(SyncFlip):
        name = "test.failing_encoder"
        fails = False

        def _encode_sync(self, chunk_data, chunk_spec):
            if self.fails:
                raise ArithmeticError("cannot")
            return super()._encode_sync(chunk_data, chunk_spec)

        def _decode_sync(self, chunk_data, chunk_spec):
            return super()._encode_sync(chunk_data, chunk_spec)

    register_codec(Failing.name, Failing)
    array = made(driven(MemoryStore()), compressors=[Failing()])
    array[...] = 1
    Failing.fails = True
    with pytest.raises(ArithmeticError, match="cannot") as caught:
        array[0] = 2
    assert any("encoding" in note for note in caught.value.__notes__)
    assert (array[...] == 1).all()


def test_what_takes_long_outside_the_interpreter_lock_is_shared():
    array = made({}, shape=(64, 64), chunks=(32, 32), dtype="int32", compressors=None)
    buffers = default_buffer_prototype()
    chain = array.async_array._io.chain_for((32, 32), buffers)

    def chunk_ns(value, store=None):
        return WriteRequest(store, buffers.nd_buffer.from_numpy_array(value), "").chunk_ns(chain)

    value = np.ones((64, 64), "int32")
    assert chunk_ns(value) == chunk_ns(value[::2, 4:8]) == chunk_ns(value[:1]) == chunk_ns(value[0, 0]) < 1024
    assert chunk_ns(value.T) == chunk_ns(value[:, :1]) == chunk_ns(value[:, ::2]) == chunk_ns(value[:, ::-2]) > 1024
    local = LocalStore("unused")
    assert chunk_ns(value, local) == chunk_ns(value) + 4096 * local.set_ns_per_byte
    assert chunk_ns(value, WrapperStore(local)) == chunk_ns(value, local)
