from hypothesis import given
from hypothesis import strategies as st

from terrazzo.abc.byte_range import resolve
from terrazzo.abc.key import validate_key
from terrazzo.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.storage.path import normalize_path
from terrazzo.testing import keys


@given(keys.keys(max_num_nodes=3), keys.short_node_names, keys.zarr_key_chars)
def test_keys_are_ones_that_a_store_may_hold(key, name, character):
    assert validate_key(key).count("/") < 3
    assert validate_key(name) == name
    assert len(name) <= 3
    assert character.isalnum() or character in ".-_"
    assert character.isascii()


@given(keys.paths())
def test_paths_are_those_of_nodes(path):
    assert normalize_path(path) == path.strip("/")


@given(st.data())
def test_chunk_keys_are_inside_the_grid(data):
    whole = data.draw(keys.chunk_paths(3, (2, 1, 4), subset=False))
    indices = [int(index) for index in whole.split("/")]
    assert all(0 <= index < count for index, count in zip(indices, (2, 1, 4), strict=True))
    part = data.draw(keys.chunk_paths(3, (2, 1, 4)))
    assert part.count("/") < 3


@given(keys.dimension_names(ndim=3), keys.attrs)
def test_names_of_dimensions_are_as_many_as_there_are(names, attributes):
    assert names is None or len(names) == 3
    assert attributes is None or isinstance(attributes, dict)


@given(keys.key_ranges(max_size=5))
def test_byte_requests_are_ones_that_a_store_takes(wanted):
    for key, request in wanted:
        assert validate_key(key)
        assert request is None or isinstance(request, (RangeByteRequest, OffsetByteRequest, SuffixByteRequest))
        start, end = resolve(request, 5)
        assert 0 <= start <= end <= 5 or start == end
