"""Every way to select against numpy: random arrays on both grids, read and written through random selections.

``HYPOTHESIS_PROFILE=long`` tries 20 000 arrays of each kind.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terrazzo
from terrazzo.codecs import TransposeCodec
from terrazzo.storage import MemoryStore
from terrazzo.testing import strategies
from terrazzo.testing.stores import CountingStore
from tests.selecting import elements_of_blocks, read_orthogonal, write_orthogonal, write_points

EXAMPLES = 250 if settings().max_examples < 2000 else 20_000
RECORD = np.dtype([("a", "<i2"), ("b", "<f8"), ("c", "u1")])


class Basic:
    """``array[selection]``."""

    @staticmethod
    def draw(data, array):
        return data.draw(strategies.basic_selections(array.shape), label="basic")

    @staticmethod
    def expected(model, selection, array):
        return model[selection]

    @staticmethod
    def assign(model, selection, value, array):
        model[selection] = value

    @staticmethod
    def get(array, selection):
        return array[selection]

    @staticmethod
    def set(array, selection, value):
        array[selection] = value


class Orthogonal(Basic):
    """``array.oindex[selection]``."""

    @staticmethod
    def draw(data, array):
        return data.draw(strategies.orthogonal_selections(array.shape), label="orthogonal")

    @staticmethod
    def expected(model, selection, array):
        return read_orthogonal(model, selection)

    @staticmethod
    def assign(model, selection, value, array):
        write_orthogonal(model, selection, value)

    @staticmethod
    def get(array, selection):
        return array.oindex[selection]

    @staticmethod
    def set(array, selection, value):
        array.oindex[selection] = value


class Points(Basic):
    """``array.vindex[coordinates]``."""

    @staticmethod
    def draw(data, array):
        return data.draw(strategies.coordinate_selections(array.shape), label="coordinates")

    @staticmethod
    def expected(model, selection, array):
        return np.atleast_1d(model[selection])

    @staticmethod
    def assign(model, selection, value, array):
        write_points(model, selection, value)

    @staticmethod
    def get(array, selection):
        return array.vindex[selection]

    @staticmethod
    def set(array, selection, value):
        array.vindex[selection] = value


class Mask(Basic):
    """``array[mask]``."""

    @staticmethod
    def draw(data, array):
        return data.draw(strategies.masks(array.shape), label="mask")


class Blocks(Basic):
    """``array.blocks[selection]``."""

    @staticmethod
    def draw(data, array):
        return data.draw(strategies.block_selections(array.async_array._chunk_grid.grid_shape), label="blocks")

    @staticmethod
    def expected(model, selection, array):
        return model[elements_of_blocks(selection, array.async_array._chunk_grid)]

    @staticmethod
    def assign(model, selection, value, array):
        model[elements_of_blocks(selection, array.async_array._chunk_grid)] = value

    @staticmethod
    def get(array, selection):
        return array.blocks[selection]

    @staticmethod
    def set(array, selection, value):
        array.blocks[selection] = value


WAYS = (Basic, Orthogonal, Points, Mask, Blocks)


def layouts(shape):
    """Arguments that say how an array is stored: on both grids, in both formats, in shards, with axes transposed."""
    most = {0: 1, 1: 6, 2: 4, 3: 3}.get(len(shape), 2)
    regular = strategies.chunk_shapes(shape, max_chunks=most)
    uneven = strategies.rectilinear_chunks(shape, max_chunks=most) if shape else regular
    in_shards = regular.flatmap(
        lambda chunks: strategies.shard_shapes(shape=shape, chunk_shape=chunks).map(
            lambda shards: {"chunks": chunks, "shards": shards}
        )
    )
    filters = st.permutations(range(len(shape))).map(lambda order: {"filters": TransposeCodec(order=tuple(order))})
    return st.one_of(
        regular.map(lambda chunks: {"chunks": chunks}),
        regular.map(lambda chunks: {"chunks": chunks, "zarr_format": 2}),
        uneven.map(lambda chunks: {"chunks": chunks}),
        in_shards,
        st.builds(lambda layout, filters: {**layout, **filters}, in_shards | st.builds(dict, chunks=regular), filters),
    )


def make(store, data, dtype, *, max_dims=5):
    """An array in a store and one in memory that hold the same."""
    shape = data.draw(strategies.shapes(max_dims=max_dims, max_side=5), label="shape")
    shape = tuple(min(length, 3) for length in shape) if len(shape) > 3 else shape
    model = data.draw(strategies.array_values(dtype, shape), label="values")
    layout = data.draw(layouts(shape), label="layout")
    with terrazzo.config.set({"array.rectilinear_chunks": True}):
        array = terrazzo.create_array(
            store,
            shape=shape,
            dtype=dtype,
            fill_value=0,
            compressors=data.draw(st.sampled_from((None, "auto"))),
            **layout,
        )
    array[...] = model
    return array, model.copy()


def numbers(data, dtype, shape):
    """Values of a shape, or of one that broadcasts to it."""
    kept = data.draw(st.integers(0, 63), label="axes that are not repeated")
    given = tuple(length if kept >> axis & 1 else 1 for axis, length in enumerate(shape))
    if kept == 63 and not data.draw(st.booleans(), label="all axes"):
        given = ()
    return np.random.default_rng(kept).integers(-99, 99, given).astype(dtype)


def way_for(data, array):
    ways = [way for way in WAYS if array.ndim or way not in (Points, Mask)]
    if not all(array.cdata_shape):
        ways.remove(Blocks)  # the grid has no chunk that a selection could start with
    return data.draw(st.sampled_from(ways), label="way")


@given(data=st.data())
@settings(max_examples=EXAMPLES)
def test_what_is_selected_is_what_numpy_selects(driven, data):
    array, model = make(driven(MemoryStore()), data, np.dtype("<i4"))
    for _ in range(data.draw(st.integers(1, 3), label="steps")):
        way = way_for(data, array)
        selection = way.draw(data, array)
        expected = way.expected(model, selection, array)
        result = way.get(array, selection)
        assert np.shape(result) == np.shape(expected)
        assert result.dtype == expected.dtype
        assert np.array_equal(result, expected)

        way = way_for(data, array)
        selection = way.draw(data, array)
        value = numbers(data, "<i4", np.shape(way.expected(model, selection, array)))
        way.set(array, selection, value)
        way.assign(model, selection, value, array)
        assert np.array_equal(array[...], model)


def spelled(numbers, dtype):
    """Numbers as text or as bytes, some of them longer than numpy keeps in place."""
    numbers = np.asarray(numbers)
    texts = np.empty(numbers.shape, dtype=dtype)
    for index, number in np.ndenumerate(numbers):
        text = "" if number == 0 else f"{number}\0" if number % 3 == 0 else f"{number} and what follows it, é"
        texts[index] = text.encode() if dtype.kind == "O" else text
    return texts


@pytest.mark.parametrize("kind", "TO")
@given(data=st.data())
@settings(max_examples=EXAMPLES // 4)
def test_elements_of_any_length_are_selected_like_numbers(driven, kind, data):
    dtype = np.dtype(kind)
    array, model = make(driven(MemoryStore()), data, np.dtype("i1"), max_dims=3)
    texts = terrazzo.create_array(
        driven(MemoryStore()),
        shape=array.shape,
        chunks=array.metadata.chunk_grid,
        dtype="bytes" if kind == "O" else str,
    )
    texts[...] = spelled(model, dtype)
    for _ in range(data.draw(st.integers(1, 3), label="steps")):
        way = way_for(data, array)
        selection = way.draw(data, array)
        shape = np.shape(way.expected(model, selection, array))
        value = numbers(data, "i1", shape)
        way.set(texts, selection, spelled(value, dtype))
        way.assign(model, selection, value, array)
        everything = texts[...]
        assert (everything.tolist() if texts.ndim else everything) == spelled(model, dtype).tolist()
        expected = spelled(way.expected(model, selection, array), dtype)
        result = way.get(texts, selection)
        if isinstance(result, (str, bytes)):
            assert result == expected[()]
        else:
            assert (result.dtype, result.shape) == (dtype, expected.shape)
            assert result.tolist() == expected.tolist()


@given(data=st.data())
@settings(max_examples=EXAMPLES // 4)
def test_fields_are_read_and_written_alone(driven, data):
    array, model = records(driven, data)
    way = way_for(data, array)
    selection = way.draw(data, array)
    names = data.draw(st.sampled_from(("a", "b", ["c"], ["c", "a"])), label="fields")
    method = {Basic: "basic", Mask: "mask", Points: "coordinate", Orthogonal: "orthogonal", Blocks: "block"}[way]
    expected = np.asarray(way.expected(model[names], selection, array))
    result = np.asarray(getattr(array, f"get_{method}_selection")(selection, fields=names))
    assert result.shape == expected.shape
    assert result.tolist() == expected.tolist()
    if names == ["c", "a"]:
        return
    (name,) = [names] if isinstance(names, str) else names
    value = numbers(data, "<i2", expected.shape).astype(RECORD[name])
    getattr(array, f"set_{method}_selection")(selection, value, fields=name)
    way.assign(model[name], selection, value, array)
    assert array[...].tolist() == model.tolist()


def records(driven, data):
    """An array of records in a store, and one in memory."""
    shape = data.draw(strategies.shapes(min_dims=1, max_dims=3, max_side=5), label="shape")
    model = np.zeros(shape, dtype=RECORD)
    for number, name in enumerate(RECORD.names):
        model[name] = (np.arange(model.size) * (number + 2)).reshape(shape) % 200
    with terrazzo.config.set({"array.rectilinear_chunks": True}):
        array = terrazzo.create_array(
            driven(MemoryStore()), shape=shape, dtype=RECORD, **data.draw(layouts(shape), label="layout")
        )
    array[...] = model
    return array, model


@given(data=st.data())
@settings(max_examples=EXAMPLES // 4)
def test_each_chunk_is_asked_for_once_and_only_where_it_is_needed(driven, data):
    store = CountingStore(driven(MemoryStore()))
    array, model = make(store, data, np.dtype("<i4"), max_dims=3)
    grid = array.async_array._chunk_grid
    way = way_for(data, array)
    selection = way.draw(data, array)
    number_of = np.arange(model.size).reshape(model.shape)
    taken = set(np.ravel(way.expected(number_of, selection, array)).tolist())
    touched, partly = set(), set()
    for coords in grid.all_chunk_coords():
        held = set(number_of[grid.region_of(coords)].ravel().tolist())
        if held & taken:
            touched.add(array.async_array._io.key_of(coords))
            if held - taken:
                partly.add(array.async_array._io.key_of(coords))

    store.reset()
    way.get(array, selection)
    asked = store.keys("get")
    assert set(asked) == touched
    assert len(asked) == len(touched) or array.shards is not None  # of a shard there may be parts

    store.reset()
    way.set(array, selection, 77)
    asked = store.keys("get")
    assert set(asked) == partly
    assert len(asked) == len(partly) or array.shards is not None
    assert sorted(store.keys("set")) == sorted(touched)
