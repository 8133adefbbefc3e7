import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import RangeByteRequest
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import CorruptDataError, StoreAccessError, StoreError, StoreTimeoutError
from terrazzo.runtime import run_inline
from terrazzo.storage import SQLiteStore, WrapperStore
from terrazzo.testing import StoreTests
from terrazzo.testing.stores import SuspendingStore
from tests.storage.contract import PROTOTYPE, awaited, blocking, fetch, listed, put, value_of
from tests.storage.counting import run_counters
from tests.storage.model import machine


class TestSQLiteStore(StoreTests[SQLiteStore, Buffer]):
    store_cls = SQLiteStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"path": tmp_path / "data.sqlite"}

    async def set(self, store, key, value):
        await store.set("made", value)
        with sqlite3.connect(store.path) as connection:
            connection.execute("INSERT OR REPLACE INTO zarr VALUES (?, ?)", (key, value.to_bytes()))
            connection.execute("DELETE FROM zarr WHERE k = 'made'")
        connection.close()

    async def get(self, store, key):
        connection = sqlite3.connect(store.path)
        ((value,),) = connection.execute("SELECT v FROM zarr WHERE k = ?", (key,)).fetchall()
        connection.close()
        return Buffer.from_bytes(value)


class TestSQLiteStoreBlocking(TestSQLiteStore):
    drive = staticmethod(run_inline)


def make(folder):
    return SQLiteStore(folder / "data.sqlite")


TestAgainstADictionaryBlocking = machine(make, blocking)
TestAgainstADictionaryAwaited = machine(make, awaited, max_examples=4)
TestAgainstADictionaryWithoutLog = machine(
    lambda folder: SQLiteStore(folder / "x", wal=False), blocking, max_examples=2
)
TestAgainstADictionaryWrapped = machine(lambda folder: WrapperStore(make(folder)), blocking, max_examples=4)
TestAgainstADictionarySuspending = machine(lambda folder: SuspendingStore(make(folder)), blocking, max_examples=4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.sqlite"


# -- several at once


@pytest.mark.parametrize("kind", ["local", "sqlite"])
def test_processes_that_change_one_chunk_lose_nothing(kind, tmp_path):
    run_counters(kind, str(tmp_path / "data"), 3, 15)


def test_readers_do_not_wait_for_a_writer(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    reader = SQLiteStore(path, read_only=True)
    with store.transaction():
        run_inline(put(store, "b"))
        assert run_inline(listed(reader)) == ["a"]
        assert run_inline(listed(store)) == ["a", "b"]
    assert run_inline(listed(reader)) == ["a", "b"]


def test_a_transaction_is_one_step(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    with pytest.raises(RuntimeError, match="on purpose"), store.transaction():
        run_inline(put(store, "b"))
        with store.transaction():
            run_inline(store.delete("a"))
            assert run_inline(store.exists("a")) is False
        raise RuntimeError("on purpose")
    assert run_inline(listed(store)) == ["a"]
    with store.transaction():
        array = terrazzo.create_array(store, name="x", data=np.arange(1000), chunks=10)
        array[5:15] = 0
        assert run_inline(fetch(store, "x/c/0", RangeByteRequest(0, 0))) == b""
        assert run_inline(store.rename_dir("x", "y"))
    assert terrazzo.open_array(store, path="y")[5:15].sum() == 0
    with pytest.raises(ValueError, match="read-only"), store.with_read_only(True).transaction():
        pass


def test_a_transaction_has_the_writes_of_all_threads(path):
    store = SQLiteStore(path)
    run_inline(put(store, "before"))
    with pytest.raises(KeyError), store.transaction():
        threads = [threading.Thread(target=lambda n=n: run_inline(put(store, f"{n}"))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(run_inline(listed(store))) == 9
        raise KeyError
    assert run_inline(listed(store)) == ["before"]


def test_a_writer_waits_for_another_one_and_gives_up_in_the_end(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    other = SQLiteStore(path, timeout=0.05)
    with store.transaction():
        run_inline(put(store, "b"))
        with pytest.raises(StoreTimeoutError, match=r"data\.sqlite.*locked.*0\.05 s"):
            run_inline(put(other, "c"))
    run_inline(put(other, "c"))
    assert run_inline(listed(store)) == ["a", "b", "c"]


def test_a_lock_outlasts_a_transaction_within_it(path):
    store, other = SQLiteStore(path), SQLiteStore(path)
    with store.locked("a"):
        with store.transaction():
            run_inline(put(store, "x"))
        assert not _gets_lock(path, "a", 0.3)
    assert _gets_lock(path, "a")
    with store.transaction():
        lock = other.locked("b")
        lock.__enter__()
    assert not _gets_lock(path, "b", 0.3)
    lock.__exit__(None, None, None)
    assert _gets_lock(path, "b")


TAKING = """
import signal, sys
from terrazzo.storage import SQLiteStore
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[3]))
with SQLiteStore(sys.argv[1]).locked(sys.argv[2]):
    pass
"""


def _gets_lock(path, name, seconds=10):
    return subprocess.run([sys.executable, "-c", TAKING, str(path), name, str(seconds)], check=False).returncode == 0


def test_a_commit_that_fails_leaves_no_transaction_open(path):
    store = SQLiteStore(path, wal=False, timeout=0.05)
    run_inline(put(store, "a/x"))
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM zarr").fetchall()
    with pytest.raises(StoreTimeoutError, match="locked"), store.transaction():
        run_inline(put(store, "b"))
    with pytest.raises(StoreTimeoutError, match="locked"):
        run_inline(store.rename_dir("a", "c"))
    reader.execute("COMMIT")
    run_inline(put(store, "d"))
    assert [key for (key,) in reader.execute("SELECT k FROM zarr ORDER BY k")] == ["a/x", "d"]
    reader.close()


HOLDING = """
import sys
from terrazzo.storage import SQLiteStore
store = SQLiteStore(sys.argv[1])
with store.transaction():
    store.set_sync("half", __import__("terrazzo.buffer.cpu").buffer.cpu.Buffer.from_bytes(b"x"))
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_process_that_is_killed_leaves_neither_a_change_nor_a_lock(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    child = subprocess.Popen([sys.executable, "-c", HOLDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"ready\n"
    assert run_inline(listed(store)) == ["a"]
    child.send_signal(signal.SIGKILL)
    child.communicate()
    with store.locked("a"):
        run_inline(put(store, "b"))
    assert run_inline(listed(store)) == ["a", "b"]


def test_a_fork_between_two_uses_of_the_file(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    for number in range(3):
        child = os.fork()
        if child == 0:
            try:
                run_inline(put(store, f"child/{number}"))
                with store.transaction():
                    run_inline(put(store, f"child/{number}/more"))
                os._exit(0)
            finally:
                os._exit(1)
        run_inline(put(store, f"parent/{number}"))
        assert os.waitpid(child, 0)[1] == 0
    assert len(run_inline(listed(store))) == 10


# -- values


def test_a_value_that_is_read_in_parts_stays_as_it_was(path):
    async def read():
        store = SQLiteStore(path)
        await store.set("a", value_of(b"old value"))
        async with store.open_value("a") as value, store.open_value("missing") as missing:
            assert value.is_pinned
            await store.set("a", value_of(b"new"))
            await store.clear()
            assert await value.ask_size() == 9
            assert await missing.get(PROTOTYPE) is None
            assert await missing.ask_size() is None
            return (await value.get(PROTOTYPE, RangeByteRequest(4, 9))).to_bytes()

    assert run_inline(read()) == b"value"


def test_what_is_there_before_anything_is_written(path):
    store = SQLiteStore(path)
    assert run_inline(fetch(store, "a")) is None
    assert run_inline(fetch(store, "a", RangeByteRequest(0, 1))) is None
    assert run_inline(listed(store)) == []
    assert run_inline(store.getsize_prefix("")) == 0
    run_inline(store.delete("a"))
    run_inline(store.clear())
    assert not path.exists()


def test_keys_of_all_kinds_are_listed_in_pages(path, monkeypatch):
    monkeypatch.setattr("terrazzo.storage.sqlite.PAGE", 3)
    store = SQLiteStore(path)
    names_of_values = ("c0", "c1", "d", "\U0010ffff")
    keys = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "a.b/", "ab/") for name in names_of_values]
    run_inline(put(store, *keys))

    async def names(listing):
        return [name async for name in listing]

    assert run_inline(names(store.list())) == sorted(keys)
    for prefix in ("a", "a/", "a/b", "a/c", "\U0010ffff", "a/\U0010ffff", "x", "\ud7ff"):
        found = run_inline(names(store.list_prefix(prefix)))
        assert found == sorted(key for key in keys if key.startswith(prefix))
    assert sorted(run_inline(names(store.list_dir("")))) == ["a", "a.b", "ab", "c0", "c1", "d", "\U0010ffff"]
    assert run_inline(names(store.list_dir("a"))) == ["b", "c0", "c1", "d", "\U0010ffff"]


def test_a_folder_is_renamed_in_one_step(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a/1", "a/b/2", "aa/3", "c/4"))
    assert run_inline(store.rename_dir("a", "a/b")) is False
    assert run_inline(store.rename_dir("a", "c")) is False
    assert run_inline(store.rename_dir("a", "d/e")) is True
    assert run_inline(listed(store)) == ["aa/3", "c/4", "d/e/1", "d/e/b/2"]
    assert run_inline(fetch(store, "d/e/b/2")) == b"a/b/2"


# -- what can go wrong


def test_a_file_of_another_kind_is_told(path):
    path.write_bytes(b"no database" * 1000)
    store = SQLiteStore(path)
    for attempt in (fetch(store, "a"), put(store, "a"), listed(store)):
        with pytest.raises(CorruptDataError, match=r"data\.sqlite.*no SQLite file"):
            run_inline(attempt)


def test_a_file_that_is_damaged_is_told_and_never_absent(path):
    with SQLiteStore(path, wal=False) as store:
        run_inline(store.set("a", value_of(bytes(100_000))))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(CorruptDataError, match="malformed"):
        run_inline(fetch(SQLiteStore(path), "a"))


def test_a_row_that_is_no_blob_is_told(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE zarr SET v = NULL")
    connection.commit()
    connection.close()
    for byte_range in (None, RangeByteRequest(0, 1)):
        with pytest.raises(CorruptDataError, match=r"'a'.*no blob"):
            run_inline(fetch(store, "a", byte_range))


def test_a_file_that_may_not_be_written_is_told(path):
    with SQLiteStore(path, wal=False) as store:
        run_inline(put(store, "a"))
    store._database._writer = store._database._connect("ro")
    with pytest.raises(StoreAccessError, match="readonly"):
        run_inline(put(store, "b"))
    store.close()


def test_a_disk_that_is_full_is_told(path):
    store = SQLiteStore(path, wal=False)
    run_inline(put(store, "a"))
    store._database._writer.execute("PRAGMA max_page_count = 5")
    with pytest.raises(StoreError, match="full") as caught:
        run_inline(store.set("a", value_of(bytes(100_000))))
    assert caught.value.errno == 28
    assert run_inline(fetch(store, "a")) == b"a"


def test_a_place_that_is_no_file_is_told(tmp_path):
    with pytest.raises(StoreError, match="unable to open"):
        run_inline(put(SQLiteStore(tmp_path), "a"))
    with pytest.raises(TypeError, match="path is a path"):
        SQLiteStore(3)


def test_pickled_stores_keep_their_options(path):
    store = SQLiteStore(path, wal=False, timeout=5, fsync=True)
    run_inline(put(store, "a"))
    copy = pickle.loads(pickle.dumps(store.with_read_only(True)))
    assert copy == store
    assert copy.read_only
    assert (copy._database.wal, copy._database.timeout, copy._database.fsync) == (False, 5, True)
    assert run_inline(fetch(copy, "a")) == b"a"


def test_a_path_that_ends_in_sqlite_is_a_database(path, tmp_path):
    array = terrazzo.create_array(path, data=np.arange(4))
    assert isinstance(array.store, SQLiteStore)
    array.store.close()
    assert sorted(os.listdir(tmp_path)) == ["data.sqlite", "data.sqlite-locks"]
    assert terrazzo.open_array(str(path), mode="r").store.read_only
    with pytest.raises(FileNotFoundError, match=r"no\.sqlite3"):
        terrazzo.open(tmp_path / "no.sqlite3", mode="r")


def test_a_file_that_was_deleted_and_made_again_is_the_one_that_is_used(path):
    store = SQLiteStore(path)
    run_inline(put(store, "a"))
    assert run_inline(fetch(store, "a")) == b"a"
    for file in path.parent.glob("data.sqlite*"):
        file.unlink()
    assert run_inline(fetch(store, "a")) is None
    other = SQLiteStore(path)
    run_inline(put(other, "b"))
    assert run_inline(listed(store)) == ["b"]
    run_inline(put(store, "c"))
    assert run_inline(listed(other)) == ["b", "c"]
