"""Pipelines of somebody else, chosen by ``config["codec_pipeline.path"]``, in the place of our own engine.

They are called as zarr-python calls them: with all chunks of a read or a write at once, as tuples of where the chunk
is, its spec, what is selected in it, where that is in the array outside, and whether all of it is selected.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

from terrazzo.abc.codec import CodecPipeline
from terrazzo.abc.foreign import Dialect, dialect_of
from terrazzo.abc.store import Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import NDBuffer
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.buffer.foreign import own_buffer
from terrazzo.errors import ChunkNotFoundError, add_context
from terrazzo.metadata import ArrayMetadata
from terrazzo.pipeline.batch import BatchedCodecPipeline
from terrazzo.pipeline.read import Job
from terrazzo.registry import get_pipeline_class
from terrazzo.settings import DEFAULT_PIPELINE, current_options
from terrazzo.spec import ArrayConfig
from terrazzo.storage import StorePath
from terrazzo.storage.foreign import ForeignStore

__all__ = ["ForeignPipeline", "make_pipeline"]


def make_pipeline(
    metadata: ArrayMetadata, place: StorePath, config: ArrayConfig
) -> tuple[CodecPipeline, ForeignPipeline | None]:
    """The pipeline of an array, and what runs it; None where that is our own engine.

    Raises
    ------
    BadConfigError
        ``config["codec_pipeline.path"]`` names no class.
    """
    if current_options().pipeline == DEFAULT_PIPELINE:
        return BatchedCodecPipeline.from_codecs(metadata.chain), None
    cls = get_pipeline_class()
    if cls is BatchedCodecPipeline:
        return cls.from_codecs(metadata.chain), None
    dialect = dialect_of(cls)
    store = place.store.wrapped if isinstance(place.store, ForeignStore) else place.store
    try:
        pipeline = cls.from_array_metadata_and_store(dialect.metadata(metadata), store)
    except NotImplementedError:  # the contract: it is made of codecs, and told what they are for
        shape = metadata.chunk_grid.first_chunk_shape
        spec = metadata.get_chunk_spec(shape, config, default_buffer_prototype())
        pipeline = cls.from_codecs(dialect.codecs(metadata)).evolve_from_array_spec(dialect.spec(spec))
    return pipeline, ForeignPipeline(pipeline, place, config)


class ForeignPipeline:
    """Reads and writes the chunks of one array through a pipeline of somebody else.

    Parameters
    ----------
    pipeline
        What does it. It may wait, so blocking calls run on the background loop.
    """

    def __init__(self, pipeline: Any, place: StorePath, config: ArrayConfig) -> None:
        self._pipeline = pipeline
        self._dialect = dialect_of(pipeline)
        self._store = place.store
        self._note = f"array {str(place)!r} through {type(pipeline).__name__}"
        self._config = config

    def _batch(self, jobs: Iterable[Job]) -> list[tuple[Any, Any, Any, Any, bool]]:
        specs: dict[int, Any] = {}
        batch = []
        for key, chain, (_, chunk_selection, out_selection, is_complete) in jobs:
            spec = specs.get(id(chain))
            if spec is None:
                spec = specs[id(chain)] = self._dialect.spec(chain.spec)
            batch.append((self._place(key), spec, chunk_selection, out_selection, is_complete))
        return batch

    def _place(self, key: str) -> Any:
        return TranslatingPlace(self._dialect, self._store, key) if self._dialect.name else StorePath(self._store, key)

    async def read(self, jobs: Iterable[Job], out: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        """Read all jobs into `out`.

        Raises
        ------
        ChunkNotFoundError
            A chunk is absent and the array was opened with ``read_missing_chunks=False``.
        """
        batch = self._batch(jobs)
        if not batch:
            return
        try:
            results = await self._pipeline.read(batch, self._dialect.array(out), drop_axes=drop_axes)
            if results is not None and not self._config.read_missing_chunks:
                for (place, *_), result in zip(batch, results, strict=True):
                    if result["status"] == "missing":
                        raise ChunkNotFoundError(f"there is no chunk under the key {place.path!r}")
        except Exception as error:
            add_context(error, f"while reading {self._note}", store=self._store)
            raise

    async def write(self, jobs: Iterable[Job], value: NDBuffer, drop_axes: tuple[int, ...]) -> None:
        """Write all jobs from `value`; other writers of chunks that are written in part wait."""
        jobs = list(jobs)
        batch = self._batch(jobs)
        if not batch:
            return
        dtype = jobs[0][1].dtype
        if value.dtype != dtype:  # our own engine casts chunk by chunk
            value = value.astype(dtype)
        try:
            async with AsyncExitStack() as locked:
                for key in sorted(key for key, _, projection in jobs if not projection[3]):  # one order for all writers
                    await locked.enter_async_context(self._store.lock(key))
                await self._pipeline.write(batch, self._dialect.array(value), drop_axes=drop_axes)
        except Exception as error:
            add_context(error, f"while writing {self._note}", store=self._store)
            raise
        finally:
            for key, chain, _ in jobs:
                if chain.parts is not None:
                    chain.parts.forget((self._store.lock_identity, key))


class TranslatingPlace:
    """A key in a store, for a pipeline that has buffers and byte requests of its own."""

    def __init__(self, dialect: Dialect, store: Store, path: str) -> None:
        self.store = store
        self.path = path
        self._dialect = dialect

    def __str__(self) -> str:
        return f"{self.store}/{self.path}"

    async def get(self, prototype: Any = None, byte_range: Any = None) -> Any:
        """Read the value, in a buffer of theirs; None when there is none."""
        request = self._dialect.own_request(byte_range)
        value = await self.store.get(self.path, numpy_buffer_prototype(), request)
        buffer = (prototype or self._dialect.prototype).buffer
        return None if value is None else buffer.from_bytes(value.as_buffer_like())

    async def set(self, value: Any) -> None:
        """Write the value."""
        await self.store.set(self.path, own_buffer(value))

    async def set_if_not_exists(self, default: Any) -> None:
        """Write the value, unless there is one."""
        await self.store.set_if_not_exists(self.path, own_buffer(default))

    async def delete(self) -> None:
        """Delete the value."""
        await self.store.delete(self.path)

    async def exists(self) -> bool:
        """Whether there is a value."""
        return await self.store.exists(self.path)
