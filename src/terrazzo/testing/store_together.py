"""What every store must do for several callers at once: checks, as those in ``store_checks``."""

from __future__ import annotations

from terrazzo.abc.store import RangeByteRequest, Store
from terrazzo.runtime import map_concurrent
from terrazzo.testing.store_samples import PROTOTYPE, SIBLINGS, fetch, listed, part_of, put, value_of

__all__ = ["TOGETHER"]

WRITERS = 8
SLOW = 1e9
"""Nanoseconds of work that are claimed for what several shall do at once, so that inline drivers use threads for it."""


async def of_several_writers_one_has_its_value_whole(store: Store) -> None:
    values = [bytes([number]) * (100_000 + number) for number in range(WRITERS)]

    async def write(data: bytes) -> None:
        await store.set("a/b", value_of(data))
        assert await fetch(store, "a/b") in values

    await map_concurrent(write, values, concurrency=WRITERS, item_ns=SLOW)
    assert await fetch(store, "a/b") in values
    assert await listed(store) == ["a/b"]


async def of_several_that_set_if_not_exists_one_wins(store: Store) -> None:
    async def write(number: int) -> bytes | None:
        await store.set_if_not_exists("a/b", value_of(b"%d" % number * 10_000))
        return await fetch(store, "a/b")

    seen = await map_concurrent(write, range(WRITERS), concurrency=WRITERS, item_ns=SLOW)
    assert len(set(seen)) == 1
    assert seen[0] in [b"%d" % number * 10_000 for number in range(WRITERS)]


async def writers_of_different_keys_do_not_disturb_one_another(store: Store) -> None:
    keys = [f"{folder}/{number}" for folder in ("a", "aa", "a/b") for number in range(20)]

    async def write(key: str) -> None:
        await store.set(key, value_of(key.encode()))
        assert await fetch(store, key) == key.encode()

    await map_concurrent(write, keys, concurrency=WRITERS, item_ns=SLOW)
    assert await listed(store) == sorted(keys)
    assert [await fetch(store, key) for key in keys] == [key.encode() for key in keys]
    await map_concurrent(store.delete, keys[20:], concurrency=WRITERS, item_ns=SLOW)
    assert await listed(store) == sorted(keys[:20])


async def a_lock_makes_a_change_one_step(store: Store) -> None:
    await store.set("count", value_of(b"0"))
    handles = [store, store.with_read_only(False)]

    async def increment(number: int) -> None:
        handle = handles[number % 2]
        async with handle.lock("count"):
            count = int(await fetch(handle, "count") or b"0")
            await handle.set("count", value_of(b"%d" % (count + 1)))

    await map_concurrent(increment, range(40), concurrency=WRITERS, item_ns=SLOW)
    assert await fetch(store, "count") == b"40"


async def many_values_are_read_and_written_at_once(store: Store) -> None:
    wanted = {key: key.encode() for key in (*SIBLINGS, "zarr.json")}
    await store._set_many((key, value_of(data)) for key, data in wanted.items())
    requests = [(key, PROTOTYPE, byte_range) for key in wanted for byte_range in (None, RangeByteRequest(1, 3))]
    found = [(key, value) async for key, value in store._get_many([*requests, ("missing", PROTOTYPE, None)])]
    parts = sorted((key, None if value is None else value.to_bytes()) for key, value in found if key != "missing")
    assert parts == sorted((key, part_of(wanted[key], byte_range)) for key, _, byte_range in requests)
    assert [value for key, value in found if key == "missing"] == [None]


async def a_store_that_changes_can_be_listed(store: Store) -> None:
    keys = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)]
    await put(store, *keys, "kept")
    seen = []
    async for key in store.list_prefix(""):
        seen.append(key)
        if key != "kept":
            await store.delete(key)
    assert len(seen) == len(set(seen))
    assert set(seen) <= {*keys, "kept"}
    assert "kept" in seen
    assert set(await listed(store)) == {"kept", *keys} - (set(seen) - {"kept"})


TOGETHER = (
    of_several_writers_one_has_its_value_whole,
    of_several_that_set_if_not_exists_one_wins,
    writers_of_different_keys_do_not_disturb_one_another,
    a_lock_makes_a_change_one_step,
    many_values_are_read_and_written_at_once,
    a_store_that_changes_can_be_listed,
)
