"""Work that executors do: threads, processes and a cluster of Dask."""

import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import CorruptDataError
from terrazzo.nodes.transfer import plan_array
from terrazzo.storage import LocalStore, MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.helpers import on_a_loop
from tests.stored import contents_of


@contextmanager
def dask():
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


EXECUTORS = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")),
    "dask": dask,
}


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    with EXECUTORS[request.param]() as executor:
        yield executor


@pytest.fixture
def source(tmp_path):
    root = terrazzo.create_group(LocalStore(tmp_path / "source"))
    root.create_array("a", data=np.arange(900).reshape(30, 30), chunks=(2, 30))
    root.create_array("g/b", data=np.arange(10), chunks=3)
    root.create_array("g/empty", shape=(0,), dtype="int8")
    return root


def test_an_executor_copies_the_same(source, executor, tmp_path):
    shown = []
    done = terrazzo.copy_all(
        source, LocalStore(tmp_path / "raw"), executor=executor, progress=lambda *now: shown.append(now)
    )
    assert done == terrazzo.copy_all(source, LocalStore(tmp_path / "here"))
    assert contents_of(LocalStore(tmp_path / "raw")) == contents_of(LocalStore(tmp_path / "here"))
    assert (shown[0], shown[-1]) == ((0, done.nbytes), (done.nbytes, done.nbytes))
    assert shown == sorted(shown)


def test_an_executor_changes_chunks(source, executor, tmp_path):
    chunks = {"chunks": (30, 4), "max_memory": "20kB"}
    terrazzo.rechunk(source["a"], LocalStore(tmp_path / "there"), executor=executor, **chunks)
    terrazzo.rechunk(source["a"], LocalStore(tmp_path / "here"), **chunks)
    assert contents_of(LocalStore(tmp_path / "there")) == contents_of(LocalStore(tmp_path / "here"))


def test_an_executor_copies_values(source, executor, tmp_path):
    terrazzo.copy_store(source.store, LocalStore(tmp_path / "there"), executor=executor)
    assert contents_of(LocalStore(tmp_path / "there")) == contents_of(source.store)


def test_an_error_in_a_worker_comes_back(source, executor, tmp_path):
    (tmp_path / "source" / "a" / "c" / "3" / "0").write_bytes(b"broken")
    with pytest.raises(CorruptDataError, match="zstd") as caught:
        terrazzo.rechunk(source, LocalStore(tmp_path / "there"), chunks=5, executor=executor)
    assert "a/c/3/0" in "\n".join(caught.value.__notes__)
    with pytest.raises(FileNotFoundError):
        terrazzo.open_array(LocalStore(tmp_path / "there"), path="a", mode="r")


def test_what_is_in_memory_is_not_copied_elsewhere(source):
    with ProcessPoolExecutor(1) as executor, pytest.raises(ValueError, match="in the memory of this process"):
        terrazzo.copy(source, SuspendingStore(MemoryStore()), name="", executor=executor)
    with ThreadPoolExecutor(2) as executor:
        target = SuspendingStore(MemoryStore())
        terrazzo.copy(source, target, name="", executor=executor)
        assert contents_of(target) == contents_of(source.store)


def test_a_coroutine_uses_an_executor_too(source, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        for store in (LocalStore(tmp_path / "b"), SuspendingStore(LocalStore(tmp_path / "c"))):
            on_a_loop(terrazzo.api.asynchronous.copy(source["g"], store, executor=executor))
            np.testing.assert_array_equal(terrazzo.open_array(store, path="g/b")[:], np.arange(10))


def test_work_items_hold_no_elements(tmp_path):
    source = terrazzo.create_array(LocalStore(tmp_path / "a"), shape=(10**6,), chunks=10**5, dtype="float64")
    target = terrazzo.create_array(LocalStore(tmp_path / "b"), shape=(10**6,), chunks=10**4, dtype="float64")
    source[:] = 1
    transfer = plan_array(source.async_counterpart, target.async_counterpart)
    text = pickle.dumps((0, transfer, tuple(range(10))))
    assert len(text) < 5000
    assert pickle.loads(text)[1] == transfer
    assert os.fspath(tmp_path).encode() in text
