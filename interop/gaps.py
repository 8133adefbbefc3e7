"""What a library does not do: refusals, with what it says, and wrong results. Every row is checked."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch

from interop.arrays import ArrayCase

__all__ = ["MISREADINGS", "REFUSALS", "Gap", "gap"]


@dataclass(frozen=True)
class Gap:
    """Cases that a library cannot write, cannot read, or reads wrongly.

    Attributes
    ----------
    cases
        Pattern for names of cases.
    says
        Part of the error's message.
    """

    library: str
    does: str
    cases: str
    says: str = ""


REFUSALS = (
    # Dimension names may be equal by the specification; to tensorstore they are labels, which may not.
    Gap("tensorstore", "writes", "equal dimension names", r'Expected "dimension_names" of \["x","x"\]'),
    Gap("tensorstore", "reads", "equal dimension names", r'Dimension label\(s\) "x" not unique'),
    # What reads is what writes JSON; only giving such an integer to tensorstore fails.
    Gap("tensorstore", "writes", "attributes with an integer beyond 64 bits", "int too big to convert"),
    # tensorstore has regular chunk grids only.
    Gap("tensorstore", "writes", "rectilinear *", '"rectilinear"'),
    Gap("tensorstore", "reads", "rectilinear *", '"rectilinear"'),
    # A shard that is encoded as a whole could not be read in part.
    Gap("tensorstore", "writes", "shards packed outside", "is not compatible with subsequent bytes -> bytes codecs"),
    Gap("tensorstore", "reads", "shards packed outside", "is not compatible with subsequent bytes -> bytes codecs"),
    # The blosc of numcodecs, which zarr-python and terrazzo use, is built without snappy.
    Gap("terrazzo", "writes", "codecs blosc snappy *", "built without snappy"),
    Gap("terrazzo", "reads", "codecs blosc snappy *", "built without snappy"),
    Gap("zarr", "writes", "codecs blosc snappy *", "compressor not supported: 'snappy'"),
    Gap("zarr fused", "writes", "codecs blosc snappy *", "compressor not supported: 'snappy'"),
)

MISREADINGS = (
    # Of a part of a chunk zarrs reads big-endian complex numbers with their two halves swapped, its own files included.
    Gap("zarrs", "reads", "data type complex* big"),
    Gap("zarrs", "reads", "codecs transpose, big, blosc, crc32c of complex64"),
)


def gap(gaps: tuple[Gap, ...], library: str, does: str, case: ArrayCase) -> Gap | None:
    """The row that is about a library and a case, if there is one."""
    return next(
        (one for one in gaps if (one.library, one.does) == (library, does) and fnmatch(case.name, one.cases)), None
    )
