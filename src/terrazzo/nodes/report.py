"""Reports that people read: ``info`` of arrays and groups, and the tree of a group. The text is zarr-python's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["VARIABLE", "ArrayInfo", "GroupInfo", "TreeRepr", "human_readable_size"]

LABEL_WIDTH = 19

VARIABLE = "<variable>"
"""The shape of chunks that differ in shape."""


def human_readable_size(size: int) -> str:
    """A number of bytes as people write it: ``1.5K``."""
    if size < 1 << 10:
        return f"{size}"
    for exponent, unit in enumerate("KMGT", start=1):
        if size < 1 << (10 * (exponent + 1)):
            return f"{size / (1 << 10 * exponent):.1f}{unit}"
    return f"{size / (1 << 50):.1f}P"


def _table(rows: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"{label:<{LABEL_WIDTH}}: {value}" for label, value in rows if value is not None)


def _byte_count(count: int | None) -> str | None:
    if count is None:
        return None
    readable = human_readable_size(count)
    return str(count) if readable == str(count) else f"{count} ({readable})"


@dataclass(frozen=True, kw_only=True)
class ArrayInfo:
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


@dataclass(frozen=True, kw_only=True)
class GroupInfo:
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


@dataclass(frozen=True, slots=True)
class TreeRepr:
    """The members of a group as a tree.

    Attributes
    ----------
    root
        Name of the group.
    leaves
        For each member its path relative to the group, and what stands after its name; sorted, groups before what is
        in them.
    remark
        A last line, such as one that says that nodes are missing.
    """

    root: str
    leaves: tuple[tuple[str, str], ...]
    remark: str = ""

    def __str__(self) -> str:
        lines = [self.root]
        leaves = self._with_ancestors()
        last = {path.rpartition("/")[0]: path for path, _ in leaves}
        for path, text in leaves:
            parent, _, name = path.rpartition("/")
            above = parent.split("/") if parent else []
            head = ""
            for depth in range(len(above)):
                ancestor = "/".join(above[: depth + 1])
                head += "    " if last[ancestor.rpartition("/")[0]] == ancestor else "│   "
            head += "└── " if last[parent] == path else "├── "
            lines.append(f"{head}{name}{text}")
        if self.remark:
            lines.append(self.remark)
        return "\n".join(lines)

    def _with_ancestors(self) -> tuple[tuple[str, str], ...]:
        """The leaves, and the groups above them that copies of metadata may lack."""
        texts = dict(self.leaves)
        for path in tuple(texts):
            above = path.split("/")[:-1]
            for depth in range(len(above)):
                texts.setdefault("/".join(above[: depth + 1]), "")
        if len(texts) == len(self.leaves):
            return self.leaves
        return tuple(sorted(texts.items(), key=lambda leaf: leaf[0].split("/")))

    def __repr__(self) -> str:
        return str(self)
