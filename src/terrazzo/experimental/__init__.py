"""Names that zarr-python has under ``zarr.experimental``: they may change."""

from __future__ import annotations

from terrazzo.grid import ChunkGrid
from terrazzo.grid.chunk import ChunkSpec

__all__ = ["ChunkGrid", "ChunkSpec"]
