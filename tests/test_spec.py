import pytest

from terrazzo.settings import config, current_options
from terrazzo.spec import ArrayConfig, parse_array_config
from tests.helpers import spec_of

MEMBERS = {
    "order": "F",
    "write_empty_chunks": True,
    "read_missing_chunks": False,
    "sharding_coalesce_max_gap_bytes": 1,
    "sharding_coalesce_max_bytes": 2,
    "cache": False,
}


def test_a_configuration_has_these_members():
    assert ArrayConfig(**MEMBERS).to_dict() == MEMBERS
    assert ArrayConfig.from_dict(MEMBERS) == ArrayConfig(**MEMBERS)


@pytest.mark.parametrize("member", MEMBERS)
def test_the_settings_give_what_is_missing(member):
    given = {name: value for name, value in MEMBERS.items() if name != member}
    parsed = ArrayConfig.from_dict(given)
    assert getattr(parsed, member) == getattr(current_options(), member)
    assert {**MEMBERS, member: getattr(parsed, member)} == parsed.to_dict()


def test_it_follows_the_settings_when_it_is_made_and_not_later():
    with config.set({"array.order": "F"}):
        made = ArrayConfig.from_dict({})
    assert made.order == "F"


@pytest.mark.parametrize("data", [MEMBERS, ArrayConfig(**MEMBERS)])
def test_a_caller_gives_members_or_a_configuration(data):
    assert parse_array_config(data, current_options()) == ArrayConfig(**MEMBERS)


def test_nothing_given_means_the_settings():
    assert parse_array_config(None, current_options()) == ArrayConfig.from_dict({})


@pytest.mark.parametrize("data", [{"orders": "C"}, {"order": "C", "chunks": 5}, {5: 6}])
def test_members_that_are_not_known_are_refused(data):
    with pytest.raises(TypeError, match="no member"):
        parse_array_config(data, current_options())


@pytest.mark.parametrize("data", ["order", 5, [("order", "C")]])
def test_what_is_no_mapping_is_refused(data):
    with pytest.raises(TypeError, match="mapping"):
        parse_array_config(data, current_options())


@pytest.mark.parametrize("order", ["K", "c", None, 1])
def test_there_are_two_orders(order):
    with pytest.raises(ValueError, match="'C' or 'F'"):
        parse_array_config({"order": order}, current_options())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("write_empty_chunks", 1),
        ("write_empty_chunks", "False"),
        ("read_missing_chunks", None),
        ("sharding_coalesce_max_bytes", -1),
        ("sharding_coalesce_max_gap_bytes", 1.5),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(member, value):
    with pytest.raises((TypeError, ValueError), match=member):
        parse_array_config({member: value}, current_options())


def test_a_configuration_is_a_value():
    assert len({ArrayConfig(**MEMBERS), ArrayConfig(**MEMBERS)}) == 1
    with pytest.raises(AttributeError):
        ArrayConfig(**MEMBERS).order = "C"


def test_a_spec_knows_its_dimensions_and_order():
    spec = spec_of((2, 3), order="F")
    assert (spec.ndim, spec.order, spec.shape) == (2, "F", (2, 3))
