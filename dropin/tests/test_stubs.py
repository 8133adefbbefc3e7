"""What type checkers see is what the table says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import zarr

HERE = Path(__file__).parent


def test_the_stubs_are_those_of_the_table():
    specification = importlib.util.spec_from_file_location("make_stubs", HERE.parent / "make_stubs.py")
    make_stubs = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(make_stubs)
    package = Path(zarr.__file__).parent
    written = {str(path.relative_to(package)): path.read_text() for path in package.rglob("*.pyi")}
    assert written == make_stubs.stubs()
