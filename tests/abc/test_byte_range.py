import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.abc.byte_range import (
    Fetch,
    OffsetByteRequest,
    RangeByteRequest,
    SuffixByteRequest,
    coalesce,
    resolve,
)

POSITIONS = st.integers(0, 40)
RANGES = st.tuples(POSITIONS, POSITIONS).map(lambda ends: RangeByteRequest(min(ends), max(ends)))
REQUESTS = st.one_of(st.none(), RANGES, POSITIONS.map(OffsetByteRequest), POSITIONS.map(SuffixByteRequest))


@pytest.mark.parametrize(
    ("byte_range", "place"),
    [
        (None, (0, 10)),
        (RangeByteRequest(2, 5), (2, 5)),
        (RangeByteRequest(2, 2), (2, 2)),
        (RangeByteRequest(8, 12), (8, 10)),
        (RangeByteRequest(12, 15), (10, 10)),
        (OffsetByteRequest(0), (0, 10)),
        (OffsetByteRequest(7), (7, 10)),
        (OffsetByteRequest(11), (10, 10)),
        (SuffixByteRequest(0), (10, 10)),
        (SuffixByteRequest(3), (7, 10)),
        (SuffixByteRequest(12), (0, 10)),
    ],
)
def test_a_request_has_a_place_in_a_value(byte_range, place):
    assert resolve(byte_range, 10) == place


@given(REQUESTS, st.integers(0, 40))
def test_a_place_lies_within_the_value(byte_range, size):
    start, end = resolve(byte_range, size)
    assert 0 <= start <= end <= size


@pytest.mark.parametrize(
    "byte_range", [RangeByteRequest(5, 3), RangeByteRequest(-1, 3), OffsetByteRequest(-1), SuffixByteRequest(-1)]
)
def test_a_request_that_counts_backwards_is_refused(byte_range):
    with pytest.raises(ValueError, match="backwards"):
        resolve(byte_range, 10)


@pytest.mark.parametrize("byte_range", [RangeByteRequest(5, 3), RangeByteRequest(-1, 3)])
def test_a_range_that_counts_backwards_is_not_merged_away(byte_range):
    with pytest.raises(ValueError, match="backwards"):
        coalesce([RangeByteRequest(0, 10), byte_range], max_gap_bytes=10, max_coalesced_bytes=100)


@pytest.mark.parametrize("byte_range", [(0, 3), slice(0, 3), 3, "0-3"])
def test_only_byte_requests_are_taken(byte_range):
    with pytest.raises(TypeError, match="byte request"):
        resolve(byte_range, 10)


def test_ranges_that_lie_close_together_become_one():
    ranges = [RangeByteRequest(20, 30), RangeByteRequest(0, 10), RangeByteRequest(12, 14), RangeByteRequest(60, 61)]
    assert coalesce(ranges, max_gap_bytes=6, max_coalesced_bytes=100) == [
        Fetch(RangeByteRequest(0, 30), ((1, slice(0, 10)), (2, slice(12, 14)), (0, slice(20, 30)))),
        Fetch(RangeByteRequest(60, 61), ((3, slice(0, 1)),)),
    ]


def test_ranges_that_overlap_or_repeat_become_one():
    ranges = [RangeByteRequest(0, 10), RangeByteRequest(5, 8), RangeByteRequest(5, 8), RangeByteRequest(9, 12)]
    assert coalesce(ranges, max_gap_bytes=0, max_coalesced_bytes=100) == [
        Fetch(RangeByteRequest(0, 12), ((0, slice(0, 10)), (1, slice(5, 8)), (2, slice(5, 8)), (3, slice(9, 12))))
    ]


def test_a_merged_request_has_a_largest_size():
    ranges = [RangeByteRequest(0, 10), RangeByteRequest(10, 20), RangeByteRequest(20, 30)]
    found = coalesce(ranges, max_gap_bytes=0, max_coalesced_bytes=20)
    assert [fetch.byte_range for fetch in found] == [RangeByteRequest(0, 20), RangeByteRequest(20, 30)]


def test_a_range_larger_than_the_largest_size_is_asked_for_alone():
    found = coalesce([RangeByteRequest(0, 50), RangeByteRequest(50, 51)], max_gap_bytes=9, max_coalesced_bytes=20)
    assert [fetch.byte_range for fetch in found] == [RangeByteRequest(0, 50), RangeByteRequest(50, 51)]


def test_requests_without_a_known_place_are_not_merged():
    requests = [None, OffsetByteRequest(0), SuffixByteRequest(5), RangeByteRequest(0, 5)]
    found = coalesce(requests, max_gap_bytes=100, max_coalesced_bytes=100)
    assert {fetch.byte_range: fetch.parts for fetch in found} == {
        None: ((0, None),),
        OffsetByteRequest(0): ((1, None),),
        SuffixByteRequest(5): ((2, None),),
        RangeByteRequest(0, 5): ((3, slice(0, 5)),),
    }


def test_nothing_asked_for_is_nothing_fetched():
    assert coalesce([], max_gap_bytes=0, max_coalesced_bytes=0) == []


@given(st.binary(max_size=40), st.lists(REQUESTS, max_size=8), st.integers(0, 20), st.integers(0, 60))
def test_what_is_fetched_answers_every_request_once(data, requests, gap, most):
    fetches = coalesce(requests, max_gap_bytes=gap, max_coalesced_bytes=most)
    answers = {}
    for fetch in fetches:
        start, end = resolve(fetch.byte_range, len(data))
        value = data[start:end]
        for position, part in fetch.parts:
            assert position not in answers
            answers[position] = value if part is None else value[part]
    assert answers == {position: data[slice(*resolve(request, len(data)))] for position, request in enumerate(requests)}


@given(st.lists(RANGES, min_size=1, max_size=8), st.integers(0, 20), st.integers(0, 60))
def test_a_merged_request_keeps_to_its_limits(ranges, gap, most):
    for fetch in coalesce(ranges, max_gap_bytes=gap, max_coalesced_bytes=most):
        if len(fetch.parts) == 1:
            continue
        assert fetch.byte_range.end - fetch.byte_range.start <= most
        reached = fetch.byte_range.start
        for position, _ in fetch.parts:
            assert ranges[position].start - reached <= gap
            reached = max(reached, ranges[position].end)
