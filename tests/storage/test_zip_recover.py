import os
import zipfile

import pytest

from terrazzo.errors import CorruptDataError
from terrazzo.runtime import run_inline
from terrazzo.storage import ZipStore
from tests.storage.contract import fetch, listed, put, value_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.zip"


@pytest.mark.parametrize("data", [b"no archive at all, but worth keeping", b"PK", bytes(100)])
def test_what_is_no_archive_is_not_recovered(path, data):
    path.write_bytes(data)
    with pytest.raises(CorruptDataError, match=r"data\.zip.* no entry starts at byte 0"):
        ZipStore.recover(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize("kind", ["header", "size behind the data"])
def test_whole_entries_behind_a_damaged_one_are_not_cut_off(path, kind):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a", "b", "c"))
    data = bytearray(path.read_bytes())
    data = data[: data.index(b"PK\1\2")]  # a writer that was killed
    second = data.index(b"PK\3\4", 1)
    if kind == "header":
        data[second] ^= 1
    else:
        data[second + 6] |= 8
    path.write_bytes(data)
    with pytest.raises(CorruptDataError, match=rf"byte {second}.* {len(data) - second} bytes"):
        ZipStore.recover(path)
    assert path.read_bytes() == data
    os.truncate(path, second)
    assert ZipStore.recover(path) == {}
    assert run_inline(listed(ZipStore(path))) == ["a"]


@pytest.mark.parametrize("rest", [bytes(5000), b"PK\3\4\1", b"PK\1\2" + bytes(60)])
def test_what_a_stop_may_leave_is_cut_off(path, rest):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"PK\1\2")] + rest)
    assert ZipStore.recover(path) == {}
    assert zipfile.ZipFile(path).testzip() is None
    assert run_inline(listed(ZipStore(path))) == ["a"]


def test_an_archive_that_is_the_last_value_is_not_taken_for_the_whole(path, tmp_path):
    with ZipStore(tmp_path / "inner", mode="w") as inner:
        run_inline(put(inner, "x"))
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
        run_inline(store.set("b", value_of((tmp_path / "inner").read_bytes())))
        path.with_name("stopped").write_bytes(path.read_bytes())  # no table yet
    with pytest.raises(CorruptDataError, match="an archive within it"):
        run_inline(listed(ZipStore(tmp_path / "stopped")))
    assert ZipStore.recover(tmp_path / "stopped") == {}
    assert run_inline(listed(ZipStore(tmp_path / "stopped"))) == ["a", "b"]


def test_what_stands_in_front_of_an_archive_does_not_matter(path):
    with ZipStore(path, mode="w") as store:
        run_inline(put(store, "a"))
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    assert run_inline(fetch(ZipStore(path), "a")) == b"a"
