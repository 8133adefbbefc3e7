"""Short names of arrays by what their metadata are, for annotations."""

from __future__ import annotations

from typing import Any, TypeAlias

from terrazzo.metadata import ArrayV2Metadata, ArrayV3Metadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.async_array import AsyncArray

__all__ = ["AnyArray", "AnyAsyncArray", "ArrayV2", "ArrayV3", "AsyncArrayV2", "AsyncArrayV3"]

AnyArray: TypeAlias = Array[Any]
AnyAsyncArray: TypeAlias = AsyncArray[Any]
ArrayV2: TypeAlias = Array[ArrayV2Metadata]
ArrayV3: TypeAlias = Array[ArrayV3Metadata]
AsyncArrayV2: TypeAlias = AsyncArray[ArrayV2Metadata]
AsyncArrayV3: TypeAlias = AsyncArray[ArrayV3Metadata]
