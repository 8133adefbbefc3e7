"""Rows CH: chunks whose bytes are not what the metadata promise."""

import subprocess
import sys
import zlib
from pathlib import Path

import numcodecs.blosc
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import deflate as deflate_module
from terrazzo.errors import ChecksumError, CorruptDataError
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, SuspendingStore
from tests.faults.frames import (
    CODECS,
    crc32c,
    flipped,
    gzip_packed,
    gzip_stored,
    text_of,
    with_crc32c,
    zstd_frame,
    zstd_raw,
)
from tests.stored import contents_of, document, fill, grid

ROOT = Path(__file__).parents[2]
VALUES = np.arange(1, 9, dtype="<u2")
FIRST, SECOND = VALUES[:4].tobytes(), VALUES[4:].tobytes()


def pack(codec, data):
    """One chunk as the codec of this name stores it."""
    match codec:
        case "bytes":
            return data
        case "gzip":
            return gzip_packed(data)
        case "zstd":
            return zstd_raw(data)
        case "blosc":
            return numcodecs.blosc.compress(data, b"lz4", 5, 1, 0, 2)
        case "crc32c":
            return with_crc32c(data)
    raise AssertionError(codec)


def array_with(store, codec, second, **patch):
    """An array of two chunks of four elements of two bytes; the second has these bytes."""
    members = {"data_type": "uint16", "shape": [8], "chunk_grid": grid(4), "codecs": CODECS[codec], **patch}
    fill(store, {"a/zarr.json": document(**members), "a/c/0": pack(codec, FIRST), "a/c/1": second})
    return terrazzo.open_array(store, path="a", config={"write_empty_chunks": True})


def assert_names_the_chunk(error, store, *, stage=None, coords=(1,), key="a/c/1"):
    assert (error.store, error.key, error.chunk_coords) == (str(store), key, coords)
    assert error.inner_coords is None
    assert error.reason
    text = text_of(error)
    for part in (str(store), key, str(coords)):
        assert part in text
    if stage is not None:
        assert error.stage == stage


READS = {
    "all": lambda array: array[...],
    "one chunk": lambda array: array[4:8],
    "part": lambda array: array[3:6],
    "one element": lambda array: array[7],
    "with steps": lambda array: array[::3],
}


@pytest.fixture(params=READS.values(), ids=list(READS))
def read(request):
    return request.param


# -- CH-01 to CH-03: bytes that are there or not


@pytest.mark.parametrize("stored", range(1, 8))
def test_CH_01_an_uncompressed_chunk_cut_short_is_named_with_both_sizes(store, read, stored):
    array = array_with(store, "bytes", SECOND[:stored])
    with pytest.raises(CorruptDataError) as caught:
        read(array)
    assert_names_the_chunk(caught.value, store, stage="size")
    assert f"{stored} bytes are stored, expected 8" in str(caught.value)


@pytest.mark.parametrize("surplus", [1, 2, 8, 1000])
def test_CH_02_an_uncompressed_chunk_that_is_too_long_is_named_with_both_sizes(store, read, surplus):
    array = array_with(store, "bytes", SECOND + bytes(surplus))
    with pytest.raises(CorruptDataError) as caught:
        read(array)
    assert_names_the_chunk(caught.value, store, stage="size")
    assert f"{8 + surplus} bytes are stored, expected 8" in str(caught.value)


@pytest.mark.parametrize("codec", CODECS)
def test_CH_03_a_chunk_of_no_bytes_is_corrupt_and_not_missing(store, read, codec):
    array = array_with(store, codec, b"")
    with pytest.raises(CorruptDataError) as caught:
        read(array)
    assert_names_the_chunk(caught.value, store)
    assert caught.value.stage in (codec, "size")


@pytest.mark.parametrize("size", [0, 1, 3])
def test_CH_01_a_chunk_of_an_array_without_axes_may_be_cut_short_too(store, size):
    fill(store, {"zarr.json": document(shape=[], chunk_grid=grid(), data_type="uint16", codecs=CODECS["bytes"])})
    fill(store, {"c": b"\x01\x02\x03"[:size]})
    with pytest.raises(CorruptDataError) as caught:
        terrazzo.open_array(store)[...]
    assert_names_the_chunk(caught.value, store, stage="size", coords=(), key="c")


def test_CH_01_a_chunk_stored_in_another_layout_is_checked_as_well(store, read):
    """Elements that are swapped or transposed take another way into memory than those that are not."""
    for codecs in (
        [{"name": "bytes", "configuration": {"endian": "big"}}],
        [{"name": "transpose", "configuration": {"order": [0]}}, *CODECS["bytes"]],
    ):
        for stored in (SECOND[:7], SECOND + b"x"):
            array = array_with(store, "bytes", stored, codecs=codecs)
            with pytest.raises(CorruptDataError, match="expected 8") as caught:
                read(array)
            assert_names_the_chunk(caught.value, store, stage="size")


# -- CH-04 to CH-07: streams


@pytest.fixture(params=["fast", "zlib"])
def inflater(request, monkeypatch):
    """Decodes gzip with the fast library, where it is installed, or with zlib."""
    if request.param == "zlib":
        monkeypatch.setattr(deflate_module, "deflate", None)


def test_CH_04_a_gzip_stream_cut_short_anywhere_is_named(driven, inflater):
    for whole in (gzip_packed(SECOND), gzip_stored(SECOND), gzip_packed(SECOND[:3]) + gzip_packed(SECOND[3:])):
        assert array_with(MemoryStore(), "gzip", whole)[...].tobytes() == VALUES.tobytes()
        for length in range(len(whole)):
            store = driven(MemoryStore())
            array = array_with(store, "gzip", whole[:length])
            with pytest.raises(CorruptDataError) as caught:
                array[...]
            assert_names_the_chunk(caught.value, store, stage="gzip")


def test_CH_05_a_zstd_frame_cut_short_anywhere_is_named(driven):
    for whole in (
        zstd_raw(SECOND),
        zstd_raw(SECOND, content_size=None),
        zstd_raw(SECOND[:3]) + zstd_raw(SECOND[3:]),
        zstd_frame((0, 3, SECOND[:3]), (0, 5, SECOND[3:]), content_size=None),
    ):
        assert array_with(MemoryStore(), "zstd", whole)[...].tobytes() == VALUES.tobytes()
        for length in range(len(whole)):
            store = driven(MemoryStore())
            array = array_with(store, "zstd", whole[:length])
            with pytest.raises(CorruptDataError) as caught:
                array[...]
            assert_names_the_chunk(caught.value, store, stage="zstd")


@pytest.mark.parametrize("codec", ["gzip", "zstd", "blosc"])
@pytest.mark.parametrize("size", [0, 1, 7])
def test_CH_06_a_stream_that_decodes_to_too_few_bytes_is_named_with_both_sizes(store, read, codec, size):
    array = array_with(store, codec, pack(codec, SECOND[:size]))
    with pytest.raises(CorruptDataError, match=rf"\b{size} bytes, expected 8") as caught:
        read(array)
    assert_names_the_chunk(caught.value, store, stage=codec)


@pytest.mark.parametrize("codec", ["gzip", "zstd", "blosc"])
@pytest.mark.parametrize("surplus", [1, 8, 100_000])
def test_CH_07_a_stream_that_decodes_to_too_many_bytes_is_named(store, read, codec, surplus):
    array = array_with(store, codec, pack(codec, SECOND + bytes(surplus)))
    with pytest.raises(CorruptDataError, match=r"\b8\b") as caught:
        read(array)
    assert_names_the_chunk(caught.value, store, stage=codec)


def test_CH_06_07_sizes_that_a_stream_only_claims_do_not_count(store, inflater):
    """A header is not believed: neither that there is more, nor that there is exactly what is wanted."""
    for codec, stored in (
        ("zstd", zstd_raw(SECOND[:7], content_size=8)),
        ("zstd", zstd_raw(SECOND + b"x", content_size=8)),
        ("zstd", zstd_raw(SECOND, content_size=9)),
        ("zstd", zstd_raw(SECOND, content_size=1 << 50)),
        ("gzip", gzip_packed(SECOND)[:-4] + (9).to_bytes(4, "little")),
        ("gzip", gzip_packed(SECOND[:7])[:-4] + (8).to_bytes(4, "little")),
        ("gzip", gzip_packed(SECOND + b"x")[:-4] + (8).to_bytes(4, "little")),
        ("gzip", gzip_packed(SECOND) + b"trailing"),
        ("gzip", gzip_packed(b"x") + gzip_packed(SECOND)),
        ("zstd", zstd_raw(SECOND) + b"trailing"),
        ("zstd", zstd_raw(b"x") + zstd_raw(SECOND)),
        ("gzip", zlib.compress(SECOND)),
        ("zstd", gzip_packed(SECOND)),
        ("gzip", zstd_raw(SECOND)),
    ):
        array = array_with(store, codec, stored)
        with pytest.raises(CorruptDataError) as caught:
            array[...]
        assert_names_the_chunk(caught.value, store, stage=codec)


def test_CH_06_a_stream_inside_another_is_named_by_the_codec_that_fails(store):
    codecs = [*CODECS["zstd"], {"name": "gzip", "configuration": {"level": 1}}, {"name": "crc32c"}]
    for stored, stage in (
        (with_crc32c(gzip_packed(zstd_raw(SECOND[:7]))), "zstd"),
        (with_crc32c(gzip_packed(zstd_raw(SECOND))[:-1]), "gzip"),
        (with_crc32c(gzip_packed(zstd_raw(SECOND)))[:-1], "crc32c"),
        (with_crc32c(gzip_packed(b"")), "zstd"),
        (b"abc", "crc32c"),
    ):
        fill(store, {"a/c/0": with_crc32c(gzip_packed(zstd_raw(FIRST)))})
        array = array_with(store, "bytes", stored, codecs=codecs)
        fill(store, {"a/c/0": with_crc32c(gzip_packed(zstd_raw(FIRST)))})
        assert array[:4].tobytes() == FIRST
        with pytest.raises(CorruptDataError) as caught:
            array[4:]
        assert_names_the_chunk(caught.value, store, stage=stage)


# -- CH-08: checksums


def test_CH_08_every_bit_flip_under_crc32c_is_found(driven):
    whole = with_crc32c(SECOND)
    for bit in range(len(whole) * 8):
        store = driven(MemoryStore())
        array = array_with(store, "crc32c", flipped(whole, bit))
        with pytest.raises(ChecksumError) as caught:
            array[...]
        assert_names_the_chunk(caught.value, store, stage="crc32c")
        damaged = flipped(whole, bit)
        assert f"0x{int.from_bytes(damaged[8:], 'little'):08x}" in str(caught.value)
        assert f"0x{crc32c(damaged[:8]):08x}" in str(caught.value)


def test_CH_08_a_checksum_is_asked_about_before_what_it_protects(store):
    codecs = [*CODECS["zstd"], {"name": "crc32c"}]
    array = array_with(store, "bytes", flipped(with_crc32c(zstd_raw(SECOND)), 3), codecs=codecs)
    with pytest.raises(ChecksumError) as caught:
        array[5]
    assert_names_the_chunk(caught.value, store, stage="crc32c")


# -- CH-09: damage that no checksum finds

BLOSC_FLIPS = """
import faulthandler, random, sys
import numcodecs.blosc as blosc
import numpy as np
import terrazzo
from terrazzo.errors import CorruptDataError
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.faults.frames import CODECS, flipped
from tests.stored import document, fill, grid

faulthandler.enable()
values = (np.arange(5000) // 7).astype("<i4")
chance = random.Random(7)
outcomes = {"read": 0, "refused": 0}
for number in range(300):
    name = ["lz4", "zstd", "blosclz", "zlib", "lz4hc"][number % 5]
    packed = blosc.compress(values, name.encode(), 5, number % 3, 0, 4)
    span = 16 * 8 if number % 4 == 0 else len(packed) * 8
    memory = MemoryStore()
    fill(memory, {"c/0": flipped(packed, chance.randrange(span)), "zarr.json": document(
        shape=[5000], chunk_grid=grid(5000), data_type="int32", fill_value=0, codecs=CODECS["blosc"])})
    store = SuspendingStore(memory) if number % 2 else memory
    array = terrazzo.open_array(store, mode="r")
    for selection in (slice(None), slice(10, 20)):
        try:
            result = array[selection]
        except CorruptDataError as error:
            assert error.key == "c/0" and error.chunk_coords == (0,) and error.stage == "blosc", error
            outcomes["refused"] += 1
        else:
            assert result.shape == values[selection].shape and result.dtype == values.dtype
            outcomes["read"] += 1
print(outcomes)
assert outcomes["refused"] > 100
"""


def test_CH_09_bit_flips_in_blosc_chunks_give_data_of_the_right_shape_or_an_error():
    """In a process of its own, where a crash of the library is seen as such."""
    done = subprocess.run([sys.executable, "-c", BLOSC_FLIPS], capture_output=True, text=True, timeout=90, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]


# -- CH-12 to CH-14: one among others


@pytest.mark.parametrize("codec", ["bytes", "zstd"])
def test_CH_12_one_corrupt_chunk_among_64_is_named_and_the_others_stay_readable(store, codec):
    values = np.arange(64 * 4, dtype="<u2").reshape(16, 16)
    fill(
        store,
        {"a/zarr.json": document(shape=[16, 16], chunk_grid=grid(2, 2), data_type="uint16", codecs=CODECS[codec])},
    )
    for row in range(8):
        for column in range(8):
            data = values[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].tobytes()
            stored = pack(codec, data) if (row, column) != (5, 3) else pack(codec, data)[:-1]
            fill(store, {f"a/c/{row}/{column}": stored})
    array = terrazzo.open_array(store, path="a")
    for selection in (..., (slice(10, 12), slice(None)), (11, 7)):
        with pytest.raises(CorruptDataError) as caught:
            array[selection]
        assert_names_the_chunk(caught.value, store, coords=(5, 3), key="a/c/5/3")
    assert np.array_equal(array[:10], values[:10])
    assert np.array_equal(array[12:], values[12:])
    assert np.array_equal(array[10:12, :6], values[10:12, :6])
    assert np.array_equal(array[10:12, 8:], values[10:12, 8:])


DAMAGE = {
    "bytes": SECOND[:-1],
    "gzip": gzip_packed(SECOND)[:-1],
    "zstd": zstd_raw(SECOND)[:-1],
    "blosc": b"\x02\x01" + bytes(20),
    "crc32c": flipped(with_crc32c(SECOND), 1),
}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("damage", ["damaged", "empty"])
def test_CH_13_a_partial_write_into_a_corrupt_chunk_leaves_its_bytes(store, codec, damage):
    array = array_with(store, codec, DAMAGE[codec] if damage == "damaged" else b"")
    before = contents_of(store)
    for write in (
        lambda: array.__setitem__(5, 1),
        lambda: array.__setitem__(slice(5, 8), 1),
        lambda: array.__setitem__(slice(4, 7), [1, 2, 3]),
        lambda: array.__setitem__(slice(3, 7), 1),
    ):
        with pytest.raises(CorruptDataError) as caught:
            write()
        assert_names_the_chunk(caught.value, store)
        assert contents_of(store)["a/c/1"] == before["a/c/1"]


@pytest.mark.parametrize("codec", CODECS)
def test_CH_13_changing_the_shape_does_not_launder_a_corrupt_chunk(store, codec):
    """An edge chunk is rewritten when the array grows into it, or when something is appended in it."""
    array = array_with(store, codec, DAMAGE[codec], shape=[6])
    before = contents_of(store)
    for change in (
        lambda: array.append(np.ones(1, "u2")),
        lambda: array.append(np.ones(5, "u2")),
        lambda: array.resize(7),
        lambda: array.resize(20),
    ):
        with pytest.raises(CorruptDataError) as caught:
            change()
        assert "a/c/1" in text_of(caught.value)
        assert caught.value.key == "a/c/1"
        stored = contents_of(store)
        assert stored["a/c/1"] == before["a/c/1"]
        assert stored["a/zarr.json"] == before["a/zarr.json"]
        assert array.shape == terrazzo.open_array(store, path="a").shape == (6,)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("suspends", [False, True])
def test_CH_14_a_corrupt_chunk_is_overwritten_without_being_read(codec, suspends):
    inner = MemoryStore()
    array_with(inner, codec, DAMAGE[codec], shape=[7])
    store = CountingStore(SuspendingStore(inner) if suspends else inner)
    array = terrazzo.open_array(store, path="a")
    store.reset()
    array[4:] = [11, 12, 13]
    assert store.keys("get") == []
    assert store.keys("set") == ["a/c/1"]
    assert array[...].tolist() == [1, 2, 3, 4, 11, 12, 13]


@pytest.mark.parametrize("codec", CODECS)
def test_CH_14_a_corrupt_chunk_is_overwritten_with_the_fill_value(store, codec):
    array = array_with(store, codec, DAMAGE[codec]).with_config({"write_empty_chunks": False})
    array[4:] = 9
    assert sorted(contents_of(store)) == ["a/c/0", "a/zarr.json"]
    assert array[...].tolist() == [1, 2, 3, 4, 9, 9, 9, 9]
