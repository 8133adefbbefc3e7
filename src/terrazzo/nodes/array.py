"""Arrays, blocking: mirrors of the asynchronous ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from terrazzo.nodes.async_array import AsyncArray, T_ArrayMetadata
from terrazzo.nodes.attributes import Attributes
from terrazzo.nodes.elements import Elements
from terrazzo.runtime import mirror, run_inline
from terrazzo.spec import ArrayConfig, ArrayConfigLike
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import JSON

if TYPE_CHECKING:
    from terrazzo.nodes.buffered import BufferedWriter

__all__ = ["Array"]


@dataclass(frozen=False, eq=False, repr=False)
class Array(Elements, Generic[T_ArrayMetadata]):
    """An array in a store, blocking.

    Every method runs the coroutine of the same name of `AsyncArray`: on the calling thread where the store never
    waits, and otherwise on a background event loop.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array({}, shape=(4, 6), chunks=(2, 3), dtype="int16", fill_value=-1)
    >>> array[1:3, ::2] = [[1, 2, 3], [4, 5, 6]]
    >>> array[1]
    array([ 1, -1,  2, -1,  3, -1], dtype=int16)
    """

    _async_array: AsyncArray[T_ArrayMetadata]

    @property
    def async_array(self) -> AsyncArray[T_ArrayMetadata]:
        """The asynchronous array that this one stands for; both see the same metadata."""
        return self._async_array

    @property
    def async_counterpart(self) -> AsyncArray[T_ArrayMetadata]:
        """What the mirrored methods call."""
        return self._async_array

    @property
    def metadata(self) -> T_ArrayMetadata:  # type: ignore[override] # an attribute elsewhere
        """What is stored about the array."""
        return self._async_array.metadata

    @property
    def store_path(self) -> StorePath:  # type: ignore[override] # an attribute elsewhere
        """Where the array is."""
        return self._async_array.store_path

    @property
    def config(self) -> ArrayConfig:  # type: ignore[override] # an attribute elsewhere
        """How this handle reads and writes."""
        return self._async_array.config

    @property
    def attrs(self) -> Attributes:
        """The user's attributes, as a mutable mapping; each change is written at once."""
        return Attributes(self)

    @classmethod
    def from_dict(cls, store_path: StorePath, data: Mapping[str, JSON]) -> Array[Any]:
        """Make a handle of a metadata document; nothing is read."""
        return cls(AsyncArray.from_dict(store_path, data))

    @classmethod
    def open(cls, store: StoreLike, *, config: ArrayConfigLike | None = None) -> Array[Any]:
        """Open an array that exists.

        Raises
        ------
        ArrayNotFoundError
            There is none.
        """
        return cls(run_inline(AsyncArray.open(store, config=config)))

    def with_config(self, config: ArrayConfigLike) -> Array[T_ArrayMetadata]:
        """Another handle of the same array, that reads and writes in another way."""
        return type(self)(self._async_array.with_config(config))

    def buffered(self, *, max_bytes: int | None = None) -> BufferedWriter:
        """Collect what is written, and store each chunk or shard once; see ``AsyncArray.buffered``."""
        from terrazzo.nodes.buffered import BufferedWriter  # few programs need it

        return BufferedWriter(self._async_array.buffered(max_bytes=max_bytes))

    resize = mirror(AsyncArray.resize)
    append = mirror(AsyncArray.append)
    nbytes_stored = mirror(AsyncArray.nbytes_stored)
    info_complete = mirror(AsyncArray.info_complete)

    @property
    def nchunks_initialized(self) -> int:
        """Number of chunks that are stored."""
        return run_inline(self._async_array.nchunks_initialized())

    def update_attributes(self, new_attributes: Mapping[str, JSON]) -> Array[T_ArrayMetadata]:
        """Add attributes, and replace those that have the same names; see ``AsyncArray.update_attributes``."""
        return type(self)(run_inline(self._async_array.update_attributes(new_attributes)))

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[index] for index in range(self.shape[0]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Array):
            return NotImplemented
        return self._async_array == other._async_array

    __hash__ = None  # type: ignore[assignment] # the metadata change
