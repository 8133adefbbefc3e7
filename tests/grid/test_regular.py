import pytest

from terrazzo.errors import MetadataValidationError
from terrazzo.grid import RegularAxis, RegularChunkGridMetadata


@pytest.mark.parametrize(
    ("length", "chunk", "count"), [(0, 3, 0), (1, 3, 1), (3, 3, 1), (4, 3, 2), (10, 1, 10), (2**63 - 1, 2, 2**62)]
)
def test_as_many_chunks_as_it_takes(length, chunk, count):
    axis = RegularAxis(length, chunk)
    assert (axis.count, axis.uniform, axis.length) == (count, chunk, length)


def test_a_resized_axis_has_the_same_chunks():
    assert RegularAxis(5, 2).resized(9) == RegularAxis(9, 2)


def test_a_document_gives_the_chunk_shape_and_gets_it_back():
    document = {"name": "regular", "configuration": {"chunk_shape": [2, 3]}}
    grid = RegularChunkGridMetadata.from_dict(document)
    assert (grid.chunk_shape, grid.ndim) == ((2, 3), 2)
    assert grid.to_dict() == document


def test_a_member_of_a_grid_that_is_not_known_is_refused():
    with pytest.raises(MetadataValidationError, match="not known") as caught:
        RegularChunkGridMetadata.from_configuration({"chunk_shape": [2], "more": 1})
    assert caught.value.field == "configuration.more"


def test_a_grid_can_be_made_of_a_list():
    grid = RegularChunkGridMetadata(chunk_shape=[2, 3])
    assert grid.chunk_shape == (2, 3)
    assert hash(grid) == hash(RegularChunkGridMetadata(chunk_shape=(2, 3)))
    with pytest.raises(MetadataValidationError) as caught:
        RegularChunkGridMetadata(chunk_shape=(2, 3.0))
    assert caught.value.field == "chunk_shape[1]"


def test_a_missing_chunk_shape_is_named():
    with pytest.raises(MetadataValidationError, match="required") as caught:
        RegularChunkGridMetadata.from_configuration({})
    assert caught.value.field == "configuration.chunk_shape"


@pytest.mark.parametrize(
    ("shape", "field"),
    [
        ([2, 2.0], "configuration.chunk_shape[1]"),
        ([True], "configuration.chunk_shape[0]"),
        (["2"], "configuration.chunk_shape[0]"),
        ([-1], "configuration.chunk_shape[0]"),
        ([[2, 1]], "configuration.chunk_shape[0]"),
        ([None], "configuration.chunk_shape[0]"),
        (2, "configuration.chunk_shape"),
        (None, "configuration.chunk_shape"),
        ("22", "configuration.chunk_shape"),
        ({"0": 2}, "configuration.chunk_shape"),
    ],
)
def test_MD_26_a_chunk_shape_that_is_no_list_of_integers_is_named(shape, field):
    with pytest.raises(MetadataValidationError) as caught:
        RegularChunkGridMetadata.from_configuration({"chunk_shape": shape})
    assert caught.value.field == field


def test_MD_04_a_chunk_length_of_0_stands_for_1_where_no_chunk_can_exist():
    grid = RegularChunkGridMetadata(chunk_shape=(0, 2))
    assert grid.grid_for((0, 4)).chunk_shape == (1, 2)
    assert grid.to_dict()["configuration"] == {"chunk_shape": [1, 2]}
    with pytest.raises(MetadataValidationError, match="not empty") as caught:
        grid.grid_for((3, 4))
    assert caught.value.field == "chunk_grid.configuration.chunk_shape[0]"


def test_the_chunks_of_a_regular_grid_have_one_length_along_an_axis():
    grid = RegularChunkGridMetadata(chunk_shape=(2, 3))
    assert (grid.distinct_lengths(0), grid.distinct_lengths(1)) == ({2}, {3})
    assert (grid.first_chunk_shape, grid.is_regular) == ((2, 3), True)


def test_resizing_changes_nothing_but_a_length_of_0():
    grid = RegularChunkGridMetadata(chunk_shape=(2, 3))
    assert grid.update_shape((4, 4), (9, 0)) is grid
    assert RegularChunkGridMetadata(chunk_shape=(0,)).update_shape((0,), (5,)).chunk_shape == (1,)
