"""Hypothesis strategies for data types; needs the package ``hypothesis``."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from terrazzo.dtype import ZDType, parse_dtype
from terrazzo.testing.parts import OF_ONE_LENGTH, data_types, dtypes

__all__ = ["safe_unicode_for_dtype", "structured_dtypes", "v2_dtypes", "v3_dtypes", "zdtypes"]

FIELD_NAMES = st.text("abcdef_ äß", min_size=1, max_size=3)


def v2_dtypes() -> st.SearchStrategy[np.dtype[Any]]:
    """Numpy data types that Zarr v2 stores."""
    return dtypes()


def v3_dtypes() -> st.SearchStrategy[np.dtype[Any]]:
    """Numpy data types that Zarr v3 stores, text of any length among them."""
    return dtypes() | st.just(np.dtypes.StringDType())


def structured_dtypes(*, allow_extended: bool = False, max_depth: int = 3) -> st.SearchStrategy[np.dtype[np.void]]:
    """Numpy data types with fields, and with fields in fields.

    Parameters
    ----------
    allow_extended
        Whether fields may have titles or be arrays, and whether they may be aligned as in C.
    max_depth
        How deep fields may be nested.
    """
    inner: st.SearchStrategy[np.dtype[Any]] = st.sampled_from([item.to_native_dtype() for item in OF_ONE_LENGTH])
    drawn = inner
    for _ in range(max_depth):
        drawn = _with_fields(drawn, allow_extended=allow_extended)
        inner, drawn = drawn, inner | drawn
    return inner


def _with_fields(inner: st.SearchStrategy[np.dtype[Any]], *, allow_extended: bool) -> st.SearchStrategy[np.dtype[Any]]:
    def build(fields: dict[str, Any], shapes: list[tuple[int, ...]], titled: bool, align: bool) -> np.dtype[Any]:
        described: list[Any] = []
        for position, (name, dtype) in enumerate(fields.items()):
            given: Any = (f"title of {name}", name) if titled and allow_extended else name
            shape = shapes[position] if allow_extended and position < len(shapes) else ()
            described.append((given, dtype, shape) if shape else (given, dtype))
        return np.dtype(described, align=align and allow_extended)

    return st.builds(
        build,
        st.dictionaries(FIELD_NAMES, inner, min_size=1, max_size=3),
        st.lists(st.lists(st.integers(1, 3), max_size=2).map(tuple), max_size=3),
        st.booleans(),
        st.booleans(),
    )


def zdtypes(*, max_leaves: int = 6) -> st.SearchStrategy[ZDType[Any, Any]]:
    """Data types of every kind, structs among them.

    Parameters
    ----------
    max_leaves
        How many fields a struct may have, counting those in others.
    """
    native: st.SearchStrategy[Any] = st.sampled_from([item.to_native_dtype() for item in OF_ONE_LENGTH])
    nested = st.recursive(native, lambda inner: _with_fields(inner, allow_extended=False), max_leaves=max_leaves)
    structs = nested.filter(lambda dtype: dtype.names is not None).map(lambda dtype: parse_dtype(dtype, zarr_format=3))
    return data_types(of_any_length=True) | structs


def safe_unicode_for_dtype(dtype: np.dtype[np.str_]) -> st.SearchStrategy[str]:
    """Text that an element of a numpy data type keeps as it is: not too long, and in characters that UTF-8 has."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(characters, max_size=dtype.itemsize // 4)
