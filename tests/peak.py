"""How much memory something takes at most, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

BEFORE = """
import sys

import numpy as np

import terrazzo
from terrazzo.errors import *
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import CountingStore, SuspendingStore
from tests.faults.frames import *
from tests.stored import *

def peak():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) >> 10 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)

"""
# VmHWM and not what `getrusage` says: that starts from the memory of the process that started this one.

AFTER = """
print(f"peak: {peak()} {base}")
"""


def peak_of(script: str, *arguments: str, seconds: float = 100) -> int:
    """MiB that a script needs at most beyond what importing takes; raises if it fails, or does not end in time.

    Parameters
    ----------
    script
        Everything in ``tests.stored`` and ``tests.faults.frames`` is imported; it calls ``start()`` where measuring
        begins.
    """
    begin = "base = peak()\ndef start():\n    global base\n    base = peak()\n"
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + begin + script + AFTER, *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    most, base = done.stdout.rpartition("peak: ")[2].split()
    return int(most) - int(base)
