"""Settings: the global ``config``, and ``Options``, the frozen snapshot that one call works with.

``config`` has zarr-python's keys and terrazzo's own. A value comes, strongest first, from ``config.set``, from an
environment variable (``TERRAZZO_ARRAY__ORDER=F``), from YAML files in ``~/.config/terrazzo``, from ``DEFAULTS``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from donfig.config_obj import Config as DonfigConfig
from donfig.config_obj import ConfigSet

from terrazzo.errors import BadConfigError, ZarrUserWarning, quote, warn
from terrazzo.types import MemoryOrder, ZarrFormat

__all__ = ["DEFAULTS", "BadConfigError", "Config", "Limits", "Options", "Retry", "config", "current_options"]


MIB = 1 << 20

SIZE = r"(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)"
UNITS = {"b": 1}
UNITS |= {f"{letter}b": 1000 ** (power + 1) for power, letter in enumerate("kmgt")}
UNITS |= {f"{letter}ib": 1024 ** (power + 1) for power, letter in enumerate("kmgt")}

NUMCODECS = {
    "adler32": "Adler32",
    "astype": "AsType",
    "bitround": "BitRound",
    "blosc": "Blosc",
    "bz2": "BZ2",
    "crc32": "CRC32",
    "crc32c": "CRC32C",
    "delta": "Delta",
    "fixedscaleoffset": "FixedScaleOffset",
    "fletcher32": "Fletcher32",
    "gzip": "GZip",
    "jenkins_lookup3": "JenkinsLookup3",
    "lz4": "LZ4",
    "lzma": "LZMA",
    "packbits": "PackBits",
    "pcodec": "PCodec",
    "quantize": "Quantize",
    "shuffle": "Shuffle",
    "zfpy": "ZFPY",
    "zlib": "Zlib",
    "zstd": "Zstd",
}
"""Classes of ``terrazzo.codecs.numcodecs`` by the id of the codec."""

DEFAULT_PIPELINE = "terrazzo.pipeline.batch.BatchedCodecPipeline"

DEFAULTS: dict[str, Any] = {
    "default_zarr_format": 3,
    "json_indent": 2,
    "array": {
        "order": "C",
        "write_empty_chunks": False,
        "read_missing_chunks": True,
        "checksum": False,
        "cache": True,
        "target_shard_size_bytes": None,
        "rectilinear_chunks": True,
        "sharding_coalesce_max_gap_bytes": MIB,
        "sharding_coalesce_max_bytes": 16 * MIB,
        "allow_unsafe_pickle_decode": False,
    },
    "cache": {"max_bytes": 0},
    "overwrite": {"foreign_files": False},
    # Documents are small: a level of a hierarchy is one round trip if all of them are asked for at once. Object stores
    # answer hundreds of requests, and clients with fewer connections have requests wait in a line of their own.
    "async": {"concurrency": 10, "timeout": None, "requests": 512},
    "retry": {"max_attempts": 8, "max_seconds": 60.0},
    "threading": {"max_workers": None},
    "limits": {
        "metadata_bytes": 64 * MIB,
        "json_depth": 512,
        "ndim": 64,
        "chunk_bytes": 16 << 30,
        "nested_codecs": 32,
    },
    "codec_pipeline": {"path": DEFAULT_PIPELINE, "batch_size": 1, "max_workers": None},
    "codecs": {
        "bitround": "terrazzo.codecs.bitround.BitRoundCodec",
        "blosc": "terrazzo.codecs.blosc.BloscCodec",
        "bytes": "terrazzo.codecs.bytes.BytesCodec",
        "cast_value": "terrazzo.codecs.cast_value.CastValue",
        "crc32c": "terrazzo.codecs.crc32c_.Crc32cCodec",
        "endian": "terrazzo.codecs.bytes.BytesCodec",
        "gzip": "terrazzo.codecs.gzip.GzipCodec",
        "numcodecs": {key: f"terrazzo.codecs.numcodecs.{name}" for key, name in NUMCODECS.items()},
        "packbits": "terrazzo.codecs.packbits.PackBitsCodec",
        "scale_offset": "terrazzo.codecs.scale_offset.ScaleOffset",
        "sharding_indexed": "terrazzo.codecs.sharding.ShardingCodec",
        "transpose": "terrazzo.codecs.transpose.TransposeCodec",
        "vlen-bytes": "terrazzo.codecs.vlen_utf8.VLenBytesCodec",
        "vlen-utf8": "terrazzo.codecs.vlen_utf8.VLenUTF8Codec",
        "zstd": "terrazzo.codecs.zstd.ZstdCodec",
    },
    "buffer": "terrazzo.buffer.cpu.Buffer",
    "ndbuffer": "terrazzo.buffer.cpu.NDBuffer",
}


OPEN_KEYS = frozenset({"codecs", "config", "root_config", "internal_inherit_config"})
"""Below the first stands any codec; the others are what donfig makes of its own environment variables."""


def _leaves(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys of settings that may be nested."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _canonical(key: str) -> str:
    return key.replace("-", "_")  # donfig takes one for the other


class _Assignment(ConfigSet):  # type: ignore[misc] # donfig is not typed
    """What ``config.set`` returns: undone at the end of a ``with`` block."""

    def __init__(self, owner: Config, arg: Mapping[str, Any] | None, **kwargs: Any) -> None:
        self._owner = owner
        super().__init__(owner.config, owner.config_lock, owner.deprecations, arg=arg, **kwargs)

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        self._owner.changed()


class Config(DonfigConfig):  # type: ignore[misc] # donfig is not typed
    """Global settings, with dotted keys.

    Every change goes through a method of this class, which drops the snapshot that calls take.

    Examples
    --------
    >>> from terrazzo import config
    >>> with config.set({"array.checksum": True}):
    ...     config.get("array.checksum")
    True
    >>> config.get("array.checksum")
    False
    """

    snapshot: Options | None = None
    followers: ClassVar[list[Callable[[], None]]] = []
    """Called after every change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unknown: set[str] = set()
        super().__init__(*args, **kwargs)

    def changed(self, new: Mapping[str, Any] | None = None) -> None:
        """Forget the snapshot; the next call takes a new one. Warn of keys in `new` that nothing reads."""
        self.snapshot = None
        for follow in self.followers:
            follow()
        if new:
            known = {_canonical(key) for defaults in self.defaults for key in _leaves(defaults)}
            for key in _leaves(new):
                if _canonical(key) not in known:
                    self._warn_of(key, known)

    def _warn_of(self, key: str, known: Collection[str]) -> None:
        """Warn, once, of a key that no default is given for."""
        if key in self._unknown or key.split(".")[0] in OPEN_KEYS:
            return
        if key.startswith("codec_pipeline.") and self.get("codec_pipeline.path", DEFAULT_PIPELINE) != DEFAULT_PIPELINE:
            return  # the pipeline of somebody else may have settings of its own
        self._unknown.add(key)
        from difflib import get_close_matches  # only a mistake needs it

        near = get_close_matches(key, known, n=1)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        warn(f"there is no setting {quote(key)}: it has no effect{advice}", ZarrUserWarning)

    def set(self, arg: Mapping[str, Any] | None = None, **kwargs: Any) -> ConfigSet:
        """Set values, for good or for a ``with`` block.

        Warns
        -----
        ZarrUserWarning
            There is no such setting; once for each.
        """
        assignment = _Assignment(self, arg, **kwargs)
        self.changed({**(arg or {}), **{key.replace("__", "."): value for key, value in kwargs.items()}})
        return assignment

    def refresh(self, **kwargs: Any) -> None:
        """Read YAML files and environment variables again, and drop what was set."""
        super().refresh(**kwargs)
        self.changed(self.config)

    def clear(self) -> None:
        """Drop every value."""
        super().clear()
        self.changed()

    def merge(self, *dicts: Mapping[str, Any]) -> None:
        """Merge more settings into these."""
        for new in dicts:  # donfig's own `merge` passes the tuple on as if it were a mapping
            self.update(new)

    def update(self, new: Mapping[str, Any], priority: str = "new") -> None:
        """Merge `new` into these settings."""
        super().update(new, priority=priority)
        self.changed(new)

    def update_defaults(self, new: Mapping[str, Any]) -> None:
        """Add defaults, below every value that was set."""
        super().update_defaults(new)
        self.changed()

    def enable_gpu(self) -> ConfigSet:
        """Make buffers in the memory of a GPU, for good or for a ``with`` block; needs cupy, of the extra ``gpu``."""
        return self.set({"buffer": "terrazzo.buffer.gpu.Buffer", "ndbuffer": "terrazzo.buffer.gpu.NDBuffer"})

    def reset(self) -> None:
        """Go back to the defaults, the YAML files and the environment variables."""
        self.refresh()


@dataclass(frozen=True, slots=True)
class Limits:
    """What stored content may ask for; None switches a limit off."""

    metadata_bytes: int | None
    json_depth: int | None
    ndim: int | None
    chunk_bytes: int | None
    nested_codecs: int | None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how many seconds long, a request is repeated that failed for a reason that may pass."""

    max_attempts: int
    max_seconds: float


@dataclass(frozen=True, slots=True)
class Options:
    """The settings as one call sees them, from its start to its end."""

    zarr_format: ZarrFormat
    json_indent: int | None
    order: MemoryOrder
    write_empty_chunks: bool
    read_missing_chunks: bool
    checksum: bool
    cache: bool
    cache_max_bytes: int
    allow_unsafe_pickle_decode: bool
    rectilinear_chunks: bool
    target_shard_size_bytes: int | None
    sharding_coalesce_max_gap_bytes: int
    sharding_coalesce_max_bytes: int
    overwrite_foreign_files: bool
    concurrency: int
    timeout: float | None
    requests: int
    retry: Retry
    buffer: str
    ndbuffer: str
    pipeline: str
    pipeline_batch_size: int
    limits: Limits


config = Config("terrazzo", defaults=[DEFAULTS])


def current_options() -> Options:
    """The settings now. Costs a lookup unless a setting changed since the last call.

    Raises
    ------
    BadConfigError
        A setting has a value that it cannot have.
    """
    options = config.snapshot
    if options is None:
        options = config.snapshot = _take_snapshot()
    return options


def _take_snapshot() -> Options:
    limits = ("metadata_bytes", "json_depth", "ndim", "chunk_bytes", "nested_codecs")
    return Options(
        zarr_format=cast("ZarrFormat", _one_of("default_zarr_format", (2, 3))),
        json_indent=_whole_number("json_indent", 0, optional=True),
        order=cast("MemoryOrder", _one_of("array.order", ("C", "F"))),
        write_empty_chunks=_truth("array.write_empty_chunks"),
        read_missing_chunks=_truth("array.read_missing_chunks"),
        checksum=_truth("array.checksum"),
        cache=_truth("array.cache"),
        cache_max_bytes=_bytes("cache.max_bytes"),
        allow_unsafe_pickle_decode=_truth("array.allow_unsafe_pickle_decode"),
        rectilinear_chunks=_truth("array.rectilinear_chunks"),
        target_shard_size_bytes=_whole_number("array.target_shard_size_bytes", 0, optional=True),
        sharding_coalesce_max_gap_bytes=_whole_number("array.sharding_coalesce_max_gap_bytes", 0) or 0,
        sharding_coalesce_max_bytes=_whole_number("array.sharding_coalesce_max_bytes", 0) or 0,
        overwrite_foreign_files=_truth("overwrite.foreign_files"),
        concurrency=_whole_number("async.concurrency", 1) or 1,
        timeout=_seconds("async.timeout"),
        requests=_whole_number("async.requests", 1) or 1,
        retry=Retry(_whole_number("retry.max_attempts", 1) or 1, _seconds("retry.max_seconds") or math.inf),
        buffer=str(config.get("buffer")),
        ndbuffer=str(config.get("ndbuffer")),
        pipeline=str(config.get("codec_pipeline.path")),
        pipeline_batch_size=_whole_number("codec_pipeline.batch_size", 1) or 1,
        limits=Limits(**{name: _whole_number(f"limits.{name}", 0, optional=True) for name in limits}),
    )


def max_workers() -> int | None:
    """How many threads may decode and encode; None for one a core.

    ``codec_pipeline.max_workers`` says it, and where it does not ``threading.max_workers``.
    """
    own = _whole_number("codec_pipeline.max_workers", 1, optional=True)
    return _whole_number("threading.max_workers", 1, optional=True) if own is None else own


def _one_of(key: str, allowed: tuple[object, ...]) -> object:
    value = config.get(key)
    if value not in allowed or isinstance(value, bool):
        raise BadConfigError(f"config[{key!r}] is {value!r}, expected one of {allowed!r}")
    return value


def _truth(key: str) -> bool:
    value = config.get(key)
    if not isinstance(value, bool):
        raise BadConfigError(f"config[{key!r}] is {value!r}, expected True or False")
    return value


def _whole_number(key: str, least: int, *, optional: bool = False) -> int | None:
    value = config.get(key)
    if value is None and optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadConfigError(f"config[{key!r}] is {value!r}, expected an integer of at least {least}")
    return value


def _bytes(key: str) -> int:
    value = config.get(key)
    if isinstance(value, str) and (match := re.fullmatch(SIZE, value.strip(), re.IGNORECASE)):
        return int(float(match[1]) * UNITS[match[2].lower()])
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadConfigError(f"config[{key!r}] is {value!r}, expected a number of bytes, or text such as '256 MiB'")
    return value


def _seconds(key: str) -> float | None:
    value = config.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        raise BadConfigError(f"config[{key!r}] is {value!r}, expected a positive number of seconds or None")
    return float(value)
