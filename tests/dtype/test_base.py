import sys

import numpy as np
import pytest

from terrazzo import dtype
from terrazzo.dtype.base import FixedSize, ZDType, endianness_of
from terrazzo.errors import DataTypeValidationError


@pytest.mark.parametrize(
    ("text", "expected"), [("<i4", "little"), (">i4", "big"), ("=i4", sys.byteorder), ("|u1", sys.byteorder)]
)
def test_a_byte_order_that_is_not_said_is_that_of_the_machine(text, expected):
    assert endianness_of(np.dtype(text)) == expected


def test_a_data_type_needs_its_methods():
    with pytest.raises(TypeError, match="abstract"):
        ZDType()


def test_the_refusal_names_what_was_refused_and_by_whom():
    error = dtype.Int16.refuse("x" * 1000)
    assert isinstance(error, DataTypeValidationError)
    assert "Int16" in str(error)
    assert "xxx" in str(error)
    assert len(str(error)) < 400


def test_numbers_are_of_fixed_size():
    assert isinstance(dtype.Bool(), FixedSize)
    assert not dtype.Bool().is_multibyte
