import pytest

from terrazzo.errors import MetadataValidationError
from terrazzo.grid import RegularChunkGridMetadata, parse_chunk_grid


def test_a_grid_is_read_from_its_document():
    document = {"name": "regular", "configuration": {"chunk_shape": [2, 3]}}
    assert parse_chunk_grid(document) == RegularChunkGridMetadata(chunk_shape=(2, 3))


def test_a_grid_stays_as_it_is():
    grid = RegularChunkGridMetadata(chunk_shape=(2, 3))
    assert parse_chunk_grid(grid) is grid


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, ""),
        ("regular", ""),
        ([2], ""),
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": ["regular"]}, "name"),
        ({"name": "hexagonal", "configuration": {}}, "name"),
        ({"name": "regular"}, "configuration.chunk_shape"),
        ({"name": "regular", "configuration": None}, "configuration"),
        ({"name": "regular", "configuration": [2]}, "configuration"),
        ({"name": "regular", "configuration": {"chunk_shape": [2.5]}}, "configuration.chunk_shape[0]"),
    ],
)
def test_MD_23_what_is_no_grid_is_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        parse_chunk_grid(data)
    assert caught.value.field == field
