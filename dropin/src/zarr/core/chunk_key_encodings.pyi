# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.grid import ChunkKeyEncoding as ChunkKeyEncoding
from terrazzo.grid import ChunkKeyEncodingLike as ChunkKeyEncodingLike
from terrazzo.grid import ChunkKeyEncodingParams as ChunkKeyEncodingParams
from terrazzo.grid import DefaultChunkKeyEncoding as DefaultChunkKeyEncoding
from terrazzo.grid import V2ChunkKeyEncoding as V2ChunkKeyEncoding
