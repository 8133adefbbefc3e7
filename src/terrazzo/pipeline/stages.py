"""The steps of a prepared chain: each codec with what it sees, and what is known about sizes before it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from terrazzo.abc.codec import BaseCodec, is_inline_codec
from terrazzo.errors import BaseZarrError, CorruptDataError, add_context, quote
from terrazzo.spec import ArraySpec

__all__ = ["ALWAYS_ALLOWED", "MOST_ENCODED", "Stage", "encoded_size", "make_stage", "name_of", "raise_corrupt"]

MOST_ENCODED = 4
"""Bytes per byte that codecs make of what they cannot pack, generously: text in hexadecimal digits takes two."""

ALWAYS_ALLOWED = 1 << 20
"""Bytes that headers may take beside that."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One codec, what it sees, and what it can do."""

    codec: Any
    spec: ArraySpec
    name: str
    inline: bool
    decoded_size: int | None
    """Bytes that decoding gives, where that does not depend on the data."""
    sized: bool
    most: int | None
    """Bytes that decoding gives at most, where their number depends on the data and the codec can be told."""


def make_stage(codec: BaseCodec[Any, Any], spec: ArraySpec, size: int | None, raw_size: int | None = None) -> Stage:
    """Find out what a codec can do, and how many bytes it sees."""
    sized = size is not None and hasattr(codec, "decode_sized")
    bounded = size is None and raw_size is not None and hasattr(codec, "decode_at_most")
    most = raw_size * MOST_ENCODED + ALWAYS_ALLOWED if bounded and raw_size is not None else None
    return Stage(codec, spec, name_of(codec), is_inline_codec(codec), size, sized, most)


def name_of(codec: BaseCodec[Any, Any]) -> str:
    """The name that documents use, for messages."""
    try:
        return str(codec.to_dict()["name"])
    except (KeyError, NotImplementedError):
        return type(codec).__name__


def encoded_size(codec: BaseCodec[Any, Any], size: int | None, spec: ArraySpec) -> int | None:
    """Bytes that a codec makes of `size` bytes, where that does not depend on them."""
    if size is None or not codec.is_fixed_size:
        return None
    return codec.compute_encoded_size(size, spec)


def raise_corrupt(error: Exception, stage: Stage) -> NoReturn:
    """Turn whatever a codec raised while decoding into an error that says which stage failed."""
    if isinstance(error, CorruptDataError):
        error.stage = error.stage or stage.name
    elif not isinstance(error, (BaseZarrError, MemoryError)):
        cause, error = error, CorruptDataError(f"{type(error).__name__}: {quote(str(error))}", stage=stage.name)
        error.__cause__ = cause
    add_context(error, f"codec {stage.name!r}, decoding")
    raise error
