"""kerchunk and virtualizarr describe a NetCDF file as an array, which is read where it lies."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def source(climate, tmp_path):
    """The data set as NetCDF 4, compressed and in chunks."""
    with xr.open_dataset(climate) as dataset:
        name = max(dataset.data_vars, key=lambda name: dataset[name].size)
        chunks = (20, *dataset[name].shape[1:])
        dataset[[name]].to_netcdf(
            tmp_path / "source.nc", engine="h5netcdf", encoding={name: {"zlib": True, "chunksizes": chunks}}
        )
    return tmp_path / "source.nc"


def test_references_of_kerchunk_are_read(source):
    from kerchunk.hdf import SingleHdf5ToZarr

    references = SingleHdf5ToZarr(str(source), inline_threshold=100).translate()
    with (
        xr.open_dataset(references, engine="kerchunk") as found,
        xr.open_dataset(source) as expected,
    ):
        for name in expected.variables:
            np.testing.assert_array_equal(found[name].values, expected[name].values)


def test_references_of_virtualizarr_are_read(source, tmp_path):
    from obspec_utils.registry import ObjectStoreRegistry
    from obstore.store import LocalStore
    from virtualizarr import open_virtual_dataset
    from virtualizarr.parsers import HDFParser

    registry = ObjectStoreRegistry({"file://": LocalStore()})
    with open_virtual_dataset(f"file://{source}", registry=registry, parser=HDFParser()) as virtual:
        virtual.vz.to_kerchunk(str(tmp_path / "references.json"), format="json")
    assert "refs" in json.loads((tmp_path / "references.json").read_text())
    with (
        xr.open_dataset(str(tmp_path / "references.json"), engine="kerchunk", decode_times=False) as found,
        xr.open_dataset(source, decode_times=False) as expected,
    ):
        for name in expected.data_vars:
            np.testing.assert_array_equal(found[name].values, expected[name].values)


def test_the_store_of_references_reads_what_kerchunk_wrote(source, tmp_path):
    from kerchunk.df import refs_to_dataframe
    from kerchunk.hdf import SingleHdf5ToZarr

    from terrazzo.storage import ReferenceStore

    references = SingleHdf5ToZarr(str(source), inline_threshold=100).translate()
    (tmp_path / "references.json").write_text(json.dumps(references))
    refs_to_dataframe(references, str(tmp_path / "references.parq"), record_size=3)
    for document in ("references.json", "references.parq"):
        store = ReferenceStore(tmp_path / document)
        with (
            xr.open_dataset(store, engine="zarr", consolidated=False) as found,
            xr.open_dataset(source) as expected,
        ):
            for name in expected.variables:
                np.testing.assert_array_equal(found[name].values, expected[name].values)
