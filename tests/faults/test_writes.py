"""Rows WR-01 to WR-07: writes that are killed, fail, or are given what cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import Store
from terrazzo.storage import LocalStore
from terrazzo.storage.files import is_staging
from terrazzo.testing.stores import FailingStore
from tests.faults.frames import text_of
from tests.stored import GROUP, contents_of, document, drive, fill

ROOT = Path(__file__).parents[2]


def run_script(script, *arguments, seconds=100):
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


# -- WR-01, WR-02: killed writers

KILL = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
import terrazzo

folder = Path(sys.argv[1])
chance = random.Random(1)
array = terrazzo.create_array(folder, shape=(4, 1 << 18), chunks=(1, 1 << 18), dtype="u1", compressors=None)
array[...] = 1


def write_for_ever(first, ready):
    array = terrazzo.open_array(folder)
    os.write(ready, b".")
    number = first
    while True:
        number += 1
        array[...] = number % 255 + 1
        array.attrs["number"] = number


def check():
    for chunk in range(4):
        stored = np.fromfile(folder / "c" / str(chunk) / "0", "u1")
        assert len(stored) == 1 << 18, len(stored)
        assert (stored == stored[0]).all() and stored[0], "torn"
    assert json.loads((folder / "zarr.json").read_text())["shape"] == [4, 1 << 18]


left = 0
for round in range(25):
    ended, ready = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(round * 50, ready)
        finally:
            os._exit(1)
    os.read(ended, 1)
    time.sleep(chance.random() * 0.03)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself"
    os.close(ended), os.close(ready)
    check()
    left += sum(name.endswith(".partial") for _, _, names in os.walk(folder) for name in names)
    values = terrazzo.open_array(folder)[...]
    assert (values == values[:, :1]).all()
removed = terrazzo.storage.LocalStore(folder).sweep()
assert not any(name.endswith(".partial") for _, _, names in os.walk(folder) for name in names)
check()
print(left, len(removed))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_WR_01_whatever_moment_a_writer_is_killed_at_every_chunk_is_old_or_new(tmp_path):
    run_script(KILL, tmp_path / "array")


HALF = """
import os, sys
from pathlib import Path
import terrazzo

folder = Path(sys.argv[1])
array = terrazzo.create_array(folder, name="g/a", shape=(4,), chunks=(2,), dtype="u1", compressors=None)
array[...] = 1
real = os.write

def half(descriptor, data):
    real(descriptor, data[:1])
    print("half", flush=True)
    sys.stdin.read()

os.write = half
array[...] = 2
"""


def test_WR_02_what_a_killed_writer_leaves_is_nothing_and_can_be_swept(tmp_path):
    folder = tmp_path / "store"
    writer = subprocess.Popen(
        [sys.executable, "-c", HALF, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout.readline() == "half\n"
        [staging] = [path for path in folder.rglob("*") if is_staging(path.name)]
        assert staging.read_bytes() == b"\x02"
        store = LocalStore(folder)
        assert store.sweep() == [], "its writer lives"
        writer.kill()
    before = contents_of(store)
    assert sorted(before) == ["g/a/c/0", "g/a/c/1", "g/a/zarr.json", "g/zarr.json", "zarr.json"]
    group = terrazzo.open_group(store)
    assert [name for name, _ in group.members(max_depth=None)] == ["g", "g/a"]
    assert group["g/a"][...].tolist() == [1, 1, 1, 1]
    assert group["g/a"].info_complete().count_chunks_initialized == 2
    assert drive(store, store.getsize_prefix("")) == sum(map(len, before.values()))
    assert [folder / name for name in store.sweep()] == [staging]
    assert not staging.exists()
    assert contents_of(store) == before


def test_WR_02_names_of_staging_files_cannot_be_keys(store):
    name = ".0123456789abcdef0123456789abcdef.partial"
    for use in (
        lambda: terrazzo.create_group(store, path=name),
        lambda: terrazzo.create_array(store, name=f"a/x{name}", shape=(1,), dtype="u1"),
    ):
        with pytest.raises(ValueError, match="partial"):
            use()
    assert contents_of(store) == {}


# -- WR-03: syncing


@pytest.fixture
def trace(monkeypatch):
    """What the operating system is told to change, with paths, in order."""
    events = []
    paths = {}

    def record(name, describe):
        real = getattr(os, name)

        def call(*args, **kwargs):
            result = real(*args, **kwargs)
            if name == "open":
                paths[result] = os.path.abspath(args[0])
            else:
                events.append((name, *describe(args)))
            return result

        monkeypatch.setattr(os, name, call)

    record("open", None)
    record("write", lambda args: (paths[args[0]],))
    record("fsync", lambda args: (paths[args[0]],))
    record("mkdir", lambda args: (os.path.abspath(args[0]),))
    record("replace", lambda args: tuple(map(os.path.abspath, args)))
    record("link", lambda args: tuple(map(os.path.abspath, args)))
    return events


def test_WR_03_values_and_folders_are_synced_in_the_order_that_survives_a_loss_of_power(tmp_path, trace):
    root = tmp_path / "store"
    store = LocalStore(root, fsync=True)
    array = terrazzo.create_array(store, name="g/a", shape=(4, 4), chunks=(2, 2), dtype="u1", compressors=None)
    array[...] = 1
    array[1:3, 1] = 2
    array.append(np.ones((2, 4), "u1"))
    array.attrs["x"] = 1
    array.resize((5, 4))
    published = [event for event in trace if event[0] in ("replace", "link")]
    assert {os.path.relpath(target, root) for _, _, target in published} == {
        "zarr.json",
        "g/zarr.json",
        "g/a/zarr.json",
        *(f"g/a/c/{row}/{column}" for row in range(3) for column in range(2)),
    }
    for name, staging, target in published:
        position = trace.index((name, staging, target))
        before, after = trace[:position], trace[position + 1 :]
        assert before[-2:] == [("write", staging), ("fsync", staging)], target
        assert after[0] == ("fsync", os.path.dirname(target)), target
    made = [path for name, path, *_ in trace if name == "mkdir"]
    assert {os.path.relpath(path, root) for path in made} == {
        ".",
        "g",
        "g/a",
        "g/a/c",
        *(f"g/a/c/{n}" for n in range(3)),
    }
    for path in made:
        position = trace.index(("mkdir", path))
        assert trace[position + 1] == ("fsync", os.path.dirname(path)), path
        assert not any(path in event[1] for event in trace[:position]), path


def test_WR_03_without_fsync_nothing_is_synced(tmp_path, trace):
    array = terrazzo.create_array(LocalStore(tmp_path / "store"), name="g/a", shape=(4,), chunks=(2,), dtype="u1")
    array[...] = 1
    assert [event for event in trace if event[0] == "fsync"] == []
    assert [event for event in trace if event[0] == "replace"]


# -- WR-04: what is overwritten

BAD = {
    "shape": {"shape": (-1,)},
    "shape text": {"shape": "4"},
    "shape float": {"shape": (1.5,)},
    "no shape": {"shape": None},
    "dtype": {"dtype": "nonsense"},
    "no dtype": {"dtype": None},
    "object dtype": {"dtype": object},
    "chunks 0": {"chunks": (0,)},
    "chunks rank": {"chunks": (1, 1)},
    "chunks text": {"chunks": "many"},
    "chunks none": {"chunks": None},
    "chunks float": {"chunks": (1.5,)},
    "shards": {"shards": (3,)},
    "filters": {"filters": [{"name": "no_such"}]},
    "filters kind": {"filters": [{"name": "gzip"}]},
    "filters order": {"filters": [{"name": "transpose", "configuration": {"order": [1, 0]}}]},
    "serializer": {"serializer": {"name": "no_such"}},
    "serializer kind": {"serializer": {"name": "gzip"}},
    "serializer endian": {"serializer": {"name": "bytes"}},
    "compressors": {"compressors": [{"name": "no_such"}]},
    "compressors level": {"compressors": {"name": "gzip", "configuration": {"level": 99}}},
    "compressors kind": {"compressors": [{"name": "bytes"}]},
    "fill value": {"fill_value": "text"},
    "fill value range": {"fill_value": 1 << 40},
    "fill value list": {"fill_value": [1, 2]},
    "attributes": {"attributes": {"a": object()}},
    "attributes kind": {"attributes": 3},
    "chunk keys": {"chunk_key_encoding": {"name": "no_such"}},
    "separator": {"chunk_key_encoding": {"name": "v2", "separator": "/../"}},
    "dimension names": {"dimension_names": ["a", "b"]},
    "dimension names kind": {"dimension_names": [1]},
    "format": {"zarr_format": 7},
    "config": {"config": {"no_such": 1}},
    "config order": {"config": {"order": "K"}},
    "data and shape": {"data": np.ones(3)},
    "data text": {"shape": None, "dtype": None, "data": np.array(["a", "b"], dtype=object)},
    "unknown": {"no_such": 1},
}


@pytest.fixture
def old(store):
    """An array with a neighbour and a child, and what is stored of them."""
    fill(store, {"zarr.json": GROUP, "a/zarr.json": document(), "a/c/0": b"\x01\x02", "a/x/zarr.json": document()})
    fill(store, {"aa/zarr.json": document()})
    return contents_of(store)


@pytest.mark.parametrize("bad", BAD.values(), ids=list(BAD))
def test_WR_04_overwriting_with_an_argument_that_is_wrong_leaves_the_old_array(store, old, bad):
    arguments = {"shape": (3,), "chunks": (2,), "dtype": "int32", **bad}
    with pytest.raises((ValueError, TypeError, OverflowError, NotImplementedError)):
        terrazzo.create_array(store, name="a", overwrite=True, **arguments)
    assert contents_of(store) == old
    with pytest.raises((ValueError, TypeError, OverflowError, NotImplementedError)):
        terrazzo.open_group(store).create_array("a", overwrite=True, **arguments)
    assert contents_of(store) == old


@pytest.mark.parametrize(
    "overwrite",
    [
        lambda store: terrazzo.open_array(store, path="a", mode="w"),
        lambda store: terrazzo.open_array(store, path="a", mode="w", shape=(3,), dtype="nonsense"),
        lambda store: terrazzo.open(store, path="a", mode="w", shape=(3,), chunks=(0,)),
        lambda store: terrazzo.create((3,), store=store, path="a", overwrite=True, codecs=[{"name": "no_such"}]),
        lambda store: terrazzo.create((3,), store=store, path="a", mode="w", attributes={"a": object()}),
        lambda store: terrazzo.create((3,), store=store, path="a", overwrite=True, compressor=3),
        lambda store: terrazzo.create((3,), store=store, path="a", overwrite=True, data=np.ones(4)),
        lambda store: terrazzo.create_group(store, path="a", overwrite=True, attributes={"a": object()}),
        lambda store: terrazzo.create_group(store, path="a", overwrite=True, zarr_format=7),
        lambda store: terrazzo.open_group(store, path="a", mode="w", attributes={"a": {1, 2}}),
        lambda store: terrazzo.open_group(store, path="a", mode="w", zarr_format=7),
        lambda store: terrazzo.save_array(store, np.array([object()]), path="a", mode="w"),
        lambda store: terrazzo.open_group(store).__setitem__("a", [object()]),
        lambda store: terrazzo.create_array(store, name="a", data=Unreadable(), overwrite=True),
        lambda store: terrazzo.open_group(store).create_group("a", overwrite=True, attributes=3),
    ],
)
def test_WR_04_so_it_is_whichever_way_it_is_overwritten(store, old, overwrite):
    with pytest.raises((ValueError, TypeError, OverflowError, NotImplementedError)):
        overwrite(store)
    assert contents_of(store) == old


class Unreadable:
    """Says that it is an array, and fails when its elements are asked for."""

    shape = (3,)
    dtype = np.dtype("int32")

    def __array__(self, dtype=None, copy=None):
        raise ValueError("cannot be read")


def test_WR_04_a_read_only_store_is_not_overwritten(store, old):
    with pytest.raises(ValueError, match="read-only"):
        terrazzo.create_array(store.with_read_only(True), name="a", shape=(3,), dtype="u1", overwrite=True)
    assert contents_of(store) == old


def test_WR_04_an_ancestor_that_is_an_array_is_found_before_anything_is_deleted(store, old):
    with pytest.raises(ValueError, match="is an array"):
        terrazzo.create_array(store, name="a/x", shape=(3,), dtype="u1", overwrite=True)
    assert contents_of(store) == old


@pytest.mark.parametrize(
    "overwrite",
    [
        lambda store, source: terrazzo.open_group(store).__setitem__("a", source),
        lambda store, source: terrazzo.create_array(store, name="a", data=source, overwrite=True),
        lambda store, source: terrazzo.save_array(store, source, path="a", mode="w"),
        lambda store, source: terrazzo.array(source, store=store, path="a", overwrite=True),
    ],
)
@pytest.mark.parametrize("path", ["a", "a/below"])
def test_WR_04_an_array_can_be_overwritten_with_itself_or_with_one_below_it(store, overwrite, path):
    terrazzo.create_array(store, name=path, data=np.arange(1, 8), chunks=(3,), attributes={"x": 1})
    if path != "a":
        assert [name for name, _ in terrazzo.open_group(store).members(None)] == ["a", "a/below"]
    overwrite(store, terrazzo.open_array(store, path=path))
    assert terrazzo.open_array(store, path="a")[...].tolist() == [1, 2, 3, 4, 5, 6, 7]


# -- WR-05 to WR-07: changes that fail, and shapes


def failing(store: Store, operation: str, key: str):
    return FailingStore(store, lambda request: request.operation == operation and request.key.endswith(key))


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_WR_05_an_append_whose_chunk_write_fails_leaves_the_array(store, chunk):
    fill(store, {"a/zarr.json": document(shape=[3]), "a/c/0": b"\x01\x02", "a/c/1": b"\x03\x09"})
    broken = terrazzo.open_array(failing(store, "set", f"a/c/{chunk}"), path="a")
    with pytest.raises(OSError, match="simulated"):
        broken.append(np.array([4, 5, 6, 7], "u1"))
    assert broken.shape == (3,)
    array = terrazzo.open_array(store, path="a")
    assert array[...].tolist() == broken[...].tolist() == [1, 2, 3]
    assert array.append(np.array([4, 5, 6, 7], "u1")) == (7,)
    assert terrazzo.open_array(store, path="a")[...].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_WR_05_what_a_failed_append_left_is_never_seen(store):
    """Its chunks lie beyond the shape; growing over them must not bring them back."""
    fill(store, {"a/zarr.json": document(shape=[3]), "a/c/0": b"\x01\x02", "a/c/1": b"\x03\x09"})
    broken = terrazzo.open_array(failing(store, "set", "zarr.json"), path="a")
    with pytest.raises(OSError, match="simulated"):
        broken.append(np.array([4, 5, 6, 7], "u1"))
    array = terrazzo.open_array(store, path="a")
    assert array.shape == broken.shape == (3,)
    array.resize(7)
    assert array[...].tolist() == [1, 2, 3, 9, 9, 9, 9]


@pytest.mark.parametrize("shape", [(0, 0), (1, 7), (5, 2), (3, 3), (4, 6), (5, 1)])
@pytest.mark.parametrize("keep", [True, False])
def test_WR_06_what_was_cut_off_does_not_come_back(store, shape, keep):
    values = np.arange(1, 36, dtype="u1").reshape(5, 7)
    array = terrazzo.create_array(store, data=values, chunks=(2, 3), fill_value=99)
    array.resize(shape, delete_outside_chunks=keep)
    terrazzo.open_array(store).resize((6, 8))
    expected = np.full((6, 8), 99, "u1")
    expected[: shape[0], : shape[1]] = values[: shape[0], : shape[1]]
    assert np.array_equal(terrazzo.open_array(store)[...], expected)


@pytest.mark.parametrize(
    "change",
    [
        lambda array: array.resize(2),
        lambda array: array.resize(7),
        lambda array: array.append(np.ones(2, "u1")),
        lambda array: array.attrs.update(x=1),
        lambda array: array.attrs.put({"x": 1}),
        lambda array: array.attrs.__delitem__("kept"),
        lambda array: array.update_attributes({"x": 1}),
    ],
    ids=["shrink", "grow", "append", "update", "put", "del", "update_attributes"],
)
def test_WR_07_after_a_failed_write_of_the_document_handle_and_store_agree(store, change):
    fill(
        store, {"a/zarr.json": document(shape=[3], attributes={"kept": 1}), "a/c/0": b"\x01\x02", "a/c/1": b"\x03\x09"}
    )
    document_before = contents_of(store)["a/zarr.json"]
    array = terrazzo.open_array(failing(store, "set", "a/zarr.json"), path="a")
    with pytest.raises(OSError, match="simulated") as caught:
        change(array)
    assert "a/zarr.json" in text_of(caught.value)
    assert contents_of(store)["a/zarr.json"] == document_before
    assert array.shape == (3,)
    assert dict(array.attrs) == {"kept": 1}
    assert array[...].tolist() == [1, 2, 3]
    assert terrazzo.open_array(store, path="a").metadata == array.metadata


def test_WR_07_attributes_without_a_form_in_json_change_nothing(store):
    array = terrazzo.create_array(store, shape=(3,), dtype="u1", attributes={"kept": 1})
    before = contents_of(store)
    for change in (
        lambda: array.attrs.update(bad=object()),
        lambda: array.attrs.put({"bad": {1, 2}}),
        lambda: array.attrs.__setitem__("bad", b"x"),
        lambda: array.update_attributes({"bad": 1j}),
    ):
        with pytest.raises(TypeError, match="'bad'"):
            change()
        assert dict(array.attrs) == {"kept": 1}
        assert contents_of(store) == before
    array.attrs["good"] = 2
    assert dict(terrazzo.open_array(store).attrs) == {"kept": 1, "good": 2}
