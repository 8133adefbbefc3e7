"""The same call leaves the same keys and, byte for byte, the same metadata documents."""

import warnings
from pathlib import Path

import pytest
import zarr

import terrazzo
from interop.calls import CALLS
from interop.steps import STEPS

ALL = {**CALLS, **STEPS}

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


def stored(folder):
    """Keys, with the content of those that are documents: how a codec packs a chunk is its own affair."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() if path.name == "zarr.json" else None for path in files}


@pytest.mark.parametrize("name", ALL)
def test_a_call_leaves_the_same_documents_and_keys(name, tmp_path):
    left = []
    for module in (zarr, terrazzo):
        folder = tmp_path / module.__name__
        folder.mkdir()
        ALL[name](module, str(folder))
        left.append(stored(folder))
    assert "zarr.json" in " ".join(left[0])
    assert left[1] == left[0]


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_documents_are_indented_as_the_setting_says(indent, tmp_path):
    left = []
    for module in (zarr, terrazzo):
        folder = tmp_path / module.__name__
        with module.config.set({"json_indent": indent}):
            module.create_array(str(folder), name="a", shape=(2, 3), dtype="float32", attributes={"ä": [1, {}]})
        left.append(stored(folder))
    assert left[1] == left[0]


def test_terrazzo_warns_of_nothing_that_is_stored_as_zarr_python_stores_it(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, call in enumerate(ALL.values()):
            call(terrazzo, str(tmp_path / str(number)))
