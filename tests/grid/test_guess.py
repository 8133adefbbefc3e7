import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.grid import guess_chunks

KNOWN = [
    # shape, item size, whether sharded, what zarr-python 3.4.2 chooses
    ((), 8, False, ()),
    ((0, 100), 4, False, (1, 100)),
    ((10_000,), 8, False, (10_000,)),
    ((20_000,), 8, False, (20_000,)),
    ((32_768,), 8, False, (16_384,)),
    ((1_000_000,), 8, False, (62_500,)),
    ((1000, 1000), 8, False, (250, 250)),
    ((1000, 1000), 1, False, (500, 500)),
    ((10_000, 10_000), 4, False, (625, 625)),
    ((365, 721, 1440), 4, False, (46, 91, 180)),
    ((5, 3, 2000, 2000), 2, False, (2, 1, 500, 500)),
    ((1_000_000_000,), 4, False, (976_563,)),
    ((20,), 1_000_000, False, (1,)),
    ((365, 721, 1440), 4, True, (23, 46, 180)),
    ((10_000, 10_000), 4, True, (313, 625)),
]


@pytest.mark.parametrize(("shape", "item_size", "sharded", "expected"), KNOWN)
def test_the_choice_is_zarr_pythons(shape, item_size, sharded, expected):
    assert guess_chunks(shape, item_size, sharded=sharded) == expected


def test_elements_without_bytes_are_in_one_chunk():
    assert guess_chunks((3, 0, 5), 0) == (3, 1, 5)


@given(st.lists(st.integers(0, 2**40), max_size=4).map(tuple), st.integers(1, 2**20), st.booleans())
def test_chunks_fit_the_array_and_stay_below_a_limit(shape, item_size, sharded):
    chunks = guess_chunks(shape, item_size, sharded=sharded)
    assert len(chunks) == len(shape)
    assert all(1 <= chunk <= max(length, 1) for chunk, length in zip(chunks, shape, strict=True))
    limit = (1 if sharded else 64) << 20
    assert math.prod(chunks) == 1 or math.prod(chunks) * item_size < limit
