"""Which chunks of an array are stored: from a listing, so that what is declared and absent costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

from terrazzo.errors import context
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.storage import StorePath
from terrazzo.types import ChunkCoords

__all__ = ["stored_chunks"]


async def stored_chunks(
    io: ChunkIO, place: StorePath, *, outside: bool = False
) -> AsyncIterator[tuple[ChunkCoords, str]]:
    """Coordinates and key of every stored chunk.

    Parameters
    ----------
    outside
        Whether chunks are listed too that lie outside the shape of the array.
    """
    encoding = io.metadata.chunk_key_encoding
    ndim = io.grid.ndim
    with context("while listing", place.prefix, place.store):
        async for key in place.store.list_prefix(place.prefix):
            try:
                coords = encoding.decode_chunk_key(key.removeprefix(place.prefix))
            except ValueError:
                continue  # a metadata document, or somebody else's
            if ndim == 0 and key == io.key_of(()):
                coords = ()
            if len(coords) == ndim and (outside or io.grid.contains(coords)):
                yield coords, key
