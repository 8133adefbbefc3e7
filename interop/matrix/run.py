"""Has every library write every case, and read what the others wrote: a process for each, several at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interop.matrix.case import Case

__all__ = ["LIBRARIES", "Results", "run"]

ROOT = Path(__file__).parents[2]
LIBRARIES = ("terrazzo", "zarr 2.18", "zarr 3.1", "zarr 3.4", "zarrs", "tensorstore")
"""terrazzo, and its peers. All but two are installed where this runs."""


def python_of(library: str) -> str:
    """The interpreter of the environment that has a library, from ``INTEROP_PYTHONS``, JSON with names and paths."""
    return str(json.loads(os.environ.get("INTEROP_PYTHONS", "{}")).get(library, sys.executable))


@dataclass(frozen=True)
class Results:
    """What happened: None where a case went well, else what the library said, in the order of the cases.

    Attributes
    ----------
    wrote
        By library.
    read_by_peer
        By peer: of what terrazzo wrote.
    read_by_us
        By library: what terrazzo made of what the library wrote.
    """

    folder: Path
    wrote: dict[str, list[str | None]]
    read_by_peer: dict[str, list[str | None]]
    read_by_us: dict[str, list[str | None]]


def work(library: str, action: str, cases: Path, folder: Path, reference: Path, count: int) -> list[str | None]:
    """Run a process over all cases; where one of them ends the process, a new one goes on behind it."""
    results: list[str | None] = []
    starts = 0
    environment = os.environ | {"NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE": "1"}  # the pickles are ours
    while len(results) < count:
        command = [python_of(library), "-W", "ignore", "-m", "interop.matrix.worker", library, action]
        done = subprocess.run(  # noqa: S603 - the command is ours
            [*command, str(cases), str(folder), str(reference), str(len(results))],
            cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        lines = done.stdout.splitlines()
        starts += 1
        if done.returncode and (starts > 10 or not lines + results):
            raise RuntimeError(f"{library} {action}: {done.stderr}")
        results += [json.loads(line) for line in lines]
        if len(results) < count:
            results.append(f"the process ended with {done.returncode}: {done.stderr[-2000:]}")
    return results


def run(cases: Sequence[Case], folder: Path, libraries: Sequence[str] = LIBRARIES) -> Results:
    """Write and read everything, below a folder."""
    path = folder / "cases"
    path.write_text("".join(json.dumps(case.to_json()) + "\n" for case in cases), encoding="utf-8")
    reference = folder / "terrazzo"

    def write(library: str) -> list[str | None]:
        return work(library, "write", path, folder / library, reference, len(cases))

    def read(library: str, writer: str) -> list[str | None]:
        return work(library, "read", path, folder / writer, reference, len(cases))

    peers = [library for library in libraries if library != "terrazzo"]
    wrote = {"terrazzo": write("terrazzo")}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        writing = {peer: pool.submit(write, peer) for peer in peers}
        reading = {peer: pool.submit(read, peer, "terrazzo") for peer in peers}
        wrote |= {peer: future.result() for peer, future in writing.items()}
        ours = {library: pool.submit(read, "terrazzo", library) for library in libraries}
        return Results(
            folder,
            wrote,
            {peer: future.result() for peer, future in reading.items()},
            {library: future.result() for library, future in ours.items()},
        )
