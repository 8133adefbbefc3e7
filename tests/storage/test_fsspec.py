import itertools

import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from terrazzo.buffer.cpu import Buffer
from terrazzo.runtime import run_inline
from terrazzo.storage import FsspecStore
from terrazzo.testing import StoreTests
from tests import servers
from tests.storage.contract import awaited, blocking
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
TestAgainstADictionaryOnS3 = machine(lambda folder: servers.s3_through_fsspec(), awaited, max_examples=3)


def test_a_local_path_is_as_good_as_its_url(tmp_path):
    for place in (tmp_path, str(tmp_path), f"file://{tmp_path}"):
        store = FsspecStore.from_url(place)
        assert store.path == str(tmp_path)
        run_inline(store.set("a", Buffer.from_bytes(b"b")))
        assert (tmp_path / "a").read_bytes() == b"b"
