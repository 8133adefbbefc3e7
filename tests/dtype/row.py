"""What a row of the table of data types says, and how elements are compared."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrazzo.dtype import ZDType


@dataclass(frozen=True)
class Row:
    """One data type, and what is stored for it."""

    zdtype: ZDType
    """With its parameters, in little endian."""
    native: str | np.dtype
    """Numpy's data type."""
    v3: Any
    """The ``data_type`` of a ``zarr.json``, as it is written."""
    v2: Any
    """The ``dtype`` of a ``.zarray``, as it is written; None where version 2 has no form."""
    default: Any
    """The ``fill_value`` of a ``zarr.json``, when none is given."""
    samples: tuple[Any, ...]
    """Values at which mistakes show, all different, three or more: extremes, zeros, what is longest and shortest."""
    fills: tuple[tuple[Any, Any], ...]
    """Fill values as a caller gives them, and the ``fill_value`` of a ``zarr.json`` for each, as it is written."""
    refused: tuple[Any, ...] = ()
    """A ``fill_value`` of a ``zarr.json`` that must be refused."""
    serializer: Any = dataclasses.field(
        default_factory=lambda: {"name": "bytes", "configuration": {"endian": "little"}}
    )
    """The codec from array to bytes of a ``zarr.json``, when none is given."""
    object_codec: str | None = None
    """For version 2: the id of the filter that decides the type."""
    other_v3: tuple[Any, ...] = ()
    """Other spellings of ``data_type`` that read as the same type."""

    def __str__(self) -> str:
        name = self.v3 if isinstance(self.v3, str) else self.v3["name"]
        return name if isinstance(self.native, np.dtype) or name in self.native else f"{name} {self.native}"

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.native)

    @property
    def is_ambiguous(self) -> bool:
        """Whether numpy's data type stands for several of Zarr's."""
        return self.dtype.kind == "O"

    def plain(self, element: Any) -> Any:
        """A single element, as `plain` gives it."""
        return plain(self.zdtype.cast_scalar(element), self.dtype)

    def orders(self) -> tuple[ZDType, ...]:
        """The data type in each byte order that elements in memory can have."""
        if not hasattr(self.zdtype, "endianness"):
            return (self.zdtype,)
        return tuple(dataclasses.replace(self.zdtype, endianness=order) for order in ("little", "big"))

    def array(self, shape: tuple[int, ...], *, dtype: np.dtype | None = None, offset: int = 0) -> np.ndarray:
        """An array of the samples, over and over from the one at `offset`."""
        array = np.empty(shape, dtype=dtype or self.dtype)
        for position, index in enumerate(np.ndindex(shape)):
            array[index] = self.samples[(position + offset) % len(self.samples)]
        return array


def plain(array: Any, dtype: np.dtype | None = None) -> Any:
    """The shape and the elements of an array, to be compared: bits, or objects where elements are those.

    The byte order does not count. With a `dtype` it is that of an element, which may be an object of Python.
    """
    array = np.asarray(array, dtype=dtype)
    if array.dtype.hasobject:
        return array.shape, [(type(item), item) for item in array.reshape(-1).tolist()]
    return array.shape, array.astype(native_order(array.dtype)).tobytes()


def native_order(dtype: np.dtype) -> np.dtype:
    """The data type in the byte order of the machine; numpy's text of any length cannot say that it has none."""
    return dtype if dtype.kind == "T" else dtype.newbyteorder("=")
