import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import terrazzo
from terrazzo.dtype import ZDType
from terrazzo.testing import kinds


@pytest.mark.parametrize(("zarr_format", "drawn"), [(2, kinds.v2_dtypes()), (3, kinds.v3_dtypes())])
def test_numpys_data_types_are_ones_that_the_format_has(zarr_format, drawn):
    @given(drawn)
    def check(dtype):
        array = terrazzo.create_array({}, shape=1, dtype=dtype, zarr_format=zarr_format)
        assert array.dtype == dtype

    check()


@given(kinds.structured_dtypes(max_depth=2))
def test_structs_are_packed_and_can_be_stored(dtype):
    assert dtype.names
    assert dtype.itemsize == sum(dtype[name].itemsize for name in dtype.names)
    assert terrazzo.create_array({}, shape=2, dtype=dtype).dtype == dtype


def test_structs_may_be_nested_and_extended():
    def nested(dtype):
        return any(dtype[name].names for name in dtype.names)

    def extended(dtype):
        return any(len(field) > 2 for field in dtype.fields.values()) and any(dtype[name].shape for name in dtype.names)

    seen = set()

    @settings(max_examples=40, phases=[Phase.generate], database=None, derandomize=True, deadline=None)
    @given(kinds.structured_dtypes(max_depth=2), kinds.structured_dtypes(allow_extended=True, max_depth=1))
    def look(plain, rich):
        seen.update({"nested"} if nested(plain) else set(), {"extended"} if extended(rich) else set())
        assert not extended(plain)

    look()
    assert seen == {"nested", "extended"}


@given(kinds.zdtypes())
def test_data_types_come_back_from_their_json(data_type):
    assert isinstance(data_type, ZDType)
    again = terrazzo.dtype.data_type_registry.match_json(data_type.to_json(3), zarr_format=3)
    assert again.to_json(3) == data_type.to_json(3)


@given(st.data())
def test_text_stays_as_it_is(data):
    dtype = np.dtype("U4")
    text = data.draw(kinds.safe_unicode_for_dtype(dtype))
    assert np.array(text, dtype)[()] == text
    assert text.encode().decode() == text
