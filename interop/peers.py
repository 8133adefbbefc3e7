"""The libraries, behind one face: write an array to a folder, and read one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorstore
import zarr

import terrazzo
from interop.arrays import ArrayCase

__all__ = ["PEERS", "TERRAZZO", "Peer"]


class Peer(Protocol):
    """A library."""

    name: str

    def write(self, folder: Path, case: ArrayCase) -> None:
        """Create an array in a folder, and write the data of the case."""

    def read(self, folder: Path) -> npt.NDArray[Any]:
        """All elements of the array in a folder."""


class ZarrLike:
    """terrazzo, or zarr-python with a codec pipeline."""

    def __init__(self, name: str, module: Any, pipeline: str | None = None) -> None:
        self.name = name
        self.module = module
        self.settings: dict[str, Any] = {"array.rectilinear_chunks": True}
        if pipeline is not None:
            self.settings["codec_pipeline.path"] = pipeline

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        with self.module.config.set(self.settings):
            yield

    def write(self, folder: Path, case: ArrayCase) -> None:
        with self._settings():
            array = self.module.create_array(str(folder), **case.parameters)
            array[case.region or ...] = case.data

    def read(self, folder: Path) -> npt.NDArray[Any]:
        with self._settings():
            return np.asarray(self.module.open_array(str(folder), mode="r")[...])


class TensorStore:
    """tensorstore, given the metadata that zarr-python writes for the case."""

    name = "tensorstore"

    def write(self, folder: Path, case: ArrayCase) -> None:
        documents: dict[str, Any] = {}
        with zarr.config.set({"array.rectilinear_chunks": True}):
            zarr.create_array(zarr.storage.MemoryStore(documents), **case.parameters)
        spec = {
            "driver": "zarr3",
            "kvstore": {"driver": "file", "path": f"{folder}/", "file_io_sync": False},
            "metadata": json.loads(documents["zarr.json"].to_bytes()),
        }
        array = tensorstore.open(spec, create=True).result()
        array[case.region or ...].write(case.data).result()

    def read(self, folder: Path) -> npt.NDArray[Any]:
        spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": f"{folder}/"}}
        return np.asarray(tensorstore.open(spec, open=True).result().read().result())


TERRAZZO = ZarrLike("terrazzo", terrazzo)
PEERS: tuple[Peer, ...] = (
    ZarrLike("zarr", zarr, "zarr.core.codec_pipeline.BatchedCodecPipeline"),
    ZarrLike("zarr fused", zarr, "zarr.core.codec_pipeline.FusedCodecPipeline"),
    ZarrLike("zarrs", zarr, "zarrs.ZarrsCodecPipeline"),
    TensorStore(),
)
