"""Processes that copy and are killed, and processes that copy to one place at once.

``KILLS=50`` kills as many of each kind as that, where the suite kills a few.
"""

import os
import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import terrazzo
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from tests.peak import ROOT
from tests.stored import contents_of

KILLS = int(os.environ.get("KILLS", "1"))

CHILD = """
import sys
from terrazzo.nodes.transfer import journal
from tests.faults.test_kills import work
journal.SAVE_SECONDS = 0.02
print("ready", flush=True)
work(*sys.argv[1:])
print("done", flush=True)
"""


class CannotRename(WrapperStore):
    """A store that moves by copying."""

    async def rename_dir(self, source, target):
        return False


def work(what, source, target):
    """What processes are killed at."""
    source, target = LocalStore(source), LocalStore(target)
    if what == "copy":
        terrazzo.copy(source, target, name="x/y")
    elif what == "rechunk":
        terrazzo.rechunk(source, target, chunks=(64, 4), shards=(64, 8), max_memory="200kB")
    else:
        terrazzo.open_group(CannotRename(target)).move("g", "x/y")


def start(what, source, target):
    """A process that has begun."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, what, source, target], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline() == b"ready\n", child.stderr.read()
    return child


def end(child, *, killed_after=None):
    """Let a process end; whether it came to its end."""
    if killed_after is not None:
        time.sleep(killed_after)
        child.kill()
    out, err = child.communicate(timeout=100)
    if killed_after is None:
        assert child.returncode == 0, err.decode()
    return b"done" in out


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    root = terrazzo.create_group(LocalStore(folder))
    numbers = np.arange(128 * 64, dtype="float64").reshape(128, 64)
    for name in ("a", "h/b"):
        root.create_array(name, data=numbers, chunks=(8, 8))
    return folder


def prepare(what, source, target):
    """The arguments of a child, for a target that has what it needs."""
    if what == "move":
        root = terrazzo.create_group(LocalStore(target))
        terrazzo.copy(LocalStore(source), root, name="g")
    return what, str(source), str(target)


@pytest.mark.parametrize("what", ["copy", "rechunk", "move"])
def test_a_process_that_is_killed_is_made_good_by_the_next_one(what, source, tmp_path):
    arguments = prepare(what, source, tmp_path / "whole")
    begun = time.monotonic()
    work(*arguments)
    seconds = time.monotonic() - begun
    expected = contents_of(LocalStore(tmp_path / "whole"))
    killed = 0
    for number in range(KILLS):
        target = tmp_path / str(number)
        arguments = prepare(what, source, target)
        before = contents_of(LocalStore(target))
        child = start(*arguments)
        if end(child, killed_after=random.Random(number).uniform(0, seconds)):
            continue
        killed += 1
        found = contents_of(LocalStore(target))
        if found == before:
            continue
        if what == "move":
            places = ["x/y" if f"x/y/{end}/zarr.json" in found else "g" for end in ("a", "h/b")]
            for place, name in zip(places, ("a", "h/b"), strict=True):
                assert terrazzo.open_array(LocalStore(target), path=f"{place}/{name}").nchunks_initialized == 128
        if expected != found:
            work(*arguments)
        assert contents_of(LocalStore(target)) == expected
    assert killed or KILLS < 10


@pytest.mark.parametrize("what", ["copy", "rechunk"] if KILLS > 1 else ["rechunk"])
def test_two_processes_that_copy_to_one_place_come_to_the_same_end(what, source, tmp_path):
    work(*prepare(what, source, tmp_path / "whole"))
    arguments = prepare(what, source, tmp_path / "shared")
    children = [start(*arguments), start(*arguments)]
    ends = [end_or_error(child) for child in children]
    assert "" in ends
    assert all("there is an array" in error for error in ends if error), ends  # it was done before the other looked
    assert contents_of(LocalStore(tmp_path / "shared")) == contents_of(LocalStore(tmp_path / "whole"))


def end_or_error(child):
    _, err = child.communicate(timeout=100)
    return "" if child.returncode == 0 else err.decode()


@pytest.mark.parametrize("if_exists", ["raise", "replace", "skip"])
def test_threads_that_copy_to_one_place_come_to_the_same_end(if_exists, source):
    source = LocalStore(source)
    whole, shared = MemoryStore(), MemoryStore()
    for store in (whole, shared):
        terrazzo.create_array(store, name="h", data=[1]) if if_exists == "replace" else terrazzo.create_group(store)
    terrazzo.rechunk(source, whole, chunks=(8, 8), if_exists=if_exists)
    errors = []

    def work():
        try:
            terrazzo.rechunk(source, shared, chunks=(8, 8), if_exists=if_exists)
        except terrazzo.errors.ContainsArrayError as error:
            errors.append(error)  # the other one was done before

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) < 3
    assert not errors or if_exists == "raise"
    assert contents_of(shared) == contents_of(whole)
