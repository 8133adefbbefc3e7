"""``python -m terrazzo`` is the ``terrazzo`` command."""

from __future__ import annotations

import sys

from terrazzo.cli import main

if __name__ == "__main__":
    sys.exit(main())
