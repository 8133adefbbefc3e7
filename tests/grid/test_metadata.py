import pytest

from terrazzo.errors import MetadataValidationError
from terrazzo.grid import RegularChunkGridMetadata, check_members, parse_lengths
from terrazzo.grid.metadata import parse_configuration
from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata

REGULAR = {"name": "regular", "configuration": {"chunk_shape": [2]}}
RECTILINEAR = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [2]}}


@pytest.mark.parametrize("data", [[], [0], [1, 2**63 - 1], (3, 4)])
def test_lengths_are_integers_below_2_to_the_63(data):
    assert parse_lengths(data) == tuple(data)


@pytest.mark.parametrize("data", [[-1], [2**63], [10**30], [1.5], [1.0], ["1"], [True], [None], 3, "3", {}, None])
def test_MD_02_nothing_else_is_a_length(data):
    with pytest.raises(MetadataValidationError):
        parse_lengths(data)


def test_a_member_that_is_not_known_is_named():
    check_members({"a": 1}, "a", "b")
    with pytest.raises(MetadataValidationError) as caught:
        check_members({"a": 1, "c": 2}, "a", "b")
    assert caught.value.field == "c"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (None, ""),
        ("regular", ""),
        ([REGULAR], ""),
        ({}, "name"),
        ({"name": 1}, "name"),
        ({**REGULAR, "configuration": [2]}, "configuration"),
        ({**REGULAR, "more": 1}, "more"),
    ],
)
def test_what_is_no_extension_is_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        parse_configuration(data)
    assert caught.value.field == field


def test_each_class_reads_its_own_kind():
    assert RegularChunkGridMetadata.from_dict(REGULAR).to_dict() == REGULAR
    assert RectilinearChunkGridMetadata.from_dict(RECTILINEAR).to_dict() == RECTILINEAR
    for cls, data in ((RegularChunkGridMetadata, RECTILINEAR), (RectilinearChunkGridMetadata, REGULAR)):
        with pytest.raises(MetadataValidationError, match=f"expected '{cls.name}'") as caught:
            cls.from_dict(data)
        assert caught.value.field == "name"
