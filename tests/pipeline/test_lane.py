import numpy as np
import pytest

from terrazzo.buffer import cpu
from terrazzo.codecs import BloscCodec, Crc32cCodec, GzipCodec, ZstdCodec
from terrazzo.errors import CorruptDataError
from terrazzo.pipeline.lane import lane_into, takes_all
from terrazzo.runtime import run_inline
from tests.buffer.test_base import ForeignND
from tests.helpers import AsyncFlip
from tests.pipeline.test_prepared import ALL, BIG, LITTLE, SWAP, encode, prepare, reader

ORDERS = {"plain": (LITTLE,), "big": (BIG,), "transposed": (SWAP, LITTLE)}
each_order = pytest.mark.parametrize("codecs", ORDERS.values(), ids=ORDERS)
each_target = pytest.mark.parametrize(
    "target",
    [
        lambda out: out[2:6, 3:9],
        lambda out: out[2:6, 3:9].copy(),
        lambda out: np.asfortranarray(out[2:6, 3:9]),
        lambda out: out[2:6, 3:9].astype("float64"),
        lambda out: out[::2, ::2][:4, :6],
    ],
    ids=["inside", "contiguous", "fortran", "cast", "steps"],
)


@pytest.fixture
def array():
    return np.arange(24, dtype="int32").reshape(4, 6)


def lane_of(chain, target):
    lane = lane_into(cpu.NDBuffer(target), chain)
    assert lane is not None
    return lane


@each_order
@each_target
def test_a_raw_chunk_is_read_into_any_memory(codecs, target, array):
    chain = prepare(*codecs)
    out = target(np.zeros((20, 20), dtype="int32"))
    stored = reader(encode(chain, array))
    assert run_inline(lane_of(chain, out).read(lambda key, memory: stored(memory), "key", ALL))
    assert np.array_equal(out, array)


@each_order
@each_target
@pytest.mark.parametrize(
    "compressors",
    [(), (Crc32cCodec(),), (ZstdCodec(),), (BloscCodec(cname="lz4"),), (GzipCodec(), Crc32cCodec())],
    ids=["raw", "crc32c", "zstd", "blosc", "gzip crc32c"],
)
def test_a_chunk_is_decoded_into_any_memory(codecs, compressors, target, array):
    chain = prepare(*codecs, *compressors)
    whole = np.zeros((20, 20), dtype="int32")
    out = target(whole)
    run_inline(lane_of(chain, out).place(encode(chain, array), ALL))
    assert np.array_equal(out, array)
    if np.shares_memory(out, whole):
        out[...] = 0
        assert not whole.any()


def test_a_chunk_that_is_ready_in_memory_is_written_there(array):
    chain = prepare(LITTLE)
    out = np.zeros((8, 6), dtype="int32")
    given = []

    async def get_into(key, memory):
        given.append((key, np.frombuffer(memory, dtype="u1")))
        return 96

    run_inline(lane_of(chain, out).read(get_into, "key", (slice(4, 8, 1), slice(0, 6, 1))))
    ((key, memory),) = given
    assert key == "key"
    assert np.shares_memory(memory, out[4:])
    assert memory.nbytes == 96


def test_axes_of_length_1_that_the_output_does_not_have(array):
    chain = prepare(LITTLE, ZstdCodec(), shape=(1, 24))
    out = np.zeros(24, dtype="int32")
    run_inline(lane_of(chain, out).place(encode(chain, array.reshape(1, 24)), (slice(0, 24, 1),)))
    assert np.array_equal(out, array.ravel())


def test_structs_are_copied_as_they_are():
    dtype = np.dtype([("a", "<i2"), ("b", "<f8")])
    chain = prepare(LITTLE, ZstdCodec(), shape=(4,), dtype=dtype)
    values = np.array([(1, 2.5), (3, np.nan), (5, -0.0), (7, 1e300)], dtype=dtype)
    out = np.zeros((4, 2), dtype=dtype)
    run_inline(lane_of(chain, out[:, 1]).place(encode(chain, values), (slice(0, 4, 1),)))
    assert out[:, 1].tobytes() == values.tobytes()
    assert out[:, 0].tobytes() == bytes(40)


def test_an_absent_chunk_is_reported():
    absent = reader(None)
    for out in (np.zeros((4, 6), dtype="int32"), np.zeros((4, 6), dtype=">i4")):
        assert not run_inline(lane_of(prepare(LITTLE), out).read(lambda key, into: absent(into), "key", ALL))
        assert not out.any()


@pytest.mark.parametrize("size", [0, 95, 97])
@pytest.mark.parametrize("order", ["C", "F"])
def test_CH_01_CH_02_CH_03_chunks_of_another_size_are_refused(size, order):
    lane = lane_of(prepare(LITTLE), np.zeros((4, 6), dtype="int32", order=order))
    other = reader(bytes(size))
    for attempt in (lane.read(lambda key, into: other(into), "key", ALL), lane.place(bytes(size), ALL)):
        with pytest.raises(CorruptDataError, match=f"{size} bytes") as caught:
            run_inline(attempt)
        assert caught.value.stage == "size"


def test_what_is_no_memory_of_numpy_has_no_lane(array):
    out = cpu.NDBuffer(np.zeros((4, 6), dtype="int32"))
    assert lane_into(out, prepare(LITTLE, AsyncFlip())) is None
    assert lane_into(ForeignND.empty((4, 6), "int32"), prepare(LITTLE)) is None
    assert lane_into(cpu.NDBuffer(np.zeros(())), prepare(LITTLE, shape=(1,))) is None


def test_a_selection_that_takes_all_of_a_chunk_in_its_order():
    chain = prepare(LITTLE, shape=(1, 6))
    rows, row = (slice(0, 1, 1), slice(0, 6, 1)), (slice(0, 6, 1),)
    assert takes_all(chain, rows, rows)
    assert takes_all(chain, (0, slice(0, 6, 1)), row)
    assert not takes_all(chain, (slice(0, 1, 1), slice(0, 5, 1)), rows)
    assert not takes_all(chain, (slice(0, 1, 1), slice(0, 6, 2)), rows)
    assert not takes_all(chain, (slice(0, 1, 1), np.arange(6)), rows)
    assert not takes_all(chain, rows, (slice(0, 1, 1), np.arange(6)))
