"""Rows of the table for points and spans of time."""

import datetime as dt

import numpy as np

from terrazzo import dtype
from tests.dtype.row import Row

MINUTE = dt.datetime(1970, 1, 1, 0, 1)  # noqa: DTZ001 - numpy knows no time zones
WITHOUT_UNIT = np.array(3, "i8").view("m8")[()]
"""Made of its bits: numpy 2.5 deprecates other ways."""
SMALLEST, LARGEST = -(2**63), 2**63 - 1


def time(cls, unit, factor, samples, fills):
    kind = cls._kind
    metadata = "" if unit == "generic" else f"[{unit}]" if factor == 1 else f"[{factor}{unit}]"
    return Row(
        zdtype=cls(unit=unit, scale_factor=factor),
        native=f"<{kind}8{metadata}",
        v3={"name": cls._zarr_v3_name, "configuration": {"unit": unit, "scale_factor": factor}},
        v2=f"<{kind}8{metadata}",
        default=SMALLEST,
        samples=samples,
        fills=((None, SMALLEST), ("NaT", SMALLEST), *fills),
        refused=("", "2020-01-01", "nat", 1.0, True, None, [], {}, SMALLEST - 1, LARGEST + 1),
        other_v3=(
            [{"name": cls._zarr_v3_name, "configuration": {"unit": "μs", "scale_factor": factor}}]
            if unit == "us"
            else ()
        ),
    )


def point(unit, factor, *fills):
    return time(dtype.DateTime64, unit, factor, (0, 1, "NaT", SMALLEST + 1, LARGEST), fills)


def span(unit, factor, *fills):
    return time(dtype.TimeDelta64, unit, factor, (0, -1, "NaT", SMALLEST + 1, LARGEST), fills)


ROWS = (
    point("Y", 1, ("2024", 54), (np.datetime64("2024-05-06", "D"), 54)),
    point("M", 3, (7, 7)),
    point("D", 1, (dt.date(1970, 1, 3), 2), ("1969-12-31", -1)),
    point("s", 1, (np.datetime64(5, "m"), 300), (MINUTE, 60), (LARGEST, LARGEST)),
    point("s", 10, (np.datetime64(25, "s"), 2), (SMALLEST + 1, SMALLEST + 1)),
    point("us", 10, (np.int32(7), 7)),
    point("ns", 1, ("1970-01-01T00:00:00.000000001", 1), (0, 0)),
    point("as", 1, (1, 1)),
    span("W", 1, (2, 2)),
    span("s", 10, (dt.timedelta(seconds=30), 3), (np.timedelta64(1, "h"), 360)),
    span("ms", 2147483647, (-1, -1)),
    span("us", 1, (dt.timedelta(seconds=-1), -1_000_000)),
    span("ns", 1, (WITHOUT_UNIT, 3), (LARGEST, LARGEST)),
    span("generic", 1, (3, 3), (-WITHOUT_UNIT, -3)),
)
