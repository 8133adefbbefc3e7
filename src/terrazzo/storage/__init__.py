"""Stores: where chunks and metadata documents are kept."""

from __future__ import annotations

from terrazzo.storage.local import LocalStore
from terrazzo.storage.memory import MemoryStore
from terrazzo.storage.path import StoreLike, StorePath
from terrazzo.storage.wrapper import WrapperStore

__all__ = ["LocalStore", "MemoryStore", "StoreLike", "StorePath", "WrapperStore"]
