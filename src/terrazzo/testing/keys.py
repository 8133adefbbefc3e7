"""Hypothesis strategies for names of nodes, paths and keys; needs the package ``hypothesis``."""

from __future__ import annotations

import sys
from string import ascii_letters, digits

from hypothesis import strategies as st

from terrazzo.abc.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.testing.parts import attributes, node_names

__all__ = [
    "array_names",
    "attrs",
    "chunk_paths",
    "dimension_names",
    "key_ranges",
    "keys",
    "paths",
    "short_node_names",
    "zarr_key_chars",
]

LARGEST_PART = 20
"""Bytes; values in tests are small, and what reaches beyond them must be drawn, too."""

zarr_key_chars = st.sampled_from(sorted(f"{ascii_letters}{digits}.-_"))
"""Characters that any store takes in keys."""

short_node_names = st.text(zarr_key_chars, min_size=1, max_size=3).filter(
    lambda name: not name.startswith("__") and bool(name.strip("."))
)
"""Names of nodes that any store takes, so short that two of them are often the same."""

array_names = node_names
attrs = st.none() | attributes()
"""Attributes of nodes, or none."""


def keys(*, max_num_nodes: int | None = None) -> st.SearchStrategy[str]:
    """Keys: one or more names of nodes, joined by slashes."""
    return st.lists(node_names, min_size=1, max_size=4 if max_num_nodes is None else max_num_nodes).map("/".join)


def paths(*, max_num_nodes: int | None = None) -> st.SearchStrategy[str]:
    """Paths of nodes, the root among them."""
    return st.just("/") | keys(max_num_nodes=max_num_nodes)


def chunk_paths(ndim: int, numblocks: tuple[int, ...], subset: bool = True) -> st.SearchStrategy[str]:
    """Keys of chunks below their array, as the chunk key encoding ``v2`` with the separator ``/`` makes them.

    Parameters
    ----------
    numblocks
        Shape of the chunk grid, in chunks.
    subset
        Whether indices may be left out at the end, which gives prefixes of keys.
    """
    indices = st.tuples(*[st.integers(0, max(0, count - 1)) for count in numblocks])

    def key(found: tuple[int, ...], kept: int) -> str:
        return "/".join(map(str, found[:kept]))

    return st.builds(key, indices, st.integers(0, ndim) if subset else st.just(ndim))


def dimension_names(*, ndim: int | None = None) -> st.SearchStrategy[list[str | None] | None]:
    """Names of dimensions: one for each, for some, or none at all."""
    names = st.none() | st.text(max_size=4)
    most = 4 if ndim is None else ndim
    return st.none() | st.lists(names, min_size=ndim or 0, max_size=most)


def key_ranges(
    keys: st.SearchStrategy[str] = node_names, max_size: int = sys.maxsize
) -> st.SearchStrategy[list[tuple[str, ByteRequest | None]]]:
    """What ``Store.get_partial_values`` takes: keys, each with a byte request or None.

    Parameters
    ----------
    max_size
        The largest number in a request, in bytes; most are small.
    """
    number = st.integers(0, min(LARGEST_PART, max_size)) | st.integers(0, max_size)
    bounds = st.tuples(number, number).map(sorted)
    requests: st.SearchStrategy[ByteRequest | None] = st.one_of(
        st.none(),
        bounds.map(lambda pair: RangeByteRequest(*pair)),
        st.builds(OffsetByteRequest, number),
        st.builds(SuffixByteRequest, number),
    )
    return st.lists(st.tuples(keys, requests), min_size=1, max_size=10)
