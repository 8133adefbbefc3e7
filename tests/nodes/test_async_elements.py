"""Selections, awaited; the blocking forms are tested with random selections in ``tests/test_selections.py``."""

import numpy as np
import pytest

import terrazzo
from terrazzo.buffer import cpu
from terrazzo.errors import BoundsCheckError, BroadcastError, NegativeStepError, VindexInvalidSelectionError
from terrazzo.indexing import BasicIndexer
from tests.helpers import on_a_loop

SHAPE = (7, 10)
MASK = np.arange(70).reshape(SHAPE) % 3 == 0
ROWS = np.array([True, False, True, False, False, True, False])


@pytest.fixture
def data():
    return np.arange(70, dtype="int16").reshape(SHAPE)


@pytest.fixture
def array(store, data):
    return terrazzo.create_array(store, name="a", data=data, chunks=(4, 3), fill_value=-1).async_array


READS = {
    "getitem": lambda array: array.getitem([3, 1]),
    "getitem of a mask": lambda array: array.getitem(MASK),
    "getitem of points": lambda array: array.getitem(([1, 2], [3, 4])),
    "basic": lambda array: array.get_basic_selection((slice(1, 3), 2)),
    "orthogonal": lambda array: array.get_orthogonal_selection((ROWS, [3, 1])),
    "oindex": lambda array: array.oindex.getitem((ROWS, [3, 1])),
    "coordinate": lambda array: array.get_coordinate_selection((np.array([[1], [2]]), [3, 4])),
    "vindex": lambda array: array.vindex.getitem((np.array([[1], [2]]), [3, 4])),
    "mask": lambda array: array.get_mask_selection(MASK),
    "vindex of a mask": lambda array: array.vindex.getitem(MASK),
    "block": lambda array: array.get_block_selection((1, slice(0, 2))),
    "blocks": lambda array: array.blocks.getitem((1, slice(0, 2))),
}
EXPECTED = {
    "getitem": lambda data: data[[3, 1]],
    "getitem of a mask": lambda data: data[MASK],
    "getitem of points": lambda data: data[[1, 2], [3, 4]],
    "basic": lambda data: data[1:3, 2],
    "orthogonal": lambda data: data[ROWS][:, [3, 1]],
    "oindex": lambda data: data[ROWS][:, [3, 1]],
    "coordinate": lambda data: data[np.array([[1], [2]]), [3, 4]],
    "vindex": lambda data: data[np.array([[1], [2]]), [3, 4]],
    "mask": lambda data: data[MASK],
    "vindex of a mask": lambda data: data[MASK],
    "block": lambda data: data[4:7, 0:6],
    "blocks": lambda data: data[4:7, 0:6],
}
WRITES = {
    "setitem": (lambda array: array.setitem([3, 1], 5), lambda data: data.__setitem__([3, 1], 5)),
    "basic": (
        lambda array: array.set_basic_selection((slice(1, 3), 2), [8, 9]),
        lambda data: data.__setitem__((slice(1, 3), 2), [8, 9]),
    ),
    "orthogonal": (
        lambda array: array.set_orthogonal_selection((ROWS, [3, 1]), [[1, 2]]),
        lambda data: data.__setitem__(np.ix_(ROWS, [3, 1]), [[1, 2]]),
    ),
    "oindex": (
        lambda array: array.oindex.setitem((ROWS, [3, 1]), [[1, 2]]),
        lambda data: data.__setitem__(np.ix_(ROWS, [3, 1]), [[1, 2]]),
    ),
    "coordinate": (
        lambda array: array.set_coordinate_selection(([1, 6, 1], [3, 4, 3]), [1, 2, 3]),
        lambda data: data.__setitem__(([1, 6], [3, 4]), [3, 2]),
    ),
    "vindex": (
        lambda array: array.vindex.setitem(([1, 6, 1], [3, 4, 3]), [1, 2, 3]),
        lambda data: data.__setitem__(([1, 6], [3, 4]), [3, 2]),
    ),
    "mask": (lambda array: array.set_mask_selection(MASK, 4), lambda data: data.__setitem__(MASK, 4)),
    "vindex of a mask": (
        lambda array: array.vindex.setitem(MASK, np.arange(24)),
        lambda data: data.__setitem__(MASK, np.arange(24)),
    ),
    "block": (
        lambda array: array.set_block_selection((1, 1), 4),
        lambda data: data.__setitem__((slice(4, 7), slice(3, 6)), 4),
    ),
    "blocks": (
        lambda array: array.blocks.setitem((1, 1), np.arange(9).reshape(3, 3)),
        lambda data: data.__setitem__((slice(4, 7), slice(3, 6)), np.arange(9).reshape(3, 3)),
    ),
}


@pytest.mark.parametrize("way", READS)
def test_every_way_to_read_is_awaited(array, data, way):
    result = on_a_loop(READS[way](array))
    expected = EXPECTED[way](data)
    assert result.shape == expected.shape
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("way", WRITES)
def test_every_way_to_write_is_awaited(array, data, way):
    write, assign = WRITES[way]
    assert on_a_loop(write(array)) is None
    assign(data)
    assert np.array_equal(on_a_loop(array.getitem(...)), data)


# -- results


def test_an_element_is_a_scalar_or_an_array_without_axes_as_in_zarr_python(array):
    async def main():
        return (
            await array.getitem((1, 2)),
            await array.get_basic_selection((1, 2)),
            await array.get_orthogonal_selection((1, 2)),
            await array.oindex.getitem((1, 2)),
            await array.get_coordinate_selection((1, 2)),
            await array.getitem((np.array(1), 2)),
        )

    scalar, basic, orthogonal, oindex, point, fancy = on_a_loop(main())
    assert isinstance(scalar, np.int16)
    assert isinstance(basic, np.int16)
    for found in (orthogonal, oindex):
        assert isinstance(found, np.ndarray)
        assert found.shape == ()
    assert point.shape == fancy.shape == (1,)
    assert {int(found.reshape(())) for found in (scalar, basic, orthogonal, oindex, point, fancy)} == {12}


def test_an_array_without_axes_has_one_element_each_way(store):
    array = terrazzo.create_array(store, data=np.float32(2.5))
    assert isinstance(array[()], np.float32)
    for found in (array.oindex[()], array.oindex[...], array.blocks[()], array.get_orthogonal_selection(())):
        assert isinstance(found, np.ndarray)
        assert found.shape == ()
        assert found == 2.5
    array.oindex[...] = 3
    assert array[()] == 3
    for selection in ((), np.array(True), 0):
        with pytest.raises(VindexInvalidSelectionError):
            _ = array.vindex[selection]


@pytest.mark.parametrize("order", ["C", "F"])
def test_results_have_the_order_of_the_array(store, data, order):
    array = terrazzo.create_array(store, data=data, chunks=(4, 3), config={"order": order})
    for found in (array[1:5, 2:6], array.oindex[[0, 5, 2], [3, 1]], array.blocks[0, :2]):
        assert found.flags[f"{order}_CONTIGUOUS"]


# -- memory that is given


def outs(order="C", dtype="f8"):
    def out(shape):
        return cpu.NDBuffer.empty(shape, dtype, order)

    return {
        "basic": (lambda array, out: array.get_basic_selection((slice(1, 3), 2), out=out), out((2,))),
        "orthogonal": (lambda array, out: array.get_orthogonal_selection((ROWS, [3, 1]), out=out), out((3, 2))),
        "coordinate": (lambda array, out: array.get_coordinate_selection(([1, 2], [3, 4]), out=out), out((2,))),
        "mask": (lambda array, out: array.get_mask_selection(MASK, out=out), out((24,))),
        "block": (lambda array, out: array.get_block_selection((1, slice(0, 2)), out=out), out((3, 6))),
    }


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("way", outs())
def test_memory_can_be_given(array, data, way, order):
    read, out = outs(order)[way]
    expected = on_a_loop(READS["getitem of points" if way == "coordinate" else way](array))
    result = on_a_loop(read(array, out))
    assert result is out.as_ndarray_like()
    assert result.dtype == "f8"
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("way", outs())
def test_memory_of_another_shape_is_refused(array, way):
    read, _ = outs()[way]
    with pytest.raises(ValueError, match="shape"):
        on_a_loop(read(array, cpu.NDBuffer.empty((5, 5), "f8")))
    with pytest.raises(TypeError, match="NDBuffer"):
        on_a_loop(read(array, np.empty((3, 6))))


def test_points_go_to_memory_of_their_shape_or_of_one_axis(array, data):
    selection = (np.array([[1], [2]]), np.array([3, 4, 5]))
    for shape in ((2, 3), (6,)):
        out = cpu.NDBuffer.empty(shape, "i8", "F")
        found = on_a_loop(array.get_coordinate_selection(selection, out=out))
        assert np.array_equal(out.as_numpy_array().reshape(2, 3), data[selection])
        assert np.array_equal(found.reshape(2, 3), data[selection])


# -- values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, [[5, 5], [5, 5]]),
        ([1, 2], [[1, 2], [1, 2]]),
        ([[1], [2]], [[1, 1], [2, 2]]),
        ([1, 2, 3, 4], [[1, 2], [3, 4]]),
        ([[[1, 2], [3, 4]]], [[1, 2], [3, 4]]),
        (np.float64(1.5), [[1, 1], [1, 1]]),
    ],
)
def test_points_of_two_axes_take_what_broadcasts_or_a_row_of_as_many(array, value, expected):
    selection = (np.array([[1], [6]]), np.array([3, 4]))
    on_a_loop(array.set_coordinate_selection(selection, value))
    assert on_a_loop(array.get_coordinate_selection(selection)).tolist() == expected


@pytest.mark.parametrize(
    ("way", "error"),
    [
        (lambda array: array.vindex.setitem(MASK, [1, 2]), BroadcastError),
        (lambda array: array.oindex.setitem([0, 1], [1, 2]), BroadcastError),
        (lambda array: array.vindex.setitem(([0, 1], [0, 1]), [1, 2, 3]), BroadcastError),
        (lambda array: array.blocks.setitem((0, 0), [1, 2]), BroadcastError),
        (lambda array: array.setitem(([0, 1], [0, 1]), [1, 2, 3]), BroadcastError),
        (lambda array: array.vindex.setitem(([0], [0]), 70_000), OverflowError),
        (lambda array: array.vindex.setitem(([0], [0]), "a"), ValueError),
        (lambda array: array.oindex.setitem([7], 0), BoundsCheckError),
        (lambda array: array.oindex.setitem(slice(None, None, -1), 0), NegativeStepError),
        (lambda array: array.vindex.setitem(slice(2), 0), VindexInvalidSelectionError),
        (lambda array: array.blocks.setitem(9, 0), BoundsCheckError),
        (lambda array: array.set_mask_selection(MASK[:2], 0), IndexError),
        (lambda array: array.set_basic_selection([1], 0), IndexError),
        (lambda array: array.setitem(None, 0), IndexError),
        (lambda array: array.setitem("a", 0), IndexError),
        (lambda array: array.setitem(([1], ...), 0), IndexError),
    ],
)
def test_what_cannot_be_written_changes_nothing(array, data, way, error):
    with pytest.raises(error):
        on_a_loop(way(array))
    assert np.array_equal(on_a_loop(array.getitem(...)), data)


def test_nothing_is_written_where_nothing_is_selected(array, data):
    async def main():
        await array.setitem(np.array([], dtype=int), 5)
        await array.setitem(np.zeros(SHAPE, dtype=bool), 5)
        await array.vindex.setitem((np.array([], dtype=int),) * 2, [])
        await array.oindex.setitem((slice(0, 0), [1, 2]), np.zeros((0, 2)))
        return await array.getitem(...)

    assert np.array_equal(on_a_loop(main()), data)


# -- selections that are arrays in a store


def test_arrays_in_a_store_select(store, array, data):
    mask = terrazzo.create_array(store, name="mask", data=MASK, chunks=(3, 3))
    rows = terrazzo.create_array(store, name="rows", data=np.array([3, 1]))
    blocking = terrazzo.open_array(store, path="a")
    for selected, expected in (
        (blocking[mask], data[MASK]),
        (blocking.vindex[mask], data[MASK]),
        (blocking.get_mask_selection(mask), data[MASK]),
        (blocking[rows], data[[3, 1]]),
        (blocking.oindex[rows, [1, 5]], data[[3, 1]][:, [1, 5]]),
        (blocking.vindex[rows, rows], data[[3, 1], [3, 1]]),
        (on_a_loop(array.getitem(mask.async_array)), data[MASK]),
    ):
        assert np.array_equal(selected, expected)
    blocking[mask] = 7
    assert (blocking[mask] == 7).all()


# -- indexers


class Rows:
    """An indexer as other packages write it: with nothing but what zarr-python's protocol has."""

    drop_axes = ()

    def __init__(self, indexer):
        self.shape = indexer.shape
        self.projections = list(indexer)

    def __iter__(self):
        return iter(map(tuple, self.projections))


def test_an_indexer_of_another_package_is_followed(array, data):
    async def main():
        indexer = Rows(BasicIndexer(slice(2, 6), SHAPE, array._chunk_grid))
        found = await array._get_selection(indexer, prototype=cpu.buffer_prototype)
        await array._set_selection(indexer, 3, prototype=cpu.buffer_prototype)
        return found, await array.getitem(...)

    found, changed = on_a_loop(main())
    assert np.array_equal(found, data[2:6])
    data[2:6] = 3
    assert np.array_equal(changed, data)


# -- chunk by chunk


def test_chunks_come_one_after_another(array, data):
    async def main():
        return [item async for item in array.iter_chunks()]

    chunks = on_a_loop(main())
    assert [region for region, _ in chunks] == list(array.read_units())
    for region, found in chunks:
        assert np.array_equal(found, data[region])
    again = list(terrazzo.Array(array).iter_chunks())
    assert all(np.array_equal(one, other) for (_, one), (_, other) in zip(chunks, again, strict=True))
