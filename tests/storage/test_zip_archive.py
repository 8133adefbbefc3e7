import os
import time
import zipfile

import pytest

from terrazzo.errors import CorruptDataError, InvalidKeyError
from terrazzo.runtime import run_inline
from terrazzo.storage import ZipStore, zip_file
from tests.storage.contract import fetch, listed, put, value_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


def put_alone(path, data):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", data)


def mostly_dead(store):
    for number in range(10):
        run_inline(store.set("a", value_of(b"%d" % number * 1000)))


def test_a_folder_in_which_no_file_can_be_made_costs_space_only(path, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("terrazzo.storage.zip_archive.MUCH", 2000)
    monkeypatch.setattr("terrazzo.storage.zip_archive.os.replace", refuse)
    with ZipStore(path, mode="w") as store:
        mostly_dead(store)
    assert run_inline(fetch(ZipStore(path), "a")) == b"9" * 1000
    assert path.stat().st_size > 10_000
    assert os.listdir(path.parent) == ["data.zip"]
    monkeypatch.undo()
    with ZipStore(path, mode="a") as store:
        run_inline(put(store, "b"))
    assert path.stat().st_size < 2000


def test_a_link_to_an_archive_stays_one(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    with ZipStore(link, mode="w") as store:
        mostly_dead(store)
    assert link.is_symlink()
    assert path.stat().st_size < 2000
    assert run_inline(listed(ZipStore(path))) == ["a"]


def test_a_file_that_was_replaced_when_its_lock_became_free_is_not_written(path, tmp_path, monkeypatch):
    put_alone(path, b"1")
    put_alone(tmp_path / "new", b"2")
    original = zip_file.FileOnDisk.lock

    def lock(self):
        if (tmp_path / "new").exists():  # as a writer does that closes its store
            os.replace(tmp_path / "new", path)
        return original(self)

    monkeypatch.setattr(zip_file.FileOnDisk, "lock", lock)
    with ZipStore(path, mode="a") as store:
        run_inline(put(store, "b"))
    assert run_inline(listed(ZipStore(path))) == ["a", "b"]
    assert run_inline(fetch(ZipStore(path), "a")) == b"2"


def test_a_store_that_found_no_table_to_go_on_from_leaves_the_file_alone(path):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a", "b"))
        for _ in range(10):
            run_inline(store.set("c", value_of(bytes(100))))
            store._archive._dead = 0  # nothing is copied
    late = ZipStore(path, mode="a")
    assert run_inline(fetch(late, "a")) == b"a"
    data = path.read_bytes()
    data = data[: data.index(b"PK\1\2")]
    path.write_bytes(data)
    for _ in range(2):
        with pytest.raises(CorruptDataError, match="recover"):
            run_inline(put(late, "d"))
    late.close()
    assert path.read_bytes() == data
    assert ZipStore.recover(path) == {}


def test_a_name_that_is_too_long_is_refused(path):
    with ZipStore(path, mode="w") as store:
        with pytest.raises(InvalidKeyError, match="65535"):
            run_inline(put(store, "a" * 65536))
        run_inline(put(store, "a" * 65535))
    assert zipfile.ZipFile(path).namelist() == ["a" * 65535]


def test_a_clock_that_was_never_set_does_not_matter(path, monkeypatch):
    monkeypatch.setattr(time, "localtime", lambda: time.gmtime(0))
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
    assert zipfile.ZipFile(path).infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
