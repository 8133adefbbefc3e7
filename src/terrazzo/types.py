"""Public aliases for annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict

__all__ = [
    "JSON",
    "AccessModeLiteral",
    "BytesLike",
    "ChunkCoords",
    "DimensionNames",
    "MemoryOrder",
    "NamedConfig",
    "ShapeLike",
    "ZarrFormat",
]

JSON: TypeAlias = "str | int | float | bool | Mapping[str, JSON] | Sequence[JSON] | None"
BytesLike: TypeAlias = bytes | bytearray | memoryview
ZarrFormat: TypeAlias = Literal[2, 3]
MemoryOrder: TypeAlias = Literal["C", "F"]
AccessModeLiteral: TypeAlias = Literal["r", "r+", "a", "w", "w-"]
ChunkCoords: TypeAlias = tuple[int, ...]
ShapeLike: TypeAlias = Iterable[int] | int
DimensionNames: TypeAlias = Iterable[str | None] | None


class NamedConfig(TypedDict, total=False):
    """How the v3 specification writes an extension: its name, and its configuration where it has one."""

    name: str
    configuration: Mapping[str, JSON]
