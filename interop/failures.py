"""Calls that must fail, made with terrazzo and with zarr-python."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from interop.calls import Call, codec

__all__ = ["FAILURES"]

DATA = np.arange(60, dtype="int32").reshape(6, 10)
GIVEN: dict[str, Any] = {"shape": (6, 10), "chunks": (4, 3), "dtype": "int32"}

FAILURES: dict[str, Call] = {}


def add(group: str, **calls: Call) -> None:
    """Add calls to the table, under names that start with `group`."""
    for name, made in calls.items():
        key = f"{group}: {name.replace('_', ' ')}"
        assert key not in FAILURES, key
        FAILURES[key] = made


def new(**parameters: Any) -> Call:
    """Create an array with parameters, on top of those that are always given; None leaves one of those out."""
    given = {**GIVEN, **parameters}
    given = {name: value for name, value in given.items() if value is not LEFT_OUT}
    return lambda zarr, store: zarr.create_array(store, **given)


LEFT_OUT = object()


def there(act: Callable[[Any], object], **parameters: Any) -> Call:
    """Create an array that holds data, and do something with it."""
    given = {"chunks": (4, 3), **parameters}
    return lambda zarr, store: act(zarr.create_array(store, data=DATA, **given))


def assigned(selection: Any, value: Any, **parameters: Any) -> Call:
    """Create an array, and assign to it."""

    def act(zarr: Any, store: str) -> None:
        new(**parameters)(zarr, store)[selection] = value

    return act


def in_group(act: Callable[[Any], object]) -> Call:
    """Create a group with an array ``a`` and a group ``g``, and do something with it."""

    def prepared(zarr: Any, store: str) -> object:
        root = zarr.create_group(store)
        root.create_array("a", data=DATA)
        root.create_group("g")
        return act(root)

    return prepared


def read_only(act: Callable[[Any], object]) -> Call:
    """Open an array for reading only, and do something with it."""

    def prepared(zarr: Any, store: str) -> object:
        zarr.create_array(store, data=DATA)
        return act(zarr.open_array(store, mode="r"))

    return prepared


def stored(document: object, act: Callable[[Any, str], object]) -> Call:
    """Write a document by hand, and do something with it."""

    def prepared(zarr: Any, store: str) -> object:
        text = document if isinstance(document, str) else json.dumps(document)
        Path(store, "zarr.json").write_text(text)
        return act(zarr, store)

    return prepared


def damaged(damage: Callable[[bytes], bytes], *compressors: dict[str, Any]) -> Call:
    """Write an array, change the bytes of a chunk, and read it."""

    def prepared(zarr: Any, store: str) -> object:
        array = zarr.create_array(store, data=DATA, chunks=(6, 10), compressors=compressors or None)
        chunk = Path(store, "c/0/0")
        chunk.write_bytes(damage(chunk.read_bytes()))
        return array[...]

    return prepared


add(
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
add(
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
add(
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
add(
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
add(
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


def twice(*calls: Call) -> Call:
    """Several calls on one store."""

    def act(zarr: Any, store: str) -> None:
        for one in calls:
            one(zarr, store)

    return act


def group(**parameters: Any) -> Call:
    """Create a group."""
    return lambda zarr, store: zarr.create_group(store, **parameters)


add(
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
add(
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
    load_a_group=twice(group(), lambda zarr, store: zarr.load(store)),
    save_nothing=lambda zarr, store: zarr.save(store),
    save_a_group_of_nothing=lambda zarr, store: zarr.save_group(store),
)
add(
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
add(
    "read only",
    setitem=read_only(lambda array: array.__setitem__(0, 1)),
    resize=read_only(lambda array: array.resize((2, 2))),
    append=read_only(lambda array: array.append(DATA)),
    attribute=read_only(lambda array: array.attrs.__setitem__("a", 1)),
    update_attributes=read_only(lambda array: array.update_attributes({"a": 1})),
    create_in_group=twice(group(), lambda zarr, store: zarr.open_group(store, mode="r").create_array("a", **GIVEN)),
    create_group_in_group=twice(group(), lambda zarr, store: zarr.open_group(store, mode="r").create_group("a")),
    set_in_group=twice(group(), lambda zarr, store: zarr.open_group(store, mode="r").__setitem__("a", DATA)),
    delete_in_group=twice(
        group(), group(path="a"), lambda zarr, store: zarr.open_group(store, mode="r").__delitem__("a")
    ),
    attribute_of_group=twice(group(), lambda zarr, store: zarr.open_group(store, mode="r").attrs.__setitem__("a", 1)),
)


def in_store(method: str, *arguments: Any) -> Call:
    """Call a method of a local store with a key beside its folder."""

    def prepared(zarr: Any, store: str) -> object:
        Path(store, "../secret").write_bytes(b"secret")
        prototype, value = zarr.buffer.default_buffer_prototype(), zarr.buffer.cpu.Buffer.from_bytes(b"value")
        given = [{"prototype": prototype, "value": value}[argument] for argument in arguments]

        async def act() -> object:
            opened = await zarr.storage.LocalStore.open(store)
            return await getattr(opened, method)("../secret", *given)

        return asyncio.run(act())

    return prepared


add(
    "stores",
    get_beside_the_folder=in_store("get", "prototype"),
    set_beside_the_folder=in_store("set", "value"),
    exists_beside_the_folder=in_store("exists"),
    delete_beside_the_folder=in_store("delete"),
    delete_a_folder_beside_the_folder=in_store("delete_dir"),
    getsize_beside_the_folder=in_store("getsize"),
)
SELECTIONS: dict[str, Any] = {
    "beyond the end": 6,
    "before the start": -7,
    "beyond the second axis": (0, 10),
    "too many": (0, 0, 0),
    "too many slices": (slice(None), slice(None), slice(None)),
    "two ellipses": (..., ...),
    "a negative step": slice(None, None, -1),
    "a step of zero": slice(None, None, 0),
    "a float": 1.5,
    "a slice of floats": slice(1.5, 3),
    "text": "a",
    "a tuple with text": (0, "a"),
    "an object": object(),
    "None": None,
    "a new axis": (None, 0),
    "a boolean": True,
}
add("reading", **{name: there(lambda array, key=key: array[key]) for name, key in SELECTIONS.items()})
add("writing", **{name: assigned(key, 1) for name, key in SELECTIONS.items()})
add(
    "values",
    too_long=assigned(slice(0, 2), np.zeros(11)),
    too_many_axes=assigned(slice(0, 2), np.zeros((2, 2, 10))),
    transposed=assigned(..., np.zeros((10, 6))),
    a_row_for_all=assigned(..., np.zeros(10)),
    a_column_for_all=assigned(..., np.zeros((6, 1))),
    a_list_for_a_scalar=assigned((0, 0), [1, 2]),
    text=assigned(..., "abc"),
    an_array_of_text=assigned(slice(0, 1), np.array([["abc"] * 10])),
    an_object=assigned((0, 0), object()),
    none=assigned((0, 0), None),
    too_large=assigned((0, 0), 300, dtype="uint8"),
    too_small=assigned(..., -1, dtype="uint8"),
    a_complex_number=assigned(..., 1j, dtype="float32"),
    nan=assigned(..., float("nan")),
)
add(
    "resize",
    too_few_axes=there(lambda array: array.resize((6,))),
    too_many_axes=there(lambda array: array.resize((6, 10, 1))),
    a_negative_length=there(lambda array: array.resize((-1, 10))),
    a_float=there(lambda array: array.resize((6.5, 10))),
    text=there(lambda array: array.resize("large")),
    none=there(lambda array: array.resize(None)),
)
add(
    "append",
    other_axes=there(lambda array: array.append(np.zeros((2, 9)))),
    too_few_axes=there(lambda array: array.append(np.zeros(10))),
    too_many_axes=there(lambda array: array.append(np.zeros((1, 6, 10)))),
    axis_beyond=there(lambda array: array.append(DATA, axis=2)),
    axis_before=there(lambda array: array.append(DATA, axis=-3)),
    a_scalar=there(lambda array: array.append(np.int32(5))),
    text=there(lambda array: array.append(np.full((1, 10), "a"))),
)
add(
    "attributes",
    missing=there(lambda array: array.attrs["missing"]),
    delete_missing=there(lambda array: array.attrs.__delitem__("missing")),
    an_object=there(lambda array: array.attrs.__setitem__("a", object())),
    an_array=there(lambda array: array.attrs.__setitem__("a", np.arange(3))),
    update_with_an_object=there(lambda array: array.attrs.update(a=object())),
    update_attributes_with_an_object=there(lambda array: array.update_attributes({"a": object()})),
    update_attributes_with_a_list=there(lambda array: array.update_attributes([1])),
    put_an_object=there(lambda array: array.attrs.put({"a": object()})),
    put_a_list=there(lambda array: array.attrs.put([1])),
    of_a_group=in_group(lambda root: root.attrs.__setitem__("a", object())),
    of_a_group_missing=in_group(lambda root: root.attrs["missing"]),
    of_a_new_group=group(attributes={"a": object()}),
)
add(
    "groups",
    missing=in_group(lambda root: root["missing"]),
    missing_deep=in_group(lambda root: root["g/missing/x"]),
    below_an_array=in_group(lambda root: root["a/b"]),
    a_number=in_group(lambda root: root[5]),
    leaves_the_store=in_group(lambda root: root["../x"]),
    create_array_again=in_group(lambda root: root.create_array("a", **GIVEN)),
    create_array_over_group=in_group(lambda root: root.create_array("g", **GIVEN)),
    create_group_again=in_group(lambda root: root.create_group("g")),
    create_group_over_array=in_group(lambda root: root.create_group("a")),
    create_below_an_array=in_group(lambda root: root.create_array("a/b", **GIVEN)),
    create_that_leaves_the_store=in_group(lambda root: root.create_group("../x")),
    create_without_name=in_group(lambda root: root.create_array("", **GIVEN)),
    create_both_compressors=in_group(
        lambda root: root.create_array("b", compressor=None, compressors=codec("gzip", level=1), **GIVEN)
    ),
    require_group_over_array=in_group(lambda root: root.require_group("a")),
    require_array_over_group=in_group(lambda root: root.require_array("g", shape=(6, 10))),
    require_another_shape=in_group(lambda root: root.require_array("a", shape=(6, 11))),
    require_another_type=in_group(lambda root: root.require_array("a", shape=(6, 10), dtype="uint8")),
    require_exactly_another_type=in_group(
        lambda root: root.require_array("a", shape=(6, 10), dtype="int64", exact=True)
    ),
    set_below_an_array=in_group(lambda root: root.__setitem__("a/b", DATA)),
    delete_itself=in_group(lambda root: root.__delitem__("")),
    delete_what_leaves_the_store=in_group(lambda root: root.__delitem__("../x")),
    get_below_an_array=in_group(lambda root: root.get("a/b", default=5)["x"]),
    format_2_document_of_format_4=group(zarr_format=4),
)
DOCUMENT: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "uint8",
    "chunk_grid": codec("regular", chunk_shape=[2]),
    "chunk_key_encoding": codec("default", separator="/"),
    "fill_value": 9,
    "codecs": [{"name": "bytes"}],
}


def opened(document: object) -> Call:
    """Open an array with a document."""
    return stored(document, lambda zarr, store: zarr.open_array(store, mode="r")[...])


def without(member: str) -> dict[str, Any]:
    """The document without a member."""
    return {name: value for name, value in DOCUMENT.items() if name != member}


add(
    "documents",
    not_json=opened("{"),
    empty=opened(""),
    a_list=opened([]),
    of_format_4=opened({**DOCUMENT, "zarr_format": 4}),
    of_a_format_that_is_text=opened({**DOCUMENT, "zarr_format": "3"}),
    of_no_node_type=opened(without("node_type")),
    of_an_unknown_node_type=opened({**DOCUMENT, "node_type": "table"}),
    of_a_negative_shape=opened({**DOCUMENT, "shape": [-4]}),
    of_a_shape_of_floats=opened({**DOCUMENT, "shape": [4.0]}),
    of_an_unknown_data_type=opened({**DOCUMENT, "data_type": "int7"}),
    of_an_unknown_grid=opened({**DOCUMENT, "chunk_grid": codec("hexagonal", chunk_shape=[2])}),
    of_a_chunk_of_another_rank=opened({**DOCUMENT, "chunk_grid": codec("regular", chunk_shape=[2, 2])}),
    of_unknown_chunk_keys=opened({**DOCUMENT, "chunk_key_encoding": codec("morton", separator="/")}),
    of_an_unknown_separator=opened({**DOCUMENT, "chunk_key_encoding": codec("default", separator="-")}),
    of_a_fill_value_that_is_null=opened({**DOCUMENT, "fill_value": None}),
    of_a_fill_value_that_is_text=opened({**DOCUMENT, "fill_value": "nine"}),
    of_a_fill_value_that_is_too_large=opened({**DOCUMENT, "fill_value": 300}),
    of_no_codecs=opened({**DOCUMENT, "codecs": []}),
    of_an_unknown_codec=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, codec("lzma2", level=1)]}),
    of_two_serializers=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, {"name": "bytes"}]}),
    of_a_level_out_of_range=opened({**DOCUMENT, "codecs": [{"name": "bytes"}, codec("gzip", level=12)]}),
    of_a_storage_transformer=opened({**DOCUMENT, "storage_transformers": [{"name": "x"}]}),
    of_an_unknown_member=opened({**DOCUMENT, "colour": "red"}),
    of_too_many_dimension_names=opened({**DOCUMENT, "dimension_names": ["a", "b"]}),
    of_attributes_that_are_a_list=opened({**DOCUMENT, "attributes": [1]}),
    **{f"without_{member}": opened(without(member)) for member in DOCUMENT if member != "node_type"},
    of_a_group_of_format_4=stored(
        {"zarr_format": 4, "node_type": "group"}, lambda zarr, store: zarr.open_group(store, mode="r")
    ),
    of_a_group_with_an_unknown_member=stored(
        {"zarr_format": 3, "node_type": "group", "colour": "red"}, lambda zarr, store: zarr.open_group(store, mode="r")
    ),
)
ZSTD, GZIP, CRC32C = codec("zstd", level=1, checksum=True), codec("gzip", level=1), {"name": "crc32c"}
LZ4 = codec("blosc", cname="lz4", clevel=5)


def flipped(data: bytes) -> bytes:
    """Change the last byte."""
    return data[:-1] + bytes([data[-1] ^ 0xFF])


add(
    "damaged chunks",
    uncompressed_cut_short=damaged(lambda data: data[:-1]),
    uncompressed_too_long=damaged(lambda data: data + b"x"),
    uncompressed_empty=damaged(lambda data: b""),
    gzip_cut_short=damaged(lambda data: data[:-9], GZIP),
    gzip_garbage=damaged(lambda data: b"garbage", GZIP),
    gzip_checksum=damaged(lambda data: data[:-8] + bytes(4) + data[-4:], GZIP),
    zstd_cut_short=damaged(lambda data: data[:-9], ZSTD),
    zstd_garbage=damaged(lambda data: b"garbage", ZSTD),
    zstd_checksum=damaged(flipped, ZSTD),
    blosc_cut_short=damaged(lambda data: data[:-9], LZ4),
    blosc_garbage=damaged(lambda data: b"garbage", LZ4),
    crc32c=damaged(flipped, CRC32C),
    crc32c_too_short=damaged(lambda data: b"x", CRC32C),
)
