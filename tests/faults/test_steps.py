"""Row SW-01: the Nth store operation fails, for every N, until a scenario passes untouched.

After each failure the stored state is the one before or the one after the step that failed, chunk by chunk where the
step writes chunks; the handle agrees with it; and repeating the step leads to the right end.
"""

import errno
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import terrazzo
from terrazzo.testing.stores import FailingStore, SuspendingStore
from tests.conftest import STORES, make_store
from tests.faults.frames import text_of

FILL = 7
CHUNKS = (2, 2)


@dataclass(frozen=True)
class State:
    """What a reader sees of an array."""

    values: Any
    attributes: dict[str, Any]

    def __eq__(self, other):
        return (
            isinstance(other, State)
            and self.values.shape == other.values.shape
            and np.array_equal(self.values, other.values)
            and self.attributes == other.attributes
        )

    __hash__ = None


def look(store):
    """The state as it is stored, through a handle that knows nothing; None when there is no array."""
    if isinstance(store, SuspendingStore):
        store = store._store
    try:
        array = terrazzo.open_array(store, path="g/a", mode="r")
    except FileNotFoundError:
        return None
    return State(array[...], dict(array.attrs))


def is_mixture(found, before, after):
    """Whether every chunk is as before or as after."""
    if found is None or before is None or found.values.shape != before.values.shape:
        return False
    regions = itertools.product(
        *(
            [slice(start, start + size) for start in range(0, length, size)]
            for length, size in zip(found.values.shape, CHUNKS, strict=True)
        )
    )
    return found.attributes in (before.attributes, after.attributes) and all(
        np.array_equal(found.values[region], before.values[region])
        or np.array_equal(found.values[region], after.values[region])
        for region in regions
    )


@dataclass(frozen=True)
class Step:
    """One operation through the handle, and what it does to the model.

    Attributes
    ----------
    by_chunk
        Whether the step writes several chunks in place, so that some may be old and some new.
    gone
        Whether nothing at all is a state on the way, because the step deletes first.
    """

    name: str
    do: Callable[[Any, Any], Any]
    model: Callable[[State | None], State | None]
    by_chunk: bool = False
    gone: bool = False


def written(selection, value):
    def model(state):
        values = state.values.copy()
        values[selection] = value
        return State(values, state.attributes)

    return model


def resized(*shape):
    def model(state):
        values = np.full(shape, FILL, "u2")
        kept = tuple(slice(0, min(new, old)) for new, old in zip(shape, state.values.shape, strict=True))
        values[kept] = state.values[kept]
        return State(values, state.attributes)

    return model


def with_attributes(**attributes):
    return lambda state: State(state.values, attributes)


ROWS = np.arange(1, 16, dtype="u2").reshape(5, 3)
MORE = np.arange(100, 109, dtype="u2").reshape(3, 3)
OTHER = np.arange(50, 59, dtype="u2").reshape(3, 3)


def create(store, array):
    return terrazzo.create_array(
        store, name="g/a", shape=(5, 3), chunks=CHUNKS, dtype="u2", fill_value=FILL, attributes={"v": 0}
    )


def create_with_data(store, array):
    return terrazzo.create_array(store, name="g/a", data=ROWS, chunks=CHUNKS, fill_value=FILL)


def overwrite(store, array):
    return terrazzo.create_array(
        store, name="g/a", data=OTHER, chunks=CHUNKS, fill_value=FILL, attributes={"new": 1}, overwrite=True
    )


CREATE = Step("create", create, lambda state: State(np.full((5, 3), FILL, "u2"), {"v": 0}))
CREATE_WITH_DATA = Step("create with data", create_with_data, lambda state: State(ROWS, {}))
WRITE = Step("write", lambda store, array: array.__setitem__(..., ROWS), written(..., ROWS), by_chunk=True)
PARTIAL = (slice(1, 4), slice(1, 3))
PARTIAL_WRITE = Step(
    "partial write", lambda store, array: array.__setitem__(PARTIAL, 200), written(PARTIAL, 200), by_chunk=True
)
CORNER = (slice(0, 2), slice(0, 2))
EMPTY_WRITE = Step("write of fill", lambda store, array: array.__setitem__(CORNER, FILL), written(CORNER, FILL))
APPEND = Step(
    "append",
    lambda store, array: array.append(MORE),
    lambda state: State(np.concatenate([state.values, MORE]), state.attributes),
)
APPEND_COLUMNS = Step(
    "append columns",
    lambda store, array: array.append(ROWS[:, :2], axis=1),
    lambda state: State(np.concatenate([state.values, ROWS[:, :2]], axis=1), state.attributes),
)
UPDATE = Step("attributes", lambda store, array: array.attrs.update(x=1), with_attributes(v=0, x=1))
PUT = Step("other attributes", lambda store, array: array.attrs.put({"y": 2}), with_attributes(y=2))
SHRINK = Step("shrink", lambda store, array: array.resize((3, 2)), resized(3, 2))
GROW = Step("grow", lambda store, array: array.resize((6, 5)), resized(6, 5))
SHRINK_TO_NOTHING = Step("shrink to nothing", lambda store, array: array.resize((0, 0)), resized(0, 0))
OVERWRITE = Step("overwrite", overwrite, lambda state: State(OTHER, {"new": 1}), gone=True)
DELETE = Step("delete", lambda store, array: terrazzo.open_group(store)["g"].__delitem__("a"), lambda state: None)

SCENARIOS = {
    "life": (CREATE, WRITE, PARTIAL_WRITE, EMPTY_WRITE, APPEND, UPDATE, SHRINK, GROW, PUT),
    "first data": (CREATE_WITH_DATA, PARTIAL_WRITE, GROW, SHRINK, GROW),
    "append to an edge": (CREATE_WITH_DATA, APPEND_COLUMNS, SHRINK_TO_NOTHING, GROW),
    "replaced": (CREATE_WITH_DATA, OVERWRITE, PARTIAL_WRITE, DELETE, CREATE),
}


def failing_once(base, number):
    """A store whose `number`-th operation fails, and a list that will hold the request."""
    asked = itertools.count(1)
    failed = []

    def fails(request):
        if next(asked) != number:
            return False
        failed.append(request)
        return True

    return FailingStore(base, fails, lambda request: OSError(errno.EIO, "simulated")), failed


def attempt(do):
    """The result of a call and what it raised, one of them None."""
    try:
        return do(), None
    except OSError as error:
        return None, error


def play(base, number, steps):
    """Play a scenario in which one operation fails; whether it did."""
    store, failed = failing_once(base, number)
    array, before = None, None
    for step in steps:
        after = step.model(before)
        count = len(failed)
        result, error = attempt(lambda step=step, array=array: step.do(store, array))
        assert (error is not None) == (len(failed) > count), f"{step.name}, {failed}, {error!r}"
        if error is not None:
            check_failure(step, error, failed[-1], store, base, array, before, after)
            result = step.do(store, array)
        if step.name.startswith(("create", "overwrite")):
            array = result
        if failed:
            assert look(base) == after, f"{step.name}, operation {number}"
        before = after
    assert look(base) == before
    return bool(failed)


def check_failure(step, error, request, store, base, array, before, after):
    what = f"{step.name}, {request}"
    assert error.errno == errno.EIO, what
    assert str(store) in text_of(error), what
    assert request.key in text_of(error), what
    found = look(base)
    possible = [before, after, *([None] if step.gone else [])]
    assert found in possible or (step.by_chunk and is_mixture(found, before, after)), what
    if array is not None and found is not None and not step.name.startswith(("create", "overwrite")):
        assert array.shape == found.values.shape, what
        assert dict(array.attrs) == found.attributes, what
    if step.name.startswith("append"):
        assert found == before, f"{what}: repeating it would append twice"


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("steps", SCENARIOS.values(), ids=list(SCENARIOS))
def test_SW_01_after_the_nth_operation_failed_the_state_is_a_whole_one(steps, kind, tmp_path):
    for number in itertools.count(1):
        if not play(make_store(kind, tmp_path / str(number)), number, steps):
            break
    assert number > 20


def play_with_group(base, number):
    """Make a group, change it and look at it while one operation fails; whether it did."""
    store, failed = failing_once(base, number)

    def repeat(do):
        result, error = attempt(do)
        if error is None:
            return result
        assert str(store) in text_of(error)
        assert failed[-1].key in text_of(error)
        return do()

    path = f"g{number}/sub"
    group = repeat(lambda: terrazzo.create_group(store, path=path, attributes={"v": 0}))
    repeat(lambda: group.attrs.update(x=1))
    repeat(lambda: group.require_group("child"))
    repeat(lambda: group.require_array("array", shape=(3,), dtype="u1"))
    repeat(lambda: group.__setitem__("values", np.arange(3)))
    assert [name for name, _ in repeat(lambda: group.members(max_depth=None))] == ["array", "child", "values"]
    repeat(lambda: group.__delitem__("values"))
    clean = terrazzo.open_group(base, path=path, mode="r")
    assert dict(clean.attrs) == dict(group.attrs) == {"v": 0, "x": 1}
    assert [name for name, _ in clean.members()] == ["array", "child"]
    return bool(failed)


def test_SW_01_groups_and_their_attributes(store):
    for number in itertools.count(1):
        if not play_with_group(store, number):
            break
    assert number > 15
