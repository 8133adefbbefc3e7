"""The elements of an array, asynchronous: every way to read and write them is written here, once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import numpy as np

from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import BufferPrototype, NDBuffer
from terrazzo.buffer.foreign import adopt_array, adopt_prototype
from terrazzo.errors import quote
from terrazzo.indexing import (
    BasicIndexer,
    BasicSelection,
    BlockIndexer,
    CoordinateIndexer,
    CoordinateSelection,
    Fields,
    Indexer,
    MaskIndexer,
    MaskSelection,
    OrthogonalIndexer,
    OrthogonalSelection,
    as_mask,
    check_fields,
    is_plain,
    kind_of,
    pop_fields,
    run_of,
)
from terrazzo.nodes.accessors import AsyncBlockIndex, AsyncOIndex, AsyncVIndex
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.values import value_for
from terrazzo.runtime import operation, operation_stream

if TYPE_CHECKING:
    from terrazzo.nodes.chunk_io import ChunkIO
    from terrazzo.storage import StorePath

__all__ = ["AsyncElements"]


class AsyncElements(ArrayBase):
    """Reads and writes elements. Results are arrays of the shape of the selection."""

    store_path: StorePath
    _io: ChunkIO

    @property
    def inline(self) -> bool:
        """Whether neither the store nor a codec ever waits."""
        return self.store_path.inline and self._io.is_inline

    # -- what stands in brackets

    @operation
    async def getitem(self, selection: Any, *, prototype: BufferPrototype | None = None) -> Any:
        """Read a selection, as ``array[selection]`` of a blocking array does.

        Integers, slices with a positive step and one ellipsis select along each axis. With arrays or lists of
        integers, with masks and with names of fields it is what numpy would select, where zarr-python takes it.

        Returns
        -------
        array of the shape of the selection, or a scalar when every axis is selected by an integer

        Raises
        ------
        IndexError
            The selection does not fit.
        CorruptDataError
            A chunk is not what the metadata promise.
        """
        indexer, fields = await self._index(selection)
        return await self._get_selection(indexer, prototype=prototype, fields=fields)

    @operation
    async def setitem(self, selection: Any, value: Any, prototype: BufferPrototype | None = None) -> None:
        """Write a selection, as ``array[selection] = value`` of a blocking array does.

        Parameters
        ----------
        value
            Anything that numpy can broadcast to the shape of the selection and cast to the data type.

        Raises
        ------
        IndexError
            The selection does not fit, or the value cannot be broadcast to it.
        ValueError
            The store is read-only.
        """
        self.store._check_writable()
        indexer, fields = await self._index(selection)
        await self._set_selection(indexer, value, prototype=prototype, fields=fields)

    async def _index(self, selection: Any) -> tuple[Indexer, Fields | None]:
        fields = None
        if not is_plain(selection):
            fields, selection = pop_fields(await in_memory(selection))
            kind = kind_of(selection, self.ndim)
            if kind == "orthogonal":
                return self._indexer(OrthogonalIndexer, selection), fields
            if kind == "vectorized":
                return self._points(selection), fields
        return self._indexer(BasicIndexer, selection), fields

    def _indexer(self, make: type[Any], selection: Any) -> Any:
        io = self._io
        return make(selection, io.metadata.shape, io.grid)

    def _points(self, selection: Any) -> Indexer:
        """Points, by coordinates or by a mask."""
        mask = as_mask(selection)
        return self._coordinates(selection) if mask is None else self._indexer(MaskIndexer, mask)

    def _coordinates(self, selection: Any) -> Indexer:
        run = run_of(selection, self._io.metadata.shape)
        make, selected = (CoordinateIndexer, selection) if run is None else (BasicIndexer, run)
        return self._indexer(make, selected)  # type: ignore[no-any-return]

    @property
    def oindex(self) -> AsyncOIndex:
        """Orthogonal selections, each axis on its own: ``await array.oindex.getitem(([0, 4], slice(None)))``."""
        return AsyncOIndex(self)

    @property
    def vindex(self) -> AsyncVIndex:
        """Points, by coordinates that broadcast or by a mask: ``await array.vindex.getitem(([0, 4], [1, 1]))``."""
        return AsyncVIndex(self)

    @property
    def blocks(self) -> AsyncBlockIndex:
        """Whole chunks, or shards, by their index in the grid: ``await array.blocks.getitem((0, slice(1, 3)))``."""
        return AsyncBlockIndex(self)

    # -- reading

    @operation
    async def get_basic_selection(
        self,
        selection: BasicSelection = Ellipsis,
        *,
        out: NDBuffer | None = None,
        prototype: BufferPrototype | None = None,
        fields: Fields | None = None,
    ) -> Any:
        """Read an integer, a slice with a positive step or everything along each axis.

        Parameters
        ----------
        selection
            Integers, slices and one ellipsis, in a tuple or alone.
        out
            Where to read to: of the shape of the selection, of any data type that elements can be cast to.
        prototype
            Classes of buffers to read into.
        fields
            What to read of a structured data type: the name of a field, or a list of names.

        Returns
        -------
        array of the shape of the selection, or a scalar when every axis is selected by an integer

        Raises
        ------
        IndexError
            The selection does not fit, or there are no such fields.
        ValueError
            `out` has another shape.
        CorruptDataError
            A chunk is not what the metadata promise.
        """
        return await self._get_selection(
            self._indexer(BasicIndexer, selection), prototype=prototype, out=out, fields=fields
        )

    @operation
    async def get_orthogonal_selection(
        self,
        selection: OrthogonalSelection,
        *,
        out: NDBuffer | None = None,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read along each axis what an integer, a slice, a list or array of integers or a mask of the axis selects.

        The parameters, the result and the errors are those of ``get_basic_selection``, but that an element is an array
        without axes.
        """
        indexer = self._indexer(OrthogonalIndexer, await in_memory(selection))
        return await self._get_selection(indexer, prototype=prototype, out=out, fields=fields)

    @operation
    async def get_coordinate_selection(
        self,
        selection: CoordinateSelection,
        *,
        out: NDBuffer | None = None,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read points.

        Parameters
        ----------
        selection
            An integer or an array of integers for each axis; they broadcast, and the result has their shape.
        out
            Where to read to: of that shape, or of one axis.

        The other parameters and the errors are those of ``get_basic_selection``.
        """
        indexer = self._coordinates(await in_memory(selection))
        return await self._get_selection(indexer, prototype=prototype, out=out, fields=fields)

    @operation
    async def get_mask_selection(
        self,
        mask: MaskSelection,
        *,
        out: NDBuffer | None = None,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read the elements where `mask`, which has the shape of the array, is true, in C order.

        The other parameters and the errors are those of ``get_basic_selection``.
        """
        indexer = self._indexer(MaskIndexer, await in_memory(mask))
        return await self._get_selection(indexer, prototype=prototype, out=out, fields=fields)

    @operation
    async def get_block_selection(
        self,
        selection: BasicSelection,
        *,
        out: NDBuffer | None = None,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Any:
        """Read whole chunks, or shards where there are any.

        Parameters
        ----------
        selection
            Along each axis the index of a chunk in the grid, or a slice of step 1; no axis is dropped.

        The other parameters and the errors are those of ``get_basic_selection``.
        """
        indexer = self._indexer(BlockIndexer, selection)
        return await self._get_selection(indexer, prototype=prototype, out=out, fields=fields)

    @operation
    async def _get_points(self, selection: Any, fields: Fields | None) -> Any:
        return await self._get_selection(self._points(await in_memory(selection)), fields=fields)

    @operation_stream
    async def iter_chunks(self) -> AsyncGenerator[tuple[tuple[slice, ...], Any], None]:
        """Read chunk by chunk, those of one stored object after another.

        Yields
        ------
        region : tuple of slice
            Where the chunk is in the array.
        data : array
            Its elements.
        """
        for region in self.read_units():
            indexer = self._indexer(BasicIndexer, region)
            yield region, await self._get_selection(indexer)

    async def _get_selection(
        self,
        indexer: Indexer,
        *,
        prototype: BufferPrototype | None = None,
        out: NDBuffer | None = None,
        fields: Fields | None = None,
    ) -> Any:
        """Read what an indexer says."""
        io = self._io
        prototype = adopt_prototype(prototype) if prototype else default_buffer_prototype()
        shape = indexer.shape
        dtype = check_fields(fields, io.dtype) if fields else io.dtype
        inner = dtype.shape  # of a field that is an array
        selected = getattr(indexer, "sel_shape", shape) + inner
        if out is not None:
            out = adopt_array(out, prototype)
            if out.shape not in (shape + inner, selected):
                raise ValueError(f"out has the shape {out.shape}, the selection has {selected}")
        direct = out is not None and not fields and out.shape == shape
        target = out if direct and out is not None else prototype.nd_buffer.empty(shape, io.dtype, self.config.order)
        await io.read(indexer, target, prototype)
        if fields:
            whole: Any = target.as_ndarray_like()
            target = prototype.nd_buffer.empty(shape, dtype, self.config.order)
            target[...] = whole[fields if isinstance(fields, str) else list(fields)]
        if out is not None and not direct:
            out[...] = target.reshape(out.shape)
            target = out
        if not selected and isinstance(indexer, BasicIndexer):
            return target.as_scalar()
        return target.as_ndarray_like() if target.shape == selected else target.reshape(selected).as_ndarray_like()

    # -- writing

    @operation
    async def set_basic_selection(
        self,
        selection: BasicSelection,
        value: Any,
        *,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> None:
        """Write to an integer, a slice with a positive step or everything along each axis.

        Parameters
        ----------
        selection
            Integers, slices and one ellipsis, in a tuple or alone.
        value
            Anything that numpy can broadcast to the shape of the selection and cast to the data type.
        fields
            The name of the field of a structured data type to write; the others stay.
        prototype
            Classes of buffers to write from.

        Raises
        ------
        IndexError
            The selection does not fit, there is no such field, or the value cannot be broadcast.
        ValueError
            The store is read-only.
        """
        await self._set_selection(self._indexer(BasicIndexer, selection), value, prototype=prototype, fields=fields)

    @operation
    async def set_orthogonal_selection(
        self,
        selection: OrthogonalSelection,
        value: Any,
        *,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> None:
        """Write along each axis to what an integer, a slice, a list or array of integers or a mask selects.

        Where an element is selected twice, the last value stays. Otherwise as ``set_basic_selection``.
        """
        indexer = self._indexer(OrthogonalIndexer, await in_memory(selection))
        await self._set_selection(indexer, value, prototype=prototype, fields=fields)

    @operation
    async def set_coordinate_selection(
        self,
        selection: CoordinateSelection,
        value: Any,
        *,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> None:
        """Write to points, by an integer or an array of integers for each axis, that broadcast.

        Where a point is selected twice, the last value stays. Otherwise as ``set_basic_selection``.
        """
        indexer = self._coordinates(await in_memory(selection))
        await self._set_selection(indexer, value, prototype=prototype, fields=fields)

    @operation
    async def set_mask_selection(
        self,
        mask: MaskSelection,
        value: Any,
        *,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> None:
        """Write to the elements where `mask`, which has the shape of the array, is true.

        Otherwise as ``set_basic_selection``.
        """
        indexer = self._indexer(MaskIndexer, await in_memory(mask))
        await self._set_selection(indexer, value, prototype=prototype, fields=fields)

    @operation
    async def set_block_selection(
        self,
        selection: BasicSelection,
        value: Any,
        *,
        fields: Fields | None = None,
        prototype: BufferPrototype | None = None,
    ) -> None:
        """Write whole chunks, or shards where there are any.

        Selected as by ``get_block_selection``, and otherwise as ``set_basic_selection``.
        """
        await self._set_selection(self._indexer(BlockIndexer, selection), value, prototype=prototype, fields=fields)

    @operation
    async def _set_points(self, selection: Any, value: Any, fields: Fields | None) -> None:
        await self._set_selection(self._points(await in_memory(selection)), value, fields=fields)

    async def _set_selection(
        self,
        indexer: Indexer,
        value: Any,
        *,
        prototype: BufferPrototype | None = None,
        fields: Fields | None = None,
    ) -> None:
        """Write what an indexer says."""
        self.store._check_writable()
        io = self._io
        prototype = adopt_prototype(prototype) if prototype else default_buffer_prototype()
        dtype = check_fields(fields, io.dtype)
        field = _only(fields) if fields else None
        if field is not None:
            dtype = io.dtype[field]
        stored = indexer.shape + dtype.shape
        shape = getattr(indexer, "sel_shape", indexer.shape) + dtype.shape
        if shape != stored and np.shape(value) == stored:
            shape = stored  # a value for each point, in one row
        given = value_for(value, shape, dtype.base, prototype)
        if given.shape and given.shape != stored:
            given = given.reshape(stored)
        await io.write(indexer, given, prototype, field)


def _only(fields: Fields) -> str:
    names = [fields] if isinstance(fields, str) else list(fields)
    if len(names) != 1:
        raise IndexError(f"one field at a time can be written, got {quote(fields)}")
    return names[0]


async def in_memory(selection: Any) -> Any:
    """A selection with arrays in a store replaced by what they hold."""
    if isinstance(selection, tuple):
        return tuple([await in_memory(item) for item in selection])
    if isinstance(selection, AsyncElements):
        return await selection.getitem(...)
    counterpart = getattr(selection, "async_counterpart", None)
    return await counterpart.getitem(...) if isinstance(counterpart, AsyncElements) else selection
