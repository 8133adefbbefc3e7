"""The summary that is printed at the end: how much each peer has passed, and how much it does not support."""

from __future__ import annotations

from typing import Any

import pytest

SUMMARY = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for the summary."""
    config.stash[SUMMARY] = []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print it."""
    for line in config.stash[SUMMARY]:
        terminalreporter.write_line(line)
