import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import VindexInvalidSelectionError
from terrazzo.grid import ChunkGrid, RegularChunkGridMetadata
from terrazzo.indexing import Indexer, MaskIndexer, as_mask
from terrazzo.testing import strategies
from tests.selecting import check_projections, grids


def grid_of(shape, chunks):
    return RegularChunkGridMetadata(chunk_shape=chunks).grid_for(shape)


@given(data=st.data())
def test_the_projections_make_up_what_is_under_a_mask(data):
    shape = data.draw(strategies.shapes(min_dims=1, max_side=6))
    grid = data.draw(grids(shape))
    mask = data.draw(strategies.masks(shape))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    indexer = MaskIndexer(mask, shape, grid)
    check_projections(indexer, grid, array[mask], write=lambda model, values: model.__setitem__(mask, values))
    assert indexer.shape == indexer.sel_shape == (int(mask.sum()),)


def test_points_go_to_slices_where_no_other_chunk_is_between_them():
    mask = np.ones((4, 6), dtype=bool)
    mask[2:, 3:] = False
    found = [(coords, places[0]) for coords, _, places, _ in MaskIndexer(mask, (4, 6), grid_of((4, 6), (2, 3)))]
    assert found[0][0] == (0, 0)
    assert found[0][1].tolist() == [0, 1, 2, 6, 7, 8]
    assert found[1][0] == (0, 1)
    assert found[1][1].tolist() == [3, 4, 5, 9, 10, 11]
    assert found[2:] == [((1, 0), slice(12, 18, 1))]


def test_a_chunk_all_of_which_is_selected_is_complete():
    mask = np.zeros((5, 5), dtype=bool)
    mask[4:, :2] = mask[:2, :] = True
    indexer = MaskIndexer(mask, (5, 5), grid_of((5, 5), (2, 2)))
    assert [(one.chunk_coords, one.is_complete_chunk) for one in indexer] == [
        ((0, 0), True),
        ((0, 1), True),
        ((0, 2), True),
        ((2, 0), True),
    ]
    mask[0, 0] = False
    assert not next(iter(indexer)).is_complete_chunk
    assert isinstance(indexer, Indexer)
    assert indexer.drop_axes == ()


@pytest.mark.parametrize(
    "mask", [np.ones((7, 9), dtype=bool), np.ones(7, dtype=bool), np.ones((7, 10)), None, [0], "a"]
)
def test_what_is_no_mask_of_the_shape_is_refused(mask):
    with pytest.raises(VindexInvalidSelectionError, match=r"\(7, 10\)"):
        MaskIndexer(mask, (7, 10), grid_of((7, 10), (2, 3)))


def test_an_array_without_axes_has_no_points():
    with pytest.raises(VindexInvalidSelectionError):
        MaskIndexer(np.array(True), (), ChunkGrid(()))


def test_a_mask_may_be_a_list_or_alone_in_a_tuple():
    for mask in ([[True, False]], np.array([[True, False]]), (np.array([[True, False]]),)):
        assert as_mask(mask).tolist() == [[True, False]]
    for other in ([0, 1], ([True], [True]), True, None, "a", [[True], [True, False]]):
        assert as_mask(other) is None
