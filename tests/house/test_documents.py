"""The documents say what is there: every setting, every link, the commands of the README, every error."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import terrazzo
from terrazzo import errors
from terrazzo.api import asynchronous
from terrazzo.settings import DEFAULTS, Config

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
SETTING = re.compile(
    r"^`(?P<key>[a-z_.0-9-]+) = (?P<default>.+)`\n: (?P<meaning>.+) Environment: `(?P<variable>\w+)`\.$", re.MULTILINE
)


def leaves(settings: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in settings.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def test_every_setting_is_described_with_its_default() -> None:
    described = {
        match["key"]: ast.literal_eval(match["default"])
        for match in SETTING.finditer((ROOT / "docs" / "settings.md").read_text("utf-8"))
    }
    assert described == leaves(DEFAULTS)


def test_every_environment_variable_sets_what_the_documents_say() -> None:
    for match in SETTING.finditer((ROOT / "docs" / "settings.md").read_text("utf-8")):
        config = Config("terrazzo", defaults=[DEFAULTS], env={match["variable"]: "12345"})
        assert config.get(match["key"]) == 12345, match["variable"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_error_is_in_the_page_about_errors() -> None:
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    declared = {name for name in errors.__all__ if name.endswith(("Error", "Warning"))}
    families = {
        "StoreError": {"StoreAccessError", "StoreUnavailableError", "StoreTimeoutError"},
        "Opening and reading never warn": {name for name in declared if name.endswith("Warning")},
    }
    for said, members in families.items():
        assert said in page
        declared -= members
    assert declared <= set(re.findall(r"\w+", page))


def test_the_readme_names_extras_sessions_and_files_that_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(re.findall(r"'\.\[(\w+)\]'", readme)) <= set(project["optional-dependencies"])
    sessions = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"nox -s (\w+)", readme)) <= set(sessions)
    for script in re.findall(r"python (\S+\.py)", readme):
        assert (ROOT / script).exists()


def test_the_changelog_has_the_version_that_is_here() -> None:
    assert f"## [{terrazzo.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_examples_in_docstrings_are_among_the_tests() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "src/terrazzo/nodes/array.py"]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=True).stdout
    assert collected.count("src/terrazzo/nodes/array.py::line:") >= 3


def test_the_reference_lists_the_coroutines() -> None:
    page = (ROOT / "docs" / "reference" / "asynchronous.md").read_text("utf-8")
    listed = page.split("\n\n")[2]
    assert re.findall(r"`(\w+)`", listed) == asynchronous.__all__


PUBLIC = (
    "terrazzo abc.byte_range abc.codec abc.metadata abc.numcodec abc.store abc.update buffer buffer.gpu "
    "codecs codecs.numcodecs dtype errors experimental experimental.cache_store metadata registry settings storage "
    "testing.buffer testing.stores testing.strategies types"
)


@pytest.mark.parametrize("name", PUBLIC.split())
def test_the_reference_lists_every_public_module(name: str) -> None:
    module = importlib.import_module(name if name == "terrazzo" else f"terrazzo.{name}")
    text = "\n".join(page.read_text("utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    if re.search(rf"automodule:: {re.escape(module.__name__)}\n   :members:", text):
        return
    missing = [each for each in module.__all__ if f":: {module.__name__}.{each}\n" not in text]
    assert missing == []


def test_the_guide_lists_every_page() -> None:
    listed = (ROOT / "docs" / "index.md").read_text("utf-8").splitlines()
    for page in (ROOT / "docs").glob("*.md"):
        assert page.stem in listed or page.stem == "index"
        assert len(page.read_text("utf-8").splitlines()) < 300, f"{page.name} is to be split"
