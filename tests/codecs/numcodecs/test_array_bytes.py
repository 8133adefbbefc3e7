import sys
import types

import numcodecs as theirs
import numpy as np
import pytest

import terrazzo
from terrazzo.codecs import numcodecs
from terrazzo.codecs.numcodecs.array_bytes import padded_zfp
from terrazzo.errors import CorruptDataError, UnknownCodecError
from tests.helpers import buffer_of, spec_of

DTYPES = ["uint16", "uint32", "uint64", "int16", "int32", "int64", "float16", "float32", "float64"]


@pytest.fixture
def pcodec():
    return numcodecs.PCodec(level=4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (5,), (4, 6)])
def test_numbers_come_back(pcodec, dtype, shape):
    array = np.arange(int(np.prod(shape))).reshape(shape).astype(dtype)
    spec = spec_of(shape, dtype)
    stored = pcodec._encode_sync(spec.prototype.nd_buffer.from_numpy_array(array), spec)
    assert np.array_equal(pcodec._decode_sync(stored, spec).as_numpy_array(), array)
    own = theirs.get_codec(pcodec.codec_config)
    assert np.array_equal(own.decode(stored.to_bytes()).reshape(shape), array)


def test_arrays_are_written_and_read(pcodec):
    array = np.arange(60).reshape(6, 10).astype("float64")
    store = {}
    terrazzo.create_array(store, data=array, chunks=(4, 4), serializer=pcodec, compressors=None)
    assert np.array_equal(terrazzo.open_array(store)[...], array)


def test_data_of_another_size_or_type_are_refused(pcodec):
    spec = spec_of((10,), "int32")
    stored = pcodec._encode_sync(spec.prototype.nd_buffer.from_numpy_array(np.arange(10, dtype="i4")), spec)
    for shape, dtype in (((9,), "int32"), ((11,), "int32"), ((10,), "int64")):
        store = {}
        terrazzo.create_array(store, shape=shape, dtype=dtype, serializer=pcodec, compressors=None)
        for data in (stored, buffer_of(stored.to_bytes()[:-3]), buffer_of(b""), buffer_of(b"what is this")):
            store["c/0"] = data
            with pytest.raises(CorruptDataError) as caught:
                terrazzo.open_array(store)[...]
            assert caught.value.stage == "numcodecs.pcodec"


class Zfpy(theirs.abc.Codec):
    """Stands for the codec of a package that numcodecs cannot be imported beside."""

    codec_id = "zfpy"

    def __init__(self, mode=4, tolerance=-1, rate=-1, precision=-1):
        self.mode = mode

    def encode(self, buf):
        assert buf.flags.c_contiguous
        assert isinstance(buf, np.ndarray)
        return zfp_header(buf.shape) + buf.tobytes()

    def decode(self, buf, out=None):
        raise AssertionError("trusts what it is given")


def zfp_header(lengths, mode=2176):
    bits = {1: 48, 2: 24, 3: 16, 4: 12}[len(lengths)]
    sizes = sum(length - 1 << bits * axis for axis, length in enumerate(reversed(lengths)))
    return b"zfp\x05" + (mode << 52 | sizes << 4 | len(lengths) - 1 << 2 | 2).to_bytes(8, "little")


@pytest.fixture
def zfpy(monkeypatch):
    module = types.SimpleNamespace(decompress_numpy=lambda data: data[12 : 12 + 48].view("f4").reshape(-1, 2))
    monkeypatch.setitem(theirs.registry.codec_registry, "zfpy", Zfpy)
    monkeypatch.setitem(sys.modules, "zfpy", module)
    return numcodecs.ZFPY(mode=4)


def test_zfpy_is_given_the_array_and_may_give_back_one_of_another_shape(zfpy):
    array = np.arange(12).reshape(3, 4).astype("float32")
    store = {}
    terrazzo.create_array(store, data=np.asfortranarray(array), serializer=zfpy)
    opened = terrazzo.open_array(store)
    assert np.array_equal(opened[...], array)
    assert opened.serializer == zfpy


@pytest.mark.parametrize("stored", [b"", b"zfp", b"zfp\x05" + bytes(7), b"zfq\x05" + bytes(30), zfp_header((11,))])
def test_zfpy_is_not_given_what_would_crash_it(zfpy, stored):
    store = {}
    terrazzo.create_array(store, shape=(3, 4), dtype="f4", serializer=zfpy, compressors=None)
    store["c/0/0"] = buffer_of(stored)
    with pytest.raises(CorruptDataError) as caught:
        terrazzo.open_array(store)[...]
    assert caught.value.stage == "numcodecs.zfpy"


@pytest.mark.parametrize("lengths", [(7,), (3, 5), (2, 3, 5), (2, 3, 4, 5), (1 << 20,)])
@pytest.mark.parametrize(("mode", "least"), [(0, 1), (2047, 256), (2176, 32), (4095, 4096)])
def test_behind_a_stream_there_is_as_much_as_a_block_may_take(lengths, mode, least):
    stored = zfp_header(lengths, mode) + b"abc"
    padded = padded_zfp(stored, int(np.prod(lengths)))
    blocks = int(np.prod([-(-length // 4) for length in lengths]))
    assert padded[:15].tobytes() == stored
    assert not padded[15:100].any()
    assert len(padded) >= len(stored) + blocks * least
    with pytest.raises(CorruptDataError, match="declares"):
        padded_zfp(stored, int(np.prod(lengths)) + 1)


@pytest.mark.parametrize("name", ["zfpy", "pcodec"])
def test_a_package_that_is_missing_is_named_when_data_are_needed(name, monkeypatch):
    store = {}
    codec = {"zfpy": numcodecs.ZFPY, "pcodec": numcodecs.PCodec}[name]()
    monkeypatch.setitem(theirs.registry.codec_registry, name, Zfpy)
    terrazzo.create_array(store, shape=4, dtype="f4", serializer=codec)
    monkeypatch.delitem(theirs.registry.codec_registry, name)
    opened = terrazzo.open_array(store)
    assert name in repr(opened.info)
    for attempt in (lambda: opened[:], lambda: opened.__setitem__(0, 1)):
        with pytest.raises(UnknownCodecError, match=f"install the package '{name}'") as caught:
            attempt()
        assert caught.value.name == name
    with pytest.raises(UnknownCodecError, match=f"package '{name}'"):
        terrazzo.create_array({}, shape=4, dtype="f4", serializer=type(codec)())


def fail_with(error, monkeypatch):
    def fail(name):
        raise error

    monkeypatch.setattr("terrazzo.registry.importlib", types.SimpleNamespace(import_module=fail))


def test_numcodecs_that_cannot_be_imported_is_told(monkeypatch):
    fail_with(ImportError("no numcodecs"), monkeypatch)
    with pytest.raises(UnknownCodecError, match="no numcodecs") as caught:
        numcodecs.BZ2().check_usable()
    assert caught.value.name == "bz2"


def test_what_numcodecs_had_imported_before_the_version_of_zfpy_stopped_it_is_used(monkeypatch):
    fail_with(ValueError("invalid literal for int() with base 10: 'post0'"), monkeypatch)
    numcodecs.BZ2().check_usable()
    monkeypatch.delitem(sys.modules, "numcodecs.registry")
    with pytest.raises(UnknownCodecError, match="post0"):
        numcodecs.BZ2().check_usable()


def test_CH_07_what_comes_out_behind_a_serializer_is_bounded(pcodec):
    store = {}
    terrazzo.create_array(store, shape=4, dtype="f4", serializer=pcodec, compressors=numcodecs.Zlib())
    store["c/0"] = buffer_of(theirs.Zlib().encode(bytes(50 << 20)))
    with pytest.raises(CorruptDataError, match="more than") as caught:
        terrazzo.open_array(store)[...]
    assert caught.value.stage == "numcodecs.zlib"
