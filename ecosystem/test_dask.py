"""dask stores arrays and reads them back, with threads and with processes."""

from __future__ import annotations

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from dask.base import tokenize


@pytest.mark.parametrize("scheduler", ["threads", "processes", "synchronous"])
def test_an_array_is_stored_and_read(tmp_path, scheduler):
    source = np.arange(120_000, dtype="f4").reshape(300, 400)
    with dask.config.set(scheduler=scheduler):
        da.from_array(source, chunks=(100, 100)).to_zarr(str(tmp_path / "a.zarr"))
        found = da.from_zarr(str(tmp_path / "a.zarr"))
        assert found.chunks == ((100,) * 3, (100,) * 4)
        np.testing.assert_array_equal(found.compute(), source)
        np.testing.assert_array_equal(found[::-3, 5:77].sum(axis=0).compute(), source[::-3, 5:77].sum(axis=0))


def test_chunks_are_stored_into_an_array_that_exists(tmp_path):
    target = zarr.create_array(tmp_path / "b.zarr", shape=(300, 400), dtype="i4", chunks=(50, 50), shards=(100, 100))
    source = da.random.default_rng(1).integers(0, 1000, (300, 400), chunks=(100, 100)).astype("i4").persist()
    source.store(target, lock=False)
    np.testing.assert_array_equal(target[:], source.compute())


def test_the_token_of_an_array_is_the_same_every_time(tmp_path):
    array = zarr.create_array(tmp_path / "c.zarr", data=np.arange(10))
    assert tokenize(array) == tokenize(zarr.open_array(tmp_path / "c.zarr", mode="r+"))
    assert da.from_zarr(array).name == da.from_zarr(array).name
