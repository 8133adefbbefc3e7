"""What is written, brought to the shape of the selection before anything is stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from terrazzo.buffer.base import BufferPrototype, NDArrayLike, NDBuffer
from terrazzo.errors import BroadcastError

__all__ = ["value_for"]

NUMBERS = "biufc"


def value_for(value: Any, shape: tuple[int, ...], dtype: np.dtype[Any], prototype: BufferPrototype) -> NDBuffer:
    """Make what is written of what a caller assigns, by numpy's rules.

    Returns
    -------
    NDBuffer of `shape`, or of shape () when one element is written everywhere
        Arrays are not copied, and are cast to `dtype` chunk by chunk.

    Raises
    ------
    BroadcastError
        The value cannot be broadcast to `shape`.
    TypeError, ValueError, OverflowError
        It cannot be cast to `dtype`.
    """
    if isinstance(value, NDBuffer):
        value = value.as_ndarray_like()
    if not isinstance(value, np.ndarray) and _is_foreign_array(value, shape):
        return prototype.nd_buffer.from_ndarray_like(value)
    if _is_narrow(dtype):
        from terrazzo.dtype.ml import cast_values  # few arrays need it

        value = cast_values(value, dtype)
    elif not isinstance(value, np.ndarray):
        # Python's own numbers are checked against the range of the data type here; numpy's arrays wrap.
        value = np.asarray(value) if hasattr(value, "dtype") else np.asarray(value, dtype=dtype)
    if value.dtype.kind not in NUMBERS or dtype.kind not in NUMBERS:
        value = _cast(value, dtype)
    return prototype.nd_buffer.from_numpy_array(_broadcast(value, shape))


def _is_narrow(dtype: np.dtype[Any]) -> bool:
    """Whether elements are numbers, or pairs of them, that another package than numpy defines."""
    return dtype.isbuiltin == 2 or (dtype.names == ("real", "imag") and dtype[0].isbuiltin == 2)


def _cast(value: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    if value.dtype.kind == "T" and dtype.kind == "U":
        value = value.astype(dtype.newbyteorder("="))  # numpy 2.4 gets the other byte order wrong
    return value.astype(dtype, copy=False)


def _is_foreign_array(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether `value` is an array that lives elsewhere than in main memory, and needs no broadcasting."""
    return isinstance(value, NDArrayLike) and not isinstance(value, np.generic) and value.shape == shape


def _broadcast(value: np.ndarray[Any, Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if value.shape == shape or value.ndim == 0:
        return value
    fitted = value
    while fitted.ndim > len(shape) and fitted.shape[0] == 1:
        fitted = fitted[0]
    try:
        return np.broadcast_to(fitted, shape)
    except ValueError:
        raise BroadcastError(
            f"a value of shape {value.shape} does not broadcast to the selection, which has the shape {shape}"
        ) from None
