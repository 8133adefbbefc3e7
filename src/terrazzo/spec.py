"""What a codec must know about one chunk (`ArraySpec`), and how one handle of an array behaves (`ArrayConfig`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeAlias, TypedDict, cast

from terrazzo.buffer.base import BufferPrototype
from terrazzo.dtype.base import ZDType
from terrazzo.errors import quote
from terrazzo.settings import Options, current_options
from terrazzo.types import MemoryOrder

__all__ = ["ArrayConfig", "ArrayConfigLike", "ArrayConfigParams", "ArraySpec", "parse_array_config"]


class ArrayConfigParams(TypedDict, total=False):
    """The members that ``config=`` takes where an array is created or opened."""

    order: MemoryOrder
    write_empty_chunks: bool
    read_missing_chunks: bool
    sharding_coalesce_max_gap_bytes: int
    sharding_coalesce_max_bytes: int
    cache: bool


@dataclass(frozen=True, slots=True)
class ArrayConfig:
    """How one handle of an array reads and writes; not stored.

    Attributes
    ----------
    order
        Memory order of results.
    write_empty_chunks
        Whether chunks that hold only the fill value are stored.
    read_missing_chunks
        Whether an absent chunk reads as the fill value, or raises ``ChunkNotFoundError``.
    sharding_coalesce_max_gap_bytes, sharding_coalesce_max_bytes
        Ranges of one shard at most this many bytes apart are read in one request of at most that many bytes.
    cache
        Whether decoded chunks are kept, where ``cache.max_bytes`` allows any.
    """

    order: MemoryOrder
    write_empty_chunks: bool
    read_missing_chunks: bool = True
    sharding_coalesce_max_gap_bytes: int = 1 << 20
    sharding_coalesce_max_bytes: int = 16 << 20
    cache: bool = True

    def __post_init__(self) -> None:
        if self.order not in ("C", "F"):
            raise ValueError(f"order is {quote(self.order)}, expected 'C' or 'F'")
        for name in ("write_empty_chunks", "read_missing_chunks", "cache"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is {quote(getattr(self, name))}, expected True or False")
        for name in ("sharding_coalesce_max_gap_bytes", "sharding_coalesce_max_bytes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name} is {quote(value)}, expected a number of bytes")

    @classmethod
    def from_options(cls, options: Options, **changes: Any) -> Self:
        """Take from the settings whatever `changes` does not say."""
        return cls(**{**{field.name: getattr(options, field.name) for field in fields(cls)}, **changes})

    @classmethod
    def from_dict(cls, data: ArrayConfigParams) -> Self:
        """Make a configuration from its members; the settings give what is missing."""
        return cls.from_options(current_options(), **data)

    def to_dict(self) -> dict[str, Any]:
        """All members by name."""
        return asdict(self)


ArrayConfigLike: TypeAlias = ArrayConfig | ArrayConfigParams


def parse_array_config(data: ArrayConfigLike | None, options: Options) -> ArrayConfig:
    """Make a configuration of what a caller gave.

    Raises
    ------
    TypeError
        A member is not known.
    """
    if isinstance(data, ArrayConfig):
        return data
    if data is None:
        return ArrayConfig.from_options(options)
    if hasattr(data, "to_dict"):  # a configuration of another implementation
        data = cast("Any", data).to_dict()
    if not isinstance(data, Mapping):
        raise TypeError(f"config takes an ArrayConfig or a mapping, got {quote(data)}")
    known = {field.name for field in fields(ArrayConfig)}
    for member in data:
        if member not in known:
            raise TypeError(f"config has no member {quote(member)}; known are {', '.join(sorted(known))}")
    return ArrayConfig.from_options(options, **data)


@dataclass(frozen=True)
class ArraySpec:
    """Shape, data type, fill value and memory of the array that a codec takes or gives for one chunk.

    Attributes
    ----------
    shape
        In elements.
    fill_value
        A scalar of the data type.
    prototype
        Classes of the buffers to make.
    """

    shape: tuple[int, ...]
    dtype: ZDType[Any, Any]
    fill_value: Any
    config: ArrayConfig
    prototype: BufferPrototype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def order(self) -> MemoryOrder:
        """Memory order of decoded arrays."""
        return self.config.order
