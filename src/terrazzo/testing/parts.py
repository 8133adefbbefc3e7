"""Hypothesis strategies for the parts of an array, and for what selects in it; needs the package ``hypothesis``.

Numbers come from random bytes, so every bit pattern of a data type turns up: NaN payloads, -0.0, subnormal numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from terrazzo.dtype import (
    DateTime64,
    FixedLengthUTF32,
    NullTerminatedBytes,
    RawBytes,
    TimeDelta64,
    VariableLengthBytes,
    VariableLengthUTF8,
    ZDType,
)
from terrazzo.dtype.numeric import NUMERIC
from terrazzo.types import JSON

__all__ = [
    "CodecArguments",
    "array_values",
    "attributes",
    "axis_slices",
    "basic_selections",
    "block_selections",
    "chunk_key_encodings",
    "chunk_shapes",
    "codec_chains",
    "coordinate_selections",
    "data_types",
    "dtypes",
    "fill_values",
    "index_arrays",
    "masks",
    "node_names",
    "node_paths",
    "orthogonal_selections",
    "rectilinear_chunks",
    "scalars",
    "shapes",
    "shard_shapes",
    "sharding_codecs",
]

NAME_CHARACTERS = "abcxyzABC012-_. äß字"
"""Letters in both cases, digits, marks, a space, and letters outside ASCII."""

LARGEST_ATTRIBUTE = 1 << 70

OF_ONE_LENGTH: tuple[ZDType[Any, Any], ...] = (
    *[cls() for cls in NUMERIC],
    DateTime64(unit="s"),
    DateTime64(unit="us", scale_factor=25),
    TimeDelta64(unit="ns"),
    NullTerminatedBytes(length=3),
    RawBytes(length=5),
    FixedLengthUTF32(length=3),
)
OF_ANY_LENGTH: tuple[ZDType[Any, Any], ...] = (VariableLengthUTF8(), VariableLengthBytes())

Codec: TypeAlias = Mapping[str, Any]


def shapes(
    *, min_dims: int = 0, max_dims: int = 4, min_side: int = 0, max_side: int = 9
) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of small arrays; axes of length 0 among them, unless `min_side` says otherwise."""
    return st.lists(st.integers(min_side, max_side), min_size=min_dims, max_size=max_dims).map(tuple)


def chunk_shapes(shape: tuple[int, ...], *, max_chunks: int = 6) -> st.SearchStrategy[tuple[int, ...]]:
    """Chunk shapes for an array: they divide it or not, and may be larger than it.

    Parameters
    ----------
    max_chunks
        How many chunks an axis is cut into at most.
    """
    return st.tuples(*[st.integers(max(1, -(-length // max_chunks)), length + 2) for length in shape])


def rectilinear_chunks(
    shape: tuple[int, ...], *, max_chunks: int = 6
) -> st.SearchStrategy[tuple[int | tuple[int, ...], ...]]:
    """Chunks that differ in length: for some axes one length, for others all of them, which add up to the axis.

    Parameters
    ----------
    max_chunks
        How many chunks an axis is cut into at most.
    """

    def lengths(length: int) -> st.SearchStrategy[tuple[int, ...]]:
        if not length:
            return st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
        cuts = st.sets(st.integers(1, length - 1), max_size=max_chunks - 1) if length > 1 else st.just(set[int]())
        return cuts.map(lambda at: tuple(int(size) for size in np.diff([0, *sorted(at), length])))

    one = [st.integers(max(1, -(-length // max_chunks)), length + 2) for length in shape]
    return st.tuples(*[single | lengths(length) for single, length in zip(one, shape, strict=True)])


def data_types(*, of_any_length: bool = False) -> st.SearchStrategy[ZDType[Any, Any]]:
    """Data types as documents have them: in the byte order that they have without one being given.

    Parameters
    ----------
    of_any_length
        Whether some have elements of any length, which the codec ``bytes`` does not store.
    """
    one_length = st.sampled_from(OF_ONE_LENGTH)
    return one_length | st.sampled_from(OF_ANY_LENGTH) if of_any_length else one_length


def dtypes(*, any_order: bool = True, of_any_length: bool = False) -> st.SearchStrategy[np.dtype[Any]]:
    """Numpy data types that can be stored.

    Parameters
    ----------
    any_order
        Whether some have the byte order that the machine does not have.
    of_any_length
        Whether some have elements of any length; numpy's objects stand for bytes.
    """

    def ordered(data_type: ZDType[Any, Any], order: str) -> np.dtype[Any]:
        dtype: np.dtype[Any] = data_type.to_native_dtype()
        return dtype if dtype.hasobject else dtype.newbyteorder(order)  # type: ignore[arg-type] # a byte order

    orders = st.sampled_from("<>" if any_order else "=")
    return st.builds(ordered, data_types(of_any_length=of_any_length), orders)


def array_values(dtype: npt.DTypeLike, shape: tuple[int, ...]) -> st.SearchStrategy[npt.NDArray[Any]]:
    """Arrays of any values; a small number of them is repeated, so that equal ones lie beside one another."""
    element = np.dtype(dtype)

    def place(values: list[npt.NDArray[Any]], seed: int) -> npt.NDArray[Any]:
        pool = np.concatenate([value.reshape(1) for value in values])
        picked = np.random.default_rng(seed).integers(len(pool), size=shape)
        return np.asarray(pool[picked], dtype=element)  # an element alone comes as a scalar, in another byte order

    values = st.lists(scalars(element), min_size=1, max_size=5)
    return st.builds(place, values, st.integers(0, 2**32 - 1))


def scalars(dtype: np.dtype[Any]) -> st.SearchStrategy[npt.NDArray[Any]]:
    """Single elements, as arrays without axes: arrays keep the bits of a signalling NaN, numpy's scalars need not."""
    kind, size = dtype.kind, dtype.itemsize
    if kind == "b":
        return st.booleans().map(lambda value: np.array(value, dtype=dtype))
    if kind in "TO":
        items: st.SearchStrategy[Any] = st.text(max_size=40) if kind == "T" else st.binary(max_size=40)
        return items.map(lambda item: np.array(item, dtype=dtype))
    if kind == "U":
        return st.text(max_size=size // 4).map(lambda text: np.array(text, dtype=dtype))
    random = st.binary(min_size=size, max_size=size).map(lambda raw: np.frombuffer(raw, dtype=dtype).reshape(()))
    return random if kind in "SV" else random | st.sampled_from(_telling_values(dtype))


def _telling_values(dtype: np.dtype[Any]) -> list[npt.NDArray[Any]]:
    """The values at which mistakes show."""
    if dtype.kind in "mM":
        return [np.array(value, dtype=dtype) for value in ("NaT", 0, 1, -1, (1 << 63) - 1)]
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return [np.array(value, dtype=dtype) for value in (0, 1, info.min, info.max)]
    parts = np.array([0.0, -0.0, 1.5, np.inf, -np.inf, np.nan])
    if dtype.kind == "f":
        return [np.array(value, dtype=dtype) for value in parts]
    telling = []
    for real in parts:
        for imaginary in parts[[0, 1, 5]]:
            value = np.empty((), dtype=dtype)
            value.real, value.imag = real, imaginary
            telling.append(value)
    return telling


def fill_values(dtype: npt.DTypeLike) -> st.SearchStrategy[Any]:
    """Fill values of a data type, as scalars in the byte order of the machine."""
    native = np.dtype(dtype)
    if not native.hasobject:
        native = native.newbyteorder("=")
    return scalars(native).map(lambda value: value[()])


@dataclass(frozen=True)
class CodecArguments:
    """The codecs of an array as the arguments of ``create_array``, in the form of JSON."""

    filters: tuple[Codec, ...]
    serializer: Codec
    compressors: tuple[Codec, ...]

    def as_kwargs(self) -> dict[str, Any]:
        """Keyword arguments for ``create_array``."""
        return {"filters": self.filters, "serializer": self.serializer, "compressors": self.compressors}


def codec_chains(ndim: int, dtype: npt.DTypeLike = np.uint8) -> st.SearchStrategy[CodecArguments]:
    """Codec chains for arrays of so many axes.

    Parameters
    ----------
    dtype
        Numpy data type of the elements; it matters where they are of any length.
    """
    orders = st.permutations(range(ndim)).map(list)
    transposes = orders.map(lambda order: {"name": "transpose", "configuration": {"order": order}})
    kind = np.dtype(dtype).kind
    serializers: st.SearchStrategy[Codec] = st.sampled_from(("little", "big")).map(
        lambda endian: {"name": "bytes", "configuration": {"endian": endian}}
    )
    if kind in "TO":
        serializers = st.just({"name": "vlen-utf8" if kind == "T" else "vlen-bytes"})
    return st.builds(
        CodecArguments,
        filters=st.lists(transposes, max_size=2).map(tuple),
        serializer=serializers,
        compressors=st.lists(_compressors(), max_size=3).map(tuple),
    )


def shard_shapes(*, shape: tuple[int, ...], chunk_shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of shards of up to four chunks along an axis, that may reach beyond the array."""
    most = [min(4, -(-length // size) + 1) for length, size in zip(shape, chunk_shape, strict=True)]
    counts = st.tuples(*[st.integers(1, max(1, count)) for count in most])
    return counts.map(lambda counts: tuple(count * size for count, size in zip(counts, chunk_shape, strict=True)))


def sharding_codecs(shape: tuple[int, ...]) -> st.SearchStrategy[Codec]:
    """``sharding_indexed`` for chunks of a given shape, as an object, for the order of subchunks is not in the JSON.

    Every place of the index, several index codecs, any codecs for the subchunks, other shards among them.
    """
    divisors = [[size for size in range(1, length + 1) if length % size == 0] for length in shape]
    return st.tuples(*map(st.sampled_from, divisors)).flatmap(_sharding_into)


def _sharding_into(subchunk: tuple[int, ...]) -> st.SearchStrategy[Any]:
    from terrazzo.codecs import ShardingCodec

    plain = codec_chains(len(subchunk)).map(lambda chain: [*chain.filters, chain.serializer, *chain.compressors])
    # Once nested is enough, and what is deeper takes long to find.
    nested = sharding_codecs(subchunk).map(lambda codec: [codec]) if max(subchunk, default=0) > 1 else plain
    index = st.sampled_from(("little", "big")).map(
        lambda endian: {"name": "bytes", "configuration": {"endian": endian}}
    )
    return st.builds(
        ShardingCodec,
        chunk_shape=st.just(subchunk),
        codecs=st.one_of(plain, plain, nested),
        index_codecs=st.tuples(index) | st.tuples(index, st.just({"name": "crc32c"})),
        index_location=st.sampled_from(("start", "end")),
        subchunk_write_order=st.sampled_from(("morton", "unordered", "lexicographic", "colexicographic")),
    )


def _compressors() -> st.SearchStrategy[Codec]:
    def codec(name: str, **configuration: st.SearchStrategy[Any]) -> st.SearchStrategy[Codec]:
        return st.fixed_dictionaries(configuration).map(lambda members: {"name": name, "configuration": members})

    return st.one_of(
        st.just({"name": "crc32c"}),
        codec("zstd", level=st.integers(-5, 5), checksum=st.booleans()),
        codec("gzip", level=st.integers(0, 9)),
        codec(
            "blosc",
            typesize=st.integers(1, 16),
            cname=st.sampled_from(("lz4", "zstd", "blosclz", "zlib")),
            clevel=st.integers(0, 9),
            shuffle=st.sampled_from(("noshuffle", "shuffle", "bitshuffle")),
            blocksize=st.just(0),
        ),
    )


def chunk_key_encodings() -> st.SearchStrategy[Mapping[str, Any]]:
    """Chunk key encodings in the form of JSON."""
    return st.builds(
        lambda name, separator: {"name": name, "configuration": {"separator": separator}},
        st.sampled_from(("default", "v2")),
        st.sampled_from("./"),
    )


def axis_slices(length: int) -> st.SearchStrategy[slice]:
    """Slices with a positive step, that may reach beyond an axis at both ends, count backwards, or select nothing."""
    bounds = st.none() | st.integers(-length - 2, length + 2)
    return st.builds(slice, bounds, bounds, st.none() | st.integers(1, length + 2))


def basic_selections(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """What may stand in brackets behind an array of this shape: integers, slices, an ellipsis, in tuples or alone."""

    def item(length: int) -> st.SearchStrategy[Any]:
        slices = axis_slices(length)
        return slices | st.integers(-length, length - 1) if length else slices

    return _in_brackets(tuple(map(item, shape)))


def index_arrays(length: int, *, max_size: int = 8) -> st.SearchStrategy[Any]:
    """Lists and arrays of indices of an axis: any order, some twice, counted from either end, of any integer type."""
    if not length:
        return st.just(np.zeros(0, dtype=np.int64))

    def array(indices: list[int], kind: str) -> Any:
        if kind == "list" and indices:
            return indices
        if kind == "unsigned":
            return np.array([index % length for index in indices], dtype=np.uint64)
        return np.array(indices, dtype=np.int16 if kind == "short" else np.int64)

    runs = axis_slices(length).map(lambda item: [*range(length)[item]])
    indices = st.lists(st.integers(-length, length - 1), max_size=max_size) | runs
    return st.builds(array, indices, st.sampled_from(("list", "array", "short", "unsigned")))


def masks(shape: tuple[int, ...]) -> st.SearchStrategy[npt.NDArray[np.bool_]]:
    """Masks for an array of this shape: full, empty, and anything between."""

    def mask(seed: int, share: float, order: Any) -> npt.NDArray[np.bool_]:
        return np.asarray(np.random.default_rng(seed).random(shape) < share, order=order)

    return st.builds(mask, st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.1, 0.5, 1.0)), st.sampled_from("CF"))


def orthogonal_selections(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """What ``oindex`` takes: along each axis an index, a slice, indices or a mask; an ellipsis; in tuples or alone."""

    def item(length: int) -> st.SearchStrategy[Any]:
        several = axis_slices(length) | index_arrays(length) | masks((length,))
        return several | st.integers(-length, length - 1) if length else several

    return _in_brackets(tuple(map(item, shape)))


def coordinate_selections(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Points of an array that has axes: an integer or an array for each axis, that broadcast."""
    sides = st.lists(st.integers(0, 4), min_size=1, max_size=3)

    def coordinates(sides: list[int], kept: list[int], seed: int) -> tuple[Any, ...]:
        random = np.random.default_rng(seed)
        found: list[Any] = []
        for length, keep in zip(shape, kept, strict=True):
            own = [side if keep >> position & 1 else 1 for position, side in enumerate(sides)]
            if not length:
                own[0] = 0
            found.append(random.integers(-length, max(length, 1), own) if length else np.zeros(own, dtype=np.int64))
        return tuple(int(array[(0,) * array.ndim]) if array.size == 1 and seed % 3 == 0 else array for array in found)

    if not all(shape):
        sides = sides.map(lambda found: [0, *found[1:]])
    return st.builds(
        coordinates, sides, st.lists(st.integers(0, 7), min_size=len(shape), max_size=len(shape)), st.integers(0, 2**32)
    )


def block_selections(grid_shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """What ``blocks`` takes on a grid of so many chunks: along each axis one, or a run that starts in the grid."""

    def item(count: int) -> st.SearchStrategy[Any]:
        if not count:
            return st.nothing()
        inside = st.integers(-count, count - 1)
        return inside | st.builds(slice, st.none() | inside, st.none() | st.integers(-count, count + 2))

    if not all(grid_shape):
        return st.just(())
    return _in_brackets(tuple(map(item, grid_shape)))


def _in_brackets(items: tuple[st.SearchStrategy[Any], ...]) -> st.SearchStrategy[Any]:
    """One item per axis, or fewer, or an ellipsis in place of some; in a tuple, or alone."""

    def selection(found: tuple[Any, ...], start: int, stop: int, form: int) -> Any:
        first, last = sorted((min(start, len(found)), min(stop, len(found))))
        if form == 0:
            return (*found[:first], Ellipsis, *found[last:])
        chosen = found[:last]
        return chosen[0] if form == 1 and len(chosen) == 1 else chosen

    places = st.integers(0, len(items))
    return st.builds(selection, st.tuples(*items), places, places, st.integers(0, 2))


node_names: st.SearchStrategy[str] = st.text(NAME_CHARACTERS, min_size=1, max_size=5).filter(
    lambda name: not name.startswith("__") and bool(name.strip("."))
)
"""Names of nodes that the specification allows, spaces and letters outside ASCII among them."""


def node_paths(*, max_depth: int = 3) -> st.SearchStrategy[str]:
    """Paths of nodes: one or more names."""
    return st.lists(node_names, min_size=1, max_size=max_depth).map("/".join)


def attributes() -> st.SearchStrategy[dict[str, JSON]]:
    """Attributes of nodes: JSON, integers beyond 64 bits among it."""
    values: st.SearchStrategy[Any] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-LARGEST_ATTRIBUTE, LARGEST_ATTRIBUTE),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
    )
    nested = st.recursive(
        values, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    )
    return st.dictionaries(st.text(max_size=5), nested, max_size=3)
