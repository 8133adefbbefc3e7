"""Peak memory of one library on one workload, in a process of its own: ``python -m bench.memory LIBRARY WORKLOAD``."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path

from bench.data import FULL, QUICK, TINY, Scale
from bench.libraries import Library, library
from bench.measure import run_once
from bench.workloads import WORKLOADS, Case, Shelf, Workload

__all__ = ["peak_in_new_process"]

SCALES = {scale.name: scale for scale in (FULL, QUICK, TINY)}
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def peak_in_new_process(workload: Workload, one: Library, scale: Scale, shelf: Shelf) -> int:
    """Bytes that the process had more, at its peak, than right before the action.

    What is read lies on the shelf already, and the same workload has run on tiny arrays before, so that neither what is
    written to the shelf nor what is loaded on first use counts.
    """
    if workload.weighs is not None:
        stored = workload.weighs.at(scale)
        shelf.stored(stored, as_zarr=one.reads_zarr)
    command = [sys.executable, "-m", "bench.memory", one.name, workload.name, scale.name, str(shelf.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    peak: int = json.loads(done.stdout)
    return peak


class Peak:
    """The peak between two calls, in bytes above what the process had at the first."""

    def __init__(self) -> None:
        self.before: int | None = None
        self.bytes = 0

    def __call__(self) -> None:
        if self.before is None:
            self.before = start_of_peak()
        else:
            self.bytes = peak() - self.before


def start_of_peak() -> int:
    """Resident bytes now; where the system can, the peak starts again from here."""
    try:
        CLEAR.write_text("5")
    except OSError:
        return peak()
    return peak()


def peak() -> int:
    """Peak of the resident bytes of this process."""
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest if sys.platform == "darwin" else largest * 1024
    return int(line.split()[1]) * 1024


def main(arguments: list[str] | None = None) -> None:
    """Print the bytes as JSON."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    parser.add_argument("library")
    parser.add_argument("workload")
    parser.add_argument("scale", choices=SCALES, default="full", nargs="?")
    parser.add_argument("shelf", type=Path, help="folder with the arrays to be read")
    given = parser.parse_args(arguments)
    workload = next(workload for workload in WORKLOADS if workload.name == given.workload)
    one = library(given.library)
    run_once(workload, Case(one, TINY, Shelf(given.shelf, [one])), verify=False)
    watch = Peak()
    run_once(workload, Case(one, SCALES[given.scale], Shelf(given.shelf, [one])), verify=False, watch=watch)
    print(json.dumps(watch.bytes))


if __name__ == "__main__":
    main()
