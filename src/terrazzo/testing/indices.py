"""Hypothesis strategies for indices, with what numpy takes for the same; needs the package ``hypothesis``.

`terrazzo.testing.parts` has more of what arrays can be selected with; these keep to what a numpy index says alone.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

__all__ = [
    "TrueOrFalse",
    "basic_indices",
    "block_indices",
    "end_slices",
    "is_negative_slice",
    "orthogonal_indices",
]

TrueOrFalse: TypeAlias = Literal[True, False]


def is_negative_slice(idx: Any) -> bool:
    """Whether an index is a slice that runs backwards, which arrays in stores do not take."""
    return isinstance(idx, slice) and idx.step is not None and idx.step < 0


def basic_indices(
    *,
    shape: tuple[int, ...],
    min_dims: int = 0,
    max_dims: int | None = None,
    allow_newaxis: TrueOrFalse = False,
    allow_ellipsis: TrueOrFalse = True,
) -> st.SearchStrategy[Any]:
    """Integers, slices that run forwards and ellipses, as hypothesis draws them for numpy arrays of a shape.

    Parameters
    ----------
    min_dims, max_dims
        Of the result.
    """
    drawn = npst.basic_indices(
        shape=shape, min_dims=min_dims, max_dims=max_dims, allow_newaxis=allow_newaxis, allow_ellipsis=allow_ellipsis
    )

    def forwards(index: Any) -> Any:
        if isinstance(index, tuple):
            return tuple(map(forwards, index))
        return slice(index.stop, index.start, -index.step) if is_negative_slice(index) else index

    return drawn.map(forwards)


def end_slices(*, shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    """Slices that reach to the end of every axis, where the last chunk may be smaller than the others."""

    def to_the_end(length: int) -> st.SearchStrategy[slice]:
        starts = st.integers(-length, max(0, length - 1))
        return st.builds(slice, starts, st.none() | st.integers(length, length + 2), st.none())

    return st.tuples(*map(to_the_end, shape))


def orthogonal_indices(
    *, shape: tuple[int, ...]
) -> st.SearchStrategy[tuple[tuple[Any, ...], tuple[npt.NDArray[Any], ...]]]:
    """An index for ``oindex``, and one that selects the same of a numpy array.

    Along each axis stands an integer, which drops the axis, a slice, or an array of integers.
    """

    def axis(length: int) -> st.SearchStrategy[Any]:
        slices = basic_indices(shape=(length,), min_dims=1, allow_ellipsis=False).map(
            lambda index: index[0] if isinstance(index, tuple) and index else slice(None) if index == () else index
        )
        if not length:
            return slices
        numbers = st.integers(-length, length - 1)
        several = npst.arrays(np.intp, npst.array_shapes(min_dims=1, max_dims=1, max_side=6), elements=numbers)
        return slices | numbers | several

    def both(items: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[npt.NDArray[Any], ...]]:
        selected = [
            np.arange(length)[item] if isinstance(item, slice) else np.asarray(item)
            for item, length in zip(items, shape, strict=True)
        ]
        kept = sum(array.ndim for array in selected)
        open_mesh = []
        position = 0
        for array in selected:
            form = [1] * kept
            if array.ndim:
                form[position] = array.size
                position += 1
            open_mesh.append(array.reshape(form))
        return items, tuple(np.broadcast_arrays(*open_mesh)) if open_mesh else ()

    return st.tuples(*map(axis, shape)).map(both)


def block_indices(
    *, chunk_sizes: tuple[tuple[int, ...], ...]
) -> st.SearchStrategy[tuple[tuple[int | slice, ...], tuple[slice, ...]]]:
    """An index for ``blocks``, and the slices of elements that it stands for.

    Parameters
    ----------
    chunk_sizes
        For each axis, how many elements each chunk holds.
    """
    assert all(chunk_sizes), "an axis without chunks has no blocks"

    def axis(sizes: tuple[int, ...]) -> st.SearchStrategy[tuple[int | slice, slice]]:
        ends = np.cumsum([0, *sizes]).tolist()
        count = len(sizes)
        one = st.integers(-count, count - 1).map(
            lambda index: (index, slice(ends[index % count], ends[index % count + 1]))
        )
        pairs = st.tuples(st.integers(0, count - 1), st.integers(1, count)).map(
            lambda pair: (min(pair[0], pair[1] - 1), max(pair[0] + 1, pair[1]))
        )
        run = pairs.map(lambda pair: (slice(*pair), slice(ends[pair[0]], ends[pair[1]])))
        return one | run

    axes = st.tuples(*map(axis, chunk_sizes))
    return axes.map(lambda found: (tuple(index for index, _ in found), tuple(region for _, region in found)))
