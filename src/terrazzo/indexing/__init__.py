"""Selections: what a user writes in brackets, as chunks, parts of chunks, and places in the result."""

from __future__ import annotations

from terrazzo.indexing.basic import BasicIndexer
from terrazzo.indexing.projection import ChunkProjection, Indexer, SelectorTuple
from terrazzo.indexing.selection import BasicSelection, normalize_basic

__all__ = ["BasicIndexer", "BasicSelection", "ChunkProjection", "Indexer", "SelectorTuple", "normalize_basic"]
