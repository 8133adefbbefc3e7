"""Run the test suites that packages ship in their wheels on zarr-python and on the drop-in, and compare.

``python -m ecosystem.suites REFERENCE_PYTHON DROPIN_PYTHON [NAME ...]`` prints a table, and every test that passes
with zarr-python only. The exit status is 1 where one of these is not in `DIFFERENCES`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

__all__ = ["DIFFERENCES", "SUITES", "compare", "main"]

SUITES: dict[str, tuple[str, ...]] = {
    "xarray backends": ("xarray.tests.test_backends", "-k", "zarr or Zarr"),
    "xarray datatree": ("xarray.tests.test_backends_datatree", "-k", "zarr or Zarr"),
    "xarray distributed": ("xarray.tests.test_distributed", "-k", "zarr"),
    "xarray backends API": ("xarray.tests.test_backends_api",),
    "dask array": ("dask.array.tests.test_array_core", "-k", "zarr"),
    "dask distributed": ("dask.tests.test_distributed", "-k", "zarr"),
    "virtualizarr": ("virtualizarr", "--continue-on-collection-errors"),
}
"""Arguments for pytest. What virtualizarr's suite needs is shipped in part only; the rest errors with both."""

SAFETY = "creating a node looks whether one of the other format is there, and a change of attributes reads them anew"

DIFFERENCES: dict[str, str] = {
    r"TestInstrumentedZarrStore::test_(append|region_write)": f"counts requests: {SAFETY}",
    r"::test_avoid_excess_metadata_calls": "counts calls of AsyncGroup.getitem, which no listing makes here",
    r"test_zip::test_index_does_not_read_local_headers": (
        "counts reads of an archive: entries that were replaced leave gaps here until it is packed, and zarr-python "
        "lists them twice"
    ),
    r"TestZarrDatatreeIO::test_to_zarr_compute_false\[zarr_format=2\]": (
        "fill_value null of format 2 leaves open what an absent chunk holds, so a chunk of zeros is stored"
    ),
}
"""Tests that may pass with zarr-python only, as regular expressions, and why."""

OPTIONS = ("-q", "-p", "no:cacheprovider", "-W", "ignore", "--tb=no", "--timeout=300")
LIMIT_SECONDS = 1800


def main(arguments: Sequence[str]) -> int:
    """Run the suites named, or all, and return the exit status."""
    reference, dropin, *names = arguments
    unexplained = 0
    print("| suite | passes with zarr-python | passes with the drop-in | with zarr-python only |")
    print("| --- | --- | --- | --- |")
    notes = []
    for name in names or SUITES:
        before, after = run(reference, SUITES[name]), run(dropin, SUITES[name])
        lost = compare(before, after)
        passes = [Counter(outcomes.values())["passed"] for outcomes in (before, after)]
        print(f"| {name} | {passes[0]} | {passes[1]} | {len(lost)} |", flush=True)
        for test in lost:
            reason = explanation(test)
            unexplained += reason is None
            notes.append(f"{test}: {reason or 'NOT EXPLAINED'}")
    print("\n".join(["", *notes]))
    return 1 if unexplained else 0


def run(python: str, arguments: Sequence[str]) -> dict[str, str]:
    """Outcomes of a suite by the id of the test."""
    with tempfile.TemporaryDirectory(prefix="terrazzo-suites-") as folder:
        report = Path(folder, "report.xml")
        command = [python, "-m", "pytest", "--pyargs", *arguments, *OPTIONS, f"--junit-xml={report}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        if not report.exists():
            raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        return outcomes_in(report)


def outcomes_in(report: Path) -> dict[str, str]:
    """What a report of pytest in the form of JUnit says."""
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):
        children = {child.tag for child in case}
        failed = children & {"failure", "error"}
        outcome = "failed" if failed else "skipped" if "skipped" in children else "passed"
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return outcomes


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Tests that passed before and do not afterwards."""
    return sorted(test for test, outcome in before.items() if outcome == "passed" and after.get(test) != "passed")


def explanation(test: str) -> str | None:
    """Why a test may differ, or None."""
    return next((reason for pattern, reason in DIFFERENCES.items() if re.search(pattern, test)), None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
