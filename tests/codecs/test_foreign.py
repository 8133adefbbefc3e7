import numpy as np
import pytest

import terrazzo
from terrazzo import registry
from terrazzo.abc.codec import is_inline_codec
from terrazzo.codecs.foreign import ForeignArrayArray, ForeignArrayBytes, ForeignBytesBytes, adopt_codec
from terrazzo.errors import MetadataValidationError
from tests import foreign
from tests.foreign import Doubled, Flip
from tests.helpers import spec_of


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_codecs", registry._codecs.copy())
    registry.register_codec("test.flip", Flip)
    registry.register_codec("test.doubled", Doubled)


def test_a_codec_of_somebody_else_encodes_and_is_found_again(store):
    data = np.arange(12, dtype="i2").reshape(3, 4)
    array = terrazzo.create_array(store, data=data, chunks=(2, 3), filters=[Doubled()], compressors=Flip(mask=15))
    assert array.compressors == (ForeignBytesBytes(Flip(mask=15)),)
    again = terrazzo.open_array(store)
    assert again.compressors == array.compressors
    assert isinstance(again.filters[0], ForeignArrayArray)
    again[1, 1:] = -5
    data[1, 1:] = -5
    assert (array[:] == data).all()
    assert again.metadata.to_dict()["codecs"][-1] == {"name": "test.flip", "configuration": {"mask": 15}}


def test_it_stores_what_it_makes():
    array = terrazzo.create_array({}, data=np.array([1, 2], "i2"), filters=[Doubled()], compressors=[Flip()])
    stored = array.store._store_dict["c/0"].to_bytes()
    assert stored == bytes(255 - byte for byte in np.array([1, 2], "i4").tobytes())
    assert array.serializer.endian == "little"


def test_one_that_waits_runs_on_an_event_loop_and_one_that_does_not_where_the_caller_is():
    assert not is_inline_codec(ForeignBytesBytes(Flip()))
    assert is_inline_codec(ForeignArrayArray(Doubled()))


def test_it_checks_its_own_parameters():
    with pytest.raises(ValueError, match="mask of 0"):
        terrazzo.create_array({}, shape=4, dtype="u1", compressors=Flip(mask=0))


def test_its_values_are_those_of_its_package(other_package, monkeypatch):
    monkeypatch.setattr(foreign.BytesBytesCodec, "__module__", "other.abc.codec")
    seen = []

    class Watching(Flip):
        def flip(self, chunk_data, chunk_spec):
            seen.append((type(chunk_data), type(chunk_spec).__name__, chunk_spec.prototype, chunk_spec.dtype))
            return super().flip(chunk_data, chunk_spec)

    array = terrazzo.create_array({}, data=np.array([1, 2], ">i4"), compressors=Watching())
    assert array[:].tolist() == [1, 2]
    assert len(seen) == 2
    dtype = foreign.OtherDataType("int32", "big")
    assert seen == [(foreign.OtherBuffer, "ArraySpec", foreign.OTHER_PROTOTYPE, dtype)] * 2


def test_a_codec_that_belongs_to_the_other_implementation_becomes_ours(other_package, monkeypatch):
    monkeypatch.setattr(foreign.BytesBytesCodec, "__module__", "other.abc.codec")

    class Theirs(foreign.BytesBytesCodec):
        __module__ = "other.codecs.blosc"
        _tunable_attrs = frozenset({"typesize"})

        def to_dict(self):
            return {"name": "blosc", "configuration": {"typesize": 1, "cname": "lz4", "clevel": 3}}

    array = terrazzo.create_array({}, data=np.array([1, 2], "i4"), compressors=Theirs())
    assert array.compressors == (terrazzo.codecs.BloscCodec(typesize=4, cname="lz4", clevel=3, shuffle="shuffle"),)
    assert isinstance(adopt_codec(Theirs(), as_it_is=True), ForeignBytesBytes)


def test_what_is_no_codec_is_refused():
    for candidate in (5, Flip, foreign.BytesBytesCodec(), object()):
        assert adopt_codec(candidate) is None
        with pytest.raises((TypeError, MetadataValidationError)):
            terrazzo.create_array({}, shape=4, dtype="u1", compressors=candidate)
    with pytest.raises(TypeError, match="serializer takes"):
        terrazzo.create_array({}, shape=4, dtype="u1", serializer=Flip())


def test_sizes_are_its_own():
    assert ForeignBytesBytes(Flip()).compute_encoded_size(3, spec_of()) == 3
    assert ForeignBytesBytes(Flip()).is_fixed_size
    assert not ForeignArrayBytes(Doubled()).is_fixed_size
