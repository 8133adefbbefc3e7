"""Copies, moves and changes of chunks that are interrupted: at every step, by a store that is gone from then on.

After it, whatever can be opened at the target is whole, and the same call leads to what it would have led to.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import ContainsArrayError
from terrazzo.nodes.locate import JOURNAL
from terrazzo.nodes.transfer import journal
from terrazzo.storage import MemoryStore, WrapperStore
from terrazzo.testing.stores import FailingStore, SuspendingStore
from tests.helpers import on_a_loop
from tests.stored import contents_of

NUMBERS = np.arange(60, dtype="int16").reshape(6, 10)


class CannotRename(WrapperStore):
    """A store that moves by copying."""

    async def rename_dir(self, source, target):
        return False


@dataclass(frozen=True)
class Scenario:
    """Something that can be interrupted.

    Attributes
    ----------
    prepare
        Fills the store before.
    do
        Works in the store, with whatever the source is.
    """

    prepare: Callable[[Any], None]
    do: Callable[[Any, Any], Any]


def source_store():
    root = terrazzo.create_group(MemoryStore())
    root.create_array("g/a", data=NUMBERS, chunks=(2, 4), attributes={"unit": "m"})
    root.create_array("g/h/b", data=NUMBERS * 2, chunks=(2, 5), shards=(4, 10))
    root.create_array("g/few", shape=(90, 90), chunks=(10, 10), dtype="int8", fill_value=1)[0, ::50] = 5
    terrazzo.consolidate_metadata(root.store, path="g")
    return root.store


def nothing(store):
    pass


def other_nodes(store):
    root = terrazzo.create_group(store)
    root.create_array("g/a", data=np.ones((5, 5)), chunks=(1, 1))
    root["g/h/b/below"] = [1]
    root["g/mine"] = [1]


def leftovers(store):
    other_nodes(store)
    plain = contents_of(store)
    for key in plain:
        if key.endswith("zarr.json"):
            on_a_loop(store.delete(key))


def own_nodes(store):
    root = terrazzo.create_group(store)
    terrazzo.copy(source_store(), root, name="src")
    terrazzo.consolidate_metadata(store)


SCENARIOS = {
    "copy": Scenario(nothing, lambda source, store: terrazzo.copy(source, store, name="x")),
    "copy all": Scenario(
        lambda store: terrazzo.create_group(store), lambda source, store: terrazzo.copy_all(source, store)
    ),
    "copy over leftovers": Scenario(leftovers, lambda source, store: terrazzo.copy(source, store, name="")),
    "replace": Scenario(
        other_nodes,
        lambda source, store: terrazzo.copy_all(source, store, if_exists="replace", chunks=(3, 3), shards=None),
    ),
    "skip": Scenario(other_nodes, lambda source, store: terrazzo.copy_all(source, store, if_exists="skip")),
    "rechunk": Scenario(nothing, lambda source, store: terrazzo.rechunk(source, store, chunks=(3, 4), shards=(6, 8))),
    "rechunk to format 2": Scenario(
        nothing, lambda source, store: terrazzo.rechunk(source, store, zarr_format=2, compressors=None)
    ),
    "copy store": Scenario(nothing, lambda source, store: terrazzo.copy_store(source, store)),
    "move": Scenario(own_nodes, lambda source, store: terrazzo.open_group(store).move("src/g", "far/away")),
}


def arrays_in(store):
    """Every array that can be opened, by path, with its elements."""
    paths = sorted({key.rpartition("/")[0] for key in contents_of(store) if key.endswith(("zarr.json", ".zarray"))})
    found = {}
    for path in paths:
        node = terrazzo.open(store, path=path, mode="r")
        if isinstance(node, terrazzo.Array):
            found[path] = node[...]
    return found


STEPS = {"inline": 12, "suspending": 4}
"""How many steps of each scenario are tried, chosen at random; ``EVERY_STEP=1`` tries all, and takes minutes."""


def steps_of(driven, total):
    every = os.environ.get("EVERY_STEP") == "1"
    steps = range(1, total + 1)
    return steps if every else random.Random(6).sample(steps, min(total, STEPS[driven]))


@pytest.mark.parametrize("writes_journal", ["seldom", "always"])
@pytest.mark.parametrize("driven", STEPS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_interruption_anywhere_leaves_nothing_half_and_is_made_good(name, driven, writes_journal, monkeypatch):
    if writes_journal == "always":
        monkeypatch.setattr(journal, "SAVE_SECONDS", 0.0)
    scenario = SCENARIOS[name]
    source = source_store()
    wrap = SuspendingStore if driven == "suspending" else lambda store: store
    done = CannotRename(MemoryStore())
    scenario.prepare(done)
    before = arrays_in(done)
    counted = FailingStore(done, lambda request: False)
    scenario.do(source, counted)
    expected, after = contents_of(done), arrays_in(done)
    assert not [key for key in expected if JOURNAL in key]
    assert counted.asked > 15
    for last in steps_of(driven, counted.asked):
        store = CannotRename(MemoryStore())
        scenario.prepare(store)
        failing = FailingStore(wrap(store), lambda request: False)
        failing.fails = lambda request, dies=last, failing=failing: failing.asked >= dies
        with pytest.raises(OSError, match="simulated"):
            scenario.do(source, failing)
        found = arrays_in(store)
        for path, values in found.items():
            wholes = [whole[path] for whole in (before, after) if path in whole]
            assert any(np.array_equal(values, whole) for whole in wholes), (last, path)
        if name == "move":
            ends = [{f"src/g/{end}", f"far/away/{end}"} for end in ("a", "h/b", "few")]
            assert not any(places.isdisjoint(found) for places in ends), last
        scenario.do(source, store)
        assert contents_of(store) == expected, last


def test_what_is_done_is_not_done_again(monkeypatch):
    monkeypatch.setattr(journal, "SAVE_SECONDS", 0.0)
    source = terrazzo.create_array(MemoryStore(), data=np.arange(200), chunks=1)
    store = MemoryStore()
    failing = FailingStore(store, lambda request: failing.asked > 300)
    with pytest.raises(OSError, match="simulated"):
        terrazzo.copy(source, failing, name="a")
    counted = FailingStore(store, lambda request: False)
    terrazzo.copy(source, counted, name="a")
    assert counted.asked < 200
    np.testing.assert_array_equal(terrazzo.open_array(store, path="a")[:], np.arange(200))


@pytest.mark.parametrize("if_exists", ["raise", "skip", "replace"])
def test_a_node_that_somebody_has_made_since_an_interruption_is_not_taken_for_the_copy(if_exists, monkeypatch):
    monkeypatch.setattr(journal, "SAVE_SECONDS", 0.0)
    target = terrazzo.create_group(MemoryStore())
    failing = FailingStore(target.store, lambda request: (request.operation, request.key) == ("set", "a/zarr.json"))
    source = terrazzo.create_array({}, data=NUMBERS, chunks=(2, 5))
    with pytest.raises(OSError, match="simulated"):
        terrazzo.copy(source, failing, name="a")
    mine = target.create_array("a", shape=NUMBERS.shape, chunks=(2, 5), dtype="int16", attributes={"mine": True})
    mine[...] = -1
    if if_exists == "raise":
        with pytest.raises(ContainsArrayError):
            terrazzo.copy(source, target, name="a")
    else:
        terrazzo.copy(source, target, name="a", if_exists=if_exists)
    expected = NUMBERS if if_exists == "replace" else np.full_like(NUMBERS, -1)
    np.testing.assert_array_equal(target["a"][...], expected)
    assert dict(target["a"].attrs) == ({} if if_exists == "replace" else {"mine": True})


@pytest.mark.parametrize("text", [b"{}", b"[1]", b"{", b'{"identity": "%s", "done": 3}'])
def test_a_journal_that_makes_no_sense_is_named(text, monkeypatch):
    monkeypatch.setattr(journal, "fingerprint", lambda about: "%s")
    monkeypatch.setattr("terrazzo.nodes.transfer.plan.fingerprint", lambda about: "%s")
    store = MemoryStore({})
    store.set_sync(f"a/{JOURNAL}", terrazzo.buffer.cpu.Buffer.from_bytes(text))
    source = terrazzo.create_array({}, data=[1])
    with pytest.raises(terrazzo.errors.BaseZarrError):
        terrazzo.copy(source, store, name="a")
