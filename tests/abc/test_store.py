"""The contract's own part: rules for keys, and what a store gets that has only the methods it must have."""

import asyncio
import pickle
import threading

import pytest

import terrazzo
from terrazzo.abc.byte_range import resolve
from terrazzo.abc.store import (
    ByteGetter,
    ByteSetter,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
    SupportsDeleteSync,
    SupportsGetSync,
    SupportsSetSync,
    SupportsSyncStore,
    SyncByteGetter,
    SyncByteSetter,
    set_or_delete,
    split_prefix,
    validate_key,
    validate_prefix,
)
from terrazzo.buffer import cpu
from terrazzo.errors import InvalidKeyError
from terrazzo.runtime import run_inline
from terrazzo.storage import MemoryStore, StorePath
from tests.storage.contract import (
    HOSTILE,
    KEYS,
    PROTOTYPE,
    awaited,
    blocking,
    contract,
    fetch,
    gather_ranges,
    listed,
    put,
    value_of,
)


class Smallest(Store):
    """A store of somebody else, with the methods that every store must have and no others."""

    supports_writes = supports_deletes = supports_listing = True

    def __init__(self, contents=None, *, read_only=False):
        super().__init__(read_only=read_only)
        self.contents = {} if contents is None else contents

    def with_read_only(self, read_only=False):
        return type(self)(self.contents, read_only=read_only)

    @property
    def lock_identity(self):
        return id(self.contents)

    def __eq__(self, other):
        return isinstance(other, Smallest) and self.contents is other.contents

    async def get(self, key, prototype, byte_range=None):
        data = self.contents.get(validate_key(key))
        if data is None:
            return None
        return value_of(data[slice(*resolve(byte_range, len(data)))])

    async def get_partial_values(self, prototype, key_ranges):
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key):
        return validate_key(key) in self.contents

    async def set(self, key, value):
        self._check_writable()
        validate_key(key)
        if not hasattr(value, "to_bytes"):
            raise TypeError(f"expected a Buffer, got {value!r}")
        self.contents[key] = value.to_bytes()

    async def delete(self, key):
        self._check_writable()
        self.contents.pop(validate_key(key), None)

    async def list(self):
        for key in list(self.contents):
            yield key

    async def list_prefix(self, prefix):
        split_prefix(prefix)
        for key in list(self.contents):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix):
        folder = validate_prefix(prefix)
        head = f"{folder}/" if folder else ""
        for name in {key.removeprefix(head).split("/")[0] for key in self.contents if key.startswith(head)}:
            yield name


@contract
def test_defaults_keep_the_contract(check, drive):
    store = Smallest()
    drive(store, check(store))


# -- keys


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_segments_between_slashes(key):
    assert validate_key(key) == key
    assert validate_prefix(key) == key
    assert validate_prefix(key + "/") == key


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_no_store_may_hold_is_refused(key):
    with pytest.raises(InvalidKeyError, match="is not a key that a store may hold") as caught:
        validate_key(key)
    assert str(caught.value).isprintable()


def test_a_message_quotes_a_key_shortened():
    with pytest.raises(InvalidKeyError) as caught:
        validate_key("../" + "x" * 100_000)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("prefix", ["/", "//", "/a", "a//", "..", "../", "a/../b", ".", "a\\b", "a\n/"])
def test_a_prefix_is_a_key_and_perhaps_a_slash(prefix):
    with pytest.raises(InvalidKeyError):
        validate_prefix(prefix)


def test_no_prefix_stands_for_everything():
    assert validate_prefix("") == ""
    assert split_prefix("") == ("", "")


@pytest.mark.parametrize(
    ("prefix", "parts"),
    [("a", ("", "a")), ("a/", ("a", "")), ("a/b", ("a", "b")), ("a/b/c.", ("a/b", "c.")), ("a/..", ("a", ".."))],
)
def test_what_keys_start_with_may_end_inside_a_segment(prefix, parts):
    assert split_prefix(prefix) == parts


@pytest.mark.parametrize("prefix", ["/", "/a", "../", "../a", "a//", "a//b", "a/../b", "a\\/b", "a\x00/b"])
def test_the_folder_of_a_prefix_follows_the_rules_for_keys(prefix):
    with pytest.raises(InvalidKeyError):
        split_prefix(prefix)


# -- what it is


def test_a_store_is_taken_to_wait_unless_it_says_otherwise():
    class Said(Smallest):
        inline = True

    class Inherited(Said):
        pass

    assert not Smallest().inline
    assert Said().inline
    assert Inherited().inline
    for name in ("get", "get_into", "get_ranges", "set", "set_if_not_exists", "delete", "exists", "getsize"):
        overriding = type("Overriding", (Said,), {name: getattr(Smallest, name)})
        assert not overriding().inline, name


def test_the_abstract_methods_must_be_there():
    with pytest.raises(TypeError, match="abstract"):
        Store()
    missing = type("Missing", (Smallest,), {"get": Store.get})
    with pytest.raises(TypeError, match="get"):
        missing()


def test_optional_abilities_are_off():
    store = Smallest()
    assert not store.reads_into
    assert not store.deletes_folders_at_once
    assert not store.supports_partial_writes
    assert store.supports_consolidated_metadata


def test_read_only_cannot_be_changed_unless_a_store_says_how():
    store = type("Fixed", (Smallest,), {"with_read_only": Store.with_read_only})()
    with pytest.raises(NotImplementedError, match="Fixed cannot change `read_only`"):
        store.with_read_only(True)


def test_a_store_is_opened_once_and_again_after_it_was_closed():
    store = Smallest()
    assert not store._is_open
    run_inline(store._ensure_open())
    run_inline(store._ensure_open())
    with pytest.raises(ValueError, match="open already"):
        run_inline(store._open())
    store.close()
    run_inline(store._open())
    assert store._is_open
    assert run_inline(Smallest.open({"a": b"x"}, read_only=True)).read_only
    with store as same:
        assert same is store
    assert not store._is_open


def test_a_store_that_is_open_when_it_is_made_is_not_opened_twice():
    class Ready(Smallest):
        def __init__(self):
            super().__init__()
            self._is_open = True

    assert run_inline(Ready.open())._is_open


@pytest.mark.parametrize(
    "use",
    [
        lambda store: terrazzo.create_array(store, shape=(3,), dtype="u1", overwrite=True),
        lambda store: terrazzo.create_group(store, path="a/b", overwrite=True),
        lambda store: terrazzo.open_group(store, mode="a"),
        lambda store: terrazzo.open_group(store, path="there", mode="r+"),
        lambda store: terrazzo.open(store, path="there"),
    ],
)
def test_a_store_is_opened_once_before_a_node_is_read_or_made(use):
    class Connecting(Smallest):
        """Has something to do before its first operation, and once only."""

        opened = 0

        async def _open(self):
            await super()._open()
            self.opened += 1

        async def get(self, key, prototype, byte_range=None):
            assert self._is_open
            return await super().get(key, prototype, byte_range)

        async def set(self, key, value):
            assert self._is_open
            await super().set(key, value)

        async def delete(self, key):
            assert self._is_open
            await super().delete(key)

    store = Connecting({"there/zarr.json": b'{"zarr_format": 3, "node_type": "group"}'})
    use(store)
    use(store)
    assert store.opened == 1


def test_locks_are_not_pickled():
    store = Smallest({"a": b"x"})

    async def use():
        async with store.lock("a"):
            return pickle.loads(pickle.dumps(store))

    copy = run_inline(use())
    assert run_inline(fetch(copy, "a")) == b"x"
    assert "_locks" not in copy.__dict__


# -- what follows from the methods that are there


def test_deleting_needs_a_store_that_deletes():
    store = type("Keeping", (Smallest,), {"supports_deletes": False})({"a/b": b"x"})
    with pytest.raises(NotImplementedError, match="does not support deleting"):
        run_inline(store.delete_dir("a"))
    with pytest.raises(NotImplementedError, match="does not support deleting"):
        run_inline(store.clear())
    assert store.contents == {"a/b": b"x"}


def test_asking_whether_something_is_there_needs_a_listing():
    store = type("Hidden", (Smallest,), {"supports_listing": False})()
    with pytest.raises(NotImplementedError, match="does not support listing"):
        run_inline(store.is_empty("a"))


def test_reading_into_memory_of_another_size_writes_nothing():
    store = Smallest({"a": b"0123"})
    out = bytearray(b"......")
    assert run_inline(store.get_into("a", memoryview(out))) == 4
    assert out == b"......"


def test_ranges_are_fetched_several_at_once_and_no_more():
    running, most = 0, 0

    class Slow(Smallest):
        async def get(self, key, prototype, byte_range=None):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            return await super().get(key, prototype, byte_range)

    store = Slow({"a": bytes(100)})
    ranges = [RangeByteRequest(start, start + 1) for start in range(0, 100, 10)]
    found = awaited(store, gather_ranges(store, "a", ranges, max_gap_bytes=0, max_concurrency=3))
    assert found == [b"\0"] * 10
    assert most == 3


def test_a_range_that_fails_ends_the_others():
    class Broken(Smallest):
        async def get(self, key, prototype, byte_range=None):
            await asyncio.sleep(0)
            if byte_range.start == 20:
                raise OSError("broken")
            return await super().get(key, prototype, byte_range)

    store = Broken({"a": bytes(100)})
    ranges = [RangeByteRequest(start, start + 1) for start in range(0, 100, 10)]
    with pytest.raises(OSError, match="broken"):
        awaited(store, gather_ranges(store, "a", ranges, max_gap_bytes=0))


@pytest.mark.parametrize("drive", [blocking, awaited])
def test_of_several_that_set_if_not_exists_one_wins(drive):
    contents = {}
    together = threading.Barrier(4)

    def write(name):
        store = Smallest(contents)
        together.wait(60)
        drive(store, store.set_if_not_exists("a", value_of(name * 100)))
        seen.append(drive(store, fetch(store, "a")))

    seen = []
    threads = [threading.Thread(target=write, args=(bytes([letter]),)) for letter in b"abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert set(seen) == {contents["a"]}


def test_a_place_is_set_or_deleted():
    store = Smallest()
    place = StorePath(store, "a")

    async def use():
        await set_or_delete(place, value_of(b"x"))
        first = await listed(store)
        await set_or_delete(place, None)
        return first, await listed(store)

    assert awaited(store, use()) == (["a"], [])


def test_protocols_know_what_can_be_done():
    store, place = MemoryStore(), StorePath(MemoryStore(), "a")
    assert isinstance(place, ByteGetter)
    assert isinstance(place, ByteSetter)
    for protocol in (SupportsGetSync, SupportsSetSync, SupportsDeleteSync, SupportsSyncStore):
        assert isinstance(store, protocol)
        assert not isinstance(Smallest(), protocol)


def test_sizes_are_asked_for_the_value_when_a_store_knows_no_better():
    store = Smallest()
    blocking(store, put(store, "a/b"))
    assert blocking(store, store.getsize("a/b")) == 3
    with pytest.raises(FileNotFoundError, match="'c'"):
        blocking(store, store.getsize("c"))
    assert blocking(store, store.get("a/b", PROTOTYPE)).to_bytes() == b"a/b"


def test_parts_of_a_value_are_read_blocking_as_they_are_read_otherwise(driven):
    store = driven(MemoryStore())
    put_now(store, "a", bytes(range(100)))
    ranges = [RangeByteRequest(0, 4), None, RangeByteRequest(90, 92), SuffixByteRequest(1)]
    found = dict(store.get_ranges_sync("a", ranges, prototype=PROTOTYPE, max_gap_bytes=0))
    assert [found[at].to_bytes() for at in range(4)] == [bytes(range(4)), bytes(range(100)), b"Z[", b"c"]
    with pytest.raises(FileNotFoundError, match="'b'"):
        store.get_ranges_sync("b", ranges, prototype=PROTOTYPE)


def test_several_values_are_written_and_read(driven):
    store = driven(MemoryStore())

    async def use():
        await store._set_many((key, cpu.Buffer.from_bytes(key.encode())) for key in "ab")
        wanted = [("a", PROTOTYPE, None), ("c", PROTOTYPE, None), ("b", PROTOTYPE, OffsetByteRequest(1))]
        return [(key, None if value is None else value.to_bytes()) async for key, value in store._get_many(wanted)]

    assert blocking(store, use()) == [("a", b"a"), ("c", None), ("b", b"")]


def put_now(store, key, data):
    StorePath(store, key).set_sync(cpu.Buffer.from_bytes(data))


def test_a_place_can_be_used_without_a_coroutine():
    place = StorePath(MemoryStore(), "a")
    assert isinstance(place, SyncByteSetter)
    assert isinstance(place, SyncByteGetter)
    assert not isinstance(Smallest(), SyncByteGetter)
