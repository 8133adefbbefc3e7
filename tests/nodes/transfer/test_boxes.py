import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo
from terrazzo.experimental import ChunkGrid
from terrazzo.nodes.transfer.boxes import BoxGrid, choose_box
from terrazzo.testing.stores import CountingStore


def overlaps(source, boxes):
    """How many pairs of a box and a source chunk overlap, one by one."""
    return sum(
        math.prod(
            axis.chunk_at(part.stop - 1) - axis.chunk_at(part.start) + 1
            for axis, part in zip(source.dimensions, boxes.region_of(number), strict=True)
        )
        for number in range(boxes.count)
    )


def best_by_trying(source, target, most):
    """The fewest reads of all boxes with at most so many elements."""
    found = []
    for box in itertools.product(*(range(1, count + 1) for count in target.grid_shape)):
        boxes = BoxGrid(target, box)
        if math.prod(boxes.longest) <= most:
            found.append(overlaps(source, boxes))
    return min(found, default=None)


sizes = st.integers(1, 7)


@st.composite
def grids(draw):
    """Two grids of one shape, regular or not."""
    shape = draw(st.lists(st.integers(1, 20), min_size=1, max_size=2))

    def cuts():
        for length in shape:
            if draw(st.booleans()):
                yield draw(sizes)
            else:
                edges = sorted(draw(st.sets(st.integers(1, length), max_size=4)) | {length})
                yield [stop - start for start, stop in itertools.pairwise([0, *edges])]

    return tuple(ChunkGrid.from_sizes(shape, list(cuts())) for _ in range(2))


@given(grids(), st.integers(1, 400))
def test_the_box_reads_as_little_as_any_that_fits(pair, most):
    source, target = pair
    box, reads = choose_box(source, target, lambda box, elements: math.prod(elements) <= most)
    boxes = BoxGrid(target, box)
    best = best_by_trying(source, target, most)
    if best is None:
        assert box == (1,) * target.ndim
    else:
        assert overlaps(source, boxes) == best
        assert reads == pytest.approx(max(1, best / source.get_nchunks()))


@given(grids(), st.data())
def test_boxes_are_made_of_whole_chunks_and_cover_the_array(pair, data):
    source, target = pair
    boxes = BoxGrid(target, tuple(data.draw(st.integers(1, count)) for count in target.grid_shape))
    seen = np.zeros(target.shape, int)
    for number in range(boxes.count):
        seen[boxes.region_of(number)] += 1
        for coords in itertools.product(*boxes.chunks_in(number)):
            assert boxes.number_of(coords) == number
    assert (seen == 1).all()
    for coords in source.all_chunk_coords():
        region = source.region_of(coords)
        marked = np.zeros(target.shape, bool)
        marked[region] = True
        touched = {number for number in range(boxes.count) if marked[boxes.region_of(number)].any()}
        assert set(boxes.numbers_over(region)) == touched


def test_a_large_grid_is_not_tried_box_by_box():
    source = ChunkGrid.from_sizes((10**9, 10**9, 10**9), (1, 10**9, 1000))
    target = ChunkGrid.from_sizes((10**9, 10**9, 10**9), (10**9, 1, 1))
    box, reads = choose_box(source, target, lambda box, elements: math.prod(elements) <= 10**12)
    assert math.prod(BoxGrid(target, box).longest) <= 10**12
    assert reads == 10**9 / box[1]  # boxes hold 1000 elements, all along the axis that costs most


@pytest.mark.parametrize(("memory", "times"), [("1MiB", 1), ("34kB", 2), ("21kB", 4)])
def test_chunks_are_read_as_often_as_is_said(memory, times):
    counted = CountingStore(terrazzo.storage.MemoryStore())
    rows = terrazzo.create_array(counted, data=np.arange(64 * 64, dtype="int64").reshape(64, 64), chunks=(1, 64))
    counted.reset()
    lines = []
    with terrazzo.config.set({"threading.max_workers": 1}):
        terrazzo.rechunk(rows, {}, chunks=(64, 8), max_memory=memory, dry_run=True, log=lines.append)
        columns = {}
        terrazzo.rechunk(rows, columns, chunks=(64, 8), max_memory=memory)
    assert f"each chunk read {times} times" in lines[0]
    read = [key for key in counted.keys("get") if key.startswith("c/")]
    assert len(read) == 64 * times
    np.testing.assert_array_equal(terrazzo.open_array(columns)[:], rows[:])
