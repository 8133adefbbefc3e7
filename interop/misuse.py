"""Using what is there in ways that must fail: selections, values, shapes, attributes, members, keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from interop.failures import group, new, twice
from interop.making import DATA, GIVEN, Call, Table, codec

__all__ = ["MISUSE"]

MISUSE = Table()


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


MISUSE.add(
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


MISUSE.add(
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
MISUSE.add("reading", **{name: there(lambda array, key=key: array[key]) for name, key in SELECTIONS.items()})
MISUSE.add("writing", **{name: assigned(key, 1) for name, key in SELECTIONS.items()})
MISUSE.add(
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
MISUSE.add(
    "resize",
    too_few_axes=there(lambda array: array.resize((6,))),
    too_many_axes=there(lambda array: array.resize((6, 10, 1))),
    a_negative_length=there(lambda array: array.resize((-1, 10))),
    a_float=there(lambda array: array.resize((6.5, 10))),
    text=there(lambda array: array.resize("large")),
    none=there(lambda array: array.resize(None)),
)
MISUSE.add(
    "append",
    other_axes=there(lambda array: array.append(np.zeros((2, 9)))),
    too_few_axes=there(lambda array: array.append(np.zeros(10))),
    too_many_axes=there(lambda array: array.append(np.zeros((1, 6, 10)))),
    axis_beyond=there(lambda array: array.append(DATA, axis=2)),
    axis_before=there(lambda array: array.append(DATA, axis=-3)),
    a_scalar=there(lambda array: array.append(np.int32(5))),
    text=there(lambda array: array.append(np.full((1, 10), "a"))),
)
MISUSE.add(
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
MISUSE.add(
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
