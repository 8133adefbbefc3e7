"""``blosc``: bytes of equal significance grouped together, then compressed in blocks.

v3 name ``blosc``, bytes→bytes; ``blosc`` of numcodecs in v2. Configuration::

    {
        "name": "blosc",
        "configuration": {"typesize": 4, "cname": "zstd", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}
    }

With the extra ``fast`` python-blosc decodes small chunks of shards, which saves half of the time.

``typesize`` and ``shuffle`` follow from the data type where they are not given. Frames are decoded by their own
header, whatever the metadata say.

Specification: Zarr v3.1 "Blosc codec"; c-blosc 1, "README_HEADER".
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, Literal, Self, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import BytesBytesCodec
from terrazzo.abc.metadata import from_configuration
from terrazzo.buffer.base import Buffer
from terrazzo.errors import CorruptDataError, LimitExceededError, MetadataValidationError, UnknownCodecError, quote
from terrazzo.registry import import_numcodecs
from terrazzo.runtime import turn
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = [
    "BLOSC_CNAME",
    "BLOSC_SHUFFLE",
    "BloscCname",
    "BloscCnameLiteral",
    "BloscCodec",
    "BloscConfigV2",
    "BloscConfigV3",
    "BloscJSON_V3",
    "BloscShuffle",
    "parse_blocksize",
    "parse_clevel",
    "parse_typesize",
]

BloscCnameLiteral: TypeAlias = Literal["lz4", "lz4hc", "blosclz", "snappy", "zlib", "zstd"]
BloscShuffleLiteral: TypeAlias = Literal["noshuffle", "shuffle", "bitshuffle"]
BLOSC_CNAME: Final = ("lz4", "lz4hc", "blosclz", "snappy", "zlib", "zstd")
BLOSC_SHUFFLE: Final = ("noshuffle", "shuffle", "bitshuffle")


class BloscConfigV3(TypedDict):
    """The configuration of the codec in a document of Zarr v3."""

    typesize: int
    cname: BloscCnameLiteral
    clevel: int
    shuffle: BloscShuffleLiteral
    blocksize: int


class BloscConfigV2(TypedDict):
    """The configuration of the codec in a document of Zarr v2, beside its ``id``; a number says how to shuffle."""

    typesize: int
    cname: BloscCnameLiteral
    clevel: int
    shuffle: int
    blocksize: int


class BloscJSON_V3(TypedDict):  # noqa: N801 - zarr-python's name
    """The codec in a document of Zarr v3."""

    name: Literal["blosc"]
    configuration: BloscConfigV3


HEADER = struct.Struct("<BBBBIII")
"""version, version of the inner format, flags, typesize, decoded bytes, block size, encoded bytes"""

FORMAT_VERSION = 2
LARGEST_INPUT = (1 << 31) - 17
SHORT_BYTES = 1 << 16
"""Decoded bytes of a chunk whose coding is a matter of microseconds."""

TUNABLE = ("typesize", "shuffle")

blosc = import_numcodecs("blosc", "blosc")


@cache
def short_decompress() -> Callable[[BytesLike, bool], bytes] | None:
    """Of python-blosc, which keeps the interpreter lock while it decodes; None where it is not installed.

    Way in and out of a chunk of 16 KiB take half of what they take in numcodecs, and threads that decode many are not
    in each other's way. Only for frames of one block: for others it starts threads.
    """
    try:
        decompress: Callable[[BytesLike, bool], bytes] = importlib.import_module("blosc.blosc_extension").decompress
    except ImportError:
        return None
    return decompress


BUILT = frozenset(blosc.list_compressors())
"""The compressors that the library was built with; snappy is often not among them."""


class BloscShuffle:
    """Names of the shuffle modes; plain text does as well."""

    noshuffle: Final = "noshuffle"
    shuffle: Final = "shuffle"
    bitshuffle: Final = "bitshuffle"

    @staticmethod
    def from_int(num: int) -> BloscShuffleLiteral:
        """The name for c-blosc's number."""
        if num not in range(3):
            raise ValueError(f"expected 0, 1 or 2, got {num!r}")
        return BLOSC_SHUFFLE[num]


class BloscCname:
    """Names of the inner compressors; plain text does as well."""

    lz4: Final = "lz4"
    lz4hc: Final = "lz4hc"
    blosclz: Final = "blosclz"
    snappy: Final = "snappy"
    zlib: Final = "zlib"
    zstd: Final = "zstd"


@dataclass(frozen=True)
class BloscCodec(BytesBytesCodec):
    """Blosc 1.

    Parameters
    ----------
    typesize
        Bytes of one element; by default those of the data type.
    cname
        The compressor inside.
    clevel
        From 0, stored, to 9, smallest.
    shuffle
        By default ``bitshuffle`` where elements have one byte, and ``shuffle`` elsewhere.
    blocksize
        In bytes; 0 lets the library choose.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.codecs import BloscCodec
    >>> array = terrazzo.create_array(None, data=[1, 2, 3], compressors=BloscCodec(cname="lz4"))
    >>> array.compressors
    (BloscCodec(typesize=8, cname='lz4', clevel=5, shuffle='shuffle', blocksize=0),)
    """

    is_fixed_size = False
    decode_ns_per_byte = 0.3
    encode_ns_per_byte = 0.8

    _tunable: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)
    typesize: int = 1
    cname: BloscCnameLiteral = "zstd"
    clevel: int = 5
    shuffle: BloscShuffleLiteral = "bitshuffle"
    blocksize: int = 0

    def __init__(
        self,
        *,
        typesize: int | None = None,
        cname: BloscCnameLiteral | str = "zstd",
        clevel: int = 5,
        shuffle: BloscShuffleLiteral | str | None = None,
        blocksize: int = 0,
    ) -> None:
        given = {"typesize": typesize, "shuffle": shuffle}
        members: dict[str, Any] = {
            "_tunable": frozenset(name for name in TUNABLE if given[name] is None),
            "typesize": parse_typesize(1 if typesize is None else typesize),
            "cname": _one_of("cname", cname, BLOSC_CNAME),
            "clevel": parse_clevel(clevel),
            "shuffle": _one_of("shuffle", "bitshuffle" if shuffle is None else shuffle, BLOSC_SHUFFLE),
            "blocksize": parse_blocksize(blocksize),
        }
        for name, value in members.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        known = ("typesize", "cname", "clevel", "shuffle", "blocksize")
        return from_configuration(cls, data, "blosc", known=known)

    def to_dict(self) -> dict[str, JSON]:
        return {
            "name": "blosc",
            "configuration": {
                "typesize": self.typesize,
                "cname": self.cname,
                "clevel": self.clevel,
                "shuffle": self.shuffle,
                "blocksize": self.blocksize,
            },
        }

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        if not self._tunable:
            return self
        dtype = array_spec.dtype
        item_size = getattr(dtype, "item_size", 1)
        return replace(
            self,
            typesize=item_size if "typesize" in self._tunable else self.typesize,
            shuffle=("bitshuffle" if item_size == 1 else "shuffle") if "shuffle" in self._tunable else self.shuffle,
        )

    def compute_encoded_size(self, _input_byte_length: int, _chunk_spec: ArraySpec) -> int:
        raise NotImplementedError("the size of what blosc encodes depends on the data")

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_buffer_like()
        size = _decoded_size(data)
        limit = current_options().limits.chunk_bytes
        if limit is not None and size > limit:
            raise LimitExceededError(f"a blosc frame declares {size} bytes", limit="chunk_bytes", value=size)
        return chunk_spec.prototype.buffer.from_bytes(self._decompress(data, bytearray(size)))

    def decode_sized(self, data: BytesLike, size: int) -> BytesLike:
        out = bytearray(size)
        self.decode_into(data, memoryview(out))
        return out

    def decode_at_most(self, data: BytesLike, most: int) -> BytesLike:
        size = _decoded_size(data)
        if size > most:
            raise CorruptDataError(f"the frame decodes to {size} bytes, more than {most}", stage="blosc")
        return self._decompress(data, bytearray(size))

    def decode_into(self, data: BytesLike, out: memoryview) -> None:
        declared = _decoded_size(data)
        if declared != len(out):
            raise CorruptDataError(f"the frame decodes to {declared} bytes, expected {len(out)}", stage="blosc")
        self._decompress(data, out)

    def decode_many(self, data: BytesLike, spans: npt.NDArray[np.int64], size: int) -> BytesLike | None:
        if size > SHORT_BYTES:
            return None
        frames = memoryview(data)
        listed = spans.tolist()
        for start, length in listed:
            version, _, _, _, declared, block, encoded = HEADER.unpack_from(frames, start)
            if version != FORMAT_VERSION or declared != size or encoded != length or block < size:
                return None
        alone = short_decompress()
        if alone is not None:
            return b"".join([alone(frames[start : start + length], False) for start, length in listed])
        with turn():
            return b"".join([blosc.decompress(frames[start : start + length]) for start, length in listed])

    def encode_many(self, data: BytesLike, spans: npt.NDArray[np.int64]) -> Sequence[BytesLike] | None:
        if self.cname not in BUILT or spans[:, 1].max() > SHORT_BYTES:
            return None
        chunks, settings = memoryview(data), self._settings
        with turn():
            return [blosc.compress(chunks[start : start + length], *settings) for start, length in spans.tolist()]

    @property
    def _settings(self) -> tuple[Any, ...]:
        """As the library takes them."""
        typesize = self.typesize if self.typesize < 256 else 1  # as c-blosc does with a size its header cannot hold
        return self.cname.encode(), self.clevel, BLOSC_SHUFFLE.index(self.shuffle), self.blocksize, typesize

    def _decompress(self, data: BytesLike, out: bytearray | memoryview) -> BytesLike:
        try:
            if 0 < len(out) <= SHORT_BYTES:
                out[:] = blosc.decompress(data)  # new memory and a copy take two thirds of the time
            elif len(out):  # the library refuses memory of no bytes
                blosc.decompress(data, out)
        except (RuntimeError, ValueError) as error:
            if self.cname not in BUILT:
                raise _not_built(self.cname) from error
            raise CorruptDataError(f"the frame cannot be decoded: {error}", stage="blosc") from error
        return out

    def _encode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> Buffer:
        data = chunk_data.as_array_like()
        if data.size > LARGEST_INPUT:
            raise ValueError(f"blosc holds at most {LARGEST_INPUT} bytes, got {data.size}: choose smaller chunks")
        if self.cname not in BUILT:
            raise _not_built(self.cname)
        return chunk_spec.prototype.buffer.from_bytes(blosc.compress(data, *self._settings))


def _decoded_size(data: BytesLike) -> int:
    """Check the header of a frame, which the library trusts, and return how many bytes it decodes to."""
    if len(data) < HEADER.size:
        raise CorruptDataError(f"{len(data)} bytes are too few for a blosc frame", stage="blosc")
    version, _, _, _, decoded, _, encoded = HEADER.unpack_from(data)
    if version != FORMAT_VERSION:
        raise CorruptDataError(f"not a blosc frame: its format version is {version}", stage="blosc")
    if encoded != len(data):
        raise CorruptDataError(f"the frame has {len(data)} bytes, its header says {encoded}", stage="blosc")
    return int(decoded)


def _not_built(cname: str) -> UnknownCodecError:
    return UnknownCodecError(
        f"the blosc library of this environment was built without {cname}; it has {', '.join(sorted(BUILT))}",
        name=f"blosc {cname}",
    )


def parse_typesize(data: object) -> int:
    """Bytes of an element, from 1.

    Raises
    ------
    MetadataValidationError
        It is no such number.
    """
    return _whole("typesize", data, 1, 1 << 31)


def parse_clevel(data: object) -> int:
    """A level, from 0 to 9.

    Raises
    ------
    MetadataValidationError
        It is no such number.
    """
    return _whole("clevel", data, 0, 9)


def parse_blocksize(data: object) -> int:
    """Bytes of a block; 0 lets the library choose.

    Raises
    ------
    MetadataValidationError
        It is no such number.
    """
    return _whole("blocksize", data, 0, 1 << 31)


def _whole(name: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise MetadataValidationError(f"expected an integer from {least} to {most}, got {quote(value)}", field=name)
    return value


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise MetadataValidationError(f"expected one of {', '.join(allowed)}, got {quote(value)}", field=name)
    return str(value)
