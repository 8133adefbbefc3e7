import errno
import os
import shutil
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from terrazzo.abc.byte_range import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.storage import files


def names_in(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "value")


@pytest.fixture
def calls(monkeypatch):
    """Records the system calls that change something, in order, with the names of what they change."""
    recorded = []
    names = {}

    def record(name, target):
        real = getattr(os, name)

        def call(*args, **kwargs):
            result = real(*args, **kwargs)
            if name == "open":
                names[result] = os.path.basename(args[0])
            recorded.append((name, *target(args)))
            return result

        monkeypatch.setattr(os, name, call)

    def kind(name):
        return "staging" if files.is_staging(name) else name

    record("open", lambda args: (kind(os.path.basename(args[0])),))
    record("write", lambda args: (kind(names[args[0]]),))
    record("fsync", lambda args: (kind(names[args[0]]),))
    record("mkdir", lambda args: (os.path.basename(args[0]),))
    for name in ("replace", "link"):
        record(name, lambda args: (kind(os.path.basename(args[0])), os.path.basename(args[1])))
    record("unlink", lambda args: (kind(os.path.basename(args[0])),))
    return recorded


# -- reading


def test_a_file_is_read_whole_or_in_part(path):
    assert files.read_file(path) is None
    Path(path).write_bytes(b"0123456789")
    assert files.read_file(path) == b"0123456789"
    assert files.read_file(path, RangeByteRequest(2, 4)) == b"23"
    assert files.read_file(path, OffsetByteRequest(8)) == b"89"
    assert files.read_file(path, SuffixByteRequest(3)) == b"789"


def test_a_read_that_comes_in_pieces_is_put_together(path, monkeypatch):
    data = os.urandom(1000)
    Path(path).write_bytes(data)
    monkeypatch.setattr(files, "AT_ONCE", 7)
    out = bytearray(1000)
    assert files.read_file(path) == data
    assert files.read_file(path, RangeByteRequest(3, 500)) == data[3:500]
    assert files.read_file_into(path, memoryview(out)) == 1000
    assert out == data
    files.write_file(path, data[::-1], fsync=False)
    assert files.read_file(path) == data[::-1]


def test_a_file_that_shrinks_while_it_is_read_comes_short(path, monkeypatch):
    Path(path).write_bytes(b"0123456789")
    real = os.fstat

    def longer(descriptor):
        status = list(real(descriptor))
        status[6] = 20
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", longer)
    assert files.read_file(path) == b"0123456789"
    assert files.read_file_into(path, memoryview(bytearray(20))) == 10


@pytest.mark.parametrize("read", [files.read_file, lambda path: files.read_file_into(path, memoryview(bytearray(1)))])
def test_an_error_while_reading_names_the_file(path, monkeypatch, read):
    Path(path).write_bytes(b"x")

    def broken(descriptor, *args):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    monkeypatch.setattr(os, "readv", broken)
    with pytest.raises(OSError, match="value") as caught:
        read(path)
    assert caught.value.errno == errno.EIO
    assert caught.value.filename == path


def test_an_error_while_opening_is_not_absence(path, monkeypatch):
    def denied(path, *args):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(PermissionError, match="value"):
        files.read_file(path)
    with pytest.raises(PermissionError, match="value"):
        files.read_file_into(path, memoryview(bytearray(1)))


def test_a_file_that_is_leased_is_waited_for(path, monkeypatch):
    Path(path).write_bytes(b"x")
    real = os.open

    def leased(path, flags, *args):
        if flags & files.NO_WAIT:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable", path)
        return real(path, flags, *args)

    monkeypatch.setattr(os, "open", leased)
    assert files.read_file(path) == b"x"


def test_no_descriptor_is_left_open(path):
    files.write_file(path, b"0123", fsync=True)
    files.write_new_file(path + "2", b"0123", fsync=True)
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    before = len(os.listdir(folder))
    for _ in range(20):
        files.read_file(path)
        files.read_file_into(path, memoryview(bytearray(4)))
        files.read_file(os.path.dirname(path))
        files.write_file(path, b"0123", fsync=True)
        files.write_new_file(path, b"0123", fsync=True)
        with pytest.raises(ValueError, match="backwards"):
            files.read_file(path, RangeByteRequest(3, 1))
    assert len(os.listdir(folder)) == before


# -- writing


def test_a_write_replaces_a_file_and_leaves_nothing_else(path, tmp_path):
    for data in (b"long value", b"", b"short"):
        files.write_file(path, memoryview(data), fsync=False)
        assert Path(path).read_bytes() == data
    assert names_in(tmp_path) == ["value"]


def test_folders_are_made_when_they_are_missing(tmp_path):
    files.write_file(str(tmp_path / "a/b/c"), b"x", fsync=False)
    assert files.write_new_file(str(tmp_path / "d/e"), b"y", fsync=False)
    assert names_in(tmp_path) == ["a", "a/b", "a/b/c", "d", "d/e"]


def test_a_new_file_is_made_once(path, tmp_path):
    assert files.write_new_file(path, b"first", fsync=False)
    assert not files.write_new_file(path, b"second", fsync=False)
    assert Path(path).read_bytes() == b"first"
    assert names_in(tmp_path) == ["value"]


@pytest.mark.parametrize("write", [files.write_file, files.write_new_file])
@pytest.mark.parametrize("step", ["write", "fsync", "publish"])
def test_a_write_that_fails_leaves_the_old_value_and_no_staging_file(path, tmp_path, monkeypatch, write, step):
    old = b"old" if write is files.write_file else None
    if old:
        Path(path).write_bytes(old)

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in {"write": ["write"], "fsync": ["fsync"], "publish": ["replace", "link"]}[step]:
        monkeypatch.setattr(os, name, full)
    with pytest.raises(OSError, match="value") as caught:
        write(path, b"new", fsync=True)
    assert caught.value.errno == errno.ENOSPC
    assert names_in(tmp_path) == (["value"] if old else [])
    assert not old or Path(path).read_bytes() == old


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, MemoryError])
def test_a_write_that_is_interrupted_leaves_the_old_value(path, tmp_path, monkeypatch, interruption):
    Path(path).write_bytes(b"old")
    real = os.write

    def interrupted(descriptor, data):
        real(descriptor, data[:1])
        raise interruption

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(interruption):
        files.write_file(path, b"new", fsync=False)
    assert Path(path).read_bytes() == b"old"
    assert names_in(tmp_path) == ["value"]


def test_a_short_write_goes_on_where_it_stopped(path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:3]))
    files.write_file(path, b"0123456789", fsync=False)
    assert Path(path).read_bytes() == b"0123456789"


def test_a_folder_that_is_deleted_meanwhile_is_made_again(tmp_path, monkeypatch):
    path = str(tmp_path / "a/b/value")
    times = count()
    real = os.replace

    def replace(source, target):
        if next(times) < 3:
            files.remove_tree(str(tmp_path / "a"))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    files.write_file(path, b"x", fsync=False)
    assert Path(path).read_bytes() == b"x"
    assert names_in(tmp_path) == ["a", "a/b", "a/b/value"]


def test_a_folder_that_is_deleted_every_time_ends_in_an_error(tmp_path, monkeypatch):
    path = str(tmp_path / "a/value")

    def replace(source, target):
        files.remove_tree(str(tmp_path / "a"))
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", source, None, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(FileNotFoundError):
        files.write_file(path, b"x", fsync=False)


def test_a_staging_name_that_is_taken_is_not_used(path, tmp_path, monkeypatch):
    taken = "." + "0" * 32 + ".partial"
    names = iter([taken, taken, "." + "1" * 32 + ".partial"])
    monkeypatch.setattr(files, "_staging_name", lambda: next(names))
    (tmp_path / taken).write_bytes(b"of another writer")
    files.write_file(path, b"x", fsync=False)
    assert Path(path).read_bytes() == b"x"
    assert (tmp_path / taken).read_bytes() == b"of another writer"


def test_staging_names_differ_and_are_no_keys():
    names = {files._staging_name() for _ in range(1000)}
    assert len(names) == 1000
    assert all(map(files.is_staging, names))
    for name in ("value", "x.partial", "0" * 32 + ".partial", "." + "0" * 31 + ".partial", "." + "G" * 32 + ".partial"):
        assert not files.is_staging(name)


@pytest.mark.skipif(files.fcntl is None, reason="the system has no locks on files")
def test_a_file_system_without_locks_is_written_to(path, monkeypatch):
    def no_locks(*args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files.fcntl, "flock", no_locks)
    files.write_file(path, b"x", fsync=False)
    assert Path(path).read_bytes() == b"x"


def test_a_file_system_without_links_says_so(path, tmp_path, monkeypatch):
    def no_links(source, target):
        raise OSError(errno.EPERM, "Operation not permitted", source, None, target)

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(NotImplementedError, match="hard links"):
        files.write_new_file(path, b"x", fsync=False)
    assert names_in(tmp_path) == []


# -- syncing


def test_without_fsync_nothing_is_synced(tmp_path, calls):
    files.write_file(str(tmp_path / "a/value"), b"x", fsync=False)
    assert "fsync" not in {name for name, *_ in calls}


def test_a_file_is_synced_before_it_gets_its_name_and_its_folder_after(tmp_path, calls):
    files.write_file(str(tmp_path / "value"), b"x", fsync=True)
    assert calls == [
        ("open", "staging"),
        ("write", "staging"),
        ("fsync", "staging"),
        ("replace", "staging", "value"),
        ("open", tmp_path.name),
        ("fsync", tmp_path.name),
    ]


def test_a_new_folder_is_synced_in_the_folder_that_holds_it(tmp_path, calls):
    assert files.write_new_file(str(tmp_path / "a/b/value"), b"x", fsync=True)
    assert calls == [
        ("mkdir", "a"),
        ("open", tmp_path.name),
        ("fsync", tmp_path.name),
        ("mkdir", "b"),
        ("open", "a"),
        ("fsync", "a"),
        ("open", "staging"),
        ("write", "staging"),
        ("fsync", "staging"),
        ("link", "staging", "value"),
        ("unlink", "staging"),
        ("open", "b"),
        ("fsync", "b"),
    ]


# -- listing and deleting


def test_a_scan_gives_files_and_folders_in_order(tmp_path):
    for name in ("b", "a", "." + "0" * 32 + ".partial"):
        (tmp_path / name).write_bytes(b"")
        (tmp_path / ("folder_" + name)).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "folder_link").symlink_to(tmp_path / "folder_a")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert files.scan(str(tmp_path)) == (["a", "b", "link"], ["folder_a", "folder_b"])
    assert files.scan(str(tmp_path / "nothing")) == ([], [])
    assert files.scan(str(tmp_path / "a")) == ([], [])


def test_a_scan_that_is_denied_raises(tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(PermissionError):
        files.scan(str(tmp_path))


def test_a_tree_is_gone_in_one_step_for_every_reader(tmp_path, monkeypatch):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/value").write_bytes(b"x")
    seen = []
    real = files._remove_all

    def remove(folder):
        seen.append((os.path.exists(tmp_path / "a"), files.is_staging(os.path.basename(folder))))
        real(folder)

    monkeypatch.setattr(files, "_remove_all", remove)
    files.remove_tree(str(tmp_path / "a"))
    assert seen == [(False, True)]
    assert names_in(tmp_path) == []
    files.remove_tree(str(tmp_path / "a"))


def test_a_tree_that_cannot_be_renamed_is_deleted_where_it_is(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/value").write_bytes(b"x")

    def busy(source, target):
        raise OSError(errno.EBUSY, "Device or resource busy", source, None, target)

    monkeypatch.setattr(os, "rename", busy)
    files.remove_tree(str(tmp_path / "a"))
    assert names_in(tmp_path) == []


def test_a_tree_that_may_not_be_renamed_is_not_deleted_in_parts(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/value").write_bytes(b"x")

    def denied(source, target):
        raise PermissionError(errno.EACCES, "Permission denied", source, None, target)

    monkeypatch.setattr(os, "rename", denied)
    with pytest.raises(PermissionError):
        files.remove_tree(str(tmp_path / "a"))
    assert names_in(tmp_path) == ["a", "a/value"]


def test_documents_go_first_where_a_folder_cannot_go_at_once(tmp_path, monkeypatch):
    for name in ("a/c/0", "a/zarr.json", "a/0.0", "b", ".zarray", "zarr.json", "a/deep/.zgroup"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    gone = []
    real = os.unlink

    def unlink(path, *args, **kwargs):
        gone.append(os.path.basename(path))
        real(path, *args, **kwargs)

    def across(source, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link", source, None, target)

    monkeypatch.setattr(os, "unlink", unlink)
    monkeypatch.setattr(os, "rename", across)
    files.clear_folder(str(tmp_path))
    assert names_in(tmp_path) == []
    assert gone[:2] == [".zarray", "zarr.json"]
    assert set(gone[3:5]) == {"zarr.json", ".zgroup"}


def test_what_somebody_deletes_meanwhile_is_no_error(tmp_path, monkeypatch):
    for name in ("0", "1"):
        (tmp_path / "a" / name).mkdir(parents=True)
    real = shutil.rmtree
    times = count()

    def rmtree(folder):
        if next(times) == 0:
            os.rmdir(os.path.join(folder, "0"))
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", folder)
        real(folder)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    files.remove_tree(str(tmp_path / "a"))
    assert names_in(tmp_path) == []


def test_a_file_and_a_link_are_deleted_as_such(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    files.remove_tree(str(tmp_path / "file"))
    files.remove_tree(str(tmp_path / "link"))
    assert names_in(tmp_path) == ["kept"]


def test_two_may_delete_one_tree(tmp_path):
    for number in range(10):
        folder = tmp_path / str(number)
        for name in range(20):
            (folder / str(name)).mkdir(parents=True)
            (folder / str(name) / "value").write_bytes(b"x")
        errors = []
        together = threading.Barrier(2)

        def delete(path=str(folder), together=together, errors=errors):
            together.wait(60)
            try:
                files.remove_tree(path)
            except OSError as error:
                errors.append(error)

        threads = [threading.Thread(target=delete) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
    assert names_in(tmp_path) == []


def test_a_sweep_takes_only_what_is_old_and_has_no_owner(tmp_path):
    old, young = "." + "0" * 32 + ".partial", "." + "1" * 32 + ".partial"
    for name in (old, young):
        (tmp_path / name).write_bytes(b"x")
    hour_ago = time.time() - 3600
    os.utime(tmp_path / old, (hour_ago, hour_ago))
    assert list(files.sweep_folder(str(tmp_path), 60)) == [str(tmp_path / old)]
    assert list(files.sweep_folder(str(tmp_path), 0)) == [str(tmp_path / young)]


def test_a_writer_whose_file_is_swept_before_it_has_its_name_writes_it_again(path, tmp_path, monkeypatch):
    real = os.replace
    swept = []

    def replace(source, target):
        if len(swept) < 3:
            swept.extend(files.sweep_folder(str(tmp_path), 0))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    files.write_file(path, b"x", fsync=False)
    assert len(swept) == 3
    assert Path(path).read_bytes() == b"x"
    assert names_in(tmp_path) == ["value"]


def test_a_sweep_goes_on_where_a_file_vanishes(tmp_path, monkeypatch):
    name = "." + "0" * 32 + ".partial"
    (tmp_path / name).write_bytes(b"x")
    real = files._age

    def vanish(path):
        age = real(path)
        os.unlink(path)
        return age

    monkeypatch.setattr(files, "_age", vanish)
    assert list(files.sweep_folder(str(tmp_path), 0)) == []
    assert files._unlink_unowned(str(tmp_path / name)) is False


def test_the_age_of_nothing_is_less_than_any(tmp_path):
    assert files._age(str(tmp_path / "nothing")) == float("-inf")
