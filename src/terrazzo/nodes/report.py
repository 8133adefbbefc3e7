"""Reports that people read: ``info`` of arrays and groups. The text is zarr-python's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from terrazzo.grid import ChunkGrid

__all__ = ["ArrayInfo", "GroupInfo", "human_readable_size", "reason_of"]

LABEL_WIDTH = 19


def human_readable_size(size: int) -> str:
    """A number of bytes as people write it: ``1.5K``."""
    if size < 1 << 10:
        return f"{size}"
    for exponent, unit in enumerate("KMGT", start=1):
        if size < 1 << (10 * (exponent + 1)):
            return f"{size / (1 << 10 * exponent):.1f}{unit}"
    return f"{size / (1 << 50):.1f}P"


def reason_of(error: BaseException) -> str:
    """What is wrong, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _table(rows: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"{label:<{LABEL_WIDTH}}: {value}" for label, value in rows if value is not None)


def _byte_count(count: int | None) -> str | None:
    if count is None:
        return None
    readable = human_readable_size(count)
    return str(count) if readable == str(count) else f"{count} ({readable})"


class _UnderOtherNames:
    """Reads ``_name`` as ``name``: packages know the fields as zarr-python has them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and name[1:] in getattr(type(self), "__dataclass_fields__", ()):
            return getattr(self, name[1:])
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


@dataclass(frozen=True, kw_only=True)
class ArrayInfo(_UnderOtherNames):
    """What there is to say about an array; what is None is not said."""

    zarr_format: int
    data_type: Any
    fill_value: Any
    shape: tuple[int, ...]
    chunk_shape: tuple[int, ...] | str
    shard_shape: tuple[int, ...] | str | None
    order: str
    read_only: bool
    store_type: str
    filters: tuple[Any, ...]
    serializer: Any
    compressors: tuple[Any, ...]
    count_bytes: int | None
    count_bytes_stored: int | None = None
    count_chunks_initialized: int | None = None
    where: str = ""
    """Where the array is; this and what follows is for notebooks."""
    grid: ChunkGrid | None = None
    subchunk_shape: tuple[int, ...] | None = None
    dimension_names: tuple[str | None, ...] | None = None

    @property
    def storage_ratio(self) -> float | None:
        """Bytes of the elements per byte stored."""
        if not self.count_bytes_stored or self.count_bytes is None:
            return None
        return self.count_bytes / self.count_bytes_stored

    def __repr__(self) -> str:
        ratio = self.storage_ratio
        return _table(
            [
                ("Type", "Array"),
                ("Zarr format", self.zarr_format),
                ("Data type", self.data_type),
                ("Fill value", self.fill_value),
                ("Shape", self.shape),
                ("Shard shape", self.shard_shape),
                ("Chunk shape", self.chunk_shape),
                ("Order", self.order),
                ("Read-only", self.read_only),
                ("Store type", self.store_type),
                ("Filters", self.filters),
                ("Serializer", self.serializer),
                ("Compressors", self.compressors),
                ("No. bytes", _byte_count(self.count_bytes)),
                ("No. bytes stored", _byte_count(self.count_bytes_stored)),
                ("Storage ratio", None if ratio is None else f"{ratio:.1f}"),
                (
                    "Chunks Initialized" if self.shard_shape is None else "Shards Initialized",
                    self.count_chunks_initialized,
                ),
            ]
        )

    def _repr_html_(self) -> str:
        """The report for a notebook, with a picture of the chunks."""
        from terrazzo.nodes.html import array_info_html  # only a notebook asks

        return array_info_html(self)


@dataclass(frozen=True, kw_only=True)
class GroupInfo(_UnderOtherNames):
    """What there is to say about a group; what is None is not said."""

    name: str
    zarr_format: int
    read_only: bool
    store_type: str
    count_members: int | None = None
    count_arrays: int | None = None
    count_groups: int | None = None

    def __repr__(self) -> str:
        rows = [
            ("Name", self.name),
            ("Type", "Group"),
            ("Zarr format", self.zarr_format),
            ("Read-only", self.read_only),
            ("Store type", self.store_type),
            ("No. members", self.count_members),
            ("No. arrays", self.count_arrays),
            ("No. groups", self.count_groups),
        ]
        return "\n".join(f"{label:<12}: {value}" for label, value in rows if value is not None)

    def _repr_html_(self) -> str:
        """The report for a notebook."""
        from terrazzo.nodes.html import group_info_html  # only a notebook asks

        return group_info_html(self)
