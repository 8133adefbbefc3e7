import asyncio
import itertools
import time

import fsspec
import numpy as np
import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem
from upath import UPath

import terrazzo
from terrazzo import config
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import StoreError
from terrazzo.runtime import run_inline, run_on_loop
from terrazzo.storage import FsspecStore
from terrazzo.testing import StoreTests
from tests import servers
from tests.storage.contract import awaited, blocking, fetch, listed, put, value_of
from tests.storage.model import machine

numbers = itertools.count()


def in_memory(folder=None):
    return FsspecStore(MemoryFileSystem(), path=f"/store{next(numbers)}")


class FsspecTests(StoreTests[FsspecStore, Buffer]):
    store_cls = FsspecStore
    buffer_cls = Buffer


class TestInMemory(FsspecTests):
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self):
        return {"fs": MemoryFileSystem(), "path": f"/store{next(numbers)}"}


class TestInAFolder(FsspecTests):
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"fs": LocalFileSystem(), "path": str(tmp_path / "a")}


class TestAsynchronous(FsspecTests):
    @pytest.fixture
    def store_kwargs(self):
        fs = AsyncFileSystemWrapper(MemoryFileSystem(), asynchronous=True)
        return {"fs": fs, "path": f"/store{next(numbers)}"}


class TestOnS3(FsspecTests):
    @pytest.fixture
    def store_kwargs(self):
        store = servers.s3_through_fsspec()
        return {"fs": store.fs, "path": store.path}


TestAgainstADictionaryInMemory = machine(in_memory, blocking)
TestAgainstADictionaryOnS3 = machine(lambda folder: servers.s3_through_fsspec(), awaited, max_examples=1)


def test_a_local_path_is_as_good_as_its_url(tmp_path):
    for place in (tmp_path, str(tmp_path), f"file://{tmp_path}"):
        store = FsspecStore.from_url(place)
        assert store.path == str(tmp_path)
        run_inline(store.set("a", Buffer.from_bytes(b"b")))
        assert (tmp_path / "a").read_bytes() == b"b"


# -- what is special to it


def test_a_store_is_made_of_a_url_a_mapper_and_a_universal_path():
    store = FsspecStore.from_url("memory://made/a", read_only=True)
    assert (store.path, store.read_only) == ("/made/a", True)
    mapper = fsspec.get_mapper("memory://made/a")
    assert FsspecStore.from_mapper(mapper, read_only=True) == store
    assert FsspecStore.from_upath(UPath("memory://made/a"), read_only=True) == store
    assert store != FsspecStore.from_url("memory://made/a")
    assert store != FsspecStore.from_url("memory://made/b", read_only=True)
    assert store.lock_identity == FsspecStore.from_url("memory://made/a").lock_identity
    assert repr(store) == "<FsspecStore(MemoryFileSystem, /made/a)>"
    assert str(store) == "memory:///made/a"


def test_an_asynchronous_file_system_is_made_to_be_used_so():
    assert FsspecStore.from_url("http://127.0.0.1:9/a").fs.asynchronous
    assert not FsspecStore.from_url("http://127.0.0.1:9/a", {"asynchronous": False}).fs.asynchronous


def test_a_path_with_a_scheme_is_refused():
    with pytest.raises(ValueError, match="without a scheme"):
        FsspecStore(MemoryFileSystem(), path="memory://a")
    assert FsspecStore(fsspec.filesystem("http"), path="http://127.0.0.1:9/a").path == "http://127.0.0.1:9/a"


class Refusing(MemoryFileSystem):
    """Says that a key may not be read instead of that it is not there, as public buckets do."""

    protocol = "refusing"
    cachable = False
    error = PermissionError

    def cat_file(self, path, start=None, end=None, **kwargs):
        if not self.exists(path):
            raise self.error(13, "Forbidden")
        return super().cat_file(path, start, end, **kwargs)


@pytest.mark.parametrize("error", [PermissionError, OSError, ConnectionResetError])
def test_only_allowed_exceptions_say_that_nothing_is_there(error):
    fs = Refusing()
    fs.error = error
    with config.set({"retry.max_attempts": 1}), pytest.raises(StoreError, match="get of 'a'") as caught:
        run_on_loop(fetch(FsspecStore(fs, path="/x"), "a"))
    assert caught.value.errno == 13
    assert isinstance(caught.value.__cause__, error)
    store = FsspecStore(fs, path="/x", allowed_exceptions=(FileNotFoundError, error))
    assert run_on_loop(fetch(store, "a")) is None
    assert store.with_read_only(True).allowed_exceptions == (FileNotFoundError, error)


class OneByOne(MemoryFileSystem):
    """Breaks when two calls come at once, as one connection to an FTP server does."""

    protocol = "onebyone"
    cachable = False
    calls = 0

    def cat_file(self, path, start=None, end=None, **kwargs):
        self.calls += 1
        assert self.calls == 1
        try:
            time.sleep(0.001)
            return super().cat_file(path, start, end, **kwargs)
        finally:
            self.calls -= 1


def test_a_synchronous_file_system_is_asked_one_thing_at_a_time():
    store = FsspecStore(OneByOne(), path=f"/store{next(numbers)}")
    assert not store.inline
    array = terrazzo.create_array(store, data=np.arange(20), chunks=1)
    assert array[...].tolist() == list(range(20))


class HalfListed(MemoryFileSystem):
    """Fails to list one folder."""

    protocol = "halflisted"
    cachable = False
    find = AbstractFileSystem.find

    def ls(self, path, detail=True, **kwargs):
        if path.rstrip("/").endswith("/b"):
            raise OSError(5, "Input/output error")
        return super().ls(path, detail=detail, **kwargs)


def test_ST_10_a_listing_that_fails_half_way_is_an_error():
    store = FsspecStore(HalfListed(), path=f"/store{next(numbers)}")
    run_on_loop(put(store, "a/1", "b/1"))
    for attempt in (lambda: listed(store), lambda: store.delete_dir(""), lambda: store.getsize_prefix("")):
        with config.set({"retry.max_attempts": 1}), pytest.raises(StoreError, match="list of '' failed"):
            run_on_loop(attempt())
    assert run_on_loop(fetch(store, "a/1")) == b"a/1"


def test_what_others_write_and_delete_is_seen():
    """fsspec keeps listings."""
    mine, other = servers.s3_through_fsspec(), None
    other = FsspecStore(type(mine.fs)(**mine.fs.storage_options, skip_instance_cache=True), path=mine.path)
    for number in range(3):
        key = f"a/{number}"
        run_on_loop(put(other, key))
        assert run_on_loop(listed(mine)) == [f"a/{before}" for before in range(number + 1)]
        assert run_on_loop(mine.exists(key))
    run_on_loop(other.delete("a/0"))
    assert not run_on_loop(mine.exists("a/0"))
    assert run_on_loop(listed(mine)) == ["a/1", "a/2"]


def test_a_file_system_that_is_not_made_for_asynchronous_use_works_too():
    options = {**servers.s3_options(), "asynchronous": False}
    store = FsspecStore.from_url(f"s3://{servers.BUCKET}/sync{next(numbers)}", options)
    assert store.fs.loop is not None
    array = terrazzo.create_array(store, data=np.arange(6), chunks=2)
    assert array[...].tolist() == list(range(6))

    async def read():
        return (await terrazzo.AsyncArray.open(store)).shape

    assert asyncio.run(read()) == (6,)


def test_a_part_of_a_value_cannot_be_written():
    with pytest.raises(NotImplementedError, match="a part of a value"):
        run_inline(in_memory().set("a", value_of(b"x"), byte_range=(0, 1)))


def test_somebody_else_who_comes_in_between_has_written_first():
    store = servers.s3_through_fsspec()

    async def never(key):
        await put(other, key)
        return False

    other = store.with_read_only(False)
    store.exists = never
    run_on_loop(store.set_if_not_exists("a", value_of(b"mine")))
    assert run_on_loop(fetch(other, "a")) == b"a"


def test_what_is_in_memory_is_not_shared_with_other_processes(tmp_path):
    memory, local = fsspec.filesystem("memory"), fsspec.filesystem("file")
    assert not FsspecStore(memory, path="/x").is_shared
    assert not FsspecStore(fsspec.filesystem("dir", path="/x", fs=memory)).is_shared
    assert FsspecStore(local, path=str(tmp_path)).is_shared
    assert FsspecStore(fsspec.filesystem("dir", path=str(tmp_path), fs=local)).is_shared
