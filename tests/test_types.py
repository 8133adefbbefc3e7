import pytest

import terrazzo
from terrazzo import types
from terrazzo.dtype.base import DTypeJSON
from terrazzo.metadata import ArrayV2Metadata


def test_aliases_stand_for_arrays_and_data_types():
    assert types.ArrayV2 == terrazzo.Array[ArrayV2Metadata]
    assert types.AnyAsyncArray.__origin__ is terrazzo.AsyncArray
    assert types.DTypeJSON == DTypeJSON
    with pytest.raises(AttributeError, match="no attribute 'more'"):
        _ = types.more
