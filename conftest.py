"""Code blocks of the README, the documents and the docstrings are tests."""

from __future__ import annotations

from sybil import Sybil
from sybil.evaluators.doctest import NUMBER
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

markdown = Sybil(parsers=[PythonCodeBlockParser(doctest_optionflags=NUMBER), SkipParser()], patterns=["*.md"])
docstrings = Sybil(parsers=[DocTestParser(optionflags=NUMBER)], patterns=["src/**/*.py"])

pytest_collect_file = (markdown + docstrings).pytest()
