"""Bars, colours and JSON."""

import argparse
import io
import json
import sys
from collections.abc import Callable

import pytest

from terrazzo.cli import output
from terrazzo.cli.output import print_result, progress_of
from terrazzo.nodes.tree import TreeNode, TreeRepr


class Terminal(io.StringIO):
    """Standard output, or error, that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Terminal]:
    """Puts the standard output, or error, on a terminal; called by the test, as pytest changes them before it."""

    def start(name: str = "stderr") -> Terminal:
        terminal = Terminal()
        monkeypatch.setattr(sys, name, terminal)
        return terminal

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return start


@pytest.fixture(params=["rich", "plain"])
def installed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With rich, and without."""
    kind: str = request.param
    if kind == "plain":
        for name in [name for name in sys.modules if name.partition(".")[0] in ("rich", "tqdm")]:
            monkeypatch.delitem(sys.modules, name)
        for name in ("rich", "tqdm"):
            monkeypatch.setitem(sys.modules, name, None)
    return kind


def options(**given: bool) -> argparse.Namespace:
    return argparse.Namespace(**{"quiet": False, "json": False, **given})


def test_progress_is_shown_to_whoever_watches(watch: Callable[..., Terminal], installed: str) -> None:
    watched = watch()
    with progress_of(options(), "verify x", "chunks") as report:
        assert report is not None
        report(0, 1200)
        report(1200, 1200)
    shown = watched.getvalue()
    assert "verify x" in shown
    assert ("1,200 of 1,200 chunks" if installed == "plain" else "1200/1200") in shown


def test_bytes_are_shown_as_people_write_them(watch: Callable[..., Terminal], installed: str) -> None:
    watched = watch()
    with progress_of(options(), "copy", "bytes") as report:
        assert report is not None
        report(3 << 20, 3 << 20)
    assert ("3.0M of 3.0M bytes" if installed == "plain" else "3.0/3.0 MiB") in watched.getvalue()


def test_a_plain_line_is_wiped_and_not_written_too_often(
    watch: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch()
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(output.time, "monotonic", iter([1.0, 1.01, 1.5, 1.51]).__next__)
    with progress_of(options(), "x", "keys") as report:
        assert report is not None
        for done in range(1, 5):
            report(done, 4)
    assert watched.getvalue() == "\rx: 1 of 4 keys\rx: 3 of 4 keys\rx: 4 of 4 keys\r" + 14 * " " + "\r"


@pytest.mark.parametrize("given", [{"quiet": True}, {"json": True}])
def test_no_progress_is_shown_to_those_who_do_not_want_it(
    watch: Callable[..., Terminal], given: dict[str, bool]
) -> None:
    watched = watch()
    with progress_of(options(**given), "x", "keys") as report:
        assert report is None
    assert watched.getvalue() == ""


def test_no_progress_is_shown_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_of(options(), "x", "keys") as report:
        assert report is None
    assert capsys.readouterr().err == ""


TREE = TreeRepr("/", (TreeNode("a"), TreeNode("a/b", "array", (2,), "int8")))


def test_a_tree_is_in_colour_on_a_terminal(watch: Callable[..., Terminal], installed: str) -> None:
    terminal = watch("stdout")
    print_result(options(), TREE, TREE.to_json())
    assert ("\x1b[1m" in terminal.getvalue()) == (installed == "rich")
    assert "b" in terminal.getvalue()


def test_results_are_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(options(), TREE, TREE.to_json())
    assert capsys.readouterr().out == f"{TREE}\n"
    print_result(options(json=True), TREE, TREE.to_json())
    assert json.loads(capsys.readouterr().out) == TREE.to_json()
    print_result(options(), "", [])
    assert capsys.readouterr().out == ""
