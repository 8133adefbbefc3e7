"""Named implementations of codecs, chunk key encodings, buffers and pipelines, imported when first used.

Three sources, strongest first: what was registered, entry points of installed packages (groups ``terrazzo.codecs``,
``zarr.codecs`` and so on, entry name = codec name), and the classes named in ``config``.
"""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from terrazzo.errors import BadConfigError, BaseZarrError, UnknownCodecError, quote
from terrazzo.settings import config

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from types import ModuleType

__all__ = [
    "Registry",
    "adopt_codec",
    "fully_qualified_name",
    "get_buffer_class",
    "get_chunk_key_encoding_class",
    "get_codec_class",
    "get_ndbuffer_class",
    "get_numcodec",
    "get_pipeline_class",
    "get_v2_codecs",
    "import_numcodecs",
    "register_buffer",
    "register_chunk_key_encoding",
    "register_codec",
    "register_ndbuffer",
    "register_pipeline",
]

T = TypeVar("T")

PACKAGES = {
    "zfpy": "zfpy",
    "pcodec": "pcodec",
    "msgpack2": "msgpack",
    "wavpack": "wavpack-numcodecs",
    "flac": "flac-numcodecs",
    "grib": "kerchunk",
    "fill_hdf_strings": "kerchunk",
    "gribscan.rawgrib": "gribscan",
    "gribberish": "gribberish",
    "imagecodecs": "imagecodecs",
    "any-numcodecs": "zarr-any-numcodecs",
    "n5_wrapper": "zarr-n5",
}
"""Packages that provide codecs, by the name of the codec or what stands before the first ``.`` or ``_`` of it."""

FAMILIES = {"numcodecs": "terrazzo.codecs.numcodecs.foreign.Foreign"}
"""Classes for all other codecs whose names start with a word and a dot: they find the implementation themselves."""


class Registry(dict[str, type[T]], Generic[T]):
    """Implementations by name, with entry points that are imported when they are first needed."""

    def __init__(self) -> None:
        super().__init__()
        self.lazy_load_list: list[EntryPoint] = []

    def lazy_load(self, use_entrypoint_name: bool = False) -> None:
        """Import and register every entry point found so far."""
        while self.lazy_load_list:
            entry = self.lazy_load_list.pop(0)
            self.register(entry.load(), qualname=entry.name if use_entrypoint_name else None)

    def register(self, cls: type[T], qualname: str | None = None) -> None:
        """Register a class, by default under its fully qualified name."""
        self[fully_qualified_name(cls) if qualname is None else qualname] = cls


def fully_qualified_name(cls: type) -> str:
    """Module and qualified name of a class, joined by a dot."""
    return f"{cls.__module__}.{cls.__qualname__}"


_codecs: dict[str, Registry[Any]] = defaultdict(Registry)
_buffers: Registry[Any] = Registry()
_ndbuffers: Registry[Any] = Registry()
_pipelines: Registry[Any] = Registry()
_chunk_key_encodings: Registry[Any] = Registry()
_modules: dict[str, ModuleType] = {}
"""Modules that have been imported, to their end."""

_collected = False


def _collect_entry_points() -> None:
    """Note, once, which entry points installed packages declare; nothing is imported yet."""
    global _collected
    if _collected:
        return
    _collected = True
    from importlib.metadata import entry_points  # takes as long to import as a third of terrazzo, and is rarely needed

    others: dict[str, Registry[Any]] = {
        "buffer": _buffers,
        "ndbuffer": _ndbuffers,
        "codec_pipeline": _pipelines,
        "chunk_key_encoding": _chunk_key_encodings,
    }
    installed = entry_points()  # one look at every package; asking for a group looks at all of them, too
    for group in sorted(installed.groups, key=lambda group: (group.startswith("terrazzo"), group)):
        family, _, kind = group.partition(".")
        if family not in ("zarr", "terrazzo"):
            continue
        for entry in installed.select(group=group):
            if kind == "codecs":
                _codecs[entry.name].lazy_load_list.append(entry)
            elif kind.startswith("codecs."):
                _codecs[kind.removeprefix("codecs.")].lazy_load_list.append(entry)
            elif (kind or entry.name) in others:
                others[kind or entry.name].lazy_load_list.append(entry)


def _import_module(name: str) -> ModuleType:
    """A module. What has been imported is not imported again: asking takes as long as reading a small document."""
    module = _modules.get(name)
    if module is None or module is not sys.modules.get(name):
        module = _modules[name] = importlib.import_module(name)
    return module


def _import_path(path: str, key: str) -> type[Any]:
    """Import the class that ``config[key]`` names."""
    module_name, _, name = path.rpartition(".")
    try:
        found = getattr(_import_module(module_name), name)
    except BaseZarrError:
        raise
    except (ImportError, AttributeError, ValueError) as error:
        raise BadConfigError(f"config[{key!r}] names {path!r}, which cannot be imported: {error}") from error
    if not isinstance(found, type):
        raise BadConfigError(f"config[{key!r}] names {path!r}, which is not a class")
    return found


def _configured(key: str, registry: Registry[T]) -> type[T]:
    """The class that ``config[key]`` names, registered or importable."""
    path = config.get(key)
    if path in registry:
        return registry[path]
    _collect_entry_points()
    registry.lazy_load()
    return registry[path] if path in registry else _import_path(path, key)


def register_codec(key: str, codec_cls: type[Any], *, qualname: str | None = None) -> None:
    """Register a codec class under the name that metadata documents use for it."""
    _codecs[key].register(codec_cls, qualname)


def get_codec_class(key: str, reload_config: bool = False) -> type[Any]:
    """Find the class of the codec called `key`.

    ``config["codecs"][key]`` decides, by fully qualified name; without it, the class registered last.

    Raises
    ------
    UnknownCodecError
        No implementation is registered, declared or configured.
    """
    if reload_config:
        config.refresh()
    configured = _configured_codec(key)
    if configured is not None:
        # Classes of installed packages have their path, too: what other packages declare need not be imported.
        registry: Mapping[str, type[Any]] = _codecs.get(key, {})
        return registry[configured] if configured in registry else _import_path(configured, f"codecs.{key}")
    if key not in _codecs:
        _collect_entry_points()
    failure = _load_codecs(_codecs[key]) if key in _codecs else None
    if _codecs.get(key):
        return list(_codecs[key].values())[-1]
    if failure is not None:
        problem = f"the package that provides the codec {quote(key)} cannot be imported: {failure}"
        raise UnknownCodecError(problem, name=key) from failure
    family = key.partition(".")[0]
    if family in FAMILIES and key != family:
        return _import_path(FAMILIES[family], f"codecs.{family}")
    raise UnknownCodecError(
        f"no implementation of the codec {quote(key)}; {_advice(key)}, or register one "
        "with terrazzo.registry.register_codec",
        name=key,
    )


def _load_codecs(registry: Registry[Any]) -> Exception | None:
    """Import what installed packages declare; what cannot be imported is tried again next time, and its error told."""
    failure: Exception | None = None
    failed = []
    while registry.lazy_load_list:
        entry = registry.lazy_load_list[0]
        try:
            registry.lazy_load()
        except Exception as error:  # noqa: BLE001 - a package may raise anything when it is imported
            failure = error
            failed.append(entry)
    registry.lazy_load_list.extend(failed)
    return failure


def _configured_codec(key: str) -> str | None:
    """What ``config`` names for a codec; a name with dots may be one member of ``codecs`` or several, nested."""
    found: Any = config.get("codecs", {})
    if isinstance(found.get(key), str):
        return str(found[key])
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None


def _advice(key: str) -> str:
    """How to get a codec."""
    name = key.removeprefix("numcodecs.")
    package = PACKAGES.get(name) or PACKAGES.get(name.partition(".")[0]) or PACKAGES.get(name.partition("_")[0])
    return f"install the package {package!r}" if package else "install a package that provides it"


def get_numcodec(data: Mapping[str, Any]) -> Any:
    """Make a codec of numcodecs of its configuration, whose ``id`` names it.

    Raises
    ------
    UnknownCodecError
        numcodecs knows no codec of this id, or it cannot be imported.

    Examples
    --------
    >>> from terrazzo.registry import get_numcodec
    >>> get_numcodec({"id": "zlib", "level": 9})
    Zlib(level=9)
    """
    key = str(data.get("id"))
    known = import_numcodecs("registry", key)
    if key not in known.codec_registry and key not in known.entries:
        raise UnknownCodecError(
            f"numcodecs knows no codec {quote(key)}; {_advice(key)}, or register one "
            "with numcodecs.registry.register_codec",
            name=key,
        )
    try:
        return known.get_codec(dict(data))
    except ImportError as error:
        problem = f"the codec {quote(key)} cannot be imported: {error}; {_advice(key)}"
        raise UnknownCodecError(problem, name=key) from error


def import_numcodecs(module: str, key: str) -> Any:
    """Import a module of numcodecs for a codec; takes longer than importing all of terrazzo.

    Raises
    ------
    UnknownCodecError
        numcodecs cannot be imported.
    """
    name = f"numcodecs.{module}"
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError) as error:
        if isinstance(error, ValueError) and name in sys.modules:
            # numcodecs reads the version of zfpy as numbers, which 1.0.1.post0 is not; all but zfpy is there by then.
            return sys.modules[name]
        problem = f"the codec {quote(key)} needs numcodecs, which cannot be imported: {error}"
        raise UnknownCodecError(problem, name=key) from error


def get_v2_codecs() -> ModuleType:
    """The module that makes codecs of what Zarr v2 documents say.

    Metadata and codecs know each other by name only; format 2 has no names of its own, but those of numcodecs.
    """
    return importlib.import_module("terrazzo.codecs.v2")


def adopt_codec(codec: object, *, as_it_is: bool = False) -> Any:
    """A codec of another implementation, as one of ours or as its JSON; None for what is none.

    Metadata and pipelines know codecs by name only, so what can do it is imported when it is needed.

    Parameters
    ----------
    as_it_is
        Whether the codec itself is wanted, even where there is one of the same name here.
    """
    return importlib.import_module("terrazzo.codecs.foreign").adopt_codec(codec, as_it_is=as_it_is)


def register_chunk_key_encoding(key: str, cls: type[Any]) -> None:
    """Register a chunk key encoding under the name that metadata documents use for it."""
    _chunk_key_encodings.register(cls, key)


def get_chunk_key_encoding_class(key: str) -> type[Any]:
    """Find the class of the chunk key encoding called `key`.

    Raises
    ------
    UnknownCodecError
        No implementation is registered or declared.
    """
    if key not in _chunk_key_encodings:
        _collect_entry_points()
        _chunk_key_encodings.lazy_load(use_entrypoint_name=True)
    if key not in _chunk_key_encodings:
        known = ", ".join(sorted(_chunk_key_encodings))
        raise UnknownCodecError(f"unknown chunk key encoding {quote(key)}; known are {known}", name=key)
    return _chunk_key_encodings[key]


def register_pipeline(pipe_cls: type[Any]) -> None:
    """Register a codec pipeline class under its fully qualified name."""
    _pipelines.register(pipe_cls)


def get_pipeline_class(reload_config: bool = False) -> type[Any]:
    """The codec pipeline class that ``config["codec_pipeline.path"]`` names."""
    return _reloaded(reload_config, lambda: _configured("codec_pipeline.path", _pipelines))


def register_buffer(cls: type[Any], qualname: str | None = None) -> None:
    """Register a buffer class."""
    _buffers.register(cls, qualname)


def get_buffer_class(reload_config: bool = False) -> type[Any]:
    """The buffer class that ``config["buffer"]`` names."""
    return _reloaded(reload_config, lambda: _configured("buffer", _buffers))


def register_ndbuffer(cls: type[Any], qualname: str | None = None) -> None:
    """Register an array buffer class."""
    _ndbuffers.register(cls, qualname)


def get_ndbuffer_class(reload_config: bool = False) -> type[Any]:
    """The array buffer class that ``config["ndbuffer"]`` names."""
    return _reloaded(reload_config, lambda: _configured("ndbuffer", _ndbuffers))


def _reloaded(reload_config: bool, find: Callable[[], type[Any]]) -> type[Any]:
    if reload_config:
        config.refresh()
    return find()
