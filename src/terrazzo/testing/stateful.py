"""A store against a dictionary: random operations, after each of which both hold the same. Needs ``hypothesis``.

    run_state_machine_as_test(lambda: ZarrStoreStateMachine(store))

A folder stays when the last value in it is deleted, as on any file system: it may be listed by ``list_dir``, and no
value can take its place, until the folder itself is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terrazzo.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
    validate_key,
)
from terrazzo.errors import InvalidKeyError
from terrazzo.testing.hierarchy import ZarrHierarchyStateMachine
from terrazzo.testing.store import blocking
from terrazzo.testing.store_samples import HOSTILE, fetch, gather_ranges, part_of, value_of
from terrazzo.testing.sync_store import SyncStoreWrapper, split_prefix_name, with_frequency

__all__ = [
    "MAX_BINARY_SIZE",
    "SyncStoreWrapper",
    "ZarrHierarchyStateMachine",
    "ZarrStoreStateMachine",
    "split_prefix_name",
    "with_frequency",
]

MAX_BINARY_SIZE = 100
"""Bytes of the largest value that is written."""

SEGMENTS = st.sampled_from(["a", "aa", "a.b", "b", "c", "é", "zarr.json"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)
VALUES = st.binary(max_size=MAX_BINARY_SIZE)
POSITIONS = st.integers(0, MAX_BINARY_SIZE + 10)
RANGES: st.SearchStrategy[ByteRequest | None] = st.one_of(
    st.none(),
    st.tuples(POSITIONS, POSITIONS).map(lambda ends: RangeByteRequest(min(ends), max(ends))),
    POSITIONS.map(OffsetByteRequest),
    POSITIONS.map(SuffixByteRequest),
)
SLASHES = st.sampled_from(["", "/"])


def folders_above(key: str) -> list[str]:
    """The folders that a key lies in, from the top."""
    segments = key.split("/")
    return ["/".join(segments[:depth]) for depth in range(1, len(segments))]


class ZarrStoreStateMachine(RuleBasedStateMachine):
    """Operations of a store, and the same on a dictionary.

    Parameters
    ----------
    store
        Emptied at the start of each run.
    drive
        As of `SyncStoreWrapper`.

    Attributes
    ----------
    model
        What the store must hold.
    folders
        What may be listed although it is empty.
    """

    def __init__(self, store: Store, drive: Callable[[Store, Coroutine[Any, Any, Any]], Any] = blocking) -> None:
        super().__init__()
        self.store = SyncStoreWrapper(store, drive)
        self.run = self.store.run
        self.model: dict[str, bytes] = {}
        self.folders: set[str] = set()

    @initialize()
    def init_store(self) -> None:
        self.store.clear()

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

    # -- writing

    @rule(key=PATHS, data=VALUES)
    def set(self, key: str, data: bytes) -> None:
        if self.has_room(key):
            self.store.set(key, value_of(data))
            self.remember(key, data)

    @rule(key=PATHS, data=VALUES)
    def set_if_not_exists(self, key: str, data: bytes) -> None:
        if self.has_room(key):
            self.run(self.store.store.set_if_not_exists(key, value_of(data)))
            self.remember(key, self.model.get(key, data))

    @rule(key=PATHS)
    def delete_what_may_be_there(self, key: str) -> None:
        self.store.delete(key)
        self.model.pop(key, None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.delete_what_may_be_there(data.draw(st.sampled_from(sorted(self.model))))

    @rule(path=PATHS, slash=SLASHES)
    def delete_dir(self, path: str, slash: str) -> None:
        if path not in self.model:  # a prefix means a folder; what deleting a file as one does is not promised
            self.store.delete_dir(path + slash)
            self.forget_below(path)

    @precondition(lambda self: len(self.model) > 4)
    @rule()
    def clear(self) -> None:
        self.store.clear()
        self.forget_below("")

    # -- reading

    @precondition(lambda self: self.model)
    @rule(key=PATHS, data=st.data())
    def get(self, key: str, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(sorted(self.model)))
        byte_ranges = data.draw(st.lists(RANGES, max_size=5))
        wanted = [part_of(self.model[known], byte_range) for byte_range in byte_ranges]
        assert [self.run(fetch(self.store.store, known, byte_range)) for byte_range in byte_ranges] == wanted
        limits = {"max_gap_bytes": data.draw(st.integers(0, 40)), "max_coalesced_bytes": data.draw(st.integers(0, 99))}
        assert self.run(gather_ranges(self.store.store, known, byte_ranges, **limits)) == wanted
        found = self.store.get(key)
        assert (None if found is None else found.to_bytes()) == self.model.get(key)

    @rule(key=PATHS, data=st.data())
    def get_invalid_zarr_keys(self, key: str, data: st.DataObject) -> None:
        with pytest.raises(InvalidKeyError):
            self.store.get(data.draw(st.sampled_from(HOSTILE)))
        self.exists(key)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def get_partial_values(self, data: st.DataObject) -> None:
        keys = st.sampled_from([*sorted(self.model), "missing"])
        key_ranges = data.draw(st.lists(st.tuples(keys, RANGES), max_size=5))
        found = self.store.get_partial_values(key_ranges)
        assert [None if part is None else part.to_bytes() for part in found] == [
            part_of(self.model[key], byte_range) if key in self.model else None for key, byte_range in key_ranges
        ]

    @rule(key=PATHS)
    def exists(self, key: str) -> None:
        known = self.model.get(key)
        assert self.store.exists(key) == (known is not None)
        if known is not None:
            assert self.run(self.store.store.getsize(key)) == len(known)

    @rule(path=st.one_of(st.just(""), PATHS), slash=SLASHES)
    def list_below(self, path: str, slash: str) -> None:
        prefix = path + slash if path else ""
        folder = f"{path}/" if path else ""
        below = [key.removeprefix(folder) for key in self.model if key.startswith(folder)]
        names = self.store.list_dir(prefix)
        wanted = {name.split("/")[0] for name in below}
        assert len(names) == len(set(names))
        assert wanted <= set(names)
        assert all(folder + name in self.folders for name in set(names) - wanted)
        assert sorted(self.store.list_prefix(prefix)) == sorted(key for key in self.model if key.startswith(prefix))
        assert self.store.is_empty(prefix) == (not below)
        assert self.store.getsize_prefix(prefix) == sum(len(self.model[folder + name]) for name in below)

    @rule()
    def is_empty(self) -> None:
        assert self.store.is_empty("") == (not self.model)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def getsize_prefix(self, data: st.DataObject) -> None:
        self.list_below(data.draw(st.sampled_from(["", *sorted(self.folders)])), "")

    # -- after each step

    @invariant()
    def check_paths_equal(self) -> None:
        assert sorted(self.store.list()) == sorted(self.model)

    @invariant()
    def check_vals_equal(self) -> None:
        async def contents() -> dict[str, bytes | None]:
            return {key: await fetch(self.store.store, key) for key in self.model}

        assert self.run(contents()) == self.model

    @invariant()
    def check_num_zarr_keys_equal(self) -> None:
        documents = [key for key in self.store.list() if split_prefix_name(key)[1] == "zarr.json"]
        assert len(documents) == sum(split_prefix_name(key)[1] == "zarr.json" for key in self.model)

    @invariant()
    def check_zarr_keys(self) -> None:
        for key in self.store.list():
            assert validate_key(key) == key
