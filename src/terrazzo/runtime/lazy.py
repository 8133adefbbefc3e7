"""What is imported when it is first needed: asyncio, and names of packages whose modules are rarely used.

asyncio takes 28 of the 130 ms that importing terrazzo would take, and a program that only blocks never needs it;
``concurrent.futures``, which needs logging, takes 3.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["LazyModule", "on_use"]


class LazyModule:
    """Stands for a module until something in it is asked for."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self.__name__), name)
        setattr(self, name, found)
        return found


def on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the ``__getattr__`` of a package that imports the modules behind some of its names when they are named.

    Parameters
    ----------
    homes
        Modules by the names that they have; ``.time`` is one of the package itself.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(homes[name], package), name)
        setattr(sys.modules[package], name, found)
        return found

    return find
