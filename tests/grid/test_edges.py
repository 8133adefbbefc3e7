import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import MetadataValidationError
from terrazzo.grid.edges import Edges, parse_length

RUNS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), min_size=1, max_size=8)


def expanded(runs):
    return tuple(size for size, count in runs for _ in range(count))


@given(RUNS)
def test_edges_are_the_sequence_that_their_runs_say(runs):
    edges, lengths = Edges.from_json([list(run) for run in runs]), expanded(runs)
    assert edges == Edges.from_json(lengths) == lengths
    assert lengths == edges
    assert (len(edges), tuple(edges), edges.total) == (len(lengths), lengths, sum(lengths))
    assert [edges[index] for index in range(-len(lengths), len(lengths))] == [*lengths, *lengths]
    assert edges[1:-1] == lengths[1:-1]
    assert edges[::-2] == lengths[::-2]
    assert hash(edges) == hash(Edges.from_json(lengths))
    assert edges[len(lengths) - 1] in edges


@given(RUNS)
def test_starts_and_first_chunks_are_those_of_the_runs(runs):
    edges = Edges.from_json([list(run) for run in runs])
    starts = [0, *itertools.accumulate(expanded(runs))]
    assert list(edges.starts) == [starts[first] for first in edges.firsts]
    assert [edges.run_of(chunk) for chunk in edges.firsts] == list(range(len(edges.sizes)))
    assert all(left != right for left, right in itertools.pairwise(edges.sizes))


@pytest.mark.parametrize(
    ("data", "json"),
    [
        ([1, 2, 3], [1, 2, 3]),
        ([4, 4], [[4, 2]]),
        ([[4, 2]], [[4, 2]]),
        ([[4, 1]], [4]),
        ([[1, 3], 3], [[1, 3], 3]),
        ([[1, 3], 1, [1, 10**9]], [[1, 10**9 + 4]]),
        ([3, [2, 1], 2, 3], [3, [2, 2], 3]),
        ([4.0, [2.0, 2.0]], [4, [2, 2]]),
        (((4, 2), 1), [[4, 2], 1]),
    ],
)
def test_what_is_repeated_is_written_as_a_pair(data, json):
    assert Edges.from_json(data).to_json() == json


@given(RUNS, st.integers(1, 5))
def test_one_more_chunk_comes_last(runs, length):
    lengths = expanded(runs)
    assert Edges.from_json(lengths).extended(length) == (*lengths, length)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], ""),
        ([0], "[0]"),
        ([1, -1], "[1]"),
        ([True], "[0]"),
        (["1"], "[0]"),
        ([None], "[0]"),
        ([1.5], "[0]"),
        ([float("nan")], "[0]"),
        ([float("inf")], "[0]"),
        ([{}], "[0]"),
        ([1, 1 << 63], "[1]"),
        ([10**400], "[0]"),
        ([[]], "[0]"),
        ([[3]], "[0]"),
        ([[3, 2, 1]], "[0]"),
        ([[[3, 2], 1]], "[0][0]"),
        ([1, [3, 0]], "[1][1]"),
        ([[0, 3]], "[0][0]"),
        ([[3, -2]], "[0][1]"),
        ([[3, True]], "[0][1]"),
        ([[3, "2"]], "[0][1]"),
        ([[3, 1 << 63]], "[0][1]"),
    ],
)
def test_what_is_no_length_is_named(data, field):
    with pytest.raises(MetadataValidationError) as caught:
        Edges.from_json(data)
    assert caught.value.field == field


@pytest.mark.parametrize("data", [[[1, 1 << 62]], [[1, (1 << 63) - 1]] * 9, [[1, 1 << 61], 2] * 4])
def test_more_chunks_than_can_be_counted_are_refused(data):
    with pytest.raises(MetadataValidationError, match="too many"):
        Edges.from_json(data)


def test_the_lengths_may_add_up_to_more_than_an_array_can_have():
    most = (1 << 63) - 1
    edges = Edges.from_json([1, [most, 3], 5, [7, 1 << 61]])
    assert edges.total == 1 + 3 * most + 5 + 7 * (1 << 61)
    assert list(edges.starts) == [0, 1]
    assert (edges[3], edges[4], edges[5], len(edges)) == (most, 5, 7, 5 + (1 << 61))
    assert edges.to_json() == [1, [most, 3], 5, [7, 1 << 61]]


def test_chunks_that_are_declared_cost_nothing():
    tracemalloc.start()
    edges = Edges.from_json([[1, 10**15], 3, [2, 10**15]])
    assert (len(edges), edges.total, edges[10**15], edges[-1]) == (2 * 10**15 + 1, 3 * 10**15 + 3, 3, 2)
    assert len(edges.extended(4)) == 2 * 10**15 + 2
    assert repr(edges) == f"Edges([[1, {10**15}], 3, [2, {10**15}]])"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 16


def test_many_runs_are_not_printed():
    assert repr(Edges.from_json([1, 2] * 50)) == "Edges(100 runs, 100 chunks)"


@pytest.mark.parametrize("index", [3, -4, 10**30])
def test_a_chunk_that_is_not_there_cannot_be_asked_for(index):
    with pytest.raises(IndexError, match="no chunk"):
        Edges.from_json([1, 2, 3])[index]


def test_edges_differ_from_other_sequences():
    edges = Edges.from_json([1, 2])
    assert edges != (1, 2, 3)
    assert edges != [2, 1]
    assert edges != Edges.from_json([2, 1])
    assert edges != "12"


def test_a_length_alone_has_no_field():
    assert parse_length(3) == 3
    with pytest.raises(MetadataValidationError) as caught:
        parse_length([3])
    assert caught.value.field == ""
