"""Hypothesis strategies for whole arrays, in numpy and in a store; needs the package ``hypothesis``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from terrazzo.abc.store import Store
from terrazzo.api.synchronous import create_array, group, open_group
from terrazzo.codecs import BytesCodec, ShardingCodec, ZstdCodec
from terrazzo.metadata import ArrayMetadata
from terrazzo.nodes.array import Array
from terrazzo.runtime import run_inline
from terrazzo.storage import MemoryStore, StoreLike
from terrazzo.testing import keys
from terrazzo.testing.grids import rectilinear_chunk_grids, rectilinear_dim_edges
from terrazzo.testing.parts import array_values, chunk_shapes, dtypes, shard_shapes
from terrazzo.types import JSON, AccessModeLiteral, ZarrFormat

__all__ = [
    "array_metadata",
    "array_shapes",
    "arrays",
    "block_test_arrays",
    "clear_store",
    "complex_rectilinear_arrays",
    "compressors",
    "np_array_and_chunks",
    "numpy_arrays",
    "rectilinear_arrays",
    "sharded_arrays",
    "sharding_inner_codecs",
    "simple_arrays",
    "stores",
    "subchunk_write_orders",
    "zarr_formats",
]

AnyArray: TypeAlias = Array[Any]
Shape: TypeAlias = tuple[int, ...]
Order: TypeAlias = Literal["morton", "unordered", "lexicographic", "colexicographic"]

MANY_CHUNKS = (5, 10)
"""Chunks along an axis, at least and at most, of arrays that have many."""


def clear_store(x: Store) -> Store:
    """Empty a store, and return it."""
    run_inline(x.clear())
    return x


stores: st.SearchStrategy[StoreLike] = st.builds(MemoryStore, st.just({})).map(clear_store)
"""Empty stores in memory."""
compressors = st.sampled_from([None, "default"])
zarr_formats: st.SearchStrategy[ZarrFormat] = st.sampled_from([3, 2])
array_shapes = npst.array_shapes(max_dims=4, min_side=3, max_side=5) | npst.array_shapes(max_dims=4, min_side=0)
"""Shapes with several chunks along every axis; and others, with axes of length 0 among them."""
sharding_inner_codecs: st.SearchStrategy[list[Any]] = st.sampled_from([[BytesCodec()], [BytesCodec(), ZstdCodec()]])
subchunk_write_orders: st.SearchStrategy[Order] = st.sampled_from(
    ("morton", "unordered", "lexicographic", "colexicographic")
)


ANY_PATH = keys.paths()
UP_TO_8 = npst.array_shapes(max_dims=4, max_side=8)
UP_TO_20 = npst.array_shapes(max_dims=3, max_side=20)


@st.composite
def numpy_arrays(
    draw: st.DrawFn, *, shapes: st.SearchStrategy[Shape] = array_shapes, dtype: np.dtype[Any] | None = None
) -> npt.NDArray[Any]:
    """Numpy arrays that can be stored, of any data type unless one is given."""
    found: npt.NDArray[Any] = draw(array_values(dtype or draw(dtypes()), draw(shapes)))
    return found


ANY_ARRAY = numpy_arrays()


@st.composite
def np_array_and_chunks(
    draw: st.DrawFn, *, arrays: st.SearchStrategy[npt.NDArray[Any]] = ANY_ARRAY
) -> tuple[npt.NDArray[Any], Shape]:
    """Numpy arrays, each with a chunk shape that suits it."""
    array = draw(arrays)
    return array, draw(chunk_shapes(array.shape))


@st.composite
def array_metadata(
    draw: st.DrawFn,
    *,
    array_shapes: Callable[..., st.SearchStrategy[Shape]] = npst.array_shapes,
    zarr_formats: st.SearchStrategy[ZarrFormat] = zarr_formats,
    attributes: st.SearchStrategy[Mapping[str, JSON] | None] = keys.attrs,
) -> ArrayMetadata:
    """Metadata of arrays of both formats."""
    shape = draw(array_shapes())
    made = create_array(
        {},
        shape=shape,
        chunks=draw(chunk_shapes(shape)),
        dtype=draw(dtypes()),
        attributes=draw(attributes),
        zarr_format=draw(zarr_formats),
    )
    metadata: ArrayMetadata = made.metadata
    return metadata


@st.composite
def arrays(
    draw: st.DrawFn,
    *,
    shapes: st.SearchStrategy[Shape] = array_shapes,
    compressors: st.SearchStrategy[Any] = compressors,
    stores: st.SearchStrategy[StoreLike] = stores,
    paths: st.SearchStrategy[str] = ANY_PATH,
    array_names: st.SearchStrategy[str] = keys.array_names,
    arrays: st.SearchStrategy[npt.NDArray[Any]] | None = None,
    attrs: st.SearchStrategy[Mapping[str, JSON] | None] = keys.attrs,
    zarr_formats: st.SearchStrategy[ZarrFormat] = zarr_formats,
    subchunk_write_orders: st.SearchStrategy[Order] = subchunk_write_orders,
    open_mode: AccessModeLiteral = "w",
) -> AnyArray:
    """Arrays in a store that hold what was drawn for them, some of them in shards.

    Parameters
    ----------
    compressors
        None for none, or ``"default"``.
    paths, array_names
        Of the group that the array is in, and its name there.
    arrays
        What they hold; by default of one of the shapes and any data type.
    subchunk_write_orders
        In which order the chunks of a shard are laid out.
    open_mode
        How the group is opened.
    """
    values = draw(numpy_arrays(shapes=shapes) if arrays is None else arrays)
    zarr_format = draw(zarr_formats)
    chunks = draw(chunk_shapes(values.shape))
    codecs: dict[str, Any] = {"compressors": None if draw(compressors) is None else "auto"}
    shards = None
    if zarr_format == 3 and values.ndim and draw(st.booleans()):
        shards = draw(shard_shapes(shape=values.shape, chunk_shape=chunks))
        if draw(st.booleans()):
            order = draw(subchunk_write_orders)
            serializer = ShardingCodec(
                chunk_shape=chunks, codecs=draw(sharding_inner_codecs), subchunk_write_order=order
            )
            codecs, chunks, shards = {"serializer": serializer, "compressors": None}, shards, None
    kind = None if open_mode == "r+" else zarr_format
    parent = open_group(draw(stores), path=draw(paths).strip("/"), mode=open_mode, zarr_format=kind)
    return parent.create_array(
        draw(array_names), data=values, chunks=chunks, shards=shards, attributes=draw(attrs), overwrite=True, **codecs
    )


def simple_arrays(*, shapes: st.SearchStrategy[Shape] = array_shapes) -> st.SearchStrategy[AnyArray]:
    """Arrays at the root of a store, with default codecs and without attributes."""
    return arrays(
        shapes=shapes, paths=st.just("/"), array_names=st.just("a"), attrs=st.none(), compressors=st.just("default")
    )


@st.composite
def sharded_arrays(
    draw: st.DrawFn,
    *,
    shapes: st.SearchStrategy[Shape] = UP_TO_8,
    nested: bool | None = None,
) -> AnyArray:
    """Arrays in shards, all of them.

    Parameters
    ----------
    nested
        Whether the chunks of a shard are shards themselves; by default some are.
    """
    values = draw(numpy_arrays(shapes=shapes))
    smallest = draw(chunk_shapes(values.shape))
    middle = draw(shard_shapes(shape=values.shape, chunk_shape=smallest))
    codecs = draw(sharding_inner_codecs)
    if draw(st.booleans()) if nested is None else nested:
        inner = ShardingCodec(chunk_shape=smallest, codecs=codecs, subchunk_write_order=draw(subchunk_write_orders))
        codecs, smallest, middle = [inner], middle, draw(shard_shapes(shape=values.shape, chunk_shape=middle))
    outer = ShardingCodec(chunk_shape=smallest, codecs=codecs, subchunk_write_order=draw(subchunk_write_orders))
    return create_array({}, data=values, chunks=middle, serializer=outer, compressors=None)


@st.composite
def rectilinear_arrays(draw: st.DrawFn, *, shapes: st.SearchStrategy[Shape] = UP_TO_20) -> AnyArray:
    """Arrays whose chunks differ in length."""
    values = draw(numpy_arrays(shapes=shapes))
    grid = draw(rectilinear_chunk_grids(shape=values.shape))
    return create_array({}, data=values, chunks=grid)


@st.composite
def complex_rectilinear_arrays(
    draw: st.DrawFn,
    *,
    stores: st.SearchStrategy[StoreLike] = stores,
    paths: st.SearchStrategy[str] = ANY_PATH,
    array_names: st.SearchStrategy[str] = keys.array_names,
    attrs: st.SearchStrategy[Mapping[str, JSON] | None] = keys.attrs,
) -> tuple[npt.NDArray[Any], AnyArray]:
    """Arrays with many small chunks that differ in length, each behind the numpy array that it holds."""
    few, many = MANY_CHUNKS
    lengths = st.lists(st.integers(1, 5), min_size=few, max_size=many)
    edges = draw(st.lists(lengths, min_size=1, max_size=2))
    shape = tuple(map(sum, edges))
    values = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    parent = group(draw(stores), path=draw(paths).strip("/"), overwrite=True)
    return values, parent.create_array(draw(array_names), data=values, chunks=edges, attributes=draw(attrs))


@st.composite
def block_test_arrays(draw: st.DrawFn) -> tuple[AnyArray, npt.NDArray[Any]]:
    """Arrays with chunks along every axis, regular, in shards or of different lengths, and what they hold."""
    shape = draw(npst.array_shapes(max_dims=3, min_side=1, max_side=12))
    values = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    arguments: dict[str, Any] = {"chunks": draw(chunk_shapes(shape))}
    if draw(st.booleans()):
        arguments["chunks"] = [draw(rectilinear_dim_edges(extent=length)) for length in shape]
    elif draw(st.booleans()):
        arguments["shards"] = draw(shard_shapes(shape=shape, chunk_shape=arguments["chunks"]))
    return create_array({}, data=values, **arguments), values
