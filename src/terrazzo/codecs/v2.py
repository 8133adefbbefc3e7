"""The codecs of Zarr v2: what ``order``, ``filters`` and ``compressor`` of a ``.zarray`` mean, as a chain.

Signatures::

    chain_from_v2(dtype: ZDType, ndim: int, *, order: "C" | "F", filters, compressor) -> list[Codec]
    read_v2_codec(data) -> dict      a codec as a document has it: checked for its form, otherwise as it is
    parse_v2_codec(data) -> dict     a codec as a caller gives it: an object of numcodecs, or its configuration
    DEFAULT_COMPRESSOR               {"id": "zstd", "level": 0}

``filters`` is an iterable of configurations or None, ``compressor`` a configuration or None. A chain never fails for
a codec that is not known: `Codec.check_usable` does, which is called before data are read or written.

Chunks are stored as the data type says, byte order included, in the order of the document; filters run in order, the
compressor last. An array in order ``F`` is one in order ``C`` with its axes reversed. Filters at the end that turn
bytes into bytes are steps of their own, as is the compressor, and so are bounded; what comes before them, and works
on arrays, is one step.

Specification: Zarr v2 "Metadata", "Chunks", "Filters".
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from terrazzo.abc.codec import ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.abc.numcodec import Numcodec
from terrazzo.buffer.base import Buffer, NDBuffer
from terrazzo.codecs.bytes import BytesCodec
from terrazzo.codecs.gzip import GzipCodec
from terrazzo.codecs.numcodecs import bytes_bytes
from terrazzo.codecs.numcodecs.array_bytes import ZFPY, PCodec
from terrazzo.codecs.numcodecs.base import _NumcodecsCodec, as_bytes, as_elements, make_numcodec
from terrazzo.codecs.transpose import TransposeCodec
from terrazzo.dtype.base import OBJECT_CODECS, FixedSize, ZDType
from terrazzo.dtype.registry import native_of_name
from terrazzo.errors import (
    CorruptDataError,
    DataTypeValidationError,
    MetadataValidationError,
    PickleCodecDisabledError,
    quote,
)
from terrazzo.pipeline.stages import ALWAYS_ALLOWED, MOST_ENCODED
from terrazzo.registry import get_codec_class
from terrazzo.settings import current_options
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = [
    "DEFAULT_COMPRESSOR",
    "V2BytesCodec",
    "V2FiltersCodec",
    "chain_from_v2",
    "parse_v2_codec",
    "read_v2_codec",
]

DEFAULT_COMPRESSOR: dict[str, Any] = {"id": "zstd", "level": 0}

BYTES_TO_BYTES = {
    cls.codec_name.removeprefix("numcodecs."): cls
    for name in bytes_bytes.__all__
    if hasattr(cls := getattr(bytes_bytes, name), "codec_name")
}
ARRAY_TO_BYTES = {"pcodec": PCodec, "zfpy": ZFPY}
"""As the first filter they are told what must come out."""

RESULT_MEMBERS = {
    "delta": ("astype", "dtype"),
    "fixedscaleoffset": ("astype", "dtype"),
    "quantize": ("astype", "dtype"),
    "astype": ("encode_dtype",),
}
"""Members that hold the data type of what a filter gives; the first that is there decides."""

TYPE_MEMBERS = ("dtype", "astype", "encode_dtype", "decode_dtype")
"""Members of these filters that name a data type in numpy's way."""


def chain_from_v2(
    dtype: ZDType[Any, Any],
    ndim: int,
    *,
    order: Literal["C", "F"],
    filters: Iterable[Mapping[str, Any]] | None,
    compressor: Mapping[str, Any] | None,
) -> list[Codec]:
    """The codecs that read and write the chunks of an array of Zarr v2.

    Parameters
    ----------
    ndim
        Number of axes.
    filters, compressor
        Configurations with an ``id``, as the document has them.

    Raises
    ------
    MetadataValidationError
        A configuration is malformed; the field is relative to the document.
    """
    steps = [dict(item) for item in filters or ()]
    for position, config in enumerate(steps):
        _check_types(config, f"filters[{position}]")
    packed = [] if compressor is None else [dict(compressor)]
    last = next((at for at in range(len(steps), 0, -1) if steps[at - 1]["id"] not in BYTES_TO_BYTES), 0)
    item_size = _item_size_after(dtype, steps[:last]) if last == len(steps) else 1
    if packed and (packed[0]["id"] not in BYTES_TO_BYTES or (packed[0]["id"] == "blosc" and item_size is None)):
        steps, packed, last = steps + packed, [], len(steps) + 1
    chain: list[Codec] = []
    if order == "F" and ndim > 1:
        chain.append(TransposeCodec(order=range(ndim - 1, -1, -1)))
    chain.append(_to_bytes(steps[:last]))
    chain.extend(_within(f"filters[{at}]", step, 1) for at, step in enumerate(steps[last:], start=last))
    chain.extend(_within("compressor", step, item_size or 1) for step in packed)
    return chain


def read_v2_codec(data: object) -> dict[str, Any]:
    """A codec as a document has it.

    Raises
    ------
    MetadataValidationError
        It is no object with an ``id``.
    """
    if not isinstance(data, Mapping):
        raise MetadataValidationError(f"expected an object with an `id`, got {quote(data)}")
    if not isinstance(data.get("id"), str):
        problem = "this member is required" if "id" not in data else f"expected text, got {quote(data['id'])}"
        raise MetadataValidationError(problem, field="id")
    return dict(data)


def parse_v2_codec(data: object) -> dict[str, Any]:
    """A codec as a caller gives it: an object of numcodecs, or its configuration.

    Returns
    -------
    dict
        The configuration, complete with every parameter that has a default.

    Raises
    ------
    ValueError
        It is neither.
    UnknownCodecError
        numcodecs does not know it.
    MetadataValidationError
        numcodecs does not take these parameters.
    """
    if isinstance(data, Mapping):
        data = make_numcodec(read_v2_codec(data))
    if not isinstance(data, Numcodec) or isinstance(data, type):
        raise ValueError(
            f"in Zarr v2 filters and compressors are codecs of numcodecs or their configuration, got {quote(data)} "
            f"of type {type(data).__name__}"
        )
    config = dict(data.get_config())
    if config["id"] == "zstd" and config.get("checksum") is False:
        del config["checksum"]  # zarr-python leaves it out too, for readers that do not know the parameter
    return config


def _check_types(config: Mapping[str, Any], field: str) -> None:
    """Check the names of data types: numpy takes more for one than documents may hold, and warns of some."""
    if config["id"] in RESULT_MEMBERS:
        for member in TYPE_MEMBERS:
            try:
                if config.get(member) is not None:
                    native_of_name(config[member])
            except DataTypeValidationError as error:
                raise MetadataValidationError(str(error), field=f"{field}.{member}") from error


def _within(field: str, config: dict[str, Any], item_size: int) -> BytesBytesCodec:
    try:
        codec = _bytes_to_bytes(config, item_size)
    except MetadataValidationError as error:
        raise error.within(field) from error.__cause__
    if isinstance(codec, _NumcodecsCodec):
        object.__setattr__(codec, "member", field)
    return codec


def _to_bytes(filters: Sequence[dict[str, Any]]) -> ArrayBytesCodec:
    if not filters:
        return V2BytesCodec()
    if len(filters) == 1 and filters[0]["id"] in OBJECT_CODECS:
        codec: ArrayBytesCodec = get_codec_class(filters[0]["id"])()
        return codec
    return V2FiltersCodec(tuple(filters))


def _bytes_to_bytes(config: dict[str, Any], item_size: int) -> BytesBytesCodec:
    """The codec for a compressor or a checksum: a codec of Zarr v3 where that stores the same."""
    name = config["id"]
    members = {key: value for key, value in config.items() if key != "id"}
    if name == "gzip" and members.get("level", 1) in range(10) and members.keys() <= {"level"}:
        return GzipCodec(level=members.get("level", 1))
    if name == "zstd" and members.keys() <= {"level", "checksum"}:
        from terrazzo.codecs.zstd import HIGHEST_LEVEL, ZstdCodec  # its library is only needed here

        level = members.get("level", 0)
        if isinstance(level, int):
            return ZstdCodec(level=min(level, HIGHEST_LEVEL), checksum=members.get("checksum", False))
    if name == "blosc" and members.keys() <= {"cname", "clevel", "shuffle", "blocksize", "typesize"}:
        from terrazzo.codecs.blosc import BloscCodec, BloscShuffle  # it imports numcodecs

        shuffle = members.pop("shuffle", 1)
        if shuffle == -1:
            shuffle = 2 if item_size == 1 else 1
        if isinstance(shuffle, bool) or shuffle not in range(3):
            raise MetadataValidationError(f"expected an integer from -1 to 2, got {quote(shuffle)}", field="shuffle")
        parameters = {"cname": "lz4", "typesize": item_size, "shuffle": BloscShuffle.from_int(shuffle), **members}
        return BloscCodec(**parameters)
    codec: BytesBytesCodec = BYTES_TO_BYTES[config["id"]](**members)
    return codec


def _item_size_after(dtype: ZDType[Any, Any], filters: Sequence[Mapping[str, Any]]) -> int | None:
    """Bytes of one element of what filters give; None where that is not known before they ran."""
    size = dtype.item_size if isinstance(dtype, FixedSize) else 1
    for config in filters:
        name = config["id"]
        if name in OBJECT_CODECS or name == "packbits" or name in BYTES_TO_BYTES:
            size = 1
        elif name in RESULT_MEMBERS:
            given = next((config[member] for member in RESULT_MEMBERS[name] if config.get(member) is not None), None)
            if given is None:
                return None
            size = native_of_name(given).itemsize
        elif name != "bitround":
            return None
    return size


class V2BytesCodec(BytesCodec):
    """Elements as they lie in memory, in the byte order of the data type itself."""

    def __init__(self) -> None:
        super().__init__(endian=None)

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> Self:
        return self


@dataclass(frozen=True)
class V2FiltersCodec(ArrayBytesCodec):
    """Filters of numcodecs one after another; what the last one gives is stored.

    Parameters
    ----------
    filters
        Configurations, in the order in which they encode.
    """

    is_fixed_size = False
    decode_ns_per_byte = 2.0
    encode_ns_per_byte = 2.0

    filters: tuple[dict[str, Any], ...]

    @cached_property
    def _codecs(self) -> list[Numcodec]:
        codecs = []
        for position, config in enumerate(self.filters):
            try:
                codecs.append(make_numcodec(config))
            except MetadataValidationError as error:
                error.field = f"filters[{position}]"
                raise
        return codecs

    def __getstate__(self) -> dict[str, Any]:
        return {"filters": self.filters}

    def to_dict(self) -> dict[str, JSON]:
        return {"name": ", ".join(str(config["id"]) for config in self.filters), "configuration": {}}

    def check_usable(self) -> None:
        _check_pickle(self.filters)
        _ = self._codecs

    def estimated_size(self, chunk_spec: ArraySpec) -> int | None:
        dtype = chunk_spec.dtype.to_native_dtype()
        if dtype.hasobject:
            return None
        item_size = max(dtype.itemsize, _item_size_after(chunk_spec.dtype, self.filters) or 0)
        return math.prod(chunk_spec.shape) * int(item_size)

    def _encode_sync(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer:
        _check_pickle(self.filters)
        dtype = chunk_spec.dtype.to_native_dtype()
        value: Any = np.ascontiguousarray(chunk_data.as_numpy_array(), dtype=dtype).reshape(chunk_spec.shape)
        for config, codec in zip(self.filters, self._codecs, strict=True):
            if config["id"] == "bitround":
                value = np.array(value)  # numcodecs changes it in place
            value = codec.encode(value)
        return chunk_spec.prototype.buffer.from_bytes(as_bytes(value))

    def _decode_sync(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        _check_pickle(self.filters)
        dtype = chunk_spec.dtype.to_native_dtype()
        count = math.prod(chunk_spec.shape)
        estimate = self.estimated_size(chunk_spec)
        limit = current_options().limits.chunk_bytes or 1 << 62
        most = limit if estimate is None else estimate * MOST_ENCODED + ALWAYS_ALLOWED
        value: Any = chunk_data.as_numpy_array()
        for config, codec in zip(reversed(self.filters), reversed(self._codecs), strict=True):
            bounded = BYTES_TO_BYTES.get(config["id"])
            if bounded is not None:
                value = bounded(**config).decode_at_most(as_bytes(value), most)
            elif config is self.filters[0] and config["id"] in ARRAY_TO_BYTES:
                decode = ARRAY_TO_BYTES[config["id"]](**config)._decode
                value = decode(bytes(as_bytes(value)), dtype.newbyteorder("="), count)
            else:
                if config["id"].startswith("vlen-"):
                    _check_count(as_bytes(value), count, config["id"])
                value = codec.decode(value)
        elements = _objects(value) if dtype.hasobject else as_elements(value, dtype)
        if elements.size != count:
            raise CorruptDataError(f"{elements.size} elements decoded, expected {count}", stage=self.filters[0]["id"])
        array: Any = elements.reshape(chunk_spec.shape)
        return chunk_spec.prototype.nd_buffer.from_ndarray_like(array)


def _check_count(data: BytesLike, count: int, name: str) -> None:
    """Check the header of elements of any length, which numcodecs trusts with memory."""
    declared = int.from_bytes(memoryview(data)[:4], "little")
    if declared != count:
        raise CorruptDataError(f"the header declares {declared} elements, expected {count}", stage=name)


def _objects(decoded: Any) -> npt.NDArray[Any]:
    array = np.asarray(decoded)
    return array if array.dtype.hasobject else array.astype(object)


def _check_pickle(filters: Iterable[Mapping[str, Any]]) -> None:
    """Refuse to run code that is stored as data, unless the user has said so.

    Raises
    ------
    PickleCodecDisabledError
        A filter is ``pickle``, and it is not allowed.
    """
    if all(config["id"] != "pickle" for config in filters):
        return
    problem = "the elements are stored with pickle, which can run any code when they are read; if you trust it, set"
    if not current_options().allow_unsafe_pickle_decode:
        raise PickleCodecDisabledError(f"{problem} config['array.allow_unsafe_pickle_decode'] to True")
    pickles = importlib.import_module("numcodecs.pickles")
    if not getattr(pickles, "ALLOW_UNSAFE_PICKLE_DECODE", True):  # older releases have no such switch
        raise PickleCodecDisabledError(f"{problem} numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE to True, too")
