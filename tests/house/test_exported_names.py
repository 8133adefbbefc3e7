"""The public names. Adding one is a promise, removing one breaks a caller: either changes a list here."""

import importlib

import pytest

from tests.house.source import FILES, SOURCE, module_of

API = (
    "array consolidate_metadata copy copy_all copy_store create create_array create_group create_hierarchy empty "
    "empty_like from_array full full_like group load migrate_v2_to_v3 ones ones_like open open_array "
    "open_consolidated open_group open_like rechunk remove_metadata save save_array save_group tree "
    "verify zeros zeros_like"
)
PUBLIC = {
    "terrazzo": (
        f"Array AsyncArray AsyncGroup Group __version__ config print_debug_info set_format set_log_level {API}"
    ),
    "terrazzo.api.asynchronous": API,
    "terrazzo.api.synchronous": API,
    "terrazzo.abc.buffer": "ArrayLike Buffer BufferPrototype NDArrayLike NDBuffer",
    "terrazzo.abc.byte_range": (
        "ByteRequest Fetch OffsetByteRequest RangeByteRequest SuffixByteRequest coalesce resolve"
    ),
    "terrazzo.abc.codec": (
        "ArrayArrayCodec ArrayBytesCodec ArrayBytesCodecPartialDecodeMixin ArrayBytesCodecPartialEncodeMixin BaseCodec "
        "BytesBytesCodec Codec CodecInput CodecJSON CodecJSON_V2 CodecJSON_V3 "
        "CodecOutput CodecPipeline GetResult SupportsDecodeAtMost "
        "SupportsDecodeInto SupportsDecodeSized SupportsEstimatedSize SupportsMany SupportsMemoryLayout "
        "SupportsSubchunks "
        "Subchunks SupportsSyncCodec has_sync_methods is_inline_codec"
    ),
    "terrazzo.abc.key": "split_prefix validate_key validate_prefix",
    "terrazzo.abc.foreign": "Dialect NATIVE dialect_of is_of_kind",
    "terrazzo.abc.metadata": "Metadata configuration_of from_configuration parse_named",
    "terrazzo.abc.numcodec": "Numcodec",
    "terrazzo.abc.store": (
        "ByteGetter ByteRequest ByteSetter OffsetByteRequest RangeByteRequest Store SuffixByteRequest "
        "SupportsDeleteSync SupportsGetSync SupportsSetSync SupportsSyncStore SyncByteGetter SyncByteSetter "
        "set_or_delete split_prefix validate_key "
        "validate_prefix"
    ),
    "terrazzo.abc.update": "Change change_versioned update",
    "terrazzo.abc.value": "GetterValue PassingVersion StoreValue Value ValuePart",
    "terrazzo.buffer": "Buffer BufferPrototype NDBuffer cpu default_buffer_prototype gpu",
    "terrazzo.buffer.base": "ArrayLike Buffer BufferPrototype NDArrayLike NDBuffer",
    "terrazzo.buffer.cpu": "Buffer NDBuffer as_numpy_array_wrapper buffer_prototype numpy_buffer_prototype",
    "terrazzo.buffer.foreign": "adopt_array adopt_prototype own_buffer",
    "terrazzo.buffer.gpu": "Buffer NDBuffer buffer_prototype",
    "terrazzo.buffer.patch": "Patch",
    "terrazzo.metadata.migrate_v3": "migrate_to_v3 migrate_v2_to_v3 remove_metadata",
    "terrazzo.codecs": (
        "BitRoundCodec BloscCname BloscCodec BloscShuffle BytesCodec CastValue Crc32cCodec Endian GzipCodec "
        "PackBitsCodec ScaleOffset ShardingCodec ShardingCodecIndexLocation SubchunkWriteOrder TransposeCodec "
        "VLenBytesCodec VLenUTF8Codec ZstdCodec"
    ),
    "terrazzo.codecs.numcodecs": (
        "Adler32 AsType BZ2 BitRound Blosc CRC32 CRC32C Delta FixedScaleOffset Fletcher32 GZip JenkinsLookup3 LZ4 LZMA "
        "PCodec PackBits Quantize Shuffle ZFPY Zlib Zstd _NumcodecsArrayArrayCodec _NumcodecsArrayBytesCodec "
        "_NumcodecsBytesBytesCodec _NumcodecsCodec"
    ),
    "terrazzo.dtype": (
        "Bool Complex128 Complex64 DTypeJSON DTypeSpec_V2 DataTypeRegistry DateTime64 DateTime64JSON_V2 "
        "DateTime64JSON_V3 FixedLengthUTF32 FixedLengthUTF32JSON_V2 FixedLengthUTF32JSON_V3 Float16 Float32 Float64 "
        "Int16 Int32 Int64 Int8 MLComplex MLFloat MLInteger NullTerminatedBytes NullTerminatedBytesJSON_V3 "
        "NullterminatedBytesJSON_V2 RawBytes RawBytesJSON_V2 RawBytesJSON_V3 Struct StructJSON_V3 Structured "
        "StructuredJSON_V2 StructuredJSON_V3 TimeDelta64 TimeDelta64JSON_V2 TimeDelta64JSON_V3 UInt16 UInt32 UInt64 "
        "UInt8 VariableLengthBytes VariableLengthBytesJSON_V2 VariableLengthUTF8 VariableLengthUTF8JSON_V2 ZDType "
        "ZDTypeLike check_dtype_spec_no_object_codec_v2 check_dtype_spec_v2 data_type_registry parse_dtype"
    ),
    "terrazzo.errors": (
        "ArrayIndexError ArrayNotFoundError BadConfigError BaseZarrError BoundsCheckError BroadcastError ChecksumError "
        "ChunkNotFoundError ConcurrentWriteError ContainsArrayAndGroupError ContainsArrayError ContainsGroupError "
        "CorruptDataError DataTypeValidationError ForeignFilesError GroupNotFoundError InvalidKeyError "
        "LimitExceededError "
        "MetadataValidationError NegativeStepError NodeNotFoundError NodeTypeValidationError PickleCodecDisabledError "
        "ShardIndexError StoreAccessError StoreError StoreTimeoutError StoreUnavailableError SuspendedError SyncError "
        "UnknownCodecError UnreadableMemberWarning UnstableSpecificationWarning UnwrittenError "
        "VindexInvalidSelectionError "
        "ZarrDeprecationWarning ZarrFutureWarning ZarrRuntimeWarning ZarrUserWarning add_context context quote warn"
    ),
    "terrazzo.experimental": "ChunkGrid ChunkSpec",
    "terrazzo.registry": (
        "Registry adopt_codec fully_qualified_name get_buffer_class get_chunk_key_encoding_class get_codec_class "
        "get_ndbuffer_class get_numcodec get_pipeline_class get_v2_codecs import_numcodecs "
        "register_buffer register_chunk_key_encoding "
        "register_codec register_ndbuffer register_pipeline"
    ),
    "terrazzo.storage": (
        "FsspecStore GpuMemoryStore LocalStore LoggingStore ManagedMemoryStore MappingStore MemoryStore ObjectStore "
        "ReferenceStore SQLiteStore StoreLike StorePath WrapperStore ZipStore"
    ),
    "terrazzo.testing": "StoreTests assert_bytes_equal pytest_configure pytest_fixture_setup pytest_pyfunc_call",
    "terrazzo.testing.buffer": "NDBufferUsingTestNDArrayLike StoreExpectingTestBuffer TestBuffer TestNDArrayLike",
    "terrazzo.testing.utils": "assert_bytes_equal gpu_mark gpu_test has_cupy skip_if_no_gpu",
    "terrazzo.testing.hierarchy": "ZarrHierarchyStateMachine",
    "terrazzo.testing.stateful": (
        "MAX_BINARY_SIZE SyncStoreWrapper ZarrHierarchyStateMachine ZarrStoreStateMachine split_prefix_name "
        "with_frequency"
    ),
    "terrazzo.testing.store": "LatencyStore StoreTests assert_bytes_equal blocking on_the_loop",
    "terrazzo.testing.store_checks": "CHECKS Check",
    "terrazzo.testing.store_samples": (
        "BACKWARDS HOSTILE HOSTILE_PREFIXES KEYS PROTOTYPE RANGES SIBLINGS everything fetch gather_ranges listed "
        "part_of put value_of"
    ),
    "terrazzo.testing.store_together": "TOGETHER",
    "terrazzo.testing.stores": "CountingStore FailingStore HookedStore LatencyStore Request SuspendingStore",
    "terrazzo.testing.strategies": (
        "CodecArguments TrueOrFalse array_metadata array_names array_shapes array_values arrays attributes attrs "
        "axis_slices basic_indices basic_selections block_indices block_selections block_test_arrays chunk_grids "
        "chunk_key_encodings chunk_paths chunk_shapes chunks_param_from_rectilinear clear_store codec_chains "
        "complex_rectilinear_arrays compressors coordinate_selections data_types dimension_names dtypes end_slices "
        "fill_values index_arrays is_negative_slice key_ranges keys masks node_names node_paths "
        "np_array_and_chunks numpy_arrays orthogonal_indices orthogonal_selections paths rectilinear_arrays "
        "rectilinear_chunk_grids rectilinear_chunk_shape_declarations rectilinear_chunks rectilinear_dim_edges "
        "safe_unicode_for_dtype scalars shapes shard_shapes sharded_arrays sharding_codecs sharding_inner_codecs "
        "short_node_names simple_arrays stores structured_dtypes subchunk_write_orders v2_dtypes v3_dtypes "
        "zarr_formats zarr_key_chars zdtypes"
    ),
    "terrazzo.testing.parts": (
        "CodecArguments array_values attributes axis_slices basic_selections block_selections chunk_key_encodings "
        "chunk_shapes codec_chains coordinate_selections data_types dtypes fill_values index_arrays masks "
        "node_names node_paths orthogonal_selections rectilinear_chunks scalars shapes shard_shapes "
        "sharding_codecs"
    ),
    "terrazzo.testing.keys": (
        "array_names attrs chunk_paths dimension_names key_ranges keys paths short_node_names zarr_key_chars"
    ),
    "terrazzo.testing.grids": (
        "chunk_grids chunks_param_from_rectilinear rectilinear_chunk_grids rectilinear_chunk_shape_declarations "
        "rectilinear_dim_edges"
    ),
    "terrazzo.testing.indices": (
        "TrueOrFalse basic_indices block_indices end_slices is_negative_slice orthogonal_indices"
    ),
    "terrazzo.testing.kinds": ("safe_unicode_for_dtype structured_dtypes v2_dtypes v3_dtypes zdtypes"),
    "terrazzo.testing.made": (
        "array_metadata array_shapes arrays block_test_arrays clear_store complex_rectilinear_arrays compressors "
        "np_array_and_chunks numpy_arrays rectilinear_arrays sharded_arrays sharding_inner_codecs simple_arrays "
        "stores subchunk_write_orders zarr_formats"
    ),
    "terrazzo.testing.sync_store": "SyncStoreWrapper split_prefix_name with_frequency",
    "terrazzo.types": (
        "AccessModeLiteral AnyArray AnyAsyncArray ArrayV2 ArrayV3 AsyncArrayV2 AsyncArrayV3 BytesLike ChunkCoords "
        "DTypeConfig_V2 DTypeJSON DimensionNames JSON MemoryOrder NamedConfig ShapeLike ZarrFormat"
    ),
}
WITHOUT_NAMES = ("terrazzo.abc", "terrazzo.api")
"""Packages whose modules are public, and that hold no names themselves."""


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_has_these_names(module):
    assert sorted(importlib.import_module(module).__all__) == sorted(PUBLIC[module].split())


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_there(module):
    imported = importlib.import_module(module)
    for name in PUBLIC[module].split():
        assert getattr(imported, name) is not None


@pytest.mark.parametrize("module", WITHOUT_NAMES)
def test_a_package_of_public_modules_holds_no_names(module):
    assert not hasattr(importlib.import_module(module), "__all__")


def test_every_module_of_a_public_package_is_pinned():
    public = {
        module_of(path)
        for path in FILES
        if path.parent in (SOURCE / "abc", SOURCE / "testing") or module_of(path).startswith("terrazzo.buffer")
    }
    assert public <= {*PUBLIC, *WITHOUT_NAMES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: module_of(path))
def test_a_module_lists_names_that_it_has(path):
    module = importlib.import_module(module_of(path))
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name), name


def test_the_package_tells_type_checkers_that_it_is_typed():
    assert (SOURCE / "py.typed").exists()


@pytest.mark.parametrize("module", PUBLIC)
def test_aliases_are_joined_to_other_types_at_run_time(module):
    """Packages write ``StoreLike | None`` in annotations that are evaluated, and text cannot be joined."""
    for name in PUBLIC[module].split():
        if name.endswith("Like") or module == "terrazzo.types":
            assert getattr(importlib.import_module(module), name) | None
