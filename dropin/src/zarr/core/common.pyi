# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.types import AccessModeLiteral as AccessModeLiteral
from terrazzo.types import BytesLike as BytesLike
from terrazzo.types import ChunkCoords as ChunkCoords
from terrazzo.types import DimensionNames as DimensionNames
from terrazzo.types import JSON as JSON
from terrazzo.types import MemoryOrder as MemoryOrder
from terrazzo.types import NamedConfig as NamedConfig
from terrazzo.types import ShapeLike as ShapeLike
from terrazzo.types import ZarrFormat as ZarrFormat
from zarr._own.common import concurrent_map as concurrent_map
from zarr._own.common import parse_named_configuration as parse_named_configuration
from zarr._own.common import parse_shapelike as parse_shapelike
