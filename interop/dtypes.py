"""Data types that both sides have."""

from __future__ import annotations

__all__ = ["DTYPES"]

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
DTYPES = ("bool", *INTEGERS, "float16", "float32", "float64", "complex64", "complex128")
