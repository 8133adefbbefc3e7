"""Codecs of somebody else, that keep to the contract of codecs without being subclasses of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BaseCodec, BytesBytesCodec, has_sync_methods
from terrazzo.abc.foreign import NATIVE, Dialect, dialect_of, is_of_kind
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["ForeignArrayArray", "ForeignArrayBytes", "ForeignBytesBytes", "adopt_codec"]


def adopt_codec(codec: Any, *, as_it_is: bool = False) -> BaseCodec[Any, Any] | Mapping[str, Any] | None:
    """A codec as one of ours, where it keeps to the contract.

    Returns
    -------
    codec, JSON or None
        The JSON of a codec that belongs to the other implementation itself, which has a codec here of the same name;
        None for what is no codec.
    """
    adopted = next((cls for cls in KINDS if is_of_kind(codec, cls.kind)), None)
    if adopted is None or isinstance(codec, type) or not hasattr(codec, "to_dict"):
        return None
    dialect = dialect_of(codec)
    if not as_it_is and dialect is not NATIVE and type(codec).__module__.partition(".")[0] == dialect.name:
        stored: Mapping[str, Any] = codec.to_dict()
        undecided = getattr(codec, "_tunable_attrs", ())  # what the array will decide, and not the codec
        decided = {name: value for name, value in stored.get("configuration", {}).items() if name not in undecided}
        return {**stored, "configuration": decided}
    return adopted(codec)


@dataclass(frozen=True)
class _Foreign(BaseCodec[Any, Any]):
    """A codec that another one does the work for.

    Values are turned into what it expects, and what it gives into ours.
    """

    codec: Any

    @property
    def _dialect(self) -> Dialect:
        return dialect_of(self.codec)

    @property
    def is_inline(self) -> bool:
        """Whether it has the synchronous methods."""
        return has_sync_methods(type(self.codec))

    @property
    def is_fixed_size(self) -> bool:  # type: ignore[override] # an attribute elsewhere
        """As it says itself."""
        return bool(getattr(self.codec, "is_fixed_size", False))

    def to_dict(self) -> dict[str, JSON]:
        stored: dict[str, JSON] = self.codec.to_dict()
        return stored

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return int(self.codec.compute_encoded_size(input_byte_length, self._dialect.spec(chunk_spec)))

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        given = self._dialect.spec(chunk_spec)
        resolved = self.codec.resolve_metadata(given)
        return chunk_spec if resolved is given else self._dialect.own_spec(resolved, chunk_spec)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        evolved = self.codec.evolve_from_array_spec(self._dialect.spec(array_spec))
        return self if evolved is self.codec else type(self)(evolved)

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        dialect = self._dialect
        self.codec.validate(shape=shape, dtype=dialect.data_type(dtype), chunk_grid=dialect.chunk_grid(chunk_grid))

    def _decode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any:
        return self._own(self.codec._decode_sync(self._theirs(chunk_data), self._dialect.spec(chunk_spec)), chunk_spec)

    def _encode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any:
        return self._own(self.codec._encode_sync(self._theirs(chunk_data), self._dialect.spec(chunk_spec)), chunk_spec)

    async def _decode_single(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any:
        decoded = await self.codec._decode_single(self._theirs(chunk_data), self._dialect.spec(chunk_spec))
        return self._own(decoded, chunk_spec)

    async def _encode_single(self, chunk_data: Any, chunk_spec: ArraySpec) -> Any:
        encoded = await self.codec._encode_single(self._theirs(chunk_data), self._dialect.spec(chunk_spec))
        return self._own(encoded, chunk_spec)

    def _theirs(self, data: Buffer | NDBuffer) -> Any:
        return self._dialect.array(data) if isinstance(data, NDBuffer) else self._dialect.buffer(data)

    def _own(self, data: Any, chunk_spec: ArraySpec) -> Any:
        if data is None or isinstance(data, (Buffer, NDBuffer)):
            return data
        if hasattr(data, "as_ndarray_like"):
            return chunk_spec.prototype.nd_buffer.from_ndarray_like(data.as_ndarray_like())
        return chunk_spec.prototype.buffer.from_buffer(data)


class ForeignArrayArray(_Foreign, ArrayArrayCodec):
    """A filter of somebody else."""

    kind = "ArrayArrayCodec"


class ForeignArrayBytes(_Foreign, ArrayBytesCodec):
    """A serializer of somebody else."""

    kind = "ArrayBytesCodec"


class ForeignBytesBytes(_Foreign, BytesBytesCodec):
    """A compressor of somebody else."""

    kind = "BytesBytesCodec"


KINDS = (ForeignArrayArray, ForeignArrayBytes, ForeignBytesBytes)
