"""Data types by name: one look-up for a document, one for a numpy data type.

A class is found by the name that documents of Zarr v3 use, or by numpy's own class of the data type; only what neither
knows is put to the classes one after the other. Classes that few arrays need are rows that say where to import them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from terrazzo.dtype.base import DTypeJSON, OtherDataTypeError, TBaseDType, ZDType
from terrazzo.errors import DataTypeValidationError, quote
from terrazzo.types import ZarrFormat

__all__ = ["V2_NAME", "AnyZDType", "DataTypeRegistry", "native_of_name", "native_of_v2"]

AnyZDType: TypeAlias = ZDType[Any, Any]

V2_NAME = r"[<>|][biufcmMSUVO][0-9]*(\[[0-9A-Za-zμ]+\])?"
"""Type strings of numpy that documents of Zarr v2 may hold; others, some of which numpy understands, they may not.
Neither this nor the next is compiled here: that takes 0.2 ms of every import, and ``re`` keeps what it has compiled."""

NUMPY_NAME = r"[<>|=]?(?!a[0-9]*$)[?a-zA-Z][a-zA-Z]*[0-9]{0,9}(\[[0-9a-zμ]{1,20}\])?"
"""Names that may be put to numpy, which also understands a language of its own, and warns of some letters."""

NUMBER = re.compile(r"[0-9]+")


@dataclass(slots=True)
class _Row:
    """A registered data type: the class, or where to import it."""

    cls: type[AnyZDType] | None
    path: str = ""

    def load(self) -> type[AnyZDType]:
        if self.cls is None:
            module, _, name = self.path.partition(":")
            self.cls = getattr(import_module(module), name)
        return self.cls


class DataTypeRegistry:
    """Data types by the name that Zarr v3 documents use for them."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._aliases: dict[str, str] = {}
        self._by_native: dict[object, list[str]] = {}
        """Names by numpy's class of the data type, or by numpy's name where that class is imported later."""
        self._collected = False

    @property
    def contents(self) -> dict[str, type[AnyZDType]]:
        """All registered data types by name, imported."""
        return {name: row.load() for name, row in self._rows.items()}

    def register(self, key: str, cls: type[AnyZDType]) -> None:
        """Add a data type; a name that is taken is replaced."""
        self._remove(key)
        self._rows[key] = _Row(cls)
        self._add_native(key, getattr(cls, "dtype_cls", None))

    def register_lazily(
        self, key: str, path: str, *, native: Iterable[object] = (), aliases: Iterable[str] = ()
    ) -> None:
        """Add a data type that is imported when it is first used.

        Parameters
        ----------
        path
            ``"module:class"``.
        native
            Numpy's classes of the data types that it stores, or numpy's names where another package defines them.
        aliases
            Other names that documents use; one that ends with ``*`` stands for any number there.
        """
        self._rows[key] = _Row(None, path)
        for item in native:
            self._add_native(key, item)
        self.alias(key, *aliases)

    def alias(self, key: str, *names: str) -> None:
        """Let other names in documents mean a registered data type."""
        self._aliases.update(dict.fromkeys(names, key))

    def unregister(self, key: str) -> None:
        """Remove a data type."""
        del self._rows[key]
        self._remove(key)

    def get(self, key: str) -> type[AnyZDType]:
        """The data type called `key`.

        Raises
        ------
        KeyError
            There is none.
        """
        if key not in self._rows:
            self._collect()
        return self._rows[key].load()

    def _add_native(self, key: str, native: object) -> None:
        if native is not None:
            self._by_native.setdefault(native, []).append(key)

    def _remove(self, key: str) -> None:
        self._rows.pop(key, None)
        for names in self._by_native.values():
            if key in names:
                names.remove(key)

    def _collect(self) -> None:
        """Import, once, the data types that installed packages declare as entry points."""
        if self._collected:
            return
        self._collected = True
        from importlib.metadata import entry_points  # slow to import, and rarely needed

        for family in ("zarr", "terrazzo"):
            declared = [*entry_points(group=f"{family}.data_type")]
            declared += [entry for entry in entry_points(group=family) if entry.name == "data_type"]
            for entry in declared:
                cls = entry.load()
                if cls._zarr_v3_name not in self._rows:
                    self.register(cls._zarr_v3_name, cls)

    def _others(self, tried: Iterable[str]) -> Iterator[type[AnyZDType]]:
        """The classes that were not tried and may know what no table has: those with a path say all that they know."""
        skipped = set(tried)
        for _ in range(2):
            for name in [name for name, row in self._rows.items() if name not in skipped and not row.path]:
                skipped.add(name)
                yield self._rows[name].load()
            self._collect()

    def find(self, name: str) -> type[AnyZDType] | None:
        """The class that documents of Zarr v3 call `name`, if it is registered under that name or an alias."""
        row = self._rows.get(name)
        if row is None:
            key = self._aliases.get(name) or self._aliases.get(NUMBER.sub("*", name))
            row = self._rows.get(key) if key is not None else None
        return None if row is None else row.load()

    def match_dtype(self, dtype: TBaseDType) -> AnyZDType:
        """The data type for a numpy data type.

        Raises
        ------
        DataTypeValidationError
            There is none.
        """
        if dtype.kind == "O":
            raise DataTypeValidationError(
                "numpy's objects can be of several data types of Zarr; give one: 'string' for text, 'bytes' for bytes"
            )
        if type(dtype) not in self._by_native and dtype.isbuiltin == 1:
            dtype = np.dtype(dtype.str)  # several types of C have the same size: long, long long, intp
        names = self._by_native.get(type(dtype)) or self._by_native.get(dtype.name, [])
        found = self._first(names, lambda cls: cls.from_native_dtype(dtype))
        if found is None:
            raise DataTypeValidationError(f"there is no Zarr data type for numpy's {quote(dtype)}; {self._known()}")
        return found

    def match_json(self, data: DTypeJSON, *, zarr_format: ZarrFormat) -> AnyZDType:
        """The data type that a metadata document means.

        Raises
        ------
        DataTypeValidationError
            There is none.
        """
        name = data.get("name") if isinstance(data, Mapping) else data
        if isinstance(name, str) and (cls := self.find(name)) is not None:
            return cls.from_json(data, zarr_format=zarr_format)
        native = native_of_v2(name) if zarr_format == 2 else None
        found = self._first(self._by_native.get(native, []), lambda cls: cls.from_json(data, zarr_format=zarr_format))
        if found is None:
            raise DataTypeValidationError(f"no data type {quote(data)} is known; {self._known()}")
        return found

    def _first(self, names: Iterable[str], make: Callable[[type[AnyZDType]], AnyZDType]) -> AnyZDType | None:
        """What the first class makes that does not refuse; the named ones are asked before those of other packages.

        Raises
        ------
        DataTypeValidationError
            A named class says what is wrong, beyond that it is of another kind.
        """
        names = list(names)
        refusal: DataTypeValidationError | None = None
        for name in names:
            try:
                return make(self._rows[name].load())
            except OtherDataTypeError:
                continue
            except DataTypeValidationError as error:
                refusal = refusal or error
        for cls in self._others(names):
            try:
                return make(cls)
            except DataTypeValidationError:
                continue
        if refusal is not None:
            raise refusal
        return None

    def _known(self) -> str:
        return f"known are {', '.join(self._rows)}"


def native_of_v2(name: object) -> type[Any] | None:
    """Numpy's class of the data type that a document of Zarr v2 means; None for what is no type of numpy's.

    Specification: Zarr v2 "Data type encoding".
    """
    if isinstance(name, (list, tuple)):
        return type(np.dtype("V1"))
    if isinstance(name, str) and re.fullmatch(V2_NAME, name):
        try:
            native: type[Any] = type(np.dtype(name))
        except (TypeError, ValueError):
            return None
        return native
    return None


def native_of_name(name: object) -> np.dtype[Any]:
    """The data type that a codec's configuration names in numpy's way: ``"<i2"``, ``"int16"``.

    Raises
    ------
    DataTypeValidationError
        It is no such name.
    """
    if isinstance(name, str) and re.fullmatch(NUMPY_NAME, name):
        try:
            return np.dtype(name)
        except (TypeError, ValueError):
            pass
    raise DataTypeValidationError(f"{quote(name)} is no data type of numpy")
