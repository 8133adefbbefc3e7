# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.grid import ChunkGridMetadata as ChunkGridMetadata
from terrazzo.grid import RegularChunkGridMetadata as RegularChunkGrid
from terrazzo.grid import RegularChunkGridMetadata as RegularChunkGridMetadata
from terrazzo.grid.rectilinear import RectilinearChunkGridMetadata as RectilinearChunkGridMetadata
from terrazzo.metadata import ArrayV3Metadata as ArrayV3Metadata
from terrazzo.pipeline.chain import parse_codecs as parse_codecs
from zarr._own.common import parse_shapelike as parse_shapelike
from zarr._own.metadata import parse_dimension_names as parse_dimension_names
