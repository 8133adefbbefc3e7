import asyncio
import json
import os
import re
import subprocess
import sys
import threading

import numpy as np
import obstore.store
import pytest

import terrazzo
from terrazzo import registry
from terrazzo.buffer import cpu, default_buffer_prototype
from terrazzo.codecs import GzipCodec, ZstdCodec
from terrazzo.errors import (
    BadConfigError,
    ChunkNotFoundError,
    ForeignFilesError,
    LimitExceededError,
    MetadataValidationError,
    StoreUnavailableError,
    ZarrUserWarning,
)
from terrazzo.metadata.json import parse_document
from terrazzo.pipeline.batch import BatchedCodecPipeline
from terrazzo.pipeline.cache import chunks
from terrazzo.runtime import cpu_count
from terrazzo.settings import DEFAULTS, Config, config, current_options
from terrazzo.storage import MemoryStore, ObjectStore
from terrazzo.testing.stores import CountingStore, HookedStore, SuspendingStore


@pytest.fixture(autouse=True)
def settings_stay_as_they_were():
    yield
    config.refresh()


def flat(settings, prefix=""):
    """The keys of nested settings, joined by dots."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


KEYS = [*flat(DEFAULTS)]

# -- each setting does what it says


class Waiting(HookedStore):
    """Notes how many reads wait at once."""

    inline = False

    def __init__(self, store):
        super().__init__(store)
        self.waiting = self.most = 0

    async def get(self, key, prototype, byte_range=None):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        for _ in range(3):
            await terrazzo.runtime.pause()
        self.waiting -= 1
        return await self._store.get(key, prototype, byte_range)


class OwnBuffer(cpu.Buffer):
    pass


class OwnNDBuffer(cpu.NDBuffer):
    pass


class OwnPipeline(BatchedCodecPipeline):
    pass


class OwnCodec(GzipCodec):
    pass


def check_overwrite_foreign_files():
    store = MemoryStore({"readme.txt": cpu.Buffer.from_bytes(b"")})
    with pytest.raises(ForeignFilesError):
        terrazzo.create_group(store, overwrite=True)
    with config.set({"overwrite.foreign_files": True}):
        terrazzo.create_group(store, overwrite=True)
    assert list(store._store_dict) == ["zarr.json"]


def check_default_zarr_format():
    with config.set({"default_zarr_format": 2}):
        assert current_options().zarr_format == 2
        assert terrazzo.create((2,), store={}).metadata.zarr_format == 2


def check_json_indent():
    for indent, start in ((None, b'{"shape": [2], '), (0, b'{\n"shape"'), (4, b'{\n    "shape"')):
        store = {}
        with config.set({"json_indent": indent}):
            terrazzo.create_array(store, shape=(2,), dtype="i4")
        assert store["zarr.json"].to_bytes().startswith(start)


def check_array_order():
    array = terrazzo.create_array({}, data=np.zeros((2, 3)))
    assert array[...].flags.c_contiguous
    with config.set({"array.order": "F"}):
        assert terrazzo.open_array(array.store)[...].flags.f_contiguous
        assert array[...].flags.c_contiguous, "a handle keeps the order it was made with"


def check_array_write_empty_chunks():
    for stored, expected in ((True, 1), (False, 0)):
        with config.set({"array.write_empty_chunks": stored}):
            array = terrazzo.create_array({}, shape=(2,), dtype="i4")
        array[:] = 0
        assert array.nchunks_initialized == expected


def check_array_read_missing_chunks():
    with config.set({"array.read_missing_chunks": False}):
        array = terrazzo.create_array({}, shape=(2,), dtype="i4")
    with pytest.raises(ChunkNotFoundError):
        _ = array[:]


def check_array_checksum():
    with config.set({"array.checksum": True}):
        array = terrazzo.create_array({}, shape=(2,), dtype="i4")
    assert array.compressors == (ZstdCodec(level=0, checksum=True),)
    assert terrazzo.create_array({}, shape=(2,), dtype="i4").compressors == (ZstdCodec(level=0, checksum=False),)


def check_array_rectilinear_chunks():
    array = terrazzo.create_array({}, shape=(3,), chunks=[[1, 2]], dtype="i4")
    with config.set({"array.rectilinear_chunks": False}):
        for call in (
            lambda: terrazzo.create_array({}, shape=(3,), chunks=[[1, 2]], dtype="i4"),
            lambda: terrazzo.open_array(array.store),
        ):
            with pytest.raises(MetadataValidationError, match=r"array\.rectilinear_chunks"):
                call()


def requests_for_parts_of_a_shard(key, value):
    """How many requests read three of a hundred chunks of 10 bytes, with a setting."""
    store = CountingStore(SuspendingStore(MemoryStore()))
    terrazzo.create_array(store, data=np.arange(1000, dtype="u1"), chunks=10, shards=1000, compressors=None)
    with config.set({key: value}):
        array = terrazzo.open_array(store)
        _ = array[0]
        store.reset()
        assert array.oindex[[0, 25, 905]].tolist() == [0, 25, 905 % 256]
    return sum("get" in request.operation for request in store.requests)


def check_array_sharding_coalesce_max_gap_bytes():
    counts = [requests_for_parts_of_a_shard("array.sharding_coalesce_max_gap_bytes", gap) for gap in (0, 10, 1000)]
    assert counts == [3, 2, 1]


def check_array_sharding_coalesce_max_bytes():
    counts = [requests_for_parts_of_a_shard("array.sharding_coalesce_max_bytes", size) for size in (10, 30, 1000)]
    assert counts == [3, 2, 1]


def check_async_concurrency():
    store = Waiting(MemoryStore())
    array = terrazzo.create_array(store, shape=(20,), chunks=(1,), dtype="u1")
    for limit in (1, 3):
        store.most = 0
        with config.set({"async.concurrency": limit}):
            _ = array[:]
        assert store.most == limit


def check_async_timeout():
    class Stuck(SuspendingStore):
        inline = False

        async def before(self, request):
            if request.operation == "get" and request.key.startswith("c"):
                await terrazzo.runtime.pause(60)

    array = terrazzo.create_array(Stuck(MemoryStore()), shape=(2,), dtype="u1")
    with config.set({"async.timeout": 0.05}), pytest.raises(TimeoutError, match=r"0\.05"):
        _ = array[:]


def check_async_requests():
    async def ask(store):
        await asyncio.gather(*(store.exists(str(key)) for key in range(20)))
        return store.budget.most

    for limit in (1, 3):
        store = ObjectStore(obstore.store.MemoryStore())
        with config.set({"async.requests": limit}):
            assert asyncio.run(ask(store)) == limit


def attempts_of_a_request():
    made = []

    async def fail():
        made.append(1)
        raise ConnectionResetError

    with pytest.raises(StoreUnavailableError, match="get of 'a' failed, after"):
        asyncio.run(ObjectStore(obstore.store.MemoryStore())._ask("get", "a", fail))
    return len(made)


def check_retry_max_attempts():
    for most in (1, 3):
        with config.set({"retry.max_attempts": most}):
            assert attempts_of_a_request() == most


def check_retry_max_seconds():
    with config.set({"retry.max_seconds": 1e-9}):
        assert attempts_of_a_request() == 1


def check_threading_max_workers():
    with config.set({"threading.max_workers": 3}):
        assert cpu_count() == 3
    assert 1 <= cpu_count() <= os.cpu_count()


def check_limits_metadata_bytes():
    with config.set({"limits.metadata_bytes": 10}), pytest.raises(LimitExceededError, match="metadata_bytes"):
        parse_document(b'{"a":      1}')
    with config.set({"limits.metadata_bytes": None}):
        assert parse_document(b'{"a": 1}') == {"a": 1}


def check_limits_json_depth():
    with config.set({"limits.json_depth": 3}):
        assert parse_document(b'{"a": [[1]]}')
        with pytest.raises(MetadataValidationError, match="json_depth"):
            parse_document(b'{"a": [[[1]]]}')


def check_cache_max_bytes():
    array = terrazzo.create_array({}, shape=(2,), dtype="u1")
    array[...] = 1
    with config.set({"cache.max_bytes": 10_000}):
        assert array[0] == 1
        assert chunks.total > 0
    assert chunks.total == 0


def check_array_cache():
    with config.set({"array.cache": False, "cache.max_bytes": 10_000}):
        assert not terrazzo.create_array({}, shape=(2,), dtype="u1").config.cache
        assert terrazzo.create_array({}, shape=(2,), dtype="u1", config={"cache": True}).config.cache
    assert terrazzo.create_array({}, shape=(2,), dtype="u1").config.cache


def check_limits_ndim():
    with config.set({"limits.ndim": 2}):
        terrazzo.create_array({}, shape=(1, 1), dtype="u1")
        with pytest.raises(MetadataValidationError, match="ndim"):
            terrazzo.create_array({}, shape=(1, 1, 1), dtype="u1")


def check_limits_chunk_bytes():
    array = terrazzo.create_array({}, data=np.ones(11, "u1"), compressors=None)
    with config.set({"limits.chunk_bytes": 10}), pytest.raises(LimitExceededError, match="chunk_bytes"):
        _ = array[:]
    with config.set({"limits.chunk_bytes": None}):
        assert array[:].sum() == 11


def check_array_allow_unsafe_pickle_decode():
    assert not current_options().allow_unsafe_pickle_decode
    with config.set({"array.allow_unsafe_pickle_decode": True}):
        assert current_options().allow_unsafe_pickle_decode


def check_limits_nested_codecs():
    inner = {"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": [{"name": "bytes"}]}}
    outer = {"name": "sharding_indexed", "configuration": {"chunk_shape": [2], "codecs": [inner]}}
    with config.set({"limits.nested_codecs": 1}):
        terrazzo.create_array({}, shape=(4,), chunks=(2,), dtype="u1", serializer=inner)
        with pytest.raises(MetadataValidationError, match="nested_codecs"):
            terrazzo.create_array({}, shape=(4,), chunks=(2,), dtype="u1", serializer=outer)


def check_array_target_shard_size_bytes():
    with config.set({"array.target_shard_size_bytes": 900}), pytest.warns(ZarrUserWarning, match="guess"):
        array = terrazzo.create_array({}, shape=(100, 100), chunks=(10, 10), shards="auto", dtype="u1")
    assert array.shards == (30, 30)


def check_codec_pipeline_path():
    assert registry.get_pipeline_class() is BatchedCodecPipeline
    with config.set({"codec_pipeline.path": f"{__name__}.OwnPipeline"}):
        assert registry.get_pipeline_class() is OwnPipeline
        array = terrazzo.create_array({}, data=[1, 2])
    assert type(array.async_array.codec_pipeline) is OwnPipeline
    assert array[:].tolist() == [1, 2]


def check_codec_pipeline_batch_size():
    with config.set({"codec_pipeline.batch_size": 7}):
        assert terrazzo.create_array({}, data=[1, 2]).async_array.codec_pipeline.batch_size == 7


def check_codec_pipeline_max_workers():
    with config.set({"codec_pipeline.max_workers": 2, "threading.max_workers": 3}):
        assert cpu_count() == 2


def check_codecs(name):
    with config.set({f"codecs.{name}": f"{__name__}.OwnCodec"}):
        assert registry.get_codec_class(name) is OwnCodec
    assert registry.get_codec_class(name) is not OwnCodec


def check_buffer():
    with config.set({"buffer": f"{__name__}.OwnBuffer"}):
        assert default_buffer_prototype().buffer is OwnBuffer


def check_ndbuffer():
    with config.set({"ndbuffer": f"{__name__}.OwnNDBuffer"}):
        assert default_buffer_prototype().nd_buffer is OwnNDBuffer


@pytest.mark.parametrize("key", KEYS)
def test_a_setting_has_its_effect(key):
    if key.startswith("codecs."):
        check_codecs(key.removeprefix("codecs."))
    else:
        globals()[f"check_{key.replace('.', '_')}"]()


def test_the_defaults_are_zarr_pythons_where_it_has_them():
    assert {key: config.get(key) for key in KEYS if not key.startswith(("limits", "codec", "buffer", "ndbuffer"))} == {
        "default_zarr_format": 3,
        "json_indent": 2,
        "array.order": "C",
        "array.write_empty_chunks": False,
        "array.read_missing_chunks": True,
        "array.checksum": False,
        "array.cache": True,
        "cache.max_bytes": 0,
        "array.target_shard_size_bytes": None,
        "array.rectilinear_chunks": True,
        "array.sharding_coalesce_max_gap_bytes": 1048576,
        "array.sharding_coalesce_max_bytes": 16777216,
        "array.allow_unsafe_pickle_decode": False,
        "overwrite.foreign_files": False,
        "async.concurrency": 10,
        "async.timeout": None,
        "async.requests": 512,
        "retry.max_attempts": 8,
        "retry.max_seconds": 60.0,
        "threading.max_workers": None,
    }


@pytest.mark.parametrize(
    ("given", "meant"),
    [(5, 5), ("5", None), ("5B", 5), ("2 kB", 2000), ("2KiB", 2048), ("1.5 MiB", 3 << 19), ("3gib", 3 << 30)],
)
def test_a_number_of_bytes_may_have_a_unit(given, meant):
    with config.set({"cache.max_bytes": given}):
        if meant is None:
            with pytest.raises(BadConfigError, match="256 MiB"):
                current_options()
        else:
            assert current_options().cache_max_bytes == meant


# -- values that cannot be


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("default_zarr_format", 1),
        ("default_zarr_format", "3"),
        ("default_zarr_format", True),
        ("json_indent", -1),
        ("json_indent", "2"),
        ("json_indent", True),
        ("array.order", "K"),
        ("array.order", "c"),
        ("array.order", None),
        ("array.write_empty_chunks", 1),
        ("array.write_empty_chunks", "false"),
        ("array.read_missing_chunks", None),
        ("array.checksum", "yes"),
        ("array.cache", None),
        ("cache.max_bytes", -1),
        ("cache.max_bytes", "a lot"),
        ("cache.max_bytes", "1 MiB more"),
        ("array.allow_unsafe_pickle_decode", 1),
        ("array.rectilinear_chunks", 1),
        ("array.sharding_coalesce_max_gap_bytes", -1),
        ("array.sharding_coalesce_max_bytes", None),
        ("async.concurrency", 0),
        ("async.concurrency", None),
        ("async.concurrency", 2.5),
        ("async.timeout", 0),
        ("async.timeout", -1),
        ("async.timeout", "10"),
        ("async.timeout", True),
        ("codec_pipeline.batch_size", 0),
        ("limits.ndim", -1),
        ("limits.chunk_bytes", 1.5),
        ("limits.metadata_bytes", "64"),
        ("limits.json_depth", False),
        ("limits.nested_codecs", []),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_call_that_needs_it(key, value):
    with config.set({key: value}):
        for call in (current_options, lambda: terrazzo.create_array({}, shape=(2,), dtype="i4")):
            with pytest.raises(BadConfigError, match=key) as caught:
                call()
            assert repr(value) in str(caught.value)
    assert terrazzo.create_array({}, data=[1])[0] == 1


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True])
def test_a_number_of_workers_that_cannot_be_is_refused(value):
    with config.set({"threading.max_workers": value}), pytest.raises(BadConfigError, match=r"threading\.max_workers"):
        cpu_count()


@pytest.mark.parametrize("value", ["no.such.Class", "terrazzo.pipeline.batch", "", "json.dumps"])
def test_a_path_that_leads_to_no_class_is_refused(value):
    with config.set({"codec_pipeline.path": value}), pytest.raises(BadConfigError, match=r"codec_pipeline\.path"):
        registry.get_pipeline_class()


# -- setting and unsetting


def test_a_block_undoes_what_it_set():
    with config.set({"array.order": "F"}):
        assert current_options().order == "F"
        with config.set({"array.order": "C", "json_indent": None}):
            assert (current_options().order, current_options().json_indent) == ("C", None)
        assert (current_options().order, current_options().json_indent) == ("F", 2)
    assert current_options().order == "C"


def test_a_block_undoes_what_it_set_when_it_fails():
    with pytest.raises(KeyError), config.set({"array.order": "F"}):
        raise KeyError
    assert current_options().order == "C"


def test_keyword_arguments_have_two_underscores_for_a_dot():
    with config.set(array__order="F"):
        assert config.get("array.order") == "F"


def test_a_setting_without_a_block_stays_until_reset():
    config.set({"array.order": "F"})
    assert current_options().order == "F"
    config.reset()
    assert current_options().order == "C"


@pytest.mark.parametrize(
    "change",
    [
        lambda: config.set({"array.order": "F"}),
        lambda: config.update({"array": {"order": "F"}}),
        lambda: config.merge({"array": {"order": "F"}}),
        lambda: config.update_defaults({"array": {"order": "F"}}),
    ],
    ids=["set", "update", "merge", "update_defaults"],
)
def test_every_way_to_change_a_setting_is_seen_by_the_next_call(change):
    options = current_options()
    assert current_options() is options, "nothing is looked up while nothing changes"
    try:
        change()
        assert config.get("array.order") == "F"
        assert current_options().order == "F"
    finally:
        config.update_defaults({"array": {"order": "C"}})


def test_a_call_works_with_the_settings_at_its_start():
    options = current_options()
    with config.set({"array.order": "F"}):
        assert options.order == "C"
    with pytest.raises(AttributeError):
        options.order = "F"


def test_clearing_drops_everything():
    own = Config("terrazzo_test", defaults=[{"a": 1}])
    assert own.get("a") == 1
    own.clear()
    assert own.get("a", None) is None
    own.refresh()
    assert own.get("a") == 1


@pytest.fixture
def nothing_warned_of(monkeypatch):
    monkeypatch.setattr(config, "_unknown", set())


@pytest.mark.usefixtures("nothing_warned_of")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: config.set({"array.ordr": "F"}), "'array.ordr': it has no effect; did you mean 'array.order'?"),
        (lambda: config.set(array__ordr="F"), "'array.ordr': it has no effect; did you mean 'array.order'?"),
        (
            lambda: config.update({"limits": {"n_dim": 3}}),
            "'limits.n_dim': it has no effect; did you mean 'limits.ndim'?",
        ),
        (lambda: config.merge({"somebody": {"elses": 5}}), "there is no setting 'somebody.elses': it has no effect"),
        (lambda: config.set({"codec_pipeline.direct_io": True}), "'codec_pipeline.direct_io': it has no effect"),
    ],
)
def test_a_setting_that_there_is_not_is_set_and_warned_of_once(change, message):
    with pytest.warns(ZarrUserWarning, match=re.escape(message)) as caught:
        change()
    assert [warning.filename for warning in caught] == [__file__]
    change()


def test_what_may_be_set_is_not_warned_of():
    config.set({"array.write-empty-chunks": True, "codecs.somebodys": "a.b.C", "codec_pipeline": {"batch_size": 2}})
    config.set({"codec_pipeline.path": f"{__name__}.OwnPipeline", "codec_pipeline.their_own": 3})
    config.update_defaults({"my_package": {"setting": 1}})
    with config.set({"my_package.setting": 2}):
        assert config.get("my_package.setting") == 2
    config.defaults.pop()


@pytest.mark.usefixtures("nothing_warned_of")
def test_environment_variables_that_name_no_setting_are_warned_of(monkeypatch):
    monkeypatch.setenv("TERRAZZO_ASYNC__CONCURENCY", "7")
    with pytest.warns(ZarrUserWarning, match=r"'async\.concurency'.* did you mean 'async\.concurrency'"):
        config.refresh()
    config.refresh()
    terrazzo.open_array(terrazzo.create_array({}, data=[1]).store)[:]


def test_settings_are_seen_by_other_threads():
    seen = []
    with config.set({"array.order": "F"}):
        thread = threading.Thread(target=lambda: seen.append(current_options().order))
        thread.start()
        thread.join()
    assert seen == ["F"]


# -- environment and files


def in_a_new_process(code, **environment):
    """What a fresh interpreter prints."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout


def test_environment_variables_set_what_they_name():
    code = "import json, terrazzo; c = terrazzo.config; print(json.dumps([c.get('array.order'), c.get('json_indent')]))"
    assert json.loads(in_a_new_process(code, TERRAZZO_ARRAY__ORDER="F", TERRAZZO_JSON_INDENT="None")) == ["F", None]


def test_environment_variables_are_read_again_on_refresh(monkeypatch):
    monkeypatch.setenv("TERRAZZO_ASYNC__CONCURRENCY", "7")
    assert current_options().concurrency == 10
    config.refresh()
    assert current_options().concurrency == 7
    with config.set({"async.concurrency": 3}):
        assert current_options().concurrency == 3
    monkeypatch.delenv("TERRAZZO_ASYNC__CONCURRENCY")
    config.refresh()
    assert current_options().concurrency == 10


def test_a_yaml_file_sets_what_it_names(tmp_path):
    (tmp_path / "settings.yaml").write_text("array:\n  order: F\njson_indent: 4\n")
    code = "import terrazzo; print(terrazzo.config.get('array.order'), terrazzo.config.get('json_indent'))"
    printed = in_a_new_process(code, TERRAZZO_CONFIG=str(tmp_path), TERRAZZO_JSON_INDENT="1")
    assert printed.split() == ["F", "1"]


def test_buffers_of_a_gpu_can_be_set_for_a_block():
    with config.enable_gpu():
        assert config.get("buffer") == "terrazzo.buffer.gpu.Buffer"
        assert config.get("ndbuffer") == "terrazzo.buffer.gpu.NDBuffer"
    assert config.get("buffer") == "terrazzo.buffer.cpu.Buffer"
