"""What every store must do: checks, each a coroutine on an empty, writable store.

`terrazzo.testing.store.StoreTests` runs all of them. A check reads and writes through the store itself, so it can be
used on any store, and driven in any way.

Specification: the rules in ``terrazzo.abc.store``.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import numpy as np
import pytest

from terrazzo.abc.store import RangeByteRequest, Store
from terrazzo.buffer.cpu import Buffer
from terrazzo.errors import InvalidKeyError
from terrazzo.testing.store_samples import (
    BACKWARDS,
    HOSTILE,
    HOSTILE_PREFIXES,
    KEYS,
    PROTOTYPE,
    RANGES,
    SIBLINGS,
    everything,
    fetch,
    gather_ranges,
    listed,
    part_of,
    put,
    value_of,
)
from terrazzo.testing.store_together import TOGETHER

__all__ = ["CHECKS", "Check"]

Check: TypeAlias = Callable[[Store], Coroutine[Any, Any, None]]


# -- reading and writing


async def what_is_set_is_got(store: Store) -> None:
    await put(store, *KEYS)
    for key in KEYS:
        assert await fetch(store, key) == key.encode()
        assert await store.exists(key)
        assert await store.getsize(key) == len(key.encode())
    assert await listed(store) == sorted(KEYS)


async def a_key_that_is_not_there_is_none(store: Store) -> None:
    await put(store, "a/b")
    for key in ("b", "a", "a/b/c", "a/bb", "a/b.c"):
        assert await store.get(key, PROTOTYPE) is None
        assert await store.get(key, PROTOTYPE, RangeByteRequest(0, 1)) is None
        assert await store.get_into(key, memoryview(bytearray(3))) is None
        assert not await store.exists(key)
        with pytest.raises(FileNotFoundError, match=key):
            await store.getsize(key)


async def an_empty_value_is_a_value(store: Store) -> None:
    await store.set("a", value_of(b""))
    assert await fetch(store, "a") == b""
    assert await store.exists("a")
    assert await store.getsize("a") == 0
    assert await store.get_into("a", memoryview(bytearray())) == 0
    for byte_range in RANGES:
        assert await fetch(store, "a", byte_range) == b""
    assert await listed(store) == ["a"]


async def a_large_value_comes_back_whole(store: Store) -> None:
    data = np.random.default_rng(0).bytes((5 << 20) + 1)
    await store.set("a/large", value_of(data))
    assert await fetch(store, "a/large") == data
    assert await fetch(store, "a/large", RangeByteRequest(1 << 20, 3 << 20)) == data[1 << 20 : 3 << 20]
    out = bytearray(len(data))
    assert await store.get_into("a/large", memoryview(out)) == len(data)
    assert out == data


async def a_value_is_replaced_whole(store: Store) -> None:
    for data in (b"long value", b"short", b"", b"longer value than all"):
        await store.set("a/b", value_of(data))
        assert await fetch(store, "a/b") == data


async def every_kind_of_range_is_read(store: Store) -> None:
    data = b"0123456789"
    await store.set("a", value_of(data))
    for byte_range in RANGES:
        assert await fetch(store, "a", byte_range) == part_of(data, byte_range), byte_range
    parts = await store.get_partial_values(PROTOTYPE, [("a", byte_range) for byte_range in RANGES] + [("b", None)])
    assert [None if part is None else part.to_bytes() for part in parts] == [part_of(data, r) for r in RANGES] + [None]
    assert await store.get_partial_values(PROTOTYPE, []) == []


async def a_range_that_counts_backwards_is_refused(store: Store) -> None:
    await store.set("a", value_of(b"0123456789"))
    for byte_range in BACKWARDS:
        with pytest.raises(ValueError, match="backwards"):
            await store.get("a", PROTOTYPE, byte_range)
        with pytest.raises(ValueError, match="backwards"):
            await gather_ranges(store, "a", [RangeByteRequest(0, 10), byte_range])


async def many_ranges_of_one_value_are_read(store: Store) -> None:
    data = bytes(range(10))
    await store.set("a", value_of(data))
    wanted = [part_of(data, byte_range) for byte_range in RANGES]
    assert await gather_ranges(store, "a", RANGES) == wanted
    for gap, most in ((0, 1 << 20), (2, 4), (1 << 20, 1), (0, 0)):
        limits = {"max_gap_bytes": gap, "max_coalesced_bytes": most, "max_concurrency": 3}
        assert await gather_ranges(store, "a", RANGES, **limits) == wanted
    assert await gather_ranges(store, "a", []) == []
    with pytest.raises(FileNotFoundError, match="missing"):
        await gather_ranges(store, "missing", RANGES)


async def a_value_is_read_into_memory(store: Store) -> None:
    await store.set("a", value_of(b"0123456789"))
    out = bytearray(10)
    assert await store.get_into("a", memoryview(out)) == 10
    assert out == b"0123456789"
    for size in (0, 9, 11):
        assert await store.get_into("a", memoryview(bytearray(size))) == 10


async def values_do_not_share_memory(store: Store) -> None:
    array = np.arange(6, dtype="uint8")
    data = bytearray(b"012345")
    await store.set("array", Buffer.from_array_like(array))
    await store.set("bytearray", value_of(data))  # type: ignore[arg-type]
    await store.set("view", value_of(memoryview(data)))  # type: ignore[arg-type]
    await store.set_if_not_exists("new", value_of(data))  # type: ignore[arg-type]
    array[:] = 9
    data[:] = b"xxxxxx"
    for key in ("bytearray", "view", "new"):
        assert await fetch(store, key) == b"012345"
        got = await store.get(key, PROTOTYPE)
        assert got is not None
        with contextlib.suppress(ValueError):  # read-only is as good
            got.as_numpy_array()[...] = 0
        assert await fetch(store, key) == b"012345"
    assert await fetch(store, "array") == bytes(range(6))


async def only_buffers_are_values(store: Store) -> None:
    for value in (b"bytes", "text", None, np.zeros(3, "uint8")):
        with pytest.raises(TypeError, match="Buffer"):
            await store.set("a", value)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="Buffer"):
            await store.set_if_not_exists("a", value)  # type: ignore[arg-type]
    assert await listed(store) == []


async def a_value_that_exists_is_not_set_again(store: Store) -> None:
    await store.set_if_not_exists("a/b", value_of(b"first"))
    await store.set_if_not_exists("a/b", value_of(b"second"))
    assert await fetch(store, "a/b") == b"first"
    await store.delete("a/b")
    await store.set_if_not_exists("a/b", value_of(b"third"))
    assert await fetch(store, "a/b") == b"third"
    await store.set("empty", value_of(b""))
    await store.set_if_not_exists("empty", value_of(b"not empty"))
    assert await fetch(store, "empty") == b""


# -- keys


async def hostile_keys_are_refused(store: Store) -> None:
    await put(store, "a/b")
    value = value_of(b"x")
    for key in HOSTILE:
        for attempt in (
            lambda key=key: store.get(key, PROTOTYPE),
            lambda key=key: store.get(key, PROTOTYPE, RangeByteRequest(0, 1)),
            lambda key=key: store.get_into(key, memoryview(bytearray(1))),
            lambda key=key: store.get_partial_values(PROTOTYPE, [(key, None)]),
            lambda key=key: gather_ranges(store, key, [None]),
            lambda key=key: store.exists(key),
            lambda key=key: store.getsize(key),
            lambda key=key: store.set(key, value),
            lambda key=key: store.set_if_not_exists(key, value),
            lambda key=key: store.delete(key),
        ):
            with pytest.raises(InvalidKeyError, match="is not a key"):
                await attempt()
    assert await listed(store) == ["a/b"]


async def hostile_prefixes_are_refused(store: Store) -> None:
    await put(store, "a/b")
    for prefix in HOSTILE_PREFIXES:
        for attempt in (
            lambda prefix=prefix: store.delete_dir(prefix),
            lambda prefix=prefix: store.is_empty(prefix),
            lambda prefix=prefix: store.getsize_prefix(prefix),
            lambda prefix=prefix: everything(store.list_dir(prefix)),
        ):
            with pytest.raises(InvalidKeyError, match="is not a key"):
                await attempt()
        try:
            found = await everything(store.list_prefix(prefix))
        except InvalidKeyError:
            found = []  # a prefix may end inside a segment: `..` is the start of the key `..a`
        assert found == []
    assert await listed(store) == ["a/b"]


# -- deleting


async def a_deleted_value_is_gone(store: Store) -> None:
    await put(store, "a/b", "a/c")
    await store.delete("a/b")
    assert await fetch(store, "a/b") is None
    assert await listed(store) == ["a/c"]


async def deleting_nothing_is_no_error(store: Store) -> None:
    await put(store, "a/b")
    for key in ("missing", "a", "a/b/c"):
        await store.delete(key)
        await store.delete_dir("missing/" + key)
    assert await listed(store) == ["a/b"]


async def siblings_that_share_a_prefix_are_untouched(store: Store) -> None:
    for prefix in ("a", "a/"):
        await put(store, *SIBLINGS)
        await store.delete_dir(prefix)
        assert await listed(store) == sorted(key for key in SIBLINGS if not key.startswith("a/"))
    await put(store, *SIBLINGS)
    await store.delete("a")
    await store.set("a/1", value_of(b"new"))
    assert await listed(store) == sorted(SIBLINGS)
    assert [await fetch(store, key) for key in SIBLINGS[1:]] == [key.encode() for key in SIBLINGS[1:]]


async def a_folder_is_deleted_below_a_path(store: Store) -> None:
    await put(store, "a/b/c/1", "a/b/1", "a/1", "a/bb/1")
    await store.delete_dir("a/b")
    assert await listed(store) == ["a/1", "a/bb/1"]
    await store.delete_dir("")
    assert await listed(store) == []


async def a_cleared_store_is_empty_and_usable(store: Store) -> None:
    await put(store, *SIBLINGS)
    await store.clear()
    assert await listed(store) == []
    assert await store.is_empty("")
    await store.clear()
    await put(store, "a/b")
    assert await listed(store) == ["a/b"]


# -- listing


async def keys_are_listed_by_prefix(store: Store) -> None:
    await put(store, *SIBLINGS)
    for prefix in ("", "a", "a/", "a/b", "a/b/", "a.", "aa/1", "a/1", "a ", "b/", "nothing", "a/nothing/", "a/1/"):
        found = await everything(store.list_prefix(prefix))
        assert sorted(found) == sorted(key for key in SIBLINGS if key.startswith(prefix)), prefix
        assert len(set(found)) == len(found)


async def one_level_is_listed(store: Store) -> None:
    await put(store, *SIBLINGS, "top", "a/b/c/2", "a/c")
    assert sorted(await everything(store.list_dir(""))) == sorted(["a", "aa", "a.b", "a b", "A_", "b", "top"])
    for prefix in ("a", "a/"):
        assert sorted(await everything(store.list_dir(prefix))) == ["1", "b", "c"]
    for prefix in ("a/b", "a/b/"):
        assert sorted(await everything(store.list_dir(prefix))) == ["1", "c"]
    for prefix in ("nothing", "top", "a/1/", "a/bb"):
        assert await everything(store.list_dir(prefix)) == []


async def emptiness_goes_by_segments(store: Store) -> None:
    assert await store.is_empty("")
    await put(store, "aa/b", "c")
    for prefix, empty in (("", False), ("aa", False), ("aa/", False), ("a", True), ("aa/b", True), ("c", True)):
        assert await store.is_empty(prefix) is empty, prefix


async def sizes_are_summed_by_segments(store: Store) -> None:
    await put(store, *SIBLINGS)
    assert await store.getsize_prefix("a") == await store.getsize_prefix("a/") == len("a/1") + len("a/b/1")
    assert await store.getsize_prefix("a/b") == len("a/b/1")
    assert await store.getsize_prefix("") == sum(map(len, SIBLINGS))
    assert await store.getsize_prefix("nothing") == 0


# -- life


async def a_read_only_store_refuses_to_write(store: Store) -> None:
    await put(store, "a/b")
    reader = store.with_read_only(True)
    assert reader.read_only
    assert not store.read_only
    assert type(reader) is type(store)
    attempts: list[Callable[[], Coroutine[Any, Any, None]]] = [
        lambda: reader.set("c", value_of(b"x")),
        lambda: reader.set_if_not_exists("c", value_of(b"x")),
        lambda: reader.delete("a/b"),
        lambda: reader.delete_dir("a"),
        lambda: reader.delete_dir(""),
        reader.clear,
    ]
    for attempt in attempts:
        with pytest.raises(ValueError, match="read-only"):
            await attempt()
    assert await fetch(reader, "a/b") == b"a/b"
    assert await listed(reader) == ["a/b"]
    writer = reader.with_read_only(False)
    await put(writer, "c")
    assert await listed(store) == ["a/b", "c"]


async def stores_over_the_same_values_are_equal(store: Store) -> None:
    same = store.with_read_only(False)
    assert store == store
    assert same == store
    assert same.lock_identity == store.lock_identity
    assert store != object()
    assert (store == 1) is False


async def a_store_survives_pickling(store: Store) -> None:
    await put(store, "a/b", "c")
    async with store.lock("a/b"):
        copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own bytes
    assert type(copy) is type(store)
    assert await listed(copy) == ["a/b", "c"]
    assert await fetch(copy, "a/b") == b"a/b"
    if not copy.read_only:  # as where there can be one writer only
        await put(copy, "d")
        assert await fetch(copy, "d") == b"d"


async def a_store_that_was_closed_opens_again(store: Store) -> None:
    with store as same:
        assert same is store
        await put(store, "a")
    await store._ensure_open()
    await store._ensure_open()
    with pytest.raises(ValueError, match="open already"):
        await store._open()
    assert await fetch(store, "a") == b"a"
    store.close()
    store.close()
    assert await fetch(store, "a") == b"a"
    await put(store, "b")
    assert await listed(store) == ["a", "b"]


async def it_says_what_it_can_do(store: Store) -> None:
    assert store.supports_writes
    assert store.supports_deletes
    assert store.supports_listing
    assert not store.supports_partial_writes
    assert store.supports_consolidated_metadata
    assert isinstance(store.inline, bool)
    assert isinstance(store.reads_into, bool)
    assert isinstance(store.deletes_folders_at_once, bool)
    assert str(store)
    assert type(store).__name__ in repr(store)


async def one_writer_holds_the_lock_of_a_key(store: Store) -> None:
    order = []
    other = store.with_read_only(False)
    async with store.lock("a"):
        order.append("first")
        async with other.lock("b"):
            order.append("another key")
    async with other.lock("a"):
        order.append("released")
    assert order == ["first", "another key", "released"]


CHECKS: tuple[Check, ...] = (
    what_is_set_is_got,
    a_key_that_is_not_there_is_none,
    an_empty_value_is_a_value,
    a_large_value_comes_back_whole,
    a_value_is_replaced_whole,
    every_kind_of_range_is_read,
    a_range_that_counts_backwards_is_refused,
    many_ranges_of_one_value_are_read,
    a_value_is_read_into_memory,
    values_do_not_share_memory,
    only_buffers_are_values,
    a_value_that_exists_is_not_set_again,
    hostile_keys_are_refused,
    hostile_prefixes_are_refused,
    a_deleted_value_is_gone,
    deleting_nothing_is_no_error,
    siblings_that_share_a_prefix_are_untouched,
    a_folder_is_deleted_below_a_path,
    a_cleared_store_is_empty_and_usable,
    keys_are_listed_by_prefix,
    one_level_is_listed,
    emptiness_goes_by_segments,
    sizes_are_summed_by_segments,
    a_read_only_store_refuses_to_write,
    stores_over_the_same_values_are_equal,
    a_store_survives_pickling,
    a_store_that_was_closed_opens_again,
    it_says_what_it_can_do,
    one_writer_holds_the_lock_of_a_key,
    *TOGETHER,
)
