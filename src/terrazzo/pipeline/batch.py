"""The codec pipeline: what an array asks to read and write chunks, and zarr-python's contract for it.

An array hands over jobs, one tuple per chunk, made lazily and in C. The contract's batches become the same jobs, so
both run through the same workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec, CodecPipeline, GetResult
from terrazzo.abc.store import ByteGetter, ByteSetter
from terrazzo.abc.value import GetterValue, Value
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.indexing.projection import ChunkProjection, SelectorTuple
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.pipeline.read import ReadRequest, read_chunks
from terrazzo.pipeline.write import WriteRequest, write_chunks
from terrazzo.runtime import map_concurrent
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec

__all__ = ["BatchedCodecPipeline"]


class _Anywhere:
    """The places of a batch, which know how to get, set and delete themselves, as a source of chunks."""

    def __str__(self) -> str:
        return "a batch"

    async def get(self, key: Any, prototype: Any) -> Buffer | None:
        found: Buffer | None = await key.get(prototype)
        return found

    def open_value(self, key: Any) -> Value:
        return GetterValue(key)

    async def set(self, key: Any, value: Buffer) -> None:
        await key.set(value)

    async def delete(self, key: Any) -> None:
        await key.delete()


@dataclass(frozen=True)
class BatchedCodecPipeline(CodecPipeline):
    """Runs chunks through the codecs of an array, several at once where that pays.

    Attributes
    ----------
    batch_size
        ``config["codec_pipeline.batch_size"]``, for programs that ask. Chunks are not decoded in batches here: each
        goes through all its codecs at once, and what that costs decides how many threads share them.
    """

    array_array_codecs: tuple[ArrayArrayCodec, ...]
    array_bytes_codec: ArrayBytesCodec
    bytes_bytes_codecs: tuple[BytesBytesCodec, ...]
    batch_size: int = 1

    @classmethod
    def from_codecs(cls, codecs: Iterable[Codec], *, batch_size: int | None = None) -> Self:
        chain = CodecChain.from_codecs(codecs)
        batch_size = batch_size or current_options().pipeline_batch_size
        return cls(chain.array_array, chain.array_bytes, chain.bytes_bytes, batch_size)

    @property
    def chain(self) -> CodecChain:
        """The codecs by kind."""
        return CodecChain(self.array_array_codecs, self.array_bytes_codec, self.bytes_bytes_codecs)

    def __iter__(self) -> Iterator[Codec]:
        return iter(self.chain)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        return self.from_codecs(self.chain.evolve(array_spec), batch_size=self.batch_size)

    @property
    def supports_partial_decode(self) -> bool:
        return False

    @property
    def supports_partial_encode(self) -> bool:
        return False

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        self.chain.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)

    def compute_encoded_size(self, byte_length: int, array_spec: ArraySpec) -> int:
        for codec in self.chain:
            byte_length = codec.compute_encoded_size(byte_length, array_spec)
            array_spec = codec.resolve_metadata(array_spec)
        return byte_length

    async def decode(
        self, chunk_bytes_and_specs: Iterable[tuple[Buffer | None, ArraySpec]]
    ) -> Iterable[NDBuffer | None]:
        async def one(item: tuple[Buffer | None, ArraySpec]) -> NDBuffer | None:
            data, spec = item
            return None if data is None else await PreparedChain(self.chain, spec).decode(data)

        return await map_concurrent(one, chunk_bytes_and_specs, concurrency=current_options().concurrency)

    async def encode(
        self, chunk_arrays_and_specs: Iterable[tuple[NDBuffer | None, ArraySpec]]
    ) -> Iterable[Buffer | None]:
        async def one(item: tuple[NDBuffer | None, ArraySpec]) -> Buffer | None:
            data, spec = item
            return None if data is None else await PreparedChain(self.chain, spec).encode(data)

        return await map_concurrent(one, chunk_arrays_and_specs, concurrency=current_options().concurrency)

    async def read(
        self,
        batch_info: Iterable[tuple[ByteGetter, ArraySpec, SelectorTuple, SelectorTuple, bool]],
        out: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> tuple[GetResult, ...]:
        batch = list(batch_info)
        missing: list[Any] = []
        request = ReadRequest(_Anywhere(), out, drop_axes=drop_axes, missing=missing, where="a batch")
        await read_chunks(request, self._jobs(batch), len(batch))
        absent = set(map(id, missing))
        return tuple({"status": "missing" if id(item[0]) in absent else "present"} for item in batch)

    async def write(
        self,
        batch_info: Iterable[tuple[ByteSetter, ArraySpec, SelectorTuple, SelectorTuple, bool]],
        value: NDBuffer,
        drop_axes: tuple[int, ...] = (),
    ) -> None:
        batch = list(batch_info)
        request = WriteRequest(_Anywhere(), value, drop_axes=drop_axes, where="a batch")
        await write_chunks(request, self._jobs(batch), len(batch))

    def _jobs(self, batch: list[tuple[Any, ArraySpec, SelectorTuple, SelectorTuple, bool]]) -> Iterator[Any]:
        chain = self.chain
        for place, spec, chunk_selection, out_selection, is_complete in batch:
            projection = ChunkProjection((), chunk_selection, out_selection, is_complete)
            yield place, PreparedChain(chain, spec), projection
