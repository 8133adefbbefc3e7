import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.buffer import BufferPrototype, cpu
from terrazzo.codecs import (
    BloscCodec,
    BytesCodec,
    Crc32cCodec,
    GzipCodec,
    TransposeCodec,
    VLenBytesCodec,
    VLenUTF8Codec,
    ZstdCodec,
)
from terrazzo.errors import CorruptDataError
from terrazzo.pipeline.chain import CodecChain, parse_codec
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import run_inline
from terrazzo.testing import strategies
from tests.buffer.test_base import Foreign, ForeignND
from tests.helpers import AsyncFlip, AsyncNegate, AsyncText, SyncFlip, buffer_of, on_a_loop, spec_of

LITTLE, BIG = BytesCodec(endian="little"), BytesCodec(endian="big")
SWAP = TransposeCodec(order=(1, 0))


def prepare(*codecs, shape=(4, 6), dtype="int32", **kwargs):
    spec = spec_of(shape, dtype, **kwargs)
    return PreparedChain(CodecChain.from_codecs(codecs).evolve(spec), spec)


def run(chain, coroutine):
    """Drive a coroutine inline where the chain allows it, and on a loop otherwise."""
    return run_inline(coroutine) if chain.inline else on_a_loop(coroutine)


def encode(chain, array):
    return run(chain, chain.encode(cpu.NDBuffer.from_numpy_array(array))).to_bytes()


def decode(chain, data):
    return run(chain, chain.decode(buffer_of(data))).as_numpy_array()


def place(chain, data, out, chunk_selection=None, out_selection=None, **kwargs):
    """Place a chunk, whole unless selections say otherwise."""
    whole = chunk_selection is None
    everything = tuple(slice(0, length, 1) for length in chain.spec.shape)
    run(
        chain,
        chain.place(
            buffer_of(data),
            cpu.NDBuffer.from_numpy_array(out),
            everything if whole else chunk_selection,
            everything if out_selection is None else out_selection,
            whole,
            **kwargs,
        ),
    )


CHAINS = {
    "raw": (LITTLE,),
    "big endian": (BIG,),
    "transposed": (SWAP, LITTLE),
    "twice transposed": (SWAP, SWAP, BIG),
    "checked": (LITTLE, Crc32cCodec()),
    "gzip": (LITTLE, GzipCodec()),
    "zstd": (SWAP, LITTLE, ZstdCodec()),
    "blosc": (LITTLE, BloscCodec()),
    "blosc, big endian": (BIG, BloscCodec()),
    "blosc, transposed": (SWAP, LITTLE, BloscCodec()),
    "blosc, checked": (LITTLE, BloscCodec(), Crc32cCodec()),
    "checked, blosc": (LITTLE, Crc32cCodec(), BloscCodec()),
    "foreign": (LITTLE, SyncFlip()),
    "foreign, then blosc": (LITTLE, SyncFlip(), BloscCodec()),
    "foreign and waiting": (SWAP, LITTLE, AsyncFlip(), Crc32cCodec()),
    "foreign array codec": (AsyncNegate(), LITTLE, ZstdCodec()),
    "foreign serializer": (SWAP, AsyncText(), GzipCodec()),
}
each_chain = pytest.mark.parametrize("codecs", CHAINS.values(), ids=list(CHAINS))


@pytest.fixture
def array():
    return np.arange(24, dtype="int32").reshape(4, 6) - 5


@each_chain
def test_a_chunk_comes_back(codecs, array):
    chain = prepare(*codecs)
    decoded = decode(chain, encode(chain, array))
    assert decoded.shape == (4, 6)
    assert np.array_equal(decoded, array)


@each_chain
@pytest.mark.parametrize("dtype", ["<i4", ">i4"])
@pytest.mark.parametrize("view", ["C", "F", "part of columns", "steps", "reversed"])
def test_a_chunk_lands_in_any_memory(codecs, array, dtype, view):
    chain = prepare(*codecs)
    out = np.full((8, 24), -1, dtype=dtype)
    target = {
        "C": lambda: np.full((4, 6), -1, dtype=dtype),
        "F": lambda: np.full((4, 6), -1, dtype=dtype, order="F"),
        "part of columns": lambda: out[2:6, 3:9],
        "steps": lambda: out[::2, ::4],
        "reversed": lambda: out[3::-1, 5::-1],
    }[view]()
    place(chain, encode(chain, array), target)
    assert np.array_equal(target, array)
    if target.base is out:
        assert (out == -1).sum() >= out.size - 24


@each_chain
def test_a_part_of_a_chunk_lands_where_it_belongs(codecs, array):
    chain = prepare(*codecs)
    out = np.full((3, 4), -1, dtype="int32")
    place(chain, encode(chain, array), out, (slice(1, 4, 2), slice(0, 6, 3)), (slice(0, 2, 1), slice(1, 3, 1)))
    assert np.array_equal(out[0:2, 1:3], array[1:4:2, 0:6:3])
    assert (out == -1).sum() == 8


@each_chain
def test_one_row_lands_in_an_array_with_fewer_axes(codecs, array):
    chain = prepare(*codecs)
    out = np.full(6, -1, dtype="int32")
    place(chain, encode(chain, array), out, (2, slice(0, 6, 1)), (slice(0, 6, 1),))
    assert np.array_equal(out, array[2])


@each_chain
def test_axes_that_the_result_does_not_have_are_dropped(codecs, array):
    chain = prepare(*codecs)
    out = np.full(6, -1, dtype="int32")
    place(chain, encode(chain, array), out, (slice(2, 3), slice(0, 6)), (slice(0, 6),), drop_axes=(0,))
    assert np.array_equal(out, array[2])


@each_chain
def test_what_is_encoded_is_not_changed(codecs, array):
    before = array.copy()
    encode(prepare(*codecs), array)
    assert np.array_equal(array, before)


@given(data=st.data())
def test_any_chain_of_json_gives_back_any_bits(data):
    shape = data.draw(strategies.shapes(min_side=1, max_side=5))
    dtype = data.draw(strategies.dtypes())
    arguments = data.draw(strategies.codec_chains(len(shape)))
    codecs = [*arguments.filters, arguments.serializer, *arguments.compressors]
    chain = prepare(*map(parse_codec, codecs), shape=shape, dtype=dtype)
    array = data.draw(strategies.array_values(dtype, shape))
    stored = encode(chain, array)
    assert chain.stored_size in (None, len(stored))
    assert decode(chain, stored).astype(dtype).tobytes() == array.tobytes()
    out = np.empty(shape, dtype=dtype)
    place(chain, stored, out)
    assert out.tobytes() == array.tobytes()


# -- what is found out when a chain is prepared


@pytest.mark.parametrize(
    ("name", "size", "raw", "inline"),
    [
        ("raw", 96, True, True),
        ("big endian", 96, True, True),
        ("transposed", 96, True, True),
        ("checked", 100, False, True),
        ("gzip", None, False, True),
        ("blosc, checked", None, False, True),
        ("checked, blosc", None, False, True),
        ("foreign", 96, False, True),
        ("foreign and waiting", 100, False, False),
        ("foreign array codec", None, False, False),
        ("foreign serializer", None, False, False),
    ],
)
def test_sizes_and_abilities_are_known(name, size, raw, inline):
    chain = prepare(*CHAINS[name])
    assert (chain.stored_size, chain.reads_raw, chain.inline) == (size, raw, inline)
    assert (chain.size, chain.dtype) == (96, np.dtype("int32"))
    assert chain.decode_ns > 0
    assert chain.encode_ns > 0


def test_the_cost_grows_with_the_chunk():
    small, large = prepare(LITTLE, GzipCodec()), prepare(LITTLE, GzipCodec(), shape=(400, 600))
    assert large.decode_ns == pytest.approx(10_000 * small.decode_ns)
    assert small.held_ns == large.held_ns == 0
    assert prepare(LITTLE).encode_ns < small.encode_ns


@pytest.mark.parametrize(
    ("serializer", "dtype", "fill_value"), [(VLenUTF8Codec(), "string", ""), (VLenBytesCodec(), "bytes", b"")]
)
def test_another_thread_is_no_help_where_objects_hold_the_interpreter(serializer, dtype, fill_value):
    spec = {"shape": (100, 100), "dtype": dtype, "fill_value": fill_value}
    chain = prepare(serializer, ZstdCodec(), **spec)
    assert chain.held_ns > 100_000
    assert chain.decode_ns == 0
    assert (chain.stored_size, chain.reads_raw) == (None, False)
    slow = prepare(serializer, *[GzipCodec(level=9)] * 3, **spec)
    assert slow.encode_ns > slow.held_ns


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize(
    "codecs",
    [
        (VLenUTF8Codec(),),
        (SWAP, VLenUTF8Codec(), ZstdCodec()),
        (VLenUTF8Codec(), GzipCodec(), Crc32cCodec()),
        (VLenUTF8Codec(), AsyncFlip()),
    ],
    ids=["plain", "transposed", "compressed", "waiting"],
)
def test_text_goes_through_a_chain_and_is_placed(codecs, order):
    chain = prepare(*codecs, shape=(2, 3), dtype="string", fill_value="", order=order)
    array = np.array([["a", "", "text that lies elsewhere"], ["é€", "x\0", "\0"]], dtype="T", order=order)
    stored = encode(chain, array)
    assert decode(chain, stored).tolist() == array.tolist()
    for out in (np.empty((2, 3), dtype="T", order=order), np.empty((2, 3), dtype=object)):
        place(chain, stored, out)
        assert out.tolist() == array.tolist()
    out = np.empty((1, 2), dtype="T")
    place(chain, stored, out, (slice(1, 2), slice(0, 2)), (slice(0, 1), slice(0, 2)))
    assert out.tolist() == array[1:2, :2].tolist()


# -- decoding in place


class Recording(BloscCodec):
    """Notes into which memory it decodes."""

    targets = []

    def decode_into(self, data, out):
        self.targets.append(np.frombuffer(out, dtype="B"))
        super().decode_into(data, out)


@pytest.fixture
def targets(monkeypatch):
    monkeypatch.setattr(Recording, "targets", [])
    return Recording.targets


@pytest.mark.parametrize(
    ("codecs", "dtype", "order", "in_place"),
    [
        ((LITTLE,), "<i4", "C", True),
        ((LITTLE,), ">i4", "C", False),
        ((BIG,), ">i4", "C", True),
        ((LITTLE,), "<i4", "F", False),
        ((SWAP, LITTLE), "<i4", "F", True),
        ((SWAP, LITTLE), "<i4", "C", False),
        ((LITTLE,), "<i8", "C", False),
    ],
)
def test_a_whole_chunk_is_decoded_where_it_is_wanted_if_it_can_be(codecs, dtype, order, in_place, targets, array):
    chain = prepare(*codecs, Recording())
    out = np.empty((4, 6), dtype=dtype, order=order)
    place(chain, encode(chain, array), out)
    assert np.array_equal(out, array)
    assert [np.shares_memory(target, out) for target in targets] == [in_place]


def test_rows_of_a_larger_array_are_filled_in_place(targets, array):
    chain = prepare(LITTLE, Recording())
    out = np.full((8, 6), -1, dtype="int32")
    place(chain, encode(chain, array), out, out_selection=(slice(2, 6, 1), slice(0, 6, 1)))
    assert np.array_equal(out[2:6], array)
    assert (out[[0, 1, 6, 7]] == -1).all()
    assert np.shares_memory(targets[0], out)


def test_a_chunk_of_one_element_is_filled_in_place(targets):
    for shape in ((), (1,), (1, 1)):
        chain = prepare(LITTLE, Recording(), shape=shape)
        out = np.zeros((), dtype="int32")
        selection = (0,) * len(shape)
        run(
            chain,
            chain.place(
                buffer_of(encode(chain, np.full(shape, 7, dtype="int32"))),
                cpu.NDBuffer.from_numpy_array(out),
                selection,
                (),
                True,
            ),
        )
        assert out == 7
        assert np.shares_memory(targets[-1], out)


def test_a_part_is_decoded_elsewhere_first(targets, array):
    chain = prepare(LITTLE, Recording())
    out = np.zeros((1, 6), dtype="int32")
    place(chain, encode(chain, array), out, (slice(1, 2, 1), slice(0, 6, 1)), (slice(0, 1, 1), slice(0, 6, 1)))
    assert np.array_equal(out[0], array[1])
    assert not np.shares_memory(targets[0], out)


def test_memory_of_another_kind_is_left_to_its_own_class(array):
    chain = prepare(LITTLE, BloscCodec(), prototype=BufferPrototype(Foreign, ForeignND))
    assert not chain.reads_raw
    stored = encode(chain, array)
    decoded = run_inline(chain.decode(Foreign.from_bytes(stored)))
    assert type(decoded) is ForeignND
    out = ForeignND.empty((4, 6), "int32")
    run_inline(chain.place(Foreign.from_bytes(stored), out, ALL, ALL, True))
    assert np.array_equal(out.as_numpy_array(), array)


# -- reading raw


def reader(data):
    """What a store does that reads into memory."""

    async def get_into(out):
        if data is not None and len(data) == len(out):
            out[:] = data
        return None if data is None else len(data)

    return get_into


ALL = (slice(0, 4, 1), slice(0, 6, 1))


@pytest.mark.parametrize("codecs", [(LITTLE,), (BIG,), (SWAP, LITTLE)], ids=["little", "big", "transposed"])
def test_parts_of_raw_chunks_are_read(codecs, array):
    chain = prepare(*codecs)
    stored = reader(encode(chain, array))
    out = cpu.NDBuffer(np.zeros((4, 6), dtype="int32"))
    assert run_inline(chain.read_raw(stored, out, ALL, ALL))
    assert np.array_equal(out.as_numpy_array(), array)
    row = cpu.NDBuffer(np.zeros(2, dtype="int64"))
    assert run_inline(chain.read_raw(stored, row, (slice(1, 2, 1), slice(1, 5, 3)), (slice(0, 2, 1),), (0,)))
    assert np.array_equal(row.as_numpy_array(), array[1, 1:5:3])


def test_an_absent_raw_chunk_is_reported():
    out = cpu.NDBuffer(np.zeros((4, 6), dtype="int32"))
    assert not run_inline(prepare(LITTLE).read_raw(reader(None), out, ALL, ALL))
    assert not out.as_numpy_array().any()


@pytest.mark.parametrize("size", [0, 95, 97])
def test_CH_01_CH_02_CH_03_raw_chunks_of_another_size_are_refused(size):
    out = cpu.NDBuffer.from_numpy_array(np.zeros((4, 6), dtype="int32"))
    with pytest.raises(CorruptDataError, match=f"{size} bytes are stored, expected 96") as caught:
        run_inline(prepare(LITTLE).read_raw(reader(bytes(size)), out, ALL, ALL))
    assert caught.value.stage == "size"
