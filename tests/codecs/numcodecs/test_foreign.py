import json

import numcodecs as theirs
import numpy as np
import pytest
from numcodecs.abc import Codec

import terrazzo
from terrazzo.codecs.numcodecs import BZ2, Delta
from terrazzo.codecs.numcodecs.foreign import ForeignArrayArray, ForeignArrayBytes, ForeignBytesBytes
from terrazzo.errors import CorruptDataError, MetadataValidationError, UnknownCodecError
from terrazzo.pipeline.chain import parse_codec


class Negate(Codec):
    """A filter that changes what it is given, in place."""

    codec_id = "test.negate"

    def __init__(self, astype=None):
        self.astype = astype

    def encode(self, buf):
        buf *= -1
        return buf if self.astype is None else buf.astype(self.astype)

    def decode(self, buf, out=None):
        return -buf.astype("i8")


class Reverse(Codec):
    """Works on bytes, whatever their type, and has no parameters."""

    codec_id = "test.reverse"

    def encode(self, buf):
        return bytes(np.asarray(buf).tobytes())[::-1]

    def decode(self, buf, out=None):
        return bytearray(bytes(buf)[::-1])


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for cls in (Negate, Reverse):
        monkeypatch.setitem(theirs.registry.codec_registry, cls.codec_id, cls)


DATA = np.arange(12, dtype="i8").reshape(3, 4)


def stored(**arguments):
    store = {}
    array = terrazzo.create_array(store, shape=DATA.shape, chunks=(2, 4), dtype="i8", **arguments)
    array[...] = DATA
    return store, json.loads(store["zarr.json"].to_bytes())["codecs"]


@pytest.mark.parametrize(
    ("arguments", "position", "kind"),
    [
        ({"filters": Negate()}, 0, ForeignArrayArray),
        ({"filters": [Negate(astype="i1")], "compressors": None}, 0, ForeignArrayArray),
        ({"serializer": Reverse()}, 0, ForeignArrayBytes),
        ({"serializer": Reverse(), "compressors": None}, 0, ForeignArrayBytes),
        ({"compressors": Reverse()}, 1, ForeignBytesBytes),
        ({"compressors": [Reverse(), BZ2()]}, 1, ForeignBytesBytes),
        ({"filters": Delta(dtype="i8"), "serializer": Reverse()}, 1, ForeignArrayBytes),
        ({"compressors": {"id": "test.reverse"}}, 1, ForeignBytesBytes),
    ],
    ids=str,
)
def test_a_codec_of_another_package_is_what_the_argument_says_and_stays_it(arguments, position, kind):
    before = DATA.copy()
    store, codecs = stored(**arguments)
    assert np.array_equal(DATA, before), "the data of the caller"
    assert codecs[position]["name"].startswith("numcodecs.test.")
    array = terrazzo.open_array(store)
    assert np.array_equal(array[...], DATA)
    codec = list(array.metadata.chain)[position]
    assert type(codec) is kind
    assert codec.to_dict() == codecs[position]


def test_a_filter_that_changes_the_data_type_is_told_apart_from_one_that_does_not():
    for astype, size in ((None, 64), ("i2", 16), ("i1", 8)):
        store, _ = stored(filters=Negate(astype=astype), compressors=None)
        assert len(store["c/0/0"]) == size


def test_without_another_codec_a_serializer_is_found_by_its_place():
    store, codecs = stored(serializer=Reverse(), compressors=[Reverse(), Reverse()])
    assert [codec["name"] for codec in codecs] == ["numcodecs.test.reverse"] * 3
    chain = terrazzo.open_array(store).metadata.chain
    assert [type(codec) for codec in chain] == [ForeignArrayBytes, ForeignBytesBytes, ForeignBytesBytes]


def test_a_codec_alone_has_no_kind():
    with pytest.raises(MetadataValidationError, match="several kinds"):
        parse_codec(Reverse())
    assert type(parse_codec(theirs.BZ2(3))) is BZ2


def test_a_codec_that_is_not_registered_could_not_be_read_again(monkeypatch):
    monkeypatch.delitem(theirs.registry.codec_registry, "test.reverse")
    store = {}
    with pytest.raises(UnknownCodecError, match="register"):
        terrazzo.create_array(store, shape=3, dtype="i8", compressors=Reverse())
    assert store == {}


def test_a_configuration_that_the_package_refuses_is_told():
    with pytest.raises(MetadataValidationError, match="nope") as caught:
        terrazzo.create_array({}, shape=3, dtype="i8", filters={"id": "test.negate", "nope": 1})
    assert caught.value.field == "configuration"


def test_data_of_another_size_are_refused():
    store, _ = stored(serializer=Reverse(), compressors=None)
    store["c/0/0"] = type(store["c/0/0"]).from_bytes(bytes(16))
    with pytest.raises(CorruptDataError, match="2 elements decoded, expected 8") as caught:
        terrazzo.open_array(store)[...]
    assert caught.value.stage == "numcodecs.test.reverse"
