"""Stores: where chunks and metadata documents are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrazzo.runtime.lazy import on_use
from terrazzo.storage.local import LocalStore
from terrazzo.storage.memory import MemoryStore
from terrazzo.storage.path import StoreLike, StorePath
from terrazzo.storage.wrapper import WrapperStore

if TYPE_CHECKING:
    from terrazzo.storage.fsspec import FsspecStore
    from terrazzo.storage.gpu import GpuMemoryStore
    from terrazzo.storage.logging import LoggingStore
    from terrazzo.storage.managed import ManagedMemoryStore
    from terrazzo.storage.mapping import MappingStore
    from terrazzo.storage.obstore import ObjectStore
    from terrazzo.storage.references import ReferenceStore
    from terrazzo.storage.sqlite import SQLiteStore
    from terrazzo.storage.zip import ZipStore

__all__ = [
    "FsspecStore",
    "GpuMemoryStore",
    "LocalStore",
    "LoggingStore",
    "ManagedMemoryStore",
    "MappingStore",
    "MemoryStore",
    "ObjectStore",
    "ReferenceStore",
    "SQLiteStore",
    "StoreLike",
    "StorePath",
    "WrapperStore",
    "ZipStore",
]

ON_USE = {
    "MappingStore": "terrazzo.storage.mapping",
    "ManagedMemoryStore": "terrazzo.storage.managed",
    "LoggingStore": "terrazzo.storage.logging",
    "GpuMemoryStore": "terrazzo.storage.gpu",
    "FsspecStore": "terrazzo.storage.fsspec",
    "ObjectStore": "terrazzo.storage.obstore",
    "ReferenceStore": "terrazzo.storage.references",
    "SQLiteStore": "terrazzo.storage.sqlite",
    "ZipStore": "terrazzo.storage.zip",
}
"""Stores whose modules are imported when somebody asks for them."""


__getattr__ = on_use(__name__, ON_USE)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
