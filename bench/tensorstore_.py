"""tensorstore behind the face of an array: drivers ``zarr3`` and ``zarr``, no cache, no fsync, as the others do it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore

from bench.data import Layout

__all__ = ["TensorStore"]


class TensorStore:
    """tensorstore. A store is a JSON specification of a key-value store; memory lives in the context."""

    name = "tensorstore"
    reads_zarr = True

    def __init__(self) -> None:

        self.version = importlib.metadata.version("tensorstore")
        self.context = tensorstore.Context({"cache_pool": {"total_bytes_limit": 0}})
        self.numbers = itertools.count()

    def active(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def local(self, folder: Path) -> dict[str, Any]:
        return {"driver": "file", "path": f"{folder}/", "file_io_sync": False}

    def memory(self) -> dict[str, Any]:
        return {"driver": "memory", "path": f"{next(self.numbers)}/"}

    def create(self, store: Any, layout: Layout) -> TensorStoreArray:
        metadata = {
            "shape": layout.shape,
            "data_type": layout.dtype,
            "fill_value": 0,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": layout.stored_shape}},
            "chunk_key_encoding": {"name": "default"},
            "codecs": _codecs(layout),
        }
        spec = {"driver": "zarr3", "kvstore": store, "metadata": metadata}
        if layout.zarr_format == 2:
            spec = {"driver": "zarr", "kvstore": store, "metadata": _v2_metadata(layout)}
        return TensorStoreArray(tensorstore.open(spec, create=True, context=self.context).result())

    def open(self, store: Any) -> TensorStoreArray:
        try:
            array = tensorstore.open({"driver": "zarr3", "kvstore": store}, open=True, context=self.context).result()
        except ValueError:  # there is no such document
            array = tensorstore.open({"driver": "zarr", "kvstore": store}, open=True, context=self.context).result()
        return TensorStoreArray(array)

    def create_group(self, store: Any, layout: Layout, names: list[str]) -> None:
        raise NotImplementedError("tensorstore has no groups")

    def list_group(self, store: Any) -> list[tuple[str, tuple[int, ...]]]:
        raise NotImplementedError("tensorstore has no groups")


def _v2_metadata(layout: Layout) -> dict[str, Any]:
    compressor = layout.v2_compressor
    if compressor is not None:
        compressor = {name: value for name, value in compressor.items() if name != "checksum"}
    return {
        "shape": layout.shape,
        "chunks": layout.chunk_shape,
        "dtype": np.dtype(layout.dtype).str,
        "fill_value": 0,
        "compressor": compressor,
    }


def _codecs(layout: Layout) -> list[dict[str, Any]]:
    chain = [{"name": "bytes", "configuration": {"endian": "little"}}, *map(_understood, layout.compressors)]
    if not layout.shard:
        return chain
    configuration = {
        "chunk_shape": layout.chunk_shape,
        "codecs": chain,
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
    }
    return [{"name": "sharding_indexed", "configuration": configuration}]


def _understood(codec: dict[str, Any]) -> dict[str, Any]:
    """Tensorstore's zstd has no checksum member, and its level 0 is the library's default, as elsewhere."""
    configuration = {name: value for name, value in codec["configuration"].items() if name != "checksum"}
    return {"name": codec["name"], "configuration": configuration}


class TensorStoreArray:
    """A tensorstore that is read and written by indexing."""

    def __init__(self, store: Any) -> None:
        self.store = store

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.store.shape)

    def __getitem__(self, selection: Any) -> Any:
        return self.store[selection].read().result()

    @contextlib.contextmanager
    def buffered(self) -> Iterator[TensorStoreArray]:
        """Within a transaction, which writes each stored object once."""
        with tensorstore.Transaction() as transaction:
            yield TensorStoreArray(self.store.with_transaction(transaction))

    @property
    def vindex(self) -> TensorStorePoints:
        """Points, by coordinates or a mask."""
        return TensorStorePoints(self.store)

    def __setitem__(self, selection: Any, value: Any) -> None:
        self.store[selection].write(value).result()

    def append(self, data: Any) -> None:
        """Resize, then write what is new."""
        length = self.store.shape[0]
        limits = [length + len(data), *([None] * (len(self.store.shape) - 1))]
        self.store = self.store.resize(exclusive_max=limits).result()
        self.store[length:].write(data).result()


class TensorStorePoints:
    """Points of a tensorstore."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getitem__(self, selection: Any) -> Any:
        return self.store.vindex[selection].read().result()
