"""ome-zarr writes an image as a pyramid and reads it."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from ome_zarr.writer import write_image


@pytest.mark.parametrize("version", [FormatV04(), FormatV05()], ids=["0.4", "0.5"])
def test_an_image_pyramid(tmp_path, version):
    image = np.random.default_rng(0).integers(0, 4096, (3, 256, 320)).astype("uint16")
    location = parse_url(tmp_path / "image.zarr", mode="w", fmt=version)
    root = zarr.group(store=location.store, overwrite=True, zarr_format=version.zarr_format)
    write_image(image, root, axes="cyx", fmt=version, storage_options={"chunks": (1, 128, 128)})
    (node, *_) = list(Reader(parse_url(tmp_path / "image.zarr"))())
    assert node.data[0].shape == image.shape
    np.testing.assert_array_equal(node.data[0].compute(), image)
    assert [level.shape[-1] for level in node.data] == sorted([level.shape[-1] for level in node.data], reverse=True)
    assert len(node.data) > 1
