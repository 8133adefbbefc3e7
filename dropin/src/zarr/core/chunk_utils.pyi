# Made by dropin/make_stubs.py from the table; changes are lost.
from zarr._own.chunks import ChunkTransform as ChunkTransform
