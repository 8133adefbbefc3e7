# Made by dropin/make_stubs.py from the table; changes are lost.
from terrazzo.api.synchronous import create_array as create_array
from terrazzo.api.synchronous import from_array as from_array
from terrazzo.nodes.array import Array as Array
from terrazzo.nodes.async_array import AsyncArray as AsyncArray
from terrazzo.nodes.defaults import ChunksLike as ChunksLike
from terrazzo.nodes.defaults import CompressorsLike as CompressorLike
from terrazzo.nodes.defaults import CompressorsLike as CompressorsLike
from terrazzo.nodes.defaults import DEFAULT_FILL_VALUE as DEFAULT_FILL_VALUE
from terrazzo.nodes.defaults import DefaultFillValue as DefaultFillValue
from terrazzo.nodes.defaults import FiltersLike as FiltersLike
from terrazzo.nodes.defaults import SerializerLike as SerializerLike
from terrazzo.nodes.sharding import ShardsConfigParam as ShardsConfigParam
from terrazzo.nodes.sharding import ShardsLike as ShardsLike
from zarr._own.arrays import _parse_keep_array_attr as _parse_keep_array_attr
from zarr._own.arrays import init_array as init_array
