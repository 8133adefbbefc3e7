import sys
import types

import numpy as np
import pytest

from terrazzo.buffer import cpu, gpu
from terrazzo.runtime import run_inline
from terrazzo.storage import GpuMemoryStore
from tests.storage.contract import PROTOTYPE, fetch, listed, put, value_of


@pytest.fixture
def without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    gpu.import_cupy.cache_clear()
    yield
    gpu.import_cupy.cache_clear()


def test_without_cupy_the_extra_is_named(without_cupy):
    with pytest.raises(ImportError, match=r"terrazzo\[gpu\]"):
        GpuMemoryStore()


class OnGpu(cpu.Buffer):
    """Stands in for a buffer of a GPU."""


def test_what_is_written_is_put_on_the_gpu(monkeypatch):
    monkeypatch.setattr(gpu, "import_cupy", lambda: types.SimpleNamespace(asarray=np.asarray))
    monkeypatch.setattr(gpu, "Buffer", OnGpu)
    store = GpuMemoryStore()
    run_inline(put(store, "a"))
    run_inline(store.set_if_not_exists("b", value_of(b"new")))
    assert [type(value) for value in store._store_dict.values()] == [OnGpu, OnGpu]
    assert run_inline(fetch(store, "b")) == b"new"
    assert repr(store) == f"GpuMemoryStore('gpumemory://{id(store._store_dict)}')"
    made = GpuMemoryStore.from_dict({"a": value_of(b"1")})
    assert type(made._store_dict["a"]) is OnGpu
    assert type(run_inline(made.get("a", PROTOTYPE))) is cpu.Buffer
    assert run_inline(listed(made.with_read_only(True))) == ["a"]
