import inspect
import threading

import pytest

from terrazzo.errors import SuspendedError
from terrazzo.runtime import (
    driven_inline,
    mirror,
    mirror_function,
    mirror_function_items,
    mirror_items,
    mirror_stream,
    pause,
)
from terrazzo.runtime.mirror import stream


class AsyncPond:
    """The asynchronous side."""

    def __init__(self):
        self.closed = False

    async def deepen(self, by: int, *, slowly: bool = False) -> int:
        """Dig."""
        if by < 0:
            raise ValueError("the pond would be flat")
        self.seen = by, slowly, threading.current_thread(), driven_inline()
        return by * 2

    async def wait(self) -> None:
        await pause()

    async def fish(self, count: int, wanted: str = "carp"):
        """Catch fish, one by one."""
        try:
            for number in range(count):
                assert driven_inline()
                yield f"{wanted} {number}"
            if count > 5:
                raise ValueError("the pond is empty")
        finally:
            self.closed = True


class Pond:
    def __init__(self):
        self.async_counterpart = AsyncPond()

    deepen = mirror(AsyncPond.deepen)
    deepen_and_tell = mirror(AsyncPond.deepen, wrap=lambda depth: f"{depth} m")
    wait = mirror(AsyncPond.wait)
    fish = mirror_stream(AsyncPond.fish, wrap=str.upper)
    fish_all = mirror_items(AsyncPond.fish, wrap=str.upper)


async def dig(where: str, *tools: str, depth: int = 1, **more: int) -> str:
    """Dig a pond."""
    if depth > 9:
        raise ValueError("too deep")
    return f"{where} {tools} {depth} {more} {driven_inline()}"


blocking_dig = mirror_function(dig)


async def plant(*reeds: str):
    """Plant reeds, one by one."""
    for reed in reeds:
        yield reed


blocking_plant = mirror_function_items(plant, wrap=len)


@pytest.mark.parametrize(
    ("mirrored", "original"),
    [
        (Pond.deepen, AsyncPond.deepen),
        (Pond.fish, AsyncPond.fish),
        (Pond.fish_all, AsyncPond.fish),
        (blocking_dig, dig),
        (blocking_plant, plant),
    ],
    ids=["method", "stream", "items", "function", "function of items"],
)
def test_a_mirror_looks_like_its_original_but_blocks(mirrored, original):
    assert mirrored.__name__ == original.__name__
    assert mirrored.__qualname__ == original.__qualname__
    assert mirrored.__doc__ == original.__doc__
    assert mirrored.__module__ == original.__module__
    assert inspect.signature(mirrored) == inspect.signature(original)
    assert not inspect.iscoroutinefunction(mirrored)
    assert not inspect.isasyncgenfunction(mirrored)
    assert inspect.unwrap(mirrored) is mirrored


def test_a_bound_mirror_has_the_signature_without_self():
    assert str(inspect.signature(Pond().deepen)) == "(by: int, *, slowly: bool = False) -> int"


def test_a_method_runs_on_the_calling_thread_with_the_arguments_as_they_are():
    pond = Pond()
    assert pond.deepen(3, slowly=True) == 6
    assert pond.async_counterpart.seen == (3, True, threading.current_thread(), True)
    assert not driven_inline()


def test_an_error_passes_through():
    with pytest.raises(ValueError, match="flat"):
        Pond().deepen(-1)
    with pytest.raises(ValueError, match="too deep"):
        blocking_dig("here", depth=10)


def test_wrong_arguments_are_a_type_error():
    with pytest.raises(TypeError, match="slow"):
        Pond().deepen(1, slow=True)


def test_the_result_is_wrapped():
    assert Pond().deepen_and_tell(4) == "8 m"
    assert mirror_function(dig, wrap=len)("x") == len(blocking_dig("x"))


def test_a_function_gets_the_arguments_as_they_are():
    assert blocking_dig("here", "spade", "hoe", depth=2, width=3) == "here ('spade', 'hoe') 2 {'width': 3} True"


def test_a_coroutine_that_waits_is_refused():
    with pytest.raises(SuspendedError, match=r"AsyncPond\.wait"):
        Pond().wait()


def test_a_stream_yields_wrapped_items():
    pond = Pond()
    assert list(pond.fish(3, wanted="pike")) == ["PIKE 0", "PIKE 1", "PIKE 2"]
    assert pond.async_counterpart.closed


def test_a_stream_asks_for_one_item_at_a_time():
    pond = Pond()
    items = pond.fish(6)
    assert next(items) == "CARP 0"
    assert not driven_inline()
    assert not pond.async_counterpart.closed
    assert [next(items) for _ in range(5)][-1] == "CARP 5"
    with pytest.raises(ValueError, match="empty"):
        next(items)
    assert pond.async_counterpart.closed


def test_an_empty_stream_ends():
    assert list(Pond().fish(0)) == []


def test_an_abandoned_stream_closes_the_generator():
    pond = Pond()
    items = pond.fish(3)
    assert next(items) == "CARP 0"
    items.close()
    assert pond.async_counterpart.closed

    pond = Pond()
    for _ in pond.fish(3):
        break
    assert pond.async_counterpart.closed


def test_an_abandoned_stream_closes_the_generator_even_if_somebody_keeps_it():
    pond = AsyncPond()
    kept = pond.fish(3)
    items = stream(kept)
    assert next(items) == "carp 0"
    items.close()
    assert pond.closed


def test_a_stream_that_is_never_started_does_nothing():
    pond = Pond()
    pond.fish(3).close()
    assert not pond.async_counterpart.closed


def test_an_item_may_be_none():
    async def nothings():
        yield None
        yield None

    assert list(stream(nothings())) == [None, None]


def test_items_that_change_something_are_all_made_before_the_first_is_asked_for():
    pond = Pond()
    caught = pond.fish_all(2)
    assert pond.async_counterpart.closed
    assert list(caught) == ["CARP 0", "CARP 1"]
    assert list(blocking_plant("a", "bcd")) == [1, 3]
