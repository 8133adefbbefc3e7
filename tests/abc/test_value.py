import os

import pytest

from terrazzo.abc.byte_range import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.abc.value import GetterValue, PassingVersion, Value, ValuePart
from terrazzo.buffer import cpu
from terrazzo.storage import LocalStore, MemoryStore, WrapperStore
from terrazzo.storage.path import StorePath
from terrazzo.testing.stores import CountingStore
from tests.stored import drive, fill

DATA = bytes(range(100))
RANGES = {
    None: DATA,
    RangeByteRequest(10, 20): DATA[10:20],
    RangeByteRequest(90, 200): DATA[90:],
    RangeByteRequest(200, 300): b"",
    OffsetByteRequest(95): DATA[95:],
    SuffixByteRequest(7): DATA[-7:],
    SuffixByteRequest(700): DATA,
}


async def parts_of(value, ranges=tuple(RANGES)):
    found = [await value.get(cpu.buffer_prototype, byte_range) for byte_range in ranges]
    return [None if part is None else part.to_bytes() for part in found]


def test_a_value_is_read_in_parts(store):
    fill(store, {"a/b": DATA})

    async def read():
        async with store.open_value("a/b") as value:
            assert await parts_of(value) == list(RANGES.values())
            assert value.size in (None, 100)
            assert await value.ask_size() == 100
            assert value.identity == (store.lock_identity, "a/b")
            assert await value.version() == await store.version("a/b")

    drive(store, read())


def test_a_value_that_is_not_there_has_no_parts(store):
    async def read():
        async with store.open_value("a/b") as value:
            assert await parts_of(value) == [None] * len(RANGES)
            assert value.size is None
            assert await value.ask_size() is None
            assert await value.version() is None
        assert await store.version("a/b") is None

    drive(store, read())


def test_a_folder_is_no_value(tmp_path):
    store = LocalStore(tmp_path)
    fill(store, {"a/b": DATA})

    async def read():
        async with store.open_value("a") as value:
            assert await parts_of(value) == [None] * len(RANGES)

    drive(store, read())


@pytest.mark.parametrize("make", [lambda path: MemoryStore(), LocalStore])
def test_a_pinned_value_stays_what_it_was(tmp_path, make):
    store = make(tmp_path)
    fill(store, {"k": DATA})

    async def read():
        async with store.open_value("k") as value:
            assert value.is_pinned
            assert value.size == 100
            fill_now = store.set("k", cpu.Buffer.from_bytes(b"new"))
            await fill_now
            assert await parts_of(value) == list(RANGES.values())
            await store.delete("k")
            assert await parts_of(value) == list(RANGES.values())

    drive(store, read())


def test_the_version_in_memory_changes_with_the_value():
    store = MemoryStore()
    fill(store, {"k": DATA})

    async def versions():
        first = await store.version("k")
        assert first == await store.version("k")
        assert hash(first) == hash(await store.version("k"))
        await store.set("k", cpu.Buffer.from_bytes(bytes(bytearray(DATA))))
        second = await store.version("k")
        assert first != second
        assert second != "something else"

    drive(store, versions())


def test_the_version_of_a_file_passes_until_it_has_settled(tmp_path):
    store = LocalStore(tmp_path)
    fill(store, {"k": DATA})
    first = drive(store, store.version("k"))
    assert isinstance(first, PassingVersion)
    fill(store, {"k": DATA[::-1]})
    assert first != drive(store, store.version("k"))
    os.utime(tmp_path / "k", (1e9, 1e9))
    settled = drive(store, store.version("k"))
    assert not isinstance(settled, PassingVersion)
    assert settled == drive(store, store.version("k"))


def test_wrappers_hand_values_on_unless_they_change_them():
    inner = MemoryStore()
    fill(inner, {"k": DATA})
    assert WrapperStore(inner).open_value("k").is_pinned
    assert not CountingStore(inner).open_value("k").is_pinned

    class Changing(WrapperStore):
        inline = True

        async def get(self, key, prototype, byte_range=None):
            return await self._store.get(key, prototype, byte_range)

    assert not Changing(inner).open_value("k").is_pinned
    assert drive(inner, Changing(inner).version("k")) is None
    assert drive(inner, WrapperStore(inner).version("k")) == drive(inner, inner.version("k"))

    class Reversing(MemoryStore):
        inline = True

        async def get(self, key, prototype=None, byte_range=None):
            found = await super().get(key, prototype)
            return None if found is None else cpu.Buffer.from_bytes(found.to_bytes()[::-1])[0:1]

    store = Reversing({"k": cpu.Buffer.from_bytes(DATA)})
    assert drive(store, parts_of(store.open_value("k"), [None])) == [DATA[-1:]]


def test_a_part_is_a_value_of_its_own(store):
    fill(store, {"k": b"ab" + DATA + b"yz"})

    async def read():
        async with store.open_value("k") as whole:
            part = ValuePart(whole, 2, 100)
            assert await parts_of(part) == list(RANGES.values())
            assert (part.size, await part.ask_size()) == (100, 100)
            assert part.identity == (*whole.identity, 2)
            assert await part.version() == await whole.version()
            assert part.is_pinned == whole.is_pinned

    drive(store, read())


def test_what_zarr_pythons_contract_reads_is_a_value(store):
    fill(store, {"k": DATA})

    async def read():
        async with GetterValue(StorePath(store, "k")) as value:
            assert await parts_of(value) == list(RANGES.values())
            assert (value.identity, await value.version(), await value.ask_size()) == (None, None, None)
            assert ValuePart(value, 1, 2).identity is None

    drive(store, read())


def test_the_base_reads_nothing():
    with pytest.raises(NotImplementedError):
        drive(MemoryStore(), Value().get(cpu.buffer_prototype))
