"""Opening and listing hierarchies on a store that takes its time: ``python -m bench.hierarchies``.

What counts is how many round trips it takes, in time: those that must follow one another, and what is computed
meanwhile. 107 groups hold 4 arrays each; a round trip takes 30 ms. With fewer requests at
once the documents of a level are asked for by and by, which ``--requests 64`` shows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence

import terrazzo
from bench.tables import print_table
from terrazzo.abc.store import Store
from terrazzo.metadata import ArrayMetadata, GroupMetadata, NodeMetadata
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import CountingStore, LatencyStore

__all__ = ["LATENCY", "TREES", "Figures", "actions", "main", "tree"]

LATENCY = 0.03
"""Seconds that a request takes."""

ARRAYS = 4
REPEATS = 5

TREES = {"106 groups in one": (106,), "6 groups of 16 or 17": (6, 100)}
"""How many groups there are on each level below the root: 107 with it."""

Figures = tuple[str, float, float, int]
"""What was done, its time in round trips, what the processor did of it in round trips, and the number of requests."""


def tree(levels: tuple[int, ...], arrays: int = ARRAYS) -> dict[str, NodeMetadata]:
    """The nodes of a tree, by path: groups share out those of the level below evenly."""
    array: ArrayMetadata = terrazzo.create_array({}, shape=(365, 720), dtype="float32").metadata
    above = [""]
    paths = [""]
    for count in levels:
        above = [f"{above[number % len(above)]}/g{number}".lstrip("/") for number in range(count)]
        paths += above
    groups = {path: GroupMetadata(attributes={"title": path}) for path in paths}
    leaves = {f"{path}/a{number}".lstrip("/"): array for path in paths for number in range(arrays)}
    return {**groups, **leaves}


def actions(nodes: dict[str, NodeMetadata]) -> Iterator[tuple[str, MemoryStore, Callable[[Store], int]]]:
    """What is timed: with its content, and how many nodes it sees."""
    emptied = MemoryStore()

    def create(store: Store) -> int:
        emptied._store_dict.clear()
        return len(list(terrazzo.create_hierarchy(store=store, nodes=nodes)))

    def open_and_list(store: Store) -> int:
        return 1 + len(terrazzo.open_group(store, mode="r", zarr_format=3).members(max_depth=None))

    def open_one_array(store: Store) -> int:
        return terrazzo.open_array(store, path="g1/a0", mode="r", zarr_format=3).ndim // 2

    yield "create", emptied, create
    stored = MemoryStore()
    list(terrazzo.create_hierarchy(store=stored, nodes=nodes))
    yield "open one array", stored, open_one_array
    yield "open and list", stored, open_and_list
    terrazzo.consolidate_metadata(stored)
    yield "open and list, consolidated", stored, open_and_list


def measure(nodes: dict[str, NodeMetadata], latency: float = LATENCY, repeats: int = REPEATS) -> Iterator[Figures]:
    """The best of some runs of each action."""
    for name, content, action in actions(nodes):
        slow = LatencyStore(content, get_latency=latency, set_latency=latency)
        counting = CountingStore(slow)
        seen = action(counting)
        if seen not in (1, len(nodes)):
            raise AssertionError(f"{name} has seen {seen} nodes of {len(nodes)}")
        taken = []
        for _ in range(repeats):
            start, busy = time.perf_counter(), time.process_time()
            action(slow)
            taken.append((time.perf_counter() - start, time.process_time() - busy))
        best, busy = min(taken)
        unit = latency or 1.0
        yield name, best / unit, busy / unit, len(counting.requests)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of both trees."""
    parser = argparse.ArgumentParser(prog="python -m bench.hierarchies", description=__doc__)
    parser.add_argument("--requests", type=int, default=512, help="how many may be under way (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds of a request (default: %(default)s)")
    options = parser.parse_args(arguments)
    for title, levels in TREES.items():
        nodes = tree(levels)
        with terrazzo.config.set({"async.requests": options.requests}):
            figures = list(measure(nodes, options.latency))
        rows = [[name, f"{trips:.1f}", f"{busy:.1f}", str(requests)] for name, trips, busy, requests in figures]
        print_table(f"{title}, {len(nodes)} nodes", ["", "round trips", "of them computing", "requests"], rows)


if __name__ == "__main__":
    main()
