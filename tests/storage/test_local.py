import asyncio
import os
import pickle
import threading
from pathlib import Path

import pytest

from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import InvalidKeyError
from terrazzo.runtime import run_inline
from terrazzo.storage import LocalStore
from terrazzo.storage import files as files_module
from terrazzo.testing import StoreTests
from tests.storage.contract import awaited, blocking, fetch, listed, put, value_of
from tests.storage.model import machine


def files_in(folder):
    """Everything below a folder, by relative path; folders end in a slash."""
    return sorted(
        str(path.relative_to(folder)) + ("/" if path.is_dir() and not path.is_symlink() else "")
        for path in Path(folder).rglob("*")
    )


class TestLocalStore(StoreTests[LocalStore, Buffer]):
    store_cls = LocalStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"root": tmp_path / "store"}

    async def set(self, store, key, value):
        path = store.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value.to_bytes())

    async def get(self, store, key):
        return Buffer.from_bytes((store.root / key).read_bytes())


class TestLocalStoreBlocking(TestLocalStore):
    drive = staticmethod(run_inline)


class TestLocalStoreSynced(TestLocalStore):
    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"root": tmp_path / "store", "fsync": True}


TestAgainstADictionaryBlocking = machine(lambda folder: LocalStore(folder), blocking)
TestAgainstADictionaryAwaited = machine(lambda folder: LocalStore(folder), awaited)


@pytest.fixture
def local(tmp_path):
    return LocalStore(tmp_path / "store")


# -- where values are


def test_a_value_is_a_file_below_the_root(local):
    run_inline(put(local, "a/b.c", "é"))
    assert (local.root / "a" / "b.c").read_bytes() == b"a/b.c"
    assert files_in(local.root) == ["a/", "a/b.c", "é"]


def test_files_of_others_are_values(local):
    (local.root / "x").mkdir(parents=True)
    (local.root / "x" / "c.0").write_bytes(b"data")
    assert run_inline(fetch(local, "x/c.0")) == b"data"
    assert run_inline(listed(local)) == ["x/c.0"]


def test_nothing_is_made_before_something_is_written(local):
    assert run_inline(fetch(local, "a")) is None
    assert run_inline(listed(local)) == []
    assert run_inline(local.is_empty(""))
    run_inline(local.delete("a"))
    run_inline(local.delete_dir("a"))
    run_inline(local.clear())
    assert not local.root.exists()


def test_a_relative_root_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LocalStore("store")
    run_inline(put(store, "a"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run_inline(put(store, "b"))
    assert files_in(tmp_path) == ["elsewhere/", "store/", "store/a", "store/b"]


@pytest.mark.parametrize("root", [None, 3, b"bytes", ["list"]])
def test_a_root_is_a_path(root):
    with pytest.raises(TypeError, match="root is a path"):
        LocalStore(root)


def test_stores_with_one_root_are_equal_and_share_locks(tmp_path):
    store, same = LocalStore(tmp_path / "a"), LocalStore(str(tmp_path / "b" / ".." / "a"))
    assert store == same
    assert hash(store) == hash(same)
    assert store.lock_identity == same.lock_identity
    assert store != LocalStore(tmp_path / "b")
    assert str(store) == f"file://{tmp_path.as_posix()}/a"
    assert repr(store) == f"LocalStore('file://{tmp_path.as_posix()}/a')"


def test_pickling_keeps_what_the_store_was_made_with(tmp_path):
    store = pickle.loads(pickle.dumps(LocalStore(tmp_path, read_only=True, fsync=True)))
    assert store == LocalStore(tmp_path)
    assert store.read_only
    assert store.fsync
    assert store.with_read_only(False).fsync


def test_a_mode_that_only_opens_needs_the_folder(tmp_path):
    for mode in ("r", "r+"):
        with pytest.raises(FileNotFoundError, match="missing"):
            run_inline(LocalStore.open(tmp_path / "missing", mode=mode))
    assert run_inline(LocalStore.open(tmp_path, mode="r")).read_only
    assert not run_inline(LocalStore.open(tmp_path, mode="r+")).read_only
    assert asyncio.run(LocalStore.open(tmp_path / "missing", read_only=True, fsync=True)).fsync


# -- what is no value


def test_a_folder_is_no_value(local):
    run_inline(put(local, "a/b"))
    out = memoryview(bytearray(os.stat(local.root / "a").st_size))
    assert run_inline(fetch(local, "a")) is None
    assert run_inline(local.get_into("a", out)) is None
    assert not run_inline(local.exists("a"))
    run_inline(local.delete("a"))
    assert run_inline(listed(local)) == ["a/b"]


def test_some_systems_refuse_to_unlink_a_folder_in_other_words(local, monkeypatch):
    def refuse(path):
        raise PermissionError(1, "Operation not permitted", path)

    run_inline(put(local, "a/b"))
    monkeypatch.setattr(os, "unlink", refuse)
    run_inline(local.delete("a"))
    with pytest.raises(PermissionError):
        run_inline(local.delete("a/b"))
    assert run_inline(listed(local)) == ["a/b"]


def test_writing_where_a_folder_is_fails_and_changes_nothing(local):
    run_inline(put(local, "a/b"))
    for write in (local.set, local.set_if_not_exists):
        with pytest.raises(IsADirectoryError, match=r"'.*/store/a'"):
            run_inline(write("a", value_of(b"x")))
    assert files_in(local.root) == ["a/", "a/b"]


def test_writing_below_a_file_fails_and_changes_nothing(local):
    run_inline(put(local, "a"))
    for key in ("a/b", "a/b/c"):
        for write in (local.set, local.set_if_not_exists):
            with pytest.raises(OSError, match=r"'.*/store/a/b"):
                run_inline(write(key, value_of(b"x")))
    assert files_in(local.root) == ["a"]
    assert run_inline(fetch(local, "a")) == b"a"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("drive", [blocking, awaited])
def test_a_pipe_is_no_value_and_nothing_waits_for_its_writer(local, drive):
    local.root.mkdir()
    os.mkfifo(local.root / "pipe")
    assert drive(local, fetch(local, "pipe")) is None
    assert drive(local, local.get_into("pipe", memoryview(bytearray(0)))) is None
    assert not drive(local, local.exists("pipe"))
    assert drive(local, listed(local)) == []


# -- links


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_bytes(b"precious")
    return folder


def test_a_linked_folder_is_not_followed_by_listing_and_deleting(local, outside):
    run_inline(put(local, "a/b"))
    (local.root / "a" / "link").symlink_to(outside)
    (local.root / "a" / "circle").symlink_to(local.root)
    assert run_inline(listed(local)) == ["a/b"]
    run_inline(local.delete_dir("a"))
    assert files_in(local.root) == []
    assert files_in(outside) == ["precious"]


@pytest.mark.parametrize("delete", ["delete", "delete_dir"])
def test_deleting_a_link_leaves_what_it_leads_to(local, outside, delete):
    local.root.mkdir()
    (local.root / "folder").symlink_to(outside)
    (local.root / "file").symlink_to(outside / "precious")
    for key in ("folder", "file"):
        run_inline(getattr(local, delete)(key))
    assert files_in(local.root) == []
    assert files_in(outside) == ["precious"]


def test_clearing_removes_links_and_keeps_the_root_and_what_links_lead_to(local, outside):
    run_inline(put(local, "a/b", "c"))
    (local.root / "link").symlink_to(outside)
    (local.root / "file").symlink_to(outside / "precious")
    (local.root / "dangling").symlink_to(outside / "nothing")
    run_inline(local.clear())
    assert run_inline(listed(local)) == []
    assert local.root.is_dir()
    assert files_in(outside) == ["precious"]


def test_a_root_that_is_a_link_works(tmp_path, outside):
    (tmp_path / "link").symlink_to(outside)
    store = LocalStore(tmp_path / "link")
    run_inline(put(store, "a/b"))
    assert run_inline(listed(store)) == ["a/b", "precious"]
    run_inline(store.clear())
    assert outside.is_dir()
    assert (tmp_path / "link").is_symlink()


# -- staging


def test_staging_files_are_no_keys(local):
    run_inline(put(local, "a/b"))
    ours, theirs = "." + "0f" * 16 + ".partial", "b." + "a1" * 16 + ".partial"
    for name in (ours, theirs):
        (local.root / "a" / name).write_bytes(b"half")
        (local.root / name).mkdir()
        (local.root / name / "old").write_bytes(b"half")
    assert run_inline(listed(local)) == ["a/b"]
    assert run_inline(local.getsize_prefix("")) == 3
    assert run_inline(_names(local, "a")) == ["b"]
    assert run_inline(_names(local, "")) == ["a"]


async def _names(store, prefix):
    return [name async for name in store.list_dir(prefix)]


def test_a_sweep_removes_what_nobody_owns_any_more(local):
    run_inline(put(local, "a/b", "c.partial"))
    name = "." + "0f" * 16 + ".partial"
    (local.root / "a" / name).write_bytes(b"half")
    (local.root / name).mkdir()
    (local.root / name / "old").write_bytes(b"half")
    (local.root / ("theirs." + "0f" * 16 + ".partial")).write_bytes(b"of another library")
    assert local.sweep(max_age=3600) == []
    assert sorted(local.sweep()) == sorted([name, os.path.join("a", name)])
    assert local.sweep() == []
    assert files_in(local.root) == ["a/", "a/b", "c.partial", "theirs." + "0f" * 16 + ".partial"]


def test_a_sweep_is_refused_by_a_read_only_store(local):
    with pytest.raises(ValueError, match="read-only"):
        local.with_read_only(True).sweep()


def test_a_sweep_spares_the_file_of_a_living_writer(local):
    run_inline(put(local, "a"))
    written, go_on = threading.Event(), threading.Event()

    def write():
        descriptor = os.open(local.root / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        files_module.fcntl.flock(descriptor, files_module.fcntl.LOCK_EX)
        written.set()
        assert go_on.wait(60)
        os.close(descriptor)

    name = "." + "0f" * 16 + ".partial"
    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(60)
    assert local.sweep() == []
    go_on.set()
    writer.join()
    assert local.sweep() == [name]


# -- moving


def test_a_moved_store_goes_on_at_its_new_place(local, tmp_path):
    run_inline(put(local, "a/b"))
    run_inline(local.move(tmp_path / "deep" / "new"))
    assert local.root == tmp_path / "deep" / "new"
    run_inline(put(local, "c"))
    assert run_inline(listed(local)) == ["a/b", "c"]
    assert local == LocalStore(tmp_path / "deep" / "new")
    assert not (tmp_path / "store").exists()


def test_a_store_is_not_moved_onto_something(local, tmp_path):
    run_inline(put(local, "a"))
    (tmp_path / "taken").mkdir()
    with pytest.raises(FileExistsError, match="taken"):
        run_inline(local.move(tmp_path / "taken"))
    with pytest.raises(ValueError, match="read-only"):
        run_inline(local.with_read_only(True).move(tmp_path / "free"))
    assert run_inline(listed(local)) == ["a"]


def test_a_file_system_without_links_still_sets_once(local, monkeypatch):
    def no_links(source, target):
        raise PermissionError(1, "Operation not permitted", source, None, target)

    monkeypatch.setattr(os, "link", no_links)
    run_inline(local.set_if_not_exists("a/b", value_of(b"first")))
    run_inline(local.set_if_not_exists("a/b", value_of(b"second")))
    assert run_inline(fetch(local, "a/b")) == b"first"
    assert files_in(local.root) == ["a/", "a/b"]


def test_keys_that_leave_the_root_are_refused_before_anything_is_touched(local, tmp_path, monkeypatch):
    (tmp_path / "secret").write_bytes(b"secret")
    local.root.mkdir()
    for name in ("open", "stat", "lstat", "scandir", "unlink", "rename", "replace", "link", "mkdir"):
        monkeypatch.setattr(os, name, lambda *args, **kwargs: pytest.fail("the file system was touched"))
    attempts = [
        lambda: fetch(local, "../secret"),
        lambda: local.exists("../secret"),
        lambda: local.getsize("../secret"),
        lambda: local.set("../secret", value_of(b"x")),
        lambda: local.delete("../secret"),
        lambda: local.delete_dir("../"),
    ]
    for attempt in attempts:
        with pytest.raises(InvalidKeyError, match=r"\.\."):
            run_inline(attempt())


# -- locks that processes share


def test_a_store_with_locks_has_a_file_that_is_no_value(tmp_path):
    store = LocalStore(tmp_path / "store", locks=True)
    run_inline(put(store, "a"))

    async def use():
        async with store.lock("a"):
            return files_in(store.root)

    assert run_inline(use()) == [".locks.00000000000000000000000000000000.partial", "a"]
    assert run_inline(listed(store)) == ["a"]
    assert store.sweep() == []
    run_inline(store.clear())
    with store.locked("of my own"):
        assert run_inline(listed(store)) == []
    assert store.with_read_only(True).locks
    assert pickle.loads(pickle.dumps(store)).locks
    assert asyncio.run(LocalStore.open(tmp_path, locks=True)).locks


def test_a_lock_of_ones_own_is_free_again_after_an_error(tmp_path):
    store = LocalStore(tmp_path, locks=True)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="on purpose"), store.locked("name"):
            raise RuntimeError("on purpose")
