"""Commands that write."""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terrazzo
from terrazzo.cli import main
from terrazzo.cli.changing import parse_assignment, parse_compressor, parse_lengths
from tests.stored import contents_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data.zarr"
    group = terrazzo.create_group(place, attributes={"year": 2026, "unit": "m"})
    data = np.arange(24, dtype="int16").reshape(4, 6)
    group.create_array("a/b", data=data, chunks=(2, 3), dimension_names=["y", "x"])
    return place


def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What was printed as JSON, and nothing else."""
    printed = capsys.readouterr()
    assert not printed.err
    return json.loads(printed.out)


def test_attributes_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attrs", str(folder)]) == 0
    assert capsys.readouterr().out == 'year: 2026\nunit: "m"\n'
    assert main(["attrs", str(folder), "--json"]) == 0
    assert said(capsys) == {"year": 2026, "unit": "m"}
    assert main(["attrs", str(folder), "a/b"]) == 0
    assert capsys.readouterr().out == ""


def test_attributes_are_set_and_deleted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--set", "unit=km", "--set", "range=[1, 2.5]", "--set", "note=a=b", "--delete", "year"]
    assert main(["attrs", str(folder), *changes, "--json"]) == 0
    expected = {"unit": "km", "range": [1, 2.5], "note": "a=b"}
    assert said(capsys) == expected
    assert dict(terrazzo.open_group(folder).attrs) == expected
    assert main(["attrs", str(folder), "a/b", "--set", "x=null"]) == 0
    assert dict(terrazzo.open_array(folder, path="a/b").attrs) == {"x": None}


def test_an_attribute_that_is_not_there_is_not_deleted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attrs", str(folder), "--set", "a=1", "--delete", "nope"]) == 1
    assert capsys.readouterr().err == f"terrazzo: there is no attribute 'nope' to delete at file://{folder}\n"
    assert dict(terrazzo.open_group(folder).attrs) == {"year": 2026, "unit": "m"}


def test_a_group_is_consolidated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consolidate", str(folder)]) == 0
    assert capsys.readouterr().out == f"file://{folder} holds the documents of 2 nodes below it\n"
    assert main(["consolidate", str(folder), "a", "--json"]) == 0
    assert said(capsys) == {"name": "/a", "store": f"file://{folder}", "nodes": 1}
    assert terrazzo.open_consolidated(folder, path="a")["b"].shape == (4, 6)
    assert main(["consolidate", str(folder), "a/b"]) == 1
    assert "there is an array" in capsys.readouterr().err


def test_a_hierarchy_is_copied(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "copy.zarr"
    before = contents_of(terrazzo.open_group(folder).store)
    assert main(["copy", str(folder), str(target), "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "would copy 3 nodes\n"
    assert "a/b" in printed.err
    assert not target.exists()
    assert main(["copy", str(folder), str(target), "--json"]) == 0
    assert said(capsys) == {"copied": 3, "skipped": 0, "bytes": 48, "dry_run": False}
    assert contents_of(terrazzo.open_group(target).store) == before
    assert main(["copy", str(folder), str(target)]) == 1
    assert "--traceback" not in capsys.readouterr().err
    assert main(["copy", str(folder), str(target), "--if-exists", "replace", "--verbose"]) == 0
    assert "a/b" in capsys.readouterr().err


def test_a_part_is_copied_to_another_path(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "copy.zarr"
    arguments = ["--source-path", "a/b", "--target-path", "deep/er", "--zarr-format", "2", "--max-memory", "1MiB"]
    assert main(["copy", str(folder), str(target), *arguments]) == 0
    assert capsys.readouterr().out == "copied 1 node, 48 bytes\n"
    copy = terrazzo.open_array(target, path="deep/er")
    assert copy.metadata.zarr_format == 2
    assert np.array_equal(copy[:], terrazzo.open_array(folder, path="a/b")[:])


def test_values_are_copied_as_they_are(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "notes.txt").write_text("whatever")
    target = tmp_path / "copy.zarr"
    assert main(["copy", str(folder), str(target), "--values"]) == 0
    assert capsys.readouterr().out.startswith("copied 8 values, ")
    assert (target / "notes.txt").read_text() == "whatever"
    assert main(["copy", str(folder), str(target), "--values", "--zarr-format", "2"]) == 1
    assert "--values" in capsys.readouterr().err


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_arrays_are_rechunked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], zarr_format: int
) -> None:
    target = tmp_path / "new.zarr"
    arguments = ["--chunks", "4,1", "--compressor", "gzip:5", "--zarr-format", str(zarr_format)]
    assert main(["rechunk", str(folder / "a" / "b"), str(target), *arguments]) == 0
    assert capsys.readouterr().out == "copied 1 node, 48 bytes\n"
    array = terrazzo.open_array(target)
    assert (array.metadata.zarr_format, array.chunks) == (zarr_format, (4, 1))
    assert array.compressors[0].level == 5
    assert np.array_equal(array[:], terrazzo.open_array(folder, path="a/b")[:])


def test_arrays_of_a_group_are_rechunked_by_the_names_of_dimensions(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new.zarr"
    arguments = ["--chunks", "x=2", "--shards", "auto", "--compressor", "none", "--json"]
    with pytest.warns(UserWarning, match="auto"):
        assert main(["rechunk", str(folder), str(target), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["copied"] == 3
    array = terrazzo.open_array(target, path="a/b")
    assert array.chunks == (2, 2)
    assert array.shards is not None
    assert array.compressors == ()
    kept = tmp_path / "kept.zarr"
    assert main(["rechunk", str(target), str(kept), "--shards", "none", "--compressor", "zstd"]) == 0
    assert terrazzo.open_array(kept, path="a/b").shards is None


def test_what_is_typed_is_understood() -> None:
    assert parse_assignment("a=1") == ("a", 1)
    assert parse_assignment("a=") == ("a", "")
    assert parse_lengths("100,200") == (100, 200)
    assert parse_lengths("100") == 100
    assert parse_lengths("time=1,lat=50") == {"time": 1, "lat": 50}
    assert (parse_lengths("auto"), parse_lengths("none")) == ("auto", None)
    assert parse_compressor("gzip:5") == ("gzip", 5)
    assert parse_compressor("zstd") == ("zstd", None)
    assert (parse_compressor("none"), parse_compressor("keep")) == (None, "keep")
    assert parse_compressor('{"name": "zstd"}') == {"name": "zstd"}


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_assignment, "a"),
        (parse_assignment, "=1"),
        (parse_lengths, "1x"),
        (parse_lengths, "a=b"),
        (parse_lengths, "a=1=2"),
        (parse_compressor, "gzip:high"),
        (parse_compressor, "{"),
    ],
)
def test_what_is_typed_wrongly_is_refused(parse: Any, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        parse(text)
