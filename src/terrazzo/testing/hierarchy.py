"""Arrays and groups in a store against numpy arrays in a dictionary; needs ``hypothesis``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import assume, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terrazzo.abc.store import Store
from terrazzo.api.synchronous import create_array, create_group, open_array, open_group
from terrazzo.nodes.array import Array
from terrazzo.testing.strategies import basic_selections, chunk_shapes, orthogonal_selections, shapes
from terrazzo.testing.sync_store import SyncStoreWrapper, split_prefix_name, with_frequency

__all__ = ["ZarrHierarchyStateMachine"]

NAMES = st.sampled_from(["a", "aa", "a.b", "b", "é ü"])
FILL = 7


class ZarrHierarchyStateMachine(RuleBasedStateMachine):
    """Operations on nodes, and the same on numpy arrays.

    Parameters
    ----------
    store
        Emptied at the start of each run.

    Attributes
    ----------
    groups
        Paths of the groups that must be there; the root is one.
    arrays
        Contents of the arrays that must be there, by path.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = SyncStoreWrapper(store)
        self.groups: set[str] = set()
        self.arrays: dict[str, npt.NDArray[np.int16]] = {}

    @initialize()
    def init_store(self) -> None:
        self.store.clear()
        create_group(self.store.store)
        self.groups, self.arrays = {""}, {}

    # -- what there is

    def can_add(self, path: str) -> bool:
        """Whether there is room for a node: no node yet, and a group above."""
        return path not in self.groups and path not in self.arrays and split_prefix_name(path)[0] in self.groups

    def draw_directory(self, data: st.DataObject) -> str:
        """The path of a node below the root."""
        return data.draw(st.sampled_from(sorted({*self.groups, *self.arrays} - {""})))

    def draw_array(self, data: st.DataObject) -> tuple[str, Array[Any]]:
        """The path of an array, and the array."""
        path = data.draw(st.sampled_from(sorted(self.arrays)))
        return path, open_array(self.store.store, path=path, mode="r+")

    def forget(self, path: str) -> None:
        """A node is gone, with all below it."""
        gone = {node for node in (*self.groups, *self.arrays) if node == path or node.startswith(f"{path}/")}
        self.groups -= gone
        for node in gone:
            self.arrays.pop(node, None)

    # -- nodes come and go

    @rule(name=NAMES, data=st.data())
    def add_group(self, name: str, data: st.DataObject) -> None:
        path = self._draw_place(data, name)
        create_group(self.store.store, path=path, attributes={"path": path})
        self.groups.add(path)

    @rule(data=st.data(), name=NAMES)
    def add_array(self, data: st.DataObject, name: str) -> None:
        path = self._draw_place(data, name)
        shape = data.draw(shapes(min_dims=1, max_dims=2, min_side=1, max_side=6))
        chunks = data.draw(chunk_shapes(shape))
        values = np.arange(math.prod(shape), dtype="int16").reshape(shape)
        array = create_array(self.store.store, name=path, shape=shape, chunks=chunks, dtype="int16", fill_value=FILL)
        array[...] = values
        self.arrays[path] = values

    def _draw_place(self, data: st.DataObject, name: str) -> str:
        parent = data.draw(st.sampled_from(sorted(self.groups)))
        path = f"{parent}/{name}" if parent else name
        assume(self.can_add(path))
        return path

    @with_frequency(0.1)
    @rule()
    def clear(self) -> None:
        self.init_store()

    @precondition(lambda self: len(self.groups) + len(self.arrays) > 1)
    @with_frequency(0.25)
    @rule(data=st.data())
    def delete_dir(self, data: st.DataObject) -> None:
        path = self.draw_directory(data)
        self.store.delete_dir(path)
        self.forget(path)

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def delete_array_using_del(self, data: st.DataObject) -> None:
        self._delete(data.draw(st.sampled_from(sorted(self.arrays))))

    @precondition(lambda self: len(self.groups) > 1)
    @with_frequency(0.25)
    @rule(data=st.data())
    def delete_group_using_del(self, data: st.DataObject) -> None:
        self._delete(data.draw(st.sampled_from(sorted(self.groups - {""}))))

    def _delete(self, path: str) -> None:
        note(f"deleting {path!r}")
        parent, name = split_prefix_name(path)
        del open_group(self.store.store, path=parent, mode="r+")[name]
        self.forget(path)

    # -- arrays change

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def overwrite_array_basic_indexing(self, data: st.DataObject) -> None:
        path, array = self.draw_array(data)
        selection = data.draw(basic_selections(array.shape))
        array[selection] = value = data.draw(st.integers(-99, 99))
        self.arrays[path][selection] = value

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def overwrite_array_orthogonal_indexing(self, data: st.DataObject) -> None:
        path, array = self.draw_array(data)
        selection = data.draw(orthogonal_selections(array.shape))
        array.oindex[selection] = value = data.draw(st.integers(-99, 99))
        self.arrays[path][_outer(selection, array.shape)] = value

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def resize_array(self, data: st.DataObject) -> None:
        path, array = self.draw_array(data)
        shape = tuple(data.draw(st.integers(1, 8)) for _ in array.shape)
        array.resize(shape)
        kept = tuple(slice(0, min(old, new)) for old, new in zip(self.arrays[path].shape, shape, strict=True))
        resized = np.full(shape, FILL, dtype="int16")
        resized[kept] = self.arrays[path][kept]
        self.arrays[path] = resized

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def delete_chunk(self, data: st.DataObject) -> None:
        path, array = self.draw_array(data)
        keys = sorted(self.store.list_prefix(f"{path}/c/"))
        if keys:
            key = data.draw(st.sampled_from(keys))
            self.store.delete(key)
            coords = map(int, key.removeprefix(f"{path}/c/").split("/"))
            region = tuple(slice(c * size, (c + 1) * size) for c, size in zip(coords, array.chunks, strict=True))
            self.arrays[path][region] = FILL

    # -- what is there

    @precondition(lambda self: self.arrays)
    @rule(data=st.data())
    def check_array(self, data: st.DataObject) -> None:
        path, array = self.draw_array(data)
        np.testing.assert_array_equal(array[...], self.arrays[path])

    @precondition(lambda self: len(self.groups) + len(self.arrays) > 1)
    @rule(data=st.data())
    def check_list_dir(self, data: st.DataObject) -> None:
        path = self.draw_directory(data)
        children = {node.removeprefix(f"{path}/").split("/")[0] for node in self._below(path)}
        assert children | {"zarr.json"} <= set(self.store.list_dir(path))
        if path in self.groups:
            members = dict(open_group(self.store.store, path=path, mode="r").members())
            assert set(members) == children

    def _below(self, path: str) -> Mapping[str, Any]:
        return dict.fromkeys(node for node in (*self.groups, *self.arrays) if node.startswith(f"{path}/"))

    @invariant()
    def check_list_prefix_from_root(self) -> None:
        documents = {key for key in self.store.list_prefix("") if split_prefix_name(key)[1] == "zarr.json"}
        assert {split_prefix_name(key)[0] for key in documents} == {*self.groups, *self.arrays}


def _outer(selection: Any, shape: tuple[int, ...]) -> Any:
    """What numpy takes for the same elements: indices of every axis, that broadcast to a grid."""
    items = list(selection) if isinstance(selection, tuple) else [selection]
    if Ellipsis in [item if item is Ellipsis else None for item in items]:
        position = next(number for number, item in enumerate(items) if item is Ellipsis)
        items[position : position + 1] = [slice(None)] * (len(shape) - len(items) + 1)
    items += [slice(None)] * (len(shape) - len(items))
    return np.ix_(*[np.atleast_1d(np.arange(length)[item]) for length, item in zip(shape, items, strict=True)])
