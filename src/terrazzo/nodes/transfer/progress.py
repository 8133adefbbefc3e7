"""Telling somebody how far something is: a callable, or a bar on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TextIO, TypeAlias

from terrazzo.errors import quote
from terrazzo.runtime.tally import Tally

__all__ = ["ProgressLike", "Report", "bar_of", "progress_of"]

Report: TypeAlias = Callable[[int, int], object]
ProgressLike: TypeAlias = "bool | Report | None"


@contextmanager
def progress_of(progress: ProgressLike, total: int, title: str, unit: str = "bytes") -> Iterator[Tally]:
    """Count, and tell who wants to know.

    Parameters
    ----------
    progress
        Called with what is done and the total, by one thread at a time; True for a bar by rich or tqdm; None or False
        for nothing.
    unit
        What is counted, for the bar.

    Raises
    ------
    ImportError
        A bar is wanted, and neither package is installed.
    TypeError
        `progress` is something else.
    """
    if progress is None or progress is False:
        yield Tally(total, None)
    elif progress is True:
        with bar_of(title, unit, total) as report:
            yield Tally(total, report)
    elif callable(progress):
        progress(0, total)
        yield Tally(total, progress)
    else:
        raise TypeError(f"progress is a callable, True, False or None, got {quote(progress)}")


def bar_of(title: str, unit: str, total: int = 0, file: TextIO | None = None) -> AbstractContextManager[Report]:
    """A bar by rich or tqdm, on a terminal or in a notebook.

    Parameters
    ----------
    total
        As far as it is known; 0 where it is not.
    file
        Where to draw it, to be wiped in the end; by default where these packages do, to stay.

    Raises
    ------
    ImportError
        Neither package is installed.
    """
    for make in (_rich_bar, _tqdm_bar):
        try:
            return make(title, unit, total, file)
        except ImportError:
            continue
    raise ImportError(
        "progress=True draws a bar with rich or tqdm, and neither is installed: pip install 'terrazzo[cli]'"
    )


def _rich_bar(title: str, unit: str, total: int, file: TextIO | None) -> AbstractContextManager[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as SpeedColumn

    counted: list[Any] = [DownloadColumn(binary_units=True), SpeedColumn()]
    if unit != "bytes":
        counted = [MofNCompleteColumn(), TextColumn(unit)]
    columns = TextColumn("{task.description}"), BarColumn(), *counted, TimeRemainingColumn()

    @contextmanager
    def shown() -> Iterator[Report]:
        console = None if file is None else Console(file=file)
        with Progress(*columns, console=console, transient=file is not None) as bars:
            task = bars.add_task(title, total=total or None)
            yield lambda done, total: bars.update(task, completed=done, total=total or None)

    return shown()


def _tqdm_bar(title: str, unit: str, total: int, file: TextIO | None) -> AbstractContextManager[Report]:
    from tqdm import tqdm

    in_bytes = unit == "bytes"
    form: dict[str, Any] = {"unit": "B" if in_bytes else f" {unit}", "unit_scale": in_bytes, "unit_divisor": 1024}

    @contextmanager
    def shown() -> Iterator[Report]:
        with tqdm(total=total or None, desc=title, file=file, leave=file is None, **form) as bar:

            def report(done: int, total: int) -> None:
                bar.total = total or None
                bar.update(done - bar.n)

            yield report

    return shown()
