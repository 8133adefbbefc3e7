from dataclasses import dataclass

import numpy as np
import pytest

from terrazzo import dtype
from terrazzo.dtype.mixins import HasEndianness, HasItemSize, HasLength, HasObjectCodec


@pytest.mark.parametrize(
    ("zdtype", "traits"),
    [
        (dtype.Bool(), {HasItemSize}),
        (dtype.Int16(), {HasItemSize, HasEndianness}),
        (dtype.DateTime64(unit="s"), {HasItemSize, HasEndianness}),
        (dtype.RawBytes(length=3), {HasItemSize, HasLength}),
        (dtype.FixedLengthUTF32(length=3), {HasItemSize, HasLength, HasEndianness}),
        (dtype.VariableLengthUTF8(), {HasObjectCodec}),
        (dtype.VariableLengthBytes(), {HasObjectCodec}),
        (dtype.Struct(fields=(("a", dtype.Int8()),)), {HasItemSize}),
        (dtype.MLFloat(name="bfloat16"), {HasItemSize}),
    ],
    ids=str,
)
def test_the_data_types_here_count_as_what_they_have(zdtype, traits):
    for trait in (HasEndianness, HasItemSize, HasLength, HasObjectCodec):
        assert isinstance(zdtype, trait) == (trait in traits)


def test_a_class_that_inherits_from_them_has_what_they_give():
    @dataclass(frozen=True, kw_only=True)
    class Given(HasEndianness, HasLength, HasItemSize, HasObjectCodec):
        object_codec_id = "test"

        def to_native_dtype(self):
            return np.dtype("u2")

    given = Given(length=4)
    assert (given.endianness, given.length, given.item_size) == ("little", 4, 2)
    assert isinstance(given, HasObjectCodec)
    with pytest.raises(AttributeError):
        given.length = 5


def test_what_inherits_from_one_counts_as_that_one_only():
    class Sized(HasItemSize):
        pass

    assert isinstance(Sized(), HasItemSize)
    assert not isinstance(dtype.Bool(), Sized)
    assert not isinstance(Sized(), HasLength)
    assert not isinstance(3, HasItemSize)
