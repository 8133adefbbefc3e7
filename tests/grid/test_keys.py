import importlib.metadata
import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo import registry
from terrazzo.errors import MetadataValidationError, UnknownCodecError
from terrazzo.grid import (
    ChunkKeyEncoding,
    DefaultChunkKeyEncoding,
    V2ChunkKeyEncoding,
    parse_chunk_key_encoding,
)
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies

KNOWN = [
    ("default", "/", (1, 23, 45), "c/1/23/45"),
    ("default", ".", (1, 23, 45), "c.1.23.45"),
    ("default", "/", (), "c"),
    ("default", ".", (0,), "c.0"),
    ("v2", ".", (1, 23, 45), "1.23.45"),
    ("v2", "/", (1, 23, 45), "1/23/45"),
    ("v2", ".", (), "0"),
    ("v2", "/", (7,), "7"),
]


@dataclass(frozen=True)
class Reversed(ChunkKeyEncoding):
    """An encoding of another package, which can only encode."""

    name = "test.reversed"
    prefix: str = "r"

    def encode_chunk_key(self, chunk_coords):
        return "_".join([self.prefix, *map(str, reversed(chunk_coords))])


def encoding(name, separator):
    return parse_chunk_key_encoding({"name": name, "configuration": {"separator": separator}})


@pytest.mark.parametrize(("name", "separator", "coords", "key"), KNOWN)
def test_keys_are_those_of_the_specification(name, separator, coords, key):
    assert encoding(name, separator).encode_chunk_key(coords) == key
    if coords or name == "default":
        assert encoding(name, separator).decode_chunk_key(key) == coords


@given(strategies.chunk_key_encodings(), st.lists(st.integers(0, 2**40), max_size=5).map(tuple))
def test_a_key_gives_back_its_coordinates(data, coords):
    parsed = parse_chunk_key_encoding(data)
    if coords or data["name"] == "default":
        assert parsed.decode_chunk_key(parsed.encode_chunk_key(coords)) == coords


@pytest.mark.parametrize("separator", ["/", "."])
@pytest.mark.parametrize(
    "key", ["", "0", "c/", "c.", "d/0", "c/-1", "c/01", "c/a", "c/0/", "c//0", "zarr.json", "c0", "c/٣", "c/1 "]
)
def test_other_keys_are_no_chunks_of_the_default_encoding(separator, key):
    with pytest.raises(ValueError, match="not a chunk key"):
        encoding("default", separator).decode_chunk_key(key.replace("/", separator) if separator == "." else key)


def test_a_separator_of_the_other_kind_is_no_key():
    with pytest.raises(ValueError, match="not a chunk key"):
        encoding("default", "/").decode_chunk_key("c.0")
    with pytest.raises(ValueError, match="not a chunk key"):
        encoding("v2", ".").decode_chunk_key("0/1")


@pytest.mark.parametrize("key", ["", ".zarray", "zarr.json", "0.", ".0", "0..1", "-1", "00", "a", "0.1.x", "+1", "1e1"])
def test_other_keys_are_no_chunks_of_the_v2_encoding(key):
    with pytest.raises(ValueError, match="not a chunk key"):
        encoding("v2", ".").decode_chunk_key(key)


@given(strategies.chunk_key_encodings(), st.lists(st.lists(st.integers(0, 20), max_size=4), max_size=3))
def test_keys_of_a_product_are_those_of_its_members(data, indices):
    parsed = parse_chunk_key_encoding(data)
    expected = [parsed.encode_chunk_key(coords) for coords in itertools.product(*indices)]
    assert list(parsed.encode_product(indices)) == expected


def test_a_foreign_encoding_needs_only_to_encode():
    foreign = Reversed()
    assert list(foreign.encode_product([[0, 1], [5]])) == ["r_5_0", "r_5_1"]
    with pytest.raises(NotImplementedError, match=r"test.reversed"):
        foreign.decode_chunk_key("r_5_0")


# -- JSON


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("default", DefaultChunkKeyEncoding()),
        ("v2", V2ChunkKeyEncoding()),
        ({"name": "default"}, DefaultChunkKeyEncoding(separator="/")),
        ({"name": "v2"}, V2ChunkKeyEncoding(separator=".")),
        ({"name": "default", "configuration": {}}, DefaultChunkKeyEncoding()),
        ({"name": "default", "configuration": {"separator": "."}}, DefaultChunkKeyEncoding(separator=".")),
        ({"name": "v2", "separator": "/"}, V2ChunkKeyEncoding(separator="/")),
        (V2ChunkKeyEncoding(separator="/"), V2ChunkKeyEncoding(separator="/")),
    ],
    ids=repr,
)
def test_an_encoding_is_named_in_many_ways(data, expected):
    parsed = parse_chunk_key_encoding(data)
    assert parsed == expected
    assert parse_chunk_key_encoding(parsed.to_dict()) == expected


def test_the_separator_is_always_written():
    assert DefaultChunkKeyEncoding().to_dict() == {"name": "default", "configuration": {"separator": "/"}}
    assert V2ChunkKeyEncoding().to_dict() == {"name": "v2", "configuration": {"separator": "."}}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (5, ""),
        (None, ""),
        ({}, "name"),
        ({"name": 3}, "name"),
        ({"name": "default", "configuration": []}, "configuration"),
        ({"name": "default", "configuration": "/"}, "configuration"),
        ({"name": "default", "configuration": {"separator": "/../"}}, "configuration.separator"),
        ({"name": "default", "configuration": {"separator": ""}}, "configuration.separator"),
        ({"name": "v2", "configuration": {"separator": None}}, "configuration.separator"),
        ({"name": "v2", "configuration": {"separator": ["."]}}, "configuration.separator"),
        ({"name": "v2", "configuration": {"seperator": "."}}, "configuration.seperator"),
        ({"name": "v2", "separator": "-"}, "configuration.separator"),
    ],
)
def test_MD_24_what_is_wrong_is_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        parse_chunk_key_encoding(data)
    assert caught.value.field == field


def test_an_unknown_encoding_is_named_with_those_that_are_known():
    with pytest.raises(UnknownCodecError, match=r"'morton'.*default, v2") as caught:
        parse_chunk_key_encoding("morton")
    assert caught.value.name == "morton"


def test_encodings_are_values():
    assert DefaultChunkKeyEncoding() != V2ChunkKeyEncoding()
    assert len({DefaultChunkKeyEncoding(), DefaultChunkKeyEncoding(), DefaultChunkKeyEncoding(separator=".")}) == 2


# -- encodings of other packages


@pytest.fixture
def encodings(monkeypatch):
    """The registry, without what the test adds to it afterwards."""
    known = registry._chunk_key_encodings
    copy = type(known)()
    copy.update(known)
    monkeypatch.setattr(registry, "_chunk_key_encodings", copy)
    return copy


def test_an_array_is_stored_under_the_keys_of_a_registered_encoding(encodings):
    store = MemoryStore()
    registry.register_chunk_key_encoding("test.reversed", Reversed)
    array = terrazzo.create_array(
        store,
        data=[[1, 2], [3, 4]],
        chunks=(1, 2),
        chunk_key_encoding={"name": "test.reversed", "configuration": {"prefix": "x"}},
    )
    assert array.metadata.to_dict()["chunk_key_encoding"] == {"name": "test.reversed", "configuration": {"prefix": "x"}}
    assert store.get_sync("x_0_1") is not None
    assert terrazzo.open_array(store)[:].tolist() == [[1, 2], [3, 4]]


def test_an_encoding_of_an_installed_package_is_found(encodings, monkeypatch):
    class EntryPoint:
        name = "test.reversed"

        def load(self):
            return Reversed

    monkeypatch.setattr(registry, "_collected", False)
    group = "zarr.chunk_key_encoding"
    installed = SimpleNamespace(groups={group}, select=lambda group: [EntryPoint()])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda: installed)
    assert parse_chunk_key_encoding("test.reversed") == Reversed()
