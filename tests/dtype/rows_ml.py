"""Rows of the table for the types of ``ml_dtypes``."""

import ml_dtypes
import numpy as np

from terrazzo import dtype
from tests.dtype.row import Row

WITHOUT_ORDER = {"name": "bytes"}
ALWAYS_REFUSED = ("", "one", True, None, [0.0], {}, "0x0", "0x000", 10**400, 1e300, -1e300)


def row(zdtype, native, **members):
    native = np.dtype(getattr(ml_dtypes, native))
    serializer = {} if native.itemsize > 1 else {"serializer": WITHOUT_ORDER}
    return Row(zdtype=zdtype, native=native, v3=zdtype.name, v2=zdtype.name, **serializer, **members)


def integer(name, low, high):
    return row(
        dtype.MLInteger(name=name),
        name,
        default=0,
        samples=(0, 1, low, high),
        fills=((0, 0), (low, low), (high, high), (np.int64(high), high), (getattr(ml_dtypes, name)(1), 1)),
        refused=(low - 1, high + 1, 0.5, "0", True, None, [], {}, 2**70),
    )


def from_bits(name, bits):
    native = np.dtype(getattr(ml_dtypes, name))
    return np.array(bits, f"u{native.itemsize}").view(native)[()]


def floating(name, *, largest, nan=None, payload=None, infinity=True, zero=True, negative_zero=True, refused=()):
    """
    Parameters
    ----------
    nan
        The bits of the NaN that documents call so.
    payload
        Other bits of NaN, where there are some.
    """
    fills = [(1, 1.0), (1.5 if largest != 6 else 0.5, 1.5 if largest != 6 else 0.5), (largest, largest)]
    samples = [1.0, 2.0, largest]
    if zero:
        fills += [(0, 0.0), (-1, -1.0)]
        samples += [0.0, -1.0]
    else:
        fills[1:2] = [(0.5, 0.5)]
    if negative_zero and zero:
        fills.append((-0.0, -0.0))
        samples.append(-0.0)
    if infinity:
        fills += [(np.inf, "Infinity"), (-np.inf, "-Infinity")]
        samples += [np.inf, -np.inf]
    if nan is not None:
        fills.append((from_bits(name, nan), "NaN"))
        samples.append(np.nan)
    if payload is not None:
        fills.append((from_bits(name, payload), f"{payload:#0{2 + 2 * np.dtype(getattr(ml_dtypes, name)).itemsize}x}"))
        samples.append(from_bits(name, payload))
    return row(
        dtype.MLFloat(name=name),
        name,
        default=0.0 if zero else 2.0**-127,
        samples=tuple(samples),
        fills=tuple(fills),
        refused=(
            *ALWAYS_REFUSED,
            *(() if infinity else ("Infinity", "-Infinity")),
            *(() if nan is not None else ("NaN", "nan")),
            *refused,
        ),
    )


def pair(name, native, payload, payload_json):
    with_payload = np.array([payload, 0], "u2").view(np.dtype(getattr(ml_dtypes, native)))[0]
    return row(
        dtype.MLComplex(name=name),
        native,
        default=[0.0, 0.0],
        samples=(0j, complex(-0.0, 0.0), 1.5 - 2j, complex(np.nan, 0), complex(0, np.nan), complex(np.inf, -np.inf)),
        fills=(
            (0, [0.0, 0.0]),
            ((1, -2.5), [1.0, -2.5]),
            (complex(-0.0, 0.0), [-0.0, 0.0]),
            (1.5 - 2j, [1.5, -2.0]),
            (complex(0, np.nan), [0.0, "NaN"]),
            (with_payload, [payload_json, 0.0]),
        ),
        refused=(0.0, "0", None, [], [0.0], [0.0, 0.0, 0.0], [0.0, "x"], {}, ["0x00", 0], [1e300, 0]),
    )


ROWS = (
    floating("bfloat16", largest=float(ml_dtypes.finfo("bfloat16").max), nan=0x7FC0, payload=0xFFC1),
    floating("float8_e3m4", largest=15.5, nan=0x78, payload=0x79),
    floating("float8_e4m3", largest=240.0, nan=0x7C, payload=0xFD, refused=(248, "0x7e00")),
    floating("float8_e5m2", largest=57344.0, nan=0x7E, payload=0x7F),
    floating("float8_e4m3fn", largest=448.0, nan=0x7F, payload=0xFF, infinity=False, refused=(449, -480)),
    floating("float8_e4m3fnuz", largest=240.0, nan=0x80, infinity=False, negative_zero=False),
    floating("float8_e4m3b11fnuz", largest=30.0, nan=0x80, infinity=False, negative_zero=False),
    floating("float8_e5m2fnuz", largest=57344.0, nan=0x80, infinity=False, negative_zero=False),
    floating("float8_e8m0fnu", largest=2.0**127, nan=0xFF, infinity=False, zero=False, refused=(-1, -0.5, 2.0**128)),
    floating("float6_e2m3fn", largest=7.5, infinity=False, refused=(7.6, -8, "0x40", "0xff")),
    floating("float6_e3m2fn", largest=28.0, infinity=False, refused=(29, "0x40", "0x80")),
    floating("float4_e2m1fn", largest=6.0, infinity=False, refused=(7, -6.5, "0x10", "0xf0")),
    integer("int2", -2, 1),
    integer("uint2", 0, 3),
    integer("int4", -8, 7),
    integer("uint4", 0, 15),
    pair("complex_float16", "complex32", 0x7C01, "0x7c01"),
    pair("complex_bfloat16", "bcomplex32", 0xFFC0, "0xffc0"),
)
