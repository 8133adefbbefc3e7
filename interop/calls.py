"""Calls that create a node, written once and made with terrazzo and with zarr-python.

What a call leaves in the folder must be the same, for every key; ``interop.steps`` has calls that take several steps.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from interop.dtypes import DTYPES
from interop.making import DATA, Table, array, codec, create

__all__ = ["CALLS"]

NAN, INF = float("nan"), float("inf")

CALLS = Table()

CALLS.add("data type", **{name: array(dtype=name) for name in DTYPES})
CALLS.add("data type", **{f"big {name}": array(dtype=np.dtype(name).newbyteorder(">")) for name in DTYPES})
CALLS.add(
    "data type", **{spelling: array(dtype=spelling) for spelling in ("<i4", ">f8", "|u1", "i2", "f", "?", "c16", "|b1")}
)
CALLS.add(
    "data type",
    python_int=array(dtype=int),
    python_float=array(dtype=float),
    python_bool=array(dtype=bool),
    python_complex=array(dtype=complex),
    numpy_class=array(dtype=np.uint16),
    numpy_dtype=array(dtype=np.dtype("float32")),
)
CALLS.add(
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
CALLS.add(
    "chunks",
    one_number=array(chunks=4),
    larger_than_the_array=array(chunks=(100, 100)),
    whole_axis=array(chunks=(-1, 3)),
    whole_array=array(chunks=-1),
    of_one_element=array(chunks=(1, 1)),
)
CALLS.add(
    "shards",
    a_shape=array(shards=(8, 6)),
    a_list=array(shards=[8, 6]),
    one_number=array(shards=12),
    whole_axis=array(shards=(-1, 6)),
    whole_array=array(shards=-1),
    one_chunk_in_all=array(shards=False),
    larger_than_the_array=array(shards=(40, 30)),
    of_one_chunk=array(shards=(4, 3)),
    index_first=array(shards={"shape": (8, 6), "index_location": "start"}),
    a_mapping=array(shards={"shape": (8, 6)}),
    no_axes=array(shape=(), chunks=(), shards=()),
    an_empty_axis=array(shape=(0, 5), chunks=(1, 5), shards=(2, 5)),
    with_filters=array(shards=(8, 6), filters=[codec("transpose", order=[1, 0])]),
    without_compressors=array(shards=(8, 6), compressors=None),
    of_one_byte=array(shards=(8, 6), dtype="uint8"),
    as_a_serializer=array(chunks=(8, 6), serializer=codec("sharding_indexed", chunk_shape=[4, 3]), compressors=None),
    automatic_chunks_in_one_shard=array(shape=(3000, 3000), chunks="auto", shards=-1),
)
CALLS.add(
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
CALLS.add(
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
CALLS.add(
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
CALLS.add(
    "blosc",
    **{
        f"{cname} {shuffle}": array(compressors=[codec("blosc", cname=cname, clevel=5, shuffle=shuffle)])
        for cname in ("lz4", "lz4hc", "blosclz", "zstd", "snappy", "zlib")
        for shuffle in ("noshuffle", "shuffle", "bitshuffle")
    },
)
CALLS.add(
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
CALLS.add(
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
CALLS.add(
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
CALLS.add(
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
CALLS.add("attributes", **{name: array(attributes=value) for name, value in ATTRIBUTES.items()})
CALLS.add(
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
CALLS.add(
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
    CALLS.add(
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
CALLS.add(
    "full",
    **{
        f"{value!r} of {dtype}": lambda zarr, store, value=value, dtype=dtype: zarr.full(
            (6, 10), value, dtype=dtype, store=store
        )
        for dtype, value in [("float64", NAN), ("float32", -INF), ("int8", -1), ("bool", True), ("complex128", 1j)]
    },
)
CALLS.add(
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

        CALLS.add(maker, **{source: like})
