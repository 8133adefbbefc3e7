import io
import re
import sys
import types

import pytest

from terrazzo.nodes.transfer.progress import bar_of, progress_of


def test_a_callable_is_told_what_is_done_and_the_total():
    told = []
    with progress_of(lambda done, total: told.append((done, total)), 10, "copy") as tally:
        tally.add(3)
        tally.total = 12
        tally.add(4)
    assert told == [(0, 10), (3, 10), (7, 12)]


@pytest.mark.parametrize("nothing", [None, False])
def test_nobody_need_be_told(nothing):
    with progress_of(nothing, 10, "copy") as tally:
        tally.add(3)
    assert tally.done == 3


@pytest.mark.parametrize("wrong", ["yes", 1, []])
def test_something_else_is_refused(wrong):
    with pytest.raises(TypeError, match="progress is a callable, True, False or None"), progress_of(wrong, 1, "copy"):
        pass


class Terminal(io.StringIO):
    """A file that somebody watches."""

    def isatty(self):
        return True


@pytest.mark.parametrize(("unit", "shown"), [("bytes", "2.0/4.0 MiB"), ("values", "2097152/4194304 values")])
def test_rich_draws_a_bar(unit, shown, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    file = Terminal()
    with bar_of("copy x", unit, file=file) as report:
        report(2 << 20, 4 << 20)
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", file.getvalue())  # without what moves the cursor
    assert "copy x" in drawn
    assert shown in " ".join(drawn.split())


class Bar:
    """What tqdm makes."""

    made = None

    def __init__(self, **options):
        Bar.made = self
        self.options, self.n, self.total = options, 0, options["total"]

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.closed = True

    def update(self, amount):
        self.n += amount


def test_tqdm_draws_a_bar_where_there_is_no_rich(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    tqdm = types.ModuleType("tqdm")
    tqdm.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", tqdm)
    with progress_of(True, 0, "verify", "chunks") as tally:
        tally.total = 5
        tally.add(2)
        assert (Bar.made.n, Bar.made.total) == (2, 5)
        tally.add(3)
    assert (Bar.made.n, Bar.made.closed) == (5, True)
    assert Bar.made.options["unit"] == " chunks"


def test_without_either_a_bar_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ImportError, match=r"terrazzo\[cli\]"), progress_of(True, 1, "copy"):
        pass
