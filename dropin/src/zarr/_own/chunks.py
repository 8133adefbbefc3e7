"""The codecs of an array for one chunk at a time, synchronously."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.abc.codec import Codec
from terrazzo.buffer import Buffer, NDBuffer
from terrazzo.pipeline.chain import CodecChain
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import run_inline
from terrazzo.spec import ArraySpec

__all__ = ["ChunkTransform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkTransform:
    """Encodes and decodes one chunk through codecs that have synchronous methods."""

    codecs: tuple[Codec, ...]

    def decode_chunk(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        """Decode what is stored of a chunk."""
        return run_inline(self._prepared(chunk_spec).decode(chunk_bytes))

    def encode_chunk(self, chunk_array: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        """Encode a chunk; None where a codec decides that nothing is to be stored."""
        return run_inline(self._prepared(chunk_spec).encode(chunk_array))

    def compute_encoded_size(self, byte_length: int, array_spec: ArraySpec) -> int:
        """Bytes that so many bytes of elements are encoded to.

        Raises
        ------
        NotImplementedError
            A codec compresses, so that nobody can say.
        """
        for codec in self.codecs:
            byte_length = codec.compute_encoded_size(byte_length, array_spec)
            array_spec = codec.resolve_metadata(array_spec)
        return byte_length

    def _prepared(self, chunk_spec: ArraySpec) -> PreparedChain:
        return PreparedChain(CodecChain.from_codecs(self.codecs), chunk_spec)
