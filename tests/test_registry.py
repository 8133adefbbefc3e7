import ast
import importlib.metadata
import sys
import types
from collections import defaultdict

import numcodecs
import pytest

import terrazzo
from terrazzo import registry
from terrazzo.buffer import cpu
from terrazzo.codecs import GzipCodec
from terrazzo.codecs.numcodecs import Zlib
from terrazzo.codecs.numcodecs.foreign import Foreign
from terrazzo.errors import BadConfigError, UnknownCodecError
from terrazzo.pipeline.batch import BatchedCodecPipeline
from terrazzo.registry import Registry, fully_qualified_name, get_codec_class, register_codec
from terrazzo.settings import config
from tests.helpers import SyncFlip


class Other(SyncFlip):
    """Another implementation under the same name."""


class Installed:
    """An entry point, as an installed package declares it."""

    def __init__(self, name, target):
        self.name = name
        self.target = target
        self.loads = 0

    def load(self):
        self.loads += 1
        return self.target


@pytest.fixture
def clean(monkeypatch):
    """Registries that know only what is configured, and whose changes do not last."""
    monkeypatch.setattr(registry, "_codecs", defaultdict(Registry))
    for name in ("_buffers", "_ndbuffers", "_pipelines"):
        monkeypatch.setattr(registry, name, Registry())
    monkeypatch.setattr(registry, "_collected", False)


@pytest.fixture
def install(clean, monkeypatch):
    """Declares entry points: group, then entries."""
    groups = defaultdict(list)
    installed = types.SimpleNamespace(groups=groups.keys(), select=lambda group: list(groups[group]))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda: installed)

    def declare(group, name, target):
        entry = Installed(name, target)
        groups[group].append(entry)
        return entry

    return declare


# -- codecs


def test_a_registered_codec_is_found_by_its_name(clean):
    register_codec("test.flip", SyncFlip)
    assert get_codec_class("test.flip") is SyncFlip


def test_the_last_one_registered_is_taken(clean):
    register_codec("test.flip", SyncFlip)
    register_codec("test.flip", Other)
    assert get_codec_class("test.flip") is Other


def test_the_settings_decide_between_several(clean):
    register_codec("test.flip", SyncFlip)
    register_codec("test.flip", Other)
    with config.set({"codecs.test_flip": "unused", "codecs": {"test.flip": fully_qualified_name(SyncFlip)}}):
        assert get_codec_class("test.flip") is SyncFlip


def test_a_configured_class_need_not_be_registered(clean):
    with config.set({"codecs.gzip": f"{__name__}.Other"}):
        assert get_codec_class("gzip") is Other
    assert get_codec_class("gzip") is GzipCodec


def test_a_class_may_be_registered_under_another_qualified_name(clean):
    register_codec("gzip", Other, qualname="some.Name")
    with config.set({"codecs.gzip": "some.Name"}):
        assert get_codec_class("gzip") is Other


def test_a_registered_codec_does_not_replace_the_configured_one(clean):
    register_codec("gzip", Other)
    assert get_codec_class("gzip") is GzipCodec


def test_the_module_of_a_configured_codec_is_imported_when_it_is_needed(clean, monkeypatch):
    module = types.ModuleType("terrazzo_test_plugin")
    module.Plugin = Other
    monkeypatch.setitem(sys.modules, "terrazzo_test_plugin", module)
    with config.set({"codecs.gzip": "terrazzo_test_plugin.Plugin"}):
        assert get_codec_class("gzip") is Other


@pytest.mark.parametrize("path", ["no.such.Codec", "terrazzo.codecs.gzip.Missing", "terrazzo.codecs.gzip", "Bare"])
def test_a_configured_class_that_is_not_there_is_named(clean, path):
    with config.set({"codecs.gzip": path}), pytest.raises(BadConfigError, match=rf"codecs\.gzip.*{path}"):
        get_codec_class("gzip")


@pytest.mark.parametrize("name", ["rot13", "", "x" * 10_000])
def test_MD_06_a_name_that_nobody_knows_is_in_the_error(clean, name):
    with pytest.raises(UnknownCodecError, match="register_codec") as caught:
        get_codec_class(name)
    assert caught.value.name == name
    assert len(str(caught.value)) < 600


def test_the_settings_can_be_read_again(clean, monkeypatch):
    monkeypatch.setenv("TERRAZZO_CODECS__GZIP", f"{__name__}.Other")
    assert get_codec_class("gzip") is GzipCodec
    assert get_codec_class("gzip", reload_config=True) is Other
    monkeypatch.delenv("TERRAZZO_CODECS__GZIP")
    assert get_codec_class("gzip", reload_config=True) is GzipCodec


# -- entry points


@pytest.mark.parametrize("family", ["terrazzo", "zarr"])
def test_a_codec_of_an_installed_package_is_found(install, family):
    entry = install(f"{family}.codecs", "test.flip", SyncFlip)
    assert get_codec_class("test.flip") is SyncFlip
    assert get_codec_class("test.flip") is SyncFlip
    assert entry.loads == 1


def test_our_own_group_wins_over_zarrs(install):
    install("zarr.codecs", "test.flip", Other)
    install("terrazzo.codecs", "test.flip", SyncFlip)
    assert get_codec_class("test.flip") is SyncFlip


def test_a_group_of_its_own_holds_several_implementations_of_a_codec(install):
    install("zarr.codecs.test.flip", "one", SyncFlip)
    install("zarr.codecs.test.flip", "two", Other)
    assert get_codec_class("test.flip") is Other
    with config.set({"codecs": {"test.flip": fully_qualified_name(SyncFlip)}}):
        assert get_codec_class("test.flip") is SyncFlip


@pytest.mark.parametrize("error", [ImportError("no libfoo"), RuntimeError("too old")])
def test_a_package_that_cannot_be_imported_is_told_and_tried_again(install, monkeypatch, error):
    def fail(self):
        raise error

    install("zarr.codecs", "test.flip", SyncFlip)
    with monkeypatch.context() as patched:
        patched.setattr(Installed, "load", fail)
        for _ in range(2):
            with pytest.raises(UnknownCodecError, match=str(error)) as caught:
                get_codec_class("test.flip")
            assert caught.value.name == "test.flip"
    assert get_codec_class("test.flip") is SyncFlip


def test_another_implementation_is_used_where_one_cannot_be_imported(install):
    install("zarr.codecs", "test.flip", SyncFlip)
    broken = install("zarr.codecs", "test.flip", None)
    broken.load = lambda: 1 / 0
    assert get_codec_class("test.flip") is SyncFlip


def test_codecs_of_numcodecs_that_other_packages_declare_for_zarr_python_are_not_imported(install):
    declared = install("zarr.codecs", "numcodecs.zlib", Other)
    assert get_codec_class("numcodecs.zlib").__module__.startswith("terrazzo.")
    assert declared.loads == 0


def test_single_entry_points_of_zarr_are_found(install):
    cls = type("Plugged", (cpu.Buffer,), {})
    install("zarr", "buffer", cls)
    install("zarr", "console", Other)
    with config.set({"buffer": fully_qualified_name(cls)}):
        assert registry.get_buffer_class() is cls


# -- codecs of numcodecs


@pytest.mark.parametrize(
    "setting",
    [
        {"codecs.numcodecs.zlib": "PATH"},
        {"codecs": {"numcodecs.zlib": "PATH"}},
        {"codecs": {"numcodecs": {"zlib": "PATH"}}},
    ],
    ids=str,
)
def test_the_settings_name_a_codec_of_numcodecs_in_one_word_or_two(clean, setting):
    path = fully_qualified_name(Other)
    said = ast.literal_eval(repr(setting).replace("PATH", path))
    with config.set(said):
        assert get_codec_class("numcodecs.zlib") is Other
    assert get_codec_class("numcodecs.zlib") is Zlib


def test_every_other_codec_of_numcodecs_has_a_class_that_finds_it(clean):
    assert get_codec_class("numcodecs.whatever") is Foreign
    for name in ("numcodecs", "numcodecs2.zlib"):
        with pytest.raises(UnknownCodecError):
            get_codec_class(name)


def test_a_codec_of_numcodecs_is_made_of_its_configuration():
    assert registry.get_numcodec({"id": "zlib", "level": 7}) == numcodecs.Zlib(7)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("zfpy", "zfpy"),
        ("imagecodecs_jpegxl", "imagecodecs"),
        ("msgpack2", "msgpack"),
        ("gribscan.rawgrib", "gribscan"),
        ("no_such", None),
        (None, None),
    ],
)
def test_the_error_about_a_codec_of_numcodecs_says_how_to_get_it(name, package, monkeypatch):
    monkeypatch.delitem(numcodecs.registry.codec_registry, name, raising=False)
    with pytest.raises(UnknownCodecError, match=r"numcodecs\.registry\.register_codec") as caught:
        registry.get_numcodec({"id": name})
    assert caught.value.name == str(name)
    assert ("a package that provides it" if package is None else f"the package '{package}'") in str(caught.value)


def test_a_package_of_numcodecs_that_cannot_be_imported_is_told(monkeypatch):
    def fail(config):
        raise ImportError("no libfoo")

    monkeypatch.setattr(numcodecs.registry, "get_codec", fail)
    with pytest.raises(UnknownCodecError, match="no libfoo"):
        registry.get_numcodec({"id": "zlib"})


def test_entry_points_of_other_codecs_are_not_imported(install):
    install("zarr.codecs", "test.flip", SyncFlip)
    other = install("zarr.codecs", "test.other", Other)
    get_codec_class("test.flip")
    get_codec_class("gzip")
    assert other.loads == 0


def test_entry_points_are_looked_up_only_for_what_is_not_known(install, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda: pytest.fail("looked up"))
    register_codec("test.flip", SyncFlip)
    assert get_codec_class("test.flip") is SyncFlip


def test_the_configured_codec_is_used_though_a_package_declares_one(install):
    install("zarr.codecs", "gzip", Other)
    assert get_codec_class("gzip") is GzipCodec
    with config.set({"codecs.gzip": fully_qualified_name(Other)}):
        assert get_codec_class("gzip") is Other


def test_an_array_is_read_with_a_codec_of_an_installed_package(install):
    install("zarr.codecs", "test.sync_flip", SyncFlip)
    store = {}
    terrazzo.create_array(store, data=[1, 2, 3], compressors=[{"name": "test.sync_flip"}])
    assert terrazzo.open_array(store)[:].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "key", "get", "base"),
    [
        ("buffer", "buffer", registry.get_buffer_class, cpu.Buffer),
        ("ndbuffer", "ndbuffer", registry.get_ndbuffer_class, cpu.NDBuffer),
        ("codec_pipeline", "codec_pipeline.path", registry.get_pipeline_class, BatchedCodecPipeline),
    ],
)
def test_other_classes_of_installed_packages_are_found_when_the_settings_name_them(install, kind, key, get, base):
    cls = type("Plugged", (base,), {})
    entry = install(f"zarr.{kind}", "anything", cls)
    assert get() is base
    with config.set({key: fully_qualified_name(cls)}):
        assert get() is cls
        assert get() is cls
    assert entry.loads == 1


# -- registered classes of other kinds


@pytest.mark.parametrize(
    ("register", "get", "key", "base"),
    [
        (registry.register_buffer, registry.get_buffer_class, "buffer", cpu.Buffer),
        (registry.register_ndbuffer, registry.get_ndbuffer_class, "ndbuffer", cpu.NDBuffer),
        (registry.register_pipeline, registry.get_pipeline_class, "codec_pipeline.path", BatchedCodecPipeline),
    ],
)
def test_a_registered_class_is_taken_when_the_settings_name_it(clean, register, get, key, base):
    cls = type("Registered", (base,), {})
    register(cls)
    assert get() is base
    with config.set({key: fully_qualified_name(cls)}):
        assert get() is cls
    with config.set({key: fully_qualified_name(cls)}):
        assert get(reload_config=True) is base, "reading the settings again drops what was set"


# -- the container


def test_a_registry_is_a_mapping_from_names_to_classes():
    own = Registry()
    own.register(SyncFlip)
    own.register(Other, qualname="short")
    assert own == {"tests.helpers.SyncFlip": SyncFlip, "short": Other}


@pytest.mark.parametrize(("use_name", "key"), [(True, "short"), (False, "tests.test_registry.Other")])
def test_entry_points_are_registered_under_their_name_or_that_of_the_class(use_name, key):
    own = Registry()
    own.lazy_load_list.append(Installed("short", Other))
    own.lazy_load(use_entrypoint_name=use_name)
    assert own == {key: Other}
    assert not own.lazy_load_list


def test_a_class_inside_another_has_a_qualified_name():
    assert fully_qualified_name(Other) == "tests.test_registry.Other"
    assert fully_qualified_name(terrazzo.Array) == "terrazzo.nodes.array.Array"


def test_without_numcodecs_an_array_of_blosc_is_described_and_says_what_is_missing(monkeypatch):
    store = {}
    terrazzo.create_array(store, data=[1, 2, 3], compressors={"name": "blosc"})
    original = importlib.import_module

    def fail(name):
        if name == "numcodecs.blosc":
            raise ImportError("no numcodecs")
        return original(name)

    monkeypatch.delitem(sys.modules, "terrazzo.codecs.blosc")
    monkeypatch.setattr(registry.importlib, "import_module", fail)
    array = terrazzo.open_array(store)
    assert "blosc" in repr(array.info)
    with pytest.raises(UnknownCodecError, match="no numcodecs") as caught:
        _ = array[:]
    assert caught.value.name == "blosc"
