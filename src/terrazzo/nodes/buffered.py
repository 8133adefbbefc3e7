"""Buffered writers: they read and write elements as their array does, and store each object once."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.async_elements import AsyncElements
from terrazzo.nodes.buffered_io import BufferedIO
from terrazzo.nodes.elements import Elements
from terrazzo.runtime import mirror, operation, run_inline
from terrazzo.spec import ArrayConfig
from terrazzo.storage import StorePath

if TYPE_CHECKING:
    from terrazzo.nodes.async_array import AsyncArray

__all__ = ["AsyncBufferedWriter", "BufferedWriter"]


class AsyncBufferedWriter(AsyncElements):
    """Reads and writes the elements of an array, and stores each chunk or shard once.

    Made by ``AsyncArray.buffered``, and used in an ``async with`` block. What is assigned is copied, and stored at the
    end of the block, by ``flush``, or when more than `max_bytes` would be held: then chunks and shards that are whole
    go first, and after them those that were not written to for longest. What is read has what was assigned before.

    When the block ends with an error nothing more is stored, and a note at the error says what is not.
    """

    def __init__(self, array: AsyncArray[Any], max_bytes: int | None) -> None:
        array.store._check_writable()
        self.array = array
        self._io = BufferedIO(array, max_bytes)  # type: ignore[assignment] # it can do what elements are asked for

    @property
    def metadata(self) -> ArrayMetadata:  # type: ignore[override] # an attribute elsewhere
        """What is stored about the array."""
        return self._buffered.metadata

    @property
    def store_path(self) -> StorePath:  # type: ignore[override] # an attribute elsewhere
        """Where the array is."""
        return self.array.store_path

    @property
    def config(self) -> ArrayConfig:  # type: ignore[override] # an attribute elsewhere
        """How the array is read and written."""
        return self.array.config

    @property
    def unwritten(self) -> dict[str, tuple[slice, ...]]:
        """What is not stored, now or when the block ended: by key, a region that holds what was assigned."""
        return self._buffered.unwritten()

    @operation
    async def flush(self) -> None:
        """Store everything that was assigned so far.

        Raises
        ------
        UnwrittenError
            Some chunks or shards could not be stored. They are still held, and can be flushed again.
        """
        await self._buffered.flush()

    @operation
    async def _close(self, *, stores: bool) -> None:
        await self._buffered.close(stores=stores)

    @property
    def _buffered(self) -> BufferedIO:
        io: Any = self._io
        buffered: BufferedIO = io
        return buffered

    async def __aenter__(self) -> Self:
        self._buffered.open()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # The notes are made here: a caller that is interrupted has another error than what was interrupted for it.
        try:
            await self._close(stores=exc is None)
        except BaseException as failure:
            self._buffered.note(failure)
            raise
        if exc is not None:
            self._buffered.note(exc)

    def __reduce__(self) -> Any:
        raise TypeError("a buffered writer cannot be pickled: what it holds would be stored twice")


class BufferedWriter(Elements):
    """Reads and writes the elements of an array, and stores each chunk or shard once; see `AsyncBufferedWriter`.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array({}, shape=(4, 6), chunks=(1, 3), shards=(4, 6), dtype="int16")
    >>> with array.buffered() as writer:
    ...     for row in range(4):
    ...         writer[row] = row
    >>> array[:, 0]
    array([0, 1, 2, 3], dtype=int16)
    """

    def __init__(self, writer: AsyncBufferedWriter) -> None:
        self._writer = writer

    @property
    def async_counterpart(self) -> AsyncBufferedWriter:
        """What the mirrored methods call."""
        return self._writer

    @property
    def metadata(self) -> ArrayMetadata:  # type: ignore[override] # an attribute elsewhere
        """What is stored about the array."""
        return self._writer.metadata

    @property
    def store_path(self) -> StorePath:  # type: ignore[override] # an attribute elsewhere
        """Where the array is."""
        return self._writer.store_path

    @property
    def config(self) -> ArrayConfig:  # type: ignore[override] # an attribute elsewhere
        """How the array is read and written."""
        return self._writer.config

    @property
    def unwritten(self) -> dict[str, tuple[slice, ...]]:
        """What is not stored; see ``AsyncBufferedWriter.unwritten``."""
        return self._writer.unwritten

    flush = mirror(AsyncBufferedWriter.flush)

    def __enter__(self) -> Self:
        self._writer._buffered.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        run_inline(self._writer.__aexit__(exc_type, exc, traceback))
