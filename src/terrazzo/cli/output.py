"""What the command prints: results as text or JSON, trees as rich draws them, and bars while it works."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from terrazzo.nodes.report import human_readable_size
from terrazzo.nodes.transfer.progress import Report, bar_of
from terrazzo.types import JSON

__all__ = ["print_json", "print_result", "progress_of"]

REDRAW_SECONDS = 0.1


def print_result(options: argparse.Namespace, text: object, said: JSON) -> None:
    """Print a result: in JSON if that is asked for; in colour where rich is installed and somebody watches."""
    if options.json:
        print_json(said)
    elif not (hasattr(text, "__rich__") and sys.stdout.isatty() and _printed_by_rich(text)) and str(text):
        print(text)


def print_json(said: JSON) -> None:
    """Print a result for programs."""
    print(json.dumps(said, indent=2, ensure_ascii=False))


def _printed_by_rich(text: object) -> bool:
    """Print with rich, if it is installed."""
    try:
        from rich.console import Console
    except ImportError:
        return False
    Console().print(text, soft_wrap=True)
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
        return
    try:
        bar = bar_of(title, unit, file=sys.stderr)
    except ImportError:
        bar = _plain_line(title, unit)
    with bar as report:
        yield report


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
