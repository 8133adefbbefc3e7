"""Code blocks of the README, the documents and the docstrings are tests.

Blocks of one document share their names and an empty folder of their own, which is the current one meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from doctest import ELLIPSIS
from typing import Any

from sybil import Sybil
from sybil.evaluators.doctest import NUMBER
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser


def enter_folder(namespace: dict[str, Any]) -> None:
    """Go to an empty folder."""
    namespace["_left"] = os.getcwd()
    namespace["_folder"] = tempfile.TemporaryDirectory(prefix="terrazzo-docs-")
    os.chdir(namespace["_folder"].name)


def leave_folder(namespace: dict[str, Any]) -> None:
    """Go back, and delete the folder."""
    os.chdir(namespace["_left"])
    namespace["_folder"].cleanup()


markdown = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=NUMBER | ELLIPSIS), SkipParser()],
    patterns=["*.md"],
    setup=enter_folder,
    teardown=leave_folder,
)
docstrings = Sybil(parsers=[DocTestParser(optionflags=NUMBER | ELLIPSIS)], path="src", patterns=["*.py"])

pytest_collect_file = (markdown + docstrings).pytest()
