"""The elements of an array, blocking: mirrors of the asynchronous ways to read and write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from terrazzo.nodes.accessors import BlockIndex, OIndex, VIndex
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_elements import AsyncElements
from terrazzo.runtime import mirror, mirror_stream, run_inline

__all__ = ["Elements"]


class Elements(ArrayBase):
    """Reads and writes elements; see `AsyncElements`."""

    if TYPE_CHECKING:

        @property
        def async_counterpart(self) -> AsyncElements:
            """What the mirrored methods call."""

    get_basic_selection = mirror(AsyncElements.get_basic_selection)
    set_basic_selection = mirror(AsyncElements.set_basic_selection)
    get_orthogonal_selection = mirror(AsyncElements.get_orthogonal_selection)
    set_orthogonal_selection = mirror(AsyncElements.set_orthogonal_selection)
    get_coordinate_selection = mirror(AsyncElements.get_coordinate_selection)
    set_coordinate_selection = mirror(AsyncElements.set_coordinate_selection)
    get_mask_selection = mirror(AsyncElements.get_mask_selection)
    set_mask_selection = mirror(AsyncElements.set_mask_selection)
    get_block_selection = mirror(AsyncElements.get_block_selection)
    set_block_selection = mirror(AsyncElements.set_block_selection)
    iter_chunks = mirror_stream(AsyncElements.iter_chunks, lambda chunk: chunk)

    @property
    def oindex(self) -> OIndex:
        """Orthogonal selections, each axis on its own: ``array.oindex[[0, 4], [1, 2]]`` has two axes."""
        return OIndex(self)

    @property
    def vindex(self) -> VIndex:
        """Points, by coordinates that broadcast or by a mask: ``array.vindex[[0, 4], [1, 2]]`` has one axis."""
        return VIndex(self)

    @property
    def blocks(self) -> BlockIndex:
        """Whole chunks, or shards, by their index in the grid: ``array.blocks[0, 1:3]``."""
        return BlockIndex(self)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("an array in a store can only be copied into memory: `copy=False` cannot be had")
        array: npt.NDArray[Any] = np.asarray(self[...])
        return array if dtype is None else array.astype(dtype, copy=False)

    def __getitem__(self, selection: Any) -> Any:
        """Read a selection.

        Integers, slices with a positive step and one ellipsis select along each axis. With arrays or lists of
        integers, with masks and with names of fields it is what numpy would select, where zarr-python takes it.

        An element selected by Python's integers alone comes as an array without axes, as from zarr-python; but bytes of
        any length come as they are.
        """
        result = run_inline(AsyncElements.getitem(self.async_counterpart, selection))
        if not self.ndim or isinstance(result, np.ndarray) or not _is_of_integers(selection):
            return result
        dtype = self.dtype
        return result if dtype.kind == "O" else np.asarray(result, dtype=dtype)

    def __setitem__(self, selection: Any, value: Any) -> None:
        """Write a selection; the value is broadcast and cast by numpy's rules."""
        run_inline(AsyncElements.setitem(self.async_counterpart, selection, value))


def _is_of_integers(selection: Any) -> bool:
    return all(isinstance(item, int) for item in (selection if isinstance(selection, tuple) else (selection,)))
