"""The comparison: ``python -m bench.compare`` times every workload with every library that is installed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import FULL, QUICK, Scale
from bench.import_time import import_times
from bench.libraries import Library, installed_libraries
from bench.measure import Times, count_requests, take_turns
from bench.memory import peak_in_new_process
from bench.tables import print_table, ratio_rows, remarks
from bench.workloads import WORKLOADS, Shelf, Workload

__all__ = ["as_json", "main", "measure_all", "print_report"]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print tables, and write JSON."""
    given = _parser().parse_args(arguments)
    scale = QUICK if given.quick else FULL
    rounds = given.rounds or (3 if given.quick else 7)
    weigh = not given.quick if given.memory is None else given.memory
    workloads = _chosen(given.only)
    libraries, missing = installed_libraries()
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=given.folder))
    tempfile.tempdir = str(folder)
    try:
        shelf = Shelf(folder / "shelf", libraries)
        shelf.folder.mkdir()
        report = measure_all(workloads, libraries, scale, shelf, rounds, weigh=weigh)
    finally:
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)
    report |= {"import_seconds": import_times(given.rounds or (3 if given.quick else 11)), "missing": missing}
    print_report(report, libraries)
    if given.json is not None:
        given.json.write_text(json.dumps(as_json(report), indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.compare", description=__doc__)
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="workloads whose name holds NAME; may be repeated"
    )
    parser.add_argument("--rounds", type=int, help="measurements of each, after one to warm up (7, quick: 3)")
    parser.add_argument("--quick", action="store_true", help="arrays a sixteenth as large; shows that it runs, no more")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, help="peak memory too (not when quick)")
    parser.add_argument(
        "--folder", type=Path, help="where to store the arrays; by default the system's temporary folder"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser


def _chosen(only: Sequence[str] | None) -> list[Workload]:
    chosen = [one for one in WORKLOADS if not only or any(name in one.name for name in only)]
    if not chosen:
        names = "\n  ".join(one.name for one in WORKLOADS)
        sys.exit(f"no workload is called that; there are\n  {names}")
    return chosen


def measure_all(
    workloads: Sequence[Workload],
    libraries: Sequence[Library],
    scale: Scale,
    shelf: Shelf,
    rounds: int,
    *,
    weigh: bool,
) -> dict[str, Any]:
    """Times, requests and peaks of all workloads."""
    results: dict[str, dict[str, Times]] = {}
    requests: dict[str, dict[str, int]] = {}
    peaks: dict[str, dict[str, int]] = {}
    for number, workload in enumerate(workloads, start=1):
        print(f"[{number}/{len(workloads)}] {workload.name}", file=sys.stderr, flush=True)
        results[workload.name] = take_turns(workload, libraries, scale, shelf, rounds)
        able = [one for one in libraries if not results[workload.name][one.name].remark]
        if any(one.name == "terrazzo" for one in able):
            requests[workload.name] = dict(count_requests(workload, scale, shelf))
        if weigh and workload.weighs is not None:
            peaks[workload.name] = {one.name: peak_in_new_process(workload, one, scale, shelf) for one in able}
    return {
        "environment": _environment(libraries),
        "scale": scale.name,
        "times": results,
        "requests": requests,
        "peak_bytes": peaks,
    }


def _environment(libraries: Sequence[Library]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "numpy": np.__version__,
        **{one.name: one.version for one in libraries},
    }


def print_report(report: dict[str, Any], libraries: Sequence[Library]) -> None:
    """Print everything."""
    names = [one.name for one in libraries]
    versions = ", ".join(f"{name} {version}" for name, version in report["environment"].items())
    print(f"{versions}; scale: {report['scale']}")
    times = report["times"]
    print_table("Best time: terrazzo's, and the others' as multiples of it", ["", *names], ratio_rows(times, names))
    for remark in remarks(times):
        print(f"- {remark}")
    for name, reason in report["missing"].items():
        print(f"- {name} is left out: {reason}")
    if peaks := report["peak_bytes"]:
        sizes = {one.name: one.weighs for one in WORKLOADS}
        scale = QUICK if report["scale"] == QUICK.name else FULL
        rows = [
            [workload, *(_multiple(found.get(name), sizes[workload].at(scale).data.nbytes) for name in names)]
            for workload, found in peaks.items()
        ]
        print_table("Peak memory, as a multiple of the bytes of the array", ["", *names], rows)
    rows = [[workload, _listed(found)] for workload, found in report["requests"].items()]
    print_table("Requests of terrazzo to its store", ["", "requests"], rows)
    rows = [[module, f"{seconds * 1e3:.1f} ms"] for module, seconds in report["import_seconds"].items()]
    print_table("Import on top of numpy", ["", "median"], rows)


def _multiple(peak: int | None, size: int) -> str:
    return "-" if peak is None else f"{peak / size:.2f}"


def _listed(requests: dict[str, int]) -> str:
    return ", ".join(f"{count} {operation}" for operation, count in sorted(requests.items())) or "none"


def as_json(report: dict[str, Any]) -> dict[str, Any]:
    """The report in values that JSON has, with ratios."""
    times = {}
    for workload, entries in report["times"].items():
        own = entries["terrazzo"].best
        times[workload] = {
            name: {
                "seconds": entry.seconds,
                "best": entry.best,
                "median": entry.median,
                "ratio_to_terrazzo": entry.best / own if own and entry.best else None,
                "remark": entry.remark,
            }
            for name, entry in entries.items()
        }
    return {**report, "times": times}


if __name__ == "__main__":
    main()
