"""The subchunks of one shard among the decoded chunks that are kept, where those are kept at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from typing import Any, TypeAlias

from terrazzo.abc.value import Value
from terrazzo.buffer.base import NDBuffer
from terrazzo.codecs.sharding.layout import ShardLayout
from terrazzo.indexing.region import Piece
from terrazzo.pipeline.cache import Chunks, cache_for, keeps_version, sealed, teller, unchanged

__all__ = ["Job", "KeptSubchunks"]

BATCH_BYTES = 32 << 20
"""Decoded bytes of subchunks that are made at once: until they are in place, they are there twice."""

Job: TypeAlias = tuple[int, int, int, Piece]
"""Position of a subchunk in C order, where it starts and ends in the data, and the piece of it that is wanted."""


class KeptSubchunks:
    """The subchunks of one shard that are kept, as of one version of it."""

    def __init__(self, layout: ShardLayout, value: Value, identity: tuple[Hashable, ...], cache: Chunks) -> None:
        self._layout = layout
        self._value = value
        self._cache = cache
        self._owner = identity[:2]
        self._meaning: tuple[Hashable, ...] = identity[2:], layout.index_key, layout.chain.meaning
        self._version: Hashable = None

    @classmethod
    def of(cls, layout: ShardLayout, value: Value) -> KeptSubchunks | None:
        """Those of a shard; None where none are kept."""
        cache = cache_for(layout.spec)
        return None if cache is None or value.identity is None else cls(layout, value, value.identity, cache)

    def place(self, version: Hashable, pieces: list[tuple[int, Piece]], target: NDBuffer) -> list[tuple[int, Piece]]:
        """Copy what is kept of a version of the shard to where it is wanted, and return what is not."""
        self._version = version
        left = []
        for position, piece in pieces:
            chunk = self._cache.peek(self._owner, self._key_of(position), version)
            if chunk is None:
                left.append((position, piece))
            else:
                selection, where, _ = piece
                target[where] = chunk[selection]
        return left

    async def read(self, jobs: list[Job], target: NDBuffer, fetch: Callable[[list[Job], Any], Awaitable[None]]) -> None:
        """Read subchunks, keep them, and copy what is wanted of them.

        Parameters
        ----------
        fetch
            Reads and decodes subchunks into a target.
        """
        value, version = self._value, self._version
        places = {job[0]: job for job in jobs}

        async def make(keys: Sequence[Any]) -> list[NDBuffer | None]:
            positions = [key[0] for key in keys]
            apart = _Apart(self._layout, positions)
            await fetch([apart.job(*places[position][:3]) for position in positions], apart)
            return [sealed(apart.chunks[position]) for position in positions]

        keeps, confirm = keeps_version(value, version), unchanged(value, version)
        for batch in self._batches(jobs):
            keys = list(map(self._key_of, batch))
            made = await self._cache.get_many(self._owner, keys, version, make, keeps=keeps, confirm=confirm)
            for position, chunk in zip(batch, made, strict=True):
                selection, where, _ = places[position][3]
                assert chunk is not None  # `make` gives none that is absent
                target[where] = chunk[selection]

    def _key_of(self, position: int) -> tuple[int, Hashable, Hashable]:
        return position, teller(self._value, self._version), self._meaning

    def _batches(self, jobs: list[Job]) -> Iterator[list[int]]:
        """Positions of subchunks that lie together, in the order in which everyone asks for them."""
        number = max(1, BATCH_BYTES // max(1, self._layout.chain.size))
        by_offset = sorted(jobs, key=lambda job: job[1])
        for first in range(0, len(jobs), number):
            yield sorted(job[0] for job in by_offset[first : first + number])


class _Apart:
    """A target of whole subchunks, each in memory of its own; selected along one axis, which is their position."""

    def __init__(self, layout: ShardLayout, positions: list[int]) -> None:
        spec, chain = layout.spec, layout.chain
        self._everything = chain.everything
        self.chunks = {
            position: spec.prototype.nd_buffer.empty(chain.spec.shape, chain.dtype) for position in positions
        }

    def job(self, position: int, start: int, end: int) -> Job:
        """What to do to get all of a subchunk."""
        return position, start, end, (self._everything, (slice(position, position + 1, 1),), True)

    def __getitem__(self, where: tuple[slice]) -> NDBuffer:
        return self.chunks[where[0].start]

    def __setitem__(self, where: tuple[slice], chunk: NDBuffer) -> None:
        self.chunks[where[0].start][...] = chunk
