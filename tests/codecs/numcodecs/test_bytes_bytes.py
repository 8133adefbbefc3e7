import bz2
import lzma
import pickle
import zlib

import numcodecs as theirs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import BytesCodec, numcodecs
from terrazzo.errors import ChecksumError, CorruptDataError, LimitExceededError, MetadataValidationError
from terrazzo.pipeline.chain import CodecChain, parse_codec
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.settings import config
from tests.helpers import buffer_of, on_a_loop, spec_of
from tests.peak import peak_of

DATA = np.cumsum(np.arange(1000, dtype="<i4") % 7).astype("<i4")

BYTES = {
    "blosc": {"cname": "zstd", "clevel": 3, "shuffle": -1},
    "zstd": {"level": 2, "checksum": True},
    "gzip": {"level": 9},
    "zlib": {"level": -1},
    "bz2": {"level": 5},
    "lzma": {"preset": 1},
    "lz4": {"acceleration": 2},
    "shuffle": {"elementsize": 4},
    "crc32": {"location": "end"},
    "crc32c": {},
    "adler32": {},
    "fletcher32": {},
    "jenkins_lookup3": {"initval": 7},
}
COMPRESSORS = ("blosc", "zstd", "gzip", "zlib", "bz2", "lzma", "lz4")
CHECKSUMS = ("crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3")
each = pytest.mark.parametrize("name", BYTES)
each_compressor = pytest.mark.parametrize("name", COMPRESSORS)


def codec_of(name, **configuration):
    return parse_codec({"name": f"numcodecs.{name}", "configuration": configuration or BYTES.get(name, {})})


def encode(codec, data, dtype="uint8"):
    return codec._encode_sync(buffer_of(data), spec_of(dtype=dtype)).to_bytes()


@each
@pytest.mark.parametrize("dtype", ["<i4", ">f8", "<c16", "<M8[s]", "?", "u1"])
def test_data_come_back(name, dtype):
    codec, data = codec_of(name), DATA.astype(dtype).tobytes()
    stored = encode(codec, data, "uint8")
    assert codec._decode_sync(buffer_of(stored), spec_of()).to_bytes() == data
    assert bytes(codec.decode_sized(memoryview(stored), len(data))) == data
    assert bytes(codec.decode_at_most(stored, len(data))) == data
    if codec.is_fixed_size:
        assert len(stored) == codec.compute_encoded_size(len(data), spec_of())


@each
def test_the_stored_bytes_are_those_of_numcodecs_for_both(name):
    codec, own = codec_of(name), theirs.get_codec({"id": name, **BYTES[name]})
    data = DATA.tobytes()
    assert bytes(own.decode(np.frombuffer(encode(codec, data, "int32"), "u1"))) == data
    assert bytes(codec.decode_sized(bytes(own.encode(DATA)), len(data))) == data


@pytest.mark.parametrize("name", [name for name in COMPRESSORS if name != "lz4"])  # which stores nothing as nothing
def test_nothing_comes_back_too(name):
    codec = codec_of(name)
    assert bytes(codec.decode_sized(encode(codec, b""), 0)) == b""


@each
@given(data=st.binary(min_size=1, max_size=300))
def test_any_bytes_come_back(name, data):
    codec = numcodecs.Shuffle(elementsize=1) if name == "shuffle" else codec_of(name)
    assert bytes(codec.decode_sized(encode(codec, data), len(data))) == data


@each
@pytest.mark.parametrize("dtype", ["int32", "int64", "float16", "float64", "complex128"])
def test_arrays_of_every_kind_are_written_and_read(name, dtype):
    array = DATA.reshape(20, 50).astype(dtype)
    store = {}
    terrazzo.create_array(store, data=array, chunks=(7, 50), compressors=codec_of(name))
    assert np.array_equal(terrazzo.open_array(store)[...], array)


# -- parameters


@pytest.mark.parametrize("name", ["gzip", "zlib", "bz2"])
@pytest.mark.parametrize("level", range(1, 10))
def test_a_level_is_heeded(name, level):
    data = DATA.tobytes()
    stored = encode(codec_of(name, level=level), data)
    assert theirs.get_codec({"id": name}).decode(stored) == data
    if name != "bz2":
        assert len(stored) <= len(encode(codec_of(name, level=0), data))


def test_equal_data_give_equal_bytes_whenever_they_are_written(monkeypatch):
    first = encode(numcodecs.GZip(), DATA.tobytes())
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert encode(numcodecs.GZip(), DATA.tobytes()) == first


def test_shuffle_takes_the_size_of_an_element_from_the_data_type():
    for dtype, size in (("uint8", 1), ("int32", 4), ("complex128", 16)):
        assert numcodecs.Shuffle().evolve_from_array_spec(spec_of(dtype=dtype)) == numcodecs.Shuffle(elementsize=size)
    given = numcodecs.Shuffle(elementsize=2)
    assert given.evolve_from_array_spec(spec_of(dtype="int32")) is given


def test_blosc_shuffles_elements_of_the_data_type():
    data = np.arange(1000, dtype="int32").tobytes()
    codec = numcodecs.Blosc()
    stored = encode(codec, data, "int32")
    assert stored[3] == 4
    assert len(stored) < len(encode(codec, data, "uint8"))
    assert encode(codec, data[:-1], "int32")[3] == 1, "what is no whole number of elements"


def test_lzma_of_every_format():
    filters = [{"id": 33, "preset": 1}]
    for configuration in ({"format": 1}, {"format": 2}, {"format": 3, "filters": filters}, {"filters": filters}):
        codec = codec_of("lzma", **configuration)
        assert bytes(codec.decode_sized(encode(codec, DATA.tobytes()), DATA.nbytes)) == DATA.tobytes()


@pytest.mark.parametrize(
    ("name", "configuration"),
    [
        ("zlib", {"nope": 1}),
        ("blosc", {"clevel": 1, "what": 2}),
        ("lz4", {"id": "lz4", "level": 3}),
    ],
)
def test_parameters_that_numcodecs_does_not_take_are_told_when_data_are_needed(name, configuration):
    codec = codec_of(name, **configuration)
    with pytest.raises(MetadataValidationError, match=name) as caught:
        codec.check_usable()
    assert caught.value.field == "configuration"
    with pytest.raises(MetadataValidationError):
        terrazzo.create_array({}, shape=3, dtype="u1", compressors=codec)


# -- bytes that are not what they promise


@each_compressor
def test_CH_07_no_more_comes_out_than_is_wanted(name):
    codec, data = codec_of(name), bytes(10 << 20)
    stored = encode(codec, data)
    for size in (0, 1, 1000, len(data) - 1):
        with pytest.raises(CorruptDataError) as caught:
            codec.decode_sized(stored, size)
        assert name in caught.value.stage
        with pytest.raises(CorruptDataError):
            codec.decode_at_most(stored, size)
    with pytest.raises(CorruptDataError):
        codec.decode_sized(stored, len(data) + 1)
    with config.set({"limits.chunk_bytes": 1000}), pytest.raises(LimitExceededError) as limited:
        codec._decode_sync(buffer_of(stored), spec_of())
    assert limited.value.limit == "chunk_bytes"
    for limit in (len(data), None):
        with config.set({"limits.chunk_bytes": limit}):
            assert codec._decode_sync(buffer_of(stored), spec_of()).to_bytes() == data


BOMBS = """
import ast
from terrazzo.codecs import numcodecs
stored = {name: bytes.fromhex(text) for name, text in ast.literal_eval(open(sys.argv[1]).read()).items()}
start()
for name, data in stored.items():
    for _ in range(3):
        try:
            getattr(numcodecs, name)().decode_sized(data, 1000)
        except CorruptDataError:
            continue
        raise AssertionError(name)
"""


def test_CH_07_a_bomb_takes_no_memory(tmp_path):
    zeros = bytes(100 << 20)
    bombs = {"BZ2": bz2.compress(zeros), "LZMA": lzma.compress(zeros, preset=0), "Zlib": zlib.compress(zeros)}
    bombs["LZ4"] = (0xFFFFFFF0).to_bytes(4, "little") + bytes(100)
    path = tmp_path / "bombs"
    path.write_text(repr({name: data.hex() for name, data in bombs.items()}))
    assert peak_of(BOMBS, str(path)) < 40


def chain_of(codec):
    return PreparedChain(CodecChain.from_codecs([BytesCodec(endian="little"), codec]), spec_of(DATA.shape, "<i4"))


@each
@pytest.mark.parametrize("cut", [0, 1, 3, 4, 5, 100, -1, -4])
def test_data_that_are_cut_short_are_refused(name, cut):
    codec = codec_of(name)
    stored = encode(codec, DATA.tobytes())[:cut]
    with pytest.raises(CorruptDataError) as caught:
        on_a_loop(chain_of(codec).decode(buffer_of(stored)))
    assert name in caught.value.stage or caught.value.stage == "size"


@pytest.mark.parametrize("name", CHECKSUMS)
def test_every_flipped_bit_is_noticed(name):
    codec, data = codec_of(name), bytes(range(40))
    stored = bytearray(encode(codec, data))
    for position in range(len(stored)):
        stored[position] ^= 1 << position % 8
        with pytest.raises(ChecksumError, match="does not match") as caught:
            codec.decode_sized(bytes(stored), len(data))
        assert caught.value.stage == f"numcodecs.{name}"
        stored[position] ^= 1 << position % 8


@each
@given(data=st.data())
def test_damage_is_told_as_damage(name, data):
    codec = codec_of(name)
    stored = bytearray(encode(codec, DATA.tobytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = on_a_loop(chain_of(codec).decode(buffer_of(bytes(stored)))).as_numpy_array()
    except CorruptDataError:
        return
    assert found.shape == DATA.shape
    assert "crc" not in name or np.array_equal(found, DATA)


def test_several_streams_one_after_another_are_read():
    for name, module in (("bz2", bz2), ("lzma", lzma)):
        stored = module.compress(b"abc") + module.compress(b"") + module.compress(b"defg")
        assert bytes(codec_of(name).decode_sized(stored, 7)) == b"abcdefg"
        with pytest.raises(CorruptDataError, match="more than 6"):
            codec_of(name).decode_at_most(stored, 6)
    assert bytes(codec_of("bz2").decode_sized(bz2.compress(b"abc") + b"rest", 3)) == b"abc", "as numcodecs does"
    with pytest.raises(CorruptDataError):
        codec_of("lzma").decode_sized(lzma.compress(b"abc") + b"rest", 3)


def test_a_codec_can_be_pickled_after_use():
    codec = codec_of("bz2")
    encode(codec, b"abc")
    again = pickle.loads(pickle.dumps(codec))
    assert again == codec
    assert bytes(again.decode_sized(encode(codec, b"abc"), 3)) == b"abc"


def test_the_size_of_what_a_compressor_makes_depends_on_the_data():
    for name in COMPRESSORS:
        assert not codec_of(name).is_fixed_size
        with pytest.raises(NotImplementedError, match=name):
            codec_of(name).compute_encoded_size(10, spec_of())


def test_errors_name_the_codec_the_chunk_and_the_array():
    store = {}
    terrazzo.create_array(store, data=DATA, compressors=numcodecs.BZ2())
    store["c/0"] = buffer_of(b"BZh9 and then something else")
    with pytest.raises(CorruptDataError) as caught:
        terrazzo.open_array(store)[...]
    assert (caught.value.stage, caught.value.key) == ("numcodecs.bz2", "c/0")
