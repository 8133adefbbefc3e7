"""Where the modules and names of zarr-python are in terrazzo.

A public package of zarr-python is the package of terrazzo of the same name. Private modules that other packages
import gather objects: a row is the name there, and ``module:attribute`` here.
"""

from __future__ import annotations

__all__ = ["GATHERED", "children", "is_module", "shared_with"]

PUBLIC = (
    "abc",
    "api",
    "buffer",
    "codecs",
    "dtype",
    "errors",
    "experimental",
    "metadata",
    "registry",
    "storage",
    "testing",
    "types",
)
"""Packages whose modules are those of terrazzo."""

SHARED = {
    "zarr.codecs.vlen_utf8": "terrazzo.codecs.vlen",
    "zarr.core.attributes": "terrazzo.nodes.attributes",
    "zarr.core.buffer.cpu": "terrazzo.buffer.cpu",
    "zarr.core.buffer.gpu": "terrazzo.buffer.gpu",
    "zarr.core.config": "terrazzo.settings",
    "zarr.core.dtype": "terrazzo.dtype",
}
"""Private modules whose names are all in one module of terrazzo."""


def _all(module: str, *names: str) -> dict[str, str]:
    """Rows for names that a module of terrazzo has, too."""
    return {name: f"{module}:{name}" for name in names}


_NODES = {
    "Array": "terrazzo.nodes.array:Array",
    "AsyncArray": "terrazzo.nodes.async_array:AsyncArray",
    "AsyncGroup": "terrazzo.nodes.async_group:AsyncGroup",
    "Group": "terrazzo.nodes.group:Group",
}
_V2 = _all("terrazzo.metadata", "ArrayV2Metadata")
_V3 = _all("terrazzo.metadata", "ArrayV3Metadata")
_GRIDS = {
    **_all("terrazzo.grid", "ChunkGridMetadata", "RegularChunkGridMetadata"),
    **_all("terrazzo.grid.rectilinear", "RectilinearChunkGridMetadata"),
}
_PIPELINES = {
    "BatchedCodecPipeline": "terrazzo.pipeline.batch:BatchedCodecPipeline",
    "FusedCodecPipeline": "terrazzo.pipeline.batch:BatchedCodecPipeline",
}
_NUMCODECS = (
    "AsType",
    "BZ2",
    "BitRound",
    "Blosc",
    "Delta",
    "FixedScaleOffset",
    "Fletcher32",
    "GZip",
    "LZ4",
    "LZMA",
    "PCodec",
    "PackBits",
    "Quantize",
    "Shuffle",
    "ZFPY",
    "Zlib",
    "Zstd",
)
_CONVENIENCE = (
    "consolidate_metadata",
    "copy",
    "copy_all",
    "copy_store",
    "load",
    "open",
    "open_consolidated",
    "save",
    "save_array",
    "save_group",
    "tree",
)
_CREATION = (
    "array",
    "create",
    "empty",
    "empty_like",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "open_array",
    "open_like",
    "zeros",
    "zeros_like",
)

GATHERED: dict[str, dict[str, str]] = {
    "zarr.core": _NODES | _all("terrazzo.pipeline.batch", "BatchedCodecPipeline"),
    "zarr.core._info": _all("terrazzo.nodes.report", "ArrayInfo", "GroupInfo"),
    "zarr.core._tree": _all("terrazzo.nodes.tree", "TreeRepr"),
    "zarr.core.array": {
        **_all("zarr._own.arrays", "_parse_keep_array_attr", "init_array"),
        **{name: _NODES[name] for name in ("Array", "AsyncArray")},
        **_all(
            "terrazzo.nodes.defaults",
            "ChunksLike",
            "CompressorsLike",
            "DEFAULT_FILL_VALUE",
            "DefaultFillValue",
            "FiltersLike",
            "SerializerLike",
        ),
        "CompressorLike": "terrazzo.nodes.defaults:CompressorsLike",
        **_all("terrazzo.nodes.sharding", "ShardsConfigParam", "ShardsLike"),
        **_all("terrazzo.api.synchronous", "create_array", "from_array"),
    },
    "zarr.core.array_spec": _all("terrazzo.spec", "ArrayConfig", "ArrayConfigLike", "ArrayConfigParams", "ArraySpec"),
    "zarr.core.buffer": {
        **_all("terrazzo.buffer", "Buffer", "BufferPrototype", "NDBuffer", "default_buffer_prototype"),
        **_all("terrazzo.buffer.base", "ArrayLike", "NDArrayLike"),
        **_all("terrazzo.buffer.cpu", "numpy_buffer_prototype"),
    },
    "zarr.core.buffer.core": {
        **_all("terrazzo.buffer.base", "ArrayLike", "Buffer", "BufferPrototype", "NDArrayLike", "NDBuffer"),
        **_all("terrazzo.buffer", "default_buffer_prototype"),
    },
    "zarr.core.chunk_grids": {
        **_all("terrazzo.grid", "ChunkGrid"),
        **_all("terrazzo.experimental", "ChunkSpec"),
        "RegularChunkGrid": "terrazzo.grid:RegularChunkGridMetadata",  # there until 3.1
        "_guess_chunks": "zarr._own.arrays:_guess_chunks",
    },
    "zarr.core.chunk_key_encodings": _all(
        "terrazzo.grid",
        "ChunkKeyEncoding",
        "ChunkKeyEncodingLike",
        "ChunkKeyEncodingParams",
        "DefaultChunkKeyEncoding",
        "V2ChunkKeyEncoding",
    ),
    "zarr.core.chunk_utils": _all("zarr._own.chunks", "ChunkTransform"),
    "zarr.core.codec_pipeline": _PIPELINES,
    "zarr.core.common": {
        **_all(
            "terrazzo.types",
            "AccessModeLiteral",
            "BytesLike",
            "ChunkCoords",
            "DimensionNames",
            "JSON",
            "MemoryOrder",
            "NamedConfig",
            "ShapeLike",
            "ZarrFormat",
        ),
        **_all("zarr._own.common", "concurrent_map", "parse_named_configuration", "parse_shapelike"),
    },
    "zarr.core.dtype.common": {
        **_all("terrazzo.dtype.base", "DTypeConfig_V2", "DTypeJSON"),
        **_all("terrazzo.dtype.forms", "DTypeSpec_V2", "DTypeSpec_V3"),
        **_all("terrazzo.dtype.mixins", "HasEndianness", "HasItemSize", "HasLength", "HasObjectCodec"),
        **_all("terrazzo.errors", "DataTypeValidationError", "UnstableSpecificationWarning"),
    },
    "zarr.core.dtype.wrapper": _all(
        "terrazzo.dtype.base", "TBaseDType", "TBaseScalar", "TDType_co", "TScalar_co", "ZDType"
    ),
    "zarr.core.dtype.registry": _all("terrazzo.dtype.registry", "DataTypeRegistry"),
    "zarr.core.group": {
        **{name: _NODES[name] for name in ("AsyncGroup", "Group")},
        **_all("terrazzo.metadata.group", "ConsolidatedMetadata", "GroupMetadata"),
    },
    "zarr.core.indexing": {
        **_all("terrazzo.nodes.accessors", "AsyncOIndex", "AsyncVIndex", "BlockIndex", "OIndex", "VIndex"),
        **_all(
            "terrazzo.indexing",
            "BasicIndexer",
            "BasicSelection",
            "BlockIndexer",
            "ChunkProjection",
            "CoordinateIndexer",
            "Indexer",
            "MaskIndexer",
            "OrthogonalIndexer",
            "Selection",
            "SelectorTuple",
        ),
        "is_integer": "terrazzo.indexing.arrays:is_integer",
    },
    "zarr.core.metadata": _all("terrazzo.metadata", "ArrayMetadata", "ArrayV2Metadata", "ArrayV3Metadata"),
    "zarr.core.metadata.io": _all("zarr._own.metadata", "save_metadata"),
    "zarr.core.metadata.v2": _V2,
    "zarr.core.metadata.v3": {
        **_V3,
        **_GRIDS,
        "RegularChunkGrid": "terrazzo.grid:RegularChunkGridMetadata",
        "parse_codecs": "terrazzo.pipeline.chain:parse_codecs",
        **_all("zarr._own.common", "parse_shapelike"),
        **_all("zarr._own.metadata", "parse_dimension_names"),
    },
    "zarr.core.sync": _all(
        "zarr._own.sync",
        "SyncError",
        "SyncMixin",
        "_collect_aiterator",
        "_get_executor",
        "_get_loop",
        "cleanup_resources",
        "sync",
    ),
    "zarr.core.sync_group": _all("zarr._own.metadata", "get_node"),
    "zarr.codecs._v2": _all("zarr._own.codecs", "V2Codec"),
    "zarr.codecs.numcodecs._codecs": _all("terrazzo.codecs.numcodecs", *_NUMCODECS),
    "zarr.storage._common": {
        **_all("terrazzo.storage", "StoreLike", "StorePath"),
        **_all("zarr._own.stores", "make_store", "make_store_path"),
    },
    "zarr.convenience": _all("zarr._own.deprecated", *_CONVENIENCE),
    "zarr.creation": _all("zarr._own.deprecated", *_CREATION),
}
"""Names of the modules that gather."""


def shared_with(name: str) -> str | None:
    """The module of terrazzo that is the module `name` of zarr-python, or None for no such."""
    if name in SHARED:
        return SHARED[name]
    parts = name.split(".")
    return ".".join(["terrazzo", *parts[1:]]) if parts[1] in PUBLIC else None


def is_module(name: str) -> bool:
    """Whether the table itself has a module of this name."""
    return name in GATHERED or name in SHARED


def children(package: str) -> list[str]:
    """Names that the table has directly below a package."""
    below = {name.removeprefix(package + ".") for name in (*GATHERED, *SHARED) if name.startswith(package + ".")}
    own = set(PUBLIC) if package == "zarr" else set()
    return sorted({name.partition(".")[0] for name in below} | own)
