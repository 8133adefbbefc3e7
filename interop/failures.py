"""Creating and opening that must fail, made with terrazzo and with zarr-python."""

from __future__ import annotations

from typing import Any

import numpy as np

from interop.making import DATA, GIVEN, Call, Table, codec

__all__ = ["FAILURES", "group", "new", "twice"]

FAILURES = Table()


def new(**parameters: Any) -> Call:
    """Create an array with parameters, on top of those that are always given; None leaves one of those out."""
    given = {**GIVEN, **parameters}
    given = {name: value for name, value in given.items() if value is not LEFT_OUT}
    return lambda zarr, store: zarr.create_array(store, **given)


LEFT_OUT = object()


def twice(*calls: Call) -> Call:
    """Several calls on one store."""

    def act(zarr: Any, store: str) -> None:
        for one in calls:
            one(zarr, store)

    return act


def group(**parameters: Any) -> Call:
    """Create a group."""
    return lambda zarr, store: zarr.create_group(store, **parameters)


FAILURES.add(
    "shape and data type",
    no_shape=new(shape=LEFT_OUT),
    no_dtype=new(dtype=LEFT_OUT),
    neither=new(shape=LEFT_OUT, dtype=LEFT_OUT),
    shape_beside_data=new(data=DATA, dtype=LEFT_OUT),
    dtype_beside_data=new(data=DATA, shape=LEFT_OUT),
    a_negative_length=new(shape=(-1, 10)),
    a_length_that_is_a_float=new(shape=(6.0, 10)),
    a_length_that_is_text=new(shape=("6", 10)),
    a_shape_that_is_text=new(shape="six", chunks="auto"),
    a_shape_that_is_a_float=new(shape=6.0, chunks="auto"),
    a_length_that_is_missing=new(shape=(None, 10)),
    an_unknown_dtype=new(dtype="int7"),
    a_dtype_that_is_a_number=new(dtype=5),
    object_dtype=new(dtype="O"),
    long_double=new(dtype=np.longdouble),
    subarray_dtype=new(dtype=np.dtype(("int32", (2,)))),
)
FAILURES.add(
    "chunks",
    none=new(chunks=None),
    zero=new(chunks=0),
    zero_along_an_axis=new(chunks=(0, 3)),
    too_few=new(chunks=(4,)),
    too_many=new(chunks=(4, 3, 1)),
    below_minus_one=new(chunks=(-2, 3)),
    a_float=new(chunks=4.0),
    floats=new(chunks=(4.0, 3.0)),
    true=new(chunks=True),
    true_along_an_axis=new(chunks=(True, 3)),
    none_along_an_axis=new(chunks=(None, 3)),
    text=new(chunks="large"),
)
FAILURES.add(
    "fill value",
    text_for_an_integer=new(fill_value="abc"),
    text_for_a_float=new(dtype="float32", fill_value="abc"),
    too_large=new(dtype="uint8", fill_value=300),
    too_small=new(dtype="uint8", fill_value=-1),
    nan_for_an_integer=new(fill_value=float("nan")),
    infinity_for_an_integer=new(fill_value=float("inf")),
    a_complex_number_for_a_float=new(dtype="float32", fill_value=1j),
    a_complex_number_for_an_integer=new(fill_value=1j),
    a_list=new(fill_value=[1, 2]),
    an_object=new(fill_value=object()),
)
FAILURES.add(
    "codecs",
    unknown_compressor=new(compressors=codec("lzma2", level=1)),
    unknown_filter=new(filters=codec("delta2", level=1)),
    unknown_serializer=new(serializer=codec("bites")),
    a_filter_as_compressor=new(compressors=codec("transpose", order=[1, 0])),
    a_serializer_as_compressor=new(compressors=codec("bytes", endian="little")),
    a_compressor_as_filter=new(filters=codec("gzip", level=1)),
    a_compressor_as_serializer=new(serializer=codec("gzip", level=1)),
    a_number_as_compressor=new(compressors=5),
    text_as_compressor=new(compressors="gzip"),
    no_name=new(compressors={"configuration": {"level": 1}}),
    gzip_level_above=new(compressors=codec("gzip", level=10)),
    gzip_level_below=new(compressors=codec("gzip", level=-1)),
    gzip_level_that_is_a_float=new(compressors=codec("gzip", level=1.5)),
    gzip_level_that_is_text=new(compressors=codec("gzip", level="5")),
    gzip_with_an_unknown_member=new(compressors=codec("gzip", level=1, speed=2)),
    zstd_level_above=new(compressors=codec("zstd", level=23, checksum=False)),
    zstd_checksum_that_is_text=new(compressors=codec("zstd", level=1, checksum="yes")),
    zstd_level_that_is_text=new(compressors=codec("zstd", level="1", checksum=False)),
    blosc_clevel_above=new(compressors=codec("blosc", cname="lz4", clevel=10)),
    blosc_clevel_below=new(compressors=codec("blosc", cname="lz4", clevel=-1)),
    blosc_clevel_that_is_text=new(compressors=codec("blosc", cname="lz4", clevel="5")),
    blosc_cname=new(compressors=codec("blosc", cname="lz5", clevel=5)),
    blosc_shuffle=new(compressors=codec("blosc", cname="lz4", clevel=5, shuffle="sort")),
    blosc_typesize_of_zero=new(compressors=codec("blosc", cname="lz4", clevel=5, typesize=0)),
    blosc_blocksize_below_zero=new(compressors=codec("blosc", cname="lz4", clevel=5, blocksize=-1)),
    transpose_too_short=new(filters=codec("transpose", order=[0])),
    transpose_twice_the_same=new(filters=codec("transpose", order=[0, 0])),
    transpose_out_of_range=new(filters=codec("transpose", order=[0, 2])),
    transpose_below_zero=new(filters=codec("transpose", order=[-1, 0])),
    transpose_by_letter=new(filters=codec("transpose", order="F")),
    endian=new(serializer=codec("bytes", endian="middle")),
    no_endian_where_one_is_needed=new(serializer={"name": "bytes"}),
    crc32c_with_a_member=new(compressors=codec("crc32c", level=1)),
)
FAILURES.add(
    "other parameters",
    unknown_chunk_keys=new(chunk_key_encoding={"name": "v3", "separator": "/"}),
    unknown_separator=new(chunk_key_encoding={"name": "default", "separator": "-"}),
    chunk_keys_without_a_name=new(chunk_key_encoding={"separator": "/"}),
    too_few_dimension_names=new(dimension_names=["x"]),
    too_many_dimension_names=new(dimension_names=["x", "y", "z"]),
    dimension_names_that_are_numbers=new(dimension_names=[1, 2]),
    attributes_that_are_objects=new(attributes={"a": object()}),
    attributes_that_are_sets=new(attributes={"a": {1, 2}}),
    attributes_that_are_arrays=new(attributes={"a": np.arange(3)}),
    attributes_that_are_bytes=new(attributes={"a": b"x"}),
    attributes_that_are_a_list=new(attributes=[1]),
    attributes_with_tuples_as_names=new(attributes={(1, 2): 3}),
    format_4=new(zarr_format=4),
    format_that_is_text=new(zarr_format="3"),
    order_in_the_configuration=new(config={"order": "X"}),
    unknown_configuration=new(config={"colour": "red"}),
    write_empty_chunks_that_is_text=new(config={"write_empty_chunks": "yes"}),
    options_for_a_local_store=new(storage_options={"anon": True}),
    unknown_parameter=new(colour="red"),
    a_name_that_leaves_the_store=new(name="../a"),
    a_name_that_leaves_the_store_later=new(name="a/../../b"),
    a_name_that_is_the_place=new(name="./a"),
    a_name_that_is_a_number=new(name=5),
    a_store_that_is_a_number=lambda zarr, store: zarr.create_array(5, **GIVEN),
    data_of_unknown_type=new(data=[object()], shape=LEFT_OUT, dtype=LEFT_OUT),
)


FAILURES.add(
    "something is there",
    array_over_array=twice(new(), new()),
    array_over_group=twice(group(), new()),
    group_over_array=twice(new(), group()),
    group_over_group=twice(group(), group()),
    array_below_an_array=twice(new(), new(name="a/b")),
    group_below_an_array=twice(new(name="a"), group(path="a/b")),
    overwrite_below_an_array=twice(new(name="a"), new(name="a/b", overwrite=True)),
    save_over_array=twice(new(), lambda zarr, store: zarr.save_array(store, DATA)),
    create_over_array=twice(new(), lambda zarr, store: zarr.create((3,), store=store)),
    zeros_over_group=twice(group(), lambda zarr, store: zarr.zeros((3,), store=store)),
    open_group_over_array=twice(new(), lambda zarr, store: zarr.open_group(store)),
    group_over_array_by_group=twice(new(), lambda zarr, store: zarr.group(store)),
    mode_w_minus_over_array=twice(new(), lambda zarr, store: zarr.open_array(store, mode="w-", **GIVEN)),
    mode_w_minus_over_group=twice(group(), lambda zarr, store: zarr.open_group(store, mode="w-")),
    open_with_mode_w_minus_over_array=twice(new(), lambda zarr, store: zarr.open(store, mode="w-", **GIVEN)),
    create_with_mode_w_minus_over_array=twice(new(), lambda zarr, store: zarr.create((3,), store=store, mode="w-")),
)
FAILURES.add(
    "opening",
    missing_array=lambda zarr, store: zarr.open_array(store),
    missing_array_to_be_changed=lambda zarr, store: zarr.open_array(store, mode="r+"),
    missing_array_to_be_created_without_shape=lambda zarr, store: zarr.open_array(store, mode="a"),
    missing_array_to_be_replaced_without_shape=lambda zarr, store: zarr.open_array(store, mode="w"),
    missing_group=lambda zarr, store: zarr.open_group(store, mode="r"),
    missing_group_to_be_changed=lambda zarr, store: zarr.open_group(store, mode="r+"),
    missing_node=lambda zarr, store: zarr.open(store, mode="r"),
    missing_folder=lambda zarr, store: zarr.open(f"{store}/nowhere", mode="r"),
    missing_folder_of_array=lambda zarr, store: zarr.open_array(f"{store}/nowhere", mode="r"),
    missing_folder_of_group=lambda zarr, store: zarr.open_group(f"{store}/nowhere", mode="r+"),
    missing_path=twice(group(), lambda zarr, store: zarr.open_array(store, path="a/b", mode="r")),
    array_as_group=twice(new(), lambda zarr, store: zarr.open_group(store, mode="r")),
    group_as_array=twice(group(), lambda zarr, store: zarr.open_array(store, mode="r")),
    group_as_array_to_be_created=twice(group(), lambda zarr, store: zarr.open_array(store, mode="a", **GIVEN)),
    group_with_a_shape=twice(group(), lambda zarr, store: zarr.open(store, **GIVEN)),
    unknown_mode=lambda zarr, store: zarr.open(store, mode="x"),
    unknown_mode_of_array=lambda zarr, store: zarr.open_array(store, mode="rw", **GIVEN),
    unknown_mode_of_group=lambda zarr, store: zarr.open_group(store, mode="rw"),
    mode_w_minus_without_shape=lambda zarr, store: zarr.open(store, mode="w-"),
    path_that_leaves_the_store=lambda zarr, store: zarr.open(store, path="../x"),
    load_what_is_missing=lambda zarr, store: zarr.load(store),
    save_nothing=lambda zarr, store: zarr.save(store),
    save_a_group_of_nothing=lambda zarr, store: zarr.save_group(store),
)
FAILURES.add(
    "create",
    compressor=lambda zarr, store: zarr.create((3,), store=store, compressor={"id": "zlib"}),
    filters=lambda zarr, store: zarr.create((3,), store=store, filters=[{"id": "delta"}]),
    dimension_separator=lambda zarr, store: zarr.create((3,), store=store, dimension_separator="."),
    chunks_twice=lambda zarr, store: zarr.create((3,), store=store, chunks=2, chunk_shape=2),
    chunks_auto=lambda zarr, store: zarr.create((3,), store=store, chunks="auto"),
    no_serializer=lambda zarr, store: zarr.create((3,), store=store, codecs=[codec("gzip", level=1)]),
    two_serializers=lambda zarr, store: zarr.create(
        (3,), store=store, codecs=[codec("bytes", endian="little"), codec("bytes", endian="little")]
    ),
    codecs_in_the_wrong_order=lambda zarr, store: zarr.create(
        (3,), store=store, codecs=[codec("gzip", level=1), codec("bytes", endian="little")]
    ),
    mode_r=lambda zarr, store: zarr.create((3,), store=store, mode="r"),
    unknown_mode=lambda zarr, store: zarr.create((3,), store=store, mode="x"),
    data_of_another_shape=lambda zarr, store: zarr.create((3,), store=store, data=DATA),
    full_like_without_fill_value=lambda zarr, store: zarr.full_like(DATA, store=store),
    zeros_without_shape=lambda zarr, store: zarr.zeros(store=store),
)
