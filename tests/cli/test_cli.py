import json
import os
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import terrazzo
from terrazzo.cli import looking, main
from terrazzo.storage import LocalStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data.zarr"
    group = terrazzo.create_group(place)
    group.create_array("a/b", shape=(4,), chunks=(2,), dtype="int16", compressors=None)[:] = [1, 2, 3, 4]
    return place


def test_info_describes_an_array_and_what_is_stored_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(folder), "a/b"]) == 0
    rows = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    said = {label.strip(): value for label, value in rows.items()}
    assert said["Shape"] == "(4,)"
    assert said["Chunks Initialized"] == "2"
    assert said["No. bytes"] == "8"


def test_info_counts_the_members_of_a_group(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", folder.as_uri().replace("file://", "")]) == 0
    assert "No. members : 2" in capsys.readouterr().out


def test_tree_shows_the_members_of_a_group_down_to_a_level(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == ["/", "└── a", "    └── b (4,) int16"]
    assert main(["tree", str(folder), "--level", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == ["/", "└── a"]


def test_tree_of_an_array_names_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", str(folder), "a/b"]) == 0
    assert capsys.readouterr().out.startswith("<Array file://")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["info", "{folder}/nowhere"], "terrazzo: '{folder}/nowhere' does not exist"),
        (["info", "{folder}/zarr.json"], "terrazzo: '{folder}/zarr.json' is a file, not a folder"),
        (["tree", "{folder}", "nope"], "terrazzo: there is neither an array nor a group at file://{folder}/nope"),
        (["info", "{folder}", "../x"], "terrazzo: '../x' is not the path of a node"),
        (["info", "gopher://bucket/x"], "terrazzo: "),
    ],
)
def test_what_cannot_be_read_is_said_on_stderr_with_status_1(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main([argument.format(folder=folder) for argument in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith(said.format(folder=folder))
    assert not printed.out


def test_a_broken_document_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a" / "b" / "zarr.json").write_text('{"zarr_format": 3')
    assert main(["info", str(folder), "a/b"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("terrazzo: the document is not JSON: ")
    assert said.endswith(f"; in the document 'a/b/zarr.json' of file://{folder}")
    assert main(["tree", str(folder)]) == 0
    assert "    └── b (unreadable: the document is not JSON: " in capsys.readouterr().out


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: terrazzo" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"terrazzo {terrazzo.__version__}\n"


def test_looking_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for arguments in (
        ["info", str(folder)],
        ["tree", str(folder)],
        ["info", str(folder), "a/b"],
        ["info", str(folder), "x"],
    ):
        main(arguments)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert capsys.readouterr().out


def test_the_command_is_what_the_package_installs() -> None:
    (command,) = entry_points(group="console_scripts", name="terrazzo")
    assert command.load() is main


@pytest.fixture
def old(tmp_path: Path) -> Path:
    place = tmp_path / "old.zarr"
    terrazzo.create_group(place, zarr_format=2).create_array("a/b", data=[1, 2, 3], chunks=2)
    return place


def documents(place: Path) -> list[str]:
    found = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return sorted(name for name in found if "zarr.json" in name or "/.z" in f"/{name}")


def test_migrate_says_first_what_it_would_do(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = documents(old)
    assert main(["migrate", "v3", str(old), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("".join(f"would write {old}/{path}zarr.json\n" for path in ("", "a/", "a/b/")))
    assert '"node_type": "array"' in out
    assert documents(old) == before


def test_migrate_writes_documents_and_removes_the_old_ones(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "v3", str(old)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {old}/{path}zarr.json" for path in ("", "a/", "a/b/")]
    assert main(["migrate", "v3", str(old)]) == 1
    assert "overwrite=True" in capsys.readouterr().err
    assert main(["migrate", "v3", str(old), "--overwrite", "--remove-v2-metadata"]) == 0
    assert f"deleted {old}/a/b/.zarray" in capsys.readouterr().out
    assert documents(old) == ["a/b/zarr.json", "a/zarr.json", "zarr.json"]
    assert terrazzo.open(old)["a/b"][:].tolist() == [1, 2, 3]


def test_migrate_to_another_store_keeps_the_only_documents_of_the_data(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.zarr"
    assert main(["migrate", "v3", str(old), str(new), "--remove-v2-metadata"]) == 1
    assert "--force" in capsys.readouterr().err
    assert documents(new) == []
    assert main(["migrate", "v3", str(old), str(new)]) == 0
    assert documents(new) == ["a/b/zarr.json", "a/zarr.json", "zarr.json"]
    assert ".zgroup" in documents(old)


def test_remove_metadata_needs_the_other_format_or_force(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = documents(old)
    assert main(["remove-metadata", "v2", str(old)]) == 1
    assert "force=True" in capsys.readouterr().err
    assert main(["remove-metadata", "v2", str(old), "--force", "--dry-run"]) == 0
    assert f"would delete {old}/.zgroup" in capsys.readouterr().out
    assert documents(old) == before
    assert main(["remove-metadata", "v2", str(old), "--force"]) == 0
    assert documents(old) == []


def test_ls_lists_the_members_of_a_group(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terrazzo.create_array(folder, name="c", shape=(2, 3), dtype="float64")
    (folder / "d").mkdir()
    (folder / "d" / "zarr.json").write_text("{")
    assert main(["ls", str(folder)]) == 0
    assert capsys.readouterr().out == "a/\nc\nd\n"
    assert main(["ls", "-l", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["group                a/", "array       float64  c  (2, 3)"]
    assert lines[2].startswith("unreadable           d  the document is not JSON: ")
    assert main(["ls", str(folder), "a/b", "--json"]) == 0
    member = {"path": "", "node_type": "array", "shape": [4], "data_type": "int16"}
    assert json.loads(capsys.readouterr().out) == {"name": "/a/b", "members": [member]}
    assert main(["ls", str(folder), "--json"]) == 0
    assert [one["node_type"] for one in json.loads(capsys.readouterr().out)] == ["group", "array", "unreadable"]


def test_info_as_json_has_the_documents(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(folder), "a/b", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    stored = json.loads((folder / "a" / "b" / "zarr.json").read_text())
    size = sum(path.stat().st_size for path in (folder / "a" / "b").rglob("*") if path.is_file())
    assert said == {
        "name": "/a/b",
        "store": f"file://{folder}",
        "node_type": "array",
        "bytes": 8,
        "bytes_stored": size,
        "chunks_initialized": 2,
        "storage_ratio": 8 / size,
        "documents": {"zarr.json": stored},
    }
    terrazzo.consolidate_metadata(folder)
    assert main(["info", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["members"], said["arrays"], said["groups"]) == (2, 1, 1)
    assert "consolidated_metadata" not in said["documents"]["zarr.json"]


def test_tree_as_json_lists_all_members(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", str(folder), "--json"]) == 0
    members = json.loads(capsys.readouterr().out)["members"]
    assert [member["path"] for member in members] == ["a", "a/b"]
    assert main(["tree", str(folder), "--max-nodes", "1"]) == 0
    assert capsys.readouterr().out == "/\n└── a …\n"


def test_verify_says_what_is_damaged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "notes").write_text("x")
    assert main(["verify", str(folder)]) == 0
    assert capsys.readouterr().out == (
        "notes: foreign: neither an array nor a group\n"
        f"file://{folder}: 2 groups, 1 array, 2 stored chunks of 8 bytes; 0 problems, 1 note\n"
    )
    (folder / "a" / "b" / "c" / "1").write_bytes(b"123")
    assert main(["verify", str(folder), "--no-notes"]) == 1
    assert capsys.readouterr().out == (
        "a/b/c/1: chunk, chunk (1,) of /a/b, codec 'size': 3 bytes are stored, expected 4\n"
        f"file://{folder}: 2 groups, 1 array, 2 stored chunks of 7 bytes; 1 problem, 0 notes\n"
    )
    assert main(["verify", str(folder), "a", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], [one["key"] for one in said["findings"]]) == (False, ["a/b/c/1"])


def test_migrating_says_what_it_did_as_json(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "v3", str(old), "--dry-run", "--json"]) == 0
    written = [f"{old}/{path}zarr.json" for path in ("", "a/", "a/b/")]
    assert json.loads(capsys.readouterr().out) == {"written": written, "deleted": [], "dry_run": True}
    assert main(["migrate", "v3", str(old)]) == 0
    capsys.readouterr()
    assert main(["remove-metadata", "v3", str(old), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": written, "dry_run": False}


# -- how it ends


def raising(error: BaseException) -> Any:
    def run(*_: object) -> None:
        raise error

    return run


def test_ctrl_c_ends_it_with_a_status_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "open_node", raising(KeyboardInterrupt()))
    assert main(["info", str(folder)]) == 130
    assert capsys.readouterr().err == "terrazzo: interrupted\n"


def test_an_error_that_nobody_expects_is_a_line_unless_a_traceback_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "open_node", raising(LookupError("of\nsome kind")))
    assert main(["info", str(folder)]) == 1
    assert capsys.readouterr().err == "terrazzo: LookupError: of some kind (--traceback says more)\n"
    with pytest.raises(LookupError):
        main(["info", str(folder), "--traceback"])


COMMAND = [sys.executable, "-m", "terrazzo"]


def test_it_is_a_module_too(folder: Path) -> None:
    done = subprocess.run([*COMMAND, "tree", folder], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "/\n└── a\n    └── b (4,) int16\n", "")
    done = subprocess.run([*COMMAND, "info", folder / "nowhere"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_process_is_interrupted_and_a_reader_may_leave(folder: Path) -> None:
    script = (
        "import os, signal, sys, terrazzo.cli\n"
        "from terrazzo.cli import looking\n"
        "looking.open_node = lambda options: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(terrazzo.cli.main(['info', 'x']))"
    )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "terrazzo: interrupted\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, "tree", folder], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_info_on_a_store_that_lists_nothing_says_what_it_knows(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalStore, "supports_listing", False)
    assert main(["info", str(folder), "a/b"]) == 0
    assert "No. bytes " in (out := capsys.readouterr().out)
    assert "stored" not in out
    assert main(["info", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["members"] is None
