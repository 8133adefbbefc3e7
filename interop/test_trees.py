"""Consolidated metadata: what one library has consolidated the others open, with nothing else to go by."""

import json

import pytest

from interop.matrix.trees import EXPECTED, WRITERS, run_in_own_process

PAIRS = [
    *((writer, "terrazzo", zarr_format) for writer, zarr_format in [*WRITERS, ("terrazzo", 2), ("terrazzo", 3)]),
    *(("terrazzo", reader, zarr_format) for reader, zarr_format in WRITERS),
]


@pytest.mark.parametrize(("writer", "reader", "zarr_format"), PAIRS)
def test_what_one_has_consolidated_the_other_opens(writer, reader, zarr_format, tmp_path):
    folder = tmp_path / "tree"
    run_in_own_process(writer, "write", folder, zarr_format)
    assert not list(folder.glob("*/.z*"))
    assert not list(folder.glob("*/zarr.json"))
    assert json.loads(run_in_own_process(reader, "read", folder, zarr_format)) == EXPECTED
