"""anndata writes annotated matrices and reads them, whole and element by element."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import zarr
from anndata.tests.helpers import assert_equal


@pytest.fixture
def annotated():
    rng = np.random.default_rng(0)
    counts = sp.random(200, 50, density=0.1, format="csr", random_state=0, dtype="float32")
    return ad.AnnData(
        X=counts,
        obs=pd.DataFrame(
            {"cell": pd.Categorical(rng.choice(["b", "t", "nk"], 200)), "n": rng.integers(0, 9, 200)},
            index=[f"cell-{i}" for i in range(200)],
        ),
        var=pd.DataFrame({"name": [f"gene {i}" for i in range(50)]}, index=[f"g{i}" for i in range(50)]),
        layers={"dense": rng.normal(size=(200, 50))},
        obsm={"pca": rng.normal(size=(200, 5))},
        uns={"title": "grüße", "nested": {"numbers": np.arange(3)}},
    )


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_round_trip(annotated, tmp_path, zarr_format):
    with ad.settings.override(zarr_write_format=zarr_format):
        annotated.write_zarr(tmp_path / "a.zarr")
    assert zarr.open_group(tmp_path / "a.zarr").metadata.zarr_format == zarr_format
    assert_equal(ad.read_zarr(tmp_path / "a.zarr"), annotated, exact=True)


def test_elements_are_read_from_a_group(annotated, tmp_path):
    annotated.write_zarr(tmp_path / "a.zarr", chunks=(50, 50))
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert_equal(ad.io.read_elem(group["obs"]), annotated.obs)
    rows = ad.io.sparse_dataset(group["X"])[20:40]
    np.testing.assert_array_equal(rows.toarray(), annotated.X[20:40].toarray())


def test_dask_reads_the_matrix_lazily(annotated, tmp_path):
    annotated.write_zarr(tmp_path / "a.zarr", chunks=(50, 50))
    lazy = ad.experimental.read_elem_lazy(zarr.open_group(tmp_path / "a.zarr", mode="r")["layers/dense"])
    np.testing.assert_array_equal(lazy.compute(), annotated.layers["dense"])
