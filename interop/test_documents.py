"""The same call leaves the same keys and, byte for byte, the same metadata documents."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import zarr

import terrazzo
from interop.calls import CALLS
from interop.steps import STEPS

ALL = {**CALLS, **STEPS}

pytestmark = pytest.mark.filterwarnings("ignore")  # of the peers


DOCUMENTS = ("zarr.json", ".zarray", ".zgroup", ".zattrs")


def stored(folder):
    """Keys, with the content of those that are documents: how a codec packs a chunk is its own affair."""
    files = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() if path.name in DOCUMENTS else None for path in files}


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


FORMAT_2 = {
    "create_array": lambda zarr, store, **given: zarr.create_array(store, zarr_format=2, **given),
    "create_array below": lambda zarr, store, **given: zarr.create_array(store, name="a/b", zarr_format=2, **given),
    "create": lambda zarr, store, **given: zarr.create(store=store, zarr_format=2, **given),
    "zeros": lambda zarr, store, **given: zarr.zeros(store=store, zarr_format=2, **given),
    "create_array of a group": lambda zarr, store, **given: zarr.create_group(store, zarr_format=2).create_array(
        "a/b", **given
    ),
    "require_array of a group": lambda zarr, store, **given: zarr.create_group(store, zarr_format=2).require_array(
        "a", **given
    ),
}


STRUCT = [("a", "<i2"), ("b", ">f4")]


@pytest.mark.parametrize("dtype", ["<i4", ">f8", "|b1", "<M8[ns]", "|S3", "<U2", "str", STRUCT])
@pytest.mark.parametrize("name", FORMAT_2)
def test_a_call_leaves_the_same_documents_in_format_2(name, dtype, tmp_path):
    left = []
    for module in (zarr, terrazzo):
        folder = tmp_path / module.__name__
        folder.mkdir()
        given = dtype if isinstance(dtype, str) else np.dtype(dtype)
        FORMAT_2[name](module, str(folder), shape=(6, 10), chunks=(4, 3), dtype=given)
        left.append(stored(folder))
    assert ".zarray" in " ".join(left[0])
    assert left[1] == left[0]
