"""Which chunks of an array are stored: from a listing, so that what is declared and absent costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from terrazzo.errors import context
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.storage import StorePath
from terrazzo.types import ChunkCoords

__all__ = ["stored_chunks", "stored_keys"]


async def stored_chunks(
    io: ChunkIO, place: StorePath, *, outside: bool = False
) -> AsyncIterator[tuple[ChunkCoords, str]]:
    """Coordinates and key of every stored chunk.

    Parameters
    ----------
    outside
        Whether chunks are listed too that lie outside the shape of the array.
    """
    async for coords, key in stored_keys(io, place):
        if coords is not None and (outside or io.grid.contains(coords)):
            yield coords, key


async def stored_keys(io: ChunkIO, place: StorePath) -> AsyncIterator[tuple[ChunkCoords | None, str]]:
    """Every key below an array, with the coordinates of the chunk; None where it is not that of a chunk.

    Chunks may lie outside the shape of the array.
    """
    encoding = io.metadata.chunk_key_encoding
    ndim = io.grid.ndim
    with context("while listing", place.prefix, place.store):
        async for key in place.store.list_prefix(place.prefix):
            coords: ChunkCoords | None
            try:
                coords = encoding.decode_chunk_key(key.removeprefix(place.prefix))
            except ValueError:
                coords = None  # a metadata document, or somebody else's
            if ndim == 0 and key == io.key_of(()):
                coords = ()
            yield coords if coords is None or len(coords) == ndim else None, key
