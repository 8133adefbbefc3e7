"""What packages ask of ``zarr`` itself: versions, identities, deprecated names, settings."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
from importlib.metadata import entry_points, version

import numpy as np
import pytest
import zarr
import zarr.core.sync

import terrazzo


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
    )
    return done.stdout.strip()


def test_versions():
    assert zarr.__version__ == "3.4.2"
    assert version("zarr") == f"3.4.2+terrazzo.{terrazzo.__version__}"


def test_everything_promised_is_there():
    assert {name for name in zarr.__all__ if not hasattr(zarr, name)} == set()
    assert set(zarr.__all__) <= set(dir(zarr))


def test_objects_are_those_of_terrazzo(tmp_path):
    array = terrazzo.create_array(tmp_path, shape=4, dtype="i4")
    assert type(array) is zarr.Array
    assert isinstance(array.async_array, zarr.AsyncArray)
    assert pickle.loads(pickle.dumps(array)) == array


def test_star_import():
    names: dict[str, object] = {}
    exec("from zarr import *", names)
    assert names["open_group"] is terrazzo.open_group


def test_a_subclass_of_a_store_by_its_name_in_zarr_is_a_store():
    class Mine(zarr.storage.MemoryStore):
        pass

    store = Mine()
    zarr.create_array(store, shape=3, dtype="i2")[:] = [1, 2, 3]
    assert zarr.open_array(store)[:].tolist() == [1, 2, 3]


def test_class_paths_in_settings_may_be_spelled_with_zarr():
    with zarr.config.set(
        {
            "codecs.blosc": "zarr.codecs.blosc.BloscCodec",
            "buffer": "zarr.buffer.cpu.Buffer",
            "ndbuffer": "zarr.core.buffer.cpu.NDBuffer",
            "codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline",
        }
    ):
        array = zarr.create_array({}, shape=8, dtype="i4", compressors=zarr.codecs.BloscCodec())
        array[:] = 5
        assert array[:].tolist() == [5] * 8


def test_variables_named_after_zarr():
    ask = "import zarr; print(zarr.config.get('array.order'), zarr.config.get('async.concurrency'))"
    assert run(ask, ZARR_ARRAY__ORDER="F", ZARR_ASYNC__CONCURRENCY="3") == "F 3"
    assert run(ask, ZARR_ARRAY__ORDER="F", TERRAZZO_ARRAY__ORDER="C", ZARR_ASYNC__CONCURRENCY="3") == "C 3"
    again = "import zarr; zarr.config.set({'async.concurrency': 4}); zarr.config.reset();" + ask
    assert run(again, ZARR_ASYNC__CONCURRENCY="3") == "C 3"


def test_settings_made_before_the_import_stay():
    assert run("import terrazzo; terrazzo.config.set({'async.concurrency': 4}); import zarr;"
               "print(zarr.config.get('async.concurrency'))") == "4"  # fmt: skip


def test_sync_runs_on_the_background_loop():
    array = zarr.create_array({}, shape=4, dtype="i4")
    array[:] = [1, 2, 3, 4]
    assert zarr.core.sync.sync(array.async_array.getitem(slice(1, 3))).tolist() == [2, 3]

    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert zarr.core.sync.sync(where()) is zarr.core.sync._get_loop()


def test_sync_on_the_loop_itself_is_refused():
    async def nested() -> None:
        zarr.core.sync.sync(asyncio.sleep(0))

    with pytest.raises(zarr.core.sync.SyncError):
        zarr.core.sync.sync(nested())

    async def on_my_loop() -> None:
        zarr.core.sync.sync(asyncio.sleep(0), loop=asyncio.get_running_loop())

    with pytest.raises(zarr.core.sync.SyncError):
        asyncio.run(on_my_loop())


def test_sync_times_out():
    with pytest.raises(TimeoutError):
        zarr.core.sync.sync(asyncio.sleep(60), timeout=0.01)


def test_the_executor_is_made_anew_after_a_cleanup():
    pool = zarr.core.sync._get_executor()
    assert pool.submit(lambda: 3).result() == 3
    loop = zarr.core.sync._get_loop()
    zarr.core.sync.cleanup_resources()
    assert loop.is_closed()
    assert zarr.core.sync._get_executor() is not pool
    zarr.core.sync.cleanup_resources()
    zarr.core.sync.cleanup_resources()


def test_a_mixin_blocks_on_coroutines():
    class Mine(zarr.core.sync.SyncMixin):
        def three(self) -> int:
            async def give() -> int:
                return 3

            return self._sync(give())

        def some(self) -> list[int]:
            async def count():
                yield 1
                yield 2

            return self._sync_iter(count())

    assert (Mine().three(), Mine().some()) == (3, [1, 2])


def test_deprecated_functions_warn_and_work():
    import zarr.convenience
    import zarr.creation

    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match=r"zarr\.creation\.create is deprecated"):
        array = zarr.creation.create((3,), dtype="i4")
    store: dict[str, object] = {}
    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match=r"zarr\.convenience\.save is deprecated"):
        zarr.convenience.save(store, np.arange(3))
    assert array.shape == zarr.open_array(store).shape


def test_deprecated_methods_warn_and_work():
    group = zarr.create_group({})
    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match=r"Group\.create_dataset is deprecated"):
        made = group.create_dataset("a", shape=(3,), dtype="i4")
    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match=r"Group\.require_dataset is deprecated"):
        assert group.require_dataset("a", shape=(3,), dtype="i4") == made
    with pytest.warns(zarr.errors.ZarrDeprecationWarning, match=r"Array\.create is deprecated"):
        assert zarr.Array.create({}, shape=(2,), dtype="u1").shape == (2,)


def test_init_array_and_documents():
    from zarr.core.array import init_array
    from zarr.core.metadata.io import save_metadata
    from zarr.core.metadata.v3 import parse_dimension_names
    from zarr.core.sync_group import get_node
    from zarr.storage._common import make_store_path

    store: dict[str, object] = {}
    place = zarr.core.sync.sync(make_store_path(store, path="a"))
    made = zarr.core.sync.sync(init_array(store_path=place, shape=(4,), dtype="f8", chunks=(2,)))
    assert get_node(place.store, "a", 3).chunks == made.chunks == (2,)
    zarr.core.sync.sync(save_metadata(place, made.metadata.update_attributes({"unit": "m"})))
    assert dict(zarr.open_array(store, path="a").attrs) == {"unit": "m"}
    deep = zarr.core.sync.sync(make_store_path(store, path="deep/er/b"))
    zarr.core.sync.sync(save_metadata(deep, made.metadata, ensure_parents=True))
    assert set(store) >= {"zarr.json", "deep/zarr.json", "deep/er/zarr.json", "deep/er/b/zarr.json"}
    assert parse_dimension_names(["x", None]) == ("x", None)
    assert parse_dimension_names(None) is None


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_what_keeping_means(zarr_format):
    from zarr.core.array import _parse_keep_array_attr

    source = zarr.create_array({}, shape=(4, 6), dtype="i4", chunks=(2, 3), fill_value=7, zarr_format=zarr_format)
    chunks, shards, filters, compressors, *_, fill_value, _order, kept, encoding, _names, _attributes = (
        _parse_keep_array_attr(source, *["keep"] * 5, None, None, None, None, None, None)
    )
    assert (chunks, shards, fill_value, kept) == ((2, 3), None, 7, zarr_format)
    assert (filters, compressors) == (source.filters, source.compressors)
    assert encoding == source.metadata.chunk_key_encoding
    assert _parse_keep_array_attr([1, 2], *["keep"] * 5, None, None, None, None, None, None)[0] == "auto"


@pytest.mark.parametrize("order", ["C", "F"])
def test_v2_codec_round_trip_of_text(order):
    from zarr.codecs._v2 import V2Codec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import default_buffer_prototype

    source = np.array([["grüße", "", "a"], ["b", "cc", "ddd"]], dtype=object)
    stored = zarr.create_array({}, data=source, dtype=str, zarr_format=2, order=order)
    prototype = default_buffer_prototype()
    spec = ArraySpec((2, 3), stored.metadata.dtype, "", stored.config, prototype)
    codec = V2Codec(filters=stored.metadata.filters, compressor=stored.metadata.compressor)
    encoded = codec._encode_sync(prototype.nd_buffer.from_numpy_array(source), spec)
    assert codec._decode_sync(encoded, spec).as_numpy_array().tolist() == source.tolist()


def test_v2_codec_round_trip():
    from numcodecs import Delta, Zlib
    from zarr.codecs._v2 import V2Codec
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import default_buffer_prototype

    array = zarr.create_array({}, shape=6, dtype="i4")
    prototype = default_buffer_prototype()
    spec = ArraySpec((6,), array.metadata.data_type, 0, array.config, prototype)
    codec = V2Codec(filters=(Delta(dtype="i4"),), compressor=Zlib())
    chunk = prototype.nd_buffer.from_numpy_array(np.arange(6, dtype="i4") ** 2)
    encoded = codec._encode_sync(chunk, spec)
    assert codec._decode_sync(encoded, spec).as_numpy_array().tolist() == [0, 1, 4, 9, 16, 25]


def test_chunk_transform_round_trip():
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import default_buffer_prototype
    from zarr.core.chunk_utils import ChunkTransform

    array = zarr.create_array({}, shape=6, dtype="i4", compressors=None)
    prototype = default_buffer_prototype()
    spec = ArraySpec((6,), array.metadata.data_type, 0, array.config, prototype)
    transform = ChunkTransform(codecs=tuple(array.metadata.codecs))
    chunk = prototype.nd_buffer.from_numpy_array(np.arange(6, dtype="i4"))
    encoded = transform.encode_chunk(chunk, spec)
    assert transform.compute_encoded_size(24, spec) == len(encoded)
    assert transform.decode_chunk(encoded, spec).as_numpy_array().tolist() == list(range(6))


def test_private_members_of_metadata():
    from zarr.core.group import ConsolidatedMetadata
    from zarr.metadata.migrate_v3 import _convert_array_metadata

    root = zarr.create_group({})
    made = root.create_group("a").create_array("b", shape=(4,), dtype="i4")
    flat = {path: node.metadata for path, node in root.members(max_depth=None)}
    ConsolidatedMetadata._flat_to_nested(flat)
    assert list(flat) == ["a"]
    assert flat["a"].consolidated_metadata.metadata["b"].to_dict() == made.metadata.to_dict()
    old = zarr.create_array({}, shape=(4,), dtype="i4", zarr_format=2, attributes={"unit": "m"})
    new = _convert_array_metadata(old.metadata)
    assert (new.zarr_format, new.shape, new.attributes) == (3, (4,), {"unit": "m"})


def test_private_members_of_nodes():
    array = zarr.create_array({}, shape=(4,), dtype="i4", chunks=(2,))
    assert array._chunk_grid == array._async_array._chunk_grid
    group = zarr.create_group({})
    assert group._sync(group._async_group.nmembers()) == 0
    changed = array.metadata.update_attributes({"unit": "m"})
    zarr.core.sync.sync(array._async_array._save_metadata(changed))
    assert dict(zarr.open_array(array.store_path).attrs) == {"unit": "m"}
    group.store._store_dict.clear()
    zarr.core.sync.sync(group._async_group._save_metadata())
    assert zarr.open_group(group.store_path).metadata == group.metadata


def test_entry_points():
    scripts = {entry.name: entry.value for entry in entry_points(group="console_scripts")}
    plugins = {entry.name: entry.value for entry in entry_points(group="pytest11")}
    assert scripts["zarr"] == "terrazzo.cli:main"
    assert "terrazzo.testing" in plugins.values()  # zarr.testing is the same module, and registered once


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ({"name": "x", "configuration": {"a": 1}}, {}, ("x", {"a": 1})),
        ({"name": "x"}, {"require_configuration": False}, ("x", None)),
        ("x", {"require_configuration": False}, ("x", None)),
        ({"name": "x", "configuration": {}}, {"expected_name": "x"}, ("x", {})),
    ],
)
def test_named_configurations(data, options, expected):
    from zarr.core.common import parse_named_configuration

    positional = [options.pop("expected_name")] if "expected_name" in options else []
    assert parse_named_configuration(data, *positional, **options) == expected


@pytest.mark.parametrize(
    ("data", "positional", "error"),
    [
        (3, (), TypeError),
        ("x", (), TypeError),
        ({"configuration": {}}, (), ValueError),
        ({"name": "x"}, (), ValueError),
        ({"name": "x", "configuration": {}}, ("y",), ValueError),
    ],
)
def test_wrong_named_configurations(data, positional, error):
    from zarr.core.common import parse_named_configuration

    with pytest.raises(error):
        parse_named_configuration(data, *positional)


def test_concurrent_map_keeps_the_order():
    from zarr.core.common import concurrent_map

    async def double(number: int) -> int:
        await asyncio.sleep(0.001 * (3 - number))
        return 2 * number

    assert asyncio.run(concurrent_map([(1,), (2,), (3,)], double, 2)) == [2, 4, 6]
