"""What the command prints: results as text or JSON, trees as rich draws them, and bars while it works."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from terrazzo.nodes.report import human_readable_size
from terrazzo.types import JSON

__all__ = ["Report", "print_json", "print_result", "progress_of"]

Report: TypeAlias = Callable[[int, int], object]

REDRAW_SECONDS = 0.1


def print_result(options: argparse.Namespace, text: object, said: JSON) -> None:
    """Print a result: in JSON if that is asked for; in colour where rich is installed and somebody watches."""
    if options.json:
        print_json(said)
    elif hasattr(text, "__rich__") and sys.stdout.isatty() and _has_rich():
        from rich.console import Console  # one that is optional, for a terminal only

        Console().print(text, soft_wrap=True)
    elif str(text):
        print(text)


def print_json(said: JSON) -> None:
    """Print a result for programs."""
    print(json.dumps(said, indent=2, ensure_ascii=False))


def _has_rich() -> bool:
    try:
        import rich  # noqa: F401 - whether it is there is the question
    except ImportError:
        return False
    return True


@contextmanager
def progress_of(options: argparse.Namespace, title: str, unit: str) -> Iterator[Report | None]:
    """Show how far something is, while somebody watches.

    Parameters
    ----------
    unit
        ``"bytes"``, or what else is counted.
    """
    if options.quiet or options.json or not sys.stderr.isatty():
        yield None
    elif _has_rich():
        with _rich_bar(title, unit) as report:
            yield report
    else:
        with _plain_line(title, unit) as report:
            yield report


@contextmanager
def _rich_bar(title: str, unit: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    count: Any = DownloadColumn(binary_units=True) if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TextColumn(unit), TimeRemainingColumn())
    shown = columns if unit != "bytes" else (*columns[:3], columns[4])
    with Progress(*shown, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def _plain_line(title: str, unit: str) -> Iterator[Report]:
    """One line of text that is written over and over."""
    written = 0.0
    width = 0

    def report(done: int, total: int) -> None:
        nonlocal written, width
        now = time.monotonic()
        if now - written < REDRAW_SECONDS and done != total:
            return
        written = now
        in_bytes = unit == "bytes"
        numbers = [human_readable_size(number) if in_bytes else f"{number:,}" for number in (done, total)]
        line = f"{title}: {numbers[0]} of {numbers[1]} {unit}"
        width = max(width, len(line))
        print(f"\r{line:<{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        if width:
            print(f"\r{'':<{width}}\r", end="", file=sys.stderr, flush=True)
