"""The ``terrazzo`` command: looking at what is stored, copying, migrating, verifying and serving it.

Exit status: 0; 1 when something cannot be done, or `verify` has found a problem; 2 for arguments that are wrong; 130
after Ctrl-C. Results go to the standard output, errors, in one line, and progress to the standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from terrazzo.cli.parser import parse

__all__ = ["main"]

INTERRUPTED = 130
READER_GONE = 141
"""What a shell says of a program that SIGINT, or SIGPIPE, has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    options = parse(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("terrazzo: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `terrazzo tree … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at exit fails again
        return READER_GONE
    except Exception as error:
        if options.traceback:
            raise
        print(one_line(error), file=sys.stderr)
        return 1


def one_line(error: Exception) -> str:
    """What went wrong, and where, in a line."""
    is_expected = isinstance(error, (ValueError, OSError, ImportError))
    said = str(error) if is_expected else f"{type(error).__name__}: {error} (--traceback says more)"
    notes = [str(note) for note in getattr(error, "__notes__", ())]
    return " ".join(f"terrazzo: {'; '.join([said, *notes])}".split())
