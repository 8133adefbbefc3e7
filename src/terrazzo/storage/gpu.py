"""A store in the memory of a GPU."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Self

from terrazzo.buffer import gpu
from terrazzo.buffer.base import Buffer
from terrazzo.buffer.foreign import own_buffer
from terrazzo.storage.memory import MemoryStore

__all__ = ["GpuMemoryStore"]


class GpuMemoryStore(MemoryStore):
    """Values in a dictionary, in the memory of a GPU; needs the extra ``gpu``.

    What is written is copied to the GPU. A value is replaced as a whole, as in a `MemoryStore`.

    Parameters
    ----------
    store_dict
        Filled and read in place; its values are buffers of ``terrazzo.buffer.gpu``.
    read_only
        Whether writing is refused.

    Raises
    ------
    ImportError
        cupy is not installed.
    """

    inline = True

    def __init__(self, store_dict: MutableMapping[str, Buffer] | None = None, *, read_only: bool = False) -> None:
        gpu.import_cupy()
        super().__init__(store_dict, read_only=read_only)

    @classmethod
    def from_dict(cls, store_dict: MutableMapping[str, Buffer]) -> Self:
        """Make a store of values that need not be on the GPU yet; the dictionary itself is left as it is."""
        return cls({key: gpu.Buffer.from_buffer(own_buffer(value)) for key, value in store_dict.items()})

    def __str__(self) -> str:
        return f"gpumemory://{id(self._store_dict)}"

    async def set(self, key: str, value: Buffer, byte_range: tuple[int, int] | None = None) -> None:
        await super().set(key, gpu.Buffer.from_buffer(own_buffer(value)), byte_range)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        await super().set_if_not_exists(key, gpu.Buffer.from_buffer(own_buffer(value)))
