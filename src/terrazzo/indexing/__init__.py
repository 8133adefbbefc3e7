"""Selections: what a user writes in brackets, as chunks, parts of chunks, and places in the result."""

from __future__ import annotations

from terrazzo.indexing.arrays import is_integer
from terrazzo.indexing.basic import BasicIndexer
from terrazzo.indexing.block import BlockIndexer
from terrazzo.indexing.coordinate import CoordinateIndexer
from terrazzo.indexing.kinds import check_fields, is_plain, kind_of, pop_fields, run_of
from terrazzo.indexing.mask import MaskIndexer, as_mask
from terrazzo.indexing.orthogonal import OrthogonalIndexer
from terrazzo.indexing.projection import ChunkProjection, Indexer, SelectorTuple
from terrazzo.indexing.selection import (
    BasicSelection,
    CoordinateSelection,
    Fields,
    MaskSelection,
    OrthogonalSelection,
    Selection,
    normalize_basic,
    normalize_orthogonal,
)

__all__ = [
    "BasicIndexer",
    "BasicSelection",
    "BlockIndexer",
    "ChunkProjection",
    "CoordinateIndexer",
    "CoordinateSelection",
    "Fields",
    "Indexer",
    "MaskIndexer",
    "MaskSelection",
    "OrthogonalIndexer",
    "OrthogonalSelection",
    "Selection",
    "SelectorTuple",
    "as_mask",
    "check_fields",
    "is_integer",
    "is_plain",
    "kind_of",
    "normalize_basic",
    "normalize_orthogonal",
    "pop_fields",
    "run_of",
]
