import numpy as np
import pytest

from terrazzo.runtime import Scratch, per_thread
from terrazzo.runtime.per_thread import KEPT, LARGEST_KEPT, _kept
from tests.parallel import run_threads


@pytest.fixture(autouse=True)
def _empty_memory():
    _kept.pieces.clear()
    yield
    _kept.pieces.clear()


def test_a_thread_gets_the_same_object_again():
    make = per_thread(lambda *args, **kwargs: [args, kwargs])
    first = make(1, level=2)
    assert first == [(1,), {"level": 2}]
    assert make(1, level=2) is first


def test_other_arguments_get_another_object():
    make = per_thread(lambda *args, **kwargs: object())
    made = [make(), make(1), make(2), make(level=1), make(level=2), make(1, level=1)]
    assert len(set(map(id, made))) == len(made)


def test_two_functions_do_not_share_what_they_made():
    one, two = per_thread(lambda: "one"), per_thread(lambda: "two")
    assert (one(), two(), one()) == ("one", "two", "one")


def test_every_thread_gets_an_object_of_its_own():
    make = per_thread(object)

    def twice():
        first = make()
        assert make() is first
        return first

    made = run_threads(*[twice] * 8)
    assert len(set(map(id, made))) == 8


def test_what_could_not_be_made_is_tried_again():
    attempts = []

    @per_thread
    def make():
        """Makes it the second time."""
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("not yet")
        return "made"

    with pytest.raises(OSError, match="not yet"):
        make()
    assert make() == make() == "made"
    assert len(attempts) == 2
    assert make.__name__ == "make"
    assert make.__doc__ == "Makes it the second time."


def test_scratch_memory_has_the_size_asked_for():
    for size in (0, 1, 100, 1 << 16):
        with Scratch(size) as piece:
            assert piece.shape == (size,)
            assert piece.dtype == np.uint8
            piece[...] = 7


def test_scratch_memory_is_used_again():
    with Scratch(1000) as piece:
        address = piece.ctypes.data
    with Scratch(800) as piece:
        assert piece.ctypes.data == address
        assert len(piece) == 800
    with Scratch(1000) as piece:
        assert piece.ctypes.data == address
        assert len(piece) == 1000


def test_two_pieces_in_use_at_once_are_different_memory():
    with Scratch(100) as outer:
        outer[...] = 1
        with Scratch(100) as inner:
            inner[...] = 2
            assert not np.shares_memory(outer, inner)
        with Scratch(100) as inner:
            assert not np.shares_memory(outer, inner)
        assert (outer == 1).all()


def test_scratch_memory_that_is_too_small_is_not_used():
    with Scratch(10):
        pass
    with Scratch(100) as piece:
        piece[...] = 1
        assert len(piece) == 100


def test_a_thread_keeps_few_pieces():
    scratches = [Scratch(10 + number) for number in range(KEPT + 3)]
    for scratch in scratches:
        scratch.__enter__()
    for scratch in scratches:
        scratch.__exit__(None, None, None)
    assert [len(piece) for piece in _kept.pieces] == [13, 14]


def test_large_scratch_memory_is_given_back():
    with Scratch(LARGEST_KEPT + 1) as piece:
        assert len(piece) == LARGEST_KEPT + 1
    assert _kept.pieces == []
    with Scratch(LARGEST_KEPT):
        pass
    assert len(_kept.pieces) == 1


def test_scratch_memory_is_kept_after_an_error_too():
    with pytest.raises(ZeroDivisionError), Scratch(10):
        raise ZeroDivisionError
    assert len(_kept.pieces) == 1


def test_threads_have_scratch_memory_of_their_own():
    with Scratch(100) as mine:
        mine[...] = 1

        def other():
            with Scratch(100) as theirs:
                theirs[...] = 2
                return np.shares_memory(mine, theirs)

        assert run_threads(other, other, other) == [False] * 3
        assert (mine == 1).all()
