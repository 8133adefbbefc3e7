"""The registry of data types, and the many ways to name one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np

from terrazzo.dtype.base import DTypeJSON, TBaseDType, ZDType
from terrazzo.dtype.numeric import NUMERIC
from terrazzo.errors import DataTypeValidationError, quote
from terrazzo.types import ZarrFormat

__all__ = ["DataTypeRegistry", "ZDTypeLike", "data_type_registry", "get_data_type_from_json", "parse_dtype"]

AnyZDType: TypeAlias = ZDType[Any, Any]
ZDTypeLike: TypeAlias = "AnyZDType | TBaseDType | type[Any] | str | Mapping[str, object] | None"


class DataTypeRegistry:
    """Data types by the name that Zarr v3 documents use for them."""

    def __init__(self) -> None:
        self.contents: dict[str, type[AnyZDType]] = {}
        self._collected = False

    def register(self, key: str, cls: type[AnyZDType]) -> None:
        """Add a data type; a name that is taken is replaced."""
        self.contents[key] = cls

    def unregister(self, key: str) -> None:
        """Remove a data type."""
        del self.contents[key]

    def get(self, key: str) -> type[AnyZDType]:
        """The data type called `key`.

        Raises
        ------
        KeyError
            There is none.
        """
        self._collect()
        return self.contents[key]

    def _collect(self) -> None:
        """Import, once, the data types that installed packages declare as entry points."""
        if self._collected:
            return
        self._collected = True
        from importlib.metadata import entry_points  # slow to import, and rarely needed

        for group in ("zarr.data_type", "terrazzo.data_type"):
            for entry in entry_points(group=group):
                cls = entry.load()
                self.register(cls._zarr_v3_name, cls)

    def _classes(self) -> Iterator[type[AnyZDType]]:
        yield from self.contents.values()
        if not self._collected:
            known = set(self.contents)
            self._collect()
            yield from (cls for name, cls in self.contents.items() if name not in known)

    def _known(self) -> str:
        return f"known are {', '.join(self.contents)}"

    def match_dtype(self, dtype: TBaseDType) -> AnyZDType:
        """The data type for a numpy data type.

        Raises
        ------
        DataTypeValidationError
            There is none.
        """
        if dtype.kind in "biufc":
            dtype = np.dtype(dtype.str)  # several C types have the same size: long, long long, intp
        for cls in self._classes():
            try:
                return cls.from_native_dtype(dtype)
            except DataTypeValidationError:
                continue
        raise DataTypeValidationError(f"there is no Zarr data type for numpy's {quote(dtype)}; {self._known()}")

    def match_json(self, data: DTypeJSON, *, zarr_format: ZarrFormat) -> AnyZDType:
        """The data type that a metadata document means.

        Raises
        ------
        DataTypeValidationError
            There is none.
        """
        for cls in self._classes():
            try:
                return cls.from_json(data, zarr_format=zarr_format)
            except DataTypeValidationError:
                continue
        raise DataTypeValidationError(f"no data type {quote(data)} is known; {self._known()}")


data_type_registry = DataTypeRegistry()
for _cls in NUMERIC:
    data_type_registry.register(_cls._zarr_v3_name, _cls)


def get_data_type_from_json(data: DTypeJSON, *, zarr_format: ZarrFormat) -> AnyZDType:
    """The data type that a metadata document means."""
    return data_type_registry.match_json(data, zarr_format=zarr_format)


def parse_dtype(dtype_spec: ZDTypeLike, *, zarr_format: ZarrFormat) -> AnyZDType:
    """The data type that a caller means: by a ``ZDType``, anything that ``numpy.dtype`` takes, or stored JSON.

    Raises
    ------
    DataTypeValidationError
        Zarr has no such data type.
    TypeError
        numpy does not understand it either.
    """
    if isinstance(dtype_spec, ZDType):
        return dtype_spec
    if isinstance(dtype_spec, str):
        try:
            return data_type_registry.match_json(dtype_spec, zarr_format=zarr_format)
        except DataTypeValidationError:
            pass  # not a name of Zarr's, perhaps one of numpy's
    elif isinstance(dtype_spec, Mapping):
        return data_type_registry.match_json(dtype_spec, zarr_format=zarr_format)
    return data_type_registry.match_dtype(np.dtype(dtype_spec))
