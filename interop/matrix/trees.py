"""Hierarchies with consolidated metadata, written by one library and read by another in a process of its own.

``python -m interop.matrix.trees LIBRARY write|read FOLDER FORMAT``: after writing, the documents of everything below
the root are deleted, so that only consolidated metadata know of it. Prints what is there, as JSON.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from interop.matrix.run import ROOT, python_of

__all__ = ["EXPECTED", "WRITERS", "main", "read", "run_in_own_process"]

WRITERS = (("zarr 2.18", 2), ("zarr 3.1", 2), ("zarr 3.1", 3), ("zarr 3.4", 2), ("zarr 3.4", 3))
"""Libraries that consolidate, and formats."""

GROUPS = {"": {"title": "Höhe"}, "a": {}, "a/b": {"deep": [1, {"x": None}]}, "empty": {"n": 2}}
ARRAYS = {"a/b/data": "<i4", "a/flags": "|b1", "top": ">f8"}
EXPECTED = {
    **{path: attributes for path, attributes in GROUPS.items() if path},
    **{path: [{"of": path}, "|b1" if dtype == "|b1" else "numbers", [1, 0, 1]] for path, dtype in ARRAYS.items()},
}
"""Attributes by path; of arrays attributes, kind and elements."""


def write(zarr: Any, folder: str, zarr_format: int) -> None:
    """Make the hierarchy, consolidate it, and delete the other documents."""
    is_two = zarr.__version__.startswith("2.") and zarr.__name__ == "zarr"
    root = zarr.open_group(folder, mode="w", **({} if is_two else {"zarr_format": zarr_format}))
    for path, attributes in GROUPS.items():
        group = root.require_group(path) if path else root
        group.attrs.update(attributes)
    for path, dtype in ARRAYS.items():
        create = root.create_dataset if is_two else root.create_array
        array = create(path, shape=(3,), chunks=(2,), dtype="<f8" if zarr_format == 3 and dtype == ">f8" else dtype)
        array.attrs["of"] = path
        array[...] = np.array([1, 0, 1])
    zarr.consolidate_metadata(zarr.DirectoryStore(folder) if is_two else folder)
    for path in [*Path(folder).rglob(".z*"), *Path(folder).rglob("zarr.json")]:
        if path.parent != Path(folder):
            path.unlink()


def read(zarr: Any, folder: Any) -> dict[str, Any]:
    """What is in a folder or store, by path."""
    root = zarr.open_consolidated(folder, mode="r")
    if dict(root.attrs) != GROUPS[""]:
        raise ValueError(dict(root.attrs))
    found: dict[str, Any] = {}

    def visit(group: Any, prefix: str) -> None:
        for name in sorted(group.group_keys()):
            found[prefix + name] = dict(group[name].attrs)
            visit(group[name], f"{prefix}{name}/")
        for name in sorted(group.array_keys()):
            array = group[name]
            kind = "|b1" if array.dtype.kind == "b" else "numbers"
            found[prefix + name] = [dict(array.attrs), kind, np.asarray(array[...]).astype(int).tolist()]

    visit(root, "")
    return found


def run_in_own_process(library: str, action: str, folder: Path, zarr_format: int) -> str:
    """Have a library do it in its environment; gives what it prints."""
    done = subprocess.run(  # noqa: S603 - the command is ours
        [python_of(library), "-W", "ignore", "-m", __name__, library, action, str(folder), str(zarr_format)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{library} {action}: {done.stderr[-3000:]}")
    return done.stdout


def main(library: str, action: str, folder: str, zarr_format: str) -> None:
    """Write or read one hierarchy."""
    warnings.simplefilter("ignore")
    zarr = importlib.import_module("terrazzo" if library == "terrazzo" else "zarr")
    if action == "write":
        write(zarr, folder, int(zarr_format))
    else:
        print(json.dumps(read(zarr, folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
