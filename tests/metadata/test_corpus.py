"""Every document of the corpus, through every door: refused with one class, naming document, member and value."""

import asyncio
import json
import tracemalloc
import warnings

import pytest

import terrazzo
from terrazzo.api import asynchronous
from terrazzo.errors import BaseZarrError, MetadataValidationError, UnreadableMemberWarning, shorten
from terrazzo.metadata import ArrayV2Metadata, ArrayV3Metadata, GroupMetadata
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.faults.frames import text_of
from tests.metadata.corpus import ROWS, UNKNOWN
from tests.stored import GROUP, contents_of, fill

DOORS = {
    "open": lambda store: terrazzo.open(store, path="a", mode="r"),
    "open to change": lambda store: terrazzo.open(store, path="a", mode="r+"),
    "open_array": lambda store: terrazzo.open_array(store, path="a", mode="r"),
    "open_group": lambda store: terrazzo.open_group(store, path="a", mode="r"),
    "open or create": lambda store: terrazzo.open_array(store, path="a", mode="a", shape=(1,)),
    "awaited": lambda store: asyncio.run(asynchronous.open(store, path="a", mode="r")),
}
LISTINGS = {
    "members": lambda group: group.members(),
    "all members": lambda group: group.members(max_depth=None),
    "arrays": lambda group: list(group.arrays()),
}
MOST_BYTES = 4 << 20
"""That opening may take: the longest document of the corpus has a MiB."""

rows = pytest.mark.parametrize("row", ROWS, ids=str)
with_members = pytest.mark.parametrize("row", [row for row in ROWS if row.members is not None], ids=str)


def stored(row, store):
    fill(store, {f"a/{key}": raw for key, raw in row.documents.items()})
    in_group = {"zarr.json": GROUP} if "zarr.json" in row.documents else {".zgroup": b'{"zarr_format": 2}'}
    fill(store, in_group)
    return store


def check(row, error, key=None):
    """What an error says, wherever it was raised."""
    assert type(error) is row.error, repr(error)
    if row.field:
        assert isinstance(error, MetadataValidationError)
        assert error.field == row.field, str(error)
    elif isinstance(error, MetadataValidationError):
        assert not error.field
    text = text_of(error)
    assert shorten(row.field) in text
    for quoted in row.quotes:
        assert quoted in text, text
    assert len(text) < 2000
    assert text.replace("\n", " ").isprintable()
    if key is not None:
        assert (error.key, error.store) != (None, None)
        assert error.key == key
        assert key in text


@rows
def test_it_is_refused_at_every_door_and_nothing_is_changed(row):
    for driven in (lambda store: store, SuspendingStore):
        memory = MemoryStore()
        store = driven(stored(row, memory))
        before = contents_of(memory)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for door in DOORS.values():
                with pytest.raises(BaseZarrError) as caught:
                    door(store)
                check(row, caught.value, f"a/{row.key}")
            group = terrazzo.open_group(store, mode="r")
            with pytest.raises(BaseZarrError) as caught:
                group["a"]
            check(row, caught.value, f"a/{row.key}")
            for listing in LISTINGS.values():
                with pytest.warns(UnreadableMemberWarning):
                    assert not listing(group)
            check(row, group.unreadable()["a"], f"a/{row.key}")
            shown = str(group.tree())
            assert shown == f"/\n└── a (unreadable: {' '.join(str(caught.value).split())})"
        assert contents_of(memory) == before


@rows
def test_it_takes_little_memory(row):
    store = stored(row, MemoryStore())
    with pytest.raises(BaseZarrError):
        terrazzo.open(store, path="a", mode="r")  # imports what it needs
    tracemalloc.start()
    try:
        with pytest.raises(BaseZarrError):
            terrazzo.open(store, path="a", mode="r")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def classes_for(row):
    if row.key == ".zarray":
        return ArrayV2Metadata
    return GroupMetadata if row.members.get("node_type") == "group" or "v3 group" in row.name else ArrayV3Metadata


@with_members
def test_it_is_refused_as_members_too(row):
    if row.key == ".zgroup":
        return
    before = json.dumps(row.members)
    with pytest.raises(BaseZarrError) as caught:
        classes_for(row).from_dict(row.members)
    check(row, caught.value)
    assert json.dumps(row.members) == before


def write(array, selection):
    array[selection] = 1


USES = {
    "all": lambda array: array[...],
    "an element": lambda array: array[1],
    "write an element": lambda array: write(array, 0),
    "write all": lambda array: write(array, ...),
}


@pytest.mark.parametrize("row", UNKNOWN, ids=str)
def test_MD_06_what_nobody_knows_is_opened_and_refused_when_data_are_used(row):
    for driven in (lambda store: store, SuspendingStore):
        memory = MemoryStore()
        store = driven(stored(row, memory))
        before = contents_of(memory)
        for array in (DOORS["open"](store), DOORS["open_array"](store), terrazzo.open_group(store)["a"]):
            assert (array.shape, array.ndim) == ((4,), 1)
            assert dict(array.attrs) == {}
            assert repr(array)
            assert repr(array.metadata)
        for use in USES.values():
            with pytest.raises(BaseZarrError) as caught:
                use(terrazzo.open_array(store, path="a", mode="r+"))
            check(row, caught.value, f"a/{row.key}")
        assert contents_of(memory) == before


COPIES = {
    "consolidated format 2": ({"zarr_consolidated_format": 2, "metadata": {}}, "zarr_consolidated_format", "2"),
    "a consolidated format that is text": (
        {"zarr_consolidated_format": "1", "metadata": {}},
        "zarr_consolidated_format",
        "'1'",
    ),
    "no copies": ({"zarr_consolidated_format": 1}, "metadata", "None"),
    "copies that are a list": ({"zarr_consolidated_format": 1, "metadata": []}, "metadata", "[]"),
    "a copy of what is no document": ({"metadata": {"x/zarr.json": {}}}, "metadata['x/zarr.json']", ".zarray"),
    "a copy of a chunk": ({"metadata": {"x/0": {}}}, "metadata['x/0']", ".zarray"),
    "a copy that is text": ({"metadata": {"x/.zarray": "{}"}}, "metadata['x/.zarray']", "'{}'"),
    "a copy that is null": ({"metadata": {"x/.zattrs": None}}, "metadata['x/.zattrs']", "None"),
    "a copy from beside the store": ({"metadata": {"../x/.zarray": {}}}, "metadata['../x']", "'..'"),
}
BROKEN_COPIES = {name: (json.dumps(members).encode(), *said) for name, (members, *said) in COPIES.items()} | {
    "copies cut short": (b'{"metadata": {', "", "not JSON"),
    "no content": (b"", "", "empty"),
    "copies that are no object": (b"[]", "", "not an object"),
    "copies in Latin-1": (b'{"metadata": {"\xe4/.zattrs": {}}}', "", "not UTF-8 at byte 15"),
    "copies that nest without end": (b'{"metadata":' * 90_000, "", "nested deeper"),
}


@pytest.mark.parametrize(("raw", "field", "quoted"), BROKEN_COPIES.values(), ids=list(BROKEN_COPIES))
def test_malformed_copies_of_format_2_are_refused(raw, field, quoted, driven):
    store = driven(MemoryStore())
    fill(store, {"a/.zgroup": b'{"zarr_format": 2}', "a/.zmetadata": raw})
    before = contents_of(store)
    with pytest.raises(MetadataValidationError) as caught:
        terrazzo.open_group(store, path="a", mode="r", use_consolidated=True)
    assert caught.value.field == field
    assert caught.value.key == "a/.zmetadata"
    assert field in text_of(caught.value)
    assert quoted in text_of(caught.value)
    assert contents_of(store) == before


def test_the_corpus_is_large_and_its_rows_differ():
    assert len(ROWS) >= 300
    assert len({row.name for row in (*ROWS, *UNKNOWN)}) == len(ROWS) + len(UNKNOWN)
