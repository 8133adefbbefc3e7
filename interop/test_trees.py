"""Consolidated metadata: what one library has consolidated the others open, with nothing else to go by."""

import json
import os
import subprocess

import pytest

from interop.matrix.run import ROOT, python_of
from interop.matrix.trees import EXPECTED

WRITERS = [("zarr 2.18", 2), ("zarr 3.1", 2), ("zarr 3.4", 2), ("zarr 3.1", 3), ("zarr 3.4", 3)]
PAIRS = [
    *((writer, "terrazzo", zarr_format) for writer, zarr_format in [*WRITERS, ("terrazzo", 2), ("terrazzo", 3)]),
    *(("terrazzo", reader, zarr_format) for reader, zarr_format in WRITERS),
]


def run(library, action, folder, zarr_format):
    done = subprocess.run(
        [python_of(library), "-W", "ignore", "-m", "interop.matrix.trees", library, action, folder, str(zarr_format)],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize(("writer", "reader", "zarr_format"), PAIRS)
def test_what_one_has_consolidated_the_other_opens(writer, reader, zarr_format, tmp_path):
    folder = str(tmp_path / "tree")
    run(writer, "write", folder, zarr_format)
    assert not list((tmp_path / "tree").glob("*/.z*"))
    assert not list((tmp_path / "tree").glob("*/zarr.json"))
    assert json.loads(run(reader, "read", folder, zarr_format)) == EXPECTED
