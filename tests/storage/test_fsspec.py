import itertools

import pytest
from fsspec.implementations.asyn_wrapper import AsyncFileSystemWrapper
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from terrazzo.storage import FsspecStore
from tests import servers
from tests.storage.contract import contract

numbers = itertools.count()

MAKE = {
    "memory": lambda folder: FsspecStore(MemoryFileSystem(), path=f"/store{next(numbers)}"),
    "local": lambda folder: FsspecStore(LocalFileSystem(), path=str(folder / "a")),
    "wrapped": lambda folder: FsspecStore(
        AsyncFileSystemWrapper(MemoryFileSystem(), asynchronous=True), path=f"/store{next(numbers)}"
    ),
    "s3": lambda folder: servers.s3_through_fsspec(),
}


@pytest.fixture(params=MAKE)
def kind(request):
    return request.param


@contract
def test_the_contract_is_kept(check, drive, kind, tmp_path):
    store = MAKE[kind](tmp_path)
    drive(store, check(store))
