"""The libraries that are compared, behind one face: that of an array that is indexed and a group that is iterated.

terrazzo and zarr-python have that face already. ``bench.tensorstore_`` and ``bench.raw`` put it on the others.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from bench.data import Layout

__all__ = ["CountingTerrazzo", "Library", "Terrazzo", "ZarrPython", "installed_libraries"]


class Library(Protocol):
    """What a workload asks of a library.

    Attributes
    ----------
    name
        In tables.
    version
        Of the distribution.
    reads_zarr
        Whether it reads what another library stored.
    """

    name: str
    version: str
    reads_zarr: bool

    def active(self) -> contextlib.AbstractContextManager[Any]:
        """Settings that hold while the library is measured."""

    def local(self, folder: Path) -> Any:
        """A store in a folder."""

    def memory(self) -> Any:
        """A new store in memory."""

    def create(self, store: Any, layout: Layout) -> Any:
        """A new array in a store: indexed for reading and writing, with ``append``."""

    def open(self, store: Any) -> Any:
        """The array in a store."""

    def create_group(self, store: Any, layout: Layout, names: list[str]) -> None:
        """A group of empty arrays."""

    def list_group(self, store: Any) -> list[tuple[str, tuple[int, ...]]]:
        """Open a group; names and shapes of the arrays in it."""


class ZarrLike:
    """A module with the functions of zarr-python.

    Parameters
    ----------
    name
        In tables.
    module
        What to import.
    pipeline
        Path of the class of the codec pipeline, where it is not the default.
    """

    reads_zarr = True

    def __init__(self, name: str, module: str, pipeline: str | None = None) -> None:
        self.name = name
        self.version = _version(module)
        self.module: ModuleType = importlib.import_module(module)
        self.storage: ModuleType = importlib.import_module(f"{module}.storage")
        self.settings = {} if pipeline is None else {"codec_pipeline.path": pipeline}

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        if not self.settings:
            yield
            return
        with self.module.config.set(self.settings):
            yield

    def local(self, folder: Path) -> Any:
        return self.storage.LocalStore(folder)

    def memory(self) -> Any:
        return self.storage.MemoryStore()

    def create(self, store: Any, layout: Layout) -> Any:
        return self.module.create_array(store, shape=layout.shape, dtype=layout.dtype, **layout.parameters)

    def open(self, store: Any) -> Any:
        return self.module.open_array(store, mode="r+")

    def create_group(self, store: Any, layout: Layout, names: list[str]) -> None:
        group = self.module.create_group(store)
        for name in names:
            group.create_array(name, shape=layout.shape, dtype=layout.dtype, **layout.parameters)

    def list_group(self, store: Any) -> list[tuple[str, tuple[int, ...]]]:
        return [(name, array.shape) for name, array in self.module.open_group(store, mode="r").arrays()]


class Terrazzo(ZarrLike):
    """terrazzo."""

    def __init__(self) -> None:
        super().__init__("terrazzo", "terrazzo")


class CountingTerrazzo(Terrazzo):
    """terrazzo on stores that keep a record of what they are asked for.

    Attributes
    ----------
    stores
        All stores that were made.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counting = importlib.import_module("terrazzo.testing.stores").CountingStore
        self.stores: list[Any] = []

    def _watched(self, store: Any) -> Any:
        self.stores.append(self.counting(store))
        return self.stores[-1]

    def local(self, folder: Path) -> Any:
        return self._watched(super().local(folder))

    def memory(self) -> Any:
        return self._watched(super().memory())


class ZarrPython(ZarrLike):
    """zarr-python with one of its codec pipelines."""

    def __init__(self, name: str, pipeline: str) -> None:
        super().__init__(name, "zarr", pipeline)
        module, _, attribute = pipeline.rpartition(".")
        if not hasattr(importlib.import_module(module), attribute):
            raise ImportError(f"there is no {pipeline}")
        if module != "zarr.core.codec_pipeline":
            self.version += f" with {module} {_version(module)}"


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise ImportError(f"{distribution} is not installed") from error


def _tensorstore() -> Library:
    from bench.tensorstore_ import TensorStore  # imports what may not be installed

    return TensorStore()


def _raw() -> Library:
    from bench.raw import Raw

    return Raw()


LIBRARIES = {
    "terrazzo": Terrazzo,
    "zarr": lambda: ZarrPython("zarr", "zarr.core.codec_pipeline.BatchedCodecPipeline"),
    "zarr fused": lambda: ZarrPython("zarr fused", "zarr.core.codec_pipeline.FusedCodecPipeline"),
    "zarrs": lambda: ZarrPython("zarrs", "zarrs.ZarrsCodecPipeline"),
    "tensorstore": _tensorstore,
    "raw": _raw,
}


@cache
def library(name: str) -> Library:
    """The library of a name.

    Raises
    ------
    ImportError
        It is not installed.
    """
    return LIBRARIES[name]()


def installed_libraries() -> tuple[list[Library], dict[str, str]]:
    """The libraries that are here, terrazzo first; and for each of the others why it is not."""
    found: list[Library] = []
    missing: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found.append(library(name))
        except ImportError as error:
            missing[name] = str(error)
    return found, missing


@cache
def refusal(asked: Library, layout: Layout) -> str | None:
    """Why a library cannot have a layout: it is asked to create a small array of it in memory."""
    try:
        with asked.active():
            asked.create(
                asked.memory(),
                replace(layout, side=16, chunk=4, shard=8 if layout.shard else 0, width=16 * bool(layout.width)),
            )
    except NotImplementedError:
        return f"{asked.name} does not write {'shards' if layout.shard else 'such arrays'} yet"
    return None
