import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.indexing.points import bounds_of, combine, stable_order

NUMBERS = st.lists(st.integers(0, 5) | st.integers(0, 2**62), max_size=20).map(
    lambda found: np.array(found, dtype="i8")
)


@given(numbers=NUMBERS)
def test_numbers_are_sorted_and_equal_ones_stay_in_order(numbers):
    order = stable_order(numbers)
    expected = np.argsort(numbers, kind="stable")
    assert (order is None) == (expected.tolist() == list(range(len(numbers))))
    assert order is None or order.tolist() == expected.tolist()


def test_numbers_of_any_span_are_sorted():
    random = np.random.default_rng(1)
    for bits in (1, 15, 16, 17, 31, 32, 33, 62):
        numbers = random.integers(0, 2**bits, 1000) + 7
        assert stable_order(numbers).tolist() == np.argsort(numbers, kind="stable").tolist()


@given(numbers=NUMBERS)
def test_bounds_are_where_a_number_differs_from_the_one_before(numbers):
    bounds = bounds_of(np.sort(numbers)).tolist()
    assert len(bounds) == len(set(numbers.tolist())) + 1
    assert (bounds[0], bounds[-1]) == (0, len(numbers))
    for low, high in itertools.pairwise(bounds):
        assert len(set(np.sort(numbers)[low:high].tolist())) == 1


@given(
    columns=st.integers(0, 12).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 3) | st.integers(0, 2**62), min_size=n, max_size=n), min_size=1, max_size=5
        )
    )
)
def test_combined_numbers_are_in_the_order_of_the_tuples(columns):
    code = combine([np.array(column, dtype="i8") for column in columns]).tolist()
    rows = list(zip(*columns, strict=True))
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            assert (one < other) == (code[i] < code[j])


def test_combined_numbers_broadcast():
    code = combine([np.array([[3], [5]]), np.array([7, 8, 9])])
    assert code.tolist() == [[0, 1, 2], [6, 7, 8]]
