import os
import pickle
import warnings

import obstore.store
import pytest

from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import SyncError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import ObjectStore
from terrazzo.testing import StoreTests
from tests import servers
from tests.storage.contract import awaited, blocking, fetch, put
from tests.storage.model import machine


class ObstoreTests(StoreTests[ObjectStore, Buffer]):
    store_cls = ObjectStore
    buffer_cls = Buffer

    def test_the_child_of_a_fork_reads_and_writes(self, store):
        """The threads of obstore do not exist in the child: it says so, and does not wait for them."""
        assert b"start processes by 'spawn' or 'forkserver'" in told_by_the_child_of_a_fork(store)
        assert run_on_loop(fetch(store, "before")) == b"before"


def told_by_the_child_of_a_fork(store):
    """The error that the child of a fork gets, after its parent has used the store."""
    run_on_loop(put(store, "before"))
    ours, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, which is what is tested
        child = os.fork()
    if child == 0:
        try:
            blocking(store, fetch(store, "before"))
        except SyncError as error:
            os.write(theirs, str(error).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as told:
        return told.read()


class TestInMemory(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self):
        return {"store": obstore.store.MemoryStore()}

    @pytest.mark.parametrize(
        "check",
        [
            check
            for check in StoreTests.test_the_contract_is_kept.pytestmark[0].args[1]
            if "pickling" not in check.__name__
        ],
    )
    async def test_the_contract_is_kept(self, store, check):
        await check(store)

    async def test_serializable_store(self, store):
        """obstore's memory belongs to one process, and says so."""
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(store)


class TestInAFolder(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": obstore.store.LocalStore(tmp_path / "a", mkdir=True, automatic_cleanup=True)}


class TestOnS3(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self):
        return {"store": servers.s3_through_obstore().store}


TestAgainstADictionaryInMemory = machine(lambda folder: ObjectStore(obstore.store.MemoryStore()), blocking)
TestAgainstADictionaryOnS3 = machine(lambda folder: servers.s3_through_obstore(), awaited, max_examples=3)
