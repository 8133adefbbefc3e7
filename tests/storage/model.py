"""A store against a dictionary: random operations, after each of which both hold the same.

A folder stays when the last value in it is deleted, as on any file system: it may be listed by ``list_dir``, and no
value can take its place, until the folder itself is deleted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from terrazzo.abc.store import OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from tests.storage.contract import PROTOTYPE, fetch, gather_ranges, listed, part_of, value_of

SEGMENTS = st.sampled_from(["a", "aa", "a.b", "b", "c", "é", "zarr.json"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)
VALUES = st.binary(max_size=20)
POSITIONS = st.integers(0, 25)
RANGES = st.one_of(
    st.none(),
    st.tuples(POSITIONS, POSITIONS).map(lambda ends: RangeByteRequest(min(ends), max(ends))),
    POSITIONS.map(OffsetByteRequest),
    POSITIONS.map(SuffixByteRequest),
)


class StoreMachine(RuleBasedStateMachine):
    """Subclasses say which store is meant, and how its coroutines are run."""

    make: Callable[[Path], Store]
    drive: Callable[[Store, Any], Any]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = type(self).make(self.folder)
        self.model: dict[str, bytes] = {}
        self.folders: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def run(self, coroutine: Any) -> Any:
        return type(self).drive(self.store, coroutine)

    def has_room(self, key: str) -> bool:
        """Whether no file would have to be a folder as well, which no file system can do."""
        return key not in self.folders and not any(folder in self.model for folder in folders_above(key))

    def remember(self, key: str, data: bytes) -> None:
        self.model[key] = data
        self.folders.update(folders_above(key))

    def forget_below(self, path: str) -> None:
        prefix = path + "/" if path else ""
        self.model = {key: data for key, data in self.model.items() if not key.startswith(prefix)}
        self.folders = {folder for folder in self.folders if not (folder + "/").startswith(prefix)}

    @rule(key=PATHS, data=VALUES)
    def set(self, key, data):
        if self.has_room(key):
            self.run(self.store.set(key, value_of(data)))
            self.remember(key, data)

    @rule(key=PATHS, data=VALUES)
    def set_if_not_exists(self, key, data):
        if self.has_room(key):
            self.run(self.store.set_if_not_exists(key, value_of(data)))
            self.remember(key, self.model.get(key, data))

    @rule(key=PATHS)
    def delete(self, key):
        self.run(self.store.delete(key))
        self.model.pop(key, None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete_what_is_there(self, data):
        self.delete(data.draw(st.sampled_from(sorted(self.model))))

    @rule(path=PATHS, slash=st.sampled_from(["", "/"]))
    def delete_dir(self, path, slash):
        if path not in self.model:  # a prefix means a folder; what deleting a file as one does is not promised
            self.run(self.store.delete_dir(path + slash))
            self.forget_below(path)

    @precondition(lambda self: len(self.model) > 4)
    @rule()
    def clear(self):
        self.run(self.store.clear())
        self.forget_below("")

    @rule(key=PATHS, byte_ranges=st.lists(RANGES, max_size=5), gap=st.integers(0, 10), most=st.integers(0, 30))
    def read(self, key, byte_ranges, gap, most):
        known = self.model.get(key)
        assert self.run(fetch(self.store, key)) == known
        assert self.run(self.store.exists(key)) == (known is not None)
        if known is None:
            return
        assert self.run(self.store.getsize(key)) == len(known)
        wanted = [part_of(known, byte_range) for byte_range in byte_ranges]
        assert [self.run(fetch(self.store, key, byte_range)) for byte_range in byte_ranges] == wanted
        found = self.run(gather_ranges(self.store, key, byte_ranges, max_gap_bytes=gap, max_coalesced_bytes=most))
        assert found == wanted
        parts = self.run(self.store.get_partial_values(PROTOTYPE, [(key, byte_range) for byte_range in byte_ranges]))
        assert [part.to_bytes() for part in parts] == wanted

    @rule(path=st.one_of(st.just(""), PATHS), slash=st.sampled_from(["", "/"]))
    def list_below(self, path, slash):
        prefix = path + slash if path else ""
        folder = f"{path}/" if path else ""
        below = [key.removeprefix(folder) for key in self.model if key.startswith(folder)]
        names = self.run(_all(self.store.list_dir(prefix)))
        wanted = {name.split("/")[0] for name in below}
        assert len(names) == len(set(names))
        assert wanted <= set(names)
        assert all(folder + name in self.folders for name in set(names) - wanted)
        assert sorted(self.run(_all(self.store.list_prefix(prefix)))) == sorted(
            key for key in self.model if key.startswith(prefix)
        )
        assert self.run(self.store.is_empty(prefix)) == (not below)
        assert self.run(self.store.getsize_prefix(prefix)) == sum(len(self.model[folder + name]) for name in below)

    @invariant()
    def both_hold_the_same(self):
        assert self.run(listed(self.store)) == sorted(self.model)


def folders_above(key: str) -> list[str]:
    segments = key.split("/")
    return ["/".join(segments[:depth]) for depth in range(1, len(segments))]


async def _all(keys: Any) -> list[str]:
    return [key async for key in keys]


def machine(make: Callable[[Path], Store], drive: Callable[[Store, Any], Any]) -> Any:
    """The test case of one kind of store, driven in one way."""
    members = {"make": staticmethod(make), "drive": staticmethod(drive)}
    return type("Machine", (StoreMachine,), members).TestCase  # type: ignore[attr-defined]
