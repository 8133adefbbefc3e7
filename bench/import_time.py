"""How long importing takes on top of numpy, in fresh interpreters: ``python -m bench.import_time``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile

__all__ = ["import_times"]

SCRIPT = """
import time, numpy
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""

MODULES = ("terrazzo", "zarr", "tensorstore")


def import_times(rounds: int) -> dict[str, float]:
    """Seconds that importing each installed module takes once numpy is there: the median of several interpreters."""
    modules = [module for module in MODULES if importlib.util.find_spec(module)]
    seconds: dict[str, list[float]] = {module: [] for module in modules}
    with tempfile.TemporaryDirectory() as bytecode:
        settings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        settings["PYTHONPYCACHEPREFIX"] = bytecode  # an installed package has its bytecode, a checkout may not
        for number in range(rounds + 1):
            for module in modules:
                command = [sys.executable, "-c", SCRIPT.format(module=module)]
                run = subprocess.run(command, capture_output=True, text=True, check=True, env=settings)
                if number:  # the first round writes bytecode and fills the page cache
                    seconds[module].append(float(run.stdout))
    return {module: statistics.median(needed) for module, needed in seconds.items()}


def main() -> None:
    """Print a line a module."""
    parser = argparse.ArgumentParser(prog="bench.import_time", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="interpreters for each module")
    for module, seconds in import_times(parser.parse_args().rounds).items():
        print(f"{module:<12} {seconds * 1e3:7.1f} ms on top of numpy")


if __name__ == "__main__":
    main()
