"""What no library can beat: the same bytes in one plain file, or copied from one place in memory to another."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bench.data import Layout

__all__ = ["Raw"]


class Raw:
    """No library: a store is a folder, or None for memory."""

    name = "raw"
    version = f"numpy {np.__version__}"
    reads_zarr = False

    def active(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def local(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def memory(self) -> None:
        return None

    def create(self, store: Path | None, layout: Layout) -> RawFile | RawMemory:
        if store is None:
            return RawMemory(layout)
        (store / "shape.json").write_text(json.dumps([layout.shape, layout.dtype]))
        return self.open(store)

    def open(self, store: Path) -> RawFile:
        shape, dtype = json.loads((store / "shape.json").read_text())
        return RawFile(store / "elements", tuple(shape), np.dtype(dtype))

    def create_group(self, store: Path, layout: Layout, names: list[str]) -> None:
        for name in names:
            self.create(self.local(store / name), layout)

    def list_group(self, store: Path) -> list[tuple[str, tuple[int, ...]]]:
        return [(entry.name, self.open(store / entry.name).shape) for entry in os.scandir(store)]


class RawFile:
    """The elements in C order in one file."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.path = str(path)
        self.shape = shape
        self.dtype = dtype

    def __getitem__(self, selection: Any) -> npt.NDArray[Any]:
        if selection is Ellipsis:
            return np.fromfile(self.path, self.dtype).reshape(self.shape)
        if all(isinstance(index, int) for index in selection):
            return self._element(selection)
        return np.array(np.memmap(self.path, self.dtype, "r", shape=self.shape)[selection])

    def _element(self, selection: tuple[int, int]) -> npt.NDArray[Any]:
        row, column = selection
        position = row * self.shape[1] + column
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            return np.frombuffer(os.pread(descriptor, self.dtype.itemsize, position * self.dtype.itemsize), self.dtype)[
                0
            ]
        finally:
            os.close(descriptor)

    @property
    def vindex(self) -> npt.NDArray[Any]:
        """The elements, which numpy selects from as they are."""
        return np.memmap(self.path, self.dtype, "r", shape=self.shape)

    def __setitem__(self, selection: Any, value: npt.NDArray[Any]) -> None:
        if selection is Ellipsis:
            value.tofile(self.path)
        else:
            mode: Literal["r+", "w+"] = "r+" if os.path.exists(self.path) else "w+"
            np.memmap(self.path, self.dtype, mode, shape=self.shape)[selection] = value

    def buffered(self) -> contextlib.AbstractContextManager[RawFile]:
        """The system buffers what is written to a file."""
        return contextlib.nullcontext(self)

    def append(self, data: npt.NDArray[Any]) -> None:
        """Write at the end of the file."""
        with open(self.path, "ab") as file:
            data.tofile(file)
        self.shape = (self.shape[0] + len(data), *self.shape[1:])


class RawMemory:
    """The elements in an array of numpy."""

    def __init__(self, layout: Layout) -> None:
        self.elements = np.zeros(layout.shape, layout.dtype)
        self.shape = layout.shape

    def __getitem__(self, selection: Any) -> npt.NDArray[Any]:
        return np.array(self.elements[selection])

    def __setitem__(self, selection: Any, value: npt.NDArray[Any]) -> None:
        self.elements[selection] = value
