import inspect
import logging
import pickle

import numpy as np
import pytest

import terrazzo
from terrazzo.abc.store import Store
from terrazzo.buffer.cpu import Buffer
from terrazzo.runtime import run_inline
from terrazzo.storage import LocalStore, LoggingStore, MemoryStore
from terrazzo.testing import StoreTests
from tests.storage.contract import PROTOTYPE, blocking, fetch, put
from tests.storage.model import machine

QUIET = {"log_handler": logging.NullHandler()}


class TestAroundLocal(StoreTests[LoggingStore, Buffer]):
    store_cls = LoggingStore
    buffer_cls = Buffer

    @pytest.fixture
    def open_kwargs(self, tmp_path):
        return {"store_cls": LocalStore, "root": tmp_path}

    @pytest.fixture
    def store_kwargs(self, tmp_path):
        return {"store": LocalStore(tmp_path), **QUIET}

    @pytest.fixture
    def store(self, store_kwargs):
        return LoggingStore(**store_kwargs)

    async def set(self, store, key, value):
        await store._store.set(key, value)

    async def get(self, store, key):
        return await store._store.get(key, PROTOTYPE)


class TestAroundMemory(TestAroundLocal):
    drive = staticmethod(run_inline)

    @pytest.fixture
    def store_kwargs(self):
        return {"store": MemoryStore(), **QUIET}

    @pytest.fixture
    def open_kwargs(self, store_kwargs):
        return {"store_cls": MemoryStore, "store_dict": {}}


TestAgainstADictionary = machine(lambda folder: LoggingStore(MemoryStore(), **QUIET), blocking, 4)


def test_every_operation_is_logged():
    operations = {
        name
        for name, member in vars(Store).items()
        if (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member) or name.startswith("list"))
        and not name.startswith("_")
    }
    inside = {"version", "get_versioned"}  # they are parts of other operations
    assert not operations - inside - set(vars(LoggingStore))


def test_calls_are_counted_and_written_down(capsys):
    store = LoggingStore(MemoryStore())
    array = terrazzo.create_array(store, data=np.arange(4), chunks=2)
    store.counter.clear()
    assert array[3] == 3
    assert store.counter == {"get": 1}
    out = capsys.readouterr().out
    assert "INFO - calling MemoryStore.get(c/1)" in out
    assert "finished MemoryStore.get(c/1) [0.0" in out
    with pytest.raises(ValueError, match="read-only"):
        run_inline(put(store.with_read_only(True), "a"))
    assert "failed MemoryStore.set(a): ValueError" in capsys.readouterr().out


def test_a_level_and_a_handler_can_be_given(caplog):
    store = LoggingStore(MemoryStore(), "WARNING", caplog.handler)
    run_inline(put(store, "a"))
    assert not caplog.records
    assert store.counter == {"set": 1}
    assert store.with_read_only(True).log_level == "WARNING"


def test_it_names_the_store_inside():
    inner = MemoryStore()
    store = LoggingStore(inner, **QUIET)
    assert str(store) == f"logging-{inner}"
    assert repr(store) == f"LoggingStore(MemoryStore, '{inner}')"
    assert store == LoggingStore(inner, **QUIET)
    copy = pickle.loads(pickle.dumps(store))
    copy.logger.handlers = [logging.NullHandler()]
    assert run_inline(fetch(copy, "a")) is None


def test_what_is_read_in_parts_can_be_told_from_what_replaces_it(tmp_path):
    inner = LocalStore(tmp_path)
    store = LoggingStore(inner, **QUIET)
    run_inline(put(store, "a"))

    async def versions():
        async with store.open_value("a") as value:
            before = await value.version()
            assert before == await inner.version("a")
            await put(inner, "a", "b")
            return before, await value.version()

    before, after = run_inline(versions())
    assert before != after
