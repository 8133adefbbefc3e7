"""Public aliases for annotations."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from terrazzo.dtype.base import DTypeConfig_V2, DTypeJSON
    from terrazzo.nodes.aliases import AnyArray, AnyAsyncArray, ArrayV2, ArrayV3, AsyncArrayV2, AsyncArrayV3

__all__ = [
    "JSON",
    "AccessModeLiteral",
    "AnyArray",
    "AnyAsyncArray",
    "ArrayV2",
    "ArrayV3",
    "AsyncArrayV2",
    "AsyncArrayV3",
    "BytesLike",
    "ChunkCoords",
    "DTypeConfig_V2",
    "DTypeJSON",
    "DimensionNames",
    "MemoryOrder",
    "NamedConfig",
    "ShapeLike",
    "ZarrFormat",
]

_MODULES = {
    "AnyArray": "terrazzo.nodes.aliases",
    "AnyAsyncArray": "terrazzo.nodes.aliases",
    "ArrayV2": "terrazzo.nodes.aliases",
    "ArrayV3": "terrazzo.nodes.aliases",
    "AsyncArrayV2": "terrazzo.nodes.aliases",
    "AsyncArrayV3": "terrazzo.nodes.aliases",
    "DTypeConfig_V2": "terrazzo.dtype.base",
    "DTypeJSON": "terrazzo.dtype.base",
}
"""Aliases of what stands above this module, and is imported when it is first named."""

JSON: TypeAlias = str | int | float | bool | Mapping[str, "JSON"] | Sequence["JSON"] | None
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


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return found
