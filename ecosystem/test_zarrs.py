"""The codec pipeline of zarrs-python, plugged in by its name."""

from __future__ import annotations

import numpy as np
import pytest
import zarr


@pytest.fixture
def zarrs_pipeline():
    pytest.importorskip("zarrs")
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}):
        yield


@pytest.mark.parametrize("shards", [None, (100, 100)], ids=["chunks", "shards"])
def test_it_writes_and_reads(tmp_path, zarrs_pipeline, shards):
    source = np.arange(90_000, dtype="i4").reshape(300, 300)
    array = zarr.create_array(tmp_path / "a.zarr", shape=source.shape, dtype="i4", chunks=(50, 50), shards=shards)
    array[:] = source
    np.testing.assert_array_equal(array[:], source)
    np.testing.assert_array_equal(array[13:77, 50:290], source[13:77, 50:290])


def test_what_it_wrote_is_read_without_it(tmp_path, zarrs_pipeline):
    source = np.arange(90_000, dtype="i4").reshape(300, 300)
    zarr.create_array(tmp_path / "a.zarr", data=source, chunks=(50, 50), shards=(100, 100))
    default = "zarr.core.codec_pipeline.BatchedCodecPipeline"
    with zarr.config.set({"codec_pipeline.path": default}):
        np.testing.assert_array_equal(zarr.open_array(tmp_path / "a.zarr")[:], source)
