"""Times, taken in turns, and requests."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.data import Scale
from bench.libraries import CountingTerrazzo, Library
from bench.workloads import Case, Shelf, UnsupportedError, Workload

__all__ = ["Times", "count_requests", "run_once", "take_turns"]


@dataclass
class Times:
    """What one library needed for one workload.

    Attributes
    ----------
    seconds
        Of a single action, one number a round.
    remark
        Why there is none.
    """

    workload: str
    library: str
    seconds: list[float] = field(default_factory=list)
    remark: str = ""

    @property
    def best(self) -> float | None:
        """Of the rounds; noise only ever adds."""
        return min(self.seconds, default=None)

    @property
    def median(self) -> float | None:
        """Of the rounds."""
        return statistics.median(self.seconds) if self.seconds else None


def run_once(workload: Workload, case: Case, *, verify: bool, watch: Callable[[], Any] = lambda: None) -> float:
    """Run a workload in an empty folder, and give the seconds of one action.

    Parameters
    ----------
    verify
        Whether the result is checked, which is not part of the time.
    watch
        Called right before the action, and right after.
    """
    loops = workload.loops(case.scale)
    try:
        with case.library.active():
            steps = workload.steps(case)
            action = next(steps)
            gc.collect()
            watch()
            start = time.perf_counter()
            for _ in range(loops):
                result = action()
            seconds = (time.perf_counter() - start) / loops
            watch()
            if verify:
                with contextlib.suppress(StopIteration):
                    steps.send(result)
                    raise AssertionError(f"{workload.name} yields more than one action")
            steps.close()
    finally:
        case.close()
    return seconds


def take_turns(
    workload: Workload, libraries: Sequence[Library], scale: Scale, shelf: Shelf, rounds: int
) -> dict[str, Times]:
    """Time a workload with every library: a round to warm up and to check the results, then `rounds` that count.

    In every round another library is the first.
    """
    times = {library.name: Times(workload.name, library.name) for library in libraries}
    for number in range(rounds + 1):
        first = number % len(libraries)
        for library in [*libraries[first:], *libraries[:first]]:
            entry = times[library.name]
            if entry.remark:
                continue
            try:
                seconds = run_once(workload, Case(library, scale, shelf), verify=number == 0)
            except (UnsupportedError, NotImplementedError) as error:
                entry.remark = str(error)
            except Exception as error:
                entry.remark = f"{library.name} failed: {type(error).__name__}: {error}".splitlines()[0]
            else:
                if number:
                    entry.seconds.append(seconds)
    return times


def count_requests(workload: Workload, scale: Scale, shelf: Shelf) -> Counter[str]:
    """How often terrazzo asks its store for each operation, for one action."""
    terrazzo = CountingTerrazzo()
    seen: list[Counter[str]] = []
    loops = workload.loops(scale)

    def watch() -> None:
        seen.append(sum((store.counts for store in terrazzo.stores), Counter()))

    run_once(workload, Case(terrazzo, scale, shelf), verify=True, watch=watch)
    return Counter({operation: count // loops for operation, count in (seen[1] - seen[0]).items()})
