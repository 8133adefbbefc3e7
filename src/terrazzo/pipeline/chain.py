"""A chain of codecs: read from JSON, put in order, fitted to an array.

Specification: Zarr v3.1 "Codecs": any number of array→array codecs, exactly one array→bytes, any number of
bytes→bytes, applied in this order when encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.abc.metadata import parse_named
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.registry import get_codec_class
from terrazzo.spec import ArraySpec

__all__ = ["CodecChain", "parse_codec"]


def parse_codec(data: object) -> Codec:
    """Make a codec of its JSON; a codec stays as it is.

    Raises
    ------
    MetadataValidationError
        The JSON is malformed.
    UnknownCodecError
        The codec has no implementation.
    """
    if isinstance(data, (ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec)):
        return data
    name, configuration = parse_named(data)
    members: Mapping[str, Any] = {"name": name, "configuration": configuration} if configuration else {"name": name}
    codec: Codec = get_codec_class(name).from_dict(members)
    return codec


@dataclass(frozen=True)
class CodecChain:
    """The codecs of an array by kind, in the order in which they encode."""

    array_array: tuple[ArrayArrayCodec, ...]
    array_bytes: ArrayBytesCodec
    bytes_bytes: tuple[BytesBytesCodec, ...]

    def __iter__(self) -> Iterator[Codec]:
        yield from self.array_array
        yield self.array_bytes
        yield from self.bytes_bytes

    @classmethod
    def from_codecs(cls, codecs: Iterable[Codec]) -> Self:
        """Sort codecs into their kinds.

        Raises
        ------
        MetadataValidationError
            They are not in order, or there is not exactly one from array to bytes.
        """
        array_array: list[ArrayArrayCodec] = []
        array_bytes: list[ArrayBytesCodec] = []
        bytes_bytes: list[BytesBytesCodec] = []
        for position, codec in enumerate(codecs):
            misplaced = False
            if isinstance(codec, ArrayArrayCodec):
                array_array.append(codec)
                misplaced = bool(array_bytes or bytes_bytes)
            elif isinstance(codec, ArrayBytesCodec):
                array_bytes.append(codec)
            elif isinstance(codec, BytesBytesCodec):
                bytes_bytes.append(codec)
                misplaced = not array_bytes
            else:
                raise TypeError(f"expected a codec, got {quote(codec)}")
            if misplaced:
                raise MetadataValidationError(
                    f"{type(codec).__name__} stands at position {position}; array-to-array codecs come first, "
                    "then one from array to bytes, then bytes-to-bytes codecs"
                )
        if len(array_bytes) != 1:
            names = ", ".join(type(codec).__name__ for codec in array_bytes) or "none"
            raise MetadataValidationError(f"exactly one codec from array to bytes is needed, got {names}")
        return cls(tuple(array_array), array_bytes[0], tuple(bytes_bytes))

    def evolve(self, spec: ArraySpec) -> Self:
        """The chain with every parameter decided that depends on the array."""
        codecs: list[Codec] = []
        for position, codec in enumerate(self):
            try:
                evolved = codec.evolve_from_array_spec(spec)
                spec = evolved.resolve_metadata(spec)
            except MetadataValidationError as error:
                raise error.within(f"[{position}]") from None
            codecs.append(evolved)
        return self.from_codecs(codecs)

    def validate(
        self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any, chunk_spec: ArraySpec | None = None
    ) -> None:
        """Check the parameters of every codec against an array.

        Parameters
        ----------
        chunk_spec
            Of a chunk of the array. With it each codec is checked against what it sees, which need not be the shape
            and data type of the array; without it, as in zarr-python, all against the array.

        Raises
        ------
        MetadataValidationError
            A parameter does not fit; the field is relative to ``codecs``.
        """
        for position, codec in enumerate(self):
            try:
                codec.validate(shape=shape, dtype=dtype, chunk_grid=chunk_grid)
            except MetadataValidationError as error:
                raise error.within(f"[{position}].configuration") from None
            if chunk_spec is not None and isinstance(codec, ArrayArrayCodec):
                try:
                    shape = codec.resolve_metadata(replace(chunk_spec, shape=shape)).shape
                    chunk_spec = codec.resolve_metadata(chunk_spec)
                except MetadataValidationError as error:
                    raise error.within(f"[{position}]") from None
                dtype = chunk_spec.dtype
