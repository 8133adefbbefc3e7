"""The codec prepared for shards of one shape: what the pipeline asks for."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from terrazzo.abc.value import Value
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.codecs.sharding.check import check
from terrazzo.codecs.sharding.layout import ShardLayout
from terrazzo.codecs.sharding.reader import indexes, place, read
from terrazzo.codecs.sharding.writer import merge
from terrazzo.indexing.region import Region, region_of

__all__ = ["PreparedShard"]


class PreparedShard:
    """Reads and writes shards of one shape, whole or in part."""

    __slots__ = ("_everything", "layout")

    def __init__(self, layout: ShardLayout) -> None:
        self.layout = layout
        shape = layout.spec.shape
        self._everything = region_of(tuple(map(slice, shape)), shape)

    @property
    def inline(self) -> bool:
        return self.layout.inline

    async def decode(self, data: Buffer) -> NDBuffer:
        spec = self.layout.spec
        out = spec.prototype.nd_buffer.empty(spec.shape, self.layout.chain.dtype, spec.order)
        await place(self.layout, data, self._everything, out)
        return out

    async def place(self, data: Buffer, region: Region, target: NDBuffer) -> None:
        await place(self.layout, data, region, target)

    async def read(self, value: Value, region: Region, target: NDBuffer) -> bool:
        return await read(self.layout, value, region, target)

    async def check(self, value: Value, found: Callable[[Exception], None]) -> int | None:
        return await check(self.layout, value, found)

    def forget(self, identity: tuple[Hashable, ...]) -> None:
        indexes.forget(identity)

    async def encode(self, chunk: NDBuffer) -> Buffer | None:
        return await merge(self.layout, None, self._everything, chunk)

    async def merge(self, stored: Buffer | None, region: Region, value: NDBuffer | Patch) -> Buffer | None:
        return await merge(self.layout, stored, region, value)
