"""Telling somebody how far a copy is: a callable, or a bar on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from terrazzo.errors import quote
from terrazzo.runtime.tally import Tally

__all__ = ["ProgressLike", "progress_of"]

Report: TypeAlias = Callable[[int, int], object]
ProgressLike: TypeAlias = "bool | Report | None"


@contextmanager
def progress_of(progress: ProgressLike, total: int, title: str) -> Iterator[Tally]:
    """Count bytes of elements, and tell who wants to know.

    Parameters
    ----------
    progress
        Called with the bytes that are copied and their total, by one thread at a time; True for a bar by rich or
        tqdm; None or False for nothing.

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
        with _bar(total, title) as report:
            yield Tally(total, report)
    elif callable(progress):
        progress(0, total)
        yield Tally(total, progress)
    else:
        raise TypeError(f"progress is a callable, True, False or None, got {quote(progress)}")


@contextmanager
def _bar(total: int, title: str) -> Iterator[Report]:
    for bar in (_rich_bar, _tqdm_bar):
        try:
            made = bar(total, title)
        except ImportError:
            continue
        with made as report:
            yield report
        return
    raise ImportError(
        "progress=True draws a bar with rich or tqdm, and neither is installed: pip install 'terrazzo[cli]'"
    )


def _rich_bar(total: int, title: str) -> Any:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    @contextmanager
    def shown() -> Iterator[Report]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns) as bars:
            task = bars.add_task(title, total=total)
            yield lambda done, total: bars.update(task, completed=done, total=total)

    return shown()


def _tqdm_bar(total: int, title: str) -> Any:
    from tqdm import tqdm

    @contextmanager
    def shown() -> Iterator[Report]:
        with tqdm(total=total, desc=title, unit="B", unit_scale=True, unit_divisor=1024) as bar:
            yield lambda done, total: bar.update(done - bar.n)

    return shown()
