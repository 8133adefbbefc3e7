"""What a caller can say about a copy, whatever is copied, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from terrazzo.abc.store import Store
from terrazzo.errors import quote
from terrazzo.nodes.transfer.progress import ProgressLike
from terrazzo.runtime.executors import Executor, shares_memory

__all__ = ["Copied", "CopyOptions", "IfExists", "LogLike", "parse_if_exists", "parse_memory"]

IfExists: TypeAlias = Literal["raise", "replace", "skip"]
LogLike: TypeAlias = "Callable[[str], object] | str | Path | Any | None"
UNITS = {"": 1, "b": 1, **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)}}
UNITS |= {f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)}


class Copied(NamedTuple):
    """What a copy has done.

    Attributes
    ----------
    copied, skipped
        Number of nodes, or of values where values are copied.
    nbytes
        Bytes of the elements, or of the values; 0 for a dry run.
    """

    copied: int
    skipped: int
    nbytes: int


@dataclass(frozen=True, kw_only=True)
class CopyOptions:
    """How to copy; see ``terrazzo.copy``."""

    shallow: bool = False
    without_attrs: bool = False
    log: LogLike = None
    if_exists: IfExists = "raise"
    dry_run: bool = False
    progress: ProgressLike = None
    executor: Executor | None = None
    max_memory: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    def check_stores(self, *stores: Store) -> None:
        """Raise if what is to be copied in another process is in the memory of this one.

        Raises
        ------
        ValueError
            It is.
        """
        if self.executor is None or shares_memory(self.executor):
            return
        for store in stores:
            if not store.is_shared:
                raise ValueError(
                    f"{store} is in the memory of this process, where other processes cannot reach it: with an "
                    "executor other than a ThreadPoolExecutor give stores that all of them can open"
                )


def parse_if_exists(if_exists: str) -> IfExists:
    """Check what to do with what is there already."""
    if if_exists not in ("raise", "replace", "skip"):
        raise ValueError(f"if_exists is {quote(if_exists)}, expected 'raise', 'replace' or 'skip'")
    return cast("IfExists", if_exists)


def parse_memory(max_memory: int | str | None) -> int | None:
    """Bytes, from a number or from text such as ``"256MiB"``.

    Raises
    ------
    ValueError
        It is neither, or not positive.
    """
    if max_memory is None:
        return None
    size: float
    if isinstance(max_memory, str):
        text = max_memory.strip().lower()
        digits = text.rstrip("kmgtib ")
        factor = UNITS.get(text[len(digits) :].strip())
        try:
            size = float(digits) * factor if factor is not None else 0.0
        except ValueError:
            size = 0.0
    else:
        size = max_memory if isinstance(max_memory, (int, float)) else 0
    if isinstance(max_memory, bool) or not 1 <= size < 1 << 63:
        raise ValueError(f"max_memory is {quote(max_memory)}, expected a number of bytes or text such as '256MiB'")
    return int(size)


@contextmanager
def log_of(log: LogLike) -> Iterator[Callable[[str], object]]:
    """What takes lines: a callable, a file that is open, or the path of one to be appended to."""
    if log is None:
        yield lambda line: None
    elif isinstance(log, (str, Path)):
        with open(log, "a", encoding="utf-8") as file:
            yield lambda line: file.write(f"{line}\n")
    elif callable(log):
        yield log
    elif hasattr(log, "write"):
        yield lambda line: log.write(f"{line}\n")
    else:
        raise TypeError(f"log is a callable, a file or the path of one, got {quote(log)}")


def last_line(done: Copied, dry_run: bool) -> str:
    """The line at the end of a log."""
    if dry_run:
        return f"dry run: {done.copied} copied, {done.skipped} skipped"
    return f"all done: {done.copied} copied, {done.skipped} skipped, {done.nbytes:,} bytes copied"
