"""Chunk key encodings: from the coordinates of a chunk to the key it is stored under, and back.

Specification: Zarr v3.1 "Chunk key encoding"; section "Keys and values" of Zarr v2 for ``v2``.
"""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypedDict, cast

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.regular import EXTENSION, check_members
from terrazzo.registry import get_chunk_key_encoding_class, register_chunk_key_encoding
from terrazzo.types import JSON, ChunkCoords

__all__ = [
    "ChunkKeyEncoding",
    "ChunkKeyEncodingLike",
    "ChunkKeyEncodingParams",
    "DefaultChunkKeyEncoding",
    "SeparatorLiteral",
    "V2ChunkKeyEncoding",
    "parse_chunk_key_encoding",
]

SeparatorLiteral: TypeAlias = Literal[".", "/"]
INDEX = re.compile("0|[1-9][0-9]*")


class ChunkKeyEncodingParams(TypedDict, total=False):
    """The short form in which callers name a chunk key encoding."""

    name: Literal["default", "v2"]
    separator: SeparatorLiteral


@dataclass(frozen=True)
class ChunkKeyEncoding(ABC):
    """A rule for keys; the fields of a subclass are the members of its configuration."""

    name: ClassVar[str]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the configuration."""
        configuration = data.get("configuration", {})
        known = {field.name for field in fields(cls)}
        for member in configuration:
            if member not in known:
                raise MetadataValidationError(
                    f"the chunk key encoding {cls.name!r} has no such member", field=f"configuration.{member}"
                )
        return cls(**configuration)

    def to_dict(self) -> dict[str, JSON]:
        """The member ``chunk_key_encoding`` of a document."""
        return {"name": self.name, "configuration": {field.name: getattr(self, field.name) for field in fields(self)}}

    @abstractmethod
    def encode_chunk_key(self, chunk_coords: ChunkCoords) -> str:
        """The key of a chunk, relative to its array."""

    def decode_chunk_key(self, chunk_key: str) -> ChunkCoords:
        """The coordinates of the chunk stored under a key.

        Raises
        ------
        ValueError
            The key is not one of this encoding.
        """
        raise NotImplementedError(f"the chunk key encoding {self.name!r} cannot decode keys")

    def encode_product(self, indices: Sequence[Sequence[int]]) -> Iterator[str]:
        """The keys of all combinations of the indices along each axis, in C order."""
        return map(self.encode_chunk_key, itertools.product(*indices))


@dataclass(frozen=True)
class _Separated(ChunkKeyEncoding):
    """Decimal indices between separators, behind a prefix."""

    separator: SeparatorLiteral

    def __post_init__(self) -> None:
        if self.separator not in (".", "/"):
            raise MetadataValidationError(
                f"expected '.' or '/', got {quote(self.separator)}", field="configuration.separator"
            )

    @property
    def _prefix(self) -> str:
        return ""

    def encode_product(self, indices: Sequence[Sequence[int]]) -> Iterator[str]:
        if not indices:
            return iter((self.encode_chunk_key(()),))
        texts = [[str(index) for index in axis] for axis in indices]
        texts[0] = [self._prefix + text for text in texts[0]]
        return map(self.separator.join, itertools.product(*texts))

    def _decode_indices(self, text: str) -> ChunkCoords:
        parts = text.split(self.separator)
        if not all(INDEX.fullmatch(part) for part in parts):
            raise ValueError(f"{quote(text)} is not a chunk key of the encoding {self.name!r}")
        return tuple(map(int, parts))


@dataclass(frozen=True)
class DefaultChunkKeyEncoding(_Separated):
    """``c/1/23/45``; ``c`` for an array without dimensions."""

    name = "default"
    separator: SeparatorLiteral = "/"

    @property
    def _prefix(self) -> str:
        return f"c{self.separator}"

    def encode_chunk_key(self, chunk_coords: ChunkCoords) -> str:
        return self.separator.join(map(str, ("c", *chunk_coords)))

    def decode_chunk_key(self, chunk_key: str) -> ChunkCoords:
        if chunk_key == "c":
            return ()
        if not chunk_key.startswith(self._prefix):
            raise ValueError(f"{quote(chunk_key)} is not a chunk key of the encoding {self.name!r}")
        return self._decode_indices(chunk_key[2:])


@dataclass(frozen=True)
class V2ChunkKeyEncoding(_Separated):
    """``1.23.45``, as in Zarr v2; ``0`` for an array without dimensions."""

    name = "v2"
    separator: SeparatorLiteral = "."

    def encode_chunk_key(self, chunk_coords: ChunkCoords) -> str:
        return self.separator.join(map(str, chunk_coords)) or "0"

    def decode_chunk_key(self, chunk_key: str) -> ChunkCoords:
        """The coordinates; ``0`` reads as ``(0,)``, which also stands for the chunk of an array without dimensions."""
        return self._decode_indices(chunk_key)


register_chunk_key_encoding("default", DefaultChunkKeyEncoding)
register_chunk_key_encoding("v2", V2ChunkKeyEncoding)

ChunkKeyEncodingLike: TypeAlias = ChunkKeyEncoding | ChunkKeyEncodingParams | Mapping[str, Any] | str


def parse_chunk_key_encoding(data: ChunkKeyEncodingLike) -> ChunkKeyEncoding:
    """Make a chunk key encoding from its JSON in either form, or from the short form of callers.

    Raises
    ------
    MetadataValidationError
        It is malformed. The field is relative to ``chunk_key_encoding``.
    UnknownCodecError
        It has no implementation.
    """
    if isinstance(data, ChunkKeyEncoding):
        return data
    if isinstance(data, str):
        data = {"name": data}
    if hasattr(data, "to_dict"):  # an encoding of another implementation
        data = cast("Any", data).to_dict()
    if not isinstance(data, Mapping):
        raise MetadataValidationError(f"expected a name or an object, got {quote(data)}")
    members = dict(data)
    name = members.pop("name", None)
    if not isinstance(name, str):
        raise MetadataValidationError(f"expected text, got {quote(name)}", field="name")
    if "separator" in members and "configuration" not in members:
        members["configuration"] = {"separator": members.pop("separator")}
    check_members(members, *EXTENSION)
    configuration = members.get("configuration", {})
    if not isinstance(configuration, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(configuration)}", field="configuration")
    found = get_chunk_key_encoding_class(name).from_dict({"name": name, "configuration": configuration})
    return cast("ChunkKeyEncoding", found)
