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
    one_by_one
        Whether chunks of a box are read and written one after another, as memory is short.
    reads
        How many times a chunk of the source is read, on average.
    unit_bytes
        Memory that one unit takes while it is copied, at most, as far as can be told.
    """

    source: AsyncArray[Any]
    target: AsyncArray[Any]
    is_raw: bool
    box: tuple[int, ...]
    one_by_one: bool = False
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
    reads_from = grid_to_read(source)
    read_shape, write_shape = _largest(reads_from), _largest(target._io.grid)
    read_size, write_size = math.prod(read_shape) * item_size, math.prod(write_shape) * item_size
    least = write_size + max(READ_COPIES * read_size, WRITE_COPIES * write_size)
    limit = max(DEFAULT_MEMORY, least) if max_memory is None else max_memory
    if limit < least:
        raise ValueError(
            f"max_memory is {max_memory} bytes, and copying a stored object of {quote(write_shape)} elements from "
            f"chunks of {quote(read_shape)} into {target.store_path} takes {least}"
        )
    width = cpu_count() if source.inline and target.inline else current_options().concurrency

    def needs(box: tuple[int, ...], elements: tuple[int, ...], at_once: int) -> int:
        chunks = math.prod(-(-span // length) + 1 for span, length in zip(elements, read_shape, strict=True))
        reading = min(at_once, chunks) * READ_COPIES * read_size
        writing = min(at_once, math.prod(box)) * WRITE_COPIES * write_size
        return math.prod(elements) * item_size + max(reading, writing)

    for at_once in (width, 1):

        def fits(box: tuple[int, ...], elements: tuple[int, ...], at_once: int = at_once) -> bool:
            return needs(box, elements, at_once) <= limit

        box, reads = choose_box(reads_from, target._io.grid, fits)
        elements = BoxGrid(target._io.grid, box).longest
        unit_bytes = needs(box, elements, at_once)
        if unit_bytes <= limit:
            break
    return ArrayTransfer(source, target, False, box, at_once == 1, reads, unit_bytes)


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
