from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from terrazzo.abc.metadata import Metadata, configuration_of, from_configuration, parse_named
from terrazzo.errors import MetadataValidationError


@dataclass(frozen=True)
class Inner(Metadata):
    level: int


@dataclass(frozen=True)
class Outer(Metadata):
    name: str
    inner: Inner
    several: tuple[object, ...]


class Strict:
    """Takes a level, and refuses one that is too high, as a codec does."""

    def __init__(self, *, level: int = 5) -> None:
        if level > 9:
            raise MetadataValidationError(f"expected at most 9, got {level}", field="level")
        self.level = level


def test_a_dataclass_becomes_an_object_member_by_member():
    value = Outer("x", Inner(3), (Inner(1), "plain", 2))
    assert value.to_dict() == {"name": "x", "inner": {"level": 3}, "several": [{"level": 1}, "plain", 2]}
    assert Inner.from_dict({"level": 3}) == Inner(3)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("bytes", ("bytes", {})),
        ({"name": "bytes"}, ("bytes", {})),
        ({"name": "bytes", "configuration": {}}, ("bytes", {})),
        ({"name": "bytes", "configuration": None}, ("bytes", {})),
        ({"name": "gzip", "configuration": {"level": 1}}, ("gzip", {"level": 1})),
        ({"name": "gzip", "must_understand": True}, ("gzip", {})),
        (MappingProxyType({"name": "gzip", "configuration": MappingProxyType({"level": 1})}), ("gzip", {"level": 1})),
    ],
)
def test_both_spellings_of_an_extension_are_read(data, named):
    assert parse_named(data) == named


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (1, ""),
        (None, ""),
        (["bytes"], ""),
        ({}, "name"),
        ({"configuration": {}}, "name"),
        ({"name": 1}, "name"),
        ({"name": None}, "name"),
        ({"name": ["bytes"]}, "name"),
        ({"name": "bytes", "configuration": []}, "configuration"),
        ({"name": "bytes", "configuration": "endian"}, "configuration"),
        ({"name": "bytes", "options": {}}, "options"),
    ],
)
def test_anything_else_is_no_extension(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        parse_named(data)
    assert caught.value.field == field


def test_a_configuration_that_is_read_can_be_changed():
    data = {"name": "gzip", "configuration": {"level": 1}}
    _, configuration = parse_named(data)
    configuration["level"] = 2
    assert data["configuration"] == {"level": 1}


def test_an_extension_must_have_its_name():
    assert configuration_of({"name": "old"}, "new", "old") == {}
    with pytest.raises(MetadataValidationError, match="'new'") as caught:
        configuration_of({"name": "other"}, "new", "old")
    assert caught.value.field == "name"


def test_a_member_that_is_not_known_is_refused_by_name():
    data = {"name": "gzip", "configuration": {"level": 1, "speed": 2}}
    assert configuration_of(data, "gzip", known=("level", "speed")) == {"level": 1, "speed": 2}
    with pytest.raises(MetadataValidationError, match="no such member") as caught:
        configuration_of(data, "gzip", known=("level",))
    assert caught.value.field == "configuration.speed"


def test_a_class_is_made_of_a_configuration():
    assert from_configuration(Strict, "gzip", "gzip", known=("level",)).level == 5
    data = {"name": "gzip", "configuration": {"level": 3}}
    assert from_configuration(Strict, data, "gzip", known=("level",)).level == 3


def test_an_error_in_a_configuration_says_where():
    data = {"name": "gzip", "configuration": {"level": 10}}
    with pytest.raises(MetadataValidationError, match="at most 9") as caught:
        from_configuration(Strict, data, "gzip", known=("level",))
    assert caught.value.field == "configuration.level"
    assert isinstance(data["configuration"], Mapping)
