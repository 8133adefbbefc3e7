"""Rows of the table for structs."""

import numpy as np

from terrazzo import dtype
from tests.dtype.row import Row

WITHOUT_ORDER = {"name": "bytes"}


def v3(*fields):
    return {"name": "struct", "configuration": {"fields": [{"name": n, "data_type": t} for n, t in fields]}}


def legacy(*fields):
    return {"name": "structured", "configuration": {"fields": [list(field) for field in fields]}}


POINT = (("x", dtype.Float32()), ("flag", dtype.Bool()))
NESTED = (("id", dtype.Int16()), ("at", dtype.Struct(fields=POINT)), ("wave", dtype.Complex64()))
NAN = np.array(0x7FC00001, "<u4").view("<f4")[()]
"""With a payload that documents write in hexadecimal digits."""

ROWS = (
    Row(
        zdtype=dtype.Struct(fields=(("a", dtype.Int8()), ("b", dtype.UInt8()))),
        native=np.dtype([("a", "i1"), ("b", "u1")]),
        v3=v3(("a", "int8"), ("b", "uint8")),
        v2=[["a", "|i1"], ["b", "|u1"]],
        default={"a": 0, "b": 0},
        samples=((0, 0), (-1, 255), (5, 0)),
        fills=((0, {"a": 0, "b": 0}), ((-128, 255), {"a": -128, "b": 255}), ({"b": 1, "a": 2}, {"a": 2, "b": 1})),
        refused=({}, {"a": 0}, {"a": 0, "b": 0, "c": 0}, {"a": 0, "b": 256}, 0, None, [0, 0], "AAAA", "AA", "ä"),
        serializer=WITHOUT_ORDER,
        other_v3=(legacy(("a", "int8"), ("b", "uint8")),),
    ),
    Row(
        zdtype=dtype.Struct(fields=POINT),
        native=np.dtype([("x", "<f4"), ("flag", "?")]),
        v3=v3(("x", "float32"), ("flag", "bool")),
        v2=[["x", "<f4"], ["flag", "|b1"]],
        default={"x": 0.0, "flag": False},
        samples=((0.0, False), (-0.0, False), (np.nan, True), (NAN, True), (-np.inf, False)),
        fills=(
            (0, {"x": 0.0, "flag": False}),
            ((-0.0, True), {"x": -0.0, "flag": True}),
            ((np.nan, True), {"x": "NaN", "flag": True}),
            ((NAN, False), {"x": "0x7fc00001", "flag": False}),
            (np.array((1.5, True), dtype=[("p", ">f4"), ("q", "?")])[()], {"x": 1.5, "flag": True}),
        ),
        refused=({"x": 1.5}, {"x": "0x0", "flag": False}, {"x": 0, "flag": None}, "AADAPw==", True),
        other_v3=(
            legacy(("x", "float32"), ("flag", "bool")),
            {**v3(("x", {"name": "float32"}), ("flag", "bool")), "must_understand": True},
        ),
    ),
    Row(
        zdtype=dtype.Struct(fields=NESTED),
        native=np.dtype([("id", "<i2"), ("at", [("x", "<f4"), ("flag", "?")]), ("wave", "<c8")]),
        v3=v3(("id", "int16"), ("at", v3(("x", "float32"), ("flag", "bool"))), ("wave", "complex64")),
        v2=[["id", "<i2"], ["at", [["x", "<f4"], ["flag", "|b1"]]], ["wave", "<c8"]],
        default={"id": 0, "at": {"x": 0.0, "flag": False}, "wave": [0.0, 0.0]},
        samples=((0, (0.0, False), 0j), (-2, (1.5, True), 1 - 2j), (7, (np.nan, False), complex(0, np.nan))),
        fills=(
            (0, {"id": 0, "at": {"x": 0.0, "flag": False}, "wave": [0.0, 0.0]}),
            ((1, (2, True), 3j), {"id": 1, "at": {"x": 2.0, "flag": True}, "wave": [0.0, 3.0]}),
            (
                (1, {"flag": True, "x": -np.inf}, complex(np.nan, 0)),
                {"id": 1, "at": {"x": "-Infinity", "flag": True}, "wave": ["NaN", 0.0]},
            ),
        ),
        refused=({"id": 0, "at": {"x": 0.0}, "wave": [0, 0]}, {"id": 0, "at": 0, "wave": [0, 0]}),
        other_v3=(legacy(("id", "int16"), ("at", legacy(("x", "float32"), ("flag", "bool"))), ("wave", "complex64")),),
    ),
)
