"""How elements lie in storage, where numpy's byte orders do not say it.

numpy turns the byte order of its own data types. Those of ``ml_dtypes`` it swaps as a whole, also where an element is
a pair of numbers, and not at all where they are fields of a struct; and of their elements of less than a byte the other
bits may be anything in storage, and are zero in memory. Times without a unit are of its own data types, and it loses
their order.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.dtype.base import Endianness, TBaseDType, endianness_of

__all__ = ["elements_from_stored", "layout_in_storage", "stored_elements"]

Elements: TypeAlias = npt.NDArray[Any]

BITS = {
    "int2": 0x03,
    "uint2": 0x03,
    "int4": 0x0F,
    "uint4": 0x0F,
    "float4_e2m1fn": 0x0F,
    "float6_e2m3fn": 0x3F,
    "float6_e3m2fn": 0x3F,
}
"""The bits of a byte that elements of less than a byte have."""

PAIRS = {"complex32", "bcomplex32"}
"""Elements that are two numbers of half their size, each in the byte order."""


@lru_cache(maxsize=256)
def layout_in_storage(dtype: TBaseDType, endian: Endianness | None) -> TBaseDType | None:
    """The numpy data type of which stored elements are; None where they have to be converted.

    Parameters
    ----------
    endian
        Byte order of stored elements; None where each field has its own, or there is none.
    """
    endian = _own_endian(dtype, endian)
    if _is_converted(dtype, swapped=endian not in (None, sys.byteorder)):
        return None
    return dtype if endian is None else dtype.newbyteorder("<" if endian == "little" else ">")


def elements_from_stored(
    raw: npt.NDArray[np.uint8], dtype: TBaseDType, endian: Endianness | None, shape: tuple[int, ...]
) -> Elements:
    """Convert stored bytes to elements in the byte order of the machine, in memory of their own."""
    endian = _own_endian(dtype, endian)
    in_memory = dtype if endian is None else dtype.newbyteorder("=")
    elements: Elements = np.array(raw).view(in_memory).reshape(shape)
    _convert(elements, swapped=endian not in (None, sys.byteorder))
    return elements


def stored_elements(elements: Elements, dtype: TBaseDType, endian: Endianness | None) -> npt.NDArray[np.uint8]:
    """Convert elements to the bytes to store, in C order."""
    endian = _own_endian(dtype, endian)
    in_memory = dtype if endian is None else dtype.newbyteorder("=")
    stored = np.array(elements, dtype=in_memory, order="C")
    _convert(stored, swapped=endian not in (None, sys.byteorder))
    return stored.reshape(-1).view(np.uint8)


def _own_endian(dtype: TBaseDType, endian: Endianness | None) -> Endianness | None:
    return endianness_of(dtype) if endian is None and _loses_order(dtype) else endian


def _loses_order(dtype: TBaseDType) -> bool:
    """Whether it is a time without a unit: numpy (2.4) takes those of either byte order for those of the machine."""
    return dtype.kind in "mM" and np.datetime_data(dtype)[0] == "generic"


def _is_converted(dtype: TBaseDType, *, swapped: bool) -> bool:
    if dtype.subdtype is not None:
        return _is_converted(dtype.subdtype[0], swapped=swapped)
    if dtype.fields is not None:
        return any(_is_converted(field[0], swapped=swapped) for field in dtype.fields.values())
    if _loses_order(dtype):
        return swapped
    # 2: defined by a package other than numpy.
    return dtype.isbuiltin == 2 and (dtype.name in BITS or (swapped and dtype.itemsize > 1))


def _convert(elements: Elements, *, swapped: bool) -> None:
    """Turn what is in memory into what is stored, or back, in place."""
    dtype = elements.dtype
    if dtype.names is not None:
        for name in dtype.names:
            _convert(elements[name], swapped=swapped)
    elif dtype.isbuiltin == 2 and dtype.name in BITS:
        stored = elements.view(np.uint8)
        stored &= np.uint8(BITS[dtype.name])
    elif swapped and dtype.itemsize > 1:
        half = f"u{dtype.itemsize // 2}"
        if dtype.isbuiltin == 2 and dtype.name in PAIRS:
            pairs = elements.view([("real", half), ("imag", half)])
            for part in ("real", "imag"):
                pairs[part].byteswap(inplace=True)
        elif dtype.isbuiltin == 2:
            elements.view(f"u{dtype.itemsize}").byteswap(inplace=True)
        else:
            elements.byteswap(inplace=True)
