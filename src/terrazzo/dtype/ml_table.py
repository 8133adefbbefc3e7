"""The data types that come from the package ``ml_dtypes``, one row each.

They are known by name without the package, which is imported when an array has one of them.

Specification: zarr-extensions, "data-types" (``float8_e4m3fn`` is not among them; tensorstore writes it).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["COMPLEX", "FLOATS", "INTEGERS", "NATIVE_COMPLEX"]

FLOATS: Mapping[str, tuple[str, ...]] = {
    "bfloat16": (),
    "float8_e3m4": (),
    "float8_e4m3": (),
    "float8_e5m2": (),
    "float8_e4m3fn": ("infinity",),
    "float8_e4m3fnuz": ("infinity",),
    "float8_e4m3b11fnuz": ("infinity",),
    "float8_e5m2fnuz": ("infinity",),
    "float8_e8m0fnu": ("infinity", "zero"),
    "float6_e2m3fn": ("infinity", "NaN"),
    "float6_e3m2fn": ("infinity", "NaN"),
    "float4_e2m1fn": ("infinity", "NaN"),
}
"""What each floating-point type has no value for, beyond what is too large."""

INTEGERS: Mapping[str, tuple[int, int]] = {"int2": (-2, 1), "uint2": (0, 3), "int4": (-8, 7), "uint4": (0, 15)}
"""The smallest and the largest value."""

NATIVE_COMPLEX: Mapping[str, str] = {"complex_float16": "complex32", "complex_bfloat16": "bcomplex32"}
"""Names in ``ml_dtypes`` of the complex types that it has."""

COMPLEX: Mapping[str, str] = {
    "complex_float16": "float16",
    **{f"complex_{name}": name for name in FLOATS if name != "float8_e4m3fn"},
}
"""The type of the two parts. Where ``ml_dtypes`` has no such type, elements are structs of them."""
