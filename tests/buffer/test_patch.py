import numpy as np
import pytest

from terrazzo.buffer import cpu
from terrazzo.buffer.patch import Patch

PAIR = np.dtype([("a", "int16"), ("b", "float32", (2,))])


def nd(data):
    return cpu.NDBuffer(np.asarray(data))


@pytest.fixture
def patch():
    patch = Patch.empty((3, 4), np.dtype("int16"))
    patch.write((slice(1, 3), slice(0, 2)), nd([[1, 2], [3, 4]]), None)
    return patch


def put_into(patch, chunk):
    patch.put_into(cpu.NDBuffer(chunk))
    return chunk


def test_only_what_is_new_is_put_into_a_chunk(patch):
    assert put_into(patch, np.full((3, 4), 9, "int16")).tolist() == [[9, 9, 9, 9], [1, 2, 9, 9], [3, 4, 9, 9]]


def test_a_patch_is_cut_and_rearranged_as_its_elements_are(patch):
    cut = patch[1, slice(0, 3)]
    assert cut.shape == (3,)
    assert put_into(cut, np.zeros(3, "int16")).tolist() == [1, 2, 0]
    assert put_into(patch.transpose((1, 0)), np.zeros((4, 3), "int16")).tolist()[0] == [0, 1, 3]
    assert put_into(patch.reshape((12,)), np.zeros(12, "int16")).tolist() == [0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0]
    assert patch[np.array([2, 0]), np.array([1, 1])].new.tolist() == [True, False]


def test_a_patch_knows_whether_it_is_empty_or_complete(patch):
    assert [patch.is_empty, patch.is_complete] == [False, False]
    assert patch[0, 0].is_empty
    assert patch[slice(1, 3), slice(0, 2)].is_complete


def test_a_patch_knows_where_its_elements_are(patch):
    assert patch.bounds() == (slice(1, 3, 1), slice(0, 2, 1))
    patch.forget_outside((slice(0, 2), slice(0, 4)))
    assert patch.bounds() == (slice(1, 2, 1), slice(0, 2, 1))
    assert Patch.empty((2,), np.dtype("int8")).bounds() == (slice(0, 0, 1),)


def test_the_other_fields_of_an_element_stay():
    patch = Patch.empty((2,), PAIR)
    patch.write((0,), nd(5), "a")
    patch.write((slice(0, 2),), nd([[1.0, 2.0], [3.0, 4.0]]), "b")
    chunk = put_into(patch, np.zeros(2, PAIR))
    assert chunk["a"].tolist() == [5, 0]
    assert chunk["b"].tolist() == [[1, 2], [3, 4]]


def test_an_element_whose_fields_are_all_new_is_new():
    patch = Patch.empty((2,), PAIR)
    patch.write((slice(0, 2),), nd(5), "a")
    assert not patch.is_complete
    patch.write((slice(0, 2),), nd(1.5), "b")
    assert patch.is_complete
