"""Codecs without an implementation here: they keep their JSON, so that a document can be read and written back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NoReturn

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.errors import UnknownCodecError, quote
from terrazzo.spec import ArraySpec

__all__ = ["UndecidedUnknown", "UnknownArrayArray", "UnknownArrayBytes", "UnknownBytesBytes", "UnknownCodec"]


class UnknownCodec:
    """What is kept of a codec that has no implementation here.

    Parameters
    ----------
    data
        Its JSON, as the document has it.
    problem
        The message of the error that using it raises.
    name
        What the document calls it.
    """

    is_fixed_size = False

    def __init__(self, data: str | Mapping[str, Any], problem: str, name: str) -> None:
        self.data = data
        self.problem = problem
        self.name = name

    def to_dict(self) -> Any:
        """The JSON, as it was."""
        return copy.deepcopy(self.data)

    def check_usable(self) -> NoReturn:
        """Raise the error that says what is missing."""
        raise UnknownCodecError(self.problem, name=self.name)

    def _decode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> NoReturn:
        self.check_usable()

    def _encode_sync(self, chunk_data: Any, chunk_spec: ArraySpec) -> NoReturn:
        self.check_usable()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.data == self.data

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"UnknownCodec({quote(self.data)})"


class UnknownArrayArray(UnknownCodec, ArrayArrayCodec):
    """One that stands before the codec from array to bytes."""


class UnknownArrayBytes(UnknownCodec, ArrayBytesCodec):
    """One that stands where the codec from array to bytes must be."""


class UnknownBytesBytes(UnknownCodec, BytesBytesCodec):
    """One that stands after the codec from array to bytes."""


class UndecidedUnknown:
    """One whose kind depends on where it stands in the chain."""

    def __init__(self, data: str | Mapping[str, Any], error: UnknownCodecError) -> None:
        self.data = data
        self.error = error

    def of_kind(self, kind: type[Codec]) -> Codec:
        """The codec, as one of a kind."""
        classes: dict[Any, Any] = {
            ArrayArrayCodec: UnknownArrayArray,
            ArrayBytesCodec: UnknownArrayBytes,
            BytesBytesCodec: UnknownBytesBytes,
        }
        codec: Codec = classes[kind](self.data, self.error.reason, self.error.name)
        return codec
