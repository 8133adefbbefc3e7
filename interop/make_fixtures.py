"""Makes the fixtures of ``tests/fixtures``: arrays and hierarchies that the peers have written, with what they hold.

``nox -s fixtures`` runs it, in the environments of the peers. There is one file for each peer: lines of JSON, packed
by gzip, each with the stored files of an array, and what `tests.values` makes of its elements.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.values import array_to_json

from interop.matrix.case import Case
from interop.matrix.cases_v2 import cases_v2
from interop.matrix.cases_v3 import cases_v3
from interop.matrix.run import run
from interop.matrix.trees import EXPECTED, WRITERS, run_in_own_process

FOLDER = Path(__file__).parents[1] / "tests" / "fixtures"
TYPES = ("data type *", "shards of *", "text in *")
FEW_CODECS = tuple(
    f"codecs {name} of int32"
    for name in ("uncompressed", "transpose", "gzip 9", "zstd with *", "crc32c", "crc32c, zstd", "transpose, big*",
                 "blosc lz4 shuffle", "blosc zstd bitshuffle", "blosc blosclz noshuffle", "blosc in small blocks")
)  # fmt: skip
COMPRESSORS = (
    *("compressor blosc [lz]* of <i2", "compressor blosc zlib * of |u1", "compressor blosc blosclz * of |u1"),
    *("compressor [!b]* of |u1", "compressor bz2 of |u1", "compressor * of text"),
)
SHARDING = ("sharding * of int32*", "sharding ?-d", "sharding an empty axis")
LAYOUTS = ("shape *", "separator *", "keys *", "dimension *", "a dimension *", "attributes*", "nothing written")
CHOSEN = {
    "zarr 2.18": (*TYPES, "fill *", "sub-array *", "objects *", *LAYOUTS, *COMPRESSORS, "filters *", "!filters *, *"),
    "zarr 3.1": (*TYPES, "numcodecs *", *SHARDING),
    "zarr 3.4": (*TYPES, "fill *", "objects *", *LAYOUTS, "numcodecs *", "rectilinear *", *SHARDING, *FEW_CODECS),
    "zarrs": ("data type *", "shards of *", *SHARDING, *FEW_CODECS),
    "tensorstore": (*TYPES, "ml *", *LAYOUTS, *SHARDING, *FEW_CODECS),
}
"""Patterns for the names of cases, by peer; those that start with ``!`` leave some out again."""


def is_chosen(case: Case, library: str) -> bool:
    """Whether what a peer makes of a case is kept."""
    taken = [one for one in CHOSEN[library] if not one.startswith("!") and fnmatchcase(case.name, one)]
    return bool(taken) and not any(one[0] == "!" and fnmatchcase(case.name, one[1:]) for one in CHOSEN[library])


def make_arrays() -> None:
    """Arrays of every peer."""
    cases = [case for case in (*cases_v2(), *cases_v3()) if any(is_chosen(case, one) for one in CHOSEN)]
    with tempfile.TemporaryDirectory() as folder:
        results = run(cases, Path(folder))
        for library in CHOSEN:
            lines = [
                json.dumps(entry(case, Path(folder, library, str(number))))
                for number, case in enumerate(cases)
                if is_chosen(case, library)
                and results.wrote[library][number] is None
                and results.read_by_us[library][number] is None
            ]
            write(library.replace(" ", "-"), lines)


def make_trees() -> None:
    """Hierarchies with consolidated metadata."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for library, zarr_format in WRITERS:
            path = Path(folder, f"{library} {zarr_format}")
            run_in_own_process(library, "write", path, zarr_format)
            lines.append(json.dumps({"name": path.name, "files": files_of(path), "expected": EXPECTED}))
    write("consolidated", lines)


def write(name: str, lines: list[str]) -> None:
    """Write a file of fixtures."""
    path = FOLDER / f"{name}.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    sys.stdout.write(f"{path.name}: {len(lines)} fixtures, {path.stat().st_size} bytes\n")


def files_of(folder: Path) -> dict[str, str]:
    """The stored files of a folder, in base64, by their keys."""
    return {
        path.relative_to(folder).as_posix(): base64.b64encode(path.read_bytes()).decode()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def entry(case: Case, folder: Path) -> dict[str, Any]:
    """An array of a peer: the files that it has stored, by their keys, and what they mean."""
    files = files_of(folder)
    return {
        "name": case.name,
        "zarr_format": case.zarr_format,
        "files": files,
        "expected": array_to_json(case.expected),
        "attributes": case.attributes if {"zarr.json", ".zattrs"} & set(files) else {},
    }


if __name__ == "__main__":
    make_arrays()
    make_trees()
