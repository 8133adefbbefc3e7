"""xarray writes a climate data set, appends to it, writes a region, consolidates and reopens it."""

from __future__ import annotations

import asyncio

import pytest
import xarray as xr
import zarr

formats = pytest.mark.parametrize("zarr_format", [2, 3])


@pytest.fixture
def dataset(climate):
    with xr.open_dataset(climate) as found:
        return found.load()


def settings(zarr_format):
    return {"zarr_format": zarr_format, "consolidated": True}


@formats
def test_a_data_set_comes_back(dataset, tmp_path, zarr_format):
    dataset.to_zarr(tmp_path / "all.zarr", **settings(zarr_format))
    with xr.open_zarr(tmp_path / "all.zarr") as found:
        xr.testing.assert_identical(found.load(), dataset)


@formats
def test_it_is_appended_to(dataset, tmp_path, zarr_format):
    first, second = dataset.isel(time=slice(0, 100)), dataset.isel(time=slice(100, None))
    first.chunk(time=30).to_zarr(tmp_path / "grown.zarr", **settings(zarr_format))
    second.to_zarr(tmp_path / "grown.zarr", append_dim="time", consolidated=True)
    with xr.open_zarr(tmp_path / "grown.zarr") as found:
        xr.testing.assert_identical(found.load(), dataset)


@formats
def test_regions_are_written_by_dask_threads(dataset, tmp_path, zarr_format):
    dataset = dataset[["air_temperature"]].reset_coords(drop=True)
    lazy = dataset.chunk(time=40)
    lazy.to_zarr(tmp_path / "regions.zarr", compute=False, **settings(zarr_format))
    for start in range(0, dataset.sizes["time"], 80):
        region = {"time": slice(start, start + 80)}
        lazy.isel(region).drop_vars(["latitude", "longitude"]).to_zarr(tmp_path / "regions.zarr", region=region)
    with xr.open_zarr(tmp_path / "regions.zarr") as found:
        xr.testing.assert_identical(found.load(), dataset)


def test_shards_are_encodings(dataset, tmp_path):
    name = max(dataset.data_vars, key=lambda name: dataset[name].size)
    dims = dataset[name].shape
    encoding = {name: {"chunks": (10, *dims[1:]), "shards": (120, *dims[1:])}}
    dataset.to_zarr(tmp_path / "shards.zarr", zarr_format=3, encoding=encoding)
    assert zarr.open_array(tmp_path / "shards.zarr" / name).shards == (120, *dims[1:])
    with xr.open_zarr(tmp_path / "shards.zarr") as found:
        xr.testing.assert_identical(found.load(), dataset)


@formats
def test_it_is_loaded_asynchronously(dataset, tmp_path, zarr_format):
    dataset.to_zarr(tmp_path / "all.zarr", **settings(zarr_format))

    async def load():
        with xr.open_zarr(tmp_path / "all.zarr", chunks=None) as found:
            return await found.load_async()

    xr.testing.assert_identical(asyncio.run(load()), dataset)


@formats
def test_workers_of_a_cluster_write_and_read(dataset, tmp_path, zarr_format):
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        dataset.chunk(time=60).to_zarr(tmp_path / "cluster.zarr", **settings(zarr_format))
        with xr.open_zarr(tmp_path / "cluster.zarr") as found:
            xr.testing.assert_identical(found.compute(), dataset)


def test_a_tree_of_data_sets(dataset, tmp_path):
    tree = xr.DataTree.from_dict({"/fine": dataset, "/coarse": dataset.isel(time=slice(None, None, 12))})
    tree.to_zarr(tmp_path / "tree.zarr")
    with xr.open_datatree(tmp_path / "tree.zarr", engine="zarr") as found:
        xr.testing.assert_identical(found.load(), tree)
