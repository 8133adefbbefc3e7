"""Calls that create or change nodes, written once and made with terrazzo and with zarr-python.

A call takes the module and the path of an empty folder. What it leaves there must be the same, for every key.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from interop.dtypes import DTYPES

__all__ = ["CALLS", "Call", "codec"]

Call: TypeAlias = Callable[[Any, str], object]

DATA = np.arange(60, dtype="int32").reshape(6, 10)
NAN, INF = float("nan"), float("inf")


def array(**parameters: Any) -> Call:
    """Create an array of 6 by 10 in chunks of 4 by 3, with other parameters."""
    given = {"shape": (6, 10), "chunks": (4, 3), "dtype": "int32", **parameters}
    if "data" in given:
        del given["shape"], given["dtype"]
    return lambda zarr, store: zarr.create_array(store, **given)


def create(shape: Any = (6, 10), **parameters: Any) -> Call:
    """Create an array with the older function."""
    return lambda zarr, store: zarr.create(shape, store=store, **parameters)


def codec(name: str, **configuration: Any) -> dict[str, Any]:
    """The JSON of a codec."""
    return {"name": name, "configuration": configuration}


CALLS: dict[str, Call] = {}


def add(group: str, **calls: Call) -> None:
    """Add calls to the table, under names that start with `group`."""
    for name, made in calls.items():
        key = f"{group}: {name.replace('_', ' ')}"
        assert key not in CALLS, key
        CALLS[key] = made


def call(made: Call) -> Call:
    """Add a function to the table, under its name."""
    add("several steps", **{made.__name__: made})
    return made


add("data type", **{name: array(dtype=name) for name in DTYPES})
add("data type", **{f"big {name}": array(dtype=np.dtype(name).newbyteorder(">")) for name in DTYPES})
add(
    "data type", **{spelling: array(dtype=spelling) for spelling in ("<i4", ">f8", "|u1", "i2", "f", "?", "c16", "|b1")}
)
add(
    "data type",
    python_int=array(dtype=int),
    python_float=array(dtype=float),
    python_bool=array(dtype=bool),
    python_complex=array(dtype=complex),
    numpy_class=array(dtype=np.uint16),
    numpy_dtype=array(dtype=np.dtype("float32")),
)
add(
    "shape",
    none_at_all=array(shape=(), chunks=()),
    zero_dimensions_chunked_automatically=array(shape=(), chunks="auto"),
    an_integer=array(shape=10, chunks=3),
    a_list=array(shape=[10, 4], chunks=[3, 4]),
    numpy_integers=array(shape=(np.int64(10), np.uint8(4)), chunks=(np.int32(3), 4)),
    an_empty_axis=array(shape=(0, 5), chunks=(1, 5)),
    all_axes_empty=array(shape=(0, 0), chunks="auto"),
    four_axes=array(shape=(3, 4, 5, 6), chunks=(2, 4, 3, 1)),
    larger_than_any_file=array(shape=(1 << 40, 1 << 20), chunks=(1 << 10, 1 << 10)),
)
add(
    "chunks",
    one_number=array(chunks=4),
    larger_than_the_array=array(chunks=(100, 100)),
    whole_axis=array(chunks=(-1, 3)),
    whole_array=array(chunks=-1),
    of_one_element=array(chunks=(1, 1)),
)
add(
    "automatic chunks",
    **{
        f"of {'x'.join(map(str, shape)) or 'no axes'} {dtype}": array(shape=shape, dtype=dtype, chunks="auto")
        for shape, dtype in itertools.product(
            [
                (),
                (1,),
                (10,),
                (32768,),
                (10**6,),
                (10**9,),
                (1000, 1000),
                (365, 721, 1440),
                (5, 3, 2000, 2000),
                (0, 9),
                (1, 10**8),
            ],
            ["int8", "float32", "complex128"],
        )
    },
)
add(
    "fill value",
    **{
        f"{value!r} of {dtype}": array(dtype=dtype, fill_value=value)
        for dtype, values in {
            "bool": [None, True, False, 1, 0, np.True_],
            "int8": [None, 0, -128, 127, np.int8(5), 1.0, 1.7, True],
            "uint8": [255, np.uint8(7), np.int64(8)],
            "int64": [-(1 << 63), (1 << 63) - 1],
            "uint64": [(1 << 64) - 1],
            "float16": [1.5, NAN, INF, -INF, -0.0, 65504, 1e-8, 0.1],
            "float32": [
                None,
                1.5,
                0.1,
                3,
                NAN,
                INF,
                -INF,
                -0.0,
                1e-45,
                3.4028235e38,
                np.float32(0.1),
                np.float64(0.1),
                np.nan,
                True,
            ],
            "float64": [1.5, 0.1, 3, NAN, INF, -INF, -0.0, 5e-324, 1.7976931348623157e308, np.float32(0.1)],
            "complex64": [None, 1, 1.5, 1 + 2j, complex(NAN, INF), complex(-0.0, -INF), np.complex64(1j)],
            "complex128": [0.1 + 0.2j, complex(-INF, NAN), complex(0.0, -0.0)],
        }.items()
        for value in values
    },
)
add(
    "compressors",
    none=array(compressors=None),
    an_empty_tuple=array(compressors=()),
    one_and_not_a_list=array(compressors=codec("gzip", level=3)),
    gzip=array(compressors=[codec("gzip", level=9)]),
    gzip_of_level_0=array(compressors=[codec("gzip", level=0)]),
    zstd=array(compressors=[codec("zstd", level=3, checksum=True)]),
    zstd_of_negative_level=array(compressors=[codec("zstd", level=-7, checksum=False)]),
    crc32c=array(compressors=[{"name": "crc32c"}]),
    two=array(compressors=[codec("zstd", level=1, checksum=False), {"name": "crc32c"}]),
    three=array(compressors=[codec("blosc", cname="lz4", clevel=1), codec("gzip", level=1), {"name": "crc32c"}]),
    blosc_of_floats=array(dtype="float64", compressors=[codec("blosc", cname="zstd", clevel=5)]),
    blosc_of_bytes=array(dtype="uint8", compressors=[codec("blosc", cname="zstd", clevel=5)]),
    blosc_of_booleans=array(dtype="bool", compressors=[codec("blosc", cname="lz4", clevel=5)]),
    blosc_behind_transpose=array(
        filters=[codec("transpose", order=[1, 0])], compressors=[codec("blosc", cname="lz4", clevel=5)]
    ),
    blosc_with_all_parameters=array(
        compressors=[codec("blosc", typesize=2, cname="blosclz", clevel=9, shuffle="noshuffle", blocksize=256)]
    ),
)
add(
    "blosc",
    **{
        f"{cname} {shuffle}": array(compressors=[codec("blosc", cname=cname, clevel=5, shuffle=shuffle)])
        for cname in ("lz4", "lz4hc", "blosclz", "zstd", "snappy", "zlib")
        for shuffle in ("noshuffle", "shuffle", "bitshuffle")
    },
)
add(
    "codec objects",
    gzip=lambda zarr, store: array(compressors=zarr.codecs.GzipCodec(level=2))(zarr, store),
    default_gzip=lambda zarr, store: array(compressors=zarr.codecs.GzipCodec())(zarr, store),
    default_zstd=lambda zarr, store: array(compressors=[zarr.codecs.ZstdCodec()])(zarr, store),
    default_blosc=lambda zarr, store: array(compressors=[zarr.codecs.BloscCodec()])(zarr, store),
    default_blosc_of_bytes=lambda zarr, store: array(dtype="int8", compressors=[zarr.codecs.BloscCodec()])(zarr, store),
    blosc=lambda zarr, store: array(
        compressors=[zarr.codecs.BloscCodec(typesize=8, cname="lz4hc", clevel=1, shuffle="bitshuffle", blocksize=512)]
    )(zarr, store),
    blosc_with_enums=lambda zarr, store: array(
        compressors=[
            zarr.codecs.BloscCodec(cname=zarr.codecs.BloscCname.zlib, shuffle=zarr.codecs.BloscShuffle.noshuffle)
        ]
    )(zarr, store),
    crc32c=lambda zarr, store: array(compressors=[zarr.codecs.Crc32cCodec()])(zarr, store),
    transpose=lambda zarr, store: array(filters=[zarr.codecs.TransposeCodec(order=(1, 0))])(zarr, store),
    bytes_big=lambda zarr, store: array(serializer=zarr.codecs.BytesCodec(endian="big"))(zarr, store),
    bytes_of_one_byte=lambda zarr, store: array(dtype="uint8", serializer=zarr.codecs.BytesCodec())(zarr, store),
    bytes_without_endian=lambda zarr, store: array(dtype="uint8", serializer=zarr.codecs.BytesCodec(endian=None))(
        zarr, store
    ),
)
add(
    "filters and serializer",
    transpose=array(filters=[codec("transpose", order=[1, 0])]),
    transpose_of_four_axes=array(shape=(3, 4, 5, 6), chunks=2, filters=[codec("transpose", order=[3, 1, 0, 2])]),
    transpose_that_does_nothing=array(filters=codec("transpose", order=[0, 1])),
    transpose_twice=array(filters=[codec("transpose", order=[1, 0]), codec("transpose", order=[1, 0])]),
    no_filters=array(filters=None),
    no_filters_in_a_tuple=array(filters=()),
    big_endian=array(serializer=codec("bytes", endian="big")),
    big_endian_bytes=array(dtype="uint8", serializer=codec("bytes", endian="big")),
    little_endian_bytes=array(dtype="int8", serializer=codec("bytes", endian="little")),
    without_configuration=array(dtype="uint8", serializer={"name": "bytes"}),
    all_of_them=array(
        filters=[codec("transpose", order=[1, 0])],
        serializer=codec("bytes", endian="big"),
        compressors=[codec("blosc", cname="zstd", clevel=3, shuffle="bitshuffle"), {"name": "crc32c"}],
    ),
)
add(
    "chunk keys",
    **{
        f"{name} {separator}": array(chunk_key_encoding={"name": name, "separator": separator})
        for name in ("default", "v2")
        for separator in "/."
    },
    default_alone=array(chunk_key_encoding={"name": "default"}),
    v2_alone=array(chunk_key_encoding={"name": "v2"}),
    with_configuration=array(chunk_key_encoding=codec("v2", separator="/")),
)
add(
    "dimension names",
    two=array(dimension_names=["y", "x"]),
    one_missing=array(dimension_names=["y", None]),
    both_missing=array(dimension_names=[None, None]),
    a_tuple=array(dimension_names=("y", "x")),
    empty_text=array(dimension_names=["", "x"]),
    the_same_twice=array(dimension_names=["x", "x"]),
    not_ascii=array(dimension_names=["höhe", "緯度"]),
    of_no_axes=array(shape=(), chunks=(), dimension_names=[]),
)
ATTRIBUTES = {
    "empty": {},
    "text": {"title": "heights", "not ascii": "Höhe 高さ \U0001f30d", "quoted": 'a "b" \\ \n\t\x01'},
    "numbers": {"int": 1, "large": 1 << 70, "negative": -5, "float": 0.1, "round": 2.0, "tiny": 5e-324, "huge": 1e300},
    "constants": {"true": True, "false": False, "null": None},
    "nested": {"a": {"b": [1, [2, {"c": []}], {}]}},
    "tuples": {"range": (1, 2), "nested": ({"a": (3,)},)},
    "names that are numbers": {2: "two", 2.5: "two and a half", True: "yes", None: "nothing"},
    "order": {"z": 1, "a": 2, "m": 3},
    "names of members": {"shape": [1], "zarr_format": 2, "node_type": "group"},
}
add("attributes", **{name: array(attributes=value) for name, value in ATTRIBUTES.items()})
add(
    "other parameters",
    name=array(name="a/b/c"),
    name_with_slashes=array(name="/a//b/"),
    name_not_ascii=array(name="höhe/高さ"),
    format_3=array(zarr_format=3),
    default_format=array(zarr_format=None),
    config=array(config={"order": "F", "write_empty_chunks": True}),
    overwrite_nothing=array(overwrite=True),
    data=array(data=DATA),
    data_not_written=array(data=DATA, write_data=False),
    data_in_fortran_order=array(data=np.asfortranarray(DATA)),
    data_of_big_integers=array(data=DATA.astype(">i4")),
    data_that_are_fill_values=array(data=np.zeros((6, 10))),
    data_of_one_element=array(data=np.array(3.5), chunks=()),
    data_in_one_chunk=array(data=DATA, chunks=-1),
    everything_at_once=array(
        name="a/b",
        dtype="float32",
        fill_value=NAN,
        filters=[codec("transpose", order=[1, 0])],
        serializer=codec("bytes", endian="big"),
        compressors=[codec("gzip", level=1), {"name": "crc32c"}],
        attributes={"units": "m"},
        chunk_key_encoding=codec("default", separator="."),
        dimension_names=["y", "x"],
    ),
)
add(
    "create",
    nothing_but_a_shape=create(),
    no_axes=create(()),
    an_integer=create(7),
    dtype=create(dtype="int16"),
    chunks=create(chunks=(4, 3)),
    chunk_shape=create(chunk_shape=(4, 3)),
    one_chunk_length=create(chunks=4),
    fill_value=create(fill_value=9),
    no_fill_value=create(fill_value=None),
    path=create(path="a/b"),
    codecs=create(codecs=[codec("transpose", order=[1, 0]), codec("bytes", endian="big"), codec("gzip", level=1)]),
    only_bytes=create(codecs=[codec("bytes", endian="little")]),
    chunk_key_encoding=create(chunk_key_encoding={"name": "v2", "separator": "."}),
    chunk_key_encoding_in_a_tuple=create(chunk_key_encoding=("default", ".")),
    v2_chunk_key_encoding_in_a_tuple=create(chunk_key_encoding=("v2", "/")),
    dimension_names=create(dimension_names=["y", "x"]),
    attributes=create(attributes={"a": 1}),
    write_empty_chunks=create(write_empty_chunks=True),
    overwrite=create(overwrite=True),
    mode_w=create(mode="w"),
    data=create(data=DATA, dtype="int32"),
)
for maker in ("zeros", "ones", "empty"):
    add(
        maker,
        **{
            "default": lambda zarr, store, maker=maker: getattr(zarr, maker)((6, 10), store=store),
            "with chunks": lambda zarr, store, maker=maker: getattr(zarr, maker)((6, 10), chunks=(4, 3), store=store),
            "complex": lambda zarr, store, maker=maker: getattr(zarr, maker)(
                (6,), dtype="complex64", store=store, path="z"
            ),
            "bool": lambda zarr, store, maker=maker: getattr(zarr, maker)((6,), dtype="bool", store=store),
            "integer": lambda zarr, store, maker=maker: getattr(zarr, maker)((6,), dtype=">i8", store=store),
            "no axes": lambda zarr, store, maker=maker: getattr(zarr, maker)((), dtype="i1", store=store),
            "like numpy": lambda zarr, store, maker=maker: getattr(zarr, f"{maker}_like")(DATA, store=store),
            "like fortran order": lambda zarr, store, maker=maker: getattr(zarr, f"{maker}_like")(
                np.asfortranarray(DATA), store=store
            ),
        },
    )
add(
    "full",
    **{
        f"{value!r} of {dtype}": lambda zarr, store, value=value, dtype=dtype: zarr.full(
            (6, 10), value, dtype=dtype, store=store
        )
        for dtype, value in [("float64", NAN), ("float32", -INF), ("int8", -1), ("bool", True), ("complex128", 1j)]
    },
)
add(
    "like",
    full_numpy=lambda zarr, store: zarr.full_like(DATA, fill_value=7, store=store),
    zeros_of_another_type=lambda zarr, store: zarr.zeros_like(DATA, dtype="float32", store=store),
    zeros_with_chunks=lambda zarr, store: zarr.zeros_like(DATA, chunks=(2, 2), store=store),
)


SOURCES: dict[str, dict[str, Any]] = {
    "plain": {},
    "compressed": {"compressors": [codec("gzip", level=1)]},
    "named": {"dimension_names": ["y", "x"], "attributes": {"a": 1}, "fill_value": 7},
    "big": {"serializer": codec("bytes", endian="big"), "filters": [codec("transpose", order=[1, 0])]},
    "keys": {"chunk_key_encoding": {"name": "v2", "separator": "/"}, "dtype": "float64", "fill_value": NAN},
}
for source, parameters in SOURCES.items():
    for maker in ("zeros_like", "ones_like", "empty_like", "full_like"):

        def like(zarr: Any, store: str, maker: str = maker, parameters: dict[str, Any] = parameters) -> None:
            """Make an array like one that was made with the parameters."""
            first = array(name="first", **parameters)(zarr, store)
            getattr(zarr, maker)(first, store=store, path="second")

        add(maker, **{source: like})


NAMED: dict[str, Any] = {
    "compressors": [codec("gzip", level=1)],
    "fill_value": 7,
    "attributes": {"a": [1, {"b": 2}]},
    "dimension_names": ["y", "x"],
    "chunk_key_encoding": {"name": "v2", "separator": "/"},
}


@call
def array_from_numpy(zarr: Any, store: str) -> None:
    zarr.array(DATA, store=store)


@call
def array_from_a_list(zarr: Any, store: str) -> None:
    zarr.array([[1, 2], [3, 4]], store=store, chunks=(1, 2), attributes={"a": 1})


@call
def array_of_another_type(zarr: Any, store: str) -> None:
    zarr.array(DATA, dtype="float32", store=store)


@call
def array_from_an_array(zarr: Any, store: str) -> None:
    first = array(name="first", data=DATA, **NAMED)(zarr, store)
    zarr.array(first, store=f"{store}/second")


@call
def array_made_from_an_array_as_data(zarr: Any, store: str) -> None:
    first = array(name="first", data=DATA, **NAMED)(zarr, store)
    zarr.create_array(store, name="second", data=first)


@call
def empty_chunks_are_written_when_asked_for(zarr: Any, store: str) -> None:
    array(config={"write_empty_chunks": True})(zarr, store)[:5] = 0


@call
def empty_chunks_are_not_written(zarr: Any, store: str) -> None:
    made = array()(zarr, store)
    made[...] = 1
    made[:4, :3] = 0


@call
def negative_zero_is_not_empty(zarr: Any, store: str) -> None:
    array(dtype="float32")(zarr, store)[...] = -0.0


@call
def open_array_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="w", shape=(6, 10), dtype="int8", chunks=(3, 3), path="a/b")


@call
def open_array_with_mode_a_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="a", shape=(6, 10), dtype="int8", fill_value=3)


@call
def open_array_with_mode_w_minus_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="w-", shape=(6, 10), attributes={"a": 1})


@call
def open_array_with_mode_w_replaces(zarr: Any, store: str) -> None:
    array(data=DATA)(zarr, store)
    zarr.open_array(store, mode="w", shape=(3,), dtype="bool")


@call
def open_array_writes_into_one_that_is_there(zarr: Any, store: str) -> None:
    array()(zarr, store)
    zarr.open_array(store, mode="r+")[0] = 1


@call
def open_creates_an_array(zarr: Any, store: str) -> None:
    zarr.open(store, mode="w", shape=(6, 10), dtype="int8")


@call
def open_creates_a_group(zarr: Any, store: str) -> None:
    zarr.open(store, mode="a")


@call
def open_replaces_by_a_group(zarr: Any, store: str) -> None:
    array(data=DATA)(zarr, store)
    zarr.open(store, mode="w")


@call
def open_like_creates(zarr: Any, store: str) -> None:
    first = array(name="first", fill_value=4, compressors=None)(zarr, store)
    zarr.open_like(first, path="second", store=store)


@call
def groups(zarr: Any, store: str) -> None:
    root = zarr.create_group(store, attributes={"title": "all"})
    below = root.create_group("a/b/c", attributes={"deep": True})
    below.create_array("d", shape=(3,), dtype="int8")
    root.require_group("a/b")
    root.require_group("e")


@call
def a_group_below_the_root(zarr: Any, store: str) -> None:
    zarr.create_group(store, path="a/b", attributes={"x": 1})


@call
def a_group_by_group(zarr: Any, store: str) -> None:
    zarr.group(store)


@call
def a_group_by_group_with_path(zarr: Any, store: str) -> None:
    zarr.group(store, path="a/b", attributes={"x": 1})


@call
def group_opens_what_is_there(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1})
    zarr.group(store, attributes={"y": 1})


@call
def group_replaces_when_asked_for(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_group("a")
    zarr.group(store, overwrite=True, attributes={"y": 1})


@call
def create_group_replaces_when_asked_for(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_group("a")
    zarr.create_group(store, overwrite=True)


@call
def open_group_creates(zarr: Any, store: str) -> None:
    zarr.open_group(store, attributes={"x": 1})


@call
def open_group_creates_below(zarr: Any, store: str) -> None:
    zarr.open_group(store, path="a/b", mode="w", attributes={"x": 1})


@call
def open_group_with_mode_w_minus_creates(zarr: Any, store: str) -> None:
    zarr.open_group(store, mode="w-")


@call
def open_group_with_mode_w_replaces(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_array("a", data=DATA)
    zarr.open_group(store, mode="w")


@call
def open_group_opens_what_is_there(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1})
    zarr.open_group(store, attributes={"y": 2}).attrs["z"] = 3


@call
def a_group_is_filled(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["direct"] = DATA
    root["a/b"] = DATA.astype("float32")
    root.create_array("made", shape=(4,), dtype="uint8", chunks=(2,), attributes={"k": [1, 2]})
    root.create_array("from/data", data=DATA, chunks=(3, 5), compressor=None)
    root.require_array("required", shape=(4,), dtype="int16", chunks=(3,))
    root.require_array("required", shape=(4,), dtype="int16")


@call
def a_member_is_deleted(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["kept/x"] = DATA
    root["lost/x"] = DATA
    del root["lost"]
    del root["kept/x"]


@call
def a_member_is_replaced(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["x"] = DATA
    root["x"] = DATA[0]
    root.create_array("y", data=DATA)
    root.create_array("y", shape=(2,), dtype="bool", overwrite=True)
    root.create_group("z", attributes={"a": 1})
    root.create_group("z", overwrite=True)


@call
def an_array_is_replaced(zarr: Any, store: str) -> None:
    array(name="a", data=DATA, attributes={"old": 1})(zarr, store)
    array(name="a", dtype="int8", overwrite=True)(zarr, store)


@call
def attributes_of_an_array_change(zarr: Any, store: str) -> None:
    made = array(attributes={"a": 1, "b": 2, "c": 3})(zarr, store)
    made.attrs["b"] = [1, {"x": None}]
    made.attrs["d"] = "new"
    made.attrs.update({"e": 5, "a": 0})
    del made.attrs["c"]
    made.update_attributes({"f": 6.0, "a": (1, 2)})


@call
def attributes_of_an_array_are_replaced(zarr: Any, store: str) -> None:
    made = array(attributes={"a": 1, "b": 2})(zarr, store)
    made.attrs.put({"c": 3})


@call
def attributes_of_a_group_change(zarr: Any, store: str) -> None:
    made = zarr.create_group(store, path="g", attributes={"a": 1, "b": 2})
    made.attrs["c"] = {"x": [1, 2]}
    made.attrs.update(d=4)
    del made.attrs["a"]
    made.update_attributes({"e": "five"})


@call
def attributes_of_a_group_are_replaced(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"a": 1}).attrs.put({"b": 2})


@call
def save_one(zarr: Any, store: str) -> None:
    zarr.save(store, DATA)


@call
def save_one_below(zarr: Any, store: str) -> None:
    zarr.save(store, DATA, path="a/b")


@call
def save_several(zarr: Any, store: str) -> None:
    zarr.save(store, DATA, DATA.astype("float32"), named=DATA[0])


@call
def save_by_name(zarr: Any, store: str) -> None:
    zarr.save(store, a=DATA, b=DATA[:, 0])


@call
def save_array(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA, attributes={"a": 1}, fill_value=3)


@call
def save_array_over_another(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA)
    zarr.save_array(store, DATA[0].astype("int8"), mode="w")


@call
def save_group(zarr: Any, store: str) -> None:
    zarr.save_group(store, DATA, x=DATA, path="g")


@call
def save_group_over_another(zarr: Any, store: str) -> None:
    zarr.save_group(store, a=DATA, b=DATA)
    zarr.open_group(store).attrs["old"] = True
    zarr.save_group(store, a=DATA[0], c=DATA)


@call
def save_group_over_an_array(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA)
    zarr.save_group(store, DATA)


@call
def likes_of_another_type_and_shape(zarr: Any, store: str) -> None:
    first = array(name="first", compressors=[codec("blosc", cname="lz4", clevel=5)])(zarr, store)
    zarr.zeros_like(first, dtype="float64", store=store, path="float")
    zarr.empty_like(first, dtype="int8", store=store, path="byte")
    zarr.ones_like(first, shape=(20, 20), store=store, path="larger")
    zarr.full_like(first, fill_value=3, chunks=(2, 2), attributes={"a": 1}, store=store, path="cut")


@call
def a_resize_to_more(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3), dimension_names=["y", "x"], attributes={"a": 1})(zarr, store).resize((9, 12))


@call
def a_resize_to_less(zarr: Any, store: str) -> None:
    array(data=DATA + 1, chunks=(4, 3))(zarr, store).resize((3, 4))


@call
def a_resize_to_nothing(zarr: Any, store: str) -> None:
    array(data=DATA + 1, chunks=(4, 3))(zarr, store).resize((0, 10))


@call
def a_resize_by_an_integer(zarr: Any, store: str) -> None:
    array(data=DATA[0] + 1, chunks=3)(zarr, store).resize(25)


@call
def an_append(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3), attributes={"a": 1})(zarr, store).append(DATA)


@call
def an_append_along_another_axis(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3))(zarr, store).append(DATA[:, :2] + 1, axis=1)


@call
def an_append_to_nothing(zarr: Any, store: str) -> None:
    array(shape=(0, 10), chunks=(4, 10))(zarr, store).append(DATA)


@call
def several_appends(zarr: Any, store: str) -> None:
    made = array(shape=(0,), chunks=(4,))(zarr, store)
    for number in range(5):
        made.append(np.full(3, number + 1, "int32"))
