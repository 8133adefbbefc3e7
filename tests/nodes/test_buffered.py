"""Buffered writers: numpy is the model, and requests are counted."""

import asyncio
import pickle
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.errors import CorruptDataError, UnwrittenError
from terrazzo.nodes import buffered_io
from terrazzo.pipeline import held
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore, FailingStore, HookedStore
from tests.conftest import make_store
from tests.helpers import buffer_of, on_a_loop
from tests.interruption import Interruption
from tests.parallel import run_threads, until_async
from tests.peak import peak_of
from tests.selecting import write_orthogonal, write_points
from tests.test_properties import Pair, same_bits

SHAPE = (20, 24, 24)
STACK = {"shape": SHAPE, "chunks": (1, 6, 6), "shards": (8, 12, 12), "dtype": "uint16"}
KINDS = {
    "shards": STACK,
    "chunks": {"shape": SHAPE, "chunks": (8, 12, 12), "dtype": "uint16"},
    "v2": {"shape": SHAPE, "chunks": (8, 12, 12), "dtype": "uint16", "zarr_format": 2},
    "unequal chunks": {"shape": SHAPE, "chunks": ([5, 3, 12], 12, [10, 14]), "dtype": "uint16"},
}
OBJECTS = 12  # of each kind


@pytest.fixture
def frames():
    return np.random.default_rng(5).integers(1, 1000, SHAPE).astype("uint16")


@pytest.fixture
def counting(store):
    return CountingStore(store)


def stack(store, **changes):
    return terrazzo.create_array(store, **{**STACK, **changes})


# -- one write for each object


@pytest.mark.parametrize("kind", KINDS)
def test_frame_by_frame_each_object_is_written_once_and_never_read(counting, frames, kind):
    array = terrazzo.create_array(counting, **KINDS[kind])
    counting.reset()
    with array.buffered() as writer:
        for position in range(len(frames)):
            writer[position] = frames[position]
    assert counting.counts == {"set": OBJECTS}
    assert (array[...] == frames).all()


def test_subchunk_by_subchunk_each_shard_is_written_once(counting, frames):
    array = stack(counting)
    counting.reset()
    with array.buffered() as writer:
        for region in array.read_units():
            writer[region] = frames[region]
    assert counting.counts == {"set": OBJECTS}
    assert (array[...] == frames).all()


def test_a_shard_that_is_written_in_part_is_read_once_and_keeps_the_rest(counting, frames):
    array = stack(counting)
    array[...] = frames
    counting.reset()
    with array.buffered() as writer:
        for row in range(6):
            writer[0, row, :6] = row
        writer[2, 0, 0] = 7
    assert counting.counts == {"get": 1, "set": 1}
    frames[0, :6, :6] = np.arange(6)[:, None]
    frames[2, 0, 0] = 7
    assert (array[...] == frames).all()


def test_of_a_shard_only_the_subchunks_that_change_are_decoded(store, frames):
    array = stack(store, compressors=[{"name": "crc32c"}])
    array[...] = frames
    key = next(key for key in on_a_loop(keys_of(store)) if key.startswith("c/0/0/0"))
    data = bytearray(on_a_loop(store.get(key, terrazzo.buffer.default_buffer_prototype())).to_bytes())
    data[3] ^= 1  # in the first subchunk, which nothing is written to
    on_a_loop(store.set(key, buffer_of(bytes(data))))
    with array.buffered() as writer:
        writer[1, 6:9, 6:9] = 1  # a part of one
        writer[2, 6:12, 6:12] = 2  # all of another
    assert (array[2, 6:12, 6:12] == 2).all()
    with pytest.raises(CorruptDataError):
        array[0, 0, 0]


async def keys_of(store):
    return [key async for key in store.list()]


def test_what_holds_only_the_fill_value_is_deleted(counting, frames):
    array = stack(counting)
    array[...] = frames
    with array.buffered() as writer:
        for position in range(8):
            writer[position] = 0
    assert array.nchunks_initialized == (OBJECTS - 4) * 8 * 4


def test_a_flush_writes_what_there_is_and_the_end_nothing_again(counting, frames):
    array = stack(counting)
    with array.buffered() as writer:
        writer[:8] = frames[:8]
        counting.reset()
        writer.flush()
        assert counting.counts == {"set": 4}
        assert not writer.unwritten
    assert counting.counts == {"set": 4}


# -- memory


def test_where_there_is_no_room_whole_shards_are_written_first(counting, frames):
    array = stack(counting)
    shard_bytes = 8 * 12 * 12 * 3
    counting.reset()
    with array.buffered(max_bytes=5 * shard_bytes) as writer:
        writer[8, 0, 0] = 1  # the oldest, and not whole
        for position in range(8):
            writer[position] = frames[position]
        writer[16, 0, 0] = 1
        assert counting.counts == {"set": 4}
        assert sorted(writer.unwritten) == ["c/1/0/0", "c/2/0/0"]
    assert counting.counts == {"set": 6, "get": 2}


def test_where_none_is_whole_what_was_not_written_to_for_longest_goes_first(counting):
    array = stack(counting)
    with array.buffered(max_bytes=2 * 8 * 12 * 12 * 3) as writer:
        writer[0, 0, 0] = 1
        writer[0, 0, 12] = 2
        writer[0, 0, 1] = 3
        writer[0, 12, 0] = 4
        assert list(writer.unwritten) == ["c/0/0/0", "c/0/1/0"]
    assert array[0, ::12, ::12].tolist() == [[1, 2], [4, 0]]


def test_less_room_than_one_object_takes_is_refused(store):
    with pytest.raises(ValueError, match=r"max_bytes is 100, and one stored object of array .* takes 3456 bytes"):
        stack(store).buffered(max_bytes=100)
    with pytest.raises(ValueError, match="max_bytes is -1, expected"):
        stack(store, overwrite=True).buffered(max_bytes=-1)
    uneven = terrazzo.create_array(store, overwrite=True, shape=(9,), chunks=([2, 7],), dtype="uint8")
    with uneven.buffered(max_bytes=10) as writer:
        writer[:2] = 1
        with pytest.raises(ValueError, match="takes 14 bytes"):
            writer[3] = 1


def test_long_texts_count(store):
    array = terrazzo.create_array(store, shape=(100,), chunks=10, dtype="str")
    with array.buffered(max_bytes=20_000) as writer:
        for position in range(100):
            writer[position] = "x" * 1000
        assert len(writer.unwritten) <= 2
    assert set(array[...]) == {"x" * 1000}


FRAME_BY_FRAME = """
from terrazzo.pipeline.cache import chunks
from terrazzo.storage import files
files.SETTLED_NS = -(1 << 62)
array = terrazzo.create_array(
    LocalStore(sys.argv[1]), shape=(128, 512, 512), chunks=(1, 128, 128), shards=(16, 256, 256), dtype="uint16"
)
frame = np.arange(512 * 512, dtype="uint16").reshape(512, 512)
start()
with array.buffered(max_bytes=16 << 20) as writer:
    for position in range(128):
        writer[position] = frame
with terrazzo.config.set({"cache.max_bytes": "16 MiB"}):
    for position in range(128):
        assert (array[position] == frame).all()
    assert 15 << 20 < chunks.total <= 16 << 20
"""


def test_no_more_memory_is_taken_than_allowed_to_write_and_to_read_with_chunks_kept(tmp_path):
    assert peak_of(FRAME_BY_FRAME, str(tmp_path)) <= 16 + 16 + 16


# -- what is assigned


def test_what_is_assigned_is_copied(store, frames):
    array = stack(store)
    frame = frames[3].copy()
    with array.buffered() as writer:
        writer[3] = frame
        frame[...] = 0
        assert (writer[3] == frames[3]).all()
    assert (array[3] == frames[3]).all()


def test_objects_that_can_change_are_copied():
    array = terrazzo.create_array({}, shape=(2,), chunks=2, dtype="O", filters=[json_codec()], zarr_format=2)
    element = {"list": [1, 2]}
    given = np.empty(2, dtype=object)
    given[:] = [element, element]
    with array.buffered() as writer:
        writer[...] = given
        element["list"].append(3)
    assert array[...].tolist() == [{"list": [1, 2]}] * 2


def json_codec():
    import numcodecs

    return numcodecs.JSON()


FIELDS = np.dtype([("a", "int32"), ("b", "float64"), ("c", "uint8")])


@pytest.mark.parametrize("shards", [None, (12,)])
def test_fields_are_written_one_by_one(counting, shards):
    array = terrazzo.create_array(counting, shape=(20,), chunks=(6,), shards=shards, dtype=FIELDS)
    model = np.zeros(20, FIELDS)
    with array.buffered() as writer:
        writer.set_basic_selection(slice(2, 9), 3, fields="a")
        model["a"][2:9] = 3
        writer["b"] = model["b"] = np.arange(20)
        writer[15] = model[15] = np.array((1, 2, 3), FIELDS)
        assert (writer[...] == model).all()
        assert (writer["b"] == model["b"]).all()
    assert (array[...] == model).all()
    counting.reset()
    with array.buffered() as writer:
        for name in FIELDS.names:
            writer[name] = 7
    assert "get" not in counting.counts
    assert set(array[...].tolist()) == {(7, 7, 7)}


def test_an_array_without_axes_is_written(store):
    array = terrazzo.create_array(store, shape=(), dtype="int32")
    with array.buffered() as writer:
        writer[...] = 5
        assert writer[()] == 5
        assert writer.unwritten == {"c": ()}
    assert array[...] == 5


def test_reading_sees_what_was_assigned_on_top_of_what_is_stored(store, frames):
    array = stack(store, fill_value=9)
    array[:10] = frames[:10]
    frames[10:] = 9
    with array.buffered() as writer:
        writer[9:12, 5:14, ::3] = frames[9:12, 5:14, ::3] = 4
        assert (writer[...] == frames).all()
        assert (np.asarray(writer) == frames).all()
        assert (writer.oindex[[11, 0], :, [3, 1]] == frames[np.ix_([11, 0], range(24), [3, 1])]).all()
        assert (writer.vindex[[11, 9], [5, 0], [3, 1]] == frames[[11, 9], [5, 0], [3, 1]]).all()
        assert (writer.blocks[1, 0, 1] == frames[8:16, :12, 12:]).all()
        assert int(writer[11, 5, 3]) == 4
        out = terrazzo.buffer.cpu.NDBuffer(np.zeros((3, 24, 24), "float64"))
        writer.get_basic_selection(slice(9, 12), out=out)
        assert (out.as_numpy_array() == frames[9:12]).all()


def test_an_absent_chunk_that_is_assigned_to_is_not_missing(store):
    array = stack(store, config={"read_missing_chunks": False})
    with array.buffered() as writer:
        writer[0, 0, 0] = 1
        assert writer[0, 0, :3].tolist() == [1, 0, 0]
        with pytest.raises(terrazzo.errors.ChunkNotFoundError):
            writer[0, 0, 20]


class BufferedPair(Pair):
    """A stored array that is written through a buffered writer, and the numpy array that it must equal."""

    def __init__(self, store, draw):
        super().__init__(store, draw)
        self.plain = self.array
        self.open()

    def open(self):
        shapes = {tuple(part.stop - part.start for part in unit) for unit in self.plain.write_units()}
        uniform = self.plain._async_array._io.grid.uniform_shape
        largest = np.prod(uniform) if uniform is not None else max(map(np.prod, shapes), default=1)
        least = int(largest) * (self.dtype.itemsize + 1)
        factor = self.draw(st.sampled_from((1, 2, 4)), label="room")
        self.array = self.plain.buffered(max_bytes=least * factor if uniform is not None else None).__enter__()

    def close(self):
        self.array.__exit__(None, None, None)
        self.array = self.plain

    def write_orthogonal(self):
        if self.model.ndim and self.model.size:
            selection = self.draw(strategies.orthogonal_selections(self.model.shape), label="write across")
            value = self.draw(strategies.array_values(self.dtype, ()), label="value")
            self.array.oindex[selection] = value
            write_orthogonal(self.model, selection, value[()])

    def write_points(self):
        if self.model.ndim and self.model.size:
            selection = self.draw(strategies.coordinate_selections(self.model.shape), label="write points")
            value = self.draw(strategies.array_values(self.dtype, ()), label="value")
            self.array.vindex[selection] = value
            write_points(self.model, selection, value[()])

    def flush(self):
        self.array.flush()
        shown = self.plain[...]
        assert same_bits(shown, self.model, self.dtype)

    def resize(self):
        self.close()
        super().resize()
        self.open()


STEPS = st.lists(
    st.sampled_from(("write", "write", "write_orthogonal", "write_points", "read", "flush", "resize")), max_size=8
)


@pytest.mark.parametrize("kind", ["memory", "local suspending"])
@given(data=st.data())
def test_what_is_written_through_a_buffer_is_what_numpy_would_hold(kind, tmp_path, data):
    pair = BufferedPair(make_store(kind, Path(tempfile.mkdtemp(dir=tmp_path))), data.draw)
    for step in data.draw(STEPS, label="steps"):
        getattr(pair, step)()
    pair.check()
    pair.close()
    pair.check()


# -- errors


def test_an_error_in_the_block_leaves_everything_unwritten_and_says_what(counting, frames):
    array = stack(counting)
    counting.reset()
    with pytest.raises(KeyError) as caught, array.buffered() as writer:
        writer[0, 3:5, 20] = 1
        writer[9] = frames[9]
        raise KeyError("mine")
    (note,) = caught.value.__notes__
    assert "in 5 stored objects of array" in note
    assert "is not written: 'c/0/0/1' [0:1, 3:5, 20:21], 'c/1/0/0' [9:10, 0:12, 0:12]" in note
    assert writer.unwritten["c/0/0/1"] == (slice(0, 1, 1), slice(3, 5, 1), slice(20, 21, 1))
    assert not counting.counts


def test_a_store_that_fails_says_what_is_not_written_and_can_be_tried_again(driven, frames):
    failing = FailingStore(driven(MemoryStore()), lambda request: broken and request.key.endswith("1/1"))
    broken = False
    array = stack(failing, name="a")
    with array.buffered() as writer:
        writer[...] = frames
        broken = True
        with pytest.raises(UnwrittenError) as caught:
            writer.flush()
        error = caught.value
        assert isinstance(error.__cause__, OSError)
        assert "a/c/2/1/1" in error.keys
        assert error.regions[error.keys.index("a/c/2/1/1")] == (slice(16, 20, 1), slice(12, 24, 1), slice(12, 24, 1))
        assert error.key in error.keys
        assert str(failing) == error.store
        assert set(error.keys) == set(writer.unwritten)
        broken = False
    assert (array[...] == frames).all()
    assert not writer.unwritten


def test_one_damaged_chunk_does_not_stop_the_others(driven, frames):
    store = driven(MemoryStore())
    array = terrazzo.create_array(store, **KINDS["chunks"])
    array[...] = frames
    on_a_loop(store.set("c/1/0/0", buffer_of(b"damaged")))
    with pytest.raises(UnwrittenError, match="in 1 stored object of array") as caught, array.buffered() as writer:
        writer[:, 0, 0] = 3
    assert isinstance(caught.value.__cause__, CorruptDataError)
    assert caught.value.keys == ("c/1/0/0",)
    assert list(writer.unwritten) == ["c/1/0/0"]
    assert set(array[:8, 0, 0]) == set(array[16:, 0, 0]) == {3}


def test_a_value_that_does_not_fit_is_refused_at_once(store):
    array = stack(store)
    with array.buffered() as writer:
        with pytest.raises(OverflowError):
            writer[0] = 70_000
        with pytest.raises(IndexError):
            writer[20] = 1
        with pytest.raises(terrazzo.errors.BroadcastError):
            writer[0] = [1, 2, 3]
        assert not writer.unwritten


def test_a_writer_works_in_its_block_only(store):
    array = stack(store)
    writer = array.buffered()
    with pytest.raises(ValueError, match="is not open"):
        writer[0] = 1
    with writer:
        writer[0] = 1
        with pytest.raises(ValueError, match="is open already"):
            writer.__enter__()
    for call in (lambda: writer[0], writer.flush, lambda: writer.__setitem__(0, 1)):
        with pytest.raises(ValueError, match="is not open"):
            call()
    with writer:
        writer[1] = 2
    assert array[:3, 0, 0].tolist() == [1, 2, 0]
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(writer)


def test_a_read_only_store_is_refused_at_once():
    array = stack(MemoryStore())
    reader = terrazzo.open_array(array.store.with_read_only(True), mode="r")
    with pytest.raises(ValueError, match="read-only"):
        reader.buffered()


# -- others at the same time


def test_threads_share_one_writer(counting, frames):
    array = stack(counting)
    counting.reset()
    with array.buffered() as writer:

        def write(first):
            for position in range(first, len(frames), 4):
                writer[position] = frames[position]

        run_threads(*(lambda first=first: write(first) for first in range(4)))
    assert counting.counts == {"set": OBJECTS}
    assert (array[...] == frames).all()


def test_two_writers_of_one_array_change_only_what_each_was_given(store, frames):
    array = stack(store)
    array[...] = 5
    with array.buffered() as even, terrazzo.open_array(store).buffered() as odd:
        for position in range(0, 20, 2):
            even[position] = frames[position]
            odd[position + 1] = frames[position + 1]
    assert (array[...] == frames).all()


def test_a_writer_sees_its_array_grow(store, frames):
    array = stack(store, shape=(8, 24, 24))
    with array.buffered() as writer:
        writer[...] = frames[:8]
        array.resize((20, 24, 24))
        assert writer.shape == (20, 24, 24)
        writer[8:] = frames[8:]
    assert (array[...] == frames).all()


def test_a_chunk_at_the_edge_that_was_whole_is_not_any_more_when_the_array_grows(driven):
    store = FailingStore(driven(MemoryStore()), lambda request: broken and request.key == "c/1")
    broken = False
    array = terrazzo.create_array(store, shape=(6,), chunks=4, dtype="uint8", fill_value=9)
    with array.buffered() as writer:
        writer[4:] = 1
        broken = True
        with pytest.raises(UnwrittenError):
            writer.flush()
        broken = False
        array.resize(8)
        assert writer[...].tolist() == [9, 9, 9, 9, 1, 1, 9, 9]
    assert array[...].tolist() == [9, 9, 9, 9, 1, 1, 9, 9]


def test_what_a_resize_cuts_off_is_not_written(store, frames):
    array = stack(store)
    with array.buffered() as writer:
        writer[...] = frames
        array.resize((9, 13, 24))
    assert (array[...] == frames[:9, :13]).all()
    assert not any(key.startswith("c/2") for key in on_a_loop(keys_of(store)))
    array.resize(SHAPE)
    assert not array[9:].any()
    assert not array[:, 13:].any()


# -- asynchronous


def test_an_asynchronous_writer_writes_each_object_once(counting, frames):
    array = stack(counting).async_array

    async def main():
        async with array.buffered() as writer:
            await asyncio.gather(*(writer.setitem(position, frames[position]) for position in range(len(frames))))
            await writer.oindex.setitem(([0], slice(None), slice(None)), 7)
            assert (await writer.getitem(3) == frames[3]).all()
            counting.reset()
        return await array.getitem(...)

    frames[0] = 7
    assert (on_a_loop(main()) == frames).all()
    assert counting.counts["set"] == OBJECTS


class SlowStore(HookedStore):
    """Waits before every write until it is told to go on."""

    inline = False

    def __init__(self, store):
        super().__init__(store)
        self.waiting = 0
        self.goes_on = True

    async def before(self, request):
        if request.operation == "set" and not self.goes_on and request.key != "c/0/0/0":
            self.waiting += 1
            await asyncio.Event().wait()


def test_a_cancellation_leaves_nothing_half_and_says_what_is_not_written(frames):
    store = SlowStore(MemoryStore())
    array = stack(store).async_array

    async def main():
        async def write():
            async with array.buffered() as writer:
                writers.append(writer)
                await writer.setitem(..., frames)
                store.goes_on = False

        writers = []
        task = asyncio.create_task(write())
        await until_async(lambda: store.waiting)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return writers[0], caught.value

    writer, error = on_a_loop(main())
    assert set(on_a_loop(keys_of(store))) == {"zarr.json", "c/0/0/0"}
    assert len(writer.unwritten) == OBJECTS - 1
    assert "in 11 stored objects" in error.__notes__[0]
    store.goes_on = True
    assert (on_a_loop(array.getitem((slice(8), slice(12), slice(12)))) == frames[:8, :12, :12]).all()


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("module", [buffered_io, held], ids=["buffered_io", "held"])
def test_ctrl_c_at_any_step_leaves_nothing_half_and_loses_nothing_without_a_word(module):
    rows = {"c/0/0": slice(0, 4), "c/1/0": slice(4, 8)}
    for step in range(1, 1000, 11):
        array = terrazzo.create_array({}, shape=(8, 8), chunks=(2, 4), shards=(4, 8), dtype="int32", fill_value=-1)
        array[...] = 0
        writer = array.buffered()
        assigned = set()

        def write(writer=writer, assigned=assigned):
            with writer:
                for row in range(8):
                    writer[row, 1:] = 1
                    assigned.add(row)

        if not Interruption(module, step).hits(write):
            assert (array[:, 1:] == 1).all()
            return
        found = array[...]
        assert not found[:, 0].any()
        for key, part in rows.items():
            values = set(found[part, 1:].ravel().tolist())
            assert values in ({0}, {1})
            assert values == {1} or key in writer.unwritten or assigned.isdisjoint(range(part.start, part.stop))
        with array.buffered() as another:  # every lock is free
            another[...] = 2
        assert (array[...] == 2).all()
    pytest.fail("it was interrupted each time")
