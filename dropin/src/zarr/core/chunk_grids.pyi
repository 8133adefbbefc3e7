# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.experimental import ChunkSpec as ChunkSpec
from terrazzo.grid import ChunkGrid as ChunkGrid
from terrazzo.grid import RegularChunkGridMetadata as RegularChunkGrid
from zarr._own.arrays import _guess_chunks as _guess_chunks
