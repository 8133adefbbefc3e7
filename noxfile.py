"""The checks of this repository, each in an environment of its own: ``nox -s tests``, ``nox -l`` for all."""

from __future__ import annotations

import shutil

import nox

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "virtualenv"

LINTERS = ("ruff==0.17.5", "import-linter==2.16")
TYPE_CHECKERS = ("mypy==2.4.1",)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests and every code block of the documents."""
    session.install("-e", ".[test,fast]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and that imports point down."""
    session.install("-e", ".", *LINTERS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, of the sources and of code that uses them."""
    session.install("-e", ".[test]", *TYPE_CHECKERS)
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documents."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build/html")
