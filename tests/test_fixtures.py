"""Arrays that other libraries have written, kept in ``tests/fixtures``, read as what those libraries were given.

``interop/make_fixtures.py`` has made them; nothing of a peer is needed to read them.
"""

import base64
import gzip
import json
from pathlib import Path

import numcodecs.pickles
import numpy as np
import pytest
from interop.matrix.trees import read

import terrazzo
from terrazzo.storage import MemoryStore
from tests.stored import fill
from tests.values import array_from_json, difference

FOLDER = Path(__file__).parent / "fixtures"
COUNTS = {"zarr-2.18": 377, "zarr-3.1": 218, "zarr-3.4": 602, "zarrs": 106, "tensorstore": 350}
"""How many arrays there are of each library, which are all read."""


def entries(library):
    text = gzip.decompress((FOLDER / f"{library}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.split("\n")]


def opened(entry, driven):
    store = driven(MemoryStore())
    fill(store, {key: base64.b64decode(value) for key, value in entry["files"].items()})
    return terrazzo.open_array(store, mode="r")


@pytest.fixture
def pickles_allowed(monkeypatch):
    monkeypatch.setattr(numcodecs.pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    with terrazzo.config.set({"array.allow_unsafe_pickle_decode": True}):
        yield


@pytest.mark.parametrize("library", COUNTS)
def test_arrays_of_other_libraries_read_as_what_was_written(library, driven, pickles_allowed):
    wrong = []
    for entry in entries(library):
        array = opened(entry, driven)
        expected = array_from_json(entry["expected"])
        found = [difference(array[...], expected), *different_parts(array, expected)]
        if array.metadata.zarr_format != entry["zarr_format"] or dict(array.attrs) != entry["attributes"]:
            found.append("another format, or other attributes")
        wrong += [f"{entry['name']}: {one}" for one in found if one]
    assert wrong == []


def different_parts(array, expected):
    """Selections that have other elements than those of the whole, with what is different about them."""
    for selection in (
        tuple(slice(length // 3, length - length // 4) for length in expected.shape),
        tuple(slice(None, None, 3) for _ in expected.shape),
    ):
        yield difference(array[selection], np.asarray(expected[selection]))


@pytest.mark.parametrize("library", COUNTS)
def test_there_are_as_many_arrays_as_were_made(library):
    assert len(entries(library)) == COUNTS[library]


def test_hierarchies_that_zarr_python_has_consolidated_are_opened(driven):
    trees = entries("consolidated")
    assert [tree["name"] for tree in trees] == ["zarr 2.18 2", "zarr 3.1 2", "zarr 3.1 3", "zarr 3.4 2", "zarr 3.4 3"]
    for tree in trees:
        store = driven(MemoryStore())
        fill(store, {key: base64.b64decode(value) for key, value in tree["files"].items()})
        assert read(terrazzo, store) == tree["expected"], tree["name"]


def test_fixtures_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 400_000
