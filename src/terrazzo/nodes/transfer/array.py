"""Copying the elements of one array into another of the same shape, stored object by stored object.

Where chunks agree their bytes are copied as they are. Otherwise the target is cut into boxes (`boxes`), and each box
is read and written: every stored object of the target once. What is to be done is a list of numbers, of chunks or of
boxes, so that it can be handed out, written down and taken up again.

Copying the same number again gives the same bytes, and so does somebody else who copies it meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from terrazzo.errors import quote
from terrazzo.grid import ChunkGrid
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.transfer.boxes import BoxGrid, choose_box
from terrazzo.nodes.transfer.layout import chunks_agree
from terrazzo.runtime import cpu_count
from terrazzo.settings import current_options

__all__ = ["DEFAULT_MEMORY", "READ_COPIES", "ArrayTransfer", "grid_to_read", "plan_array"]

DEFAULT_MEMORY = 256 << 20
"""Bytes that are held at once where nobody says otherwise, unless a single object of the target needs more."""
OBJECT_BYTES = 64
"""Bytes that an element is taken for that is an object of Python."""
READ_COPIES, WRITE_COPIES = 2, 3
"""What a chunk takes while it is decoded, and while it is encoded, as multiples of its decoded size."""


@dataclass(frozen=True)
class ArrayTransfer:
    """How one array is copied into another. It can be pickled where the stores can be: it holds no elements.

    Attributes
    ----------
    is_raw
        Whether the bytes of chunks are copied as they are.
    box
        Chunks of the target that are copied at once, along each axis.
    at_once
        How many chunks of a box are read, or written, at a time, as memory is short; None for all there is time for.
    reads
        How many times a chunk of the source is read, on average.
    unit_bytes
        Memory that one unit takes while it is copied, at most, as far as can be told.
    """

    source: AsyncArray[Any]
    target: AsyncArray[Any]
    is_raw: bool
    box: tuple[int, ...]
    at_once: int | None = None
    reads: float = 1.0
    unit_bytes: int = 0

    @cached_property
    def boxes(self) -> BoxGrid:
        """The units of work."""
        return BoxGrid(self.target._io.grid, self.box)

    @property
    def inline(self) -> bool:
        """Whether neither a store nor a codec that is needed ever waits."""
        if self.is_raw:
            return self.source.store_path.inline and self.target.store_path.inline
        return self.source.inline and self.target.inline

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.source.size * _item_size(self.source.metadata)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "boxes"}


def plan_array(
    source: AsyncArray[Any], target: AsyncArray[Any], max_memory: int | None = None, *, keeps_absent: bool = True
) -> ArrayTransfer:
    """Decide how to copy an array; nothing is read.

    Parameters
    ----------
    keeps_absent
        Whether chunks that are not stored need not be in the copy either.
    max_memory
        Bytes to hold at once, at most; by default `DEFAULT_MEMORY`, or what an object of the target needs.

    Raises
    ------
    ValueError
        The bound does not hold a single object of the target.
    UnknownCodecError
        A codec or the data type has no implementation, and chunks have to be decoded.
    """
    source = source.with_config({"read_missing_chunks": True})
    ndim = source.ndim
    if keeps_absent and chunks_agree(source.metadata, target.metadata):
        size = math.prod(_largest(target._io.grid)) * _item_size(target.metadata)
        return ArrayTransfer(source, target, is_raw=True, box=(1,) * ndim, unit_bytes=READ_COPIES * size)
    source._io.check_usable()
    target._io.check_usable()
    item_size = max(_item_size(source.metadata), _item_size(target.metadata))
    costs = _Costs.of(source, target, item_size)
    limit = max(DEFAULT_MEMORY, costs.least) if max_memory is None else max_memory
    if limit < costs.least:
        raise ValueError(
            f"max_memory is {max_memory} bytes, and copying a stored object of {quote(costs.write_shape)} elements "
            f"from chunks of {quote(costs.read_shape)} into {target.store_path} takes {costs.least}"
        )
    width = cpu_count() if source.inline and target.inline else current_options().concurrency
    plans = []
    for position, at_once in enumerate((None, *(width >> power for power in range(width.bit_length())))):

        def fits(box: tuple[int, ...], elements: tuple[int, ...], at_once: int | None = at_once) -> bool:
            return costs.of_box(box, elements, at_once, width) <= limit

        box, reads = choose_box(grid_to_read(source), target._io.grid, fits)
        size = costs.of_box(box, BoxGrid(target._io.grid, box).longest, at_once, width)
        plans.append((size > limit, reads, position, ArrayTransfer(source, target, False, box, at_once, reads, size)))
        if size <= limit and reads == 1:
            break  # nothing reads less, and what follows does less at a time
    return min(plans, key=lambda plan: plan[:3])[-1]


@dataclass(frozen=True)
class _Costs:
    """What memory it takes to copy elements between two arrays.

    Attributes
    ----------
    read_shape, write_shape, object_shape
        Of the largest chunk that can be read, and of the largest stored objects of the target and of the source.
    """

    read_shape: tuple[int, ...]
    write_shape: tuple[int, ...]
    object_shape: tuple[int, ...]
    item_size: int

    @classmethod
    def of(cls, source: AsyncArray[Any], target: AsyncArray[Any], item_size: int) -> _Costs:
        return cls(_largest(grid_to_read(source)), _largest(target._io.grid), _largest(source._io.grid), item_size)

    def size(self, shape: tuple[int, ...]) -> int:
        """Bytes of decoded elements."""
        return math.prod(shape) * self.item_size

    @property
    def least(self) -> int:
        """To copy one stored object of the target."""
        return self.of_box((1,) * len(self.write_shape), self.write_shape, 1, 1)

    def of_box(self, box: tuple[int, ...], elements: tuple[int, ...], at_once: int | None, width: int) -> int:
        """To copy a box.

        Parameters
        ----------
        at_once
            Chunks that are decoded or encoded at a time; None for as many as `width`, those in a shard together.
        """
        one, whole = self.size(self.read_shape), self.size(self.object_shape)
        shape = self.object_shape if at_once is None else self.read_shape
        count = math.prod(-(-span // max(1, length)) + 1 for span, length in zip(elements, shape, strict=True))
        shard = whole if at_once is None and shape != self.read_shape else 0
        reading = min(at_once or width, count) * (READ_COPIES * one + shard)
        writing = min(at_once or width, math.prod(box)) * WRITE_COPIES * self.size(self.write_shape)
        return self.size(elements) + max(reading, writing)


def _item_size(metadata: ArrayMetadata) -> int:
    data_type = metadata.data_type
    if data_type.object_codec_id is not None:
        return OBJECT_BYTES
    return int(getattr(data_type, "item_size", 0) or 0)


def _largest(grid: ChunkGrid) -> tuple[int, ...]:
    """The longest chunk along each axis, in elements."""
    return tuple(
        axis.uniform if axis.uniform is not None else max(axis.sizes_along(range(axis.count)), default=0)
        for axis in grid.dimensions
    )


def grid_to_read(array: AsyncArray[Any]) -> ChunkGrid:
    """What can be read of an array on its own: the chunks in a shard, unless something is done to whole shards."""
    subchunks = array.metadata.subchunk_shape
    return array._io.grid if subchunks is None else array.metadata.read_grid
