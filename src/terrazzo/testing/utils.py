"""Helpers of tests; needs the package ``pytest``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from terrazzo.abc.buffer import Buffer
from terrazzo.buffer.gpu import import_cupy

__all__ = ["assert_bytes_equal", "gpu_mark", "gpu_test", "has_cupy", "skip_if_no_gpu"]

F = TypeVar("F", bound=Callable[..., Any])


def assert_bytes_equal(b1: Buffer | bytes | None, b2: Buffer | bytes | None) -> None:
    """Check that two buffers or bytes-like objects hold the same bytes, or are both None; both are copied."""
    first, second = (item.to_bytes() if isinstance(item, Buffer) else item for item in (b1, b2))
    assert first == second


def has_cupy() -> bool:
    """Whether cupy is installed and finds a GPU."""
    try:
        return bool(import_cupy().cuda.runtime.getDeviceCount() > 0)
    except Exception:  # noqa: BLE001 - a driver may raise anything
        return False


gpu_mark = pytest.mark.gpu
skip_if_no_gpu = pytest.mark.skipif(not has_cupy(), reason="needs cupy and a GPU that it can use")


def gpu_test(func: F) -> F:
    """Mark a test that needs a GPU, and leave it out where there is none."""
    marked: F = gpu_mark(skip_if_no_gpu(func))
    return marked
