"""Tables for people: with rich where it is installed, in plain text otherwise."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

from bench.measure import Times

__all__ = ["duration", "print_table", "ratio_rows", "remarks"]

UNLIMITED = 200
"""Columns of a page that is no terminal."""


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def ratio_rows(results: Mapping[str, Mapping[str, Times]], libraries: Sequence[str]) -> list[list[str]]:
    """A row a workload: the time of terrazzo, and for every other library its time as a multiple of that."""
    rows = []
    for workload, times in results.items():
        own = times["terrazzo"].best if "terrazzo" in times else None
        rows.append([workload, *(_cell(times.get(name), own) for name in libraries)])
    return rows


def _cell(entry: Times | None, own: float | None) -> str:
    if entry is None or entry.best is None:
        return "-"
    if own is None or entry.library == "terrazzo":
        return duration(entry.best)
    return f"{entry.best / own:.2f} x"


def remarks(results: Mapping[str, Mapping[str, Times]]) -> list[str]:
    """What stands for a number, each remark once, with the workloads that it is about."""
    about: dict[str, list[str]] = {}
    for workload, times in results.items():
        for entry in times.values():
            if entry.remark:
                about.setdefault(entry.remark, []).append(workload)
    return [f"{remark}: {', '.join(workloads)}" for remark, workloads in about.items()]


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; all columns but the first hold numbers."""
    if importlib.util.find_spec("rich"):
        _print_rich(title, header, rows)
        return
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    print(f"\n{title}")
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [
            f"{cell:>{width}}" if column else f"{cell:<{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def _print_rich(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for position, name in enumerate(header):
        table.add_column(name, justify="right" if position else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=UNLIMITED)
    console.print(f"\n{title}")
    console.print(table)
