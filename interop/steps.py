"""Calls that take several steps: opening, filling, replacing, changing."""

from __future__ import annotations

from typing import Any

import numpy as np

from interop.making import DATA, Table, array, codec

__all__ = ["STEPS"]

STEPS = Table()

NAMED: dict[str, Any] = {
    "compressors": [codec("gzip", level=1)],
    "fill_value": 7,
    "attributes": {"a": [1, {"b": 2}]},
    "dimension_names": ["y", "x"],
    "chunk_key_encoding": {"name": "v2", "separator": "/"},
}


@STEPS.step
def array_from_numpy(zarr: Any, store: str) -> None:
    zarr.array(DATA, store=store)


@STEPS.step
def array_from_a_list(zarr: Any, store: str) -> None:
    zarr.array([[1, 2], [3, 4]], store=store, chunks=(1, 2), attributes={"a": 1})


@STEPS.step
def array_of_another_type(zarr: Any, store: str) -> None:
    zarr.array(DATA, dtype="float32", store=store)


@STEPS.step
def array_from_an_array(zarr: Any, store: str) -> None:
    first = array(name="first", data=DATA, **NAMED)(zarr, store)
    zarr.array(first, store=f"{store}/second")


@STEPS.step
def array_made_from_an_array_as_data(zarr: Any, store: str) -> None:
    first = array(name="first", data=DATA, **NAMED)(zarr, store)
    zarr.create_array(store, name="second", data=first)


@STEPS.step
def empty_chunks_are_written_when_asked_for(zarr: Any, store: str) -> None:
    array(config={"write_empty_chunks": True})(zarr, store)[:5] = 0


@STEPS.step
def empty_chunks_are_not_written(zarr: Any, store: str) -> None:
    made = array()(zarr, store)
    made[...] = 1
    made[:4, :3] = 0


@STEPS.step
def negative_zero_is_not_empty(zarr: Any, store: str) -> None:
    array(dtype="float32")(zarr, store)[...] = -0.0


@STEPS.step
def open_array_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="w", shape=(6, 10), dtype="int8", chunks=(3, 3), path="a/b")


@STEPS.step
def open_array_with_mode_a_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="a", shape=(6, 10), dtype="int8", fill_value=3)


@STEPS.step
def open_array_with_mode_w_minus_creates(zarr: Any, store: str) -> None:
    zarr.open_array(store, mode="w-", shape=(6, 10), attributes={"a": 1})


@STEPS.step
def open_array_with_mode_w_replaces(zarr: Any, store: str) -> None:
    array(data=DATA)(zarr, store)
    zarr.open_array(store, mode="w", shape=(3,), dtype="bool")


@STEPS.step
def open_array_writes_into_one_that_is_there(zarr: Any, store: str) -> None:
    array()(zarr, store)
    zarr.open_array(store, mode="r+")[0] = 1


@STEPS.step
def open_creates_an_array(zarr: Any, store: str) -> None:
    zarr.open(store, mode="w", shape=(6, 10), dtype="int8")


@STEPS.step
def open_creates_a_group(zarr: Any, store: str) -> None:
    zarr.open(store, mode="a")


@STEPS.step
def open_replaces_by_a_group(zarr: Any, store: str) -> None:
    array(data=DATA)(zarr, store)
    zarr.open(store, mode="w")


@STEPS.step
def open_like_creates(zarr: Any, store: str) -> None:
    first = array(name="first", fill_value=4, compressors=None)(zarr, store)
    zarr.open_like(first, path="second", store=store)


@STEPS.step
def groups(zarr: Any, store: str) -> None:
    root = zarr.create_group(store, attributes={"title": "all"})
    below = root.create_group("a/b/c", attributes={"deep": True})
    below.create_array("d", shape=(3,), dtype="int8")
    root.require_group("a/b")
    root.require_group("e")


@STEPS.step
def a_group_below_the_root(zarr: Any, store: str) -> None:
    zarr.create_group(store, path="a/b", attributes={"x": 1})


@STEPS.step
def a_group_by_group(zarr: Any, store: str) -> None:
    zarr.group(store)


@STEPS.step
def a_group_by_group_with_path(zarr: Any, store: str) -> None:
    zarr.group(store, path="a/b", attributes={"x": 1})


@STEPS.step
def group_opens_what_is_there(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1})
    zarr.group(store, attributes={"y": 1})


@STEPS.step
def group_replaces_when_asked_for(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_group("a")
    zarr.group(store, overwrite=True, attributes={"y": 1})


@STEPS.step
def create_group_replaces_when_asked_for(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_group("a")
    zarr.create_group(store, overwrite=True)


@STEPS.step
def open_group_creates(zarr: Any, store: str) -> None:
    zarr.open_group(store, attributes={"x": 1})


@STEPS.step
def open_group_creates_below(zarr: Any, store: str) -> None:
    zarr.open_group(store, path="a/b", mode="w", attributes={"x": 1})


@STEPS.step
def open_group_with_mode_w_minus_creates(zarr: Any, store: str) -> None:
    zarr.open_group(store, mode="w-")


@STEPS.step
def open_group_with_mode_w_replaces(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1}).create_array("a", data=DATA)
    zarr.open_group(store, mode="w")


@STEPS.step
def open_group_opens_what_is_there(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"x": 1})
    zarr.open_group(store, attributes={"y": 2}).attrs["z"] = 3


@STEPS.step
def a_group_is_filled(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["direct"] = DATA
    root["a/b"] = DATA.astype("float32")
    root.create_array("made", shape=(4,), dtype="uint8", chunks=(2,), attributes={"k": [1, 2]})
    root.create_array("from/data", data=DATA, chunks=(3, 5), compressor=None)
    root.require_array("required", shape=(4,), dtype="int16", chunks=(3,))
    root.require_array("required", shape=(4,), dtype="int16")


@STEPS.step
def a_member_is_deleted(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["kept/x"] = DATA
    root["lost/x"] = DATA
    del root["lost"]
    del root["kept/x"]


@STEPS.step
def a_member_is_replaced(zarr: Any, store: str) -> None:
    root = zarr.open_group(store)
    root["x"] = DATA
    root["x"] = DATA[0]
    root.create_array("y", data=DATA)
    root.create_array("y", shape=(2,), dtype="bool", overwrite=True)
    root.create_group("z", attributes={"a": 1})
    root.create_group("z", overwrite=True)


@STEPS.step
def an_array_is_replaced(zarr: Any, store: str) -> None:
    array(name="a", data=DATA, attributes={"old": 1})(zarr, store)
    array(name="a", dtype="int8", overwrite=True)(zarr, store)


@STEPS.step
def attributes_of_an_array_change(zarr: Any, store: str) -> None:
    made = array(attributes={"a": 1, "b": 2, "c": 3})(zarr, store)
    made.attrs["b"] = [1, {"x": None}]
    made.attrs["d"] = "new"
    made.attrs.update({"e": 5, "a": 0})
    del made.attrs["c"]
    made.update_attributes({"f": 6.0, "a": (1, 2)})


@STEPS.step
def attributes_of_an_array_are_replaced(zarr: Any, store: str) -> None:
    made = array(attributes={"a": 1, "b": 2})(zarr, store)
    made.attrs.put({"c": 3})


@STEPS.step
def attributes_of_a_group_change(zarr: Any, store: str) -> None:
    made = zarr.create_group(store, path="g", attributes={"a": 1, "b": 2})
    made.attrs["c"] = {"x": [1, 2]}
    made.attrs.update(d=4)
    del made.attrs["a"]
    made.update_attributes({"e": "five"})


@STEPS.step
def attributes_of_a_group_are_replaced(zarr: Any, store: str) -> None:
    zarr.create_group(store, attributes={"a": 1}).attrs.put({"b": 2})


@STEPS.step
def save_one(zarr: Any, store: str) -> None:
    zarr.save(store, DATA)


@STEPS.step
def save_one_below(zarr: Any, store: str) -> None:
    zarr.save(store, DATA, path="a/b")


@STEPS.step
def save_several(zarr: Any, store: str) -> None:
    zarr.save(store, DATA, DATA.astype("float32"), named=DATA[0])


@STEPS.step
def save_by_name(zarr: Any, store: str) -> None:
    zarr.save(store, a=DATA, b=DATA[:, 0])


@STEPS.step
def save_array(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA, attributes={"a": 1}, fill_value=3)


@STEPS.step
def save_array_over_another(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA)
    zarr.save_array(store, DATA[0].astype("int8"), mode="w")


@STEPS.step
def save_group(zarr: Any, store: str) -> None:
    zarr.save_group(store, DATA, x=DATA, path="g")


@STEPS.step
def save_group_over_another(zarr: Any, store: str) -> None:
    zarr.save_group(store, a=DATA, b=DATA)
    zarr.open_group(store).attrs["old"] = True
    zarr.save_group(store, a=DATA[0], c=DATA)


@STEPS.step
def save_group_over_an_array(zarr: Any, store: str) -> None:
    zarr.save_array(store, DATA)
    zarr.save_group(store, DATA)


@STEPS.step
def likes_of_another_type_and_shape(zarr: Any, store: str) -> None:
    first = array(name="first", compressors=[codec("blosc", cname="lz4", clevel=5)])(zarr, store)
    zarr.zeros_like(first, dtype="float64", store=store, path="float")
    zarr.empty_like(first, dtype="int8", store=store, path="byte")
    zarr.ones_like(first, shape=(20, 20), store=store, path="larger")
    zarr.full_like(first, fill_value=3, chunks=(2, 2), attributes={"a": 1}, store=store, path="cut")


@STEPS.step
def a_resize_to_more(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3), dimension_names=["y", "x"], attributes={"a": 1})(zarr, store).resize((9, 12))


@STEPS.step
def a_resize_to_less(zarr: Any, store: str) -> None:
    array(data=DATA + 1, chunks=(4, 3))(zarr, store).resize((3, 4))


@STEPS.step
def a_resize_to_nothing(zarr: Any, store: str) -> None:
    array(data=DATA + 1, chunks=(4, 3))(zarr, store).resize((0, 10))


@STEPS.step
def a_resize_by_an_integer(zarr: Any, store: str) -> None:
    array(data=DATA[0] + 1, chunks=3)(zarr, store).resize(25)


@STEPS.step
def an_append(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3), attributes={"a": 1})(zarr, store).append(DATA)


@STEPS.step
def an_append_along_another_axis(zarr: Any, store: str) -> None:
    array(data=DATA, chunks=(4, 3))(zarr, store).append(DATA[:, :2] + 1, axis=1)


@STEPS.step
def an_append_to_nothing(zarr: Any, store: str) -> None:
    array(shape=(0, 10), chunks=(4, 10))(zarr, store).append(DATA)


@STEPS.step
def several_appends(zarr: Any, store: str) -> None:
    made = array(shape=(0,), chunks=(4,))(zarr, store)
    for number in range(5):
        made.append(np.full(3, number + 1, "int32"))
