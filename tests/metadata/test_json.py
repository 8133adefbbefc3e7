import json
import warnings

import pytest

from terrazzo.errors import LimitExceededError, MetadataValidationError, ZarrUserWarning
from terrazzo.metadata.json import dump_document, normalize_attributes, parse_document
from terrazzo.settings import config, current_options
from tests.peak import peak_of

LIMIT = 512


def reason_of(raw, **limits):
    settings = {f"limits.{name}": value for name, value in limits.items()}
    with config.set(settings), pytest.raises(MetadataValidationError) as caught:
        parse_document(raw)
    return str(caught.value)


# -- reading


@pytest.mark.parametrize(
    ("raw", "document"),
    [
        (b"{}", {}),
        (b' \n{"a": [1, 2.5, null, true, "\\u00e9"]}\n', {"a": [1, 2.5, None, True, "é"]}),
        ('{"é": "日本"}'.encode(), {"é": "日本"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'{"a": -0.0}', {"a": -0.0}),
        (b'{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}),
    ],
)
def test_a_document_is_read(raw, document):
    assert parse_document(raw) == document
    assert parse_document(bytearray(raw)) == document
    assert parse_document(memoryview(raw)) == document
    assert list(parse_document(raw)) == list(document)


def test_nan_and_infinity_are_read_as_zarr_python_writes_them():
    document = parse_document(b'{"a": [NaN, Infinity, -Infinity]}')
    assert list(map(repr, document["a"])) == ["nan", "inf", "-inf"]


@pytest.mark.parametrize("raw", [b"", b" \n\t"])
def test_an_empty_document_is_called_empty(raw):
    assert "empty" in reason_of(raw)


def test_a_document_that_is_not_utf8_says_where():
    assert "not UTF-8 at byte 7" in reason_of(b'{"a": "\xff"}')
    assert "not UTF-8 at byte" in reason_of('{"a": 1}'.encode("utf-16"))


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"a": 1', "line 1 column 8"),
        (b'{\n  "a": [1,\n  2', "line 3 column 4"),
        (b'{"a": 1}}', "line 1 column 9"),
        (b'{"a": 01}', "line 1 column 8"),
        (b"{'a': 1}", "line 1 column 2"),
        (b'{"a": 1,}', "line 1 column"),
        (b'{"a": tru}', "line 1 column 7"),
        (b'{"a": "\x01"}', "line 1 column"),
    ],
)
def test_a_document_that_is_not_json_says_where(raw, place):
    assert place in reason_of(raw)


@pytest.mark.parametrize("raw", [b"[]", b'["a"]', b'"text"', b"1", b"null", b"true", b"NaN"])
def test_a_document_that_is_no_object_says_so(raw):
    assert "not an object" in reason_of(raw)


@pytest.mark.parametrize(
    ("raw", "member"), [(b'{"a": 1, "a": 1}', "a"), (b'{"x": {"b": 1, "c": 2, "b": 3}}', "b"), (b'{"": 1, "": 2}', "")]
)
def test_a_member_that_stands_twice_is_refused(raw, member):
    with pytest.raises(MetadataValidationError, match="twice") as caught:
        parse_document(raw)
    assert caught.value.field == member


def test_nesting_is_limited():
    assert parse_document(b'{"a":' + b"[" * (LIMIT - 1) + b"]" * (LIMIT - 1) + b"}")
    for raw in (b'{"a":' + b"[" * LIMIT + b"]" * LIMIT + b"}", b"[" * 100_000, b'{"a":' * 100_000):
        assert f"nested deeper than config['limits.json_depth'], {LIMIT}" in reason_of(raw)
    assert "nested deeper" in reason_of(b'{"a": [[]]}', json_depth=2)
    with config.set({"limits.json_depth": 3}):
        assert parse_document(b'{"a": [[]]}') == {"a": [[]]}


def test_brackets_beside_each_other_or_in_text_are_not_nested():
    rows = b"[[1]" + b",[1]" * 2000 + b"]"
    assert len(parse_document(b'{"a":' + rows + b"}")["a"]) == 2001
    text = b'"' + b"[{" * 2000 + b'\\"' + b"[" * 2000 + b'\\\\"'
    assert len(parse_document(b'{"a": ' + text + b', "b": ' + text + b"}")["b"]) == 6002


def test_without_a_limit_the_interpreter_has_one():
    assert "nested too deep" in reason_of(b"[" * 100_000, json_depth=None)


def test_the_size_of_a_document_is_limited():
    raw = b'{"a": "' + b"x" * 100 + b'"}'
    with config.set({"limits.metadata_bytes": 100}), pytest.raises(LimitExceededError) as caught:
        parse_document(raw)
    assert (caught.value.limit, caught.value.value) == ("metadata_bytes", len(raw))
    assert "limits.metadata_bytes" in str(caught.value)
    with config.set({"limits.metadata_bytes": None}):
        assert parse_document(raw)
    assert parse_document(raw, current_options().limits)


def test_an_integer_of_many_digits_is_refused_without_computing_it():
    assert "10000 digits" in reason_of(b'{"a": ' + b"9" * 10_000 + b"}")
    assert "10001 digits" in reason_of(b'{"a": -' + b"9" * 10_000 + b"}")
    assert "set_int_max_str_digits" not in reason_of(b'{"a": ' + b"9" * 10_000 + b"}")


HOSTILE_TEXTS = r"""
from terrazzo.metadata.json import parse_document

many = b'{"a":[[]' + b",[]" * 600 + b'],"b":'
for text in (
    many + b'"' + b'\\"' * 100_000,
    many + b'"' + b'x' * 10_000_000 + b'"}',
    many + b'"' + b'\\n' * 5_000_000 + b'"}',
    many + b'"' + b'\\' * 1_000_001,
    b'"' * 1_000_001,
    b"[" * 5_000_000,
    b'{"a":1e' + b"9" * 1_000_000 + b"}",
):
    try:
        parse_document(text)
    except BaseZarrError:
        pass
"""


def test_reading_hostile_text_takes_time_and_memory_in_proportion_to_its_size():
    """With a pattern that goes back over what it has read, these take minutes or gigabytes."""
    assert peak_of(HOSTILE_TEXTS) < 200


def test_messages_quote_little_of_a_document():
    for raw in (
        b'["' + b"x" * 100_000 + b'"]',
        b'{"' + b"x" * 100_000 + b'": 1, "' + b"x" * 100_000 + b'": 2}',
        b'{"\\u0007\\u001b[31m": 1, "\\u0007\\u001b[31m": 2}',
    ):
        text = reason_of(raw)
        assert len(text) < 500
        assert text.isprintable()


# -- writing


def test_a_document_is_written_as_text_in_ascii():
    assert dump_document({"é": [1, 2.0, None, {"b": True}]}, 2) == (
        b'{\n  "\\u00e9": [\n    1,\n    2.0,\n    null,\n    {\n      "b": true\n    }\n  ]\n}'
    )
    assert dump_document({"a": [1], "b": {}}, None) == b'{"a": [1], "b": {}}'
    assert dump_document({"a": [1]}, 0) == b'{\n"a": [\n1\n]\n}'


def test_nan_is_written_with_a_warning():
    with pytest.warns(ZarrUserWarning, match="not JSON"):
        assert dump_document({"a": [float("nan"), float("-inf")]}, None) == b'{"a": [NaN, -Infinity]}'


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", {"a": {("tuple",): 1}}])
def test_what_has_no_form_in_json_is_not_written(value):
    with pytest.raises(TypeError):
        dump_document({"a": value}, 2)


def test_a_circle_is_not_written():
    circle = []
    circle.append(circle)
    with warnings.catch_warnings(), pytest.raises(ValueError, match="Circular"):
        dump_document({"a": circle}, 2)


# -- attributes


def test_attributes_are_what_will_be_read_back():
    given = {"a": (1, 2), 3: "x", "n": {"deep": [()]}, "big": 1 << 100, "nothing": None}
    assert normalize_attributes(given) == {
        "a": [1, 2],
        "3": "x",
        "n": {"deep": [[]]},
        "big": 1 << 100,
        "nothing": None,
    }
    assert normalize_attributes(None) == {}
    assert normalize_attributes({}) == {}


def test_attributes_share_nothing_with_what_was_given():
    given = {"a": [1]}
    normal = normalize_attributes(given)
    given["a"].append(2)
    assert normal == {"a": [1]}


@pytest.mark.parametrize("attributes", [1, "text", [("a", 1)], object()])
def test_attributes_are_a_mapping(attributes):
    with pytest.raises(TypeError, match="attributes are a mapping"):
        normalize_attributes(attributes)


@pytest.mark.parametrize("value", [object(), {1}, b"x", json, 1j])
def test_an_attribute_without_a_form_in_json_is_named(value):
    with pytest.raises(TypeError, match="'bad'"):
        normalize_attributes({"good": 1, "bad": value})


def test_names_of_attributes_have_a_form_in_json():
    with pytest.raises(TypeError, match="form in JSON"):
        normalize_attributes({("a", "b"): 1})
