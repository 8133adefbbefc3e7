"""The process of one library: takes cases, writes or reads each of them, and says for each what happened.

``python -m interop.matrix.worker LIBRARY write|read CASES FOLDER REFERENCE START``: cases are lines of JSON in a
file, the first of them has the number `START`. Prints a line of JSON for each case: null, or what went wrong. Arrays
are in folders below `FOLDER`, named by the number of the case; below `REFERENCE` are those that terrazzo has written.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from tests.values import difference

from interop.matrix.case import Case
from interop.matrix.libraries import library

__all__ = ["main"]


def attempt(chosen: Any, action: str, line: str, folder: Path, reference: Path) -> str | None:
    """What goes wrong with one case."""
    try:
        case = Case.from_json(json.loads(line))
        if action == "write":
            chosen.write(case, folder, reference)
            return None
        different = difference(chosen.read(folder), case.expected)
        return f"reads {different}" if different else None
    except BaseException as error:  # some are of a library's own kind
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"[:2000]


def main(name: str, action: str, cases: str, folder: str, reference: str, start: str) -> None:
    """Go through the cases."""
    warnings.simplefilter("ignore")
    chosen = library(name)
    with Path(cases).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number >= int(start):
                said = attempt(chosen, action, line, Path(folder, str(number)), Path(reference, str(number)))
                print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
