"""What ``oindex``, ``vindex`` and ``blocks`` of an array are: other ways to select, behind brackets or ``getitem``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terrazzo.indexing import pop_fields
from terrazzo.runtime import run_inline

if TYPE_CHECKING:
    from terrazzo.nodes.async_elements import AsyncElements
    from terrazzo.nodes.elements import Elements

__all__ = ["AsyncBlockIndex", "AsyncOIndex", "AsyncVIndex", "BlockIndex", "OIndex", "VIndex"]


class _Of:
    """Belongs to an array."""

    __slots__ = ("array",)

    def __init__(self, array: Any) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and bool(self.array == other.array)

    __hash__ = None  # type: ignore[assignment] # arrays have none

    def __repr__(self) -> str:
        return f"{type(self).__name__}(array={self.array!r})"


class AsyncOIndex(_Of):
    """Orthogonal selections of an asynchronous array."""

    __slots__ = ()
    array: AsyncElements

    async def getitem(self, selection: Any) -> Any:
        """Read; see ``get_orthogonal_selection``. Names of fields may stand among the selections."""
        fields, selection = pop_fields(selection)
        return await self.array.get_orthogonal_selection(selection, fields=fields)

    async def setitem(self, selection: Any, value: Any) -> None:
        """Write; see ``set_orthogonal_selection``."""
        fields, selection = pop_fields(selection)
        await self.array.set_orthogonal_selection(selection, value, fields=fields)


class AsyncVIndex(_Of):
    """Points of an asynchronous array, by coordinates or by a mask."""

    __slots__ = ()
    array: AsyncElements

    async def getitem(self, selection: Any) -> Any:
        """Read; see ``get_coordinate_selection`` and ``get_mask_selection``."""
        fields, selection = pop_fields(selection)
        return await self.array._get_points(selection, fields)

    async def setitem(self, selection: Any, value: Any) -> None:
        """Write; see ``set_coordinate_selection`` and ``set_mask_selection``."""
        fields, selection = pop_fields(selection)
        await self.array._set_points(selection, value, fields)


class AsyncBlockIndex(_Of):
    """Whole chunks of an asynchronous array."""

    __slots__ = ()
    array: AsyncElements

    async def getitem(self, selection: Any) -> Any:
        """Read; see ``get_block_selection``."""
        fields, selection = pop_fields(selection)
        return await self.array.get_block_selection(selection, fields=fields)

    async def setitem(self, selection: Any, value: Any) -> None:
        """Write; see ``set_block_selection``."""
        fields, selection = pop_fields(selection)
        await self.array.set_block_selection(selection, value, fields=fields)


class OIndex(_Of):
    """Orthogonal selections of an array, in brackets."""

    __slots__ = ()
    array: Elements

    def __getitem__(self, selection: Any) -> Any:
        return run_inline(self.array.async_counterpart.oindex.getitem(selection))

    def __setitem__(self, selection: Any, value: Any) -> None:
        run_inline(self.array.async_counterpart.oindex.setitem(selection, value))


class VIndex(_Of):
    """Points of an array, by coordinates or by a mask in brackets."""

    __slots__ = ()
    array: Elements

    def __getitem__(self, selection: Any) -> Any:
        return run_inline(self.array.async_counterpart.vindex.getitem(selection))

    def __setitem__(self, selection: Any, value: Any) -> None:
        run_inline(self.array.async_counterpart.vindex.setitem(selection, value))


class BlockIndex(_Of):
    """Whole chunks of an array, by their index in the grid in brackets."""

    __slots__ = ()
    array: Elements

    def __getitem__(self, selection: Any) -> Any:
        return run_inline(self.array.async_counterpart.blocks.getitem(selection))

    def __setitem__(self, selection: Any, value: Any) -> None:
        run_inline(self.array.async_counterpart.blocks.setitem(selection, value))
