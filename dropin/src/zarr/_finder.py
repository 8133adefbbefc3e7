"""Modules below ``zarr``: those of terrazzo under another name, and those that gather objects by the table."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from zarr import _table

__all__ = ["Gathered", "install"]


_REPLACED: dict[str, Any] = {}
"""What stood at home before it was replaced through a module that gathers."""


class Gathered(ModuleType):
    """A module without contents: every name in it is an object elsewhere, looked up and assigned there.

    So a test that replaces ``zarr.core.sync.sync`` replaces what is called, and undoes it in the same place.
    """

    def __getattr__(self, name: str) -> Any:
        home = _table.GATHERED[self.__name__].get(name)
        if home is not None:
            return _resolve(home)
        below = f"{self.__name__}.{name}"
        if _table.is_module(below):
            return import_module(below)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        home = _table.GATHERED[self.__name__].get(name)
        if home is None:
            super().__setattr__(name, value)
        else:
            _REPLACED.setdefault(home, _resolve(home))
            module, _, attribute = home.partition(":")
            setattr(import_module(module), attribute, value)

    def __delattr__(self, name: str) -> None:
        """Undo an assignment: pytest and ``unittest.mock`` delete what they did not find in the module itself."""
        home = _table.GATHERED[self.__name__].get(name)
        if home is None:
            super().__delattr__(name)
        elif home in _REPLACED:
            setattr(self, name, _REPLACED.pop(home))
            del _REPLACED[home]
        else:
            raise AttributeError(f"{name!r} of module {self.__name__!r} was not replaced, and belongs to {home}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_table.GATHERED[self.__name__], *_table.children(self.__name__)})


def _resolve(home: str) -> Any:
    """The object that the table names as ``module:attribute``."""
    module, _, attribute = home.partition(":")
    return getattr(import_module(module), attribute)


class _Shared(importlib.abc.Loader):
    """Loads a module of terrazzo under a second name: the same object, which keeps the specification it had."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.spec: importlib.machinery.ModuleSpec | None = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = import_module(self.target)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has just put the one of the second name there


class _Gatherer(importlib.abc.Loader):
    """Makes the modules of the table."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return Gathered(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__doc__ = f"Objects of terrazzo that zarr-python has in {module.__name__}."
        vars(module)["__all__"] = [name for name in _table.GATHERED[module.__name__] if not name.startswith("_")]


class _Finder(importlib.abc.MetaPathFinder):
    """Finds every module below ``zarr`` that is not a file of this distribution."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("zarr."):
            return None
        if fullname in _table.GATHERED:
            return importlib.machinery.ModuleSpec(
                fullname, _Gatherer(), is_package=bool(_table.children(fullname)), origin="terrazzo"
            )
        shared = _table.shared_with(fullname)
        if shared is None or importlib.util.find_spec(shared) is None:
            return None
        loader = _Shared(shared)
        return importlib.machinery.ModuleSpec(fullname, loader, origin=shared, is_package=True)


def install() -> None:
    """Have Python ask the table first."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
