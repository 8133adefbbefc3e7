"""Counting what several threads get done, and telling somebody."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Tally"]


class Tally:
    """How much of a total is done.

    Parameters
    ----------
    total
        In any unit.
    report
        Is called with what is done and the total, by one thread at a time.
    """

    def __init__(self, total: int, report: Callable[[int, int], object] | None) -> None:
        self.total = total
        self.done = 0
        self._report = report
        self._guard = threading.RLock()  # the report may be interrupted by a signal whose handler counts too

    def add(self, amount: int) -> None:
        """Count more as done."""
        with self._guard:
            self.done += amount
            if self._report is not None:
                self._report(self.done, self.total)
