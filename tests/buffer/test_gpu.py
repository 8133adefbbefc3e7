"""Buffers of a GPU on a stand-in for cupy: numpy arrays that say that they are on a GPU, and refuse to be numpy's."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer import cpu, gpu
from terrazzo.testing.utils import has_cupy


class OnGPU(np.ndarray):
    """An array that numpy may not take as it is."""

    __cuda_array_interface__ = {}


def to_gpu(array):
    return np.array(array).view(OnGPU)


@pytest.fixture
def cupy(monkeypatch):
    gpu.import_cupy.cache_clear()
    stand_in = SimpleNamespace(
        asarray=lambda array: array if isinstance(array, OnGPU) else to_gpu(array),
        asnumpy=lambda array: np.array(array.view(np.ndarray)),
        empty=lambda shape, dtype, order="C": to_gpu(np.empty(shape, dtype=dtype, order=order)),
        concatenate=lambda arrays: to_gpu(np.concatenate([array.view(np.ndarray) for array in arrays])),
        cuda=SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 1)),
    )
    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    yield stand_in
    gpu.import_cupy.cache_clear()


def test_without_cupy_the_extra_is_named(monkeypatch):
    gpu.import_cupy.cache_clear()
    monkeypatch.setitem(sys.modules, "cupy", None)
    for make in (
        gpu.Buffer.create_zero_length,
        lambda: gpu.Buffer.from_bytes(b"a"),
        lambda: gpu.Buffer(np.zeros(1, "B")),
        lambda: gpu.NDBuffer.create(shape=(1,), dtype="u1"),
        lambda: gpu.NDBuffer(np.zeros(1)),
    ):
        with pytest.raises(ImportError, match=r"terrazzo\[gpu\]"):
            make()
    assert not has_cupy()


def test_the_settings_choose_buffers_of_a_gpu(cupy):
    assert has_cupy()
    with terrazzo.config.enable_gpu():
        assert terrazzo.buffer.default_buffer_prototype() == gpu.buffer_prototype
        array = terrazzo.create_array({}, data=np.arange(6).reshape(2, 3), chunks=(1, 2))
        found = array[:, 1:]
    assert isinstance(found, OnGPU)
    assert found.tolist() == [[1, 2], [4, 5]]
    assert terrazzo.buffer.default_buffer_prototype() == cpu.buffer_prototype


def test_bytes_go_to_the_gpu_and_back(cupy):
    buffer = gpu.Buffer.from_bytes(b"abc")
    assert isinstance(buffer.as_array_like(), OnGPU)
    assert type(buffer.as_numpy_array()) is np.ndarray
    assert buffer.to_bytes() == b"abc"
    assert (buffer + cpu.Buffer.from_bytes(b"d")).to_bytes() == b"abcd"
    assert buffer[1:].to_bytes() == b"bc"
    assert gpu.Buffer.from_buffer(buffer).as_array_like() is buffer.as_array_like()
    assert gpu.Buffer.from_buffer(cpu.Buffer.from_bytes(b"e")).to_bytes() == b"e"
    assert gpu.Buffer.create_zero_length().to_bytes() == b""


def test_an_array_in_other_memory_is_refused(cupy):
    with pytest.raises(TypeError, match="on a GPU"):
        gpu.NDBuffer(np.zeros(2))
    with pytest.raises(TypeError, match="on a GPU"):
        gpu.Buffer(np.zeros(2, "B"))


def test_arrays_are_made_compared_and_written_on_the_gpu(cupy):
    made = gpu.NDBuffer.create(shape=(2, 3), dtype="f4", fill_value=-0.0, order="F")
    assert isinstance(made.as_ndarray_like(), OnGPU)
    assert made.as_ndarray_like().flags.f_contiguous
    assert made.all_equal(np.float32(-0.0))
    assert not made.all_equal(np.float32(0.0))
    made[0] = np.array([1, 2, 3])
    made[1] = gpu.NDBuffer.from_numpy_array([4, 5, 6])
    made[1, 1:] = 7
    assert made.as_numpy_array().tolist() == [[1, 2, 3], [4, 7, 7]]
    assert isinstance(made[0, 0], gpu.NDBuffer)
    assert made[0, 0].as_scalar() == 1
    assert not made.all_equal(to_gpu(np.zeros((2, 3))))
