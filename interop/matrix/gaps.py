"""What a library does not do, and what it gets wrong, with the reason: nothing else may fail. Every row is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from interop.matrix.case import Case

__all__ = ["GAPS", "Gap", "gap_of"]


@dataclass(frozen=True)
class Gap:
    """Cases that a library cannot write, cannot read, or gets wrong.

    Attributes
    ----------
    libraries
        Pattern for names of libraries.
    does
        ``write`` and ``read``: it says that it cannot, or reads something else. ``written``: it stores something
        else than it was given, which is what terrazzo then reads.
    cases
        Patterns for names of cases; those that start with ``!`` leave some out again. ``[`` stands for itself.
    says
        Pattern for what goes wrong.
    always
        Whether every one of the cases fails, rather than some.
    """

    libraries: str
    does: Literal["write", "read", "written"]
    cases: tuple[str, ...]
    says: str
    reason: str
    always: bool = True
    zarr_format: int | None = None

    def covers(self, library: str, does: str, case: Case) -> bool:
        """Whether the row is about a case."""
        if does != self.does or self.zarr_format not in (None, case.zarr_format):
            return False
        if not fnmatchcase(library, self.libraries):
            return False
        taken = [one for one in self.cases if not one.startswith("!")]
        left_out = [one[1:] for one in self.cases if one.startswith("!")]
        return any(matches(case, one) for one in taken) and not any(matches(case, one) for one in left_out)


def matches(case: Case, pattern: str) -> bool:
    """Whether the name of a case has the form."""
    return fnmatchcase(case.name, pattern.replace("[", "[[]").replace("[[]!", "[!"))


def gap_of(library: str, does: str, case: Case, said: str | None) -> Gap | None:
    """The row that is about a case and what was said of it; for what went well the row by which it should not have."""
    rows = [one for one in GAPS if one.covers(library, does, case)]
    if said is None:
        return next((one for one in rows if one.always), None)
    return next((one for one in rows if re.search(one.says, said, re.DOTALL)), None)


ML = ("ml *",)
OBJECTS = ("objects *", "!objects vlen-utf8*", "!objects vlen-bytes*")
NO_OBJECTS = "zarr-python 3 has no arrays of objects, only of text and of bytes"
NO_ML = "zarr-python has no data types of ml_dtypes"
EQUAL_IS_EMPTY = (
    "elements that compare equal to the fill value are not stored: -0.0 within complex numbers and structs, "
    "complex numbers with a NaN, text that ends with a zero"
)
CORE = (
    *("!data type bool *", "!data type int*", "!data type uint*", "!data type float*", "!data type complex* little"),
    *("!fill * of bool |b1", "!fill * of int*", "!fill * of uint*", "!fill * of float*"),
    *(
        "!shape * C *",
        "!separator *",
        "!attributes",
        "!compressor zlib * of [!t]*",
        "!compressor gzip *",
        "!compressor bz2 *",
    ),
    *("!compressor blosc * of [!t]*"),
)
"""What every library must have."""
FURTHER = "elements of bytes have a further axis in tensorstore, which numpy receives as bytes of no length"

COMMON = (
    Gap("zarr 2.*", "write", ML, "No module named 'ml_dtypes'", NO_ML),
    Gap("zarr 2.*", "read", ML, "No module named 'ml_dtypes'", NO_ML),
    Gap("zarr 3.*", "write", ML, "No Zarr data type found|No module named 'ml_dtypes'", NO_ML),
    Gap("zarr 3.*", "read", ML, "No Zarr data type found|No module named 'ml_dtypes'", NO_ML),
    Gap("zarrs", "write", ML, "No Zarr data type found|No module named 'ml_dtypes'", NO_ML),
    Gap("zarrs", "read", ML, "No Zarr data type found|No module named 'ml_dtypes'", NO_ML),
    *(
        Gap("tensorstore", does, ("ml fill * of float8_e8m0fnu",), "^reads",
            "tensorstore halves the exponent of a fill value of float8_e8m0fnu", always=False)
        for does in ("read", "written")
    ),
)  # fmt: skip

V2 = (
    Gap("zarr 3.*", "write", OBJECTS, "resolution from object failed|codec not available", NO_OBJECTS),
    Gap("zarrs", "write", OBJECTS, "resolution from object failed|codec not available", NO_OBJECTS),
    Gap("zarr 3.*", "read", OBJECTS, "No Zarr data type found", NO_OBJECTS),
    Gap("zarrs", "read", OBJECTS, "No Zarr data type found", NO_OBJECTS),
    Gap("zarr 2.*", "write", ("* of numpy.timedelta64 <m8", "data type numpy.timedelta64 <m8 *"), "generic units",
        "zarr-python 2 has no times without a unit"),
    Gap("zarr 2.*", "write", ("* variable_length_bytes*",), "not JSON serializable",
        "zarr-python 2 has no fill values for bytes of any length, but for 0, which 'objects vlen-bytes' has"),
    Gap("zarr 2.*", "read", ("* variable_length_bytes*",), "^reads",
        "zarr-python 2 shows the text that its documents have as fill value of bytes of any length"),
    Gap("zarr 2.*", "written", ("fill -0.0 of *", "fill [-0.0, 0.0] *"), "^reads .*0",
        "zarr-python 2 starts chunks with zeros where the fill value equals 0"),
    Gap("zarr 2.*", "read", ("fill [-0.0, 0.0] *", 'fill [0.0, "NaN"] *'), "^reads",
        "zarr-python 2 reads a complex fill value by adding its parts, which loses signs and makes NaN of both"),
    Gap("zarr 2.*", "written", ('fill [0.0, "NaN"] *',), "^reads",
        "zarr-python 2 reads a complex fill value by adding its parts, which loses signs and makes NaN of both"),
    *(
        Gap(library, "written", cases, "^reads", EQUAL_IS_EMPTY)
        for library in ("zarr 3.*",)
        for cases in (
            ("fill [0.0, 0.0] of complex*", "fill [-0.0, 0.0] of complex*", 'fill [0.0, "NaN"] of complex*'),
            ("data type struct of x, flag *", "fill null of struct of x, flag"),
            ('fill {"x": 0.0, "flag": false} of struct of x, flag',),
            ("fill \"a\\u0000\" of string", 'fill "YQA=" of variable_length_bytes'),
        )
    ),
    *(
        Gap(library, "written", ("filters bitround in F order",), "^reads",
            "bitround of numcodecs gives the elements in C order, which their own reader does not expect either")
        for library in ("zarr 2.*", "zarr 3.*")
    ),
    Gap("zarr 3.1", "written", ("sub-array *", "!sub-array structs*"), "^reads data type",
        "zarr-python 3.1 stores the type of such fields as raw bytes"),
    Gap("zarr 3.1", "write", ("sub-array structs*",), "Cannot cast", "zarr-python 3.1 has no fields that are arrays"),
    Gap("zarr 3.1", "read", ("sub-array *",), "No Zarr data type", "zarr-python 3.1 has no fields that are arrays"),
    Gap("zarr 3.1", "read", ("data type struct of id*", "fill * of struct of id*"), "No Zarr data type found",
        "zarr-python 3.1 reads no struct within a struct"),
    Gap("zarr 3.4", "write", ("sub-array *",), "is a subarray", "zarr-python 3.4 has no fields that are arrays"),
    Gap("zarr 3.4", "read", ("sub-array *",), "No Zarr data type", "zarr-python 3.4 has no fields that are arrays"),
)  # fmt: skip

V2_PARTLY = (
    *(
        Gap("zarrs", does, cases, says, reason, always=False)
        for does in ("write", "read")
        for cases, says, reason in (
            (("*", *CORE), "^Unsupported(Metadata|DataType)Error",
             "zarrs has neither fixed text, times and structs nor most filters and lzma and lz4 in format 2"),
            (("sub-array *",), "is a subarray|No Zarr data type", "zarr-python has no fields that are arrays"),
        )
    ),
    Gap("zarrs", "read", ("* big", "* of >*", "shape * >u2", "filters delta big*"), "Non-native byte order",
        "zarrs gives no elements in another byte order than that of the machine", always=False),
    Gap("zarrs", "read", ("shape * F *", "compressor * in F order", "filters * in F order"), "must be a C contiguous",
        "zarrs gives no elements in F order", always=False),
    *(
        Gap("tensorstore", does, cases, says, reason, always=False)
        for does in ("write", "read")
        for cases, says, reason in (
            (("*", *CORE), 'object member .dtype.', "tensorstore has no times, text and objects in format 2"),
            (("filters *",), 'object member .filters.', "tensorstore has no filters in format 2"),
            (("compressor lz*", "compressor zstd with*"), 'object member .compressor.',
             "tensorstore has neither lzma nor lz4 in format 2, and no checksum of zstd"),
            (("*struct*", "sub-array *"), 'Must specify a .field', "tensorstore opens a single field"),
            (("sub-array one",), "reads shape", "tensorstore makes the axes of a field those of the array"),
            (("* null_terminated_bytes*", "* raw_bytes*"), 'object member .fill_value.|further axis',
             f"{FURTHER}; and its fill values have all their bytes"),
            (("ml * float4_e2m1fn*",), 'object member .fill_value.|data type', "its fill value is base64 there"),
        )
    ),
)  # fmt: skip

PAYLOADS = ("fill *0x* of *", "!ml *")
ONE_NAN = "stores every NaN as 'NaN'"
CORE_V3 = (
    *("!data type bool *", "!data type int*", "!data type uint*", "!data type float*", "!data type complex*"),
    *("!shards of int*", "!shards of float*", "!fill * of int*", "!fill * of uint*", "!fill * of float*"),
    *("!sharding *", "sharding compressed outside", "!codecs *", "!shape *", "!keys *", "!attributes*"),
)
RECTILINEAR = ("rectilinear *",)
V3 = (
    Gap("zarr 2.*", "write", ("*", "!ml *"), "no format 3", "zarr-python 2 has format 2 only"),
    Gap("zarr 2.*", "read", ("*", "!ml *"), "ArrayNotFoundError", "zarr-python 2 has format 2 only"),
    Gap("zarr 3.*", "written", (*PAYLOADS, "!* of struct*"), "^reads", f"zarr-python {ONE_NAN}"),
    Gap("zarr 3.4", "written", ("fill *0x* of struct*",), "^reads", f"zarr-python {ONE_NAN}"),
    Gap("zarrs", "written", (*PAYLOADS, "!* of struct*"), "^reads", f"zarr-python {ONE_NAN}"),
    Gap("zarrs", "read", (*PAYLOADS, "!* of struct*"), "^reads", "zarrs has the metadata that zarr-python writes"),
    Gap("zarr 3.*", "read", ('fill "0x7c01" of float16*',), "^reads", "a signalling NaN of 16 bits becomes quiet"),
    Gap("zarr 3.*", "written", ("shards of complex*",), "^reads", EQUAL_IS_EMPTY),
    Gap("zarr 3.4", "written", ("shards of struct of x*",), "^reads", EQUAL_IS_EMPTY),
    Gap("zarr 3.1", "write", RECTILINEAR, "Expected an iterable", "zarr-python 3.1 has no rectilinear grids"),
    Gap("zarr 3.1", "read", RECTILINEAR, "Unknown chunk grid", "zarr-python 3.1 has no rectilinear grids"),
    Gap("zarr 3.1", "read", ("* of struct*", "data type struct*", "!shards *"), "No Zarr data type found",
        "zarr-python 3.1 has only the older form of structs"),
    Gap("zarr 3.1", "read", ("shards of struct*",), "No Zarr data type found|unhashable",
        "zarr-python 3.1 has only the older form of structs"),
    *(
        Gap("zarr 3.1", does, ("shards of raw_bytes*",), "unhashable", "zarr-python 3.1 fails for shards of bytes")
        for does in ("write", "read")
    ),
    Gap("zarr 3.1", "write", ("shards of struct*",), "unhashable", "zarr-python 3.1 fails for shards of structs"),
    Gap("zarr 3.1", "write", ("sharding 0-d",), "too many indices", "zarr-python 3.1 fails for shards of no axes"),
    Gap("zarr 3.1", "written", ("data type numpy.timedelta64 <m8 big",), "^reads",
        "zarr-python 3.1 stores spans of no unit in the byte order of the machine"),
    *(
        Gap(library, "written", cases, "^reads", EQUAL_IS_EMPTY, always=False)
        for library, cases in (
            ("zarr 3.*", ("data type complex*", "data type struct*", "fill * of complex*", "fill * of struct*")),
            ("zarr 3.*", ("fill * of string", "fill * of variable_length_bytes")),
        )
    ),
    *(
        Gap("zarrs", does, ("*", *CORE_V3), "^Unsupported(Metadata|DataType)Error|^reads",
            "zarrs has neither times, fixed text and structs, nor some of numcodecs", always=False)
        for does in ("write", "read")
    ),
    Gap("zarrs", "read", ("codecs transpose, big, blosc, crc32c of complex64",), "^reads",
        "of a part of a chunk zarrs reads big-endian complex numbers with their two halves swapped"),
    *(
        Gap("tensorstore", does, cases, says, reason, always=False)
        for does in ("write", "read")
        for cases, says, reason in (
            (("*", *CORE_V3), "is not one of", "tensorstore has neither times, nor text, nor some types of few bits"),
            (RECTILINEAR, "chunk_grid", "tensorstore has regular chunk grids only"),
            (("*struct*",), "Must specify a .field|Nested struct", "tensorstore opens a single field of a struct"),
            (("* raw_bytes*",), "further axis", FURTHER),
            (("sharding compressed outside",), "apply to the entire shard", "tensorstore compresses within shards"),
            (("numcodecs *",), "is not registered", "tensorstore has no codecs of numcodecs"),
            (("equal dimension names",), "not unique", "names of dimensions are labels in tensorstore"),
        )
    ),
)  # fmt: skip

GAPS: tuple[Gap, ...] = (
    *COMMON,
    *(replace(one, zarr_format=2) for one in (*V2, *V2_PARTLY)),
    *(replace(one, zarr_format=3) for one in V3),
)
