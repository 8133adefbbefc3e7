"""The libraries behind one face: each makes an array in a folder, and reads one. What is needed is imported on use."""

from __future__ import annotations

import contextlib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from interop.matrix.case import NOT_GIVEN, Case

__all__ = ["library"]


def numcodec(configuration: dict[str, Any]) -> Any:
    """An object of numcodecs."""
    return importlib.import_module("numcodecs").get_codec(dict(configuration))


class ZarrTwo:
    """zarr-python 2, which has format 2 only."""

    def __init__(self) -> None:
        self.zarr = importlib.import_module("zarr")

    def write(self, case: Case, folder: Path, reference: Path) -> None:
        if case.zarr_format == 3:
            msg = "zarr-python 2 has no format 3"
            raise NotImplementedError(msg)
        filters = [numcodec(one) for one in case.filters or ()]
        parameters: dict[str, Any] = {} if case.fill_value is NOT_GIVEN else {"fill_value": case.fill_value}
        if case.data_type != "numpy":
            named = {"id": {"string": "vlen-utf8", "bytes": "vlen-bytes"}.get(case.data_type)}
            parameters["object_codec"] = filters.pop(0) if filters else numcodec(named)
        if case.separator is not None:
            parameters["dimension_separator"] = case.separator
        array = self.zarr.open_array(
            str(folder),
            mode="w",
            shape=case.expected.shape,
            chunks=case.chunks,
            dtype=case.expected.dtype,
            order=case.order,
            filters=filters or None,
            compressor=None if case.compressor is None else numcodec(case.compressor),
            **parameters,
        )
        if case.attributes:
            array.attrs.put(case.attributes)
        if case.data.size:
            array[case.selection] = case.data

    def read(self, folder: Path) -> Any:
        return self.zarr.open_array(str(folder), mode="r")[...]


class ZarrThree:
    """terrazzo, and zarr-python 3 with one of its pipelines."""

    def __init__(self, module: str = "zarr", **settings: Any) -> None:
        self.module = importlib.import_module(module)
        self.settings = settings

    @contextlib.contextmanager
    def _settings(self) -> Iterator[None]:
        allowed = {"array.rectilinear_chunks": True, "array.allow_unsafe_pickle_decode": True}
        with self.module.config.set({**allowed, **self.settings}):
            yield

    def parameters(self, case: Case) -> dict[str, Any]:
        """Arguments of ``create_array``."""
        parameters: dict[str, Any] = {
            "shape": case.expected.shape,
            "chunks": tuple(tuple(one) if isinstance(one, list) else one for one in case.chunks),
            "dtype": case.expected.dtype,
            "zarr_format": case.zarr_format,
            "attributes": case.attributes,
        }
        if case.data_type != "numpy":
            dtypes = importlib.import_module(f"{self.module.__name__}.dtype")
            classes = {"string": "VariableLengthUTF8", "bytes": "VariableLengthBytes"}
            parameters["dtype"] = "O" if case.data_type == "object" else getattr(dtypes, classes[case.data_type])()
        if case.fill_value is not NOT_GIVEN:
            parameters["fill_value"] = case.fill_value
        if case.zarr_format == 2:
            parameters["order"] = case.order
            parameters["compressors"] = None if case.compressor is None else numcodec(case.compressor)
            if case.filters is not None or case.data_type == "numpy":
                parameters["filters"] = [numcodec(one) for one in case.filters or ()] or None
        else:
            parameters |= {"filters": case.filters or (), "compressors": case.compressors}
            if case.serializer is not None:
                parameters["serializer"] = case.serializer
            if case.dimension_names is not None:
                parameters["dimension_names"] = case.dimension_names
        if case.separator is not None or case.encoding is not None:
            name = case.encoding or {2: "v2", 3: "default"}[case.zarr_format]
            given = {} if case.separator is None else {"separator": case.separator}
            parameters["chunk_key_encoding"] = {"name": name, **given}
        return parameters

    def write(self, case: Case, folder: Path, reference: Path) -> None:
        with self._settings():
            array = self.module.create_array(str(folder), **self.parameters(case))
            if case.data.size:
                array[case.selection] = case.data

    def read(self, folder: Path) -> Any:
        with self._settings():
            return self.module.open_array(str(folder), mode="r")[...]


FURTHER_AXES = "elements of bytes have a further axis"


class TensorStore:
    """tensorstore, given the metadata that terrazzo writes for the case."""

    def __init__(self) -> None:
        self.tensorstore = importlib.import_module("tensorstore")

    def open(self, folder: Path, **parameters: Any) -> Any:
        """Open an array; elements with fields as bytes."""
        document = json.loads(next(path for path in self.documents(folder) if path.exists()).read_bytes())
        driver = {2: "zarr", 3: "zarr3"}[document["zarr_format"]]
        spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{folder}/", "file_io_sync": False}}
        return self.tensorstore.open({**spec, **parameters}).result()

    def documents(self, folder: Path) -> tuple[Path, Path]:
        """Where the metadata are."""
        return folder / ".zarray", folder / "zarr.json"

    def write(self, case: Case, folder: Path, reference: Path) -> None:
        folder.mkdir(parents=True)
        document = json.loads(next(path for path in self.documents(reference) if path.exists()).read_bytes())
        path = folder / (".zarray" if case.zarr_format == 2 else "zarr.json")
        path.write_text(json.dumps(document))  # its parser of metadata in a spec ends the process for some of them
        array = self.open(folder, open=True)
        if len(array.shape) != case.expected.ndim:
            raise NotImplementedError(FURTHER_AXES if array.dtype.name in ("byte", "char") else "reads shape")
        if case.data.size:
            array[case.selection].write(case.data).result()

    def read(self, folder: Path) -> npt.NDArray[Any]:
        array = self.open(folder, open=True)
        if array.dtype.name in ("byte", "char"):
            raise NotImplementedError(FURTHER_AXES)
        return np.asarray(array.read().result())


def library(name: str) -> Any:
    """One of the libraries, by the name that it has in reports."""
    if name.startswith("zarr 2"):
        return ZarrTwo()
    if name == "terrazzo":
        return ZarrThree("terrazzo")
    if name == "tensorstore":
        return TensorStore()
    if name == "zarrs":
        return ZarrThree(**{"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "codec_pipeline.strict": True})
    return ZarrThree()
