"""Arrays against numpy and hierarchies against a dictionary: random ones, through random operations, bit for bit.

Each property holds on stores that are driven inline and on stores that wait.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import terrazzo
from terrazzo.errors import ContainsArrayError, ContainsGroupError
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import SuspendingStore
from tests.conftest import STORES, make_store


def same_bits(left, right, dtype):
    """Whether two arrays have the same shape and bits, or equal objects; single elements may come as scalars."""
    left, right = np.asarray(left, dtype=dtype), np.asarray(right, dtype=dtype)
    if dtype.hasobject:
        return (left.shape, left.tolist()) == (right.shape, right.tolist())
    return left.shape == right.shape and left.tobytes() == right.tobytes()


def filled(shape, fill_value, dtype):
    """An array that holds one value, with its bits; ``numpy.full`` would do as well, were it not for casts."""
    array = np.empty(shape, dtype=dtype)
    array[...] = np.asarray(fill_value, dtype=dtype)
    return array


@st.composite
def ways_to_cut(draw, shape):
    """Chunks and shards of every kind: of one shape, or of lengths of their own."""
    if draw(st.booleans()):
        return draw(strategies.chunk_shapes(shape) | strategies.rectilinear_chunks(shape)), None
    chunks = draw(strategies.chunk_shapes(shape))
    if draw(st.booleans()):
        return chunks, draw(strategies.shard_shapes(shape=shape, chunk_shape=chunks))
    counts = tuple(max(1, -(-length // size)) for length, size in zip(shape, chunks, strict=True))
    shards = draw(strategies.rectilinear_chunks(counts))
    return chunks, [
        [count * size for count in held] if isinstance(held, tuple) else held * size
        for held, size in zip(shards, chunks, strict=True)
    ]


class Pair:
    """A stored array and the numpy array that it must equal."""

    def __init__(self, store, draw):
        self.store = store
        self.draw = draw
        self.dtype = draw(strategies.dtypes(of_any_length=True), label="dtype")
        shape = draw(strategies.shapes(), label="shape")
        fill_value = draw(strategies.fill_values(self.dtype), label="fill value")
        codecs = draw(strategies.codec_chains(len(shape), self.dtype), label="codecs")
        chunks, shards = draw(ways_to_cut(shape), label="chunks and shards")
        self.array = terrazzo.create_array(
            store,
            name="array",
            shape=shape,
            chunks=chunks,
            shards=shards,
            dtype="bytes" if self.dtype.kind == "O" else self.dtype,
            fill_value=fill_value,
            chunk_key_encoding=draw(strategies.chunk_key_encodings(), label="keys"),
            config={
                "order": draw(st.sampled_from("CF"), label="order"),
                "write_empty_chunks": draw(st.booleans(), label="write empty chunks"),
            },
            **codecs.as_kwargs(),
        )
        self.fill_value = fill_value
        self.model = filled(shape, fill_value, self.dtype)

    def write(self):
        selection = self.draw(strategies.basic_selections(self.model.shape), label="write to")
        target = self.model[selection]
        if self.draw(st.booleans(), label="one value"):
            value = self.draw(strategies.array_values(self.dtype, ()), label="value")
        else:
            value = self.draw(strategies.array_values(self.dtype, np.shape(target)), label="values")
        self.array[selection] = value
        self.model[selection] = value if value.ndim else value[()]

    def read(self):
        selection = self.draw(strategies.basic_selections(self.model.shape), label="read from")
        assert same_bits(self.array[selection], self.model[selection], self.dtype)

    def resize(self):
        shape = tuple(self.draw(st.integers(0, length + 3), label="length") for length in self.model.shape)
        model = filled(shape, self.fill_value, self.dtype)
        kept = tuple(slice(0, min(old, new)) for old, new in zip(self.model.shape, shape, strict=True))
        model[kept] = self.model[kept]
        self.array.resize(shape)
        self.model = model

    def append(self):
        if not self.model.ndim:
            return
        axis = self.draw(st.integers(0, self.model.ndim - 1), label="axis")
        shape = list(self.model.shape)
        shape[axis] = self.draw(st.integers(0, 3), label="appended")
        data = self.draw(strategies.array_values(self.dtype, tuple(shape)), label="data")
        shape[axis] += self.model.shape[axis]
        assert self.array.append(data, axis=axis) == tuple(shape)
        self.model = np.concatenate([self.model, data], axis=axis).astype(self.dtype)

    def reopen(self):
        # The byte order in memory is not stored: what is opened has that of the data type's default.
        self.array = terrazzo.open_array(self.store, path="array", config=self.array.config)
        self.dtype = self.array.dtype
        self.model = self.model.astype(self.dtype)

    def check(self):
        assert self.array.shape == self.model.shape
        read = self.array[...]
        assert not self.array.ndim or read.dtype == self.dtype
        assert same_bits(read, self.model, self.dtype)


STEPS = st.lists(st.sampled_from(("write", "write", "read", "resize", "append", "reopen")), max_size=8)


@pytest.mark.parametrize("kind", STORES)
@given(data=st.data())
@settings(max_examples=settings().max_examples * 2)
def test_an_array_holds_what_numpy_would_hold(kind, tmp_path, data):
    pair = Pair(make_store(kind, Path(tempfile.mkdtemp(dir=tmp_path))), data.draw)
    for step in data.draw(STEPS, label="steps"):
        getattr(pair, step)()
    pair.check()
    pair.reopen()
    pair.check()


NAMES = st.sampled_from(("a", "aa", "a.b", "b", "B", "c", "ü z"))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


def above(path):
    """Paths of all nodes above one, without the root."""
    segments = path.split("/")
    return ["/".join(segments[:depth]) for depth in range(1, len(segments))]


class Hierarchy(RuleBasedStateMachine):
    """A group and a dictionary from the path of each node to what it is: None for a group, its data for an array."""

    @staticmethod
    def wrap(store):
        return store

    def __init__(self):
        super().__init__()
        self.store = self.wrap(MemoryStore())
        self.root = terrazzo.create_group(self.store)
        self.nodes = {}
        self.attributes = {}

    def blocked(self, path):
        return any(self.nodes.get(ancestor) is not None for ancestor in above(path))

    def forget(self, path):
        for other in [other for other in self.nodes if other == path or other.startswith(path + "/")]:
            del self.nodes[other], self.attributes[other]

    def note(self, path, node, attributes):
        self.forget(path)
        for ancestor in above(path):
            if ancestor not in self.nodes:
                self.nodes[ancestor], self.attributes[ancestor] = None, {}
        self.nodes[path], self.attributes[path] = node, attributes

    def make(self, path, overwrite, node, attributes, call):
        """Make a node, or see the error that tells why not."""
        if self.blocked(path):
            with pytest.raises(ValueError, match="is an array"):
                call()
        elif path in self.nodes and not overwrite:
            with pytest.raises(ContainsGroupError if self.nodes[path] is None else ContainsArrayError):
                call()
        else:
            call()
            self.note(path, node, attributes)

    @rule(path=PATHS, overwrite=st.booleans(), attributes=strategies.attributes())
    def create_group(self, path, overwrite, attributes):
        self.make(
            path,
            overwrite,
            None,
            attributes,
            lambda: self.root.create_group(path, overwrite=overwrite, attributes=attributes),
        )

    @rule(path=PATHS, overwrite=st.booleans(), data=strategies.shapes(max_dims=2), attributes=strategies.attributes())
    def create_array(self, path, overwrite, data, attributes):
        values = np.arange(np.prod(data, dtype=int)).reshape(data)
        self.make(
            path,
            overwrite,
            values,
            attributes,
            lambda: self.root.create_array(path, data=values, overwrite=overwrite, attributes=attributes),
        )

    @rule(path=PATHS)
    def require_group(self, path):
        if self.nodes.get(path) is not None:
            with pytest.raises(TypeError, match="array"):
                self.root.require_group(path)
        elif path in self.nodes:
            assert self.root.require_group(path).attrs.asdict() == self.attributes[path]
        else:
            self.make(path, False, None, {}, lambda: self.root.require_group(path))

    @rule(path=PATHS, data=st.integers(0, 9))
    def assign(self, path, data):
        values = np.full(3, data)
        self.make(path, True, values, {}, lambda: self.root.__setitem__(path, values))

    @rule(path=PATHS)
    def delete(self, path):
        del self.root[path]
        self.forget(path)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), attributes=strategies.attributes(), replace=st.booleans())
    def change_attributes(self, data, attributes, replace):
        path = data.draw(st.sampled_from(sorted(self.nodes)))
        attrs = self.root[path].attrs
        if replace:
            attrs.put(attributes)
        else:
            attrs.update(attributes)
        self.attributes[path] = attributes if replace else {**self.attributes[path], **attributes}

    @rule()
    def reopen(self):
        self.root = terrazzo.open_group(self.store, mode="r+")

    @invariant()
    def all_members_are_found(self):
        members = self.root.members(max_depth=None)
        assert [path for path, _ in members] == sorted(self.nodes, key=lambda path: (path.count("/"), path))
        for path, node in members:
            if self.nodes[path] is None:
                assert isinstance(node, terrazzo.Group)
            else:
                assert same_bits(node[...], self.nodes[path], self.nodes[path].dtype)
            assert node.attrs.asdict() == json.loads(json.dumps(self.attributes[path]))
            assert path in self.root

    @invariant()
    def children_are_listed(self):
        children = {path for path in self.nodes if "/" not in path}
        assert set(self.root.keys()) == children
        assert set(self.root.group_keys()) == {path for path in children if self.nodes[path] is None}
        assert len(self.root) == len(children)

    @invariant()
    def no_key_is_left_of_what_was_deleted(self):
        keys = self.store._store_dict if isinstance(self.store, MemoryStore) else self.store._store._store_dict
        documents = {key.removesuffix("/zarr.json") for key in keys if key.endswith("/zarr.json")}
        assert documents == set(self.nodes)
        for key in keys:
            assert key == "zarr.json" or any(key.startswith(path + "/") for path in self.nodes)


class SuspendingHierarchy(Hierarchy):
    """The same on a store that waits."""

    wrap = staticmethod(SuspendingStore)


TestHierarchy = Hierarchy.TestCase
TestHierarchy.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=20)
TestSuspendingHierarchy = SuspendingHierarchy.TestCase
TestSuspendingHierarchy.settings = TestHierarchy.settings
