"""Many processes that change one array: run as a script, each of them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

import terrazzo
from terrazzo.storage import LocalStore, SQLiteStore

STORES = {"local": lambda path: LocalStore(path, locks=True), "sqlite": SQLiteStore}


def count(kind: str, path: str, number: int, times: int) -> None:
    """Increment an element that all have, and one that nobody else has in a chunk that all have."""
    store = STORES[kind](path)
    array = terrazzo.open_array(store, mode="r+")
    for done in range(times):
        with store.locked("element 0"):
            array[0] += 1
        array[number] = done + 1


def run_counters(kind: str, path: str, processes: int, times: int) -> None:
    """Have many processes count, and check what is there in the end."""
    array = terrazzo.create_array(STORES[kind](path), shape=(processes + 1,), chunks=(processes + 1,), dtype="i8")
    command = [sys.executable, "-m", "tests.storage.counting", kind, path]
    children = [subprocess.Popen([*command, str(number + 1), str(times)]) for number in range(processes)]
    assert [child.wait(timeout=500) for child in children] == [0] * processes
    np.testing.assert_array_equal(array[:], [processes * times, *[times] * processes])


if __name__ == "__main__":
    kind, path, number, times = sys.argv[1:]
    if number == "all":
        run_counters(kind, path, 8, int(times))
    else:
        count(kind, path, int(number), int(times))
