"""A chain of codecs: read from JSON, put in order, fitted to an array.

Specification: Zarr v3.1 "Codecs": any number of array→array codecs, exactly one array→bytes, any number of
bytes→bytes, applied in this order when encoding.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self, cast

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.abc.metadata import parse_named
from terrazzo.abc.numcodec import Numcodec
from terrazzo.errors import MetadataValidationError, UnknownCodecError, quote
from terrazzo.pipeline.unknown import UndecidedUnknown, UnknownCodec
from terrazzo.registry import adopt_codec, get_codec_class
from terrazzo.spec import ArraySpec

__all__ = ["CodecChain", "Undecided", "check_count", "parse_codec", "parse_codecs"]

MOST_CODECS = 1000
"""Codecs that a chain may have: each takes memory before any data have proved that it is needed."""

KINDS = (ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec)


class Undecided(Protocol):
    """A codec that may be of several kinds; where it stands in a chain says which."""

    def of_kind(self, kind: type[Codec]) -> Codec:
        """The codec, as one of a kind."""


def parse_codec(data: object, kind: type[Codec] | None = None) -> Codec:
    """Make a codec of its JSON, or of an object of numcodecs; a codec stays as it is.

    Parameters
    ----------
    kind
        What a codec that may be of several kinds is to be.

    Raises
    ------
    MetadataValidationError
        The JSON is malformed, or nothing says of which kind the codec is.
    UnknownCodecError
        The codec has no implementation.
    """
    found = _parse(data)
    if isinstance(found, KINDS):
        return found
    if kind is None:
        raise MetadataValidationError(f"{quote(data)} may be of several kinds; give it as filter or as compressor")
    return found.of_kind(kind)


def parse_codecs(items: Iterable[object]) -> tuple[Codec, ...]:
    """Make the codecs of a document, whether there is an implementation of them or not.

    A codec of unknown kind is from array to bytes where the chain has no other such codec and it is the first that
    can be; before that one it is from array to array, and after it from bytes to bytes.

    Raises
    ------
    MetadataValidationError
        There are too many, or the JSON of one is malformed; the field is relative to the list.
    """
    items = tuple(items)
    check_count(items)
    found: list[Codec | Undecided] = []
    for position, item in enumerate(items):
        try:
            found.append(_parse(item))
        except UnknownCodecError as error:
            found.append(UndecidedUnknown(cast("str | Mapping[str, Any]", item), error))
        except MetadataValidationError as error:
            raise error.within(f"[{position}]") from error.__cause__
    middle = _position_of_serializer(found)
    return tuple(
        codec if isinstance(codec, KINDS) else codec.of_kind(KINDS[(position >= middle) + (position > middle)])
        for position, codec in enumerate(found)
    )


def check_count(codecs: Sequence[object]) -> None:
    """Refuse a chain of more codecs than anybody needs."""
    if len(codecs) > MOST_CODECS:
        raise MetadataValidationError(f"{len(codecs)} codecs are more than {MOST_CODECS}")


def _position_of_serializer(codecs: Sequence[Codec | Undecided]) -> int:
    """Where the codec from array to bytes stands, or must stand."""
    first = 0
    for position, codec in enumerate(codecs):
        if isinstance(codec, ArrayBytesCodec):
            return position
        if isinstance(codec, ArrayArrayCodec):
            first = position + 1
    undecided = (at for at in range(first, len(codecs)) if not isinstance(codecs[at], KINDS))
    return next(undecided, first)


def _parse(data: object) -> Codec | Undecided:
    if isinstance(data, KINDS):
        return data
    # A protocol takes as long to check as the rest of this; JSON is told first.
    if not isinstance(data, (str, Mapping, type)):
        adopted = adopt_codec(data)
        if isinstance(adopted, KINDS):
            return adopted
        data = adopted or (data.get_config() if isinstance(data, Numcodec) else data)
    if isinstance(data, Mapping) and "name" not in data and isinstance(data.get("id"), str):
        configuration = {key: value for key, value in data.items() if key != "id"}
        data = {"name": f"numcodecs.{data['id']}", "configuration": configuration}
    name, configuration = parse_named(data)
    members: Mapping[str, Any] = {"name": name, "configuration": configuration} if configuration else {"name": name}
    codec: Codec | Undecided = get_codec_class(name).from_dict(members)
    if not isinstance(codec, KINDS) and not hasattr(codec, "of_kind"):
        return adopt_codec(codec, as_it_is=True)  # type: ignore[no-any-return]
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
            if isinstance(codec, UnknownCodec):  # nobody knows what the next codec sees
                return self.from_codecs([*codecs, *itertools.islice(self, position, None)])
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
            if isinstance(codec, UnknownCodec):
                return
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

    def check_usable(self) -> None:
        """Check that data can be encoded and decoded here.

        Raises
        ------
        UnknownCodecError
            A codec has no implementation.
        MetadataValidationError
            An implementation does not take its parameters; the field is relative to ``codecs``, or, of a codec of
            format 2, which is a member of its own, to the document.
        """
        for position, codec in enumerate(self):
            try:
                codec.check_usable()
            except MetadataValidationError as error:
                if error.field.partition(".")[0] in ("", "configuration"):
                    error.within(f"[{position}]")
                raise
