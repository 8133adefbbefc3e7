"""Rows of the table for booleans, integers, floating-point and complex numbers."""

import numpy as np

from terrazzo import dtype
from tests.dtype.row import Row

WITHOUT_ORDER = {"name": "bytes"}


def integer(cls, native):
    info = np.iinfo(native)
    return Row(
        zdtype=cls(),
        native=native,
        v3=np.dtype(native).name,
        v2=native,
        default=0,
        samples=(0, 1, info.min, info.max, 7),
        fills=((0, 0), (1, 1), (info.min, info.min), (info.max, info.max), (np.dtype(native).type(7), 7)),
        refused=(info.min - 1, info.max + 1, 0.5, "0", True, None, [], {}),
        **({"serializer": WITHOUT_ORDER} if native[0] == "|" else {}),
    )


def floating(cls, native, payload, payload_json):
    return Row(
        zdtype=cls(),
        native=native,
        v3=np.dtype(native).name,
        v2=native,
        default=0.0,
        samples=(0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, np.array(payload, f"u{native[2]}").view(native)[()]),
        fills=(
            (0, 0.0),
            (-0.0, -0.0),
            (1.5, 1.5),
            (np.nan, "NaN"),
            (-np.inf, "-Infinity"),
            (np.array(payload, f"u{native[2]}").view(native)[()], payload_json),
        ),
        refused=("", "one", True, None, [0.0], {}, "0x0", 10**400),
    )


def pair(cls, native, payload, payload_json):
    parts = np.array([payload, 0], dtype=f"<u{int(native[2:]) // 2}")
    return Row(
        zdtype=cls(),
        native=native,
        v3=np.dtype(native).name,
        v2=native,
        default=[0.0, 0.0],
        samples=(0j, complex(-0.0, 0.0), 1.5 - 2j, complex(np.nan, 0), complex(0, np.nan), complex(np.inf, -np.inf)),
        fills=(
            (0, [0.0, 0.0]),
            (complex(-0.0, 0.0), [-0.0, 0.0]),
            (1.5 - 2j, [1.5, -2.0]),
            (complex(np.nan, 0), ["NaN", 0.0]),
            (complex(0, np.nan), [0.0, "NaN"]),
            (parts.view(native)[0], [payload_json, 0.0]),
            (parts[::-1].copy().view(native)[0], [0.0, payload_json]),
        ),
        refused=(0.0, "0", None, [], [0.0], [0.0, 0.0, 0.0], [0.0, "x"], {}),
    )


ROWS = (
    Row(
        zdtype=dtype.Bool(),
        native="|b1",
        v3="bool",
        v2="|b1",
        default=False,
        samples=(False, True, True),
        fills=((False, False), (True, True), (np.True_, True)),
        refused=("false", 2, None, [], {}),
        serializer=WITHOUT_ORDER,
    ),
    integer(dtype.Int8, "|i1"),
    integer(dtype.UInt8, "|u1"),
    integer(dtype.Int16, "<i2"),
    integer(dtype.UInt16, "<u2"),
    integer(dtype.Int32, "<i4"),
    integer(dtype.UInt32, "<u4"),
    integer(dtype.Int64, "<i8"),
    integer(dtype.UInt64, "<u8"),
    floating(dtype.Float16, "<f2", 0x7C01, "0x7c01"),
    floating(dtype.Float32, "<f4", 0xFFC00000, "0xffc00000"),
    floating(dtype.Float64, "<f8", 0x7FF8000000000001, "0x7ff8000000000001"),
    pair(dtype.Complex64, "<c8", 0x7FC00001, "0x7fc00001"),
    pair(dtype.Complex128, "<c16", 0xFFF8000000000000, "0xfff8000000000000"),
)
