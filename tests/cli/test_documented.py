"""What the page about the command shows is what happens."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from terrazzo.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a block, and what it prints."""
    first, *others = re.split(r"^\$ terrazzo ", block, flags=re.MULTILINE)
    assert not first
    return [(command, printed) for command, _, printed in (other.partition("\n") for other in others)]


def test_the_page_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    count = 0
    for language, block in BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "python":
            exec(re.sub(r"^(>>>|\.\.\.) ?", "", block, flags=re.MULTILINE), names)
            continue
        for command, expected in commands(block):
            status = main(shlex.split(command))
            printed = capsys.readouterr()
            assert doctest.OutputChecker().check_output(expected, printed.out + printed.err, doctest.ELLIPSIS), (
                f"terrazzo {command}\n{printed.out}{printed.err}"
            )
            assert status == bool(printed.err or "1 problem" in printed.out)
            count += 1
    assert count >= 14
